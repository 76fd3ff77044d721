/*
 * Waiting; see trusty_wait.h.
 */
#include <sdk/rt/syscall.h>
#include <sdk/trusty/trusty_wait.h>

int64_t trusty_wait_one(uint32_t handle, uint64_t timeout_ns)
{
    return sys_call(SYS_WAIT, handle, timeout_ns, 0, 0, 0, 0);
}

int64_t trusty_wait_all(uint64_t timeout_ns)
{
    return sys_call(SYS_WAIT_ANY, timeout_ns, 0, 0, 0, 0, 0);
}
