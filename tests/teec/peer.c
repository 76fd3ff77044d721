/*
 * The tests' TEE. A thread for each connection, one for each lane. Errors of the peer's own end it:
 * the tests then see a TEE that is gone.
 */
#include "peer.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ERROR_CANCEL 0xffff0002u
#define ERROR_BAD_PARAMETERS 0xffff0006u
#define ERROR_ITEM_NOT_FOUND 0xffff0008u
#define ERROR_OUT_OF_MEMORY 0xffff000cu
#define ERROR_ACCESS_DENIED 0xffff0001u
#define ERROR_SHORT_BUFFER 0xffff0010u
#define ORIGIN_TEE 3u
#define ORIGIN_APP 4u
#define SESSIONS 256
#define MEMORIES 1024
#define EARLY 16

const uint8_t peer_uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
                               0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01};

struct memory {
    uint64_t cookie;
    uint8_t *address;
    size_t size;
};

struct session {
    uint32_t number;
    bool busy;
};

struct call {
    struct call *next;
    uint32_t session;
    uint32_t cancel_id;
    bool cancelled;
};

struct connection {
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct memory memories[MEMORIES];
    struct session sessions[SESSIONS];
    struct call *calls;
    struct {
        uint32_t session, id;
    } early[EARLY];
    unsigned early_next;
    uint64_t next_cookie;
    uint64_t shm_total;
    uint32_t next_session;
    uint32_t lanes;
};

struct lane {
    struct connection *connection;
    struct link_lane *page;
    int request_read, response_write;
};

static struct peer *shared;

static bool fault(enum peer_fault which)
{
    return atomic_load(&shared->fault) == (int)which;
}

/* --- The app. ---------------------------------------------------------------------------------- */

static struct memory *memory_find(struct connection *c, uint64_t cookie)
{
    for (unsigned i = 0; i < MEMORIES; i++) {
        if (cookie && c->memories[i].cookie == cookie)
            return &c->memories[i];
    }
    return NULL;
}

static uint8_t *reference(struct connection *c, const struct msg_param *p, bool *bad)
{
    struct memory *memory;
    uint8_t *address;

    if (p->u.rmem.cookie == 0) {
        *bad |= p->u.rmem.size != 0 || p->u.rmem.offset != 0;
        return NULL;
    }
    pthread_mutex_lock(&c->lock);
    memory = memory_find(c, p->u.rmem.cookie);
    if (!memory || p->u.rmem.offset > memory->size ||
        p->u.rmem.size > memory->size - p->u.rmem.offset) {
        *bad = true;
        address = NULL;
    } else {
        address = memory->address + p->u.rmem.offset;
    }
    pthread_mutex_unlock(&c->lock);
    return address;
}

static uint32_t app_invoke(struct connection *c, struct call *call, uint32_t command,
                           struct msg_param *p, uint32_t *origin)
{
    uint8_t *at[4] = {NULL};
    uint32_t result = 0;
    bool bad = false;
    uint64_t sum = 0, sizes = 0;
    int last_output = -1;

