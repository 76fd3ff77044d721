#include <kernel/syscall/call.h>

/* Calls about messages on channels. */

static enum error find_channel(struct call *call, uint32_t right, struct channel **out)
{
    struct handle *handle = NULL;
    enum error error =
        handle_find_kind(&call->instance->handles, call->arg[0], OBJECT_CHANNEL, right, &handle);
    if (error == E_OK)
        *out = channel_of(handle->object);
    return error;
}

static enum error find_cargo(struct call *call, const struct channel *channel, uint64_t count,
                             struct channel_cargo *cargo)
{
    for (uint64_t i = 0; i < count; i++) {
        struct handle *handle = NULL;
        const volatile uint32_t *id = &call->page->objects[i]; /* read once */
        enum error error = handle_find(&call->instance->handles, *id, &handle);
        if (error != E_OK)
            return error;
        if ((handle->rights & RIGHT_TRANSFER) == 0)
            return E_NOT_ALLOWED;
        error = channel_may_carry(channel, handle->object);
        if (error != E_OK)
            return error;
        cargo[i] = (struct channel_cargo){.object = handle->object, .rights = handle->rights};
    }
    return E_OK;
}

enum error call_send(struct call *call)
{
    struct channel *channel = NULL;
    struct message *message = NULL;
    struct channel_cargo cargo[SYS_MSG_OBJECTS_MAX];
    uint32_t taken = 0;
    if (call->arg[1] > SYS_BUFFER_SIZE)
        return E_INVALID;
    enum error error = find_channel(call, RIGHT_SEND, &channel);
    if (error != E_OK)
        return error;
    error = channel_reserve(channel, (uint32_t)call->arg[1], false, &message, &taken);
    if (error != E_OK)
        return error;
    if (call->arg[2] > SYS_MSG_OBJECTS_MAX)
        return E_TOO_BIG;
    error = find_cargo(call, channel, call->arg[2], cargo);
    if (error != E_OK)
        return error;
    __builtin_memcpy(message->data, call->page->out, taken);
    (void)channel_send(channel, message, taken, cargo, (uint32_t)call->arg[2]);
    if (call->instance->serving == channel)
        instance_served(call->instance);
    call->result = taken;
    return E_OK;
}

enum error call_get(struct call *call)
{
    struct channel *channel = NULL;
    struct message *message = NULL;
    enum error error = find_channel(call, RIGHT_RECEIVE, &channel);
    if (error == E_OK && instance_is_session(call->instance, &channel->object))
        error = E_NOT_ALLOWED;
    if (error == E_OK)
        error = channel_get(channel, &message);
    if (error != E_OK)
        return error;
    call->page->msg = (struct sys_msg_info){
        .length = message->length,
        .id = message->id,
        .num_objects = message->num_objects,
    };
    return E_OK;
}

/* New handles for the message's objects: all that were asked for, or none. */
static enum error install_objects(struct call *call, const struct message *message, uint64_t wanted)
{
    struct handle_table *table = &call->instance->handles;
    uint64_t count = wanted < message->num_objects ? wanted : message->num_objects;
    if (count > handle_table_free(table))
        return E_NO_RESOURCES;
    for (uint64_t i = 0; i < SYS_MSG_OBJECTS_MAX; i++)
        call->page->objects[i] = SYS_NO_HANDLE;
    for (uint64_t i = 0; i < count; i++) {
        struct handle *handle = NULL;
        enum error error = handle_install(table, message->objects[i], message->rights[i], &handle);
        if (error != E_OK)
            return error;
        call->page->objects[i] = handle->id;
    }
    return E_OK;
}

enum error call_read(struct call *call)
{
    struct channel *channel = NULL;
    struct message *message = NULL;
    enum error error = find_channel(call, RIGHT_RECEIVE, &channel);
    if (error != E_OK)
        return error;
    if (call->arg[1] > UINT32_MAX)
        return E_INVALID;
    error = channel_find(channel, (uint32_t)call->arg[1], &message);
    if (error != E_OK)
        return error;
    if (call->arg[2] > message->length || call->arg[4] > SYS_MSG_OBJECTS_MAX)
        return E_INVALID;
    uint64_t left = message->length - call->arg[2];
    uint64_t count = call->arg[3] < left ? call->arg[3] : left;
    error = install_objects(call, message, call->arg[4]);
    if (error != E_OK)
        return error;
    __builtin_memcpy(call->page->in, message->data + call->arg[2], (size_t)count);
    call->result = (int64_t)count;
    return E_OK;
}

enum error call_put(struct call *call)
{
    struct channel *channel = NULL;
    struct message *message = NULL;
    enum error error = find_channel(call, RIGHT_RECEIVE, &channel);
    if (error != E_OK)
        return error;
    if (call->arg[1] > UINT32_MAX)
        return E_INVALID;
    error = channel_find(channel, (uint32_t)call->arg[1], &message);
    if (error != E_OK)
        return error;
    channel_put(channel, message);
    return E_OK;
}

enum error call_cancel(struct call *call)
{
    struct channel *channel = NULL;
    enum error error = find_channel(call, RIGHT_SEND, &channel);
    if (error != E_OK)
        return error;
    if (channel_withdraw_all(channel)) {
        call->result = 1;
        return E_OK;
    }
    struct thread *holder = channel->peer != NULL ? handle_holder(&channel->peer->object) : NULL;
    if (holder == NULL)
        return E_NOT_FOUND;
    struct instance *server = instance_of_thread(holder);
    return instance_cancel(server, channel, instance_cancel_grace(server)) ? E_OK : E_NOT_FOUND;
}
