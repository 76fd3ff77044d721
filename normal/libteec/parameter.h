/*
 * From a TEEC_Operation to what a call carries, and back.
 */
#ifndef POSTERN_LIBTEEC_PARAMETER_H
#define POSTERN_LIBTEEC_PARAMETER_H

#include "context.h"
#include "memory.h"
#include "session.h"

/* What one parameter needs after the call. */
struct parameter {
    uint32_t type;         /* TEEC_VALUE_*, TEEC_MEMREF_*, TEEC_NONE */
    uint8_t *client;       /* where the caller's bytes are; NULL: nothing to copy */
    struct memory *memory; /* pinned and counted in its parent's ops_cnt, or NULL */
    /* Set for memory references alone: */
    uint32_t direction; /* TEEC_MEM_* */
    size_t size;        /* as the caller gave it */
    size_t place;       /* offset within the bounce memory, where something is to be copied */
    TEEC_SharedMemory *parent; /* where there is `memory` */
};

struct parameters {
    unsigned count; /* up to the last one that is not TEEC_NONE; the rest of `each` is not set */
    struct parameter each[TEEC_PARAM_NUM];
    struct bounce *bounce; /* NULL: none needed */
    struct bounce extra;
};

/* The same for an operation that has some: `types` is what was read of it. */
struct verdict parameters_fill(struct session *session, TEEC_Operation *operation, uint32_t types,
                               struct call *call, struct parameters *parameters);

/* Checks the operation (NULL: no parameters), then copies in what goes to the app and fills in
 * call->param. Success must be followed by parameters_finish. */
static inline struct verdict parameters_begin(struct session *session, TEEC_Operation *operation,
                                              struct call *call, struct parameters *parameters)
{
    uint32_t types = operation ? operation->paramTypes : 0;

    parameters->bounce = NULL;
    parameters->count = 0;
    call->num_params = 0;
    return types ? parameters_fill(session, operation, types, call, parameters) : verdict_ok();
}

bool parameters_take(struct session *session, TEEC_Operation *operation, const struct call *call,
                     struct parameters *parameters, bool answered);

/* Copies the app's answer out when `answered` (it is from the app), and lets go of everything.
 * Answers true when an output was larger than its buffer. */
static inline bool parameters_finish(struct session *session, TEEC_Operation *operation,
                                     const struct call *call, struct parameters *parameters,
                                     bool answered)
{
    return parameters->count != 0 &&
           parameters_take(session, operation, call, parameters, answered);
}

#endif
