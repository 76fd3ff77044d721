/*
 * The GlobalPlatform gate with the whole kernel below it, in the test port: sessions, policies,
 * cancellation, deaths, and every allocation failing once.
 */
#include <abi/error.h>
#include <abi/session.h>
#include <kernel/app/instance.h>
#include <kernel/decode/message.h>
#include <kernel/gate/client.h>
#include <kernel/object/set.h>
#include <kernel/sched/log.h>
#include <lib/uuid.h>
#include <port/test/fiber.h>
#include <port/test/test_package.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>
#include <setjmp.h>

#define CODE_SUCCESS 0u
#define CODE_SESSION_NOT_EXIST 3u
#define CODE_SESSION_MAXIMUM 4u
#define CODE_LOAD_ERROR 13u
#define CODE_CANCEL 0xffff0002u
#define CODE_EXCESS_DATA 0xffff0004u
#define CODE_BAD_FORMAT 0xffff0005u
#define CODE_BAD_PARAMETERS 0xffff0006u
#define CODE_ITEM_NOT_FOUND 0xffff0008u
#define CODE_NOT_SUPPORTED 0xffff000au
#define CODE_OUT_OF_MEMORY 0xffff000cu
#define CODE_BUSY 0xffff000du
#define CODE_COMMUNICATION 0xffff000eu
#define CODE_SECURITY 0xffff000fu
#define CODE_SHORT_BUFFER 0xffff0010u
#define CODE_TARGET_DEAD 0xffff3024u

enum command {
    COMMAND_ADD = 1, /* value 0: a + b -> a */
    COMMAND_FAULT = 2,
    COMMAND_SLEEP = 3,    /* cancellable; answers CODE_CANCEL when cancelled */
    COMMAND_SIZE = 4,     /* memory 0: claims value 1's a as its size */
    COMMAND_NO_REPLY = 5, /* closes the session instead */
    COMMAND_STUBBORN = 6, /* sleeps for long, whatever is asked */
    COMMAND_GARBAGE = 7,  /* a reply of the wrong size */
    COMMAND_MEMORY = 8,   /* answers in value 1 where memory 0 is mapped */
    COMMAND_WANTED = 9,   /* the normal world wants the processor meanwhile */
    COMMAND_FORGET = 10,  /* takes the next call and never answers this one */
    COMMAND_GIVE = 11,    /* tries to give its session away */
    COMMAND_LOSE = 12,    /* answers, and then takes the next message where nobody knows of it */
    COMMAND_PLACE = 13,   /* answers in value 1 which part of its object memory 0 is */
    COMMAND_LEAVE = 14,   /* answers, takes no more sessions, and takes its time to end */
    COMMAND_KEEP = 15,    /* its client releases memory 9 meanwhile; makes a call, and then none */
    COMMAND_SETS = 16,    /* answers in value 0 how often it could put a session into a set */
};

#define LEAVE_NS UINT64_C(2000000000)

static const uint8_t app_uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x77,
                                     0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static struct test_key *key;
static uint8_t *trust;
static size_t trust_size;
static uint8_t *package;

/* --- The app. --- */

struct app_log {
    struct gp_client *client; /* COMMAND_KEEP: whose memory it is */
    int opened;
    int closed;
    uint8_t client_uuid[16];
    uint32_t login;
    bool slow_close; /* it sleeps for long before it closes a session */
    bool lingers;    /* when its session is closed, it takes its time to end */
    int64_t lost;    /* what came of taking a message as if it were no call */
};
static struct app_log app_log;

static uint64_t put_own_uuid(struct fiber *fiber)
{
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(app_uuid, text);
    return fiber_out(fiber, text, UUID_TEXT_LENGTH);
}

static void keep_memory(struct fiber *fiber)
{
    assert_int_equal(gp_shm_release(app_log.client, 9), E_OK);
    (void)fiber_call(fiber, SYS_CLOCK, SYS_CLOCK_SYSTEM);
    for (int i = 0; i < 20; i++) {
        test_port_advance(UINT64_C(1000000000));
        fiber_pause(fiber, PORT_TRAP_TICK);
    }
}

#define MANY_SESSIONS 100u
#define MANY_SETS 60u

static uint64_t fill_sets(struct fiber *fiber)
{
    uint64_t sets[MANY_SETS];
    uint64_t added = 0;
    for (uint64_t i = 0; i < MANY_SETS; i++) {
        sets[i] = (uint64_t)fiber_call(fiber, SYS_HSET_CREATE, 0);
        for (uint64_t j = 0; j < MANY_SESSIONS; j++)
            added += fiber_call(fiber, SYS_HSET_CTRL, sets[i], SYS_HSET_ADD, SYS_SESSION_BASE + j,
                                ~0u, 0) == 0;
    }
    for (uint64_t i = 0; i < MANY_SETS; i++)
        assert_int_equal(fiber_call(fiber, SYS_CLOSE, sets[i]), 0);
    return added;
}

static void serve_command(struct fiber *fiber, const struct session_request *request,
                          struct session_reply *reply, uint64_t *length)
{
    const uint64_t fault[3] = {SYS_FAULT_DATA, 0x10, 0x1004};
    const struct sys_recv *recv = &fiber_page(fiber)->recv;
    switch (request->command) {
    case COMMAND_ADD:
        reply->param[0].x = request->param[0].x + request->param[0].y;
        break;
    case COMMAND_FAULT:
        fiber_trap(fiber, PORT_TRAP_FAULT, fault);
        break;
    case COMMAND_SLEEP:
        if (fiber_call(fiber, SYS_SLEEP, 1000000000000u, SYS_WAIT_CANCELLABLE) == SYS_ERR_CANCELLED)
            reply->result = CODE_CANCEL;
        break;
    case COMMAND_STUBBORN:
        (void)fiber_call(fiber, SYS_SLEEP, 3600000000000u, 0);
        break;
    case COMMAND_SIZE:
        reply->param[0].y = request->param[1].x;
        break;
    case COMMAND_NO_REPLY:
        (void)fiber_call(fiber, SYS_CLOSE, fiber_page(fiber)->event.handle);
        *length = 0;
        break;
    case COMMAND_GARBAGE:
        *length = 7;
        break;
    case COMMAND_FORGET:
        *length = 0;
        break;
    case COMMAND_LOSE:
    case COMMAND_LEAVE:
        break;
    case COMMAND_GIVE:
        fiber_page(fiber)->objects[0] = fiber_page(fiber)->event.handle;
        reply->result =
            (uint32_t)fiber_call(fiber, SYS_SEND, fiber_page(fiber)->event.handle, 0, 1);
        break;
    case COMMAND_WANTED:
        fiber_pause(fiber, PORT_TRAP_WANTED);
        break;
    case COMMAND_MEMORY:
        reply->param[1].x = recv->num_objects != 0 && recv->obj_va[0] != 0;
        reply->param[1].y = recv->num_objects != 0 ? recv->obj_prot[0] : 0;
        break;
    case COMMAND_PLACE:
        reply->param[1] = request->param[0];
        break;
    case COMMAND_KEEP:
        keep_memory(fiber);
        break;
    case COMMAND_SETS:
        reply->param[0].x = fill_sets(fiber);
        break;
    default:
        reply->result = 1;
        break;
    }
}

