/*
 * TLOGx: log lines with the app's tag and the line's number.
 *
 *     #define TLOG_TAG "my_app"
 *     #include <trusty_log.h>
 *     ...
 *     TLOGE("cannot open %s (%d)\n", name, rc);
 *
 * TLOG_LVL, if a source defines it before the include (or TLOG_LVL_DEFAULT for all sources, from
 * the compiler's command line), is the lowest urgency that is compiled in; default TLOG_LVL_INFO.
 * Arguments of the other macros are checked by the compiler and never evaluated. Lines go to
 * standard error and so to the TEE's log.
 */
#ifndef POSTERN_TRUSTY_LOG_H
#define POSTERN_TRUSTY_LOG_H

#include <stdio.h>

#define TLOG_LVL_NONE 0
#define TLOG_LVL_CRIT 1
#define TLOG_LVL_ERROR 2
#define TLOG_LVL_WARN 3
#define TLOG_LVL_INFO 4
#define TLOG_LVL_DEBUG 5

#ifndef TLOG_LVL
#ifdef TLOG_LVL_DEFAULT
#define TLOG_LVL TLOG_LVL_DEFAULT
#else
#define TLOG_LVL TLOG_LVL_INFO
#endif
#endif

/* Prints like fprintf(stderr, ...). Answers the characters printed, or less than 0. */
int _tlog(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Always. */
#define TLOG(fmt, ...) ((void)_tlog("%s: %d: " fmt, TLOG_TAG, __LINE__, ##__VA_ARGS__))

#define TLOG_FROM(level, ...)                                                                      \
    do {                                                                                           \
        if (TLOG_LVL >= (level)) {                                                                 \
            TLOG(__VA_ARGS__);                                                                     \
        }                                                                                          \
    } while (0)

#define TLOGC(...) TLOG_FROM(TLOG_LVL_CRIT, __VA_ARGS__)
#define TLOGE(...) TLOG_FROM(TLOG_LVL_ERROR, __VA_ARGS__)
#define TLOGW(...) TLOG_FROM(TLOG_LVL_WARN, __VA_ARGS__)
#define TLOGI(...) TLOG_FROM(TLOG_LVL_INFO, __VA_ARGS__)
#define TLOGD(...) TLOG_FROM(TLOG_LVL_DEBUG, __VA_ARGS__)

#endif
