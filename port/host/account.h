/*
 * What each user of the system holds of the TEE: connections, lanes, memory and how many pieces of it,
 * packages being read.
 * Limits so that no client, and no user by many clients, can use up the daemon.
 */
#ifndef POSTERN_PORT_HOST_ACCOUNT_H
#define POSTERN_PORT_HOST_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ACCOUNT_CONNECTIONS 512u /* of one user */
#define ACCOUNT_LANES 2048u
#define ACCOUNT_IMAGES 4u
#define ACCOUNT_FILES UINT64_C(16384)
#define ACCOUNT_CLIENT_LANES 64u /* of one client */

enum account_kind {
    ACCOUNT_CONNECTION,
    ACCOUNT_LANE,
    ACCOUNT_IMAGE,
    ACCOUNT_CHANNEL, /* connections that are channels to Trusty services */
    ACCOUNT_MEMORY,  /* bytes */
    ACCOUNT_FILE,    /* pieces of memory: each is an open file of the daemon's, or two */
    ACCOUNT_KINDS,
};

/* Takes from a user's share; false when it is used up. */
bool account_take(uid_t uid, enum account_kind kind, uint64_t amount);
void account_give(uid_t uid, enum account_kind kind, uint64_t amount);
/* What a user may have of a kind. Of what takes descriptors, no more than leaves some of the daemon's to
 * other users. */
uint64_t account_limit(enum account_kind kind);
/* Bytes of memory that one client may have. */
uint64_t account_client_memory(void);
/* Of all users together. */
uint64_t account_total(enum account_kind kind);

#endif
