/*
 * Secure memory in pages of 4 KiB, and the kernel's heap on top of them.
 *
 * Free memory holds zeros: pages are wiped when they are given back, so that nothing of one owner
 * is ever seen by the next, and taking is quick. One bit a page tells what is free; runs are found
 * first fit from below, single pages from above, so that they do not break up the runs.
 *
 * Small pieces of the heap (up to 2 KiB) come from pages that are cut into pieces of one size; a
 * page whose pieces are all free goes back.
 */
#include <port/aarch64/machine.h>

#define PAGES_MAX 4096u /* 16 MiB */
#define SIZE_CLASSES 7u /* 32 bytes to 2 KiB */
#define SMALLEST_SHIFT 5u
#define NO_PAGE UINT16_MAX

struct page_info {
    uint16_t run;  /* heap: pages of this piece, in its first page; 0: not of the heap */
    uint16_t next; /* pages of a size class with free pieces: a list */
    uint16_t previous;
    uint8_t class;  /* 1 + size class, when cut into pieces */
    uint8_t used;   /* pieces in use: at most 128 */
    uint16_t first; /* offset / 16 of the first free piece; NO_PAGE: none */
};

static struct spin page_lock;
static uint64_t pool_base; /* pointer to the first page */
static size_t pool_pages, free_pages, reserved_pages;
static uint64_t free_bits[PAGES_MAX / 64];
static struct page_info info[PAGES_MAX];
static uint16_t class_pages[SIZE_CLASSES];

static void wipe(void *memory, size_t size)
{
    memset(memory, 0, size);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static bool bit_is_free(size_t page)
{
    return (free_bits[page / 64] >> (page % 64) & 1) != 0;
}

void page_start(struct physical from, struct physical end)
{
    pool_base = from.value + pool_delta;
    pool_pages = (end.value - from.value) / PAGE_SIZE;
    if (pool_pages > PAGES_MAX) {
        pool_pages = PAGES_MAX;
    }
    wipe((void *)pool_base, pool_pages * PAGE_SIZE); // NOLINT(performance-no-int-to-ptr)
    for (size_t i = 0; i < pool_pages; i++) {
        free_bits[i / 64] |= UINT64_C(1) << (i % 64);
    }
    free_pages = pool_pages;
    for (unsigned i = 0; i < SIZE_CLASSES; i++) {
        class_pages[i] = NO_PAGE;
    }
}

static void *page_at(size_t index)
{
    return (void *)(pool_base + index * PAGE_SIZE); // NOLINT(performance-no-int-to-ptr)
}

static size_t page_index(const void *page)
{
    return ((uint64_t)page - pool_base) / PAGE_SIZE;
}

struct physical page_physical(const void *page)
{
    return physical((uint64_t)page - pool_delta);
}

void *page_pointer(struct physical address)
{
    return (void *)(address.value + pool_delta); // NOLINT(performance-no-int-to-ptr)
}

/* Lock held. One page, the highest that is free. */
static void *single_take(void)
{
    for (size_t word = (pool_pages + 63) / 64; word-- > 0;) {
        if (free_bits[word] != 0) {
            size_t bit = 63 - (size_t)__builtin_clzll(free_bits[word]);
            free_bits[word] &= ~(UINT64_C(1) << bit);
            free_pages--;
            return page_at(word * 64 + bit);
        }
    }
    return NULL;
}

/* Lock held. */
static void *run_take(size_t count)
{
    size_t run = 0;
    for (size_t i = 0; i < pool_pages; i++) {
        if (free_bits[i / 64] == 0 && i % 64 == 0) {
            run = 0;
            i += 63;
            continue;
        }
        run = bit_is_free(i) ? run + 1 : 0;
        if (run == count) {
            size_t first = i + 1 - count;
            for (size_t j = first; j <= i; j++) {
                free_bits[j / 64] &= ~(UINT64_C(1) << (j % 64));
            }
            free_pages -= count;
            return page_at(first);
        }
    }
    return NULL;
}

/* Lock held. */
static void *pages_take(size_t count)
{
    if (count == 0 || count > free_pages - reserved_pages) {
        return NULL;
    }
    return count == 1 ? single_take() : run_take(count);
}

/* Lock held; wiped already. */
static void pages_free(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        free_bits[i / 64] |= UINT64_C(1) << (i % 64);
    }
    free_pages += count;
}

void *page_take(size_t count)
{
    uint64_t mask = spin_lock(&page_lock);
    void *pages = pages_take(count);
    spin_unlock(&page_lock, mask);
    return pages;
}

void page_give(void *pages, size_t count)
{
    wipe(pages, count * PAGE_SIZE);
    uint64_t mask = spin_lock(&page_lock);
    pages_free(page_index(pages), count);
    spin_unlock(&page_lock, mask);
}

bool page_reserve(size_t count)
{
    uint64_t mask = spin_lock(&page_lock);
    bool there = count <= free_pages - reserved_pages;
    if (there) {
        reserved_pages += count;
    }
    spin_unlock(&page_lock, mask);
    return there;
}

