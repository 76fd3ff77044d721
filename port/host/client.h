/*
 * Connections of TEEC clients: greeting, lanes, shared memory, packages, cancellation, and the
 * client's end, which is noticed at once by its process (a pidfd) as well as by its socket.
 */
#ifndef POSTERN_PORT_HOST_CLIENT_H
#define POSTERN_PORT_HOST_CLIENT_H

/* Serves one connection on a thread of its own, which owns the socket. When there are too many the
 * client is told so. */
void client_accept(int socket);
/* Connections that exist. */
unsigned int client_count(void);
/* Ends all connections; waits until they are gone, at the most so long. */
void client_end_all(int timeout_ms);

#endif
