/* The kernel of the hosted port's unit tests. See fake_kernel.h. */
#include "fake_kernel.h"

#include "../journal.h"

#include <abi/package.h>
#include <port/kernel.h>
#include <port/port.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct fake_counts fake;
atomic_bool fake_development;

#define MEMORIES 64

struct gp_client {
    atomic_bool gone;
    atomic_bool cancelled;
    pthread_mutex_t guard;
    uint64_t cookie[MEMORIES];
    struct port_mem *mem[MEMORIES];
};

bool port_memory_low(void)
{
    return false;
}

bool port_development(void)
{
    return fake_development;
}

uint32_t port_arch(void)
{
#if defined(__x86_64__)
    return PACKAGE_ARCH_X86_64;
#else
    return PACKAGE_ARCH_AARCH64;
#endif
}

void port_log(uint32_t level, const char *line, size_t length)
{
    journal_foreign(level, NULL, line, length);
}

_Noreturn void port_panic(const char *why)
{
    fprintf(stderr, "panic: %s\n", why);
    abort();
}

void kernel_background(void)
{
    cpu_set_t where;

    fake.background_cpus = sched_getaffinity(0, sizeof(where), &where) == 0 ? CPU_COUNT(&where) : 0;
    fake.background++;
}

void kernel_timer(void)
{
    fake.timer_ns = port_clock_ns();
    fake.timer++;
}

size_t kernel_status(char *out, size_t size)
{
    return (size_t)snprintf(out, size, "fake: yes\n");
}

enum error gp_client_create(struct gp_client **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL) {
        return E_NO_MEMORY;
    }
    pthread_mutex_init(&(*out)->guard, NULL);
    fake.clients++;
    return E_OK;
}

void gp_client_gone(struct gp_client *client)
{
    client->gone = true;
    fake.gone++;
}

void gp_client_destroy(struct gp_client *client)
{
    for (size_t i = 0; i < MEMORIES; i++) {
        if (client->mem[i] != NULL) {
            port_mem_destroy(client->mem[i]);
            fake.memories--;
        }
    }
    free(client);
    fake.clients--;
}

bool gp_call(struct gp_client *client, struct msg_arg *arg)
{
    fake.calls++;
    fake.inside++;
    arg->head.ret = 0;
    arg->head.origin = 4;
    if (arg->head.func == FAKE_SLEEP) {
        while (!client->gone && !client->cancelled) {
            struct timespec pause = {.tv_nsec = 1000000};

            nanosleep(&pause, NULL);
        }
        arg->head.ret = 0xffff0002; /* CANCEL */
    } else if (arg->head.func == FAKE_ECHO) {
        arg->params[0].u.value.a++;
    }
    fake.inside--;
    return false;
}

void gp_call_after(void)
{
}

void gp_cancel(struct gp_client *client, uint32_t session, uint32_t cancel_id)
{
    (void)session;
    (void)cancel_id;
    client->cancelled = true;
    fake.cancels++;
}

enum error gp_shm_register(struct gp_client *client, uint64_t cookie, struct port_mem *mem,
                           uint64_t first)
{
    (void)first;
    for (size_t i = 0; i < MEMORIES; i++) {
        if (client->mem[i] == NULL) {
            client->mem[i] = mem;
            client->cookie[i] = cookie;
            fake.memories++;
            return E_OK;
        }
    }
    return E_NO_MEMORY;
}

enum error gp_shm_release(struct gp_client *client, uint64_t cookie)
{
    for (size_t i = 0; i < MEMORIES; i++) {
        if (client->mem[i] != NULL && client->cookie[i] == cookie) {
            port_mem_destroy(client->mem[i]);
            client->mem[i] = NULL;
            fake.memories--;
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

enum error gp_client_offer_package(struct gp_client *client, const uint8_t *package, size_t size)
{
    (void)client;
    if (size < sizeof(struct package_header) || package == NULL) {
        return E_BAD_FORMAT;
    }
    fake.packages++;
    return E_OK;
}

/* --- Trusty: one service (FAKE_TIPC_DEAF), one connection at a time. ---------------------------- */

struct tipc_channel {
    struct tipc_listener listener;
    atomic_bool has_one;
};

static pthread_mutex_t tipc_guard = PTHREAD_MUTEX_INITIALIZER;
static struct tipc_channel *tipc_open; /* under guard */

enum error tipc_connect(const char *name, size_t length, uint64_t timeout_ns,
                        const struct tipc_listener *listener, struct tipc_limits *limits,
                        struct tipc_channel **out)
{
    struct tipc_channel *channel;

    (void)timeout_ns;
    if (length != strlen(FAKE_TIPC_DEAF) || memcmp(name, FAKE_TIPC_DEAF, length) != 0) {
        return E_NOT_FOUND;
    }
    channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return E_NO_MEMORY;
    }
    channel->listener = *listener;
    *limits = (struct tipc_limits){.buffer_size = 64, .num_buffers = 1};
    pthread_mutex_lock(&tipc_guard);
    tipc_open = channel;
    pthread_mutex_unlock(&tipc_guard);
    *out = channel;
    return E_OK;
}

void fake_ring(void)
{
    pthread_mutex_lock(&tipc_guard);
    if (tipc_open != NULL) {
        tipc_open->has_one = true;
        tipc_open->listener.changed(tipc_open->listener.context);
    }
    pthread_mutex_unlock(&tipc_guard);
}

void tipc_close(struct tipc_channel *channel)
{
    pthread_mutex_lock(&tipc_guard);
    tipc_open = NULL;
    pthread_mutex_unlock(&tipc_guard);
    free(channel);
}

enum error tipc_send(struct tipc_channel *channel, const uint8_t *bytes, size_t length,
                     struct port_mem *const *memory, size_t num_memory)
{
    (void)channel;
    (void)bytes;
    (void)length;
    (void)memory;
    (void)num_memory;
    return E_QUEUE_FULL;
}

enum error tipc_receive(struct tipc_channel *channel, uint8_t *bytes, size_t room, size_t *length)
{
    if (room == 0 || !atomic_exchange(&channel->has_one, false)) {
        return E_NO_MESSAGE;
    }
    bytes[0] = 1;
    *length = 1;
    return E_OK;
}

bool tipc_run(struct tipc_channel *channel)
{
    (void)channel;
    return false;
}
