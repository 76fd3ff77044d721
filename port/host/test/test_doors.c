/*
 * Clients at the door, honest and hostile, in front of a kernel of a few lines (fake_kernel.c):
 * greetings, lanes, memory, packages, cancellation, deaths, floods.
 */
#include "../account.h"
#include "../client.h"
#include "../control.h"
#include "../cpu.h"
#include "../door.h"
#include "../journal.h"
#include "../lane.h"
#include "../memory.h"
#include "../result.h"
#include "../sleep.h"
#include "../wire.h"
#include "fake_kernel.h"

#include <abi/hostlink.h>
#include <abi/package.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct lane_end {
    struct link_lane *page;
    int fd[LINK_LANE_FDS];
};

#define PATIENCE_MS 60000 /* for what comes in the end, or the test has failed anyway */

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* A connection that the daemon's side has accepted. */
static int connection(void)
{
    int pair[2];
    int on = 1;

    assert_int_equal(wire_pair(pair), 0);
    /* As sockets inherit it from the listening one. */
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
    client_accept(pair[0]);
    return pair[1];
}

static uint32_t greet(int socket, const struct link_hello *hello, size_t size)
{
    struct link_welcome welcome = {.status = UINT32_MAX};
    struct wire_extra extra;

    if (wire_send(socket, hello, size, NULL, 0) != 0 ||
        wire_receive(socket, &welcome, sizeof(welcome), 0, &extra) != (ssize_t)sizeof(welcome)) {
        return UINT32_MAX;
    }
    assert_true(memchr(welcome.text, 0, sizeof(welcome.text)) != NULL);
    assert_true(welcome.status == 0 || welcome.text[0] != '\0');
    return welcome.status;
}

static const struct link_hello good_hello = {
    .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_TEEC};

static int client(void)
{
    int socket = connection();

    assert_int_equal(greet(socket, &good_hello, sizeof(good_hello)), 0);
    return socket;
}

static struct link_reply request(int socket, uint32_t op, uint64_t a, const int *give, size_t count,
                                 struct wire_extra *extra)
{
    struct link_request request = {.op = op, .tag = op + 100, .a = a};
    struct link_reply reply = {.status = UINT32_MAX};

    assert_int_equal(wire_send(socket, &request, sizeof(request), give, count), 0);
    assert_int_equal(wire_receive(socket, &reply, sizeof(reply), LINK_LANE_FDS, extra),
                     sizeof(reply));
    assert_int_equal(reply.tag, op + 100);
    return reply;
}

static void lane_open(int socket, struct lane_end *lane)
{
    struct wire_extra extra;
    struct link_reply reply = request(socket, LINK_LANE_OPEN, 0, NULL, 0, &extra);

    assert_int_equal(reply.status, 0);
    assert_int_equal(extra.num_fds, LINK_LANE_FDS);
    memcpy(lane->fd, extra.fd, sizeof(lane->fd));
    lane->page = mmap(NULL, LINK_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      lane->fd[LINK_LANE_FD_PAGE], 0);
    assert_ptr_not_equal(lane->page, MAP_FAILED);
    lane->page->cpu = UINT32_MAX;
}

static void lane_close(struct lane_end *lane)
{
    munmap(lane->page, LINK_LANE_SIZE);
    for (size_t i = 0; i < LINK_LANE_FDS; i++) {
        close(lane->fd[i]);
    }
}

static int lane_call(struct lane_end *lane)
{
    char byte = 0;

    if (write(lane->fd[LINK_LANE_FD_REQUEST_WRITE], &byte, 1) != 1) {
        return -1;
    }
    return read(lane->fd[LINK_LANE_FD_RESPONSE_READ], &byte, 1) == 1 ? 0 : -1;
}

static bool none_is_left(void)
{
    return client_count() == 0 && fake.clients == 0 && fake.memories == 0 &&
           account_total(ACCOUNT_LANE) == 0 && account_total(ACCOUNT_MEMORY) == 0 &&
           account_total(ACCOUNT_CONNECTION) == 0;
}

