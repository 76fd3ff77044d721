/*
 * What apps may ask, with Trusty's meanings: each call with every wrong handle and at every limit.
 * The app under test is a function (port/test/fiber.h) that connects to its own ports.
 */
#include <abi/error.h>
#include <abi/syscall.h>
#include <lib/uuid.h>
#include <port/test/fiber.h>
#include <port/test/test_package.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <setjmp.h>

static const uint8_t app_uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t peer_uuid[16] = {2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static uint8_t *packages[2];
static bool finished; /* the app's function came to its end */

#define FOREVER SYS_TIMEOUT_INFINITE

static int64_t create_port(struct fiber *fiber, const char *path, uint64_t buffers, uint64_t size,
                           uint64_t flags)
{
    uint64_t length = fiber_out(fiber, path, strlen(path));
    return fiber_call(fiber, SYS_PORT_CREATE, length, buffers, size, flags);
}

static int64_t connect_to(struct fiber *fiber, const char *path, uint64_t flags, uint64_t timeout)
{
    uint64_t length = fiber_out(fiber, path, strlen(path));
    return fiber_call(fiber, SYS_CONNECT, length, flags, timeout);
}

static int64_t send_text(struct fiber *fiber, int64_t handle, const char *text)
{
    uint64_t length = fiber_out(fiber, text, strlen(text));
    return fiber_call(fiber, SYS_SEND, (uint64_t)handle, length, 0);
}

/* A connected pair. */
static void make_pair(struct fiber *fiber, int64_t port, const char *path, int64_t *client,
                      int64_t *server)
{
    *client = connect_to(fiber, path, SYS_CONNECT_ASYNC, FOREVER);
    assert_true(*client >= 1000);
    *server = fiber_call(fiber, SYS_ACCEPT, (uint64_t)port);
    assert_true(*server >= 1000);
}

static void run_app(void (*body)(struct fiber *fiber))
{
    struct fiber_app app = {.body = body};
    struct gp_client *client = NULL;
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    static struct fiber_app peer;
    test_port_start(trust, trust_size);
    for (int i = 0; i < 2; i++) {
        struct test_package package = {
            .manifest = "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\n"};
        size_t size = 0;
        memcpy(package.uuid, i == 0 ? app_uuid : peer_uuid, 16);
        free(packages[i]);
        packages[i] = test_package_make(&package, key, &size);
        test_port_set_package(package.uuid, packages[i], size);
    }
    peer = app;
    test_port_set_app(app_uuid, fiber_play, &app);
    test_port_set_app(peer_uuid, fiber_play, &peer);
    finished = false;
    assert_int_equal(gp_client_create(&client), E_OK);
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg.params[0].u.octets, app_uuid, 16);
    gp_call(client, &arg);
    /* The open is answered (refused) as soon as the app waits; the app goes on by itself. */
    for (int i = 0; i < 100 && !finished; i++) {
        kernel_background();
        test_port_advance(100000000);
    }
    assert_true(finished);
    gp_client_destroy(client);
    (void)test_port_finish();
    fiber_free_all();
}

/* --- Handles. --- */

