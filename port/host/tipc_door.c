/* Connections of Trusty clients. See tipc_door.h. */
#include "tipc_door.h"

#include "account.h"
#include "cpu.h"
#include "memory.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <port/kernel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_LIMIT_MS 5000
#define ACCEPT_LIMIT_NS (UINT64_C(1000000000) * LINK_TIPC_ACCEPT_SECONDS)
/* More than any port takes; the end of a longer datagram is what would be cut anyway. */
#define DOOR_MESSAGE_MAX 4608u
/* How often it is asked where the client runs: after this many turns, or this long. */
#define WHERE_TURNS 64u
#define WHERE_NS UINT64_C(20000000)
/* Turns of the service for this client before whatever else is ready gets one. */
#define DOOR_TURNS 16u

/* So long a message waits for room whose client has gone: a service that hangs must not keep the
 * connections of all who gave it up. */
#define GONE_LIMIT_NS UINT64_C(5000000000)

/* Messages for the client that are fetched at a time. */
#define DOOR_BATCH 8u

struct door {
    int socket;
    uid_t user;
    bool counted; /* among the user's channels */
    int bell;     /* an eventfd: rung when the kernel has something and the door sleeps */
    atomic_bool asleep;
    struct tipc_channel *channel;
    bool client_deaf; /* it takes no messages any more; what it sent before still counts */
    bool hung_up;     /* seen by poll(), while a message of it waits */
    uint64_t gone_ns; /* when that message is given up; 0: not set yet */
    bool given_up;    /* the service did not take it in time */

    /* From the client, and not taken by the service yet. */
    bool in_waits;
    size_t in_length;
    struct port_mem *in_memory[LINK_TIPC_DESCRIPTORS_MAX];
    size_t in_num_memory;
    uint8_t in[DOOR_MESSAGE_MAX];

    /* From the service, fetched together, and as far as `out_sent` taken by the client's socket: a
     * client that is woken by the first of them finds the others there, too. */
    unsigned int out_count;
    unsigned int out_sent;
    struct iovec out_piece[DOOR_BATCH];
    struct mmsghdr out_message[DOOR_BATCH];
    uint8_t out[DOOR_BATCH][SYS_MSG_MAX];

    /* Where the client's thread runs: /proc/PID/task/TID/stat, or -1. */
    int where;
    unsigned int where_age;
    uint64_t where_ns;
};

static void ring(void *context)
{
    struct door *door = context;
    const uint64_t one = 1;

    if (atomic_exchange(&door->asleep, false)) {
        ssize_t written = write(door->bell, &one, sizeof(one));
        (void)written; /* a full counter rings as well */
    }
}

/* --- The processor. A service that runs where its client runs costs no wake-up across processors. */

static int where_open(pid_t pid, uint32_t thread)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task/%u/stat", (int)pid, thread);
    return pid > 0 && thread != 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static bool where_is_old(struct door *door)
{
    uint64_t now = port_clock_ns();

    if (door->where_age++ % WHERE_TURNS != 0 && now - door->where_ns < WHERE_NS) {
        return false;
    }
    door->where_ns = now;
    return true;
}

/* The 39th field; the second, the program's name in parentheses, may hold anything. */
static void where_follow(struct door *door)
{
    char text[512];
    const char *at;
    ssize_t length;

    if (door->where < 0 || !where_is_old(door)) {
        return;
    }
    length = pread(door->where, text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    at = strrchr(text, ')');
    for (unsigned int field = 2; at != NULL && field < 39; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at != NULL) {
        cpu_bind_self((uint32_t)strtoul(at + 1, NULL, 10));
    }
}

/* --- One step each way. ------------------------------------------------------------------------- */

enum step {
    STEP_DONE,  /* something went on: try again */
    STEP_WAITS, /* nothing to do until somebody rings or the socket changes */
    STEP_OVER,  /* this direction has ended */
};

/* Fetches what the service has for the client. */
static enum step fetch_output(struct door *door)
{
    enum error error = E_OK;
    size_t length;

    door->out_sent = 0;
    door->out_count = 0;
    while (door->out_count < DOOR_BATCH &&
           (error = tipc_receive(door->channel, door->out[door->out_count], SYS_MSG_MAX,
                                 &length)) == E_OK) {
        struct iovec *piece = &door->out_piece[door->out_count];

        *piece = (struct iovec){.iov_base = door->out[door->out_count], .iov_len = length};
        door->out_message[door->out_count].msg_hdr =
            (struct msghdr){.msg_iov = piece, .msg_iovlen = 1};
        door->out_count++;
    }
    return door->out_count > 0 ? STEP_DONE : error == E_NO_MESSAGE ? STEP_WAITS : STEP_OVER;
}

static enum step step_out(struct door *door)
{
    int sent;

    if (door->out_sent == door->out_count) {
        enum step step = fetch_output(door);

        if (step != STEP_DONE) {
            return step;
        }
    }
    if (door->client_deaf) {
        door->out_sent = door->out_count;
        return STEP_DONE;
    }
    sent = sendmmsg(door->socket, door->out_message + door->out_sent,
                    door->out_count - door->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        door->out_sent += (unsigned int)sent;
        return STEP_DONE;
    }
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
        return STEP_WAITS;
    }
    door->client_deaf = errno != EINTR;
    return STEP_DONE;
}

