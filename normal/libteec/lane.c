/*
 * A free lane is a bit in one word, so that taking and giving one back costs one atomic operation
 * each and no lock. Lanes are opened when a call finds none free. The last ones are kept for calls
 * that close sessions: a program whose calls all hang can still clean up.
 *
 * Cancellation races with the call that it means. The call publishes its operation, then looks at
 * its flag, sends, says so (sent), and looks again; the canceller sets the flag, then looks for
 * the operation and at sent. Whatever the order, at least one of both sees the other, and
 * `cancelled` makes it one message. All of these are sequentially consistent.
 */
#include "lane.h"

#include <sched.h>

void lane_limit(struct context *context, uint32_t max)
{
    /* The low ones are kept for closing sessions. */
    uint64_t reserved = max >= 8 ? 3 : max >= 2 ? 1 : 0;

    context->lanes_max = max < LANES_MAX ? max : LANES_MAX;
    context->lanes_all = max >= LANES_MAX ? UINT64_MAX : (UINT64_C(1) << max) - 1;
    context->lanes_common = context->lanes_all & ~reserved;
}

static bool operation_cancelled(const TEEC_Operation *operation)
{
    return operation && __atomic_load_n(&operation->cancel_flag, __ATOMIC_SEQ_CST);
}

/* The one of the candidates (not 0) that is best: used by this session before, or last used from
 * this processor, to which the TEE has bound it. */
static uint32_t lane_choose(const struct context *context, uint64_t candidates, uint32_t hint)
{
    uint64_t rest;
    uint32_t cpu;

    if (hint < LANES_MAX && (candidates >> hint & 1))
        return hint;
    cpu = (uint32_t)sched_getcpu();
    for (rest = candidates; rest; rest &= rest - 1) {
        uint32_t index = (uint32_t)__builtin_ctzll(rest);

        if (__atomic_load_n(&context->lanes[index].cpu, __ATOMIC_RELAXED) == cpu)
            return index;
    }
    return (uint32_t)__builtin_ctzll(candidates);
}

static inline struct lane *lane_take_free(struct context *context, uint64_t usable, uint32_t hint)
{
    uint64_t free = atomic_load_explicit(&context->lanes_free, memory_order_relaxed);

    while (free & usable) {
        uint32_t index = lane_choose(context, free & usable, hint);

        if (atomic_compare_exchange_weak_explicit(&context->lanes_free, &free,
                                                  free & ~(UINT64_C(1) << index),
                                                  memory_order_acquire, memory_order_relaxed))
            return &context->lanes[index];
    }
    return NULL;
}

/* Opens one more lane. *out stays NULL when there are none left to open. */
static struct verdict lane_grow(struct context *context, uint64_t usable, struct lane **out)
{
    struct verdict verdict = verdict_ok();
    struct lane *lane = NULL;
    uint64_t closed;

    (void)pthread_mutex_lock(&context->lock);
    closed = context->lanes_refused ? 0 : usable & ~context->lanes_opened;
    if (closed) {
        /* The highest first: the low ones are reserved. */
        uint32_t index = 63 - (uint32_t)__builtin_clzll(closed);

        lane = &context->lanes[index];
        context->lanes_opened |= UINT64_C(1) << index;
    }
    (void)pthread_mutex_unlock(&context->lock);
    if (!lane)
        return verdict;
    verdict = context->transport->lane_open(context, lane);
    if (verdict.result == TEEC_SUCCESS) {
        *out = lane;
        return verdict;
    }
    (void)pthread_mutex_lock(&context->lock);
    context->lanes_opened &= ~(UINT64_C(1) << lane->index);
    if ((context->lanes_opened & usable) && verdict.origin != TEEC_ORIGIN_COMMS) {
        /* Make do with those there are: until there is room again in this process, or, when it is the
         * TEE that gives no more, from now on. */
        context->lanes_refused = verdict.origin == TEEC_ORIGIN_TEE;
        verdict = verdict_ok();
    }
    (void)pthread_mutex_unlock(&context->lock);
    return verdict;
}

static void lane_wait(struct context *context, const struct call *call, uint64_t usable)
{
    (void)pthread_mutex_lock(&context->lock);
    atomic_fetch_add(&context->lanes_waiters, 1);
    while (!(atomic_load(&context->lanes_free) & usable) && !atomic_load(&context->broken) &&
           !operation_cancelled(call->operation))
        (void)pthread_cond_wait(&context->changed, &context->lock);
    atomic_fetch_sub(&context->lanes_waiters, 1);
    (void)pthread_mutex_unlock(&context->lock);
}

