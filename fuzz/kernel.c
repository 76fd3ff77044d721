/*
 * The whole kernel in the test port, between a normal world and two apps that all do what the input
 * says: calls of both gates with any numbers, system calls and posted calls with any numbers, at any
 * time, also while the kernel waits for the normal world or starts an app; deaths in between. Nothing may
 * crash, hang, or leave the lock held; and when all are gone, nothing of them is left.
 */
#include <abi/session.h>
#include <kernel/app/instance.h>
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

static void put_posts(struct test_app *app)
{
    struct sys_page *page = &app->page;
    for (uint8_t count = next() % 8; count > 0; count--) {
        struct sys_post *post = &page->post[page->post_head % SYS_POSTS];
        uint8_t choice = next();
        *post = (struct sys_post){.kind = choice % 5,
                                  .handle = (uint32_t)number(),
                                  .value = (uint32_t)number(),
                                  .offset = (uint32_t)number()};
        if (choice < 200) {
            /* As an honest app would. */
            post->handle = page->peek.handle;
            post->value =
                choice % 5 == SYS_POST_SEND ? choice : page->peek.shown[choice % SYS_SHOWN_MAX].id;
            post->offset = SYS_POST_OFFSET;
        }
        page->post_head++;
    }
    if (next() < 4)
        page->post_head = (uint32_t)number();
}

/* What each app knows of itself, so that now and then it does something sensible: without that no
 * input would find its way to a connection and its messages, or to a session and its calls. */
static struct {
    bool serves; /* sessions; else it has a port */
    uint64_t last_nr;
    uint64_t port;   /* its own or the named one */
    uint64_t set;    /* 0: none yet; so are the next ones */
    uint64_t memory; /* an object */
    uint64_t client; /* its end of a connection to another app, or to itself */
    uint64_t mapped;
    uint64_t asked; /* the session whose call it has not answered */
    uint32_t asked_op;
    uint32_t asked_params;
} habits[2];

static size_t index_of(const struct test_app *app)
{
    return app->uuid[0] == app_uuids[0][0] ? 0 : 1;
}

static void remember_call(const struct test_app *app, size_t i)
{
    const struct sys_page *page = &app->page;
    struct session_request request;
    memcpy(&request, page->in, sizeof(request));
    if ((page->recv.flags & SYS_RECV_MSG) == 0)
        return;
    habits[i].asked = page->event.handle;
    habits[i].asked_op = request.op;
    habits[i].asked_params = session_num_params(request.param_types & 0xffffu);
}

static void remember(const struct test_app *app, int64_t answer)
{
    size_t i = index_of(app);
    if (app->steps <= 1) {
        memset(&habits[i], 0, sizeof(habits[i]));
        habits[i].serves = (next() & 1) != 0;
    } else if (answer == 0 && habits[i].last_nr == SYS_RECEIVE) {
        remember_call(app, i);
    } else if (answer > 0 && habits[i].last_nr == SYS_PORT_CREATE) {
        habits[i].port = (uint64_t)answer;
    } else if (answer > 0 && habits[i].last_nr == SYS_HSET_CREATE) {
        habits[i].set = (uint64_t)answer;
    } else if (answer > 0 && habits[i].last_nr == SYS_MEM_CREATE) {
        habits[i].memory = (uint64_t)answer;
    } else if (answer > 0 && habits[i].last_nr == SYS_CONNECT) {
        habits[i].client = (uint64_t)answer;
    } else if (answer > 0 && habits[i].last_nr == SYS_MEM_MAP) {
        habits[i].mapped = (uint64_t)answer;
    }
}

static void set_call(struct port_trap *trap, uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2,
                     uint64_t a3)
{
    trap->nr = nr;
    trap->arg[0] = a0;
    trap->arg[1] = a1;
    trap->arg[2] = a2;
    trap->arg[3] = a3;
}

/* Some of what it holds, to be sent. */
static uint64_t put_objects(struct test_app *app)
{
    const size_t i = index_of(app);
    const uint64_t own[] = {habits[i].memory, habits[i].client, app->page.event.handle,
                            habits[i].set, habits[i].port};
    uint64_t count = next() % 4;
    for (uint64_t at = 0; at < count; at++)
        app->page.objects[at] = (uint32_t)own[next() % (sizeof(own) / sizeof(own[0]))];
    return count;
}

