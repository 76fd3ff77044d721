/* The client door by hand: see link.h. */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINK_PATIENCE_MS 60000

int link_connect(const char *run, const char *socket_name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run, socket_name) >=
        (int)sizeof(address.sun_path)) {
        return -1;
    }
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Waits until there is something to read: an answer, or the end. */
static bool link_wait(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, LINK_PATIENCE_MS) == 1;
}

bool link_open(struct link *link, const char *run)
{
    memset(link, 0, sizeof(*link));
    for (int i = 0; i < (int)LINK_LANE_FDS; i++) {
        link->lane[i] = -1;
    }
    link->control = link_connect(run, LINK_SOCKET_CLIENTS);
    if (link->control < 0) {
        return false;
    }
    const struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_TEEC};
    return send(link->control, &hello, sizeof(hello), MSG_NOSIGNAL) == (ssize_t)sizeof(hello) &&
           link_wait(link->control) &&
           recv(link->control, &link->welcome, sizeof(link->welcome), 0) ==
               (ssize_t)sizeof(link->welcome) &&
           link->welcome.magic == LINK_MAGIC && link->welcome.status == 0;
}

bool link_ask(struct link *link, uint32_t op, uint64_t a, uint64_t b, int send_fd, int *fds,
              int wanted, struct link_reply *reply)
{
    struct link_request request = {.op = op, .tag = ++link->tag, .a = a, .b = b};
    union {
        char bytes[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof(control));
    struct iovec out = {.iov_base = &request, .iov_len = sizeof(request)};
    struct msghdr message = {.msg_iov = &out, .msg_iovlen = 1};
    if (send_fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &send_fd, sizeof(int));
    }
    if (sendmsg(link->control, &message, MSG_NOSIGNAL) < 0) {
        return false;
    }
    if (reply == NULL) {
        return true;
    }
    struct iovec in = {.iov_base = reply, .iov_len = sizeof(*reply)};
    message = (struct msghdr){.msg_iov = &in,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes)};
    if (!link_wait(link->control) ||
        recvmsg(link->control, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*reply)) {
        return false;
    }
    int got = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
         head = CMSG_NXTHDR(&message, head)) {
        const int count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + (size_t)i * sizeof(int), sizeof(fd));
            if (got < wanted) {
                fds[got++] = fd;
            } else {
                close(fd);
            }
        }
    }
    return reply->tag == request.tag && (reply->status != 0 || got == wanted);
}

bool link_lane(struct link *link)
{
    struct link_reply reply;
    if (!link_ask(link, LINK_LANE_OPEN, 0, 0, -1, link->lane, LINK_LANE_FDS, &reply) ||
        reply.status != 0) {
        return false;
    }
    link->page = mmap(NULL, LINK_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      link->lane[LINK_LANE_FD_PAGE], 0);
    if (link->page == MAP_FAILED) {
        link->page = NULL;
        return false;
    }
    link->page->cpu = UINT32_MAX;
    return true;
}

bool link_call(struct link *link)
{
    char byte = 1;
    return write(link->lane[LINK_LANE_FD_REQUEST_WRITE], &byte, 1) == 1 &&
           link_wait(link->lane[LINK_LANE_FD_RESPONSE_READ]) &&
           read(link->lane[LINK_LANE_FD_RESPONSE_READ], &byte, 1) == 1;
}

void link_close(struct link *link)
{
    if (link->page != NULL) {
        munmap(link->page, LINK_LANE_SIZE);
        link->page = NULL;
    }
    for (int i = 0; i < (int)LINK_LANE_FDS; i++) {
        if (link->lane[i] >= 0) {
            close(link->lane[i]);
            link->lane[i] = -1;
        }
    }
    if (link->control >= 0) {
        close(link->control);
        link->control = -1;
    }
}

bool link_session(struct link *link, const uint8_t uuid[16])
{
    struct msg_arg *arg = &link->page->arg;
    memset(arg, 0, sizeof(*arg));
    arg->head.cmd = MSG_CMD_OPEN_SESSION;
    arg->head.cancel_id = 1;
    arg->head.num_params = 2;
    arg->params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg->params[0].u.octets, uuid, 16);
    arg->params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg->params[1].u.value.c = MSG_LOGIN_PUBLIC;
    return link_call(link) && arg->head.ret == 0;
}
