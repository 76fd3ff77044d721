/*
 * Makes the crypto library's image (abi/library.h) of what the linker made:
 *
 *   postern-library ELF OUTPUT
 *
 * The linker script (sdk/crypto/library/library.ld) has laid the parts out and written the header; here
 * the parts come into one file without holes, and the list of relocations, 24 bytes for each pointer,
 * becomes one bit for each word. Refused is an ELF file that wants anything else of a loader.
 */
#include <abi/package.h>
#include <lib/elf.h>
#include <lib/library.h>
#include <tools/file.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY_ELF_MAX (256u << 20) /* with its symbols */

struct library {
    const uint8_t *elf;
    size_t elf_size;
    struct elf_image image;
    struct library_layout layout;
    uint8_t *bytes; /* layout.size */
};

/* The bytes of the ELF file behind an address; NULL: not all of them are in the file. */
static const uint8_t *elf_bytes(const struct library *library, uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < library->image.num_segments; i++) {
        const struct elf_segment *segment = &library->image.segment[i];
        if (address >= segment->address && address - segment->address <= segment->file_size &&
            size <= segment->file_size - (address - segment->address))
            return library->elf + segment->offset + (address - segment->address);
    }
    return NULL;
}

/* The linker wrote the header, which needs to know everything but the file's size. */
static const char *layout_find(struct library *library)
{
    struct library_header header;
    const char *why = "";
    const uint8_t *start = elf_bytes(library, 0, sizeof(header));
    if (start == NULL)
        return "there is no header at address 0";
    memcpy(&header, start, sizeof(header));
    const uint64_t pointers = (uint64_t)header.fixed_pages + header.data_pages;
    const uint64_t size =
        (header.constant_pages + (uint64_t)header.text_pages + pointers) * LIBRARY_PAGE +
        pointers * LIBRARY_BITMAP_PER_PAGE;
    return library_decode(start, size, &library->layout, &why) == E_OK ? NULL : why;
}

static bool part_copy(struct library *library, uint64_t to, uint64_t from, uint64_t size)
{
    const uint8_t *bytes = elf_bytes(library, from, size);
    if (bytes != NULL)
        memcpy(library->bytes + to, bytes, size);
    return bytes != NULL;
}

static bool parts_copy(struct library *library)
{
    const struct library_layout *layout = &library->layout;
    return part_copy(library, 0, 0, layout->text) &&
           part_copy(library, layout->text, layout->text, layout->fixed - layout->text) &&
           part_copy(library, layout->fixed, layout->fixed, layout->data - layout->fixed) &&
           part_copy(library, layout->data, layout->data_address, layout->bitmap - layout->data);
}

/* Where in the file the word at this address is; 0: it is none that may hold a pointer. */
static uint64_t word_place(const struct library_layout *layout, uint64_t address)
{
    if (address % 8 != 0)
        return 0;
    if (address >= layout->fixed && address < layout->data)
        return address;
    if (address >= layout->data_address && address < layout->zeros_address)
        return address - LIBRARY_GAP;
    return 0;
}

static const char *pointer_mark(struct library *library, const Elf64_Rela *pointer)
{
    const struct library_layout *layout = &library->layout;
    const uint64_t place = word_place(layout, pointer->r_offset);
    if (ELF64_R_TYPE(pointer->r_info) != R_AARCH64_RELATIVE)
        return "a relocation is more than an address of the library's own";
    if (place == 0)
        return "a relocation is not of an aligned word among the pointers and data";
    memcpy(library->bytes + place, &pointer->r_addend, sizeof(pointer->r_addend));
    const uint64_t index = (place - layout->fixed) / 8;
    library->bytes[layout->bitmap + index / 8] |= (uint8_t)(1u << index % 8);
    return NULL;
}

static const char *pointers_mark(struct library *library)
{
    uint64_t at = 0;
    uint64_t size = 0;
    for (uint64_t i = 0; i + sizeof(Elf64_Dyn) <= library->image.dynamic_size;
         i += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        const uint8_t *from = elf_bytes(library, library->image.dynamic_address + i, sizeof(entry));
        if (from == NULL)
            return "the dynamic section is cut short";
        memcpy(&entry, from, sizeof(entry));
        if (entry.d_tag == DT_RELA)
            at = entry.d_un.d_ptr;
        if (entry.d_tag == DT_RELASZ)
            size = entry.d_un.d_val;
    }
    const uint8_t *table = elf_bytes(library, at, size);
    if (size == 0 || table == NULL)
        return "there are no relocations";
    const char *why = NULL;
    for (uint64_t i = 0; why == NULL && i + sizeof(Elf64_Rela) <= size; i += sizeof(Elf64_Rela)) {
        Elf64_Rela pointer;
        memcpy(&pointer, table + i, sizeof(pointer));
        why = pointer_mark(library, &pointer);
    }
    return why;
}

static const char *library_make(struct library *library)
{
    const char *why = "";
    if (elf_decode(library->elf, library->elf_size, PACKAGE_ARCH_AARCH64, false, &library->image,
                   &why) != E_OK)
        return why;
    why = layout_find(library);
    if (why != NULL)
        return why;
    library->bytes = calloc(1, library->layout.size);
    if (library->bytes == NULL)
        return "no memory";
    if (!parts_copy(library))
        return "the parts are not where the header says";
    return pointers_mark(library);
}

int main(int argc, char **argv)
{
    FILE_BYTES elf = {0};
    if (argc != 3) {
        fputs("usage: postern-library ELF OUTPUT\n", stderr);
        return 2;
    }
    if (!file_read(argv[1], LIBRARY_ELF_MAX, &elf))
        return EXIT_FAILURE;
    struct library library = {.elf = elf.bytes, .elf_size = elf.size};
    const char *why = library_make(&library);
    if (why != NULL)
        fprintf(stderr, "postern-library: %s: %s\n", argv[1], why);
    const bool done = why == NULL && file_write(argv[2], 0644, library.bytes, library.layout.size);
    free(library.bytes);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
