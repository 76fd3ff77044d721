/*
 * Contexts: their making and end, and what happens when the TEE goes away.
 */
#include "context.h"

#include <stdlib.h>
#include <string.h>

#include "lane.h"
#include "memory.h"
#include "process.h"
#include "registry.h"
#include "session.h"
#include "trace.h"

static struct verdict refuse_memory(void)
{
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC, "the process has no resources left");
}

static struct context *context_create(void)
{
    struct context *context = aligned_alloc(_Alignof(struct context), sizeof(struct context));

    if (!context)
        return NULL;
    memset(context, 0, sizeof(*context));
    context->fd = -1;
    context->epoch = process_epoch();
    (void)pthread_mutex_init(&context->lock, NULL);
    (void)pthread_mutex_init(&context->control, NULL);
    (void)pthread_cond_init(&context->changed, NULL);
    for (uint32_t i = 0; i < LANES_MAX; i++) {
        context->lanes[i].index = i;
        context->lanes[i].cpu = UINT32_MAX;
        context->lanes[i].request_write = -1;
        context->lanes[i].request_read = -1;
        context->lanes[i].response_read = -1;
    }
    return context;
}

static void context_destroy(struct context *context)
{
    if (context->transport)
        context->transport->abandon(context);
    (void)pthread_cond_destroy(&context->changed);
    (void)pthread_mutex_destroy(&context->control);
    (void)pthread_mutex_destroy(&context->lock);
    free(context);
}

void context_unpin(struct context *context)
{
    if (registry_unpin(REGISTRY_CONTEXT, context->handle))
        context_destroy(context);
}

struct verdict context_lost(struct context *context, const char *why)
{
    if (!atomic_exchange(&context->broken, true)) {
        context->transport->hang_up(context);
        lane_wake_all(context);
    }
    return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_COMMUNICATION, "%s", why);
}

bool context_is_ours(const struct context *context)
{
    return context->epoch == process_epoch();
}

struct verdict context_check(struct context *context)
{
    if (!context_is_ours(context))
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_COMMUNICATION,
                              "a fork()'s child cannot use its parent's TEE context");
    if (atomic_load_explicit(&context->broken, memory_order_relaxed))
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_COMMUNICATION, "the TEE is gone");
    return verdict_ok();
}

struct verdict context_pin(uint64_t handle, struct context **out)
{
    struct verdict verdict;

    *out = registry_pin(REGISTRY_CONTEXT, handle);
    if (!*out)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "the context is not initialised");
    verdict = context_check(*out);
    if (verdict.result != TEEC_SUCCESS)
        context_unpin(*out);
    return verdict;
}

static void ring_clear(struct ListNode *ring)
{
    ring->next = ring;
    ring->prev = ring;
}

static void context_clear(TEEC_Context *out)
{
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    ring_clear(&out->session_list);
    ring_clear(&out->shrd_mem_list);
}

static struct verdict initialize(const char *name, TEEC_Context *out)
{
    struct verdict verdict;
    struct context *context;

    process_start();
    trace_start();
    if (!out)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "the context is NULL");
    context_clear(out);
    context = context_create();
    if (!context)
        return refuse_memory();
    verdict = selection_connect(context, name);
    if (verdict.result == TEEC_SUCCESS) {
        context->handle = registry_add(REGISTRY_CONTEXT, context);
        if (context->handle == 0)
            verdict = refuse_memory();
    }
    if (verdict.result != TEEC_SUCCESS) {
        context_destroy(context);
        return verdict;
    }
    out->fd = context->fd;
    out->postern.handle = context->handle;
    return verdict;
}

TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
    struct verdict verdict;
    int cancel_state;

    verdict_begin();
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    verdict = initialize(name, context);
    (void)pthread_setcancelstate(cancel_state, NULL);
    trace_other("initialize", verdict);
    return verdict.result;
}

static void finalize(struct context *context)
{
    if (!context_is_ours(context))
        return; /* the parent's: its pin stays, nothing of it is touched */
    session_close_all(context);
    memory_release_all(context);
    atomic_store(&context->broken, true);
    context->transport->hang_up(context);
    lane_wake_all(context);
    context_unpin(context);
}

void TEEC_FinalizeContext(TEEC_Context *context)
{
    struct context *taken;
    int cancel_state;

    verdict_begin();
    if (!context)
        return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    taken = registry_take(REGISTRY_CONTEXT, context->postern.handle);
    if (taken) {
        finalize(taken);
        context_clear(context);
        trace_other("finalize", verdict_ok());
    }
    (void)pthread_setcancelstate(cancel_state, NULL);
}
