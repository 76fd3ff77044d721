/*
 * The client door under a hostile client: what it may send that libteec never would. The daemon must
 * refuse it with the code that fits, or hang up on that one client; it must not fall, and the client
 * beside it must not notice.
 */
#include "call.h"
#include "link.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static const uint8_t probe_octets[16] = {0x08, 0x22, 0x00, 0x7f, 0x66, 0x7b, 0x49, 0x9a,
                                         0x9a, 0xc6, 0x98, 0x74, 0x9a, 0x39, 0x8d, 0xa9};
static struct tee here;
static TEEC_Context context;
static TEEC_Session witness;

static bool protocol_unharmed(void)
{
    return tee_lives(&here) && call_probe_right(&witness, (uint32_t)tee_now_ms());
}

static void protocol_hello(void)
{
    struct tap_group group = {0};
    struct link_hello good = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_TEEC};
    for (int i = 0; i < 8; i++) {
        struct link_hello hello = good;
        size_t size = sizeof(hello);
        switch (i) {
        case 0:
            hello.magic ^= 1;
            break;
        case 1:
            hello.protocol = LINK_PROTOCOL + 1;
            break;
        case 2:
            hello.kind = 99;
            break;
        case 3:
            hello.kind = LINK_KIND_SUPPLICANT;
            break;
        case 4:
            hello.kind = LINK_KIND_CONTROL;
            break;
        case 5:
            size = 1;
            break;
        case 6:
            size = 0;
            break;
        default:
            size = sizeof(hello) - 1;
            break;
        }
        const int fd = link_connect(here.run, LINK_SOCKET_CLIENTS);
        tap_check(&group, fd >= 0, "connect");
        (void)!send(fd, &hello, size, MSG_NOSIGNAL);
        struct link_welcome welcome;
        memset(&welcome, 0, sizeof(welcome));
        const ssize_t got = size == 0 ? 0 : recv(fd, &welcome, sizeof(welcome), 0);
        tap_check(&group,
                  got <= 0 || (got == (ssize_t)sizeof(welcome) && welcome.status != 0 &&
                               welcome.text[0] != 0 && memchr(welcome.text, 0, 96) != NULL),
                  "hello %d: %zd octets, status 0x%x", i, got, welcome.status);
        if (i == 1) {
            tap_check(&group, got == (ssize_t)sizeof(welcome) && strstr(welcome.text, "rotocol"),
                      "another protocol is refused by name: \"%.96s\"", welcome.text);
        }
        close(fd);
    }
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "hellos that make no sense are refused");
}

static void protocol_sessions(void)
{
    struct tap_group group = {0};
    struct link link;
    if (!tap_check(&group, link_open(&link, here.run) && link_lane(&link), "open")) {
        tap_group_end(&group, "sessions that are not there");
        return;
    }
    static const uint32_t numbers[] = {0, 1, 2, 77, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct msg_arg *arg = &link.page->arg;
        memset(arg, 0, sizeof(*arg));
        arg->head.cmd = MSG_CMD_INVOKE_COMMAND;
        arg->head.session = numbers[i];
        tap_check(&group,
                  link_call(&link) && arg->head.ret == TEEC_ERROR_SESSION_NOT_EXIST &&
                      arg->head.origin == TEEC_ORIGIN_TEE,
                  "invoke in session %u: 0x%x from %u", numbers[i], arg->head.ret,
                  arg->head.origin);
        memset(arg, 0, sizeof(*arg));
        arg->head.cmd = MSG_CMD_CLOSE_SESSION;
        arg->head.session = numbers[i];
        tap_check(&group, link_call(&link) && arg->head.ret != 0, "close session %u: 0x%x",
                  numbers[i], arg->head.ret);
    }
    /* The witness's session is real, but another client's. */
    struct msg_arg *arg = &link.page->arg;
    memset(arg, 0, sizeof(*arg));
    arg->head.cmd = MSG_CMD_INVOKE_COMMAND;
    arg->head.session = witness.session_id;
    tap_check(&group, link_call(&link) && arg->head.ret == TEEC_ERROR_SESSION_NOT_EXIST,
              "another client's session: 0x%x", arg->head.ret);
    link_close(&link);
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "a session id that the kernel does not know: SESSION_NOT_EXIST");
}

