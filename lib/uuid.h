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
bool uuid_equal(const uint8_t a[UUID_SIZE], const uint8_t b[UUID_SIZE]);
bool uuid_is_nil(const uint8_t uuid[UUID_SIZE]);

#endif
