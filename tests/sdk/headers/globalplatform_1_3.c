/* An app as one written to the Internal Core API 1.3: compiles without a warning, in C and C++. */
#include <tee_internal_api.h>

TEE_Result TA_EXPORT TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_EXPORT TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_EXPORT TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4],
                                              void **sessionContext)
{
    TEE_Identity identity;
    TEE_UUID uuid = {0x12345678, 0x1234, 0x1234, {1, 2, 3, 4, 5, 6, 7, 8}};
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    uint32_t origin = TEE_ORIGIN_API;
    (void)paramTypes;
    (void)params;
    *sessionContext = TEE_Malloc(sizeof(uuid), TEE_MALLOC_FILL_ZERO);
    if (TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity) !=
        TEE_SUCCESS)
        return TEE_ERROR_ACCESS_DENIED;
    if (identity.login == TEE_LOGIN_TRUSTED_APP)
        return TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin);
    return TEE_SUCCESS;
}

void TA_EXPORT TA_CloseSessionEntryPoint(void *sessionContext)
{
    TEE_Free(sessionContext);
}

static TEE_Result hash(TEE_Param params[4])
{
    TEE_OperationHandle operation = TEE_HANDLE_NULL;
    TEE_Result result = TEE_AllocateOperation(&operation, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0);
    if (result != TEE_SUCCESS)
        return result;
    TEE_DigestUpdate(operation, params[0].memref.buffer, params[0].memref.size);
    /* The size of a parameter, in place. */
    result = TEE_DigestDoFinal(operation, NULL, 0, params[1].memref.buffer, &params[1].memref.size);
    TEE_FreeOperation(operation);
    return result;
}

static TEE_Result mac(TEE_ObjectHandle key)
{
    uint8_t out[32];
    size_t size = sizeof(out);
    TEE_OperationHandle operation = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    TEE_Result result = TEE_GetObjectInfo1(key, &info);
    if (result == TEE_SUCCESS && info.objectSize <= info.maxObjectSize)
        result = TEE_AllocateOperation(&operation, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 256);
    if (result == TEE_SUCCESS)
        result = TEE_SetOperationKey(operation, key);
    if (result != TEE_SUCCESS)
        return result;
    TEE_MACInit(operation, NULL, 0);
    result = TEE_MACComputeFinal(operation, "x", 1, out, &size);
    TEE_FreeOperation(operation);
    return result;
}

TEE_Result TA_EXPORT TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID,
                                                uint32_t paramTypes, TEE_Param params[4])
{
    TEE_Time time;
    (void)sessionContext;
    if (paramTypes != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                      TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE) ||
        TEE_PARAM_TYPE_GET(paramTypes, 0) != TEE_PARAM_TYPE_MEMREF_INPUT)
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_GetSystemTime(&time);
    switch (commandID) {
    case 1:
        return hash(params);
    case 2:
        return mac(TEE_HANDLE_NULL);
    case 3:
        TEE_Panic(0);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
