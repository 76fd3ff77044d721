#include <lib/uuid.h>

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

void uuid_format(const uint8_t uuid[UUID_SIZE], char out[UUID_TEXT_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t octet = 0;
    for (size_t at = 0; at < UUID_TEXT_LENGTH;) {
        if (is_dash(at)) {
            out[at++] = '-';
            continue;
        }
        out[at++] = digits[uuid[octet] >> 4];
        out[at++] = digits[uuid[octet] & 0xf];
        octet++;
    }
    out[UUID_TEXT_LENGTH] = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, size_t length, uint8_t uuid[UUID_SIZE])
{
    if (length != UUID_TEXT_LENGTH)
        return false;
    size_t octet = 0;
    for (size_t at = 0; at < UUID_TEXT_LENGTH;) {
        if (is_dash(at)) {
            if (text[at++] != '-')
                return false;
            continue;
        }
        int high = digit_value(text[at]);
        int low = digit_value(text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid[octet++] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return true;
}

bool uuid_is_nil(const uint8_t uuid[UUID_SIZE])
{
    for (size_t i = 0; i < UUID_SIZE; i++)
        if (uuid[i] != 0)
            return false;
    return true;
}
