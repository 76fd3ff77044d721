/*
 * Waiting; see trusty_wait.h.
 */
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_wait.h>

static int64_t wait_learned(int64_t result)
{
    if (result >= 0) {
        trusty_local_learn();
    }
    return result;
}

int64_t trusty_wait_one(uint32_t handle, uint64_t timeout_ns)
{
    return wait_learned(trusty_call(SYS_WAIT, handle, timeout_ns, SYS_WAIT_PEEK, 0, 0, 0));
}

int64_t trusty_wait_all(uint64_t timeout_ns)
{
    return wait_learned(trusty_call(SYS_WAIT_ANY, timeout_ns, SYS_WAIT_PEEK, 0, 0, 0, 0));
}