static void wait_for_none(void)
{
    for (int i = 0; i < PATIENCE_MS / 10 && !none_is_left(); i++) {
        pause_ms(10);
    }
    assert_int_equal(client_count(), 0);
    assert_int_equal(fake.clients, 0);
    assert_int_equal(fake.memories, 0);
    assert_int_equal(account_total(ACCOUNT_LANE), 0);
    assert_int_equal(account_total(ACCOUNT_MEMORY), 0);
    assert_int_equal(account_total(ACCOUNT_CONNECTION), 0);
}

static void greetings_are_checked(void **state)
{
    struct link_hello hello = good_hello;
    int socket = connection();

    (void)state;
    hello.magic++;
    assert_int_equal(greet(socket, &hello, sizeof(hello)), RESULT_BAD_FORMAT);
    close(socket);
    hello = good_hello;
    hello.protocol++;
    socket = connection();
    assert_int_equal(greet(socket, &hello, sizeof(hello)), RESULT_NOT_SUPPORTED);
    close(socket);
    hello = good_hello;
    hello.kind = LINK_KIND_SUPPLICANT;
    socket = connection();
    assert_int_equal(greet(socket, &hello, sizeof(hello)), RESULT_NOT_SUPPORTED);
    close(socket);
    hello.kind = 4000000000u;
    socket = connection();
    assert_int_equal(greet(socket, &hello, sizeof(hello)), RESULT_NOT_SUPPORTED);
    close(socket);
    socket = connection();
    assert_int_equal(greet(socket, &good_hello, sizeof(good_hello) - 1), RESULT_BAD_FORMAT);
    close(socket);
    wait_for_none();
}

static void calls_travel_in_lanes(void **state)
{
    struct lane_end lane;
    int socket = client();

    (void)state;
    lane_open(socket, &lane);
    for (uint64_t i = 0; i < 1000; i++) {
        lane.page->arg = (struct msg_arg){.head = {.cmd = MSG_CMD_INVOKE_COMMAND, .num_params = 1}};
        lane.page->arg.params[0].u.value.a = i;
        lane.page->cpu = i % 3 == 0 ? UINT32_MAX : (uint32_t)(i % 5); /* also ones that are not */
        assert_int_equal(lane_call(&lane), 0);
        assert_int_equal(lane.page->arg.params[0].u.value.a, i + 1);
        assert_int_equal(lane.page->arg.head.ret, 0);
    }
    lane.page->trace = 1;
    assert_int_equal(lane_call(&lane), 0);
    assert_true(lane.page->trace_ns[LINK_TRACE_GATE_IN] > 0);
    assert_true(lane.page->trace_ns[LINK_TRACE_GATE_OUT] >=
                lane.page->trace_ns[LINK_TRACE_GATE_IN]);
    lane_close(&lane);
    close(socket);
    wait_for_none();
}

static void an_open_gets_its_identity(void **state)
{
    struct lane_end lane;
    int socket = client();
    static const uint8_t forged[16] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee,
                                       0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
    int calls;

    (void)state;
    lane_open(socket, &lane);
    lane.page->arg = (struct msg_arg){
        .head = {.cmd = MSG_CMD_OPEN_SESSION, .func = FAKE_IDENTITY, .num_params = 2}};
    lane.page->arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    lane.page->arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(lane.page->arg.params[1].u.octets, forged, 16);
    lane.page->arg.params[1].u.value.c = MSG_LOGIN_USER;
    assert_int_equal(lane_call(&lane), 0);
    assert_int_equal(lane.page->arg.head.ret, 0);
    assert_memory_not_equal(lane.page->arg.params[1].u.octets, forged, 16);
    /* Refused before the kernel hears of it. */
    calls = fake.calls;
    lane.page->arg.params[1].u.value.c = MSG_LOGIN_TRUSTED_APP;
    assert_int_equal(lane_call(&lane), 0);
    assert_int_equal(lane.page->arg.head.ret, RESULT_BAD_PARAMETERS);
    lane.page->arg.head.num_params = 0;
    assert_int_equal(lane_call(&lane), 0);
    assert_int_equal(lane.page->arg.head.ret, RESULT_BAD_FORMAT);
    lane.page->arg.head.num_params = 2;
    lane.page->arg.params[1].u.value.c = MSG_LOGIN_GROUP;
    lane.page->arg.params[1].u.value.a = 54321;
    assert_int_equal(lane_call(&lane), 0);
    assert_int_equal(lane.page->arg.head.ret, RESULT_ACCESS_DENIED);
    assert_int_equal(fake.calls, calls);
    lane_close(&lane);
    close(socket);
    wait_for_none();
}

