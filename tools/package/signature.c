#include <lib/crypto/crypto.h>
#include <tools/package/signature.h>

bool signature_verifies(const struct key_public *key, const uint8_t *bytes, size_t size,
                        const uint8_t signature[PACKAGE_SIGNATURE_SIZE])
{
    uint8_t digest[CRYPTO_SHA256_SIZE];
    crypto_sha256(bytes, size, digest);
    return crypto_rsa_pss_verify(key->modulus, key->exponent, digest, signature) == E_OK;
}