static void drop_memory(struct door *door)
{
    for (size_t i = 0; i < door->in_num_memory; i++) {
        port_mem_destroy(door->in_memory[i]);
    }
    door->in_num_memory = 0;
}

/* False: what came along is no memory that an app may be given. */
static bool import_memory(struct door *door, const struct wire_extra *extra)
{
    for (size_t i = 0; i < extra->num_fds; i++) {
        if (memory_import(extra->fd[i], door->user, &door->in_memory[i]) != E_OK) {
            drop_memory(door);
            return false;
        }
        door->in_num_memory++;
    }
    return true;
}

static enum step fetch_input(struct door *door)
{
    struct wire_extra extra;
    ssize_t got;
    bool good;

    got = wire_receive(door->socket, door->in, sizeof(door->in), LINK_TIPC_DESCRIPTORS_MAX, &extra);
    if (got < 0) {
        return errno == EAGAIN ? STEP_WAITS : errno == EINTR ? STEP_DONE : STEP_OVER;
    }
    if (got == 0 && !extra.is_message) {
        return STEP_OVER;
    }
    good = !extra.lost && import_memory(door, &extra);
    wire_close(&extra);
    if (!good) {
        return STEP_OVER; /* the library never sends such a message: its sender is cut off */
    }
    door->in_waits = true;
    door->in_length = (size_t)got;
    return STEP_DONE;
}

static enum step step_in(struct door *door)
{
    enum step step = STEP_DONE;

    if (!door->in_waits) {
        step = fetch_input(door);
        if (!door->in_waits) {
            return step;
        }
    }
    switch (
        tipc_send(door->channel, door->in, door->in_length, door->in_memory, door->in_num_memory)) {
    case E_QUEUE_FULL:
        return STEP_WAITS;
    case E_OK:
        step = STEP_DONE;
        break;
    case E_CLOSED:
        /* What the service still had to say, and the end, come out the other way. */
        step = STEP_WAITS;
        break;
    default:
        /* Out of memory: its sender learns that way that the message is lost. */
        step = STEP_OVER;
        break;
    }
    door->in_waits = false;
    door->gone_ns = 0;
    door->in_num_memory = 0;
    return step;
}

/* --- The connection's life. --------------------------------------------------------------------- */

/* Milliseconds that a message whose client has gone may still wait: whatever the service sends
 * meanwhile, they are not counted anew. -1: for ever, the client is there. */
static int patience(struct door *door)
{
    uint64_t now = port_clock_ns();

    if (!door->hung_up || !door->in_waits) {
        return -1;
    }
    if (door->gone_ns == 0) {
        door->gone_ns = now + GONE_LIMIT_NS;
    }
    return now < door->gone_ns ? (int)((door->gone_ns - now) / 1000000u) + 1 : 0;
}

/* Sleeps until something may have changed. */
static void doze(struct door *door)
{
    struct pollfd wanted[2] = {{.fd = door->bell, .events = POLLIN}, {.fd = door->socket}};
    uint64_t rings;
    int limit = patience(door);
    int ready;

    if (!door->in_waits) {
        wanted[1].events |= POLLIN;
    }
    if (door->out_sent < door->out_count && !door->client_deaf) {
        wanted[1].events |= POLLOUT;
    }
    if (limit >= 0) {
        wanted[1].fd = -1; /* it would report the end again and again */
    }
    ready = poll(wanted, 2, limit);
    door->given_up = ready == 0 || limit == 0;
    if (ready > 0) {
        door->hung_up = door->hung_up || (wanted[1].revents & (POLLHUP | POLLERR)) != 0;
        door->client_deaf = door->client_deaf || door->hung_up;
        if (wanted[0].revents != 0 && read(door->bell, &rings, sizeof(rings)) < 0) {
            return; /* somebody else cannot have read it; but nothing is lost */
        }
    }
}

static enum step steps_out(struct door *door)
{
    enum step step;

    do {
        step = step_out(door);
    } while (step == STEP_DONE);
    return step;
}

/* Takes what the client sent, as far as there is room, and lets the service work on it. *more: it
 * could go on at once. */
static enum step steps_in(struct door *door, bool *more)
{
    enum step step;
    bool sent = *more;