/* Something with the channel that the last event was of. */
static void use_channel(struct test_app *app, struct port_trap *trap)
{
    const uint64_t channel = app->page.event.handle;
    switch (next() % 8) {
    case 0:
        set_call(trap, SYS_READ, channel, app->page.msg.id, 0, 64);
        trap->arg[4] = next() % 3;
        break;
    case 1:
        set_call(trap, SYS_PUT, channel, app->page.msg.id, 0, 0);
        break;
    case 2:
        set_call(trap, SYS_SEND, channel, next(), put_objects(app), 0);
        break;
    case 3:
        set_call(trap, SYS_CLOSE, channel, 0, 0, 0);
        break;
    case 4:
        set_call(trap, SYS_HSET_CTRL, habits[index_of(app)].set, next() % 3, channel, ~0u);
        break;
    case 5:
        put_posts(app);
        set_call(trap, SYS_WAIT_ANY, 0, SYS_WAIT_PEEK, 0, 0);
        break;
    default:
        set_call(trap, SYS_GET, channel, 0, 0, 0);
        break;
    }
}

/* As the client of a session at another app, or of any port. */
static void put_request(struct test_app *app)
{
    struct session_request request = {.protocol = SESSION_PROTOCOL,
                                      .op = 1 + next() % 3,
                                      .param_types = next() % 8,
                                      .object = {0, 1, SESSION_NO_OBJECT, SESSION_NO_OBJECT}};
    memcpy(app->page.out, &request, sizeof(request));
}

/* Memory, connections, sets: what the app has of its own accord. */
static void use_own(struct test_app *app, struct port_trap *trap)
{
    const size_t i = index_of(app);
    switch (next() % 12) {
    case 0:
        set_call(trap, SYS_MEM_CREATE, 4096u * (1 + next() % 3), 0, 0, 0);
        break;
    case 1:
        set_call(trap, SYS_MEM_MAP, habits[i].memory, 4096u * (next() % 2), 4096, 1 + next() % 3);
        break;
    case 2:
        set_call(trap, SYS_MEM_UNMAP, habits[i].mapped, 4096, 0, 0);
        break;
    case 3:
    case 4:
        trap->nr = SYS_CONNECT;
        put_path(app, trap);
        trap->arg[1] = next() % 4;
        trap->arg[2] = next() * UINT64_C(100000000);
        break;
    case 5:
    case 6:
        put_request(app);
        set_call(trap, SYS_SEND, habits[i].client, sizeof(struct session_request), put_objects(app),
                 0);
        break;
    case 7:
        set_call(trap, SYS_CANCEL, habits[i].client, 0, 0, 0);
        break;
    case 8:
        set_call(trap, SYS_WAIT, habits[i].client, next() * UINT64_C(100000000), next() % 4, 0);
        break;
    case 9:
        set_call(trap, SYS_HSET_CTRL, habits[i].set, next() % 3, habits[i].client, ~0u);
        break;
    case 10:
        set_call(trap, SYS_SLEEP, next() * UINT64_C(100000000), SYS_WAIT_CANCELLABLE, 0, 0);
        break;
    default:
        set_call(trap, SYS_RETIRE, 0, 0, 0, 0);
        break;
    }
}

/* The own port's name is the app's. */
static void make_service(struct test_app *app, struct port_trap *trap)
{
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(app->uuid, text);
    memcpy(app->page.out, text, UUID_TEXT_LENGTH);
    set_call(trap, SYS_PORT_CREATE, UUID_TEXT_LENGTH, 1, SESSION_BUFFER_SIZE,
             SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS);
}

static void serve_session(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    const size_t i = index_of(app);
    uint64_t to = SYS_NO_HANDLE;
    uint64_t length = 0;
    uint64_t flags = next() % 8 == 0 ? SYS_RECEIVE_CLOSE : 0;
    bool event = answer == 0 && habits[i].last_nr == SYS_RECEIVE && app->page.recv.flags == 0;
    if (event && (app->page.event.event & SYS_EVENT_HUP) != 0) {
        set_call(trap, SYS_CLOSE, app->page.event.handle, 0, 0, 0);
        return;
    }
    if (habits[i].asked != 0) {
        struct session_reply reply = {.op = habits[i].asked_op, .origin = 3 + next() % 2};
        to = habits[i].asked;
        length = SESSION_REPLY_SIZE(habits[i].asked_params);
        memcpy(app->page.out, &reply, sizeof(reply));
        habits[i].asked = 0;
    }
    set_call(trap, SYS_RECEIVE, to, length, SYS_TIMEOUT_INFINITE, SYS_WAIT_PEEK | flags);
}

