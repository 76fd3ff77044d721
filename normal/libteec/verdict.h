/*
 * The library's one result type: what a TEEC function will answer and who says so, and, for the
 * calling thread, the reason in words. A verdict that is not success carries the origin that the
 * caller of the API will see.
 */
#ifndef POSTERN_LIBTEEC_VERDICT_H
#define POSTERN_LIBTEEC_VERDICT_H

#include <postern/tee_client_api.h>

struct verdict {
    uint32_t result;
    uint32_t origin;
};

/* Success; the origin counts only once the app has spoken. */
static inline struct verdict verdict_ok(void)
{
    return (struct verdict){TEEC_SUCCESS, TEEC_ORIGIN_API};
}

/* A refusal, with its reason for postern_teec_reason(). */
struct verdict verdict_refuse(uint32_t origin, uint32_t result, const char *reason, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result, cold));

/* The thread's reason is forgotten: a new call begins. */
void verdict_begin(void);

#endif
