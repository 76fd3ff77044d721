/* Messages with descriptors. See wire.h for the rules. */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_pair(int out[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out);
}

int wire_send(int socket, const void *data, size_t size, const int *fds, size_t num_fds)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (num_fds > WIRE_FDS_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (num_fds > 0) {
        struct cmsghdr *control;

        memset(room, 0, sizeof(room));
        message.msg_control = room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * num_fds);
        control = CMSG_FIRSTHDR(&message);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof(int) * num_fds);
        memcpy(CMSG_DATA(control), fds, sizeof(int) * num_fds);
    }
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? 0 : -1;
}

static void take_fds(struct wire_extra *extra, const struct cmsghdr *control, size_t max_fds)
{
    size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
        if (extra->num_fds < max_fds && extra->num_fds < WIRE_FDS_MAX) {
            extra->fd[extra->num_fds++] = fd;
        } else {
            close(fd);
            extra->cut = 1;
            extra->lost = 1;
        }
    }
}

ssize_t wire_receive(int socket, void *data, size_t size, size_t max_fds, struct wire_extra *extra)
{
    /* Room for more than anybody sends here: what does not fit the system drops, and says so. */
    _Alignas(struct cmsghdr) char
        room[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    ssize_t got;

    memset(extra, 0, sizeof(*extra));
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return -1;
    }
    extra->cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    extra->lost = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(&message); control != NULL;
         control = CMSG_NXTHDR(&message, control)) {
        if (control->cmsg_level != SOL_SOCKET) {
            continue;
        }
        if (control->cmsg_type == SCM_RIGHTS) {
            take_fds(extra, control, max_fds);
        } else if (control->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;

            memcpy(&sender, CMSG_DATA(control), sizeof(sender));
            extra->pid = sender.pid;
            extra->uid = sender.uid;
            extra->is_message = 1;
        }
    }
    return got;
}

void wire_close(struct wire_extra *extra)
{
    for (size_t i = 0; i < extra->num_fds; i++) {
        close(extra->fd[i]);
    }
    extra->num_fds = 0;
}

void wire_close_fd(int fd)
{
    int kept = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = kept;
}

int wire_wait(int socket, int other_fd, int timeout_ms)
{
    struct pollfd wanted[2] = {{.fd = socket, .events = POLLIN},
                               {.fd = other_fd, .events = POLLIN}};
    int ready = poll(wanted, 2, timeout_ms);

    if (ready <= 0) {
        return ready;
    }
    return wanted[0].revents != 0 ? 1 : 2;
}
