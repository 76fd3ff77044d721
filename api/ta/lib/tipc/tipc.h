/*
 * Small helpers of Trusty's library `tipc`: one-buffer and two-buffer messages, and an event loop
 * over a handle set. Names and meaning as in Trusty; this is Postern's own implementation.
 */
#ifndef POSTERN_LIB_TIPC_TIPC_H
#define POSTERN_LIB_TIPC_TIPC_H

#include <lk/compiler.h>
#include <lk/err_ptr.h>
#include <stddef.h>
#include <stdint.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

__BEGIN_CDECLS

/* Connects to `port`, waiting for it to appear and to accept. 0, with the handle in *handle_p, or
 * an error of connect(); ERR_INVALID_ARGS for a NULL handle_p. */
int tipc_connect(handle_t *handle_p, const char *port);

/* Sends `len` bytes as one message. The bytes sent, or an error of send_msg(). */
int tipc_send1(handle_t chan, const void *buf, size_t len);

/*
 * Receives one message into one buffer, and ends it.
 *   min_sz the least that a message must hold
 * The bytes received, or an error of get_msg(); ERR_BAD_LEN: the message is shorter than min_sz or
 * longer than buf_sz. It is ended all the same. Does not wait: ERR_NO_MSG.
 */
int tipc_recv1(handle_t chan, size_t min_sz, void *buf, size_t buf_sz);

/* The same with a message of two pieces. */
int tipc_send2(handle_t chan, const void *hdr, size_t hdr_len, const void *payload,
               size_t payload_len);
int tipc_recv2(handle_t chan, size_t min_sz, void *buf1, size_t buf1_sz, void *buf2,
               size_t buf2_sz);

/* Receives a message that has the whole header and perhaps more. */
static inline int tipc_recv_hdr_payload(handle_t chan, void *hdr, size_t hdr_sz, void *payload,
                                        size_t payload_sz)
{
    return tipc_recv2(chan, hdr_sz, hdr, hdr_sz, payload, payload_sz);
}

/* Ends the app when `ev` holds what never happens to a port, or to a channel: an error event, and
 * for a port anything but READY, for a channel READY. */
void tipc_handle_port_errors(const struct uevent *ev);
void tipc_handle_chan_errors(const struct uevent *ev);

typedef void (*event_handler_proc_t)(const struct uevent *ev, void *priv);

/* What to call for an entry of a set. Stays the caller's, who keeps it while the entry exists. */
struct tipc_event_handler {
    event_handler_proc_t proc;
    void *priv; /* the second argument of proc */
};
typedef struct tipc_event_handler tipc_event_handler_t;

struct tipc_hset;

/* A new set, never NULL: IS_ERR() and PTR_ERR() of <lk/err_ptr.h> tell an error
 * (ERR_NO_MEMORY, ERR_NO_RESOURCES). Lives as long as the app. */
struct tipc_hset *tipc_hset_create(void);

/* Add, change, remove a handle of a set; `evt_mask` as in handle_set_ctrl(). 0, or its errors;
 * ERR_INVALID_ARGS for a NULL set, handler or handler's proc. */
int tipc_hset_add_entry(struct tipc_hset *hset, handle_t handle, uint32_t evt_mask,
                        struct tipc_event_handler *evt_handler);
int tipc_hset_mod_entry(struct tipc_hset *hset, handle_t handle, uint32_t evt_mask,
                        struct tipc_event_handler *evt_handler);
int tipc_hset_remove_entry(struct tipc_hset *hset, handle_t handle);

/* Waits for one event, `timeout` milliseconds at most, and calls its handler. 0, ERR_TIMED_OUT, or
 * an error of wait(). */
int tipc_handle_event(struct tipc_hset *hset, uint32_t timeout);

/* tipc_handle_event() for ever. Returns only with an error. */
int tipc_run_event_loop(struct tipc_hset *hset);

__END_CDECLS

#endif
