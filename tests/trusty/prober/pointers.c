#include "prober.h"
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

/* Every call that takes a pointer, with this one. */
static void every_pointer(void *bad)
{
    iovec_t iov = {.base = bad, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    EXPECT(wait(pair.client, bad, 0), ERR_FAULT);
    EXPECT(wait_any(bad, 0), ERR_FAULT);
    EXPECT(handle_set_ctrl(pair.client, HSET_ADD, bad), ERR_FAULT);
    EXPECT(port_create(bad, 1, 1, 0), ERR_FAULT);
    EXPECT(connect(bad, 0), ERR_FAULT);
    EXPECT(accept(pair.port, bad), ERR_FAULT);
    EXPECT(send_msg(pair.client, bad), ERR_FAULT);
    EXPECT(send_msg(pair.client, &message), ERR_FAULT);
    message.iov = bad;
    EXPECT(send_msg(pair.client, &message), ERR_FAULT);
    message = (ipc_msg_t){.num_handles = 1, .handles = bad};
    EXPECT(send_msg(pair.client, &message), ERR_FAULT);
    /* Nothing was half sent. */
    EXPECT(get_msg(pair.server, &info), ERR_NO_MSG);
    EXPECT(pair_send(pair.client, "message", 7), 7);
    EXPECT(get_msg(pair.server, bad), ERR_FAULT);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_msg(pair.server, info.id, 0, bad), ERR_FAULT);
    message = (ipc_msg_t){.num_iov = 1, .iov = &iov};
    EXPECT(read_msg(pair.server, info.id, 0, &message), ERR_FAULT);
    message.iov = bad;
    EXPECT(read_msg(pair.server, info.id, 0, &message), ERR_FAULT);
    message = (ipc_msg_t){.num_handles = 1, .handles = bad};
    EXPECT(read_msg(pair.server, info.id, 0, &message), ERR_FAULT);
    EXPECT(put_msg(pair.server, info.id), NO_ERROR);
    EXPECT(gettime(0, 0, bad), ERR_FAULT);
    EXPECT(trusty_gettime(0, bad), ERR_FAULT);
    EXPECT(memref_create((void *)((uintptr_t)bad & ~(uintptr_t)(PAGE - 1)), PAGE, PROT_READ),
           ERR_FAULT);
    pair_close(&pair);
}

void pointers_null(void)
{
    every_pointer(NULL);
}

void pointers_unmapped(void)
{
    static const uintptr_t addresses[] = {0x10,           0x200000000000,     0x7ffffffff000,
                                          0x800000000000, 0x8000000000000000, UINTPTR_MAX - 15,
                                          UINTPTR_MAX};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        PASSED(every_pointer((void *)addresses[i]));
}

void pointers_read_only(void)
{
    static const struct {
        uint8_t bytes[64];
    } constant = {{1}};
    void *fixed = (void *)(uintptr_t)&constant;
    iovec_t iov = {.base = fixed, .len = 7};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 16));
    EXPECT(wait(pair.client, fixed, 0), ERR_FAULT);
    EXPECT(accept(pair.port, fixed), ERR_FAULT);
    EXPECT(gettime(0, 0, fixed), ERR_FAULT);
    EXPECT(send_msg(pair.client, &message), 7); /* reading is fine */
    EXPECT(get_msg(pair.server, fixed), ERR_FAULT);
    EXPECT(get_msg(pair.server, &info), NO_ERROR);
    EXPECT(read_msg(pair.server, info.id, 0, &message), ERR_FAULT);
    EXPECT(constant.bytes[0], 1);
    pair_close(&pair);
}

static uint8_t *pointers_map(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A page behind which nobody may touch: two pages, the second of them unmapped. In TrustZone mappings go
 * as a whole, but there is always a hole behind one. */
static uint8_t *pointers_edge(void)
{
    uint8_t *pages = pointers_map(2 * PAGE);
    if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) == 0)
        return pages;
    return munmap(pages, 2 * PAGE) == 0 ? pointers_map(PAGE) : MAP_FAILED;
}

void pointers_at_the_edge(void)
{
    char name[] = PORT;
    struct pair pair;
    uint8_t *pages = pointers_edge();
    EXPECT_TRUE(pages != MAP_FAILED);
    char *end = (char *)pages + PAGE;
    PASSED(pair_open(&pair, 4, 64));
    /* A name that ends with the page, and one that goes on. */
    memcpy(end - sizeof(name), name, sizeof(name));
    long second = connect(end - sizeof(name), IPC_CONNECT_ASYNC);
    EXPECT_TRUE(second >= 0);
    EXPECT(close(second), NO_ERROR);
    memcpy(end - sizeof(name) + 1, name, sizeof(name) - 1);
    EXPECT(connect(end - sizeof(name) + 1, IPC_CONNECT_ASYNC), ERR_FAULT);
    EXPECT(pair_send(pair.client, end - 8, 8), 8);
    EXPECT(pair_send(pair.client, end - 8, 9), ERR_FAULT);
    EXPECT(pair_receive(pair.server, end - 8, 8), 8);
    EXPECT(pair_send(pair.client, "123456789", 9), 9);
    EXPECT(pair_receive(pair.server, end - 8, 9), ERR_FAULT);
    uevent_t *event = (uevent_t *)(void *)(end - sizeof(uevent_t));
    EXPECT(wait(pair.client, event, 0), ERR_TIMED_OUT);
    EXPECT(wait(pair.client, (uevent_t *)(void *)(end - 8), 0), ERR_FAULT);
    pair_close(&pair);
    munmap(pages, PAGE);
}

/* The message structure comes before the handle, the handle before the pieces. */
void pointers_order_of_errors(void)
{
    iovec_t iov = {.base = NULL, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_t crowded = {.num_handles = 9};
    struct pair pair;
    EXPECT(send_msg(5, NULL), ERR_FAULT);
    EXPECT(read_msg(5, 0, 0, NULL), ERR_FAULT);
    EXPECT(send_msg(5, &message), ERR_BAD_HANDLE);
    EXPECT(send_msg(1063, &message), ERR_NOT_FOUND);
    EXPECT(read_msg(5, 0, 0, &message), ERR_BAD_HANDLE);
    PASSED(pair_open(&pair, 1, 16));
    EXPECT(send_msg(pair.port, &message), ERR_INVALID_ARGS);
    EXPECT(read_msg(pair.server, 77, 0, &message), ERR_INVALID_ARGS);
    long early = connect(PORT, IPC_CONNECT_ASYNC);
    EXPECT(send_msg(early, &message), ERR_NOT_READY);
    EXPECT(send_msg(early, &crowded), ERR_NOT_READY);
    EXPECT(close(early), NO_ERROR);
    EXPECT(pair_send(pair.client, "x", 1), 1);
    EXPECT(send_msg(pair.client, &message), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(send_msg(pair.client, &crowded), ERR_NOT_ENOUGH_BUFFER);
    EXPECT(send_msg(pair.server, &message), ERR_FAULT);
    message.num_handles = 9;
    EXPECT(send_msg(pair.server, &message), ERR_FAULT);
    EXPECT(send_msg(pair.server, &crowded), ERR_TOO_BIG);
    EXPECT(close(pair.client), NO_ERROR);
    EXPECT(send_msg(pair.server, &message), ERR_CHANNEL_CLOSED);
    EXPECT(close(pair.server), NO_ERROR);
    EXPECT(close(pair.port), NO_ERROR);
}
