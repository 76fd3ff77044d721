/*
 * What a wait shows of a channel's messages, and posted calls: that they do what the calls would, in
 * order, and that a page full of nonsense does nothing at all. The app under test is a function
 * (port/test/fiber.h) that connects to its own ports.
 */
#include <abi/error.h>
#include <abi/syscall.h>
#include <port/test/fiber.h>
#include <port/test/test_package.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <setjmp.h>

static const uint8_t app_uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static bool finished; /* the app's function came to its end */

#define FOREVER SYS_TIMEOUT_INFINITE

struct pair {
    uint64_t client;
    uint64_t server;
};

static struct pair make_pair(struct fiber *fiber, const char *path, uint64_t buffers, uint64_t size)
{
    uint64_t length = fiber_out(fiber, path, strlen(path));
    int64_t port = fiber_call(fiber, SYS_PORT_CREATE, length, buffers, size, SYS_PORT_ALLOW_TA);
    assert_true(port >= SYS_HANDLE_BASE);
    length = fiber_out(fiber, path, strlen(path));
    int64_t client = fiber_call(fiber, SYS_CONNECT, length, SYS_CONNECT_ASYNC, FOREVER);
    assert_true(client >= SYS_HANDLE_BASE);
    int64_t server = fiber_call(fiber, SYS_ACCEPT, (uint64_t)port);
    assert_true(server >= SYS_HANDLE_BASE);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)port), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, (uint64_t)client, 0), 0); /* READY */
    return (struct pair){.client = (uint64_t)client, .server = (uint64_t)server};
}

static void send_bytes(struct fiber *fiber, uint64_t handle, uint8_t fill, uint32_t length)
{
    memset(fiber_page(fiber)->out, fill, length);
    assert_int_equal(fiber_call(fiber, SYS_SEND, handle, length, 0), length);
}

static void post(struct fiber *fiber, uint32_t kind, uint64_t handle, uint32_t value,
                 uint32_t offset)
{
    struct sys_page *page = fiber_page(fiber);
    page->post[page->post_head % SYS_POSTS] = (struct sys_post){
        .kind = kind, .handle = (uint32_t)handle, .value = value, .offset = offset};
    page->post_head++;
}

static uint32_t take_next(struct fiber *fiber, uint64_t handle)
{
    assert_int_equal(fiber_call(fiber, SYS_GET, handle), 0);
    uint32_t id = fiber_page(fiber)->msg.id;
    assert_int_equal(fiber_call(fiber, SYS_READ, handle, id, 0, SYS_MSG_MAX, 0),
                     fiber_page(fiber)->msg.length);
    assert_int_equal(fiber_call(fiber, SYS_PUT, handle, id), 0);
    return id;
}

/* The last wait shows `count` of `waiting` messages: from the byte `fill` on, one more each, and the
 * lengths one more each, too. */
static void expect_shown(struct fiber *fiber, uint64_t handle, uint32_t waiting, uint32_t count,
                         uint8_t fill, uint32_t length)
{
    const struct sys_page *page = fiber_page(fiber);
    uint32_t offset = 0;
    assert_int_equal(page->event.handle, handle);
    assert_int_equal(page->peek.handle, handle);
    assert_int_equal(page->peek.waiting, waiting);
    assert_int_equal(page->peek.count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct sys_shown *shown = &page->peek.shown[i];
        assert_int_equal(shown->length, length + i);
        assert_int_equal(shown->id, page->peek.shown[0].id + i);
        for (uint32_t j = 0; j < shown->length; j++)
            assert_int_equal(page->in[offset + j], fill + i);
        offset += SYS_SHOWN_STRIDE(shown->length);
    }
}

static void shows_messages_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    struct pair pair = make_pair(fiber, "p", 12, 64);
    for (uint32_t i = 0; i < 10; i++)
        send_bytes(fiber, pair.client, (uint8_t)('a' + i), 5 + i);
    page->peek.handle = 77;
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, 0), 0);
    assert_int_equal(page->peek.handle, 77); /* not asked for */
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.server, 10, SYS_SHOWN_MAX, 'a', 5);
    assert_int_equal(page->peek.alone, 1);
    assert_int_equal(page->peek.credit, 12);
    assert_int_equal(page->peek.buffer_size, 64);
    /* It took nothing. */
    uint32_t first = page->peek.shown[0].id;
    assert_int_equal(take_next(fiber, pair.server), first);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.server, 9, SYS_SHOWN_MAX, 'b', 6);
    /* An event without a message. */
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, pair.server), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.client, 0, 0, 0, 0);
    assert_int_equal(page->peek.credit, 0);
    finished = true;
}

static void shows_what_fits_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    struct pair pair = make_pair(fiber, "p", 12, SYS_MSG_MAX);
    for (uint32_t i = 0; i < 3; i++)
        send_bytes(fiber, pair.client, (uint8_t)('a' + i), SYS_MSG_MAX - 2 + i);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.server, 3, 2, 'a', SYS_MSG_MAX - 2);
    /* One that carries a handle is not shown, nor what comes after it. */
    int64_t memory = fiber_call(fiber, SYS_MEM_CREATE, 4096);
    send_bytes(fiber, pair.server, 'x', 0);
    page->objects[0] = (uint32_t)memory;
    assert_int_equal(fiber_call(fiber, SYS_SEND, pair.server, 1, 1), 1);
    send_bytes(fiber, pair.server, 'z', 2);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.client, 3, 1, 'x', 0);
    (void)take_next(fiber, pair.client);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.client, 2, 0, 0, 0);
    finished = true;
}

