/*
 * TEE Internal Core API 1.3, 4.9: sessions from this app to another. The client's side of the session
 * protocol (abi/session.h) over a channel, with one message on its way at a time.
 *
 * Memory references are copied through one piece of shared memory for each session, made when first
 * needed and grown as needed: the other app sees what it was given and nothing else of this one's.
 */
#include <sdk/gp/panic.h>

#include <abi/session.h>
#include <lib/uuid.h>
#include <sdk/gp/call.h>
#include <sdk/gp/handle.h>
#include <sdk/gp/uuid.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

#define CLIENT_NS_PER_MS UINT64_C(1000000)
#define CLIENT_PAGE 4096u
#define CLIENT_ALIGN 16u
/* How long TEE_CloseTASession waits for the other app's close entry point. */
#define CLIENT_CLOSE_NS UINT64_C(10000000000)

struct client_session {
    uint32_t channel;
    bool dead;       /* the other end is gone */
    uint32_t memory; /* handle of the shared memory; SYS_NO_HANDLE: none */
    uint8_t *bytes;  /* where it is mapped */
    size_t size;
};

/* An answer of the other app's, or what stands for it. */
struct client_answer {
    TEE_Result result;
    uint32_t origin;
    struct session_param param[SESSION_PARAMS];
};

static TEE_Result client_result(int64_t error)
{
    switch (error) {
    case SYS_ERR_NOT_FOUND:
    case SYS_ERR_NOT_SUPPORTED:
        return TEE_ERROR_ITEM_NOT_FOUND;
    case SYS_ERR_ACCESS_DENIED:
    case SYS_ERR_NOT_ALLOWED:
        return TEE_ERROR_ACCESS_DENIED;
    case SYS_ERR_BUSY:
    case SYS_ERR_SESSION_MAXIMUM:
        return TEE_ERROR_BUSY;
    case SYS_ERR_SECURITY:
        return TEE_ERROR_SECURITY;
    case SYS_ERR_BAD_FORMAT:
        return TEE_ERROR_BAD_FORMAT;
    case SYS_ERR_TIMED_OUT:
    case SYS_ERR_CANCELLED:
        return TEE_ERROR_CANCEL;
    case SYS_ERR_CHANNEL_CLOSED:
    case SYS_ERR_TARGET_DEAD:
        return TEE_ERROR_TARGET_DEAD;
    case SYS_ERR_NO_MEMORY:
    case SYS_ERR_NO_RESOURCES:
        return TEE_ERROR_OUT_OF_MEMORY;
    case SYS_ERR_COMMUNICATION:
        return TEE_ERROR_COMMUNICATION;
    default:
        return TEE_ERROR_GENERIC;
    }
}

static void client_fail(struct client_answer *answer, int64_t error)
{
    *answer = (struct client_answer){.result = client_result(error), .origin = TEE_ORIGIN_TEE};
}

/* --- Parameters. ---------------------------------------------------------------------------------- */

static bool client_is_memory(uint32_t type)
{
    return type == TEE_PARAM_TYPE_MEMREF_INPUT || type == TEE_PARAM_TYPE_MEMREF_OUTPUT ||
           type == TEE_PARAM_TYPE_MEMREF_INOUT;
}

static void client_check_memory(const char *function, uint32_t type, const TEE_Param *param)
{
    if (type != TEE_PARAM_TYPE_MEMREF_OUTPUT)
        gp_check_in(function, "params[].memref", param->memref.buffer, param->memref.size);
    if (type != TEE_PARAM_TYPE_MEMREF_INPUT)
        gp_check_out(function, "params[].memref", param->memref.buffer, param->memref.size);
}

/* Panics on what an app may not pass. */
static void client_check(const char *function, uint32_t types, TEE_Param *params)
{
    if (types >> (4 * TEE_NUM_PARAMS) != 0)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "paramTypes: 0x%x has more than four types",
                 (unsigned)types);
    if (types != 0)
        gp_check_out(function, "params", params, TEE_NUM_PARAMS * sizeof(*params));
    for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
        const uint32_t type = TEE_PARAM_TYPE_GET(types, i);
        if (type > TEE_PARAM_TYPE_VALUE_INOUT && !client_is_memory(type))
            gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "paramTypes: there is no type %u",
                     (unsigned)type);
        if (client_is_memory(type))
            client_check_memory(function, type, &params[i]);
    }
}

