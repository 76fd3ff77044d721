/* UUIDs as 16 octets in network order, and as text (RFC 4122, section 3), lower case. */
#ifndef POSTERN_LIB_UUID_H
#define POSTERN_LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_SIZE 16u
#define UUID_TEXT_LENGTH 36u

/* Writes 36 characters and a NUL. */
void uuid_format(const uint8_t uuid[UUID_SIZE], char out[UUID_TEXT_LENGTH + 1]);
/* Reads exactly `length` characters; upper or lower case. False when they are no UUID. */
bool uuid_parse(const char *text, size_t length, uint8_t uuid[UUID_SIZE]);
static inline bool uuid_equal(const uint8_t a[UUID_SIZE], const uint8_t b[UUID_SIZE])
{
    uint64_t x[2];
    uint64_t y[2];
    __builtin_memcpy(x, a, UUID_SIZE);
    __builtin_memcpy(y, b, UUID_SIZE);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
bool uuid_is_nil(const uint8_t uuid[UUID_SIZE]);

#endif
