#include <kernel/object/set.h>
#include <kernel/syscall/call.h>
#include <lib/uuid.h>

/* Calls about handles: ports, accepting, waiting, sets. */

enum error call_close(struct call *call)
{
    struct handle *handle = NULL;
    enum error error = handle_find(&call->instance->handles, call->arg[0], &handle);
    if (error != E_OK)
        return error;
    struct channel *serving = call->instance->serving;
    if (serving != NULL && handle->object == &serving->object)
        instance_served(call->instance);
    handle_close(handle);
    return E_OK;
}

enum error call_set_cookie(struct call *call)
{
    struct handle *handle = NULL;
    enum error error = handle_find(&call->instance->handles, call->arg[0], &handle);
    if (error != E_OK)
        return error;
    handle->cookie = call->arg[1];
    return E_OK;
}

static enum error create_service(struct call *call)
{
    struct instance *instance = call->instance;
    struct handle *handle = NULL;
    if (instance->service_open)
        return E_EXISTS;
    enum error error =
        handle_install(&instance->handles, &instance->service->object, RIGHTS_PORT, &handle);
    if (error != E_OK)
        return error;
    instance->service_open = true;
    call->result = handle->id;
    return E_OK;
}

enum error call_port_create(struct call *call)
{
    struct instance *instance = call->instance;
    char path[SYS_PATH_MAX];
    uint8_t uuid[UUID_SIZE];
    if (call->arg[0] == 0 || call->arg[0] >= sizeof(path) || call->arg[1] > UINT32_MAX ||
        call->arg[2] > UINT32_MAX || call->arg[3] > UINT32_MAX)
        return E_INVALID;
    size_t length = (size_t)call->arg[0];
    __builtin_memcpy(path, call->page->out, length);
    struct port_config config = {
        .path = path,
        .path_length = length,
        .owner_uuid = instance->app->uuid,
        .num_buffers = (uint32_t)call->arg[1],
        .buffer_size = (uint32_t)call->arg[2],
        .flags = (uint32_t)call->arg[3],
    };
    if (!port_object_config_valid(&config))
        return E_INVALID;
    if (handle_table_full(&instance->handles))
        return E_NO_RESOURCES;
    if (uuid_parse(path, length, uuid))
        return uuid_equal(uuid, instance->app->uuid) ? create_service(call) : E_ACCESS_DENIED;
    struct port_object *port = NULL;
    struct handle *handle = NULL;
    enum error error = port_object_create(&config, &port);
    if (error != E_OK)
        return error;
    error = handle_install(&instance->handles, &port->object, RIGHTS_PORT, &handle);
    object_put(&port->object);
    if (error != E_OK)
        return error;
    call->result = handle->id;
    return E_OK;
}

enum error call_accept(struct call *call)
{
    struct instance *instance = call->instance;
    struct handle *port = NULL;
    struct handle *handle = NULL;
    struct channel *channel = NULL;
    enum error error =
        handle_find_kind(&instance->handles, call->arg[0], OBJECT_PORT, RIGHT_ACCEPT, &port);
    if (error != E_OK)
        return error;
    error = port_object_accept(port_object_of(port->object), &channel);
    if (error != E_OK)
        return error;
    bool session = instance_is_session(instance, &channel->object);
    error = handle_install(&instance->handles, &channel->object,
                           session ? RIGHTS_SESSION : RIGHTS_CHANNEL, &handle);
    if (error == E_OK) {
        channel_accepted(channel);
        call->result = handle->id;
        __builtin_memcpy(call->page->in, channel->peer_uuid, UUID_SIZE);
    }
    object_close(&channel->object); /* the pending list's handle */
    return error;
}

/* An app that waits before it offered sessions offers none: whoever hopes for one is told. */
static void refuse_sessions_unless_open(struct instance *instance)
{
    if (!instance->service_open)
        port_object_refuse_all(instance->service);
}

void call_report(struct call *call, const struct sys_event *event, struct object *object,
                 uint64_t flags, bool alone)
{
    call->page->event = *event;
    if ((flags & SYS_WAIT_PEEK) != 0)
        posts_peek(call->page, event->handle, object, alone);
    object_delivered(object, event->event);
}

/* A handle that stands for itself: the only one that is waited for. */
static bool report_one(struct call *call, const struct handle *handle, uint64_t flags)
{
    const struct sys_event event = {
        .handle = handle->id, .event = object_events(handle->object), .cookie = handle->cookie};
    if (event.event != 0)
        call_report(call, &event, handle->object, flags, true);
    return event.event != 0;
}

