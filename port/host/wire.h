/*
 * Messages with descriptors over SOCK_SEQPACKET sockets: the one place that handles control
 * messages, for the doors, the launcher and the apps' links.
 *
 * Rules: never blocks in sending (a peer that does not read gets an error, and whoever asked
 * decides); what arrives beyond what was asked for is closed, never leaked; received descriptors
 * are close-on-exec.
 */
#ifndef POSTERN_PORT_HOST_WIRE_H
#define POSTERN_PORT_HOST_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_FDS_MAX 8u

/* What came with a message. */
struct wire_extra {
    int fd[WIRE_FDS_MAX]; /* the receiver's to close */
    size_t num_fds;
    int cut;   /* not 0: there were more bytes or more descriptors than asked for */
    int lost;  /* not 0: descriptors that came are gone: more than asked for, or no room for them */
    pid_t pid; /* the sender's process id, when the socket has SO_PASSCRED; else 0 */
    uid_t uid;
    int is_message; /* with SO_PASSCRED: not 0 for a message, also an empty one; 0 at the end */
};

/* A connected pair, close-on-exec. 0, or -1 and errno. */
int wire_pair(int out[2]);
/* Sends one message. 0, or -1 and errno (EAGAIN: the peer does not read). */
int wire_send(int socket, const void *data, size_t size, const int *fds, size_t num_fds);
/* Receives one message; blocks unless the socket is non-blocking. Answers its bytes, 0 at the end
 * of the connection, -1 and errno (EINTR is not retried). `max_fds` is how many descriptors the
 * caller takes. */
ssize_t wire_receive(int socket, void *data, size_t size, size_t max_fds, struct wire_extra *extra);
void wire_close(struct wire_extra *extra);
/* close() that keeps errno and ignores -1. */
void wire_close_fd(int fd);
/* Waits until `socket` can be read or has ended, at the most so long; other_fd (or -1) likewise. 1:
 * socket, 2: the other, 0: time is up, -1 and errno (EINTR is not retried). */
int wire_wait(int socket, int other_fd, int timeout_ms);

#endif
