#include "prober.h"

void messages_round_trip(void)
{
    uint8_t out[4096];
    uint8_t in[4096];
    struct pair pair;
    PASSED(pair_open(&pair, 32, 4096));
    for (size_t length = 1; length <= sizeof(out); length += length < 70 ? 1 : 503) {
        for (size_t i = 0; i < length; i++)
            out[i] = (uint8_t)(i * 7 + length);
        EXPECT(pair_send(pair.client, out, length), length);
        EXPECT(pair_receive(pair.server, in, sizeof(in)), length);
        EXPECT(memcmp(in, out, length), 0);
        EXPECT(pair_send(pair.server, in, length), length);
        memset(in, 0, sizeof(in));
        EXPECT(pair_receive(pair.client, in, sizeof(in)), length);
        EXPECT(memcmp(in, out, length), 0);
    }
    EXPECT(pair_receive(pair.client, in, sizeof(in)), ERR_NO_MSG);
    pair_close(&pair);
}

/* Longer than the port's buffer: cut, and send tells. */
void messages_cut(void)
{
    static uint8_t big[10000];
    uint8_t in[64];
    struct pair pair;
    PASSED(pair_open(&pair, 4, 5));
    EXPECT(pair_send(pair.client, "0123456789", 5), 5);
    EXPECT(pair_send(pair.client, "0123456789", 6), 5);
    EXPECT(pair_send(pair.client, big, 4097), 5);
    EXPECT(pair_send(pair.client, big, sizeof(big)), 5);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 5);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 5);
    EXPECT(memcmp(in, "01234", 5), 0);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 5);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 5);
    pair_close(&pair);
}

void messages_empty(void)
{
    uint8_t in[4];
    ipc_msg_t nothing = {.num_iov = 0};
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 2, 4));
    EXPECT(pair_send(pair.client, NULL, 0), 0);
    EXPECT(send_msg(pair.client, &nothing), 0);
    EXPECT(pair_send(pair.client, NULL, 0), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_MSG);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(info.len, 0);
    EXPECT(info.num_handles, 0);
    EXPECT(read_msg(pair.server, info.id, 0, &nothing), 0);
    EXPECT(read_msg(pair.server, info.id, 1, &nothing), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 0);
    pair_close(&pair);
}

