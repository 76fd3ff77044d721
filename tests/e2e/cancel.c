/*
 * Cancellation: it returns at once; a queued call is withdrawn; a running one sees its flag and its
 * cancellable waits return, unless the app masked them; an operation whose flag is set sends nothing.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <pthread.h>

static const TEEC_UUID probe = PROBE_UUID;
static TEEC_Context context;

/* One call on a thread of its own. */
struct running {
    pthread_t thread;
    TEEC_Session *session; /* NULL: an open of `opened` */
    TEEC_Session opened;
    const TEEC_UUID *uuid;
    uint32_t command;
    TEEC_Operation operation;
    TEEC_Result result;
    uint32_t origin;
    volatile bool begun; /* the call is made in this moment */
    volatile bool done;
};

static void *cancel_thread(void *argument)
{
    struct running *running = argument;
    running->begun = true;
    if (running->session != NULL) {
        running->result = TEEC_InvokeCommand(running->session, running->command,
                                             &running->operation, &running->origin);
    } else {
        running->result =
            TEEC_OpenSession(&context, &running->opened, running->uuid, TEEC_LOGIN_PUBLIC, NULL,
                             &running->operation, &running->origin);
    }
    running->done = true;
    return NULL;
}

/* Its call is made, and has had so much time to reach the app, or what it waits behind. */
static void cancel_run(struct running *running, unsigned milliseconds)
{
    pthread_create(&running->thread, NULL, cancel_thread, running);
    while (!running->begun) {
        tee_sleep_ms(5);
    }
    tee_sleep_ms(milliseconds);
}

/* A call, its cancellation, its end. How far the call has come cannot be seen from outside; but one that is
 * cancelled before it has come to `where` (an origin) answers from before there, and one that was to wait
 * behind another is served when it comes first: it is made again then, with more time. Answers whether it
 * waited until it was cancelled. */
static bool cancel_at(struct running *running, uint32_t where)
{
    const struct running fresh = *running;
    bool waited = false;
    bool there = false;
    for (unsigned ms = 200; !there && ms < TEE_PATIENCE_MS; ms *= 2) {
        *running = fresh;
        cancel_run(running, ms);
        waited = !running->done;
        TEEC_RequestCancellation(&running->operation);
        pthread_join(running->thread, NULL);
        there = running->result == TEEC_ERROR_CANCEL ? running->origin >= where
                                                     : where != TEEC_ORIGIN_TEE;
        if (!there && running->session == NULL) {
            TEEC_CloseSession(&running->opened);
        }
    }
    return waited;
}

static void cancel_prepare(struct running *running, TEEC_Session *session, uint32_t milliseconds,
                           uint32_t how)
{
    memset(running, 0, sizeof(*running));
    running->session = session;
    running->command = PROBE_WAIT;
    running->operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    running->operation.params[0].value.a = milliseconds;
    running->operation.params[0].value.b = how;
}

/* Long enough that a call which is not cancelled is noticed as a hang by a human, not by luck. */
#define LONG_MS 120000u

static void cancel_running(void)
{
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    struct running running;
    cancel_prepare(&running, &session, LONG_MS, 0);
    tap_ok(cancel_at(&running, TEEC_ORIGIN_TRUSTED_APP), "the call waits");
    tap_ok(running.operation.cancel_flag, "the operation's flag is set");
    tap_ok(running.result == TEEC_ERROR_CANCEL && running.origin == TEEC_ORIGIN_TRUSTED_APP &&
               running.operation.params[1].value.a == TEEC_ERROR_CANCEL,
           "a running wait returns, and what the app answers counts: %s from %s",
           postern_teec_strerror(running.result), postern_teec_origin_name(running.origin));
    tap_ok(call_probe_right(&session, 1), "the session goes on");
    uint32_t out[2];
    const TEEC_Result result = call_value(&session, PROBE_WAIT, 1, 0, out, NULL);
    tap_ok(result == TEEC_SUCCESS && out[1] == 0, "the next call is not cancelled");

    cancel_prepare(&running, &session, LONG_MS, PROBE_WAIT_POLL);
    (void)cancel_at(&running, TEEC_ORIGIN_TRUSTED_APP);
    tap_ok(running.result == TEEC_ERROR_CANCEL && running.operation.params[1].value.b == 1,
           "an app that polls sees the flag: %s", postern_teec_strerror(running.result));

    cancel_prepare(&running, &session, 1000, PROBE_WAIT_MASKED);
    (void)cancel_at(&running, TEEC_ORIGIN_TRUSTED_APP);
    tap_ok(running.result == TEEC_SUCCESS && running.operation.params[1].value.b == 0,
           "masked, the wait runs to its end: %s", postern_teec_strerror(running.result));
    TEEC_CloseSession(&session);
}

static void cancel_queued(void)
{
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    struct running first;
    struct running second;
    cancel_prepare(&first, &session, LONG_MS, 0);
    cancel_run(&first, 200);
    cancel_prepare(&second, &session, 0, 0);
    tap_ok(cancel_at(&second, TEEC_ORIGIN_TEE), "a second call on the session is queued");
    tap_result(second.result, second.origin, TEEC_ERROR_CANCEL, TEEC_ORIGIN_TEE,
               "a queued call is withdrawn");
    tap_ok(!first.done, "the first one still runs");
    TEEC_RequestCancellation(&first.operation);
    pthread_join(first.thread, NULL);
    tap_ok(first.result == TEEC_ERROR_CANCEL && first.origin == TEEC_ORIGIN_TRUSTED_APP,
           "until it is cancelled, too");
    tap_ok(call_probe_right(&session, 2), "the session goes on");
    TEEC_CloseSession(&session);
}