static void serve_port(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    const size_t i = index_of(app);
    const uint64_t last = habits[i].last_nr;
    const bool event = answer == 0 && (last == SYS_WAIT || last == SYS_WAIT_ANY);
    if (event && app->page.event.handle == habits[i].port) {
        set_call(trap, SYS_ACCEPT, habits[i].port, 0, 0, 0);
    } else if (event || last == SYS_GET || last == SYS_READ) {
        use_channel(app, trap);
    } else if (habits[i].set != 0 && next() < 128) {
        set_call(trap, SYS_WAIT, habits[i].set, SYS_TIMEOUT_INFINITE, SYS_WAIT_PEEK, 0);
    } else {
        set_call(trap, SYS_WAIT_ANY, SYS_TIMEOUT_INFINITE, SYS_WAIT_PEEK, 0, 0);
    }
}

static void play_sensibly(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    const size_t i = index_of(app);
    if (habits[i].port == 0 && habits[i].serves) {
        make_service(app, trap);
    } else if (habits[i].port == 0) {
        app->page.out[0] = 'p';
        app->page.out[1] = (uint8_t)('2' + i);
        set_call(trap, SYS_PORT_CREATE, 2, 1 + next() % 4, 64,
                 SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS);
    } else if (habits[i].set == 0 && next() < 64) {
        set_call(trap, SYS_HSET_CREATE, 0, 0, 0, 0);
    } else if (next() < 64) {
        use_own(app, trap);
    } else if (habits[i].serves) {
        serve_session(app, answer, trap);
    } else {
        serve_port(app, answer, trap);
    }
}

static void play_wildly(struct test_app *app, struct port_trap *trap);

static void play(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    remember(app, answer);
    if (input.left == 0 || app->steps > 2000) {
        trap->kind = PORT_TRAP_GONE;
        return;
    }
    if ((next() & 3) != 0)
        play_sensibly(app, answer, trap);
    else
        play_wildly(app, trap);
    habits[index_of(app)].last_nr = trap->nr;
}

static void play_wildly(struct test_app *app, struct port_trap *trap)
{
    trap->nr = next() % 40;
    for (int i = 0; i < 5; i++)
        trap->arg[i] = number();
    for (int i = 0; i < 3; i++)
        app->page.objects[i] = (uint32_t)number();
    uint8_t choice = next();
    if (choice < 4) {
        static const enum port_trap_kind kinds[] = {PORT_TRAP_FAULT, PORT_TRAP_TICK, PORT_TRAP_TICK,
                                                    PORT_TRAP_WANTED};
        trap->kind = kinds[choice];
    }
    if (trap->kind != PORT_TRAP_CALL)
        return;
    if (choice < 100 && (trap->nr == SYS_PORT_CREATE || trap->nr == SYS_CONNECT))
        put_path(app, trap);
    if (choice < 200 && trap->nr == SYS_RECEIVE)
        put_reply(app, trap);
    if (choice < 150 && (trap->nr == SYS_WAIT || trap->nr == SYS_RECEIVE))
        trap->arg[trap->nr == SYS_WAIT ? 2 : 3] = SYS_WAIT_PEEK;
    if (choice < 150 && trap->nr == SYS_WAIT_ANY)
        trap->arg[1] = SYS_WAIT_PEEK;
    if (choice >= 150 && choice < 200)
        put_posts(app);
}

static struct gp_client *clients[2];
static bool gone[2]; /* told to the kernel: no call of theirs begins any more */
static uint64_t last_session;

/* Mostly within what a client shares. */
static uint64_t place(void)
{
    uint8_t choice = next();
    return choice < 250 ? choice : number();
}

