/*
 * The hosted TEE: abi/hostlink.h over a Unix socket, calls over lanes. A call is one write and one
 * read of a byte; the message lies in the lane's page.
 *
 * The other side is believed nothing that could harm this process: what it hands over is memory
 * that cannot shrink and pipes that are pipes; an answer is copied once and checked; and what breaks
 * the protocol ends the connection (context_lost).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "context.h"
#include "lane.h"

/* Postern's version as it stands in the greeting. */
#define HOSTED_VERSION (0u << 20 | 1u << 10 | 0u)
/* A TEE that lives answers requests (not calls) much sooner. */
#define HOSTED_PATIENCE_SECONDS 20

/* --- Datagrams with descriptors. -------------------------------------------------------------- */

static void fds_close(int *fds, unsigned count)
{
    for (unsigned i = 0; fds && i < count; i++)
        (void)close(fds[i]);
}

static bool link_send(int fd, const void *data, size_t size, int descriptor)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;

    if (descriptor >= 0) {
        memset(&control, 0, sizeof(control));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

/* Takes exactly `size` bytes and at most `count` descriptors. *lost: this process had no room for all of
 * them, and the others are gone; what there is of the answer is good. */
static bool link_receive(int fd, void *data, size_t size, int *fds, unsigned count,
                         unsigned *received, bool *lost)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * 16)];
    } control;
    struct iovec iov = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    bool good = true;
    ssize_t got;

    *received = 0;
    *lost = false;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        unsigned n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned i = 0; i < n; i++) {
            int descriptor;

            memcpy(&descriptor, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*received < count) {
                fds[(*received)++] = descriptor;
            } else {
                (void)close(descriptor);
                good = false;
            }
        }
    }
    *lost = good && *received < count && (message.msg_flags & MSG_CTRUNC);
    if (got != (ssize_t)size || (message.msg_flags & MSG_TRUNC) ||
        ((message.msg_flags & MSG_CTRUNC) && !*lost))
        good = false;
    if (!good) {
        fds_close(fds, *received);
        *received = 0;
    }
    return good;
}

/* --- Requests. ------------------------------------------------------------------------------------ */

static struct verdict refuse_descriptors(void)
{
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                          "the process has no descriptors left");
}

/* Whether this process can be given so many. */
static bool descriptors_left(int any, unsigned count)
{
    int fds[LINK_LANE_FDS];
    unsigned taken = 0;

    while (taken < count && taken < LINK_LANE_FDS &&
           (fds[taken] = fcntl(any, F_DUPFD_CLOEXEC, 0)) >= 0)
        taken++;
    fds_close(fds, taken);
    return taken == count;
}

/* One request and its reply. `fds` gets exactly `count` descriptors when the answer is success. *a is
 * also set when the TEE did what was asked and the descriptors could not be taken. */
static struct verdict hosted_request(struct context *context, struct link_request *request,
                                     int descriptor, uint64_t *a, int *fds, unsigned count)
{
    struct link_reply reply;
    unsigned received = 0;
    bool good, lost = false;

    *a = 0;
    for (unsigned i = 0; i < count; i++)
        fds[i] = -1;
    (void)pthread_mutex_lock(&context->control);
    request->tag = ++context->tag;
    good = !atomic_load(&context->broken) &&
           link_send(context->fd, request, sizeof(*request), descriptor) &&
           link_receive(context->fd, &reply, sizeof(reply), fds, count, &received, &lost);
    if (good && (reply.op != request->op || reply.tag != request->tag ||
                 (reply.status == TEEC_SUCCESS && received != count && !lost))) {
        fds_close(fds, received);
        good = false;
    }
    (void)pthread_mutex_unlock(&context->control);
    if (!good)
        return context_lost(context, "the TEE does not answer, or not in its protocol");
    if (reply.status != TEEC_SUCCESS) {
        fds_close(fds, received);
        return verdict_refuse(TEEC_ORIGIN_TEE, reply.status, "the TEE refused request %u",
                              request->op);
    }
    *a = reply.a;
    if (!lost)
        return verdict_ok();
    fds_close(fds, received);
    for (unsigned i = 0; i < count; i++)
        fds[i] = -1;
    return refuse_descriptors();
}

/* Memory of the TEE's that can be relied on: at least `size` bytes, and it cannot shrink. */
static bool memory_is_good(int fd, size_t size)
{
    struct stat status;
    int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;

    return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(fd, &status) == 0 &&
           S_ISREG(status.st_mode) && status.st_size >= 0 && (uint64_t)status.st_size >= size;
}

static void *memory_map(int fd, size_t size)
{
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return address == MAP_FAILED ? NULL : address;
}

static bool is_pipe(int fd, struct stat *status)
{
    return fd >= 0 && fstat(fd, status) == 0 && S_ISFIFO(status->st_mode);
}

