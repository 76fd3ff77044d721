/*
 * An app whose one instance serves all sessions: it computes, waits, or dies.
 */
#include "shared.h"

#include <tee_internal_api.h>

static uint32_t compute(uint32_t rounds)
{
    uint32_t state = 1;
    for (uint32_t i = 0; i < rounds; i++) {
        state = state * 1664525u + 1013904223u;
        __asm__ volatile("" : "+r"(state));
    }
    return state;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    (void)types;
    switch (command) {
    case SHARED_NOTHING:
        return TEE_SUCCESS;
    case SHARED_COMPUTE:
        params[0].value.b = compute(params[0].value.a);
        return TEE_SUCCESS;
    case SHARED_WAIT:
        TEE_UnmaskCancellation();
        return TEE_Wait(params[0].value.a);
    case SHARED_CRASH:
        __builtin_trap();
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
