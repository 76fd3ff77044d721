#include <kernel/app/key.h>
#include <lib/crypto/crypto.h>
#include <port/port.h>

/* What each derivation starts its text with; 8 octets each. */
#define USE_APP "app-key1"
#define USE_DEVICE_UUID "dev-id-1"
#define USE_SIZE 8u

static void append(uint8_t *out, size_t *length, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i++)
        out[(*length)++] = from[i];
}

static void wipe(void *memory, size_t size)
{
    volatile uint8_t *octets = memory;
    for (size_t i = 0; i < size; i++)
        octets[i] = 0;
}

static enum error derive(const uint8_t *info, size_t info_size, uint8_t *out, size_t size)
{
    uint8_t device_key[32];
    port_device_key(device_key);
    enum error error = crypto_hkdf_sha256("postern", 7, device_key, sizeof(device_key), info,
                                          info_size, out, size);
    wipe(device_key, sizeof(device_key));
    return error;
}

enum error key_for_app(const uint8_t signer[32], const uint8_t uuid[16], const uint8_t *label,
                       size_t label_size, uint8_t *out, size_t size)
{
    uint8_t info[USE_SIZE + 32 + 16 + KEY_LABEL_MAX];
    size_t length = 0;
    if (label_size > KEY_LABEL_MAX || size == 0 || size > KEY_SIZE_MAX)
        return E_INVALID;
    append(info, &length, USE_APP, USE_SIZE);
    append(info, &length, signer, 32);
    append(info, &length, uuid, 16);
    append(info, &length, label, label_size);
    return derive(info, length, out, size);
}

void key_device_uuid(uint8_t uuid[16])
{
    if (derive((const uint8_t *)USE_DEVICE_UUID, USE_SIZE, uuid, 16) != E_OK)
        port_panic("the device's UUID cannot be derived");
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}
