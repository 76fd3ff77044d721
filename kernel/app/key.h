/*
 * Keys derived from the device's: HKDF-SHA-256 (RFC 5869) with a text that names the use, so that no
 * two uses share a key, and nobody learns the device's own.
 */
#ifndef POSTERN_KERNEL_APP_KEY_H
#define POSTERN_KERNEL_APP_KEY_H

#include <lib/error.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_LABEL_MAX 256u
#define KEY_SIZE_MAX 64u

/* A key of the app's own: depends on the device, the signer, the UUID and the label. */
enum error key_for_app(const uint8_t signer[32], const uint8_t uuid[16], const uint8_t *label,
                       size_t label_size, uint8_t *out, size_t size)
    __attribute__((warn_unused_result)) COLD;
/* The device's public name (gpd.tee.deviceID): version 5 form, derived, reveals nothing. */
void key_device_uuid(uint8_t uuid[16]) COLD;

#endif
