/*
 * fork() runs the handlers below. A child that was made behind the C library's back (a bare clone)
 * is recognised by a page that the kernel wipes in every child that has its own memory.
 */
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "context.h"
#include "registry.h"

static pthread_once_t process_once = PTHREAD_ONCE_INIT;
static _Atomic uint32_t process_number = 1;
/* Not 0 as long as this is the process that wrote it. */
static _Atomic(_Atomic uint32_t *) process_token;
static _Atomic uint32_t process_token_without_wipe = 1;

static void process_child(void)
{
    uint64_t handle;
    uint32_t index = 0;
    struct context *context;

    registry_lock_reset();
    atomic_store(process_token, 1);
    atomic_fetch_add(&process_number, 1);
    while ((context = registry_walk(REGISTRY_CONTEXT, &index, &handle)) != NULL)
        context->transport->abandon(context); /* the pin stays: it is never destroyed here */
}

static void process_prepare(void)
{
    registry_lock();
}

static void process_parent(void)
{
    registry_unlock();
}

static void process_first(void)
{
    long page = sysconf(_SC_PAGESIZE);
    void *token =
        mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (token == MAP_FAILED || madvise(token, (size_t)page, MADV_WIPEONFORK) != 0)
        token = &process_token_without_wipe;
    *(_Atomic uint32_t *)token = 1;
    atomic_store(&process_token, token);
    (void)pthread_atfork(process_prepare, process_parent, process_child);
}

void process_start(void)
{
    (void)pthread_once(&process_once, process_first);
}

uint32_t process_epoch(void)
{
    _Atomic uint32_t *token = atomic_load_explicit(&process_token, memory_order_acquire);

    if (!token) /* nothing was initialised yet: no context can be valid */
        return 0;
    if (atomic_load_explicit(token, memory_order_relaxed) == 0) {
        uint32_t wiped = 0;

        /* One thread takes the new process over; others of it see the token set a moment before
         * the epoch, and at the worst use nothing but what is refused at the next look. */
        if (atomic_compare_exchange_strong(token, &wiped, 1))
            process_child();
    }
    return atomic_load_explicit(&process_number, memory_order_relaxed);
}
