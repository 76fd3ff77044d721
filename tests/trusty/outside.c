/*
 * The Trusty gate from the normal world: what a program may do, and what a hostile one tries. Run by
 * `postern run` with the echo apps and the victim. Prints TAP.
 */
#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define ROBUST "com.postern.echo.robust"
#define NARROW "com.postern.echo.narrow"
#define ECHO "com.android.echo.srv.echo"
#define VICTIM "com.postern.test.victim"
#define DEVICE TIPC_DEFAULT_DEVICE
#define PATIENCE_MS 120000 /* for what comes in the end, or the test has failed anyway */

static char failure[400];

#define EXPECT(expression, wanted)                                                                 \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long expect_got = (long)(expression);                                                      \
        long expect_wanted = (long)(wanted);                                                       \
        if (expect_got != expect_wanted) {                                                         \
            snprintf(failure, sizeof(failure), "line %d: %s is %ld, not %ld (%s)", __LINE__,       \
                     #expression, expect_got, expect_wanted, strerror(errno));                     \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define EXPECT_TRUE(expression) EXPECT(!!(expression), 1)
#define EXPECT_ERRNO(expression, wanted)                                                           \
    do {                                                                                           \
        EXPECT(expression, -1);                                                                    \
        EXPECT(errno_of(), wanted);                                                                \
    } while (0)

/* errno of the call before: EXPECT clears it for its own expression. */
static int saved_errno;
static int errno_of(void)
{
    return saved_errno;
}
static long keep(long result)
{
    saved_errno = errno;
    return result;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int events_of(int fd, short events, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int ready = poll(&wait, 1, timeout_ms);
    return ready < 0 ? -1 : wait.revents;
}

static void set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/* Who left a moment ago is still counted, and a service has to see it: connects as soon as there is
 * room again. */
static int connect_soon(const char *service)
{
    double end = now_ms() + PATIENCE_MS;
    int fd = tipc_connect(DEVICE, service);
    while (fd < 0 && now_ms() < end) {
        usleep(50000);
        fd = tipc_connect(DEVICE, service);
    }
    return fd;
}

/* One message there and back, on a connection of its own. */
static void still_alive(void)
{
    char in[16];
    int fd = connect_soon(ROBUST);
    EXPECT_TRUE(fd >= 0);
    EXPECT(write(fd, "alive", 5), 5);
    EXPECT(events_of(fd, POLLIN, PATIENCE_MS), POLLIN);
    EXPECT(read(fd, in, sizeof(in)), 5);
    EXPECT(tipc_close(fd), 0);
}

/* --- What a program may do. ---------------------------------------------------------------------- */

static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

static void connect_errors(void)
{
    char name[300];
    int next = next_descriptor();
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    EXPECT(tipc_connect(NULL, ECHO), -EFAULT);
    EXPECT(tipc_connect(DEVICE, NULL), -EFAULT);
    EXPECT(tipc_connect(DEVICE, ""), -EINVAL);
    EXPECT(tipc_connect(DEVICE, name), -EINVAL);
    name[255] = '\0';
    EXPECT(tipc_connect(DEVICE, name), -ENOTCONN);
    name[64] = '\0';
    EXPECT(tipc_connect(DEVICE, name), -ENOTCONN);
    EXPECT(tipc_connect(DEVICE, "com.postern.test.nobody"), -ENOTCONN);
    /* An app's own port is not for this door. */
    EXPECT(tipc_connect(DEVICE, "5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a03"), -ENOTCONN);
    EXPECT_TRUE(tipc_connect("/etc/passwd", ECHO) < 0);
    EXPECT_TRUE(tipc_connect("/dev/null", ECHO) < 0);
    EXPECT(tipc_connect("/proc", ECHO), -ENOENT);
    EXPECT(next_descriptor(), next); /* nothing leaked */
}

static void connect_by_name(void)
{
    char path[4096];
    const char *run = getenv(LINK_ENVIRONMENT);
    EXPECT_TRUE(run != NULL);
    int fd = tipc_connect(run, ROBUST); /* a run folder */
    EXPECT_TRUE(fd >= 0);
    EXPECT(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT(tipc_close(fd), 0);
    snprintf(path, sizeof(path), "%s/%s", run, LINK_SOCKET_CLIENTS);
    fd = tipc_connect(path, ROBUST); /* its socket */
    EXPECT_TRUE(fd >= 0);
    EXPECT(tipc_close(fd), 0);
    EXPECT(tipc_close(fd), -EBADF);
    fd = tipc_connect("/dev/no-such-device", ROBUST);
    EXPECT_TRUE(fd >= 0);
    EXPECT(tipc_close(fd), 0);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

/* Signals that interrupt it do not make tipc_connect fail. */
static void connect_under_alarms(void)
{
    const struct sigaction action = {.sa_handler = count_alarm}; /* and not SA_RESTART */
    const struct itimerval often = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    EXPECT(sigaction(SIGALRM, &action, NULL), 0);
    EXPECT(setitimer(ITIMER_REAL, &often, NULL), 0);
    for (int i = 0; i < 10000 && (i < 100 || alarms < 50); i++) {
        int fd = tipc_connect(DEVICE, ROBUST);
        if (fd < 0)
            setitimer(ITIMER_REAL, &never, NULL);
        EXPECT_TRUE(fd >= 0);
        tipc_close(fd);
    }
    EXPECT(setitimer(ITIMER_REAL, &never, NULL), 0);
    EXPECT_TRUE(alarms >= 50);
}

static void echo_of_every_size(void)
{
    static char out[4096];
    static char in[8192];
    int fd = tipc_connect(DEVICE, ROBUST);
    EXPECT_TRUE(fd >= 0);
    for (size_t length = 0; length <= sizeof(out); length += length < 130 ? 1 : 61) {
        for (size_t i = 0; i < length; i++)
            out[i] = (char)(i ^ length);
        EXPECT(write(fd, out, length), length);
        EXPECT(read(fd, in, sizeof(in)), length);
        EXPECT(memcmp(in, out, length), 0);
    }
    EXPECT(write(fd, out, 4096), 4096);
    EXPECT(read(fd, in, sizeof(in)), 4096);
    EXPECT(tipc_close(fd), 0);
}

static void pieces(void)
{
    char a[3];
    char b[7];
    struct iovec out[3] = {{(char *)"sca", 3}, {(char *)"", 0}, {(char *)"ttered", 6}};
    struct iovec in[2] = {{a, sizeof(a)}, {b, sizeof(b)}};
    int fd = tipc_connect(DEVICE, ROBUST);
    EXPECT_TRUE(fd >= 0);
    EXPECT(writev(fd, out, 3), 9);
    EXPECT(readv(fd, in, 2), 9);
    EXPECT(memcmp(a, "sca", 3), 0);
    EXPECT(memcmp(b, "ttered", 6), 0);
    EXPECT(tipc_send(fd, out, 3, NULL, 0), 9);
    EXPECT(readv(fd, in, 2), 9);
    EXPECT(tipc_send(fd, out, -1, NULL, 0), -EINVAL);
    EXPECT(tipc_send(fd, NULL, 1, NULL, 0), -EFAULT);
    EXPECT(tipc_send(-1, out, 1, NULL, 0), -EBADF);
    EXPECT(tipc_send(0, out, 1, NULL, 9), -EINVAL);
    EXPECT(tipc_close(fd), 0);
}

static void too_long(void)
{
    static char out[9000];
    char in[200];
    struct iovec pieces[2] = {{out, 4000}, {out, 81}};
    int fd = tipc_connect(DEVICE, NARROW);
    EXPECT_TRUE(fd >= 0);
    EXPECT(write(fd, out, 100), 100);
    EXPECT(read(fd, in, sizeof(in)), 64); /* cut to the port's size */
    EXPECT_ERRNO(keep(write(fd, out, sizeof(out))), EMSGSIZE);
    EXPECT_ERRNO(keep(write(fd, out, 4577)), EMSGSIZE);
    EXPECT(tipc_send(fd, pieces, 2, NULL, 0), -EMSGSIZE);
    EXPECT(write(fd, "x", 1), 1); /* the connection is as good as before */
    EXPECT(read(fd, in, sizeof(in)), 1);
    EXPECT(tipc_close(fd), 0);
}

static void polling(void)
{
    char in[16];
    fd_set readable;
    struct timeval zero = {0, 0};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int fd = tipc_connect(DEVICE, ROBUST);
    int set = epoll_create1(EPOLL_CLOEXEC);
    EXPECT_TRUE(fd >= 0 && set >= 0);
    EXPECT(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
    EXPECT(events_of(fd, POLLIN | POLLOUT, 0), POLLOUT);
    EXPECT(epoll_wait(set, &event, 1, 0), 0);
    set_nonblocking(fd, true);
    EXPECT_ERRNO(keep(read(fd, in, sizeof(in))), EAGAIN);
    EXPECT(write(fd, "x", 1), 1);
    EXPECT(events_of(fd, POLLIN, PATIENCE_MS), POLLIN);
    EXPECT(epoll_wait(set, &event, 1, PATIENCE_MS), 1);
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    EXPECT(select(fd + 1, &readable, NULL, NULL, &zero), 1);
    EXPECT(read(fd, in, sizeof(in)), 1);
    EXPECT(select(fd + 1, &readable, NULL, NULL, &zero), 0);
    EXPECT(events_of(fd, POLLIN, 0), 0);
    close(set);
    EXPECT(tipc_close(fd), 0);
}

/* --- Nothing is lost. ------------------------------------------------------------------------------ */

/* Writes numbers until there is no room for a while; on a busy machine the service may need some
 * time to fill its side, too. */
static void fill(int fd, uint32_t *sent)
{
    set_nonblocking(fd, true);
    for (int quiet = 0; quiet < (*sent < 16 ? 5000 : 20);) {
        if (write(fd, sent, sizeof(*sent)) == sizeof(*sent)) {
            ++*sent;
            quiet = 0;
        } else {
            int error = errno;
            EXPECT(error, EAGAIN);
            quiet++;
            usleep(2000);
        }
        EXPECT_TRUE(*sent < 10000);
    }
    set_nonblocking(fd, false);
}

static void drain(int fd, uint32_t *received, uint32_t sent)
{
    uint32_t value;
    while (*received < sent) {
        EXPECT(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN, POLLIN);
        EXPECT(read(fd, &value, sizeof(value)), sizeof(value));
        EXPECT(value, *received);
        ++*received;
    }
}

static void full_both_ways(void)
{
    uint32_t sent = 0;
    uint32_t received = 0;
    int fd = tipc_connect(DEVICE, ROBUST);
    EXPECT_TRUE(fd >= 0);
    fill(fd, &sent);
    if (failure[0] != '\0')
        return;
    EXPECT(sent >= 16 ? 16 : sent, 16); /* 8 requests, 8 replies, and what lies in the socket */
    still_alive();
    drain(fd, &received, sent);
    EXPECT(tipc_close(fd), 0);
}

struct pump {
    int fd;
    uint32_t count;
};

static void *pump_write(void *argument)
{
    struct pump *pump = argument;
    for (uint32_t i = 0; i < pump->count; i++) {
        if (write(pump->fd, &i, sizeof(i)) != sizeof(i))
            return (void *)1;
    }
    return NULL;
}

/* A writer that waits whenever there is no room, and a reader that is slow. */
static void blocking_writer(void)
{
    struct pump pump = {.count = 3000};
    pthread_t thread;
    uint32_t received = 0;
    void *bad = NULL;
    pump.fd = tipc_connect(DEVICE, ROBUST);
    EXPECT_TRUE(pump.fd >= 0);
    EXPECT(pthread_create(&thread, NULL, pump_write, &pump), 0);
    while (received < pump.count && failure[0] == '\0') {
        uint32_t step = received + 100 < pump.count ? received + 100 : pump.count;
        usleep(1000);
        drain(pump.fd, &received, step);
    }
    if (failure[0] != '\0')
        tipc_close(pump.fd);
    pthread_join(thread, &bad);
    EXPECT_TRUE(bad == NULL);
    EXPECT(tipc_close(pump.fd), 0);
}

static void *connect_later(void *argument)
{
    int *fd = argument;
    *fd = tipc_connect(DEVICE, ROBUST);
    return NULL;
}

/* 64 connections each sending without reading; 61 is what the service takes at once. */
static void many_that_do_not_read(void)
{
    enum { ALL = 64, AT_ONCE = 60 };
    int fd[ALL];
    uint32_t sent[ALL] = {0};
    uint32_t received[ALL] = {0};
    pthread_t thread[ALL - AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
        fd[i] = tipc_connect(DEVICE, ROBUST);
        EXPECT_TRUE(fd[i] >= 0);
        fill(fd[i], &sent[i]);
        EXPECT_TRUE(failure[0] == '\0' && sent[i] >= 16);
    }
    still_alive(); /* everybody else is served */
    EXPECT(failure[0], '\0');
    for (int i = AT_ONCE; i < ALL; i++)
        EXPECT(pthread_create(&thread[i - AT_ONCE], NULL, connect_later, &fd[i]), 0);
    for (int i = 0; i < AT_ONCE; i++) {
        drain(fd[i], &received[i], sent[i]);
        EXPECT(failure[0], '\0');
        if (i < ALL - AT_ONCE)
            EXPECT(tipc_close(fd[i]), 0);
    }
    for (int i = AT_ONCE; i < ALL; i++) {
        pthread_join(thread[i - AT_ONCE], NULL);
        EXPECT_TRUE(fd[i] >= 0);
        fill(fd[i], &sent[i]);
        drain(fd[i], &received[i], sent[i]);
        EXPECT(failure[0], '\0');
    }
    for (int i = ALL - AT_ONCE; i < ALL; i++)
        EXPECT(tipc_close(fd[i]), 0);
    still_alive();
}

/* What was written before the close arrives: the victim hears its word. */
static void last_words(void)
{
    for (int i = 0; i < 10; i++) {
        int fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        int watch = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(watch >= 0);
        EXPECT(write(fd, "abort", 5), 5);
        EXPECT(tipc_close(fd), 0);
        EXPECT(events_of(watch, POLLIN, PATIENCE_MS) & POLLHUP, POLLHUP);
        EXPECT(tipc_close(watch), 0);
    }
}

/* --- Ends. ------------------------------------------------------------------------------------------ */

static void service_dies(void)
{
    static const char *const ways[] = {"abort", "exit", "null", "stack", "divide", "jump"};
    char in[16];
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        int fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        EXPECT(write(fd, ways[i], strlen(ways[i])), strlen(ways[i]));
        EXPECT(events_of(fd, POLLIN, PATIENCE_MS) & POLLHUP, POLLHUP);
        EXPECT(read(fd, in, sizeof(in)), 0);
        EXPECT_ERRNO(keep(write(fd, "x", 1)), EPIPE); /* and no SIGPIPE */
        EXPECT(tipc_send(fd, &(struct iovec){in, 1}, 1, NULL, 0), -ENOTCONN);
        EXPECT(tipc_close(fd), 0);
    }
    still_alive();
}

static void service_dies_holding(void)
{
    char in[16];
    int fd = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(fd >= 0);
    EXPECT(write(fd, "hold", 4), 4);
    EXPECT(write(fd, "more", 4), 4);
    EXPECT(write(fd, "more", 4), 4);
    EXPECT(read(fd, in, sizeof(in)), 5); /* what it sent stays readable */
    EXPECT(read(fd, in, sizeof(in)), 6);
    EXPECT(memcmp(in, "second", 6), 0);
    EXPECT(read(fd, in, sizeof(in)), 0);
    EXPECT(tipc_close(fd), 0);
}

/* Its manifest wants it back: at once after a clean end. Nobody connects meanwhile; a machine that is
 * slow gets more time, since who comes too early starts it himself. */
static void service_restarts(void)
{
    bool back = false;
    for (useconds_t pause = 2500000; !back && pause <= 40000000; pause *= 2) {
        char in[24];
        int fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        EXPECT(write(fd, "leave", 5), 5);
        EXPECT(events_of(fd, POLLIN, PATIENCE_MS) & POLLHUP, POLLHUP);
        EXPECT(tipc_close(fd), 0);
        usleep(pause);
        double start = now_ms();
        fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        EXPECT(write(fd, "age", 3), 3);
        EXPECT(events_of(fd, POLLIN, PATIENCE_MS), POLLIN);
        ssize_t length = read(fd, in, sizeof(in) - 1);
        EXPECT_TRUE(length > 0);
        in[length] = '\0';
        back = atoi(in) > now_ms() - start; /* it is older than our coming */
        EXPECT(tipc_close(fd), 0);
    }
    EXPECT_TRUE(back);
}

static void never_accepted(void)
{
    char in[16];
    int killer = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(killer >= 0);
    EXPECT(write(killer, "deaf", 4), 4);
    EXPECT(read(killer, in, sizeof(in)), 2);
    double start = now_ms();
    EXPECT(tipc_connect(DEVICE, VICTIM), -ETIMEDOUT);
    double took = now_ms() - start;
    EXPECT_TRUE(took > 4500);
    EXPECT(write(killer, "abort", 5), 5);
    EXPECT(events_of(killer, POLLIN, PATIENCE_MS) & POLLHUP, POLLHUP);
    EXPECT(tipc_close(killer), 0);
}

static volatile bool reading;

static void *read_forever(void *argument)
{
    char in[16];
    reading = true;
    return (void *)(intptr_t)read(*(int *)argument, in, sizeof(in));
}

/* One can give up on a service that does not answer, also from another thread. */
static void given_up_on(void)
{
    pthread_t thread;
    void *result = NULL;
    int fd = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(fd >= 0);
    EXPECT(write(fd, "spin", 4), 4);
    EXPECT(events_of(fd, POLLIN, 50), 0);
    reading = false;
    EXPECT(pthread_create(&thread, NULL, read_forever, &fd), 0);
    while (!reading)
        usleep(1000);
    usleep(100000);
    EXPECT(tipc_close(fd), 0);
    pthread_join(thread, &result);
    EXPECT_TRUE(result == NULL); /* and not the answer, which comes later */
    still_alive();
    /* The service hears of it while it computes, and serves the next. */
    fd = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(fd >= 0);
    EXPECT(tipc_close(fd), 0);
}

static void storm_of_connections(void)
{
    for (int i = 0; i < 300; i++) {
        int fd = tipc_connect(DEVICE, i % 3 == 0 ? NARROW : ROBUST);
        EXPECT_TRUE(fd >= 0);
        if (i % 2 == 0)
            EXPECT(write(fd, "both ends close", 15), 15);
        EXPECT(tipc_close(fd), 0);
    }
    still_alive();
}

static void client_is_killed(void)
{
    for (int round = 0; round < 5; round++) {
        int ready[2];
        char byte;
        EXPECT(pipe(ready), 0);
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 20; i++) {
                int fd = tipc_connect(DEVICE, ROBUST);
                set_nonblocking(fd, true);
                while (write(fd, "unread", 6) == 6) {
                }
            }
            (void)!write(ready[1], "r", 1);
            pause();
        }
        close(ready[1]);
        EXPECT(read(ready[0], &byte, 1), 1);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(ready[0]);
    }
    still_alive();
}

/* The document's service aborts when its client does not read; the next client finds it anew. */
static void documents_faults(void)
{
    char in[64];
    uint32_t sent = 0;
    int fd = tipc_connect(DEVICE, ECHO);
    EXPECT_TRUE(fd >= 0);
    while (sent < 200 && write(fd, "no reading", 10) == 10)
        sent++;
    EXPECT(tipc_close(fd), 0);
    for (int i = 0; i < 3; i++) {
        fd = connect_soon(ECHO); /* the old instance may refuse with its last breath */
        EXPECT_TRUE(fd >= 0);
        EXPECT(write(fd, "hello", 5), 5);
        EXPECT(read(fd, in, sizeof(in)), 5);
        EXPECT(tipc_close(fd), 0);
    }
}

/* --- Memory. ---------------------------------------------------------------------------------------- */

static void shared_memory(void)
{
    char in[16];
    struct iovec word = {(char *)"share", 5};
    struct trusty_shm shm = {.transfer = TRUSTY_SHARE};
    shm.fd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_TRUE(shm.fd >= 0);
    int fd = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(fd >= 0);
    EXPECT(tipc_send(fd, &word, 1, &shm, 1), -EINVAL); /* empty */
    EXPECT(ftruncate(shm.fd, 5000), 0);
    EXPECT(tipc_send(fd, &word, 1, &shm, 1), -EINVAL); /* no whole pages */
    EXPECT(ftruncate(shm.fd, 8192), 0);
    shm.transfer = TRUSTY_LEND;
    EXPECT(tipc_send(fd, &word, 1, &shm, 1), -EINVAL);
    shm.transfer = TRUSTY_SHARE;
    uint8_t *bytes = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shm.fd, 0);
    EXPECT_TRUE(bytes != MAP_FAILED);
    bytes[0] = 41;
    for (int i = 0; i < 20; i++) {
        EXPECT(tipc_send(fd, &word, 1, &shm, 1), 5);
        EXPECT(read(fd, in, sizeof(in)), 6);
        EXPECT(memcmp(in, "shared", 6), 0);
        EXPECT(bytes[0], 42 + i);
    }
    EXPECT_TRUE(ftruncate(shm.fd, 0) < 0); /* sealed by the call */
    EXPECT(tipc_close(fd), 0);
    bytes[1] = 7;
    EXPECT(bytes[0], 61); /* ours stays ours */
    munmap(bytes, 8192);
    close(shm.fd);
    /* What is no memory file. */
    fd = tipc_connect(DEVICE, VICTIM);
    shm.fd = fd;
    EXPECT(tipc_send(fd, &word, 1, &shm, 1), -EINVAL);
    shm.fd = -1;
    EXPECT(tipc_send(fd, &word, 1, &shm, 1), -EBADF);
    EXPECT(tipc_close(fd), 0);
}

/* --- What a hostile program sends. ------------------------------------------------------------------ */

static int raw_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", getenv(LINK_ENVIRONMENT),
             LINK_SOCKET_CLIENTS);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static int raw_greeted(void)
{
    struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_TIPC};
    struct link_welcome welcome;
    int fd = raw_connect();
    if (fd < 0 || send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) < 0 ||
        recv(fd, &welcome, sizeof(welcome), 0) != sizeof(welcome) || welcome.status != 0)
        return -1;
    return fd;
}

