/*
 * The Trusty gate with the whole kernel below it, in the test port: connecting in every way that it
 * can fail, queues full both ways, memory that travels, closing and dying at every moment, and every
 * allocation failing once. Nothing of a connection may be left behind it.
 *
 * The service does what the first byte of a message says.
 */
#include <abi/error.h>
#include <lib/uuid.h>
#include <port/test/fiber.h>
#include <port/test/test_package.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <setjmp.h>

#define SERVICE "com.postern.test.service"
#define TIMEOUT_NS UINT64_C(5000000000)
#define FOREVER SYS_TIMEOUT_INFINITE
#define ONE "gpd.ta.singleInstance=true\n"
#define BUFFERS 2u
#define BUFFER_SIZE 64u

enum command {
    COMMAND_ECHO = 'e',
    COMMAND_TWICE = '2', /* two answers; the second may find no room */
    COMMAND_QUIET = 'q', /* no answer */
    COMMAND_KEEP = 'k',  /* answers, and never puts the message */
    COMMAND_CLOSE = 'c', /* answers, and closes the connection */
    COMMAND_FAULT = 'f', /* answers, and dies with the message taken */
    COMMAND_EXIT = 'x',  /* answers, and ends */
    COMMAND_GIVE = 'g',  /* answers with a memory object */
    COMMAND_MAP = 'm',   /* maps the memory that came along; answers how much came */
    COMMAND_LATER = 'l', /* answers after 10 s */
};

enum manner {
    MANNER_SERVE,
    MANNER_DIE,              /* before there is a port */
    MANNER_NO_PORT,          /* waits for ever */
    MANNER_DEAF,             /* never accepts */
    MANNER_CLOSE_PORT,       /* when somebody connects */
    MANNER_DIE_CONNECTED,    /* likewise */
    MANNER_ACCEPT_AND_CLOSE, /* at once */
    MANNER_LAST_WORDS,       /* likewise, but says something first */
    MANNER_BUSY,             /* does nothing but call the kernel once somebody connected */
};

static const uint8_t app_uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x77,
                                     0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static uint8_t *package;

/* --- The service. --- */

static struct {
    enum manner manner;
    uint32_t flags;
    unsigned accepted;
    unsigned hung_up;
    unsigned full; /* answers that found no room */
    bool enough;   /* of being busy */
    unsigned calls;
    uint8_t peer[16];
} service;

static int64_t make_port(struct fiber *fiber)
{
    uint64_t length = fiber_out(fiber, SERVICE, strlen(SERVICE));
    return fiber_call(fiber, SYS_PORT_CREATE, length, BUFFERS, BUFFER_SIZE, service.flags);
}

static void answer(struct fiber *fiber, uint64_t channel, uint64_t length)
{
    struct sys_page *page = fiber_page(fiber);
    memcpy(page->out, page->in, length);
    if (fiber_call(fiber, SYS_SEND, channel, length, 0) == SYS_ERR_NOT_ENOUGH_BUFFER)
        service.full++;
}

static void give(struct fiber *fiber, uint64_t channel)
{
    struct sys_page *page = fiber_page(fiber);
    int64_t memory = fiber_call(fiber, SYS_MEM_CREATE, 4096);
    if (memory < 0)
        return;
    page->objects[0] = (uint32_t)memory;
    (void)fiber_out(fiber, "given", 5);
    (void)fiber_call(fiber, SYS_SEND, channel, 5, 1);
    (void)fiber_call(fiber, SYS_CLOSE, (uint64_t)memory);
}

static void map_and_tell(struct fiber *fiber, uint64_t channel, uint32_t id, uint32_t count)
{
    struct sys_page *page = fiber_page(fiber);
    uint8_t mapped = 0;
    if (fiber_call(fiber, SYS_READ, channel, id, 0, BUFFER_SIZE, count) < 0)
        count = 0;
    uint32_t objects[SYS_MSG_OBJECTS_MAX];
    memcpy(objects, page->objects, sizeof(objects));
    for (uint32_t i = 0; i < count; i++) {
        int64_t at = fiber_call(fiber, SYS_MEM_MAP, objects[i], 0, 4096, SYS_MEM_READ, 0);
        mapped += at > 0;
        if (at > 0)
            (void)fiber_call(fiber, SYS_MEM_UNMAP, (uint64_t)at, 4096);
        (void)fiber_call(fiber, SYS_CLOSE, objects[i]);
    }
    page->out[0] = mapped;
    (void)fiber_call(fiber, SYS_SEND, channel, 1, 0);
}

