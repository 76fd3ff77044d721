/* Threads, the clock and the timer of the hosted port: what port.h does not name. */
#ifndef POSTERN_PORT_HOST_SLEEP_H
#define POSTERN_PORT_HOST_SLEEP_H

#include <pthread.h>

/* Starts the clock and the timer's thread. 0, or -1 and errno. */
int sleep_init(void);
/* Starts a thread with a stack of modest size; detached when `out` is NULL. 0, or -1 and errno. */
int sleep_thread(void *(*run)(void *), void *argument, pthread_t *out);

#endif