static void wrong_handles_body(struct fiber *fiber)
{
    static const uint64_t calls[] = {SYS_CLOSE,  SYS_SET_COOKIE, SYS_ACCEPT, SYS_WAIT,
                                     SYS_SEND,   SYS_GET,        SYS_READ,   SYS_PUT,
                                     SYS_CANCEL, SYS_HSET_CTRL,  SYS_MEM_MAP};
    static const uint64_t outside[] = {0, 1, 3, 999, 1064, 1065, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        for (size_t j = 0; j < sizeof(outside) / sizeof(*outside); j++)
            assert_int_equal(fiber_call(fiber, calls[i], outside[j]), SYS_ERR_BAD_HANDLE);
        assert_int_equal(fiber_call(fiber, calls[i], 1063), SYS_ERR_NOT_FOUND);
    }
    int64_t port = create_port(fiber, "a.port", 1, 64, SYS_PORT_ALLOW_TA);
    int64_t set = fiber_call(fiber, SYS_HSET_CREATE, 0);
    int64_t mem = fiber_call(fiber, SYS_MEM_CREATE, 4096);
    int64_t client = 0;
    int64_t server = 0;
    make_pair(fiber, port, "a.port", &client, &server);
    const int64_t kinds[] = {port, set, mem, client};
    for (size_t i = 0; i < 4; i++) {
        uint64_t handle = (uint64_t)kinds[i];
        if (kinds[i] != port)
            assert_int_equal(fiber_call(fiber, SYS_ACCEPT, handle), SYS_ERR_INVALID_ARGS);
        if (kinds[i] != client) {
            assert_int_equal(fiber_call(fiber, SYS_SEND, handle), SYS_ERR_INVALID_ARGS);
            assert_int_equal(fiber_call(fiber, SYS_GET, handle), SYS_ERR_INVALID_ARGS);
            assert_int_equal(fiber_call(fiber, SYS_READ, handle), SYS_ERR_INVALID_ARGS);
            assert_int_equal(fiber_call(fiber, SYS_PUT, handle), SYS_ERR_INVALID_ARGS);
            assert_int_equal(fiber_call(fiber, SYS_CANCEL, handle), SYS_ERR_INVALID_ARGS);
        }
        if (kinds[i] != set)
            assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, handle), SYS_ERR_INVALID_ARGS);
        if (kinds[i] != mem)
            assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, handle, 0, 4096, 1, 0),
                             SYS_ERR_INVALID_ARGS);
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, handle), 0);
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, handle), SYS_ERR_NOT_FOUND);
    }
    assert_int_equal(fiber_call(fiber, 7), SYS_ERR_CMD_UNKNOWN);
    assert_int_equal(fiber_call(fiber, UINT64_MAX), SYS_ERR_CMD_UNKNOWN);
    finished = true;
}

static void table_fills_body(struct fiber *fiber)
{
    for (int64_t i = 0; i < SYS_HANDLES_MAX; i++)
        assert_int_equal(fiber_call(fiber, SYS_HSET_CREATE, 0), 1000 + i);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CREATE, 0), SYS_ERR_NO_RESOURCES);
    assert_int_equal(create_port(fiber, "p", 1, 1, 0), SYS_ERR_NO_RESOURCES);
    assert_int_equal(connect_to(fiber, "p", 0, FOREVER), SYS_ERR_NO_RESOURCES);
    assert_int_equal(fiber_call(fiber, SYS_MEM_CREATE, 4096), SYS_ERR_NO_RESOURCES);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1007), 0);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CREATE, 0), 1007);
    /* No place for who is accepted: the client never was connected. */
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1007), 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1009), 0);
    assert_int_equal(create_port(fiber, "p", 1, 1, SYS_PORT_ALLOW_TA), 1007);
    assert_int_equal(connect_to(fiber, "p", SYS_CONNECT_ASYNC, FOREVER), 1009);
    assert_int_equal(fiber_call(fiber, SYS_ACCEPT, 1007), SYS_ERR_NO_RESOURCES);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, 1009, 0), 0);
    assert_int_equal(fiber_page(fiber)->event.event, SYS_EVENT_HUP);
    assert_int_equal(fiber_call(fiber, SYS_ACCEPT, 1007), SYS_ERR_NO_MSG);
    finished = true;
}