static void bad_requests(void)
{
    struct link_tipc_connect good = {.length = sizeof(ROBUST) - 1, .name = ROBUST};
    struct link_tipc_connected answer;
    char longer[sizeof(good) + 8] = {0};
    for (int i = 0; i < 8; i++) {
        struct link_tipc_connect request = good;
        const void *bytes = &request;
        size_t size = sizeof(request);
        uint32_t wanted = LINK_TIPC_INVALID;
        int fd = raw_greeted();
        EXPECT_TRUE(fd >= 0);
        switch (i) {
        case 0:
            size = 0;
            break;
        case 1:
            size -= 1;
            break;
        case 2:
            bytes = longer;
            size = sizeof(longer);
            break;
        case 3:
            request.length = 256;
            break;
        case 4:
            request.length = UINT32_MAX;
            break;
        case 5: /* a NUL in the name */
            request.length += 1;
            wanted = LINK_TIPC_REFUSED;
            break;
        case 6:
            request.length = 0;
            wanted = LINK_TIPC_REFUSED;
            break;
        case 7: /* a thread that does not exist is only a bad hint */
            request.thread = UINT32_MAX;
            wanted = LINK_TIPC_OK;
            break;
        }
        EXPECT(send(fd, bytes, size, MSG_NOSIGNAL), size);
        EXPECT(recv(fd, &answer, sizeof(answer), 0), sizeof(answer));
        EXPECT(answer.status, wanted);
        if (wanted != LINK_TIPC_OK)
            EXPECT(recv(fd, &answer, sizeof(answer), 0), 0);
        close(fd);
    }
    /* Greeted and gone, asked and gone. */
    for (int i = 0; i < 50; i++) {
        int fd = raw_greeted();
        if (i % 2 == 0)
            EXPECT(send(fd, &good, sizeof(good), MSG_NOSIGNAL), sizeof(good));
        close(fd);
    }
    still_alive();
}

