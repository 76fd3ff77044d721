/*
 * The device key: what this device has and no other. QEMU has no fuses; this file gives every machine
 * the same DEVELOPMENT key, which protects nothing. A board replaces this file by one that reads its
 * fuses or asks its crypto engine; nothing else changes.
 */
#include <port/aarch64/machine.h>

void port_device_key(uint8_t key[32])
{
    static const uint8_t development[32] = "Postern development device key.";
    memcpy(key, development, sizeof(development));
}