static void memory_has_limits(void **state)
{
    struct wire_extra extra;
    struct link_reply reply;
    uint64_t cookies[4];
    int socket = client();
    struct stat info;

    (void)state;
    reply = request(socket, LINK_SHM_CREATE, 0, NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_BAD_PARAMETERS);
    reply = request(socket, LINK_SHM_CREATE, UINT64_MAX, NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_OUT_OF_MEMORY);
    reply = request(socket, LINK_SHM_CREATE, memory_limit(), NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_OUT_OF_MEMORY);
    for (size_t i = 0; i < 4; i++) {
        reply = request(socket, LINK_SHM_CREATE, 5000, NULL, 0, &extra);
        assert_int_equal(reply.status, 0);
        assert_int_equal(extra.num_fds, 1);
        cookies[i] = reply.a;
        assert_int_not_equal(cookies[i], 0);
        /* The client cannot make others fault on it. */
        assert_int_equal(fstat(extra.fd[0], &info), 0);
        assert_int_equal(info.st_size, 8192);
        assert_int_equal(ftruncate(extra.fd[0], 0), -1);
        wire_close(&extra);
    }
    assert_int_equal(fake.memories, 4);
    reply = request(socket, LINK_SHM_RELEASE, cookies[1], NULL, 0, &extra);
    assert_int_equal(reply.status, 0);
    reply = request(socket, LINK_SHM_RELEASE, cookies[1], NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_ITEM_NOT_FOUND);
    reply = request(socket, LINK_SHM_RELEASE, 12345, NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_ITEM_NOT_FOUND);
    assert_int_equal(account_total(ACCOUNT_MEMORY), 3 * 8192);
    close(socket);
    wait_for_none();
}

/* Each piece of memory is an open file here: a user cannot use them up for others. */
static void pieces_of_memory_are_limited(void **state)
{
    struct wire_extra extra;
    struct link_reply reply;
    int socket = client();
    uint64_t cookie = 0;

    (void)state;
    assert_true(account_take(geteuid(), ACCOUNT_FILE, account_limit(ACCOUNT_FILE) - 2));
    for (size_t i = 0; i < 2; i++) {
        reply = request(socket, LINK_SHM_CREATE, 1, NULL, 0, &extra);
        assert_int_equal(reply.status, 0);
        cookie = reply.a;
        wire_close(&extra);
    }
    reply = request(socket, LINK_SHM_CREATE, 1, NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_OUT_OF_MEMORY);
    reply = request(socket, LINK_SHM_RELEASE, cookie, NULL, 0, &extra);
    assert_int_equal(reply.status, 0);
    reply = request(socket, LINK_SHM_CREATE, 1, NULL, 0, &extra);
    assert_int_equal(reply.status, 0);
    wire_close(&extra);
    close(socket);
    wait_for_none();
    account_give(geteuid(), ACCOUNT_FILE, account_limit(ACCOUNT_FILE) - 2);
    assert_int_equal(account_total(ACCOUNT_FILE), 0);
}

static void packages_must_be_files(void **state)
{
    struct wire_extra extra;
    struct link_reply reply;
    int socket = client();
    int pipes[2];
    int before = fake.packages;
    int fd = memfd_create("package", 0);

    (void)state;
    reply = request(socket, LINK_APP_IMAGE, 0, NULL, 0, &extra);
    assert_int_equal(reply.status, RESULT_BAD_PARAMETERS);
    assert_int_equal(pipe(pipes), 0);
    reply = request(socket, LINK_APP_IMAGE, 0, &pipes[0], 1, &extra); /* would never end */
    assert_int_equal(reply.status, RESULT_BAD_FORMAT);
    reply = request(socket, LINK_APP_IMAGE, 0, &fd, 1, &extra); /* empty */
    assert_int_equal(reply.status, RESULT_BAD_FORMAT);
    assert_int_equal(ftruncate(fd, (off_t)PACKAGE_SIZE_MAX + 1), 0);
    reply = request(socket, LINK_APP_IMAGE, 0, &fd, 1, &extra);
    assert_int_equal(reply.status, RESULT_BAD_FORMAT);
    assert_int_equal(ftruncate(fd, 4096), 0);
    reply = request(socket, LINK_APP_IMAGE, 0, &fd, 1, &extra);
    assert_int_equal(reply.status, 0);
    assert_int_equal(fake.packages, before + 1);
    /* The last few of a client's are kept, and paid for. */
    for (unsigned int i = 0; i < 2 * GP_PACKAGES_MAX; i++) {
        reply = request(socket, LINK_APP_IMAGE, 0, &fd, 1, &extra);
        assert_int_equal(reply.status, 0);
    }
    assert_int_equal(account_total(ACCOUNT_MEMORY), GP_PACKAGES_MAX * 4096);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
    close(socket);
    wait_for_none();
}

