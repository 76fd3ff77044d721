/*
 * Memory objects: secure ones, made of single pages, and those of the normal world, which Linux
 * registers by a list of pages. Every address that Linux names is looked up in what the device tree
 * said is the normal world's memory: no list can name a secure page.
 */
#include <port/aarch64/list.h>
#include <port/aarch64/machine.h>

#define BUCKETS 64u
#define SHARE_PAGES_MAX (UINT64_C(256) << 8) /* 256 MiB in one registration */

struct port_mem {
    uint64_t pages;
    bool normal_world;
    struct physical page[];
};

struct share {
    struct share *next;
    uint64_t cookie;
    uint64_t offset; /* in the first page */
    uint64_t size;   /* from there */
    const struct port_mem *mem;
};

static struct ranges normal;

static struct spin share_lock;
static struct share *bucket[BUCKETS];
static uint32_t slots_used;

void normal_add(struct physical base, uint64_t size)
{
    if (!ranges_add(&normal, base.value, size, NORMAL_LIMIT)) {
        return;
    }
    if (!table_map(NORMAL_BASE + base.value, base, size, TABLE_NORMAL_WORLD)) {
        port_panic("no memory for the normal world's tables");
    }
}

void normal_remove(struct physical base, uint64_t size)
{
    ranges_remove(&normal, base.value, size);
}

volatile void *normal_pointer(struct physical address, uint64_t size)
{
    if (!ranges_hold(&normal, address.value, size)) {
        return NULL;
    }
    return (volatile void *)(NORMAL_BASE + address.value); // NOLINT(performance-no-int-to-ptr)
}

/* --- Memory objects. ------------------------------------------------------------------------------ */

static struct port_mem *mem_new(uint64_t pages)
{
    struct port_mem *mem = port_alloc(sizeof(*mem) + pages * sizeof(mem->page[0]));
    if (mem != NULL) {
        mem->pages = pages;
    }
    return mem;
}

enum error port_mem_create(uint64_t size, struct port_mem **out)
{
    uint64_t pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;

    if (size == 0 || size > UINT64_C(1) << 30) {
        return E_NO_MEMORY;
    }
    if (!page_reserve(pages)) {
        return E_NO_MEMORY;
    }
    struct port_mem *mem = mem_new(pages);
    if (mem == NULL) {
        page_unreserve(pages);
        return E_NO_MEMORY;
    }
    for (uint64_t i = 0; i < pages; i++) {
        mem->page[i] = page_physical(page_take_reserved());
    }
    *out = mem;
    return E_OK;
}

void port_mem_destroy(struct port_mem *mem)
{
    if (mem == NULL) {
        return;
    }
    if (!mem->normal_world) {
        for (uint64_t i = 0; i < mem->pages; i++) {
            page_give(page_pointer(mem->page[i]), 1);
        }
    }
    port_free(mem);
}

uint64_t port_mem_size(const struct port_mem *mem)
{
    return mem->pages * PAGE_SIZE;
}

const struct physical *mem_pages(const struct port_mem *mem, bool *normal_world)
{
    *normal_world = mem->normal_world;
    return mem->page;
}

/* --- Lists of pages. ------------------------------------------------------------------------------ */

/* The next page, every word read once. */
static bool list_next(struct list *list, struct physical *page)
{
    enum list_word kind = LIST_LINK;
    while (kind == LIST_LINK) {
        const volatile uint64_t *word = normal_pointer(physical(list->at), sizeof(*word));
        if (word == NULL) {
            return false;
        }
        page->value = *word;
        kind = list_take(list, &normal, page->value);
    }
    return kind == LIST_PAGE;
}

/* --- Registered memory. --------------------------------------------------------------------------- */

static struct share **bucket_of(uint64_t cookie)
{
    uint64_t hash = cookie * UINT64_C(0x9e3779b97f4a7c15);
    return &bucket[hash >> 58];
}

/* Lock held. */
static inline struct share *share_find(uint64_t cookie)
{
    for (struct share *share = *bucket_of(cookie); share != NULL; share = share->next) {
        if (share->cookie == cookie) {
            return share;
        }
    }
    return NULL;
}

enum error share_register(uint64_t list_address, uint64_t size, uint64_t cookie)
{
    uint64_t offset = list_address % PAGE_SIZE;
    struct list list;

