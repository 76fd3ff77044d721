/*
 * work: a trusted app that does next to nothing, so that what a call costs can be counted.
 */
#include "work.h"

#include <tee_internal_api.h>

static TEE_Result work_values(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_VALUE_INOUT,
                                 TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_VALUE_INOUT)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    for (unsigned i = 0; i < 4; i++) {
        params[i].value.b += params[i].value.a;
        params[i].value.a = ~params[i].value.a;
    }
    return TEE_SUCCESS;
}

static TEE_Result work_read(uint32_t types, TEE_Param params[4])
{
    if (TEE_PARAM_TYPE_GET(types, 0) != TEE_PARAM_TYPE_MEMREF_INOUT ||
        TEE_PARAM_TYPE_GET(types, 1) != TEE_PARAM_TYPE_VALUE_OUTPUT) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const volatile uint64_t *words = params[0].memref.buffer;
    uint64_t sum = 0;
    for (size_t i = 0; i < params[0].memref.size / sizeof(*words); i++) {
        sum += words[i];
    }
    params[1].value.a = (uint32_t)sum;
    params[1].value.b = (uint32_t)params[0].memref.size;
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    switch (command) {
    case WORK_NOTHING:
        return TEE_SUCCESS;
    case WORK_VALUES:
        return work_values(types, params);
    case WORK_READ:
        return work_read(types, params);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
