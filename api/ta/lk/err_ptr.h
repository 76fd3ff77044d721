/* An error number in the place of a pointer, as tipc_hset_create() answers it. */
#ifndef POSTERN_LK_ERR_PTR_H
#define POSTERN_LK_ERR_PTR_H

#include <stdbool.h>
#include <stdint.h>

static inline bool IS_ERR(const void *pointer)
{
    return (uintptr_t)pointer > (uintptr_t)-4096;
}

static inline int PTR_ERR(const void *pointer)
{
    return (int)(intptr_t)pointer;
}

static inline void *ERR_PTR(int error)
{
    return (void *)(intptr_t)error;
}

#endif
