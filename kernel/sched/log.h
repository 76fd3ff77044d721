/*
 * The kernel's log lines. Formats: %s string, %.*s with an int, %u uint32_t, %l uint64_t, %x uint64_t
 * in hexadecimal, %d int32_t, %U UUID (const uint8_t *), %e enum error (its name), %% itself. A line is cut
 * at 255 characters. With or without the lock.
 */
#ifndef POSTERN_KERNEL_SCHED_LOG_H
#define POSTERN_KERNEL_SCHED_LOG_H

#include <abi/syscall.h>
#include <lib/error.h>
#include <stdarg.h>
#include <stddef.h>

/* Cold: what leads to a line is compiled for size, and out of the way. */
void log_line(uint32_t level, const char *format, ...) COLD;
/* Writes a NUL-terminated text; answers its length. */
size_t log_format(char *out, size_t size, const char *format, ...);
size_t log_format_list(char *out, size_t size, const char *format, va_list arguments);

#endif
