/*
 * The one place where an app with a `main` of its own waits. Such an app may have GlobalPlatform's
 * entry points, too: then its sessions are served in here.
 */
#ifndef POSTERN_SDK_TRUSTY_WAIT_H
#define POSTERN_SDK_TRUSTY_WAIT_H

#include <stdint.h>

/* Milliseconds of the API; all that means "without end" becomes SYS_TIMEOUT_INFINITE. */
uint64_t trusty_wait_timeout_ns(unsigned long milliseconds);

/* As SYS_WAIT and SYS_WAIT_ANY; the event in sys_page()->event. */
int64_t trusty_wait_one(uint32_t handle, uint64_t timeout_ns);
int64_t trusty_wait_all(uint64_t timeout_ns);

#endif
