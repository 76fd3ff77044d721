/*
 * The kernel's log lines. Formats: %s string, %.*s with an int, %u uint32_t, %l uint64_t, %x uint64_t
 * in hexadecimal, %d int32_t, %U UUID (const uint8_t *), %e enum error (its name), %% itself. Strings
 * are stripped of control characters. A line is cut at 255 characters. With or without the lock.
 */
#ifndef POSTERN_KERNEL_SCHED_LOG_H
#define POSTERN_KERNEL_SCHED_LOG_H

#include <abi/syscall.h>
#include <lib/error.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void log_start(void); /* once, at the kernel's start */
/* Cold: what leads to a line is compiled for size, and out of the way. */
void log_line(uint32_t level, const char *format, ...) COLD;
/* The same for what clients can cause as often as they like: only so many lines of all of them together.
 * What was left out is counted in a line. */
#define LOG_CLIENTS_PER_SECOND 20u
#define LOG_CLIENTS_AT_ONCE 100u
void log_client_line(uint32_t level, const char *format, ...) COLD;

/* How many lines somebody may write: so many a second, and so many at once. All zeros at the start. */
struct log_budget {
    uint64_t spent_until_ns;
    uint32_t dropped; /* since this was last 0, which is the caller's to set */
};
bool log_may(struct log_budget *budget, uint32_t per_second, uint32_t at_once) COLD;
/* Writes a NUL-terminated text; answers its length. */
size_t log_format(char *out, size_t size, const char *format, ...);
size_t log_format_list(char *out, size_t size, const char *format, va_list arguments);

#endif
