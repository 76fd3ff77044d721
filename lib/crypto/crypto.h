/*
 * The cryptography of the secure kernel and of the package tools: SHA-256, HMAC and HKDF on it,
 * verification of RSA-3072 PSS signatures, a random generator, comparing and wiping of secrets.
 * Apps use another library (sdk/crypto); nothing here signs or makes keys.
 *
 * SHA-256 and the multiplication of large numbers are mbedTLS's; this folder is the only place that
 * includes it. The rest is written here, because mbedTLS's own HMAC, PSS and generator take memory
 * from a heap, and here there is none: every function works in its caller's structures and on the
 * stack. So there is no state behind the functions, and any number of threads may be in any of them
 * at once; a structure belongs to one thread at a time.
 *
 * Pointers may be NULL where the size beside them is 0. Output must not overlap input.
 */
#ifndef POSTERN_LIB_CRYPTO_CRYPTO_H
#define POSTERN_LIB_CRYPTO_CRYPTO_H

#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SHA256_SIZE 32u
#define CRYPTO_SHA256_BLOCK 64u
#define CRYPTO_RSA_SIZE 384u /* octets of a 3072-bit modulus or signature */
#define CRYPTO_HKDF_SIZE_MAX (255u * CRYPTO_SHA256_SIZE)
#define CRYPTO_DRBG_ENTROPY_MIN 32u
#define CRYPTO_DRBG_REQUEST_MAX 65536u

/* --- SHA-256 (FIPS 180-4). Cannot fail. ------------------------------------------------------- */

/* A digest being made. Start it before anything else; after end it must be started again, and
 * nothing of the input is left in it. It may be copied to go on in two ways. */
struct crypto_sha256 {
    uint64_t opaque[15];
};
void crypto_sha256_start(struct crypto_sha256 *sha);
void crypto_sha256_add(struct crypto_sha256 *sha, const void *data, size_t size);
void crypto_sha256_end(struct crypto_sha256 *sha, uint8_t digest[CRYPTO_SHA256_SIZE]);

/* All three at once. */
void crypto_sha256(const void *data, size_t size, uint8_t digest[CRYPTO_SHA256_SIZE]);

/* --- HMAC-SHA-256 (FIPS 198-1, RFC 2104). Cannot fail; keys of any size. ---------------------- */

struct crypto_hmac {
    struct crypto_sha256 inner;
    struct crypto_sha256 outer;
};
void crypto_hmac_start(struct crypto_hmac *hmac, const void *key, size_t key_size);
void crypto_hmac_add(struct crypto_hmac *hmac, const void *data, size_t size);
void crypto_hmac_end(struct crypto_hmac *hmac, uint8_t mac[CRYPTO_SHA256_SIZE]);

void crypto_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                        uint8_t mac[CRYPTO_SHA256_SIZE]);

/*
 * HKDF-SHA-256 (RFC 5869), extract and expand: `out_size` octets that only who knows `secret` can
 * derive, others for every `info`. `salt` may be empty. E_INVALID: more than CRYPTO_HKDF_SIZE_MAX
 * octets wanted; `out` is untouched.
 */
enum error crypto_hkdf_sha256(const void *salt, size_t salt_size, const void *secret,
                              size_t secret_size, const void *info, size_t info_size, void *out,
                              size_t out_size) MUST_CHECK;

/* --- RSA (RFC 8017). --------------------------------------------------------------------------- */

/*
 * Verifies a signature: RSASSA-PSS over a SHA-256 digest, MGF1 with SHA-256, salt of 32 octets (RFC
 * 8017, 8.1.2 from step 2 on). `modulus` and `signature` are big-endian. All inputs are public:
 * the time it takes depends on them. Needs about 4 KiB of stack.
 *
 * E_OK         the key's owner signed this digest
 * E_SECURITY   not so
 * E_INVALID    not a key that is accepted: the modulus has not exactly 3072 bits or is even, or the
 *              exponent is even or below 65537 (FIPS 186-5, A.1.1)
 */
enum error crypto_rsa_pss_verify(const uint8_t modulus[CRYPTO_RSA_SIZE], uint32_t exponent,
                                 const uint8_t digest[CRYPTO_SHA256_SIZE],
                                 const uint8_t signature[CRYPTO_RSA_SIZE]) MUST_CHECK;

/* --- A random generator (NIST SP 800-90A, HMAC_DRBG with SHA-256). ---------------------------- */

/*
 * For ports that have a source of entropy but no generator of their own. What it gives tells nothing
 * about what it gave before, even to who reads the structure. It belongs to one thread at a time:
 * its user locks it.
 */
struct crypto_drbg {
    uint8_t key[CRYPTO_SHA256_SIZE];
    uint8_t value[CRYPTO_SHA256_SIZE];
    uint64_t requests; /* since the last seed; 0 before the first */
};
/* First use. `entropy`: at least CRYPTO_DRBG_ENTROPY_MIN octets with as many bits of entropy, then
 * a nonce, all in one; `personal` (may be empty) tells machines and purposes apart. E_INVALID: too
 * little entropy; the generator is not usable then. */
enum error crypto_drbg_start(struct crypto_drbg *drbg, const void *entropy, size_t entropy_size,
                             const void *personal, size_t personal_size) MUST_CHECK;
/* More entropy for a started generator. It never gets worse by that, even if the entropy is an
 * attacker's. E_INVALID: not CRYPTO_DRBG_ENTROPY_MIN octets; E_BAD_STATE: not started. */
enum error crypto_drbg_reseed(struct crypto_drbg *drbg, const void *entropy,
                              size_t entropy_size) MUST_CHECK;
/* E_INVALID: more than CRYPTO_DRBG_REQUEST_MAX octets; E_BAD_STATE: not started, or 2^48 requests
 * since the last seed. `out` is untouched then. */
enum error crypto_drbg_random(struct crypto_drbg *drbg, void *out, size_t size) MUST_CHECK;

/* --- Secrets. ----------------------------------------------------------------------------------- */

/* Whether two secrets are the same, in a time that depends on `size` alone. */
bool crypto_equal(const void *a, const void *b, size_t size) MUST_CHECK;

/* Overwrites a secret with zeros, also where the compiler believes that nobody will look. */
void crypto_wipe(void *secret, size_t size);

#endif