/* Whether the connection goes on. */
static bool obey(struct fiber *fiber, uint64_t channel, uint32_t id, uint64_t length)
{
    const uint64_t fault[3] = {SYS_FAULT_DATA, 0x10, 0x1004};
    struct sys_page *page = fiber_page(fiber);
    enum command command = length > 0 ? page->in[0] : COMMAND_ECHO;
    uint32_t count = page->msg.num_objects;
    if (command == COMMAND_LATER)
        (void)fiber_call(fiber, SYS_SLEEP, 2 * TIMEOUT_NS);
    if (command == COMMAND_GIVE)
        give(fiber, channel);
    else if (command == COMMAND_MAP)
        map_and_tell(fiber, channel, id, count);
    else if (command != COMMAND_QUIET)
        answer(fiber, channel, length);
    if (command == COMMAND_TWICE)
        answer(fiber, channel, length);
    if (command == COMMAND_FAULT)
        fiber_trap(fiber, PORT_TRAP_FAULT, fault);
    if (command == COMMAND_EXIT)
        (void)fiber_call(fiber, SYS_EXIT, 0);
    if (command != COMMAND_KEEP)
        (void)fiber_call(fiber, SYS_PUT, channel, id);
    return command != COMMAND_CLOSE;
}

static void serve_channel(struct fiber *fiber, uint64_t channel, uint32_t events)
{
    struct sys_page *page = fiber_page(fiber);
    if ((events & SYS_EVENT_MSG) != 0 && fiber_call(fiber, SYS_GET, channel) == 0) {
        uint32_t id = page->msg.id;
        int64_t length = fiber_call(fiber, SYS_READ, channel, id, 0, BUFFER_SIZE, 0);
        if (length < 0 || !obey(fiber, channel, id, (uint64_t)length))
            (void)fiber_call(fiber, SYS_CLOSE, channel);
    } else if ((events & SYS_EVENT_HUP) != 0) {
        service.hung_up++;
        (void)fiber_call(fiber, SYS_CLOSE, channel);
    }
}

static void accept_one(struct fiber *fiber, uint64_t port)
{
    struct sys_page *page = fiber_page(fiber);
    if (service.manner == MANNER_CLOSE_PORT)
        (void)fiber_call(fiber, SYS_CLOSE, port);
    if (service.manner == MANNER_DIE_CONNECTED)
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    int64_t channel = fiber_call(fiber, SYS_ACCEPT, port);
    if (channel < 0)
        return;
    service.accepted++;
    memcpy(service.peer, page->in, sizeof(service.peer));
    for (; service.manner == MANNER_BUSY && !service.enough; service.calls++)
        (void)fiber_call(fiber, SYS_CLOCK, SYS_CLOCK_REE);
    if (service.manner == MANNER_LAST_WORDS) {
        (void)fiber_out(fiber, "bye", 3);
        (void)fiber_call(fiber, SYS_SEND, (uint64_t)channel, 3, 0);
    }
    if (service.manner == MANNER_LAST_WORDS || service.manner == MANNER_ACCEPT_AND_CLOSE)
        (void)fiber_call(fiber, SYS_CLOSE, (uint64_t)channel);
}

static void serve(struct fiber *fiber)
{
    struct sys_page *page = fiber_page(fiber);
    if (service.manner == MANNER_DIE)
        fiber_trap(fiber, PORT_TRAP_GONE, NULL);
    int64_t port = service.manner == MANNER_NO_PORT ? 0 : make_port(fiber);
    if (port < 0)
        return;
    if (service.manner == MANNER_NO_PORT || service.manner == MANNER_DEAF)
        (void)fiber_call(fiber, SYS_SLEEP, 3600 * TIMEOUT_NS);
    while (fiber_call(fiber, SYS_WAIT_ANY, FOREVER, 0) == 0) {
        struct sys_event event = page->event;
        if (event.handle == (uint64_t)port)
            accept_one(fiber, event.handle);
        else
            serve_channel(fiber, event.handle, event.event);
    }
}

