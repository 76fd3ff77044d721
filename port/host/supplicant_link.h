/*
 * The link to the supplicant: the normal world's files and clock. One RPC at a time; each has
 * SUPPLICANT_LIMIT_MS to be answered. A supplicant that is late, or sends what is no answer, is
 * disconnected, so that a late answer cannot be taken for another one's; it may connect again.
 */
#ifndef POSTERN_PORT_HOST_SUPPLICANT_LINK_H
#define POSTERN_PORT_HOST_SUPPLICANT_LINK_H

#include <stdbool.h>

#define SUPPLICANT_LIMIT_MS 10000

/* Takes over a new connection to the supplicant's socket. Never blocks for long: the greeting is
 * awaited on a thread of its own. */
void supplicant_accept(int socket);
bool supplicant_is_there(void);
void supplicant_end(void);

#endif