bool call_report_ready(struct call *call, struct handle *handle, uint64_t flags)
{
    struct sys_event event = {0};
    if (handle->object->kind != OBJECT_SET)
        return report_one(call, handle, flags);
    struct set *set = set_of(handle->object);
    struct set_member *member = set_ready(set, &event.event);
    if (member == NULL)
        return false;
    struct object *object = member->handle->object;
    event.handle = member->handle->id;
    event.cookie = member->cookie;
    call_report(call, &event, object, flags,
                posts_shows_many(object, flags) && set_is_ready_alone(set, member));
    return true;
}

enum error call_find_waitable(struct call *call, uint64_t id, struct handle **out)
{
    enum error error = handle_find(&call->instance->handles, id, out);
    if (error != E_OK)
        return error;
    if (((*out)->rights & RIGHT_WAIT) == 0)
        return E_INVALID;
    if ((*out)->object->kind == OBJECT_SET && set_is_empty(set_of((*out)->object)))
        return E_NOT_FOUND;
    return E_OK;
}

enum error call_wait(struct call *call)
{
    struct instance *instance = call->instance;
    struct handle *handle = NULL;
    if ((call->arg[2] & ~(uint64_t)(SYS_WAIT_CANCELLABLE | SYS_WAIT_PEEK)) != 0)
        return E_INVALID;
    enum error error = call_find_waitable(call, call->arg[0], &handle);
    if (error != E_OK)
        return error;
    if (call_report_ready(call, handle, call->arg[2]))
        return E_OK;
    instance->handles.waiting = HANDLE_WAIT_ONE;
    instance->handles.waits_for = handle->object;
    refuse_sessions_unless_open(instance);
    return call_block(call, call->arg[1], call->arg[2]);
}

enum error call_wait_any(struct call *call)
{
    struct instance *instance = call->instance;
    uint32_t events = 0;
    if ((call->arg[1] & ~(uint64_t)(SYS_WAIT_CANCELLABLE | SYS_WAIT_PEEK)) != 0)
        return E_INVALID;
    if (!handle_table_waitable(&instance->handles))
        return E_NOT_FOUND;
    struct handle *handle = handle_table_ready(&instance->handles, NULL, &events);
    if (handle != NULL) {
        const struct sys_event event = {
            .handle = handle->id, .event = events, .cookie = handle->cookie};
        call_report(call, &event, handle->object, call->arg[1],
                    posts_shows_many(handle->object, call->arg[1]) &&
                        handle_is_ready_alone(handle));
        return E_OK;
    }
    instance->handles.waiting = HANDLE_WAIT_ANY;
    refuse_sessions_unless_open(instance);
    return call_block(call, call->arg[0], call->arg[1]);
}

enum error call_hset_create(struct call *call)
{
    struct set *set = NULL;
    struct handle *handle = NULL;
    if (handle_table_full(&call->instance->handles))
        return E_NO_RESOURCES;
    enum error error = set_create(&set);
    if (error != E_OK)
        return error;
    error = handle_install(&call->instance->handles, &set->object, RIGHTS_SET, &handle);
    object_put(&set->object);
    if (error != E_OK)
        return error;
    call->result = handle->id;
    return E_OK;
}

enum error call_hset_ctrl(struct call *call)
{
    struct handle_table *table = &call->instance->handles;
    struct handle *set_handle = NULL;
    struct handle *handle = NULL;
    enum error error =
        handle_find_kind(table, call->arg[0], OBJECT_SET, RIGHT_CONTROL, &set_handle);
    if (error != E_OK)
        return error;
    error = handle_find(table, call->arg[2], &handle);
    if (error != E_OK)
        return error;
    if ((handle->rights & RIGHT_WAIT) == 0 || call->arg[3] > UINT32_MAX)
        return E_INVALID;
    struct set *set = set_of(set_handle->object);
    switch (call->arg[1]) {
    case SYS_HSET_ADD:
        return set_add(set, handle, (uint32_t)call->arg[3], call->arg[4]);
    case SYS_HSET_DEL:
        return set_remove(set, handle);
    case SYS_HSET_MOD:
        return set_modify(set, handle, (uint32_t)call->arg[3], call->arg[4]);
    default:
        return E_INVALID;
    }
}
