/*
 * Trusty's UUID: who an app is. The members of the first three fields are numbers in the
 * processor's byte order, not octets. GlobalPlatform's TEE_UUID has the same layout.
 */
#ifndef POSTERN_UAPI_TRUSTY_UUID_H
#define POSTERN_UAPI_TRUSTY_UUID_H

#include <stdint.h>

typedef struct uuid {
    uint32_t time_low;
    uint16_t time_mid;
    uint16_t time_hi_and_version;
    uint8_t clock_seq_and_node[8];
} uuid_t;

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" with its NUL. */
#define UUID_STR_SIZE 37

#endif
