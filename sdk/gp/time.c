/*
 * TEE Internal Core API 1.3, 7.2 (time) and 6.9 (random numbers): what the kernel answers.
 */
#include <abi/syscall.h>
#include <sdk/gp/call.h>
#include <sdk/gp/panic.h>
#include <sdk/rt/syscall.h>

#include <string.h>
#include <tee_internal_api.h>

#define TIME_NS_PER_S UINT64_C(1000000000)
#define TIME_NS_PER_MS UINT64_C(1000000)

static TEE_Time time_of_ns(uint64_t ns)
{
    return (TEE_Time){.seconds = (uint32_t)(ns / TIME_NS_PER_S),
                      .millis = (uint32_t)(ns % TIME_NS_PER_S / TIME_NS_PER_MS)};
}

void TEE_GetSystemTime(TEE_Time *time)
{
    gp_check_out(__func__, "time", time, sizeof(*time));
    const int64_t now = sys_call(SYS_CLOCK, SYS_CLOCK_SYSTEM, 0, 0, 0, 0, 0);
    if (now < 0)
        gp_panic(__func__, TEE_ERROR_GENERIC, "the TEE has no time (%lld)", (long long)now);
    *time = time_of_ns((uint64_t)now);
}

void TEE_GetREETime(TEE_Time *time)
{
    gp_check_out(__func__, "time", time, sizeof(*time));
    const int64_t now = sys_call(SYS_CLOCK, SYS_CLOCK_REE, 0, 0, 0, 0, 0);
    *time = time_of_ns(now < 0 ? 0 : (uint64_t)now);
}

TEE_Result TEE_Wait(uint32_t timeout)
{
    const uint64_t ns =
        timeout == TEE_TIMEOUT_INFINITE ? SYS_TIMEOUT_INFINITE : timeout * TIME_NS_PER_MS;
    const uint64_t flags = call_cancellable() ? SYS_WAIT_CANCELLABLE : 0;
    const int64_t answer = sys_call(SYS_SLEEP, ns, flags, 0, 0, 0, 0);
    return answer == SYS_ERR_CANCELLED ? TEE_ERROR_CANCEL : TEE_SUCCESS;
}

void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen)
{
    gp_check_out(__func__, "randomBuffer", randomBuffer, randomBufferLen);
    uint8_t *out = randomBuffer;
    while (randomBufferLen > 0) {
        const size_t part = randomBufferLen < SYS_BUFFER_SIZE ? randomBufferLen : SYS_BUFFER_SIZE;
        const int64_t answer = sys_call(SYS_RANDOM, part, 0, 0, 0, 0, 0);
        if (answer < 0)
            gp_panic(__func__, TEE_ERROR_GENERIC, "the TEE's generator fails (%lld)",
                     (long long)answer);
        memcpy(out, sys_page()->in, part);
        explicit_bzero(sys_page()->in, part);
        out += part;
        randomBufferLen -= part;
    }
}
