/*
 * Waiting; see trusty_wait.h.
 */
#include <sdk/rt/runtime.h>
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_wait.h>
#include <stddef.h>

/* What was learned in a session's call meanwhile is not this wait's. */
static int64_t wait_learned(uint32_t handle, int64_t result)
{
    trusty_local_forget();
    if (result >= 0) {
        trusty_local_learn(handle);
    }
    return result;
}

/* Numbers that mean something else to rt_wait, or below; the kernel says that they are no handles. */
static bool wait_is_odd(uint32_t handle)
{
    return handle < SYS_HANDLE_BASE || handle == SYS_NO_HANDLE;
}

int64_t trusty_wait_one(uint32_t handle, uint64_t timeout_ns)
{
    if (wait_is_odd(handle)) {
        return trusty_call(SYS_WAIT, handle, timeout_ns, 0, 0, 0, 0);
    }
    if (trusty_local_wait(handle)) {
        return 0;
    }
    trusty_local_forget();
    return wait_learned(
        handle, rt_wait != NULL ? rt_wait(handle, timeout_ns)
                                : sys_call(SYS_WAIT, handle, timeout_ns, SYS_WAIT_PEEK, 0, 0, 0));
}

int64_t trusty_wait_all(uint64_t timeout_ns)
{
    if (trusty_local_wait(SYS_NO_HANDLE)) {
        return 0;
    }
    trusty_local_forget();
    return wait_learned(SYS_NO_HANDLE, rt_wait != NULL ? rt_wait(SYS_NO_HANDLE, timeout_ns)
                                                       : sys_call(SYS_WAIT_ANY, timeout_ns,
                                                                  SYS_WAIT_PEEK, 0, 0, 0, 0));
}
