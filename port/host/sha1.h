/*
 * SHA-1 (FIPS 180-4), for one purpose: UUIDs of version 5 (RFC 4122, 4.3) are defined with it. It
 * protects nothing here.
 */
#ifndef POSTERN_PORT_HOST_SHA1_H
#define POSTERN_PORT_HOST_SHA1_H

#include <stddef.h>
#include <stdint.h>

/* UUID of version 5 over a name in a name space, octets in network order. `length` up to 4096. */
void sha1_uuid(const uint8_t space[16], const void *name, size_t length, uint8_t out[16]);
void sha1(const uint8_t *data, size_t length, uint8_t out[20]);

#endif
