/*
 * Channels: two ends, each with a queue of messages that it receives. The buffers of both queues are
 * allocated when the connection is made, so that sending never runs out of memory; a queue that has
 * no free buffer refuses (E_QUEUE_FULL) and tells the sender once (SEND_UNBLOCKED) when one is put
 * back.
 *
 * An end is shut when its last handle goes. The other end then hangs up (HUP), and what was queued
 * there can still be read.
 */
#ifndef POSTERN_KERNEL_OBJECT_CHANNEL_H
#define POSTERN_KERNEL_OBJECT_CHANNEL_H

#include <abi/syscall.h>
#include <kernel/object/account.h>
#include <kernel/object/object.h>
#include <lib/error.h>
#include <stdbool.h>

enum message_state {
    MESSAGE_FREE,
    MESSAGE_QUEUED, /* sent, not taken */
    MESSAGE_OPEN,   /* taken by get, until put */
};

struct message {
    struct list link; /* in the queue of its end */
    enum message_state state;
    uint32_t id; /* unique among the messages of its end for a long time */
    uint32_t length;
    uint32_t num_objects;
    struct object *objects[SYS_MSG_OBJECTS_MAX]; /* a handle each */
    uint32_t rights[SYS_MSG_OBJECTS_MAX];        /* what the receiver gets on each */
    uint8_t *data;                               /* buffer_size bytes */
};

enum channel_state {
    CHANNEL_CONNECTING, /* the server has not accepted */
    CHANNEL_CONNECTED,
    CHANNEL_SHUT,    /* the other end is gone */
    CHANNEL_WAITING, /* a client's end: its port does not exist yet, so there is no other end */
};

struct channel {
    struct object object;
    enum channel_state state;
    struct channel *peer; /* NULL once it is gone */
    bool is_server;
    bool shut;                /* this end's last handle is gone */
    bool ready;               /* READY is to be delivered */
    bool refused;             /* a send was refused since the last SEND_UNBLOCKED */
    bool send_unblocked;      /* SEND_UNBLOCKED is to be delivered */
    uint8_t peer_uuid[16];    /* who is at the other end: an app, or zeros */
    struct list pending_link; /* server's end: among its port's pending connections; client's:
                                 among those that wait for a port */
    char *wanted_port;        /* owned: the port that it waited for; NULL: it did not */
    size_t wanted_length;
    const void
        *wanted_of; /* WAITING: who is expected to make that port; NULL: anybody, some time */
    struct port_object *port; /* server's end, a reference: where it was connected to */
    struct list queue;        /* messages to this end, oldest first: QUEUED, then none else */
    uint32_t buffer_size;
    uint32_t num_buffers;
    uint32_t next_id;
    uint32_t carried;        /* objects in messages to this end */
    struct account *account; /* who pays for this end's memory */
    uint64_t charged;
    struct message *messages; /* num_buffers of them, right behind this structure */
    void *queue_apart;        /* owned: where they are instead; NULL: they are not */
};

_Static_assert(sizeof(struct channel) % 8 == 0, "a queue follows it");

/*
 * A connected pair in the state CONNECTING, one reference and no handle each. `account` pays.
 * E_NO_MEMORY, also when the account is used up.
 */
enum error channel_create_pair(struct account *account, uint32_t num_buffers, uint32_t buffer_size,
                               struct channel **client, struct channel **server) MUST_CHECK;
/* A client's end in the state WAITING; likewise. It has no queue yet. E_NO_MEMORY. */
enum error channel_create_waiting(struct account *account, const char *path, size_t path_length,
                                  struct channel **client) MUST_CHECK;
/* Its port is there: makes the other end, one reference and no handle. E_NO_MEMORY: the client hangs
 * up. */
enum error channel_connect_waiting(struct channel *client, uint32_t num_buffers,
                                   uint32_t buffer_size, struct channel **server) MUST_CHECK;
/* Its port is there, but not for it: the client hangs up. */
void channel_fail_waiting(struct channel *client);
/* The server's end has been accepted: both are connected. */
void channel_accepted(struct channel *server);

/* A free buffer of the receiver, for `length` bytes cut to its size (*taken): write them to
 * message->data, then send. E_NOT_READY, E_CLOSED, E_QUEUE_FULL (and remembers the refusal).
 * A gate may send before the server accepted (`early`). */
enum error channel_reserve(struct channel *channel, uint32_t length, bool early,
                           struct message **message, uint32_t *taken) MUST_CHECK;
/*
 * Whether `object` may travel in a message on `channel`. Sets and ports never do. A channel does not
 * travel in its own queue, nor while messages in its queue carry objects: so no ring of channels
 * that only each other's queues hold can come about, which nobody could ever close. E_NOT_ALLOWED.
 */
enum error channel_may_carry(const struct channel *channel, struct object *object) MUST_CHECK;
/* An object on its way into a message. */
struct channel_cargo {
    struct object *object;
    uint32_t rights; /* RIGHT_* that the receiver's handle gets */
};
/* Sends what was reserved, with handles to the cargo's objects (this takes its own). Nothing else
 * happened to the channel in between. Answers the message's id. */
uint32_t channel_send(struct channel *channel, struct message *message, uint32_t length,
                      const struct channel_cargo *cargo, uint32_t num_cargo);

/* Messages that the other end has room for, and the size of its buffers; 0 when one cannot send. */
uint32_t channel_room(const struct channel *channel, uint32_t *buffer_size);

/* The oldest message that was not taken. E_NO_MESSAGE; E_CLOSED when none can come any more;
 * E_NOT_READY before the connection is made. */
enum error channel_get(struct channel *channel, struct message **message) MUST_CHECK;
/* A message that was taken and not put. E_INVALID. */
enum error channel_find(struct channel *channel, uint32_t id, struct message **message) MUST_CHECK;
/* Gives the buffer back and closes the handles in it. */
void channel_put(struct channel *channel, struct message *message);
/* Takes back every message that the receiver has not taken. False: there was none. */
bool channel_withdraw_all(struct channel *channel);

static inline struct channel *channel_of(struct object *object)
{
    return LIST_OF(object, struct channel, object);
}

/* For object.c. */
void channel_shut(struct object *object);
void channel_free(struct object *object);
uint32_t channel_events(struct object *object);
void channel_delivered(struct object *object, uint32_t events);

#endif
