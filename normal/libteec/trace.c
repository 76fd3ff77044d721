/*
 * One line for each call, put together on the stack and written at once: lines of several threads
 * and processes do not mix.
 */
#include "trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <postern/tee_client_error.h>

static pthread_once_t trace_once = PTHREAD_ONCE_INIT;
static atomic_int trace_fd = -1;
static atomic_bool trace_enabled;
static _Thread_local struct postern_teec_trace trace_last;
static _Thread_local bool trace_have;

static void trace_first(void)
{
    const char *where = secure_getenv("POSTERN_TRACE");

    if (!where || !where[0] || strcmp(where, "0") == 0)
        return;
    if (strcmp(where, "1") == 0)
        trace_fd = STDERR_FILENO;
    else
        trace_fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    trace_enabled = trace_fd >= 0;
}

void trace_start(void)
{
    (void)pthread_once(&trace_once, trace_first);
}

bool trace_on(void)
{
    return atomic_load_explicit(&trace_enabled, memory_order_relaxed);
}

void postern_teec_trace_enable(int enable)
{
    trace_start();
    trace_enabled = enable || trace_fd >= 0;
}

int postern_teec_last_trace(struct postern_teec_trace *trace)
{
    *trace = trace_last;
    return trace_have;
}

void uuid_octets(uint8_t octets[16], const TEEC_UUID *uuid)
{
    for (unsigned i = 0; i < 4; i++)
        octets[i] = (uint8_t)(uuid->timeLow >> (24 - 8 * i));
    octets[4] = (uint8_t)(uuid->timeMid >> 8);
    octets[5] = (uint8_t)uuid->timeMid;
    octets[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
    octets[7] = (uint8_t)uuid->timeHiAndVersion;
    memcpy(octets + 8, uuid->clockSeqAndNode, 8);
}

static uint64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void trace_begin(struct call *call, uint32_t kind, const TEEC_UUID *service, uint32_t command)
{
    memset(&call->trace, 0, sizeof(call->trace));
    call->traced = true;
    call->trace.client_in = now();
    call->trace.kind = kind;
    call->trace.command = command;
    uuid_octets(call->trace.service, service);
}

struct line {
    char text[512];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format,
                                                           ...)
{
    va_list arguments;
    size_t room = sizeof(line->text) - line->length;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_write(struct line *line)
{
    ssize_t written;

    /* What words came from elsewhere must not break the line. */
    for (size_t i = 0; i < line->length; i++) {
        if ((unsigned char)line->text[i] < ' ')
            line->text[i] = '?';
    }
    line->text[line->length++] = '\n'; /* line_add left room for it */
    written = write(trace_fd, line->text, line->length);
    (void)written;
}

static void line_end(struct line *line, uint32_t result)
{
    if (result != TEEC_SUCCESS && postern_teec_reason()[0])
        line_add(line, ": %s", postern_teec_reason());
    line_write(line);
}

/* The time from one instant to the next, or nothing where one of them is not known. */
static void line_span(struct line *line, const char *name, uint64_t from, uint64_t to)
{
    if (from && to && to >= from)
        line_add(line, " %s %llu", name, (unsigned long long)(to - from));
}

static void line_times(struct line *line, const struct postern_teec_trace *t)
{
    uint64_t outside = t->sent && t->received >= t->sent ? t->received - t->sent : 0;

    line_add(line, " client %llu", (unsigned long long)(t->client_out - t->client_in - outside));
    if (t->gate_in && t->gate_out) {
        line_span(line, "to-gate", t->sent, t->gate_in);
        if (t->app_in && t->app_out) {
            line_span(line, "gate", t->gate_in, t->app_in);
            line_span(line, "app", t->app_in, t->app_out);
            line_span(line, "gate", t->app_out, t->gate_out);
        } else {
            line_span(line, "gate", t->gate_in, t->gate_out);
        }
        line_span(line, "back", t->gate_out, t->received);
    } else {
        line_span(line, "tee", t->sent, t->received);
    }
    line_add(line, " ns");
}

void trace_end(struct call *call, struct verdict verdict)
{
    static const char *const kinds[] = {"open", "invoke", "close"};
    struct postern_teec_trace *t = &call->trace;
    struct line line = {.length = 0};
    const uint8_t *u = t->service;

    t->client_out = now();
    t->result = verdict.result;
    t->origin = verdict.origin;
    trace_last = *t;
    trace_have = true;
    if (trace_fd < 0)
        return;
    line_add(&line,
             "postern: %s %02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             kinds[t->kind], u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
             u[11], u[12], u[13], u[14], u[15]);
    if (t->kind == POSTERN_TEEC_TRACE_INVOKE)
        line_add(&line, " %u", t->command);
    line_add(&line, " %s %s", postern_teec_strerror(t->result),
             postern_teec_origin_name(t->origin));
    line_times(&line, t);
    line_end(&line, t->result);
}

void trace_other(const char *what, struct verdict verdict)
{
    struct line line = {.length = 0};

    if (trace_fd < 0)
        return;
    line_add(&line, "postern: %s %s", what, postern_teec_strerror(verdict.result));
    line_end(&line, verdict.result);
}