/* Where a fair wait would tell of somebody else next, one message is all that is shown. */
static void shows_one_where_others_wait_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    struct pair busy = make_pair(fiber, "p", 8, 64);
    struct pair other = make_pair(fiber, "q", 8, 64);
    uint64_t set = (uint64_t)fiber_call(fiber, SYS_HSET_CREATE, 0);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, set, SYS_HSET_ADD, busy.server, ~0u, 7), 0);
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, set, SYS_HSET_ADD, other.server, ~0u, 8), 0);
    for (uint32_t i = 0; i < 3; i++)
        send_bytes(fiber, busy.client, (uint8_t)('a' + i), 5 + i);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, set, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, busy.server, 3, 3, 'a', 5);
    assert_int_equal(page->event.cookie, 7);
    send_bytes(fiber, other.client, 'z', 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fiber_call(fiber, SYS_WAIT, set, 0, SYS_WAIT_PEEK), 0);
        assert_int_equal(page->peek.count, 1);
        assert_int_equal(page->event.cookie, i % 2 == 0 ? 8 : 7);
    }
    /* Who is mute is nobody. */
    assert_int_equal(fiber_call(fiber, SYS_HSET_CTRL, set, SYS_HSET_MOD, other.server, 0, 8), 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, set, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, busy.server, 3, 3, 'a', 5);
    /* The set, too, is ready now, and the other server. */
    uint32_t told = 0;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, 0, SYS_WAIT_PEEK), 0);
        if (page->event.handle == busy.server) {
            expect_shown(fiber, busy.server, 3, 1, 'a', 5);
            told++;
        }
    }
    assert_int_equal(told, 2);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, set), 0);
    (void)take_next(fiber, other.server);
    assert_int_equal(fiber_call(fiber, SYS_WAIT_ANY, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, busy.server, 3, 3, 'a', 5);
    /* The same for who serves sessions meanwhile. */
    page->peek.count = 0;
    assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, busy.server, 3, 3, 'a', 5);
    page->peek.count = 0;
    assert_int_equal(
        fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, 0, SYS_WAIT_PEEK, busy.server), 0);
    expect_shown(fiber, busy.server, 3, 3, 'a', 5);
    assert_int_equal(fiber_call(fiber, SYS_RECEIVE, SYS_NO_HANDLE, 0, 0, 8), SYS_ERR_INVALID_ARGS);
    finished = true;
}

static void posts_are_calls_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    struct pair pair = make_pair(fiber, "p", 8, 16);
    for (uint32_t i = 0; i < 3; i++)
        send_bytes(fiber, pair.client, (uint8_t)('a' + i), 5 + i);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.server, 3, 3, 'a', 5);
    uint32_t id = page->peek.shown[0].id;
    for (uint32_t i = 0; i < 3; i++) {
        memset(page->out + SYS_POST_OFFSET + 8 * i, '0' + (int)i, 8);
        post(fiber, SYS_POST_TAKE, pair.server, id + i, 0);
        post(fiber, SYS_POST_SEND, pair.server, 1 + i, SYS_POST_OFFSET + 8 * i);
        post(fiber, SYS_POST_PUT, pair.server, id + i, 0);
    }
    assert_int_equal(page->post_tail, 0);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.client, 3, 3, '0', 1);
    assert_int_equal(page->post_tail, 9);
    assert_int_equal(page->peek.credit, 8); /* all are put */
    assert_int_equal(fiber_call(fiber, SYS_GET, pair.server), SYS_ERR_NO_MSG);
    /* Cut to the port's size, as by the call; refused when there is no room, and that is told once
     * there is. */
    for (uint32_t i = 0; i < 6; i++)
        post(fiber, SYS_POST_SEND, pair.server, 100, SYS_POST_OFFSET);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    assert_int_equal(page->peek.waiting, 8);
    assert_int_equal(page->peek.shown[7].length, 16);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, 0), SYS_ERR_TIMED_OUT);
    (void)take_next(fiber, pair.client);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, 0), 0);
    assert_int_equal(page->event.event, SYS_EVENT_SEND_UNBLOCKED);
    finished = true;
}

