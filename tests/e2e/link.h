/*
 * The hosted TEE's client door, spoken by hand (abi/hostlink.h), for what libteec never sends: unknown
 * sessions, messages that make no sense, half a hello, memory that is not there.
 */
#ifndef TESTS_E2E_LINK_H
#define TESTS_E2E_LINK_H

#include <abi/hostlink.h>
#include <stdbool.h>
#include <sys/types.h>

struct link {
    int control; /* the connection; less than 0 when closed */
    int lane[LINK_LANE_FDS];
    struct link_lane *page;
    struct link_welcome welcome;
    uint32_t tag;
};

/* Connects to `socket` in the run folder. Less than 0: failed. */
int link_connect(const char *run, const char *socket);
/* Connects and says hello as it should be. */
bool link_open(struct link *link, const char *run);
/* One request and its reply; up to `wanted` descriptors to fds. False: the connection is gone, or the
 * reply makes no sense. */
bool link_ask(struct link *link, uint32_t op, uint64_t a, uint64_t b, int send_fd, int *fds,
              int wanted, struct link_reply *reply);
/* Opens the lane. */
bool link_lane(struct link *link);
/* Sends what stands in the page, waits for the answer. False: the TEE is gone. */
bool link_call(struct link *link);
void link_close(struct link *link);

/* Opens a public session; the answer stands in the page. */
bool link_session(struct link *link, const uint8_t uuid[16]);

#endif
