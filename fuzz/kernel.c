/*
 * The whole kernel in the test port, between a normal world and two apps that all do what the input
 * says: calls of the gate with any numbers, system calls with any numbers, at any time, deaths in
 * between. Nothing may crash, hang, or leave the lock held.
 */
#include <lib/uuid.h>
#include <port/test/port_test.h>
#include <port/test/test_package.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t app_uuids[2][16] = {
    {0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0xb0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

static struct {
    const uint8_t *at;
    size_t left;
} input;

static uint8_t next(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

/* Mostly numbers that mean something, now and then any. */
static uint64_t number(void)
{
    static const uint64_t edges[] = {
        0,       1,         2,    7,    8,    9,          31,         32,
        33,      36,        63,   64,   65,   127,        128,        4095,
        4096,    4097,      8191, 8192, 8193, UINT32_MAX, UINT64_MAX, UINT64_MAX - 4095,
        1000000, INT64_MAX,
    };
    uint8_t choice = next();
    if (choice < 128)
        return SYS_HANDLE_BASE + (choice & 15);
    if (choice < 128 + sizeof(edges) / sizeof(*edges))
        return edges[choice - 128];
    if (choice < 250)
        return choice & 15;
    uint64_t any = 0;
    for (int i = 0; i < 8; i++)
        any = any << 8 | next();
    return any;
}

static void put_path(struct test_app *app, struct port_trap *trap)
{
    char text[UUID_TEXT_LENGTH + 1];
    uint8_t choice = next() % 6;
    if (choice < 2) {
        uuid_format(app_uuids[choice], text);
        memcpy(app->page.out, text, UUID_TEXT_LENGTH);
        trap->arg[0] = UUID_TEXT_LENGTH;
    } else if (choice < 5) {
        memcpy(app->page.out, "p0", 2);
        app->page.out[1] = (uint8_t)('0' + choice);
        trap->arg[0] = 2;
    }
}

static void put_reply(struct test_app *app, struct port_trap *trap)
{
    uint32_t reply[20] = {0};
    reply[0] = next() % 4;
    reply[2] = 3 + next() % 2;
    memcpy(app->page.out, reply, sizeof(reply));
    trap->arg[0] = app->page.event.handle;
    trap->arg[1] = sizeof(reply);
}

static void play(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    (void)answer;
    if (input.left == 0 || app->steps > 2000) {
        trap->kind = PORT_TRAP_GONE;
        return;
    }
    trap->nr = next() % 40;
    for (int i = 0; i < 5; i++)
        trap->arg[i] = number();
    for (int i = 0; i < 3; i++)
        app->page.objects[i] = (uint32_t)number();
    uint8_t choice = next();
    if (choice < 4)
        trap->kind = (enum port_trap_kind)(choice == 0 ? PORT_TRAP_FAULT : PORT_TRAP_TICK);
    if (trap->kind != PORT_TRAP_CALL)
        return;
    if (choice < 100 && (trap->nr == SYS_PORT_CREATE || trap->nr == SYS_CONNECT))
        put_path(app, trap);
    if (choice < 200 && trap->nr == SYS_RECEIVE)
        put_reply(app, trap);
}

static struct gp_client *clients[2];
static uint64_t last_session;

static void gate_event(void)
{
    struct msg_arg arg;
    struct gp_client *client = clients[next() & 1];
    uint8_t *octets = (uint8_t *)&arg;
    memset(&arg, 0, sizeof(arg));
    uint8_t choice = next();
    if (choice < 16) {
        for (size_t i = 0; i < sizeof(arg); i++)
            octets[i] = next();
    } else {
        arg.head.cmd = choice % 3;
        arg.head.session = (uint32_t)last_session;
        arg.head.cancel_id = next() & 3;
        arg.head.num_params = choice % 3 == 0 ? 2 : next() % 5;
        for (uint32_t i = 0; i < 4; i++) {
            arg.params[i].attr = next() % 12;
            arg.params[i].u.rmem.offset = number();
            arg.params[i].u.rmem.size = number();
            arg.params[i].u.rmem.cookie = next() % 4;
        }
        if (choice % 3 == 0) {
            memset(arg.params, 0, sizeof(arg.params));
            arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
            arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
            memcpy(arg.params[0].u.octets, app_uuids[choice & 1], 16);
        }
    }
    gp_call(client, &arg);
    if (arg.head.cmd == MSG_CMD_OPEN_SESSION && arg.head.ret == 0)
        last_session = arg.head.session;
}

static void memory_event(void)
{
    struct gp_client *client = clients[next() & 1];
    struct port_mem *mem = NULL;
    uint64_t cookie = next() % 4;
    if ((next() & 1) != 0) {
        (void)!gp_shm_release(client, cookie);
        return;
    }
    if (port_mem_create(4096, &mem) == E_OK && gp_shm_register(client, cookie, mem) != E_OK)
        port_mem_destroy(mem);
}

static void one_event(void *context)
{
    (void)context;
    switch (next() % 6) {
    case 0:
        gp_cancel(clients[next() & 1], (uint32_t)last_session, next() & 3);
        break;
    case 1:
        memory_event();
        break;
    case 2:
        gp_cancel(clients[next() & 1], 0, next() & 3);
        break;
    case 3:
        gp_client_gone(clients[1]);
        break;
    case 4:
        test_port_fail_allocation(next());
        break;
    default:
        break;
    }
}

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static uint8_t *packages[2];
static size_t package_sizes[2];

static void make_once(void)
{
    if (key != NULL)
        return;
    key = test_key_create();
    trust = test_trust(key, NULL, 0, &trust_size);
    for (int i = 0; i < 2; i++) {
        struct test_package package = {
            .manifest = i == 0 ? "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\n"
                               : "postern.cancelGrace=100\npostern.maxInstances=3\n",
        };
        memcpy(package.uuid, app_uuids[i], 16);
        packages[i] = test_package_make(&package, key, &package_sizes[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_once();
    input.at = data;
    input.left = size;
    test_port_start(trust, trust_size);
    for (int i = 0; i < 2; i++) {
        test_port_set_app(app_uuids[i], play, NULL);
        test_port_set_package(app_uuids[i], packages[i], package_sizes[i]);
    }
    last_session = 1;
    if (gp_client_create(&clients[0]) != E_OK || gp_client_create(&clients[1]) != E_OK)
        abort();
    while (input.left > 0) {
        test_port_when_idle(one_event, NULL);
        uint8_t choice = next();
        if (choice < 160)
            gate_event();
        else if (choice < 200)
            memory_event();
        else if (choice < 220)
            kernel_background();
        else if (choice < 230)
            test_port_advance(number() % 20000000000u);
        else
            gp_call_after();
    }
    test_port_fail_allocation(0);
    test_port_when_idle(NULL, NULL);
    gp_client_destroy(clients[0]);
    gp_client_destroy(clients[1]);
    if (port_lock_is_mine())
        abort();
    (void)test_port_finish();
    return 0;
}
