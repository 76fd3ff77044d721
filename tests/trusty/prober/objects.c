#include "prober.h"
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

static long send_handles(handle_t chan, handle_t *handles, unsigned count)
{
    ipc_msg_t message = {.num_handles = count, .handles = handles};
    return send_msg(chan, &message);
}

static long read_handles(handle_t chan, uint32_t id, handle_t *handles, unsigned count)
{
    ipc_msg_t message = {.num_handles = count, .handles = handles};
    return read_msg(chan, id, 0, &message);
}

/* A channel sent over another one works at its new place. */
void objects_channel_travels(void)
{
    char in[4];
    uuid_t peer;
    ipc_msg_info_t info;
    handle_t received = INVALID_IPC_HANDLE;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    EXPECT_TRUE(inner >= 0 && far >= 0);
    EXPECT(send_handles(pair.client, &inner, 1), 0);
    EXPECT(close(inner), NO_ERROR);
    EXPECT(pair_events(far), 0); /* the message keeps it open */
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(info.num_handles, 1);
    EXPECT(read_handles(pair.server, info.id, &received, 1), 0);
    EXPECT_TRUE(received >= 1000);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(pair_send(received, "x", 1), 1);
    EXPECT(pair_receive(far, in, sizeof(in)), 1);
    EXPECT(close(received), NO_ERROR);
    EXPECT(pair_events(far), IPC_HANDLE_POLL_HUP);
    EXPECT(close(far), NO_ERROR);
    pair_close(&pair);
}

void objects_each_read_makes_new(void)
{
    uuid_t peer;
    ipc_msg_info_t info;
    handle_t first[2];
    handle_t second[2];
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    EXPECT(send_handles(pair.client, &inner, 1), 0);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_handles(pair.server, info.id, NULL, 0), 0); /* asks for none */
    EXPECT(read_handles(pair.server, info.id, first, 2), 0);
    EXPECT(read_handles(pair.server, info.id, second, 1), 0);
    EXPECT(first[1], INVALID_IPC_HANDLE);
    EXPECT_TRUE(first[0] != second[0] && first[0] >= 1000 && second[0] >= 1000);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(close(first[0]), NO_ERROR);
    EXPECT(close(inner), NO_ERROR);
    EXPECT(pair_events(far), 0);
    EXPECT(close(second[0]), NO_ERROR);
    EXPECT(pair_events(far), IPC_HANDLE_POLL_HUP);
    EXPECT(close(far), NO_ERROR);
    pair_close(&pair);
}

void objects_refused(void)
{
    struct pair pair;
    ipc_msg_info_t info;
    PASSED(pair_open(&pair, 1, 4));
    handle_t set = handle_set_create();
    handle_t bad = 1063;
    handle_t worse = 5;
    EXPECT(send_handles(pair.client, &set, 1), ERR_NOT_ALLOWED);
    EXPECT(send_handles(pair.client, &bad, 1), ERR_NOT_FOUND);
    EXPECT(send_handles(pair.client, &worse, 1), ERR_BAD_HANDLE);
    EXPECT(get_msg(pair.server, &info), ERR_NO_MSG); /* nothing was half sent */
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(close(set), NO_ERROR);
    pair_close(&pair);
}

void objects_too_many(void)
{
    handle_t handles[9];
    handle_t out[9];
    ipc_msg_info_t info;
    uuid_t peer;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    for (size_t i = 0; i < 9; i++)
        handles[i] = inner;
    EXPECT(send_handles(pair.client, handles, 9), ERR_TOO_BIG);
    EXPECT(send_handles(pair.client, handles, UINT32_MAX), ERR_TOO_BIG);
    EXPECT(send_handles(pair.client, handles, 8), 0);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(info.num_handles, 8);
    EXPECT(read_handles(pair.server, info.id, out, 9), ERR_TOO_BIG);
    EXPECT(read_handles(pair.server, info.id, out, 8), 0);
    for (size_t i = 0; i < 8; i++)
        EXPECT(close(out[i]), NO_ERROR);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(close(inner), NO_ERROR);
    EXPECT(pair_events(far), IPC_HANDLE_POLL_HUP);
    EXPECT(close(far), NO_ERROR);
    pair_close(&pair);
}

