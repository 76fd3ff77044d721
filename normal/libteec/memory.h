/*
 * Shared memory: what TEEC_AllocateSharedMemory and TEEC_RegisterSharedMemory make, and the bounce
 * memory through which other references travel.
 */
#ifndef POSTERN_LIBTEEC_MEMORY_H
#define POSTERN_LIBTEEC_MEMORY_H

#include "context.h"

/* What a TEEC_SharedMemory stands for. What the caller's structure says of it later is not read. */
struct memory {
    struct context *context; /* pinned */
    uint64_t handle;
    uint8_t *buffer; /* as clients see it; NULL: allocated with size 0 */
    size_t size;
    uint32_t flags;
    /* Allocated, or registered with the TEE: the TEE reaches it itself. */
    bool direct;
    struct shared shared;
};

/* The memory that `parent` stands for, if it is alive and of this context; else NULL. */
struct memory *memory_pin(const struct context *context, const TEEC_SharedMemory *parent);
void memory_unpin(struct memory *memory);

/* The context ends: nothing of it stays alive but for calls that run. */
void memory_release_all(struct context *context);

#define BOUNCES 4u

/* Memory of one session's, for its temporary and registered references. Only this session's app
 * ever sees it. Each call that needs some has its own; what is grown stays. */
struct bounce {
    atomic_bool busy;
    struct shared shared;
};

/* A bounce memory of at least `size` (not 0) bytes for one call. Where all are in use, *extra is
 * used and freed afterwards. */
struct verdict bounce_take(struct context *context, struct bounce bounces[BOUNCES], size_t size,
                           struct bounce *extra, struct bounce **out);
void bounce_give(struct context *context, struct bounce *bounce, const struct bounce *extra);
/* Frees all that is not in use. */
void bounce_drop_idle(struct context *context, struct bounce bounces[BOUNCES]);

#endif
