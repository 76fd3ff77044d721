/*
 * Tests of lib/crypto: published vectors, OpenSSL as a second opinion, and hostile keys and
 * signatures. Built plain, under AddressSanitizer with UndefinedBehaviorSanitizer, and under
 * ThreadSanitizer.
 */
#include <lib/crypto/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto_vectors.h"

#define SIZE CRYPTO_RSA_SIZE
#define HASH CRYPTO_SHA256_SIZE

/* Octets of a hexadecimal text; answers how many. */
static size_t from_hex(const char *hex, uint8_t *out, size_t room)
{
    size_t size = strlen(hex) / 2;

    assert_true(size <= room);
    for (size_t i = 0; i < size; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        char *end;

        out[i] = (uint8_t)strtoul(digits, &end, 16);
        assert_true(end == digits + 2);
    }
    return size;
}

/* --- Digests and what is made of them. ---------------------------------------------------------- */

static void sha256_published(void **state)
{
    uint8_t expected[HASH], digest[HASH];
    struct crypto_sha256 sha;

    (void)state;
    for (size_t i = 0; i < sizeof sha256_vectors / sizeof *sha256_vectors; i++) {
        const char *text = sha256_vectors[i].text;

        assert_int_equal(from_hex(sha256_vectors[i].digest, expected, HASH), HASH);
        crypto_sha256(text, strlen(text), digest);
        assert_memory_equal(digest, expected, HASH);
    }
    crypto_sha256(NULL, 0, digest);
    from_hex(sha256_vectors[0].digest, expected, HASH);
    assert_memory_equal(digest, expected, HASH);

    crypto_sha256_start(&sha);
    for (int i = 0; i < 10000; i++) {
        uint8_t as[100];

        memset(as, 'a', sizeof as);
        crypto_sha256_add(&sha, as, sizeof as);
    }
    crypto_sha256_end(&sha, digest);
    from_hex(SHA256_MILLION_A, expected, HASH);
    assert_memory_equal(digest, expected, HASH);
}

/* Every cut of every size around the block's gives what OpenSSL gives for the whole. */
static void sha256_any_cut(void **state)
{
    uint8_t data[200], digest[HASH], expected[HASH];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + 1);
    for (size_t size = 0; size <= sizeof data; size++) {
        assert_int_equal(EVP_Digest(data, size, expected, NULL, EVP_sha256(), NULL), 1);
        for (size_t cut = 0; cut <= size; cut++) {
            struct crypto_sha256 sha, copy;

            crypto_sha256_start(&sha);
            crypto_sha256_add(&sha, data, cut);
            copy = sha;
            crypto_sha256_add(&sha, data + cut, size - cut);
            crypto_sha256_end(&sha, digest);
            assert_memory_equal(digest, expected, HASH);
            crypto_sha256_add(&copy, data + cut, size - cut);
            crypto_sha256_end(&copy, digest);
            assert_memory_equal(digest, expected, HASH);
        }
    }
}

static bool is_zero(const void *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (((const uint8_t *)memory)[i] != 0)
            return false;
    }
    return true;
}

static void sha256_leaves_nothing(void **state)
{
    uint8_t digest[HASH];
    struct crypto_sha256 sha;
    struct crypto_hmac hmac;

    (void)state;
    memset(&sha, 0, sizeof sha);
    crypto_sha256_start(&sha);
    crypto_sha256_add(&sha, "secret", 6);
    assert_false(is_zero(&sha, sizeof sha));
    crypto_sha256_end(&sha, digest);
    assert_true(is_zero(&sha, sizeof sha));

    memset(&hmac, 0, sizeof hmac);
    crypto_hmac_start(&hmac, "key", 3);
    assert_false(is_zero(&hmac, sizeof hmac));
    crypto_hmac_end(&hmac, digest);
    assert_true(is_zero(&hmac, sizeof hmac));
}

static void hmac_published(void **state)
{
    uint8_t key[200], data[200], expected[HASH], mac[HASH];

    (void)state;
    for (size_t i = 0; i < sizeof hmac_vectors / sizeof *hmac_vectors; i++) {
        size_t key_size = from_hex(hmac_vectors[i].key, key, sizeof key);
        size_t size = from_hex(hmac_vectors[i].data, data, sizeof data);

        assert_int_equal(from_hex(hmac_vectors[i].mac, expected, HASH), HASH);
        crypto_hmac_sha256(key, key_size, data, size, mac);
        assert_memory_equal(mac, expected, HASH);
    }
}