static struct verdict hosted_lane_open(struct context *context, struct lane *lane)
{
    struct link_request request = {.op = LINK_LANE_OPEN};
    int fds[LINK_LANE_FDS];
    struct stat write_end, read_end, response;
    struct verdict verdict;
    void *page;
    uint64_t a;

    /* Asked first: a lane that could not be taken is one less for as long as the context lives. */
    if (!descriptors_left(context->fd, LINK_LANE_FDS))
        return refuse_descriptors();
    verdict = hosted_request(context, &request, -1, &a, fds, LINK_LANE_FDS);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    /* Writing to what is not a pipe, or one that nobody can read, could raise SIGPIPE. */
    if (!is_pipe(fds[LINK_LANE_FD_REQUEST_WRITE], &write_end) ||
        !is_pipe(fds[LINK_LANE_FD_REQUEST_READ], &read_end) ||
        !is_pipe(fds[LINK_LANE_FD_RESPONSE_READ], &response) ||
        write_end.st_dev != read_end.st_dev || write_end.st_ino != read_end.st_ino ||
        (fcntl(fds[LINK_LANE_FD_REQUEST_READ], F_GETFL) & O_ACCMODE) == O_WRONLY) {
        fds_close(fds, LINK_LANE_FDS);
        return context_lost(context, "the TEE offers a lane that is not made of pipes");
    }
    if (!memory_is_good(fds[LINK_LANE_FD_PAGE], LINK_LANE_SIZE)) {
        fds_close(fds, LINK_LANE_FDS);
        return context_lost(context, "the TEE offers a lane without memory that can be relied on");
    }
    page = memory_map(fds[LINK_LANE_FD_PAGE], LINK_LANE_SIZE);
    if (!page) {
        fds_close(fds, LINK_LANE_FDS);
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                              "the TEE's lane cannot be mapped");
    }
    (void)close(fds[LINK_LANE_FD_PAGE]);
    lane->page = page;
    lane->request_write = fds[LINK_LANE_FD_REQUEST_WRITE];
    lane->request_read = fds[LINK_LANE_FD_REQUEST_READ];
    lane->response_read = fds[LINK_LANE_FD_RESPONSE_READ];
    return verdict;
}

/* --- Calls. ------------------------------------------------------------------------------------- */

