/*
 * The kernel's lock, its sleepers, its timer and the threads that do its work without a caller.
 *
 * A wake-up under the lock would let the woken thread run into the lock at once, so the system is
 * asked to wake only after the lock was released; the word itself is set before. Errands likewise
 * wait for the release: emptying a large memory object takes as long as thousands of calls.
 */
#include "sleep.h"

#include "cpu.h"
#include "journal.h"

#include <errno.h>
#include <linux/futex.h>
#include <port/kernel.h>
#include <port/port.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WAKES_MAX 16u
#define THREADS_MAX 32u
#define THREAD_STACK (256u << 10)

static pthread_mutex_t lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static _Thread_local bool lock_mine;
/* Wakes that this thread owes; made while it holds the lock. */
static _Thread_local uint32_t *owed[WAKES_MAX];
static _Thread_local unsigned int num_owed;

/* Errands that it has. */
static _Thread_local struct sleep_errand *errands;

static struct timespec started;

/* Background threads. Under pool_guard. */
static pthread_mutex_t pool_guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_changed = PTHREAD_COND_INITIALIZER;
static bool kicked;
static unsigned int pool_idle;
static unsigned int pool_threads;

/* The timer. Under timer_guard. */
static pthread_mutex_t timer_guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t timer_changed;
static uint64_t timer_deadline = UINT64_MAX;
static uint64_t timer_sleeps_until;

static void word_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void port_lock(void)
{
    pthread_mutex_lock(&lock);
    lock_mine = true;
}

void port_unlock(void)
{
    unsigned int count = num_owed;
    struct sleep_errand *errand = errands;

    errands = NULL;
    num_owed = 0;
    lock_mine = false;
    pthread_mutex_unlock(&lock);
    /* The sleeper may have seen its word and be gone: waking an address where nobody waits, or
     * somebody else does, harms nobody, since every sleeper looks again. */
    for (unsigned int i = 0; i < count; i++) {
        word_wake(owed[i]);
    }
    while (errand != NULL) {
        struct sleep_errand *next = errand->next;

        errand->run(errand);
        errand = next;
    }
}

bool sleep_after_unlock(struct sleep_errand *errand, void (*run)(struct sleep_errand *))
{
    if (!lock_mine) {
        return false;
    }
    errand->run = run;
    errand->next = errands;
    errands = errand;
    return true;
}

bool port_lock_is_mine(void)
{
    return lock_mine;
}

static uint32_t *waiter_word(struct port_waiter *waiter)
{
    return (uint32_t *)(void *)&waiter->word[0];
}

void port_waiter_init(struct port_waiter *waiter)
{
    *waiter_word(waiter) = 0;
}

void port_wake(struct port_waiter *waiter)
{
    uint32_t *word = waiter_word(waiter);

    if (__atomic_exchange_n(word, 1, __ATOMIC_SEQ_CST) == 1) {
        return;
    }
    if (num_owed < WAKES_MAX) {
        owed[num_owed++] = word;
    } else {
        word_wake(word);
    }
}

void port_block(struct port_waiter *waiter)
{
    uint32_t *word = waiter_word(waiter);

    while (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) == 0) {
        port_unlock();
        while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0) {
            syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
        }
        port_lock();
    }
}

uint64_t port_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec - started.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec -
           (uint64_t)started.tv_nsec;
}

/* --- Work without a caller. ---------------------------------------------------------------------- */

static void *pool_thread(void *unused)
{
    (void)unused;
    cpu_inherit_nothing(0);
    pthread_mutex_lock(&pool_guard);
    for (;;) {
        while (!kicked) {
            pool_idle++;
            pthread_cond_wait(&pool_changed, &pool_guard);
            pool_idle--;
        }
        kicked = false;
        pthread_mutex_unlock(&pool_guard);
        kernel_background();
        pthread_mutex_lock(&pool_guard);
    }
    return NULL;
}

int sleep_thread(void *(*run)(void *), void *argument, pthread_t *out)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    if (out == NULL) {
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    }
    error = pthread_create(out != NULL ? out : &thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    errno = error;
    return error == 0 ? 0 : -1;
}

void port_kick(void)
{
    pthread_mutex_lock(&pool_guard);
    kicked = true;
    if (pool_idle > 0) {
        pthread_cond_signal(&pool_changed);
    } else if (pool_threads < THREADS_MAX && sleep_thread(pool_thread, NULL, NULL) == 0) {
        pool_threads++;
    }
    /* Else one of those at work sees it when it is done. */
    pthread_mutex_unlock(&pool_guard);
}

/* --- The timer. ---------------------------------------------------------------------------------- */

static struct timespec instant_of(uint64_t deadline_ns)
{
    uint64_t ns = deadline_ns + (uint64_t)started.tv_nsec;

    return (struct timespec){.tv_sec = started.tv_sec + (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

static void *timer_thread(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&timer_guard);
    for (;;) {
        timer_sleeps_until = timer_deadline;
        if (timer_deadline > UINT64_MAX / 4) {
            pthread_cond_wait(&timer_changed, &timer_guard);
        } else if (port_clock_ns() < timer_deadline) {
            struct timespec instant = instant_of(timer_deadline);

            pthread_cond_timedwait(&timer_changed, &timer_guard, &instant);
        } else {
            timer_deadline = UINT64_MAX;
            pthread_mutex_unlock(&timer_guard);
            kernel_timer();
            pthread_mutex_lock(&timer_guard);
        }
    }
    return NULL;
}

void port_timer_set(uint64_t deadline_ns)
{
    pthread_mutex_lock(&timer_guard);
    timer_deadline = deadline_ns;
    /* One that sleeps too short looks again by itself; only one that sleeps too long is woken. */
    if (deadline_ns < timer_sleeps_until) {
        timer_sleeps_until = deadline_ns;
        pthread_cond_signal(&timer_changed);
    }
    pthread_mutex_unlock(&timer_guard);
}

int sleep_init(void)
{
    pthread_condattr_t attributes;

    clock_gettime(CLOCK_MONOTONIC, &started);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&timer_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    timer_sleeps_until = UINT64_MAX;
    return sleep_thread(timer_thread, NULL, NULL);
}