static void too_many_descriptors_end_the_connection(void **state)
{
    struct link_request wanted = {.op = LINK_LANE_OPEN};
    int give[3] = {0, 0, 0};
    char byte;
    int socket = client();

    (void)state;
    assert_int_equal(wire_send(socket, &wanted, sizeof(wanted), give, 3), 0);
    assert_int_equal(recv(socket, &byte, 1, 0), 0);
    close(socket);
    socket = client();
    assert_int_equal(wire_send(socket, &wanted, sizeof(wanted) - 3, NULL, 0), 0);
    assert_int_equal(recv(socket, &byte, 1, 0), 0);
    close(socket);
    wait_for_none();
}

static void lanes_are_limited(void **state)
{
    struct wire_extra extra;
    int socket = client();
    unsigned int count = 0;

    (void)state;
    for (;;) {
        struct link_reply reply = request(socket, LINK_LANE_OPEN, 0, NULL, 0, &extra);

        wire_close(&extra);
        if (reply.status != 0) {
            assert_int_equal(reply.status, RESULT_OUT_OF_MEMORY);
            break;
        }
        count++;
    }
    assert_int_equal(count, ACCOUNT_CLIENT_LANES);
    close(socket);
    wait_for_none();
}

static void a_cancelled_call_returns(void **state)
{
    struct link_request cancel = {.op = LINK_CANCEL, .a = 1, .b = 2};
    struct lane_end lane;
    char byte = 0;
    int socket = client();

    (void)state;
    lane_open(socket, &lane);
    lane.page->arg = (struct msg_arg){.head = {.cmd = MSG_CMD_INVOKE_COMMAND, .func = FAKE_SLEEP}};
    assert_int_equal(write(lane.fd[LINK_LANE_FD_REQUEST_WRITE], &byte, 1), 1);
    for (int i = 0; i < PATIENCE_MS && fake.inside == 0; i++) {
        pause_ms(1);
    }
    assert_int_equal(wire_send(socket, &cancel, sizeof(cancel), NULL, 0), 0);
    assert_int_equal(read(lane.fd[LINK_LANE_FD_RESPONSE_READ], &byte, 1), 1);
    assert_int_equal(lane.page->arg.head.ret, 0xffff0002u);
    lane_close(&lane);
    close(socket);
    wait_for_none();
}

/* A client that hangs up in the middle of a call, with every descriptor of its lane still open. */
static void a_hang_up_ends_running_calls(void **state)
{
    struct lane_end lane;
    char byte = 0;
    int socket = client();

    (void)state;
    lane_open(socket, &lane);
    lane.page->arg = (struct msg_arg){.head = {.cmd = MSG_CMD_INVOKE_COMMAND, .func = FAKE_SLEEP}};
    assert_int_equal(write(lane.fd[LINK_LANE_FD_REQUEST_WRITE], &byte, 1), 1);
    for (int i = 0; i < PATIENCE_MS && fake.inside == 0; i++) {
        pause_ms(1);
    }
    close(socket);
    wait_for_none();
    assert_int_equal(fake.inside, 0);
    /* The lane says so, too: an answer that was under way, then its end. */
    while (read(lane.fd[LINK_LANE_FD_RESPONSE_READ], &byte, 1) == 1) {
    }
    lane_close(&lane);
}

