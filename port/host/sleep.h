/* Threads, the clock and the timer of the hosted port: what port.h does not name. */
#ifndef POSTERN_PORT_HOST_SLEEP_H
#define POSTERN_PORT_HOST_SLEEP_H

#include <pthread.h>
#include <stdbool.h>

/* Work that takes too long for the kernel's lock. Lives where it is about. */
struct sleep_errand {
    struct sleep_errand *next;
    void (*run)(struct sleep_errand *errand);
};

/* When the calling thread holds the kernel's lock: has it run by this thread, as soon as that has let
 * go of the lock. False, and nothing done, when it does not hold it. */
bool sleep_after_unlock(struct sleep_errand *errand, void (*run)(struct sleep_errand *));

/* Starts the clock and the timer's thread. 0, or -1 and errno. */
int sleep_init(void);
/* Starts a thread with a stack of modest size; detached when `out` is NULL. 0, or -1 and errno. */
int sleep_thread(void *(*run)(void *), void *argument, pthread_t *out);

#endif
