/*
 * App images: a verified ELF file, taken apart. What is never written lies in pages that all instances
 * of the app share; what an instance writes to is kept as it was in the file.
 */
#include <abi/package.h>
#include <port/aarch64/app.h>

static void image_drop(struct port_image *image)
{
    for (uint32_t i = 0; i < image->elf.num_segments; i++) {
        struct image_segment *segment = &image->segment[i];
        for (uint64_t j = 0; segment->page != NULL && j < segment->pages; j++) {
            if (segment->page[j] != NULL) {
                page_give(segment->page[j], 1);
            }
        }
        port_free(segment->page);
    }
    port_free(image);
}

/* Copies a segment of the file into pages. */
static bool segment_fill(struct image_segment *out, const struct elf_segment *segment,
                         const uint8_t *elf)
{
    uint64_t offset = segment->address % PAGE_SIZE;

    out->address = segment->address - offset;
    out->shared = (segment->flags & ELF_WRITE) == 0;
    out->code = (segment->flags & ELF_EXECUTE) != 0;
    out->memory_pages = (offset + segment->memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
    /* Pages beyond the file are zeros: an instance gets them when it touches them. */
    out->pages = (offset + segment->file_size + PAGE_SIZE - 1) / PAGE_SIZE;
    if (out->shared) {
        out->pages = out->memory_pages;
    }
    if (out->pages == 0) {
        return true;
    }
    out->page = port_alloc(out->pages * sizeof(out->page[0]));
    if (out->page == NULL) {
        return false;
    }
    uint64_t done = 0;
    for (uint64_t i = 0; i < out->pages; i++) {
        uint64_t at = i == 0 ? offset : 0;
        uint64_t size = PAGE_SIZE - at;
        out->page[i] = page_take(1);
        if (out->page[i] == NULL) {
            return false;
        }
        if (size > segment->file_size - done) {
            size = segment->file_size - done;
        }
        memcpy((uint8_t *)out->page[i] + at, elf + segment->offset + done, size);
        done += size;
    }
    return true;
}

/* The instructions leave the data caches, and every processor sees them before anybody runs them. */
static void code_publish(const struct port_image *image)
{
    uint64_t line = UINT64_C(4) << (ctr_el0_read() >> 16 & 0xf);

    for (uint32_t i = 0; i < image->elf.num_segments; i++) {
        const struct image_segment *segment = &image->segment[i];
        for (uint64_t j = 0; segment->code && j < segment->pages; j++) {
            const uint8_t *page = segment->page[j];
            for (uint64_t at = 0; at < PAGE_SIZE; at += line) {
                __asm__ volatile("dc cvau, %0" : : "r"(page + at) : "memory");
            }
        }
    }
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

enum error port_image_create(const uint8_t uuid[16], const uint8_t *elf, size_t size,
                             bool development, struct port_image **out)
{
    const char *why = "";
    struct port_image *image = port_alloc(sizeof(*image));

    (void)uuid;
    (void)development;
    if (image == NULL) {
        return E_NO_MEMORY;
    }
    enum error error = elf_decode(elf, size, PACKAGE_ARCH_AARCH64, false, &image->elf, &why);
    if (error != E_OK) {
        port_log(SYS_LOG_ERROR, why, strlen(why));
        port_free(image);
        return error == E_ARCHITECTURE ? E_BAD_FORMAT : error;
    }
    for (uint32_t i = 0; i < image->elf.num_segments; i++) {
        if (!segment_fill(&image->segment[i], &image->elf.segment[i], elf)) {
            image_drop(image);
            return E_NO_MEMORY;
        }
    }
    code_publish(image);
    image->users = 1;
    *out = image;
    return E_OK;
}

void image_get(struct port_image *image)
{
    __atomic_fetch_add(&image->users, 1, __ATOMIC_RELAXED);
}

void image_put(struct port_image *image)
{
    if (__atomic_fetch_sub(&image->users, 1, __ATOMIC_ACQ_REL) == 1) {
        image_drop(image);
    }
}

void port_image_destroy(struct port_image *image)
{
    if (image != NULL) {
        image_put(image);
    }
}

/* Not kept: secure memory is small. Faults are reported by their offset, which `postern inspect` turns
 * into a name. */
const uint8_t *port_image_bytes(const struct port_image *image, size_t *size)
{
    (void)image;
    *size = 0;
    return NULL;
}
