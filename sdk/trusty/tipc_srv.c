/*
 * Trusty's service framework: ports, the connections on them, and the callbacks between. It uses
 * the public API only.
 *
 * Events of a connection are handled in this order: messages, room to send, the peer's end. HUP
 * together with MSG is not the end yet: it is reported again while messages remain, and alone when
 * none does.
 */
#include <lib/tipc/tipc_srv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <trusty_log.h>

#define TLOG_TAG "tipc_srv"

struct service_port {
    struct service *service;
    const struct tipc_port *config;
    handle_t handle;
    struct tipc_event_handler handler;
};

struct service {
    struct tipc_hset *hset;
    const struct tipc_srv_ops *ops;
    uint32_t max_channels; /* 0: no limit of its own */
    uint32_t num_channels;
    bool muted; /* the ports are: as many connections as there may be */
    uint32_t num_ports;
    struct service_port ports[];
};

struct service_channel {
    struct service_port *port;
    handle_t handle;
    void *context;
    struct tipc_event_handler handler;
};

/* The errors that a kernel's call or a service's callback is likely to answer. */
static const char *service_error(long result)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {ERR_GENERIC, "ERR_GENERIC"},
        {ERR_NOT_FOUND, "ERR_NOT_FOUND"},
        {ERR_NOT_READY, "ERR_NOT_READY"},
        {ERR_NO_MSG, "ERR_NO_MSG"},
        {ERR_NO_MEMORY, "ERR_NO_MEMORY"},
        {ERR_NOT_VALID, "ERR_NOT_VALID"},
        {ERR_INVALID_ARGS, "ERR_INVALID_ARGS"},
        {ERR_NOT_ENOUGH_BUFFER, "ERR_NOT_ENOUGH_BUFFER"},
        {ERR_TIMED_OUT, "ERR_TIMED_OUT"},
        {ERR_ALREADY_EXISTS, "ERR_ALREADY_EXISTS"},
        {ERR_CHANNEL_CLOSED, "ERR_CHANNEL_CLOSED"},
        {ERR_NOT_ALLOWED, "ERR_NOT_ALLOWED"},
        {ERR_NOT_SUPPORTED, "ERR_NOT_SUPPORTED"},
        {ERR_TOO_BIG, "ERR_TOO_BIG"},
        {ERR_CANCELLED, "ERR_CANCELLED"},
        {ERR_BAD_STATE, "ERR_BAD_STATE"},
        {ERR_BUSY, "ERR_BUSY"},
        {ERR_FAULT, "ERR_FAULT"},
        {ERR_NO_RESOURCES, "ERR_NO_RESOURCES"},
        {ERR_BAD_HANDLE, "ERR_BAD_HANDLE"},
        {ERR_ACCESS_DENIED, "ERR_ACCESS_DENIED"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == result) {
            return names[i].name;
        }
    }
    return "error";
}

/* Pending connections wait in the kernel while the ports are mute. */
static void service_mute(struct service *service, bool mute)
{
    if (service->muted == mute) {
        return;
    }
    service->muted = mute;
    for (uint32_t i = 0; i < service->num_ports; i++) {
        struct service_port *port = &service->ports[i];
        int result = tipc_hset_mod_entry(service->hset, port->handle, mute ? 0 : ~(uint32_t)0,
                                         &port->handler);
        if (result < 0) {
            TLOGE("port %s: cannot change its events: %s (%d)\n", port->config->name,
                  service_error(result), result);
        }
    }
}

static void channel_close(struct service_channel *channel)
{
    struct service *service = channel->port->service;
    void *context = channel->context;
    (void)tipc_hset_remove_entry(service->hset, channel->handle);
    (void)close((uint32_t)channel->handle);
    free(channel);
    service->num_channels--;
    service_mute(service, false);
    if (service->ops->on_channel_cleanup != NULL) {
        service->ops->on_channel_cleanup(context);
    }
}

static void channel_event(const struct uevent *event, void *private)
{
    struct service_channel *channel = private;
    const struct tipc_srv_ops *ops = channel->port->service->ops;
    const struct tipc_port *config = channel->port->config;
    int result = NO_ERROR;
    tipc_handle_chan_errors(event);
    if ((event->event & IPC_HANDLE_POLL_MSG) != 0) {
        result = ops->on_message(config, channel->handle, channel->context);
    }
    if (result >= 0 && (event->event & IPC_HANDLE_POLL_SEND_UNBLOCKED) != 0 &&
        ops->on_send_unblocked != NULL) {
        result = ops->on_send_unblocked(config, channel->handle, channel->context);
    }
    if (result < 0) {
        channel_close(channel);
    } else if ((event->event & (IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG)) ==
               IPC_HANDLE_POLL_HUP) {
        if (ops->on_disconnect != NULL) {
            ops->on_disconnect(config, channel->handle, channel->context);
        }
        channel_close(channel);
    }
}