/* The process dies, but a child of its holds the sockets. */
static void the_death_of_the_process_counts(void **state)
{
    int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr address = {.sa_family = AF_UNIX};
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    int alive[2];
    int on = 1;
    int accepted;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(alive), 0);
    /* An abstract address that the system chooses. */
    assert_int_equal(bind(listening, &address, sizeof(address.sa_family)), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&bound, &size), 0);
    assert_int_equal(setsockopt(listening, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
    assert_int_equal(listen(listening, 1), 0);
    child = fork();
    if (child == 0) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        char room[256];
        char byte;

        close(alive[1]);
        if (connect(fd, (struct sockaddr *)&bound, size) != 0 ||
            send(fd, &good_hello, sizeof(good_hello), 0) != (ssize_t)sizeof(good_hello) ||
            recv(fd, room, sizeof(room), 0) != (ssize_t)sizeof(struct link_welcome)) {
            _exit(1);
        }
        if (fork() == 0) {
            struct link_request wanted = {.op = LINK_LANE_OPEN};

            /* And what it sends in its parent's name is not taken. */
            (void)!send(fd, &wanted, sizeof(wanted), MSG_NOSIGNAL);
            (void)!read(alive[0], &byte, 1);
            _exit(0);
        }
        (void)!read(alive[0], &byte, 1);
        _exit(0);
    }
    accepted = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    client_accept(accepted);
    wait_for_none();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(alive[0]);
    close(alive[1]);
    close(listening);
}

/* What came along with the hello may be of another program: of the one that the process ran before it
 * became the one that is found there. A lane for it would serve under the wrong name. */
static void nothing_is_asked_before_the_welcome(void **state)
{
    struct link_request wanted = {.op = LINK_LANE_OPEN};
    struct link_welcome welcome = {.status = 0};
    struct wire_extra extra = {.num_fds = 0};
    ssize_t got;
    int pair[2];
    int on = 1;

    (void)state;
    assert_int_equal(wire_pair(pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
    assert_int_equal(wire_send(pair[1], &good_hello, sizeof(good_hello), NULL, 0), 0);
    assert_int_equal(wire_send(pair[1], &wanted, sizeof(wanted), NULL, 0), 0);
    client_accept(pair[0]);
    wait_for_none(); /* without our hanging up */
    do {
        /* The reset comes first: the daemon has not read all. */
        got = wire_receive(pair[1], &welcome, sizeof(welcome), 0, &extra);
    } while (got < 0 && errno == ECONNRESET);
    assert_int_equal(got, sizeof(welcome));
    assert_int_equal(welcome.status, RESULT_ACCESS_DENIED);
    assert_int_equal(wire_receive(pair[1], &welcome, sizeof(welcome), 0, &extra), 0);
    close(pair[1]);
}

/* Requests without ever reading the answers: of the lane, and of the connection. */
static void slow_readers_block_nobody(void **state)
{
    struct link_request wanted = {.op = LINK_SHM_RELEASE};
    struct lane_end lane;
    struct lane_end other;
    static const char bytes[4096];
    int slow = client();
    int good = client();

    (void)state;
    lane_open(slow, &lane);
    (void)fcntl(lane.fd[LINK_LANE_FD_REQUEST_WRITE], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 200; i++) {
        (void)!write(lane.fd[LINK_LANE_FD_REQUEST_WRITE], bytes, sizeof(bytes));
        pause_ms(1);
    }
    for (int i = 0; i < 5000; i++) {
        if (wire_send(slow, &wanted, sizeof(wanted), NULL, 0) != 0 && errno != EAGAIN) {
            break;
        }
    }
    lane_open(good, &other);
    other.page->arg = (struct msg_arg){.head = {.cmd = MSG_CMD_INVOKE_COMMAND}};
    assert_int_equal(lane_call(&other), 0);
    lane_close(&lane);
    lane_close(&other);
    close(slow);
    close(good);
    wait_for_none();
}

/* A service that reads nothing but goes on sending keeps no connection of a client that has left. */
static void a_chatting_service_keeps_nobody(void **state)
{
    struct link_hello hello = good_hello;
    struct link_tipc_connect wish = {.length = sizeof(FAKE_TIPC_DEAF) - 1, .name = FAKE_TIPC_DEAF};
    struct link_tipc_connected connected = {.status = UINT32_MAX};
    struct wire_extra extra;
    int socket = connection();

    (void)state;
    hello.kind = LINK_KIND_TIPC;
    assert_int_equal(greet(socket, &hello, sizeof(hello)), 0);
    assert_int_equal(wire_send(socket, &wish, sizeof(wish), NULL, 0), 0);
    assert_int_equal(wire_receive(socket, &connected, sizeof(connected), 0, &extra),
                     sizeof(connected));
    assert_int_equal(connected.status, LINK_TIPC_OK);
    assert_int_equal(wire_send(socket, "unheard", 7, NULL, 0), 0);
    close(socket);
    for (int i = 0; i < 600 && client_count() > 0; i++) {
        fake_ring();
        pause_ms(100);
    }
    assert_int_equal(client_count(), 0);
    wait_for_none();
}

static atomic_bool page_stop;

static void *page_changer(void *argument)
{
    volatile struct link_lane *page = argument;
    uint32_t x = 1;

    while (!page_stop) {
        x = x * 1664525 + 1013904223;
        page->arg.head.num_params = x;
        page->arg.params[1].u.value.c = x >> 3;
        page->arg.head.cmd = x >> 30;
        page->cpu = x >> 28;
    }
    return NULL;
}

static void the_page_changes_while_it_is_read(void **state)
{
    struct lane_end lane;
    pthread_t thread;
    int socket = client();

    (void)state;
    lane_open(socket, &lane);
    pthread_create(&thread, NULL, page_changer, lane.page);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(lane_call(&lane), 0);
    }
    page_stop = true;
    pthread_join(thread, NULL);
    lane_close(&lane);
    close(socket);
    wait_for_none();
}

static void *client_thread(void *argument)
{
    (void)argument;
    for (int i = 0; i < 40; i++) {
        struct wire_extra extra;
        struct lane_end lane;
        int socket = client();

        lane_open(socket, &lane);
        (void)request(socket, LINK_SHM_CREATE, 4096, NULL, 0, &extra);
        wire_close(&extra);
        for (int k = 0; k < 20; k++) {
            lane.page->arg = (struct msg_arg){.head = {.cmd = MSG_CMD_INVOKE_COMMAND}};
            assert_int_equal(lane_call(&lane), 0);
        }
        lane_close(&lane);
        close(socket);
    }
    return NULL;
}

static void clients_at_the_same_time(void **state)
{
    pthread_t thread[6];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        pthread_create(&thread[i], NULL, client_thread, NULL);
    }
    for (size_t i = 0; i < 6; i++) {
        pthread_join(thread[i], NULL);
    }
    wait_for_none();
}

