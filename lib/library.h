/*
 * Decoding of the crypto library's image (abi/library.h). Pure; the kernel checks what stands behind it
 * with this before it relocates and maps anything, and the tool what it has made.
 */
#ifndef POSTERN_LIB_LIBRARY_H
#define POSTERN_LIB_LIBRARY_H

#include <abi/library.h>
#include <lib/error.h>
#include <stdint.h>

#define LIBRARY_SPAN_MAX (UINT64_C(64) << 20) /* bytes of address space, the hole included */

/* Where the parts begin, in bytes; each ends where the next one begins. */
struct library_layout {
    /* In the file. From `constants` (0) to `data` this is the address from the base, too. */
    uint64_t text;
    uint64_t fixed;
    uint64_t data;
    uint64_t bitmap;
    uint64_t size; /* of the file */
    /* From the base. */
    uint64_t data_address;
    uint64_t zeros_address;
    uint64_t end_address;
};

/*
 * Checks the header at the image's beginning against the image's whole size: the parts fill it, the
 * address space that it takes is bounded, the exports lie in `fixed` and the start in the text.
 * Looks at nothing but the header: `bytes` need not be more than that. `*why` gets a sentence.
 * E_BAD_FORMAT; E_VERSION: made for another kernel.
 */
enum error library_decode(const uint8_t *bytes, uint64_t size, struct library_layout *out,
                          const char **why) MUST_CHECK;

/* Adds `base` to every word of `fixed` and `data` that the bitmap names. `bytes` are all of the image,
 * aligned to 8, whose header gave `layout`; any bitmap is harmless. */
void library_relocate(uint8_t *bytes, const struct library_layout *layout, uint64_t base);

#endif