static void gate_event(void)
{
    struct msg_arg arg;
    size_t who = next() & 1;
    struct gp_client *client = clients[who];
    uint8_t *octets = (uint8_t *)&arg;
    memset(&arg, 0, sizeof(arg));
    if (gone[who])
        return;
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
            arg.params[i].u.rmem.offset = place();
            arg.params[i].u.rmem.size = place();
            arg.params[i].u.rmem.cookie = next() % 4;
        }
        if (choice % 3 == 0) {
            memmove(&arg.params[2], &arg.params[0], 2 * sizeof(arg.params[0]));
            memset(arg.params, 0, 2 * sizeof(arg.params[0]));
            arg.head.num_params = choice < 200 ? 2 : 4;
            arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
            arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
            memcpy(arg.params[0].u.octets, app_uuids[choice & 1], 16);
        }
    }
    (void)gp_call(client, &arg);
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
    if (port_mem_create(4096, &mem) == E_OK &&
        gp_shm_register(client, cookie, mem, cookie % 4096) != E_OK)
        port_mem_destroy(mem);
}

/* --- The Trusty gate. --- */

struct connection {
    struct tipc_channel *channel;
    unsigned changes;
    bool busy; /* in one of the gate's functions: not to be closed */
};
/* Each one's memory is freed when it is closed: who is told of it later writes into freed memory. */
static struct connection *connections[4];

static void changed(void *context)
{
    struct connection *connection = context;
    connection->changes++;
}

static void close_connection(struct connection **place)
{
    if (*place == NULL || (*place)->busy)
        return;
    tipc_close((*place)->channel);
    free(*place);
    *place = NULL;
}

static void connect_event(struct connection **place)
{
    char name[SYS_PATH_MAX + 8] = "p2";
    struct tipc_limits limits;
    struct connection *connection = calloc(1, sizeof(*connection));
    const struct tipc_listener listener = {.changed = changed, .context = connection};
    if (connection == NULL)
        abort();
    uint8_t choice = next();
    size_t length = choice < 200 ? 2 : choice % sizeof(name);
    name[1] = (char)('2' + choice % 3);
    if (choice >= 250)
        uuid_format(app_uuids[choice & 1], name);
    uint64_t timeout_ns = number() % 20000000000u;
    if (tipc_connect(name, length, timeout_ns, &listener, &limits, &connection->channel) == E_OK &&
        *place == NULL)
        *place = connection;
    else if (connection->channel != NULL) /* somebody was quicker */
        close_connection(&connection);
    else
        free(connection);
}

static void send_event(struct connection *connection)
{
    static const uint8_t bytes[2 * SYS_MSG_MAX];
    struct port_mem *mem[TIPC_MEMORY_MAX + 1];
    size_t count = next() % 32;
    size_t made = 0;
    count = count > TIPC_MEMORY_MAX + 1 ? 0 : count;
    while (made < count && port_mem_create(4096, &mem[made]) == E_OK)
        made++;
    connection->busy = true;
    enum error error = tipc_send(connection->channel, bytes, number() % sizeof(bytes), mem, made);
    connection->busy = false;
    for (size_t i = 0; error == E_QUEUE_FULL && i < made; i++)
        port_mem_destroy(mem[i]);
}

static void run_event(struct connection *connection)
{
    bool was_busy = connection->busy;
    connection->busy = true;
    (void)tipc_run(connection->channel);
    connection->busy = was_busy;
}

static void message_event(struct connection **place, uint8_t choice)
{
    static uint8_t bytes[SYS_MSG_MAX];
    size_t length;
    if (*place != NULL && choice < 80)
        send_event(*place);
    else if (*place != NULL && choice < 220)
        (void)!tipc_receive((*place)->channel, bytes, sizeof(bytes), &length);
    else
        close_connection(place);
}

static void tipc_event(void)
{
    uint8_t choice = next();
    struct connection **place = &connections[choice & 3];
    if (*place == NULL)
        connect_event(place);
    else if (choice >= 80 && choice < 140)
        run_event(*place);
    else
        message_event(place, choice);
    if ((choice & 4) != 0)
        gp_call_after();
}

static uint8_t *packages[3];
static size_t package_sizes[3];

/* The first app's package is another one now. */
static void upgrade(void)
{
    size_t version = next() & 1 ? 2 : 0;
    test_port_set_package(app_uuids[0], packages[version], package_sizes[version]);
}

