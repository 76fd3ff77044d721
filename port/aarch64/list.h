/*
 * Physical addresses as the normal world names them: which are its own, and its lists of pages. Pure
 * functions of numbers, without the machine, so that they are tested and fuzzed on any computer.
 */
#ifndef POSTERN_PORT_AARCH64_LIST_H
#define POSTERN_PORT_AARCH64_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <port/aarch64/layout.h>

/* --- What is the normal world's. ------------------------------------------------------------------ */

#define RANGES_MAX 8u

struct ranges {
    uint32_t count;
    struct {
        uint64_t base;
        uint64_t end; /* the first byte behind; never below base */
    } range[RANGES_MAX];
};

/* Adds [base, base + size). False, and nothing is added: it does not lie below `limit`, or there is no
 * place for another range. */
bool ranges_add(struct ranges *ranges, uint64_t base, uint64_t size, uint64_t limit);
/* Takes [base, base + size) out, wherever it lies. What has no place afterwards goes, too. */
void ranges_remove(struct ranges *ranges, uint64_t base, uint64_t size);

/* Whether all of [address, address + size) lies in one of them. */
static inline bool ranges_hold(const struct ranges *ranges, uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < ranges->count; i++) {
        if (address >= ranges->range[i].base && address < ranges->range[i].end &&
            size <= ranges->range[i].end - address) {
            return true;
        }
    }
    return false;
}

/* --- Lists of pages (abi/message.h, MSG_ATTR_NONCONTIG). ------------------------------------------- */

#define LIST_ENTRIES (PAGE_SIZE / 8 - 1) /* of one page of a list; the last word names the next */

struct list {
    uint64_t at; /* address of the word that is read next; always the normal world's */
    uint32_t index;
};

/* What a word of a list is. */
enum list_word {
    LIST_PAGE, /* the address of a page of the normal world's */
    LIST_LINK, /* it named where the list goes on */
    LIST_BAD,
};

/* Begins at the start of a page. False: that is not the normal world's. */
bool list_begin(struct list *list, const struct ranges *normal, uint64_t address);
/* Takes the word at list->at, which the caller read once. A list may lead back to itself: the caller
 * counts the pages. */
enum list_word list_take(struct list *list, const struct ranges *normal, uint64_t word);
/* How many pages `size` bytes from `offset` in the first one take; 0: none, or more than `most`. */
uint64_t list_pages(uint64_t offset, uint64_t size, uint64_t most);

#endif
