/*
 * TEE Internal Core API 1.3, 6.2: operations, whatever they do; digests and MACs are in digest.c and
 * mac.c beside it.
 */
#include <sdk/gp/operation.h>

#include <sdk/gp/handle.h>
#include <sdk/gp/object.h>
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

#undef TEE_GetOperationInfoMultiple

static const struct operation_algorithm operation_algorithms[] = {
    {TEE_ALG_SHA256, TEE_OPERATION_DIGEST, TEE_MODE_DIGEST, HASH_SHA256, 0, 0, 0, "TEE_ALG_SHA256"},
    {TEE_ALG_SHA384, TEE_OPERATION_DIGEST, TEE_MODE_DIGEST, HASH_SHA384, 0, 0, 0, "TEE_ALG_SHA384"},
    {TEE_ALG_SHA512, TEE_OPERATION_DIGEST, TEE_MODE_DIGEST, HASH_SHA512, 0, 0, 0, "TEE_ALG_SHA512"},
    {TEE_ALG_HMAC_SHA256, TEE_OPERATION_MAC, TEE_MODE_MAC, HASH_SHA256, TEE_TYPE_HMAC_SHA256, 192,
     1024, "TEE_ALG_HMAC_SHA256"},
    {TEE_ALG_HMAC_SHA384, TEE_OPERATION_MAC, TEE_MODE_MAC, HASH_SHA384, TEE_TYPE_HMAC_SHA384, 256,
     1024, "TEE_ALG_HMAC_SHA384"},
    {TEE_ALG_HMAC_SHA512, TEE_OPERATION_MAC, TEE_MODE_MAC, HASH_SHA512, TEE_TYPE_HMAC_SHA512, 256,
     1024, "TEE_ALG_HMAC_SHA512"},
};

static const struct operation_algorithm *operation_algorithm_find(uint32_t id)
{
    for (size_t i = 0; i < sizeof(operation_algorithms) / sizeof(operation_algorithms[0]); i++) {
        if (operation_algorithms[i].id == id)
            return &operation_algorithms[i];
    }
    return NULL;
}

static bool operation_takes_key(const struct operation *operation)
{
    return operation->algorithm->key_type != 0;
}

struct operation *operation_get(const char *function, TEE_OperationHandle handle)
{
    return handle_get(function, HANDLE_OPERATION, handle);
}

void operation_check(const char *function, enum error error)
{
    if (error != E_OK)
        gp_panic(function, TEE_ERROR_OUT_OF_MEMORY, "the crypto library has no memory");
}

/* Whether there is such an operation; the log says what is wrong with it. */
static const struct operation_algorithm *operation_choose(const char *function, uint32_t id,
                                                          uint32_t mode, uint32_t bits)
{
    const struct operation_algorithm *algorithm = operation_algorithm_find(id);
    if (algorithm == NULL) {
        rt_log(SYS_LOG_WARN, "%s: there is no algorithm 0x%08x", function, (unsigned)id);
        return NULL;
    }
    if (algorithm->mode != mode) {
        rt_log(SYS_LOG_WARN, "%s: %s has mode %u, not %u", function, algorithm->name,
               (unsigned)algorithm->mode, (unsigned)mode);
        return NULL;
    }
    if (bits < algorithm->min_bits || bits > algorithm->max_bits || bits % 8 != 0) {
        rt_log(SYS_LOG_WARN, "%s: maxKeySize of %s is %u to %u bits, a multiple of 8, not %u",
               function, algorithm->name, (unsigned)algorithm->min_bits,
               (unsigned)algorithm->max_bits, (unsigned)bits);
        return NULL;
    }
    return algorithm;
}

static void operation_destroy(struct operation *operation)
{
    digest_destroy(operation->digest);
    hmac_destroy(operation->hmac);
    explicit_bzero(operation, sizeof(*operation));
    free(operation);
}

