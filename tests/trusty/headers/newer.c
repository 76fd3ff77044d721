/*
 * A source of today's generation: signed handles, `iov_base`, handles in messages, handle sets,
 * memory references, the library `tipc`, and a good part of the C library beside it.
 */
#define TLOG_TAG "newer"

#include <assert.h>
#include <lib/tipc/tipc.h>
#include <lib/tipc/tipc_srv.h>
#include <lk/compiler.h>
#include <lk/err_ptr.h>
#include <lk/macros.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <trusty/memref.h>
#include <trusty/time.h>
#include <trusty/uuid.h>
#include <trusty_ipc.h>
#include <trusty_log.h>
#include <uapi/err.h>
#include <uapi/trusty_uuid.h>
#include <unistd.h>

static uint8_t page[4096] __attribute__((aligned(4096)));
static const struct uuid friend = {0x12345678, 0x1234, 0x1234, {0x80, 0, 0, 0, 0, 0, 0, 1}};
static const struct uuid *friends[] = {&friend};

static int on_connect(const struct tipc_port *port, handle_t chan, const struct uuid *peer,
                      void **ctx_p)
{
    char text[UUID_STR_SIZE];
    uuid_to_str(peer, text);
    TLOGI("%s: %s is %d\n", port->name, text, chan);
    *ctx_p = calloc(1, 64);
    return *ctx_p ? NO_ERROR : ERR_NO_MEMORY;
}

static int on_message(const struct tipc_port *port __UNUSED, handle_t chan, void *ctx)
{
    struct {
        uint32_t command;
    } header;
    int rc = tipc_recv_hdr_payload(chan, &header, sizeof(header), ctx, 64);
    if (rc < 0) {
        TLOGE("receive: %d\n", rc);
        return rc;
    }
    TLOGD("command %u\n", header.command);
    return tipc_send2(chan, &header, sizeof(header), ctx, MIN((size_t)rc, (size_t)64));
}

static void on_channel_cleanup(void *ctx)
{
    free(ctx);
}

static struct tipc_port_acl acl = {
    .flags = IPC_PORT_ALLOW_TA_CONNECT,
    .uuids = friends,
    .uuid_num = countof(friends),
};
static struct tipc_port ports[] = {
    {.name = "com.example.newer", .msg_max_size = 128, .msg_queue_len = 1, .acl = &acl},
};
static struct tipc_srv_ops ops = {
    .on_connect = on_connect,
    .on_message = on_message,
    .on_channel_cleanup = on_channel_cleanup,
};

static int share(handle_t chan)
{
    handle_t memref = memref_create(page, sizeof(page), MMAP_FLAG_PROT_READ | MMAP_FLAG_PROT_WRITE);
    if (memref < 0)
        return memref;
    struct iovec iov = {page, 16};
    struct iovec two[] = {{.iov_base = page, .iov_len = 1}, {page + 1, 2}};
    struct ipc_msg msg = {1, &iov, 1, &memref};
    int rc = send_msg(chan, &msg);
    msg.iov = two;
    close(memref);
    handle_t received[IPC_MAX_MSG_HANDLES];
    msg.handles = received;
    struct ipc_msg_info info;
    rc = rc < 0 ? rc : get_msg(chan, &info);
    if (rc < 0 || info.num_handles != 1)
        return rc;
    rc = read_msg(chan, info.id, 0, &msg);
    void *shared = mmap(NULL, sizeof(page), PROT_READ, 0, received[0], 0);
    if (shared == MAP_FAILED)
        return ERR_BAD_STATE;
    munmap(shared, sizeof(page));
    put_msg(chan, info.id);
    return rc;
}

int newer_main(void)
{
    int64_t now;
    handle_t chan = INVALID_IPC_HANDLE;
    struct uevent event = {.handle = INVALID_IPC_HANDLE};
    struct tipc_hset *hset = tipc_hset_create();
    if (IS_ERR(hset))
        return PTR_ERR(hset);
    trusty_gettime(0, &now);
    trusty_nanosleep(0, 0, 1000 * 1000);
    int rc = tipc_connect(&chan, "com.example.other");
    if (chan < 0 || rc < 0)
        return rc;
    handle_t set = handle_set_create();
    event = (struct uevent){.handle = chan, .event = ~0U, .cookie = &event};
    rc = handle_set_ctrl(set, HSET_ADD, &event);
    if (rc == 0)
        rc = wait_any(&event, INFINITE_TIME);
    if (rc == 0 && event.handle == chan)
        rc = share(chan);
    char word[] = "word\n";
    struct iovec iov = {.iov_base = word, .iov_len = sizeof(word) - 1};
    writev(1, &iov, 1);
    write(STDERR_FILENO, word, 4);
    rc = rc < 0 ? rc : tipc_add_service(hset, ports, countof(ports), 8, &ops);
    return rc < 0 ? rc : tipc_run_event_loop(hset);
}
