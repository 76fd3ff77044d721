/*
 * What digest and its clients agree on. Included by both sides.
 *
 * A session digests one stream at a time: any number of DIGEST_UPDATE, then DIGEST_FINISH, and so on
 * with the next stream.
 */
#ifndef APPS_DIGEST_H
#define APPS_DIGEST_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define DIGEST_UUID {0xc6bd3e65, 0x76fb, 0x422d, {0x88, 0x8d, 0x89, 0x13, 0x20, 0xea, 0x9f, 0x0f}}

/* Both are SHA-256's size. */
#define DIGEST_SIZE 32

/* Parameter 0, memory in: the next bytes of the stream. */
#define DIGEST_UPDATE 1

/* Parameter 0, memory out: SHA-256 of the stream. Parameter 1, memory out: its HMAC-SHA-256 under a
 * key that only this app, signed by this signer, on this device can derive. Parameter 2, value out:
 * the stream's length in bytes, a the low 32 bits, b the high ones. The next stream begins. */
#define DIGEST_FINISH 2

#endif