static void ports_body(struct fiber *fiber)
{
    char path[80];
    memset(path, 'x', sizeof(path));
    path[63] = '\0';
    assert_int_equal(create_port(fiber, path, 1, 1, 0), 1000);
    path[63] = 'x';
    path[64] = '\0';
    assert_int_equal(create_port(fiber, path, 1, 1, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "", 1, 1, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 0, 1, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 33, 1, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 1, 0, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 1, 4097, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 1, 1, 4), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", UINT64_MAX, 1, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(create_port(fiber, "n", 32, 4096, 0), 1001);
    assert_int_equal(create_port(fiber, "n", 1, 1, 0), SYS_ERR_ALREADY_EXISTS);
    assert_int_equal(connect_to(fiber, "n", 0, FOREVER), SYS_ERR_ACCESS_DENIED);
    assert_int_equal(connect_to(fiber, "n", SYS_CONNECT_ASYNC, FOREVER), SYS_ERR_ACCESS_DENIED);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001), 0);
    assert_int_equal(create_port(fiber, "n", 1, 1, SYS_PORT_ALLOW_TA), 1001);
    assert_int_equal(connect_to(fiber, "n", 4, FOREVER), SYS_ERR_INVALID_ARGS);
    assert_int_equal(connect_to(fiber, "missing", 0, FOREVER), SYS_ERR_NOT_FOUND);
    assert_int_equal(connect_to(fiber, "missing", SYS_CONNECT_WAIT_FOR_PORT, 1000000),
                     SYS_ERR_TIMED_OUT);
    assert_int_equal(connect_to(fiber, "n", 0, 1000000), SYS_ERR_TIMED_OUT);
    /* The timed-out client has gone: accepting finds so, once. */
    assert_int_equal(fiber_call(fiber, SYS_ACCEPT, 1001), SYS_ERR_CHANNEL_CLOSED);
    assert_int_equal(fiber_call(fiber, SYS_ACCEPT, 1001), SYS_ERR_NO_MSG);
    /* Another app's own port is not to be had, nor is one's own twice. */
    char uuid[UUID_TEXT_LENGTH + 1];
    uuid_format(peer_uuid, uuid);
    assert_int_equal(create_port(fiber, uuid, 1, 64, 0), SYS_ERR_ACCESS_DENIED);
    uuid_format(app_uuid, uuid);
    assert_int_equal(create_port(fiber, uuid, 1, 64, 0), 1002);
    assert_int_equal(create_port(fiber, uuid, 1, 64, 0), SYS_ERR_ALREADY_EXISTS);
    /* A port that is closed with a connection pending hangs up. */
    int64_t client = connect_to(fiber, "n", SYS_CONNECT_ASYNC, FOREVER);
    assert_int_equal(send_text(fiber, client, "x"), SYS_ERR_NOT_READY);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)client, 0), 0);
    assert_int_equal(fiber_page(fiber)->event.event, SYS_EVENT_HUP);
    finished = true;
}

static void messages_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    int64_t port = create_port(fiber, "m", 2, 8, SYS_PORT_ALLOW_TA);
    int64_t client = 0;
    int64_t server = 0;
    make_pair(fiber, port, "m", &client, &server);
    uint64_t c = (uint64_t)client;
    uint64_t s = (uint64_t)server;
    /* READY comes once. */
    assert_int_equal(fiber_call(fiber, SYS_WAIT, c, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_READY);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, c, 0), SYS_ERR_TIMED_OUT);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), SYS_ERR_NO_MSG);
    assert_int_equal(send_text(fiber, client, "hello"), 5);
    assert_int_equal(send_text(fiber, client, "longer than eight"), 8);
    assert_int_equal(send_text(fiber, client, "x"), SYS_ERR_NOT_ENOUGH_BUFFER);
    assert_int_equal(send_text(fiber, server, ""), 0);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), 0);
    assert_int_equal(page->msg.length, 5);
    uint64_t first = page->msg.id;
    assert_int_equal(fiber_call(fiber, SYS_GET, s), 0);
    assert_int_equal(page->msg.length, 8);
    uint64_t second = page->msg.id;
    assert_int_not_equal(first, second);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), SYS_ERR_NO_MSG);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, first, 1, 3, 0), 3);
    assert_memory_equal(page->in, "ell", 3);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, second, 0, 100, 0), 8);
    assert_memory_equal(page->in, "longer t", 8);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, first, 5, 9, 0), 0);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, first, 6, 9, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, first, UINT64_MAX, 9, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, 99, 0, 9, 0), SYS_ERR_INVALID_ARGS);
    /* A message holds its buffer until it is put. */
    assert_int_equal(send_text(fiber, client, "x"), SYS_ERR_NOT_ENOUGH_BUFFER);
    assert_int_equal(fiber_call(fiber, SYS_PUT, s, first), 0);
    assert_int_equal(fiber_call(fiber, SYS_PUT, s, first), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, c, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_SEND_UNBLOCKED | SYS_EVENT_MSG);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, c, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_MSG);
    assert_int_equal(send_text(fiber, client, "last"), 4);
    /* No send was refused since: there is nothing to tell. */
    assert_int_equal(fiber_call(fiber, SYS_PUT, s, second), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, c, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_MSG);
    /* What was queued outlives the sender. */
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, c), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, s, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP | SYS_EVENT_MSG);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), 0);
    assert_int_equal(fiber_call(fiber, SYS_READ, s, page->msg.id, 0, 9, 0), 4);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), SYS_ERR_CHANNEL_CLOSED);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, s, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP);
    assert_int_equal(send_text(fiber, server, "x"), SYS_ERR_CHANNEL_CLOSED);
    finished = true;
}

