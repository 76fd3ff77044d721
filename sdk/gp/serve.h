/*
 * The message loop of an app that serves GlobalPlatform sessions.
 */
#ifndef POSTERN_SDK_GP_SERVE_H
#define POSTERN_SDK_GP_SERVE_H

#include <stdint.h>

/* Serves sessions until the instance ends, which it does with its last session unless the manifest
 * says instanceKeepAlive, names ports, or an event source (sdk/rt/runtime.h) is busy. */
_Noreturn void gp_serve(void);

/* For an app with a main() of its own (sdk/gp/beside.c): offers sessions from here on. */
void gp_serve_beside(void);
/* rt_wait of sdk/rt/runtime.h. Inside an entry point it waits without serving: an app serves no call
 * inside another. */
int64_t gp_serve_wait(uint32_t handle, uint64_t timeout_ns);

#endif
