/*
 * Log lines with their place, in the way of OP-TEE's apps: EMSG("cannot read %u", n) writes
 * "function:line cannot read 7" to the TEE's log (`postern log`), under the app's name and at a level.
 * TRACE_LEVEL, if defined before this file is included, leaves out what is above it (0: nothing is
 * written at all). Arguments as for printf; they are not evaluated when left out.
 *
 * What DMSG, FMSG and DHEXDUMP write is kept only by a TEE that was started for development.
 */
#ifndef POSTERN_TRACE_H
#define POSTERN_TRACE_H

#include <postern_ta.h>
#include <stddef.h>

#define TRACE_MIN 1
#define TRACE_ERROR TRACE_MIN
#define TRACE_INFO 2
#define TRACE_DEBUG 3
#define TRACE_FLOW 4
#define TRACE_MAX TRACE_FLOW

#ifndef TRACE_LEVEL
#define TRACE_LEVEL TRACE_DEBUG
#endif

#define TRACE_LINE(level, trace_level, ...)                                                        \
    do {                                                                                           \
        if ((trace_level) <= TRACE_LEVEL)                                                          \
            postern_log_at(level, __func__, __LINE__, __VA_ARGS__);                                \
    } while (0)
#define TRACE_RAW(level, trace_level, ...)                                                         \
    do {                                                                                           \
        if ((trace_level) <= TRACE_LEVEL)                                                          \
            postern_log(level, __VA_ARGS__);                                                       \
    } while (0)

#define MSG(...) TRACE_RAW(POSTERN_LOG_INFO, TRACE_MIN, __VA_ARGS__)
#define EMSG(...) TRACE_LINE(POSTERN_LOG_ERROR, TRACE_ERROR, " " __VA_ARGS__)
#define IMSG(...) TRACE_LINE(POSTERN_LOG_INFO, TRACE_INFO, " " __VA_ARGS__)
#define DMSG(...) TRACE_LINE(POSTERN_LOG_DEBUG, TRACE_DEBUG, " " __VA_ARGS__)
#define FMSG(...) TRACE_LINE(POSTERN_LOG_DEBUG, TRACE_FLOW, " " __VA_ARGS__)
#define INMSG(...) FMSG("> " __VA_ARGS__)
#define OUTMSG(...) FMSG("< " __VA_ARGS__)
#define EMSG_RAW(...) TRACE_RAW(POSTERN_LOG_ERROR, TRACE_ERROR, __VA_ARGS__)
#define IMSG_RAW(...) TRACE_RAW(POSTERN_LOG_INFO, TRACE_INFO, __VA_ARGS__)
#define DMSG_RAW(...) TRACE_RAW(POSTERN_LOG_DEBUG, TRACE_DEBUG, __VA_ARGS__)
#define FMSG_RAW(...) TRACE_RAW(POSTERN_LOG_DEBUG, TRACE_FLOW, __VA_ARGS__)

/* Writes `length` bytes from `data` as hexadecimal lines of 16, with their offsets. */
#define HEXDUMP(trace_level, data, length)                                                         \
    do {                                                                                           \
        if ((trace_level) <= TRACE_LEVEL)                                                          \
            postern_log_bytes(POSTERN_LOG_DEBUG, data, length);                                    \
    } while (0)
#define DHEXDUMP(data, length) HEXDUMP(TRACE_DEBUG, data, length)

#endif
