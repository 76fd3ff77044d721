/*
 * SHA-256, HMAC, HKDF, and the handling of secrets (crypto.h). The block function is mbedTLS's.
 */
#include <lib/crypto/crypto.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

_Static_assert(sizeof(struct crypto_sha256) >= sizeof(mbedtls_sha256_context) &&
                   _Alignof(struct crypto_sha256) >= _Alignof(mbedtls_sha256_context),
               "an mbedtls_sha256_context lives in a crypto_sha256");

static mbedtls_sha256_context *sha_context(struct crypto_sha256 *sha)
{
    return (mbedtls_sha256_context *)sha->opaque;
}

/* mbedTLS's functions report the failure of hardware engines, which this build has none of. If one
 * fails all the same, the only safe answer is to stop: nobody checks digests for failure. */
static void sha_must(int result)
{
    if (result != 0)
        __builtin_trap();
}

void crypto_sha256_start(struct crypto_sha256 *sha)
{
    mbedtls_sha256_init(sha_context(sha));
    sha_must(mbedtls_sha256_starts(sha_context(sha), 0));
}

void crypto_sha256_add(struct crypto_sha256 *sha, const void *data, size_t size)
{
    if (size > 0)
        sha_must(mbedtls_sha256_update(sha_context(sha), data, size));
}

void crypto_sha256_end(struct crypto_sha256 *sha, uint8_t digest[CRYPTO_SHA256_SIZE])
{
    sha_must(mbedtls_sha256_finish(sha_context(sha), digest));
    mbedtls_sha256_free(sha_context(sha));
}

void crypto_sha256(const void *data, size_t size, uint8_t digest[CRYPTO_SHA256_SIZE])
{
    struct crypto_sha256 sha;

    crypto_sha256_start(&sha);
    crypto_sha256_add(&sha, data, size);
    crypto_sha256_end(&sha, digest);
}

void crypto_hmac_start(struct crypto_hmac *hmac, const void *key, size_t key_size)
{
    uint8_t pad[CRYPTO_SHA256_BLOCK] = {0};

    if (key_size > sizeof pad) {
        crypto_sha256(key, key_size, pad);
    } else {
        for (size_t i = 0; i < key_size; i++)
            pad[i] = ((const uint8_t *)key)[i];
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    crypto_sha256_start(&hmac->inner);
    crypto_sha256_add(&hmac->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    crypto_sha256_start(&hmac->outer);
    crypto_sha256_add(&hmac->outer, pad, sizeof pad);
    crypto_wipe(pad, sizeof pad);
}

void crypto_hmac_add(struct crypto_hmac *hmac, const void *data, size_t size)
{
    crypto_sha256_add(&hmac->inner, data, size);
}

void crypto_hmac_end(struct crypto_hmac *hmac, uint8_t mac[CRYPTO_SHA256_SIZE])
{
    uint8_t digest[CRYPTO_SHA256_SIZE];

    crypto_sha256_end(&hmac->inner, digest);
    crypto_sha256_add(&hmac->outer, digest, sizeof digest);
    crypto_sha256_end(&hmac->outer, mac);
    crypto_wipe(digest, sizeof digest);
}

void crypto_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                        uint8_t mac[CRYPTO_SHA256_SIZE])
{
    struct crypto_hmac hmac;

    crypto_hmac_start(&hmac, key, key_size);
    crypto_hmac_add(&hmac, data, size);
    crypto_hmac_end(&hmac, mac);
}

enum error crypto_hkdf_sha256(const void *salt, size_t salt_size, const void *secret,
                              size_t secret_size, const void *info, size_t info_size, void *out,
                              size_t out_size)
{
    uint8_t key[CRYPTO_SHA256_SIZE];
    uint8_t block[CRYPTO_SHA256_SIZE];
    uint8_t *bytes = out;
    size_t done = 0;

    if (out_size > CRYPTO_HKDF_SIZE_MAX)
        return E_INVALID;

    /* Extract. No salt is a salt of zeros, which HMAC pads an empty key with anyway. */
    crypto_hmac_sha256(salt, salt_size, secret, secret_size, key);

    /* Expand: T(n) = HMAC(key, T(n - 1) | info | n), T(0) empty. */
    for (unsigned int n = 1; done < out_size; n++) {
        const uint8_t count = (uint8_t)n;
        struct crypto_hmac hmac;

        crypto_hmac_start(&hmac, key, sizeof key);
        if (n > 1)
            crypto_hmac_add(&hmac, block, sizeof block);
        crypto_hmac_add(&hmac, info, info_size);
        crypto_hmac_add(&hmac, &count, sizeof count);
        crypto_hmac_end(&hmac, block);
        for (size_t i = 0; i < sizeof block && done < out_size; i++)
            bytes[done++] = block[i];
    }
    crypto_wipe(key, sizeof key);
    crypto_wipe(block, sizeof block);
    return E_OK;
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return size == 0 || mbedtls_ct_memcmp(a, b, size) == 0;
}

void crypto_wipe(void *secret, size_t size)
{
    mbedtls_platform_zeroize(secret, size);
}
