#include <kernel/app/app.h>
#include <kernel/decode/message.h>
#include <kernel/gate/client.h>
#include <kernel/gate/tee_codes.h>
#include <kernel/sched/log.h>
#include <port/kernel.h>

/*
 * The GlobalPlatform gate: open, invoke, close and cancel, turned into messages of the session
 * protocol. The processor that brought the call runs the app that it is for.
 */

static bool first_in_line(void *context)
{
    const struct gp_call_state *call = context;
    return call->cancelled || call->session->calls.next == &call->session_link;
}

static bool answered(void *context)
{
    const struct gp_call_state *call = context;
    const struct channel *channel = call->session->channel;
    return call->cancelled || !list_empty(&channel->queue) || channel->peer == NULL;
}

/* The thread that has to run so that the call comes forward. */
static struct thread *working_thread(void *context)
{
    const struct gp_call_state *call = context;
    return instance_worker(&call->session->instance->thread);
}

static void channel_changed(struct watch *watch)
{
    donor_wake(&LIST_OF(watch, struct gp_call_state, watch)->donor);
}

/* Ids that follow each other have bits of their own. */
static uint64_t early_bit(uint32_t cancel_id)
{
    return UINT64_C(1) << ((cancel_id ^ cancel_id >> 6) % 64);
}

static COLD void put_early_cancel(struct gp_client *client, uint32_t at, uint32_t session_id,
                                  uint32_t cancel_id)
{
    client->early[at].session = session_id;
    client->early[at].cancel_id = cancel_id;
    client->early_seen = 0;
    for (uint32_t i = 0; i < CLIENT_EARLY_CANCELS; i++)
        if (client->early[i].cancel_id != 0)
            client->early_seen |= early_bit(client->early[i].cancel_id);
}

/* Whether a cancellation of this call has overtaken it. */
static bool take_early_cancel(struct gp_client *client, uint32_t session_id, uint32_t cancel_id)
{
    if ((client->early_seen & early_bit(cancel_id)) == 0)
        return false;
    for (uint32_t i = 0; cancel_id != 0 && i < CLIENT_EARLY_CANCELS; i++) {
        if (client->early[i].cancel_id == cancel_id && client->early[i].session == session_id) {
            put_early_cancel(client, i, 0, 0);
            return true;
        }
    }
    return false;
}

static inline void call_begin(struct gp_call_state *call, struct gp_client *client,
                              uint32_t session_id, uint32_t cancel_id)
{
    list_init(&call->session_link);
    call->client = client;
    call->session = NULL;
    call->session_id = session_id;
    call->cancel_id = cancel_id;
    donor_init(&call->donor);
    list_init(&call->watch.link);
    call->sent = false;
    call->cancelled = client->gone || take_early_cancel(client, session_id, cancel_id);
    call->closing = false;
    list_append(&client->calls, &call->client_link);
}

static inline void call_end(struct gp_call_state *call)
{
    struct gp_client *client = call->client;
    list_remove(&call->client_link);
    if (list_empty(&client->calls) && client->last_call_ended != NULL) {
        port_wake(client->last_call_ended);
        client->last_call_ended = NULL;
    }
}

/* Waits for the session to be this call's alone. E_CANCELLED. */
static inline enum error session_enter(struct gp_call_state *call, struct gp_session *session,
                                       struct kernel_lock *lock)
{
    const struct donor_call wait = {
        .done = first_in_line, .target = working_thread, .context = call};
    call->session = session;
    list_append(&session->calls, &call->session_link);
    donor_run(&call->donor, &wait, lock);
    return call->cancelled ? E_CANCELLED : E_OK;
}

static inline void session_leave(struct gp_call_state *call)
{
    struct gp_session *session = call->session;
    list_remove(&call->session_link);
    if (!list_empty(&session->calls))
        donor_wake(&LIST_OF(session->calls.next, struct gp_call_state, session_link)->donor);
}

/* What an app sent without being asked. */
static void drain(struct channel *channel)
{
    struct message *message = NULL;
    while (channel_get(channel, &message) == E_OK)
        channel_put(channel, message);
}

struct cargo_list {
    uint32_t count;
    struct channel_cargo item[SESSION_PARAMS]; /* `count` of them are set */
};