/* Keys of every size around the block's, in two pieces of data, against OpenSSL. */
static void hmac_any_key(void **state)
{
    uint8_t key[140], data[50], expected[HASH], mac[HASH];

    (void)state;
    memset(key, 0x5a, sizeof key);
    memset(data, 0xc3, sizeof data);
    for (size_t size = 1; size <= sizeof key; size++) {
        struct crypto_hmac hmac;
        size_t mac_size;

        assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, size, data, sizeof data,
                                  expected, HASH, &mac_size));
        crypto_hmac_start(&hmac, key, size);
        crypto_hmac_add(&hmac, data, 20);
        crypto_hmac_add(&hmac, NULL, 0);
        crypto_hmac_add(&hmac, data + 20, sizeof data - 20);
        crypto_hmac_end(&hmac, mac);
        assert_memory_equal(mac, expected, HASH);
    }
    crypto_hmac_sha256(NULL, 0, NULL, 0, mac);
    memset(key, 0, sizeof key);
    crypto_hmac_sha256(key, CRYPTO_SHA256_BLOCK, NULL, 0, expected);
    assert_memory_equal(mac, expected, HASH);
}

static void hkdf_published(void **state)
{
    uint8_t secret[100], salt[100], info[100], expected[100], out[101];

    (void)state;
    for (size_t i = 0; i < sizeof hkdf_vectors / sizeof *hkdf_vectors; i++) {
        size_t secret_size = from_hex(hkdf_vectors[i].secret, secret, sizeof secret);
        size_t salt_size = from_hex(hkdf_vectors[i].salt, salt, sizeof salt);
        size_t info_size = from_hex(hkdf_vectors[i].info, info, sizeof info);
        size_t size = from_hex(hkdf_vectors[i].out, expected, sizeof expected);

        out[size] = 0x77;
        assert_int_equal(
            crypto_hkdf_sha256(salt, salt_size, secret, secret_size, info, info_size, out, size),
            E_OK);
        assert_memory_equal(out, expected, size);
        assert_int_equal(out[size], 0x77);
    }
}

static void hkdf_limits(void **state)
{
    static uint8_t out[CRYPTO_HKDF_SIZE_MAX + 1], shorter[CRYPTO_HKDF_SIZE_MAX];

    (void)state;
    memset(out, 0x11, sizeof out);
    assert_int_equal(crypto_hkdf_sha256("s", 1, "k", 1, "i", 1, out, sizeof out), E_INVALID);
    assert_int_equal(crypto_hkdf_sha256("s", 1, "k", 1, "i", 1, out, SIZE_MAX), E_INVALID);
    assert_int_equal(out[0], 0x11);
    assert_int_equal(crypto_hkdf_sha256("s", 1, "k", 1, "i", 1, out, CRYPTO_HKDF_SIZE_MAX), E_OK);
    assert_int_equal(out[CRYPTO_HKDF_SIZE_MAX], 0x11);
    assert_int_equal(crypto_hkdf_sha256("s", 1, "k", 1, "i", 1, shorter, 77), E_OK);
    assert_memory_equal(out, shorter, 77);
    assert_int_equal(crypto_hkdf_sha256("s", 1, "k", 1, "j", 1, shorter, 77), E_OK);
    assert_memory_not_equal(out, shorter, 32);
    assert_int_equal(crypto_hkdf_sha256(NULL, 0, NULL, 0, NULL, 0, NULL, 0), E_OK);
}

/* --- The generator. ------------------------------------------------------------------------------ */

static void drbg_published(void **state)
{
    uint8_t seed[100], personal[100], expected[128], out[128];
    struct crypto_drbg drbg;

    (void)state;
    for (size_t i = 0; i < sizeof drbg_vectors / sizeof *drbg_vectors; i++) {
        size_t seed_size = from_hex(drbg_vectors[i].seed, seed, sizeof seed);
        size_t personal_size = from_hex(drbg_vectors[i].personal, personal, sizeof personal);

        assert_int_equal(from_hex(drbg_vectors[i].out, expected, sizeof expected), sizeof expected);
        assert_int_equal(crypto_drbg_start(&drbg, seed, seed_size, personal, personal_size), E_OK);
        assert_int_equal(crypto_drbg_random(&drbg, out, sizeof out), E_OK);
        assert_memory_not_equal(out, expected, sizeof out);
        assert_int_equal(crypto_drbg_random(&drbg, out, sizeof out), E_OK);
        assert_memory_equal(out, expected, sizeof out);
    }
}

