/*
 * Waiting; see trusty_wait.h.
 */
#include <sdk/rt/runtime.h>
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_wait.h>
#include <stddef.h>

/* Who serves sessions meanwhile (sdk/rt/runtime.h) tells nothing but the event. */
static int64_t wait_beside(uint32_t handle, uint64_t timeout_ns)
{
    trusty_local_forget();
    return rt_wait(handle, timeout_ns);
}

static int64_t wait_learned(int64_t result)
{
    if (result >= 0) {
        trusty_local_learn();
    }
    return result;
}

int64_t trusty_wait_one(uint32_t handle, uint64_t timeout_ns)
{
    if (rt_wait != NULL) {
        return wait_beside(handle, timeout_ns);
    }
    return wait_learned(trusty_call(SYS_WAIT, handle, timeout_ns, SYS_WAIT_PEEK, 0, 0, 0));
}

int64_t trusty_wait_all(uint64_t timeout_ns)
{
    if (rt_wait != NULL) {
        return wait_beside(SYS_NO_HANDLE, timeout_ns);
    }
    return wait_learned(trusty_call(SYS_WAIT_ANY, timeout_ns, SYS_WAIT_PEEK, 0, 0, 0, 0));
}
