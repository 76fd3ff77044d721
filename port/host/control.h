/* Connections of the postern command: status, log, stop, holding an app for a debugger. */
#ifndef POSTERN_PORT_HOST_CONTROL_H
#define POSTERN_PORT_HOST_CONTROL_H

/* Serves one connection on a thread of its own, which owns the socket. */
void control_accept(int socket);
/* An eventfd that becomes readable when somebody asked the TEE to stop. */
int control_stop_fd(void);
int control_init(void);

#endif
