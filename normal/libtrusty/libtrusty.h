/*
 * Inside libtrusty: the two ways to a TEE. Each function answers 0 or more, or a negative error
 * number; none leaks a descriptor.
 */
#ifndef POSTERN_LIBTRUSTY_H
#define POSTERN_LIBTRUSTY_H

#include <postern/trusty/tipc.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SERVICE_NAME_MAX 255
#define MESSAGE_MEMORY_MAX 8

/* Where a device name leads. */
enum target_kind {
    TARGET_DEVICE, /* the name itself, to be opened */
    TARGET_SOCKET, /* a hosted TEE's socket */
};

struct target {
    enum target_kind kind;
    char path[4096];
};

/* target.c */
int target_find(const char *dev_name, struct target *target);

/* device.c: the Linux driver's character device. */
int device_connect(const char *path, const char *srv_name);
ssize_t device_send(int fd, const struct iovec *iov, int iovcnt, const struct trusty_shm *shms,
                    int shmcnt);

/* socket.c: a hosted TEE (abi/hostlink.h). */
int socket_open(const char *path, const char *srv_name);
ssize_t socket_send(int fd, const struct iovec *iov, int iovcnt, const struct trusty_shm *shms,
                    int shmcnt);

#endif