/* A message without parameters; param[] is not set: as many are as the types that are put in have. */
static inline void request_begin(struct session_request *message, enum session_op op)
{
    static const struct session_request empty = {
        .protocol = SESSION_PROTOCOL,
        .object = {SESSION_NO_OBJECT, SESSION_NO_OBJECT, SESSION_NO_OBJECT, SESSION_NO_OBJECT},
    };
    __builtin_memcpy(message, &empty, SESSION_REQUEST_SIZE(0));
    message->op = (uint32_t)op;
}

/*
 * Sends the request and runs the app until its reply is there. E_CANCELLED: withdrawn before the app
 * took it; E_DEAD; E_BAD_FORMAT: the reply is none.
 */
static enum error exchange(struct gp_call_state *call, const struct session_request *request,
                           const struct cargo_list *cargo, struct reply *reply,
                           struct kernel_lock *lock)
{
    struct channel *channel = call->session->channel;
    struct message *message = NULL;
    uint32_t taken = 0;
    const struct donor_call wait = {.done = answered, .target = working_thread, .context = call};
    drain(channel);
    const uint32_t num_params = session_num_params(request->param_types);
    const uint32_t size = (uint32_t)SESSION_REQUEST_SIZE(num_params);
    enum error error = channel_reserve(channel, size, true, &message, &taken);
    if (error != E_OK || taken != size)
        return error == E_CLOSED ? E_DEAD : E_BUSY;
    __builtin_memcpy(message->data, request, SESSION_REQUEST_SIZE(0));
    for (uint32_t i = 0; i < num_params; i++)
        __builtin_memcpy(message->data + SESSION_REQUEST_SIZE(i), &request->param[i],
                         sizeof(request->param[i]));
    (void)channel_send(channel, message, size, cargo->item, cargo->count);
    call->sent = true;
    object_watch(&channel->object, &call->watch, channel_changed);
    donor_run(&call->donor, &wait, lock);
    object_unwatch(&call->watch);
    if (call->cancelled)
        return E_CANCELLED;
    if (channel_get(channel, &message) != E_OK)
        return E_DEAD;
    error = decode_reply(message->data, message->length, request->op, reply);
    channel_put(channel, message);
    return error;
}

/* Finds the memory that the parameters name. E_INVALID: none of this client's, or outside it. */
static enum error fill_params(struct gp_client *client, const struct request *request,
                              struct session_request *out, struct cargo_list *cargo)
{
    out->param_types = request->param_types;
    uint32_t count = 0;
    uint32_t num_params = request->num_params;
    for (uint32_t i = 0; i < num_params; i++) {
        struct session_param param = request->param[i];
        if (request->cookie[i] != 0) {
            uint32_t type = SESSION_PARAM_TYPE(request->param_types, i);
            const struct client_memory *found = client_find_memory(client, request->cookie[i]);
            if (found == NULL || param.x > found->size || param.y > found->size - param.x)
                return E_INVALID;
            param.x += found->first;
            out->object[i] = (uint8_t)count;
            cargo->item[count++] = (struct channel_cargo){
                .object = &found->memory->object,
                .rights = RIGHT_MAP_READ | (param_is_output(type) ? RIGHT_MAP_WRITE : 0),
            };
        }
        out->param[i] = param;
    }
    cargo->count = count;
    return E_OK;
}

/* Puts the app's outputs into the answer. */
static void take_outputs(const struct request *request, const struct reply *reply,
                         struct msg_arg *arg)
{
    struct msg_param *param = &arg->params[request->first_param];
    uint32_t types = request->param_types;
    for (uint32_t i = 0; types != 0; i++, types >>= 4, param++) {
        uint32_t type = SESSION_PARAM_TYPE(types, 0);
        if (!param_is_output(type))
            continue;
        const struct session_param out =
            i < reply->num_params ? reply->param[i] : (struct session_param){0};
        if (!param_is_memory(type)) {
            param->u.value.a = (uint32_t)out.x;
            param->u.value.b = (uint32_t)out.y;
            continue;
        }
        /* The size stands at the same place in both kinds of reference. */
        param->u.rmem.size = out.y;
        if (out.y > request->param[i].y && arg->head.ret == TEE_CODE_SUCCESS)
            arg->head.ret = TEE_CODE_SHORT_BUFFER;
    }
}

struct answer {
    uint32_t ret;
    uint32_t origin;
};

