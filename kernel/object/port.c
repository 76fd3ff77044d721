#include <kernel/object/port.h>
#include <kernel/sched/lock.h>

#define BUFFERS_MAX 32u
/* So many clients that gave up are told of, one by one; nobody wants to know of more. */
#define GONE_MAX 64u

static struct list named;
static struct list newcomers; /* watches to be told of new ports */
static struct list waiting;   /* clients' ends of channels to ports that do not exist yet */

void port_object_start_all(void)
{
    list_init(&named);
    list_init(&newcomers);
    list_init(&waiting);
}

void port_object_watch_new(struct watch *watch, void (*notify)(struct watch *))
{
    watch->notify = notify;
    list_append(&newcomers, &watch->link);
}

static void tell_watchers(void)
{
    LIST_FOR_EACH (link, &newcomers) {
        struct watch *watch = LIST_OF(link, struct watch, link);
        watch->notify(watch);
    }
}

static bool path_is(const struct port_object *port, const char *path, size_t path_length)
{
    for (size_t i = 0; i < path_length; i++)
        if (port->path[i] != path[i] || path[i] == '\0')
            return false;
    return port->path[path_length] == '\0';
}

struct port_object *port_object_find(const char *path, size_t path_length)
{
    if (path_length >= SYS_PATH_MAX)
        return NULL;
    LIST_FOR_EACH (link, &named) {
        struct port_object *port = LIST_OF(link, struct port_object, link);
        if (path_is(port, path, path_length))
            return port;
    }
    return NULL;
}

bool port_object_config_valid(const struct port_config *config)
{
    if (config->num_buffers == 0 || config->num_buffers > BUFFERS_MAX)
        return false;
    if (config->buffer_size == 0 || config->buffer_size > SYS_MSG_MAX)
        return false;
    if ((config->flags & ~(SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS)) != 0)
        return false;
    if (config->path == NULL)
        return true;
    if (config->path_length == 0 || config->path_length >= SYS_PATH_MAX)
        return false;
    for (size_t i = 0; i < config->path_length; i++)
        if (config->path[i] == '\0')
            return false;
    return true;
}

static void connect_waiting(struct port_object *port);

enum error port_object_create(const struct port_config *config, struct port_object **out)
{
    if (!port_object_config_valid(config))
        return E_INVALID;
    if (config->path != NULL && port_object_find(config->path, config->path_length) != NULL)
        return E_EXISTS;
    struct port_object *port = port_alloc(sizeof(*port));
    if (port == NULL)
        return E_NO_MEMORY;
    object_init(&port->object, OBJECT_PORT);
    list_init(&port->link);
    list_init(&port->pending);
    port->flags = config->flags;
    port->num_buffers = config->num_buffers;
    port->buffer_size = config->buffer_size;
    for (size_t i = 0; i < sizeof(port->owner_uuid); i++)
        port->owner_uuid[i] = config->owner_uuid[i];
    if (config->path != NULL) {
        for (size_t i = 0; i < config->path_length; i++)
            port->path[i] = config->path[i];
        list_append(&named, &port->link);
        tell_watchers();
        connect_waiting(port);
    }
    *out = port;
    return E_OK;
}

static void set_uuid(uint8_t out[16], const uint8_t uuid[16])
{
    __builtin_memcpy(out, uuid, 16);
}

/* The new server's end, which has one reference, waits to be accepted. */
static void make_pending(struct port_object *port, struct channel *server,
                         const uint8_t client_uuid[16])
{
    set_uuid(server->peer_uuid, client_uuid);
    set_uuid(server->peer->peer_uuid, port->owner_uuid);
    server->port = port;
    object_get(&port->object);
    port->connections++;
    object_open(&server->object); /* the pending list's handle */
    object_put(&server->object);
    list_append(&port->pending, &server->pending_link);
    object_notify(&port->object);
}