static void client_drop_memory(struct client_session *session)
{
    if (session->bytes != NULL)
        sys_call(SYS_MEM_UNMAP, (uint64_t)(uintptr_t)session->bytes, session->size, 0, 0, 0, 0);
    if (session->memory != SYS_NO_HANDLE)
        sys_call(SYS_CLOSE, session->memory, 0, 0, 0, 0, 0);
    session->memory = SYS_NO_HANDLE;
    session->bytes = NULL;
    session->size = 0;
}

/* Makes sure that there are `size` bytes of shared memory. */
static int64_t client_make_memory(struct client_session *session, size_t size)
{
    if (size <= session->size)
        return SYS_OK;
    size_t whole;
    if (__builtin_add_overflow(size, CLIENT_PAGE - 1, &whole))
        return SYS_ERR_NO_MEMORY;
    whole &= ~(size_t)(CLIENT_PAGE - 1);
    client_drop_memory(session);
    const int64_t memory = sys_call(SYS_MEM_CREATE, whole, 0, 0, 0, 0, 0);
    if (memory < 0)
        return memory;
    session->memory = (uint32_t)memory;
    const int64_t address =
        sys_call(SYS_MEM_MAP, session->memory, 0, whole, SYS_MEM_READ | SYS_MEM_WRITE, 0, 0);
    if (address < 0) {
        client_drop_memory(session);
        return address;
    }
    session->bytes = (uint8_t *)(uintptr_t)address;
    session->size = whole;
    return SYS_OK;
}

/* Where each reference's copy lies, and how much there is in all. False: too much. */
static bool client_lay_out(uint32_t types, const TEE_Param *params, struct session_request *request,
                           size_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
        request->object[i] = SESSION_NO_OBJECT;
        if (!client_is_memory(TEE_PARAM_TYPE_GET(types, i)) || params[i].memref.buffer == NULL)
            continue;
        request->object[i] = 0;
        request->param[i] = (struct session_param){.x = *total, .y = params[i].memref.size};
        if (__builtin_add_overflow(*total, params[i].memref.size, total) ||
            __builtin_add_overflow(*total, CLIENT_ALIGN - 1, total))
            return false;
        *total &= ~(size_t)(CLIENT_ALIGN - 1);
    }
    return true;
}

static bool client_uses_memory(const struct session_request *request)
{
    for (uint32_t i = 0; i < SESSION_PARAMS; i++) {
        if (request->object[i] != SESSION_NO_OBJECT)
            return true;
    }
    return false;
}

static void client_copy_in(const struct client_session *session, const TEE_Param *params,
                           struct session_request *request)
{
    for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
        const uint32_t type = TEE_PARAM_TYPE_GET(request->param_types, i);
        if (type == TEE_PARAM_TYPE_VALUE_INPUT || type == TEE_PARAM_TYPE_VALUE_INOUT)
            request->param[i] =
                (struct session_param){.x = params[i].value.a, .y = params[i].value.b};
        else if (request->object[i] != SESSION_NO_OBJECT && type != TEE_PARAM_TYPE_MEMREF_OUTPUT)
            memcpy(session->bytes + request->param[i].x, params[i].memref.buffer,
                   params[i].memref.size);
    }
}

static void client_copy_out(const struct client_session *session,
                            const struct session_request *request,
                            const struct client_answer *answer, TEE_Param *params)
{
    for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
        const uint32_t type = TEE_PARAM_TYPE_GET(request->param_types, i);
        if (type == TEE_PARAM_TYPE_VALUE_OUTPUT || type == TEE_PARAM_TYPE_VALUE_INOUT) {
            params[i].value.a = (uint32_t)answer->param[i].x;
            params[i].value.b = (uint32_t)answer->param[i].y;
        } else if (type == TEE_PARAM_TYPE_MEMREF_OUTPUT || type == TEE_PARAM_TYPE_MEMREF_INOUT) {
            const uint64_t size = answer->param[i].y;
            if (request->object[i] != SESSION_NO_OBJECT && size <= params[i].memref.size)
                memcpy(params[i].memref.buffer, session->bytes + request->param[i].x, size);
            params[i].memref.size = size;
        }
    }
}