/* Answers, tries to take the next message as if it were no call, and then does nothing for long. */
static void lose_next(struct fiber *fiber, const struct session_reply *reply)
{
    uint64_t session = fiber_page(fiber)->event.handle;
    (void)fiber_out(fiber, reply, sizeof(*reply));
    (void)fiber_call(fiber, SYS_SEND, session, sizeof(*reply), 0);
    (void)fiber_call(fiber, SYS_WAIT, session, SYS_TIMEOUT_INFINITE, SYS_WAIT_PEEK);
    uint32_t id = fiber_page(fiber)->peek.shown[0].id;
    app_log.lost = fiber_call(fiber, SYS_GET, session);
    struct sys_page *page = fiber_page(fiber);
    page->post[page->post_head % SYS_POSTS] =
        (struct sys_post){.kind = SYS_POST_TAKE, .handle = (uint32_t)session, .value = id};
    page->post_head++;
    (void)fiber_call(fiber, SYS_SLEEP, 3600000000000u, 0);
}

static void linger(struct fiber *fiber)
{
    (void)fiber_call(fiber, SYS_SLEEP, LEAVE_NS, 0);
    (void)fiber_call(fiber, SYS_EXIT, 0, 0);
}

static void leave(struct fiber *fiber, const struct session_reply *reply)
{
    (void)fiber_out(fiber, reply, sizeof(*reply));
    (void)fiber_call(fiber, SYS_SEND, fiber_page(fiber)->event.handle, sizeof(*reply), 0);
    assert_int_equal(fiber_call(fiber, SYS_RETIRE), 0);
    linger(fiber);
}

static void serve(struct fiber *fiber)
{
    uint64_t path = put_own_uuid(fiber);
    assert_true(fiber_call(fiber, SYS_PORT_CREATE, path, 1, SESSION_BUFFER_SIZE, 0) >= 1000);
    uint64_t reply_to = SYS_NO_HANDLE;
    uint64_t length = 0;
    for (;;) {
        int64_t result = fiber_call(fiber, SYS_RECEIVE, reply_to, length, SYS_TIMEOUT_INFINITE, 0);
        reply_to = SYS_NO_HANDLE;
        length = 0;
        if (result < 0)
            continue;
        struct sys_page *page = fiber_page(fiber);
        if ((page->recv.flags & SYS_RECV_MSG) == 0) {
            if ((page->event.event & SYS_EVENT_HUP) != 0)
                (void)fiber_call(fiber, SYS_CLOSE, page->event.handle);
            if (app_log.lingers)
                linger(fiber);
            continue;
        }
        struct session_request request;
        memcpy(&request, page->in, sizeof(request));
        struct session_reply reply = {.op = request.op, .origin = 4};
        reply_to = page->event.handle;
        length = sizeof(reply);
        if (request.op == SESSION_OPEN) {
            app_log.opened++;
            app_log.login = request.login;
            memcpy(app_log.client_uuid, request.client_uuid, 16);
        } else if (request.op == SESSION_CLOSE) {
            if (app_log.slow_close)
                (void)fiber_call(fiber, SYS_SLEEP, 3600000000000u, 0);
            app_log.closed++;
        } else {
            serve_command(fiber, &request, &reply, &length);
        }
        if (request.op == SESSION_INVOKE && request.command == COMMAND_LOSE)
            lose_next(fiber, &reply);
        if (request.op == SESSION_INVOKE && request.command == COMMAND_LEAVE)
            leave(fiber, &reply);
        if (length == 0)
            reply_to = SYS_NO_HANDLE;
        else
            (void)fiber_out(fiber, &reply, sizeof(reply));
    }
}

static struct fiber_app app = {.body = serve};

/* --- The client. --- */

static void use_manifest(const char *manifest)
{
    struct test_package wanted = {.manifest = manifest};
    memcpy(wanted.uuid, app_uuid, 16);
    size_t size = 0;
    free(package);
    package = test_package_make(&wanted, key, &size);
    test_port_set_package(app_uuid, package, size);
}

static void start(const char *manifest)
{
    static bool started;
    if (started)
        (void)test_port_finish();
    started = true;
    fiber_free_all();
    memset(&app_log, 0, sizeof(app_log));
    app.body = serve;
    test_port_start(trust, trust_size);
    use_manifest(manifest);
    test_port_set_app(app_uuid, fiber_play, &app);
}

#define SHARED "gpd.ta.multiSession=true\ngpd.ta.singleInstance=true\n"

static struct gp_client *client_create(void)
{
    struct gp_client *client = NULL;
    assert_int_equal(gp_client_create(&client), E_OK);
    return client;
}

static struct msg_arg open_message(void)
{
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg.params[0].u.octets, app_uuid, 16);
    return arg;
}

static uint32_t open_session(struct gp_client *client, uint32_t *session)
{
    struct msg_arg arg = open_message();
    gp_call(client, &arg);
    *session = arg.head.session;
    return arg.head.ret;
}

static uint32_t must_open(struct gp_client *client)
{
    uint32_t session = 0;
    assert_int_equal(open_session(client, &session), CODE_SUCCESS);
    assert_int_not_equal(session, 0);
    return session;
}

static struct msg_arg invoke_message(uint32_t session, uint32_t command)
{
    return (struct msg_arg){
        .head = {.cmd = MSG_CMD_INVOKE_COMMAND, .func = command, .session = session}};
}

static uint32_t invoke(struct gp_client *client, uint32_t session, uint32_t command)
{
    struct msg_arg arg = invoke_message(session, command);
    gp_call(client, &arg);
    return arg.head.ret;
}

static uint32_t close_session(struct gp_client *client, uint32_t session)
{
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_CLOSE_SESSION, .session = session}};
    gp_call(client, &arg);
    return arg.head.ret;
}

/* --- Tests. --- */

static void values_go_in_and_out(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    struct msg_arg arg = invoke_message(session, COMMAND_ADD);
    arg.head.num_params = 1;
    arg.params[0].attr = MSG_ATTR_VALUE_INOUT;
    arg.params[0].u.value = (struct msg_value){.a = 40, .b = 2};
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SUCCESS);
    assert_int_equal(arg.head.origin, 4);
    assert_int_equal(arg.params[0].u.value.a, 42);
    assert_int_equal(close_session(client, session), CODE_SUCCESS);
    assert_int_equal(app_log.opened, 1);
    assert_int_equal(app_log.closed, 1);
    assert_int_equal(close_session(client, session), CODE_SESSION_NOT_EXIST);
    assert_int_equal(invoke(client, session, COMMAND_ADD), CODE_SESSION_NOT_EXIST);
    gp_client_destroy(client);
}

/* Whatever lay where it is decoded to, a NULL reference has room for nothing: an app that claims more
 * learns, and tells, nothing of it. */
static void null_output_has_no_room(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    struct msg_arg arg = invoke_message(must_open(client), COMMAND_SIZE);
    arg.head.num_params = 2;
    arg.params[0].attr = MSG_ATTR_RMEM_OUTPUT;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT;
    arg.params[1].u.value.a = 1;
    struct request request;
    memset(&request, 0xaa, sizeof(request));
    assert_int_equal(decode_request(&arg, &request), E_OK);
    assert_int_equal(request.cookie[0], 0);
    assert_int_equal(request.param[0].y, 0);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SHORT_BUFFER);
    assert_int_equal(arg.params[0].u.rmem.size, 1);
    gp_client_destroy(client);
}

