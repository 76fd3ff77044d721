#include <kernel/object/account.h>
#include <kernel/sched/lock.h>

struct account *account_create(uint64_t limit)
{
    struct account *account = port_alloc(sizeof(*account));
    if (account != NULL)
        *account = (struct account){.limit = limit, .owned = true};
    return account;
}

static void free_when_unused(struct account *account)
{
    if (!account->owned && account->used == 0)
        port_free(account);
}

void account_release(struct account *account)
{
    if (account == NULL)
        return;
    account->owned = false;
    free_when_unused(account);
}

bool account_charge(struct account *account, uint64_t bytes)
{
    if (bytes > account->limit - account->used)
        return false;
    account->used += bytes;
    return true;
}

void account_refund(struct account *account, uint64_t bytes)
{
    CHECK(bytes <= account->used);
    account->used -= bytes;
    free_when_unused(account);
}
