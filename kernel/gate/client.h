/*
 * Clients of the GlobalPlatform gate: their sessions, the memory that they share, the packages that
 * they brought along, and the calls of theirs that are under way.
 */
#ifndef POSTERN_KERNEL_GATE_CLIENT_H
#define POSTERN_KERNEL_GATE_CLIENT_H

#include <kernel/app/instance.h>
#include <kernel/sched/thread.h>

#define CLIENT_SESSIONS_MAX 8192u
#define CLIENT_MEMORY_BITS 6u
#define CLIENT_MEMORY_BUCKETS (1u << CLIENT_MEMORY_BITS)
#define CLIENT_EARLY_CANCELS 32u
#define CLIENT_ACCOUNT_BYTES (UINT64_C(16) << 20)

struct gp_session {
    uint32_t id;
    struct instance *instance; /* a reference */
    struct channel *channel;   /* the client's end; a handle */
    bool dead;                 /* the app died: each call answers so */
    struct list calls;         /* in the order in which they came; the first one has the channel */
};

/* A call under way. Lives on its caller's stack. */
struct gp_call_state {
    struct list client_link;
    struct list session_link;
    struct gp_client *client;
    struct gp_session *session; /* NULL while an open is looking for its app */
    uint32_t session_id;        /* as the client named it: 0 for an open */
    uint32_t cancel_id;
    struct donor donor;
    struct watch watch;  /* of the session's channel */
    bool sent;           /* its message is in the channel, or was taken from there */
    bool cancelled;      /* before it was sent, or withdrawn */
    bool closing;        /* a close: not to be cancelled */
    struct timer let_go; /* a close's alone */
};

struct client_slot {
    struct gp_session *session;
    uint32_t generation;
};

struct client_memory {
    struct list link;
    uint64_t cookie;
    struct memory *memory; /* a handle */
    uint64_t first;        /* where in it the client's part begins */
    uint64_t size;         /* of that part */
};

struct client_package {
    struct list link;
    uint8_t uuid[16];
    uint32_t users; /* opens that read it just now */
    bool replaced;
    uint8_t *bytes;
    size_t size;
};

struct gp_client {
    struct account *account;
    bool gone;
    struct list calls;
    struct port_waiter *last_call_ended; /* whoever waits for the calls to end */
    struct client_slot *slots;
    uint32_t num_slots;
    struct list memory[CLIENT_MEMORY_BUCKETS];
    struct list packages; /* oldest first */
    uint32_t num_packages;
    /* The last cancellations that came before their calls (a client uses an id other than 0 once):
     * a call takes its own when it begins. */
    struct {
        uint32_t session;
        uint32_t cancel_id;
    } early[CLIENT_EARLY_CANCELS];
    uint32_t next_early;
    uint64_t early_seen; /* a bit for each, so that most calls need not look for theirs */
};

/* Puts a session into the table and gives it its id. E_NO_MEMORY, E_SESSION_MAXIMUM. */
enum error client_add_session(struct gp_client *client, struct gp_session *session) MUST_CHECK;
struct gp_session *client_find_session(struct gp_client *client, uint32_t id);
void client_remove_session(struct gp_client *client, struct gp_session *session);
struct client_memory *client_find_memory(struct gp_client *client, uint64_t cookie);
/* With one use, which client_package_done gives back. NULL: none for this app. */
struct client_package *client_find_package(struct gp_client *client, const uint8_t uuid[16]);
void client_package_done(struct client_package *package);

/* Closes one session of a client that is gone, or answers a close. */
void gp_close_session(struct gp_client *client, struct gp_session *session, bool gone,
                      struct kernel_lock *lock);
/* Cancels one call; `grace_ns`: how long its app may go on, UINT64_MAX for as its manifest says. */
void gp_cancel_call(struct gp_call_state *call, uint64_t grace_ns);

#endif