    do {
        step = step_in(door);
        sent = sent || step == STEP_DONE;
    } while (step == STEP_DONE);
    *more = false;
    if (sent) {
        where_follow(door);
        *more = tipc_run(door->channel);
    }
    return step;
}

/* Whether the kernel has something, now that it will ring when it gets something. */
static bool kernel_has_something(struct door *door)
{
    return step_out(door) != STEP_WAITS || (door->in_waits && step_in(door) != STEP_WAITS);
}

/* While the service can go on with what this client sent, it goes on here: on another processor each
 * of its turns would cost a wake-up across processors. */
static void serve(struct door *door)
{
    bool more = false;
    unsigned int turns = 0;

    cpu_yield_to_wakers(); /* so that several messages written one after the other come together */
    while (!door->given_up && steps_out(door) != STEP_OVER && steps_in(door, &more) != STEP_OVER &&
           steps_out(door) != STEP_OVER) {
        if (more && ++turns < DOOR_TURNS) {
            continue;
        }
        turns = 0;
        more = false;
        /* The answer is on its way; the service may have something to do after it. */
        gp_call_after();
        atomic_store(&door->asleep, true);
        if (!kernel_has_something(door)) {
            doze(door);
        }
        atomic_store(&door->asleep, false);
    }
}

static uint32_t status_of(enum error error)
{
    switch (error) {
    case E_OK:
        return LINK_TIPC_OK;
    case E_TIMED_OUT:
        return LINK_TIPC_TIMED_OUT;
    case E_NO_MEMORY:
    case E_NO_RESOURCES:
        return LINK_TIPC_NO_MEMORY;
    case E_INVALID:
        return LINK_TIPC_INVALID;
    default:
        return LINK_TIPC_REFUSED;
    }
}

/* Receives the client's wish. False: it is none. */
static bool receive_wish(int socket, struct link_tipc_connect *wish)
{
    struct wire_extra extra;
    ssize_t got;
    int rc;

    do {
        rc = wire_wait(socket, -1, REQUEST_LIMIT_MS);
    } while (rc < 0 && errno == EINTR);
    if (rc != 1) {
        return false;
    }
    got = wire_receive(socket, wish, sizeof(*wish), 0, &extra);
    return got == (ssize_t)sizeof(*wish) && !extra.cut && wish->length <= LINK_TIPC_NAME_MAX;
}

static uint32_t connect_service(struct door *door, pid_t pid, struct link_tipc_connected *answer)
{
    const struct tipc_listener listener = {.changed = ring, .context = door};
    struct link_tipc_connect wish;
    struct tipc_limits limits = {0};
    enum error error;

    if (!receive_wish(door->socket, &wish)) {
        return LINK_TIPC_INVALID;
    }
    if (!door->counted) {
        return LINK_TIPC_FULL;
    }
    door->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (door->bell < 0) {
        return LINK_TIPC_NO_MEMORY;
    }
    door->where = where_open(pid, wish.thread);
    where_follow(door);
    error =
        tipc_connect(wish.name, wish.length, ACCEPT_LIMIT_NS, &listener, &limits, &door->channel);
    answer->buffer_size = limits.buffer_size;
    answer->num_buffers = limits.num_buffers;
    return status_of(error);
}

/* The client reads what was sent to it, and then the end. What it sent meanwhile nobody wants; if it
 * stayed unread, the system would tell the client of an error instead. */
static void end_connection(struct door *door)
{
    struct wire_extra extra;

    shutdown(door->socket, SHUT_RDWR);
    while (wire_receive(door->socket, door->in, sizeof(door->in), 0, &extra) > 0 ||
           extra.is_message) {
    }
}

void tipc_door_serve(int socket, pid_t pid, uid_t user)
{
    struct door *door = calloc(1, sizeof(*door));
    struct link_tipc_connected answer = {.status = LINK_TIPC_NO_MEMORY};

    if (door != NULL) {
        fcntl(socket, F_SETFL, O_NONBLOCK);
        door->socket = socket;
        door->user = user;
        door->counted = account_take(user, ACCOUNT_CHANNEL, 1);
        door->bell = -1;
        door->where = -1;
        answer.status = connect_service(door, pid, &answer);
    }
    if (wire_send(socket, &answer, sizeof(answer), NULL, 0) == 0 && answer.status == LINK_TIPC_OK) {
        serve(door);
    }
    if (door != NULL) {
        if (door->channel != NULL) {
            tipc_close(door->channel);
        }
        gp_call_after();
        end_connection(door);
        drop_memory(door);
        wire_close_fd(door->bell);
        wire_close_fd(door->where);
        cpu_unbind_self();
        if (door->counted) {
            account_give(user, ACCOUNT_CHANNEL, 1);
        }
        free(door);
    }
}