/* Messages with one thing wrong each, in a session that is there. */
static void protocol_messages(void)
{
    struct tap_group group = {0};
    struct link link;
    if (!tap_check(&group,
                   link_open(&link, here.run) && link_lane(&link) &&
                       link_session(&link, probe_octets),
                   "open")) {
        tap_group_end(&group, "messages that make no sense");
        return;
    }
    const uint32_t session = link.page->arg.head.session;
    for (int i = 0; i < 16; i++) {
        struct msg_arg *arg = &link.page->arg;
        memset(arg, 0, sizeof(*arg));
        arg->head.cmd = MSG_CMD_INVOKE_COMMAND;
        arg->head.func = PROBE_NOTHING;
        arg->head.session = session;
        arg->head.num_params = 1;
        struct msg_param *param = &arg->params[0];
        uint32_t want = TEEC_ERROR_BAD_FORMAT;
        switch (i) {
        case 0:
            arg->head.num_params = MSG_PARAMS_MAX + 1;
            want = TEEC_ERROR_EXCESS_DATA;
            break;
        case 1:
            arg->head.num_params = UINT32_MAX;
            want = TEEC_ERROR_EXCESS_DATA;
            break;
        case 2:
            arg->head.num_params = 5; /* more than the app can have */
            want = TEEC_ERROR_EXCESS_DATA;
            break;
        case 3:
            param->attr = 0x4;
            break;
        case 4:
            param->attr = 0xff;
            break;
        case 5:
            param->attr = MSG_ATTR_VALUE_INPUT | 0x8000;
            break;
        case 6:
            param->attr = UINT64_MAX;
            break;
        case 7: /* memory that was never there */
            param->attr = MSG_ATTR_RMEM_INPUT;
            param->u.rmem.cookie = 0x123456789;
            param->u.rmem.size = 16;
            want = 0;
            break;
        case 8:
            param->attr = MSG_ATTR_RMEM_INOUT;
            param->u.rmem.size = 16; /* cookie 0 with a size */
            want = 0;
            break;
        case 9: /* physical addresses have no meaning here */
            param->attr = MSG_ATTR_TMEM_INPUT;
            param->u.tmem.address = 0x1000;
            param->u.tmem.size = 4096;
            want = 0;
            break;
        case 10:
            param->attr = MSG_ATTR_TMEM_INOUT | MSG_ATTR_NONCONTIG;
            param->u.tmem.address = UINT64_MAX;
            param->u.tmem.size = UINT64_MAX;
            want = 0;
            break;
        case 11:
            param->attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
            want = 0;
            break;
        case 12:
            arg->head.cmd = 4711;
            want = 0;
            break;
        case 13:
            arg->head.cmd = MSG_CMD_REGISTER_SHM;
            param->attr = MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG;
            param->u.tmem.address = 0x1000;
            param->u.tmem.size = UINT64_MAX;
            want = 0;
            break;
        case 14:
            arg->head.cmd = MSG_CMD_UNREGISTER_SHM;
            param->attr = MSG_ATTR_RMEM_INPUT;
            param->u.rmem.cookie = 99;
            want = 0;
            break;
        default:
            arg->head.cmd = MSG_CMD_OPEN_SESSION; /* without its meta parameters */
            want = 0;
            break;
        }
        const bool answered = link_call(&link);
        tap_check(&group, answered && arg->head.ret != 0 && arg->head.origin == TEEC_ORIGIN_TEE,
                  "message %d: answered %d, 0x%x from %u", i, answered, arg->head.ret,
                  arg->head.origin);
        tap_check(&group, want == 0 || arg->head.ret == want, "message %d: %s", i,
                  postern_teec_strerror(arg->head.ret));
        if (!answered) {
            break;
        }
    }
    memset(&link.page->arg, 0, sizeof(link.page->arg));
    link.page->arg.head.cmd = MSG_CMD_INVOKE_COMMAND;
    link.page->arg.head.session = session;
    tap_check(&group, link_call(&link) && link.page->arg.head.ret == 0,
              "the session still serves: 0x%x", link.page->arg.head.ret);
    link_close(&link);
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "messages that make no sense: BAD_FORMAT, EXCESS_DATA, never more");
}