static void sessions_are_their_clients_own(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *one = client_create();
    struct gp_client *other = client_create();
    uint32_t session = must_open(one);
    assert_int_equal(invoke(other, session, COMMAND_ADD), CODE_SESSION_NOT_EXIST);
    assert_int_equal(close_session(other, session), CODE_SESSION_NOT_EXIST);
    assert_int_equal(invoke(one, session, COMMAND_ADD), CODE_SUCCESS);
    gp_client_destroy(other);
    assert_int_equal(invoke(one, session, COMMAND_ADD), CODE_SUCCESS);
    gp_client_destroy(one);
    assert_int_equal(app_log.closed, 1);
}

static void missing_app_is_not_found(void **state)
{
    (void)state;
    start(SHARED);
    test_port_set_package(app_uuid, NULL, 0);
    struct gp_client *client = client_create();
    uint32_t session = 0;
    assert_int_equal(open_session(client, &session), CODE_ITEM_NOT_FOUND);
    gp_client_destroy(client);
}

static enum error silent_rpc(struct msg_arg *arg)
{
    (void)arg;
    return E_COMMUNICATION;
}

static void silent_supplicant_is_a_communication_error(void **state)
{
    (void)state;
    start(SHARED);
    test_port_set_rpc(silent_rpc);
    struct gp_client *client = client_create();
    struct msg_arg arg = open_message();
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_COMMUNICATION);
    assert_int_equal(arg.head.origin, 2);
    gp_client_destroy(client);
}

/* Each answer that a lying supplicant may give. */
static uint64_t lie_size;
static uint32_t lie_ret;
static enum error lying_rpc(struct msg_arg *arg)
{
    arg->head.ret = lie_ret;
    arg->params[1].u.tmem.size = lie_size;
    return E_OK;
}

static void lying_supplicant_starts_nothing(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 500, PACKAGE_SIZE_MAX, PACKAGE_SIZE_MAX + 1, UINT64_MAX};
    static const uint32_t rets[] = {0, CODE_SHORT_BUFFER, CODE_OUT_OF_MEMORY, 0x12345678};
    start(SHARED);
    struct gp_client *client = client_create();
    test_port_set_rpc(lying_rpc);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (size_t j = 0; j < sizeof(rets) / sizeof(*rets); j++) {
            uint32_t session = 0;
            lie_size = sizes[i];
            lie_ret = rets[j];
            assert_int_not_equal(open_session(client, &session), CODE_SUCCESS);
            assert_int_equal(test_port_live_apps(), 0);
        }
    }
    gp_client_destroy(client);
}

static void fault_ends_the_instance_alone(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t one = must_open(client);
    uint32_t other = must_open(client);
    struct msg_arg arg = invoke_message(one, COMMAND_FAULT);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_TARGET_DEAD);
    assert_int_equal(arg.head.origin, 3);
    assert_int_equal(invoke(client, one, COMMAND_ADD), CODE_TARGET_DEAD);
    assert_int_equal(invoke(client, other, COMMAND_ADD), CODE_TARGET_DEAD);
    assert_int_equal(test_port_live_apps(), 0);
    assert_non_null(strstr(test_port_log(), "bad memory access, address 0x10"));
    uint32_t fresh = must_open(client);
    assert_int_equal(invoke(client, fresh, COMMAND_ADD), CODE_SUCCESS);
    assert_int_equal(close_session(client, one), CODE_SUCCESS);
    gp_client_destroy(client);
}

static void reply_that_is_none_is_a_death(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    assert_int_equal(invoke(client, session, COMMAND_GARBAGE), CODE_TARGET_DEAD);
    uint32_t second = must_open(client);
    assert_int_equal(invoke(client, second, COMMAND_NO_REPLY), CODE_TARGET_DEAD);
    assert_int_equal(invoke(client, second, COMMAND_ADD), CODE_TARGET_DEAD);
    gp_client_destroy(client);
}

/* While one caller's processor is away, another caller runs the app, with the first one's request
 * before its own. */
static struct gp_client *second_client;
static uint32_t second_session;
static unsigned passes;

static void second_caller(void)
{
    passes++;
    if (passes == 1)
        assert_int_equal(invoke(second_client, second_session, COMMAND_ADD), CODE_SUCCESS);
}

static void interrupted_caller_does_not_hold_its_app(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    second_client = client_create();
    uint32_t session = must_open(client);
    second_session = must_open(second_client);
    passes = 0;
    test_port_set_pass(second_caller);
    assert_int_equal(invoke(client, session, COMMAND_WANTED), CODE_SUCCESS);
    assert_int_equal(passes, 1);
    /* Nobody else is there: it goes on where it was. */
    assert_int_equal(invoke(client, session, COMMAND_WANTED), CODE_SUCCESS);
    assert_int_equal(passes, 2);
    test_port_set_pass(NULL);
    gp_client_destroy(second_client);
    gp_client_destroy(client);
}

static void policy_limits_sessions(void **state)
{
    (void)state;
    uint32_t session = 0;
    start("gpd.ta.singleInstance=true\n");
    struct gp_client *client = client_create();
    uint32_t first = must_open(client);
    assert_int_equal(open_session(client, &session), CODE_BUSY);
    assert_int_equal(close_session(client, first), CODE_SUCCESS);
    (void)must_open(client);
    gp_client_destroy(client);

    start(SHARED "postern.maxSessions=2\n");
    client = client_create();
    first = must_open(client);
    (void)must_open(client);
    assert_int_equal(open_session(client, &session), CODE_SESSION_MAXIMUM);
    assert_int_equal(close_session(client, first), CODE_SUCCESS);
    (void)must_open(client);
    assert_int_equal(test_port_live_apps(), 1);
    gp_client_destroy(client);

    start("postern.maxInstances=2\n");
    client = client_create();
    (void)must_open(client);
    (void)must_open(client);
    assert_int_equal(test_port_live_apps(), 2);
    assert_int_equal(open_session(client, &session), CODE_SESSION_MAXIMUM);
    gp_client_destroy(client);
}

struct cancel_plan {
    struct gp_client *client;
    uint32_t session;
    uint32_t cancel_id;
};

static void cancel_now(void *context)
{
    const struct cancel_plan *plan = context;
    gp_cancel(plan->client, plan->session, plan->cancel_id);
}

static void running_call_is_cancelled(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    struct cancel_plan plan = {client, must_open(client), 77};
    struct msg_arg arg = invoke_message(plan.session, COMMAND_SLEEP);
    arg.head.cancel_id = 77;
    test_port_when_idle(cancel_now, &plan);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_CANCEL);
    assert_int_equal(arg.head.origin, 4);
    assert_int_equal(invoke(client, plan.session, COMMAND_ADD), CODE_SUCCESS);
    /* A cancellation that names no call does nothing. */
    gp_cancel(client, plan.session, 77);
    gp_cancel(client, 12345, 0);
    assert_int_equal(invoke(client, plan.session, COMMAND_ADD), CODE_SUCCESS);
    gp_client_destroy(client);
}

