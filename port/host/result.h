/* GlobalPlatform's return codes that the doors themselves answer (TEE Client API 1.0, 4.4.2). */
#ifndef POSTERN_PORT_HOST_RESULT_H
#define POSTERN_PORT_HOST_RESULT_H

#define RESULT_SUCCESS 0x00000000u
#define RESULT_GENERIC 0xffff0000u
#define RESULT_ACCESS_DENIED 0xffff0001u
#define RESULT_BAD_FORMAT 0xffff0005u
#define RESULT_BAD_PARAMETERS 0xffff0006u
#define RESULT_ITEM_NOT_FOUND 0xffff0008u
#define RESULT_NOT_SUPPORTED 0xffff000au
#define RESULT_OUT_OF_MEMORY 0xffff000cu
#define RESULT_BUSY 0xffff000du

#define RESULT_ORIGIN_TEE 3u

#endif
