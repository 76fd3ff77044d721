/* Mappings and chores of one app. See app_window.h. */
#include "app_window.h"

#include <stdlib.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define RANGES_MAX 4096u
#define CHORES_MAX 8192u
#define ADDRESS_MAX (UINT64_C(1) << 47)
#define WINDOW_END (SYS_WINDOW_BASE + SYS_WINDOW_SIZE)

void window_init(struct window *window)
{
    memset(window, 0, sizeof(*window));
    window->next = SYS_WINDOW_BASE;
}

void window_clear(struct window *window)
{
    free(window->range);
    free(window->chore);
    window_init(window);
}

/* Room for one more element; false when there is none. */
static bool grow(void **array, size_t count, size_t *max, size_t element, size_t limit)
{
    size_t wanted = *max == 0 ? 16 : *max * 2;
    void *larger;

    if (count < *max) {
        return true;
    }
    if (count >= limit) {
        return false;
    }
    larger = realloc(*array, wanted * element);
    if (larger == NULL) {
        return false;
    }
    *array = larger;
    *max = wanted;
    return true;
}

/* The first range that ends above `address`. */
static size_t range_at(const struct window *window, uint64_t address)
{
    size_t low = 0;
    size_t high = window->num_ranges;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (window->range[middle].address + window->range[middle].size <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* First fit from `from` on, with an unmapped page behind every mapping. 0: none. */
static uint64_t find_room(const struct window *window, uint64_t from, uint64_t size)
{
    uint64_t at = from;

    for (size_t i = range_at(window, from); i < window->num_ranges; i++) {
        if (window->range[i].address > at && window->range[i].address - at > size) {
            break;
        }
        at = window->range[i].address + window->range[i].size + PAGE;
    }
    return at <= WINDOW_END && WINDOW_END - at > size ? at : 0;
}

static enum error choose(struct window *window, uint64_t size, uint64_t *address)
{
    uint64_t at;

    if (*address != 0) {
        if (*address % PAGE != 0 || *address > ADDRESS_MAX || ADDRESS_MAX - *address < size) {
            return E_INVALID;
        }
        return E_OK;
    }
    if (size >= SYS_WINDOW_SIZE) {
        return E_NO_MEMORY;
    }
    at = find_room(window, window->next, size);
    if (at == 0) {
        at = find_room(window, SYS_WINDOW_BASE, size);
    }
    if (at == 0) {
        return E_NO_MEMORY;
    }
    window->next = at + size + PAGE;
    *address = at;
    return E_OK;
}

static bool chore_add(struct window *window, const struct sys_chore *chore, struct port_mem *mem)
{
    if (!grow((void **)&window->chore, window->num_chores, &window->max_chores,
              sizeof(*window->chore), CHORES_MAX)) {
        return false;
    }
    window->chore[window->num_chores++] = (struct window_chore){.chore = *chore, .mem = mem};
    return true;
}

/* Takes [address, address + size) out of the recorded ranges. */
static void ranges_cut(struct window *window, uint64_t address, uint64_t size)
{
    uint64_t end = address + size;
    size_t i = range_at(window, address);

    while (i < window->num_ranges && window->range[i].address < end) {
        struct window_range *range = &window->range[i];
        uint64_t range_end = range->address + range->size;

        if (range->address < address && range_end > end) {
            return; /* a hole: stays taken as a whole, so that nothing is put over its rest */
        }
        if (range->address < address) {
            range->size = address - range->address;
            i++;
        } else if (range_end > end) {
            range->address = end;
            range->size = range_end - end;
            i++;
        } else {
            memmove(range, range + 1, (window->num_ranges - i - 1) * sizeof(*range));
            window->num_ranges--;
        }
    }
}

/* Whether the app was told of something in [address, address + size). */
static bool ranges_told(const struct window *window, uint64_t address, uint64_t size)
{
    for (size_t i = range_at(window, address);
         i < window->num_ranges && window->range[i].address < address + size; i++) {
        if (window->range[i].told) {
            return true;
        }
    }
    return false;
}

enum error window_map(struct window *window, struct port_mem *mem, uint64_t offset, uint64_t size,
                      uint32_t prot, uint64_t *address)
{
    struct sys_chore chore = {.size = size, .offset = offset, .kind = SYS_CHORE_MAP, .prot = prot};
    enum error error;
    bool told;
    size_t i;

    if (size == 0 || size % PAGE != 0 || offset % PAGE != 0 ||
        (prot & ~(SYS_MEM_READ | SYS_MEM_WRITE)) != 0 || prot == 0) {
        return E_INVALID;
    }
    error = choose(window, size, address);
    if (error != E_OK) {
        return error;
    }
    if (!grow((void **)&window->range, window->num_ranges, &window->max_ranges,
              sizeof(*window->range), RANGES_MAX)) {
        return E_NO_MEMORY;
    }
    chore.address = *address;
    if (!chore_add(window, &chore, mem)) {
        return E_NO_MEMORY;
    }
    told = ranges_told(window, *address, size);
    ranges_cut(window, *address, size);
    i = range_at(window, *address);
    if (i < window->num_ranges && window->range[i].address < *address + size) {
        return E_OK; /* lies within a larger one */
    }
    memmove(&window->range[i + 1], &window->range[i],
            (window->num_ranges - i) * sizeof(*window->range));
    window->range[i] = (struct window_range){.address = *address, .size = size, .told = told};
    window->num_ranges++;
    return E_OK;
}

bool window_unmap(struct window *window, uint64_t address, uint64_t size)
{
    struct sys_chore chore = {.address = address, .size = size, .kind = SYS_CHORE_UNMAP};
    bool told = ranges_told(window, address, size);
    size_t kept = 0;

    ranges_cut(window, address, size);
    /* Chores that would map there: their memory objects may be gone by the time they are done. */
    for (size_t i = 0; i < window->num_chores; i++) {
        const struct sys_chore *waiting = &window->chore[i].chore;

        if (waiting->kind != SYS_CHORE_MAP || waiting->address < address ||
            waiting->address >= address + size) {
            window->chore[kept++] = window->chore[i];
        }
    }
    window->num_chores = kept;
    if (!told) {
        return true;
    }
    /* Without memory for the chore the mapping stays; the memory object's pages go when it is
     * destroyed. The caller is told that the app has to be entered, which is true. */
    (void)chore_add(window, &chore, NULL);
    return false;
}

size_t window_take(struct window *window, struct window_chore *out, size_t max)
{
    size_t count = window->num_chores < max ? window->num_chores : max;

    memcpy(out, window->chore, count * sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        size_t at = range_at(window, out[i].chore.address);

        if (out[i].chore.kind == SYS_CHORE_MAP && at < window->num_ranges) {
            window->range[at].told = true;
        }
    }
    memmove(window->chore, window->chore + count,
            (window->num_chores - count) * sizeof(*window->chore));
    window->num_chores -= count;
    return count;
}
