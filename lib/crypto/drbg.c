/*
 * HMAC_DRBG with SHA-256 (crypto.h), as in NIST SP 800-90A revision 1, section 10.1.2. The names of
 * the steps are that document's.
 */
#include <lib/crypto/crypto.h>

#define REQUESTS_MAX (UINT64_C(1) << 48) /* table 2: between two seeds */

struct piece {
    const void *data;
    size_t size;
};

/* HMAC_DRBG_Update, the data given in two pieces. */
static void update(struct crypto_drbg *drbg, struct piece a, struct piece b)
{
    const uint8_t rounds = a.size + b.size > 0 ? 2 : 1;

    for (uint8_t round = 0; round < rounds; round++) {
        struct crypto_hmac hmac;

        crypto_hmac_start(&hmac, drbg->key, sizeof drbg->key);
        crypto_hmac_add(&hmac, drbg->value, sizeof drbg->value);
        crypto_hmac_add(&hmac, &round, sizeof round);
        crypto_hmac_add(&hmac, a.data, a.size);
        crypto_hmac_add(&hmac, b.data, b.size);
        crypto_hmac_end(&hmac, drbg->key);
        crypto_hmac_sha256(drbg->key, sizeof drbg->key, drbg->value, sizeof drbg->value,
                           drbg->value);
    }
}

enum error crypto_drbg_start(struct crypto_drbg *drbg, const void *entropy, size_t entropy_size,
                             const void *personal, size_t personal_size)
{
    drbg->requests = 0;
    if (entropy_size < CRYPTO_DRBG_ENTROPY_MIN)
        return E_INVALID;
    for (size_t i = 0; i < CRYPTO_SHA256_SIZE; i++) {
        drbg->key[i] = 0;
        drbg->value[i] = 1;
    }
    update(drbg, (struct piece){entropy, entropy_size}, (struct piece){personal, personal_size});
    drbg->requests = 1;
    return E_OK;
}

enum error crypto_drbg_reseed(struct crypto_drbg *drbg, const void *entropy, size_t entropy_size)
{
    if (drbg->requests == 0)
        return E_BAD_STATE;
    if (entropy_size < CRYPTO_DRBG_ENTROPY_MIN)
        return E_INVALID;
    update(drbg, (struct piece){entropy, entropy_size}, (struct piece){NULL, 0});
    drbg->requests = 1;
    return E_OK;
}

enum error crypto_drbg_random(struct crypto_drbg *drbg, void *out, size_t size)
{
    uint8_t *bytes = out;
    size_t done = 0;

    if (drbg->requests == 0 || drbg->requests > REQUESTS_MAX)
        return E_BAD_STATE;
    if (size > CRYPTO_DRBG_REQUEST_MAX)
        return E_INVALID;
    while (done < size) {
        crypto_hmac_sha256(drbg->key, sizeof drbg->key, drbg->value, sizeof drbg->value,
                           drbg->value);
        for (size_t i = 0; i < sizeof drbg->value && done < size; i++)
            bytes[done++] = drbg->value[i];
    }
    update(drbg, (struct piece){NULL, 0}, (struct piece){NULL, 0});
    drbg->requests++;
    return E_OK;
}
