#include "prober.h"

void ports_limits(void)
{
    char name[80];
    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    EXPECT(port_create(name, 1, 1, 0), ERR_INVALID_ARGS);
    name[63] = '\0';
    long port = port_create(name, 32, 4096, 3);
    EXPECT_TRUE(port >= 0);
    EXPECT(close(port), NO_ERROR);
    EXPECT(port_create("", 1, 1, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 0, 1, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 33, 1, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, UINT32_MAX, 1, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 1, 0, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 1, 4097, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 1, SIZE_MAX, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 1, (size_t)1 << 32 | 1, 0), ERR_INVALID_ARGS);
    EXPECT(port_create(PORT, 1, 1, 4), ERR_INVALID_ARGS);
}

void ports_names(void)
{
    long port = port_create(PORT, 1, 1, 0);
    EXPECT_TRUE(port >= 0);
    EXPECT(port_create(PORT, 1, 1, 0), ERR_ALREADY_EXISTS);
    EXPECT(port_create("com.postern.test.prober", 1, 1, 0), ERR_ALREADY_EXISTS);
    EXPECT(close(port), NO_ERROR);
    port = port_create(PORT, 1, 1, 0); /* free at once */
    EXPECT_TRUE(port >= 0);
    EXPECT(close(port), NO_ERROR);
    /* Other apps' own ports are not to be had. */
    EXPECT_TRUE(port_create("5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a03", 1, 1, 0) < 0);
}

void ports_flags(void)
{
    for (uint32_t flags = 0; flags < 4; flags++) {
        long port = port_create(PORT, 1, 1, flags);
        EXPECT_TRUE(port >= 0);
        long asynchronous = connect(PORT, IPC_CONNECT_ASYNC);
        if ((flags & IPC_PORT_ALLOW_TA_CONNECT) != 0) {
            EXPECT_TRUE(asynchronous >= 0);
            EXPECT(close(asynchronous), NO_ERROR);
        } else {
            EXPECT(asynchronous, ERR_ACCESS_DENIED);
            EXPECT(connect(PORT, 0), ERR_ACCESS_DENIED);
            EXPECT(connect(PORT, IPC_CONNECT_WAIT_FOR_PORT), ERR_ACCESS_DENIED);
        }
        EXPECT(close(port), NO_ERROR);
    }
}

/* Accepted in order, with the client's UUID. */
void ports_pending(void)
{
    static const uuid_t self = {
        0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x11}};
    long client[8];
    uuid_t peer;
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    EXPECT(accept(port, &peer), ERR_NO_MSG);
    EXPECT(pair_events(port), 0);
    for (size_t i = 0; i < 8; i++) {
        client[i] = connect(PORT, IPC_CONNECT_ASYNC);
        EXPECT_TRUE(client[i] >= 0);
        EXPECT(pair_events(client[i]), 0);
    }
    EXPECT(pair_events(port), IPC_HANDLE_POLL_READY);
    EXPECT(pair_events(port), IPC_HANDLE_POLL_READY); /* as long as one is pending */
    for (size_t i = 0; i < 8; i++) {
        memset(&peer, 0xaa, sizeof(peer));
        long server = accept(port, &peer);
        EXPECT_TRUE(server >= 0);
        EXPECT(memcmp(&peer, &self, sizeof(self)), 0);
        EXPECT(pair_events(client[i]), IPC_HANDLE_POLL_READY);
        EXPECT(pair_events(client[i]), 0); /* once */
        EXPECT(close(server), NO_ERROR);
        EXPECT(pair_events(client[i]), IPC_HANDLE_POLL_HUP);
        EXPECT(close(client[i]), NO_ERROR);
    }
    EXPECT(pair_events(port), 0);
    EXPECT(close(port), NO_ERROR);
}