static void protocol_memory(void)
{
    struct tap_group group = {0};
    struct link link;
    if (!tap_check(&group,
                   link_open(&link, here.run) && link_lane(&link) &&
                       link_session(&link, probe_octets),
                   "open")) {
        tap_group_end(&group, "memory by hand");
        return;
    }
    const uint32_t session = link.page->arg.head.session;
    struct link_reply reply;
    int fd = -1;
    tap_check(&group,
              link_ask(&link, LINK_SHM_CREATE, 8192, 0, -1, &fd, 1, &reply) && reply.status == 0,
              "create");
    tap_check(&group, ftruncate(fd, 0) != 0 && ftruncate(fd, 100) != 0,
              "the memory can be shrunk by its client");
    tap_check(&group, (fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) != 0, "the memory is not sealed");
    const uint64_t cookie = reply.a;
    static const struct {
        uint64_t offset;
        uint64_t size;
        bool good;
    } ranges[] = {
        {0, 8192, true},
        {0, 0, true},
        {8191, 1, true},
        {0, 1u << 20, false},
        {1u << 20, 1, false},
        {UINT64_MAX, 2, false},
        {2, UINT64_MAX, false},
        {UINT64_MAX, UINT64_MAX, false},
        {UINT64_MAX - 4095, 4096, false},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct msg_arg *arg = &link.page->arg;
        memset(arg, 0, sizeof(*arg));
        arg->head.cmd = MSG_CMD_INVOKE_COMMAND;
        arg->head.func = PROBE_WORK;
        arg->head.session = session;
        arg->head.num_params = 1;
        arg->params[0].attr = MSG_ATTR_RMEM_INOUT;
        arg->params[0].u.rmem.offset = ranges[i].offset;
        arg->params[0].u.rmem.size = ranges[i].size;
        arg->params[0].u.rmem.cookie = cookie;
        tap_check(&group, link_call(&link) && (arg->head.ret == 0) == ranges[i].good,
                  "range %zu: 0x%x from %u", i, arg->head.ret, arg->head.origin);
    }
    /* Growing it changes nothing for the TEE. */
    (void)!ftruncate(fd, 1 << 20);
    struct msg_arg *arg = &link.page->arg;
    memset(arg, 0, sizeof(*arg));
    arg->head.cmd = MSG_CMD_INVOKE_COMMAND;
    arg->head.func = PROBE_WORK;
    arg->head.session = session;
    arg->head.num_params = 1;
    arg->params[0].attr = MSG_ATTR_RMEM_INOUT;
    arg->params[0].u.rmem.size = 1 << 20;
    arg->params[0].u.rmem.cookie = cookie;
    tap_check(&group, link_call(&link) && arg->head.ret != 0, "grown memory: 0x%x", arg->head.ret);
    for (int i = 0; i < 3; i++) {
        tap_check(&group,
                  link_ask(&link, LINK_SHM_RELEASE, cookie, 0, -1, NULL, 0, &reply) &&
                      (reply.status == 0) == (i == 0),
                  "release %d: 0x%x", i, reply.status);
    }
    static const uint64_t absurd[] = {0, UINT64_MAX, UINT64_MAX - 4096, UINT64_C(1) << 62,
                                      UINT64_C(1) << 45};
    for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
        int none = -1;
        const bool answered = link_ask(&link, LINK_SHM_CREATE, absurd[i], 0, -1, &none, 1, &reply);
        tap_check(&group, answered && (reply.status != 0 || absurd[i] == 0), "size %zu: 0x%x", i,
                  reply.status);
        if (none >= 0) {
            close(none);
        }
    }
    close(fd);
    link_close(&link);
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group,
                  "memory: sealed, its ranges checked without overflow, absurd sizes refused");
}

/* A client that changes its message and its memory all the while. No check may be passed by. */
struct protocol_race {
    struct link_lane *page;
    volatile bool stop;
};

static void *protocol_race_thread(void *argument)
{
    struct protocol_race *race = argument;
    uint32_t x = 1;
    while (!race->stop) {
        x = x * 1664525u + 1013904223u;
        volatile uint8_t *octets = (volatile uint8_t *)&race->page->arg;
        octets[(x >> 8) % sizeof(struct msg_arg)] = (uint8_t)(x >> 24);
    }
    return NULL;
}

