/*
 * What Postern offers an app beyond GlobalPlatform and Trusty.
 */
#ifndef POSTERN_TA_H
#define POSTERN_TA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Login method of OpenHarmony's clients (TEEC_LOGIN_IDENTIFY): the caller's user and program. */
#define POSTERN_LOGIN_IDENTIFY 0x00000007

/* The longest label and the longest key of postern_derive_key, in bytes. */
#define POSTERN_LABEL_MAX 256
#define POSTERN_DERIVED_KEY_MAX 64

/*
 * Derives a key that only this app (its UUID, signed by its signer) on this device can derive: the
 * same for the same label, also after restarts and in later versions; nothing about it can be learnt
 * from other labels' keys. `label` is `label_length` bytes (any, also none); `key_length` bytes, at
 * least one, are written to `key`.
 * Answers a TEE_Result: TEE_SUCCESS; TEE_ERROR_BAD_PARAMETERS: a length beyond its limit, or no key
 * wanted. Panics on bad pointers.
 */
uint32_t postern_derive_key(const void *label, size_t label_length, void *key, size_t key_length);

#define POSTERN_LOG_ERROR 0
#define POSTERN_LOG_WARN 1
#define POSTERN_LOG_INFO 2
#define POSTERN_LOG_DEBUG 3

/* Writes one line to the TEE's log, where it stands under this app's name. What is longer than about a
 * thousand characters is cut. Never put secrets there. */
void postern_log(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Likewise, with "function:line" in front; the format is to begin with a space. */
void postern_log_at(uint32_t level, const char *function, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Likewise the bytes, as hexadecimal lines of 16 with their offsets; at most 4096 of them. */
void postern_log_bytes(uint32_t level, const void *data, size_t length);

/* "TEE_ERROR_BAD_STATE" for 0xffff0007, and so on; "unknown" for what has no name. Never NULL. */
const char *postern_result_name(uint32_t result);

#ifdef __cplusplus
}
#endif

#endif