static struct fiber_app app = {.body = serve};

/* --- The normal world. --- */

static void start_as(enum manner manner, uint32_t flags, const char *manifest)
{
    struct test_package wanted = {.manifest = manifest};
    size_t size = 0;
    (void)test_port_finish();
    fiber_free_all();
    memset(&service, 0, sizeof(service));
    service.manner = manner;
    service.flags = flags;
    test_port_start(trust, trust_size);
    memcpy(wanted.uuid, app_uuid, 16);
    free(package);
    package = test_package_make(&wanted, key, &size);
    test_port_set_package(app_uuid, package, size);
    test_port_set_app(app_uuid, fiber_play, &app);
    test_port_set_port(SERVICE, app_uuid);
}

static void start(enum manner manner)
{
    start_as(manner, SYS_PORT_ALLOW_NS, ONE "postern.ports=" SERVICE ":ns\n");
}

struct connection {
    struct tipc_channel *channel;
    struct tipc_limits limits;
    unsigned changes;
};

static void count_change(void *context)
{
    struct connection *connection = context;
    connection->changes++;
}

static enum error connect_by_name(struct connection *connection, const char *name, size_t length)
{
    const struct tipc_listener listener = {.changed = count_change, .context = connection};
    *connection = (struct connection){.changes = 0};
    enum error error = tipc_connect(name, length, TIMEOUT_NS, &listener, &connection->limits,
                                    &connection->channel);
    gp_call_after();
    return error;
}

static enum error connect_service(struct connection *connection)
{
    return connect_by_name(connection, SERVICE, strlen(SERVICE));
}

static void must_connect(struct connection *connection)
{
    assert_int_equal(connect_service(connection), E_OK);
}

static void hang_up(struct connection *connection)
{
    tipc_close(connection->channel);
    gp_call_after();
}

static enum error say(struct connection *connection, const char *text)
{
    return tipc_send(connection->channel, (const uint8_t *)text, strlen(text), NULL, 0);
}

static bool run(struct connection *connection)
{
    bool more = tipc_run(connection->channel);
    gp_call_after();
    return more;
}

static void expect_answer(struct connection *connection, const char *text)
{
    uint8_t bytes[SYS_MSG_MAX];
    size_t length = 0;
    assert_int_equal(tipc_receive(connection->channel, bytes, sizeof(bytes), &length), E_OK);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
}

static void expect_none(struct connection *connection, enum error wanted)
{
    uint8_t bytes[SYS_MSG_MAX];
    size_t length = 0;
    assert_int_equal(tipc_receive(connection->channel, bytes, sizeof(bytes), &length), wanted);
}

static void still_alive(void)
{
    struct connection connection;
    service.manner = MANNER_SERVE;
    must_connect(&connection);
    assert_int_equal(say(&connection, "echo"), E_OK);
    (void)run(&connection);
    expect_answer(&connection, "echo");
    hang_up(&connection);
}

/* --- Connecting. --- */

static void a_message_there_and_back(void **state)
{
    static const uint8_t normal_world[16];
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    assert_int_equal(connection.limits.num_buffers, BUFFERS);
    assert_int_equal(connection.limits.buffer_size, BUFFER_SIZE);
    assert_memory_equal(service.peer, normal_world, 16);
    expect_none(&connection, E_NO_MESSAGE);
    unsigned changes = connection.changes;
    assert_int_equal(say(&connection, "echo"), E_OK);
    assert_false(tipc_run(connection.channel));
    assert_true(connection.changes > changes);
    expect_answer(&connection, "echo");
    expect_none(&connection, E_NO_MESSAGE);
    hang_up(&connection);
    assert_int_equal(service.accepted, 1);
    assert_int_equal(service.hung_up, 1);
    still_alive();
}

