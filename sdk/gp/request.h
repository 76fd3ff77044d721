/*
 * Decoding of what a client sends (abi/session.h): bytes and the objects that came with them in, a
 * checked call with parameters as an entry point takes them out. Pure, and a fuzz target as it is.
 */
#ifndef POSTERN_SDK_GP_REQUEST_H
#define POSTERN_SDK_GP_REQUEST_H

#include <abi/session.h>
#include <abi/syscall.h>
#include <lib/error.h>
#include <stdbool.h>
#include <tee_api_types.h>

struct request {
    enum session_op op;
    uint32_t command;
    uint32_t param_types;
    uint32_t num_params; /* up to the last one that is not NONE */
    uint32_t login;
    uint8_t client_uuid[16];
    TEE_Param
        params[SESSION_PARAMS];   /* references lie within their object; outputs' values are 0 */
    size_t given[SESSION_PARAMS]; /* of references alone: the size, whatever the app makes of it */
};

/*
 * Of `recv`, what it says of the message's objects. E_BAD_FORMAT: too short, cut elsewhere than after a
 * parameter, of another protocol, an operation or parameter type that does not exist, a reference to
 * an object that is not there, is not memory, is too small or does not give the access that the type
 * wants. E_EXCESS: bytes, objects or parameters more than the operation has. E_NO_MEMORY: an object
 * could not be mapped.
 */
enum error request_decode(const uint8_t *bytes, size_t size, const struct sys_recv *recv,
                          struct request *out) MUST_CHECK;

#endif
