/*
 * The message loop of an app that serves GlobalPlatform sessions.
 */
#ifndef POSTERN_SDK_GP_SERVE_H
#define POSTERN_SDK_GP_SERVE_H

/* Serves sessions until the instance ends, which it does with its last session unless the manifest
 * says instanceKeepAlive, names ports, or an event source (sdk/rt/runtime.h) is busy. */
_Noreturn void gp_serve(void);

#endif
