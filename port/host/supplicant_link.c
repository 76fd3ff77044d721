/* The link to the supplicant, and port_rpc. See supplicant_link.h. */
#include "supplicant_link.h"

#include "greeting.h"
#include "journal.h"
#include "memory.h"
#include "result.h"
#include "sleep.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <poll.h>
#include <port/port.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MEMS_MAX 64u

/* One RPC at a time holds this. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
/* Under guard. A connection is closed by whoever replaces or ends it, and only while no RPC uses it
 * (`turn`); others shut it down. */
static int connection = -1;
static int mems[MEMS_MAX]; /* descriptor + 1 of each RPC's memory; 0: free */

static bool hung_up(int socket)
{
    struct pollfd wanted = {.fd = socket, .events = POLLRDHUP};

    return poll(&wanted, 1, 0) == 1;
}

bool supplicant_is_there(void)
{
    bool there;

    pthread_mutex_lock(&guard);
    there = connection >= 0 && !hung_up(connection);
    pthread_mutex_unlock(&guard);
    return there;
}

/* Welcomes `socket` and makes it the connection, unless one is there. The welcome is the first thing
 * that it gets, and whoever has seen it finds the supplicant there: no RPC comes in between. */
static bool replace(int socket)
{
    bool done;

    pthread_mutex_lock(&turn);
    pthread_mutex_lock(&guard);
    done = connection < 0 || hung_up(connection);
    if (done && greeting_answer(socket, RESULT_SUCCESS, "")) {
        wire_close_fd(connection);
        connection = socket;
    } else {
        done = false;
    }
    pthread_mutex_unlock(&guard);
    pthread_mutex_unlock(&turn);
    return done;
}

static void *greet_thread(void *argument)
{
    int socket = (int)(intptr_t)argument;
    struct ucred peer = {.uid = 0};
    socklen_t size = sizeof(peer);
    pid_t pid;

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        greeting_receive(socket, 1u << LINK_KIND_SUPPLICANT, &pid) == 0) {
        close(socket);
        return NULL;
    }
    if (peer.uid != geteuid() && peer.uid != 0) {
        greeting_answer(socket, RESULT_ACCESS_DENIED, "the supplicant must be the TEE's own user");
        close(socket);
        return NULL;
    }
    /* Asked first, too: replacing waits for the end of an RPC that is under way. */
    if (supplicant_is_there() || !replace(socket)) {
        greeting_answer(socket, RESULT_BUSY, "a supplicant is connected already");
        close(socket);
        return NULL;
    }
    journal_line(SYS_LOG_INFO, "the supplicant is process %d", peer.pid);
    return NULL;
}

void supplicant_accept(int socket)
{
    if (sleep_thread(greet_thread, (void *)(intptr_t)socket, NULL) != 0) {
        close(socket);
    }
}

void supplicant_end(void)
{
    pthread_mutex_lock(&guard);
    if (connection >= 0) {
        shutdown(connection, SHUT_RDWR);
    }
    pthread_mutex_unlock(&guard);
}

/* --- Memory that an RPC hands over. --------------------------------------------------------------- */

static size_t mem_add(int fd)
{
    size_t found = MEMS_MAX;

    pthread_mutex_lock(&guard);
    for (size_t i = 0; i < MEMS_MAX && found == MEMS_MAX; i++) {
        if (mems[i] == 0) {
            mems[i] = fd + 1;
            found = i;
        }
    }
    pthread_mutex_unlock(&guard);
    return found;
}

enum error port_rpc_mem_create(size_t size, struct port_rpc_mem *out)
{
    uint64_t rounded = memory_round(size == 0 ? 1 : size);
    size_t index = MEMS_MAX;
    void *bytes = MAP_FAILED;
    int fd;