static void names_that_lead_nowhere(void **state)
{
    char name[80];
    char uuid[UUID_TEXT_LENGTH + 1];
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    memset(name, 'n', sizeof(name));
    assert_int_equal(connect_by_name(&connection, "nobody", 6), E_NOT_FOUND);
    assert_int_equal(connect_by_name(&connection, "", 0), E_NOT_FOUND);
    for (size_t length = 62; length < sizeof(name); length++)
        assert_int_equal(connect_by_name(&connection, name, length), E_NOT_FOUND);
    still_alive();
    /* What begins alike, has more or less of it, or ends in a NUL is another name. */
    assert_int_equal(connect_by_name(&connection, SERVICE, strlen(SERVICE) - 1), E_NOT_FOUND);
    assert_int_equal(connect_by_name(&connection, SERVICE, strlen(SERVICE) + 1), E_NOT_FOUND);
    /* An app's own port has no name here. */
    uuid_format(app_uuid, uuid);
    assert_int_equal(connect_by_name(&connection, uuid, UUID_TEXT_LENGTH), E_NOT_FOUND);
}

static void ports_for_others(void **state)
{
    struct connection connection;
    (void)state;
    /* By its manifest: it is not even started. */
    start_as(MANNER_SERVE, SYS_PORT_ALLOW_NS, ONE "postern.ports=" SERVICE ":ta\n");
    assert_int_equal(connect_service(&connection), E_ACCESS_DENIED);
    assert_int_equal(test_port_live_apps(), 0);
    /* By what it says when it makes the port. */
    const uint32_t flags[] = {0, SYS_PORT_ALLOW_TA};
    for (size_t i = 0; i < 2; i++) {
        start_as(MANNER_SERVE, flags[i], ONE "postern.ports=" SERVICE "\n");
        assert_int_equal(connect_service(&connection), E_ACCESS_DENIED);
        assert_int_equal(connect_service(&connection), E_ACCESS_DENIED);
        assert_int_equal(service.accepted, 0);
    }
    /* The supplicant names an app whose manifest has no such port. */
    start_as(MANNER_SERVE, SYS_PORT_ALLOW_NS, ONE "postern.ports=com.postern.test.other\n");
    assert_int_equal(connect_service(&connection), E_NOT_FOUND);
    assert_int_equal(test_port_live_apps(), 0);
    /* ... or one that is not there. */
    start(MANNER_SERVE);
    test_port_set_package(app_uuid, NULL, 0);
    assert_int_equal(connect_service(&connection), E_NOT_FOUND);
}

static void services_that_do_not_come(void **state)
{
    struct connection connection;
    (void)state;
    static const struct {
        enum manner manner;
        enum error error;
    } cases[] = {
        {MANNER_DIE, E_CLOSED},        {MANNER_NO_PORT, E_TIMED_OUT},    {MANNER_DEAF, E_TIMED_OUT},
        {MANNER_CLOSE_PORT, E_CLOSED}, {MANNER_DIE_CONNECTED, E_CLOSED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(cases[i].manner);
        uint64_t before = port_clock_ns();
        assert_int_equal(connect_service(&connection), cases[i].error);
        if (cases[i].error == E_TIMED_OUT)
            assert_true(port_clock_ns() - before >= TIMEOUT_NS);
        assert_int_equal(connection.changes, 0);
    }
    /* One that gave up is not accepted any more when the service comes to it. */
    start(MANNER_DEAF);
    assert_int_equal(connect_service(&connection), E_TIMED_OUT);
    test_port_advance(3600 * TIMEOUT_NS);
    kernel_background();
    assert_int_equal(service.accepted, 0);
    still_alive();
    assert_int_equal(service.accepted, 1);
}

/* Accepted is connected, however short. */
static void closed_at_once(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_ACCEPT_AND_CLOSE);
    must_connect(&connection);
    assert_int_equal(say(&connection, "echo"), E_CLOSED);
    expect_none(&connection, E_CLOSED);
    hang_up(&connection);
    still_alive();
}

