/*
 * Ports: named places where an app accepts connections. (The structure is called port_object: "port"
 * alone is the machine below the kernel.)
 *
 * A named port is found by its name by apps and, through a gate, by the normal world. Each instance
 * has one more port of its own that stands in no table: the one that is connected to when somebody
 * asks for the app by its UUID.
 */
#ifndef POSTERN_KERNEL_OBJECT_PORT_H
#define POSTERN_KERNEL_OBJECT_PORT_H

#include <kernel/object/channel.h>

struct port_object {
    struct object object;
    struct list link; /* among the named ports */
    char path[SYS_PATH_MAX];
    uint8_t owner_uuid[16];
    uint32_t flags; /* SYS_PORT_ALLOW_* */
    uint32_t num_buffers;
    uint32_t buffer_size;
    uint32_t connections; /* made and not ended, pending ones included */
    bool shut;
    struct list pending; /* server ends that wait to be accepted, oldest first; a handle each */
    uint32_t gone;       /* clients that hung up while they waited there: accepting tells of each */
};

struct port_config {
    const char *path; /* NULL: not in the table */
    size_t path_length;
    const uint8_t *owner_uuid;
    uint32_t flags;
    uint32_t num_buffers;
    uint32_t buffer_size;
};

void port_object_start_all(void); /* once, at the kernel's start */

/* The counts, sizes, flags and the path, as such. */
bool port_object_config_valid(const struct port_config *config);
/* One reference, no handle. E_INVALID: path empty or too long, counts or sizes out of range,
 * unknown flags; E_EXISTS; E_NO_MEMORY. */
enum error port_object_create(const struct port_config *config,
                              struct port_object **out) MUST_CHECK COLD;
/* The named port; NULL. */
struct port_object *port_object_find(const char *path, size_t path_length);
/* A new connection is pending; *client has one handle, the caller's. `client_uuid`: the connecting
 * app's, or zeros. E_CLOSED: the port is shut; E_NO_MEMORY. */
enum error port_object_connect(struct port_object *port, struct account *account,
                               const uint8_t client_uuid[16], struct channel **client) MUST_CHECK;
/* A connection to a port that does not exist yet: *client has one handle, the caller's, and is
 * connected when such a port is created; hung up when that does not let apps connect, or when `of`,
 * who was to make it, is gone (NULL: anybody may, some time). E_NO_MEMORY. */
enum error port_object_connect_later(const char *path, size_t path_length, struct account *account,
                                     const uint8_t client_uuid[16], const void *of,
                                     struct channel **client) MUST_CHECK;
/* The oldest pending connection's server end, with one handle, the caller's, who says channel_accepted
 * once it has a place for it, or closes it: then the client never was connected. E_NO_MESSAGE: none;
 * E_CLOSED: a client has gone already (that connection is consumed). */
enum error port_object_accept(struct port_object *port, struct channel **server) MUST_CHECK;
/* Tells whenever a named port comes into being; object_unwatch ends it. */
void port_object_watch_new(struct watch *watch, void (*notify)(struct watch *));
/* Somebody of whom a port may have been expected is gone. `who` is compared, and not looked into. */
void port_object_give_up(const void *who);
uint32_t port_object_pending(const struct port_object *port); /* how many wait to be accepted */
/* Drops every pending connection; their clients see the channel closed. */
void port_object_refuse_all(struct port_object *port);

static inline struct port_object *port_object_of(struct object *object)
{
    return LIST_OF(object, struct port_object, object);
}

/* For channel.c: one of a connection's ends was shut; `peer` is NULL for the second one. */
void port_object_connection_ended(struct channel *channel, struct channel *peer);

/* For object.c. */
void port_object_shut(struct object *object);
void port_object_free(struct object *object);
uint32_t port_object_events(struct object *object);

#endif
