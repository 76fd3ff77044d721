/*
 * A running app: one thread, one handle table, one address space, and the call that it is serving.
 *
 * It ends by its own will (exit), by a fault or a panic, or because the kernel ends it; always in
 * instance_end, on the processor that runs its thread. Others only ask for it (instance_kill).
 */
#ifndef POSTERN_KERNEL_APP_INSTANCE_H
#define POSTERN_KERNEL_APP_INSTANCE_H

#include <kernel/app/app.h>
#include <kernel/app/key.h>
#include <kernel/object/handle.h>
#include <kernel/object/memory.h>
#include <kernel/object/port.h>
#include <kernel/sched/log.h>
#include <kernel/sched/thread.h>
#include <kernel/sched/timer.h>

#define INSTANCE_SERVICE_BUFFER 128u            /* bytes of a message on an app's own port */
#define INSTANCE_LET_GO_NS UINT64_C(5000000000) /* until an app that must let go is ended */

struct instance {
    struct thread thread;
    struct list app_link; /* among its app's instances */
    struct list ending_link;
    struct refcount references;
    struct app *app;
    struct port_app *port_app;
    uint32_t number;         /* tells instances apart in the log */
    bool dying;              /* instance_end ran: the app is gone, only references are left */
    const char *kill_reason; /* it is being ended, and why */
    bool retired;            /* it is about to end by its own will: takes no more sessions */
    struct account *account;
    struct handle_table handles;
    struct port_object *service; /* its own port; a handle */
    bool service_open;           /* the app has created it, too */
    uint32_t sessions;

    /* The call that it serves: from the message's delivery until its reply. */
    struct channel *serving; /* its end; a reference; NULL: none */
    uint64_t transaction;    /* counts them */
    uint64_t overlooked;     /* transaction + 1 when it did not look at a close in time; 0: never */
    bool cancelled;
    struct mapping *lent[SYS_MSG_OBJECTS_MAX]; /* memory that came with it */
    uint32_t num_lent;
    struct timer grace; /* ends it when it does not let go */
    const char *grace_reason;

    /* A system call that waits. */
    struct timer wait_timer; /* armed by its first try */
    bool wait_expired;
    bool replied;               /* SYS_RECEIVE has sent its reply */
    struct channel *connecting; /* SYS_CONNECT's client end; a handle */
    struct instance *starting;  /* the app that it started by SYS_CONNECT; a reference */
    struct watch wait_watch;    /* of `connecting`, or of new ports */

    uint32_t posts_done; /* posted calls carried out, or passed over */

    struct log_budget log;

    struct list mappings;
    uint32_t num_own;    /* mappings that the app made itself */
    struct timer let_go; /* ends it when it does not drop a mapping */
};

void instance_start_all(void); /* once, at the kernel's start */
/* A new instance of `app`, ready to run; one reference. Releases the lock meanwhile. E_NO_MEMORY,
 * E_NO_RESOURCES, E_SESSION_MAXIMUM (too many instances). */
enum error instance_create(struct app *app, struct kernel_lock *lock,
                           struct instance **out) MUST_CHECK COLD;
void instance_get(struct instance *instance);
void instance_put(struct instance *instance);

/* On its own thread's processor: logs why, closes all it had. The caller answers THREAD_OVER. */
void instance_end(struct instance *instance, const char *how, bool failed) COLD;
/* Makes it end soon. `reason` is a constant. Harmless when it is ending. */
void instance_kill(struct instance *instance, const char *reason) COLD;
/* It takes no more sessions, cleans up and ends. */
void instance_retire(struct instance *instance);
/* A session of it is over: without any it is about to end, unless it is kept alive. */
void instance_session_over(struct instance *instance);
/* How many have ended and given back what they had. */
uint64_t instance_num_ended(void);
/* Memory was short after `before` had ended: lends the processor until one more has, of those that
 * are ending or about to, but for 5 seconds at the most, and not when *gives_up. Not for calls of apps,
 * of which the one that ends may be waiting for the caller. False: none was, or it took too long. */
bool instance_await_end(struct donor *donor, uint64_t before, const bool *gives_up,
                        struct kernel_lock *lock) MUST_CHECK COLD;

/* The system call that waited was answered: forgets all that was remembered for it. */
void instance_wait_over(struct instance *instance);
/* The thread at the other end of a client's channel, or of the port that has not accepted it; NULL:
 * nobody is there. */
struct thread *instance_behind(const struct channel *channel);
/* Who has to run so that `thread` comes forward: itself, or the app that it waits for, and so on.
 * NULL for NULL, and when that one is dead. */
struct thread *instance_worker(struct thread *thread);

/* The call that arrived on `channel` is being served, with the memory that it lends. */
void instance_serve(struct instance *instance, struct channel *channel);
/* It was answered (or its channel is gone). */
void instance_served(struct instance *instance);
/* Sets the cancel flag of the call that it serves on `channel`'s other end. Ends the instance if it
 * has not answered after `grace_ns` (0: never). False: it does not serve that channel now. */
bool instance_cancel(struct instance *instance, const struct channel *client, uint64_t grace_ns);
uint64_t instance_cancel_grace(const struct instance *instance);

/* Whether it is a session of this app's: a channel that came from its own port. What comes there is
 * SYS_RECEIVE's to take, which knows which call the app is serving. */
static inline bool instance_is_session(const struct instance *instance, const struct object *object)
{
    const struct channel *channel = LIST_OF(object, const struct channel, object);
    return object->kind == OBJECT_CHANNEL && channel->is_server &&
           channel->port == instance->service;
}

/* Whether it did not look at a close in time, and has not taken anything since. */
static inline bool instance_overlooks(const struct instance *instance)
{
    return instance->overlooked == instance->transaction + 1;
}

/* Whether sessions may still be opened at it. */
static inline bool instance_alive(const struct instance *instance)
{
    return !instance->dying && !instance->retired && instance->kill_reason == NULL;
}

static inline struct instance *instance_of_thread(struct thread *thread)
{
    return LIST_OF(thread, struct instance, thread);
}

/* --- Mappings (mapping.c) ------------------------------------------------------------------------ */

/* Where `memory` is mapped in the app: the mapping that there is, or a new one; `prot` at least.
 * Counts as in use until the call that is being served ends. E_NO_MEMORY. */
enum error mapping_lend(struct instance *instance, struct memory *memory, uint32_t prot,
                        struct mapping **out) MUST_CHECK;
void mapping_return(struct mapping *mapping);
/* The app's own wish. E_INVALID, E_NO_MEMORY. */
enum error mapping_create_own(struct instance *instance, struct memory *memory, uint64_t offset,
                              uint64_t size, uint32_t prot, uint64_t *address) MUST_CHECK;
enum error mapping_remove_own(struct instance *instance, uint64_t address,
                              uint64_t size) MUST_CHECK;
/* The address space is gone. */
void mapping_forget_all(struct instance *instance);

#endif
