/*
 * digest: SHA-256 and HMAC-SHA-256 over a stream that comes in pieces.
 *
 * The pieces lie in memory that the client shares with this app, and may be changed by the client
 * while they are read. Both functions therefore work on a private copy of each slice: otherwise
 * digest and HMAC could be made to speak of different bytes.
 *
 * The HMAC's key is derived from the device's key, the package's signer and this app's UUID; it
 * never leaves this process.
 */
#include "digest.h"

#include <postern_ta.h>
#include <string.h>
#include <tee_internal_api.h>

#define DIGEST_SLICE 16384
#define DIGEST_KEY_SIZE 32

struct digest_session {
    TEE_OperationHandle digest;
    TEE_OperationHandle mac;
    uint64_t length;
    uint8_t slice[DIGEST_SLICE];
};

static const char digest_key_label[] = "digest: HMAC of a client's stream";

/* Gives the session's HMAC its key. */
static TEE_Result digest_set_key(struct digest_session *session)
{
    uint8_t secret[DIGEST_KEY_SIZE];
    TEE_Result result =
        postern_derive_key(digest_key_label, sizeof(digest_key_label) - 1, secret, sizeof(secret));
    if (result != TEE_SUCCESS) {
        return result;
    }
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    result = TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 8 * DIGEST_KEY_SIZE, &key);
    if (result == TEE_SUCCESS) {
        TEE_Attribute attribute;
        TEE_InitRefAttribute(&attribute, TEE_ATTR_SECRET_VALUE, secret, sizeof(secret));
        result = TEE_PopulateTransientObject(key, &attribute, 1);
    }
    if (result == TEE_SUCCESS) {
        result = TEE_SetOperationKey(session->mac, key);
    }
    TEE_FreeTransientObject(key);
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

static void digest_session_destroy(struct digest_session *session)
{
    TEE_FreeOperation(session->digest);
    TEE_FreeOperation(session->mac);
    TEE_MemFill(session, 0, sizeof(*session));
    TEE_Free(session);
}

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
    struct digest_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    TEE_Result result = TEE_AllocateOperation(&session->digest, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0);
    if (result == TEE_SUCCESS) {
        result = TEE_AllocateOperation(&session->mac, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC,
                                       8 * DIGEST_KEY_SIZE);
    }
    if (result == TEE_SUCCESS) {
        result = digest_set_key(session);
    }
    if (result != TEE_SUCCESS) {
        digest_session_destroy(session);
        return result;
    }
    TEE_MACInit(session->mac, NULL, 0);
    *context = session;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    digest_session_destroy(context);
}

static TEE_Result digest_update(struct digest_session *session, uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const uint8_t *piece = params[0].memref.buffer;
    size_t left = params[0].memref.size;
    while (left > 0) {
        const size_t part = left < sizeof(session->slice) ? left : sizeof(session->slice);
        memcpy(session->slice, piece, part);
        TEE_DigestUpdate(session->digest, session->slice, part);
        TEE_MACUpdate(session->mac, session->slice, part);
        piece += part;
        left -= part;
        session->length += part;
    }
    return TEE_SUCCESS;
}

static TEE_Result digest_finish(struct digest_session *session, uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    /* Both sizes are checked before either function is finished: a refused call changes nothing, and
     * the client may come back with room. */
    const bool fits = params[0].memref.size >= DIGEST_SIZE && params[1].memref.size >= DIGEST_SIZE;
    params[0].memref.size = DIGEST_SIZE;
    params[1].memref.size = DIGEST_SIZE;
    if (!fits) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    uint8_t digest[DIGEST_SIZE];
    uint8_t mac[DIGEST_SIZE];
    size_t digest_size = sizeof(digest);
    size_t mac_size = sizeof(mac);
    TEE_Result result = TEE_DigestDoFinal(session->digest, NULL, 0, digest, &digest_size);
    if (result == TEE_SUCCESS) {
        result = TEE_MACComputeFinal(session->mac, NULL, 0, mac, &mac_size);
    }
    if (result != TEE_SUCCESS) {
        return result;
    }
    memcpy(params[0].memref.buffer, digest, sizeof(digest));
    memcpy(params[1].memref.buffer, mac, sizeof(mac));
    params[2].value.a = (uint32_t)session->length;
    params[2].value.b = (uint32_t)(session->length >> 32);
    session->length = 0;
    TEE_MACInit(session->mac, NULL, 0);
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    switch (command) {
    case DIGEST_UPDATE:
        return digest_update(context, types, params);
    case DIGEST_FINISH:
        return digest_finish(context, types, params);
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}