    uint64_t pages = list_pages(offset, size, SHARE_PAGES_MAX);
    if (cookie == 0 || pages == 0 || !list_begin(&list, &normal, list_address - offset)) {
        return E_INVALID;
    }
    struct port_mem *mem = mem_new(pages);
    struct share *share = port_alloc(sizeof(*share));
    if (mem == NULL || share == NULL) {
        port_free(mem);
        port_free(share);
        return E_NO_MEMORY;
    }
    mem->normal_world = true;
    for (uint64_t i = 0; i < pages; i++) {
        if (!list_next(&list, &mem->page[i])) {
            port_free(mem);
            port_free(share);
            return E_INVALID;
        }
    }
    *share = (struct share){.cookie = cookie, .offset = offset, .size = size, .mem = mem};
    enum error error = gp_shm_register(linux_client, cookie, mem, offset);
    if (error != E_OK) {
        port_free(mem);
        port_free(share);
        return error;
    }
    uint64_t mask = spin_lock(&share_lock);
    share->next = *bucket_of(cookie);
    *bucket_of(cookie) = share;
    spin_unlock(&share_lock, mask);
    return E_OK;
}

enum error share_release(uint64_t cookie)
{
    uint64_t mask = spin_lock(&share_lock);
    struct share *share = share_find(cookie);
    if (share != NULL) {
        struct share **link = bucket_of(cookie);
        while (*link != share) {
            link = &(*link)->next;
        }
        *link = share->next;
    }
    spin_unlock(&share_lock, mask);
    port_free(share);
    return share == NULL ? E_NOT_FOUND : gp_shm_release(linux_client, cookie);
}

volatile void *share_pointer(uint64_t cookie, uint64_t offset, size_t *room)
{
    volatile void *pointer = NULL;
    uint64_t mask = spin_lock(&share_lock);
    const struct share *share = share_find(cookie);

    if (share != NULL && offset < share->size) {
        uint64_t at = share->offset + offset;
        uint64_t in_page = PAGE_SIZE - at % PAGE_SIZE;
        if (at % 8 == 0) {
            /* That the page is the normal world's was checked when it was registered. */
            uint64_t page = share->mem->page[at / PAGE_SIZE].value;
            pointer = (volatile void *)(NORMAL_BASE + page +
                                        at % PAGE_SIZE); // NOLINT(performance-no-int-to-ptr)
            *room = share->size - offset < in_page ? share->size - offset : in_page;
        }
    }
    spin_unlock(&share_lock, mask);
    return pointer;
}

/* Lock held: the pages are the normal world's, so that nothing is lost if it lets them go meanwhile. */
static bool share_copy(const struct share *share, uint64_t offset, const uint8_t *bytes,
                       uint64_t size)
{
    uint64_t at = share->offset + offset;
    for (uint64_t i = 0; i < size; i++, at++) {
        struct physical page = share->mem->page[at / PAGE_SIZE];
        volatile uint8_t *to = normal_pointer(physical(page.value + at % PAGE_SIZE), 1);
        if (to == NULL) {
            return false;
        }
        *to = bytes[i];
    }
    return true;
}

bool share_write(uint64_t cookie, uint64_t offset, const void *bytes, uint64_t size)
{
    uint64_t mask = spin_lock(&share_lock);
    const struct share *share = share_find(cookie);
    bool there = share != NULL && offset <= share->size && size <= share->size - offset &&
                 share_copy(share, offset, bytes, size);
    spin_unlock(&share_lock, mask);
    return there;
}

/* --- Contiguous for a while. ---------------------------------------------------------------------- */

static uint64_t slot_address(uint32_t slot)
{
    return SHARE_BASE + (uint64_t)slot * SHARE_SLOT_SIZE;
}

volatile uint8_t *share_map(uint64_t list_address, uint64_t pages, uint32_t *slot)
{
    struct list list;
    struct physical page;
    uint64_t mapped = 0;

    if (pages > SHARE_SLOT_SIZE / PAGE_SIZE || !list_begin(&list, &normal, list_address)) {
        return NULL;
    }
    uint64_t mask = spin_lock(&share_lock);
    uint32_t free = ~slots_used;
    if (free != 0) {
        *slot = (uint32_t)__builtin_ctz(free);
        slots_used |= UINT32_C(1) << *slot;
    }
    spin_unlock(&share_lock, mask);
    if (free == 0) {
        return NULL;
    }
    uint64_t base = slot_address(*slot);
    while (mapped < pages && list_next(&list, &page)) {
        mask = spin_lock(&share_lock); /* the tables are the kernel's, for all */
        bool done = table_map(base + mapped * PAGE_SIZE, page, PAGE_SIZE, TABLE_NORMAL_WORLD);
        spin_unlock(&share_lock, mask);
        if (!done) {
            break;
        }
        mapped++;
    }
    if (mapped < pages) {
        share_unmap(*slot, mapped);
        return NULL;
    }
    return (volatile uint8_t *)base; // NOLINT(performance-no-int-to-ptr)
}

void share_unmap(uint32_t slot, uint64_t pages)
{
    table_unmap(slot_address(slot), pages * PAGE_SIZE);
    uint64_t mask = spin_lock(&share_lock);
    slots_used &= ~(UINT32_C(1) << slot);
    spin_unlock(&share_lock, mask);
}
