/* Timers: a function to be called, with the lock held, once an instant has come. */
#ifndef POSTERN_KERNEL_SCHED_TIMER_H
#define POSTERN_KERNEL_SCHED_TIMER_H

#include <lib/list.h>
#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct list link; /* in the list of armed timers, sorted by deadline */
    uint64_t deadline_ns;
    void (*expired)(struct timer *timer);
};

void timer_start_all(void); /* once, at the kernel's start */
void timer_init(struct timer *timer, void (*expired)(struct timer *timer));
/* Arms it; a timer that was armed gets the new instant. UINT64_MAX never comes. */
void timer_set(struct timer *timer, uint64_t deadline_ns);
void timer_disarm(struct timer *timer); /* one that is armed */

static inline bool timer_armed(const struct timer *timer)
{
    return !list_empty(&timer->link);
}

static inline void timer_cancel(struct timer *timer)
{
    if (timer_armed(timer))
        timer_disarm(timer);
}

/* Calls what has expired at `now_ns`, and tells the port about the next one. */
void timer_run(uint64_t now_ns);

/* now + delay, UINT64_MAX when that is past all time. */
uint64_t timer_after(uint64_t now_ns, uint64_t delay_ns);

#endif
