/* The one question that everything hangs on, asked of the library that the kernel asks, too. */
#ifndef POSTERN_TOOLS_PACKAGE_SIGNATURE_H
#define POSTERN_TOOLS_PACKAGE_SIGNATURE_H

#include <tools/key/key.h>

/* Whether `signature` is one of `key` over the bytes: RSASSA-PSS, SHA-256, salt of 32 octets. */
bool signature_verifies(const struct key_public *key, const uint8_t *bytes, size_t size,
                        const uint8_t signature[PACKAGE_SIGNATURE_SIZE]);

#endif