enum error port_object_connect(struct port_object *port, struct account *account,
                               const uint8_t client_uuid[16], struct channel **client)
{
    struct channel *server = NULL;
    if (port->shut)
        return E_CLOSED;
    enum error error =
        channel_create_pair(account, port->num_buffers, port->buffer_size, client, &server);
    if (error != E_OK)
        return error;
    object_open(&(*client)->object);
    object_put(&(*client)->object);
    make_pending(port, server, client_uuid);
    return E_OK;
}

enum error port_object_connect_later(const char *path, size_t path_length, struct account *account,
                                     const uint8_t client_uuid[16], const void *of,
                                     struct channel **client)
{
    enum error error = channel_create_waiting(account, path, path_length, client);
    if (error != E_OK)
        return error;
    /* Until it is connected, who is at the other end is who will be told of it. */
    set_uuid((*client)->peer_uuid, client_uuid);
    (*client)->wanted_of = of;
    object_open(&(*client)->object);
    object_put(&(*client)->object);
    list_append(&waiting, &(*client)->pending_link);
    return E_OK;
}

/* Connects those who waited for this port. */
static void connect_waiting(struct port_object *port)
{
    LIST_FOR_EACH (link, &waiting) {
        struct channel *client = LIST_OF(link, struct channel, pending_link);
        struct channel *server = NULL;
        uint8_t client_uuid[16];
        if (!path_is(port, client->wanted_port, client->wanted_length))
            continue;
        set_uuid(client_uuid, client->peer_uuid);
        if ((port->flags & SYS_PORT_ALLOW_TA) == 0)
            channel_fail_waiting(client);
        else if (channel_connect_waiting(client, port->num_buffers, port->buffer_size, &server) ==
                 E_OK)
            make_pending(port, server, client_uuid);
    }
}

void port_object_give_up(const void *who)
{
    LIST_FOR_EACH (link, &waiting) {
        struct channel *client = LIST_OF(link, struct channel, pending_link);
        if (client->wanted_of == who)
            channel_fail_waiting(client);
    }
    tell_watchers();
}

enum error port_object_accept(struct port_object *port, struct channel **server)
{
    if (port->gone > 0) {
        port->gone--;
        return E_CLOSED;
    }
    struct list *link = list_take_first(&port->pending);
    if (link == NULL)
        return E_NO_MESSAGE;
    *server = LIST_OF(link, struct channel, pending_link);
    return E_OK;
}

uint32_t port_object_pending(const struct port_object *port)
{
    uint32_t count = 0;
    for (const struct list *link = port->pending.next; link != &port->pending; link = link->next)
        count++;
    return count;
}

void port_object_refuse_all(struct port_object *port)
{
    port->gone = 0;
    for (struct list *link = list_take_first(&port->pending); link != NULL;
         link = list_take_first(&port->pending))
        object_close(&LIST_OF(link, struct channel, pending_link)->object);
}

/* The client of a connection that was not accepted hung up. Nothing of it stays but that it was there:
 * else clients could fill the memory of the kernel, whose service does not accept. */
static void drop_pending(struct port_object *port, struct channel *server)
{
    if (port->gone < GONE_MAX)
        port->gone++;
    list_remove(&server->pending_link);
    object_close(&server->object);
}

void port_object_connection_ended(struct channel *channel, struct channel *peer)
{
    struct channel *server = channel->is_server ? channel : peer;
    if (peer != NULL && server->port != NULL) {
        server->port->connections--;
        if (peer == server && !list_empty(&server->pending_link))
            drop_pending(server->port, server);
    }
    if (channel->is_server && channel->port != NULL) {
        struct port_object *port = channel->port;
        channel->port = NULL;
        object_put(&port->object);
    }
}

void port_object_shut(struct object *object)
{
    struct port_object *port = port_object_of(object);
    port->shut = true;
    list_remove(&port->link);
    port_object_refuse_all(port);
}

void port_object_free(struct object *object)
{
    port_free(port_object_of(object));
}

uint32_t port_object_events(struct object *object)
{
    const struct port_object *port = port_object_of(object);
    return list_empty(&port->pending) && port->gone == 0 ? 0 : SYS_EVENT_READY;
}