static void a_thousand_connections(void **state)
{
    static int sockets[1000];
    struct link_welcome welcome;
    struct wire_extra extra;
    unsigned int good = 0;
    unsigned int told = 0;
    struct rlimit files;
    const uint64_t share = account_limit(ACCOUNT_CONNECTION);

    (void)state;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < 6000) {
        skip(); /* both ends are in this process */
    }
    for (size_t i = 0; i < 1000; i++) {
        sockets[i] = connection();
        (void)wire_send(sockets[i], &good_hello, sizeof(good_hello), NULL, 0);
    }
    for (size_t i = 0; i < 1000; i++) {
        if (wire_receive(sockets[i], &welcome, sizeof(welcome), 0, &extra) ==
            (ssize_t)sizeof(welcome)) {
            good += welcome.status == 0;
            told += welcome.status == RESULT_OUT_OF_MEMORY && welcome.text[0] != '\0';
        }
    }
    assert_int_equal(good, share);
    assert_int_equal(told, 1000 - share);
    for (size_t i = 0; i < 1000; i++) {
        close(sockets[i]);
    }
    wait_for_none();
}

/* --- The sockets themselves. -------------------------------------------------------------------- */

#define FLOODERS 4

static char run_folder[] = "/tmp/postern-doors-XXXXXX";
static atomic_bool flood_stop;

static int dial(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run_folder, name);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void *flooder(void *unused)
{
    (void)unused;
    while (!flood_stop) {
        int fd = dial(LINK_SOCKET_CLIENTS);

        if (fd >= 0) {
            close(fd);
        }
    }
    return NULL;
}

static void *door_thread(void *ended)
{
    door_serve();
    *(atomic_bool *)ended = true;
    return NULL;
}

/* Somebody who connects again and again, faster than connections are taken, keeps nobody from
 * stopping the TEE. */
