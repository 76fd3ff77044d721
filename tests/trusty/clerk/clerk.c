/*
 * A service made with lib/tipc alone: three ports, one of them for the normal world only and one for an
 * app that does not exist; three connections at a time. A message begins with a word of four letters:
 *
 *   echo  comes back         swap  comes back with the word behind the rest
 *   many  (and a number) so many messages come, each a number
 *   tell  how many connections were made, left by their clients, and cleaned up
 *   deny  the next connection is refused
 */
#include <lib/tipc/tipc_srv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/err.h>

#define WORD 4
#define REST 60

struct client {
    uint32_t next; /* of the numbers to be sent */
    uint32_t end;
};

static unsigned connected;
static unsigned disconnected;
static unsigned cleaned;
static bool deny;

static int send_numbers(handle_t chan, struct client *client)
{
    int rc = NO_ERROR;
    while (client->next < client->end && rc >= 0) {
        rc = tipc_send1(chan, &client->next, sizeof(client->next));
        if (rc >= 0)
            client->next++;
    }
    return rc == ERR_NOT_ENOUGH_BUFFER ? NO_ERROR : rc; /* on_send_unblocked goes on */
}

static int on_send_unblocked(const struct tipc_port *port, handle_t chan, void *ctx)
{
    (void)port;
    return send_numbers(chan, ctx);
}

static int on_connect(const struct tipc_port *port, handle_t chan, const struct uuid *peer,
                      void **ctx_p)
{
    static const struct uuid normal_world;
    (void)chan;
    if (deny || port->priv == NULL || memcmp(peer, &normal_world, sizeof(*peer)) != 0) {
        deny = false;
        return ERR_NOT_ALLOWED;
    }
    *ctx_p = calloc(1, sizeof(struct client));
    connected += *ctx_p != NULL;
    return *ctx_p != NULL ? NO_ERROR : ERR_NO_MEMORY;
}

static int tell(handle_t chan)
{
    char text[REST];
    int length = snprintf(text, sizeof(text), "%u %u %u", connected, disconnected, cleaned);
    return tipc_send1(chan, text, (size_t)length);
}

static int on_message(const struct tipc_port *port, handle_t chan, void *ctx)
{
    struct client *client = ctx;
    char word[WORD];
    char rest[REST];
    (void)port;
    int rc = tipc_recv2(chan, sizeof(word), word, sizeof(word), rest, sizeof(rest));
    if (rc < 0)
        return rc; /* too short, or too long: the connection is closed */
    size_t length = (size_t)rc - sizeof(word);
    if (memcmp(word, "swap", WORD) == 0)
        return tipc_send2(chan, rest, length, word, sizeof(word));
    if (memcmp(word, "tell", WORD) == 0)
        return tell(chan);
    if (memcmp(word, "deny", WORD) == 0)
        deny = true;
    if (memcmp(word, "many", WORD) == 0 && length == sizeof(client->end)) {
        client->next = 0;
        memcpy(&client->end, rest, sizeof(client->end));
        return send_numbers(chan, client);
    }
    return tipc_send2(chan, word, sizeof(word), rest, length);
}

static void on_disconnect(const struct tipc_port *port, handle_t chan, void *ctx)
{
    (void)port;
    (void)chan;
    disconnected += ctx != NULL;
}

static void on_channel_cleanup(void *ctx)
{
    cleaned += ctx != NULL;
    free(ctx);
}

static const struct uuid linux_uuid;
static const struct uuid other_uuid = {.time_low = 1};
static const struct uuid *const linux_only[] = {&linux_uuid};
static const struct uuid *const others_only[] = {&other_uuid};

#define FROM_ANYWHERE (IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT)
static const struct tipc_port_acl acls[3] = {
    {.flags = FROM_ANYWHERE},
    {.flags = FROM_ANYWHERE, .uuid_num = 1, .uuids = (const struct uuid **)(uintptr_t)linux_only},
    {.flags = FROM_ANYWHERE, .uuid_num = 1, .uuids = (const struct uuid **)(uintptr_t)others_only},
};
#define PORT(suffix, number)                                                                       \
    {.name = "com.postern.test.clerk" suffix,                                                      \
     .msg_max_size = WORD + REST + 1,                                                              \
     .msg_queue_len = 2,                                                                           \
     .acl = &acls[number],                                                                         \
     .priv = "a port's own"}
static const struct tipc_port ports[3] = {PORT("", 0), PORT(".linux", 1), PORT(".others", 2)};

static const struct tipc_srv_ops ops = {
    .on_connect = on_connect,
    .on_message = on_message,
    .on_disconnect = on_disconnect,
    .on_channel_cleanup = on_channel_cleanup,
    .on_send_unblocked = on_send_unblocked,
};

int main(void)
{
    struct tipc_hset *hset = tipc_hset_create();
    if (IS_ERR(hset) || tipc_add_service(hset, NULL, 1, 0, &ops) != ERR_INVALID_ARGS ||
        tipc_add_service(hset, ports, 0, 0, &ops) != ERR_INVALID_ARGS ||
        tipc_add_service(hset, ports, 3, 0, NULL) != ERR_INVALID_ARGS ||
        tipc_add_service(NULL, ports, 3, 0, &ops) != ERR_INVALID_ARGS)
        return 1;
    int rc = tipc_add_service(hset, ports, 3, 3, &ops);
    if (rc == NO_ERROR)
        rc = tipc_run_event_loop(hset);
    return rc == NO_ERROR ? 0 : 2;
}
