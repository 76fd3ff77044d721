/* The first two messages of every connection (abi/hostlink.h). */
#ifndef POSTERN_PORT_HOST_GREETING_H
#define POSTERN_PORT_HOST_GREETING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Waits for the hello and checks it; `kinds` is a bit mask of 1 << LINK_KIND_*. Answers the kind, or 0
 * after having told the other side why not. *pid: the sender's, as the system says. */
uint32_t greeting_receive(int socket, uint32_t kinds, pid_t *pid);
/* Welcomes (status 0) or refuses. False when it could not be sent. */
bool greeting_answer(int socket, uint32_t status, const char *text);

#endif
