/*
 * The session protocol: how a GlobalPlatform session is spoken over a channel.
 *
 * The client's side is the GP gate (for the normal world) or the SDK of another app; the app's side
 * is the SDK's message loop (sdk/gp). One channel is one session. The client sends one
 * session_request and waits for one session_reply, again and again: OPEN first, CLOSE last. After
 * the reply to CLOSE, or to an OPEN whose result is not success, the client closes the channel.
 * A channel that hangs up without CLOSE is a session closed by its client's death.
 *
 * Memory parameters are memory objects that travel with the message; the receiving SDK finds them
 * mapped (struct sys_recv in abi/syscall.h), object i of the message at obj_va[i].
 */
#ifndef POSTERN_ABI_SESSION_H
#define POSTERN_ABI_SESSION_H

#include <stddef.h>
#include <stdint.h>

#define SESSION_PROTOCOL 1u

enum session_op {
    SESSION_OPEN = 1,
    SESSION_INVOKE = 2,
    SESSION_CLOSE = 3,
};

/* GlobalPlatform TEE Internal Core API, 4.3.6: parameter types, four bits each. */
#define SESSION_PARAM_NONE 0u
#define SESSION_PARAM_VALUE_INPUT 1u
#define SESSION_PARAM_VALUE_OUTPUT 2u
#define SESSION_PARAM_VALUE_INOUT 3u
#define SESSION_PARAM_MEMREF_INPUT 5u
#define SESSION_PARAM_MEMREF_OUTPUT 6u
#define SESSION_PARAM_MEMREF_INOUT 7u
#define SESSION_PARAM_TYPE(types, i) (((types) >> (4u * (i))) & 0xfu)
#define SESSION_PARAMS 4u
#define SESSION_NO_OBJECT 0xffu

/* A value: x = a, y = b. A memory reference: x = offset within the object, y = size in bytes. */
struct session_param {
    uint64_t x;
    uint64_t y;
};

struct session_request {
    uint32_t protocol; /* SESSION_PROTOCOL */
    uint32_t op;       /* enum session_op */
    uint32_t command;  /* SESSION_INVOKE: the command */
    uint32_t param_types;
    uint32_t login;          /* SESSION_OPEN: MSG_LOGIN_*; believed only from the gate */
    uint8_t client_uuid[16]; /* SESSION_OPEN: octets in network order; likewise */
    uint8_t object[4];       /* memory reference i: index among the message's objects, or
                                SESSION_NO_OBJECT for a NULL reference of size 0 */
    struct session_param param[SESSION_PARAMS];
    uint64_t reserved;
};

struct session_reply {
    uint32_t op; /* that of the request */
    uint32_t result;
    uint32_t origin; /* 3 TEE: the runtime refused; 4 TRUSTED_APP: the app's own answer */
    uint32_t reserved;
    /* Output values; of output memory references the size that the app left (y). */
    struct session_param param[SESSION_PARAMS];
};

/* Either message may end after its n-th parameter, as far as it has any: the rest counts as zeros. */
#define SESSION_REQUEST_SIZE(n)                                                                    \
    (offsetof(struct session_request, param) + (n) * sizeof(struct session_param))
#define SESSION_REPLY_SIZE(n)                                                                      \
    (offsetof(struct session_reply, param) + (n) * sizeof(struct session_param))

/* How many parameters these types have: up to the last that is not SESSION_PARAM_NONE. */
static inline uint32_t session_num_params(uint32_t param_types)
{
    return param_types == 0 ? 0 : (35u - (uint32_t)__builtin_clz(param_types)) / 4u;
}

_Static_assert(sizeof(struct session_request) == 112, "session request");
_Static_assert(offsetof(struct session_request, client_uuid) == 20, "session request");
_Static_assert(offsetof(struct session_request, param) == 40, "session request");
_Static_assert(sizeof(struct session_reply) == 80, "session reply");
_Static_assert(offsetof(struct session_reply, param) == 16, "session reply");

/* The port on which an app serves sessions: one buffer a direction, this large. */
#define SESSION_BUFFER_SIZE 128u

#endif