void objects_table_full(void)
{
    handle_t filler[64];
    size_t count = 0;
    handle_t out[2];
    ipc_msg_info_t info;
    uuid_t peer;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    handle_t two[2] = {inner, inner};
    EXPECT(send_handles(pair.client, two, 2), 0);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    for (;;) {
        long handle = handle_set_create();
        if (handle < 0)
            break;
        filler[count++] = handle;
    }
    EXPECT(read_handles(pair.server, info.id, out, 2), ERR_NO_RESOURCES);
    close(filler[--count]);
    EXPECT(read_handles(pair.server, info.id, out, 2), ERR_NO_RESOURCES); /* all or none */
    EXPECT(handle_set_create(), filler[count]);
    close(filler[count]);
    close(filler[--count]);
    EXPECT(read_handles(pair.server, info.id, out, 2), 0);
    close(out[0]);
    close(out[1]);
    while (count > 0)
        close(filler[--count]);
    close(inner);
    close(far);
    pair_close(&pair);
}

void objects_memref(void)
{
    ipc_msg_info_t info;
    handle_t received;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    uint8_t *own = aligned_alloc(PAGE, 2 * PAGE);
    EXPECT_TRUE(own != NULL);
    memset(own, 0x5a, 2 * PAGE);
    own[PAGE] = 7;
    handle_t memref = memref_create(own, 2 * PAGE, PROT_READ | PROT_WRITE);
    EXPECT_TRUE(memref >= 0);
    EXPECT(own[0], 0x5a); /* it keeps what it holds */
    EXPECT(own[PAGE], 7);
    EXPECT(send_handles(pair.client, &memref, 1), 0);
    EXPECT(close(memref), NO_ERROR);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_handles(pair.server, info.id, &received, 1), 0);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    uint8_t *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, received, 0);
    EXPECT_TRUE(shared != MAP_FAILED && shared != own);
    EXPECT(shared[PAGE], 7);
    shared[1] = 99;
    EXPECT(own[1], 99);
    own[2] = 98;
    EXPECT(shared[2], 98);
    EXPECT(close(received), NO_ERROR);
    EXPECT(shared[2], 98); /* mapped memory stays */
    EXPECT(munmap(shared, 2 * PAGE), 0);
    EXPECT(own[2], 98);
    pair_close(&pair);
}

void objects_memref_errors(void)
{
    static uint8_t own[2 * PAGE] __attribute__((aligned(PAGE)));
    struct pair pair;
    uevent_t event;
    EXPECT(memref_create(own, 0, PROT_READ), ERR_INVALID_ARGS);
    EXPECT(memref_create(own, 100, PROT_READ), ERR_INVALID_ARGS);
    EXPECT(memref_create(own + 1, PAGE, PROT_READ), ERR_INVALID_ARGS);
    EXPECT(memref_create(own, PAGE, 0), ERR_INVALID_ARGS);
    EXPECT(memref_create(own, PAGE, PROT_WRITE), ERR_INVALID_ARGS);
    EXPECT(memref_create(own, PAGE, PROT_READ | PROT_EXEC), ERR_INVALID_ARGS);
    EXPECT(memref_create(NULL, PAGE, PROT_READ), ERR_FAULT);
    EXPECT_TRUE(memref_create(own, (size_t)1 << 50, PROT_READ) < 0);
    PASSED(pair_open(&pair, 1, 4));
    EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, pair.client, 0) == MAP_FAILED);
    EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 1063, 0) == MAP_FAILED);
    EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 5000, 0) == MAP_FAILED);
    handle_t memref = memref_create(own, PAGE, PROT_READ | PROT_WRITE);
    EXPECT_TRUE(memref >= 0);
    EXPECT_TRUE(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, memref, 0) == MAP_FAILED);
    EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, memref, PAGE) == MAP_FAILED);
    EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, memref, 0) == MAP_FAILED);
    EXPECT(pair_send(memref, "x", 1), ERR_INVALID_ARGS);
    EXPECT(wait(memref, &event, 0), ERR_INVALID_ARGS);
    EXPECT(close(memref), NO_ERROR);
    pair_close(&pair);
}

/* A message that nobody reads holds its objects, and lets go of them with its channel. */
void objects_stay_in_messages(void)
{
    uuid_t peer;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    EXPECT(send_handles(pair.client, &inner, 1), 0);
    EXPECT(close(inner), NO_ERROR);
    EXPECT(close(pair.client), NO_ERROR);
    EXPECT(pair_events(far), 0);
    EXPECT(close(pair.server), NO_ERROR);
    EXPECT(pair_events(far), IPC_HANDLE_POLL_HUP);
    EXPECT(close(far), NO_ERROR);
    EXPECT(close(pair.port), NO_ERROR);
    /* A channel cannot be sent into itself. */
    PASSED(pair_open(&pair, 1, 4));
    EXPECT(send_handles(pair.client, &pair.server, 1), ERR_NOT_ALLOWED);
    pair_close(&pair);
}