static void drbg_limits(void **state)
{
    static uint8_t out[CRYPTO_DRBG_REQUEST_MAX + 1];
    static const uint8_t entropy[48] = {1};
    struct crypto_drbg drbg = {.requests = 0};
    struct crypto_drbg same;

    (void)state;
    assert_int_equal(crypto_drbg_random(&drbg, out, 1), E_BAD_STATE);
    assert_int_equal(crypto_drbg_reseed(&drbg, entropy, sizeof entropy), E_BAD_STATE);
    assert_int_equal(crypto_drbg_start(&drbg, entropy, 31, NULL, 0), E_INVALID);
    assert_int_equal(crypto_drbg_random(&drbg, out, 1), E_BAD_STATE);
    assert_int_equal(crypto_drbg_start(&drbg, entropy, sizeof entropy, NULL, 0), E_OK);
    assert_int_equal(crypto_drbg_random(&drbg, out, sizeof out), E_INVALID);
    assert_true(is_zero(out, sizeof out));
    assert_int_equal(crypto_drbg_random(&drbg, out, CRYPTO_DRBG_REQUEST_MAX), E_OK);
    assert_int_equal(out[CRYPTO_DRBG_REQUEST_MAX], 0);
    assert_int_equal(crypto_drbg_random(&drbg, NULL, 0), E_OK);

    /* Too little entropy changes nothing; enough of it changes everything. */
    same = drbg;
    assert_int_equal(crypto_drbg_reseed(&same, entropy, 31), E_INVALID);
    assert_memory_equal(&same, &drbg, sizeof drbg);
    assert_int_equal(crypto_drbg_reseed(&same, entropy, 32), E_OK);
    assert_memory_not_equal(same.key, drbg.key, HASH);

    drbg.requests = (UINT64_C(1) << 48) + 1;
    assert_int_equal(crypto_drbg_random(&drbg, out, 1), E_BAD_STATE);
    assert_int_equal(crypto_drbg_reseed(&drbg, entropy, 32), E_OK);
    assert_int_equal(crypto_drbg_random(&drbg, out, 1), E_OK);
}

/* The personal text tells two generators with the same entropy apart. */
static void drbg_personal(void **state)
{
    static const uint8_t entropy[48] = {1};
    struct crypto_drbg a, b;
    uint8_t from_a[32], from_b[32];

    (void)state;
    assert_int_equal(crypto_drbg_start(&a, entropy, sizeof entropy, "a", 1), E_OK);
    assert_int_equal(crypto_drbg_start(&b, entropy, sizeof entropy, "b", 1), E_OK);
    assert_int_equal(crypto_drbg_random(&a, from_a, sizeof from_a), E_OK);
    assert_int_equal(crypto_drbg_random(&b, from_b, sizeof from_b), E_OK);
    assert_memory_not_equal(from_a, from_b, sizeof from_a);
}

/* --- RSA. ----------------------------------------------------------------------------------------- */

/* A key of OpenSSL's, a digest, and its good signature. */
struct signer {
    EVP_PKEY *key;
    uint8_t modulus[SIZE];
    uint8_t digest[HASH];
    uint8_t signature[SIZE];
};

static EVP_PKEY_CTX *sign_context(const struct signer *signer, int padding, const EVP_MD *md,
                                  const EVP_MD *mgf, int salt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(signer->key, NULL);

    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
    if (md != NULL)
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
    if (mgf != NULL)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf), 1);
    if (salt >= 0)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 1);
    return ctx;
}

static void sign(const struct signer *signer, int padding, const EVP_MD *md, const EVP_MD *mgf,
                 int salt, const uint8_t *data, size_t data_size, uint8_t signature[SIZE])
{
    EVP_PKEY_CTX *ctx = sign_context(signer, padding, md, mgf, salt);
    size_t size = SIZE;

    assert_int_equal(EVP_PKEY_sign(ctx, signature, &size, data, data_size), 1);
    assert_int_equal(size, SIZE);
    EVP_PKEY_CTX_free(ctx);
}

static void sign_well(struct signer *signer)
{
    sign(signer, RSA_PKCS1_PSS_PADDING, EVP_sha256(), EVP_sha256(), 32, signer->digest, HASH,
         signer->signature);
}

/* The encoded message inside a signature. */
static void open_signature(const struct signer *signer, const uint8_t signature[SIZE],
                           uint8_t encoded[SIZE])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(signer->key, NULL);
    size_t size = SIZE;

    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_verify_recover_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_verify_recover(ctx, encoded, &size, signature, SIZE), 1);
    assert_int_equal(size, SIZE);
    EVP_PKEY_CTX_free(ctx);
}

