/*
 * Connecting to a port whose app is started for it: one app asks, the other one makes the port after a
 * while, or does not. Both are functions (port/test/fiber.h).
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

#define SERVICE "com.postern.test.service"
#define SECOND_NS UINT64_C(1000000000)
#define FOREVER SYS_TIMEOUT_INFINITE
#define LATER (SYS_CONNECT_WAIT_FOR_PORT | SYS_CONNECT_ASYNC)

static const uint8_t asker_uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t maker_uuid[16] = {2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static bool finished; /* the asking app's function came to its end */

static uint32_t maker_flags; /* of the port */
static enum {
    MAKER_MAKES, /* after a second */
    MAKER_DIES,  /* likewise */
    MAKER_LEAVES,
    MAKER_IDLES, /* without end */
} maker;

static void make_port(struct fiber *fiber)
{
    (void)fiber_call(fiber, SYS_SLEEP, SECOND_NS);
    if (maker == MAKER_DIES)
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    if (maker == MAKER_LEAVES)
        return;
    if (maker == MAKER_IDLES)
        (void)fiber_call(fiber, SYS_SLEEP, 3600 * SECOND_NS);
    uint64_t length = fiber_out(fiber, SERVICE, strlen(SERVICE));
    int64_t port = fiber_call(fiber, SYS_PORT_CREATE, length, 1, 64, maker_flags);
    assert_true(port >= SYS_HANDLE_BASE);
    while (fiber_call(fiber, SYS_WAIT, (uint64_t)port, FOREVER, 0) == 0) {
        int64_t channel = fiber_call(fiber, SYS_ACCEPT, (uint64_t)port);
        assert_true(channel >= SYS_HANDLE_BASE);
        assert_memory_equal(fiber_page(fiber)->in, asker_uuid, 16);
        (void)fiber_out(fiber, "welcome", 7);
        assert_int_equal(fiber_call(fiber, SYS_SEND, (uint64_t)channel, 7, 0), 7);
    }
}

static int64_t connect_with(struct fiber *fiber, uint64_t flags, uint64_t timeout_ns)
{
    uint64_t length = fiber_out(fiber, SERVICE, strlen(SERVICE));
    return fiber_call(fiber, SYS_CONNECT, length, flags, timeout_ns);
}

/* The events of the next wait. */
static uint32_t await(struct fiber *fiber, int64_t channel, uint64_t timeout_ns)
{
    if (fiber_call(fiber, SYS_WAIT, (uint64_t)channel, timeout_ns, 0) != 0)
        return 0;
    return fiber_page(fiber)->event.event;
}

static void asked_and_made(struct fiber *fiber)
{
    const uint64_t flags[] = {SYS_CONNECT_ASYNC, LATER};
    uint64_t start = port_clock_ns();
    int64_t channel = connect_with(fiber, flags[maker_flags == SYS_PORT_ALLOW_TA], FOREVER);
    assert_true(channel >= SYS_HANDLE_BASE);
    assert_int_equal(port_clock_ns(), start); /* it did not wait */
    assert_int_equal(fiber_call(fiber, SYS_SEND, (uint64_t)channel, 1, 0), SYS_ERR_NOT_READY);
    assert_int_equal(fiber_call(fiber, SYS_GET, (uint64_t)channel), SYS_ERR_NOT_READY);
    assert_int_equal(await(fiber, channel, SECOND_NS / 2), 0);
    uint32_t events = await(fiber, channel, FOREVER);
    assert_int_equal(events & SYS_EVENT_READY, SYS_EVENT_READY);
    assert_int_equal(events & SYS_EVENT_HUP, 0);
    if ((events & SYS_EVENT_MSG) == 0)
        assert_int_equal(await(fiber, channel, FOREVER), SYS_EVENT_MSG);
    finished = true;
}

static void asked_and_waited(struct fiber *fiber)
{
    uint64_t start = port_clock_ns();
    assert_true(connect_with(fiber, 0, FOREVER) >= SYS_HANDLE_BASE);
    assert_true(port_clock_ns() - start >= SECOND_NS);
    finished = true;
}

static void asked_in_vain(struct fiber *fiber)
{
    int64_t channel = connect_with(fiber, SYS_CONNECT_ASYNC, FOREVER);
    assert_true(channel >= SYS_HANDLE_BASE);
    assert_int_equal(await(fiber, channel, SECOND_NS / 2), 0);
    assert_int_equal(await(fiber, channel, FOREVER), SYS_EVENT_HUP);
    assert_int_equal(fiber_call(fiber, SYS_SEND, (uint64_t)channel, 1, 0), SYS_ERR_CHANNEL_CLOSED);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)channel), 0);
    finished = true;
}