static uint32_t invoke_as(struct gp_client *client, uint32_t session, uint32_t cancel_id)
{
    struct msg_arg arg = invoke_message(session, COMMAND_ADD);
    arg.head.cancel_id = cancel_id;
    gp_call(client, &arg);
    return arg.head.ret;
}

/* Each of the last 32 cancellations that came too early ends its own call, and that one once. */
static void early_cancellations_wait_for_their_calls(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    uint32_t other = must_open(client);
    gp_cancel(client, session, 64);
    gp_cancel(client, session, 0);
    for (uint32_t id = 0; id < 64; id++)
        assert_int_equal(invoke_as(client, session, id), CODE_SUCCESS);
    assert_int_equal(invoke_as(client, other, 64), CODE_SUCCESS);
    assert_int_equal(invoke_as(client, session, 64), CODE_CANCEL);
    assert_int_equal(invoke_as(client, session, 64), CODE_SUCCESS);
    const uint32_t step = 65;
    for (uint32_t i = 0; i < CLIENT_EARLY_CANCELS + 2; i++)
        gp_cancel(client, session, 100 + i * step);
    for (uint32_t i = 0; i < CLIENT_EARLY_CANCELS + 2; i++)
        assert_int_equal(invoke_as(client, session, 100 + i * step),
                         i < 2 ? CODE_SUCCESS : CODE_CANCEL);
    for (uint32_t i = 0; i < CLIENT_EARLY_CANCELS + 2; i++)
        assert_int_equal(invoke_as(client, session, 100 + i * step), CODE_SUCCESS);
    gp_client_destroy(client);
}

static void app_that_ignores_cancellation_is_ended(void **state)
{
    (void)state;
    start(SHARED "postern.cancelGrace=500\n");
    struct gp_client *client = client_create();
    struct cancel_plan plan = {client, must_open(client), 5};
    struct msg_arg arg = invoke_message(plan.session, COMMAND_STUBBORN);
    arg.head.cancel_id = 5;
    test_port_when_idle(cancel_now, &plan);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_TARGET_DEAD);
    assert_non_null(strstr(test_port_log(), "did not answer a cancelled call in time"));
    gp_client_destroy(client);

    start(SHARED "postern.cancelGrace=0\n");
    client = client_create();
    plan = (struct cancel_plan){client, must_open(client), 5};
    arg = invoke_message(plan.session, COMMAND_STUBBORN);
    arg.head.cancel_id = 5;
    test_port_when_idle(cancel_now, &plan);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SUCCESS);
    gp_client_destroy(client);
}

static void app_that_does_not_close_is_ended(void **state)
{
    (void)state;
    start(SHARED "postern.cancelGrace=500\n");
    app_log.slow_close = true;
    struct gp_client *client = client_create();
    assert_int_equal(close_session(client, must_open(client)), CODE_SUCCESS);
    assert_non_null(strstr(test_port_log(), "did not close a session in time"));
    assert_int_equal(app_log.closed, 0);
    assert_int_equal(test_port_live_apps(), 0);
    app_log.slow_close = false;
    assert_int_equal(invoke(client, must_open(client), COMMAND_ADD), CODE_SUCCESS);
    gp_client_destroy(client);

    start(SHARED "postern.cancelGrace=0\n");
    app_log.slow_close = true;
    client = client_create();
    assert_int_equal(close_session(client, must_open(client)), CODE_SUCCESS);
    assert_int_equal(app_log.closed, 1);
    gp_client_destroy(client);
}

static void client_gone_now(void *context)
{
    gp_client_gone(context);
}

static void app_lets_go_of_a_dead_client(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    test_port_when_idle(client_gone_now, client);
    assert_int_equal(invoke(client, session, COMMAND_SLEEP), CODE_CANCEL);
    gp_client_destroy(client);
    assert_int_equal(app_log.closed, 1);
    assert_int_equal(test_port_live_apps(), 1);

    start(SHARED "postern.cancelGrace=0\n");
    client = client_create();
    session = must_open(client);
    test_port_when_idle(client_gone_now, client);
    assert_int_equal(invoke(client, session, COMMAND_STUBBORN), CODE_TARGET_DEAD);
    gp_client_destroy(client);
    assert_int_equal(test_port_live_apps(), 0);
}

static void add_now(void *context)
{
    struct cancel_plan *plan = context;
    assert_int_equal(invoke(plan->client, plan->session, COMMAND_ADD), CODE_TARGET_DEAD);
}

/* An app that takes the next call instead of answering leaves nobody waiting for ever. */
static void app_that_forgets_a_call_is_ended(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *one = client_create();
    struct gp_client *other = client_create();
    uint32_t session = must_open(one);
    struct cancel_plan plan = {other, must_open(other), 0};
    test_port_when_idle(add_now, &plan);
    assert_int_equal(invoke(one, session, COMMAND_FORGET), CODE_TARGET_DEAD);
    assert_non_null(strstr(test_port_log(), "took a call before it answered the last one"));
    assert_int_equal(test_port_live_apps(), 0);
    gp_client_destroy(one);
    gp_client_destroy(other);
}

/* Nor can it take a call so that nobody knows that it has it, nor give it to somebody else. */
static void app_cannot_hide_a_call(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    assert_int_equal(invoke(client, session, COMMAND_GIVE), (uint32_t)SYS_ERR_NOT_ALLOWED);
    assert_int_equal(invoke(client, session, COMMAND_LOSE), CODE_SUCCESS);
    struct cancel_plan plan = {client, session, 9};
    struct msg_arg arg = invoke_message(session, COMMAND_ADD);
    arg.head.cancel_id = 9;
    test_port_when_idle(cancel_now, &plan);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_CANCEL);
    assert_int_equal(app_log.lost, SYS_ERR_NOT_ALLOWED);
    /* It sleeps for an hour; its client does not wait for that when it ends, nor does the app die. */
    uint64_t before = port_clock_ns();
    gp_client_destroy(client);
    assert_true(port_clock_ns() - before < UINT64_C(60000000000));
    assert_int_equal(test_port_live_apps(), 1);
    client = client_create();
    gp_client_destroy(client);
}

/* An app that does not look at one close does not look at a hundred. */
static void deaf_app_is_waited_for_once(void **state)
{
    (void)state;
    start(SHARED "postern.maxSessions=200\n");
    struct gp_client *client = client_create();
    struct gp_client *other = client_create();
    uint32_t session = 0;
    for (uint32_t i = 0; i < MANY_SESSIONS; i++)
        session = must_open(i % 2 == 0 ? client : other);
    assert_int_equal(invoke(other, session, COMMAND_LOSE), CODE_SUCCESS);
    uint64_t before = port_clock_ns();
    gp_client_destroy(client);
    assert_true(port_clock_ns() - before < UINT64_C(12000000000));
    assert_int_equal(close_session(other, session), CODE_SUCCESS);
    gp_client_destroy(other);
    assert_true(port_clock_ns() - before < UINT64_C(12000000000));
    assert_int_equal(test_port_live_apps(), 1);

    /* As soon as it looks again it is told of each. */
    start(SHARED);
    client = client_create();
    session = must_open(client);
    other = client_create();
    (void)must_open(other);
    assert_int_equal(invoke(client, session, COMMAND_LOSE), CODE_SUCCESS);
    struct cancel_plan plan = {client, session, 9};
    struct msg_arg arg = invoke_message(session, COMMAND_ADD);
    arg.head.cancel_id = 9;
    test_port_when_idle(cancel_now, &plan);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_CANCEL);
    gp_client_destroy(other);
    assert_int_equal(app_log.closed, 0);
    test_port_advance(UINT64_C(3600000000000)); /* so long it sleeps */
    kernel_background();
    (void)must_open(client);
    gp_client_destroy(client);
    assert_int_equal(app_log.closed, 2);
}