/* A queue across sessions of one instance. */
static void cancel_queued_elsewhere(const TEEC_UUID *single)
{
    TEEC_Session a;
    TEEC_Session b;
    (void)call_open(&context, &a, single, NULL);
    (void)call_open(&context, &b, single, NULL);
    struct running first;
    struct running second;
    cancel_prepare(&first, &a, LONG_MS, 0);
    cancel_run(&first, 200);
    cancel_prepare(&second, &b, 0, 0);
    (void)cancel_at(&second, TEEC_ORIGIN_TEE);
    tap_result(second.result, second.origin, TEEC_ERROR_CANCEL, TEEC_ORIGIN_TEE,
               "a call queued behind another session of the instance is withdrawn");
    if (!tee_lacks(TEE_OPEN_CANCEL, "an open queued there is withdrawn")) {
        struct running opening = {.uuid = single};
        (void)cancel_at(&opening, TEEC_ORIGIN_TEE);
        tap_result(opening.result, opening.origin, TEEC_ERROR_CANCEL, TEEC_ORIGIN_TEE,
                   "an open queued there is withdrawn");
    }
    TEEC_RequestCancellation(&first.operation);
    pthread_join(first.thread, NULL);
    tap_ok(first.result == TEEC_ERROR_CANCEL, "the running one ends");
    tap_ok(call_probe_right(&a, 3) && call_probe_right(&b, 4), "both sessions go on");
    TEEC_CloseSession(&a);
    TEEC_CloseSession(&b);
}

static void cancel_open(void)
{
    if (tee_lacks(TEE_OPEN_CANCEL, "a running open can be cancelled")) {
        return;
    }
    struct running opening = {.uuid = &probe};
    opening.operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    opening.operation.params[0].value.b = LONG_MS;
    tap_ok(cancel_at(&opening, TEEC_ORIGIN_TRUSTED_APP), "an open waits in the app");
    tap_ok(opening.result == TEEC_ERROR_CANCEL && opening.origin == TEEC_ORIGIN_TRUSTED_APP,
           "a running open can be cancelled: %s from %s", postern_teec_strerror(opening.result),
           postern_teec_origin_name(opening.origin));
    uint32_t origin = 0;
    const TEEC_Result result = call_value(&opening.opened, PROBE_NOTHING, 0, 0, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API,
               "a failed open leaves a session on which invoke is harmless");
    TEEC_CloseSession(&opening.opened);
}

static void cancel_flag(void)
{
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = 5;
    TEEC_RequestCancellation(&operation);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, &origin);
    tap_result(result, origin, TEEC_ERROR_CANCEL, TEEC_ORIGIN_API,
               "a call whose flag is already set is not sent");
    tap_ok(operation.params[0].value.a == 5, "nothing of it was changed");
    TEEC_Session none;
    memset(&none, 0, sizeof(none));
    origin = 0;
    result =
        TEEC_OpenSession(&context, &none, &probe, TEEC_LOGIN_PUBLIC, NULL, &operation, &origin);
    tap_result(result, origin, TEEC_ERROR_CANCEL, TEEC_ORIGIN_API, "nor an open");
    operation.cancel_flag = false;
    result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, &origin);
    tap_ok(result == TEEC_SUCCESS && operation.params[0].value.a == ~5u,
           "with the flag cleared it is");
    TEEC_RequestCancellation(NULL);
    TEEC_RequestCancellation(&operation);
    tap_ok(call_probe_right(&session, 5), "cancelling what is over harms nothing");
    TEEC_CloseSession(&session);
}

/* Cancellation raced against the end of calls, from another thread. */
static void *cancel_storm_thread(void *argument)
{
    struct running *running = argument;
    while (!running->done) {
        TEEC_RequestCancellation(&running->operation);
        tee_sleep_ms(1);
    }
    return NULL;
}

static void cancel_storm(void)
{
    struct tap_group group = {0};
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    for (unsigned i = 0; i < 300 / tee_scale.rounds; i++) {
        struct running running;
        pthread_t storm;
        cancel_prepare(&running, &session, i % 3, (i & 1) != 0 ? PROBE_WAIT_POLL : 0);
        pthread_create(&running.thread, NULL, cancel_thread, &running);
        pthread_create(&storm, NULL, cancel_storm_thread, &running);
        pthread_join(running.thread, NULL);
        pthread_join(storm, NULL);
        tap_check(&group, running.result == TEEC_SUCCESS || running.result == TEEC_ERROR_CANCEL,
                  "round %u: %s", i, postern_teec_strerror(running.result));
    }
    tap_check(&group, call_probe_right(&session, 6), "the session goes on");
    TEEC_CloseSession(&session);
    tap_group_end(&group, "cancellation raced against the end of calls");
}

int main(void)
{
    struct tee here;
    const TEEC_UUID single = tee_uuid_plus(probe, 1);
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_sign(&here, TEE_PROBE, &single, "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true");
    tee_start(&here);
    call_context(&context);
    cancel_running();
    cancel_queued();
    cancel_queued_elsewhere(&single);
    cancel_open();
    cancel_flag();
    cancel_storm();
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    return tap_end();
}
