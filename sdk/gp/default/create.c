/* The create entry point of an app that leaves it out. */
#include <tee_internal_api.h>

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}