static struct answer answer_for(enum error error)
{
    uint32_t ret = TEE_CODE_GENERIC;
    uint32_t origin = TEE_ORIGIN_TEE;
    switch (error) {
    case E_OK:
        ret = TEE_CODE_SUCCESS;
        break;
    case E_NOT_FOUND:
        ret = TEE_CODE_ITEM_NOT_FOUND;
        break;
    case E_SECURITY:
        ret = TEE_CODE_SECURITY;
        break;
    case E_BAD_FORMAT:
    case E_SHORT:
    case E_EXCESS:
    case E_TOO_BIG:
    case E_VERSION:
    case E_ARCHITECTURE:
        ret = TEE_CODE_TRUSTED_APP_LOAD_ERROR;
        break;
    case E_INVALID:
        ret = TEE_CODE_BAD_PARAMETERS;
        break;
    case E_NO_MEMORY:
    case E_NO_RESOURCES:
        ret = TEE_CODE_OUT_OF_MEMORY;
        break;
    case E_BUSY:
        ret = TEE_CODE_BUSY;
        break;
    case E_SESSION_MAXIMUM:
        ret = TEE_CODE_SESSION_MAXIMUM;
        break;
    case E_CANCELLED:
        ret = TEE_CODE_CANCEL;
        break;
    case E_DEAD:
        ret = TEE_CODE_TARGET_DEAD;
        break;
    case E_ACCESS_DENIED:
        ret = TEE_CODE_ACCESS_DENIED;
        break;
    case E_NOT_SUPPORTED:
        ret = TEE_CODE_NOT_SUPPORTED;
        break;
    case E_COMMUNICATION:
        ret = TEE_CODE_COMMUNICATION;
        origin = TEE_ORIGIN_COMMS;
        break;
    default:
        break;
    }
    return (struct answer){.ret = ret, .origin = origin};
}

static void put_answer(struct msg_arg *arg, struct answer answer)
{
    arg->head.ret = answer.ret;
    arg->head.origin = answer.origin;
}

static void put_reply(struct msg_arg *arg, const struct request *request, const struct reply *reply)
{
    arg->head.ret = reply->result;
    arg->head.origin = reply->origin;
    if (request->num_params != 0)
        take_outputs(request, reply, arg);
}

/* The message itself is not what it has to be. */
static void refuse_message(struct msg_arg *arg, enum error error)
{
    put_answer(
        arg, (struct answer){.ret = error == E_EXCESS ? TEE_CODE_EXCESS_DATA : TEE_CODE_BAD_FORMAT,
                             .origin = TEE_ORIGIN_TEE});
}

static void free_session(struct gp_session *session)
{
    object_close(&session->channel->object);
    instance_session_over(session->instance);
    instance_put(session->instance);
    port_free(session);
}

/* The open was withdrawn, or refused, before its app took it. An instance that was started for it alone
 * would stay: nobody else knows it. */
static void end_unused_instance(struct gp_session *session)
{
    struct instance *instance = session->instance;
    if (instance_alive(instance) && instance->transaction == 0 &&
        instance->service->connections == 1 && !instance->app->manifest.single_instance)
        instance_kill(instance, "the open that it was started for did not come");
}

static enum error create_session(struct gp_call_state *call, const struct request *request,
                                 struct kernel_lock *lock, struct gp_session **out)
{
    static const uint8_t normal_world[16];
    struct gp_client *client = call->client;
    struct client_package *package = client_find_package(client, request->uuid);
    struct app_package offered = {0};
    if (package != NULL)
        offered = (struct app_package){.bytes = package->bytes, .size = package->size};
    struct app_caller caller = {
        .uuid = normal_world,
        .account = client->account,
        .offered = package != NULL ? &offered : NULL,
        .gives_up = &call->cancelled,
    };
    struct gp_session *session = NULL;
    enum error error;
    uint64_t num_ended;
    do {
        num_ended = instance_num_ended();
        if (session == NULL)
            session = port_alloc(sizeof(*session));
        error = session == NULL ? E_NO_MEMORY
                                : app_connect(request->uuid, &caller, lock, &session->channel,
                                              &session->instance);
    } while (error == E_NO_MEMORY &&
             instance_await_end(&call->donor, num_ended, &call->cancelled, lock));
    if (package != NULL)
        client_package_done(package);
    if (error != E_OK) {
        port_free(session);
        return error;
    }
    list_init(&session->calls);
    *out = session;
    return E_OK;
}

/* Why the kernel refused: the client gets a code that has many causes. What an app's end or the check of
 * a package caused is in the log already. */