static bool port_admits(const struct tipc_port_acl *acl, const uuid_t *peer)
{
    for (uint32_t i = 0; i < acl->uuid_num; i++) {
        if (memcmp(peer, acl->uuids[i], sizeof(*peer)) == 0) {
            return true;
        }
    }
    return acl->uuid_num == 0;
}

/* The service takes the connection, or refuses it with an error. */
static int service_take(struct service_port *port, handle_t handle, const uuid_t *peer)
{
    struct service *service = port->service;
    if (!port_admits(port->config->acl, peer)) {
        return ERR_ACCESS_DENIED;
    }
    struct service_channel *channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return ERR_NO_MEMORY;
    }
    channel->port = port;
    channel->handle = handle;
    channel->handler = (struct tipc_event_handler){.proc = channel_event, .priv = channel};
    int result = tipc_hset_add_entry(service->hset, handle, ~(uint32_t)0, &channel->handler);
    if (result >= 0 && service->ops->on_connect != NULL) {
        result = service->ops->on_connect(port->config, handle, peer, &channel->context);
    }
    if (result < 0) {
        free(channel);
        return result;
    }
    service->num_channels++;
    service_mute(service,
                 service->max_channels != 0 && service->num_channels >= service->max_channels);
    return NO_ERROR;
}

static void port_event(const struct uevent *event, void *private)
{
    struct service_port *port = private;
    uuid_t peer;
    tipc_handle_port_errors(event);
    if ((event->event & IPC_HANDLE_POLL_READY) == 0) {
        return;
    }
    long handle = accept((uint32_t)port->handle, &peer);
    if (handle < 0) {
        /* A client that gave up meanwhile is no news. */
        if (handle != ERR_CHANNEL_CLOSED && handle != ERR_NO_MSG) {
            TLOGE("port %s: cannot accept: %s (%ld)\n", port->config->name, service_error(handle),
                  handle);
        }
        return;
    }
    int result = service_take(port, (handle_t)handle, &peer);
    if (result < 0) {
        TLOGW("port %s: connection refused: %s (%d)\n", port->config->name, service_error(result),
              result);
        (void)close((uint32_t)handle);
    }
}

static int service_open_port(struct service_port *port)
{
    const struct tipc_port *config = port->config;
    handle_t handle = (handle_t)port_create(config->name, config->msg_queue_len,
                                            config->msg_max_size, config->acl->flags);
    if (handle < 0) {
        return handle;
    }
    port->handle = handle;
    return tipc_hset_add_entry(port->service->hset, port->handle, ~(uint32_t)0, &port->handler);
}

static bool service_is_complete(const struct tipc_port *ports, uint32_t num_ports,
                                const struct tipc_srv_ops *ops)
{
    if (ports == NULL || num_ports == 0 || ops == NULL || ops->on_message == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < num_ports; i++) {
        const struct tipc_port_acl *acl = ports[i].acl;
        if (ports[i].name == NULL || acl == NULL || (acl->uuid_num != 0 && acl->uuids == NULL)) {
            return false;
        }
    }
    return true;
}

int tipc_add_service(struct tipc_hset *hset, const struct tipc_port *ports, uint32_t num_ports,
                     uint32_t max_chan_cnt, const struct tipc_srv_ops *ops)
{
    if (hset == NULL || IS_ERR(hset) || !service_is_complete(ports, num_ports, ops)) {
        return ERR_INVALID_ARGS;
    }
    struct service *service =
        calloc(1, sizeof(*service) + (size_t)num_ports * sizeof(service->ports[0]));
    if (service == NULL) {
        return ERR_NO_MEMORY;
    }
    service->hset = hset;
    service->ops = ops;
    service->max_channels = max_chan_cnt;
    int result;
    do {
        struct service_port *port = &service->ports[service->num_ports];
        port->service = service;
        port->config = &ports[service->num_ports];
        port->handle = INVALID_IPC_HANDLE;
        port->handler = (struct tipc_event_handler){.proc = port_event, .priv = port};
        result = service_open_port(port);
        service->num_ports++;
    } while (result >= 0 && service->num_ports < num_ports);
    if (result < 0) {
        for (uint32_t i = 0; i < service->num_ports; i++) {
            if (service->ports[i].handle != INVALID_IPC_HANDLE) {
                (void)close((uint32_t)service->ports[i].handle);
            }
        }
        free(service);
    }
    return result;
}
