/*
 * Ports: creating, connecting, accepting.
 */
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_memory.h>
#include <sdk/trusty/trusty_uuid.h>
#include <string.h>
#include <uapi/err.h>

_Static_assert(IPC_PORT_ALLOW_TA_CONNECT == SYS_PORT_ALLOW_TA, "port flags");
_Static_assert(IPC_PORT_ALLOW_NS_CONNECT == SYS_PORT_ALLOW_NS, "port flags");
_Static_assert(IPC_CONNECT_WAIT_FOR_PORT == SYS_CONNECT_WAIT_FOR_PORT, "connect flags");
_Static_assert(IPC_CONNECT_ASYNC == SYS_CONNECT_ASYNC, "connect flags");
_Static_assert(IPC_PORT_PATH_MAX == SYS_PATH_MAX, "path");

/* Puts a path where the kernel reads it. One that is too long is left to the kernel to refuse, in
 * its turn among the other errors. */
static bool port_put_path(const char *path, size_t *length)
{
    return trusty_memory_copy_string(path, (char *)sys_page()->out, SYS_PATH_MAX, length);
}

long port_create(const char *path, uint num_recv_bufs, size_t recv_buf_size, uint32_t flags)
{
    size_t length;
    if (!port_put_path(path, &length)) {
        return ERR_FAULT;
    }
    return trusty_call(SYS_PORT_CREATE, length, num_recv_bufs, recv_buf_size, flags, 0, 0);
}

/* Why an app was not started that the port belongs to, in Trusty's numbers; the log has the reason. */
static long port_error(int64_t result)
{
    switch (result) {
    case SYS_ERR_SECURITY:
    case SYS_ERR_BAD_FORMAT:
    case SYS_ERR_COMMUNICATION:
        return ERR_NOT_FOUND;
    case SYS_ERR_SESSION_MAXIMUM:
        return ERR_NO_RESOURCES;
    case SYS_ERR_TARGET_DEAD:
        return ERR_CHANNEL_CLOSED;
    default:
        return (long)result;
    }
}

long connect(const char *path, uint flags)
{
    size_t length;
    if (!port_put_path(path, &length)) {
        return ERR_FAULT;
    }
    return port_error(trusty_call(SYS_CONNECT, length, flags, SYS_TIMEOUT_INFINITE, 0, 0, 0));
}

long accept(uint32_t handle, uuid_t *peer_uuid)
{
    uint8_t octets[16];
    if (!trusty_memory_writable(peer_uuid, sizeof(*peer_uuid))) {
        return ERR_FAULT;
    }
    int64_t channel = trusty_call(SYS_ACCEPT, handle, 0, 0, 0, 0, 0);
    if (channel < 0) {
        return channel;
    }
    memcpy(octets, sys_page()->in, sizeof(octets));
    trusty_uuid_from_octets(octets, peer_uuid);
    return channel;
}