static void last_words_are_heard(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_LAST_WORDS);
    must_connect(&connection);
    assert_int_equal(say(&connection, "echo"), E_CLOSED);
    assert_false(run(&connection));
    expect_answer(&connection, "bye");
    expect_none(&connection, E_CLOSED);
    expect_none(&connection, E_CLOSED);
    hang_up(&connection);
    still_alive();
}

/* --- Messages. --- */

static void long_messages_are_cut(void **state)
{
    static const size_t lengths[] = {
        0, 1, BUFFER_SIZE - 1, BUFFER_SIZE, BUFFER_SIZE + 1, SYS_MSG_MAX, SYS_MSG_MAX + 1, 5000};
    static uint8_t out[5000];
    static uint8_t in[SYS_MSG_MAX];
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    memset(out, 'e', sizeof(out));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t wanted = lengths[i] < BUFFER_SIZE ? lengths[i] : BUFFER_SIZE;
        size_t length = 99;
        assert_int_equal(tipc_send(connection.channel, out, lengths[i], NULL, 0), E_OK);
        (void)run(&connection);
        assert_int_equal(tipc_receive(connection.channel, in, sizeof(in), &length), E_OK);
        assert_int_equal(length, wanted);
        assert_memory_equal(in, out, wanted);
    }
    hang_up(&connection);
}

static void queues_full_both_ways(void **state)
{
    struct connection connection;
    struct connection other;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    must_connect(&other);
    assert_int_equal(say(&connection, "2"), E_OK);
    assert_int_equal(say(&connection, "e second"), E_OK);
    assert_int_equal(say(&connection, "e third"), E_QUEUE_FULL);
    /* The first one's answers fill the client's queue; the service could go on. */
    assert_true(tipc_run(connection.channel));
    gp_call_after();
    assert_int_equal(service.full, 1);
    unsigned changes = connection.changes;
    assert_int_equal(say(&connection, "e third"), E_OK);
    assert_int_equal(say(&connection, "e fourth"), E_OK);
    assert_int_equal(say(&connection, "e fifth"), E_QUEUE_FULL);
    assert_int_equal(connection.changes, changes);
    expect_answer(&connection, "2");
    (void)run(&connection); /* the room is told of */
    assert_true(connection.changes > changes);
    expect_answer(&connection, "2");
    assert_int_equal(say(&connection, "e fifth"), E_OK);
    (void)run(&connection);
    /* Another connection's queues are its own. */
    assert_int_equal(say(&other, "e other"), E_OK);
    (void)run(&other);
    expect_answer(&other, "e other");
    hang_up(&other);
    hang_up(&connection);
    still_alive();
}

/* A message that the service keeps has its buffer, also when it was read. */
static void kept_messages_have_their_buffers(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    for (unsigned i = 0; i < BUFFERS; i++) {
        assert_int_equal(say(&connection, "keep"), E_OK);
        (void)run(&connection);
        expect_answer(&connection, "keep");
    }
    assert_int_equal(say(&connection, "echo"), E_QUEUE_FULL);
    assert_false(run(&connection));
    expect_none(&connection, E_NO_MESSAGE);
    hang_up(&connection);
    still_alive();
}

static void a_slow_service_is_not_waited_for(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    assert_int_equal(say(&connection, "later"), E_OK);
    unsigned changes = connection.changes;
    assert_false(run(&connection));
    expect_none(&connection, E_NO_MESSAGE);
    assert_int_equal(connection.changes, changes);
    test_port_advance(3 * TIMEOUT_NS);
    kernel_background();
    assert_true(connection.changes > changes);
    expect_answer(&connection, "later");
    hang_up(&connection);
}

/* An app that is always ready does not keep the caller who has what it wanted. */
static void a_busy_service_gets_its_share(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_BUSY);
    test_port_set_clock_step(1000);
    must_connect(&connection);
    unsigned calls = service.calls;
    assert_true(calls > 0);
    gp_call_after();
    assert_true(service.calls > calls);
    test_port_set_clock_step(0);
    service.enough = true;
    kernel_background();
    assert_int_equal(say(&connection, "echo"), E_OK);
    (void)run(&connection);
    expect_answer(&connection, "echo");
    hang_up(&connection);
    still_alive();
}

