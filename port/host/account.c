/* Shares of users. See account.h. */
#include "account.h"

#include "memory.h"

#include <abi/hostlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct account {
    struct account *next;
    uid_t uid;
    uint64_t held[ACCOUNT_KINDS];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct account *accounts;
static uint64_t total[ACCOUNT_KINDS];

/* No more than this part of the descriptors that the daemon may have. */
static uint64_t of_files(uint64_t most, uint64_t part)
{
    struct rlimit files;
    uint64_t share = most;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / part < most) {
        share = files.rlim_cur / part;
    }
    return share > 0 ? share : 1;
}

/* A connection takes up to three descriptors, a lane and a piece of memory two: what one user can have
 * takes no more than nine of sixteen that there are. */
uint64_t account_limit(enum account_kind kind)
{
    switch (kind) {
    case ACCOUNT_CONNECTION:
        return of_files(ACCOUNT_CONNECTIONS, 16);
    case ACCOUNT_LANE:
        return of_files(ACCOUNT_LANES, 16);
    case ACCOUNT_IMAGE:
        return ACCOUNT_IMAGES;
    case ACCOUNT_CHANNEL:
        return LINK_TIPC_CONNECTIONS_MAX;
    case ACCOUNT_FILE:
        return of_files(ACCOUNT_FILES, 8);
    default:
        return memory_limit() / 4 * 3;
    }
}

uint64_t account_client_memory(void)
{
    return memory_limit() / 2;
}

uint64_t account_total(enum account_kind kind)
{
    uint64_t sum;

    pthread_mutex_lock(&guard);
    sum = total[kind];
    pthread_mutex_unlock(&guard);
    return sum;
}

static struct account *account_find(uid_t uid)
{
    struct account *account = accounts;

    while (account != NULL && account->uid != uid) {
        account = account->next;
    }
    return account;
}

bool account_take(uid_t uid, enum account_kind kind, uint64_t amount)
{
    uint64_t limit = account_limit(kind);
    struct account *account;
    bool taken = false;

    pthread_mutex_lock(&guard);
    account = account_find(uid);
    if (account == NULL) {
        account = calloc(1, sizeof(*account));
        if (account != NULL) {
            account->uid = uid;
            account->next = accounts;
            accounts = account;
        }
    }
    if (account != NULL && amount <= limit && account->held[kind] <= limit - amount) {
        account->held[kind] += amount;
        total[kind] += amount;
        taken = true;
    }
    pthread_mutex_unlock(&guard);
    return taken;
}

void account_give(uid_t uid, enum account_kind kind, uint64_t amount)
{
    struct account **link = &accounts;
    struct account *account;
    bool empty = true;

    pthread_mutex_lock(&guard);
    while (*link != NULL && (*link)->uid != uid) {
        link = &(*link)->next;
    }
    account = *link;
    if (account != NULL) {
        account->held[kind] -= amount;
        total[kind] -= amount;
        for (size_t i = 0; i < ACCOUNT_KINDS; i++) {
            empty = empty && account->held[i] == 0;
        }
        if (empty) {
            *link = account->next;
            free(account);
        }
    }
    pthread_mutex_unlock(&guard);
}
