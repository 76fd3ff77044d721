/*
 * One app, both APIs. Its main() echoes messages on a Trusty port; its GlobalPlatform command 1 adds
 * one to a value, command 2 asks another Trusty service (echo-robust) from within the call, and
 * command 3 tells how many messages main() has echoed.
 */
#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

static uint32_t echoed;

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    (void)types;
    (void)params;
    *context = NULL;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    (void)context;
}

static long ask(uint32_t value)
{
    uint32_t answer = 0;
    uevent_t event;
    ipc_msg_info_t info;
    iovec_t iov = {.iov_base = &value, .iov_len = sizeof(value)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    long chan = connect("com.postern.echo.robust", 0);
    if (chan < 0)
        return chan;
    long rc = send_msg((uint32_t)chan, &message);
    if (rc >= 0)
        rc = wait((uint32_t)chan, &event, 5000);
    if (rc == NO_ERROR)
        rc = get_msg((uint32_t)chan, &info);
    iov.iov_base = &answer;
    if (rc == NO_ERROR)
        rc = read_msg((uint32_t)chan, info.id, 0, &message);
    close((uint32_t)chan);
    return rc == sizeof(answer) && answer == value ? NO_ERROR : ERR_GENERIC;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    switch (command) {
    case 1:
        params[0].value.a++;
        return TEE_SUCCESS;
    case 2:
        return ask(params[0].value.a) == NO_ERROR ? TEE_SUCCESS : TEE_ERROR_COMMUNICATION;
    case 3:
        params[0].value.a = echoed;
        return TEE_SUCCESS;
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}

static void echo(uint32_t chan)
{
    char buffer[64];
    iovec_t iov = {.iov_base = buffer, .iov_len = sizeof(buffer)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    if (get_msg(chan, &info) != NO_ERROR)
        return;
    long rc = read_msg(chan, info.id, 0, &message);
    iov.iov_len = rc > 0 ? (size_t)rc : 0;
    put_msg(chan, info.id);
    send_msg(chan, &message);
    echoed++;
}

int main(void)
{
    uevent_t event;
    uuid_t peer;
    long port = port_create("com.postern.test.both", 4, 64,
                            IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT);
    long set = handle_set_create();
    uevent_t entry = {.handle = (handle_t)port, .event = ~0U};
    if (port < 0 || set < 0 || handle_set_ctrl((uint32_t)set, HSET_ADD, &entry) < 0)
        return 1;
    /* No handles, and not "whatever there is" either. */
    if (wait(0, &event, 0) != ERR_BAD_HANDLE || wait(UINT32_MAX, &event, 0) != ERR_BAD_HANDLE)
        return 2;
    for (;;) {
        long rc = wait((uint32_t)set, &event, 200);
        if (rc == ERR_TIMED_OUT)
            continue;
        if (rc != NO_ERROR)
            return 1;
        if (event.handle == port) {
            entry.handle = (handle_t)accept((uint32_t)port, &peer);
            if (entry.handle >= 0)
                handle_set_ctrl((uint32_t)set, HSET_ADD, &entry);
        } else if ((event.event & IPC_HANDLE_POLL_MSG) != 0) {
            echo((uint32_t)event.handle);
        } else if ((event.event & IPC_HANDLE_POLL_HUP) != 0) {
            close((uint32_t)event.handle);
        }
    }
}