static ssize_t send_descriptors(int fd, int descriptor, size_t count)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int) * 64)] = {0};
    struct iovec piece = {(char *)"share", 5};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = room,
                             .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * count);
    for (size_t i = 0; i < count; i++)
        memcpy(CMSG_DATA(control) + i * sizeof(int), &descriptor, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Descriptors that are no memory, memory that can shrink: the sender is cut off. */
static void bad_descriptors(void)
{
    char in[16];
    int descriptors[4];
    EXPECT(pipe(descriptors), 0);
    descriptors[2] = memfd_create("shrinks", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT(ftruncate(descriptors[2], 8192), 0);
    descriptors[3] = open("/dev/zero", O_RDWR);
    for (int i = 0; i < 4; i++) {
        int fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        EXPECT(send_descriptors(fd, descriptors[i], 1), 5);
        EXPECT(events_of(fd, POLLIN, PATIENCE_MS) & POLLHUP, POLLHUP);
        EXPECT(read(fd, in, sizeof(in)), 0);
        EXPECT(tipc_close(fd), 0);
    }
    /* More than fit in a message. */
    EXPECT(fcntl(descriptors[2], F_ADD_SEALS, F_SEAL_SHRINK), 0);
    int fd = tipc_connect(DEVICE, VICTIM);
    EXPECT(send_descriptors(fd, descriptors[2], 60), 5);
    (void)events_of(fd, POLLIN, 10000);
    EXPECT(tipc_close(fd), 0);
    for (int i = 0; i < 4; i++)
        close(descriptors[i]);
    still_alive();
}

/* What a client can do to memory that it sends so that it cannot be mapped as the service likes. */
enum spoiled {
    SPOILED_SEALED, /* nobody may write to it any more */
    SPOILED_SEALED_FUTURE,
    SPOILED_READ_ONLY, /* the descriptor that is sent */
    SPOILED_WRITE_ONLY,
    SPOILED_CLOSED, /* to everybody, by its mode */
    SPOILED_HUGE,   /* pages that need another alignment */
    SPOILED_KINDS,
};

static int spoiled_memory(enum spoiled how)
{
    char path[64];
    int fd = memfd_create("spoiled", MFD_CLOEXEC | MFD_ALLOW_SEALING |
                                         (how == SPOILED_HUGE ? MFD_HUGETLB : 0));
    int again = fd;
    if (fd < 0 || ftruncate(fd, how == SPOILED_HUGE ? 2 << 20 : 8192) != 0)
        return -1;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (how == SPOILED_SEALED && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0)
        return -1;
    if (how == SPOILED_SEALED_FUTURE && fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) != 0)
        return -1;
    if (how == SPOILED_READ_ONLY)
        again = open(path, O_RDONLY | O_CLOEXEC);
    if (how == SPOILED_WRITE_ONLY)
        again = open(path, O_WRONLY | O_CLOEXEC);
    if (how == SPOILED_CLOSED && fchmod(fd, 0) != 0)
        return -1;
    if (again != fd)
        close(fd);
    return again;
}

/* It is the client's loss: the service goes on, the same instance with its other clients. */
static void memory_that_cannot_be_mapped(void)
{
    char in[16];
    int witness = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(witness >= 0);
    for (enum spoiled how = 0; how < SPOILED_KINDS; how++) {
        int memory = spoiled_memory(how);
        if (memory < 0)
            continue; /* a system without such pages */
        int fd = tipc_connect(DEVICE, VICTIM);
        EXPECT_TRUE(fd >= 0);
        EXPECT(send_descriptors(fd, memory, 1), 5);
        ssize_t got = read(fd, in, sizeof(in)); /* refused, or cut off */
        if (how == SPOILED_CLOSED)
            EXPECT(got, 6);
        else if (got != 0)
            EXPECT(got == 10 && memcmp(in, "not mapped", 10) == 0, 1);
        EXPECT(tipc_close(fd), 0);
        close(memory);
        EXPECT(write(witness, "well", 4), 4);
        EXPECT(read(witness, in, sizeof(in)), 2);
    }
    /* Nor can it be spoiled once it was sent. */
    int memory = spoiled_memory(SPOILED_CLOSED);
    EXPECT(send_descriptors(witness, memory, 1), 5);
    EXPECT(read(witness, in, sizeof(in)), 6);
    EXPECT_TRUE(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) < 0);
    close(memory);
    EXPECT(tipc_close(witness), 0);
}

