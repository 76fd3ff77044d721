/*
 * Verification of RSA-3072 PSS signatures (crypto.h). The arithmetic is the core of mbedTLS's large
 * numbers: arrays of words of a fixed size, no memory taken. Everything here is public.
 */
#include <bignum_core.h>
#include <lib/crypto/crypto.h>

#define LIMBS (CRYPTO_RSA_SIZE / sizeof(mbedtls_mpi_uint))
#define EXPONENT_MIN 65537u

/* RFC 8017, 9.1.2, for 3072 bits: the encoded message has 3071 bits, thus as many octets as the
 * modulus, the highest bit zero: masked block, hash, 0xbc. The unmasked block is zeros, 0x01, salt. */
#define HASH_SIZE CRYPTO_SHA256_SIZE
#define SALT_SIZE 32u
#define BLOCK_SIZE (CRYPTO_RSA_SIZE - HASH_SIZE - 1)
#define ZEROS_SIZE (BLOCK_SIZE - SALT_SIZE - 1)
#define TRAILER 0xbc

typedef mbedtls_mpi_uint number[LIMBS];

/* A modulus n and what multiplying modulo n needs. With r = 2^3072, montgomery(a, b) is a b / r. */
struct modulus {
    number n;
    mbedtls_mpi_uint minus_inverse; /* -1/n modulo one word */
    mbedtls_mpi_uint work[2 * LIMBS + 1];
};

static void montgomery(struct modulus *m, number out, const number a, const number b)
{
    mbedtls_mpi_core_montmul(out, a, b, LIMBS, m->n, LIMBS, m->minus_inverse, m->work);
}

/* x becomes 2 x modulo n; x is less than n. */
static void twice(const struct modulus *m, number x)
{
    const bool carry = x[LIMBS - 1] >> (sizeof(mbedtls_mpi_uint) * 8 - 1);
    number less;
    bool smaller;

    mbedtls_mpi_core_shift_l(x, LIMBS, 1);
    smaller = mbedtls_mpi_core_sub(less, x, m->n, LIMBS) != 0;
    if (carry || !smaller) {
        for (size_t i = 0; i < LIMBS; i++)
            x[i] = less[i];
    }
}

/*
 * r^2 modulo n, by which numbers are brought into Montgomery's form. n has its highest bit set, so
 * r modulo n is r - n, and that is 0 - n in LIMBS words. Doubling it 48 times gives 2^48 r; the
 * Montgomery square of 2^k r is 2^2k r; six of them make it 2^3072 r.
 */
static void square_of_r(struct modulus *m, number out)
{
    number zero = {0};

    (void)mbedtls_mpi_core_sub(out, zero, m->n, LIMBS);
    for (int i = 0; i < 48; i++)
        twice(m, out);
    for (int i = 0; i < 6; i++)
        montgomery(m, out, out, out);
}

/* RSAVP1 (RFC 8017, 5.2.2): out = s^exponent modulo n. s is less than n, the exponent not 0. */
static void power(struct modulus *m, number out, const number s, uint32_t exponent)
{
    const number one = {1};
    number base;
    uint32_t bit = UINT32_C(1) << 31;

    square_of_r(m, base);
    montgomery(m, base, base, s);
    while (!(exponent & bit))
        bit >>= 1;
    for (size_t i = 0; i < LIMBS; i++)
        out[i] = base[i];
    for (bit >>= 1; bit; bit >>= 1) {
        montgomery(m, out, out, out);
        if (exponent & bit)
            montgomery(m, out, out, base);
    }
    montgomery(m, out, out, one);
}

/* MGF1 (RFC 8017, B.2.1) of `seed`, xored into `block`. */
static void mask(uint8_t block[BLOCK_SIZE], const uint8_t seed[HASH_SIZE])
{
    for (size_t done = 0, count = 0; done < BLOCK_SIZE; count++) {
        const uint8_t counter[4] = {0, 0, 0, (uint8_t)count};
        uint8_t digest[CRYPTO_SHA256_SIZE];
        struct crypto_sha256 sha;

        crypto_sha256_start(&sha);
        crypto_sha256_add(&sha, seed, HASH_SIZE);
        crypto_sha256_add(&sha, counter, sizeof counter);
        crypto_sha256_end(&sha, digest);
        for (size_t i = 0; i < sizeof digest && done < BLOCK_SIZE; i++)
            block[done++] ^= digest[i];
    }
}
_Static_assert(BLOCK_SIZE / CRYPTO_SHA256_SIZE < 255, "the counter of mask() fits one octet");

/* EMSA-PSS-VERIFY (RFC 8017, 9.1.2). Changes `encoded`. */
static bool pss_fits(uint8_t encoded[CRYPTO_RSA_SIZE], const uint8_t digest[CRYPTO_SHA256_SIZE])
{
    static const uint8_t prefix[8] = {0};
    uint8_t *const block = encoded;
    const uint8_t *const hash = encoded + BLOCK_SIZE;
    const uint8_t *const salt = encoded + ZEROS_SIZE + 1;
    uint8_t expected[HASH_SIZE];
    struct crypto_sha256 sha;

    if (encoded[CRYPTO_RSA_SIZE - 1] != TRAILER || (block[0] & 0x80))
        return false;
    mask(block, hash);
    block[0] &= 0x7f;
    for (size_t i = 0; i < ZEROS_SIZE; i++) {
        if (block[i] != 0)
            return false;
    }
    if (block[ZEROS_SIZE] != 1)
        return false;

    crypto_sha256_start(&sha);
    crypto_sha256_add(&sha, prefix, sizeof prefix);
    crypto_sha256_add(&sha, digest, CRYPTO_SHA256_SIZE);
    crypto_sha256_add(&sha, salt, SALT_SIZE);
    crypto_sha256_end(&sha, expected);
    return crypto_equal(expected, hash, sizeof expected);
}

enum error crypto_rsa_pss_verify(const uint8_t modulus[CRYPTO_RSA_SIZE], uint32_t exponent,
                                 const uint8_t digest[CRYPTO_SHA256_SIZE],
                                 const uint8_t signature[CRYPTO_RSA_SIZE])
{
    struct modulus m;
    number s;
    number difference;
    uint8_t encoded[CRYPTO_RSA_SIZE];

    if (!(modulus[0] & 0x80) || !(modulus[CRYPTO_RSA_SIZE - 1] & 1))
        return E_INVALID;
    if (exponent < EXPONENT_MIN || !(exponent & 1))
        return E_INVALID;
    /* Neither fails: the numbers have just as many octets as fit. */
    if (mbedtls_mpi_core_read_be(m.n, LIMBS, modulus, CRYPTO_RSA_SIZE) != 0 ||
        mbedtls_mpi_core_read_be(s, LIMBS, signature, CRYPTO_RSA_SIZE) != 0)
        return E_GENERIC;
    if (mbedtls_mpi_core_sub(difference, s, m.n, LIMBS) == 0)
        return E_SECURITY; /* not less than n: RFC 8017, 5.2.2 step 1 */

    m.minus_inverse = mbedtls_mpi_core_montmul_init(m.n);
    power(&m, s, s, exponent);
    if (mbedtls_mpi_core_write_be(s, LIMBS, encoded, CRYPTO_RSA_SIZE) != 0)
        return E_GENERIC;
    return pss_fits(encoded, digest) ? E_OK : E_SECURITY;
}
