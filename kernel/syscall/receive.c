#include <kernel/syscall/call.h>

/*
 * Reply and wait in one crossing: what an app that serves calls does all the time. See SYS_RECEIVE
 * in abi/syscall.h.
 */

static enum error send_reply(struct call *call)
{
    struct instance *instance = call->instance;
    struct handle *handle = NULL;
    struct message *message = NULL;
    uint32_t taken = 0;
    if (call->arg[1] > SYS_BUFFER_SIZE)
        return E_INVALID;
    enum error error =
        handle_find_kind(&instance->handles, call->arg[0], OBJECT_CHANNEL, RIGHT_SEND, &handle);
    if (error != E_OK)
        return error;
    struct channel *channel = channel_of(handle->object);
    error = channel_reserve(channel, (uint32_t)call->arg[1], false, &message, &taken);
    if (error == E_OK) {
        __builtin_memcpy(message->data, call->page->out, taken);
        (void)channel_send(channel, message, taken, NULL, 0);
    } else if (error != E_CLOSED && error != E_QUEUE_FULL) {
        return error;
    } /* else nobody reads it, or has room for it: who asks on without reading hurts only himself */
    if (instance->serving == channel)
        instance_served(instance);
    if ((call->arg[3] & SYS_RECEIVE_CLOSE) != 0)
        handle_close(handle);
    return E_OK;
}

/* Where the message's memory went. The session protocol knows no other objects: they are dropped, so
 * that a client cannot fill the app's handle table. */
static void deliver_objects(struct call *call, struct message *message)
{
    struct instance *instance = call->instance;
    struct sys_recv *recv = &call->page->recv;
    for (uint32_t i = 0; i < message->num_objects; i++) {
        struct object *object = message->objects[i];
        recv->obj_va[i] = 0;
        recv->obj_size[i] = 0;
        recv->obj_prot[i] = 0;
        if (object->kind != OBJECT_MEMORY)
            continue;
        uint32_t prot = ((message->rights[i] & RIGHT_MAP_READ) != 0 ? SYS_MEM_READ : 0) |
                        ((message->rights[i] & RIGHT_MAP_WRITE) != 0 ? SYS_MEM_WRITE : 0);
        struct mapping *mapping = NULL;
        recv->obj_size[i] = memory_of(object)->size;
        recv->obj_prot[i] = prot;
        /* Without room the address stays 0: the app's runtime answers OUT_OF_MEMORY. */
        if (mapping_lend(instance, memory_of(object), prot, &mapping) != E_OK)
            continue;
        recv->obj_va[i] = mapping->address;
        instance->lent[instance->num_lent++] = mapping;
    }
}

/* Answers the SYS_RECV_* that it adds. */
static uint32_t deliver(struct call *call, struct channel *channel)
{
    struct message *message = NULL;
    /* Whoever waits for the answer to the last one would wait for ever: nobody serves him. */
    if (call->instance->serving != NULL) {
        instance_kill(call->instance, "took a call before it answered the last one");
        return 0;
    }
    if (channel_get(channel, &message) != E_OK)
        return 0;
    instance_serve(call->instance, channel);
    call->page->recv.length = message->length;
    call->page->recv.num_objects = message->num_objects;
    __builtin_memcpy(call->page->in, message->data, message->length);
    deliver_objects(call, message);
    channel_put(channel, message);
    return SYS_RECV_MSG;
}

/* Accepts a connection on the app's own port. NULL: its client is gone, or the table is full (then
 * the connection is dropped). */
static struct handle *accept_session(struct call *call)
{
    struct instance *instance = call->instance;
    struct channel *channel = NULL;
    struct handle *handle = NULL;
    if (port_object_accept(instance->service, &channel) != E_OK)
        return NULL;
    enum error error =
        handle_install_session(&instance->handles, &channel->object, RIGHTS_SESSION, &handle);
    if (error == E_OK)
        channel_accepted(channel);
    object_close(&channel->object);
    if (error != E_OK)
        return NULL;
    __builtin_memcpy(call->page->recv.peer_uuid, channel->peer_uuid, sizeof(channel->peer_uuid));
    return handle;
}

/* Something holds on `handle`. False: it came to nothing. Of sys_page.recv only what counts is
 * written, piece by piece: the rest is what the app found there before, or wrote. */
static bool take_event(struct call *call, struct handle *handle, uint32_t events)
{
    struct instance *instance = call->instance;
    uint32_t received = 0;
    if (handle->object == &instance->service->object) {
        handle = accept_session(call);
        if (handle == NULL)
            return false;
        received = SYS_RECV_ACCEPTED;
        events = object_events(handle->object);
    }
    struct object *object = handle->object;
    const struct sys_event event = {
        .handle = handle->id, .event = events, .cookie = handle->cookie};
    bool session = instance_is_session(instance, object);
    uint64_t flags = session ? 0 : call->arg[3];
    if (flags != 0) {
        call_report(call, &event, object, flags,
                    posts_shows_many(object, flags) && handle_is_ready_alone(handle));
    } else {
        call->page->event = event;
        object_delivered(object, events);
    }
    if ((events & SYS_EVENT_MSG) != 0 && session)
        received |= deliver(call, channel_of(object));
    handle_settle(handle);
    call->page->recv.flags = received;
    return true;
}

/* What the app may wait for: everything, or sessions and one handle. */
static struct handle *next_ready(struct call *call, const struct handle *only, uint32_t *events)
{
    struct instance *instance = call->instance;
    const struct object *sessions_of = only == NULL ? NULL : &instance->service->object;
    return handle_table_ready(&instance->handles, sessions_of, events);
}

enum error call_receive(struct call *call)
{
    struct instance *instance = call->instance;
    struct handle *only = NULL;
    uint32_t events = 0;
    if ((call->arg[3] & ~(uint64_t)(SYS_WAIT_CANCELLABLE | SYS_WAIT_PEEK | SYS_RECEIVE_CLOSE)) != 0)
        return E_INVALID;
    if (call->arg[0] != SYS_NO_HANDLE && !instance->replied) {
        enum error error = send_reply(call);
        if (error != E_OK)
            return error;
        instance->replied = true;
    }
    if (handle_table_empty(&instance->handles))
        return E_NOT_FOUND;
    if (call->arg[4] != 0) {
        enum error error = call_find_waitable(call, call->arg[4], &only);
        if (error != E_OK)
            return error;
    }
    for (struct handle *handle = next_ready(call, only, &events); handle != NULL;
         handle = next_ready(call, only, &events))
        if (take_event(call, handle, events))
            return E_OK;
    if (only != NULL && call_report_ready(call, only, call->arg[3])) {
        call->page->recv.flags = 0;
        return E_OK;
    }
    instance->handles.waiting = HANDLE_WAIT_ANY;
    if (!instance->service_open)
        port_object_refuse_all(instance->service);
    return call_block(call, call->arg[2], call->arg[3]);
}
