/*
 * Sessions: opening, invoking, closing.
 */
#ifndef POSTERN_LIBTEEC_SESSION_H
#define POSTERN_LIBTEEC_SESSION_H

#include "context.h"
#include "memory.h"

struct session {
    struct context *context; /* pinned */
    uint64_t handle;
    uint32_t number; /* the TEE's */
    TEEC_UUID service;
    _Atomic uint32_t lane_hint;
    struct bounce bounces[BOUNCES];
};

/* The context ends: closes what is open, but for sessions that a call runs on, which the TEE
 * closes itself when the connection ends. */
void session_close_all(struct context *context);

/* Frees the memory that sessions of this context keep for later calls. */
void session_drop_idle_bounces(struct context *context);

#endif