static void handles_travel_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    int64_t port = create_port(fiber, "h", 4, 64, SYS_PORT_ALLOW_TA);
    int64_t client = 0;
    int64_t server = 0;
    int64_t carried = 0;
    int64_t other = 0;
    make_pair(fiber, port, "h", &client, &server);
    make_pair(fiber, port, "h", &carried, &other);
    uint64_t c = (uint64_t)client;
    uint64_t s = (uint64_t)server;
    int64_t mem = fiber_call(fiber, SYS_MEM_CREATE, 4096);
    page->objects[0] = (uint32_t)carried;
    page->objects[1] = (uint32_t)mem;
    assert_int_equal(fiber_call(fiber, SYS_SEND, c, 0, 9), SYS_ERR_TOO_BIG);
    assert_int_equal(fiber_call(fiber, SYS_SEND, c, 0, 2), 0);
    /* The object stays open while the message holds it. */
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)carried), 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)mem), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)other, 0), SYS_ERR_TIMED_OUT);
    assert_int_equal(fiber_call(fiber, SYS_GET, s), 0);
    assert_int_equal(page->msg.num_objects, 2);
    uint64_t id = page->msg.id;
    assert_int_equal(fiber_call(fiber, SYS_READ, s, id, 0, 0, 2), 0);
    uint64_t again = page->objects[0];
    assert_int_equal(fiber_call(fiber, SYS_READ, s, id, 0, 0, 8), 0);
    assert_int_not_equal(page->objects[0], again);
    assert_int_equal(page->objects[2], SYS_NO_HANDLE);
    uint64_t twice = page->objects[0];
    uint64_t memory = page->objects[1];
    assert_int_equal(send_text(fiber, (int64_t)again, "way"), 3);
    assert_int_equal(fiber_call(fiber, SYS_PUT, s, id), 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, again), 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, twice), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)other, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP | SYS_EVENT_MSG);
    int64_t address = fiber_call(fiber, SYS_MEM_MAP, memory, 0, 4096, 3, 0);
    assert_true(address > 0);
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, memory, 4096, 4096, 3, 0),
                     SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, memory, 0, 100, 3, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_MEM_UNMAP, (uint64_t)address, 4096), 0);
    assert_int_equal(fiber_call(fiber, SYS_MEM_UNMAP, (uint64_t)address, 4096),
                     SYS_ERR_INVALID_ARGS);
    /* Ports and sets do not travel, nor a channel over itself, nor one that carries channels. */
    int64_t set = fiber_call(fiber, SYS_HSET_CREATE, 0);
    const uint64_t refused[] = {(uint64_t)port, (uint64_t)set, s};
    for (size_t i = 0; i < 3; i++) {
        page->objects[0] = (uint32_t)refused[i];
        assert_int_equal(fiber_call(fiber, SYS_SEND, c, 0, 1), SYS_ERR_NOT_ALLOWED);
    }
    make_pair(fiber, port, "h", &carried, &other);
    page->objects[0] = (uint32_t)s;
    assert_int_equal(fiber_call(fiber, SYS_SEND, (uint64_t)carried, 0, 1), 0);
    page->objects[0] = (uint32_t)other;
    assert_int_equal(fiber_call(fiber, SYS_SEND, c, 0, 1), SYS_ERR_NOT_ALLOWED);
    page->objects[0] = 55;
    assert_int_equal(fiber_call(fiber, SYS_SEND, c, 0, 1), SYS_ERR_BAD_HANDLE);
    finished = true;
}

