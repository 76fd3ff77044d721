#include "prober.h"

static long control(long set, uint32_t command, long handle, uint32_t mask, void *cookie)
{
    uevent_t event = {.handle = handle, .event = mask, .cookie = cookie};
    return handle_set_ctrl(set, command, &event);
}

void sets_errors(void)
{
    uevent_t event;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    long set = handle_set_create();
    EXPECT(wait(set, &event, 1000), ERR_NOT_FOUND); /* empty: at once */
    EXPECT(control(set, HSET_ADD, pair.server, ~0u, NULL), NO_ERROR);
    EXPECT(control(set, HSET_ADD, pair.server, ~0u, NULL), ERR_ALREADY_EXISTS);
    EXPECT(control(set, HSET_MOD, pair.client, ~0u, NULL), ERR_NOT_FOUND);
    EXPECT(control(set, HSET_DEL, pair.client, ~0u, NULL), ERR_NOT_FOUND);
    EXPECT(control(set, HSET_ADD, 5, ~0u, NULL), ERR_BAD_HANDLE);
    EXPECT(control(set, HSET_ADD, 1063, ~0u, NULL), ERR_NOT_FOUND);
    EXPECT(control(set, HSET_ADD, set, ~0u, NULL), ERR_INVALID_ARGS);
    EXPECT(control(set, 3, pair.client, ~0u, NULL), ERR_INVALID_ARGS);
    EXPECT(control(set, UINT32_MAX, pair.client, ~0u, NULL), ERR_INVALID_ARGS);
    EXPECT(control(set, HSET_DEL, pair.server, 0, NULL), NO_ERROR);
    EXPECT(control(set, HSET_DEL, pair.server, 0, NULL), ERR_NOT_FOUND);
    EXPECT(wait(set, &event, 0), ERR_NOT_FOUND);
    /* A ring of three. */
    long b = handle_set_create();
    long c = handle_set_create();
    EXPECT(control(set, HSET_ADD, b, ~0u, NULL), NO_ERROR);
    EXPECT(control(b, HSET_ADD, c, ~0u, NULL), NO_ERROR);
    EXPECT(control(c, HSET_ADD, set, ~0u, NULL), ERR_INVALID_ARGS);
    EXPECT(close(set), NO_ERROR);
    EXPECT(close(b), NO_ERROR);
    EXPECT(close(c), NO_ERROR);
    pair_close(&pair);
}

void sets_masks(void)
{
    uevent_t event;
    char in[4];
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    long set = handle_set_create();
    EXPECT(set_cookie(pair.server, &set), NO_ERROR);
    EXPECT(control(set, HSET_ADD, pair.server, IPC_HANDLE_POLL_HUP, &pair), NO_ERROR);
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(pair_events(set), 0);
    EXPECT(control(set, HSET_MOD, pair.server, IPC_HANDLE_POLL_MSG, in), NO_ERROR);
    EXPECT(wait(set, &event, 0), NO_ERROR);
    EXPECT(event.handle, pair.server);
    EXPECT(event.event, IPC_HANDLE_POLL_MSG);
    EXPECT_TRUE(event.cookie == in); /* the entry's, not the handle's */
    EXPECT(wait(pair.server, &event, 0), NO_ERROR);
    EXPECT_TRUE(event.cookie == &set);
    EXPECT(control(set, HSET_MOD, pair.server, 0, NULL), NO_ERROR); /* mute */
    EXPECT(close(pair.client), NO_ERROR);
    EXPECT(pair_events(set), 0);
    EXPECT(control(set, HSET_MOD, pair.server, ~0u, NULL), NO_ERROR);
    EXPECT(pair_events(set), IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG);
    /* What comes once is not lost while it is muted. */
    EXPECT(close(set), NO_ERROR);
    EXPECT(close(pair.server), NO_ERROR);
    EXPECT(close(pair.port), NO_ERROR);
    PASSED(pair_open(&pair, 1, 4));
    set = handle_set_create();
    EXPECT(control(set, HSET_ADD, pair.client, 0, NULL), NO_ERROR);
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(pair_send(pair.client, "x", 1), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 1);
    EXPECT(pair_events(set), 0);
    EXPECT(control(set, HSET_MOD, pair.client, ~0u, NULL), NO_ERROR);
    EXPECT(pair_events(set), IPC_HANDLE_POLL_SEND_UNBLOCKED);
    EXPECT(pair_events(set), 0);
    EXPECT(close(set), NO_ERROR);
    pair_close(&pair);
}

