/*
 * An echo service for many clients at once, hostile ones among them.
 *
 *   com.postern.echo.robust   8 buffers of 4096 bytes
 *   com.postern.echo.narrow   1 buffer of 64 bytes
 *
 * One handle set holds the ports and all connections; each entry's cookie is its structure. When a
 * client does not read, its reply has no room: the request then stays open (and holds its buffer,
 * so that the client in turn soon cannot send), the connection goes mute but for SEND_UNBLOCKED and
 * HUP, and everybody else is served. When the handle table is full, the ports go mute; who connects
 * then waits until somebody leaves.
 */
#define TLOG_TAG "echo-robust"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <trusty_ipc.h>
#include <trusty_log.h>
#include <uapi/err.h>

#define MESSAGE_MAX 4096
#define ALL_EVENTS UINT32_MAX
/* Of the 64 handles the set and two ports are not connections. */
#define CONNECTIONS_MAX 61

enum entry_kind { ENTRY_PORT, ENTRY_CONNECTION };

struct entry {
    enum entry_kind kind;
    handle_t handle; /* INVALID_IPC_HANDLE: free */
    bool stuck;      /* a connection: request `id` waits for room to be answered */
    uint32_t id;
    size_t length;
};

static handle_t set;
static struct entry ports[2];
static struct entry connections[CONNECTIONS_MAX];
static unsigned num_connections;
static uint8_t message[MESSAGE_MAX];

static long entry_events(struct entry *entry, uint32_t command, uint32_t mask)
{
    uevent_t event = {.handle = entry->handle, .event = mask, .cookie = entry};
    return handle_set_ctrl((uint32_t)set, command, &event);
}

static void ports_mute(bool mute)
{
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        if (entry_events(&ports[i], HSET_MOD, mute ? 0 : ALL_EVENTS) < 0) {
            abort();
        }
    }
}

static void connection_close(struct entry *connection)
{
    close((uint32_t)connection->handle);
    connection->handle = INVALID_IPC_HANDLE;
    if (num_connections-- == CONNECTIONS_MAX) {
        ports_mute(false);
    }
}

static void port_ready(struct entry *port)
{
    uuid_t peer;
    struct entry *connection = connections;
    long handle = accept((uint32_t)port->handle, &peer);
    if (handle < 0) {
        return; /* the client has gone, or was dropped for want of memory: nothing to do */
    }
    while (connection->handle != INVALID_IPC_HANDLE) {
        connection++;
    }
    *connection = (struct entry){.kind = ENTRY_CONNECTION, .handle = (handle_t)handle};
    num_connections++;
    if (entry_events(connection, HSET_ADD, ALL_EVENTS) < 0) {
        connection_close(connection);
    } else if (num_connections == CONNECTIONS_MAX) {
        ports_mute(true);
    }
}

/* Answers one request. 0; ERR_NOT_ENOUGH_BUFFER: later; other errors end the connection. */
static long connection_answer(struct entry *connection)
{
    iovec_t iov = {.iov_base = message, .iov_len = sizeof(message)};
    ipc_msg_t msg = {.num_iov = 1, .iov = &iov};
    long rc = read_msg((uint32_t)connection->handle, connection->id, 0, &msg);
    if (rc < 0) {
        return rc;
    }
    iov.iov_len = (size_t)rc;
    rc = send_msg((uint32_t)connection->handle, &msg);
    if (rc < 0) {
        return rc;
    }
    return put_msg((uint32_t)connection->handle, connection->id);
}

static bool connection_serve(struct entry *connection)
{
    ipc_msg_info_t info;
    long rc = NO_ERROR;
    bool was_stuck = connection->stuck;
    if (!was_stuck) {
        rc = get_msg((uint32_t)connection->handle, &info);
        if (rc == ERR_NO_MSG) {
            return true;
        }
        connection->id = info.id;
    }
    if (rc == NO_ERROR) {
        rc = connection_answer(connection);
    }
    connection->stuck = rc == ERR_NOT_ENOUGH_BUFFER;
    if (connection->stuck != was_stuck) {
        uint32_t stuck_events = IPC_HANDLE_POLL_SEND_UNBLOCKED | IPC_HANDLE_POLL_HUP;
        long changed =
            entry_events(connection, HSET_MOD, connection->stuck ? stuck_events : ALL_EVENTS);
        if (changed < 0) {
            return false;
        }
    }
    return rc == NO_ERROR || connection->stuck;
}

static void connection_event(struct entry *connection, uint32_t event)
{
    bool alive = true;
    if (connection->stuck) {
        if ((event & IPC_HANDLE_POLL_SEND_UNBLOCKED) != 0) {
            alive = connection_serve(connection);
        }
        /* Nobody reads replies any more. */
        alive = alive && (event & IPC_HANDLE_POLL_HUP) == 0;
    } else if ((event & IPC_HANDLE_POLL_MSG) != 0) {
        alive = connection_serve(connection);
    } else if ((event & IPC_HANDLE_POLL_HUP) != 0) {
        alive = false;
    }
    if (!alive) {
        connection_close(connection);
    }
}

static void open_port(struct entry *port, const char *name, unsigned buffers, size_t size)
{
    long handle =
        port_create(name, buffers, size, IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT);
    if (handle < 0) {
        TLOGE("cannot create %s (%ld)\n", name, handle);
        exit(EXIT_FAILURE);
    }
    *port = (struct entry){.kind = ENTRY_PORT, .handle = (handle_t)handle};
    if (entry_events(port, HSET_ADD, ALL_EVENTS) < 0) {
        abort();
    }
}

int main(void)
{
    uevent_t event;
    long rc = handle_set_create();
    if (rc < 0) {
        return EXIT_FAILURE;
    }
    set = (handle_t)rc;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        connections[i].handle = INVALID_IPC_HANDLE;
    }
    open_port(&ports[0], "com.postern.echo.robust", 8, MESSAGE_MAX);
    open_port(&ports[1], "com.postern.echo.narrow", 1, 64);
    while ((rc = wait((uint32_t)set, &event, INFINITE_TIME)) == NO_ERROR) {
        struct entry *entry = event.cookie;
        if (entry->kind == ENTRY_PORT) {
            port_ready(entry);
        } else {
            connection_event(entry, event.event);
        }
    }
    TLOGE("wait failed (%ld)\n", rc);
    return EXIT_FAILURE;
}