static void sets_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    uint64_t outer = (uint64_t)fiber_call(fiber, SYS_HSET_CREATE, 0);
    uint64_t middle = (uint64_t)fiber_call(fiber, SYS_HSET_CREATE, 0);
    int64_t port = create_port(fiber, "s", 2, 8, SYS_PORT_ALLOW_TA);
    uint64_t p = (uint64_t)port;
    assert_int_equal(fiber_call(fiber, SYS_WAIT, outer, FOREVER), SYS_ERR_NOT_FOUND);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, outer, SYS_HSET_ADD, outer, ~0u, 0),
                     SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, outer, SYS_HSET_ADD, middle, ~0u, 7), 0);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, outer, SYS_HSET_ADD, middle, ~0u, 7),
                     SYS_ERR_ALREADY_EXISTS);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_ADD, outer, ~0u, 7),
                     SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_MOD, p, ~0u, 7),
                     SYS_ERR_NOT_FOUND);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_DEL, p, 0, 0),
                     SYS_ERR_NOT_FOUND);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_ADD, p, ~0u, 42), 0);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, 3, p, ~0u, 42), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, outer, 0), SYS_ERR_TIMED_OUT);
    int64_t client = connect_to(fiber, "s", SYS_CONNECT_ASYNC, FOREVER);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, outer, 0), 0);
    assert_int_equal(page->event.handle, middle);
    assert_int_equal(page->event.cookie, 7);
    assert_int_equal(page->event.event, SYS_EVENT_READY);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, middle, 0), 0);
    assert_int_equal(page->event.handle, p);
    assert_int_equal(page->event.cookie, 42);
    /* A mask of nothing mutes. */
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_MOD, p, 0, 43), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, outer, 0), SYS_ERR_TIMED_OUT);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_MOD, p, ~0u, 43), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, outer, 1000), 0);
    /* Fair: round robin over what is ready. */
    int64_t other = create_port(fiber, "s2", 2, 8, SYS_PORT_ALLOW_TA);
    assert_true(connect_to(fiber, "s2", SYS_CONNECT_ASYNC, FOREVER) >= 1000);
    assert_int_equal(
        fiber_call(fiber, SYS_HSET_CTRL, middle, SYS_HSET_ADD, (uint64_t)other, ~0u, 9), 0);
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fiber_call(fiber, SYS_WAIT, middle, 0), 0);
        assert_int_not_equal(page->event.handle, last);
        last = page->event.handle;
    }
    /* Closing takes a handle out of every set. */
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, p), 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)other), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, middle, FOREVER), SYS_ERR_NOT_FOUND);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)client, FOREVER), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP);
    finished = true;
}

static void waiting_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, FOREVER), SYS_ERR_NOT_FOUND);
    assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), SYS_ERR_NOT_FOUND);
    int64_t port = create_port(fiber, "w", 1, 8, SYS_PORT_ALLOW_TA);
    uint64_t before = port_clock_ns();
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)port, 5000000), SYS_ERR_TIMED_OUT);
    assert_true(port_clock_ns() - before >= 5000000);
    assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, 5000000), SYS_ERR_TIMED_OUT);
    assert_int_equal(fiber_call(fiber, SYS_SLEEP, 7000000), 0);
    assert_true(port_clock_ns() - before >= 17000000);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)port, 0, 4), SYS_ERR_INVALID_ARGS);
    int64_t client = connect_to(fiber, "w", SYS_CONNECT_ASYNC, FOREVER);
    assert_int_equal(fiber_call(fiber, SYS_SET_COOKIE, (uint64_t)port, 0x1234), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, FOREVER), 0);
    assert_int_equal(page->event.handle, port);
    assert_int_equal(page->event.cookie, 0x1234);
    int64_t server = fiber_call(fiber, SYS_ACCEPT, (uint64_t)port);
    assert_memory_equal(page->in, app_uuid, 16);
    assert_int_equal(send_text(fiber, server, "x"), 1);
    assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, FOREVER), 0);
    assert_int_equal(page->event.handle, client);
    assert_int_equal(page->event.event, SYS_EVENT_READY | SYS_EVENT_MSG);
    finished = true;
}