/* Nothing of this has an effect. */
static void wrong_posts_body(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    struct pair pair = make_pair(fiber, "p", 8, 64);
    uint64_t set = (uint64_t)fiber_call(fiber, SYS_HSET_CREATE, 0);
    send_bytes(fiber, pair.client, 'a', 5);
    send_bytes(fiber, pair.client, 'b', 6);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    uint32_t id = page->peek.shown[0].id;
    const struct {
        uint32_t kind;
        uint64_t handle;
        uint32_t value;
        uint32_t offset;
    } wrong[] = {
        {0, pair.server, id, 0},
        {4, pair.server, id, 0},
        {UINT32_MAX, pair.server, id, 0},
        {SYS_POST_TAKE, pair.server, id + 1, 0}, /* not the next */
        {SYS_POST_TAKE, pair.server, 0, 0},
        {SYS_POST_TAKE, pair.client, id, 0},
        {SYS_POST_TAKE, set, id, 0},
        {SYS_POST_TAKE, 0, id, 0},
        {SYS_POST_TAKE, SYS_NO_HANDLE, id, 0},
        {SYS_POST_PUT, pair.server, id, 0}, /* not taken */
        {SYS_POST_PUT, 1063, id, 0},
        {SYS_POST_SEND, set, 1, SYS_POST_OFFSET},
        {SYS_POST_SEND, 1063, 1, SYS_POST_OFFSET},
        {SYS_POST_SEND, pair.server, 1, 0}, /* the calls' part of out[] */
        {SYS_POST_SEND, pair.server, 1, SYS_POST_OFFSET - 1},
        {SYS_POST_SEND, pair.server, 1, SYS_BUFFER_SIZE},
        {SYS_POST_SEND, pair.server, 2, SYS_BUFFER_SIZE - 1},
        {SYS_POST_SEND, pair.server, UINT32_MAX, SYS_POST_OFFSET},
        {SYS_POST_SEND, pair.server, 0, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        post(fiber, wrong[i].kind, wrong[i].handle, wrong[i].value, wrong[i].offset);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), SYS_ERR_TIMED_OUT);
    assert_int_equal(page->post_tail, sizeof(wrong) / sizeof(wrong[0]));
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.server, 0, SYS_WAIT_PEEK), 0);
    expect_shown(fiber, pair.server, 2, 2, 'a', 5);
    /* More than there are places for, or backwards: none counts. */
    for (uint32_t i = 0; i <= SYS_POSTS; i++)
        post(fiber, SYS_POST_SEND, pair.server, 1, SYS_POST_OFFSET);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, 0), SYS_ERR_TIMED_OUT);
    page->post_head -= 3;
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, 0), SYS_ERR_TIMED_OUT);
    post(fiber, SYS_POST_SEND, pair.server, 1, SYS_POST_OFFSET);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, 0), 0);
    /* A message that carries handles is only for the call. */
    (void)take_next(fiber, pair.client);
    page->objects[0] = (uint32_t)fiber_call(fiber, SYS_MEM_CREATE, 4096);
    assert_int_equal(fiber_call(fiber, SYS_SEND, pair.server, 1, 1), 1);
    assert_int_equal(fiber_call(fiber, SYS_WAIT, pair.client, 0, SYS_WAIT_PEEK), 0);
    for (uint32_t number = 0; number < 12; number++)
        post(fiber, SYS_POST_TAKE, pair.client, number, 0);
    assert_int_equal(fiber_call(fiber, SYS_GET, pair.client), 0);
    assert_int_equal(page->msg.num_objects, 1);
    finished = true;
}

/* What was posted before the app died was said. */
static void posts_outlive_the_app_body(struct fiber *fiber)
{
    struct pair pair = make_pair(fiber, "p", 8, 64);
    post(fiber, SYS_POST_SEND, pair.server, 1, SYS_POST_OFFSET);
    post(fiber, SYS_POST_SEND, pair.server + 1, 1, SYS_POST_OFFSET);
    finished = true;
    fiber_trap(fiber, PORT_TRAP_GONE, NULL);
}

static void run_app(void (*body)(struct fiber *fiber))
{
    struct fiber_app app = {.body = body};
    struct gp_client *client = NULL;
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    struct test_package package = {.manifest =
                                       "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\n"};
    size_t size = 0;
    memcpy(package.uuid, app_uuid, 16);
    uint8_t *bytes = test_package_make(&package, key, &size);
    test_port_start(trust, trust_size);
    test_port_set_package(app_uuid, bytes, size);
    test_port_set_app(app_uuid, fiber_play, &app);
    finished = false;
    assert_int_equal(gp_client_create(&client), E_OK);
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg.params[0].u.octets, app_uuid, 16);
    /* The open is answered (refused) as soon as the app waits; the app goes on by itself. */
    gp_call(client, &arg);
    for (int i = 0; i < 100 && !finished; i++) {
        kernel_background();
        test_port_advance(100000000);
    }
    assert_true(finished);
    gp_client_destroy(client);
    (void)test_port_finish();
    fiber_free_all();
    free(bytes);
}

#define RUN(name)                                                                                  \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_app(name##_body);                                                                      \
    }
RUN(shows_messages)
RUN(shows_what_fits)
RUN(shows_one_where_others_wait)
RUN(posts_are_calls)
RUN(wrong_posts)
RUN(posts_outlive_the_app)

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
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_messages),
        cmocka_unit_test(shows_what_fits),
        cmocka_unit_test(shows_one_where_others_wait),
        cmocka_unit_test(posts_are_calls),
        cmocka_unit_test(wrong_posts),
        cmocka_unit_test(posts_outlive_the_app),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
