/*
 * Time.
 */
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_memory.h>
#include <uapi/err.h>

long trusty_gettime(uint32_t clock_id, int64_t *time)
{
    if (!trusty_memory_writable(time, sizeof(*time))) {
        return ERR_FAULT;
    }
    if (clock_id != 0) {
        return ERR_INVALID_ARGS;
    }
    int64_t now = sys_call(SYS_CLOCK, SYS_CLOCK_SYSTEM, 0, 0, 0, 0, 0);
    if (now < 0) {
        return now;
    }
    *time = now;
    return NO_ERROR;
}

long gettime(uint32_t clock_id, uint32_t flags, int64_t *time)
{
    if (!trusty_memory_writable(time, sizeof(*time))) {
        return ERR_FAULT;
    }
    return flags != 0 ? ERR_INVALID_ARGS : trusty_gettime(clock_id, time);
}

long trusty_nanosleep(uint32_t clock_id, uint32_t flags, uint64_t sleep_time)
{
    if (clock_id != 0 || flags != 0) {
        return ERR_INVALID_ARGS;
    }
    return trusty_call(SYS_SLEEP, sleep_time, 0, 0, 0, 0, 0);
}

long nanosleep(uint32_t clock_id, uint32_t flags, uint64_t sleep_time)
{
    return trusty_nanosleep(clock_id, flags, sleep_time);
}
