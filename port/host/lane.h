/*
 * Lanes: the pages and pipes in which a client's calls travel (abi/hostlink.h), each with a thread
 * that serves them and lends its time to the apps that they need.
 *
 * Rules: the page is hostile and copied once; the daemon never waits for a client that does not read
 * its answer.
 */
#ifndef POSTERN_PORT_HOST_LANE_H
#define POSTERN_PORT_HOST_LANE_H

#include "identity.h"

#include <abi/hostlink.h>
#include <port/kernel.h>

struct lane;

/* Starts a lane. `identity` and `client` live longer than it. The client's descriptors come in
 * client_fds, the caller's to close. 0, or -1 and errno. */
int lane_create(struct gp_client *client, const struct identity *identity,
                int client_fds[LINK_LANE_FDS], struct lane **out);
/* No call starts any more. Returns at once. */
void lane_stop(struct lane *lane);
/* Waits for the call that runs, after lane_stop; frees everything. */
void lane_destroy(struct lane *lane);
/* Once: makes a lane's wait interruptible. */
void lane_init(void);

#endif
