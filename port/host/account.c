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

uint64_t account_files(void)
{
    static _Atomic uint64_t known;
    struct rlimit files;

    if (known == 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        known = files.rlim_cur / 4 < ACCOUNT_FILES ? files.rlim_cur / 4 : ACCOUNT_FILES;
    }
    return known;
}

static uint64_t limit_of(enum account_kind kind)
{
    switch (kind) {
    case ACCOUNT_CONNECTION:
        return ACCOUNT_CONNECTIONS;
    case ACCOUNT_LANE:
        return ACCOUNT_LANES;
    case ACCOUNT_IMAGE:
        return ACCOUNT_IMAGES;
    case ACCOUNT_CHANNEL:
        return LINK_TIPC_CONNECTIONS_MAX;
    case ACCOUNT_FILE:
        return account_files();
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
    uint64_t limit = limit_of(kind);
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
