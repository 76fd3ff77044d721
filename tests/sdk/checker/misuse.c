/*
 * Every misuse that checker.h lists. None of these functions comes back.
 */
#include "misuse.h"

#include "checker.h"

#include <postern_ta.h>
#include <tee_internal_api.h>

/* Hides a constant from the compiler, which would warn of what is done here on purpose. */
static void *misuse_pointer(uintptr_t value)
{
    volatile uintptr_t hidden = value;
    return (void *)hidden;
}
#define NOWHERE misuse_pointer(0)

static TEE_OperationHandle misuse_operation(uint32_t algorithm, uint32_t mode, uint32_t bits)
{
    TEE_OperationHandle operation = TEE_HANDLE_NULL;
    (void)TEE_AllocateOperation(&operation, algorithm, mode, bits);
    return operation;
}

static TEE_OperationHandle misuse_digest(void)
{
    return misuse_operation(TEE_ALG_SHA256, TEE_MODE_DIGEST, 0);
}

static TEE_OperationHandle misuse_mac(void)
{
    return misuse_operation(TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 256);
}

static TEE_ObjectHandle misuse_object(void)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    (void)TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 256, &object);
    return object;
}

static TEE_ObjectHandle misuse_key(void)
{
    TEE_ObjectHandle object = misuse_object();
    (void)TEE_GenerateKey(object, 256, NULL, 0);
    return object;
}

static void misuse_core(uint32_t which)
{
    size_t size = 8;
    char text[8];
    bool flag;
    uint32_t origin;
    TEE_PropSetHandle enumerator;
    TEE_TASessionHandle session;
    TEE_Param params[4] = {{{0, 0}}};
    switch (which) {
    case CHECKER_MISUSE_PROPERTY_VALUE:
        TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "gpd.ta.dataSize", NOWHERE);
        break;
    case CHECKER_MISUSE_PROPERTY_NAME:
        TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, misuse_pointer(16), text, &size);
        break;
    case CHECKER_MISUSE_PROPERTY_SET:
        TEE_GetPropertyAsBool(misuse_pointer(0x1234), "gpd.ta.multiSession", &flag);
        break;
    case CHECKER_MISUSE_ENUMERATOR_FREED:
        TEE_AllocatePropertyEnumerator(&enumerator);
        TEE_FreePropertyEnumerator(enumerator);
        TEE_GetNextProperty(enumerator);
        break;
    case CHECKER_MISUSE_PANIC:
        TEE_Panic(TEE_ERROR_BAD_STATE);
    case CHECKER_MISUSE_SESSION_HANDLE:
        TEE_InvokeTACommand(TEE_HANDLE_NULL, 0, 0, 0, NULL, &origin);
        break;
    case CHECKER_MISUSE_SESSION_TYPES: {
        const TEE_UUID other = CHECKER_OTHER_UUID;
        TEE_OpenTASession(&other, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin);
        TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 0, 4, params, &origin);
        break;
    }
    case CHECKER_MISUSE_SESSION_DESTINATION:
        TEE_OpenTASession(NOWHERE, 0, 0, NULL, &session, &origin);
        break;
    case CHECKER_MISUSE_RANDOM:
        TEE_GenerateRandom(misuse_pointer((uintptr_t)misuse_core), 32);
        break;
    case CHECKER_MISUSE_TIME:
        TEE_GetSystemTime(NOWHERE);
        break;
    case CHECKER_MISUSE_KEY:
        postern_derive_key(NOWHERE, 7, text, sizeof(text));
        break;
    default:
        break;
    }
}

static void misuse_memory(uint32_t which)
{
    char text[64] = "text";
    void *piece = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
    void *volatile again = piece;
    switch (which) {
    case CHECKER_MISUSE_ACCESS_FLAGS:
        TEE_CheckMemoryAccessRights(0x80, text, 1);
        break;
    case CHECKER_MISUSE_MALLOC_HINT:
        TEE_Malloc(1, 4);
        break;
    case CHECKER_MISUSE_REALLOC:
        TEE_Realloc(misuse_pointer((uintptr_t)piece + 16), 200);
        break;
    case CHECKER_MISUSE_FREE_TWICE:
        TEE_Free(piece);
        TEE_Free(again);
        break;
    case CHECKER_MISUSE_FREE_STACK:
        TEE_Free(misuse_pointer((uintptr_t)text & ~(uintptr_t)15));
        break;
    case CHECKER_MISUSE_MOVE_TO_CODE:
        TEE_MemMove(misuse_pointer((uintptr_t)misuse_memory), text, 4);
        break;
    case CHECKER_MISUSE_MOVE_FROM_HOLE:
        TEE_MemMove(text, misuse_pointer(0x200000000000), 1);
        break;
    case CHECKER_MISUSE_FILL:
        TEE_MemFill(misuse_pointer((uintptr_t)"constant"), 0, 4);
        break;
    case CHECKER_MISUSE_COMPARE:
        TEE_MemCompare(NOWHERE, text, 4);
        break;
    default:
        break;
    }
}

