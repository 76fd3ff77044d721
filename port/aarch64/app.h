/*
 * Apps inside the port: an instance's address space and registers.
 */
#ifndef POSTERN_PORT_AARCH64_APP_H
#define POSTERN_PORT_AARCH64_APP_H

#include <lib/elf.h>
#include <port/aarch64/machine.h>

struct image_segment {
    uint64_t address; /* page, from the image's base */
    uint64_t pages;   /* with content from the file */
    uint64_t memory_pages;
    void **page;
    bool shared; /* never written: instances map these very pages */
    bool code;
};

struct port_image {
    uint32_t users; /* the kernel and each instance */
    struct elf_image elf;
    struct image_segment segment[ELF_SEGMENTS_MAX];
};
void image_get(struct port_image *image);
void image_put(struct port_image *image);

/* Zeroed memory that an app gets page by page as it touches it; reserved from the beginning, so that
 * there is a page each time. */
struct app_region {
    uint64_t base;
    uint64_t pages;
};
#define APP_REGIONS (2 + ELF_SEGMENTS_MAX + 1) /* the crypto library's */
#define APP_REGION_STACK 0
#define APP_REGION_HEAP 1

struct app_mapping {
    struct app_mapping *next; /* ascending */
    uint64_t address;
    uint64_t pages;
};

#define APP_PAGE_PAGES ((sizeof(struct sys_page) + PAGE_SIZE - 1) / PAGE_SIZE)

struct port_app {
    struct app_frame frame;
    struct fp_state fp;
    uint64_t *root;
    uint32_t asid;
    bool killed;
    bool library;  /* the crypto library is mapped */
    uint64_t base; /* of the image */
    struct port_image *image;
    struct sys_page *page;
    uint64_t page_address;
    uint64_t reserved; /* pages not taken yet */
    uint32_t num_regions;
    struct app_region region[APP_REGIONS];
    struct app_mapping *mappings; /* in the window for memory objects */
    struct app_mapping *replaced; /* objects in the place of the app's own pages; in no order */
};

_Static_assert(APP_SHARE_WINDOW == SYS_WINDOW_AARCH64_BASE &&
                   APP_END == SYS_WINDOW_AARCH64_BASE + SYS_WINDOW_AARCH64_SIZE,
               "where memory objects appear");

/* space.c */
/* Builds the address space of a fresh app: image, stack, heap, page. E_NO_MEMORY. */
enum error space_create(struct port_app *app, uint64_t stack_size, uint64_t heap_size);
/* Gives back all that is the app's own. */
void space_destroy(struct port_app *app);
/* Adds a region whose first pages are copies. False: no memory, and nothing changed. */
bool space_copy(struct port_app *app, uint64_t base, uint64_t pages, const uint8_t *from,
                uint64_t copied);
/* A page of a region that was not touched yet: now it is there. False: the address is in none. */
bool space_touch(struct port_app *app, uint64_t address);
/* Maps pages of an object, from the page `first` of it on. False: no memory for tables; nothing is mapped
 * then. */
bool space_map(struct port_app *app, const struct port_mem *mem, uint64_t first, uint64_t address,
               uint64_t pages, uint32_t prot);
/* The same in the place of the app's own pages, which are given back. E_INVALID: not all of them are the
 * app's own, written data that nothing has replaced yet; E_NO_MEMORY. (replace.c) */
enum error space_replace(struct port_app *app, const struct port_mem *mem, uint64_t first,
                         uint64_t address, uint64_t pages, uint32_t prot);
/* Whether the app can read, or write, all of these bytes. */
bool space_probe(struct port_app *app, uint64_t address, uint64_t size, bool write);

#endif
