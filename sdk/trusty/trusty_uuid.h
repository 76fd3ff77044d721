/* The kernel's UUIDs (octets in network order) as Trusty's structure. */
#ifndef POSTERN_SDK_TRUSTY_UUID_H
#define POSTERN_SDK_TRUSTY_UUID_H

#include <stdint.h>
#include <uapi/trusty_uuid.h>

void trusty_uuid_from_octets(const uint8_t octets[16], struct uuid *uuid);

#endif