/* --- Memory and other objects. --- */

static enum error send_memory(struct connection *connection, const char *text, size_t count,
                              struct port_mem *mem[TIPC_MEMORY_MAX + 1])
{
    for (size_t i = 0; i < count; i++)
        if (port_mem_create(4096, &mem[i]) != E_OK)
            return E_GENERIC;
    return tipc_send(connection->channel, (const uint8_t *)text, strlen(text), mem, count);
}

static void memory_travels(void **state)
{
    struct port_mem *mem[TIPC_MEMORY_MAX + 1];
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    for (size_t count = 1; count <= TIPC_MEMORY_MAX; count++) {
        const char wanted[2] = {(char)count, '\0'};
        assert_int_equal(send_memory(&connection, "map", count, mem), E_OK);
        (void)run(&connection);
        expect_answer(&connection, wanted);
        assert_int_equal(test_port_live_memory(), 0);
    }
    assert_int_equal(send_memory(&connection, "map", TIPC_MEMORY_MAX + 1, mem), E_TOO_BIG);
    assert_int_equal(test_port_live_memory(), 0);
    /* A service that does not look at it. */
    assert_int_equal(send_memory(&connection, "echo", 3, mem), E_OK);
    (void)run(&connection);
    expect_answer(&connection, "echo");
    assert_int_equal(test_port_live_memory(), 0);
    /* Kept with its message, until the connection ends. */
    assert_int_equal(send_memory(&connection, "keep", 2, mem), E_OK);
    (void)run(&connection);
    assert_int_equal(test_port_live_memory(), 2);
    hang_up(&connection);
    assert_int_equal(test_port_live_memory(), 0);
}

static void memory_that_is_refused(void **state)
{
    struct port_mem *mem[TIPC_MEMORY_MAX + 1];
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    assert_int_equal(say(&connection, "echo"), E_OK);
    assert_int_equal(send_memory(&connection, "map", 1, mem), E_OK);
    /* It stays the caller's, who tries again. */
    assert_int_equal(send_memory(&connection, "map", 2, mem), E_QUEUE_FULL);
    assert_int_equal(test_port_live_memory(), 3);
    (void)run(&connection);
    expect_answer(&connection, "echo");
    expect_answer(&connection, "\001");
    assert_int_equal(tipc_send(connection.channel, (const uint8_t *)"map", 3, mem, 2), E_OK);
    (void)run(&connection);
    expect_answer(&connection, "\002");
    /* Gone with a service that is gone. */
    assert_int_equal(say(&connection, "close"), E_OK);
    (void)run(&connection);
    assert_int_equal(send_memory(&connection, "map", 2, mem), E_CLOSED);
    assert_int_equal(test_port_live_memory(), 0);
    hang_up(&connection);
    /* Never taken: gone with the client. */
    must_connect(&connection);
    assert_int_equal(send_memory(&connection, "map", 2, mem), E_OK);
    tipc_close(connection.channel);
    kernel_background();
    assert_int_equal(test_port_live_memory(), 0);
    still_alive();
}

static void handles_for_the_normal_world_are_dropped(void **state)
{
    struct connection connection;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    assert_int_equal(say(&connection, "give"), E_OK);
    (void)run(&connection);
    assert_int_equal(test_port_live_memory(), 1);
    expect_answer(&connection, "given");
    assert_int_equal(test_port_live_memory(), 0);
    const char *told = strstr(test_port_log(), "dropped");
    assert_non_null(told);
    assert_int_equal(say(&connection, "give"), E_OK);
    (void)run(&connection);
    expect_answer(&connection, "given");
    assert_null(strstr(told + 1, "dropped")); /* an app cannot fill the log so */
    /* Not fetched: gone with the client. */
    assert_int_equal(say(&connection, "give"), E_OK);
    (void)run(&connection);
    hang_up(&connection);
    assert_int_equal(test_port_live_memory(), 0);
    still_alive();
}

/* --- Ends. --- */