static void misuse_objects(uint32_t which)
{
    uint8_t secret[33] = {1};
    size_t size = sizeof(secret);
    TEE_Attribute attribute;
    TEE_ObjectInfo info;
    TEE_InitRefAttribute(&attribute, TEE_ATTR_SECRET_VALUE, secret, sizeof(secret));
    TEE_ObjectHandle object = misuse_object();
    TEE_ObjectHandle key = misuse_key();
    switch (which) {
    case CHECKER_MISUSE_OBJECT_HANDLE:
        TEE_GetObjectInfo1(misuse_pointer(0x50), &info);
        break;
    case CHECKER_MISUSE_OBJECT_POPULATE_TWICE:
        TEE_PopulateTransientObject(key, &attribute, 1);
        break;
    case CHECKER_MISUSE_OBJECT_TOO_LARGE:
        TEE_PopulateTransientObject(object, &attribute, 1);
        break;
    case CHECKER_MISUSE_OBJECT_ATTRIBUTE:
        TEE_InitValueAttribute(&attribute, TEE_ATTR_SECRET_VALUE, 1, 2);
        break;
    case CHECKER_MISUSE_OBJECT_EXTRACT:
        TEE_RestrictObjectUsage1(key, TEE_USAGE_MAC);
        TEE_GetObjectBufferAttribute(key, TEE_ATTR_SECRET_VALUE, secret, &size);
        break;
    case CHECKER_MISUSE_OBJECT_COPY:
        TEE_CopyObjectAttributes1(object, object);
        break;
    case CHECKER_MISUSE_OBJECT_GENERATE:
        TEE_GenerateKey(object, 257, NULL, 0);
        break;
    default:
        break;
    }
}

static void misuse_operations(uint32_t which)
{
    uint8_t out[32];
    size_t size = sizeof(out);
    TEE_OperationHandle digest = misuse_digest();
    TEE_OperationHandle mac = misuse_mac();
    switch (which) {
    case CHECKER_MISUSE_OPERATION_HANDLE:
        TEE_DigestUpdate(TEE_HANDLE_NULL, "x", 1);
        break;
    case CHECKER_MISUSE_OPERATION_FREED:
        TEE_FreeOperation(digest);
        TEE_FreeOperation(digest);
        break;
    case CHECKER_MISUSE_OPERATION_KEY:
        TEE_SetOperationKey(digest, misuse_key());
        break;
    case CHECKER_MISUSE_OPERATION_COPY:
        TEE_CopyOperation(digest, misuse_operation(TEE_ALG_SHA512, TEE_MODE_DIGEST, 0));
        break;
    case CHECKER_MISUSE_OPERATION_RESET:
        TEE_ResetOperation(mac);
        break;
    case CHECKER_MISUSE_DIGEST_CHUNK:
        TEE_DigestUpdate(digest, NOWHERE, 5);
        break;
    case CHECKER_MISUSE_DIGEST_HASH:
        TEE_DigestDoFinal(digest, NULL, 0, misuse_pointer((uintptr_t)misuse_digest), &size);
        break;
    case CHECKER_MISUSE_DIGEST_EXTRACTING:
        TEE_DigestExtract(digest, out, &size);
        TEE_DigestUpdate(digest, "x", 1);
        break;
    case CHECKER_MISUSE_DIGEST_OF_MAC:
        TEE_DigestExtract(mac, out, &size);
        break;
    case CHECKER_MISUSE_MAC_INIT:
        TEE_MACInit(mac, NULL, 0);
        break;
    case CHECKER_MISUSE_MAC_UPDATE:
        TEE_SetOperationKey(mac, misuse_key());
        TEE_MACUpdate(mac, "x", 1);
        break;
    case CHECKER_MISUSE_MAC_FINAL:
        TEE_MACComputeFinal(mac, "x", 1, out, &size);
        break;
    default:
        break;
    }
}

void misuse(uint32_t which)
{
    misuse_core(which);
    misuse_memory(which);
    misuse_objects(which);
    misuse_operations(which);
}
