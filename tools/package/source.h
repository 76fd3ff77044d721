/* The line of the source that an address in an ELF file comes from, as addr2line(1) of the binutils
 * tells it. */
#ifndef POSTERN_TOOLS_PACKAGE_SOURCE_H
#define POSTERN_TOOLS_PACKAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_TEXT_MAX 512

/* Writes "FILE:LINE", relative to the working folder if it is below it. False, and nothing said: it is
 * not known, or there is no addr2line. `elf` needs no check: addr2line is another process. */
bool source_find(const uint8_t *elf, size_t elf_size, uint64_t address, char *out, size_t size);

#endif
