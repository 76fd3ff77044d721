/*
 * Connections of Trusty clients: each a socket on one side and a channel of the kernel's on the
 * other (abi/hostlink.h). A message crosses from one to the other as it is.
 *
 * Rules: nothing is dropped and nothing waits for a slow side but that connection: what the service
 * has no room for stays in the socket (but one message, here), what the socket has no room for stays
 * in the service's queue (but a few). The thread that brings a message lends its time to the service.
 */
#ifndef POSTERN_PORT_HOST_TIPC_DOOR_H
#define POSTERN_PORT_HOST_TIPC_DOOR_H

#include <sys/types.h>

/* Serves one client, which has been welcomed, on the calling thread until either side ends. `socket`
 * has SO_PASSCRED and stays the caller's; `pid` and `user` are the client's. */
void tipc_door_serve(int socket, pid_t pid, uid_t user);

#endif
