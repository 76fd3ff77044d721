/*
 * Spinlocks, and the kernel's one lock. A holder is never interrupted, so that nobody waits long.
 */
#include <port/aarch64/machine.h>

inline uint64_t spin_lock(struct spin *spin)
{
    uint64_t mask = interrupts_mask();
    uint32_t held;
    uint32_t failed;

    __asm__ volatile("1: ldaxr %w0, [%2]\n"
                     "   cbz %w0, 2f\n"
                     "   wfe\n" /* until the word changes */
                     "   b 1b\n"
                     "2: stxr %w1, %w3, [%2]\n"
                     "   cbnz %w1, 1b\n"
                     : "=&r"(held), "=&r"(failed)
                     : "r"(&spin->held), "r"(1)
                     : "memory");
    return mask;
}

void spin_unlock(struct spin *spin, uint64_t mask)
{
    __atomic_store_n(&spin->held, 0, __ATOMIC_RELEASE); /* wakes who waits in wfe, too */
    interrupts_restore(mask);
}

/* Guarded by themselves: only the holder writes them. */
static struct spin kernel_lock;
static uint64_t kernel_lock_mask;
static const struct cpu *kernel_lock_owner;

inline void port_lock(void)
{
    uint64_t mask = spin_lock(&kernel_lock);
    kernel_lock_mask = mask;
    __atomic_store_n(&kernel_lock_owner, cpu_current(), __ATOMIC_RELAXED);
}

inline void port_unlock(void)
{
    uint64_t mask = kernel_lock_mask;
    __atomic_store_n(&kernel_lock_owner, NULL, __ATOMIC_RELAXED);
    spin_unlock(&kernel_lock, mask);
}

/* A holder stays on its processor, with interrupts masked, so the processor tells who it is. */
bool port_lock_is_mine(void)
{
    uint64_t mask = interrupts_mask();
    bool mine = __atomic_load_n(&kernel_lock_owner, __ATOMIC_RELAXED) == cpu_current();
    interrupts_restore(mask);
    return mine;
}
