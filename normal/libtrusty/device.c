/*
 * The Linux driver's character device: open it, tell it the service, and the descriptor is the
 * connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libtrusty.h"

/* The driver's own structures (its user-space header <linux/trusty/tipc.h>). */
struct tipc_shm {
    int32_t fd;
    uint32_t transfer;
};

struct tipc_send_msg_req {
    uint64_t iov;
    uint64_t shm;
    uint64_t iov_cnt;
    uint64_t shm_cnt;
};

#define TIPC_IOC_SEND_MSG _IOW(TIPC_IOC_MAGIC, 0x81, struct tipc_send_msg_req)

#if defined(__LP64__)
_Static_assert(TIPC_IOC_CONNECT == 0x40087280, "ioctl");
_Static_assert(TIPC_IOC_SEND_MSG == 0x40207281, "ioctl");
#endif

int device_connect(const char *path, const char *srv_name)
{
    int fd, result, error;

    do
        fd = open(path, O_RDWR | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return -errno;
    do
        result = ioctl(fd, TIPC_IOC_CONNECT, srv_name);
    while (result < 0 && errno == EINTR);
    if (result >= 0)
        return fd;
    error = errno;
    (void)close(fd);
    return -error;
}

ssize_t device_send(int fd, const struct iovec *iov, int iovcnt, const struct trusty_shm *shms,
                    int shmcnt)
{
    struct tipc_shm memory[MESSAGE_MEMORY_MAX];
    struct tipc_send_msg_req request = {
        .iov = (uintptr_t)iov,
        .shm = (uintptr_t)memory,
        .iov_cnt = (uint64_t)iovcnt,
        .shm_cnt = (uint64_t)shmcnt,
    };
    int sent;

    for (int i = 0; i < shmcnt; i++)
        memory[i] = (struct tipc_shm){.fd = shms[i].fd, .transfer = (uint32_t)shms[i].transfer};
    sent = ioctl(fd, TIPC_IOC_SEND_MSG, &request);
    return sent < 0 ? -errno : sent;
}