void sets_nested(void)
{
    uevent_t event;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    long inner = handle_set_create();
    long outer = handle_set_create();
    EXPECT(control(outer, HSET_ADD, inner, ~0u, &outer), NO_ERROR);
    EXPECT(control(inner, HSET_ADD, pair.server, ~0u, &inner), NO_ERROR);
    EXPECT(pair_events(outer), 0);
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(wait(outer, &event, 1000), NO_ERROR);
    EXPECT(event.handle, inner);
    EXPECT_TRUE(event.cookie == &outer);
    EXPECT(wait(inner, &event, 0), NO_ERROR);
    EXPECT(event.handle, pair.server);
    EXPECT_TRUE(event.cookie == &inner);
    EXPECT(close(inner), NO_ERROR); /* and so out of outer */
    EXPECT(wait(outer, &event, 0), ERR_NOT_FOUND);
    EXPECT(close(outer), NO_ERROR);
    pair_close(&pair);
}

void sets_fair(void)
{
    enum { CHANNELS = 8, ROUNDS = 80 };
    long client[CHANNELS];
    long server[CHANNELS];
    unsigned seen[CHANNELS] = {0};
    uuid_t peer;
    uevent_t event;
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    long set = handle_set_create();
    for (size_t i = 0; i < CHANNELS; i++) {
        client[i] = connect(PORT, IPC_CONNECT_ASYNC);
        server[i] = accept(port, &peer);
        EXPECT_TRUE(client[i] >= 0 && server[i] >= 0);
        EXPECT(pair_events(client[i]), IPC_HANDLE_POLL_READY);
        EXPECT(pair_send(client[i], "x", 1), 1);
        EXPECT(control(set, HSET_ADD, server[i], ~0u, &seen[i]), NO_ERROR);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        EXPECT(wait(set, &event, 0), NO_ERROR);
        ++*(unsigned *)event.cookie;
    }
    for (size_t i = 0; i < CHANNELS; i++)
        EXPECT(seen[i], ROUNDS / CHANNELS);
    for (size_t i = 0; i < CHANNELS; i++) {
        seen[i] = 0;
        EXPECT(set_cookie(server[i], &seen[i]), NO_ERROR);
    }
    unsigned others = 0;
    for (size_t i = 0; i < 2 * ROUNDS; i++) {
        EXPECT(wait_any(&event, 0), NO_ERROR);
        if (event.cookie != NULL)
            ++*(unsigned *)event.cookie;
        else
            others++;
    }
    for (size_t i = 0; i < CHANNELS; i++)
        EXPECT_TRUE(seen[i] >= 2 * ROUNDS / (CHANNELS + 3) - 1);
    for (size_t i = 0; i < CHANNELS; i++) {
        close(client[i]);
        close(server[i]);
    }
    close(set);
    close(port);
}

void sets_forget_closed(void)
{
    uevent_t event;
    struct pair pair;
    for (int i = 0; i < 50; i++) {
        PASSED(pair_open(&pair, 1, 4));
        long set = handle_set_create();
        long other = handle_set_create();
        EXPECT(control(set, HSET_ADD, pair.server, ~0u, NULL), NO_ERROR);
        EXPECT(control(other, HSET_ADD, pair.server, ~0u, NULL), NO_ERROR);
        EXPECT(pair_send(pair.client, "x", 1), 1);
        EXPECT(close(pair.server), NO_ERROR);
        EXPECT(wait(set, &event, 0), ERR_NOT_FOUND);
        EXPECT(wait(other, &event, 0), ERR_NOT_FOUND);
        EXPECT(close(set), NO_ERROR);
        EXPECT(close(other), NO_ERROR);
        EXPECT(close(pair.client), NO_ERROR);
        EXPECT(close(pair.port), NO_ERROR);
    }
}

void sets_wait_any(void)
{
    uevent_t event;
    int64_t before;
    int64_t after;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    EXPECT(gettime(0, 0, &before), NO_ERROR);
    EXPECT(wait_any(&event, 20), ERR_TIMED_OUT);
    EXPECT(wait(pair.server, &event, 20), ERR_TIMED_OUT);
    EXPECT(gettime(0, 0, &after), NO_ERROR);
    EXPECT_TRUE(after - before >= 40 * 1000 * 1000);
    EXPECT_TRUE(after - before < (int64_t)30000 * 1000 * 1000); /* milliseconds, not seconds */
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(wait_any(&event, INFINITE_TIME), NO_ERROR);
    EXPECT(event.handle, pair.server);
    EXPECT(event.event, IPC_HANDLE_POLL_MSG);
    pair_close(&pair);
}
