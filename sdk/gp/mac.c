/*
 * TEE Internal Core API 1.3, 6.5: message authentication codes.
 */
#include <sdk/gp/operation.h>
#include <sdk/gp/panic.h>

#include <string.h>
#include <tee_internal_api.h>

#undef TEE_MACComputeFinal

static struct operation *mac_get(const char *function, TEE_OperationHandle handle)
{
    struct operation *operation = operation_get(function, handle);
    if (operation->hmac == NULL)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "%s is no MAC", operation->algorithm->name);
    return operation;
}

static struct operation *mac_get_active(const char *function, TEE_OperationHandle handle)
{
    struct operation *operation = mac_get(function, handle);
    if (operation->state != OPERATION_ACTIVE)
        gp_panic(function, TEE_ERROR_BAD_STATE, "the MAC was not started: call TEE_MACInit");
    return operation;
}

/* Takes in the last chunk and ends the computation. */
static void mac_finish(const char *function, struct operation *operation, const void *message,
                       size_t length, uint8_t mac[HASH_SIZE_MAX])
{
    operation_check(function, hmac_update(operation->hmac, message, length));
    operation_check(function, hmac_finish(operation->hmac, mac));
    operation->state = OPERATION_INITIAL;
}

void TEE_MACInit(TEE_OperationHandle operation, const void *IV, size_t IVLen)
{
    struct operation *started = mac_get(__func__, operation);
    gp_check_in(__func__, "IV", IV, IVLen);
    if (started->key_bits == 0)
        gp_panic(__func__, TEE_ERROR_BAD_STATE, "the operation has no key");
    operation_check(__func__, hmac_restart(started->hmac));
    started->state = OPERATION_ACTIVE;
}

void TEE_MACUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize)
{
    struct operation *updated = mac_get_active(__func__, operation);
    gp_check_in(__func__, "chunk", chunk, chunkSize);
    operation_check(__func__, hmac_update(updated->hmac, chunk, chunkSize));
}

TEE_Result TEE_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, void *mac, size_t *macLen)
{
    struct operation *finished = mac_get_active(__func__, operation);
    gp_check_in(__func__, "message", message, messageLen);
    gp_check_out(__func__, "macLen", macLen, sizeof(*macLen));
    gp_check_out(__func__, "mac", mac, *macLen);
    const size_t room = *macLen;
    *macLen = hash_size(finished->algorithm->hash);
    if (room < *macLen)
        return TEE_ERROR_SHORT_BUFFER;
    uint8_t computed[HASH_SIZE_MAX];
    mac_finish(__func__, finished, message, messageLen, computed);
    memcpy(mac, computed, *macLen);
    return TEE_SUCCESS;
}

TEE_Result TEE_MACCompareFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, const void *mac, size_t macLen)
{
    struct operation *finished = mac_get_active(__func__, operation);
    gp_check_in(__func__, "message", message, messageLen);
    gp_check_in(__func__, "mac", mac, macLen);
    uint8_t computed[HASH_SIZE_MAX];
    mac_finish(__func__, finished, message, messageLen, computed);
    const bool same = macLen == hash_size(finished->algorithm->hash) &&
                      TEE_MemCompare(computed, mac, macLen) == 0;
    explicit_bzero(computed, sizeof(computed));
    return same ? TEE_SUCCESS : TEE_ERROR_MAC_INVALID;
}

TEE_Result postern_1_1_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                                       size_t messageLen, void *mac, uint32_t *macLen)
{
    gp_check_out("TEE_MACComputeFinal", "macLen", macLen, sizeof(*macLen));
    size_t wide = *macLen;
    const TEE_Result result = TEE_MACComputeFinal(operation, message, messageLen, mac, &wide);
    *macLen = (uint32_t)wide;
    return result;
}
