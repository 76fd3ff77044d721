#include <kernel/object/channel.h>
#include <kernel/object/port.h>
#include <kernel/sched/lock.h>

static void free_end(struct channel *channel)
{
    if (channel == NULL)
        return;
    account_refund(channel->account, channel->charged);
    port_free(channel->wanted_port);
    port_free(channel->queue_apart);
    port_free(channel);
}

static size_t buffer_stride(uint32_t buffer_size)
{
    return (buffer_size + 15u) & ~(size_t)15u;
}

static size_t queue_size(uint32_t num_buffers, uint32_t buffer_size)
{
    return num_buffers * (sizeof(struct message) + buffer_stride(buffer_size));
}

/* Memory that this account pays for. NULL: none, or it has had enough. */
static void *charged_alloc(struct account *account, size_t size)
{
    if (!account_charge(account, size))
        return NULL;
    void *memory = port_alloc(size);
    if (memory == NULL)
        account_refund(account, size);
    return memory;
}

/* An end without a queue, and `more` bytes behind it. */
static struct channel *create_bare_end(struct account *account, size_t more)
{
    struct channel *channel = charged_alloc(account, sizeof(*channel) + more);
    if (channel == NULL)
        return NULL;
    object_init(&channel->object, OBJECT_CHANNEL);
    list_init(&channel->queue);
    list_init(&channel->pending_link);
    channel->account = account;
    channel->charged = sizeof(*channel) + more;
    channel->next_id = 1;
    return channel;
}

/* `memory` becomes the queue. */
static void put_queue(struct channel *channel, void *memory, uint32_t num_buffers,
                      uint32_t buffer_size)
{
    struct message *messages = memory;
    channel->messages = messages;
    channel->num_buffers = num_buffers;
    channel->buffer_size = buffer_size;
    uint8_t *data = (uint8_t *)&messages[num_buffers];
    for (uint32_t i = 0; i < num_buffers; i++) {
        list_init(&messages[i].link);
        messages[i].data = data + i * buffer_stride(buffer_size);
    }
}

static bool give_queue(struct channel *channel, uint32_t num_buffers, uint32_t buffer_size)
{
    size_t size = queue_size(num_buffers, buffer_size);
    channel->queue_apart = charged_alloc(channel->account, size);
    if (channel->queue_apart == NULL)
        return false;
    channel->charged += size;
    put_queue(channel, channel->queue_apart, num_buffers, buffer_size);
    return true;
}

/* An end with its queue, in one piece. */
static struct channel *create_end(struct account *account, uint32_t num_buffers,
                                  uint32_t buffer_size)
{
    struct channel *channel = create_bare_end(account, queue_size(num_buffers, buffer_size));
    if (channel != NULL)
        put_queue(channel, channel + 1, num_buffers, buffer_size);
    return channel;
}

enum error channel_create_pair(struct account *account, uint32_t num_buffers, uint32_t buffer_size,
                               struct channel **client, struct channel **server)
{
    *client = create_end(account, num_buffers, buffer_size);
    *server = create_end(account, num_buffers, buffer_size);
    if (*client == NULL || *server == NULL) {
        free_end(*client);
        free_end(*server);
        return E_NO_MEMORY;
    }
    (*client)->peer = *server;
    (*server)->peer = *client;
    (*server)->is_server = true;
    return E_OK;
}

enum error channel_create_waiting(struct account *account, const char *path, size_t path_length,
                                  struct channel **client)
{
    struct channel *channel = create_bare_end(account, 0);
    char *copy = port_alloc(path_length);
    if (channel == NULL || copy == NULL) {
        free_end(channel);
        port_free(copy);
        return E_NO_MEMORY;
    }
    __builtin_memcpy(copy, path, path_length);
    channel->wanted_port = copy;
    channel->wanted_length = path_length;
    channel->state = CHANNEL_WAITING;
    *client = channel;
    return E_OK;
}

enum error channel_connect_waiting(struct channel *client, uint32_t num_buffers,
                                   uint32_t buffer_size, struct channel **server)
{
    list_remove(&client->pending_link);
    *server = create_end(client->account, num_buffers, buffer_size);
    if (*server == NULL || !give_queue(client, num_buffers, buffer_size)) {
        free_end(*server);
        channel_fail_waiting(client);
        return E_NO_MEMORY;
    }
    client->peer = *server;
    client->state = CHANNEL_CONNECTING;
    (*server)->peer = client;
    (*server)->is_server = true;
    return E_OK;
}

void channel_fail_waiting(struct channel *client)
{
    list_remove(&client->pending_link);
    client->state = CHANNEL_SHUT;
    object_notify(&client->object);
}

void channel_accepted(struct channel *server)
{
    server->state = CHANNEL_CONNECTED;
    if (server->peer == NULL)
        return;
    server->peer->state = CHANNEL_CONNECTED;
    server->peer->ready = true;
    object_notify(&server->peer->object);
}

static struct message *free_buffer(struct channel *channel)
{
    for (uint32_t i = 0; i < channel->num_buffers; i++)
        if (channel->messages[i].state == MESSAGE_FREE)
            return &channel->messages[i];
    return NULL;
}

uint32_t channel_room(const struct channel *channel, uint32_t *buffer_size)
{
    uint32_t room = 0;
    if (channel->peer == NULL || channel->state != CHANNEL_CONNECTED)
        return 0;
    *buffer_size = channel->peer->buffer_size;
    for (uint32_t i = 0; i < channel->peer->num_buffers; i++)
        room += channel->peer->messages[i].state == MESSAGE_FREE;
    return room;
}