static void process_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    assert_true(fiber_call(fiber, SYS_MANIFEST, 0) > 40);
    assert_int_equal(fiber_call(fiber, SYS_MANIFEST, 100000), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_RANDOM, SYS_BUFFER_SIZE), SYS_BUFFER_SIZE);
    assert_int_equal(fiber_call(fiber, SYS_RANDOM, SYS_BUFFER_SIZE + 1), SYS_ERR_INVALID_ARGS);
    (void)fiber_out(fiber, "label", 5);
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 5, 32), 32);
    uint8_t derived[32];
    memcpy(derived, page->in, sizeof(derived));
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 4, 32), 32);
    assert_memory_not_equal(derived, page->in, sizeof(derived));
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 5, 32), 32);
    assert_memory_equal(derived, page->in, sizeof(derived));
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 257, 32), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 5, 65), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_DERIVE_KEY, 5, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_CLOCK, SYS_CLOCK_REE), 1700000000000000005);
    assert_true(fiber_call(fiber, SYS_CLOCK, SYS_CLOCK_SYSTEM) > 0);
    assert_int_equal(fiber_call(fiber, SYS_CLOCK, 2), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_LOG, 4, 1), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_LOG, 0, SYS_BUFFER_SIZE + 1), SYS_ERR_INVALID_ARGS);
    (void)fiber_out(fiber, "a\x1b[31m line\n", 12);
    assert_int_equal(fiber_call(fiber, SYS_LOG, SYS_LOG_INFO, 12), 0);
    assert_non_null(strstr(test_port_log(), "a [31m line\n"));
    /* Lines beyond the burst are dropped, and that is told. */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fiber_call(fiber, SYS_LOG, SYS_LOG_INFO, 1), 0);
    assert_int_equal(fiber_call(fiber, SYS_SLEEP, 1000000000), 0);
    assert_int_equal(fiber_call(fiber, SYS_LOG, SYS_LOG_INFO, 1), 0);
    assert_non_null(strstr(test_port_log(), "log lines dropped"));
    assert_int_equal(fiber_call(fiber, SYS_MEM_CREATE, 0), SYS_ERR_INVALID_ARGS);
    assert_int_equal(fiber_call(fiber, SYS_MEM_CREATE, UINT64_MAX), SYS_ERR_NO_MEMORY);
    finished = true;
}

/* Channels and memory in any number are paid for: the kernel's memory has an end for each app. */
static void quota_body(struct fiber *fiber)
{
    int64_t port = create_port(fiber, "q", 32, 4096, SYS_PORT_ALLOW_TA);
    int64_t result = 0;
    uint64_t made = 0;
    for (; made < 60; made++) {
        result = connect_to(fiber, "q", SYS_CONNECT_ASYNC, FOREVER);
        if (result < 0)
            break;
    }
    assert_int_equal(result, SYS_ERR_NO_MEMORY);
    assert_true(made > 10);
    for (uint64_t i = 0; i < made; i++)
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001 + i), 0);
    for (uint64_t i = 0; i < made; i++)
        assert_int_equal(fiber_call(fiber, SYS_ACCEPT, (uint64_t)port), SYS_ERR_CHANNEL_CLOSED);
    assert_true(connect_to(fiber, "q", SYS_CONNECT_ASYNC, FOREVER) >= 1000);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001), 0);
    /* Those who gave up leave nothing behind at a port that nobody accepts at. */
    for (uint64_t i = 0; i < 10 * made; i++) {
        assert_int_equal(connect_to(fiber, "q", SYS_CONNECT_ASYNC, FOREVER), 1001);
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001), 0);
    }
    assert_int_equal(connect_to(fiber, "q", SYS_CONNECT_ASYNC, FOREVER), 1001);
    while ((result = fiber_call(fiber, SYS_ACCEPT, (uint64_t)port)) == SYS_ERR_CHANNEL_CLOSED) {
    }
    assert_int_equal(result, 1002);
    /* Nor can it map one piece of memory without end. */
    uint64_t memory = (uint64_t)fiber_call(fiber, SYS_MEM_CREATE, 4096);
    int64_t address = 0;
    int64_t last = 0;
    for (made = 0; made < 100000 && address >= 0; made++) {
        last = address;
        address = fiber_call(fiber, SYS_MEM_MAP, memory, 0, 4096, SYS_MEM_READ, 0);
    }
    assert_int_equal(address, SYS_ERR_NO_MEMORY);
    assert_int_equal(fiber_call(fiber, SYS_MEM_UNMAP, (uint64_t)last, 4096), 0);
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, memory, 0, 4096, SYS_MEM_READ, last), last);
    finished = true;
}