/* None is free: opens one, or waits. */
static struct verdict lane_take_slowly(struct context *context, const struct call *call,
                                       uint64_t usable, uint32_t hint, struct lane **out)
{
    WITHOUT_CANCELLATION(state);

    for (;;) {
        struct verdict verdict;

        *out = lane_take_free(context, usable, hint);
        if (*out)
            return verdict_ok();
        verdict = lane_grow(context, usable, out);
        if (verdict.result != TEEC_SUCCESS || *out)
            return verdict;
        lane_wait(context, call, usable);
        if (atomic_load(&context->broken))
            return context_lost(context, "the TEE is gone");
        if (operation_cancelled(call->operation))
            return verdict_refuse(TEEC_ORIGIN_TEE, TEEC_ERROR_CANCEL,
                                  "cancelled while waiting for a free way to the TEE");
    }
}

/* Waits for a lane where all are in use; opens a new one where the TEE allows. `hint` is the index
 * of the lane to prefer. A call that closes a session may use the lanes that are kept for that.
 * A waiting call whose operation is cancelled answers CANCEL, TEE. */
static inline struct verdict lane_take(struct context *context, const struct call *call,
                                       uint32_t hint, struct lane **out)
{
    uint64_t usable =
        call->cmd == MSG_CMD_CLOSE_SESSION ? context->lanes_all : context->lanes_common;

    *out = lane_take_free(context, usable, hint);
    return *out ? verdict_ok() : lane_take_slowly(context, call, usable, hint, out);
}

void lane_wake_all(struct context *context)
{
    (void)pthread_mutex_lock(&context->lock);
    (void)pthread_cond_broadcast(&context->changed);
    (void)pthread_mutex_unlock(&context->lock);
}

static inline void lane_give(struct context *context, struct lane *lane)
{
    atomic_fetch_or(&context->lanes_free, UINT64_C(1) << lane->index);
    if (atomic_load(&context->lanes_waiters) != 0)
        lane_wake_all(context);
}

static void lane_send_cancel(struct context *context, struct lane *lane, uint32_t session,
                             uint32_t cancel_id)
{
    uint32_t before = atomic_load(&lane->cancelled);

    if (before != cancel_id && atomic_compare_exchange_strong(&lane->cancelled, &before, cancel_id))
        context->transport->cancel(context, session, cancel_id);
}

void lane_sent(struct context *context, struct lane *lane, struct call *call)
{
    if (!call->operation)
        return;
    atomic_store(&lane->sent, call->cancel_id);
    if (operation_cancelled(call->operation))
        lane_send_cancel(context, lane, call->session, call->cancel_id);
}

void lane_cancel(struct context *context, TEEC_Operation *operation)
{
    for (uint32_t i = 0; i < context->lanes_max; i++) {
        struct lane *lane = &context->lanes[i];
        uint32_t id = atomic_load(&lane->cancel_id);
        uint32_t session = atomic_load(&lane->session);

        /* An id stands for one call; that it is still there makes operation and session its own. */
        if (atomic_load(&lane->operation) == operation && atomic_load(&lane->cancel_id) == id &&
            atomic_load(&lane->sent) == id)
            lane_send_cancel(context, lane, session, id);
    }
    if (atomic_load(&context->lanes_waiters) != 0)
        lane_wake_all(context);
}

/* From now on the call can be found by its operation. */
static void lane_publish(struct lane *lane, struct call *call)
{
    lane->calls++;
    if (lane->calls >= UINT32_MAX / LANES_MAX)
        lane->calls = 1;
    call->cancel_id = lane->calls * LANES_MAX + lane->index;
    atomic_store(&lane->cancel_id, call->cancel_id);
    atomic_store(&lane->session, call->session);
    atomic_store(&lane->operation, call->operation);
}

struct verdict lane_call(struct context *context, _Atomic uint32_t *hint, struct call *call,
                         struct verdict *answer)
{
    struct lane *lane;
    struct verdict verdict;

    verdict = lane_take(context, call, atomic_load_explicit(hint, memory_order_relaxed), &lane);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    atomic_store_explicit(hint, lane->index, memory_order_relaxed);
    if (call->operation)
        lane_publish(lane, call);
    if (operation_cancelled(call->operation))
        verdict = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_CANCEL,
                                 "the operation's cancel flag is set");
    else
        verdict = context->transport->call(context, lane, call, answer);
    if (call->operation)
        atomic_store(&lane->operation, NULL);
    lane_give(context, lane);
    return verdict;
}
