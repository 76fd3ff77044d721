/*
 * Sessions. A call on one pins it in the registry and takes no lock; closing takes it out of the
 * registry, lets the TEE (which serialises) end what runs, and waits for those calls to let go.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lane.h"
#include "parameter.h"
#include "registry.h"
#include "trace.h"

/* --- Life. ------------------------------------------------------------------------------------------ */

static void session_destroy(struct session *session)
{
    WITHOUT_CANCELLATION(state);

    bounce_drop_idle(session->context, session->bounces);
    context_unpin(session->context);
    free(session);
}

static void session_unpin(struct session *session)
{
    if (registry_unpin(REGISTRY_SESSION, session->handle))
        session_destroy(session);
}

/* The session's end, for who took it out of the registry. */
static void session_close(struct session *session, bool wait)
{
    struct context *context = session->context;
    struct call call = {.cmd = MSG_CMD_CLOSE_SESSION, .session = session->number};
    struct verdict answer = {0};
    struct verdict verdict;

    if (trace_on())
        trace_begin(&call, POSTERN_TEEC_TRACE_CLOSE, &session->service, 0);
    verdict = context_check(context);
    if (verdict.result == TEEC_SUCCESS)
        verdict = lane_call(context, &session->lane_hint, &call, &answer);
    if (call.traced)
        trace_end(&call, verdict.result == TEEC_SUCCESS ? answer : verdict);
    if (wait)
        registry_wait_alone(REGISTRY_SESSION, session->handle);
    session_unpin(session);
}

void session_close_all(struct context *context)
{
    uint32_t index = 0;
    uint64_t handle;
    struct session *session;

    while ((session = registry_walk(REGISTRY_SESSION, &index, &handle)) != NULL) {
        if (session->context == context && registry_take(REGISTRY_SESSION, handle)) {
            registry_unpin_one_of_two(REGISTRY_SESSION, handle); /* the owner's and the walk's */
            if (registry_alone(REGISTRY_SESSION, handle))
                session_close(session, false);
            else
                session_unpin(session);
        } else {
            session_unpin(session);
        }
    }
}

void session_drop_idle_bounces(struct context *context)
{
    uint32_t index = 0;
    uint64_t handle;
    struct session *session;

    while ((session = registry_walk(REGISTRY_SESSION, &index, &handle)) != NULL) {
        if (session->context == context)
            bounce_drop_idle(context, session->bounces);
        session_unpin(session);
    }
}

/* --- One call with an operation: what open and invoke have in common. ------------------------- */

static struct verdict operation_call(struct session *session, TEEC_Session *given,
                                     TEEC_Operation *operation, struct call *call)
{
    struct parameters parameters;
    struct verdict verdict, answer = {0};
    bool answered;

    if (operation && __atomic_load_n(&operation->cancel_flag, __ATOMIC_SEQ_CST))
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_CANCEL,
                              "the operation's cancel flag is set");
    verdict = parameters_begin(session, operation, call, &parameters);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    if (operation) {
        operation->started = 1;
        operation->session = given;
        call->operation = operation;
    }
    verdict = lane_call(session->context, &session->lane_hint, call, &answer);
    if (verdict.result == TEEC_SUCCESS) {
        if (answer.origin < TEEC_ORIGIN_API || answer.origin > TEEC_ORIGIN_TRUSTED_APP)
            answer.origin = TEEC_ORIGIN_TEE;
        /* Success is the app's. What the kernel answers for it leaves outputs as they were. */
        if (answer.result == TEEC_SUCCESS)
            answer.origin = TEEC_ORIGIN_TRUSTED_APP;
        call->opened = call->cmd == MSG_CMD_OPEN_SESSION && answer.result == TEEC_SUCCESS;
        verdict = answer;
        answered =
            answer.origin == TEEC_ORIGIN_TRUSTED_APP || answer.result == TEEC_ERROR_SHORT_BUFFER;
    } else {
        answered = false;
    }
    if (parameters_finish(session, operation, call, &parameters, answered) &&
        verdict.result == TEEC_SUCCESS)
        verdict = verdict_refuse(TEEC_ORIGIN_TRUSTED_APP, TEEC_ERROR_SHORT_BUFFER,
                                 "the app's output is larger than its buffer");
    return verdict;
}

