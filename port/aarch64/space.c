/*
 * An app's address space: the image at a random page, the stack between two holes, the heap, the page
 * shared with the kernel, and memory objects in a window of their own.
 */
#include <port/aarch64/app.h>

#define HEAP_ALLOWANCE 0x4000u

static uint64_t random_page(uint64_t window, uint64_t random)
{
    return window + ((random & 0xffff) << PAGE_SHIFT); /* 256 MiB to move in */
}

static bool region_add(struct port_app *app, uint32_t index, uint64_t base, uint64_t pages)
{
    if (!table_app_prepare(app->root, base, pages) || !page_reserve(pages)) {
        return false;
    }
    app->reserved += pages;
    app->region[index] = (struct app_region){.base = base, .pages = pages};
    return true;
}

/* Maps a page of the app's own; it goes back when the space is destroyed. */
static bool own_map(struct port_app *app, uint64_t address, void *page)
{
    const struct physical to = page_physical(page);
    return table_app_map(app->root, address, &to, 1, SYS_MEM_READ | SYS_MEM_WRITE, false, false);
}

static bool segment_map(struct port_app *app, const struct image_segment *segment)
{
    uint64_t address = app->base + segment->address;

    for (uint64_t i = 0; i < segment->pages; i++, address += PAGE_SIZE) {
        if (segment->shared) {
            const struct physical to = page_physical(segment->page[i]);
            if (!table_app_map(app->root, address, &to, 1, SYS_MEM_READ, segment->code, false)) {
                return false;
            }
            continue;
        }
        void *page = page_take(1);
        if (page == NULL) {
            return false;
        }
        memcpy(page, segment->page[i], PAGE_SIZE);
        if (!own_map(app, address, page)) {
            page_give(page, 1);
            return false;
        }
    }
    if (segment->memory_pages > segment->pages) {
        return region_add(app, app->num_regions++, address, segment->memory_pages - segment->pages);
    }
    return true;
}

bool space_copy(struct port_app *app, uint64_t base, uint64_t pages, const uint8_t *from,
                uint64_t copied)
{
    if (!region_add(app, app->num_regions, base, pages)) {
        return false;
    }
    app->num_regions++;
    for (uint64_t i = 0; i < copied; i++) {
        /* Reserved, and their tables made, by the region. */
        void *page = page_take_reserved();
        app->reserved--;
        memcpy(page, from + i * PAGE_SIZE, PAGE_SIZE);
        (void)own_map(app, base + i * PAGE_SIZE, page);
    }
    return true;
}

enum error space_create(struct port_app *app, uint64_t stack_size, uint64_t heap_size)
{
    uint64_t stack_pages = (stack_size + PAGE_SIZE - 1) / PAGE_SIZE;
    /* gpd.ta.dataSize is what an app may allocate: what its malloc() needs for itself comes on top. */
    uint64_t heap_room = heap_size + heap_size / 64 + HEAP_ALLOWANCE;
    uint64_t heap_pages = (heap_room + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t random[4];

    if (port_random(random, sizeof(random)) != E_OK) {
        return E_NO_MEMORY;
    }
    app->root = page_take(1);
    app->page = page_take(APP_PAGE_PAGES);
    if (app->root == NULL || app->page == NULL) {
        return E_NO_MEMORY;
    }
    app->base = random_page(APP_IMAGE_WINDOW, random[0]);
    app->page_address = random_page(APP_PAGE_WINDOW, random[1]);
    app->num_regions = 2;
    for (uint32_t i = 0; i < app->image->elf.num_segments; i++) {
        if (!segment_map(app, &app->image->segment[i])) {
            return E_NO_MEMORY;
        }
    }
    for (unsigned i = 0; i < APP_PAGE_PAGES; i++) {
        if (!own_map(app, app->page_address + i * PAGE_SIZE,
                     (uint8_t *)app->page + i * PAGE_SIZE)) {
            return E_NO_MEMORY;
        }
    }
    uint64_t stack = random_page(APP_STACK_WINDOW, random[2]);
    uint64_t heap = random_page(APP_HEAP_WINDOW, random[3]);
    if (stack_pages > 0x10000 || heap_pages > 0x10000 ||
        !region_add(app, APP_REGION_STACK, stack, stack_pages) ||
        !region_add(app, APP_REGION_HEAP, heap, heap_pages)) {
        return E_NO_MEMORY;
    }
    app->frame.pc = app->base + app->image->elf.entry;
    app->frame.sp = stack + stack_pages * PAGE_SIZE;
    app->frame.state = SPSR_EL0T;
    app->frame.x[0] = app->page_address;
    app->frame.x[1] = heap;
    app->frame.x[2] = heap_pages * PAGE_SIZE;
    app->frame.x[3] = app->base;
    return E_OK;
}

static void range_free(struct port_app *app, uint64_t address, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        struct physical page;
        if (table_app_unmap(app->root, address + i * PAGE_SIZE, &page)) {
            page_give(page_pointer(page), 1);
        }
    }
}

static void mappings_free(struct app_mapping *mapping)
{
    while (mapping != NULL) {
        struct app_mapping *next = mapping->next;
        port_free(mapping);
        mapping = next;
    }
}

