/*
 * The crypto library's image, header and bitmap: whatever they say, what is accepted lies in order, within
 * the bytes and within bounds, and relocating it touches nothing but pointers and data.
 */
#include <lib/library.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
    if (!kept)
        abort();
}

/* The bytes that the header asks for, the fuzzer's ones first; NULL: it asks for too many. */
static uint8_t *image_of(const uint8_t *data, size_t size, uint64_t wanted)
{
    uint8_t *bytes = wanted <= 1u << 20 ? calloc(1, wanted) : NULL;
    if (bytes != NULL)
        memcpy(bytes, data, size < wanted ? size : wanted);
    return bytes;
}

static void check(const struct library_layout *layout)
{
    promise(layout->text >= LIBRARY_PAGE && layout->text <= layout->fixed);
    promise(layout->fixed <= layout->data && layout->data <= layout->bitmap);
    promise(layout->bitmap <= layout->size && layout->size <= LIBRARY_SPAN_MAX);
    promise(layout->data_address == layout->data + LIBRARY_GAP);
    promise(layout->data_address <= layout->zeros_address);
    promise(layout->zeros_address <= layout->end_address);
    promise(layout->end_address <= LIBRARY_SPAN_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct library_header header;
    struct library_layout layout;
    const char *why = NULL;
    if (library_decode(data, size, &layout, &why) == E_OK)
        check(&layout);
    promise(why != NULL);
    if (size < sizeof(header))
        return 0;
    /* As if it had the size that it says: what a fuzzer does not find by itself. */
    memcpy(&header, data, sizeof(header));
    const uint64_t pointers = (uint64_t)header.fixed_pages + header.data_pages;
    const uint64_t wanted =
        (header.constant_pages + (uint64_t)header.text_pages + pointers) * LIBRARY_PAGE +
        pointers * LIBRARY_BITMAP_PER_PAGE;
    if (library_decode(data, wanted, &layout, &why) != E_OK)
        return 0;
    check(&layout);
    promise(layout.size == wanted);
    uint8_t *bytes = image_of(data, size, wanted);
    if (bytes != NULL) {
        library_relocate(bytes, &layout, UINT64_C(0x60000000));
        promise(memcmp(bytes, data, size < layout.fixed ? size : layout.fixed) == 0);
    }
    free(bytes);
    return 0;
}