static enum error operation_create(const struct operation_algorithm *algorithm,
                                   uint32_t max_key_bits, struct operation **out)
{
    struct operation *operation = calloc(1, sizeof(*operation));
    if (operation == NULL)
        return E_NO_MEMORY;
    operation->algorithm = algorithm;
    operation->max_key_bits = max_key_bits;
    const enum error error = algorithm->class == TEE_OPERATION_DIGEST
                                 ? digest_create(algorithm->hash, &operation->digest)
                                 : hmac_create(algorithm->hash, &operation->hmac);
    if (error != E_OK)
        operation_destroy(operation);
    else
        *out = operation;
    return error;
}

TEE_Result TEE_AllocateOperation(TEE_OperationHandle *operation, uint32_t algorithm, uint32_t mode,
                                 uint32_t maxKeySize)
{
    gp_check_out(__func__, "operation", operation, sizeof(*operation));
    *operation = TEE_HANDLE_NULL;
    const struct operation_algorithm *chosen =
        operation_choose(__func__, algorithm, mode, maxKeySize);
    if (chosen == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    struct operation *made = NULL;
    const enum error error = operation_create(chosen, maxKeySize, &made);
    if (error == E_NOT_SUPPORTED)
        return TEE_ERROR_NOT_SUPPORTED;
    if (error != E_OK) {
        rt_log(SYS_LOG_WARN, "%s: no memory for %s: is gpd.ta.dataSize enough?", __func__,
               chosen->name);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    *operation = handle_create(HANDLE_OPERATION, made);
    if (*operation == TEE_HANDLE_NULL) {
        operation_destroy(made);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    return TEE_SUCCESS;
}

void TEE_FreeOperation(TEE_OperationHandle operation)
{
    if (operation == TEE_HANDLE_NULL)
        return;
    struct operation *freed = operation_get(__func__, operation);
    handle_destroy(operation);
    operation_destroy(freed);
}

static uint32_t operation_flags(const struct operation *operation)
{
    uint32_t flags = 0;
    if (!operation_takes_key(operation) || operation->key_bits != 0)
        flags |= TEE_HANDLE_FLAG_KEY_SET;
    if (!operation_takes_key(operation) || operation->state != OPERATION_INITIAL)
        flags |= TEE_HANDLE_FLAG_INITIALIZED;
    if (operation->state == OPERATION_EXTRACTING)
        flags |= TEE_HANDLE_FLAG_EXTRACTING;
    return flags;
}

static uint32_t operation_usage(const struct operation *operation)
{
    return operation_takes_key(operation) ? TEE_USAGE_MAC : 0;
}

void TEE_GetOperationInfo(TEE_OperationHandle operation, TEE_OperationInfo *operationInfo)
{
    const struct operation *asked = operation_get(__func__, operation);
    gp_check_out(__func__, "operationInfo", operationInfo, sizeof(*operationInfo));
    *operationInfo = (TEE_OperationInfo){
        .algorithm = asked->algorithm->id,
        .operationClass = asked->algorithm->class,
        .mode = asked->algorithm->mode,
        .digestLength = (uint32_t)hash_size(asked->algorithm->hash),
        .maxKeySize = asked->max_key_bits,
        .keySize = asked->key_bits,
        .requiredKeyUsage = operation_usage(asked),
        .handleState = operation_flags(asked),
    };
}

TEE_Result TEE_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                        TEE_OperationInfoMultiple *operationInfoMultiple,
                                        size_t *operationSize)
{
    const struct operation *asked = operation_get(__func__, operation);
    gp_check_out(__func__, "operationSize", operationSize, sizeof(*operationSize));
    gp_check_out(__func__, "operationInfoMultiple", operationInfoMultiple, *operationSize);
    const uint32_t keys = operation_takes_key(asked) ? 1 : 0;
    const size_t room = *operationSize;
    *operationSize = sizeof(*operationInfoMultiple) + keys * sizeof(TEE_OperationInfoKey);
    if (room < *operationSize)
        return TEE_ERROR_SHORT_BUFFER;
    *operationInfoMultiple = (TEE_OperationInfoMultiple){
        .algorithm = asked->algorithm->id,
        .operationClass = asked->algorithm->class,
        .mode = asked->algorithm->mode,
        .digestLength = (uint32_t)hash_size(asked->algorithm->hash),
        .maxKeySize = asked->max_key_bits,
        .handleState = operation_flags(asked),
        .operationState = (uint32_t)asked->state,
        .numberOfKeys = keys,
    };
    if (keys != 0) {
        operationInfoMultiple->keyInformation[0] = (TEE_OperationInfoKey){
            .keySize = asked->key_bits, .requiredKeyUsage = operation_usage(asked)};
    }
    return TEE_SUCCESS;
}

void TEE_ResetOperation(TEE_OperationHandle operation)
{
    struct operation *reset = operation_get(__func__, operation);
    if (operation_takes_key(reset) && reset->key_bits == 0)
        gp_panic(__func__, TEE_ERROR_BAD_STATE, "the operation has no key");
    reset->state = OPERATION_INITIAL;
    explicit_bzero(reset->result, sizeof(reset->result));
    if (reset->digest != NULL)
        operation_check(__func__, digest_restart(reset->digest));
}

static void operation_check_key(const char *function, const struct operation *operation,
                                const struct object *key)
{
    if (!key->initialized)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "key: the object is not initialized");
    if (key->type != operation->algorithm->key_type)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS,
                 "key: an object of type 0x%08x is no key for %s", (unsigned)key->type,
                 operation->algorithm->name);
    if ((key->usage & TEE_USAGE_MAC) == 0)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "key: the object lacks TEE_USAGE_MAC");
    if (key->key_bits > operation->max_key_bits)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "key: %u bits, and maxKeySize is %u",
                 (unsigned)key->key_bits, (unsigned)operation->max_key_bits);
}

