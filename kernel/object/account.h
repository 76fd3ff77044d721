/*
 * An account: how much of the kernel's memory somebody outside (an app instance, a client of the
 * normal world) has caused to be used, and may. What they create outlives them at times (a channel
 * in a message), so that accounts are counted by what is charged to them: an account is freed when
 * its owner let go and the last charge was refunded.
 */
#ifndef POSTERN_KERNEL_OBJECT_ACCOUNT_H
#define POSTERN_KERNEL_OBJECT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_APP_BYTES (UINT64_C(8) << 20)

struct account {
    uint64_t limit;
    uint64_t used;
    bool owned;
};

struct account *account_create(uint64_t limit); /* NULL when there is no memory */
void account_release(struct account *account);  /* its owner is gone; NULL is harmless */
bool account_charge(struct account *account, uint64_t bytes);
void account_refund(struct account *account, uint64_t bytes);

#endif
