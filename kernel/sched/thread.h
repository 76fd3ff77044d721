/*
 * App threads, and the donors that run them.
 *
 * The secure world owns no processor. A processor that entered the kernel with a call (a donor)
 * runs the app threads that its call waits for, one at a time, until the call's condition holds.
 * Threads that are ready without a donor are run by kernel_background().
 *
 * A thread's system call never keeps a kernel stack while it waits. Its handler answers E_BLOCKED,
 * the thread becomes BLOCKED with the call's numbers remembered, and whatever it waits for makes it
 * READY; the next donor starts the same handler again. A handler that must remember something
 * across its restarts keeps it in the instance.
 *
 * States:  READY -> RUNNING (a donor has it) -> BLOCKED -> READY ...        RUNNING -> DEAD
 */
#ifndef POSTERN_KERNEL_SCHED_THREAD_H
#define POSTERN_KERNEL_SCHED_THREAD_H

#include <kernel/sched/lock.h>
#include <lib/list.h>
#include <port/port.h>

enum thread_state {
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_BLOCKED,
    THREAD_DEAD,
};

struct thread {
    enum thread_state state;
    struct list ready_link; /* in the list of ready threads */
    struct port_app *app;
    struct port_trap trap; /* the last thing it asked for */
    bool in_call;          /* trap is a call that has no answer yet */
    bool woken;            /* somebody woke it while its handler ran without the lock */
    bool poked;            /* to be entered once for its port's sake, with no answer */
    bool claimed;          /* a donor that waits for it was woken to run it */
    uint32_t unserved;     /* calls since ready threads were last offered to others */
};

/* What a handler made of a trap. */
enum thread_verdict {
    THREAD_ANSWER, /* answered by port_app_answer; goes on */
    THREAD_WAIT,   /* blocked: call again when woken */
    THREAD_OVER,   /* the thread is finished, its instance's objects are closed */
};

/* Bound at link time; defined in kernel/syscall. Lock held; may be released in between. */
enum thread_verdict thread_serve(struct thread *thread, struct kernel_lock *lock);
/* Likewise: it has run; what it asked for in passing is done. */
void thread_came_back(struct thread *thread);
/* The thread is DEAD and nobody will run it again: frees it. Without the lock. */
void thread_finished(struct thread *thread);

/* One call of the normal world that waits for something. Lives on its caller's stack. */
struct donor {
    struct list link; /* among the sleeping donors */
    struct port_waiter waiter;
    struct thread *wants; /* the thread that it would run if it were ready */
    bool asleep;
};

struct donor_call {
    bool (*done)(void *context);             /* the condition; lock held */
    struct thread *(*target)(void *context); /* the thread that works on it, or NULL */
    void *context;
};

void thread_start_all(void); /* once, at the kernel's start */
/* READY from the start, and put among the ready. */
void thread_init(struct thread *thread, struct port_app *app);
/* What it waits for may have come. Harmless in any state. */
void thread_wake(struct thread *thread);
/* Its port has something for it: it must be entered once. Harmless in any state. */
void thread_poke(struct thread *thread);

void donor_init(struct donor *donor);
/* Lends this processor until call->done, which does not hold yet. */
void donor_lend(struct donor *donor, const struct donor_call *call, struct kernel_lock *lock);
/* Lends this processor until call->done. */
static inline void donor_run(struct donor *donor, const struct donor_call *call,
                             struct kernel_lock *lock)
{
    if (!call->done(call->context))
        donor_lend(donor, call, lock);
}
/* The donor's condition may hold now. */
void donor_wake(struct donor *donor);
/* Any donor's may. */
void donor_wake_all(void) COLD;

/* Runs ready threads without a caller, a little (gp_call_after) or until none is ready. */
void thread_run_rest(bool until_none, struct kernel_lock *lock);
/* Whether threads are ready that nobody was woken for. */
bool thread_rest_waits(void);
/* Asks for a background processor if threads are ready that nobody was woken for. */
void thread_offer_rest(void);

#endif