void ports_client_gone(void)
{
    uuid_t peer;
    uuid_t before;
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    long gone = connect(PORT, IPC_CONNECT_ASYNC);
    long here = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT(close(gone), NO_ERROR);
    memset(&peer, 0x55, sizeof(peer));
    before = peer;
    EXPECT(accept(port, &peer), ERR_CHANNEL_CLOSED);
    EXPECT(memcmp(&peer, &before, sizeof(peer)), 0);
    long server = accept(port, &peer); /* that entry was consumed */
    EXPECT_TRUE(server >= 0);
    EXPECT(accept(port, &peer), ERR_NO_MSG);
    EXPECT(close(server), NO_ERROR);
    EXPECT(close(here), NO_ERROR);
    EXPECT(close(port), NO_ERROR);
}

void ports_closed_with_clients(void)
{
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    long client = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT(close(port), NO_ERROR);
    EXPECT(pair_events(client), IPC_HANDLE_POLL_HUP);
    EXPECT(pair_send(client, "x", 1), ERR_CHANNEL_CLOSED);
    EXPECT(close(client), NO_ERROR);
    EXPECT(connect(PORT, IPC_CONNECT_ASYNC), ERR_NOT_FOUND);
}

void ports_accepted_and_closed(void)
{
    char text[4];
    uuid_t peer;
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    long client = connect(PORT, IPC_CONNECT_ASYNC);
    long server = accept(port, &peer);
    EXPECT(pair_send(server, "last", 4), 4);
    EXPECT(close(server), NO_ERROR);
    EXPECT(pair_events(client), IPC_HANDLE_POLL_READY | IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG);
    EXPECT(pair_receive(client, text, sizeof(text)), 4);
    EXPECT(pair_events(client), IPC_HANDLE_POLL_HUP);
    EXPECT(close(client), NO_ERROR);
    EXPECT(close(port), NO_ERROR);
}

void ports_connect_errors(void)
{
    char name[80];
    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    EXPECT(connect("", 0), ERR_INVALID_ARGS);
    EXPECT(connect(name, 0), ERR_INVALID_ARGS);
    EXPECT(connect("com.postern.test.nobody", 0), ERR_NOT_FOUND);
    EXPECT(connect("com.postern.test.nobody", IPC_CONNECT_ASYNC), ERR_NOT_FOUND);
    EXPECT(connect("com.postern.echo.robust", 4), ERR_INVALID_ARGS);
    EXPECT(connect("com.postern.echo.robust", UINT32_MAX), ERR_INVALID_ARGS);
    EXPECT(connect("com.postern.test.hidden", 0), ERR_ACCESS_DENIED); /* :ns only */
}

/* Asynchronous and waiting for a port that comes later. */
void ports_wait_for_one(void)
{
    uuid_t peer;
    char text[4];
    long client = connect(PORT, IPC_CONNECT_ASYNC | IPC_CONNECT_WAIT_FOR_PORT);
    EXPECT_TRUE(client >= 0);
    EXPECT(pair_events(client), 0);
    EXPECT(pair_send(client, "x", 1), ERR_NOT_READY);
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    EXPECT(pair_events(port), IPC_HANDLE_POLL_READY);
    long server = accept(port, &peer);
    EXPECT_TRUE(server >= 0);
    EXPECT(pair_events(client), IPC_HANDLE_POLL_READY);
    EXPECT(pair_send(client, "x", 1), 1);
    EXPECT(pair_receive(server, text, sizeof(text)), 1);
    EXPECT(close(server), NO_ERROR);
    EXPECT(close(port), NO_ERROR);
    EXPECT(close(client), NO_ERROR);
    /* One that gives up, and one that the port refuses. */
    client = connect(PORT, IPC_CONNECT_ASYNC | IPC_CONNECT_WAIT_FOR_PORT);
    EXPECT(close(client), NO_ERROR);
    client = connect(PORT, IPC_CONNECT_ASYNC | IPC_CONNECT_WAIT_FOR_PORT);
    port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_NS_CONNECT);
    EXPECT(pair_events(port), 0);
    EXPECT(pair_events(client), IPC_HANDLE_POLL_HUP);
    EXPECT(close(port), NO_ERROR);
    EXPECT(close(client), NO_ERROR);
}
