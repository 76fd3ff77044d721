/* GlobalPlatform's result codes, as the gate answers them (TEE Client API 1.0, 4.4.2, and the
 * further ones of OpenHarmony's document). */
#ifndef POSTERN_KERNEL_GATE_TEE_CODES_H
#define POSTERN_KERNEL_GATE_TEE_CODES_H

#define TEE_CODE_SUCCESS 0x0u
#define TEE_CODE_SESSION_NOT_EXIST 0x3u
#define TEE_CODE_SESSION_MAXIMUM 0x4u
#define TEE_CODE_TRUSTED_APP_LOAD_ERROR 0xdu
#define TEE_CODE_GENERIC 0xffff0000u
#define TEE_CODE_ACCESS_DENIED 0xffff0001u
#define TEE_CODE_CANCEL 0xffff0002u
#define TEE_CODE_EXCESS_DATA 0xffff0004u
#define TEE_CODE_BAD_FORMAT 0xffff0005u
#define TEE_CODE_BAD_PARAMETERS 0xffff0006u
#define TEE_CODE_BAD_STATE 0xffff0007u
#define TEE_CODE_ITEM_NOT_FOUND 0xffff0008u
#define TEE_CODE_NOT_SUPPORTED 0xffff000au
#define TEE_CODE_OUT_OF_MEMORY 0xffff000cu
#define TEE_CODE_BUSY 0xffff000du
#define TEE_CODE_COMMUNICATION 0xffff000eu
#define TEE_CODE_SECURITY 0xffff000fu
#define TEE_CODE_SHORT_BUFFER 0xffff0010u
#define TEE_CODE_TARGET_DEAD 0xffff3024u

#define TEE_ORIGIN_COMMS 2u
#define TEE_ORIGIN_TEE 3u
#define TEE_ORIGIN_TRUSTED_APP 4u

#endif