void page_unreserve(size_t count)
{
    uint64_t mask = spin_lock(&page_lock);
    reserved_pages -= count;
    spin_unlock(&page_lock, mask);
}

void *page_take_reserved(void)
{
    uint64_t mask = spin_lock(&page_lock);
    void *page = single_take();
    reserved_pages--;
    spin_unlock(&page_lock, mask);
    return page;
}

void page_give_reserved(void *page)
{
    wipe(page, PAGE_SIZE);
    uint64_t mask = spin_lock(&page_lock);
    pages_free(page_index(page), 1);
    reserved_pages++;
    spin_unlock(&page_lock, mask);
}

/* A quarter: what calls take on their way, tables and messages, is far less. */
bool port_memory_low(void)
{
    return page_free_count() < pool_pages / 4;
}

size_t page_free_count(void)
{
    return free_pages - reserved_pages;
}

/* --- The heap. ------------------------------------------------------------------------------------ */

static void class_insert(unsigned class, uint16_t page)
{
    info[page].previous = NO_PAGE;
    info[page].next = class_pages[class];
    if (class_pages[class] != NO_PAGE) {
        info[class_pages[class]].previous = page;
    }
    class_pages[class] = page;
}

static void class_remove(unsigned class, uint16_t page)
{
    if (info[page].previous != NO_PAGE) {
        info[info[page].previous].next = info[page].next;
    } else {
        class_pages[class] = info[page].next;
    }
    if (info[page].next != NO_PAGE) {
        info[info[page].next].previous = info[page].previous;
    }
}

/* Lock held. The first word of a free piece: offset / 16 of the next one, plus 1; 0: the last. */
static void *piece_take(unsigned class)
{
    size_t size = (size_t)1 << (class + SMALLEST_SHIFT);
    uint16_t page = class_pages[class];

    if (page == NO_PAGE) {
        uint8_t *fresh = pages_take(1);
        if (fresh == NULL) {
            return NULL;
        }
        page = (uint16_t)page_index(fresh);
        for (size_t at = 0; at + size < PAGE_SIZE; at += size) {
            *(uint64_t *)(void *)(fresh + at) = (at + size) / 16 + 1;
        }
        info[page].class = (uint8_t)(class + 1);
        info[page].used = 0;
        info[page].first = 0;
        class_insert(class, page);
    }
    uint64_t *piece = (uint64_t *)(void *)((uint8_t *)page_at(page) + info[page].first * 16u);
    info[page].first = *piece == 0 ? NO_PAGE : (uint16_t)(*piece - 1);
    info[page].used++;
    *piece = 0;
    if (info[page].first == NO_PAGE) {
        class_remove(class, page);
    }
    return piece;
}

/* Lock held; wiped already. */
static void piece_free(uint16_t page, uint8_t *memory)
{
    unsigned class = info[page].class - 1u;
    uint8_t *base = page_at(page);

    if (info[page].first == NO_PAGE) {
        class_insert(class, page);
    }
    *(uint64_t *)(void *)memory = info[page].first == NO_PAGE ? 0 : info[page].first + 1u;
    info[page].first = (uint16_t)((memory - base) / 16);
    if (--info[page].used == 0) {
        class_remove(class, page);
        info[page].class = 0;
        wipe(base, PAGE_SIZE); /* the links */
        pages_free(page, 1);
    }
}

void *port_alloc(size_t size)
{
    unsigned class = 0;
    void *memory;

    if (size > (size_t)PAGES_MAX * PAGE_SIZE) {
        return NULL;
    }
    if (size > (size_t)1 << SMALLEST_SHIFT) {
        class = 64u - (unsigned)__builtin_clzll(size - 1) - SMALLEST_SHIFT;
    }
    uint64_t mask = spin_lock(&page_lock);
    if (class < SIZE_CLASSES) {
        memory = piece_take(class);
    } else {
        size_t count = (size + PAGE_SIZE - 1) / PAGE_SIZE;
        memory = pages_take(count);
        if (memory != NULL) {
            info[page_index(memory)].run = (uint16_t)count;
        }
    }
    spin_unlock(&page_lock, mask);
    return memory;
}

void port_free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    uint16_t page = (uint16_t)page_index(memory);
    uint8_t class = info[page].class;

    if (class != 0) {
        wipe(memory, (size_t)1 << (class - 1 + SMALLEST_SHIFT));
        uint64_t mask = spin_lock(&page_lock);
        piece_free(page, memory);
        spin_unlock(&page_lock, mask);
        return;
    }
    size_t count = info[page].run;
    if (count == 0) {
        port_panic("freed what was not allocated");
    }
    wipe(memory, count * PAGE_SIZE);
    uint64_t mask = spin_lock(&page_lock);
    info[page].run = 0;
    pages_free(page, count);
    spin_unlock(&page_lock, mask);
}
