/*
 * counter: one instance with many sessions. The counter lives in a global variable and outlives the
 * sessions (instanceKeepAlive); what one session has added hangs on that session's context.
 *
 * An instance serves one call at a time, so nothing here needs a lock.
 */
#include "counter.h"

#include <tee_internal_api.h>

static uint32_t counter_value;
static uint32_t counter_open;
static uint32_t counter_served;

struct counter_session {
    uint32_t added;
};

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    (void)types;
    (void)params;
    struct counter_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    *context = session;
    counter_open++;
    counter_served++;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    TEE_Free(context);
    counter_open--;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    struct counter_session *session = context;
    switch (command) {
    case COUNTER_ADD:
        if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_NONE,
                                     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
            return TEE_ERROR_BAD_PARAMETERS;
        }
        counter_value += params[0].value.a;
        session->added += params[0].value.a;
        params[0].value.a = counter_value;
        params[0].value.b = session->added;
        return TEE_SUCCESS;
    case COUNTER_READ:
        if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,
                                     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
            return TEE_ERROR_BAD_PARAMETERS;
        }
        params[0].value.a = counter_value;
        params[0].value.b = counter_open;
        params[1].value.a = counter_served;
        params[1].value.b = 0;
        return TEE_SUCCESS;
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}
