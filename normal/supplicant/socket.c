/*
 * The supplicant of a hosted TEE: abi/hostlink.h, LINK_KIND_SUPPLICANT. When the TEE hangs up it
 * connects again, as long as something listens there.
 */
#include "supplicant.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 100000000L

/* A question as it came, with its memory. */
struct question {
    struct msg_arg arg;
    int fd[MSG_PARAMS_MAX];
    size_t num_fds;
};

enum outcome {
    LINK_ENDED,   /* the TEE hung up */
    LINK_NOBODY,  /* nothing listens */
    LINK_REFUSED, /* it said no */
};

/* 1: a question; 0: the end; -1: not a question. */
static int receive(int link, struct question *question)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(question->fd))];
    struct iovec part = {.iov_base = &question->arg, .iov_len = sizeof(question->arg)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    const struct cmsghdr *control;
    ssize_t got;

    question->num_fds = 0;
    do {
        got = recvmsg(link, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return 0;
    }
    control = CMSG_FIRSTHDR(&message);
    if (control != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        question->num_fds = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(question->fd, CMSG_DATA(control), question->num_fds * sizeof(int));
    }
    return got == (ssize_t)sizeof(question->arg) &&
                   question->arg.head.num_params <= MSG_PARAMS_MAX &&
                   (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0
               ? 1
               : -1;
}

static bool map_memory(struct rpc_param *param, int fd)
{
    struct stat info;
    void *memory;

    if (fstat(fd, &info) != 0 || info.st_size <= 0 || param->size > (uint64_t)info.st_size) {
        return false;
    }
    memory = mmap(NULL, param->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    param->memory = memory;
    return true;
}

/* False: the question makes no sense. What was mapped is in param. */
static bool unpack(const struct question *question, struct rpc_param *param)
{
    size_t next_fd = 0;

    for (uint32_t i = 0; i < question->arg.head.num_params; i++) {
        const struct msg_param *from = &question->arg.params[i];
        uint64_t type = from->attr & MSG_ATTR_TYPE_MASK;

        switch (type) {
        case MSG_ATTR_NONE:
            break;
        case MSG_ATTR_VALUE_INPUT:
        case MSG_ATTR_VALUE_OUTPUT:
        case MSG_ATTR_VALUE_INOUT:
            param[i] = (struct rpc_param){.kind = RPC_VALUE,
                                          .in = type != MSG_ATTR_VALUE_OUTPUT,
                                          .out = type != MSG_ATTR_VALUE_INPUT,
                                          .a = from->u.value.a,
                                          .b = from->u.value.b,
                                          .c = from->u.value.c};
            break;
        case MSG_ATTR_TMEM_INPUT:
        case MSG_ATTR_TMEM_OUTPUT:
        case MSG_ATTR_TMEM_INOUT:
            param[i] = (struct rpc_param){.kind = RPC_MEMORY,
                                          .in = type != MSG_ATTR_TMEM_OUTPUT,
                                          .out = type != MSG_ATTR_TMEM_INPUT,
                                          .size = from->u.tmem.size};
            if (from->u.tmem.size != 0 &&
                (next_fd == question->num_fds || !map_memory(&param[i], question->fd[next_fd++]))) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

static void pack(struct question *question, struct rpc_param *param)
{
    for (uint32_t i = 0; i < question->arg.head.num_params; i++) {
        struct msg_param *to = &question->arg.params[i];

        if (param[i].kind == RPC_VALUE && param[i].out) {
            to->u.value = (struct msg_value){param[i].a, param[i].b, param[i].c};
        } else if (param[i].kind == RPC_MEMORY) {
            if (param[i].memory != NULL) {
                munmap(param[i].memory, to->u.tmem.size);
            }
            if (param[i].out) {
                to->u.tmem.size = param[i].size;
            }
        }
    }
}

static void answer(const struct supplicant *supplicant, struct question *question)
{
    struct rpc_param param[MSG_PARAMS_MAX];

    memset(param, 0, sizeof(param));
    question->arg.head.ret = unpack(question, param)
                                 ? supplicant_answer(supplicant, question->arg.head.cmd, param,
                                                     question->arg.head.num_params)
                                 : RET_BAD_PARAMETERS;
    pack(question, param);
}

static enum outcome serve(const struct supplicant *supplicant, int link)
{
    for (;;) {
        struct question question;
        int got = receive(link, &question);

        if (got > 0) {
            answer(supplicant, &question);
        }
        for (size_t i = 0; i < question.num_fds; i++) {
            close(question.fd[i]);
        }
        if (got <= 0 || send(link, &question.arg, sizeof(question.arg), MSG_NOSIGNAL) !=
                            (ssize_t)sizeof(question.arg)) {
            return LINK_ENDED;
        }
    }
}

/* What a TEE that does not want a supplicant answers with. */
static const char *refusal_name(uint32_t status)
{
    switch (status) {
    case 0xffff0001:
        return "TEEC_ERROR_ACCESS_DENIED";
    case 0xffff0005:
        return "TEEC_ERROR_BAD_FORMAT";
    case RET_NOT_SUPPORTED:
        return "TEEC_ERROR_NOT_SUPPORTED";
    case RET_OUT_OF_MEMORY:
        return "TEEC_ERROR_OUT_OF_MEMORY";
    case 0xffff000d:
        return "TEEC_ERROR_BUSY";
    default:
        return "error";
    }
}

static enum outcome greet(int link)
{
    struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_SUPPLICANT};
    struct link_welcome welcome;

    if (send(link, &hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello) ||
        recv(link, &welcome, sizeof(welcome), 0) != (ssize_t)sizeof(welcome) ||
        welcome.magic != LINK_MAGIC) {
        supplicant_say("the TEE did not welcome the supplicant");
        return LINK_REFUSED;
    }
    if (welcome.status != 0) {
        welcome.text[sizeof(welcome.text) - 1] = '\0';
        supplicant_say("the TEE says: %s: %s (0x%08x)", welcome.text, refusal_name(welcome.status),
                       welcome.status);
        return LINK_REFUSED;
    }
    return LINK_ENDED;
}

static enum outcome connect_and_serve(const struct supplicant *supplicant, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum outcome outcome;
    int link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (link < 0) {
        supplicant_say("no socket: %s", strerror(errno));
        return LINK_NOBODY;
    }
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(link, (struct sockaddr *)&address, sizeof(address)) != 0) {
        outcome = errno == ECONNREFUSED || errno == ENOENT ? LINK_NOBODY : LINK_REFUSED;
        if (outcome == LINK_REFUSED) {
            supplicant_say("%s: %s", path, strerror(errno));
        }
        close(link);
        return outcome;
    }
    outcome = greet(link);
    if (outcome == LINK_ENDED) {
        supplicant_ready(supplicant);
        outcome = serve(supplicant, link);
    }
    close(link);
    return outcome;
}

int supplicant_serve_socket(const struct supplicant *supplicant, const char *path)
{
    bool served = false;

    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        supplicant_say("%s: longer than a socket's path may be", path);
        return 1;
    }
    for (;;) {
        struct timespec pause = {.tv_nsec = PAUSE_NS};

        switch (connect_and_serve(supplicant, path)) {
        case LINK_ENDED:
            served = true;
            break;
        case LINK_NOBODY:
            if (served) {
                return 0; /* the TEE has ended */
            }
            supplicant_say("%s: nothing listens there", path);
            return 1;
        case LINK_REFUSED:
            return 1;
        }
        nanosleep(&pause, NULL);
    }
}
