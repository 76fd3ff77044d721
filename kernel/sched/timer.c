#include <kernel/sched/timer.h>
#include <port/port.h>

static struct list armed;

void timer_start_all(void)
{
    list_init(&armed);
}

static struct timer *first_armed(void)
{
    return list_empty(&armed) ? NULL : LIST_OF(armed.next, struct timer, link);
}

static void tell_port(void)
{
    const struct timer *first = first_armed();
    port_timer_set(first == NULL ? UINT64_MAX : first->deadline_ns);
}

void timer_init(struct timer *timer, void (*expired)(struct timer *timer))
{
    list_init(&timer->link);
    timer->deadline_ns = UINT64_MAX;
    timer->expired = expired;
}

void timer_disarm(struct timer *timer)
{
    bool was_first = armed.next == &timer->link;
    list_remove(&timer->link);
    if (was_first)
        tell_port();
}

void timer_set(struct timer *timer, uint64_t deadline_ns)
{
    timer_cancel(timer);
    timer->deadline_ns = deadline_ns;
    if (deadline_ns == UINT64_MAX)
        return;
    struct list *before = armed.prev;
    while (before != &armed && LIST_OF(before, struct timer, link)->deadline_ns > deadline_ns)
        before = before->prev;
    list_append(before->next, &timer->link);
    if (armed.next == &timer->link)
        tell_port();
}

void timer_run(uint64_t now_ns)
{
    for (struct timer *timer = first_armed(); timer != NULL && timer->deadline_ns <= now_ns;
         timer = first_armed()) {
        list_remove(&timer->link);
        timer->expired(timer);
    }
    tell_port();
}

uint64_t timer_after(uint64_t now_ns, uint64_t delay_ns)
{
    return delay_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + delay_ns;
}
