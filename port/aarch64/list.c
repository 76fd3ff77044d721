/*
 * Physical addresses as the normal world names them.
 */
#include <port/aarch64/list.h>

bool ranges_add(struct ranges *ranges, uint64_t base, uint64_t size, uint64_t limit)
{
    if (ranges->count == RANGES_MAX || size == 0 || base >= limit || size > limit - base) {
        return false;
    }
    ranges->range[ranges->count].base = base;
    ranges->range[ranges->count].end = base + size;
    ranges->count++;
    return true;
}

void ranges_remove(struct ranges *ranges, uint64_t base, uint64_t size)
{
    struct ranges old = *ranges;
    uint64_t end;

    if (size == 0) {
        return;
    }
    if (__builtin_add_overflow(base, size, &end)) {
        end = UINT64_MAX;
    }
    ranges->count = 0;
    for (uint32_t i = 0; i < old.count; i++) {
        uint64_t from = old.range[i].base;
        uint64_t to = old.range[i].end;
        uint64_t before = to < base ? to : base;
        uint64_t after = from > end ? from : end;
        if (before > from) {
            (void)ranges_add(ranges, from, before - from, UINT64_MAX);
        }
        if (to > after) {
            (void)ranges_add(ranges, after, to - after, UINT64_MAX);
        }
    }
}

static bool is_page(const struct ranges *normal, uint64_t address)
{
    return address % PAGE_SIZE == 0 && ranges_hold(normal, address, PAGE_SIZE);
}

bool list_begin(struct list *list, const struct ranges *normal, uint64_t address)
{
    *list = (struct list){.at = address};
    return is_page(normal, address);
}

enum list_word list_take(struct list *list, const struct ranges *normal, uint64_t word)
{
    if (!is_page(normal, word)) {
        return LIST_BAD;
    }
    if (list->index == LIST_ENTRIES) {
        *list = (struct list){.at = word};
        return LIST_LINK;
    }
    list->index++;
    list->at += sizeof(word);
    return LIST_PAGE;
}

uint64_t list_pages(uint64_t offset, uint64_t size, uint64_t most)
{
    if (size == 0 || offset >= PAGE_SIZE || size > most * PAGE_SIZE - offset) {
        return 0;
    }
    return (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
}
