/* UUIDs between GlobalPlatform's structure and the 16 octets that the TEE works with. */
#ifndef POSTERN_SDK_GP_UUID_H
#define POSTERN_SDK_GP_UUID_H

#include <string.h>
#include <tee_api_types.h>

static inline TEE_UUID gp_uuid_of_octets(const uint8_t octets[16])
{
    TEE_UUID uuid;
    uuid.timeLow = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                   (uint32_t)octets[2] << 8 | octets[3];
    uuid.timeMid = (uint16_t)(octets[4] << 8 | octets[5]);
    uuid.timeHiAndVersion = (uint16_t)(octets[6] << 8 | octets[7]);
    memcpy(uuid.clockSeqAndNode, &octets[8], sizeof(uuid.clockSeqAndNode));
    return uuid;
}

static inline void gp_uuid_to_octets(const TEE_UUID *uuid, uint8_t octets[16])
{
    octets[0] = (uint8_t)(uuid->timeLow >> 24);
    octets[1] = (uint8_t)(uuid->timeLow >> 16);
    octets[2] = (uint8_t)(uuid->timeLow >> 8);
    octets[3] = (uint8_t)uuid->timeLow;
    octets[4] = (uint8_t)(uuid->timeMid >> 8);
    octets[5] = (uint8_t)uuid->timeMid;
    octets[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
    octets[7] = (uint8_t)uuid->timeHiAndVersion;
    memcpy(&octets[8], uuid->clockSeqAndNode, sizeof(uuid->clockSeqAndNode));
}

#endif