static uint64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One byte each way. Waits as long as the TEE lives. */
static bool lane_exchange(struct context *context, struct lane *lane, struct call *call)
{
    static const char knock = 1;
    struct pollfd wait = {.fd = lane->response_read, .events = POLLIN};
    char byte;
    ssize_t n;

    do
        n = write(lane->request_write, &knock, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        return false;
    lane_sent(context, lane, call);
    for (;;) {
        n = read(lane->response_read, &byte, 1);
        if (n == 1)
            return true;
        if (n < 0 && errno == EAGAIN)
            (void)poll(&wait, 1, -1);
        else if (n == 0 || errno != EINTR)
            return false;
    }
}

static void arg_put(struct msg_arg *arg, const struct call *call)
{
    struct msg_param *param = arg->params;

    arg->head = (struct msg_header){.cmd = call->cmd,
                                    .func = call->func,
                                    .session = call->session,
                                    .cancel_id = call->cancel_id};
    if (call->cmd == MSG_CMD_CLOSE_SESSION)
        return;
    if (call->cmd == MSG_CMD_OPEN_SESSION) {
        memset(param, 0, 2 * sizeof(*param));
        param[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
        memcpy(param[0].u.octets, call->uuid, sizeof(call->uuid));
        param[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
        param[1].u.value.a = call->group;
        param[1].u.value.c = call->login;
        param += 2;
        arg->head.num_params = 2;
    }
    memcpy(param, call->param, call->num_params * sizeof(call->param[0]));
    for (unsigned i = 0; i < call->num_params; i++) {
        if (param[i].attr >= MSG_ATTR_RMEM_INPUT && param[i].attr <= MSG_ATTR_RMEM_INOUT &&
            param[i].u.rmem.cookie == CALL_NO_MEMORY)
            param[i].u.rmem = (struct msg_rmem){0};
    }
    arg->head.num_params += call->num_params;
}

/* False: this is no answer to that call. */
static bool arg_get(const struct msg_arg *arg, uint32_t num_params, struct call *call)
{
    const struct msg_param *param = arg->params + (num_params - call->num_params);

    if (arg->head.num_params != num_params)
        return false;
    if (call->cmd == MSG_CMD_CLOSE_SESSION)
        return true;
    for (unsigned i = 0; i < call->num_params; i++) {
        if (param[i].attr != call->param[i].attr)
            return false;
        if (call->param[i].attr <= MSG_ATTR_VALUE_INOUT)
            call->param[i].u.value = param[i].u.value;
        else
            call->param[i].u.rmem.size = param[i].u.rmem.size;
    }
    if (call->cmd == MSG_CMD_OPEN_SESSION)
        call->session = arg->head.session;
    return true;
}

static void trace_put(struct postern_teec_trace *trace, const uint64_t *ns)
{
    trace->gate_in = ns[LINK_TRACE_GATE_IN];
    trace->app_in = ns[LINK_TRACE_APP_IN];
    trace->app_out = ns[LINK_TRACE_APP_OUT];
    trace->gate_out = ns[LINK_TRACE_GATE_OUT];
}

static struct verdict hosted_call(struct context *context, struct lane *lane, struct call *call,
                                  struct verdict *answer)
{
    WITHOUT_CANCELLATION(state);
    struct link_lane copy; /* the page is the TEE's too: written once, read once */
    uint32_t cpu = (uint32_t)sched_getcpu();
    uint32_t num_params;
    size_t size;

    copy.cpu = cpu;
    copy.trace = call->traced;
    memset(copy.trace_ns, 0, sizeof(copy.trace_ns));
    arg_put(&copy.arg, call);
    num_params = copy.arg.head.num_params;
    size = offsetof(struct link_lane, arg.params) + num_params * sizeof(struct msg_param);
    memcpy(lane->page, &copy, size);
    __atomic_store_n(&lane->cpu, cpu, __ATOMIC_RELAXED);
    if (call->traced)
        call->trace.sent = now();
    if (!lane_exchange(context, lane, call))
        return context_lost(context, "the TEE is gone");
    if (call->traced)
        call->trace.received = now();
    memcpy(&copy, lane->page, size);
    if (call->traced)
        trace_put(&call->trace, copy.trace_ns);
    if (!arg_get(&copy.arg, num_params, call))
        return context_lost(context, "the TEE's answer does not fit the call");
    answer->result = copy.arg.head.ret;
    answer->origin = copy.arg.head.origin;
    return verdict_ok();
}

static void hosted_cancel(struct context *context, uint32_t session, uint32_t cancel_id)
{
    struct link_request request = {.op = LINK_CANCEL, .a = session, .b = cancel_id};
    ssize_t sent;

    /* Not under context.control, and not for long: cancelling returns at once. */
    for (int attempt = 0; attempt < 3; attempt++) {
        struct pollfd room = {.fd = context->fd, .events = POLLOUT};

        do
            sent = send(context->fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
        while (sent < 0 && errno == EINTR);
        if (sent >= 0 || errno != EAGAIN)
            return;
        (void)poll(&room, 1, 20);
    }
}

/* --- Memory and packages. ----------------------------------------------------------------------- */

static struct verdict hosted_shm_create(struct context *context, size_t size, struct shared *shared)
{
    struct link_request request = {.op = LINK_SHM_CREATE, .a = size};
    struct verdict verdict;
    uint64_t cookie = 0;
    void *address;
    int fd = -1;

    if (size > context->memory_max)
        return verdict_refuse(TEEC_ORIGIN_TEE, TEEC_ERROR_OUT_OF_MEMORY,
                              "%zu bytes are more than the %llu that the TEE gives one client",
                              size, (unsigned long long)context->memory_max);
    verdict = hosted_request(context, &request, -1, &cookie, &fd, 1);
    *shared = (struct shared){.cookie = cookie, .size = size};
    if (verdict.result != TEEC_SUCCESS) {
        if (cookie != 0)
            context->transport->shm_release(context, shared); /* there, and not to be had */
        return verdict;
    }
    address = memory_is_good(fd, size) ? memory_map(fd, size) : NULL;
    (void)close(fd);
    shared->address = address;
    if (cookie == 0 || cookie == CALL_NO_MEMORY) {
        if (address)
            (void)munmap(address, size);
        return context_lost(context, "the TEE gives memory without a name");
    }
    if (!address) {
        context->transport->shm_release(context, shared);
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                              "%zu bytes of the TEE's cannot be mapped", size);
    }
    return verdict;
}

static struct verdict hosted_shm_register(struct context *context, void *buffer, size_t size,
                                          struct shared *shared)
{
    (void)context;
    (void)buffer;
    (void)size;
    (void)shared;
    return (struct verdict){TEEC_ERROR_NOT_SUPPORTED, TEEC_ORIGIN_API};
}

static void hosted_shm_release(struct context *context, struct shared *shared)
{
    struct link_request request = {.op = LINK_SHM_RELEASE, .a = shared->cookie};
    struct verdict verdict = verdict_ok();
    uint64_t a;

    if (shared->address)
        (void)munmap(shared->address, shared->size);
    if (!atomic_load(&context->broken))
        verdict = hosted_request(context, &request, -1, &a, NULL, 0);
    (void)verdict; /* nothing can be done about a refusal */
    *shared = (struct shared){0};
}

static struct verdict hosted_app_image(struct context *context, int descriptor)
{
    struct link_request request = {.op = LINK_APP_IMAGE};
    uint64_t a;

    return hosted_request(context, &request, descriptor, &a, NULL, 0);
}

/* --- The connection. ---------------------------------------------------------------------------- */

static void hosted_hang_up(struct context *context)
{
    (void)shutdown(context->fd, SHUT_RDWR);
}

static void hosted_abandon(struct context *context)
{
    if (context->fd >= 0)
        (void)close(context->fd);
    context->fd = -1;
    for (uint32_t i = 0; i < LANES_MAX; i++) {
        struct lane *lane = &context->lanes[i];

        if (!lane->page)
            continue;
        (void)munmap(lane->page, LINK_LANE_SIZE);
        (void)close(lane->request_write);
        (void)close(lane->request_read);
        (void)close(lane->response_read);
        lane->page = NULL;
    }
}

const struct transport transport_hosted = {
    .lane_open = hosted_lane_open,
    .call = hosted_call,
    .cancel = hosted_cancel,
    .shm_create = hosted_shm_create,
    .shm_register = hosted_shm_register,
    .shm_release = hosted_shm_release,
    .app_image = hosted_app_image,
    .hang_up = hosted_hang_up,
    .abandon = hosted_abandon,
};

static struct verdict refuse_errno(int error, const char *path)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_ACCESS_DENIED,
                              "%s: the caller may not use this TEE", path);
    case ECONNREFUSED:
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC, "%s: no TEE runs there", path);
    default:
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC, "%s: %s", path,
                              strerrordesc_np(error));
    }
}

