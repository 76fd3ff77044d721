/*
 * Services in a few lines: tell which ports there are and what to do with a message; connections
 * are accepted, tracked and closed for you.
 *
 *     static int on_message(const struct tipc_port *port, handle_t chan, void *ctx) {
 *         int rc = tipc_recv1(chan, 0, buffer, sizeof(buffer));
 *         return rc < 0 ? rc : tipc_send1(chan, buffer, rc);
 *     }
 *     ...
 *     struct tipc_hset *hset = tipc_hset_create();
 *     rc = tipc_add_service(hset, &port, 1, 0, &ops);
 *     return rc < 0 ? rc : tipc_run_event_loop(hset);
 *
 * Names and meaning as in Trusty's library `tipc`; this is Postern's own implementation.
 */
#ifndef POSTERN_LIB_TIPC_TIPC_SRV_H
#define POSTERN_LIB_TIPC_TIPC_SRV_H

#include <lib/tipc/tipc.h>

__BEGIN_CDECLS

/* Who may connect to a port. */
struct tipc_port_acl {
    uint32_t flags;            /* IPC_PORT_ALLOW_* */
    uint32_t uuid_num;         /* not 0: only these apps. The normal world's UUID is zeros. */
    const struct uuid **uuids; /* uuid_num pointers */
    const void *extra_data;    /* yours */
};

struct tipc_port {
    const char *name;
    uint32_t msg_max_size;           /* as port_create()'s recv_buf_size */
    uint32_t msg_queue_len;          /* as its num_recv_bufs */
    const struct tipc_port_acl *acl; /* required */
    const void *priv;                /* yours */
};

/*
 * What a service does. None of these may close `chan`: where one answers an error (less than 0),
 * the channel is closed, on_channel_cleanup follows. All but on_message may be NULL.
 */
struct tipc_srv_ops {
    /* A client connected and passed the port's list. What is stored in *ctx_p comes back as `ctx`.
     * After an error neither of the last two functions is called. */
    int (*on_connect)(const struct tipc_port *port, handle_t chan, const struct uuid *peer,
                      void **ctx_p);
    /* A message waits on `chan`. */
    int (*on_message)(const struct tipc_port *port, handle_t chan, void *ctx);
    /* The client closed; all its messages were handled. */
    void (*on_disconnect)(const struct tipc_port *port, handle_t chan, void *ctx);
    /* `chan` is closed already: release ctx. */
    void (*on_channel_cleanup)(void *ctx);
    /* There is room again after a send that answered ERR_NOT_ENOUGH_BUFFER. */
    int (*on_send_unblocked)(const struct tipc_port *port, handle_t chan, void *ctx);
};

/*
 * Creates the ports and serves them from the set's event loop.
 *   ports        stay the caller's, who keeps them, their lists and `ops` for ever
 *   max_chan_cnt connections that the service serves at once, 0 for as many as there are handles.
 *                Those beyond wait until one closes; nobody is refused.
 * 0, or: ERR_INVALID_ARGS, a missing pointer (hset, ports, a port's name or list, ops,
 * ops->on_message) or no ports; ERR_NO_MEMORY; an error of port_create(). After an error no port
 * of this call is left.
 */
int tipc_add_service(struct tipc_hset *hset, const struct tipc_port *ports, uint32_t num_ports,
                     uint32_t max_chan_cnt, const struct tipc_srv_ops *ops);

__END_CDECLS

#endif
