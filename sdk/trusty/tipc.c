/*
 * Trusty's library `tipc`: messages of one or two buffers, and the event loop. It uses the public
 * API only.
 */
#include <lib/tipc/tipc.h>
#include <limits.h>
#include <stdlib.h>
#include <trusty_log.h>

#define TLOG_TAG "tipc"

struct tipc_hset {
    handle_t handle;
};

int tipc_connect(handle_t *handle_p, const char *port)
{
    if (handle_p == NULL) {
        return ERR_INVALID_ARGS;
    }
    long handle = connect(port, IPC_CONNECT_WAIT_FOR_PORT);
    if (handle < 0) {
        return (int)handle;
    }
    *handle_p = (handle_t)handle;
    return NO_ERROR;
}

static int tipc_send(handle_t chan, iovec_t *iov, uint num_iov)
{
    ipc_msg_t msg = {.num_iov = num_iov, .iov = iov};
    return (int)send_msg((uint32_t)chan, &msg);
}

int tipc_send1(handle_t chan, const void *buf, size_t len)
{
    iovec_t iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = len};
    return tipc_send(chan, &iov, 1);
}

int tipc_send2(handle_t chan, const void *hdr, size_t hdr_len, const void *payload,
               size_t payload_len)
{
    iovec_t iov[2] = {
        {.iov_base = (void *)(uintptr_t)hdr, .iov_len = hdr_len},
        {.iov_base = (void *)(uintptr_t)payload, .iov_len = payload_len},
    };
    return tipc_send(chan, iov, 2);
}

/* Takes a message, reads it if its length is right, and ends it whatever happened. */
static int tipc_recv(handle_t chan, size_t least, size_t most, iovec_t *iov, uint num_iov)
{
    ipc_msg_info_t info;
    ipc_msg_t msg = {.num_iov = num_iov, .iov = iov};
    long result = get_msg((uint32_t)chan, &info);
    if (result < 0) {
        return (int)result;
    }
    if (info.len < least || info.len > most) {
        result = ERR_BAD_LEN;
    } else {
        result = read_msg((uint32_t)chan, info.id, 0, &msg);
    }
    long put = put_msg((uint32_t)chan, info.id);
    return (int)(result >= 0 && put < 0 ? put : result);
}

int tipc_recv1(handle_t chan, size_t min_sz, void *buf, size_t buf_sz)
{
    iovec_t iov = {.iov_base = buf, .iov_len = buf_sz};
    return tipc_recv(chan, min_sz, buf_sz, &iov, 1);
}

int tipc_recv2(handle_t chan, size_t min_sz, void *buf1, size_t buf1_sz, void *buf2, size_t buf2_sz)
{
    size_t most;
    iovec_t iov[2] = {
        {.iov_base = buf1, .iov_len = buf1_sz},
        {.iov_base = buf2, .iov_len = buf2_sz},
    };
    if (__builtin_add_overflow(buf1_sz, buf2_sz, &most)) {
        return ERR_INVALID_ARGS;
    }
    return tipc_recv(chan, min_sz, most, iov, 2);
}

static void tipc_refuse_events(const struct uevent *ev, uint32_t impossible, const char *kind)
{
    if ((ev->event & impossible) != 0) {
        TLOGC("event 0x%x of a %s (%d)\n", ev->event, kind, ev->handle);
        abort();
    }
}

void tipc_handle_port_errors(const struct uevent *ev)
{
    tipc_refuse_events(ev,
                       IPC_HANDLE_POLL_ERROR | IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG |
                           IPC_HANDLE_POLL_SEND_UNBLOCKED,
                       "port");
}

void tipc_handle_chan_errors(const struct uevent *ev)
{
    tipc_refuse_events(ev, IPC_HANDLE_POLL_ERROR | IPC_HANDLE_POLL_READY, "channel");
}

struct tipc_hset *tipc_hset_create(void)
{
    struct tipc_hset *hset = malloc(sizeof(*hset));
    if (hset == NULL) {
        return ERR_PTR(ERR_NO_MEMORY);
    }
    long handle = handle_set_create();
    if (handle < 0) {
        free(hset);
        return ERR_PTR((int)handle);
    }
    hset->handle = (handle_t)handle;
    return hset;
}

static int tipc_hset_change(struct tipc_hset *hset, uint32_t command, handle_t handle,
                            uint32_t mask, struct tipc_event_handler *handler)
{
    uevent_t entry = {.handle = handle, .event = mask, .cookie = handler};
    if (hset == NULL || IS_ERR(hset)) {
        return ERR_INVALID_ARGS;
    }
    if (command != HSET_DEL && (handler == NULL || handler->proc == NULL)) {
        return ERR_INVALID_ARGS;
    }
    return (int)handle_set_ctrl((uint32_t)hset->handle, command, &entry);
}

int tipc_hset_add_entry(struct tipc_hset *hset, handle_t handle, uint32_t evt_mask,
                        struct tipc_event_handler *evt_handler)
{
    return tipc_hset_change(hset, HSET_ADD, handle, evt_mask, evt_handler);
}

int tipc_hset_mod_entry(struct tipc_hset *hset, handle_t handle, uint32_t evt_mask,
                        struct tipc_event_handler *evt_handler)
{
    return tipc_hset_change(hset, HSET_MOD, handle, evt_mask, evt_handler);
}

int tipc_hset_remove_entry(struct tipc_hset *hset, handle_t handle)
{
    return tipc_hset_change(hset, HSET_DEL, handle, 0, NULL);
}

int tipc_handle_event(struct tipc_hset *hset, uint32_t timeout)
{
    uevent_t event = {.handle = INVALID_IPC_HANDLE};
    if (hset == NULL || IS_ERR(hset)) {
        return ERR_INVALID_ARGS;
    }
    long result = wait((uint32_t)hset->handle, &event, timeout);
    if (result < 0) {
        return (int)result;
    }
    struct tipc_event_handler *handler = event.cookie;
    handler->proc(&event, handler->priv);
    return NO_ERROR;
}

int tipc_run_event_loop(struct tipc_hset *hset)
{
    int result;
    do {
        result = tipc_handle_event(hset, INFINITE_TIME);
    } while (result == NO_ERROR);
    return result;
}
