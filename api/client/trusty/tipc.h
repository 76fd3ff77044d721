/*
 * libtrusty: how a Linux program talks to Trusty services.
 *
 *     int fd = tipc_connect("/dev/trusty-ipc-dev0", "com.android.echo.srv.echo");
 *     if (fd < 0) { error is -fd }
 *     write(fd, "hello", 5);
 *     n = read(fd, buffer, sizeof(buffer));
 *     tipc_close(fd);
 *
 * One write() or writev() is one message; one read() or readv() takes one message. Messages keep
 * their order, none is lost or doubled. poll(), select(), epoll and O_NONBLOCK work as with any
 * descriptor: readable while a message waits, writable while one can be sent; a write() that finds
 * no room waits, or fails with EAGAIN. What differs between a TrustZone machine's character device
 * and a hosted TEE's socket stands below and in the manual page postern-trusty(7).
 *
 * Where it comes from: tipc_connect() and tipc_close() from the document "Trusty API reference", its
 * chapter on the user space client API; tipc_send() and what goes with it from Android's libtrusty.
 *
 * All functions may be called from any thread.
 */
#ifndef POSTERN_TRUSTY_TIPC_H
#define POSTERN_TRUSTY_TIPC_H

#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The device that most programs have built in. */
#define TIPC_DEFAULT_DEVICE "/dev/trusty-ipc-dev0"

/* The Linux driver's own ioctl; tipc_connect() makes it. The argument is the service's name. */
#define TIPC_IOC_MAGIC 'r'
#define TIPC_IOC_CONNECT _IOW(TIPC_IOC_MAGIC, 0x80, char *)

/* A message without shared memory is at most this long; more is EMSGSIZE. (A service's port may
 * take less: it gets the first bytes, as many as it takes.) */
#define TIPC_MAX_MESSAGE 4080

/*
 * Connects to a Trusty service.
 *   dev_name the device, TIPC_DEFAULT_DEVICE as a rule. In place of a device: a hosted TEE's run
 *            folder or the socket tee.sock in it. A name that does not exist means the TEE that
 *            POSTERN_TEE names (`postern run` sets it), or else the one started by `postern start`.
 *   srv_name the port's name
 * A descriptor (close-on-exec, blocking), or a negative error number; the document says -1, so
 * test for less than 0. errno is set, too.
 *   -EFAULT    a NULL argument
 *   -EINVAL    srv_name is empty or longer than 255 characters
 *   -ENOTCONN  refused: no such service, or not for the normal world, or closed before accepting
 *   -ETIMEDOUT the service did not accept within 5 seconds, or the TEE did not answer within 20
 *   -EMFILE    256 connections are open already on this device, or of this user on this TEE; also
 *              the process's limit
 *   -EACCES    the caller may not use this device or TEE, or the TEE refuses the connection
 *   -ENOMEM    the TEE is out of memory
 *   -EPROTO    what answers at the socket is no TEE of this version of the protocol
 *   others     of open(2), socket(2) and connect(2): -ENOENT no such device and no TEE, -ECONNREFUSED
 *              the TEE does not run, -ENAMETOOLONG
 */
int tipc_connect(const char *dev_name, const char *srv_name);

/* Ends the connection: the service sees HUP, after what was sent before. With the hosted TEE also when
 * other descriptors lead to it, and a thread that waits in read() or write() on it comes back. 0, or
 * a negative error number of close(2). */
int tipc_close(int fd);

/* How memory goes along with a message. */
enum trusty_transfer_kind {
    TRUSTY_SHARE = 0,       /* both sides keep it */
    TRUSTY_LEND = 1,        /* Linux must not touch it meanwhile: TrustZone only */
    TRUSTY_SEND_SECURE = 2, /* protected memory: TrustZone only */
};

/* Memory to share: a dma-buf in TrustZone, a memory file (memfd_create) with the hosted TEE. */
struct trusty_shm {
    int fd; /* stays the caller's */
    enum trusty_transfer_kind transfer;
};

/*
 * Sends one message with shared memory.
 *   iov, iovcnt  the message's pieces, at most 1024
 *   shms, shmcnt the memory, at most 8; the service gets a handle for each, in this order
 * The bytes sent, or a negative error number: -EMSGSIZE, -EAGAIN (O_NONBLOCK), -ENOTCONN;
 * -EINVAL: a count out of range, or a kind of transfer that this TEE does not know; with the
 * hosted TEE also a memory file whose size is no multiple of the page size, or that can still
 * shrink: it needs F_SEAL_SHRINK, so that nobody can be made to fault on it (the call sets the
 * seal if it may). A hosted TEE puts F_SEAL_SEAL on it: no seal can be added afterwards. What is
 * sealed against writing, or sent as a read-only descriptor, the service can map for reading only.
 * -EFAULT: iov or shms is NULL and its count is not 0. -EBADF: not a connection, or a bad descriptor.
 * errno is set, too.
 */
ssize_t tipc_send(int fd, const struct iovec *iov, int iovcnt, struct trusty_shm *shms, int shmcnt);

#ifdef __cplusplus
}
#endif

#endif
