/*
 * The SMC interface that Linux's OP-TEE driver calls (drivers/tee/optee/optee_smc.h): function ids,
 * what they answer, and the numbers of remote procedure calls.
 */
#ifndef POSTERN_PORT_AARCH64_SMC_H
#define POSTERN_PORT_AARCH64_SMC_H

/* Fast calls */
#define SMC_CALLS_COUNT 0xbf00ff00u
#define SMC_UID 0xbf00ff01u
#define SMC_REVISION 0xbf00ff03u
#define SMC_OS_UUID 0xb2000000u
#define SMC_OS_REVISION 0xb2000001u
#define SMC_CAPABILITIES 0xb2000009u
#define SMC_SHM_CACHE_OFF 0xb200000au
#define SMC_SHM_CACHE_ON 0xb200000bu
#define SMC_NOTIFY_ENABLE 0xb2000010u
#define SMC_NOTIFY_VALUE 0xb2000011u

/* Yielding calls */
#define SMC_RESUME 0x32000003u
#define SMC_CALL 0x32000004u          /* a1:a2 physical address; only what needs no RPC */
#define SMC_CALL_WITH_RPC 0x32000012u /* the same, the RPC's message right behind it */
#define SMC_CALL_SHARED 0x32000013u   /* a1:a2 cookie, a3 offset; with RPC message */

/* Answers, a0 */
#define SMC_OK 0u
#define SMC_NO_THREAD 1u
#define SMC_BUSY 2u
#define SMC_BAD_RESUME 3u
#define SMC_BAD_ADDRESS 4u
#define SMC_BAD_COMMAND 5u
#define SMC_NO_MEMORY 6u
#define SMC_NOT_AVAILABLE 7u
#define SMC_UNKNOWN 0xffffffffu
#define SMC_RPC_INTERRUPT 0xffff0004u
#define SMC_RPC_COMMAND 0xffff0005u

/* SMC_CAPABILITIES, a1 */
#define CAPABILITY_DYNAMIC_MEMORY 0x4u
#define CAPABILITY_NULL_MEMORY 0x10u
#define CAPABILITY_NOTIFICATION 0x20u
#define CAPABILITY_RPC_ARGUMENT 0x40u

/* SMC_NOTIFY_VALUE, a2 */
#define NOTIFY_VALID 1u
#define NOTIFY_PENDING 2u

#define RPC_PARAMS 4u

/* The session of bus.c. No session of the kernel's has so large a slot (kernel/gate/client.c). */
#define BUS_SESSION 0xfffffff0u

/* MSG_RPC_NOTIFICATION: value a */
#define RPC_NOTIFICATION_WAIT 0u
#define RPC_NOTIFICATION_SEND 1u

/* MSG_RPC_SHM_ALLOC: value a */
#define RPC_SHM_SUPPLICANT 0u
#define RPC_SHM_KERNEL 1u

/* GlobalPlatform's results, as far as the port itself answers */
#define TEE_SUCCESS 0x00000000u
#define TEE_ERROR_GENERIC 0xffff0000u
#define TEE_ERROR_ACCESS_DENIED 0xffff0001u
#define TEE_ERROR_BAD_PARAMETERS 0xffff0006u
#define TEE_ERROR_NOT_SUPPORTED 0xffff000au
#define TEE_ERROR_OUT_OF_MEMORY 0xffff000cu
#define TEE_ERROR_ITEM_NOT_FOUND 0xffff0008u
#define TEE_ORIGIN_TEE 3u

#endif
