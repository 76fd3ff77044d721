/*
 * The crypto library for apps in TrustZone: one image behind the secure kernel's, which the kernel
 * relocates once at its start, for one random address, and shows to every app that asks for it
 * (abi/syscall.h, SVC #3). All numbers little-endian; whole pages of 4 KiB.
 *
 * The file, and from `base` on the app's address space:
 *
 *   constants   header (this structure first), read-only data     app: read
 *   text                                                          app: read, execute
 *   fixed       pointers; read-only once they are relocated       app: read
 *   (a hole of LIBRARY_GAP in the address space, nothing in the file: what lies behind it has
 *   translation tables of its own)
 *   data        each app has its own copy                         app: read, write
 *   (zeros, in the address space only)                            app: read, write
 *
 * and at the file's end a bitmap: bit i (of byte i / 8, the lowest first) says that word i of `fixed`
 * and `data`, counted through both, is an address, to which the base is to be added.
 *
 * Apps call a function of the library through the table of exports, by a number that stays its own:
 * the list only grows at its end.
 */
#ifndef POSTERN_ABI_LIBRARY_H
#define POSTERN_ABI_LIBRARY_H

/* Also read by the linker script that makes the header. */
#define LIBRARY_MAGIC 0x3142494c4e545350 /* "PSTNLIB1" */
#define LIBRARY_ABI 1
#define LIBRARY_GAP 0x200000
#define LIBRARY_PAGE 4096

#if !defined(__ASSEMBLER__) && !defined(LIBRARY_LINKER_SCRIPT)

#include <stddef.h>
#include <stdint.h>

struct library_header {
    uint64_t magic;
    uint32_t abi;
    uint32_t num_exports;
    uint32_t constant_pages;
    uint32_t text_pages;
    uint32_t fixed_pages;
    uint32_t data_pages;
    uint32_t zero_pages;
    uint32_t exports; /* from base, in `fixed`: addresses of the functions */
    uint32_t start;   /* from base, in the text: sdk/crypto/library/imports.h */
    uint32_t reserved;
};
_Static_assert(offsetof(struct library_header, abi) == 8, "linker script");
_Static_assert(offsetof(struct library_header, constant_pages) == 16, "linker script");
_Static_assert(offsetof(struct library_header, zero_pages) == 32, "linker script");
_Static_assert(offsetof(struct library_header, start) == 40, "linker script");
_Static_assert(sizeof(struct library_header) == 48, "linker script");

/* Bitmap bytes for one page. */
#define LIBRARY_BITMAP_PER_PAGE (LIBRARY_PAGE / 8 / 8)

#endif
#endif
