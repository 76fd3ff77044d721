/*
 * bridge: a GlobalPlatform app that is a client of Trusty services, one in each session (bridge.h). In
 * the TrustZone guest the tests of the Trusty API come in through it.
 */
#include "bridge.h"

#include <string.h>
#include <tee_internal_api.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

#define BRIDGE_NAME_MAX IPC_PORT_PATH_MAX
#define BRIDGE_CONNECT_MS 10000

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

/* Not without a limit: a service that does not accept would hold the client for ever. */
static long bridge_connect(const char *name)
{
    uevent_t event;
    const long channel = connect(name, IPC_CONNECT_ASYNC);
    if (channel < 0) {
        return channel;
    }
    if (wait((uint32_t)channel, &event, BRIDGE_CONNECT_MS) == NO_ERROR &&
        (event.event & IPC_HANDLE_POLL_READY) != 0) {
        return channel;
    }
    close((uint32_t)channel);
    return ERR_TIMED_OUT;
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    char name[BRIDGE_NAME_MAX];
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE) ||
        params[0].memref.size >= sizeof(name)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    memcpy(name, params[0].memref.buffer, params[0].memref.size);
    name[params[0].memref.size] = '\0';
    const long channel = bridge_connect(name);
    if (channel < 0) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    *context = (void *)(uintptr_t)channel;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    close((uint32_t)(uintptr_t)context);
}

static long bridge_wait(uint32_t channel, uint32_t milliseconds)
{
    uevent_t event;
    long result = NO_ERROR;
    do {
        result = wait(channel, &event, milliseconds);
    } while (result == NO_ERROR &&
             (event.event & (IPC_HANDLE_POLL_MSG | IPC_HANDLE_POLL_HUP)) == 0);
    return result;
}

static TEE_Result bridge_exchange(uint32_t channel, TEE_Param params[4])
{
    iovec_t piece = {.iov_base = params[0].memref.buffer, .iov_len = params[0].memref.size};
    ipc_msg_t message = {.num_iov = 1, .iov = &piece};
    ipc_msg_info_t info;
    if (send_msg(channel, &message) < 0) {
        return TEE_ERROR_COMMUNICATION;
    }
    if (bridge_wait(channel, params[2].value.a) == ERR_TIMED_OUT) {
        return TEE_ERROR_CANCEL;
    }
    if (get_msg(channel, &info) != NO_ERROR) {
        return TEE_ERROR_COMMUNICATION;
    }
    piece = (iovec_t){.iov_base = params[1].memref.buffer, .iov_len = params[1].memref.size};
    const long length = read_msg(channel, info.id, 0, &message);
    put_msg(channel, info.id);
    if (length < 0) {
        return TEE_ERROR_COMMUNICATION;
    }
    params[1].memref.size = (size_t)length;
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    if (command != BRIDGE_EXCHANGE) {
        return TEE_ERROR_INVALID_CMD;
    }
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return bridge_exchange((uint32_t)(uintptr_t)context, params);
}
