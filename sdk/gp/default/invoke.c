/* The invoke entry point of an app that leaves it out: it knows no command. */
#include <tee_internal_api.h>

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    (void)sessionContext;
    (void)commandID;
    (void)paramTypes;
    (void)params;
    return TEE_ERROR_INVALID_CMD;
}