/* A socket's address has room for 107 characters; a longer path goes by way of its folder's
 * descriptor. */
static int socket_connect(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = strrchr(path, '/');
    char folder[4096];
    int result, folder_fd = -1, error;

    if (strlen(path) < sizeof(address.sun_path)) {
        memcpy(address.sun_path, path, strlen(path) + 1);
    } else {
        if (!name || (size_t)(name - path) >= sizeof(folder)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(folder, path, (size_t)(name - path));
        folder[name - path] = '\0';
        folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
            return -1;
        if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s",
                             folder_fd, name) >= sizeof(address.sun_path)) {
            (void)close(folder_fd);
            errno = ENAMETOOLONG;
            return -1;
        }
    }
    do
        result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    while (result < 0 && errno == EINTR);
    error = errno;
    if (folder_fd >= 0)
        (void)close(folder_fd);
    errno = error;
    return result;
}

static struct verdict greet(struct context *context, const char *path)
{
    struct link_hello hello = {.magic = LINK_MAGIC,
                               .protocol = LINK_PROTOCOL,
                               .kind = LINK_KIND_TEEC,
                               .version = HOSTED_VERSION};
    struct link_welcome welcome;
    unsigned received;
    bool lost;

    if (!link_send(context->fd, &hello, sizeof(hello), -1) ||
        !link_receive(context->fd, &welcome, sizeof(welcome), NULL, 0, &received, &lost) ||
        welcome.magic != LINK_MAGIC)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC,
                              "%s: what answers there is no TEE of Postern's", path);
    welcome.text[sizeof(welcome.text) - 1] = '\0';
    if (welcome.protocol != LINK_PROTOCOL)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC,
                              "%s: the TEE speaks protocol %u, this library %u", path,
                              welcome.protocol, LINK_PROTOCOL);
    if (welcome.status != TEEC_SUCCESS)
        return verdict_refuse(TEEC_ORIGIN_API,
                              welcome.status == TEEC_ERROR_ACCESS_DENIED ? TEEC_ERROR_ACCESS_DENIED
                                                                         : TEEC_ERROR_GENERIC,
                              "%s: %s", path, welcome.text);
    if (welcome.max_lanes == 0)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC,
                              "%s: the TEE offers no way for calls", path);
    lane_limit(context, welcome.max_lanes);
    context->memory_max = welcome.max_shm;
    return verdict_ok();
}

struct verdict hosted_connect(struct context *context, const char *socket_path)
{
    const struct timeval patience = {.tv_sec = HOSTED_PATIENCE_SECONDS};
    struct verdict verdict;

    context->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (context->fd < 0)
        return refuse_errno(errno, socket_path);
    (void)setsockopt(context->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(context->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (socket_connect(context->fd, socket_path) != 0)
        verdict = refuse_errno(errno, socket_path);
    else
        verdict = greet(context, socket_path);
    if (verdict.result == TEEC_SUCCESS) {
        context->transport = &transport_hosted;
    } else {
        (void)close(context->fd);
        context->fd = -1;
    }
    return verdict;
}
