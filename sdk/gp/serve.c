/*
 * The message loop (serve.h): sessions of abi/session.h in, calls of the app's entry points out.
 *
 * Each channel from the app's own port is one session, and stands in a table under its handle. A
 * session is waiting for its open, open, or over; an over one's channel is closed with the reply to its
 * close, or when its client has hung up. A reply is sent, and the next message waited for, in one
 * system call.
 *
 * How an instance ends: with no session left it retires, so that nobody is connected to it any more,
 * asks once more without waiting, which also sends the last reply, and only then calls
 * TA_DestroyEntryPoint and exits. When somebody connected meanwhile, retiring is refused and the loop
 * goes on; the app has noticed nothing.
 */
#include <sdk/gp/serve.h>

#include <abi/message.h>
#include <lib/uuid.h>
#include <sdk/gp/call.h>
#include <sdk/gp/property.h>
#include <sdk/gp/request.h>
#include <sdk/gp/uuid.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

/* An instance that was started for a client that never comes ends after this long. */
#define SERVE_FIRST_WAIT_NS UINT64_C(10000000000)

enum serve_state {
    SERVE_NO_CHANNEL,
    SERVE_CONNECTED, /* the open has not come yet */
    SERVE_OPEN,
    SERVE_OVER, /* refused or closed; the channel is still there */
};

struct serve_session {
    enum serve_state state;
    uint8_t peer[UUID_SIZE]; /* nil: the normal world */
    void *context;           /* the app's */
    TEE_Identity client;
};

/* Where the kernel counts sessions from; made as they are needed. */
#define SERVE_CHUNK 64u
static struct serve_session *serve_chunks[SYS_SESSIONS_MAX / SERVE_CHUNK];
static uint32_t serve_live;     /* sessions that are connected or open */
static bool serve_created;      /* TA_CreateEntryPoint has succeeded */
static bool serve_stays;        /* the instance outlives its sessions */
static bool serve_was_used;     /* somebody has connected */
static bool serve_retired;      /* nobody will connect any more */
static size_t serve_reply_size; /* of the reply in out[] */
static bool serve_reply_closes; /* it is the last on its channel */

static struct serve_session *serve_find(uint32_t handle)
{
    const uint32_t index = handle - SYS_SESSION_BASE;
    if (index >= SYS_SESSIONS_MAX || serve_chunks[index / SERVE_CHUNK] == NULL)
        return NULL;
    struct serve_session *session = &serve_chunks[index / SERVE_CHUNK][index % SERVE_CHUNK];
    return session->state == SERVE_NO_CHANNEL ? NULL : session;
}

/* A session for a new channel. False: there is no memory for it, and the channel is closed. */
static bool serve_accept(uint32_t handle, const uint8_t peer[UUID_SIZE])
{
    const uint32_t index = handle - SYS_SESSION_BASE;
    if (index >= SYS_SESSIONS_MAX || serve_find(handle) != NULL)
        rt_panic(TEE_ERROR_GENERIC, "postern runtime: the TEE gave handle %u twice",
                 (unsigned)handle);
    struct serve_session **chunk = &serve_chunks[index / SERVE_CHUNK];
    if (*chunk == NULL)
        *chunk = calloc(SERVE_CHUNK, sizeof(**chunk));
    if (*chunk == NULL) {
        sys_call(SYS_CLOSE, handle, 0, 0, 0, 0, 0);
        return false;
    }
    struct serve_session *session = &(*chunk)[index % SERVE_CHUNK];
    *session = (struct serve_session){.state = SERVE_CONNECTED};
    memcpy(session->peer, peer, UUID_SIZE);
    serve_live++;
    serve_was_used = true;
    return true;
}

static void serve_over(struct serve_session *session)
{
    session->state = SERVE_OVER;
    session->context = NULL;
    serve_live--;
}

/* Runs the close entry point. */
static void serve_close(struct serve_session *session)
{
    call_begin(&session->client, 0, NULL);
    TA_CloseSessionEntryPoint(session->context);
    call_end();
    serve_over(session);
}

