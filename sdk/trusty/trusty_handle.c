/*
 * Handles of any kind: cookies, waiting, closing, sets.
 *
 * Cookies are the app's pointers and numbers to the kernel, which hands them back with events.
 */
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_memory.h>
#include <sdk/trusty/trusty_wait.h>
#include <stddef.h>
#include <uapi/err.h>

_Static_assert(IPC_HANDLE_POLL_READY == SYS_EVENT_READY, "events");
_Static_assert(IPC_HANDLE_POLL_ERROR == SYS_EVENT_ERROR, "events");
_Static_assert(IPC_HANDLE_POLL_HUP == SYS_EVENT_HUP, "events");
_Static_assert(IPC_HANDLE_POLL_MSG == SYS_EVENT_MSG, "events");
_Static_assert(IPC_HANDLE_POLL_SEND_UNBLOCKED == SYS_EVENT_SEND_UNBLOCKED, "events");
_Static_assert(HSET_ADD == SYS_HSET_ADD && HSET_DEL == SYS_HSET_DEL && HSET_MOD == SYS_HSET_MOD,
               "handle set commands");
_Static_assert(sizeof(void *) == sizeof(uint64_t), "a cookie holds a pointer");

long set_cookie(uint32_t handle, void *cookie)
{
    return trusty_call(SYS_SET_COOKIE, handle, (uintptr_t)cookie, 0, 0, 0, 0);
}

long close(uint32_t handle)
{
    trusty_local_close(handle);
    return trusty_call(SYS_CLOSE, handle, 0, 0, 0, 0, 0);
}

uint64_t trusty_wait_timeout_ns(unsigned long milliseconds)
{
    uint64_t ns;
    if (milliseconds == INFINITE_TIME || milliseconds == (unsigned long)-1 ||
        __builtin_mul_overflow((uint64_t)milliseconds, UINT64_C(1000000), &ns)) {
        return SYS_TIMEOUT_INFINITE;
    }
    return ns;
}

static long wait_event(uevent_t *event, int64_t result)
{
    if (result < 0) {
        return result;
    }
    struct sys_event got = sys_page()->event;
    *event = (uevent_t){
        .handle = (handle_t)got.handle,
        .event = got.event,
        .cookie = (void *)(uintptr_t)got.cookie,
    };
    return NO_ERROR;
}

long wait(uint32_t handle, uevent_t *event, unsigned long timeout_msecs)
{
    if (!trusty_memory_writable(event, sizeof(*event))) {
        return ERR_FAULT;
    }
    return wait_event(event, trusty_wait_one(handle, trusty_wait_timeout_ns(timeout_msecs)));
}

long wait_any(uevent_t *event, unsigned long timeout_msecs)
{
    if (!trusty_memory_writable(event, sizeof(*event))) {
        return ERR_FAULT;
    }
    return wait_event(event, trusty_wait_all(trusty_wait_timeout_ns(timeout_msecs)));
}

long handle_set_create(void)
{
    return trusty_call(SYS_HSET_CREATE, 0, 0, 0, 0, 0, 0);
}

long handle_set_ctrl(uint32_t handle, uint32_t cmd, uevent_t *event)
{
    if (!trusty_memory_readable(event, sizeof(*event))) {
        return ERR_FAULT;
    }
    return trusty_call(SYS_HSET_CTRL, handle, cmd, (uint32_t)event->handle, event->event,
                       (uintptr_t)event->cookie, 0);
}