    for (unsigned i = 0; i < 4; i++) {
        if (p[i].attr >= MSG_ATTR_RMEM_INPUT && p[i].attr <= MSG_ATTR_RMEM_INOUT)
            at[i] = reference(c, &p[i], &bad);
        else if (p[i].attr > MSG_ATTR_VALUE_INOUT)
            bad = true;
        if (p[i].attr == MSG_ATTR_RMEM_OUTPUT)
            last_output = (int)i;
    }
    *origin = ORIGIN_APP;
    if (bad) {
        *origin = ORIGIN_TEE;
        return ERROR_BAD_PARAMETERS;
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t size = p[i].u.rmem.size;
        bool input = p[i].attr == MSG_ATTR_RMEM_INPUT || p[i].attr == MSG_ATTR_RMEM_INOUT;

        switch (command) {
        case PEER_ADD:
            if (p[i].attr == MSG_ATTR_VALUE_INOUT) {
                p[i].u.value.a++;
                p[i].u.value.b += 2;
            } else if (p[i].attr == MSG_ATTR_VALUE_OUTPUT) {
                p[i].u.value.a = 0xa;
                p[i].u.value.b = 0xb;
            }
            break;
        case PEER_INVERT:
            for (uint64_t k = 0; at[i] && p[i].attr == MSG_ATTR_RMEM_INOUT && k < size; k++)
                at[i][k] = (uint8_t)~at[i][k];
            break;
        case PEER_FAIL_FILL:
            result = 0xffff0000u;
            /* fallthrough */
        case PEER_FILL:
            if (at[i] && p[i].attr == MSG_ATTR_RMEM_OUTPUT) {
                memset(at[i], 0xa5, size);
                p[i].u.rmem.size = size / 2;
            }
            break;
        case PEER_SUM:
            for (uint64_t k = 0; at[i] && input && k < size; k++)
                sum += at[i][k];
            if (i == 3 && p[3].attr == MSG_ATTR_VALUE_OUTPUT) {
                p[3].u.value.a = (uint32_t)sum;
                p[3].u.value.b = 0;
            }
            break;
        case PEER_SHORT:
            result = ERROR_SHORT_BUFFER;
            if ((int)i == last_output && at[i] && i > 0)
                memset(at[i], 0x5a, size);
            else if (p[i].attr == MSG_ATTR_RMEM_OUTPUT || p[i].attr == MSG_ATTR_RMEM_INOUT) {
                if (at[i])
                    memset(at[i], 0x66, size);
                p[i].u.rmem.size = size + 100;
            }
            break;
        case PEER_LIE:
            if (p[i].attr == MSG_ATTR_RMEM_OUTPUT) {
                if (at[i])
                    memset(at[i], 0x77, size);
                p[i].u.rmem.size = size + 100;
            }
            break;
        case PEER_LEAVE_ZERO:
            if (p[i].attr == MSG_ATTR_RMEM_OUTPUT)
                p[i].u.rmem.size = 0;
            break;
        case PEER_SIZES:
            if (input && i < 2)
                sizes |= (at[i] ? size & 0xffffffff : UINT64_C(0xffffffff)) << (32 * i);
            if (i == 3) {
                p[3].u.value.a = (uint32_t)sizes;
                p[3].u.value.b = sizes >> 32;
            }
            break;
        default:
            break;
        }
    }
    switch (command) {
    case PEER_WAIT:
        pthread_mutex_lock(&c->lock);
        while (!call->cancelled)
            pthread_cond_wait(&c->changed, &c->lock);
        pthread_mutex_unlock(&c->lock);
        return ERROR_CANCEL;
    case PEER_ANSWER:
        *origin = (uint32_t)p[0].u.value.b;
        return (uint32_t)p[0].u.value.a;
    case PEER_SLEEP:
        usleep((useconds_t)p[0].u.value.a);
        return 0;
    case PEER_EXIT:
        _exit(0);
    default:
        return result;
    }
}

/* --- Calls. ------------------------------------------------------------------------------------- */

static struct session *session_find(struct connection *c, uint32_t number)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (number && c->sessions[i].number == number)
            return &c->sessions[i];
    }
    return NULL;
}

static void call_enter(struct connection *c, struct call *call)
{
    call->next = c->calls;
    c->calls = call;
    for (unsigned i = 0; i < EARLY; i++) {
        if (c->early[i].id && c->early[i].id == call->cancel_id &&
            c->early[i].session == call->session)
            call->cancelled = true;
    }
}

static void call_leave(struct connection *c, struct call *call)
{
    for (struct call **at = &c->calls; *at; at = &(*at)->next) {
        if (*at == call) {
            *at = call->next;
            return;
        }
    }
}

