/*
 * App processes: what the rest of the port needs besides port/port.h.
 */
#ifndef POSTERN_PORT_HOST_APP_H
#define POSTERN_PORT_HOST_APP_H

#include <stdbool.h>
#include <stdint.h>

/* The launcher's report (launcher_ended_fn). */
void app_ended(bool development, uint64_t id, const char *how);
/* App processes that exist. */
unsigned int app_count(void);

/* Where the calling thread's call was when: two instants in nanoseconds of CLOCK_MONOTONIC, filled
 * by port_app_enter while `trace` is set. NULL for none. */
void app_trace(uint64_t *in_and_out);

/* Development: the next instance of this app is held before it is entered, until a debugger is
 * attached to it or `app_hold_release`. */
void app_hold(const uint8_t uuid[16]);
/* Waits until an instance is held, at the most so long; its process id, or 0. */
int app_hold_wait(int timeout_ms);
/* Nobody is to be held any more: a debugger may have come and gone unseen. */
void app_hold_release(void);

#endif
