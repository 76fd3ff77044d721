#include <kernel/sched/thread.h>
#include <kernel/sched/timer.h>

/* Calls that an app may make before ready threads that nobody runs are offered to others. */
#define CALLS_BEFORE_OFFER 32u
/* How long a caller that has its answer lends itself to what is left. */
#define REST_PATIENCE_NS UINT64_C(100000)

static struct list ready;
static struct list sleeping;

void thread_start_all(void)
{
    list_init(&ready);
    list_init(&sleeping);
}

/* The thread became READY: wakes a donor that waits for it. */
static inline void make_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    thread->claimed = false;
    list_append(&ready, &thread->ready_link);
    LIST_FOR_EACH (link, &sleeping) {
        struct donor *donor = LIST_OF(link, struct donor, link);
        if (donor->wants != thread)
            continue;
        thread->claimed = true;
        donor_wake(donor);
        return;
    }
}

void thread_init(struct thread *thread, struct port_app *app)
{
    *thread = (struct thread){.app = app};
    list_init(&thread->ready_link);
    make_ready(thread);
}

void thread_wake(struct thread *thread)
{
    if (thread->state == THREAD_BLOCKED)
        make_ready(thread);
    else
        thread->woken = true;
}

void thread_poke(struct thread *thread)
{
    thread->poked = true;
    if (thread->state == THREAD_BLOCKED)
        make_ready(thread);
}

static inline struct thread *first_unclaimed(void)
{
    LIST_FOR_EACH (link, &ready) {
        struct thread *thread = LIST_OF(link, struct thread, ready_link);
        if (!thread->claimed)
            return thread;
    }
    return NULL;
}

bool thread_rest_waits(void)
{
    return first_unclaimed() != NULL;
}

void thread_offer_rest(void)
{
    if (first_unclaimed() != NULL)
        port_kick();
}

/* A donor was woken to run this thread: from here on it either runs it, or anybody may. (A claim that
 * outlived its donor's change of mind would keep a ready thread from ever being run.) The thread may
 * be gone by now, so it is looked for, not looked at. */
static void unclaim(const struct thread *wanted)
{
    LIST_FOR_EACH (link, &ready) {
        struct thread *thread = LIST_OF(link, struct thread, ready_link);
        if (thread == wanted)
            thread->claimed = false;
    }
}

static bool call_done(const struct donor_call *call)
{
    return call != NULL && call->done(call->context);
}

/* Enters the app until it asks for something. */
static void enter(struct thread *thread, struct kernel_lock *lock)
{
    thread->poked = false;
    kernel_unlock(lock);
    /* Whoever runs a thread is the only one to look at its trap. */
    port_app_enter(thread->app, &thread->trap);
    kernel_relock(lock);
    thread->in_call = thread->trap.kind != PORT_TRAP_TICK && thread->trap.kind != PORT_TRAP_WANTED;
}

static void finish(struct thread *thread, struct kernel_lock *lock)
{
    thread->state = THREAD_DEAD;
    kernel_unlock(lock);
    thread_finished(thread);
    kernel_relock(lock);
}

/* A thread that does nothing but call would keep others from being offered. */
static void offer_sometimes(struct thread *thread)
{
    if (++thread->unserved < CALLS_BEFORE_OFFER)
        return;
    thread->unserved = 0;
    thread_offer_rest();
}

/* The normal world takes the processor away, and nobody knows for how long: whoever else waits for
 * the thread may run it meanwhile. It may be gone when this returns. */
static void pass(struct thread *thread, struct kernel_lock *lock)
{
    make_ready(thread);
    kernel_unlock(lock);
    port_pass();
    kernel_relock(lock);
}

/* Runs the thread until it waits or is gone, the call's condition holds, or, without a call, it keeps
 * the processor, or the normal world wants that. Then it may be ready, running elsewhere, blocked or
 * gone. */
static void run(struct thread *thread, const struct donor_call *call, struct kernel_lock *lock)
{
    list_remove(&thread->ready_link);
    thread->state = THREAD_RUNNING;
    thread->claimed = false;
    for (;;) {
        if (!thread->in_call || thread->poked) {
            enter(thread, lock);
            /* Not those whom it wakes with what it posted: its donor comes to them by itself. */
            if (thread->in_call)
                offer_sometimes(thread);
            thread_came_back(thread);
            if (!thread->in_call) {
                bool wanted = thread->trap.kind == PORT_TRAP_WANTED;
                thread_offer_rest();
                if (wanted) {
                    pass(thread, lock);
                    return;
                }
                if (call != NULL && !call_done(call))
                    continue;
                make_ready(thread);
                return;
            }
        }
        thread->woken = false;
        switch (thread_serve(thread, lock)) {
        case THREAD_ANSWER:
            thread->in_call = false;
            break;
        case THREAD_WAIT:
            if (thread->woken || thread->poked)
                continue;
            thread->state = THREAD_BLOCKED;
            return;
        case THREAD_OVER:
            finish(thread, lock);
            return;
        }
        if (call_done(call)) {
            make_ready(thread);
            return;
        }
    }
}

void donor_init(struct donor *donor)
{
    list_init(&donor->link);
    donor->wants = NULL;
    donor->asleep = false;
}

void donor_wake(struct donor *donor)
{
    if (!donor->asleep)
        return;
    donor->asleep = false;
    list_remove(&donor->link);
    port_wake(&donor->waiter);
}

void donor_wake_all(void)
{
    while (!list_empty(&sleeping))
        donor_wake(LIST_OF(sleeping.next, struct donor, link));
}

void donor_lend(struct donor *donor, const struct donor_call *call, struct kernel_lock *lock)
{
    do {
        struct thread *thread = call->target(call->context);
        if (thread != NULL && thread->state == THREAD_READY) {
            run(thread, call, lock);
            continue;
        }
        port_waiter_init(&donor->waiter);
        donor->wants = thread;
        donor->asleep = true;
        list_append(&sleeping, &donor->link);
        thread_offer_rest();
        lock->held = false;
        port_block(&donor->waiter);
        lock->held = true;
        donor->wants = NULL;
        /* Woken by donor_wake, which removed it; a port may also wake without a reason. */
        donor->asleep = false;
        list_remove(&donor->link);
        unclaim(thread);
    } while (!call->done(call->context));
}

static bool rest_is_over(void *context)
{
    const uint64_t *until_ns = context;
    return port_clock_ns() > *until_ns;
}

/* Apps that do nothing but wake each other would keep their donor for ever. */
static void run_rest_a_little(struct kernel_lock *lock)
{
    uint64_t until_ns = timer_after(port_clock_ns(), REST_PATIENCE_NS);
    const struct donor_call call = {.done = rest_is_over, .context = &until_ns};
    for (struct thread *thread = first_unclaimed(); thread != NULL && !rest_is_over(&until_ns);
         thread = first_unclaimed())
        run(thread, &call, lock);
    thread_offer_rest();
}

void thread_run_rest(bool until_none, struct kernel_lock *lock)
{
    if (!until_none && first_unclaimed() != NULL) {
        run_rest_a_little(lock);
        return;
    }
    for (struct thread *thread = first_unclaimed(); thread != NULL; thread = first_unclaimed())
        run(thread, NULL, lock);
}