static void open_session(struct connection *c, struct msg_arg *arg)
{
    struct call call = {.cancel_id = arg->head.cancel_id};
    struct session *free_one = NULL;
    uint32_t origin = ORIGIN_TEE;

    atomic_store(&shared->login, (uint32_t)arg->params[1].u.value.c);
    atomic_store(&shared->group, (uint32_t)arg->params[1].u.value.a);
    arg->head.origin = ORIGIN_TEE;
    if (memcmp(arg->params[0].u.octets, peer_uuid, 16) != 0) {
        arg->head.ret = ERROR_ITEM_NOT_FOUND;
        return;
    }
    pthread_mutex_lock(&c->lock);
    call_enter(c, &call);
    pthread_mutex_unlock(&c->lock);
    /* An open with a value as its first parameter runs that command. */
    arg->head.ret = 0;
    if (arg->params[2].attr == MSG_ATTR_VALUE_INPUT)
        arg->head.ret =
            app_invoke(c, &call, (uint32_t)arg->params[2].u.value.b, arg->params + 2, &origin);
    arg->head.origin = ORIGIN_APP;
    pthread_mutex_lock(&c->lock);
    call_leave(c, &call);
    for (unsigned i = 0; i < SESSIONS && !free_one && arg->head.ret == 0; i++) {
        if (!c->sessions[i].number)
            free_one = &c->sessions[i];
    }
    if (free_one) {
        free_one->number = ++c->next_session;
        free_one->busy = false;
        arg->head.session = free_one->number;
        atomic_fetch_add(&shared->sessions, 1);
    }
    pthread_mutex_unlock(&c->lock);
}