void space_destroy(struct port_app *app)
{
    if (app->root != NULL) {
        /* First what lies in the place of the app's own pages, and is not the app's to give back. */
        for (const struct app_mapping *mapping = app->replaced; mapping != NULL;
             mapping = mapping->next) {
            table_app_clear(app->root, mapping->address, mapping->pages);
        }
        for (uint32_t i = 0; i < app->num_regions; i++) {
            range_free(app, app->region[i].base, app->region[i].pages);
        }
        for (uint32_t i = 0; i < app->image->elf.num_segments; i++) {
            const struct image_segment *segment = &app->image->segment[i];
            if (!segment->shared) {
                range_free(app, app->base + segment->address, segment->pages);
            }
        }
        table_app_destroy(app->root);
        table_app_flush_all(app->asid);
    }
    if (app->page != NULL) {
        page_give(app->page, APP_PAGE_PAGES);
    }
    page_unreserve(app->reserved);
    mappings_free(app->mappings);
    mappings_free(app->replaced);
}

bool space_touch(struct port_app *app, uint64_t address)
{
    if (table_app_access(app->root, address, false)) {
        return false; /* a fault of another kind */
    }
    for (uint32_t i = 0; i < app->num_regions; i++) {
        const struct app_region *region = &app->region[i];
        if (address < region->base || address - region->base >= region->pages * PAGE_SIZE) {
            continue;
        }
        void *page = page_take_reserved();
        app->reserved--;
        if (!own_map(app, address & ~(uint64_t)(PAGE_SIZE - 1), page)) {
            page_give(page, 1);
            return false;
        }
        return true;
    }
    return false;
}

bool space_probe(struct port_app *app, uint64_t address, uint64_t size, bool write)
{
    uint64_t last = address + size - 1;

    if (size == 0) {
        return true;
    }
    if (last < address || last >= APP_END) {
        return false;
    }
    for (uint64_t at = address & ~(uint64_t)(PAGE_SIZE - 1); at <= last; at += PAGE_SIZE) {
        if (!table_app_access(app->root, at, write) && !space_touch(app, at)) {
            return false;
        }
    }
    return true;
}

/* --- Memory objects. ------------------------------------------------------------------------------ */

/* Where in the list a mapping of that size goes: where there is room first. NULL: no room. */
static struct app_mapping **place_find(struct port_app *app, uint64_t pages, uint64_t *address)
{
    struct app_mapping **link = &app->mappings;
    uint64_t from = APP_SHARE_WINDOW;

    for (;; link = &(*link)->next) {
        uint64_t end = *link != NULL ? (*link)->address : APP_END;
        if (from <= end && pages <= (end - from) / PAGE_SIZE) {
            *address = from;
            return link;
        }
        if (*link == NULL) {
            return NULL;
        }
        from = (*link)->address + ((*link)->pages + 1) * PAGE_SIZE; /* with a hole between */
    }
}

bool space_map(struct port_app *app, const struct port_mem *mem, uint64_t first, uint64_t address,
               uint64_t pages, uint32_t prot)
{
    bool normal_world;
    const struct physical *page = mem_pages(mem, &normal_world);

    if (!table_app_map(app->root, address, page + first, pages, prot, false, normal_world)) {
        table_app_clear(app->root, address, pages);
        return false;
    }
    return true;
}

/* The link to the mapping that begins there, or the list's end. */
static struct app_mapping **mapping_link(struct app_mapping **link, uint64_t address)
{
    while (*link != NULL && (*link)->address != address) {
        link = &(*link)->next;
    }
    return link;
}

static bool mapping_is(struct port_app *app, uint64_t address, uint64_t pages)
{
    const struct app_mapping *mapping = *mapping_link(&app->mappings, address);
    if (mapping == NULL) {
        mapping = *mapping_link(&app->replaced, address);
    }
    return mapping != NULL && mapping->pages == pages;
}

enum error port_app_map(struct port_app *app, struct port_mem *mem, uint64_t offset, uint64_t size,
                        uint32_t prot, uint64_t *address)
{
    uint64_t pages = size / PAGE_SIZE;
    uint64_t first = offset / PAGE_SIZE;
    uint64_t whole = port_mem_size(mem);

    if (pages == 0 || offset % PAGE_SIZE != 0 || size % PAGE_SIZE != 0 || offset > whole ||
        size > whole - offset || *address % PAGE_SIZE != 0) {
        return E_INVALID;
    }
    if (mapping_is(app, *address, pages)) { /* the same object again, with other rights */
        (void)space_map(app, mem, first, *address, pages, prot);
        table_app_flush(app->asid, *address, pages);
        return E_OK;
    }
    /* In the window the places are the port's to choose: an app that strews them would have a table for
     * each. */
    if (*address != 0) {
        return space_replace(app, mem, first, *address, pages, prot);
    }
    struct app_mapping *mapping = port_alloc(sizeof(*mapping));
    if (mapping == NULL) {
        return E_NO_MEMORY;
    }
    struct app_mapping **link = place_find(app, pages, address);
    if (link == NULL) {
        port_free(mapping);
        return E_INVALID;
    }
    if (!space_map(app, mem, first, *address, pages, prot)) {
        port_free(mapping);
        return E_NO_MEMORY;
    }
    *mapping = (struct app_mapping){.next = *link, .address = *address, .pages = pages};
    *link = mapping;
    return E_OK;
}

bool port_app_unmap(struct port_app *app, uint64_t address, uint64_t size)
{
    struct app_mapping **link =
        mapping_link(address < APP_SHARE_WINDOW ? &app->replaced : &app->mappings, address);
    struct app_mapping *mapping = *link;
    if (mapping != NULL && size == mapping->pages * PAGE_SIZE) {
        table_app_clear(app->root, address, mapping->pages);
        table_app_flush(app->asid, address, mapping->pages);
        *link = mapping->next;
        port_free(mapping);
    }
    return true;
}
