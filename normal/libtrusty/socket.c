/*
 * A hosted TEE: abi/hostlink.h over a Unix socket. Once connected the socket itself is what the
 * caller gets; nothing of this library stands between it and read() or write().
 *
 * The socket's send buffer is as small as Linux allows. So a message that no Trusty device would
 * take fails with EMSGSIZE at once, and a service that does not read stops its writer after a few
 * messages, as the device's queue does.
 */
#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "libtrusty.h"

#define SOCKET_VERSION (0u << 20 | 1u << 10 | 0u)
/* A TEE that lives answers sooner; it waits LINK_TIPC_ACCEPT_SECONDS for the service. */
#define SOCKET_PATIENCE_SECONDS 20

static int socket_close(int fd, int error)
{
    (void)close(fd);
    return error;
}

/* A socket's address has room for 107 characters; a longer path goes by way of its folder. */
static int socket_dial(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = strrchr(path, '/');
    char folder[sizeof(((struct target *)NULL)->path)];
    int folder_fd = -1, result;

    if (strlen(path) < sizeof(address.sun_path)) {
        memcpy(address.sun_path, path, strlen(path) + 1);
    } else {
        if (!name || (size_t)(name - path) >= sizeof(folder))
            return -ENAMETOOLONG;
        memcpy(folder, path, (size_t)(name - path));
        folder[name - path] = '\0';
        folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
            return -errno;
        result = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s",
                          folder_fd, name);
        if (result < 0 || (size_t)result >= sizeof(address.sun_path))
            return socket_close(folder_fd, -ENAMETOOLONG);
    }
    do
        result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    while (result < 0 && errno == EINTR);
    result = result < 0 ? -errno : 0;
    return folder_fd >= 0 ? socket_close(folder_fd, result) : result;
}

static int socket_put(int fd, const void *data, size_t size)
{
    ssize_t sent;

    do
        sent = send(fd, data, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    return 0;
}

/* Receives a structure; one of another size breaks the protocol. */
static int socket_take(int fd, void *data, size_t size)
{
    ssize_t got;

    do
        got = recv(fd, data, size, MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    return got == (ssize_t)size ? 0 : -EPROTO;
}

static int socket_greet(int fd)
{
    struct link_hello hello = {.magic = LINK_MAGIC,
                               .protocol = LINK_PROTOCOL,
                               .kind = LINK_KIND_TIPC,
                               .version = SOCKET_VERSION};
    struct link_welcome welcome;
    int result = socket_put(fd, &hello, sizeof(hello));

    if (result == 0)
        result = socket_take(fd, &welcome, sizeof(welcome));
    if (result != 0)
        return result;
    if (welcome.magic != LINK_MAGIC || welcome.protocol != LINK_PROTOCOL)
        return -EPROTO;
    return welcome.status == 0 ? 0 : -EACCES;
}

static int socket_ask(int fd, const char *srv_name)
{
    struct link_tipc_connect connect = {.length = (uint32_t)strlen(srv_name),
                                        .thread = (uint32_t)gettid()};
    struct link_tipc_connected connected;
    int result;

    memcpy(connect.name, srv_name, connect.length);
    result = socket_put(fd, &connect, sizeof(connect));
    if (result == 0)
        result = socket_take(fd, &connected, sizeof(connected));
    if (result != 0)
        return result;
    switch (connected.status) {
    case LINK_TIPC_OK:
        return 0;
    case LINK_TIPC_REFUSED:
        return -ENOTCONN;
    case LINK_TIPC_TIMED_OUT:
        return -ETIMEDOUT;
    case LINK_TIPC_FULL:
        return -EMFILE;
    case LINK_TIPC_NO_MEMORY:
        return -ENOMEM;
    default:
        return -EPROTO;
    }
}

static void socket_set_patience(int fd, int seconds)
{
    struct timeval patience = {.tv_sec = seconds};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

int socket_open(const char *path, const char *srv_name)
{
    const int least = 1;
    int result;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    socket_set_patience(fd, SOCKET_PATIENCE_SECONDS);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
    result = socket_dial(fd, path);
    if (result == 0)
        result = socket_greet(fd);
    if (result == 0)
        result = socket_ask(fd, srv_name);
    if (result < 0)
        return socket_close(fd, result);
    socket_set_patience(fd, 0);
    return fd;
}

/* The TEE maps this memory into the service: it must not be able to vanish from under it. */
static int memory_seal(const struct trusty_shm *shm)
{
    struct stat status;
    int seals;

    if (shm->transfer != TRUSTY_SHARE)
        return -EINVAL;
    if (fstat(shm->fd, &status) != 0)
        return -errno;
    seals = fcntl(shm->fd, F_GET_SEALS);
    if (seals < 0 || status.st_size <= 0 || status.st_size % sysconf(_SC_PAGESIZE) != 0)
        return -EINVAL;
    if ((seals & F_SEAL_SHRINK) == 0 && fcntl(shm->fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return -EINVAL;
    return 0;
}

ssize_t socket_send(int fd, const struct iovec *iov, int iovcnt, const struct trusty_shm *shms,
                    int shmcnt)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_MEMORY_MAX)];
    } control;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                             .msg_iovlen = (size_t)iovcnt};
    size_t total = 0;
    ssize_t sent;

    for (int i = 0; i < iovcnt; i++) {
        if (__builtin_add_overflow(total, iov[i].iov_len, &total) || total > TIPC_MAX_MESSAGE)
            return -EMSGSIZE;
    }
    if (shmcnt > 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)shmcnt);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)shmcnt);
        for (int i = 0; i < shmcnt; i++) {
            int result = memory_seal(&shms[i]);
            if (result < 0)
                return result;
            memcpy(CMSG_DATA(&control.header) + (size_t)i * sizeof(int), &shms[i].fd, sizeof(int));
        }
    }
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
}