static void invoke(struct connection *c, struct msg_arg *arg)
{
    struct call call = {.session = arg->head.session, .cancel_id = arg->head.cancel_id};
    struct session *session;

    arg->head.origin = ORIGIN_TEE;
    pthread_mutex_lock(&c->lock);
    call_enter(c, &call);
    while ((session = session_find(c, arg->head.session)) != NULL && session->busy &&
           !call.cancelled)
        pthread_cond_wait(&c->changed, &c->lock);
    if (!session || session->busy) {
        arg->head.ret = session ? ERROR_CANCEL : 3;
        call_leave(c, &call);
        pthread_mutex_unlock(&c->lock);
        return;
    }
    session->busy = true;
    pthread_mutex_unlock(&c->lock);

    atomic_fetch_add(&shared->invokes_running, 1);
    arg->head.ret = app_invoke(c, &call, arg->head.func, arg->params, &arg->head.origin);
    atomic_fetch_sub(&shared->invokes_running, 1);

    pthread_mutex_lock(&c->lock);
    call_leave(c, &call);
    session->busy = false;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void close_session(struct connection *c, struct msg_arg *arg)
{
    struct session *session;

    pthread_mutex_lock(&c->lock);
    while ((session = session_find(c, arg->head.session)) != NULL && session->busy)
        pthread_cond_wait(&c->changed, &c->lock);
    arg->head.origin = ORIGIN_TEE;
    arg->head.ret = session ? 0 : 3;
    if (session) {
        session->number = 0;
        atomic_fetch_sub(&shared->sessions, 1);
    }
    pthread_mutex_unlock(&c->lock);
}

/* What a chosen fault does to an answer. */
static void spoil(struct lane *lane, struct msg_arg *arg)
{
    uint32_t n = arg->head.num_params;

    switch (atomic_load(&shared->fault)) {
    case PEER_CALL_CLOSE_LANE:
        close(lane->response_write);
        close(lane->request_read);
        lane->response_write = -1;
        break;
    case PEER_CALL_EXIT:
        _exit(1);
    case PEER_CALL_NUM_PARAMS_LARGE:
        arg->head.num_params = n + 1;
        break;
    case PEER_CALL_NUM_PARAMS_ZERO:
        arg->head.num_params = 0;
        break;
    case PEER_CALL_NUM_PARAMS_HUGE:
        arg->head.num_params = UINT32_MAX;
        break;
    case PEER_CALL_ATTRIBUTES:
        for (uint32_t i = 0; i < n; i++)
            arg->params[i].attr = MSG_ATTR_RMEM_INOUT;
        break;
    case PEER_CALL_SIZES_HUGE:
        for (uint32_t i = 0; i < n; i++) {
            if (arg->params[i].attr >= MSG_ATTR_RMEM_INPUT &&
                arg->params[i].attr <= MSG_ATTR_RMEM_INOUT)
                arg->params[i].u.rmem.size = UINT64_MAX;
        }
        break;
    case PEER_CALL_SIZES_ABOVE:
        for (uint32_t i = 0; i < n; i++) {
            if (arg->params[i].attr >= MSG_ATTR_RMEM_INPUT &&
                arg->params[i].attr <= MSG_ATTR_RMEM_INOUT)
                arg->params[i].u.rmem.size++;
        }
        break;
    case PEER_CALL_OFFSETS:
        for (uint32_t i = 0; i < n; i++) {
            if (arg->params[i].attr >= MSG_ATTR_RMEM_INPUT &&
                arg->params[i].attr <= MSG_ATTR_RMEM_INOUT) {
                arg->params[i].u.rmem.offset = UINT64_C(0x7fffffff0000);
                arg->params[i].u.rmem.cookie = 0x1234567;
            }
        }
        break;
    case PEER_CALL_ORIGIN:
        arg->head.origin = 77;
        arg->head.ret = 0xffff0000u;
        break;
    case PEER_CALL_GARBAGE:
        memset(arg, 0xee, sizeof(*arg));
        break;
    default:
        break;
    }
}

static void *lane_main(void *argument)
{
    struct lane *lane = argument;
    struct msg_arg arg;
    char byte;

    while (read(lane->request_read, &byte, 1) == 1) {
        memcpy(&arg, &lane->page->arg, sizeof(arg));
        for (uint32_t i = arg.head.num_params; i < MSG_PARAMS_MAX; i++)
            memset(&arg.params[i], 0, sizeof(arg.params[i]));
        atomic_store(&shared->last_cpu, lane->page->cpu);
        atomic_fetch_add(&shared->calls, 1);
        if (lane->page->trace) {
            lane->page->trace_ns[0] = lane->page->trace_ns[1] = 1;
            lane->page->trace_ns[2] = lane->page->trace_ns[3] = UINT64_MAX;
        }
        if (arg.head.cmd == MSG_CMD_OPEN_SESSION)
            open_session(lane->connection, &arg);
        else if (arg.head.cmd == MSG_CMD_INVOKE_COMMAND)
            invoke(lane->connection, &arg);
        else
            close_session(lane->connection, &arg);
        spoil(lane, &arg);
        if (lane->response_write < 0)
            break;
        memcpy(&lane->page->arg, &arg, sizeof(arg));
        byte = 0;
        if (fault(PEER_CALL_TWO_BYTES) && write(lane->response_write, &byte, 1) != 1)
            break;
        if (write(lane->response_write, &byte, 1) != 1)
            break;
    }
    if (lane->response_write >= 0) {
        close(lane->response_write);
        close(lane->request_read);
    }
    free(lane);
    return NULL;
}

/* --- The control socket. -------------------------------------------------------------------- */

static void send_fds(int fd, const void *data, size_t size, const int *fds, unsigned count)
{
    char control[CMSG_SPACE(sizeof(int) * 64)] = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    if (count) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    }
    (void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void reply(struct connection *c, const struct link_request *request, uint32_t status,
                  uint64_t a, const int *fds, unsigned count)
{
    struct link_reply r = {.op = request->op, .tag = request->tag, .status = status, .a = a};
    uint8_t longer[sizeof(r) + 8] = {0};
    int many[40];

    memcpy(longer, &r, sizeof(r));
    if (fault(PEER_REPLY_SHORT)) {
        send_fds(c->fd, &r, sizeof(r) - 4, fds, count);
    } else if (fault(PEER_REPLY_LONG)) {
        send_fds(c->fd, longer, sizeof(longer), fds, count);
    } else if (fault(PEER_REPLY_CLOSE)) {
        shutdown(c->fd, SHUT_RDWR);
    } else if (fault(PEER_REPLY_NO_DESCRIPTORS)) {
        send_fds(c->fd, &r, sizeof(r), NULL, 0);
    } else if (fault(PEER_REPLY_MANY_DESCRIPTORS)) {
        for (unsigned i = 0; i < 40; i++)
            many[i] = 0;
        send_fds(c->fd, &r, sizeof(r), many, 40);
    } else {
        if (fault(PEER_REPLY_TAG))
            r.tag += 7;
        if (fault(PEER_REPLY_OP))
            r.op = 99;
        send_fds(c->fd, &r, sizeof(r), fds, count);
    }
}

static int memory_file(size_t size, bool sealed)
{
    int fd = memfd_create("peer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
        _exit(3);
    if (sealed && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        _exit(3);
    return fd;
}

static void lane_open(struct connection *c, const struct link_request *request)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    int requests[2], responses[2], other[2], fds[LINK_LANE_FDS], page;
    pthread_t thread;

    if (fault(PEER_LANE_REFUSED) || c->lanes >= atomic_load(&shared->max_lanes)) {
        free(lane);
        reply(c, request, ERROR_OUT_OF_MEMORY, 0, NULL, 0);
        return;
    }
    if (!lane || pipe2(requests, O_CLOEXEC) || pipe2(responses, O_CLOEXEC) ||
        pipe2(other, O_CLOEXEC))
        _exit(3);
    page = memory_file(fault(PEER_LANE_PAGE_SMALL) ? 100 : LINK_LANE_SIZE,
                       !fault(PEER_LANE_PAGE_UNSEALED));
    lane->connection = c;
    lane->page = mmap(NULL, LINK_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    lane->request_read = dup(requests[0]);
    lane->response_write = responses[1];
    fds[LINK_LANE_FD_PAGE] = fault(PEER_LANE_PAGE_PIPE) ? other[0] : page;
    fds[LINK_LANE_FD_REQUEST_WRITE] = requests[1];
    fds[LINK_LANE_FD_REQUEST_READ] = fault(PEER_LANE_OTHER_PIPE) ? other[0] : requests[0];
    fds[LINK_LANE_FD_RESPONSE_READ] = responses[0];
    if (fault(PEER_LANE_SOCKETS)) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
            _exit(3);
        close(pair[1]);
        fds[1] = fds[2] = fds[3] = pair[0];
    }
    if (fault(PEER_LANE_NONBLOCK))
        (void)fcntl(responses[0], F_SETFL, O_NONBLOCK);
    c->lanes++;
    atomic_fetch_add(&shared->lanes, 1);
    if (fault(PEER_LANE_DEAD)) {
        close(lane->response_write);
        close(lane->request_read);
        free(lane);
    } else if (pthread_create(&thread, NULL, lane_main, lane) == 0) {
        pthread_detach(thread);
    }
    reply(c, request, 0, 0, fds, LINK_LANE_FDS);
    close(requests[0]);
    close(requests[1]);
    close(responses[0]);
    close(other[0]);
    close(other[1]);
    close(page);
}

static void shm_create(struct connection *c, const struct link_request *request)
{
    struct memory *memory = NULL;
    size_t size = (size_t)request->a;
    uint64_t cookie;
    int fd;

    pthread_mutex_lock(&c->lock);
    for (unsigned i = 0; i < MEMORIES && !memory; i++) {
        if (!c->memories[i].cookie)
            memory = &c->memories[i];
    }
    if (fault(PEER_SHM_REFUSED) || !memory || size == 0 ||
        size > atomic_load(&shared->max_shm) - c->shm_total) {
        pthread_mutex_unlock(&c->lock);
        reply(c, request, ERROR_OUT_OF_MEMORY, 0, NULL, 0);
        return;
    }
    fd = memory_file(fault(PEER_SHM_SMALL) ? 1 : size, !fault(PEER_SHM_UNSEALED));
    memory->cookie = ++c->next_cookie;
    memory->size = size;
    memory->address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    c->shm_total += size;
    cookie = memory->cookie;
    pthread_mutex_unlock(&c->lock);
    atomic_fetch_add(&shared->memories, 1);
    if (fault(PEER_SHM_COOKIE_ZERO))
        cookie = 0;
    if (fault(PEER_SHM_COOKIE_ALL_ONES))
        cookie = UINT64_MAX;
    reply(c, request, 0, cookie, &fd, 1);
    close(fd);
}

static void shm_release(struct connection *c, const struct link_request *request)
{
    struct memory *memory;

    pthread_mutex_lock(&c->lock);
    memory = memory_find(c, request->a);
    if (memory) {
        munmap(memory->address, memory->size);
        c->shm_total -= memory->size;
        memory->cookie = 0;
        atomic_fetch_sub(&shared->memories, 1);
    }
    pthread_mutex_unlock(&c->lock);
    reply(c, request, memory ? 0 : ERROR_ITEM_NOT_FOUND, 0, NULL, 0);
}

static void cancel(struct connection *c, const struct link_request *request)
{
    bool found = false;

    atomic_fetch_add(&shared->cancels, 1);
    pthread_mutex_lock(&c->lock);
    for (struct call *call = c->calls; call; call = call->next) {
        if (call->session == request->a && call->cancel_id == request->b) {
            call->cancelled = true;
            found = true;
        }
    }
    if (!found) {
        c->early[c->early_next % EARLY].session = (uint32_t)request->a;
        c->early[c->early_next++ % EARLY].id = (uint32_t)request->b;
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static bool welcome(int fd)
{
    struct link_hello hello;
    struct link_welcome w = {.magic = LINK_MAGIC,
                             .protocol = LINK_PROTOCOL,
                             .max_lanes = atomic_load(&shared->max_lanes),
                             .max_shm = atomic_load(&shared->max_shm)};
    uint8_t longer[sizeof(w) + 100] = {0};
    int fds[3] = {0, 0, 0};

    if (recv(fd, &hello, sizeof(hello), 0) != sizeof(hello) || hello.magic != LINK_MAGIC ||
        hello.protocol != LINK_PROTOCOL || hello.kind != LINK_KIND_TEEC)
        return false;
    switch (atomic_load(&shared->fault)) {
    case PEER_WELCOME_SILENT_CLOSE:
        return false;
    case PEER_WELCOME_GARBAGE:
        memset(&w, 0xc3, sizeof(w));
        break;
    case PEER_WELCOME_PROTOCOL:
        w.protocol = LINK_PROTOCOL + 41;
        break;
    case PEER_WELCOME_DENIED:
        w.status = ERROR_ACCESS_DENIED;
        strcpy(w.text, "not for you");
        break;
    case PEER_WELCOME_NO_MEMORY:
        w.status = ERROR_OUT_OF_MEMORY;
        break;
    case PEER_WELCOME_NO_LANES:
        w.max_lanes = 0;
        break;
    case PEER_WELCOME_UNENDED_TEXT:
        w.status = 1;
        memset(w.text, 'x', sizeof(w.text));
        break;
    case PEER_WELCOME_SHORT:
        send_fds(fd, &w, sizeof(w) - 1, NULL, 0);
        return true;
    case PEER_WELCOME_LONG:
        memcpy(longer, &w, sizeof(w));
        send_fds(fd, longer, sizeof(longer), NULL, 0);
        return true;
    case PEER_WELCOME_DESCRIPTORS:
        send_fds(fd, &w, sizeof(w), fds, 3);
        return true;
    default:
        break;
    }
    send_fds(fd, &w, sizeof(w), NULL, 0);
    return true;
}

static void app_image(struct connection *c, const struct link_request *request, int fd)
{
    atomic_fetch_add(&shared->images, 1);
    if (fd >= 0) {
        atomic_store(&shared->image_size, (uint64_t)lseek(fd, 0, SEEK_END));
        close(fd);
    }
    reply(c, request, fd >= 0 ? 0 : ERROR_BAD_PARAMETERS, 0, NULL, 0);
}

static void *connection_main(void *argument)
{
    struct connection *c = argument;
    struct link_request request;

    atomic_fetch_add(&shared->connections, 1);
    while (welcome(c->fd) || !fault(PEER_WELCOME_SILENT_CLOSE)) {
        for (;;) {
            char control[CMSG_SPACE(sizeof(int))];
            struct iovec iov = {.iov_base = &request, .iov_len = sizeof(request)};
            struct msghdr message = {.msg_iov = &iov,
                                     .msg_iovlen = 1,
                                     .msg_control = control,
                                     .msg_controllen = sizeof(control)};
            int fd = -1;

            if (recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC) != sizeof(request))
                goto gone;
            if (message.msg_controllen >= CMSG_LEN(sizeof(int)))
                memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
            if (request.op == LINK_LANE_OPEN)
                lane_open(c, &request);
            else if (request.op == LINK_SHM_CREATE)
                shm_create(c, &request);
            else if (request.op == LINK_SHM_RELEASE)
                shm_release(c, &request);
            else if (request.op == LINK_CANCEL)
                cancel(c, &request);
            else
                app_image(c, &request, fd);
        }
    }
gone:
    /* As posternd does: what runs is cancelled, what is open closed. (Memory of the connection
     * stays: lanes may still run in it.) */
    pthread_mutex_lock(&c->lock);
    for (struct call *call = c->calls; call; call = call->next)
        call->cancelled = true;
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (c->sessions[i].number)
            atomic_fetch_sub(&shared->sessions, 1);
    }
    for (unsigned i = 0; i < MEMORIES; i++) {
        if (c->memories[i].cookie)
            atomic_fetch_sub(&shared->memories, 1);
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    close(c->fd);
    atomic_fetch_sub(&shared->connections, 1);
    return NULL;
}

static void serve(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        struct connection *c = calloc(1, sizeof(*c));
        pthread_t thread;

        if (fd < 0 || !c)
            _exit(3);
        c->fd = fd;
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->changed, NULL);
        if (pthread_create(&thread, NULL, connection_main, c) != 0)
            _exit(3);
        pthread_detach(thread);
    }
}

struct peer *peer_start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct peer *peer;
    pid_t pid;

    shared = peer =
        mmap(NULL, sizeof(*peer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (peer == MAP_FAILED)
        exit(2);
    if (listener < 0)
        exit(2);
    memset(peer, 0, sizeof(*peer));
    peer->max_lanes = 16;
    peer->max_shm = 64u << 20;
    strcpy(peer->folder, "/tmp/postern-teec-XXXXXX");
    if (!mkdtemp(peer->folder))
        exit(2);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/" LINK_SOCKET_CLIENTS, peer->folder);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 64) != 0)
        exit(2);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN); /* clients that give up are what it is there for */
        serve(listener);
    }
    peer->pid = pid;
    close(listener);
    return peer;
}

void peer_kill(struct peer *peer)
{
    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
    }
    peer->pid = 0;
}

void peer_stop(struct peer *peer)
{
    char path[128];

    peer_kill(peer);
    snprintf(path, sizeof(path), "%s/" LINK_SOCKET_CLIENTS, peer->folder);
    unlink(path);
    rmdir(peer->folder);
}

int peer_wait(_Atomic uint32_t *count, uint32_t value)
{
    for (int i = 0; i < 60000; i++) {
        if (atomic_load(count) == value)
            return 1;
        usleep(1000);
    }
    return 0;
}
