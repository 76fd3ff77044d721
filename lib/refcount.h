/*
 * A reference count. Guarded by whatever lock guards its object; here it only counts and refuses to
 * wrap. `get` and `put` come in pairs; the put that answers true is the last one.
 */
#ifndef POSTERN_LIB_REFCOUNT_H
#define POSTERN_LIB_REFCOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct refcount {
    uint32_t count;
};

static inline void refcount_init(struct refcount *refcount)
{
    refcount->count = 1;
}

static inline void refcount_get(struct refcount *refcount)
{
    if (refcount->count == 0 || refcount->count == UINT32_MAX)
        __builtin_trap();
    refcount->count++;
}

static inline bool refcount_put(struct refcount *refcount) __attribute__((warn_unused_result));
static inline bool refcount_put(struct refcount *refcount)
{
    if (refcount->count == 0)
        __builtin_trap();
    return --refcount->count == 0;
}

#endif