static void serve_hangup(uint32_t handle)
{
    struct serve_session *session = serve_find(handle);
    if (session->state == SERVE_OPEN)
        serve_close(session);
    else if (session->state == SERVE_CONNECTED)
        serve_over(session);
    session->state = SERVE_NO_CHANNEL;
    sys_call(SYS_CLOSE, handle, 0, 0, 0, 0, 0);
}

/* Who the client is: the gate's word for the normal world, the kernel's for an app. */
static void serve_identify(struct serve_session *session, const struct request *request)
{
    if (uuid_is_nil(session->peer)) {
        session->client.login = request->login;
        session->client.uuid = gp_uuid_of_octets(request->client_uuid);
    } else {
        session->client.login = MSG_LOGIN_TRUSTED_APP;
        session->client.uuid = gp_uuid_of_octets(session->peer);
    }
}

static TEE_Result serve_create(void)
{
    if (serve_created)
        return TEE_SUCCESS;
    const TEE_Result result = TA_CreateEntryPoint();
    serve_created = result == TEE_SUCCESS;
    return result;
}

static TEE_Result serve_open(struct serve_session *session, struct request *request)
{
    serve_identify(session, request);
    TEE_Result result = serve_create();
    if (result == TEE_SUCCESS) {
        call_begin(&session->client, request->param_types, request->params);
        result = TA_OpenSessionEntryPoint(request->param_types, request->params, &session->context);
        call_end();
    }
    if (result == TEE_SUCCESS)
        session->state = SERVE_OPEN;
    else
        serve_over(session);
    return result;
}

static TEE_Result serve_invoke(struct serve_session *session, struct request *request)
{
    call_begin(&session->client, request->param_types, request->params);
    const TEE_Result result = TA_InvokeCommandEntryPoint(session->context, request->command,
                                                         request->param_types, request->params);
    call_end();
    return result;
}

/* The reply has its place in the page. */
static struct session_reply *serve_reply(void)
{
    return (struct session_reply *)(void *)sys_page()->out;
}

/* Puts the outputs into the reply, which has as many parameters as the request. Answers whether each
 * output's size is within what was given. */
static inline bool serve_outputs(const struct request *request, struct session_reply *reply)
{
    bool fit = true;
    uint32_t types = request->param_types;
    for (uint32_t i = 0; types != 0; i++, types >>= 4) {
        const TEE_Param *param = &request->params[i];
        const uint32_t type = SESSION_PARAM_TYPE(types, 0);
        struct session_param out = {0};
        if (type == SESSION_PARAM_MEMREF_OUTPUT || type == SESSION_PARAM_MEMREF_INOUT) {
            out.y = param->memref.size;
            fit = fit && out.y <= request->given[i];
        } else if (type == SESSION_PARAM_VALUE_OUTPUT || type == SESSION_PARAM_VALUE_INOUT) {
            out.x = param->value.a;
            out.y = param->value.b;
        }
        reply->param[i] = out;
    }
    return fit;
}

/* What a session answers, and who: TEE_ORIGIN_*. */
struct serve_answer {
    TEE_Result result;
    uint32_t origin;
};

/* Carries out what was decoded. The app's own answer comes with the outputs in the reply. */
static struct serve_answer serve_request(struct serve_session *session, struct request *request)
{
    const enum serve_state wanted = request->op == SESSION_OPEN ? SERVE_CONNECTED : SERVE_OPEN;
    struct serve_answer answer = {.result = TEE_SUCCESS, .origin = TEE_ORIGIN_TRUSTED_APP};
    if (session->state != wanted)
        return (struct serve_answer){.result = TEE_ERROR_BAD_STATE, .origin = TEE_ORIGIN_TEE};
    switch (request->op) {
    case SESSION_OPEN:
        answer.result = serve_open(session, request);
        break;
    case SESSION_INVOKE:
        answer.result = serve_invoke(session, request);
        break;
    case SESSION_CLOSE:
        serve_close(session);
        session->state = SERVE_NO_CHANNEL; /* the kernel closes it with the reply */
        serve_reply_closes = true;
        break;
    }
    if (!serve_outputs(request, serve_reply()) && answer.result == TEE_SUCCESS)
        answer.result = TEE_ERROR_SHORT_BUFFER;
    return answer;
}