/* An object does not take another one's place. */
static void mappings_body(struct fiber *fiber)
{
    const uint64_t read = SYS_MEM_READ;
    uint64_t memory = (uint64_t)fiber_call(fiber, SYS_MEM_CREATE, 8192);
    uint64_t other = (uint64_t)fiber_call(fiber, SYS_MEM_CREATE, 8192);
    int64_t address = fiber_call(fiber, SYS_MEM_MAP, memory, 0, 8192, read, 0);
    uint64_t at = (uint64_t)address;
    assert_true(address > 0);
    const uint64_t taken[] = {at, at + 4096, at - 4096};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, other, 0, 8192, read, taken[i]),
                         SYS_ERR_INVALID_ARGS);
        assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, memory, 0, 8192, read, taken[i]),
                         SYS_ERR_INVALID_ARGS);
    }
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, other, 0, 8192, read, at + 8192), at + 8192);
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, other, 0, 8192, read, at - 8192), at - 8192);
    assert_int_equal(fiber_call(fiber, SYS_MEM_UNMAP, at, 8192), 0);
    assert_int_equal(fiber_call(fiber, SYS_MEM_MAP, other, 0, 8192, read, at), at);
    finished = true;
}

/* --- Two apps. --- */

static void talk_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    char peer[UUID_TEXT_LENGTH + 1];
    uuid_format(peer_uuid, peer);
    if (memcmp(page->start.uuid, peer_uuid, 16) == 0) {
        int64_t own = create_port(fiber, peer, 1, 64, 0);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        assert_int_equal(page->recv.flags, SYS_RECV_ACCEPTED);
        assert_memory_equal(page->recv.peer_uuid, app_uuid, 16);
        uint64_t channel = page->event.handle;
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        assert_int_equal(page->recv.flags, SYS_RECV_MSG);
        assert_memory_equal(page->in, "question", 8);
        (void)fiber_out(fiber, "answer", 6);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, channel, 6, FOREVER), 0);
        assert_int_equal(page->recv.flags, SYS_RECV_MSG);
        /* Dies with a message taken and not answered. */
        assert_true(own >= 1000);
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    }
    int64_t channel = connect_to(fiber, peer, 0, FOREVER);
    assert_true(channel >= 1000);
    assert_int_equal(send_text(fiber, channel, "question"), 8);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)channel, FOREVER), 0);
    assert_int_equal(page->event.event, SYS_EVENT_MSG);
    assert_int_equal(fiber_call(fiber, SYS_GET, (uint64_t)channel), 0);
    uint64_t id = page->msg.id;
    assert_int_equal(fiber_call(fiber, SYS_READ, (uint64_t)channel, id, 0, 64, 0), 6);
    assert_memory_equal(page->in, "answer", 6);
    assert_int_equal(fiber_call(fiber, SYS_PUT, (uint64_t)channel, id), 0);
    assert_int_equal(send_text(fiber, channel, "die"), 3);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)channel, FOREVER), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP);
    assert_int_equal(connect_to(fiber, "00000000-0000-0000-0000-00000000dead", 0, FOREVER),
                     SYS_ERR_NOT_FOUND);
    finished = true;
}

/* The last reply closes its channel: the other end reads it, and sees it hang up. */
static void farewell_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    char peer[UUID_TEXT_LENGTH + 1];
    uuid_format(peer_uuid, peer);
    if (memcmp(page->start.uuid, peer_uuid, 16) == 0) {
        assert_true(create_port(fiber, peer, 1, 64, 0) >= 1000);
        int64_t brief = create_port(fiber, "brief", 1, 4, SYS_PORT_ALLOW_TA);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)brief, FOREVER), 0);
            int64_t end = fiber_call(fiber, SYS_ACCEPT, (uint64_t)brief);
            if (i == 0)
                assert_int_equal(send_text(fiber, end, "z"), 1);
            assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)end), 0);
        }
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        assert_int_equal(page->recv.flags, SYS_RECV_MSG);
        uint64_t channel = page->event.handle;
        (void)fiber_out(fiber, "bye", 3);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, channel, 3, 0, SYS_RECEIVE_CLOSE),
                         SYS_ERR_TIMED_OUT);
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, channel), SYS_ERR_NOT_FOUND);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, channel, 3, 0, SYS_RECEIVE_CLOSE),
                         SYS_ERR_NOT_FOUND);
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    }
    int64_t channel = connect_to(fiber, peer, 0, FOREVER);
    assert_true(channel >= 1000);
    /* Accepted and closed at once is a connection when a message waits, else it is none. */
    int64_t brief = connect_to(fiber, "brief", 0, FOREVER);
    assert_true(brief >= 1000);
    assert_int_equal(fiber_call(fiber, SYS_GET, (uint64_t)brief), 0);
    assert_int_equal(page->msg.length, 1);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)brief), 0);
    assert_int_equal(connect_to(fiber, "brief", 0, FOREVER), SYS_ERR_CHANNEL_CLOSED);
    assert_int_equal(send_text(fiber, channel, "question"), 8);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)channel, FOREVER), 0);
    assert_int_equal(page->event.event, SYS_EVENT_MSG | SYS_EVENT_HUP);
    assert_int_equal(fiber_call(fiber, SYS_GET, (uint64_t)channel), 0);
    uint64_t id = page->msg.id;
    assert_int_equal(fiber_call(fiber, SYS_READ, (uint64_t)channel, id, 0, 64, 0), 3);
    assert_memory_equal(page->in, "bye", 3);
    assert_int_equal(fiber_call(fiber, SYS_PUT, (uint64_t)channel, id), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)channel, FOREVER), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP);
    finished = true;
}

