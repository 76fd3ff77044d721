/* TAP lines: see tap.h. */
#include "tap.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tee_client_error.h>

#define TAP_TOLD_MAX 8

static pthread_mutex_t tap_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned tap_count;
static unsigned tap_failed;

static void tap_line(bool good, const char *text, const char *reason)
{
    pthread_mutex_lock(&tap_lock);
    tap_count++;
    tap_failed += !good;
    printf("%sok %u - %s%s%s\n", good ? "" : "not ", tap_count, text,
           reason != NULL ? " # SKIP " : "", reason != NULL ? reason : "");
    fflush(stdout);
    pthread_mutex_unlock(&tap_lock);
}

bool tap_ok(bool good, const char *what, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(text, sizeof(text), what, arguments);
    va_end(arguments);
    tap_line(good, text, NULL);
    return good;
}

void tap_skip(const char *reason, const char *what, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(text, sizeof(text), what, arguments);
    va_end(arguments);
    tap_line(true, text, reason);
}

void tap_note(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&tap_lock);
    printf("# %s\n", text);
    fflush(stdout);
    pthread_mutex_unlock(&tap_lock);
}

bool tap_result(uint32_t result, uint32_t origin, uint32_t want, uint32_t want_origin,
                const char *what)
{
    const bool good = result == want && origin == want_origin;
    if (good) {
        return tap_ok(true, "%s", what);
    }
    /* postern_teec_strerror may use one buffer for all numbers without a name. */
    char found[64];
    (void)snprintf(found, sizeof(found), "%s", postern_teec_strerror(result));
    tap_note("answered %s from %s, expected %s from %s; %s", found,
             postern_teec_origin_name(origin), postern_teec_strerror(want),
             postern_teec_origin_name(want_origin), postern_teec_reason());
    return tap_ok(false, "%s", what);
}

unsigned tap_failures(void)
{
    return tap_failed;
}

int tap_end(void)
{
    printf("1..%u\n", tap_count);
    fflush(stdout);
    return tap_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool tap_check(struct tap_group *group, bool good, const char *what, ...)
{
    pthread_mutex_lock(&tap_lock);
    group->checks++;
    group->failures += !good;
    const bool tell = !good && group->failures <= TAP_TOLD_MAX;
    pthread_mutex_unlock(&tap_lock);
    if (tell) {
        char text[512];
        va_list arguments;
        va_start(arguments, what);
        (void)vsnprintf(text, sizeof(text), what, arguments);
        va_end(arguments);
        tap_note("failed: %s", text);
    }
    return good;
}

bool tap_group_end(struct tap_group *group, const char *what)
{
    return tap_ok(group->checks != 0 && group->failures == 0, "%s (%u checks, %u failed)", what,
                  group->checks, group->failures);
}
