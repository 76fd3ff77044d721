/*
 * An app's handle table: the only way by which it reaches kernel objects. A handle is (object,
 * rights, cookie) in one of 64 slots; its number is the slot plus SYS_HANDLE_BASE. Sessions that
 * SYS_RECEIVE accepted have slots of their own, made as they are needed, from SYS_SESSION_BASE on:
 * an app may serve more sessions than it may hold handles. One look-up checks range, liveness, kind
 * and right.
 *
 * Handles on which something happened stand in a list until they are found quiet, so that finding
 * what is ready costs the same with one handle and with thousands.
 */
#ifndef POSTERN_KERNEL_OBJECT_HANDLE_H
#define POSTERN_KERNEL_OBJECT_HANDLE_H

#include <abi/syscall.h>
#include <kernel/object/object.h>
#include <lib/error.h>

struct thread;

#define RIGHT_WAIT 0x1u
#define RIGHT_SEND 0x2u       /* channel */
#define RIGHT_RECEIVE 0x4u    /* channel */
#define RIGHT_ACCEPT 0x8u     /* port */
#define RIGHT_CONTROL 0x10u   /* set */
#define RIGHT_MAP_READ 0x20u  /* memory */
#define RIGHT_MAP_WRITE 0x40u /* memory */
#define RIGHT_TRANSFER 0x80u  /* may travel in a message */

#define RIGHTS_PORT (RIGHT_WAIT | RIGHT_ACCEPT)
#define RIGHTS_CHANNEL (RIGHT_WAIT | RIGHT_SEND | RIGHT_RECEIVE | RIGHT_TRANSFER)
/* A session stays with the app that it was opened at: its client waits for that one, and cancels it. */
#define RIGHTS_SESSION (RIGHTS_CHANNEL & ~RIGHT_TRANSFER)
#define RIGHTS_SET (RIGHT_WAIT | RIGHT_CONTROL)
#define RIGHTS_MEMORY (RIGHT_MAP_READ | RIGHT_MAP_WRITE | RIGHT_TRANSFER)

struct handle_table;

struct handle {
    struct object *object; /* NULL: a free slot */
    uint32_t rights;
    uint32_t id;
    uint64_t cookie;
    struct watch watch;
    struct list members;    /* the set members that stand for it */
    struct list ready_link; /* among the handles to be looked at, or among the free sessions */
    struct handle_table *table;
};

#define HANDLE_CHUNK 64u /* session slots that are made at once */

enum handle_wait {
    HANDLE_WAIT_NONE,
    HANDLE_WAIT_ONE,
    HANDLE_WAIT_ANY,
};

struct handle_table {
    struct thread *thread; /* woken when something happens that it waits for */
    enum handle_wait waiting;
    const struct object *waits_for; /* HANDLE_WAIT_ONE */
    uint32_t num_open;
    uint32_t num_members; /* of sets, that stand for them */
    struct list ready;    /* something may hold on them */
    struct handle slots[SYS_HANDLES_MAX];
    struct list free_sessions;
    uint32_t num_chunks;
    struct handle *chunks[SYS_SESSIONS_MAX / HANDLE_CHUNK];
};

void handle_table_init(struct handle_table *table, struct thread *thread);
void handle_table_close_all(struct handle_table *table);

/* A new handle in the lowest free slot; opens the object. E_NO_RESOURCES. */
enum error handle_install(struct handle_table *table, struct object *object, uint32_t rights,
                          struct handle **out) MUST_CHECK;
/* The same in a session's slot. E_NO_RESOURCES, E_NO_MEMORY. */
enum error handle_install_session(struct handle_table *table, struct object *object,
                                  uint32_t rights, struct handle **out) MUST_CHECK;
/* Sees to it that so many sessions find a slot. E_NO_RESOURCES, E_NO_MEMORY. */
enum error handle_reserve_sessions(struct handle_table *table, uint32_t count) MUST_CHECK;
bool handle_table_full(const struct handle_table *table);
uint32_t handle_table_free(const struct handle_table *table); /* slots that are not sessions' */
/* Whether something with RIGHT_WAIT is open. */
bool handle_table_waitable(const struct handle_table *table);
/* E_BAD_HANDLE: outside the range; E_NOT_FOUND: not open. */
enum error handle_find(struct handle_table *table, uint64_t id, struct handle **out) MUST_CHECK;
/* Also E_INVALID: another kind of object; E_ACCESS_DENIED: without the right. */
enum error handle_find_kind(struct handle_table *table, uint64_t id, enum object_kind kind,
                            uint32_t right, struct handle **out) MUST_CHECK;
void handle_close(struct handle *handle);

/* All slots are free again: gives back what sessions took. */
void handle_table_free_chunks(struct handle_table *table);
/* Finds a handle on which something holds, fairly; only among sessions and handles to the port
 * `sessions_of` when that is not NULL. NULL: none. */
struct handle *handle_table_ready(struct handle_table *table, const struct object *sessions_of,
                                  uint32_t *events);
/* Whether nothing holds on any other handle of the table than this one, on which something does. */
bool handle_is_ready_alone(const struct handle *handle);
/* What held on it was delivered: it is not looked at again until something happens. */
void handle_settle(struct handle *handle);
/* The thread of an app that holds a handle to the object; NULL: none does. */
struct thread *handle_holder(const struct object *object);
bool handle_table_empty(const struct handle_table *table);

#endif
