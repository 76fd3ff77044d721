#include "prober.h"

void pair_open(struct pair *pair, unsigned buffers, size_t size)
{
    uuid_t peer;
    *pair = (struct pair){INVALID_IPC_HANDLE, INVALID_IPC_HANDLE, INVALID_IPC_HANDLE};
    pair->port = port_create(PORT, buffers, size, IPC_PORT_ALLOW_TA_CONNECT);
    EXPECT_TRUE(pair->port >= 0);
    pair->client = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT_TRUE(pair->client >= 0);
    pair->server = accept(pair->port, &peer);
    EXPECT_TRUE(pair->server >= 0);
    EXPECT(pair_events(pair->client), IPC_HANDLE_POLL_READY);
}

void pair_close(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    close(pair->port);
}

long pair_send(handle_t handle, const void *bytes, size_t length)
{
    iovec_t iov = {.base = (void *)(uintptr_t)bytes, .len = length};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    return send_msg(handle, &message);
}

long pair_receive(handle_t handle, void *bytes, size_t room)
{
    iovec_t iov = {.base = bytes, .len = room};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    long rc = get_msg(handle, &info);
    if (rc != NO_ERROR)
        return rc;
    rc = read_msg(handle, info.id, 0, &message);
    if (rc >= 0 && (size_t)rc != info.len)
        rc = ERR_BAD_LEN;
    long put = put_msg(handle, info.id);
    return put < 0 ? put : rc;
}

long pair_events(handle_t handle)
{
    uevent_t event = {.event = 0};
    long rc = wait(handle, &event, 0);
    return rc == ERR_TIMED_OUT ? 0 : rc < 0 ? rc : (long)event.event;
}