static void what_was_said_outlives_the_service(void **state)
{
    struct port_mem *mem[TIPC_MEMORY_MAX + 1];
    struct connection connection;
    struct connection other;
    (void)state;
    start(MANNER_SERVE);
    must_connect(&connection);
    must_connect(&other);
    assert_int_equal(say(&other, "e other"), E_OK);
    (void)run(&other);
    assert_int_equal(send_memory(&connection, "fault", 2, mem), E_OK);
    assert_int_equal(send_memory(&connection, "echo", 2, mem), E_OK);
    unsigned changes = other.changes;
    assert_false(run(&connection));
    assert_int_equal(test_port_live_apps(), 0);
    assert_int_equal(test_port_live_memory(), 0);
    assert_true(other.changes > changes);
    expect_answer(&connection, "fault");
    expect_none(&connection, E_CLOSED);
    expect_answer(&other, "e other");
    expect_none(&other, E_CLOSED);
    assert_int_equal(say(&connection, "echo"), E_CLOSED);
    assert_int_equal(say(&other, "echo"), E_CLOSED);
    assert_false(run(&other));
    still_alive(); /* a new one comes */
    hang_up(&other);
    hang_up(&connection);
}

/* Time goes on; who has to be started again is. Answers how many apps live. */
static uint64_t alive_after(uint64_t ns)
{
    test_port_advance(ns);
    kernel_background();
    return test_port_live_apps();
}

/* At once after a clean end (but not before 10 ms), after 5 s when it failed; nobody connects. */
static void services_that_come_back(void **state)
{
    static const struct {
        const char *manifest;
        bool after_exit;
        bool after_fault;
    } cases[] = {
        {ONE "postern.ports=" SERVICE ":ns\n", false, false},
        {ONE "postern.ports=" SERVICE ":ns\npostern.restart=never\n", false, false},
        {ONE "postern.ports=" SERVICE ":ns\npostern.restart=failure\n", false, true},
        {ONE "postern.ports=" SERVICE ":ns\npostern.restart=always\n", true, true},
    };
    struct connection connection;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start_as(MANNER_SERVE, SYS_PORT_ALLOW_NS, cases[i].manifest);
        must_connect(&connection);
        assert_int_equal(say(&connection, "x"), E_OK);
        (void)run(&connection);
        assert_int_equal(alive_after(9000000), 0);
        assert_int_equal(alive_after(2000000), cases[i].after_exit);
        expect_answer(&connection, "x");
        expect_none(&connection, E_CLOSED);
        hang_up(&connection);
        must_connect(&connection);
        assert_int_equal(say(&connection, "fault"), E_OK);
        (void)run(&connection);
        assert_int_equal(alive_after(4900000000), 0);
        assert_int_equal(alive_after(200000000), cases[i].after_fault);
        hang_up(&connection);
        still_alive();
    }
}

/* The client leaves after each step of each of these lives; the service sees it hang up, and nothing
 * is left. */
static void closing_at_every_moment(void **state)
{
    static const char *const words[] = {"echo",  "2",     "quiet", "keep",
                                        "close", "fault", "give",  "later"};
    (void)state;
    start(MANNER_SERVE);
    still_alive();
    const size_t rest = test_port_finish(); /* the service, with its port */
    for (size_t word = 0; word < sizeof(words) / sizeof(words[0]); word++) {
        for (unsigned steps = 0; steps < 9; steps++) {
            struct port_mem *mem[TIPC_MEMORY_MAX + 1];
            struct connection connection;
            uint8_t bytes[SYS_MSG_MAX];
            size_t length = 0;
            start(MANNER_SERVE);
            must_connect(&connection);
            for (unsigned step = 0; step < steps; step++) {
                if (step == 1 || step == 5)
                    (void)tipc_run(connection.channel);
                else if (step == 3 || step == 6)
                    (void)!tipc_receive(connection.channel, bytes, sizeof(bytes), &length);
                else if (send_memory(&connection, words[word], step % 3, mem) == E_QUEUE_FULL)
                    for (unsigned i = 0; i < step % 3; i++)
                        port_mem_destroy(mem[i]);
            }
            unsigned changes = connection.changes;
            tipc_close(connection.channel);
            gp_call_after();
            for (unsigned i = 0; i < steps; i++) { /* each "later" takes its time */
                test_port_advance(3 * TIMEOUT_NS);
                kernel_background();
            }
            assert_int_equal(connection.changes, changes); /* nobody is told any more */
            assert_int_equal(test_port_live_memory(), 0);
            still_alive();
            assert_int_equal(test_port_finish(), rest);
        }
    }
}

