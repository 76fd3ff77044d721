/* Decoding of the trust table (abi/package.h): which key may sign which app, from which version on. */
#ifndef POSTERN_KERNEL_DECODE_TRUST_H
#define POSTERN_KERNEL_DECODE_TRUST_H

#include <abi/package.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trust_entry {
    const uint8_t *modulus; /* PACKAGE_MODULUS_SIZE octets in the table */
    uint32_t exponent;
    bool any_app;
    uint32_t num_apps;
    const uint8_t *apps; /* num_apps times struct trust_app, unaligned */
};

/* Takes the table's next key off `*at`. Start with `*at` = 0. E_NOT_FOUND after the last one;
 * E_BAD_FORMAT. */
enum error decode_trust_next(const uint8_t *table, size_t size, size_t *at,
                             struct trust_entry *out) MUST_CHECK;
/* Walks through the whole. E_BAD_FORMAT: damaged, or bytes after its end. */
enum error decode_trust(const uint8_t *table, size_t size) MUST_CHECK;
/* Whether the key may sign this app; *floor is the lowest version accepted. */
bool trust_allows(const struct trust_entry *entry, const uint8_t uuid[16], uint32_t *floor);

#endif
