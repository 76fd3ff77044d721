/*
 * Allocated memory is the TEE's, mapped here: nothing is copied. Registered memory is the caller's
 * own; a TEE device that can registers it too, and elsewhere it is copied by way of a session's
 * bounce memory.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry.h"
#include "session.h"
#include "trace.h"

static void memory_destroy(struct memory *memory)
{
    WITHOUT_CANCELLATION(state);

    if (memory->direct && memory->size)
        memory->context->transport->shm_release(memory->context, &memory->shared);
    context_unpin(memory->context);
    free(memory);
}

struct memory *memory_pin(const struct context *context, const TEEC_SharedMemory *parent)
{
    struct memory *memory = registry_pin(REGISTRY_MEMORY, parent->postern.handle);

    if (memory && memory->context != context) {
        memory_unpin(memory);
        return NULL;
    }
    return memory;
}

void memory_unpin(struct memory *memory)
{
    if (registry_unpin(REGISTRY_MEMORY, memory->handle))
        memory_destroy(memory);
}

void memory_release_all(struct context *context)
{
    uint32_t index = 0;
    uint64_t handle;
    struct memory *memory;

    while ((memory = registry_walk(REGISTRY_MEMORY, &index, &handle)) != NULL) {
        if (memory->context == context && registry_take(REGISTRY_MEMORY, handle))
            registry_unpin_one_of_two(REGISTRY_MEMORY, handle); /* the owner's and the walk's */
        memory_unpin(memory);
    }
}

/* Allocates or registers: fills in memory->buffer and how the TEE reaches it. */
static struct verdict memory_make(struct context *context, struct memory *memory, bool allocate)
{
    struct verdict verdict = verdict_ok();

    if (allocate && memory->size) {
        verdict = context->transport->shm_create(context, memory->size, &memory->shared);
        if (verdict.result == TEEC_SUCCESS)
            memory->buffer = memory->shared.address;
    } else if (!allocate) {
        verdict = context->transport->shm_register(context, memory->buffer, memory->size,
                                                   &memory->shared);
        if (verdict.result == TEEC_ERROR_NOT_SUPPORTED) {
            memory->direct = false;
            return verdict_ok();
        }
    }
    memory->direct = true;
    return verdict;
}

static struct verdict memory_add(struct context *context, TEEC_SharedMemory *out, bool allocate)
{
    struct memory *memory = calloc(1, sizeof(*memory));
    struct verdict verdict;

    if (!memory)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY, "no memory is left");
    memory->context = context;
    memory->buffer = allocate ? NULL : out->buffer;
    memory->size = out->size;
    memory->flags = out->flags;
    verdict = memory_make(context, memory, allocate);
    if (verdict.result != TEEC_SUCCESS) {
        free(memory);
        return verdict;
    }
    registry_pin_again(REGISTRY_CONTEXT, context->handle);
    memory->handle = registry_add(REGISTRY_MEMORY, memory);
    if (memory->handle == 0) {
        memory_destroy(memory);
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                              "there are too many shared memories");
    }
    out->buffer = memory->buffer;
    out->postern.handle = memory->handle;
    return verdict;
}

static struct verdict memory_share(TEEC_Context *context, TEEC_SharedMemory *out, bool allocate)
{
    struct context *pinned;
    struct verdict verdict;

    if (!out)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "the shared memory is NULL");
    out->ops_cnt = 0;
    out->is_allocated = false;
    out->head.next = &out->head;
    out->head.prev = &out->head;
    out->context = NULL;
    memset(&out->postern, 0, sizeof(out->postern));
    if (!context)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "the context is NULL");
    if (out->flags == 0 || (out->flags & ~(uint32_t)TEEC_MEM_INOUT))
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "flags 0x%x are not TEEC_MEM_INPUT, _OUTPUT or both", out->flags);
    if (!allocate && (!out->buffer || out->size == 0))
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "there is nothing to register: %s",
                              out->buffer ? "size 0" : "no buffer");
    if (allocate)
        out->buffer = NULL;
    verdict = context_pin(context->postern.handle, &pinned);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    verdict = memory_add(pinned, out, allocate);
    context_unpin(pinned);
    if (verdict.result == TEEC_SUCCESS) {
        out->is_allocated = allocate;
        out->context = context;
    }
    return verdict;
}

