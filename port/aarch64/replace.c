/*
 * Memory objects in the place of an app's own pages: Trusty's memref_create() makes memory that an app
 * has already into an object.
 */
#include <port/aarch64/app.h>

enum own {
    OWN_NOT,
    OWN_REGION, /* untouched again once the object is gone: there is a reserved page for it */
    OWN_IMAGE,  /* written data of the image: a hole afterwards */
};

/* What lies at this page that an object may take the place of. Not the stack, not the page shared with
 * the kernel, nothing that instances share. */
static enum own own_kind(const struct port_app *app, uint64_t address)
{
    for (uint32_t i = APP_REGION_HEAP; i < app->num_regions; i++) {
        const struct app_region *region = &app->region[i];
        if (address >= region->base && address - region->base < region->pages * PAGE_SIZE) {
            return OWN_REGION;
        }
    }
    for (uint32_t i = 0; i < app->image->elf.num_segments; i++) {
        const struct image_segment *segment = &app->image->segment[i];
        const uint64_t base = app->base + segment->address;
        if (!segment->shared && address >= base && address - base < segment->pages * PAGE_SIZE) {
            return OWN_IMAGE;
        }
    }
    return OWN_NOT;
}

static bool own_all(const struct port_app *app, uint64_t address, uint64_t pages)
{
    for (const struct app_mapping *other = app->replaced; other != NULL; other = other->next) {
        if (address < other->address + other->pages * PAGE_SIZE &&
            other->address < address + pages * PAGE_SIZE) {
            return false;
        }
    }
    for (uint64_t i = 0; i < pages; i++) {
        if (own_kind(app, address + i * PAGE_SIZE) == OWN_NOT) {
            return false;
        }
    }
    return true;
}

static void own_drop(struct port_app *app, uint64_t address)
{
    struct physical was;
    if (!table_app_unmap(app->root, address, &was)) {
        return;
    }
    table_app_flush(app->asid, address, 1);
    if (own_kind(app, address) == OWN_REGION) {
        page_give_reserved(page_pointer(was));
        app->reserved++;
    } else {
        page_give(page_pointer(was), 1);
    }
}

enum error space_replace(struct port_app *app, const struct port_mem *mem, uint64_t first,
                         uint64_t address, uint64_t pages, uint32_t prot)
{
    /* No overflow: the object has as many pages as that. */
    if (address >= APP_END || pages > (APP_END - address) / PAGE_SIZE ||
        !own_all(app, address, pages)) {
        return E_INVALID;
    }
    struct app_mapping *mapping = port_alloc(sizeof(*mapping));
    if (mapping == NULL) {
        return E_NO_MEMORY;
    }
    for (uint64_t i = 0; i < pages; i++) {
        own_drop(app, address + i * PAGE_SIZE);
    }
    /* The tables are there: something was mapped, or prepared, at each of the pages. */
    (void)space_map(app, mem, first, address, pages, prot);
    *mapping = (struct app_mapping){.next = app->replaced, .address = address, .pages = pages};
    app->replaced = mapping;
    return E_OK;
}
