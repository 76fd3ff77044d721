#include <lib/library.h>
#include <lib/reader.h>

static enum error refuse(const char *text, const char **why)
{
    *why = text;
    return E_BAD_FORMAT;
}

static struct library_header header_read(const uint8_t *bytes)
{
    struct library_header header;
    struct reader reader = reader_of(bytes, sizeof(header));

    uint64_t low = reader_u32(&reader);
    header.magic = low | (uint64_t)reader_u32(&reader) << 32;
    header.abi = reader_u32(&reader);
    header.num_exports = reader_u32(&reader);
    header.constant_pages = reader_u32(&reader);
    header.text_pages = reader_u32(&reader);
    header.fixed_pages = reader_u32(&reader);
    header.data_pages = reader_u32(&reader);
    header.zero_pages = reader_u32(&reader);
    header.exports = reader_u32(&reader);
    header.start = reader_u32(&reader);
    header.reserved = reader_u32(&reader);
    return header;
}

/* Numbers of 32 bits, added and multiplied by a page in 64: nothing overflows. */
static void layout_of(const struct library_header *header, struct library_layout *out)
{
    const uint64_t pointers = (uint64_t)header->fixed_pages + header->data_pages;

    out->text = (uint64_t)header->constant_pages * LIBRARY_PAGE;
    out->fixed = out->text + (uint64_t)header->text_pages * LIBRARY_PAGE;
    out->data = out->fixed + (uint64_t)header->fixed_pages * LIBRARY_PAGE;
    out->bitmap = out->data + (uint64_t)header->data_pages * LIBRARY_PAGE;
    out->size = out->bitmap + pointers * LIBRARY_BITMAP_PER_PAGE;
    out->data_address = out->data + LIBRARY_GAP;
    out->zeros_address = out->bitmap + LIBRARY_GAP;
    out->end_address = out->zeros_address + (uint64_t)header->zero_pages * LIBRARY_PAGE;
}

enum error library_decode(const uint8_t *bytes, uint64_t size, struct library_layout *out,
                          const char **why)
{
    *why = "";
    *out = (struct library_layout){0};
    if (size < sizeof(struct library_header))
        return refuse("the crypto library is cut short", why);
    const struct library_header header = header_read(bytes);
    if (header.magic != LIBRARY_MAGIC)
        return refuse("what stands for the crypto library is something else", why);
    if (header.abi != LIBRARY_ABI) {
        *why = "the crypto library is for another kernel";
        return E_VERSION;
    }
    layout_of(&header, out);
    if (out->size != size)
        return refuse("the crypto library has not the size that it says", why);
    if (header.constant_pages == 0 || out->end_address > LIBRARY_SPAN_MAX)
        return refuse("the crypto library's parts are too large, or missing", why);
    if (header.start < out->text || header.start >= out->fixed || header.start % 4 != 0)
        return refuse("the crypto library's start lies outside its text", why);
    if (header.exports < out->fixed || header.exports % 8 != 0 || header.exports > out->data ||
        header.num_exports > (out->data - header.exports) / 8)
        return refuse("the crypto library's exports lie outside its pointers", why);
    return E_OK;
}

void library_relocate(uint8_t *bytes, const struct library_layout *layout, uint64_t base)
{
    uint64_t *word = (uint64_t *)(void *)(bytes + layout->fixed);

    /* LIBRARY_BITMAP_PER_PAGE: eight words to a byte, so that neither is left over. */
    for (uint64_t i = layout->bitmap; i < layout->size; i++, word += 8) {
        for (unsigned bits = bytes[i]; bits != 0; bits &= bits - 1)
            word[__builtin_ctz(bits)] += base;
    }
}
