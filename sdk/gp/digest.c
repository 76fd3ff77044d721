/*
 * TEE Internal Core API 1.3, 6.3: digests.
 */
#include <sdk/gp/operation.h>
#include <sdk/gp/panic.h>

#include <string.h>
#include <tee_internal_api.h>

#undef TEE_DigestDoFinal

static struct operation *digest_get(const char *function, TEE_OperationHandle handle)
{
    struct operation *operation = operation_get(function, handle);
    if (operation->digest == NULL)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "%s is no digest", operation->algorithm->name);
    return operation;
}

static void digest_forbid_extracting(const char *function, const struct operation *operation)
{
    if (operation->state == OPERATION_EXTRACTING)
        gp_panic(function, TEE_ERROR_BAD_STATE,
                 "the digest is being extracted: it takes nothing more");
}

static void digest_restart_operation(const char *function, struct operation *operation)
{
    operation->state = OPERATION_INITIAL;
    explicit_bzero(operation->result, sizeof(operation->result));
    operation_check(function, digest_restart(operation->digest));
}

/* Finishes the digest, once: from here on it lies in `result`. */
static void digest_begin_extracting(const char *function, struct operation *operation)
{
    if (operation->state == OPERATION_EXTRACTING)
        return;
    operation_check(function, digest_finish(operation->digest, operation->result));
    operation->state = OPERATION_EXTRACTING;
    operation->extracted = 0;
}

void TEE_DigestUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize)
{
    struct operation *updated = digest_get(__func__, operation);
    gp_check_in(__func__, "chunk", chunk, chunkSize);
    digest_forbid_extracting(__func__, updated);
    operation_check(__func__, digest_update(updated->digest, chunk, chunkSize));
    updated->state = OPERATION_ACTIVE;
}

TEE_Result TEE_DigestDoFinal(TEE_OperationHandle operation, const void *chunk, size_t chunkLen,
                             void *hash, size_t *hashLen)
{
    struct operation *finished = digest_get(__func__, operation);
    gp_check_in(__func__, "chunk", chunk, chunkLen);
    gp_check_out(__func__, "hashLen", hashLen, sizeof(*hashLen));
    gp_check_out(__func__, "hash", hash, *hashLen);
    const bool extracting = finished->state == OPERATION_EXTRACTING;
    if (chunkLen != 0)
        digest_forbid_extracting(__func__, finished);
    const size_t left =
        hash_size(finished->algorithm->hash) - (extracting ? finished->extracted : 0);
    const size_t room = *hashLen;
    *hashLen = left;
    if (room < left)
        return TEE_ERROR_SHORT_BUFFER;
    if (!extracting)
        operation_check(__func__, digest_update(finished->digest, chunk, chunkLen));
    digest_begin_extracting(__func__, finished);
    if (left != 0)
        memcpy(hash, finished->result + finished->extracted, left);
    digest_restart_operation(__func__, finished);
    return TEE_SUCCESS;
}

TEE_Result TEE_DigestExtract(TEE_OperationHandle operation, void *hash, size_t *hashLen)
{
    struct operation *extracted = digest_get(__func__, operation);
    gp_check_out(__func__, "hashLen", hashLen, sizeof(*hashLen));
    gp_check_out(__func__, "hash", hash, *hashLen);
    digest_begin_extracting(__func__, extracted);
    const size_t left = hash_size(extracted->algorithm->hash) - extracted->extracted;
    const size_t part = *hashLen < left ? *hashLen : left;
    if (part != 0)
        memcpy(hash, extracted->result + extracted->extracted, part);
    extracted->extracted += part;
    *hashLen = part;
    return TEE_SUCCESS;
}

TEE_Result postern_1_1_DigestDoFinal(TEE_OperationHandle operation, const void *chunk,
                                     size_t chunkLen, void *hash, uint32_t *hashLen)
{
    gp_check_out("TEE_DigestDoFinal", "hashLen", hashLen, sizeof(*hashLen));
    size_t wide = *hashLen;
    const TEE_Result result = TEE_DigestDoFinal(operation, chunk, chunkLen, hash, &wide);
    *hashLen = (uint32_t)wide;
    return result;
}