static struct port_mem *make_memory(uint64_t size)
{
    struct port_mem *mem = NULL;
    assert_int_equal(port_mem_create(size, &mem), E_OK);
    return mem;
}

static struct msg_arg memory_message(uint32_t session, uint64_t offset, uint64_t size,
                                     uint64_t cookie, uint64_t attr)
{
    struct msg_arg arg = invoke_message(session, COMMAND_MEMORY);
    arg.head.num_params = 2;
    arg.params[0].attr = attr;
    arg.params[0].u.rmem = (struct msg_rmem){.offset = offset, .size = size, .cookie = cookie};
    arg.params[1].attr = MSG_ATTR_VALUE_OUTPUT;
    return arg;
}

static void memory_is_mapped_once_and_dropped(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    struct port_mem *mem = make_memory(8192);
    assert_int_equal(gp_shm_register(client, 9, mem, 0), E_OK);
    struct msg_arg arg = memory_message(session, 10, 100, 9, MSG_ATTR_RMEM_INPUT);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SUCCESS);
    assert_int_equal(arg.params[1].u.value.a, 1);
    assert_int_equal(arg.params[1].u.value.b, SYS_MEM_READ);
    arg = memory_message(session, 0, 8192, 9, MSG_ATTR_RMEM_INOUT);
    gp_call(client, &arg);
    assert_int_equal(arg.params[1].u.value.b, SYS_MEM_READ | SYS_MEM_WRITE);
    assert_int_equal(gp_shm_release(client, 9), E_OK);
    assert_int_equal(test_port_live_memory(), 0);
    assert_int_equal(gp_shm_release(client, 9), E_NOT_FOUND);
    gp_client_destroy(client);
}

static void memory_outside_is_refused(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    struct gp_client *other = client_create();
    uint32_t session = must_open(client);
    assert_int_equal(gp_shm_register(other, 4, make_memory(4096), 0), E_OK);
    assert_int_equal(gp_shm_register(client, 5, make_memory(4096), 0), E_OK);
    struct port_mem *again = make_memory(4096);
    assert_int_equal(gp_shm_register(client, 5, again, 0), E_EXISTS);
    assert_int_equal(gp_shm_register(client, 0, again, 0), E_INVALID);
    port_mem_destroy(again);
    const struct {
        uint64_t offset, size, cookie;
    } bad[] = {
        {0, 4096, 4}, {0, 4097, 5},       {4096, 1, 5},
        {4097, 0, 5}, {UINT64_MAX, 2, 5}, {1, UINT64_MAX, 5},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct msg_arg arg = memory_message(session, bad[i].offset, bad[i].size, bad[i].cookie,
                                            MSG_ATTR_RMEM_OUTPUT);
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, CODE_BAD_PARAMETERS);
        assert_int_equal(arg.head.origin, 3);
    }
    struct msg_arg arg = memory_message(session, 4096, 0, 5, MSG_ATTR_RMEM_INPUT);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SUCCESS);
    arg = memory_message(session, 0, 0, 0, MSG_ATTR_RMEM_INPUT);
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_SUCCESS);
    assert_int_equal(arg.params[1].u.value.a, 0);
    gp_client_destroy(client);
    gp_client_destroy(other);
    assert_int_equal(test_port_live_memory(), 0);
}

/* What a client registers need not begin with its first page. */
static void memory_begins_inside_its_first_page(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    struct port_mem *mem = make_memory(8192);
    assert_int_equal(gp_shm_register(client, 5, mem, 8193), E_INVALID);
    assert_int_equal(gp_shm_register(client, 5, mem, 100), E_OK);
    const struct {
        uint64_t offset, size;
        bool inside;
    } cases[] = {
        {0, 8092, true},
        {10, 4, true},
        {8092, 0, true},
        {0, 8093, false},
        {8092, 1, false},
        {8093, 0, false},
        {UINT64_MAX - 50, 1, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct msg_arg arg =
            memory_message(session, cases[i].offset, cases[i].size, 5, MSG_ATTR_RMEM_INPUT);
        arg.head.func = COMMAND_PLACE;
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, cases[i].inside ? CODE_SUCCESS : CODE_BAD_PARAMETERS);
        if (cases[i].inside) {
            assert_int_equal(arg.params[1].u.value.a, 100 + cases[i].offset);
            assert_int_equal(arg.params[1].u.value.b, cases[i].size);
        }
    }
    gp_client_destroy(client);
    assert_int_equal(test_port_live_memory(), 0);
}

/* Released while the app computes: it is told when it is entered the next time, and what it asks before
 * that is no sign that it has let go. */
static void app_that_keeps_memory_is_ended(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    app_log.client = client;
    uint32_t session = must_open(client);
    assert_int_equal(gp_shm_register(client, 9, make_memory(4096), 0), E_OK);
    struct msg_arg arg = memory_message(session, 0, 100, 9, MSG_ATTR_RMEM_INPUT);
    gp_call(client, &arg);
    assert_int_equal(arg.params[1].u.value.a, 1);
    test_port_set_slow_unmap(true);
    assert_int_equal(invoke(client, session, COMMAND_KEEP), CODE_TARGET_DEAD);
    assert_non_null(strstr(test_port_log(), "did not let go of memory"));
    assert_int_equal(test_port_live_apps(), 0);
    gp_client_destroy(client);
}

/* An app may serve more sessions than it may hold handles, and sets of all of them would be large. */
static void members_of_sets_are_limited(void **state)
{
    (void)state;
    start(SHARED "postern.maxSessions=4096\n");
    struct gp_client *client = client_create();
    uint32_t session = 0;
    for (uint32_t i = 0; i < MANY_SESSIONS; i++)
        session = must_open(client);
    for (uint32_t i = 0; i < 2; i++) {
        struct msg_arg arg = invoke_message(session, COMMAND_SETS);
        arg.head.num_params = 1;
        arg.params[0].attr = MSG_ATTR_VALUE_OUTPUT;
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, CODE_SUCCESS);
        assert_int_equal(arg.params[0].u.value.a, SET_MEMBERS_MAX);
    }
    gp_client_destroy(client);
}

static void sizes_above_the_buffer_are_short(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    assert_int_equal(gp_shm_register(client, 5, make_memory(4096), 0), E_OK);
    for (uint32_t claimed = 99; claimed <= 101; claimed++) {
        struct msg_arg arg = memory_message(session, 0, 100, 5, MSG_ATTR_RMEM_OUTPUT);
        arg.head.func = COMMAND_SIZE;
        arg.params[1].attr = MSG_ATTR_VALUE_INPUT;
        arg.params[1].u.value.a = claimed;
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, claimed > 100 ? CODE_SHORT_BUFFER : CODE_SUCCESS);
        assert_int_equal(arg.params[0].u.rmem.size, claimed);
    }
    gp_client_destroy(client);
}

