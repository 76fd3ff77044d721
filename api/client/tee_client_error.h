/*
 * Words for what the TEE client API answers. Postern's own; not part of OpenHarmony's or
 * GlobalPlatform's API.
 */
#ifndef POSTERN_TEE_CLIENT_ERROR_H
#define POSTERN_TEE_CLIENT_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The name and number of a result, "TEEC_ERROR_BUSY (0xffff000d)"; of one without a name,
 * "0x12345678". The text belongs to the library: a name stays for ever, a bare number until the
 * same thread's next call of this function. Never NULL.
 */
const char *postern_teec_strerror(uint32_t result);

/* The name of an origin: "API", "COMMS", "TEE", "TRUSTED_APP", or "unknown". Stays for ever. */
const char *postern_teec_origin_name(uint32_t origin);

/*
 * Why this thread's last call that was refused by this library, or on the way, was refused, in
 * words: "parameter 1: 300 bytes at offset 10 reach beyond the shared memory's 256". Empty when
 * there was none. The text is the library's and stays until the thread's next call of the API.
 * Never NULL.
 */
const char *postern_teec_reason(void);

#ifdef __cplusplus
}
#endif

#endif
