/*
 * Trusty's UUIDs as octets and as text.
 */
#include <lib/uuid.h>
#include <sdk/trusty/trusty_uuid.h>
#include <string.h>
#include <trusty/uuid.h>

_Static_assert(UUID_STR_SIZE == UUID_TEXT_LENGTH + 1, "text");

void trusty_uuid_from_octets(const uint8_t octets[16], struct uuid *uuid)
{
    uuid->time_low = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                     (uint32_t)octets[2] << 8 | octets[3];
    uuid->time_mid = (uint16_t)(octets[4] << 8 | octets[5]);
    uuid->time_hi_and_version = (uint16_t)(octets[6] << 8 | octets[7]);
    memcpy(uuid->clock_seq_and_node, octets + 8, sizeof(uuid->clock_seq_and_node));
}

static void uuid_to_octets(const struct uuid *uuid, uint8_t octets[16])
{
    for (size_t i = 0; i < 4; i++) {
        octets[i] = (uint8_t)(uuid->time_low >> (24 - 8 * i));
    }
    octets[4] = (uint8_t)(uuid->time_mid >> 8);
    octets[5] = (uint8_t)uuid->time_mid;
    octets[6] = (uint8_t)(uuid->time_hi_and_version >> 8);
    octets[7] = (uint8_t)uuid->time_hi_and_version;
    memcpy(octets + 8, uuid->clock_seq_and_node, sizeof(uuid->clock_seq_and_node));
}

void uuid_to_str(const struct uuid *uuid, char *str)
{
    uint8_t octets[UUID_SIZE];
    uuid_to_octets(uuid, octets);
    uuid_format(octets, str);
}

int str_to_uuid(const char *str, struct uuid *uuid)
{
    uint8_t octets[UUID_SIZE];
    if (strnlen(str, UUID_STR_SIZE) != UUID_TEXT_LENGTH ||
        !uuid_parse(str, UUID_TEXT_LENGTH, octets)) {
        return -1;
    }
    trusty_uuid_from_octets(octets, uuid);
    return 0;
}