/* A connection's whole life with the nth allocation failing: errors, no crash, nothing left, and the
 * next client is served. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    start(MANNER_SERVE);
    bool all_succeeded = false;
    for (uint64_t nth = 1; nth < 200 && !all_succeeded; nth++) {
        struct port_mem *mem[TIPC_MEMORY_MAX + 1];
        struct connection connection;
        test_port_fail_allocation(nth);
        enum error error = connect_service(&connection);
        assert_true(error == E_OK || error == E_NO_MEMORY || error == E_CLOSED);
        if (error == E_OK) {
            uint64_t before = test_port_allocations();
            error = send_memory(&connection, "map", 2, mem);
            assert_true(error == E_OK || error == E_NO_MEMORY || error == E_GENERIC);
            if (error == E_GENERIC)
                while (test_port_live_memory() > 0)
                    port_mem_destroy(mem[test_port_live_memory() - 1]);
            (void)run(&connection);
            /* Mapping may have failed as well. */
            uint8_t bytes[SYS_MSG_MAX] = {0};
            size_t length = 0;
            all_succeeded =
                tipc_receive(connection.channel, bytes, sizeof(bytes), &length) == E_OK &&
                bytes[0] == 2 && test_port_allocations() - before > 5;
            hang_up(&connection);
        }
        test_port_fail_allocation(0);
        assert_int_equal(test_port_live_memory(), 0);
        still_alive();
        assert_int_equal(test_port_live_apps(), 1);
        if (nth % 2 == 0)
            start(MANNER_SERVE); /* loading is on the way, too */
    }
    assert_true(all_succeeded);
}

/* Clients beyond what the service's handle table takes are dropped, told so, and no harm to others. */
static void more_clients_than_handles(void **state)
{
    enum { MANY = SYS_HANDLES_MAX + 3 };
    static struct connection connections[MANY];
    unsigned connected = 0;
    (void)state;
    start(MANNER_SERVE);
    for (unsigned i = 0; i < MANY; i++) {
        enum error error = connect_service(&connections[i]);
        assert_int_equal(error, i < SYS_HANDLES_MAX - 1 ? E_OK : E_CLOSED);
        connected += error == E_OK;
    }
    for (unsigned i = 0; i < connected; i++) {
        assert_int_equal(say(&connections[i], "echo"), E_OK);
        (void)run(&connections[i]);
        expect_answer(&connections[i], "echo");
        hang_up(&connections[i]);
    }
    still_alive();
}

static int make_key(void **state)
{
    (void)state;
    key = test_key_create();
    trust = test_trust(key, NULL, 0, &trust_size);
    test_port_start(trust, trust_size);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    (void)test_port_finish();
    fiber_free_all();
    test_key_free(key);
    free(trust);
    free(package);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_there_and_back),
        cmocka_unit_test(names_that_lead_nowhere),
        cmocka_unit_test(ports_for_others),
        cmocka_unit_test(services_that_do_not_come),
        cmocka_unit_test(closed_at_once),
        cmocka_unit_test(last_words_are_heard),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(queues_full_both_ways),
        cmocka_unit_test(kept_messages_have_their_buffers),
        cmocka_unit_test(a_slow_service_is_not_waited_for),
        cmocka_unit_test(a_busy_service_gets_its_share),
        cmocka_unit_test(memory_travels),
        cmocka_unit_test(memory_that_is_refused),
        cmocka_unit_test(handles_for_the_normal_world_are_dropped),
        cmocka_unit_test(what_was_said_outlives_the_service),
        cmocka_unit_test(services_that_come_back),
        cmocka_unit_test(closing_at_every_moment),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(more_clients_than_handles),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
