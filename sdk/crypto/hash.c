/*
 * Digests and HMAC on OpenSSL's EVP; see hash.h.
 */
#include <sdk/crypto/hash.h>

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *context;
    enum hash_algorithm algorithm;
};

struct hmac {
    EVP_MAC_CTX *context;
    enum hash_algorithm algorithm;
};

static const char *const hash_names[HASH_ALGORITHMS] = {"SHA2-256", "SHA2-384", "SHA2-512"};
static const size_t hash_sizes[HASH_ALGORITHMS] = {32, 48, 64};

size_t hash_size(enum hash_algorithm algorithm)
{
    return hash_sizes[algorithm];
}

/* Before anything else is asked of OpenSSL: afterwards it would look for its configuration file. Where
 * the TEE has no such library, this function is the first to say so (ENOSYS). */
static enum error hash_start_library(void)
{
    static bool started;
    if (started)
        return E_OK;
    errno = 0;
    started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
    if (started)
        return E_OK;
    return errno == ENOSYS ? E_NOT_SUPPORTED : E_NO_MEMORY;
}

static const EVP_MD *hash_fetch(enum hash_algorithm algorithm)
{
    static EVP_MD *fetched[HASH_ALGORITHMS];
    if (fetched[algorithm] == NULL)
        fetched[algorithm] = EVP_MD_fetch(NULL, hash_names[algorithm], NULL);
    return fetched[algorithm];
}

static EVP_MAC *hash_fetch_hmac(void)
{
    static EVP_MAC *fetched;
    if (fetched == NULL)
        fetched = EVP_MAC_fetch(NULL, "HMAC", NULL);
    return fetched;
}

static enum error hash_result(int openssl)
{
    return openssl == 1 ? E_OK : E_NO_MEMORY;
}

enum error digest_create(enum hash_algorithm algorithm, struct digest **out)
{
    const enum error error = hash_start_library();
    if (error != E_OK)
        return error;
    struct digest *digest = calloc(1, sizeof(*digest));
    if (digest == NULL)
        return E_NO_MEMORY;
    digest->algorithm = algorithm;
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL || digest_restart(digest) != E_OK) {
        digest_destroy(digest);
        return E_NO_MEMORY;
    }
    *out = digest;
    return E_OK;
}

void digest_destroy(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

enum error digest_restart(struct digest *digest)
{
    const EVP_MD *method = hash_fetch(digest->algorithm);
    if (method == NULL)
        return E_NO_MEMORY;
    return hash_result(EVP_DigestInit_ex2(digest->context, method, NULL));
}

enum error digest_update(struct digest *digest, const void *bytes, size_t size)
{
    return size == 0 ? E_OK : hash_result(EVP_DigestUpdate(digest->context, bytes, size));
}

enum error digest_finish(struct digest *digest, uint8_t out[HASH_SIZE_MAX])
{
    return hash_result(EVP_DigestFinal_ex(digest->context, out, NULL));
}

enum error digest_copy(struct digest *to, const struct digest *from)
{
    return hash_result(EVP_MD_CTX_copy_ex(to->context, from->context));
}

enum error hmac_create(enum hash_algorithm algorithm, struct hmac **out)
{
    const enum error error = hash_start_library();
    if (error != E_OK)
        return error;
    struct hmac *hmac = calloc(1, sizeof(*hmac));
    if (hmac == NULL)
        return E_NO_MEMORY;
    hmac->algorithm = algorithm;
    EVP_MAC *method = hash_fetch_hmac();
    hmac->context = method != NULL ? EVP_MAC_CTX_new(method) : NULL;
    if (hmac->context == NULL) {
        hmac_destroy(hmac);
        return E_NO_MEMORY;
    }
    *out = hmac;
    return E_OK;
}

void hmac_destroy(struct hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->context);
    free(hmac);
}

enum error hmac_start(struct hmac *hmac, const uint8_t *key, size_t key_size)
{
    /* OpenSSL's parameter is not const, and it does not write to it. */
    union {
        const char *given;
        char *wanted;
    } name = {.given = hash_names[hmac->algorithm]};
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.wanted, 0),
        OSSL_PARAM_construct_end(),
    };
    return hash_result(EVP_MAC_init(hmac->context, key, key_size, parameters));
}

enum error hmac_restart(struct hmac *hmac)
{
    return hash_result(EVP_MAC_init(hmac->context, NULL, 0, NULL));
}

enum error hmac_update(struct hmac *hmac, const void *bytes, size_t size)
{
    return size == 0 ? E_OK : hash_result(EVP_MAC_update(hmac->context, bytes, size));
}

enum error hmac_finish(struct hmac *hmac, uint8_t out[HASH_SIZE_MAX])
{
    size_t size;
    return hash_result(EVP_MAC_final(hmac->context, out, &size, HASH_SIZE_MAX));
}

enum error hmac_copy(struct hmac *to, const struct hmac *from)
{
    EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(from->context);
    if (copy == NULL)
        return E_NO_MEMORY;
    EVP_MAC_CTX_free(to->context);
    to->context = copy;
    return E_OK;
}
