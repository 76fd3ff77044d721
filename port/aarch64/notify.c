/*
 * How the secure world gets Linux's attention, and how time gets the secure world's.
 *
 * Values wait as bits of one word: 0 asks for a bottom half, number + 1 wakes the Linux thread that
 * waits for call slot `number`. The interrupt tells Linux to come and take them.
 *
 * The deadline is one for the machine; the timer that watches it is that of the processor which set
 * it. A timer that rings without cause looks again and goes on.
 */
#include <lib/aarch64/gic.h>
#include <port/aarch64/machine.h>

static uint32_t pending;
static bool enabled;

void notify_enable(bool on)
{
    __atomic_store_n(&enabled, on, __ATOMIC_SEQ_CST);
    if (on && __atomic_load_n(&pending, __ATOMIC_SEQ_CST) != 0) {
        gic_raise(INTERRUPT_NOTIFY);
    }
}

void notify_send(uint32_t value)
{
    uint32_t bit = UINT32_C(1) << value;
    uint32_t was = __atomic_fetch_or(&pending, bit, __ATOMIC_SEQ_CST);
    if ((was & bit) == 0 && __atomic_load_n(&enabled, __ATOMIC_SEQ_CST)) {
        gic_raise(INTERRUPT_NOTIFY);
    }
}

bool notify_take(uint32_t *value, bool *more)
{
    uint32_t bits = __atomic_load_n(&pending, __ATOMIC_SEQ_CST);
    while (bits != 0) {
        uint32_t highest = 31 - (uint32_t)__builtin_clz(bits);
        uint32_t bit = UINT32_C(1) << highest;
        bits = __atomic_fetch_and(&pending, ~bit, __ATOMIC_SEQ_CST);
        if ((bits & bit) != 0) {
            *value = highest;
            *more = (bits & ~bit) != 0;
            return true;
        }
    }
    return false;
}

/* Lock held. */
void port_kick(void)
{
    notify_send(0);
}

/* --- Sleeping: a Linux thread sleeps for us, and the notification wakes it. ------------------- */

enum waiter_word {
    WAITER_WOKEN,
    WAITER_THREAD, /* its number plus 1 while it sleeps */
};

void port_waiter_init(struct port_waiter *waiter)
{
    memset(waiter, 0, sizeof(*waiter));
}

void port_block(struct port_waiter *waiter)
{
    struct thread *thread = thread_current();

    if (thread == NULL || thread->rpc == NULL) {
        port_panic("sleep where nobody can sleep");
    }
    while (waiter->word[WAITER_WOKEN] == 0) {
        waiter->word[WAITER_THREAD] = thread->number + 1;
        port_unlock();
        rpc_sleep(thread->number + 1);
        port_lock();
        waiter->word[WAITER_THREAD] = 0;
    }
    waiter->word[WAITER_WOKEN] = 0;
}

void port_wake(struct port_waiter *waiter)
{
    if (waiter->word[WAITER_WOKEN] != 0) {
        return;
    }
    waiter->word[WAITER_WOKEN] = 1;
    if (waiter->word[WAITER_THREAD] != 0) {
        notify_send((uint32_t)waiter->word[WAITER_THREAD]);
    }
}

/* --- Time. ------------------------------------------------------------------------------------------ */

static uint64_t clock_start, clock_frequency;
static uint64_t deadline = UINT64_MAX;

void clock_start_now(void)
{
    clock_frequency = cntfrq_el0_read();
    clock_start = cntpct_el0_read();
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks / clock_frequency * 1000000000u +
           ticks % clock_frequency * 1000000000u / clock_frequency;
}

/* The counter's value then; the last one for an instant that it never reaches. */
static uint64_t ns_to_ticks(uint64_t ns)
{
    /* Rounded up, so that the instant has come when the timer rings. */
    uint64_t part = (ns % 1000000000u * clock_frequency + 999999999u) / 1000000000u;
    uint64_t ticks;
    if (__builtin_mul_overflow(ns / 1000000000u, clock_frequency, &ticks) ||
        __builtin_add_overflow(ticks, part, &ticks) ||
        __builtin_add_overflow(ticks, clock_start, &ticks)) {
        return UINT64_MAX;
    }
    return ticks;
}

uint64_t port_clock_ns(void)
{
    barrier_isb();
    return ticks_to_ns(cntpct_el0_read() - clock_start);
}

/* Interrupts masked. */
static void timer_arm(uint64_t at)
{
    if (at == UINT64_MAX) {
        cntps_ctl_el1_write(0);
        return;
    }
    cntps_cval_el1_write(ns_to_ticks(at));
    cntps_ctl_el1_write(1);
    barrier_isb();
}

/* Lock held. */
void port_timer_set(uint64_t deadline_ns)
{
    __atomic_store_n(&deadline, deadline_ns, __ATOMIC_SEQ_CST);
    timer_arm(deadline_ns);
}

void timer_restart(void)
{
    uint64_t mask = interrupts_mask();
    timer_arm(__atomic_load_n(&deadline, __ATOMIC_SEQ_CST));
    interrupts_restore(mask);
}

void timer_processor_stop(void)
{
    timer_arm(UINT64_MAX);
    if (__atomic_load_n(&deadline, __ATOMIC_SEQ_CST) != UINT64_MAX) {
        notify_send(0); /* the bottom half, on another processor, takes the deadline over */
    }
}

static void timer_rings(void)
{
    uint64_t at = __atomic_load_n(&deadline, __ATOMIC_SEQ_CST);
    timer_arm(UINT64_MAX);
    if (at == UINT64_MAX) {
        return;
    }
    if (port_clock_ns() < at) {
        timer_arm(at);
        return;
    }
    /* Only one processor takes it. */
    if (__atomic_compare_exchange_n(&deadline, &at, UINT64_MAX, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
        kernel_timer();
    }
}

void interrupt_own(void)
{
    uint32_t number = gic_take();

    if ((number & 0x3ff) >= GIC_SPURIOUS) {
        return;
    }
    if ((number & 0x3ff) == INTERRUPT_TIMER) {
        timer_rings(); /* turns it off first: it is level-triggered */
    }
    gic_done(number);
}