/* A client that asks on without reading answers, and sends along what no session knows, costs the
 * server neither its life nor a handle. */
static void rude_client_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    char peer[UUID_TEXT_LENGTH + 1];
    uuid_format(peer_uuid, peer);
    if (memcmp(page->start.uuid, peer_uuid, 16) == 0) {
        assert_true(create_port(fiber, peer, 1, 64, 0) >= 1000);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        uint64_t channel = page->event.handle;
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, FOREVER), 0);
        assert_int_equal(page->recv.num_objects, 1);
        assert_int_equal(page->recv.obj_va[0], 0);
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, 1001), SYS_ERR_NOT_FOUND);
        (void)fiber_out(fiber, "one", 3);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, channel, 3, FOREVER), 0);
        assert_int_equal(page->recv.flags, SYS_RECV_MSG);
        (void)fiber_out(fiber, "two", 3);
        assert_int_equal(fiber_call(fiber, SYS_RECEIVE, channel, 3, 0), SYS_ERR_TIMED_OUT);
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    }
    int64_t port = create_port(fiber, "own", 1, 64, SYS_PORT_ALLOW_TA);
    int64_t ends[2];
    make_pair(fiber, port, "own", &ends[0], &ends[1]);
    int64_t channel = connect_to(fiber, peer, 0, FOREVER);
    assert_true(channel >= 1000);
    uint64_t length = fiber_out(fiber, "first", 5);
    page->objects[0] = (uint32_t)ends[0];
    assert_int_equal(fiber_call(fiber, SYS_SEND, (uint64_t)channel, length, 1), 5);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)ends[0]), 0);
    assert_int_equal(fiber_call(fiber, SYS_SLEEP, 1000000000), 0);
    /* What was sent along is closed: nobody holds the other end. */
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)ends[1], 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_HUP);
    assert_int_equal(send_text(fiber, channel, "second"), 6);
    assert_int_equal(fiber_call(fiber, SYS_SLEEP, 1000000000), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)channel, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_MSG | SYS_EVENT_HUP);
    assert_int_equal(fiber_call(fiber, SYS_GET, (uint64_t)channel), 0);
    assert_int_equal(
        fiber_call(fiber, SYS_READ, (uint64_t)channel, (uint64_t)page->msg.id, 0, 64, 0), 3);
    assert_memory_equal(page->in, "one", 3);
    finished = true;
}

#define RUN(name)                                                                                  \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_app(name##_body);                                                                      \
    }
RUN(wrong_handles)
RUN(table_fills)
RUN(ports)
RUN(messages)
RUN(handles_travel)
RUN(sets)
RUN(waiting)
RUN(process)
RUN(quota)
RUN(mappings)
RUN(talk)
RUN(farewell)
RUN(rude_client)

static int make_key(void **state)
{
    (void)state;
    key = test_key_create();
    trust = test_trust(key, NULL, 0, &trust_size);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    test_key_free(key);
    free(trust);
    free(packages[0]);
    free(packages[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_handles),  cmocka_unit_test(table_fills),
        cmocka_unit_test(ports),          cmocka_unit_test(messages),
        cmocka_unit_test(handles_travel), cmocka_unit_test(sets),
        cmocka_unit_test(waiting),        cmocka_unit_test(process),
        cmocka_unit_test(quota),          cmocka_unit_test(talk),
        cmocka_unit_test(farewell),       cmocka_unit_test(rude_client),
        cmocka_unit_test(mappings),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
