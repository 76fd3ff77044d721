/* SHA-1 and UUIDs of version 5. See sha1.h. */
#include "sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned int n)
{
    return x << n | x >> (32 - n);
}

static void block(uint32_t state[5], const uint8_t *data)
{
    uint32_t w[80];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    uint32_t e = state[4];

    for (size_t i = 0; i < 16; i++) {
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
               (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    }
    for (size_t i = 16; i < 80; i++) {
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    for (size_t i = 0; i < 80; i++) {
        uint32_t f;
        uint32_t k;

        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        f += rotate(a, 5) + e + k + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = f;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1(const uint8_t *data, size_t length, uint8_t out[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t last[128] = {0};
    uint64_t bits = (uint64_t)length * 8;
    size_t left = length % 64;
    size_t padded = left < 56 ? 64 : 128;

    for (size_t i = 0; i + 64 <= length; i += 64) {
        block(state, data + i);
    }
    memcpy(last, data + (length - left), left);
    last[left] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        last[padded - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    for (size_t i = 0; i < padded; i += 64) {
        block(state, last + i);
    }
    for (size_t i = 0; i < 20; i++) {
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void sha1_uuid(const uint8_t space[16], const void *name, size_t length, uint8_t out[16])
{
    uint8_t text[16 + 4096];
    uint8_t digest[20];

    if (length > 4096) {
        length = 4096;
    }
    memcpy(text, space, 16);
    memcpy(text + 16, name, length);
    sha1(text, 16 + length, digest);
    memcpy(out, digest, 16);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x50);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}
