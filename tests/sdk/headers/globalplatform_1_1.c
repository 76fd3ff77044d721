/*
 * An app as one written to the Internal API 1.1: sizes are uint32_t, some names are older. C only, as
 * nearly all such apps.
 */
#include <tee_internal_api.h>

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    uint8_t hash[32];
    uint32_t hash_size = sizeof(hash);
    uint32_t text_size = 8;
    char text[8];
    char name[32];
    uint32_t name_size = sizeof(name);
    TEE_OperationHandle operation = TEE_HANDLE_NULL;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_PropSetHandle enumerator = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    uint8_t buffer[128];
    TEE_OperationInfoMultiple *multiple = (TEE_OperationInfoMultiple *)(void *)buffer;
    uint32_t multiple_size = sizeof(buffer);
    (void)context;
    (void)command;
    (void)types;
    (void)params;
    TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "gpd.ta.version", text, &text_size);
    TEE_GetPropertyAsBinaryBlock(TEE_PROPSET_CURRENT_TA, "x", text, &text_size);
    TEE_GetPropertyName(enumerator, name, &name_size);
    TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, hash, &hash_size);
    TEE_GetOperationInfoMultiple(operation, multiple, &multiple_size);
    TEE_DigestDoFinal(operation, "x", 1, hash, &hash_size);
    TEE_MACComputeFinal(operation, "x", 1, hash, &hash_size);
    TEE_GetObjectInfo(object, &info);
    TEE_RestrictObjectUsage(object, info.objectUsage & TEE_USAGE_MAC);
    TEE_CopyObjectAttributes(object, object);
    TEE_CloseObject(object);
    return info.keySize == info.maxKeySize ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}
