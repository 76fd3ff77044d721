/*
 * The crypto library: see library.h. It is as trusted as the kernel, whose image it stands in;
 * checked is what would make the kernel itself write or map where it must not.
 */
#include <abi/error.h>
#include <lib/library.h>
#include <port/aarch64/library.h>

static struct library_layout layout;
static uint64_t library_base; /* in every app; 0: there is no library */
static uint64_t *library_root;
static const uint8_t *library_data;

/* Writable is, also for the kernel, only what is relocated. */
static bool parts_map(struct physical at)
{
    const uint64_t address = (uint64_t)page_pointer(at);
    const uint64_t last = (layout.size - 1) & ~(uint64_t)(PAGE_SIZE - 1);

    return table_map(address, at, layout.fixed, TABLE_CONSTANT) &&
           table_map(address + layout.fixed, physical(at.value + layout.fixed),
                     layout.bitmap - layout.fixed, TABLE_DATA) &&
           table_map(address + layout.bitmap, physical(at.value + layout.bitmap),
                     last + PAGE_SIZE - layout.bitmap, TABLE_CONSTANT);
}

/* What was loaded as data is fetched as instructions. */
static void text_publish(const uint8_t *bytes)
{
    uint64_t type;
    __asm__("mrs %0, ctr_el0" : "=r"(type));
    const uint64_t line = UINT64_C(4) << (type >> 16 & 0xf);

    if ((type >> 28 & 1) == 0) { /* IDC: not needed */
        for (uint64_t i = layout.text; i < layout.fixed; i += line) {
            __asm__ volatile("dc cvau, %0" : : "r"(bytes + i) : "memory");
        }
    }
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

/* The tree that holds what all apps share. */
static bool tree_make(struct physical at)
{
    library_root = page_take(1);
    if (library_root == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < layout.data; i += PAGE_SIZE) {
        const struct physical page = physical(at.value + i);
        if (!table_app_map(library_root, library_base + i, &page, 1, SYS_MEM_READ,
                           i >= layout.text && i < layout.fixed, false)) {
            return false;
        }
    }
    return true;
}

void library_start(struct physical at, uint64_t size, uint64_t room)
{
    uint8_t *bytes = page_pointer(at);
    const char *why = "no memory for the crypto library";
    enum error error = E_NO_MEMORY;

    if (size == 0) {
        return;
    }
    if (size < room && table_map((uint64_t)bytes, at, PAGE_SIZE, TABLE_CONSTANT)) {
        error = library_decode(bytes, size, &layout, &why);
    }
    if (error == E_OK && parts_map(at)) {
        library_base = APP_LIBRARY_WINDOW + ((random_number() & 0xffff) << PAGE_SHIFT);
        library_relocate(bytes, &layout, library_base);
        text_publish(bytes);
        library_data = bytes + layout.data;
        if (tree_make(at)) {
            return;
        }
    }
    library_base = 0;
    port_log(SYS_LOG_ERROR, why, strlen(why));
}

int64_t library_map(struct port_app *app)
{
    if (library_base == 0) {
        return SYS_ERR_NOT_SUPPORTED;
    }
    if (!app->library) {
        const uint64_t pages = (layout.end_address - layout.data_address) / PAGE_SIZE;
        const uint64_t copied = (layout.bitmap - layout.data) / PAGE_SIZE;
        if (!space_copy(app, library_base + layout.data_address, pages, library_data, copied)) {
            return SYS_ERR_NO_MEMORY;
        }
        table_app_share(app->root, library_root, library_base, layout.data);
        app->library = true;
    }
    return (int64_t)library_base;
}