static void damaged_messages_are_refused(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    struct msg_arg arg = invoke_message(session, COMMAND_ADD);
    arg.head.num_params = 5;
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_EXCESS_DATA);
    arg = invoke_message(session, COMMAND_ADD);
    arg.head.num_params = UINT32_MAX;
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_EXCESS_DATA);
    arg = invoke_message(session, COMMAND_ADD);
    arg.head.num_params = 1;
    for (uint64_t attr = 0; attr < 0x500; attr++) {
        arg.params[0] = (struct msg_param){.attr = attr};
        gp_call(client, &arg);
        bool known = attr <= 3 || (attr >= 5 && attr <= 7) || (attr >= 9 && attr <= 11);
        assert_int_equal(arg.head.ret == CODE_BAD_FORMAT, !known);
    }
    arg.params[0] = (struct msg_param){.attr = MSG_ATTR_TMEM_INPUT};
    arg.params[0].u.tmem.address = 4096;
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_BAD_FORMAT);
    for (uint32_t count = 0; count < 2; count++) {
        arg = open_message();
        arg.head.num_params = count;
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, CODE_BAD_FORMAT);
    }
    arg = open_message();
    arg.head.cmd = 99;
    gp_call(client, &arg);
    assert_int_equal(arg.head.ret, CODE_NOT_SUPPORTED);
    gp_client_destroy(client);
}

static void wait_without_sessions(struct fiber *fiber)
{
    (void)fiber_out(fiber, "some.port", 9);
    (void)fiber_call(fiber, SYS_PORT_CREATE, 9, 1, 64, 0);
    for (;;)
        (void)fiber_call(fiber, SYS_WAIT_ANY, SYS_TIMEOUT_INFINITE, 0);
}

static void app_without_sessions_refuses(void **state)
{
    (void)state;
    start(SHARED);
    app.body = wait_without_sessions;
    struct gp_client *client = client_create();
    uint32_t session = 0;
    assert_int_equal(open_session(client, &session), CODE_NOT_SUPPORTED);
    assert_int_equal(open_session(client, &session), CODE_NOT_SUPPORTED);
    gp_client_destroy(client);
}

static void die_at_once(struct fiber *fiber)
{
    const uint64_t fault[3] = {SYS_FAULT_ABORT, 0, UINT64_MAX};
    fiber_trap(fiber, PORT_TRAP_FAULT, fault);
}

static void app_that_dies_at_start_is_dead(void **state)
{
    (void)state;
    start(SHARED);
    app.body = die_at_once;
    struct gp_client *client = client_create();
    uint32_t session = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(open_session(client, &session), CODE_TARGET_DEAD);
    assert_int_equal(test_port_live_apps(), 0);
    gp_client_destroy(client);
}

static void newer_package_is_used_when_the_old_instance_ended(void **state)
{
    (void)state;
    start(SHARED "postern.maxSessions=1\n");
    struct gp_client *client = client_create();
    uint32_t session = 0;
    uint32_t old = must_open(client);
    uint8_t *kept = package;
    package = NULL;
    use_manifest(SHARED "postern.maxSessions=2\n");
    assert_int_equal(open_session(client, &session), CODE_SESSION_MAXIMUM);
    assert_int_equal(invoke(client, old, COMMAND_FAULT), CODE_TARGET_DEAD);
    (void)must_open(client);
    (void)must_open(client);
    gp_client_destroy(client);
    free(kept);
}

/* What an app needs to be started again may be there later. */
static void restart_is_tried_again(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 4; nth++) {
        start("gpd.ta.singleInstance=true\npostern.restart=failure\n");
        struct gp_client *client = client_create();
        assert_int_equal(invoke(client, must_open(client), COMMAND_FAULT), CODE_TARGET_DEAD);
        gp_client_destroy(client);
        for (unsigned i = 0; i < 3; i++) {
            test_port_advance(UINT64_C(6000000000));
            test_port_fail_allocation(nth);
            kernel_background();
            test_port_fail_allocation(0);
            assert_int_equal(test_port_live_apps(), 0);
        }
        assert_non_null(strstr(test_port_log(), "cannot be restarted now: E_NO_MEMORY"));
        test_port_advance(UINT64_C(6000000000));
        kernel_background();
        assert_int_equal(test_port_live_apps(), 1);
    }
}

/* A caller whose question to the normal world takes its time: it has a stack of its own, which it leaves
 * there. */
static struct {
    ucontext_t own;
    ucontext_t test;
    struct gp_client *client;
    uint32_t ret;
    char stack[512 * 1024];
} asker;

static enum error rpc_that_takes_its_time(struct msg_arg *arg)
{
    test_port_set_rpc(NULL);
    swapcontext(&asker.own, &asker.test);
    return port_rpc(arg);
}

static void ask(void)
{
    uint32_t session = 0;
    asker.ret = open_session(asker.client, &session);
}

static void asker_goes_on(void *context)
{
    (void)context;
    swapcontext(&asker.test, &asker.own);
}

/* An app is to be started again, while somebody who opens it finds that there is a newer version. */
static void superseded_version_is_not_restarted(void **state)
{
    (void)state;
    start("gpd.ta.singleInstance=true\npostern.restart=always\n");
    asker.client = client_create();
    assert_int_equal(invoke(asker.client, must_open(asker.client), COMMAND_FAULT),
                     CODE_TARGET_DEAD);
    test_port_advance(UINT64_C(6000000000)); /* from now on it is due */
    uint8_t *kept = package;
    package = NULL;
    use_manifest("gpd.ta.singleInstance=true\n");
    test_port_set_rpc(rpc_that_takes_its_time);
    getcontext(&asker.own);
    asker.own.uc_stack.ss_sp = asker.stack;
    asker.own.uc_stack.ss_size = sizeof(asker.stack);
    asker.own.uc_link = &asker.test;
    makecontext(&asker.own, ask, 0);
    asker_goes_on(NULL);
    assert_int_equal(test_port_live_apps(), 0);
    asker.ret = UINT32_MAX;
    test_port_when_idle(asker_goes_on, NULL);
    kernel_background();
    assert_int_equal(asker.ret, CODE_SUCCESS);
    assert_int_equal(test_port_live_apps(), 1);
    gp_client_destroy(asker.client);
    free(kept);
}

static void offered_package_serves_its_client(void **state)
{
    (void)state;
    start(SHARED);
    uint8_t *offered = package;
    size_t size = 0;
    memcpy(&size, &((struct package_header *)(void *)package)->total_size, sizeof(uint32_t));
    test_port_set_package(app_uuid, NULL, 0);
    struct gp_client *client = client_create();
    struct gp_client *other = client_create();
    uint32_t session = 0;
    assert_int_equal(gp_client_offer_package(client, offered, 10), E_BAD_FORMAT);
    assert_int_equal(gp_client_offer_package(client, offered, size), E_OK);
    assert_int_equal(gp_client_offer_package(client, offered, size), E_OK);
    assert_int_equal(open_session(other, &session), CODE_ITEM_NOT_FOUND);
    /* Only the last few are kept. */
    for (uint8_t i = 0; i <= GP_PACKAGES_MAX; i++) {
        struct package_header header;
        memcpy(&header, offered, sizeof(header));
        if (i > 0)
            memset(header.uuid, i, sizeof(header.uuid));
        memcpy(offered, &header, sizeof(header));
        assert_int_equal(gp_client_offer_package(other, offered, size), E_OK);
        memcpy(header.uuid, app_uuid, sizeof(header.uuid));
        memcpy(offered, &header, sizeof(header));
    }
    assert_int_equal(open_session(other, &session), CODE_ITEM_NOT_FOUND);
    (void)must_open(client);
    gp_client_destroy(client);
    gp_client_destroy(other);
}

