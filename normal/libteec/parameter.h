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
    uint32_t direction;    /* of a memory reference: TEEC_MEM_* */
    uint8_t *client;       /* where the caller's bytes are; NULL: nothing to copy */
    size_t size;           /* as the caller gave it */
    size_t place;          /* offset within the bounce memory */
    struct memory *memory; /* pinned, or NULL */
    TEEC_SharedMemory *parent;
};

struct parameters {
    struct parameter each[TEEC_PARAM_NUM];
    struct bounce *bounce; /* NULL: none needed */
    struct bounce extra;
};

/* Checks the operation (NULL: no parameters), then copies in what goes to the app and fills in
 * call->param. Success must be followed by parameters_finish. */
struct verdict parameters_begin(struct session *session, TEEC_Operation *operation,
                                struct call *call, struct parameters *parameters);

/* Copies the app's answer out when `answered` (it is from the app), and lets go of everything.
 * Answers true when an output was larger than its buffer. */
bool parameters_finish(struct session *session, TEEC_Operation *operation, const struct call *call,
                       struct parameters *parameters, bool answered);

#endif