static TEEC_Result memory_enter(const char *what, TEEC_Context *context, TEEC_SharedMemory *out,
                                bool allocate)
{
    struct verdict verdict;
    int cancel_state;

    verdict_begin();
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    verdict = memory_share(context, out, allocate);
    (void)pthread_setcancelstate(cancel_state, NULL);
    trace_other(what, verdict);
    return verdict.result;
}

TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem)
{
    return memory_enter("register", context, sharedMem, false);
}

TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem)
{
    return memory_enter("allocate", context, sharedMem, true);
}

void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem)
{
    struct memory *memory;
    int cancel_state;

    verdict_begin();
    if (!sharedMem)
        return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    memory = registry_take(REGISTRY_MEMORY, sharedMem->postern.handle);
    if (memory && context_is_ours(memory->context))
        memory_unpin(memory);
    (void)pthread_setcancelstate(cancel_state, NULL);
    if (sharedMem->is_allocated) {
        sharedMem->buffer = NULL;
        sharedMem->size = 0;
    }
    sharedMem->is_allocated = false;
    sharedMem->context = NULL;
    memset(&sharedMem->postern, 0, sizeof(sharedMem->postern));
}

/* --- Bounce memory. ----------------------------------------------------------------------------- */

static size_t bounce_size(size_t size)
{
    size_t rounded = (size_t)sysconf(_SC_PAGESIZE);

    while (rounded < size && rounded <= SIZE_MAX / 2)
        rounded *= 2;
    return rounded < size ? size : rounded;
}

static void bounce_free(struct context *context, struct bounce *bounce)
{
    WITHOUT_CANCELLATION(state);

    if (bounce->shared.size)
        context->transport->shm_release(context, &bounce->shared);
    bounce->shared = (struct shared){0};
}

static struct verdict bounce_grow(struct context *context, struct bounce *bounce, size_t size)
{
    WITHOUT_CANCELLATION(state);
    struct verdict verdict;

    bounce_free(context, bounce);
    verdict = context->transport->shm_create(context, bounce_size(size), &bounce->shared);
    if (verdict.result != TEEC_ERROR_OUT_OF_MEMORY)
        return verdict;
    /* What other sessions keep for later is better used now. */
    session_drop_idle_bounces(context);
    return context->transport->shm_create(context, size, &bounce->shared);
}

struct verdict bounce_take(struct context *context, struct bounce bounces[BOUNCES], size_t size,
                           struct bounce *extra, struct bounce **out)
{
    struct verdict verdict = verdict_ok();
    struct bounce *bounce = extra;

    for (unsigned i = 0; i < BOUNCES; i++) {
        if (!atomic_exchange_explicit(&bounces[i].busy, true, memory_order_acquire)) {
            bounce = &bounces[i];
            break;
        }
    }
    if (bounce == extra)
        memset(extra, 0, sizeof(*extra));
    if (bounce->shared.size < size)
        verdict = bounce_grow(context, bounce, size);
    if (verdict.result == TEEC_SUCCESS)
        *out = bounce;
    else
        bounce_give(context, bounce, extra);
    return verdict;
}

void bounce_give(struct context *context, struct bounce *bounce, const struct bounce *extra)
{
    if (bounce == extra)
        bounce_free(context, bounce);
    else
        atomic_store_explicit(&bounce->busy, false, memory_order_release);
}

void bounce_drop_idle(struct context *context, struct bounce bounces[BOUNCES])
{
    for (unsigned i = 0; i < BOUNCES; i++) {
        if (!atomic_exchange_explicit(&bounces[i].busy, true, memory_order_acquire)) {
            bounce_free(context, &bounces[i]);
            atomic_store_explicit(&bounces[i].busy, false, memory_order_release);
        }
    }
}