TEE_Result TEE_SetOperationKey(TEE_OperationHandle operation, TEE_ObjectHandle key)
{
    struct operation *set = operation_get(__func__, operation);
    if (!operation_takes_key(set))
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "%s takes no key", set->algorithm->name);
    if (set->state != OPERATION_INITIAL)
        gp_panic(__func__, TEE_ERROR_BAD_STATE, "the operation is at work: reset it first");
    if (key == TEE_HANDLE_NULL) {
        set->key_bits = 0;
        explicit_bzero(set->key, sizeof(set->key));
        return TEE_SUCCESS;
    }
    const struct object *object = object_get(__func__, key);
    operation_check_key(__func__, set, object);
    memcpy(set->key, object->key, sizeof(set->key));
    set->key_bits = object->key_bits;
    operation_check(__func__, hmac_start(set->hmac, set->key, set->key_bits / 8));
    return TEE_SUCCESS;
}

void TEE_CopyOperation(TEE_OperationHandle dstOperation, TEE_OperationHandle srcOperation)
{
    struct operation *to = operation_get(__func__, dstOperation);
    const struct operation *from = operation_get(__func__, srcOperation);
    if (to == from)
        return;
    if (to->algorithm != from->algorithm)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "the operations differ: %s, %s",
                 to->algorithm->name, from->algorithm->name);
    if (from->key_bits > to->max_key_bits)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS,
                 "the key has %u bits, and maxKeySize of dstOperation is %u",
                 (unsigned)from->key_bits, (unsigned)to->max_key_bits);
    if (to->digest != NULL)
        operation_check(__func__, digest_copy(to->digest, from->digest));
    else if (from->key_bits != 0)
        operation_check(__func__, hmac_copy(to->hmac, from->hmac));
    to->state = from->state;
    to->key_bits = from->key_bits;
    memcpy(to->key, from->key, sizeof(to->key));
    memcpy(to->result, from->result, sizeof(to->result));
    to->extracted = from->extracted;
}

TEE_Result TEE_IsAlgorithmSupported(uint32_t algId, uint32_t element)
{
    return element == TEE_CRYPTO_ELEMENT_NONE && operation_algorithm_find(algId) != NULL
               ? TEE_SUCCESS
               : TEE_ERROR_NOT_SUPPORTED;
}

TEE_Result postern_1_1_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                                TEE_OperationInfoMultiple *info, uint32_t *size)
{
    gp_check_out("TEE_GetOperationInfoMultiple", "operationSize", size, sizeof(*size));
    size_t wide = *size;
    const TEE_Result result = TEE_GetOperationInfoMultiple(operation, info, &wide);
    *size = (uint32_t)wide;
    return result;
}