void messages_pieces(void)
{
    static const char text[] = "gathered and scattered";
    char in[sizeof(text)];
    struct pair pair;
    iovec_t many[40];
    ipc_msg_t message = {.num_iov = 40, .iov = many};
    ipc_msg_info_t info;
    PASSED(pair_open(&pair, 1, 64));
    for (size_t i = 0; i < 40; i++) {
        size_t from = i < sizeof(text) ? i : sizeof(text);
        many[i] =
            (iovec_t){.base = (void *)(uintptr_t)(text + from), .len = from < sizeof(text) ? 1 : 0};
    }
    many[39].base = NULL; /* empty: never looked at */
    EXPECT(send_msg(pair.client, &message), sizeof(text));
    memset(in, 0, sizeof(in));
    for (size_t i = 0; i < 40; i++)
        many[i] = (iovec_t){.base = i < 7 ? in + 3 * i : in + 21,
                            .len = i < 7    ? 3
                                   : i == 7 ? 2
                                            : 0};
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(info.len, sizeof(text));
    EXPECT(read_msg(pair.server, info.id, 0, &message), sizeof(text));
    EXPECT(memcmp(in, text, sizeof(text)), 0);
    /* Fewer bytes than there are, and none. */
    message.num_iov = 2;
    EXPECT(read_msg(pair.server, info.id, 1, &message), 6);
    EXPECT(memcmp(in, text + 1, 6), 0);
    message.num_iov = 0;
    EXPECT(read_msg(pair.server, info.id, 1, &message), 0);
    message.num_iov = UINT32_MAX;
    EXPECT(send_msg(pair.client, &message), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(send_msg(pair.server, &message), ERR_FAULT);
    pair_close(&pair);
}

void messages_several_open(void)
{
    ipc_msg_info_t info[3];
    uint8_t in;
    iovec_t iov = {.base = &in, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    struct pair pair;
    PASSED(pair_open(&pair, 3, 4));
    for (int i = 0; i < 3; i++)
        EXPECT(pair_send(pair.client, "abc" + i, 1), 1);
    for (int i = 0; i < 3; i++)
        EXPECT(get_msg(pair.server, &info[i]), NO_ERROR);
    EXPECT_TRUE(info[0].id != info[1].id && info[1].id != info[2].id && info[0].id != info[2].id);
    EXPECT(pair_events(pair.server), 0); /* MSG shows what is not taken */
    EXPECT(get_msg(pair.server, &info[0]), ERR_NO_MSG);
    EXPECT(pair_send(pair.client, "x", 1), ERR_NOT_ENOUGH_BUFFER); /* a buffer each until put */
    for (int i = 2; i >= 0; i--) {
        EXPECT(read_msg(pair.server, info[i].id, 0, &message), 1);
        EXPECT(in, "abc"[i]);
    }
    EXPECT(put_msg(pair.server, info[1].id), NO_ERROR); /* any order */
    EXPECT(pair_events(pair.client), IPC_HANDLE_POLL_SEND_UNBLOCKED);
    EXPECT(pair_send(pair.client, "d", 1), 1);
    EXPECT(get_msg(pair.server, &info[1]), NO_ERROR);
    EXPECT(read_msg(pair.server, info[1].id, 0, &message), 1);
    EXPECT(in, 'd');
    for (int i = 0; i < 3; i++)
        EXPECT(put_msg(pair.server, info[i].id), NO_ERROR);
    pair_close(&pair);
}

void messages_offsets(void)
{
    char in[8];
    iovec_t iov = {.base = in, .len = sizeof(in)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    EXPECT(pair_send(pair.client, "0123456789", 10), 10);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_msg(pair.server, info.id, 9, &message), 1);
    EXPECT(in[0], '9');
    EXPECT(read_msg(pair.server, info.id, 0, &message), 8);
    EXPECT(read_msg(pair.server, info.id, 0, &message), 8);
    EXPECT(read_msg(pair.server, info.id, 4, &message), 6);
    EXPECT(in[5], '9');
    EXPECT(read_msg(pair.server, info.id, 10, &message), 0);
    EXPECT(read_msg(pair.server, info.id, 11, &message), ERR_INVALID_ARGS);
    EXPECT(read_msg(pair.server, info.id, UINT32_MAX, &message), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    pair_close(&pair);
}

void messages_ids(void)
{
    uint8_t in;
    iovec_t iov = {.base = &in, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 2, 4));
    EXPECT(put_msg(pair.server, 0), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, UINT32_MAX), ERR_INVALID_ARGS);
    EXPECT(pair_send(pair.client, "a", 1), 1);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_msg(pair.client, info.id, 0, &message), ERR_INVALID_ARGS); /* the wrong end */
    EXPECT(put_msg(pair.client, info.id), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, info.id + 1), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(put_msg(pair.server, info.id), ERR_INVALID_ARGS);
    EXPECT(read_msg(pair.server, info.id, 0, &message), ERR_INVALID_ARGS);
    EXPECT(pair_send(pair.client, "b", 1), 1);
    uint32_t old = info.id;
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT_TRUE(info.id != old);
    EXPECT(put_msg(pair.server, old), ERR_INVALID_ARGS);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR); /* unread */
    pair_close(&pair);
}

void messages_before_accept(void)
{
    ipc_msg_info_t info;
    long port = port_create(PORT, 1, 4, IPC_PORT_ALLOW_TA_CONNECT);
    long client = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT(pair_send(client, "x", 1), ERR_NOT_READY);
    EXPECT(get_msg(client, &info), ERR_NOT_READY);
    EXPECT(close(client), NO_ERROR);
    EXPECT(close(port), NO_ERROR);
}

