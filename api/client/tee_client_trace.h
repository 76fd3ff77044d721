/*
 * Where the time of a call goes. Postern's own; not part of OpenHarmony's or GlobalPlatform's API.
 *
 * Without any change to a program: POSTERN_TRACE=1 in its environment writes one line for each call
 * to standard error, any other value appends them to the file of that name. (Not looked at in
 * set-user-ID programs.) A line looks like this:
 *
 *   postern: invoke 8aaaf200-2450-11e4-abe2-0002a5d5c51b 0 TEEC_SUCCESS (0x00000000) TRUSTED_APP
 *       client 310 to-gate 2100 gate 800 app 450 gate 600 back 1900 ns
 *
 * (on one line): the time in this library, on the way to the secure kernel, in the kernel before
 * the app, in the app, in the kernel after it, on the way back. A TEE device does not tell the
 * middle; there the whole time outside of the library is "tee". A call that was refused has the
 * reason in words at its end.
 */
#ifndef POSTERN_TEE_CLIENT_TRACE_H
#define POSTERN_TEE_CLIENT_TRACE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Instants of one call, in nanoseconds of CLOCK_MONOTONIC. 0: not known, or the call did not get
 * there. */
struct postern_teec_trace {
    uint64_t client_in;  /* the function was called */
    uint64_t sent;       /* the call is handed to the TEE */
    uint64_t gate_in;    /* the secure kernel has it */
    uint64_t app_in;     /* the app is entered */
    uint64_t app_out;    /* the app has answered */
    uint64_t gate_out;   /* the secure kernel hands the answer back */
    uint64_t received;   /* the answer is here */
    uint64_t client_out; /* the function returns */
    uint32_t command;    /* TEEC_InvokeCommand's; 0 for others */
    uint32_t result;
    uint32_t origin;
    uint32_t kind;       /* POSTERN_TEEC_TRACE_* */
    uint8_t service[16]; /* the app's UUID, octets in network order */
};

#define POSTERN_TEEC_TRACE_OPEN 0U
#define POSTERN_TEEC_TRACE_INVOKE 1U
#define POSTERN_TEEC_TRACE_CLOSE 2U

/* Not 0: from now on the times of every call of this process are taken (also without
 * POSTERN_TRACE). 0: no longer. Taking them costs some hundred nanoseconds a call. */
void postern_teec_trace_enable(int enable);

/* The calling thread's last traced call. Answers 1, or 0 (and *trace is zeros) when there is none.
 * trace must not be NULL. */
int postern_teec_last_trace(struct postern_teec_trace *trace);

#ifdef __cplusplus
}
#endif

#endif
