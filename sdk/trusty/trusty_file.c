/*
 * Files 0, 1 and 2, and the log line. Output goes through the C library's streams, so that it keeps
 * its order among what the app prints; they are buffered by line.
 */
#include <limits.h>
#include <sdk/trusty/trusty_memory.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>
#include <trusty_log.h>
#include <uapi/err.h>

#define FILE_MAX_PIECES 1024u

static FILE *file_stream(uint32_t fd)
{
    switch (fd) {
    case 1:
        return stdout;
    case 2:
        return stderr;
    default:
        return NULL;
    }
}

static bool file_put(FILE *stream, const void *bytes, size_t count)
{
    return count == 0 || fwrite(bytes, 1, count, stream) == count;
}

long read(uint32_t fd, void *buf, uint32_t count)
{
    (void)fd;
    (void)buf;
    (void)count;
    return ERR_NOT_SUPPORTED;
}

long write(uint32_t fd, const void *buf, uint32_t count)
{
    FILE *stream = file_stream(fd);
    if (stream == NULL) {
        return ERR_NOT_SUPPORTED;
    }
    if (!trusty_memory_readable(buf, count)) {
        return ERR_FAULT;
    }
    return file_put(stream, buf, count) ? (long)count : ERR_IO;
}

long ioctl(uint32_t fd, uint32_t cmd, void *args)
{
    (void)fd;
    (void)cmd;
    (void)args;
    return ERR_NOT_SUPPORTED;
}

long readv(uint32_t fd, const iovec_t *iov, uint32_t num_iov)
{
    (void)fd;
    (void)iov;
    (void)num_iov;
    return ERR_NOT_SUPPORTED;
}

/* All pieces are looked at before the first byte goes out. */
static long file_check_pieces(const iovec_t *iov, uint32_t num_iov)
{
    size_t total = 0;
    if (num_iov > FILE_MAX_PIECES) {
        return ERR_INVALID_ARGS;
    }
    if (!trusty_memory_readable(iov, num_iov * sizeof(*iov))) {
        return ERR_FAULT;
    }
    for (uint32_t i = 0; i < num_iov; i++) {
        if (__builtin_add_overflow(total, iov[i].iov_len, &total) || total > LONG_MAX) {
            return ERR_INVALID_ARGS;
        }
    }
    for (uint32_t i = 0; i < num_iov; i++) {
        if (!trusty_memory_readable(iov[i].iov_base, iov[i].iov_len)) {
            return ERR_FAULT;
        }
    }
    return (long)total;
}

long writev(uint32_t fd, const iovec_t *iov, uint32_t num_iov)
{
    FILE *stream = file_stream(fd);
    if (stream == NULL) {
        return ERR_NOT_SUPPORTED;
    }
    long total = file_check_pieces(iov, num_iov);
    if (total < 0) {
        return total;
    }
    for (uint32_t i = 0; i < num_iov; i++) {
        if (!file_put(stream, iov[i].iov_base, iov[i].iov_len)) {
            return ERR_IO;
        }
    }
    return total;
}

int _tlog(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int printed = vfprintf(stderr, format, arguments);
    va_end(arguments);
    return printed;
}
