/*
 * The kernel's one lock, held as a value:
 *
 *     KERNEL_LOCKED(lock);          // until the end of this block
 *     kernel_unlock(&lock); slow(); kernel_relock(&lock);
 *
 * Functions below kernel/ expect their caller to hold it unless their comment says "takes the lock"
 * or "without the lock". Sections are short; nothing that hashes, copies in bulk, asks the normal
 * world or starts an app happens inside one.
 */
#ifndef POSTERN_KERNEL_SCHED_LOCK_H
#define POSTERN_KERNEL_SCHED_LOCK_H

#include <port/port.h>

struct kernel_lock {
    bool held;
};

static inline struct kernel_lock kernel_lock(void)
{
    port_lock();
    return (struct kernel_lock){.held = true};
}

static inline void kernel_unlock(struct kernel_lock *lock)
{
    lock->held = false;
    port_unlock();
}

static inline void kernel_relock(struct kernel_lock *lock)
{
    port_lock();
    lock->held = true;
}

static inline void kernel_lock_end(struct kernel_lock *lock)
{
    if (lock->held)
        port_unlock();
}

#define KERNEL_LOCKED(name)                                                                        \
    __attribute__((cleanup(kernel_lock_end), unused)) struct kernel_lock name = kernel_lock()

/* For our own mistakes, never for input. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            port_panic(__FILE__ ": CHECK failed: " #condition);                                    \
    } while (0)

#endif
