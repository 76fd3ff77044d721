/*
 * Lanes: taking one for a call, giving it back, and cancelling the call that runs on one.
 */
#ifndef POSTERN_LIBTEEC_LANE_H
#define POSTERN_LIBTEEC_LANE_H

#include "context.h"

/* Waits for a lane where all are in use; opens a new one where the TEE allows. `hint` is the index
 * of the lane to prefer. A call that closes a session may use the lanes that are kept for that.
 * A waiting call whose operation is cancelled answers CANCEL, TEE. */
struct verdict lane_take(struct context *context, const struct call *call, uint32_t hint,
                         struct lane **out);
void lane_give(struct context *context, struct lane *lane);

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