inline enum error channel_reserve(struct channel *channel, uint32_t length, bool early,
                                  struct message **message, uint32_t *taken)
{
    if (channel->state == CHANNEL_WAITING)
        return E_NOT_READY;
    if (channel->peer == NULL)
        return E_CLOSED;
    if (channel->state != CHANNEL_CONNECTED && !early)
        return E_NOT_READY;
    *message = free_buffer(channel->peer);
    if (*message == NULL) {
        channel->refused = true;
        return E_QUEUE_FULL;
    }
    *taken = length < channel->peer->buffer_size ? length : channel->peer->buffer_size;
    return E_OK;
}

enum error channel_may_carry(const struct channel *channel, struct object *object)
{
    if (object->kind == OBJECT_MEMORY)
        return E_OK;
    if (object->kind != OBJECT_CHANNEL)
        return E_NOT_ALLOWED;
    const struct channel *carried = channel_of(object);
    return carried == channel->peer || carried->carried > 0 ? E_NOT_ALLOWED : E_OK;
}

inline uint32_t channel_send(struct channel *channel, struct message *message, uint32_t length,
                             const struct channel_cargo *cargo, uint32_t num_cargo)
{
    struct channel *peer = channel->peer;
    message->state = MESSAGE_QUEUED;
    message->length = length;
    message->num_objects = num_cargo;
    peer->carried += num_cargo;
    for (uint32_t i = 0; i < num_cargo; i++) {
        message->objects[i] = cargo[i].object;
        message->rights[i] = cargo[i].rights;
        object_open(cargo[i].object);
    }
    const uint32_t id = peer->next_id;
    message->id = id;
    peer->next_id = id == UINT32_MAX ? 1 : id + 1;
    list_append(&peer->queue, &message->link);
    object_notify(&peer->object);
    return id;
}

inline enum error channel_get(struct channel *channel, struct message **message)
{
    struct list *link = list_take_first(&channel->queue);
    if (link != NULL) {
        *message = LIST_OF(link, struct message, link);
        (*message)->state = MESSAGE_OPEN;
        return E_OK;
    }
    if (channel->state == CHANNEL_SHUT)
        return E_CLOSED;
    return channel->state == CHANNEL_CONNECTED ? E_NO_MESSAGE : E_NOT_READY;
}

enum error channel_find(struct channel *channel, uint32_t id, struct message **message)
{
    for (uint32_t i = 0; i < channel->num_buffers; i++) {
        *message = &channel->messages[i];
        if ((*message)->state == MESSAGE_OPEN && (*message)->id == id)
            return E_OK;
    }
    return E_INVALID;
}

/* Closes the handles in a message whose buffer is free already. */
static void drop_cargo(struct channel *channel, struct message *message)
{
    uint32_t num_objects = message->num_objects;
    message->num_objects = 0;
    channel->carried -= num_objects;
    for (uint32_t i = 0; i < num_objects; i++) {
        struct object *object = message->objects[i];
        message->objects[i] = NULL;
        object_close(object);
    }
}

inline void channel_put(struct channel *channel, struct message *message)
{
    list_remove(&message->link);
    message->state = MESSAGE_FREE;
    struct channel *sender = channel->peer;
    if (sender != NULL && sender->refused) {
        sender->refused = false;
        sender->send_unblocked = true;
        object_notify(&sender->object);
    }
    if (message->num_objects != 0)
        drop_cargo(channel, message);
}

bool channel_withdraw_all(struct channel *channel)
{
    struct channel *peer = channel->peer;
    if (peer == NULL || list_empty(&peer->queue))
        return false;
    LIST_FOR_EACH (link, &peer->queue)
        channel_put(peer, LIST_OF(link, struct message, link));
    return true;
}

void channel_shut(struct object *object)
{
    struct channel *channel = channel_of(object);
    struct channel *peer = channel->peer;
    channel->shut = true;
    if (channel->state == CHANNEL_WAITING)
        list_remove(&channel->pending_link);
    channel->peer = NULL;
    channel->state = CHANNEL_SHUT;
    if (peer != NULL) {
        peer->peer = NULL;
        peer->state = CHANNEL_SHUT;
        peer->refused = false;
        peer->send_unblocked = false;
    }
    port_object_connection_ended(channel, peer);
    for (uint32_t i = 0; i < channel->num_buffers; i++)
        if (channel->messages[i].state != MESSAGE_FREE)
            channel_put(channel, &channel->messages[i]);
    if (peer != NULL)
        object_notify(&peer->object);
}

void channel_free(struct object *object)
{
    free_end(channel_of(object));
}

inline uint32_t channel_events(struct object *object)
{
    struct channel *channel = channel_of(object);
    uint32_t events = 0;
    if (channel->ready)
        events |= SYS_EVENT_READY;
    if (channel->send_unblocked)
        events |= SYS_EVENT_SEND_UNBLOCKED;
    if (!list_empty(&channel->queue))
        events |= SYS_EVENT_MSG;
    if (channel->peer == NULL && channel->state != CHANNEL_WAITING)
        events |= SYS_EVENT_HUP;
    return events;
}

void channel_delivered(struct object *object, uint32_t events)
{
    struct channel *channel = channel_of(object);
    if ((events & SYS_EVENT_READY) != 0)
        channel->ready = false;
    if ((events & SYS_EVENT_SEND_UNBLOCKED) != 0)
        channel->send_unblocked = false;
}