/* What the page tells of a message stays as it is until the next system call: the kernel wrote it. */
static enum error serve_decode(const struct sys_page *page, struct request *request)
{
    const size_t length = page->recv.length;
    return request_decode(page->in, length < sizeof(page->in) ? length : sizeof(page->in),
                          &page->recv, request);
}

/* Serves the message that the page tells of; its reply is left in out[]. */
static void serve_message(struct serve_session *session)
{
    struct request request;
    struct serve_answer answer = {.origin = TEE_ORIGIN_TEE};
    uint32_t op = 0;
    switch (serve_decode(sys_page(), &request)) {
    case E_OK:
        op = (uint32_t)request.op;
        answer = serve_request(session, &request);
        break;
    case E_EXCESS:
        answer.result = TEE_ERROR_EXCESS_DATA;
        break;
    case E_NO_MEMORY:
        answer.result = TEE_ERROR_OUT_OF_MEMORY;
        break;
    default:
        answer.result = TEE_ERROR_BAD_FORMAT;
        break;
    }
    struct session_reply *reply = serve_reply();
    reply->op = op;
    reply->result = answer.result;
    reply->origin = answer.origin;
    reply->reserved = 0;
    /* Parameters only where serve_outputs has put them. */
    serve_reply_size =
        SESSION_REPLY_SIZE(answer.origin == TEE_ORIGIN_TRUSTED_APP ? request.num_params : 0);
}

static bool serve_may_end(void)
{
    return serve_live == 0 && !serve_stays && serve_was_used && !rt_event_busy();
}

/* The reply that waits in out[] is to the last session's close. Retires before it is sent: a client
 * whose close has returned must not find the old instance, with the old state, when it opens again. */
static void serve_retire_early(void)
{
    if (!serve_retired && serve_may_end())
        serve_retired = sys_call(SYS_RETIRE, 0, 0, 0, 0, 0, 0) == SYS_OK;
}

/* Ends the instance, unless somebody has connected in this moment. */
static void serve_end(void)
{
    if (!serve_retired && sys_call(SYS_RETIRE, 0, 0, 0, 0, 0, 0) != SYS_OK)
        return;
    if (serve_created)
        TA_DestroyEntryPoint();
    exit(0);
}

static void serve_make_port(void)
{
    struct sys_page *page = sys_page();
    char name[UUID_TEXT_LENGTH + 1];
    uuid_format(page->start.uuid, name);
    memcpy(page->out, name, UUID_TEXT_LENGTH);
    const int64_t port = sys_call(SYS_PORT_CREATE, UUID_TEXT_LENGTH, 1, SESSION_BUFFER_SIZE,
                                  SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS, 0, 0);
    if (port < 0)
        rt_panic(TEE_ERROR_GENERIC, "postern runtime: the app's port could not be made (%lld)",
                 (long long)port);
}

/* An app whose ports start it may be connected there before anybody opens a session. */
static void serve_prepare(void)
{
    const bool has_ports = property_is_set("postern.ports");
    const bool restarts = property_is_set("postern.restart");
    serve_stays = (sys_page()->start.flags & SYS_START_KEEP_ALIVE) != 0 || has_ports || restarts;
    if (!has_ports)
        return;
    const TEE_Result result = serve_create();
    if (result != TEE_SUCCESS)
        rt_panic(result, "TA_CreateEntryPoint: refused");
}