/* The whole of a session's life with the nth allocation failing: errors, no crash, and the next
 * client is served. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    start("gpd.ta.dataSize=4096\n");
    bool all_succeeded = false;
    for (uint64_t nth = 1; nth < 200 && !all_succeeded; nth++) {
        uint32_t session = 0;
        struct gp_client *client = NULL;
        test_port_fail_allocation(nth);
        if (gp_client_create(&client) != E_OK)
            continue;
        uint32_t ret = open_session(client, &session);
        assert_true(ret == CODE_SUCCESS || ret == CODE_OUT_OF_MEMORY);
        struct port_mem *mem = NULL;
        bool registered = false;
        if (ret == CODE_SUCCESS && port_mem_create(100, &mem) == E_OK) {
            registered = gp_shm_register(client, 1, mem, 0) == E_OK;
            if (!registered)
                port_mem_destroy(mem);
        }
        if (registered) {
            struct msg_arg arg = memory_message(session, 0, 100, 1, MSG_ATTR_RMEM_INPUT);
            gp_call(client, &arg);
            assert_int_equal(arg.head.ret, CODE_SUCCESS);
            all_succeeded = arg.params[1].u.value.a == 1;
        }
        gp_client_destroy(client);
        test_port_fail_allocation(0);
        assert_int_equal(test_port_live_memory(), 0);
        client = client_create();
        (void)must_open(client);
        gp_client_destroy(client);
    }
    assert_true(all_succeeded);
}

/* Whoever opens a session with memory that is not there leaves nothing behind. */
static void open_that_is_refused_leaves_no_app(void **state)
{
    (void)state;
    start("postern.maxInstances=2\n");
    struct gp_client *client = client_create();
    for (int i = 0; i < 3; i++) {
        struct msg_arg arg = open_message();
        arg.head.num_params = 3;
        arg.params[2].attr = MSG_ATTR_RMEM_INPUT;
        arg.params[2].u.rmem = (struct msg_rmem){.size = 1, .cookie = 77};
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, CODE_BAD_PARAMETERS);
        kernel_background();
        assert_int_equal(test_port_live_apps(), 0);
    }
    (void)must_open(client);
    assert_int_equal(test_port_live_apps(), 1);
    gp_client_destroy(client);
}

static void open_without_memory_leaves_no_app(void **state)
{
    (void)state;
    bool opened = false;
    for (uint64_t nth = 1; nth < 100 && !opened; nth++) {
        uint32_t session = 0;
        start("");
        struct gp_client *client = client_create();
        test_port_fail_allocation(nth);
        (void)open_session(client, &session);
        test_port_fail_allocation(0);
        kernel_background();
        opened = app_log.opened > 0; /* then it is the app's to end */
        assert_int_equal(test_port_live_apps(), opened ? 1 : 0);
        gp_client_destroy(client);
    }
    assert_true(opened);
}

/* What a package calls its app does not end the line, nor begin another one. */
static void names_stay_in_their_line(void **state)
{
    (void)state;
    char status[2048];
    start(SHARED "postern.name=a\x1b[2Jb\rc\n");
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    (void)kernel_status(status, sizeof(status));
    assert_non_null(strstr(status, " a?[2Jb?c\n"));
    assert_int_equal(invoke(client, session, COMMAND_FAULT), CODE_TARGET_DEAD);
    assert_non_null(strstr(test_port_log(), " a?[2Jb?c: ended: bad memory access"));
    gp_client_destroy(client);
}

