/*
 * Decoding of what the normal world asks of the GlobalPlatform gate (abi/message.h), and of what an
 * app's runtime answers (abi/session.h). Pure: from a private copy to a checked structure.
 */
#ifndef POSTERN_KERNEL_DECODE_MESSAGE_H
#define POSTERN_KERNEL_DECODE_MESSAGE_H

#include <abi/message.h>
#include <abi/session.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
    uint32_t command;
    uint32_t session;
    uint32_t cancel_id;
    uint8_t uuid[16]; /* MSG_CMD_OPEN_SESSION only, as the next two */
    uint8_t client_uuid[16];
    uint32_t login;
    uint32_t first_param; /* index of the client's first one in the message */
    uint32_t num_params;
    uint32_t param_types; /* SESSION_PARAM_*, four bits each */
    /* Of num_params parameters; the rest is not set. A value that is only an output is 0, and so is a
     * NULL reference. */
    struct session_param param[SESSION_PARAMS];
    uint64_t cookie[SESSION_PARAMS]; /* of a memory reference; 0: of none */
};

/*
 * MSG_CMD_OPEN_SESSION, MSG_CMD_INVOKE_COMMAND or MSG_CMD_CLOSE_SESSION.
 * E_EXCESS: more parameters than there may be; E_BAD_FORMAT: meta parameters missing or misplaced,
 * unknown attributes, temporary memory that is not NULL (a port turns it into registered memory).
 */
enum error decode_request(const struct msg_arg *arg, struct request *out) MUST_CHECK;

struct reply {
    uint32_t result;
    uint32_t origin;
    uint32_t num_params;
    struct session_param param[SESSION_PARAMS]; /* num_params of them are set */
};

/*
 * An app's answer to the request with this operation. E_BAD_FORMAT.
 */
enum error decode_reply(const void *bytes, size_t size, uint32_t op, struct reply *out) MUST_CHECK;

static inline bool param_is_memory(uint32_t type)
{
    return type >= SESSION_PARAM_MEMREF_INPUT && type <= SESSION_PARAM_MEMREF_INOUT;
}

static inline bool param_is_output(uint32_t type)
{
    return type == SESSION_PARAM_VALUE_OUTPUT || type == SESSION_PARAM_VALUE_INOUT ||
           type == SESSION_PARAM_MEMREF_OUTPUT || type == SESSION_PARAM_MEMREF_INOUT;
}

#endif