    memset(out, 0, sizeof(*out));
    fd = rounded != 0 ? memory_file("postern:rpc", rounded) : -1;
    if (fd >= 0) {
        bytes = mmap(NULL, rounded, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (bytes != MAP_FAILED) {
        index = mem_add(fd);
    }
    if (index == MEMS_MAX) {
        if (bytes != MAP_FAILED) {
            munmap(bytes, rounded);
        }
        wire_close_fd(fd);
        return E_NO_MEMORY;
    }
    out->bytes = bytes;
    out->size = size;
    out->tmem.size = size;
    out->tmem.cookie = index + 1;
    out->opaque[0] = index;
    out->opaque[1] = rounded;
    return E_OK;
}

void port_rpc_mem_destroy(struct port_rpc_mem *mem)
{
    int fd;

    if (mem->bytes == NULL) {
        return;
    }
    munmap((void *)(uintptr_t)mem->bytes, mem->opaque[1]);
    pthread_mutex_lock(&guard);
    fd = mems[mem->opaque[0]] - 1;
    mems[mem->opaque[0]] = 0;
    pthread_mutex_unlock(&guard);
    close(fd);
    memset(mem, 0, sizeof(*mem));
}

static int mem_fd(uint64_t cookie)
{
    int fd = -1;

    pthread_mutex_lock(&guard);
    if (cookie >= 1 && cookie <= MEMS_MAX) {
        fd = mems[cookie - 1] - 1;
    }
    pthread_mutex_unlock(&guard);
    return fd;
}

/* --- RPCs. ---------------------------------------------------------------------------------------- */

static bool is_memory(const struct msg_param *param)
{
    uint64_t type = param->attr & MSG_ATTR_TYPE_MASK;

    return type >= MSG_ATTR_TMEM_INPUT && type <= MSG_ATTR_TMEM_INOUT;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The answer has the question's shape. What else it says is for the kernel to doubt. */
static bool answers(const struct msg_arg *question, const struct msg_arg *answer)
{
    if (answer->head.cmd != question->head.cmd ||
        answer->head.num_params != question->head.num_params) {
        return false;
    }
    for (uint32_t i = 0; i < question->head.num_params; i++) {
        if (answer->params[i].attr != question->params[i].attr) {
            return false;
        }
    }
    return true;
}

static bool receive_answer(int socket, const struct msg_arg *question, struct msg_arg *answer)
{
    int64_t deadline = now_ms() + SUPPLICANT_LIMIT_MS;

    for (;;) {
        int64_t left = deadline - now_ms();
        struct wire_extra extra;
        ssize_t got;
        int rc = wire_wait(socket, -1, left > 0 ? (int)left : 0);

        if (rc < 0 && errno == EINTR) {
            continue;
        }
        if (rc != 1) {
            journal_line(SYS_LOG_ERROR, "the supplicant did not answer in %d s: disconnected",
                         SUPPLICANT_LIMIT_MS / 1000);
            return false;
        }
        got = wire_receive(socket, answer, sizeof(*answer), 0, &extra);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            journal_line(SYS_LOG_WARN, "the supplicant is gone");
            return false;
        }
        if (got != (ssize_t)sizeof(*answer) || extra.cut || !answers(question, answer)) {
            journal_line(SYS_LOG_ERROR, "the supplicant sent what is no answer: disconnected");
            return false;
        }
        return true;
    }
}

static enum error rpc_on(int socket, struct msg_arg *arg)
{
    struct msg_arg question = *arg;
    struct msg_arg answer;
    int fds[MSG_PARAMS_MAX];
    size_t num_fds = 0;

    for (uint32_t i = 0; i < question.head.num_params; i++) {
        if (is_memory(&question.params[i]) && question.params[i].u.tmem.cookie != 0) {
            fds[num_fds] = mem_fd(question.params[i].u.tmem.cookie);
            if (fds[num_fds++] < 0) {
                return E_INVALID;
            }
        }
    }
    if (wire_wait(socket, -1, 0) != 0) {
        /* Nothing was asked: what lies there would be taken for the answer. Or it has hung up. */
        journal_line(SYS_LOG_WARN, "the supplicant is gone, or answers before it is asked");
        return E_COMMUNICATION;
    }
    if (wire_send(socket, &question, sizeof(question), fds, num_fds) != 0) {
        journal_line(SYS_LOG_WARN, "the supplicant cannot be reached: %s", strerror(errno));
        return E_COMMUNICATION;
    }
    if (!receive_answer(socket, &question, &answer)) {
        return E_COMMUNICATION;
    }
    for (uint32_t i = 0; i < question.head.num_params; i++) {
        if (is_memory(&question.params[i])) {
            answer.params[i].u.tmem.address = question.params[i].u.tmem.address;
            answer.params[i].u.tmem.cookie = question.params[i].u.tmem.cookie;
        }
    }
    *arg = answer;
    return E_OK;
}

enum error port_rpc(struct msg_arg *arg)
{
    enum error error = E_COMMUNICATION;
    int socket;

    if (arg->head.num_params > MSG_PARAMS_MAX) {
        return E_INVALID;
    }
    pthread_mutex_lock(&turn);
    pthread_mutex_lock(&guard);
    socket = connection;
    pthread_mutex_unlock(&guard);
    if (socket >= 0) {
        error = rpc_on(socket, arg);
    }
    if (socket >= 0 && error == E_COMMUNICATION) {
        pthread_mutex_lock(&guard);
        close(connection);
        connection = -1;
        pthread_mutex_unlock(&guard);
    }
    pthread_mutex_unlock(&turn);
    return error;
}
