#include "prober.h"

/* Every call that takes a handle, with this one: each must answer `wanted`. */
static void every_call(uint32_t handle, long wanted)
{
    static uint8_t byte;
    iovec_t iov = {.base = &byte, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    uevent_t event = {.handle = 1000, .event = 1};
    uuid_t peer;
    EXPECT(set_cookie(handle, &byte), wanted);
    EXPECT(wait(handle, &event, 0), wanted);
    EXPECT(close(handle), wanted);
    EXPECT(accept(handle, &peer), wanted);
    EXPECT(send_msg(handle, &message), wanted);
    EXPECT(get_msg(handle, &info), wanted);
    EXPECT(read_msg(handle, 1, 0, &message), wanted);
    EXPECT(put_msg(handle, 1), wanted);
    EXPECT(handle_set_ctrl(handle, HSET_ADD, &event), wanted);
    EXPECT(handle_set_ctrl(handle, HSET_MOD, &event), wanted);
    EXPECT(handle_set_ctrl(handle, HSET_DEL, &event), wanted);
}

void handles_out_of_range(void)
{
    static const uint32_t ids[] = {0,    1,    2,          3,          999,        1064,
                                   1065, 2000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        PASSED(every_call(ids[i], ERR_BAD_HANDLE));
}

void handles_closed(void)
{
    long set = handle_set_create();
    EXPECT_TRUE(set >= 1000);
    EXPECT(close(set), NO_ERROR);
    PASSED(every_call(set, ERR_NOT_FOUND));
    PASSED(every_call(1063, ERR_NOT_FOUND));
}

void handles_of_another_kind(void)
{
    static uint8_t byte;
    iovec_t iov = {.base = &byte, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    uevent_t event;
    uuid_t peer;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    long set = handle_set_create();
    const handle_t not_channels[] = {pair.port, set};
    for (size_t i = 0; i < 2; i++) {
        EXPECT(send_msg(not_channels[i], &message), ERR_INVALID_ARGS);
        EXPECT(get_msg(not_channels[i], &info), ERR_INVALID_ARGS);
        EXPECT(read_msg(not_channels[i], 1, 0, &message), ERR_INVALID_ARGS);
        EXPECT(put_msg(not_channels[i], 1), ERR_INVALID_ARGS);
    }
    EXPECT(accept(pair.client, &peer), ERR_INVALID_ARGS);
    EXPECT(accept(set, &peer), ERR_INVALID_ARGS);
    event = (uevent_t){.handle = pair.port, .event = 1};
    EXPECT(handle_set_ctrl(pair.client, HSET_ADD, &event), ERR_INVALID_ARGS);
    EXPECT(handle_set_ctrl(pair.port, HSET_ADD, &event), ERR_INVALID_ARGS);
    EXPECT(close(set), NO_ERROR);
    pair_close(&pair);
}

/* Another app's number is just a number: what it names there does not matter here. */
void handles_of_another_app(void)
{
    long chan = connect("com.postern.echo.robust", 0);
    EXPECT_TRUE(chan >= 0);
    for (uint32_t id = 1000; id < 1064; id++) {
        if (id != (uint32_t)chan && set_cookie(id, NULL) != NO_ERROR)
            EXPECT(pair_send(id, "x", 1), ERR_NOT_FOUND);
    }
    EXPECT(close(chan), NO_ERROR);
}

void handles_lowest_first(void)
{
    long a = handle_set_create();
    long b = handle_set_create();
    long c = handle_set_create();
    EXPECT(b, a + 1);
    EXPECT(c, b + 1);
    EXPECT(close(a), NO_ERROR);
    EXPECT(close(b), NO_ERROR);
    EXPECT(handle_set_create(), a);
    EXPECT(handle_set_create(), b);
    EXPECT(close(a), NO_ERROR);
    EXPECT(close(b), NO_ERROR);
    EXPECT(close(c), NO_ERROR);
    EXPECT(close(c), ERR_NOT_FOUND);
}

void handles_table_full(void)
{
    handle_t filler[64];
    size_t count = 0;
    uuid_t peer;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    long pending = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT_TRUE(pending >= 0);
    for (;;) {
        long handle = handle_set_create();
        if (handle < 0) {
            EXPECT(handle, ERR_NO_RESOURCES);
            break;
        }
        EXPECT_TRUE(count < 64);
        filler[count++] = handle;
    }
    EXPECT(count, 64 - 6); /* the prober's two, the pair's three, one pending */
    EXPECT(port_create("com.postern.test.prober.full", 1, 1, 0), ERR_NO_RESOURCES);
    EXPECT(port_create(PORT, 1, 1, 0), ERR_NO_RESOURCES); /* before the name is looked at */
    EXPECT(port_create("", 1, 1, 0), ERR_INVALID_ARGS);
    EXPECT(connect(PORT, IPC_CONNECT_ASYNC), ERR_NO_RESOURCES);
    EXPECT(accept(pair.port, &peer), ERR_NO_RESOURCES);
    /* That client was dropped. */
    EXPECT(pair_events(pending) & IPC_HANDLE_POLL_HUP, IPC_HANDLE_POLL_HUP);
    EXPECT(pair_events(pair.port), 0);
    /* What is open works on. */
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(pair_receive(pair.server, peer.clock_seq_and_node, 8), 1);
    while (count > 0)
        close(filler[--count]);
    close(pending);
    pair_close(&pair);
}

void handles_cookies(void)
{
    uevent_t event;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    EXPECT(set_cookie(pair.server, &pair), NO_ERROR);
    EXPECT(pair_send(pair.client, "x", 1), 1);
    event = (uevent_t){.handle = 7, .event = 7, .cookie = &event};
    EXPECT(wait(pair.client, &event, 0), ERR_TIMED_OUT);
    EXPECT(event.handle, 7); /* not written */
    EXPECT(event.event, 7);
    EXPECT(wait(pair.server, &event, -1), NO_ERROR);
    EXPECT(event.handle, pair.server);
    EXPECT(event.event, IPC_HANDLE_POLL_MSG);
    EXPECT_TRUE(event.cookie == &pair);
    EXPECT(set_cookie(pair.server, (void *)UINTPTR_MAX), NO_ERROR);
    EXPECT(wait(pair.server, &event, UINT32_MAX), NO_ERROR);
    EXPECT_TRUE(event.cookie == (void *)UINTPTR_MAX);
    pair_close(&pair);
}