static enum error refusing_rpc(struct msg_arg *arg)
{
    static const uint32_t rets[] = {0, 0xffff000cu, 0xffff0008u, 0xffff0010u};
    test_port_set_rpc(NULL);
    arg->head.ret = rets[next() % 4];
    arg->params[1].u.tmem.size = number();
    return next() & 1 ? E_OK : E_COMMUNICATION;
}

/* What may come while another call is in the kernel, and does not wait for it there. */
static void small_event(void)
{
    uint8_t choice;
    switch (next() % 12) {
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
        gone[1] = gone[1] || next() < 64;
        if (gone[1])
            gp_client_gone(clients[1]);
        break;
    case 4:
        test_port_fail_allocation(next());
        break;
    case 5:
        choice = next();
        message_event(&connections[choice & 3], choice);
        break;
    case 6:
        test_port_advance(next() * UINT64_C(100000000));
        break;
    case 7:
        upgrade();
        break;
    case 8:
        test_port_set_rpc(next() & 1 ? refusing_rpc : NULL);
        break;
    case 9:
        test_port_set_memory_low((next() & 1) != 0);
        break;
    case 10:
        test_port_set_slow_unmap((next() & 1) != 0);
        break;
    default:
        break;
    }
}

static void one_event(void *context)
{
    (void)context;
    small_event();
}

static void meanwhile(void)
{
    if (next() < 64)
        small_event();
}

static void kill_all(void)
{
    for (struct test_app *app = test_port_next_app(); app != NULL; app = test_port_next_app()) {
        KERNEL_LOCKED(lock);
        instance_kill(app->owner, "all ends");
    }
}

/* An app may let its client wait for ever, but not because nobody was asked to run it. */
static void stuck(void)
{
    {
        KERNEL_LOCKED(lock);
        if (thread_rest_waits() || test_port_live_apps() == 0)
            abort();
    }
    kill_all();
}

static void offer_event(void)
{
    size_t who = next() & 1;
    size_t which = next() % 3;
    if (!gone[who])
        (void)!gp_client_offer_package(clients[who], packages[which], package_sizes[which]);
}

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;

static void make_once(void)
{
    if (key != NULL)
        return;
    key = test_key_create();
    trust = test_trust(key, NULL, 0, &trust_size);
    static const char *const manifests[3] = {
        "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\npostern.ports=p2\n",
        "postern.cancelGrace=100\npostern.maxInstances=3\n",
        "gpd.ta.singleInstance=true\npostern.ports=p2\npostern.restart=always\n",
    };
    for (int i = 0; i < 3; i++) {
        struct test_package package = {.manifest = manifests[i]};
        memcpy(package.uuid, app_uuids[i % 2], 16);
        packages[i] = test_package_make(&package, key, &package_sizes[i]);
    }
}

static void one_step(void)
{
    test_port_when_idle(one_event, NULL);
    uint8_t choice = next();
    if (choice < 100)
        gate_event();
    else if (choice < 160)
        tipc_event();
    else if (choice < 190)
        memory_event();
    else if (choice < 200)
        small_event();
    else if (choice < 205)
        offer_event();
    else if (choice < 220)
        kernel_background();
    else if (choice < 230)
        test_port_advance(number() % 20000000000u);
    else
        gp_call_after();
}

/* Ends everybody, and sees what is left: of each verified app four pieces, of the rest nothing. */
static void end_all(void)
{
    char status[64];
    kill_all();
    kernel_background();
    if (port_lock_is_mine() || test_port_live_apps() != 0 || test_port_live_memory() != 0)
        abort();
    (void)kernel_status(status, sizeof(status));
    if (test_port_finish() != 4 * strtoul(status + strlen("apps: "), NULL, 10))
        abort();
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
    test_port_set_port("p2", app_uuids[0]);
    test_port_set_meanwhile(meanwhile);
    test_port_set_stuck(stuck);
    last_session = 1;
    memset(gone, 0, sizeof(gone));
    if (gp_client_create(&clients[0]) != E_OK || gp_client_create(&clients[1]) != E_OK)
        abort();
    while (input.left > 0)
        one_step();
    test_port_fail_allocation(0);
    test_port_when_idle(NULL, NULL);
    test_port_set_meanwhile(NULL);
    test_port_set_rpc(NULL);
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++)
        close_connection(&connections[i]);
    gp_client_destroy(clients[0]);
    gp_client_destroy(clients[1]);
    end_all();
    return 0;
}
