/*
 * A kernel of a few lines behind port/kernel.h, so that the hosted port's own parts can be tested
 * without the real one: it answers calls by what their `func` asks for (FAKE_*), keeps clients'
 * memory, and counts what it was told.
 */
#ifndef POSTERN_PORT_HOST_TEST_FAKE_KERNEL_H
#define POSTERN_PORT_HOST_TEST_FAKE_KERNEL_H

#include <stdatomic.h>
#include <stdint.h>

/* msg_header.func */
#define FAKE_ECHO 0u     /* answers at once; value a of parameter 0 plus one */
#define FAKE_SLEEP 1u    /* answers when the client is gone or the call is cancelled */
#define FAKE_IDENTITY 2u /* an open session's identity is left in its parameter */

/* A Trusty service that never takes a message, and has one more for its client each time that it is
 * asked again. fake_ring() lets its doors know, as if it had sent one. */
#define FAKE_TIPC_DEAF "deaf"
void fake_ring(void);

struct fake_counts {
    atomic_int clients;  /* created and not destroyed */
    atomic_int gone;     /* gp_client_gone */
    atomic_int calls;    /* gp_call */
    atomic_int inside;   /* in gp_call now */
    atomic_int cancels;  /* gp_cancel */
    atomic_int memories; /* registered and not released */
    atomic_int packages;
    atomic_int background;      /* kernel_background */
    atomic_int background_cpus; /* on so many processors it may run */
    atomic_int timer;           /* kernel_timer */
    _Atomic uint64_t timer_ns;  /* the clock when it was called last */
};
extern struct fake_counts fake;
/* port_development's answer. */
extern atomic_bool fake_development;

#endif