void messages_after_close(void)
{
    uint8_t in[4];
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 2, 4));
    EXPECT(pair_send(pair.client, "one", 3), 3);
    EXPECT(pair_send(pair.client, "two", 3), 3);
    EXPECT(close(pair.client), NO_ERROR);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 3);
    EXPECT(memcmp(in, "one", 3), 0);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_HUP);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(pair_send(pair.server, "x", 1), ERR_CHANNEL_CLOSED);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), ERR_CHANNEL_CLOSED);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_HUP);
    EXPECT(close(pair.server), NO_ERROR);
    EXPECT(close(pair.port), NO_ERROR);
}

void messages_both_close(void)
{
    for (int i = 0; i < 100; i++) {
        struct pair pair;
        PASSED(pair_open(&pair, 1, 4));
        EXPECT(pair_send(pair.client, "x", 1), 1);
        EXPECT(pair_send(pair.server, "x", 1), 1);
        EXPECT(close(i % 2 == 0 ? pair.client : pair.server), NO_ERROR);
        EXPECT(close(i % 2 == 0 ? pair.server : pair.client), NO_ERROR);
        EXPECT(close(pair.port), NO_ERROR);
    }
}

void messages_full_both_ways(void)
{
    uint8_t in[4];
    struct pair pair;
    PASSED(pair_open(&pair, 3, 4));
    for (int i = 0; i < 3; i++) {
        EXPECT(pair_send(pair.client, "c", 1), 1);
        EXPECT(pair_send(pair.server, "s", 1), 1);
    }
    EXPECT(pair_send(pair.client, "c", 1), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(pair_send(pair.server, "s", 1), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(pair_events(pair.client), IPC_HANDLE_POLL_MSG);
    EXPECT(pair_receive(pair.client, in, sizeof(in)), 1);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_MSG | IPC_HANDLE_POLL_SEND_UNBLOCKED);
    EXPECT(pair_events(pair.server), IPC_HANDLE_POLL_MSG);
    EXPECT(pair_send(pair.server, "s", 1), 1);
    EXPECT(pair_send(pair.client, "c", 1), ERR_NOT_ENOUGH_BUFFER);
    pair_close(&pair);
}

void messages_unblocked_once(void)
{
    ipc_msg_info_t info;
    uint8_t in[4];
    struct pair pair;
    PASSED(pair_open(&pair, 2, 4));
    EXPECT(pair_send(pair.client, "a", 1), 1);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 1);
    EXPECT(pair_events(pair.client), 0); /* nothing was refused */
    EXPECT(pair_send(pair.client, "b", 1), 1);
    EXPECT(pair_send(pair.client, "c", 1), 1);
    EXPECT(pair_send(pair.client, "d", 1), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(pair_send(pair.client, "d", 1), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(pair_events(pair.client), 0); /* taken is not yet put */
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(pair_receive(pair.server, in, sizeof(in)), 1);
    EXPECT(pair_events(pair.client), IPC_HANDLE_POLL_SEND_UNBLOCKED); /* one for both */
    EXPECT(pair_events(pair.client), 0);
    pair_close(&pair);
}

void messages_close_half_read(void)
{
    uint8_t in;
    iovec_t iov = {.base = &in, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    struct pair pair;
    for (int i = 0; i < 50; i++) {
        PASSED(pair_open(&pair, 2, 4));
        EXPECT(pair_send(pair.client, "two", 3), 3);
        EXPECT(pair_send(pair.client, "two", 3), 3);
        EXPECT(get_msg(pair.server, &info), NO_ERROR);
        EXPECT(read_msg(pair.server, info.id, 0, &message), 1);
        EXPECT(close(pair.server), NO_ERROR);
        EXPECT(put_msg(pair.server, info.id), ERR_NOT_FOUND);
        EXPECT(pair_events(pair.client), IPC_HANDLE_POLL_HUP);
        EXPECT(close(pair.client), NO_ERROR);
        EXPECT(close(pair.port), NO_ERROR);
    }
}