static enum error verify(const struct signer *signer, const uint8_t signature[SIZE])
{
    return crypto_rsa_pss_verify(signer->modulus, 65537, signer->digest, signature);
}

static void signer_make(struct signer *signer)
{
    BIGNUM *n = NULL;

    signer->key = EVP_RSA_gen(SIZE * 8);
    assert_non_null(signer->key);
    assert_int_equal(EVP_PKEY_get_bn_param(signer->key, "n", &n), 1);
    assert_int_equal(BN_bn2binpad(n, signer->modulus, SIZE), SIZE);
    BN_free(n);
    crypto_sha256("digest", 6, signer->digest);
    sign_well(signer);
}

static int make_signer(void **state)
{
    struct signer *signer = calloc(1, sizeof *signer);

    assert_non_null(signer);
    signer_make(signer);
    *state = signer;
    return 0;
}

static int free_signer(void **state)
{
    struct signer *signer = *state;

    EVP_PKEY_free(signer->key);
    free(signer);
    return 0;
}

static void rsa_published(void **state)
{
    uint8_t modulus[SIZE], signature[SIZE], digest[HASH];

    (void)state;
    assert_int_equal(from_hex(RSA_MODULUS, modulus, SIZE), SIZE);
    assert_int_equal(from_hex(RSA_SIGNATURE, signature, SIZE), SIZE);
    crypto_sha256(NULL, 0, digest);
    assert_int_equal(crypto_rsa_pss_verify(modulus, 65537, digest, signature), E_OK);
    crypto_sha256("0", 1, digest);
    assert_int_equal(crypto_rsa_pss_verify(modulus, 65537, digest, signature), E_SECURITY);
}

/* Fresh keys and many digests: whatever OpenSSL signs is accepted. */
static void rsa_openssl_agrees(void **state)
{
    (void)state;
    for (int keys = 0; keys < 4; keys++) {
        struct signer signer;

        signer_make(&signer);
        for (int i = 0; i < 50; i++) {
            crypto_sha256(signer.signature, SIZE, signer.digest);
            sign_well(&signer);
            assert_int_equal(verify(&signer, signer.signature), E_OK);
        }
        EVP_PKEY_free(signer.key);
    }
}

/* Other exponents that FIPS allows are computed right, too. */
static void rsa_other_exponents(void **state)
{
    static const uint32_t exponents[] = {65539, 0x00fffffd, 0x80000001, 0xfffffffb, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        struct signer signer = {.key = NULL};
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        BIGNUM *e = BN_new();
        BIGNUM *n = NULL;

        assert_int_equal(BN_set_word(e, exponents[i]), 1);
        assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, SIZE * 8), 1);
        assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
        assert_int_equal(EVP_PKEY_keygen(ctx, &signer.key), 1);
        assert_int_equal(EVP_PKEY_get_bn_param(signer.key, "n", &n), 1);
        assert_int_equal(BN_bn2binpad(n, signer.modulus, SIZE), SIZE);
        sign_well(&signer);
        assert_int_equal(
            crypto_rsa_pss_verify(signer.modulus, exponents[i], signer.digest, signer.signature),
            E_OK);
        assert_int_equal(verify(&signer, signer.signature), E_SECURITY);
        BN_free(n);
        BN_free(e);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(signer.key);
    }
}