static uint32_t count_lines(const char *part)
{
    uint32_t count = 0;
    for (const char *at = strstr(test_port_log(), part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/* A client that is refused again and again does not fill the log. */
static void refusals_are_logged_with_measure(void **state)
{
    (void)state;
    start(SHARED);
    struct gp_client *client = client_create();
    for (int i = 0; i < 1000; i++) {
        struct msg_arg arg = open_message();
        arg.params[0].u.octets[15] ^= 0x55;
        gp_call(client, &arg);
        assert_int_equal(arg.head.ret, CODE_ITEM_NOT_FOUND);
    }
    assert_int_equal(count_lines("session refused: E_NOT_FOUND"), LOG_CLIENTS_AT_ONCE);
    test_port_advance(UINT64_C(1000000000));
    struct msg_arg arg = open_message();
    arg.params[0].u.octets[15] ^= 0x55;
    gp_call(client, &arg);
    assert_int_equal(count_lines("session refused: E_NOT_FOUND"), LOG_CLIENTS_AT_ONCE + 1);
    assert_non_null(strstr(test_port_log(), "900 lines about what clients asked for dropped"));
    gp_client_destroy(client);
}

static void end_at_once(struct fiber *fiber)
{
    (void)fiber_call(fiber, SYS_EXIT, 0);
}

/* A second app, which ends as soon as it runs. */
static const uint8_t other_uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x77,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xfe};

static uint8_t *make_other_app(void)
{
    static struct fiber_app leaving = {.body = end_at_once};
    struct test_package wanted = {.manifest = ""};
    memcpy(wanted.uuid, other_uuid, sizeof(other_uuid));
    size_t size = 0;
    uint8_t *other = test_package_make(&wanted, key, &size);
    test_port_set_package(other_uuid, other, size);
    test_port_set_app(other_uuid, fiber_play, &leaving);
    return other;
}

static void drop_other_app(uint8_t *other)
{
    test_port_set_package(other_uuid, NULL, 0);
    free(other);
}

static uint32_t open_other(struct gp_client *client)
{
    struct msg_arg arg = open_message();
    memcpy(arg.params[0].u.octets, other_uuid, sizeof(other_uuid));
    gp_call(client, &arg);
    return arg.head.ret;
}

/* A verified package of which no instance runs gives way when memory is short. */
static void unused_app_makes_room(void **state)
{
    (void)state;
    uint32_t session = 0;
    unsigned made_room = 0;
    for (uint64_t nth = 1; nth < 60; nth++) {
        start("gpd.ta.dataSize=4096\n");
        uint8_t *other = make_other_app();
        struct gp_client *client = client_create();
        assert_int_equal(open_other(client), CODE_TARGET_DEAD);
        test_port_fail_allocation(nth);
        uint32_t ret = open_session(client, &session);
        test_port_fail_allocation(0);
        char status[2048];
        (void)kernel_status(status, sizeof(status));
        assert_true(ret == CODE_SUCCESS || ret == CODE_OUT_OF_MEMORY);
        if (strstr(status, "apps: 1\n") != NULL && ret == CODE_SUCCESS)
            made_room++;
        gp_client_destroy(client);
        drop_other_app(other);
    }
    assert_true(made_room > 3);
}

/* The nth allocation fails in an open. Whether it waited for an app that took its time to end. */
static bool open_waits(struct gp_client *client, uint64_t nth)
{
    uint32_t session = 0;
    uint64_t before = port_clock_ns();
    test_port_fail_allocation(nth);
    uint32_t ret = open_session(client, &session);
    test_port_fail_allocation(0);
    assert_true(ret == CODE_SUCCESS || ret == CODE_OUT_OF_MEMORY);
    return ret == CODE_SUCCESS && port_clock_ns() - before >= LEAVE_NS;
}

/* So does what ends already: whoever opens waits for its memory. */
static void ending_app_makes_room(void **state)
{
    (void)state;
    unsigned made_room = 0;
    for (uint64_t nth = 1; nth < 40; nth++) {
        start("");
        struct gp_client *client = client_create();
        assert_int_equal(invoke(client, must_open(client), COMMAND_LEAVE), CODE_SUCCESS);
        made_room += open_waits(client, nth);
        gp_client_destroy(client);
    }
    assert_true(made_room > 3);
}

/* Whose last session was closed, it does so, too, even if it has not said yet that it ends. */
static void closed_app_makes_room(void **state)
{
    (void)state;
    unsigned made_room = 0;
    for (uint64_t nth = 1; nth < 40; nth++) {
        start("");
        struct gp_client *client = client_create();
        uint32_t session = must_open(client);
        app_log.lingers = true;
        assert_int_equal(close_session(client, session), CODE_SUCCESS);
        made_room += open_waits(client, nth);
        gp_client_destroy(client);
    }
    assert_true(made_room > 3);
}

/* What ended between the failure and the wait for it made room as well. */
static void app_that_ended_made_room(void **state)
{
    (void)state;
    static const bool stays;
    start("");
    struct gp_client *client = client_create();
    uint32_t session = must_open(client);
    uint64_t num_ended = instance_num_ended();
    assert_int_equal(invoke(client, session, COMMAND_LEAVE), CODE_SUCCESS);
    test_port_advance(LEAVE_NS);
    gp_client_destroy(client);
    kernel_background();
    assert_int_equal(test_port_live_apps(), 0);
    struct donor donor;
    KERNEL_LOCKED(lock);
    donor_init(&donor);
    assert_true(instance_await_end(&donor, num_ended, &stays, &lock));
    assert_false(instance_await_end(&donor, instance_num_ended(), &stays, &lock));
}

/* It does so before an allocation fails, where the port says that memory is short. */
static void unused_app_gives_way_early(void **state)
{
    (void)state;
    char status[2048];
    for (int low = 0; low < 2; low++) {
        start(SHARED);
        uint8_t *other = make_other_app();
        struct gp_client *client = client_create();
        assert_int_equal(open_other(client), CODE_TARGET_DEAD);
        test_port_set_memory_low(low != 0);
        (void)must_open(client);
        test_port_set_memory_low(false);
        (void)kernel_status(status, sizeof(status));
        assert_non_null(strstr(status, low != 0 ? "apps: 1\n" : "apps: 2\n"));
        gp_client_destroy(client);
        drop_other_app(other);
    }
}

/* An app that is to be started again does not lose that to others that need room. */
static void restart_outlives_want_of_room(void **state)
{
    (void)state;
    start("gpd.ta.singleInstance=true\npostern.restart=failure\n");
    uint8_t *other = make_other_app();
    struct gp_client *client = client_create();
    assert_int_equal(invoke(client, must_open(client), COMMAND_FAULT), CODE_TARGET_DEAD);
    test_port_set_memory_low(true);
    assert_int_equal(open_other(client), CODE_TARGET_DEAD);
    test_port_set_memory_low(false);
    assert_int_equal(test_port_live_apps(), 0);
    test_port_advance(UINT64_C(6000000000));
    kernel_background();
    assert_int_equal(test_port_live_apps(), 1);
    gp_client_destroy(client);
    drop_other_app(other);
}

static int finish(void **state)
{
    (void)state;
    (void)test_port_finish();
    fiber_free_all();
    return 0;
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
    free(package);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(values_go_in_and_out, finish),
        cmocka_unit_test_teardown(null_output_has_no_room, finish),
        cmocka_unit_test_teardown(sessions_are_their_clients_own, finish),
        cmocka_unit_test_teardown(missing_app_is_not_found, finish),
        cmocka_unit_test_teardown(silent_supplicant_is_a_communication_error, finish),
        cmocka_unit_test_teardown(lying_supplicant_starts_nothing, finish),
        cmocka_unit_test_teardown(fault_ends_the_instance_alone, finish),
        cmocka_unit_test_teardown(reply_that_is_none_is_a_death, finish),
        cmocka_unit_test_teardown(policy_limits_sessions, finish),
        cmocka_unit_test_teardown(running_call_is_cancelled, finish),
        cmocka_unit_test_teardown(early_cancellations_wait_for_their_calls, finish),
        cmocka_unit_test_teardown(app_that_ignores_cancellation_is_ended, finish),
        cmocka_unit_test_teardown(app_that_does_not_close_is_ended, finish),
        cmocka_unit_test_teardown(app_lets_go_of_a_dead_client, finish),
        cmocka_unit_test_teardown(app_that_forgets_a_call_is_ended, finish),
        cmocka_unit_test_teardown(app_cannot_hide_a_call, finish),
        cmocka_unit_test_teardown(deaf_app_is_waited_for_once, finish),
        cmocka_unit_test_teardown(memory_is_mapped_once_and_dropped, finish),
        cmocka_unit_test_teardown(memory_outside_is_refused, finish),
        cmocka_unit_test_teardown(memory_begins_inside_its_first_page, finish),
        cmocka_unit_test_teardown(app_that_keeps_memory_is_ended, finish),
        cmocka_unit_test_teardown(members_of_sets_are_limited, finish),
        cmocka_unit_test_teardown(sizes_above_the_buffer_are_short, finish),
        cmocka_unit_test_teardown(damaged_messages_are_refused, finish),
        cmocka_unit_test_teardown(app_without_sessions_refuses, finish),
        cmocka_unit_test_teardown(app_that_dies_at_start_is_dead, finish),
        cmocka_unit_test_teardown(newer_package_is_used_when_the_old_instance_ended, finish),
        cmocka_unit_test_teardown(restart_is_tried_again, finish),
        cmocka_unit_test_teardown(restart_outlives_want_of_room, finish),
        cmocka_unit_test_teardown(superseded_version_is_not_restarted, finish),
        cmocka_unit_test_teardown(offered_package_serves_its_client, finish),
        cmocka_unit_test_teardown(interrupted_caller_does_not_hold_its_app, finish),
        cmocka_unit_test_teardown(every_allocation_may_fail, finish),
        cmocka_unit_test_teardown(open_that_is_refused_leaves_no_app, finish),
        cmocka_unit_test_teardown(open_without_memory_leaves_no_app, finish),
        cmocka_unit_test_teardown(names_stay_in_their_line, finish),
        cmocka_unit_test_teardown(unused_app_makes_room, finish),
        cmocka_unit_test_teardown(unused_app_gives_way_early, finish),
        cmocka_unit_test_teardown(ending_app_makes_room, finish),
        cmocka_unit_test_teardown(closed_app_makes_room, finish),
        cmocka_unit_test_teardown(app_that_ended_made_room, finish),
        cmocka_unit_test_teardown(refusals_are_logged_with_measure, finish),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
