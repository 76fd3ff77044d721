/*
 * Decoding of an app's ELF file: static position-independent executables for x86-64 and AArch64.
 * Pure; the kernel checks every image with it before a port maps or starts it, the package tools
 * before they sign.
 */
#ifndef POSTERN_LIB_ELF_H
#define POSTERN_LIB_ELF_H

#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16u
#define ELF_SPAN_MAX (UINT64_C(256) << 20) /* bytes of address space that an app may cover */
#define ELF_PAGE_SIZE 4096u

#define ELF_EXECUTE 1u
#define ELF_WRITE 2u
#define ELF_READ 4u

struct elf_segment {
    uint64_t address; /* from the load address, as in the file */
    uint64_t offset;
    uint64_t file_size;
    uint64_t memory_size;
    uint32_t flags; /* ELF_* */
};

struct elf_image {
    uint64_t entry;
    uint64_t span; /* from address 0 to the end of the last segment, rounded up to pages */
    uint64_t dynamic_address; /* PT_DYNAMIC; 0 when there is none */
    uint64_t dynamic_size;
    uint64_t relro_address; /* PT_GNU_RELRO; size 0 when there is none */
    uint64_t relro_size;
    uint32_t num_segments;
    bool has_interpreter;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/*
 * Checks the whole: header, program headers, and that the segments lie in the file, in ascending
 * order without sharing a page, within ELF_SPAN_MAX, none both writable and executable, the entry
 * in an executable one. `arch` is PACKAGE_ARCH_*. `allow_interpreter`: accept PT_INTERP (the
 * development form). `*why` gets a sentence.
 * E_BAD_FORMAT; E_ARCHITECTURE.
 */
enum error elf_decode(const uint8_t *bytes, size_t size, uint32_t arch, bool allow_interpreter,
                      struct elf_image *out, const char **why) MUST_CHECK;

/*
 * The function symbol that covers `address` (as in the file): its name (NUL-terminated, cut to
 * fit) and how far into it. False when there is none, or the symbol table is missing or damaged.
 */
bool elf_symbol(const uint8_t *bytes, size_t size, uint64_t address, char *name, size_t name_size,
                uint64_t *offset);

#endif
