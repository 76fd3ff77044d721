/*
 * Who a client is, as the system says: never as the client says.
 *
 * USER and GROUP identities are UUIDs of version 5 in Linux's name space over `uid=%x` and `gid=%x`
 * (drivers/tee/tee_core.c). Application identities are the same over
 *     app=UID:PATH        UID (hexadecimal) owns the program's file, which is at PATH for the daemon
 *     app=DEVICE:INODE    otherwise: deleted or replaced files, other mount name spaces
 * with `uid=%x ` or `gid=%x ` in front for USER_APPLICATION, IDENTIFY and GROUP_APPLICATION. The path
 * survives updates of the program; its owner keeps others from taking its place at the same path in a
 * mount name space of their own.
 *
 * Rules: everything is asked once, when the connection greets. Every later control message must come
 * from the same process, and must come later: a client that sent more than its hello by the time that
 * it was looked at is refused. So a client cannot connect, let another program take over its process
 * and use the connection from a third one under that program's name: what asks for a lane was sent by
 * the very program that was looked at, or by one that it became.
 *
 * What it cannot be: proof against the client's own user, who can attach a debugger to the program.
 */
#ifndef POSTERN_PORT_HOST_IDENTITY_H
#define POSTERN_PORT_HOST_IDENTITY_H

#include <abi/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct identity {
    pid_t pid; /* 0: in a process id name space that the daemon cannot see */
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t num_groups;
    char *program; /* "app=..."; NULL when the system does not tell */
};

/* Asks the system about the peer of a connected Unix socket. 0, or -1 and errno. */
int identity_of(int socket, struct identity *out);
void identity_clear(struct identity *identity);

/* The UUID for a login method; `group` is the group that the client names. RESULT_SUCCESS,
 * RESULT_BAD_PARAMETERS: no such method; RESULT_ACCESS_DENIED: not in the group, or the program is
 * not known. */
uint32_t identity_uuid(const struct identity *identity, uint32_t method, uint64_t group,
                       uint8_t out[16]);

/* Puts the identity into an open session message. RESULT_* as above, or RESULT_BAD_FORMAT when it
 * has no place for one. */
uint32_t identity_put(const struct identity *identity, struct msg_arg *arg);

#endif
