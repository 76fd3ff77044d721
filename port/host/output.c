/* What apps print. One thread reads all pipes. */
#include "output.h"

#include "journal.h"

#include <abi/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <lib/uuid.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BURST 400u      /* lines that may come at once */
#define PER_SECOND 100u /* and then */

struct output {
    int fd;
    char who[UUID_TEXT_LENGTH + 8];
    char line[JOURNAL_LINE_MAX];
    size_t length;
    unsigned int tokens;
    time_t filled;
    unsigned long dropped;
};

static int events = -1;

static time_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void report_dropped(struct output *output)
{
    if (output->dropped > 0) {
        char text[64];
        int length =
            snprintf(text, sizeof(text), "(printed too much: %lu lines dropped)", output->dropped);

        journal_foreign(SYS_LOG_WARN, output->who, text, (size_t)length);
        output->dropped = 0;
    }
}

static void end_line(struct output *output)
{
    time_t now = seconds();

    if (now != output->filled) {
        unsigned long more = (unsigned long)(now - output->filled) * PER_SECOND;

        output->tokens =
            more + output->tokens > BURST ? BURST : output->tokens + (unsigned int)more;
        output->filled = now;
    }
    if (output->tokens == 0) {
        output->dropped++;
    } else {
        output->tokens--;
        report_dropped(output);
        journal_foreign(SYS_LOG_INFO, output->who, output->line, output->length);
    }
    output->length = 0;
}

static void take(struct output *output, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            end_line(output);
            continue;
        }
        if (output->length == sizeof(output->line)) {
            end_line(output);
        }
        output->line[output->length++] = text[i];
    }
}

static void output_close(struct output *output)
{
    if (output->length > 0) {
        end_line(output);
    }
    report_dropped(output);
    /* Explicitly: closing alone would leave it there as long as a process that is just being started
     * has a copy of the descriptor. */
    epoll_ctl(events, EPOLL_CTL_DEL, output->fd, NULL);
    close(output->fd);
    free(output);
}

static void *output_thread(void *unused)
{
    static char text[65536];

    (void)unused;
    for (;;) {
        struct epoll_event event;
        struct output *output;
        ssize_t got;

        if (epoll_wait(events, &event, 1, -1) != 1) {
            continue;
        }
        output = event.data.ptr;
        got = read(output->fd, text, sizeof(text));
        if (got > 0) {
            take(output, text, (size_t)got);
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            output_close(output);
        }
    }
    return NULL;
}

int output_init(void)
{
    pthread_t thread;

    events = epoll_create1(EPOLL_CLOEXEC);
    if (events < 0) {
        return -1;
    }
    errno = pthread_create(&thread, NULL, output_thread, NULL);
    if (errno != 0) {
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

void output_add(int fd, const uint8_t uuid[16])
{
    struct output *output = calloc(1, sizeof(*output));
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = output}};
    char text[UUID_TEXT_LENGTH + 1];

    if (output == NULL) {
        close(fd);
        return;
    }
    uuid_format(uuid, text);
    snprintf(output->who, sizeof(output->who), "app %s", text);
    output->fd = fd;
    output->tokens = BURST;
    output->filled = seconds();
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        free(output);
    }
}
