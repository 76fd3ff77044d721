/* The trusted app: echoes every message. Connections are accepted and tracked by the library. */
#define TLOG_TAG "@NAME@"

#include <lib/tipc/tipc_srv.h>
#include <trusty_log.h>

#define MESSAGE_MAX 256

static uint8_t message[MESSAGE_MAX];

static int on_message(const struct tipc_port *port, handle_t chan, void *ctx)
{
    (void)port;
    (void)ctx;
    int rc = tipc_recv1(chan, 0, message, sizeof(message));
    if (rc < 0)
        return rc;
    TLOGI("%d bytes\n", rc);
    return tipc_send1(chan, message, (size_t)rc);
}

static const struct tipc_port_acl acl = {
    .flags = IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT,
};
static const struct tipc_port port = {
    .name = "com.example.@NAME@",
    .msg_max_size = MESSAGE_MAX,
    .msg_queue_len = 1,
    .acl = &acl,
};
static const struct tipc_srv_ops ops = {.on_message = on_message};

int main(void)
{
    struct tipc_hset *hset = tipc_hset_create();
    if (IS_ERR(hset))
        return 1;
    int rc = tipc_add_service(hset, &port, 1, 0, &ops);
    if (rc == NO_ERROR)
        rc = tipc_run_event_loop(hset);
    TLOGE("ended (%d)\n", rc);
    return 1;
}
