/*
 * Lanes: carrying a call on one, and cancelling the call that runs on one.
 */
#ifndef POSTERN_LIBTEEC_LANE_H
#define POSTERN_LIBTEEC_LANE_H

#include "context.h"

/* How many lanes the TEE allows; once, before the first call. */
void lane_limit(struct context *context, uint32_t max);

/* Carries one call: take, send, wait, give. As struct transport's call; *hint is updated. */
struct verdict lane_call(struct context *context, _Atomic uint32_t *hint, struct call *call,
                         struct verdict *answer);

/* The call has been handed to the TEE: from now on a cancellation is the TEE's matter. */
void lane_sent(struct context *context, struct lane *lane, struct call *call);

/* Wakes everybody who waits for a lane. */
void lane_wake_all(struct context *context);

/* TEEC_RequestCancellation's work in one context; the operation's flag is set already. */
void lane_cancel(struct context *context, TEEC_Operation *operation);

#endif
