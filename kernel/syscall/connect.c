#include <kernel/syscall/call.h>
#include <lib/uuid.h>

/*
 * Connecting to a port. While the server has not accepted, the client's end lies in
 * instance->connecting, and the call is started again when something happens to it.
 */

static void wake_waiter(struct watch *watch)
{
    thread_wake(&LIST_OF(watch, struct instance, wait_watch)->thread);
}

static enum error install(struct call *call, struct channel *channel)
{
    struct handle *handle = NULL;
    enum error error =
        handle_install(&call->instance->handles, &channel->object, RIGHTS_CHANNEL, &handle);
    if (error == E_OK)
        call->result = handle->id;
    return error;
}

/* The connection was made earlier: is it accepted now? */
static enum error go_on(struct call *call)
{
    struct channel *channel = call->instance->connecting;
    if (channel->state == CHANNEL_CONNECTING)
        return call_block(call, call->arg[2], 0);
    if (channel->state == CHANNEL_SHUT && list_empty(&channel->queue))
        return E_CLOSED;
    channel->ready = false;
    return install(call, channel);
}

static enum error connect_app(struct call *call, const uint8_t uuid[16], struct channel **channel)
{
    struct instance *served = NULL;
    struct app_caller caller = {
        .uuid = call->instance->app->uuid,
        .account = call->instance->account,
    };
    enum error error = app_connect(uuid, &caller, call->lock, channel, &served);
    if (error == E_OK)
        instance_put(served);
    return error;
}

/* There is no such port yet: starts the app that makes it, once. E_OK: it is worth waiting. */
static enum error start_app(struct call *call, const char *path, size_t length)
{
    struct instance *instance = call->instance;
    bool waits = (call->arg[1] & SYS_CONNECT_WAIT_FOR_PORT) != 0;
    if (instance->starting != NULL)
        return waits || instance_alive(instance->starting) ? E_OK : E_NOT_FOUND;
    if (instance->wait_watch.link.next != &instance->wait_watch.link)
        return E_OK; /* started again for a port that appears some time */
    enum error error =
        app_start_for_port(path, length, SYS_PORT_ALLOW_TA, call->lock, &instance->starting);
    return error == E_NOT_FOUND && waits ? E_OK : error;
}

static enum error connect_port(struct call *call, const char *path, size_t length,
                               struct channel **channel)
{
    struct instance *instance = call->instance;
    struct port_object *port = port_object_find(path, length);
    if (port == NULL) {
        enum error error = start_app(call, path, length);
        if (error != E_OK)
            return error;
        port = port_object_find(path, length);
    }
    if (port == NULL && (call->arg[1] & SYS_CONNECT_ASYNC) != 0) {
        bool waits = (call->arg[1] & SYS_CONNECT_WAIT_FOR_PORT) != 0;
        return port_object_connect_later(path, length, instance->account, instance->app->uuid,
                                         waits ? NULL : instance->starting, channel);
    }
    if (port == NULL) {
        object_unwatch(&instance->wait_watch);
        port_object_watch_new(&instance->wait_watch, wake_waiter);
        return call_block(call, call->arg[2], 0);
    }
    if ((port->flags & SYS_PORT_ALLOW_TA) == 0)
        return E_ACCESS_DENIED;
    return port_object_connect(port, instance->account, instance->app->uuid, channel);
}

enum error call_connect(struct call *call)
{
    struct instance *instance = call->instance;
    char path[SYS_PATH_MAX];
    uint8_t uuid[UUID_SIZE];
    if (instance->connecting != NULL)
        return go_on(call);
    uint64_t known = SYS_CONNECT_WAIT_FOR_PORT | SYS_CONNECT_ASYNC;
    if (call->arg[0] == 0 || call->arg[0] >= sizeof(path) || (call->arg[1] & ~known) != 0)
        return E_INVALID;
    size_t length = (size_t)call->arg[0];
    __builtin_memcpy(path, call->page->out, length);
    if (handle_table_full(&instance->handles))
        return E_NO_RESOURCES;
    struct channel *channel = NULL;
    enum error error = uuid_parse(path, length, uuid) ? connect_app(call, uuid, &channel)
                                                      : connect_port(call, path, length, &channel);
    if (error != E_OK)
        return error;
    if ((call->arg[1] & SYS_CONNECT_ASYNC) != 0) {
        error = install(call, channel);
        object_close(&channel->object);
        return error;
    }
    instance->connecting = channel;
    object_unwatch(&instance->wait_watch);
    object_watch(&channel->object, &instance->wait_watch, wake_waiter);
    return go_on(call);
}