COLD static void log_refused(const uint8_t *uuid, const char *what, enum error error)
{
    switch (error) {
    case E_CANCELLED:
    case E_DEAD:
    case E_SECURITY:
    case E_BAD_FORMAT:
    case E_VERSION:
    case E_ARCHITECTURE:
    case E_COMMUNICATION:
        return;
    default:
        log_client_line(SYS_LOG_WARN, "app %U: %s refused: %e", uuid, what, error);
    }
}

static enum error open_on(struct gp_call_state *call, const struct request *request,
                          struct gp_session *session, struct reply *reply, struct kernel_lock *lock)
{
    struct session_request message;
    struct cargo_list cargo;
    cargo.count = 0;
    request_begin(&message, SESSION_OPEN);
    message.login = request->login;
    __builtin_memcpy(message.client_uuid, request->client_uuid, sizeof(message.client_uuid));
    enum error error = fill_params(call->client, request, &message, &cargo);
    if (error != E_OK)
        return error;
    error = session_enter(call, session, lock);
    if (error == E_OK)
        error = exchange(call, &message, &cargo, reply, lock);
    session_leave(call);
    if (error == E_DEAD && instance_alive(session->instance) && !session->instance->service_open)
        return E_NOT_SUPPORTED;
    return error;
}

static void open_session(struct gp_client *client, const struct request *request,
                         struct msg_arg *arg, struct kernel_lock *lock)
{
    struct gp_call_state call;
    struct gp_session *session = NULL;
    struct reply reply;
    call_begin(&call, client, 0, request->cancel_id);
    enum error error = create_session(&call, request, lock, &session);
    if (error == E_OK) {
        error = open_on(&call, request, session, &reply, lock);
        if (error == E_OK && reply.result == TEE_CODE_SUCCESS)
            error = client_add_session(client, session);
        if (error != E_OK)
            end_unused_instance(session);
        if (error == E_OK && reply.result == TEE_CODE_SUCCESS)
            arg->head.session = session->id;
        else
            free_session(session);
    }
    if (error == E_OK)
        put_reply(arg, request, &reply);
    else {
        log_refused(request->uuid, "session", error);
        put_answer(arg, answer_for(error));
    }
    call_end(&call);
}

static enum error invoke_on(struct gp_call_state *call, const struct request *request,
                            struct gp_session *session, struct reply *reply,
                            struct kernel_lock *lock)
{
    struct session_request message;
    struct cargo_list cargo;
    cargo.count = 0;
    request_begin(&message, SESSION_INVOKE);
    message.command = request->command;
    enum error error = session_enter(call, session, lock);
    if (error == E_OK && session->dead)
        error = E_DEAD;
    if (error == E_OK && request->num_params != 0)
        error = fill_params(call->client, request, &message, &cargo);
    if (error == E_OK)
        error = exchange(call, &message, &cargo, reply, lock);
    if (error == E_DEAD || error == E_BAD_FORMAT)
        session->dead = true;
    if (error != E_OK && instance_alive(session->instance))
        log_refused(session->instance->app->uuid, "call", error);
    session_leave(call);
    return error;
}

static void invoke(struct gp_client *client, const struct request *request, struct msg_arg *arg,
                   struct kernel_lock *lock)
{
    struct gp_call_state call;
    struct reply reply;
    struct gp_session *session = client_find_session(client, request->session);
    if (session == NULL) {
        put_answer(arg, (struct answer){TEE_CODE_SESSION_NOT_EXIST, TEE_ORIGIN_TEE});
        return;
    }
    call_begin(&call, client, request->session, request->cancel_id);
    enum error error = invoke_on(&call, request, session, &reply, lock);
    if (error == E_OK)
        put_reply(arg, request, &reply);
    else
        put_answer(arg, answer_for(error == E_BAD_FORMAT ? E_DEAD : error));
    call_end(&call);
}

static void let_go_expired(struct timer *timer)
{
    struct gp_call_state *call = LIST_OF(timer, struct gp_call_state, let_go);
    struct instance *instance = call->session->instance;
    const struct channel *serving = instance->serving;
    if (serving != NULL && call->session->channel->peer == serving) {
        instance_kill(instance, "did not close a session in time");
    } else if (call->sent && channel_withdraw_all(call->session->channel)) {
        /* It has not even looked: it will see the session hang up. So it will with others, at once: of a
         * hundred sessions none shall wait for those before it. */
        instance->overlooked = instance->transaction + 1;
        call->cancelled = true;
        donor_wake(&call->donor);
    } else {
        timer_set(timer, timer_after(port_clock_ns(), INSTANCE_LET_GO_NS));
    }
}

