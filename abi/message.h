/*
 * The message that carries one call from the normal world to the secure world, and one remote
 * procedure call (RPC) the other way. The layout is the one that Linux's OP-TEE driver writes
 * (drivers/tee/optee/optee_msg.h documents it), so that a stock kernel can drive Postern; the
 * hosted TEE puts the same bytes into a shared page instead of handing over a physical address.
 *
 * Whoever receives a message copies it once and looks only at the copy.
 */
#ifndef POSTERN_ABI_MESSAGE_H
#define POSTERN_ABI_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define MSG_PARAMS_MAX 8 /* two meta parameters and four of the client's, with room to spare */

/* msg_param.attr: the low byte is the type, then flags. */
#define MSG_ATTR_NONE 0x0u
#define MSG_ATTR_VALUE_INPUT 0x1u
#define MSG_ATTR_VALUE_OUTPUT 0x2u
#define MSG_ATTR_VALUE_INOUT 0x3u
#define MSG_ATTR_RMEM_INPUT 0x5u /* registered memory: offset, size, cookie */
#define MSG_ATTR_RMEM_OUTPUT 0x6u
#define MSG_ATTR_RMEM_INOUT 0x7u
#define MSG_ATTR_TMEM_INPUT 0x9u /* temporary memory: physical address, size, cookie */
#define MSG_ATTR_TMEM_OUTPUT 0xau
#define MSG_ATTR_TMEM_INOUT 0xbu
#define MSG_ATTR_TYPE_MASK 0xffu
#define MSG_ATTR_META 0x100u      /* for the secure kernel, not for the app */
#define MSG_ATTR_NONCONTIG 0x200u /* the address is that of a list of pages */
#define MSG_ATTR_KNOWN (MSG_ATTR_TYPE_MASK | MSG_ATTR_META | MSG_ATTR_NONCONTIG)

/* msg_arg.cmd from the normal world. */
#define MSG_CMD_OPEN_SESSION 0u
#define MSG_CMD_INVOKE_COMMAND 1u
#define MSG_CMD_CLOSE_SESSION 2u
#define MSG_CMD_CANCEL 3u
#define MSG_CMD_REGISTER_SHM 4u
#define MSG_CMD_UNREGISTER_SHM 5u
#define MSG_CMD_BOTTOM_HALF 6u
#define MSG_CMD_STOP_ASYNC_NOTIF 7u

/* msg_arg.cmd of an RPC. */
#define MSG_RPC_LOAD_APP 0u /* in: uuid; out: memory (size 0 asks for the size) */
#define MSG_RPC_RPMB 1u
#define MSG_RPC_FILES 2u
#define MSG_RPC_GET_TIME 3u /* out: value a = seconds, b = nanoseconds, since 1970 */
#define MSG_RPC_NOTIFICATION 4u
#define MSG_RPC_SUSPEND 5u
#define MSG_RPC_SHM_ALLOC 6u /* in: value a = 0 supplicant, 1 kernel; b = size; out: tmem */
#define MSG_RPC_SHM_FREE 7u  /* in: value a as above, b = cookie */
/* Postern's own; a supplicant that does not know it refuses it. In: uuid (octets); out: value with
 * three numbers that change when the package of MSG_RPC_LOAD_APP changes (size, times, inode).
 * Saves fetching a package again that is cached; believed for nothing else. */
#define MSG_RPC_APP_STAMP 0x50530001u
/* Likewise. In: parameters 0 to 2, octets: a port's name of at most 63 characters, NUL to the end;
 * out: parameter 3, octets: the UUID of the app whose manifest lists that port in postern.ports.
 * The kernel looks into the verified manifest itself. ITEM_NOT_FOUND: no such app. */
#define MSG_RPC_APP_OF_PORT 0x50530002u

/* MSG_CMD_OPEN_SESSION's second meta parameter: value.c is the login method. */
#define MSG_LOGIN_PUBLIC 0u
#define MSG_LOGIN_USER 1u
#define MSG_LOGIN_GROUP 2u
#define MSG_LOGIN_APPLICATION 4u
#define MSG_LOGIN_USER_APPLICATION 5u
#define MSG_LOGIN_GROUP_APPLICATION 6u
#define MSG_LOGIN_IDENTIFY 7u
#define MSG_LOGIN_TRUSTED_APP 0xf0000000u

struct msg_value {
    uint64_t a;
    uint64_t b;
    uint64_t c;
};

struct msg_tmem {
    uint64_t address;
    uint64_t size;
    uint64_t cookie;
};

struct msg_rmem {
    uint64_t offset;
    uint64_t size;
    uint64_t cookie;
};

struct msg_param {
    uint64_t attr;
    union {
        struct msg_value value;
        struct msg_tmem tmem;
        struct msg_rmem rmem;
        uint8_t octets[24]; /* a UUID stands in the first 16, in network byte order */
    } u;
};

struct msg_header {
    uint32_t cmd;
    uint32_t func; /* the command of the app */
    uint32_t session;
    uint32_t cancel_id;
    uint32_t pad;
    uint32_t ret;    /* a TEE_Result / TEEC_Result */
    uint32_t origin; /* 1 API, 2 COMMS, 3 TEE, 4 TRUSTED_APP */
    uint32_t num_params;
};

struct msg_arg {
    struct msg_header head;
    struct msg_param params[MSG_PARAMS_MAX];
};

/* drivers/tee/optee/optee_msg.h, struct optee_msg_arg and struct optee_msg_param */
_Static_assert(sizeof(struct msg_param) == 32, "message parameter");
_Static_assert(offsetof(struct msg_param, u) == 8, "message parameter");
_Static_assert(sizeof(struct msg_header) == 32, "message header");
_Static_assert(offsetof(struct msg_header, session) == 8, "message header");
_Static_assert(offsetof(struct msg_header, ret) == 20, "message header");
_Static_assert(offsetof(struct msg_header, num_params) == 28, "message header");
_Static_assert(offsetof(struct msg_arg, params) == 32, "message");

#endif