static void rsa_every_bit_counts(void **state)
{
    const struct signer *good = *state;
    struct signer bad = *good;

    for (size_t bit = 0; bit < SIZE * 8; bit++) {
        bad.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify(&bad, bad.signature), E_SECURITY);
        bad.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < HASH * 8; bit++) {
        bad.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify(&bad, bad.signature), E_SECURITY);
        bad.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < SIZE * 8; bit += 5) {
        bad.modulus[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(verify(&bad, bad.signature), E_OK);
        bad.modulus[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(verify(&bad, bad.signature), E_OK);
}

static void rsa_bad_keys(void **state)
{
    static const uint32_t exponents[] = {0, 1, 2, 3, 17, 257, 65535, 65536, 65538, 0xfffffffe};
    const struct signer *good = *state;
    struct signer bad = *good;

    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++)
        assert_int_equal(
            crypto_rsa_pss_verify(good->modulus, exponents[i], good->digest, good->signature),
            E_INVALID);
    bad.modulus[SIZE - 1] &= 0xfe; /* even */
    assert_int_equal(verify(&bad, bad.signature), E_INVALID);
    bad = *good;
    bad.modulus[0] &= 0x7f; /* too short */
    assert_int_equal(verify(&bad, bad.signature), E_INVALID);
    memset(bad.modulus, 0, SIZE);
    assert_int_equal(verify(&bad, bad.signature), E_INVALID);
    bad.modulus[SIZE - 1] = 1;
    assert_int_equal(verify(&bad, bad.signature), E_INVALID);
    /* The extremes that are of the right form: 2^3071 + 1 and 2^3072 - 1. */
    bad.modulus[0] = 0x80;
    assert_int_equal(verify(&bad, bad.signature), E_SECURITY);
    memset(bad.modulus, 0xff, SIZE);
    assert_int_equal(verify(&bad, bad.signature), E_SECURITY);
}

/* What has trivial powers, and what is not less than the modulus. */
static void rsa_special_signatures(void **state)
{
    const struct signer *good = *state;
    uint8_t s[SIZE] = {0};
    BIGNUM *n, *value;

    assert_int_equal(verify(good, s), E_SECURITY);
    s[SIZE - 1] = 1;
    assert_int_equal(verify(good, s), E_SECURITY);
    memset(s, 0xff, SIZE);
    assert_int_equal(verify(good, s), E_SECURITY);
    memcpy(s, good->modulus, SIZE);
    assert_int_equal(verify(good, s), E_SECURITY);
    s[SIZE - 1]--; /* n - 1: its own inverse */
    assert_int_equal(verify(good, s), E_SECURITY);

    /* A good signature plus n is the same number modulo n. It must not be a second form of it. */
    n = BN_bin2bn(good->modulus, SIZE, NULL);
    value = BN_new();
    for (unsigned int i = 0;; i++) {
        struct signer again = *good;

        assert_true(i < 1000);
        crypto_sha256(&i, sizeof i, again.digest);
        sign_well(&again);
        BN_bin2bn(again.signature, SIZE, value);
        BN_add(value, value, n);
        if (BN_num_bytes(value) > (int)SIZE)
            continue;
        BN_bn2binpad(value, s, SIZE);
        assert_int_equal(verify(&again, again.signature), E_OK);
        assert_int_equal(verify(&again, s), E_SECURITY);
        break;
    }
    BN_free(n);
    BN_free(value);
}

/* Signatures of the same key over the same digest that follow other rules. */
static void rsa_other_rules(void **state)
{
    static const int salts[] = {0, 1, 10, 31, 33, 64, SIZE - HASH - 2};
    const struct signer *good = *state;
    uint8_t s[SIZE], longer[64];

    for (size_t i = 0; i < sizeof salts / sizeof *salts; i++) {
        sign(good, RSA_PKCS1_PSS_PADDING, EVP_sha256(), EVP_sha256(), salts[i], good->digest, HASH,
             s);
        assert_int_equal(verify(good, s), E_SECURITY);
    }
    sign(good, RSA_PKCS1_PSS_PADDING, EVP_sha256(), EVP_sha1(), 32, good->digest, HASH, s);
    assert_int_equal(verify(good, s), E_SECURITY);
    sign(good, RSA_PKCS1_PSS_PADDING, EVP_sha256(), EVP_sha512(), 32, good->digest, HASH, s);
    assert_int_equal(verify(good, s), E_SECURITY);
    sign(good, RSA_PKCS1_PADDING, EVP_sha256(), NULL, -1, good->digest, HASH, s);
    assert_int_equal(verify(good, s), E_SECURITY);
    memset(longer, 0, sizeof longer);
    memcpy(longer, good->digest, HASH);
    sign(good, RSA_PKCS1_PSS_PADDING, EVP_sha512(), EVP_sha256(), 32, longer, sizeof longer, s);
    assert_int_equal(verify(good, s), E_SECURITY);
}

/*
 * Encoded messages that are wrong in one bit, signed by the key itself: nothing but the check of
 * the encoding stands against them. A bit flipped in the masked block is the same bit in the block.
 */
static void rsa_encoding_every_bit(void **state)
{
    const struct signer *good = *state;
    uint8_t encoded[SIZE], s[SIZE];
    unsigned int tried = 0;

    open_signature(good, good->signature, encoded);
    assert_int_equal(encoded[SIZE - 1], 0xbc);
    sign(good, RSA_NO_PADDING, NULL, NULL, -1, encoded, SIZE, s);
    assert_memory_equal(s, good->signature, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        /* Every octet of the zeros, 0x01, salt, hash and trailer; one bit each to save time. */
        const uint8_t flip = (uint8_t)(1 << (i % 8));

        encoded[i] ^= flip;
        if (memcmp(encoded, good->modulus, SIZE) < 0) {
            sign(good, RSA_NO_PADDING, NULL, NULL, -1, encoded, SIZE, s);
            assert_int_equal(verify(good, s), E_SECURITY);
            tried++;
        }
        encoded[i] ^= flip;
    }
    assert_true(tried >= SIZE - 1);
}

/* The encoded message has 3071 bits: a set top bit is refused even where all else fits. */
static void rsa_encoding_top_bit(void **state)
{
    struct signer again = *(struct signer *)*state;
    uint8_t encoded[SIZE], s[SIZE];

    for (unsigned int i = 0;; i++) {
        assert_true(i < 1000);
        crypto_sha256(&i, sizeof i, again.digest);
        sign_well(&again);
        open_signature(&again, again.signature, encoded);
        encoded[0] |= 0x80;
        if (memcmp(encoded, again.modulus, SIZE) >= 0)
            continue;
        assert_int_equal(verify(&again, again.signature), E_OK);
        sign(&again, RSA_NO_PADDING, NULL, NULL, -1, encoded, SIZE, s);
        assert_int_equal(verify(&again, s), E_SECURITY);
        break;
    }
}

/* --- Secrets. -------------------------------------------------------------------------------------- */

static void equal_every_octet(void **state)
{
    uint8_t a[100], b[100];

    (void)state;
    memset(a, 3, sizeof a);
    memset(b, 3, sizeof b);
    assert_true(crypto_equal(a, b, sizeof a));
    assert_true(crypto_equal(NULL, NULL, 0));
    assert_true(crypto_equal("a", "b", 0));
    for (size_t i = 0; i < sizeof a; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            assert_false(crypto_equal(a, b, sizeof a));
            assert_true(crypto_equal(a, b, i));
            b[i] ^= (uint8_t)(1 << bit);
        }
    }
}

