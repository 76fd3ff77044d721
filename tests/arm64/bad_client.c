/*
 * A client of the app `bad`: whatever the app does, the client gets an answer, the next session a fresh
 * instance, and nobody else notices. Prints TAP.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>
#include <time.h>
#include <unistd.h>

#include "bad/bad.h"

static TEEC_Context context;
static const TEEC_UUID uuid = BAD_UUID;
static int number, failed;

static void ok(bool good, const char *what)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
    fflush(stdout);
    failed |= !good;
}

static bool start(TEEC_Session *session)
{
    return TEEC_OpenSession(&context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL) ==
           TEEC_SUCCESS;
}

static TEEC_Result value(TEEC_Session *session, uint32_t command, uint32_t *a, uint32_t *b)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    operation.params[0].value.a = *a;
    TEEC_Result result = TEEC_InvokeCommand(session, command, &operation, NULL);
    *a = operation.params[0].value.a;
    *b = operation.params[0].value.b;
    return result;
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *canceller(void *operation)
{
    usleep(300000);
    TEEC_RequestCancellation(operation);
    return NULL;
}

/* The command never ends by itself. */
static void cancel(uint32_t command, const char *what)
{
    TEEC_Session session;
    TEEC_Result result = TEEC_ERROR_CANCEL;
    uint32_t origin = TEEC_ORIGIN_API;
    if (!start(&session)) {
        ok(false, "a session for cancelling");
        return;
    }
    /* One that was cancelled before it was sent, on a busy machine, is made again. */
    while (result == TEEC_ERROR_CANCEL && origin == TEEC_ORIGIN_API) {
        TEEC_Operation operation = {
            .paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
        pthread_t thread;
        pthread_create(&thread, NULL, canceller, &operation);
        result = TEEC_InvokeCommand(&session, command, &operation, &origin);
        pthread_join(thread, NULL);
    }
    ok(result == TEEC_ERROR_TARGET_DEAD, what);
    TEEC_CloseSession(&session);
}

static void *floater(void *first)
{
    TEEC_Session session;
    bool same = start(&session);
    for (int i = 0; i < 20 && same; i++) {
        uint32_t a = 20000;
        uint32_t b = 0;
        same = value(&session, BAD_FLOAT, &a, &b) == TEEC_SUCCESS && a == ((uint32_t *)first)[0] &&
               b == ((uint32_t *)first)[1];
    }
    TEEC_CloseSession(&session);
    return same ? NULL : first;
}

int main(void)
{
    static const char *const deaths[] = {"",
                                         "reading nowhere",
                                         "writing to its code",
                                         "executing data",
                                         "no instruction",
                                         "a register of EL1",
                                         "the kernel's memory",
                                         "its stack overflows",
                                         "abort()",
                                         "an SMC",
                                         "an HVC",
                                         "waiting for an interrupt",
                                         "interrupts off",
                                         "the counter",
                                         "a line of the cache",
                                         "an odd address to go to",
                                         "an odd place for an atomic load",
                                         "keys for pointers"};
    TEEC_Session session;
    TEEC_Session other;
    char what[100];

    ok(TEEC_InitializeContext(NULL, &context) == TEEC_SUCCESS && start(&other), "a bystander");
    for (uint32_t command = BAD_READ; command < BAD_DEATHS_END; command++) {
        snprintf(what, sizeof(what), "%s: the app dies, alone", deaths[command]);
        bool good = start(&session);
        TEEC_Result result = TEEC_InvokeCommand(&session, command, NULL, NULL);
        good = good && result == TEEC_ERROR_TARGET_DEAD;
        TEEC_CloseSession(&session);
        ok(good && TEEC_InvokeCommand(&other, BAD_NOTHING, NULL, NULL) == TEEC_SUCCESS, what);
    }
    uint32_t a = 250;
    uint32_t b = 0;
    uint64_t before = milliseconds();
    ok(value(&other, BAD_WAIT, &a, &b) == TEEC_SUCCESS && milliseconds() - before >= 245,
       "an app sleeps, and the secure timer wakes it");
    ok(TEEC_InvokeCommand(&other, BAD_HEAP, NULL, NULL) == TEEC_SUCCESS, "all of the heap, twice");
    ok(TEEC_InvokeCommand(&other, BAD_MAP, NULL, NULL) == TEEC_SUCCESS,
       "memory in places of the app's choice is refused; much of it is there");
    cancel(BAD_LOOP, "an app that runs away is ended by cancelling");
    ok(TEEC_InvokeCommand(&other, BAD_NOTHING, NULL, NULL) == TEEC_SUCCESS, "the bystander lives");

    uint32_t first[2] = {20000, 0};
    ok(value(&other, BAD_FLOAT, &first[0], &first[1]) == TEEC_SUCCESS, "floating point");
    pthread_t thread[4];
    bool same = true;
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, floater, first);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(thread[i], &result);
        same = same && result == NULL;
    }
    ok(same, "four at once compute what one computes");
    TEEC_CloseSession(&other);
    TEEC_FinalizeContext(&context);
    printf("1..%d\n", number);
    return failed;
}