static void a_flood_at_one_door_leaves_the_others_open(void **state)
{
    static atomic_bool ended;
    struct link_hello hello = good_hello;
    pthread_t flooders[FLOODERS];
    pthread_t server;
    struct link_welcome welcome;
    struct wire_extra extra;
    uint64_t connections;
    char lock[64];
    int control;

    (void)state;
    assert_non_null(mkdtemp(run_folder));
    assert_int_equal(control_init(), 0);
    assert_true(door_prepare(run_folder, NULL));
    assert_true(door_open());
    /* The user's connections are used up: each further one is accepted, told so, and closed. */
    connections = account_limit(ACCOUNT_CONNECTION);
    assert_true(account_take(geteuid(), ACCOUNT_CONNECTION, connections));
    pthread_create(&server, NULL, door_thread, &ended);
    for (size_t i = 0; i < FLOODERS; i++) {
        pthread_create(&flooders[i], NULL, flooder, NULL);
    }
    pause_ms(300);
    control = dial(LINK_SOCKET_CONTROL);
    assert_true(control >= 0);
    hello.kind = LINK_KIND_CONTROL;
    assert_int_equal(wire_send(control, &hello, sizeof(hello), NULL, 0), 0);
    assert_int_equal(wire_wait(control, -1, 60000), 1);
    assert_int_equal(wire_receive(control, &welcome, sizeof(welcome), 0, &extra), sizeof(welcome));
    assert_int_equal(welcome.status, 0);
    assert_int_equal(request(control, LINK_CONTROL_STOP, 0, NULL, 0, &extra).status, 0);
    for (int i = 0; i < 6000 && !ended; i++) {
        pause_ms(10);
    }
    assert_true(ended);
    flood_stop = true;
    pthread_join(server, NULL);
    door_close(); /* who waits to be accepted is refused */
    for (size_t i = 0; i < FLOODERS; i++) {
        pthread_join(flooders[i], NULL);
    }
    close(control);
    account_give(geteuid(), ACCOUNT_CONNECTION, connections);
    wait_for_none();
    snprintf(lock, sizeof(lock), "%s/posternd.lock", run_folder);
    unlink(lock);
    rmdir(run_folder);
}

static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void nothing_is_left(void **state)
{
    size_t before;

    (void)state;
    /* Those of the clients before are closed a little later: the fewest that there are in a while. */
    before = count_descriptors();
    for (int i = 0; i < 50; i++) {
        size_t now;

        pause_ms(10);
        now = count_descriptors();
        before = now < before ? now : before;
    }
    for (int i = 0; i < 3; i++) {
        client_thread(NULL);
    }
    wait_for_none();
    for (int i = 0; i < PATIENCE_MS / 10 && count_descriptors() > before; i++) {
        pause_ms(10);
    }
    assert_in_range(count_descriptors(), 1, before);
}

static int set_up(void **state)
{
    struct rlimit files;

    (void)state;
    journal_open(open("/dev/null", O_WRONLY | O_CLOEXEC), 0);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* as posternd does */
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    cpu_init();
    lane_init();
    return sleep_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greetings_are_checked),
        cmocka_unit_test(calls_travel_in_lanes),
        cmocka_unit_test(an_open_gets_its_identity),
        cmocka_unit_test(memory_has_limits),
        cmocka_unit_test(pieces_of_memory_are_limited),
        cmocka_unit_test(packages_must_be_files),
        cmocka_unit_test(too_many_descriptors_end_the_connection),
        cmocka_unit_test(lanes_are_limited),
        cmocka_unit_test(a_cancelled_call_returns),
        cmocka_unit_test(a_hang_up_ends_running_calls),
        cmocka_unit_test(the_death_of_the_process_counts),
        cmocka_unit_test(nothing_is_asked_before_the_welcome),
        cmocka_unit_test(slow_readers_block_nobody),
        cmocka_unit_test(a_chatting_service_keeps_nobody),
        cmocka_unit_test(the_page_changes_while_it_is_read),
        cmocka_unit_test(clients_at_the_same_time),
        cmocka_unit_test(a_thousand_connections),
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(a_flood_at_one_door_leaves_the_others_open),
    };

    return cmocka_run_group_tests_name("doors", tests, set_up, NULL);
}
