/*
 * The registry's slots stand in chunks that are made on demand and never freed, so that a slot can
 * be looked at without a lock at any time. One word in each holds everything that decides:
 *
 *   bits 63..25  the slot's id, 0 when it is free
 *   bit  24      taken
 *   bits 23..0   references
 *
 * A handle is (id << 16 | index).
 */
#include "registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define CHUNK_SLOTS 256u
#define CHUNKS 256u
#define ID_SHIFT 25
#define TAKEN (UINT64_C(1) << 24)
#define REFS (TAKEN - 1)
#define ID_MAX ((UINT64_C(1) << 39) - 1)
#define INDEX_BITS 16

struct slot {
    _Atomic uint64_t word;
    void *object;
    uint32_t next_free; /* index + 1 */
};

struct table {
    _Atomic(struct slot *) chunk[CHUNKS];
    _Atomic uint32_t used; /* slots ever handed out */
    uint32_t free;         /* index + 1 of the first that came back */
};

static struct table registry_tables[REGISTRY_KINDS];
static uint64_t registry_next_id; /* under the lock */
static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t registry_unpinned = PTHREAD_COND_INITIALIZER; /* of a taken entry */

void registry_lock(void)
{
    (void)pthread_mutex_lock(&registry_mutex);
}

void registry_unlock(void)
{
    (void)pthread_mutex_unlock(&registry_mutex);
}

void registry_lock_reset(void)
{
    (void)pthread_mutex_init(&registry_mutex, NULL);
    (void)pthread_cond_init(&registry_unpinned, NULL);
}

static struct slot *slot_at(struct table *table, uint32_t index)
{
    struct slot *chunk;

    if (index >= CHUNKS * CHUNK_SLOTS)
        return NULL;
    chunk = atomic_load_explicit(&table->chunk[index / CHUNK_SLOTS], memory_order_acquire);
    return chunk ? &chunk[index % CHUNK_SLOTS] : NULL;
}

static struct slot *slot_of(enum registry_kind kind, uint64_t handle)
{
    return slot_at(&registry_tables[kind], (uint32_t)(handle & ((1u << INDEX_BITS) - 1)));
}

static bool word_is(uint64_t word, uint64_t handle)
{
    return (word >> ID_SHIFT) == (handle >> INDEX_BITS) && (word >> ID_SHIFT) != 0;
}

/* Lock held. Answers an index, or UINT32_MAX. */
static uint32_t slot_allocate(struct table *table)
{
    uint32_t index;
    struct slot *chunk;

    if (table->free) {
        index = table->free - 1;
        table->free = slot_at(table, index)->next_free;
        return index;
    }
    index = atomic_load_explicit(&table->used, memory_order_relaxed);
    if (index >= CHUNKS * CHUNK_SLOTS)
        return UINT32_MAX;
    if (!slot_at(table, index)) {
        chunk = calloc(CHUNK_SLOTS, sizeof(*chunk));
        if (!chunk)
            return UINT32_MAX;
        atomic_store_explicit(&table->chunk[index / CHUNK_SLOTS], chunk, memory_order_release);
    }
    atomic_store_explicit(&table->used, index + 1, memory_order_release);
    return index;
}

uint64_t registry_add(enum registry_kind kind, void *object)
{
    struct table *table = &registry_tables[kind];
    struct slot *slot;
    uint32_t index;
    uint64_t id;

    registry_lock();
    index = slot_allocate(table);
    if (index == UINT32_MAX) {
        registry_unlock();
        return 0;
    }
    if (registry_next_id == 0 &&
        getrandom(&registry_next_id, sizeof(registry_next_id), GRND_NONBLOCK) < 0)
        registry_next_id = (uint64_t)clock() * 2654435761u + (uintptr_t)object;
    registry_next_id = (registry_next_id & (ID_MAX >> 1)) + 1; /* half the range lies ahead */
    id = registry_next_id;
    slot = slot_at(table, index);
    slot->object = object;
    atomic_store_explicit(&slot->word, id << ID_SHIFT | 1, memory_order_release);
    registry_unlock();
    return id << INDEX_BITS | index;
}

static void *slot_pin(struct slot *slot, uint64_t handle)
{
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

    do {
        if (!word_is(word, handle) || (word & TAKEN) || (word & REFS) == REFS)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&slot->word, &word, word + 1,
                                                    memory_order_acquire, memory_order_relaxed));
    return slot->object;
}

void *registry_pin(enum registry_kind kind, uint64_t handle)
{
    struct slot *slot = slot_of(kind, handle);

    return slot ? slot_pin(slot, handle) : NULL;
}

void registry_pin_again(enum registry_kind kind, uint64_t handle)
{
    atomic_fetch_add_explicit(&slot_of(kind, handle)->word, 1, memory_order_relaxed);
}

/* One reference less on what was taken; `before` is the word as it was with it. */
static __attribute__((noinline)) bool slot_unpinned(struct table *table, struct slot *slot,
                                                    uint64_t handle, uint64_t before)
{
    registry_lock();
    if ((before & REFS) != 1) {
        (void)pthread_cond_broadcast(&registry_unpinned);
        registry_unlock();
        return false;
    }
    /* It was taken and nobody else can reach it. */
    atomic_store_explicit(&slot->word, 0, memory_order_release);
    slot->next_free = table->free;
    table->free = (uint32_t)(handle & ((1u << INDEX_BITS) - 1)) + 1;
    registry_unlock();
    return true;
}

bool registry_unpin(enum registry_kind kind, uint64_t handle)
{
    struct slot *slot = slot_of(kind, handle);
    uint64_t before = atomic_fetch_sub_explicit(&slot->word, 1, memory_order_acq_rel);

    return (before & TAKEN) && slot_unpinned(&registry_tables[kind], slot, handle, before);
}

void registry_unpin_one_of_two(enum registry_kind kind, uint64_t handle)
{
    bool last = registry_unpin(kind, handle);

    (void)last; /* it is not: the other reference is still there */
}

void *registry_take(enum registry_kind kind, uint64_t handle)
{
    struct slot *slot = slot_of(kind, handle);
    uint64_t word;

    if (!slot)
        return NULL;
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    do {
        if (!word_is(word, handle) || (word & TAKEN))
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&slot->word, &word, word | TAKEN,
                                                    memory_order_acquire, memory_order_relaxed));
    return slot->object;
}

bool registry_alone(enum registry_kind kind, uint64_t handle)
{
    uint64_t word = atomic_load_explicit(&slot_of(kind, handle)->word, memory_order_acquire);

    return (word & REFS) == 1;
}

void registry_wait_alone(enum registry_kind kind, uint64_t handle)
{
    registry_lock();
    while (!registry_alone(kind, handle))
        (void)pthread_cond_wait(&registry_unpinned, &registry_mutex);
    registry_unlock();
}

void *registry_walk(enum registry_kind kind, uint32_t *index, uint64_t *handle)
{
    struct table *table = &registry_tables[kind];
    uint32_t used = atomic_load_explicit(&table->used, memory_order_acquire);

    while (*index < used) {
        uint32_t i = (*index)++;
        struct slot *slot = slot_at(table, i);
        uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
        void *object;

        *handle = (word >> ID_SHIFT) << INDEX_BITS | i;
        object = slot_pin(slot, *handle);
        if (object)
            return object;
    }
    return NULL;
}