/* --- Opening. -------------------------------------------------------------------------------------- */

static struct verdict check_login(uint32_t method, const void *data, struct call *call)
{
    bool group = method == TEEC_LOGIN_GROUP || method == TEEC_LOGIN_GROUP_APPLICATION;

    if (method > TEEC_LOGIN_IDENTIFY || method == 3)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "there is no connection method 0x%x", method);
    if (group && !data)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "connection method %u needs a group id", method);
    if (!group && data)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "connection method %u takes no connection data", method);
    call->login = method; /* MSG_LOGIN_* has the same numbers */
    if (group)
        memcpy(&call->group, data, sizeof(call->group));
    return verdict_ok();
}

/* Hands the package at `path` over, opened with our rights. */
static struct verdict offer_package(struct context *context, const char *path)
{
    struct verdict verdict;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return verdict_refuse(TEEC_ORIGIN_API,
                              errno == EACCES || errno == EPERM ? TEEC_ERROR_ACCESS_DENIED
                                                                : TEEC_ERROR_TRUSTED_APP_LOAD_ERROR,
                              "the app's package %s: %s", path, strerrordesc_np(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        verdict = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_TRUSTED_APP_LOAD_ERROR,
                                 "the app's package %s is not a file", path);
    else
        verdict = context->transport->app_image(context, fd);
    if (verdict.origin == TEEC_ORIGIN_TEE && verdict.result == TEEC_ERROR_BAD_FORMAT)
        verdict = verdict_refuse(TEEC_ORIGIN_TEE, TEEC_ERROR_TRUSTED_APP_LOAD_ERROR,
                                 "%s is not an app's package", path);
    (void)close(fd);
    return verdict;
}

static struct verdict session_open(struct context *context, const char *package,
                                   TEEC_Session *given, TEEC_Operation *operation,
                                   struct call *call, const TEEC_UUID *service)
{
    struct session *session = calloc(1, sizeof(*session));
    struct verdict verdict = verdict_ok();

    if (!session)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY, "no memory is left");
    session->context = context;
    session->service = *service;
    session->lane_hint = LANES_MAX;
    if (package)
        verdict = offer_package(context, package);
    if (verdict.result == TEEC_SUCCESS)
        verdict = operation_call(session, given, operation, call);
    if (verdict.result == TEEC_ERROR_ITEM_NOT_FOUND && verdict.origin == TEEC_ORIGIN_TEE)
        verdict =
            verdict_refuse(TEEC_ORIGIN_TEE, TEEC_ERROR_SERVICE_NOT_EXIST, "there is no such app");
    registry_pin_again(REGISTRY_CONTEXT, context->handle); /* session_destroy's */
    session->number = call->session;
    if (verdict.result == TEEC_SUCCESS) {
        session->handle = registry_add(REGISTRY_SESSION, session);
        if (session->handle == 0)
            verdict = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                                     "there are too many sessions");
    }
    if (verdict.result != TEEC_SUCCESS) {
        /* The app opened it but claims an output that does not fit: the caller, who is told of no
         * success, would never close it. */
        if (call->opened) {
            struct call close_call = {.cmd = MSG_CMD_CLOSE_SESSION, .session = call->session};
            struct verdict answer;
            struct verdict closed = lane_call(context, &session->lane_hint, &close_call, &answer);

            (void)closed;
        }
        session_destroy(session);
        return verdict;
    }
    given->session_id = session->number;
    given->postern.handle = session->handle;
    return verdict;
}

static struct verdict open_checked(TEEC_Context *context, TEEC_Session *session,
                                   const TEEC_UUID *destination, TEEC_Operation *operation,
                                   struct call *call, uint32_t method, const void *data)
{
    struct context *pinned;
    struct verdict verdict = check_login(method, data, call);

    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    verdict = context_pin(context->postern.handle, &pinned);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    verdict =
        session_open(pinned, (const char *)context->ta_path, session, operation, call, destination);
    if (verdict.result == TEEC_SUCCESS) {
        session->service_id = *destination;
        session->context = context;
    }
    context_unpin(pinned);
    return verdict;
}

TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                             const TEEC_UUID *destination, uint32_t connectionMethod,
                             const void *connectionData, TEEC_Operation *operation,
                             uint32_t *returnOrigin)
{
    struct call call = {.cmd = MSG_CMD_OPEN_SESSION};
    struct verdict verdict;
    int cancel_state;

    verdict_begin();
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (session) {
        memset(session, 0, sizeof(*session));
        session->head.next = &session->head;
        session->head.prev = &session->head;
    }
    if (destination) {
        uuid_octets(call.uuid, destination);
        if (trace_on())
            trace_begin(&call, POSTERN_TEEC_TRACE_OPEN, destination, 0);
    }
    if (!context || !session || !destination)
        verdict = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "the %s is NULL",
                                 !context   ? "context"
                                 : !session ? "session"
                                            : "destination");
    else
        verdict = open_checked(context, session, destination, operation, &call, connectionMethod,
                               connectionData);
    if (returnOrigin)
        *returnOrigin = verdict.origin;
    if (call.traced)
        trace_end(&call, verdict);
    (void)pthread_setcancelstate(cancel_state, NULL);
    return verdict.result;
}

/* --- Invoking, closing, cancelling. ----------------------------------------------------------- */

static struct verdict invoke(TEEC_Session *given, TEEC_Operation *operation, struct call *call)
{
    struct session *session;
    struct verdict verdict;

    session = given ? registry_pin(REGISTRY_SESSION, given->postern.handle) : NULL;
    if (!session)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "the session is %s",
                              given ? "not open" : "NULL");
    call->session = session->number;
    if (trace_on())
        trace_begin(call, POSTERN_TEEC_TRACE_INVOKE, &session->service, call->func);
    verdict = context_check(session->context);
    if (verdict.result == TEEC_SUCCESS) {
        __atomic_fetch_add(&given->ops_cnt, 1, __ATOMIC_RELAXED);
        verdict = operation_call(session, given, operation, call);
        __atomic_fetch_sub(&given->ops_cnt, 1, __ATOMIC_RELAXED);
    }
    session_unpin(session);
    return verdict;
}

TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID, TEEC_Operation *operation,
                               uint32_t *returnOrigin)
{
    struct call call;
    struct verdict verdict;

    verdict_begin();
    call.cmd = MSG_CMD_INVOKE_COMMAND;
    call.func = commandID;
    call.cancel_id = 0;
    call.operation = NULL;
    call.opened = false;
    call.traced = false;
    verdict = invoke(session, operation, &call);
    if (returnOrigin)
        *returnOrigin = verdict.origin;
    if (call.traced) {
        WITHOUT_CANCELLATION(state);

        trace_end(&call, verdict);
    }
    return verdict.result;
}

void TEEC_CloseSession(TEEC_Session *session)
{
    struct session *taken;
    int cancel_state;

    verdict_begin();
    if (!session)
        return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    taken = registry_take(REGISTRY_SESSION, session->postern.handle);
    if (taken && context_is_ours(taken->context))
        session_close(taken, true);
    memset(session, 0, sizeof(*session));
    session->head.next = &session->head;
    session->head.prev = &session->head;
    (void)pthread_setcancelstate(cancel_state, NULL);
}

void TEEC_RequestCancellation(TEEC_Operation *operation)
{
    uint32_t index = 0;
    uint64_t handle;
    struct context *context;
    int cancel_state;

    verdict_begin();
    if (!operation)
        return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    __atomic_store_n(&operation->cancel_flag, true, __ATOMIC_SEQ_CST);
    while ((context = registry_walk(REGISTRY_CONTEXT, &index, &handle)) != NULL) {
        if (context_is_ours(context) && !atomic_load(&context->broken))
            lane_cancel(context, operation);
        context_unpin(context);
    }
    (void)pthread_setcancelstate(cancel_state, NULL);
}