static void protocol_races(void)
{
    struct tap_group group = {0};
    for (int round = 0; round < 20; round++) {
        struct link link;
        if (!tap_check(&group,
                       link_open(&link, here.run) && link_lane(&link) &&
                           link_session(&link, probe_octets),
                       "open")) {
            break;
        }
        const uint32_t session = link.page->arg.head.session;
        struct protocol_race race = {.page = link.page};
        pthread_t thread;
        pthread_create(&thread, NULL, protocol_race_thread, &race);
        bool answered = true;
        for (int i = 0; i < 200 && answered; i++) {
            struct msg_arg arg;
            memset(&arg, 0, sizeof(arg));
            arg.head.cmd = MSG_CMD_INVOKE_COMMAND;
            arg.head.session = session;
            arg.head.num_params = 4;
            for (int k = 0; k < 4; k++) {
                arg.params[k].attr = MSG_ATTR_VALUE_INOUT;
            }
            memcpy(&link.page->arg, &arg, sizeof(arg));
            answered = link_call(&link);
        }
        race.stop = true;
        pthread_join(thread, NULL);
        tap_check(&group, answered, "a call was not answered");
        link_close(&link);
    }
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "a client that changes its message while it is read");
}

static void *protocol_scribble_thread(void *argument)
{
    struct protocol_race *race = argument;
    volatile uint64_t *words = (volatile uint64_t *)race->page;
    uint64_t x = 1;
    while (!race->stop) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        words[(x >> 33) % (65536 / 8)] = x;
    }
    return NULL;
}

/* The app reads memory that the client writes: nothing falls, and what differs is only data. */
static void protocol_scribble(void)
{
    struct tap_group group = {0};
    TEEC_Session session;
    TEEC_SharedMemory shared = {.size = 65536, .flags = TEEC_MEM_INOUT};
    tap_check(&group,
              call_open(&context, &session, &probe, NULL) == TEEC_SUCCESS &&
                  TEEC_AllocateSharedMemory(&context, &shared) == TEEC_SUCCESS,
              "open");
    struct protocol_race race = {.page = shared.buffer};
    pthread_t thread;
    pthread_create(&thread, NULL, protocol_scribble_thread, &race);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE);
    operation.params[0].memref.parent = &shared;
    operation.params[1].value.a = 200;
    const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_WATCH, &operation, NULL);
    race.stop = true;
    pthread_join(thread, NULL);
    tap_check(&group, result == TEEC_SUCCESS, "%s", postern_teec_strerror(result));
    tap_note("the app saw the memory change %u times", operation.params[2].value.a);
    tap_check(&group, call_probe_right(&session, 5), "the session goes on");
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_CloseSession(&session);
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "a client that writes shared memory while the app reads it");
}

/* Requests on the control connection that nobody should send. */
static void protocol_requests(void)
{
    struct tap_group group = {0};
    static const uint32_t ops[] = {0, 6, 99, 101, 103, UINT32_MAX};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        struct link link;
        struct link_reply reply;
        tap_check(&group, link_open(&link, here.run), "open");
        const bool answered = link_ask(&link, ops[i], 1, 2, -1, NULL, 0, &reply);
        tap_check(&group, !answered || reply.status != 0, "request %u: 0x%x", ops[i],
                  answered ? reply.status : 0);
        link_close(&link);
    }
    struct link link;
    tap_check(&group, link_open(&link, here.run), "open");
    unsigned lanes = 0;
    for (; lanes < 10000; lanes++) {
        struct link_reply reply;
        int fds[LINK_LANE_FDS] = {-1, -1, -1, -1};
        if (!link_ask(&link, LINK_LANE_OPEN, 0, 0, -1, fds, LINK_LANE_FDS, &reply) ||
            reply.status != 0) {
            break;
        }
        for (int k = 0; k < (int)LINK_LANE_FDS; k++) {
            close(fds[k]);
        }
    }
    tap_check(&group, lanes <= link.welcome.max_lanes, "%u lanes, of %u", lanes,
              link.welcome.max_lanes);
    link_close(&link);
    tap_check(&group, protocol_unharmed(), "unharmed");
    /* Connections that never say anything must not keep others out. */
    int idle[200];
    for (int i = 0; i < 200; i++) {
        idle[i] = link_connect(here.run, LINK_SOCKET_CLIENTS);
    }
    TEEC_Context another;
    const TEEC_Result result = TEEC_InitializeContext(NULL, &another);
    tap_check(&group, result == TEEC_SUCCESS, "behind 200 silent connections: %s",
              postern_teec_strerror(result));
    TEEC_FinalizeContext(&another);
    for (int i = 0; i < 200; i++) {
        close(idle[i]);
    }
    tap_check(&group, protocol_unharmed(), "unharmed");
    tap_group_end(&group, "requests that nobody should send, too many lanes, silent connections");
}