/* --- One message and its answer. ------------------------------------------------------------------ */

/* Takes the reply that waits on the channel. */
static int64_t client_take_reply(const struct client_session *session, struct session_reply *reply)
{
    struct sys_page *page = sys_page();
    int64_t error = sys_call(SYS_GET, session->channel, 0, 0, 0, 0, 0);
    if (error < 0)
        return error;
    const uint32_t id = page->msg.id;
    const uint64_t length = page->msg.length;
    const bool fits = length >= SESSION_REPLY_SIZE(0) && length <= sizeof(*reply) &&
                      (length - SESSION_REPLY_SIZE(0)) % sizeof(reply->param[0]) == 0;
    memset(reply, 0, sizeof(*reply));
    error = sys_call(SYS_READ, session->channel, id, 0, sizeof(*reply), 0, 0);
    if (fits && error == (int64_t)length)
        memcpy(reply, page->in, length);
    sys_call(SYS_PUT, session->channel, id, 0, 0, 0, 0);
    if (error < 0)
        return error;
    return fits && error == (int64_t)length ? SYS_OK : SYS_ERR_GENERIC;
}

/*
 * Waits until there is a reply. When the time is over, or the call that this app serves is cancelled,
 * the other app is asked to cancel, and what it answers still counts.
 */
static int64_t client_wait(const struct client_session *session, uint64_t timeout_ns)
{
    const struct sys_page *page = sys_page();
    uint64_t flags = call_cancellable() ? SYS_WAIT_CANCELLABLE : 0;
    for (;;) {
        const int64_t error = sys_call(SYS_WAIT, session->channel, timeout_ns, flags, 0, 0, 0);
        if (error == SYS_ERR_TIMED_OUT || error == SYS_ERR_CANCELLED) {
            if (sys_call(SYS_CANCEL, session->channel, 0, 0, 0, 0, 0) == 1)
                return SYS_ERR_CANCELLED;
            timeout_ns = SYS_TIMEOUT_INFINITE;
            flags = 0;
            continue;
        }
        if (error < 0)
            return error;
        if ((page->event.event & SYS_EVENT_MSG) != 0)
            return SYS_OK;
        if ((page->event.event & SYS_EVENT_HUP) != 0)
            return SYS_ERR_CHANNEL_CLOSED;
    }
}

static int64_t client_exchange(struct client_session *session,
                               const struct session_request *request, uint64_t timeout_ns,
                               struct session_reply *reply)
{
    struct sys_page *page = sys_page();
    const bool memory = client_uses_memory(request);
    memcpy(page->out, request, sizeof(*request));
    page->objects[0] = session->memory;
    int64_t error = sys_call(SYS_SEND, session->channel, sizeof(*request), memory ? 1 : 0, 0, 0, 0);
    if (error < 0)
        return error;
    error = client_wait(session, timeout_ns);
    return error < 0 ? error : client_take_reply(session, reply);
}

/* Carries out one operation with its parameters. */
static void client_perform(struct client_session *session, struct session_request *request,
                           uint64_t timeout_ns, TEE_Param *params, struct client_answer *answer)
{
    size_t total;
    if (session->dead) {
        client_fail(answer, SYS_ERR_TARGET_DEAD);
        return;
    }
    int64_t error = client_lay_out(request->param_types, params, request, &total)
                        ? client_make_memory(session, client_uses_memory(request) ? total + 1 : 0)
                        : SYS_ERR_NO_MEMORY;
    if (error < 0) {
        client_fail(answer, error);
        return;
    }
    struct session_reply reply;
    client_copy_in(session, params, request);
    error = client_exchange(session, request, timeout_ns, &reply);
    if (error < 0) {
        session->dead = error != SYS_ERR_CANCELLED;
        client_fail(answer, error);
        return;
    }
    answer->result = reply.result;
    answer->origin = reply.origin;
    memcpy(answer->param, reply.param, sizeof(answer->param));
    client_copy_out(session, request, answer, params);
}

/* --- The API. ------------------------------------------------------------------------------------- */