void gp_close_session(struct gp_client *client, struct gp_session *session, bool gone,
                      struct kernel_lock *lock)
{
    struct gp_call_state call;
    struct reply reply;
    struct session_request message;
    struct cargo_list cargo;
    cargo.count = 0;
    request_begin(&message, SESSION_CLOSE);
    client_remove_session(client, session);
    call_begin(&call, client, session->id, 0);
    call.closing = true;
    call.cancelled = false;
    timer_init(&call.let_go, let_go_expired);
    call.session = session;
    /* A port that cannot tell a client that lives from one that died says of none that it is gone. */
    uint64_t patience = INSTANCE_LET_GO_NS;
    if (!gone)
        patience = session->instance->dying ? 0 : instance_cancel_grace(session->instance);
    if (patience != 0)
        timer_set(&call.let_go, timer_after(port_clock_ns(), patience));
    enum error error = session_enter(&call, session, lock);
    if (error == E_OK && !session->dead && !instance_overlooks(session->instance))
        error = exchange(&call, &message, &cargo, &reply, lock);
    (void)error; /* the session is closed, whatever its app says */
    timer_cancel(&call.let_go);
    call.cancelled = false;
    session->dead = true;
    session_leave(&call);
    /* Calls that came before the close and still wait find it dead; the last one to leave frees. */
    while (!list_empty(&session->calls)) {
        const struct donor_call wait = {
            .done = first_in_line, .target = working_thread, .context = &call};
        list_append(&session->calls, &call.session_link);
        donor_run(&call.donor, &wait, lock);
        session_leave(&call);
    }
    call_end(&call);
    free_session(session);
}

static void close_session(struct gp_client *client, const struct request *request,
                          struct msg_arg *arg, struct kernel_lock *lock)
{
    struct gp_session *session = client_find_session(client, request->session);
    if (session == NULL) {
        put_answer(arg, (struct answer){TEE_CODE_SESSION_NOT_EXIST, TEE_ORIGIN_TEE});
        return;
    }
    gp_close_session(client, session, false, lock);
    put_answer(arg, (struct answer){TEE_CODE_SUCCESS, TEE_ORIGIN_TEE});
}

void gp_cancel_call(struct gp_call_state *call, uint64_t grace_ns)
{
    if (call->closing)
        return;
    if (!call->sent || channel_withdraw_all(call->session->channel)) {
        call->cancelled = true;
        donor_wake(&call->donor);
        return;
    }
    struct instance *instance = call->session->instance;
    if (grace_ns == UINT64_MAX)
        grace_ns = instance->dying ? 0 : instance_cancel_grace(instance);
    (void)instance_cancel(instance, call->session->channel, grace_ns);
}

void gp_cancel(struct gp_client *client, uint32_t session, uint32_t cancel_id)
{
    KERNEL_LOCKED(lock);
    bool known = false;
    LIST_FOR_EACH (link, &client->calls) {
        struct gp_call_state *call = LIST_OF(link, struct gp_call_state, client_link);
        if (call->session_id == session && call->cancel_id == cancel_id) {
            gp_cancel_call(call, UINT64_MAX);
            known = true;
        }
    }
    if (!known && cancel_id != 0)
        put_early_cancel(client, client->next_early++ % CLIENT_EARLY_CANCELS, session, cancel_id);
    thread_offer_rest();
}

/* Not put into its caller: one that does not return is taken for run once, and what is in it made
 * small rather than fast. */
__attribute__((noinline)) bool gp_call(struct gp_client *client, struct msg_arg *arg)
{
    struct request request;
    if (arg->head.cmd > MSG_CMD_CLOSE_SESSION) {
        put_answer(arg, (struct answer){TEE_CODE_NOT_SUPPORTED, TEE_ORIGIN_TEE});
        return false;
    }
    enum error error = decode_request(arg, &request);
    if (error != E_OK) {
        refuse_message(arg, error);
        return false;
    }
    KERNEL_LOCKED(lock);
    switch (arg->head.cmd) {
    case MSG_CMD_OPEN_SESSION:
        open_session(client, &request, arg, &lock);
        break;
    case MSG_CMD_INVOKE_COMMAND:
        invoke(client, &request, arg, &lock);
        break;
    default:
        close_session(client, &request, arg, &lock);
        break;
    }
    return thread_rest_waits();
}

void gp_call_after(void)
{
    KERNEL_LOCKED(lock);
    thread_run_rest(false, &lock);
}
