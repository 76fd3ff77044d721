/*
 * The way that one call took, layer by layer, as a drawing in text.
 */
#ifndef APPS_DEMO_WAY_H
#define APPS_DEMO_WAY_H

#include <stdint.h>

/* How long each layer had a call, in nanoseconds, in the order of its way. */
enum way_layer {
    WAY_CLIENT_DOWN, /* libpostern_teec, before the call is handed over */
    WAY_TO_GATE,     /* on the way to the TEE */
    WAY_KERNEL_DOWN, /* gate and kernel, before the app is entered */
    WAY_APP,         /* the app and its runtime */
    WAY_KERNEL_UP,   /* kernel and gate, after the app answered */
    WAY_TO_CLIENT,   /* on the way back */
    WAY_CLIENT_UP,   /* the library again */
    WAY_LAYERS,
};

/* Prints the drawing to standard output. `what` says which call it was, in a few words. */
void way_draw(const char *what, const uint64_t ns[WAY_LAYERS]);

#endif
