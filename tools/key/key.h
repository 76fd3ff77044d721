/*
 * Signing keys: RSA with 3072 bits and the exponent 65537 or any other odd one above it. Private
 * keys are PEM files (PKCS#8), public ones PEM files (SubjectPublicKeyInfo); both as `openssl` reads
 * and writes them. This folder is the only place of tools/ that knows OpenSSL. Functions that answer
 * false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_KEY_KEY_H
#define POSTERN_TOOLS_KEY_KEY_H

#include <abi/package.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key;

bool key_generate(struct key **out);
/* Reads a private or a public key. A private key's file that others may read is used, and said. */
bool key_load(const char *path, struct key **out);
void key_free(struct key **key);
#define KEY __attribute__((cleanup(key_free))) struct key *

bool key_is_private(const struct key *key);
/* Writes both files NAME.key (0600) and NAME.trust; a file that is there is never overwritten.
 * `apps` are the lines that say what the key may sign, as in a trust file. */
bool key_write(const struct key *key, const char *name, const char *apps);

struct key_public {
    uint8_t modulus[PACKAGE_MODULUS_SIZE]; /* big-endian */
    uint32_t exponent;
};
void key_public(const struct key *key, struct key_public *out);
/* The key's name in packages (abi/package.h). */
bool key_signer(const struct key_public *key, uint8_t signer[PACKAGE_SIGNER_SIZE]);

bool key_digest(const void *bytes, size_t size, uint8_t digest[32]);
/* RSASSA-PSS with SHA-256 and a salt of 32 octets, over the bytes. */
bool key_sign(const struct key *key, const void *bytes, size_t size,
              uint8_t signature[PACKAGE_SIGNATURE_SIZE]);

/*
 * The user's own key, for development: development.key and development.trust in the folder postern
 * of the user's configuration ($XDG_CONFIG_HOME, or ~/.config). Made when it is not there, and then
 * said. Two processes that make it at the same time get the same key.
 */
bool key_load_development(struct key **out);
/* The names of its two files; the caller frees them. `trust` may be NULL. */
bool key_development_files(char **key, char **trust);

#endif
