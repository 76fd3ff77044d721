/*
 * The public functions: arguments, and which way to go. A descriptor itself tells which kind it is,
 * so the library keeps no state.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtrusty.h"

#define MESSAGE_PIECES_MAX 1024

/* The document's callers look at errno, Android's at the answer. */
static int tipc_answer(int result)
{
    if (result < 0)
        errno = -result;
    return result;
}

int tipc_connect(const char *dev_name, const char *srv_name)
{
    struct target target;
    size_t length;
    int result;

    if (!dev_name || !srv_name)
        return tipc_answer(-EFAULT);
    length = strnlen(srv_name, SERVICE_NAME_MAX + 1);
    if (length == 0 || length > SERVICE_NAME_MAX)
        return tipc_answer(-EINVAL);
    result = target_find(dev_name, &target);
    if (result < 0)
        return tipc_answer(result);
    if (target.kind == TARGET_DEVICE)
        return tipc_answer(device_connect(target.path, srv_name));
    return tipc_answer(socket_open(target.path, srv_name));
}

int tipc_close(int fd)
{
    /* Another thread may be waiting in read() or write() on it: that ends now. On a device the call
     * fails, harmlessly; the driver does the same at the last close. */
    (void)shutdown(fd, SHUT_RDWR);
    return tipc_answer(close(fd) == 0 ? 0 : -errno);
}

ssize_t tipc_send(int fd, const struct iovec *iov, int iovcnt, struct trusty_shm *shms, int shmcnt)
{
    struct stat status;
    ssize_t sent;

    if (iovcnt < 0 || iovcnt > MESSAGE_PIECES_MAX || shmcnt < 0 || shmcnt > MESSAGE_MEMORY_MAX)
        return tipc_answer(-EINVAL);
    if ((iovcnt > 0 && !iov) || (shmcnt > 0 && !shms))
        return tipc_answer(-EFAULT);
    if (fstat(fd, &status) != 0)
        return tipc_answer(-errno);
    if (S_ISCHR(status.st_mode))
        sent = device_send(fd, iov, iovcnt, shms, shmcnt);
    else if (S_ISSOCK(status.st_mode))
        sent = socket_send(fd, iov, iovcnt, shms, shmcnt);
    else
        sent = -EBADF;
    return sent < 0 ? tipc_answer((int)sent) : sent;
}
