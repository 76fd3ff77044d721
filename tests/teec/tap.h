/*
 * Checks that print TAP. One program is one list; tap_done() is its last line and its exit status.
 */
#ifndef POSTERN_TESTS_TEEC_TAP_H
#define POSTERN_TESTS_TEEC_TAP_H

#include <stdarg.h>
#include <stdio.h>

static unsigned tap_count, tap_failed;

__attribute__((format(printf, 4, 5), unused)) static int tap_check(int good, const char *file,
                                                                   int line, const char *what, ...)
{
    va_list arguments;

    printf("%sok %u - ", good ? "" : "not ", ++tap_count);
    va_start(arguments, what);
    vprintf(what, arguments);
    va_end(arguments);
    printf("\n");
    if (!good) {
        tap_failed++;
        printf("# %s:%d\n", file, line);
    }
    fflush(stdout);
    return good;
}

#define check(condition, ...) tap_check(!!(condition), __FILE__, __LINE__, __VA_ARGS__)

/* A number that is to be another one; both are shown when it is not. */
#define check_is(got, wanted, ...)                                                                 \
    do {                                                                                           \
        unsigned long long got_ = (unsigned long long)(got);                                       \
        unsigned long long wanted_ = (unsigned long long)(wanted);                                 \
        if (!tap_check(got_ == wanted_, __FILE__, __LINE__, __VA_ARGS__))                          \
            printf("# got 0x%llx, wanted 0x%llx\n", got_, wanted_);                                \
    } while (0)

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%u\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
