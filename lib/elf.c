#include <abi/package.h>
#include <lib/elf.h>
#include <lib/reader.h>

/* Numbers of the ELF-64 object file format, version 1.5, and of the processors' supplements. */
#define MACHINE_X86_64 62u
#define MACHINE_AARCH64 183u
#define TYPE_DYN 3u
#define SEGMENT_LOAD 1u
#define SEGMENT_DYNAMIC 2u
#define SEGMENT_INTERP 3u
#define SEGMENT_GNU_RELRO 0x6474e552u
#define SECTION_SYMTAB 2u
#define SYMBOL_FUNC 2u
#define HEADER_SIZE 64u
#define PROGRAM_HEADER_SIZE 56u
#define SECTION_HEADER_SIZE 64u
#define SYMBOL_SIZE 24u

static uint64_t read_u64(struct reader *reader)
{
    uint64_t low = reader_u32(reader);
    return low | (uint64_t)reader_u32(reader) << 32;
}

struct elf_header {
    uint32_t type;
    uint32_t machine;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t program_size;
    uint32_t program_count;
    uint32_t section_size;
    uint32_t section_count;
};

static bool decode_header(const uint8_t *bytes, size_t size, struct elf_header *out)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    struct reader reader = reader_of(bytes, size);
    const uint8_t *start = reader_take(&reader, 16);
    if (start == NULL)
        return false;
    for (size_t i = 0; i < sizeof(ident); i++)
        if (start[i] != ident[i])
            return false;
    out->type = reader_u16(&reader);
    out->machine = reader_u16(&reader);
    uint32_t version = reader_u32(&reader);
    out->entry = read_u64(&reader);
    out->program_offset = read_u64(&reader);
    out->section_offset = read_u64(&reader);
    (void)reader_u32(&reader); /* flags */
    uint32_t header_size = reader_u16(&reader);
    out->program_size = reader_u16(&reader);
    out->program_count = reader_u16(&reader);
    out->section_size = reader_u16(&reader);
    out->section_count = reader_u16(&reader);
    return reader_ok(&reader) && version == 1 && header_size == HEADER_SIZE;
}

static enum error refuse(const char *text, const char **why)
{
    *why = text;
    return E_BAD_FORMAT;
}

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(ELF_PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + ELF_PAGE_SIZE - 1);
}

static enum error check_segment(const struct elf_segment *segment, uint64_t alignment, size_t size,
                                uint64_t end, const char **why)
{
    if (segment->offset > size || segment->file_size > size - segment->offset)
        return refuse("a segment's bytes lie outside the ELF file", why);
    if (segment->memory_size < segment->file_size || segment->memory_size == 0)
        return refuse("a segment is smaller in memory than in the file", why);
    if (segment->address > ELF_SPAN_MAX || segment->memory_size > ELF_SPAN_MAX - segment->address)
        return refuse("a segment would map outside the app's address space", why);
    if (alignment < ELF_PAGE_SIZE || (alignment & (alignment - 1)) != 0 ||
        (segment->address - segment->offset) % ELF_PAGE_SIZE != 0)
        return refuse("a segment is not aligned to pages", why);
    if (page_down(segment->address) < end)
        return refuse("segments overlap, share a page, or are out of order", why);
    if ((segment->flags & ELF_WRITE) != 0 && (segment->flags & ELF_EXECUTE) != 0)
        return refuse("a segment is both writable and executable", why);
    return E_OK;
}

static enum error decode_segments(const uint8_t *bytes, size_t size,
                                  const struct elf_header *header, struct elf_image *out,
                                  const char **why)
{
    if (header->program_size != PROGRAM_HEADER_SIZE || header->program_count == 0 ||
        header->program_offset > size ||
        header->program_count > (size - header->program_offset) / PROGRAM_HEADER_SIZE)
        return refuse("the program headers lie outside the ELF file", why);
    struct reader reader = reader_of(bytes + header->program_offset,
                                     (size_t)header->program_count * PROGRAM_HEADER_SIZE);
    uint64_t end = 0;
    for (uint32_t i = 0; i < header->program_count; i++) {
        uint32_t type = reader_u32(&reader);
        struct elf_segment segment = {.flags = reader_u32(&reader)};
        segment.offset = read_u64(&reader);
        segment.address = read_u64(&reader);
        (void)read_u64(&reader); /* physical address */
        segment.file_size = read_u64(&reader);
        segment.memory_size = read_u64(&reader);
        uint64_t alignment = read_u64(&reader);
        if (type == SEGMENT_INTERP)
            out->has_interpreter = true;
        if (type == SEGMENT_DYNAMIC) {
            out->dynamic_address = segment.address;
            out->dynamic_size = segment.memory_size;
        }
        if (type == SEGMENT_GNU_RELRO) {
            out->relro_address = segment.address;
            out->relro_size = segment.memory_size;
        }
        if (type != SEGMENT_LOAD || segment.memory_size == 0)
            continue;
        if (out->num_segments == ELF_SEGMENTS_MAX)
            return refuse("too many segments", why);
        enum error error = check_segment(&segment, alignment, size, end, why);
        if (error != E_OK)
            return error;
        end = page_up(segment.address + segment.memory_size);
        out->segment[out->num_segments++] = segment;
    }
    out->span = end;
    return E_OK;
}

