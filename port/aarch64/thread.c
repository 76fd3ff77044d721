/*
 * Call slots. Each has a stack that can be left and gone on with later, on another processor too; what
 * of it is in registers lies on that stack meanwhile. A slot is named to Linux by its number.
 */
#include <abi/opteed.h>
#include <port/aarch64/machine.h>

enum thread_state {
    THREAD_FREE = THREAD_STATE_FREE,
    THREAD_RUNNING = 1,
    THREAD_SUSPENDED = THREAD_STATE_SUSPENDED,
};

static struct thread threads[THREADS];

void thread_start(void)
{
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i].number = i;
    }
}

struct thread *thread_current(void)
{
    uint64_t sp;
    __asm__("mov %0, sp" : "=r"(sp));
    uint64_t slot = (sp - STACK_BASE) >> STACK_STRIDE_SHIFT;
    return slot < THREADS ? &threads[slot] : NULL;
}

static uint64_t stack_top(const struct thread *thread)
{
    return STACK_BASE + ((uint64_t)(thread->number + 1) << STACK_STRIDE_SHIFT);
}

static bool state_change(struct thread *thread, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&thread->state, &from, to, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

struct thread *thread_take(uint32_t kept)
{
    /* Who may use the last ones tries them last, so that they stay for others of its kind. */
    const struct thread *end = &threads[THREADS - kept];
    for (struct thread *thread = threads; thread < end; thread++) {
        if (thread->state == THREAD_FREE && state_change(thread, THREAD_FREE, THREAD_RUNNING)) {
            return thread;
        }
    }
    return NULL;
}

void thread_begin(struct thread *thread)
{
    cpu_current()->thread = thread;
    thread_switch_begin(thread, stack_top(thread));
}

void thread_resume(uint64_t number)
{
    if (number >= THREADS) {
        return;
    }
    struct thread *thread = &threads[number];
    if (!state_change(thread, THREAD_SUSPENDED, THREAD_RUNNING)) {
        return;
    }
    cpu_current()->thread = thread;
    thread_switch_in(thread->sp);
}

void thread_leave(uint64_t a0, uint64_t a1, uint64_t a2)
{
    struct thread *thread = thread_current();
    uint64_t mask = interrupts_mask();

    fp_release();
    thread_switch_out(thread, cpu_current()->stack_top, a0, a1, a2);
    interrupts_restore(mask);
}

void thread_end(struct thread *thread, uint64_t a0)
{
    (void)interrupts_mask();
    fp_release();
    if (thread->fp.used) {
        memset(&thread->fp, 0, sizeof(thread->fp));
    }
    thread->message = NULL;
    thread->rpc = NULL;
    thread_switch_end(thread, cpu_current()->stack_top, a0);
}