/* Told to wait for the port: whoever makes it, whenever. */
static void asked_for_good(struct fiber *fiber)
{
    int64_t channel = connect_with(fiber, LATER, FOREVER);
    assert_true(channel >= SYS_HANDLE_BASE);
    assert_int_equal(await(fiber, channel, 5 * SECOND_NS), 0);
    maker = MAKER_MAKES;
    assert_true(connect_with(fiber, SYS_CONNECT_ASYNC, FOREVER) >= SYS_HANDLE_BASE);
    assert_int_equal(await(fiber, channel, FOREVER) & SYS_EVENT_READY, SYS_EVENT_READY);
    finished = true;
}

/* Closed while it waits; whoever was to make the port comes too late, or not at all. */
static void asked_and_closed(struct fiber *fiber)
{
    int64_t channel = connect_with(fiber, SYS_CONNECT_ASYNC, FOREVER);
    assert_true(channel >= SYS_HANDLE_BASE);
    assert_int_equal(fiber_call(fiber, SYS_CLOSE, (uint64_t)channel), 0);
    assert_int_equal(fiber_call(fiber, SYS_SLEEP, 3 * SECOND_NS), 0);
    finished = true;
}

static void asked_too_long(struct fiber *fiber)
{
    assert_int_equal(connect_with(fiber, 0, 3 * SECOND_NS), SYS_ERR_TIMED_OUT);
    int64_t channel = connect_with(fiber, SYS_CONNECT_ASYNC, FOREVER);
    assert_true(channel >= SYS_HANDLE_BASE);
    assert_int_equal(await(fiber, channel, 3 * SECOND_NS), 0);
    finished = true;
}

static void run_apps(void (*body)(struct fiber *fiber))
{
    const char *const manifests[2] = {
        "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\n",
        "gpd.ta.singleInstance=true\npostern.ports=" SERVICE "\n",
    };
    struct fiber_app asking = {.body = body};
    struct fiber_app making = {.body = make_port};
    struct gp_client *client = NULL;
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    uint8_t *packages[2];
    test_port_start(trust, trust_size);
    for (int i = 0; i < 2; i++) {
        struct test_package package = {.manifest = manifests[i]};
        size_t size = 0;
        memcpy(package.uuid, i == 0 ? asker_uuid : maker_uuid, 16);
        packages[i] = test_package_make(&package, key, &size);
        test_port_set_package(package.uuid, packages[i], size);
    }
    test_port_set_app(asker_uuid, fiber_play, &asking);
    test_port_set_app(maker_uuid, fiber_play, &making);
    test_port_set_port(SERVICE, maker_uuid);
    finished = false;
    assert_int_equal(gp_client_create(&client), E_OK);
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg.params[0].u.octets, asker_uuid, 16);
    gp_call(client, &arg); /* refused as soon as the app waits; the app goes on by itself */
    for (int i = 0; i < 200 && !finished; i++) {
        kernel_background();
        test_port_advance(SECOND_NS / 10);
    }
    assert_true(finished);
    gp_client_destroy(client);
    (void)test_port_finish();
    fiber_free_all();
    free(packages[0]);
    free(packages[1]);
}

static void made_for_all(void **state)
{
    (void)state;
    maker = MAKER_MAKES;
    maker_flags = SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS;
    run_apps(asked_and_made);
    run_apps(asked_and_waited);
    run_apps(asked_and_closed);
    maker_flags = SYS_PORT_ALLOW_TA; /* told to wait for it */
    run_apps(asked_and_made);
}

static void never_made(void **state)
{
    (void)state;
    maker_flags = SYS_PORT_ALLOW_TA;
    maker = MAKER_DIES;
    run_apps(asked_in_vain);
    run_apps(asked_and_closed);
    run_apps(asked_for_good);
    maker = MAKER_LEAVES;
    run_apps(asked_in_vain);
    run_apps(asked_and_closed);
    maker = MAKER_IDLES;
    run_apps(asked_too_long);
    maker = MAKER_MAKES; /* but not for apps */
    maker_flags = SYS_PORT_ALLOW_NS;
    run_apps(asked_in_vain);
}

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
        cmocka_unit_test(made_for_all),
        cmocka_unit_test(never_made),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
