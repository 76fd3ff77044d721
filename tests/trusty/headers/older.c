/*
 * A source of the document's generation: unsigned handles, `base` and `len`, the file and time
 * functions by their plain names, members that are called as functions are.
 */
#include <err.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <trusty_ipc.h>

struct operations {
    long (*close)(uint32_t handle);
    long (*read)(uint32_t fd, void *buf, uint32_t count);
    long (*connect)(const char *path, uint flags);
    long (*wait)(uint32_t handle, uevent_t *event, unsigned long timeout);
};

static struct operations operations = {
    .close = close,
    .read = read,
    .connect = connect,
    .wait = wait,
};

long older_files(void)
{
    static char text[] = "text\n";
    int64_t now;
    long rc = gettime(0, 0, &now);
    if (rc != NO_ERROR)
        return rc;
    rc = nanosleep(0, 0, 1000);
    if (rc != NO_ERROR)
        return rc;
    rc = write(1, text, sizeof(text) - 1);
    if (rc < 0)
        return rc;
    return read(0, text, sizeof(text)) + ioctl(2, 7, NULL);
}

long older_messages(uint32_t port)
{
    uuid_t peer;
    uevent_t event;
    ipc_msg_info_t info;
    uint8_t head[4], body[60];
    iovec_t pieces[2];
    ipc_msg_t message;
    uint32_t handle;
    long rc;

    event.handle = INVALID_IPC_HANDLE;
    event.event = IPC_HANDLE_POLL_NONE;
    event.cookie = NULL;
    rc = operations.wait(port, &event, -1);
    if (rc != NO_ERROR || !(event.event & IPC_HANDLE_POLL_READY))
        return rc;
    rc = accept(port, &peer);
    if (rc < 0)
        return rc;
    handle = (uint32_t)rc;
    set_cookie(handle, &operations);
    pieces[0].base = head;
    pieces[0].len = sizeof(head);
    pieces[1].base = body;
    pieces[1].len = sizeof(body);
    message.num_iov = 2;
    message.iov = pieces;
    message.num_handles = 0;
    message.handles = NULL;
    rc = get_msg(handle, &info);
    if (rc == NO_ERROR)
        rc = read_msg(handle, info.id, 0, &message);
    if (rc >= 0)
        rc = send_msg(handle, &message);
    if (rc == ERR_NOT_ENOUGH_BUFFER)
        rc = wait(handle, &event, INFINITE_TIME);
    put_msg(handle, info.id);
    return rc < 0 ? rc : operations.close(handle);
}

long older_server(void)
{
    long rc = port_create("com.example.older", 2, 64,
                          IPC_PORT_ALLOW_TA_CONNECT | IPC_PORT_ALLOW_NS_CONNECT);
    if (rc < 0)
        return rc;
    if (rc != (long)INVALID_IPC_HANDLE)
        rc = older_messages((uint32_t)rc);
    return rc;
}

long older_client(void)
{
    long rc = connect("com.example.older", IPC_CONNECT_WAIT_FOR_PORT | IPC_CONNECT_ASYNC);
    return rc < 0 ? rc : close((uint32_t)rc);
}