static void too_many_connections(void)
{
    enum { MORE = LINK_TIPC_CONNECTIONS_MAX + 10 };
    static int fd[MORE];
    struct link_tipc_connect request = {.length = 4, .name = "none"};
    int opened = 0;
    while (opened < MORE && (fd[opened] = raw_greeted()) >= 0)
        opened++;
    EXPECT(opened, MORE);
    struct link_tipc_connected answer;
    EXPECT(send(fd[MORE - 1], &request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
    EXPECT(recv(fd[MORE - 1], &answer, sizeof(answer), 0), sizeof(answer));
    EXPECT(answer.status, LINK_TIPC_FULL);
    EXPECT(tipc_connect(DEVICE, ROBUST), -EMFILE);
    while (opened > 0)
        close(fd[--opened]);
    still_alive();
}

/* The TEE's count of its clients; -1: it does not say. */
static int count_clients(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_CONTROL};
    struct link_request request = {.op = LINK_CONTROL_STATUS};
    struct link_welcome welcome;
    struct link_reply reply;
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {&reply, sizeof(reply)};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    char text[2048] = "";
    int count = -1, status = -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", getenv(LINK_ENVIRONMENT),
             LINK_SOCKET_CONTROL);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello) &&
        recv(fd, &welcome, sizeof(welcome), 0) == sizeof(welcome) && welcome.status == 0 &&
        send(fd, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request) &&
        recvmsg(fd, &message, MSG_CMSG_CLOEXEC) == sizeof(reply) && CMSG_FIRSTHDR(&message)) {
        memcpy(&status, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(status));
        if (pread(status, text, sizeof(text) - 1, 0) > 0 && strstr(text, "\nclients: "))
            count = (int)strtol(strstr(text, "\nclients: ") + 10, NULL, 10);
        close(status);
    }
    close(fd);
    return count;
}