/* Whether [address, address + size) lies within one segment's memory. */
static bool range_is_loaded(const struct elf_image *image, uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < image->num_segments; i++) {
        const struct elf_segment *s = &image->segment[i];
        if (address >= s->address && address - s->address <= s->memory_size &&
            size <= s->memory_size - (address - s->address))
            return true;
    }
    return false;
}

static bool entry_is_executable(const struct elf_image *image)
{
    for (uint32_t i = 0; i < image->num_segments; i++) {
        const struct elf_segment *s = &image->segment[i];
        if ((s->flags & ELF_EXECUTE) != 0 && image->entry >= s->address &&
            image->entry - s->address < s->file_size)
            return true;
    }
    return false;
}

enum error elf_decode(const uint8_t *bytes, size_t size, uint32_t arch, bool allow_interpreter,
                      struct elf_image *out, const char **why)
{
    struct elf_header header;
    *why = "";
    *out = (struct elf_image){0};
    if (!decode_header(bytes, size, &header))
        return refuse("not a 64-bit little-endian ELF file", why);
    uint32_t machine = arch == PACKAGE_ARCH_X86_64 ? MACHINE_X86_64 : MACHINE_AARCH64;
    if (header.machine != machine) {
        *why = "an ELF file for another architecture";
        return E_ARCHITECTURE;
    }
    if (header.type != TYPE_DYN)
        return refuse("not a position-independent executable", why);
    enum error error = decode_segments(bytes, size, &header, out, why);
    if (error != E_OK)
        return error;
    out->entry = header.entry;
    if (out->num_segments == 0 || !entry_is_executable(out))
        return refuse("the entry point is not in an executable segment", why);
    if (out->dynamic_size != 0 && !range_is_loaded(out, out->dynamic_address, out->dynamic_size))
        return refuse("the dynamic section lies outside the segments", why);
    if (out->has_interpreter && !allow_interpreter)
        return refuse("not a static executable: it asks for a dynamic linker", why);
    return E_OK;
}

struct symbol_table {
    const uint8_t *symbols;
    size_t count;
    const uint8_t *names;
    size_t names_size;
};

/* Section `index`: its type, link, and bytes. */
static bool section_at(const uint8_t *bytes, size_t size, const struct elf_header *header,
                       uint32_t index, uint32_t *type, uint32_t *link, const uint8_t **data,
                       size_t *data_size)
{
    if (index >= header->section_count)
        return false;
    struct reader reader = reader_of(
        bytes + header->section_offset + (size_t)index * SECTION_HEADER_SIZE, SECTION_HEADER_SIZE);
    (void)reader_u32(&reader); /* name */
    *type = reader_u32(&reader);
    (void)reader_take(&reader, 16); /* flags, address */
    uint64_t offset = read_u64(&reader);
    uint64_t length = read_u64(&reader);
    *link = reader_u32(&reader);
    if (offset > size || length > size - offset)
        return false;
    *data = bytes + offset;
    *data_size = (size_t)length;
    return true;
}

static bool find_symbols(const uint8_t *bytes, size_t size, struct symbol_table *out)
{
    struct elf_header header;
    if (!decode_header(bytes, size, &header) || header.section_size != SECTION_HEADER_SIZE ||
        header.section_offset > size ||
        header.section_count > (size - header.section_offset) / SECTION_HEADER_SIZE)
        return false;
    for (uint32_t i = 0; i < header.section_count; i++) {
        uint32_t type = 0;
        uint32_t link = 0;
        uint32_t ignored = 0;
        size_t data_size = 0;
        if (!section_at(bytes, size, &header, i, &type, &link, &out->symbols, &data_size) ||
            type != SECTION_SYMTAB)
            continue;
        out->count = data_size / SYMBOL_SIZE;
        return section_at(bytes, size, &header, link, &type, &ignored, &out->names,
                          &out->names_size);
    }
    return false;
}

static bool copy_name(const struct symbol_table *table, uint32_t at, char *name, size_t name_size)
{
    size_t length = 0;
    for (; at < table->names_size && table->names[at] != 0 && length + 1 < name_size; at++) {
        char c = (char)table->names[at];
        name[length++] = c > ' ' && c < 0x7f ? c : '?';
    }
    name[length] = '\0';
    return length > 0;
}

bool elf_symbol(const uint8_t *bytes, size_t size, uint64_t address, char *name, size_t name_size,
                uint64_t *offset)
{
    struct symbol_table table;
    if (name_size == 0 || !find_symbols(bytes, size, &table))
        return false;
    for (size_t i = 0; i < table.count; i++) {
        struct reader reader = reader_of(table.symbols + i * SYMBOL_SIZE, SYMBOL_SIZE);
        uint32_t name_at = reader_u32(&reader);
        const uint8_t *info = reader_take(&reader, 4); /* info, other, section */
        uint64_t value = read_u64(&reader);
        uint64_t length = read_u64(&reader);
        if (!reader_ok(&reader) || info == NULL || (info[0] & 0xf) != SYMBOL_FUNC)
            continue;
        if (address >= value && address - value < length &&
            copy_name(&table, name_at, name, name_size)) {
            *offset = address - value;
            return true;
        }
    }
    return false;
}