static void wipe_all_and_no_more(void **state)
{
    uint8_t a[66];

    (void)state;
    memset(a, 9, sizeof a);
    crypto_wipe(a + 1, 64);
    assert_int_equal(a[0], 9);
    assert_int_equal(a[65], 9);
    assert_true(is_zero(a + 1, 64));
    crypto_wipe(NULL, 0);
}

/* --- Many threads at once. -------------------------------------------------------------------------- */

struct verifier {
    const struct signer *signer;
    int wrong;
};

static void *verify_often(void *argument)
{
    struct verifier *verifier = argument;
    const struct signer *good = verifier->signer;
    struct signer bad = *good;

    bad.digest[7] ^= 1;
    for (int i = 0; i < 20; i++) {
        verifier->wrong += verify(good, good->signature) != E_OK;
        verifier->wrong += verify(&bad, good->signature) != E_SECURITY;
    }
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    struct verifier verifiers[8];
    pthread_t threads[8];

    for (int i = 0; i < 8; i++) {
        verifiers[i] = (struct verifier){.signer = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &verifiers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(verifiers[i].wrong, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_published),      cmocka_unit_test(sha256_any_cut),
        cmocka_unit_test(sha256_leaves_nothing), cmocka_unit_test(hmac_published),
        cmocka_unit_test(hmac_any_key),          cmocka_unit_test(hkdf_published),
        cmocka_unit_test(hkdf_limits),           cmocka_unit_test(drbg_published),
        cmocka_unit_test(drbg_limits),           cmocka_unit_test(drbg_personal),
        cmocka_unit_test(rsa_published),         cmocka_unit_test(rsa_openssl_agrees),
        cmocka_unit_test(rsa_other_exponents),   cmocka_unit_test(rsa_every_bit_counts),
        cmocka_unit_test(rsa_bad_keys),          cmocka_unit_test(rsa_special_signatures),
        cmocka_unit_test(rsa_other_rules),       cmocka_unit_test(rsa_encoding_every_bit),
        cmocka_unit_test(rsa_encoding_top_bit),  cmocka_unit_test(equal_every_octet),
        cmocka_unit_test(wipe_all_and_no_more),  cmocka_unit_test(threads_do_not_meet),
    };

#ifdef __SANITIZE_THREAD__
    /* The rest has one thread, and is slow here. */
    cmocka_set_test_filter("threads*");
#endif
    return cmocka_run_group_tests_name("lib/crypto", tests, make_signer, free_signer);
}
