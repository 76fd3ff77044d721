/*
 * The daemon's log: one line at a time to a file (or stderr) and into a ring that `postern log`
 * reads. Lines come from the daemon, from the kernel (port_log) and from what apps print.
 *
 * Rules: no secrets, no contents of messages; control characters are replaced, so that an app
 * cannot forge lines or drive a terminal; safe from any thread, with or without the kernel's lock.
 */
#ifndef POSTERN_PORT_HOST_JOURNAL_H
#define POSTERN_PORT_HOST_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_LINE_MAX 512u
#define JOURNAL_RING_SIZE (256u << 10)

/* Where lines go from now on: a descriptor that the log then owns, or 2. Debug lines (SYS_LOG_DEBUG)
 * are kept only when `debug` is not 0. */
void journal_open(int fd, int debug);

/* Warnings and errors of the daemon and the kernel are from now on sent to this socket, too (sequenced
 * packets, without time and level), for somebody who shows them: waits up to JOURNAL_NOTICE_SECONDS for a byte in
 * answer, so that they are shown before what follows from them. Nobody there is nothing bad. */
#define JOURNAL_NOTICE_SECONDS 10
void journal_notices(int fd);

/* One line, printf-like. `level` is SYS_LOG_*. */
void journal_line(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of `length` bytes that somebody else wrote: cut to JOURNAL_LINE_MAX, control characters
 * replaced by '?'. `who` stands in front; NULL for none. */
void journal_foreign(uint32_t level, const char *who, const char *text, size_t length);

/* Copies the last `lines` lines (0: all that the ring still has) to out; answers the bytes. Give
 * JOURNAL_RING_SIZE bytes to be sure that all fits; with fewer the oldest lines are left out. */
size_t journal_copy(char *out, size_t size, uint64_t lines);

#endif