static uint64_t client_timeout(uint32_t ms)
{
    return ms == TEE_TIMEOUT_INFINITE ? SYS_TIMEOUT_INFINITE : ms * CLIENT_NS_PER_MS;
}

static void client_destroy(struct client_session *session)
{
    client_drop_memory(session);
    sys_call(SYS_CLOSE, session->channel, 0, 0, 0, 0, 0);
    free(session);
}

static void client_set_origin(uint32_t *returnOrigin, uint32_t origin)
{
    if (returnOrigin != NULL)
        *returnOrigin = origin;
}

/* Connects to the app; the session's messages have not begun. */
static int64_t client_connect(const TEE_UUID *destination, uint64_t timeout_ns,
                              struct client_session **out)
{
    uint8_t octets[UUID_SIZE];
    char name[UUID_TEXT_LENGTH + 1];
    gp_uuid_to_octets(destination, octets);
    uuid_format(octets, name);
    struct client_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return SYS_ERR_NO_MEMORY;
    memcpy(sys_page()->out, name, UUID_TEXT_LENGTH);
    const int64_t channel = sys_call(SYS_CONNECT, UUID_TEXT_LENGTH, 0, timeout_ns, 0, 0, 0);
    if (channel < 0) {
        free(session);
        return channel;
    }
    session->channel = (uint32_t)channel;
    session->memory = SYS_NO_HANDLE;
    *out = session;
    return SYS_OK;
}

TEE_Result TEE_OpenTASession(const TEE_UUID *destination, uint32_t cancellationRequestTimeout,
                             uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                             TEE_TASessionHandle *session, uint32_t *returnOrigin)
{
    gp_check_in(__func__, "destination", destination, sizeof(*destination));
    gp_check_out(__func__, "session", session, sizeof(*session));
    gp_check_out(__func__, "returnOrigin", returnOrigin,
                 returnOrigin != NULL ? sizeof(*returnOrigin) : 0);
    client_check(__func__, paramTypes, params);
    *session = TEE_HANDLE_NULL;
    const uint64_t timeout_ns = client_timeout(cancellationRequestTimeout);
    struct client_session *opened = NULL;
    struct client_answer answer;
    const int64_t error = client_connect(destination, timeout_ns, &opened);
    if (error < 0) {
        client_fail(&answer, error);
    } else {
        struct session_request request = {
            .protocol = SESSION_PROTOCOL, .op = SESSION_OPEN, .param_types = paramTypes};
        client_perform(opened, &request, timeout_ns, params, &answer);
    }
    if (error >= 0 && answer.result == TEE_SUCCESS) {
        *session = handle_create(HANDLE_SESSION, opened);
        if (*session == TEE_HANDLE_NULL)
            client_fail(&answer, SYS_ERR_NO_MEMORY);
    }
    if (*session == TEE_HANDLE_NULL && opened != NULL)
        client_destroy(opened);
    client_set_origin(returnOrigin, answer.origin);
    return answer.result;
}

void TEE_CloseTASession(TEE_TASessionHandle session)
{
    if (session == TEE_HANDLE_NULL)
        return;
    struct client_session *closed = handle_get(__func__, HANDLE_SESSION, session);
    handle_destroy(session);
    struct session_request request = {.protocol = SESSION_PROTOCOL, .op = SESSION_CLOSE};
    struct client_answer answer;
    client_perform(closed, &request, CLIENT_CLOSE_NS, NULL, &answer);
    client_destroy(closed);
}

TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t cancellationRequestTimeout,
                               uint32_t commandID, uint32_t paramTypes,
                               TEE_Param params[TEE_NUM_PARAMS], uint32_t *returnOrigin)
{
    struct client_session *invoked = handle_get(__func__, HANDLE_SESSION, session);
    gp_check_out(__func__, "returnOrigin", returnOrigin,
                 returnOrigin != NULL ? sizeof(*returnOrigin) : 0);
    client_check(__func__, paramTypes, params);
    struct session_request request = {.protocol = SESSION_PROTOCOL,
                                      .op = SESSION_INVOKE,
                                      .command = commandID,
                                      .param_types = paramTypes};
    struct client_answer answer;
    client_perform(invoked, &request, client_timeout(cancellationRequestTimeout), params, &answer);
    client_set_origin(returnOrigin, answer.origin);
    return answer.result;
}
