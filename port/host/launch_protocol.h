/*
 * What the daemon and its launcher say to each other, over one SOCK_SEQPACKET pair; and how an app
 * process's start is answered, over that app's own link. Both ends are one program of one build.
 *
 * Daemon to launcher: launch_request with LAUNCH_FDS descriptors. Launcher to daemon: launch_ready
 * once, then a launch_ended for every app that ended. The answer to a request is launch_started on
 * the link socket that came with it (with a pidfd when error is 0), so that whoever waits for a start
 * is woken directly.
 */
#ifndef POSTERN_PORT_HOST_LAUNCH_PROTOCOL_H
#define POSTERN_PORT_HOST_LAUNCH_PROTOCOL_H

#include <stdint.h>

/* Which program argument makes posternd a launcher (launcher_main). */
#define LAUNCH_ARGUMENT "--launcher"
/* The daemon's environment, development only: a command (an absolute path, arguments; separated by
 * blanks) that runs apps in their development form, given the image's name as its last argument:
 * "/usr/bin/valgrind -q --vgdb=no". */
#define LAUNCH_WRAPPER "POSTERN_APP_WRAPPER"
#define LAUNCH_SOCKET 3 /* the launcher finds the socket here */

#define LAUNCH_FD_IMAGE 0
#define LAUNCH_FD_PAGE 1
#define LAUNCH_FD_LINK 2
#define LAUNCH_FD_OUTPUT 3
#define LAUNCH_FDS 4

struct launch_request {
    uint64_t id;    /* names the app in launch_ended */
    uint64_t data;  /* RLIMIT_DATA, bytes */
    uint64_t stack; /* RLIMIT_STACK, bytes */
    char name[40];  /* argv[0], NUL-terminated */
};

struct launch_started {
    int32_t error; /* 0 or an errno */
    int32_t pid;   /* in the launcher's process id name space */
};

enum launch_message {
    LAUNCH_READY = 1,
    LAUNCH_ENDED = 2,
};

struct launch_ended {
    uint32_t message; /* LAUNCH_ENDED */
    int32_t code;     /* CLD_* of waitid */
    uint64_t id;
    int32_t status; /* exit status or signal */
    int32_t call;   /* number of the system call that it was killed for, or -1 */
};

/* What the launcher could close off; launch_ready.have. */
#define LAUNCH_HAVE_USER 0x01u   /* a user name space */
#define LAUNCH_HAVE_PID 0x02u    /* process ids */
#define LAUNCH_HAVE_NET 0x04u    /* network */
#define LAUNCH_HAVE_IPC 0x08u    /* System V IPC, POSIX queues */
#define LAUNCH_HAVE_UTS 0x10u    /* host name */
#define LAUNCH_HAVE_ROOT 0x20u   /* an empty read-only root */
#define LAUNCH_HAVE_UID 0x40u    /* another user and group, no groups */
#define LAUNCH_HAVE_NOTIFY 0x80u /* forbidden system calls are reported by number */

struct launch_ready {
    uint32_t message; /* LAUNCH_READY */
    uint32_t have;
    int32_t error; /* 0, or the errno of `what` */
    char what[52]; /* what the launcher could not do without */
};

#endif