/* Counts again until there are no more than so many: who has left goes a little later. */
static int count_clients_down_to(int wanted)
{
    double end = now_ms() + PATIENCE_MS;
    int count = count_clients();
    while (count > wanted && now_ms() < end) {
        usleep(50000);
        count = count_clients();
    }
    return count;
}

/* A service that hangs does not keep the connections of those who gave it up, also when messages of
 * theirs wait for it. The last case: it hangs for good. */
static void service_hangs(void)
{
    EXPECT(count_clients_down_to(0), 0);
    int fd = tipc_connect(DEVICE, VICTIM);
    EXPECT_TRUE(fd >= 0);
    set_nonblocking(fd, true);
    EXPECT(write(fd, "hang", 4), 4);
    /* Until queue and socket are full, so that one message waits in between. */
    for (int quiet = 0; quiet < 5; quiet++)
        while (events_of(fd, POLLOUT, 100) == POLLOUT && write(fd, "more", 4) == 4)
            quiet = 0;
    EXPECT_TRUE(count_clients() > 0);
    EXPECT(tipc_close(fd), 0);
    EXPECT(count_clients_down_to(0), 0);
    still_alive();
}

#define CASE(name) {#name, name}
static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    CASE(connect_errors),
    CASE(connect_by_name),
    CASE(connect_under_alarms),
    CASE(echo_of_every_size),
    CASE(pieces),
    CASE(too_long),
    CASE(polling),
    CASE(full_both_ways),
    CASE(blocking_writer),
    CASE(many_that_do_not_read),
    CASE(last_words),
    CASE(service_dies),
    CASE(service_dies_holding),
    CASE(service_restarts),
    CASE(never_accepted),
    CASE(given_up_on),
    CASE(storm_of_connections),
    CASE(client_is_killed),
    CASE(documents_faults),
    CASE(shared_memory),
    CASE(bad_requests),
    CASE(bad_descriptors),
    CASE(memory_that_cannot_be_mapped),
    CASE(too_many_connections),
    CASE(service_hangs),
};

int main(int argc, char **argv)
{
    unsigned failed = 0;
    unsigned number = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
            continue;
        double start = now_ms();
        failure[0] = '\0';
        cases[i].run();
        if (failure[0] != '\0')
            printf("# %s\n", failure);
        printf("%s %u - from the normal world: %s\n", failure[0] == '\0' ? "ok" : "not ok",
               ++number, cases[i].name);
        if (now_ms() - start > 1000)
            printf("# took %.1f s\n", (now_ms() - start) / 1000);
        fflush(stdout);
        failed += failure[0] != '\0';
    }
    printf("1..%u\n", number);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
