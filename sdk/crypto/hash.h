/*
 * Digests and HMAC for the API, on OpenSSL 3 (3.0 and later). The algorithms are fetched once in the
 * life of the process. No configuration file is read and nothing is loaded: an app has no files.
 */
#ifndef POSTERN_SDK_CRYPTO_HASH_H
#define POSTERN_SDK_CRYPTO_HASH_H

#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hash_algorithm {
    HASH_SHA256,
    HASH_SHA384,
    HASH_SHA512,
};
#define HASH_ALGORITHMS 3u
#define HASH_SIZE_MAX 64u

/* Bytes of the algorithm's digest and HMAC. */
size_t hash_size(enum hash_algorithm algorithm);

/* A digest in the making: fresh at first and after digest_restart. E_NOT_SUPPORTED: this TEE comes
 * without the library. */
struct digest;
enum error digest_create(enum hash_algorithm algorithm, struct digest **out) MUST_CHECK;
void digest_destroy(struct digest *digest);
/* The rest answer E_NO_MEMORY, the only way in which they can fail. */
enum error digest_restart(struct digest *digest) MUST_CHECK;
enum error digest_update(struct digest *digest, const void *bytes, size_t size) MUST_CHECK;
/* Writes hash_size() bytes. What follows is digest_restart or digest_destroy. */
enum error digest_finish(struct digest *digest, uint8_t out[HASH_SIZE_MAX]) MUST_CHECK;
/* Makes `to` what `from` is; both of one algorithm. */
enum error digest_copy(struct digest *to, const struct digest *from) MUST_CHECK;

/* The same for HMAC, whose key is given to hmac_start; hmac_restart keeps it. */
struct hmac;
enum error hmac_create(enum hash_algorithm algorithm, struct hmac **out) MUST_CHECK;
void hmac_destroy(struct hmac *hmac);
enum error hmac_start(struct hmac *hmac, const uint8_t *key, size_t key_size) MUST_CHECK;
enum error hmac_restart(struct hmac *hmac) MUST_CHECK;
enum error hmac_update(struct hmac *hmac, const void *bytes, size_t size) MUST_CHECK;
enum error hmac_finish(struct hmac *hmac, uint8_t out[HASH_SIZE_MAX]) MUST_CHECK;
enum error hmac_copy(struct hmac *to, const struct hmac *from) MUST_CHECK;

#endif
