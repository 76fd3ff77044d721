/*
 * The trusted app: what runs in the TEE. It serves one command, which adds two numbers and writes a
 * greeting into the client's memory. Everything that comes from the client is hostile until
 * checked; shared memory may change while the app looks at it.
 */
#include <string.h>
#include <tee_internal_api.h>

#define COMMAND_GREET 1u

/* Once for each instance, before anything else. */
TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

/* Once for each client that opens a session. */
TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **session)
{
    (void)paramTypes;
    (void)params;
    *session = NULL;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session)
{
    (void)session;
}

/* In and out: params[0].value, a and b become a + b. Out: params[1].memref, the greeting. */
static TEE_Result greet(uint32_t paramTypes, TEE_Param params[4])
{
    static const char greeting[] = "greetings from @NAME@";
    if (paramTypes != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                      TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    size_t room = params[1].memref.size;
    params[1].memref.size = sizeof(greeting); /* also tells how much is needed */
    if (room < sizeof(greeting))
        return TEE_ERROR_SHORT_BUFFER;
    memcpy(params[1].memref.buffer, greeting, sizeof(greeting));
    params[0].value.a += params[0].value.b;
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *session, uint32_t command, uint32_t paramTypes,
                                      TEE_Param params[4])
{
    (void)session;
    if (command == COMMAND_GREET)
        return greet(paramTypes, params);
    return TEE_ERROR_NOT_SUPPORTED;
}
