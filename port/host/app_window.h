/*
 * The mappings that an app was told to make, and the chores that it has not been told yet. Pure
 * bookkeeping of numbers; the caller holds the kernel's lock.
 */
#ifndef POSTERN_PORT_HOST_APP_WINDOW_H
#define POSTERN_PORT_HOST_APP_WINDOW_H

#include <abi/syscall.h>
#include <lib/error.h>
#include <port/port.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window_chore {
    struct sys_chore chore;
    struct port_mem *mem; /* SYS_CHORE_MAP */
};

struct window_range {
    uint64_t address;
    uint64_t size;
    bool told; /* the app has, or had, something mapped there */
};

struct window {
    struct window_range *range; /* in ascending order */
    size_t num_ranges;
    size_t max_ranges;
    uint64_t next; /* where to look for room first */
    struct window_chore *chore;
    size_t num_chores;
    size_t max_chores;
};

void window_init(struct window *window);
void window_clear(struct window *window);

/* Adds a mapping at *address, or where there is room when that is 0, and its chore. E_NO_MEMORY;
 * E_INVALID: an address that cannot be mapped. */
enum error window_map(struct window *window, struct port_mem *mem, uint64_t offset, uint64_t size,
                      uint32_t prot, uint64_t *address) MUST_CHECK;
/* Removes the mapping of just this range, and chores for it that wait. True when nothing is left to
 * tell the app: it was not told of the mapping yet. */
bool window_unmap(struct window *window, uint64_t address, uint64_t size);

/* Takes up to `max` chores out, the oldest first. */
size_t window_take(struct window *window, struct window_chore *out, size_t max);

#endif
