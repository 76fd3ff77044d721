#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/file.h>
#include <tools/say.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

char *file_name(const char *format, ...)
{
    char *name = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&name, format, args);
    va_end(args);
    if (length < 0) {
        (void)say_error("out of memory");
        return NULL;
    }
    return name;
}

void file_name_free(char **name)
{
    free(*name);
}

void file_bytes_free(struct file_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct file_bytes){.bytes = NULL};
}

/* Grows with what is there: the size that a file claims, if it has one, is only a guess. */
static bool read_all(int fd, const char *path, size_t max, struct file_bytes *out)
{
    size_t room = 0;
    for (;;) {
        if (out->size == room) {
            room = room == 0 ? 65536 : room * 2;
            uint8_t *bytes = realloc(out->bytes, room + 1);
            if (bytes == NULL)
                return say_error("out of memory for %s", path);
            out->bytes = bytes;
        }
        ssize_t got = read(fd, out->bytes + out->size, room - out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return say_errno("%s cannot be read", path);
        if (got == 0)
            break;
        out->size += (size_t)got;
        if (out->size > max)
            return say_error("%s is larger than %zu bytes", path, max);
    }
    out->bytes[out->size] = 0;
    return true;
}

bool file_read(const char *path, size_t max, struct file_bytes *out)
{
    *out = (struct file_bytes){.bytes = NULL};
    __attribute__((cleanup(close_fd))) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return say_errno("%s cannot be opened", path);
    if (read_all(fd, path, max, out))
        return true;
    file_bytes_free(out);
    return false;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

/* A finished temporary file beside `path`; its name is the caller's to unlink and free. */
static char *write_beside(const char *path, mode_t mode, const void *bytes, size_t size)
{
    char *name = file_name("%s.XXXXXX", path);
    if (name == NULL)
        return NULL;
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        (void)say_errno("%s cannot be written", path);
        free(name);
        return NULL;
    }
    bool good = fchmod(fd, mode) == 0 && write_all(fd, bytes, size) && fsync(fd) == 0;
    if (!good)
        (void)say_errno("%s cannot be written", path);
    if (close(fd) != 0 && good)
        good = say_errno("%s cannot be written", path);
    if (good)
        return name;
    (void)unlink(name);
    free(name);
    return NULL;
}

bool file_write(const char *path, mode_t mode, const void *bytes, size_t size)
{
    FILE_NAME name = write_beside(path, mode, bytes, size);
    if (name == NULL)
        return false;
    if (rename(name, path) == 0)
        return true;
    (void)say_errno("%s cannot be written", path);
    (void)unlink(name);
    return false;
}

bool file_write_new(const char *path, mode_t mode, const void *bytes, size_t size, bool *exists)
{
    if (exists != NULL)
        *exists = false;
    FILE_NAME name = write_beside(path, mode, bytes, size);
    if (name == NULL)
        return false;
    int result = link(name, path);
    int error = errno;
    (void)unlink(name);
    if (result == 0)
        return true;
    errno = error;
    if (error == EEXIST && exists != NULL) {
        *exists = true;
        return false;
    }
    if (error == EEXIST)
        return say_error("%s exists already and is not overwritten", path);
    return say_errno("%s cannot be written", path);
}

bool file_open_log(const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    return *fd >= 0 ? true : say_errno("the log %s cannot be opened", path);
}

mode_t file_mask(void)
{
    mode_t mask = umask(0077);
    (void)umask(mask);
    return mask;
}

bool file_make_folders(const char *path, mode_t mode)
{
    FILE_NAME copy = file_name("%s", path);
    if (copy == NULL)
        return false;
    for (char *at = copy + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return say_errno("the folder %s cannot be made", copy);
        *at = end;
        if (end == '\0')
            break;
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return say_error("%s is not a folder", path);
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

bool file_remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return true;
    return say_errno("%s cannot be removed", path);
}
