/*
 * The grammar of property values (TEE Internal Core API 1.3, 4.4): booleans, numbers, UUIDs,
 * identities, Base64.
 */
#include <sdk/gp/property.h>

#include <lib/uuid.h>
#include <sdk/gp/uuid.h>
#include <string.h>
#include <strings.h>

bool property_read_bool(const char *text, size_t length, bool *out)
{
    if (length == 4 && strncasecmp(text, "true", 4) == 0) {
        *out = true;
        return true;
    }
    if (length == 5 && strncasecmp(text, "false", 5) == 0) {
        *out = false;
        return true;
    }
    return false;
}

static int property_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* The factor that a suffix stands for; 0 when it is none. */
static uint64_t property_factor(char c)
{
    switch (c) {
    case 'k':
    case 'K':
        return UINT64_C(1) << 10;
    case 'm':
    case 'M':
        return UINT64_C(1) << 20;
    case 'g':
    case 'G':
        return UINT64_C(1) << 30;
    default:
        return 0;
    }
}

bool property_read_number(const char *text, size_t length, uint64_t *out)
{
    unsigned base = 10;
    uint64_t factor = 1;
    if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        length -= 2;
    } else if (length > 1 && property_factor(text[length - 1]) != 0) {
        factor = property_factor(text[length - 1]);
        length--;
    }
    if (length == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned digit = (unsigned)property_digit(text[i]);
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    return !__builtin_mul_overflow(value, factor, out);
}

bool property_read_uuid(const char *text, size_t length, TEE_UUID *out)
{
    uint8_t octets[UUID_SIZE];
    if (!uuid_parse(text, length, octets))
        return false;
    *out = gp_uuid_of_octets(octets);
    return true;
}

bool property_read_identity(const char *text, size_t length, TEE_Identity *out)
{
    const char *colon = length != 0 ? memchr(text, ':', length) : NULL;
    const size_t number_length = colon != NULL ? (size_t)(colon - text) : length;
    uint64_t login;
    TEE_Identity identity = {0};
    if (!property_read_number(text, number_length, &login) || login > UINT32_MAX)
        return false;
    if (colon != NULL && !property_read_uuid(colon + 1, length - number_length - 1, &identity.uuid))
        return false;
    identity.login = (uint32_t)login;
    *out = identity;
    return true;
}

static int property_sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool property_read_binary(const char *text, size_t length, uint8_t *out, size_t room, size_t *size)
{
    if (length != 0 && length % 4 == 0 && text[length - 1] == '=') {
        length--;
        if (text[length - 1] == '=')
            length--;
    }
    if (length % 4 == 1)
        return false;
    uint32_t bits = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        const int sextet = property_sextet(text[i]);
        if (sextet < 0)
            return false;
        bits = bits << 6 | (uint32_t)sextet;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (count < room)
            out[count] = (uint8_t)(bits >> held);
        count++;
    }
    /* What is left over is padding, and must not hide anything. */
    if ((bits & ((1u << held) - 1)) != 0)
        return false;
    *size = count;
    return true;
}
