/*
 * An app that dies in the way that a message names. It serves any number of connections; every other
 * message is answered by "ok".
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

static bool deaf;
static int64_t born; /* nanoseconds */

static volatile int *volatile nowhere;
static volatile int zero;

/* Without end: that is its purpose. */
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static int fill_stack(int depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    return fill_stack(depth + 1) + frame[0];
}

static void say(handle_t chan, const char *text)
{
    iovec_t iov = {.base = (void *)(uintptr_t)text, .len = strlen(text)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    send_msg((uint32_t)chan, &message);
}

/* Adds one to the first byte of the memory that came along. */
static void share(handle_t chan, handle_t memory)
{
    uint8_t *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (bytes == MAP_FAILED) {
        say(chan, "not mapped");
        return;
    }
    bytes[0]++;
    munmap(bytes, 4096);
    close((uint32_t)memory);
    say(chan, "shared");
}

/* Takes the next message too, reads half of it, and dies with all that. */
static void die_holding(handle_t chan)
{
    char half[2];
    handle_t received;
    ipc_msg_info_t info;
    iovec_t iov = {.base = half, .len = sizeof(half)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov, .num_handles = 1, .handles = &received};
    while (get_msg((uint32_t)chan, &info) == ERR_NO_MSG) {
    }
    read_msg((uint32_t)chan, info.id, 0, &message);
    say(chan, "first");
    say(chan, "second");
    abort();
}

/* Keeps the processor, and nobody's patience: until its client is gone, but a minute at the most. */
static void spin(handle_t chan)
{
    int64_t start;
    int64_t now;
    uevent_t event;
    gettime(0, 0, &start);
    do {
        for (volatile int i = 0; i < 1000000; i++) {
        }
        gettime(0, 0, &now);
    } while (now - start < 60000000000 && (wait((uint32_t)chan, &event, 0) != NO_ERROR ||
                                           (event.event & IPC_HANDLE_POLL_HUP) == 0));
}

static void obey(handle_t chan, const char *word)
{
    if (strcmp(word, "abort") == 0)
        abort();
    if (strcmp(word, "leave") == 0)
        exit(0);
    if (strcmp(word, "age") == 0) {
        char text[24];
        int64_t now;
        gettime(0, 0, &now);
        snprintf(text, sizeof(text), "%lld", (long long)(now - born) / 1000000);
        say(chan, text);
        return;
    }
    if (strcmp(word, "exit") == 0)
        exit(3);
    if (strcmp(word, "null") == 0)
        *nowhere = 1;
    if (strcmp(word, "stack") == 0)
        exit(fill_stack(0));
    if (strcmp(word, "divide") == 0)
        exit(1 / zero);
    if (strcmp(word, "jump") == 0)
        ((void (*)(void))(uintptr_t)nowhere)();
    if (strcmp(word, "hang") == 0)
        trusty_nanosleep(0, 0, 3600000000000U);
    if (strcmp(word, "deaf") == 0)
        deaf = true;
    if (strcmp(word, "spin") == 0)
        spin(chan);
    say(chan, "ok");
}

static void serve(handle_t chan)
{
    char word[16];
    ipc_msg_info_t info;
    iovec_t iov = {.base = word, .len = sizeof(word) - 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    if (get_msg((uint32_t)chan, &info) != NO_ERROR)
        return;
    long length = read_msg((uint32_t)chan, info.id, 0, &message);
    word[length > 0 ? length : 0] = '\0';
    handle_t received = INVALID_IPC_HANDLE;
    message.num_handles = 1;
    message.handles = &received;
    if (info.num_handles > 0)
        read_msg((uint32_t)chan, info.id, 0, &message);
    if (strcmp(word, "hold") == 0)
        die_holding(chan);
    put_msg((uint32_t)chan, info.id);
    if (strcmp(word, "share") == 0) {
        share(chan, received);
        return;
    }
    obey(chan, word);
}

int main(void)
{
    uevent_t event;
    uuid_t peer;
    gettime(0, 0, &born);
    long hidden = port_create("com.postern.test.hidden", 1, 16, IPC_PORT_ALLOW_NS_CONNECT);
    long port = port_create("com.postern.test.victim", 4, 16,
                            IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT);
    long set = handle_set_create();
    uevent_t entry = {.handle = (handle_t)port, .event = ~0U};
    if (port < 0 || hidden < 0 || set < 0 || handle_set_ctrl((uint32_t)set, HSET_ADD, &entry) < 0)
        return 1;
    while (wait((uint32_t)set, &event, INFINITE_TIME) == NO_ERROR) {
        if (event.handle == port && !deaf) {
            long chan = accept((uint32_t)port, &peer);
            entry.handle = (handle_t)chan;
            if (chan >= 0)
                handle_set_ctrl((uint32_t)set, HSET_ADD, &entry);
        } else if (event.handle != port && (event.event & IPC_HANDLE_POLL_MSG) != 0) {
            serve(event.handle);
        } else if ((event.event & IPC_HANDLE_POLL_HUP) != 0) {
            close((uint32_t)event.handle);
        }
        if (deaf) {
            entry.handle = (handle_t)port;
            entry.event = 0;
            handle_set_ctrl((uint32_t)set, HSET_MOD, &entry);
        }
    }
    return 1;
}