/* A process that ends with a session, memory and registered memory. */
static void protocol_vanish_process(void)
{
    const pid_t child = fork();
    if (child == 0) {
        static char registered[8192];
        TEEC_Context own;
        TEEC_Session session;
        TEEC_SharedMemory shared[2] = {
            {.size = 65536, .flags = TEEC_MEM_INOUT},
            {.buffer = registered, .size = sizeof(registered), .flags = TEEC_MEM_INOUT}};
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE);
        operation.params[0].memref.parent = &shared[0];
        operation.params[1].memref.parent = &shared[1];
        const bool good =
            TEEC_InitializeContext(NULL, &own) == TEEC_SUCCESS &&
            call_open(&own, &session, &probe, NULL) == TEEC_SUCCESS &&
            TEEC_AllocateSharedMemory(&own, &shared[0]) == TEEC_SUCCESS &&
            TEEC_RegisterSharedMemory(&own, &shared[1]) == TEEC_SUCCESS &&
            TEEC_InvokeCommand(&session, PROBE_WORK, &operation, NULL) == TEEC_SUCCESS;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    if (status != 0) {
        tee_bail("a client that vanishes fails before it does (status %x)", (unsigned)status);
    }
}

static void protocol_vanish(void)
{
    protocol_vanish_process(); /* what is made once */
    const struct tee_count before = tee_count(&here);
    for (int i = 0; i < 50; i++) {
        protocol_vanish_process();
        struct link link;
        if (tee_cannot(TEE_DOOR) != NULL) {
            continue;
        }
        if (link_open(&link, here.run) && link_lane(&link)) {
            (void)link_session(&link, probe_octets);
        }
        link_close(&link);
    }
    const struct tee_count after = tee_count_settle(&here, &before, 2);
    tap_ok(
        after.descriptors <= before.descriptors + 2 && after.processes <= before.processes &&
            after.threads <= before.threads + TEE_POOL_THREADS &&
            (tee_cannot(TEE_DOOR) == NULL || after.memory <= before.memory + tee_scale.slack_kib),
        "clients that vanish leave nothing: descriptors %u to %u, processes %u to %u, threads %u "
        "to %u, memory %lu to %lu KiB",
        before.descriptors, after.descriptors, before.processes, after.processes, before.threads,
        after.threads, before.memory, after.memory);
    tap_ok(protocol_unharmed(), "and those that stay are unharmed");
}

/* The cases in which the door is spoken by hand. */
static const struct {
    const char *what;
    void (*run)(void);
} by_hand[] = {
    {"hellos that make no sense", protocol_hello},
    {"a session id that the kernel does not know", protocol_sessions},
    {"messages that make no sense", protocol_messages},
    {"memory by hand", protocol_memory},
    {"a client that changes its message while it is read", protocol_races},
    {"requests that nobody should send, too many lanes, silent connections", protocol_requests},
};

int main(void)
{
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start(&here);
    call_context(&context);
    if (!tap_ok(call_open(&context, &witness, &probe, NULL) == TEEC_SUCCESS, "a witness")) {
        return tap_end();
    }
    for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
        if (!tee_lacks(TEE_DOOR, by_hand[i].what)) {
            by_hand[i].run();
        }
    }
    protocol_scribble();
    protocol_vanish();
    TEEC_CloseSession(&witness);
    TEEC_FinalizeContext(&context);
    tee_end(&here);
    return tap_end();
}
