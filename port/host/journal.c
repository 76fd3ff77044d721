/* The daemon's log. See journal.h for the rules. */
#include "journal.h"

#include <abi/syscall.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
/* Under guard. The ring holds whole bytes of lines; `written` counts all that ever went in. */
static char ring[JOURNAL_RING_SIZE];
static uint64_t written;
static int output = STDERR_FILENO;
static int keep_debug;
static atomic_int notices = -1;

void journal_open(int fd, int debug)
{
    pthread_mutex_lock(&guard);
    output = fd;
    keep_debug = debug;
    pthread_mutex_unlock(&guard);
}

static const char *level_name(uint32_t level)
{
    switch (level) {
    case SYS_LOG_ERROR:
        return "error";
    case SYS_LOG_WARN:
        return "warning";
    case SYS_LOG_INFO:
        return "info";
    default:
        return "debug";
    }
}

static void ring_add(const char *text, size_t length)
{
    size_t at = written % JOURNAL_RING_SIZE;
    size_t first = length < JOURNAL_RING_SIZE - at ? length : JOURNAL_RING_SIZE - at;

    memcpy(ring + at, text, first);
    memcpy(ring, text + first, length - first);
    written += length;
}

void journal_notices(int fd)
{
    const struct timeval patience = {.tv_sec = JOURNAL_NOTICE_SECONDS};

    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    notices = fd;
}

/* Whoever does not answer in time is not waited for again. Of two threads here one may take the answer
 * that is the other's: then that one is shown a little late. */
static void notice_put(const char *text, size_t length)
{
    static atomic_bool deaf;
    char byte;

    if (notices >= 0 && send(notices, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 && !deaf) {
        deaf = recv(notices, &byte, 1, 0) != 1;
    }
}

/* `line` has room for one more byte, the newline. The notice is what of it stands behind `notice`; 0: none. */
static void journal_put(char *line, size_t length, size_t notice)
{
    ssize_t done = 0;

    line[length++] = '\n';
    pthread_mutex_lock(&guard);
    ring_add(line, length);
    /* A log file on a full disk, or a reader that went away, must not stop the TEE: the ring still
     * has the line. */
    done = write(output, line, length);
    (void)done;
    pthread_mutex_unlock(&guard);
    if (notice != 0) {
        notice_put(line + notice, length - 1 - notice);
    }
}

static size_t journal_prefix(char *line, size_t size, uint32_t level)
{
    struct timespec now;
    struct tm parts;
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    length = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &parts);
    length += (size_t)snprintf(line + length, size - length, ".%03ldZ %-7s ", now.tv_nsec / 1000000,
                               level_name(level));
    return length;
}

void journal_line(uint32_t level, const char *format, ...)
{
    char text[JOURNAL_LINE_MAX];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0) {
        return;
    }
    if ((size_t)length >= sizeof(text)) {
        length = (int)sizeof(text) - 1;
    }
    journal_foreign(level, NULL, text, (size_t)length);
}

void journal_foreign(uint32_t level, const char *who, const char *text, size_t length)
{
    char line[64 + 64 + JOURNAL_LINE_MAX + 8];
    size_t at;
    size_t notice;

    if (level >= SYS_LOG_DEBUG && !keep_debug) {
        return;
    }
    at = journal_prefix(line, 64, level);
    notice = level <= SYS_LOG_WARN && who == NULL ? at : 0;
    if (who != NULL) {
        at += (size_t)snprintf(line + at, 64, "%.60s: ", who);
    }
    if (length > JOURNAL_LINE_MAX) {
        length = JOURNAL_LINE_MAX;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        line[at++] = (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c;
    }
    journal_put(line, at, notice);
}

size_t journal_copy(char *out, size_t size, uint64_t lines)
{
    uint64_t begin;
    uint64_t end;
    uint64_t at;
    uint64_t seen = 0;

    pthread_mutex_lock(&guard);
    end = written;
    begin = end > JOURNAL_RING_SIZE ? end - JOURNAL_RING_SIZE : 0;
    if (end - begin > size) {
        begin = end - size;
    }
    /* What was overwritten, or does not fit, began in the middle of a line. */
    if (begin > 0) {
        while (begin < end && ring[begin % JOURNAL_RING_SIZE] != '\n') {
            begin++;
        }
        begin += begin < end;
    }
    for (at = end; lines != 0 && at > begin; at--) {
        if (ring[(at - 1) % JOURNAL_RING_SIZE] == '\n' && seen++ == lines) {
            begin = at;
            break;
        }
    }
    for (at = begin; at < end; at++) {
        out[at - begin] = ring[at % JOURNAL_RING_SIZE];
    }
    pthread_mutex_unlock(&guard);
    return (size_t)(end - begin);
}