/* One event of SYS_RECEIVE. True: it was a session's; *reply_handle is whom to answer next. */
static bool serve_event(uint32_t *reply_handle)
{
    struct sys_page *page = sys_page();
    const struct sys_event event = page->event;
    const uint32_t flags = page->recv.flags;
    if ((flags & SYS_RECV_ACCEPTED) != 0 && !serve_accept(event.handle, page->recv.peer_uuid))
        return true;
    struct serve_session *session = serve_find(event.handle);
    if (session != NULL && (flags & SYS_RECV_MSG) != 0) {
        serve_message(session);
        serve_retire_early();
        *reply_handle = event.handle;
    } else if (session != NULL && (event.event & SYS_EVENT_HUP) != 0) {
        serve_hangup(event.handle);
    } else if (session == NULL && flags == 0) {
        return false;
    }
    return true;
}

static int64_t serve_receive(uint32_t reply_handle, uint64_t timeout_ns, uint64_t flags,
                             uint32_t only)
{
    if (serve_reply_closes)
        flags |= SYS_RECEIVE_CLOSE;
    serve_reply_closes = false;
    return sys_call(SYS_RECEIVE, reply_handle, reply_handle == SYS_NO_HANDLE ? 0 : serve_reply_size,
                    timeout_ns, flags, only, 0);
}

_Noreturn void gp_serve(void)
{
    struct sys_page *page = sys_page();
    serve_make_port();
    serve_prepare();
    uint32_t reply_handle = SYS_NO_HANDLE;
    for (;;) {
        const bool may_end = serve_may_end();
        const bool waits_for_first = !serve_was_used && !serve_stays;
        const uint64_t timeout = may_end           ? 0
                                 : waits_for_first ? SERVE_FIRST_WAIT_NS
                                                   : SYS_TIMEOUT_INFINITE;
        const int64_t got = serve_receive(reply_handle, timeout, 0, 0);
        reply_handle = SYS_NO_HANDLE;
        if (got == SYS_ERR_TIMED_OUT) {
            serve_end();
            continue;
        }
        if (got < 0)
            rt_panic(TEE_ERROR_GENERIC, "postern runtime: cannot wait for calls (%lld)",
                     (long long)got);
        const struct sys_event event = page->event;
        if (!serve_event(&reply_handle) && !rt_event_offer(&event)) {
            rt_log(SYS_LOG_WARN, "nobody serves handle %u: closed", (unsigned)event.handle);
            sys_call(SYS_CLOSE, event.handle, 0, 0, 0, 0, 0);
        }
    }
}

void gp_serve_beside(void)
{
    serve_make_port();
    serve_stays = true;
    const TEE_Result result = serve_create();
    if (result != TEE_SUCCESS)
        rt_panic(result, "TA_CreateEntryPoint: refused");
}

static uint64_t serve_now(void)
{
    return (uint64_t)sys_call(SYS_CLOCK, SYS_CLOCK_SYSTEM, 0, 0, 0, 0, 0);
}

int64_t gp_serve_wait(uint32_t handle, uint64_t timeout_ns)
{
    const bool any = handle == SYS_NO_HANDLE;
    if (call_client() != NULL) {
        const uint64_t flags = SYS_WAIT_PEEK | (call_cancellable() ? SYS_WAIT_CANCELLABLE : 0);
        return any ? sys_call(SYS_WAIT_ANY, timeout_ns, flags, 0, 0, 0, 0)
                   : sys_call(SYS_WAIT, handle, timeout_ns, flags, 0, 0, 0);
    }
    const bool limited = timeout_ns != 0 && timeout_ns != SYS_TIMEOUT_INFINITE;
    const uint64_t start = limited ? serve_now() : 0;
    uint64_t left = timeout_ns;
    uint32_t reply_handle = SYS_NO_HANDLE;
    for (;;) {
        const int64_t got = serve_receive(reply_handle, left, SYS_WAIT_PEEK, any ? 0 : handle);
        reply_handle = SYS_NO_HANDLE;
        if (got < 0 || !serve_event(&reply_handle))
            return got;
        if (limited) {
            /* The clock's call would overwrite nothing that the reply needs. */
            const uint64_t gone = serve_now() - start;
            left = gone < timeout_ns ? timeout_ns - gone : 0;
        }
    }
}
