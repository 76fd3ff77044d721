/*
 * manifest.txt to the packed manifest of abi/package.h. The text is made of `key: value` lines
 * (lib/trust/lines.h); packing sorts the entries, turns sizes like 64k into bytes and takes blanks
 * out of lists. What the values mean and which contradict each other is decided by
 * manifest_decode() on the packed form, the very function that the kernel uses.
 *
 * Pure: bytes in, bytes or one sentence out.
 */
#ifndef POSTERN_TOOLS_PACKAGE_MANIFEST_TEXT_H
#define POSTERN_TOOLS_PACKAGE_MANIFEST_TEXT_H

#include <abi/package.h>
#include <lib/error.h>
#include <lib/manifest.h>

#define MANIFEST_TEXT_MAX 65536u
#define MANIFEST_TEXT_ENTRIES_MAX 256u

struct manifest_packed {
    uint8_t bytes[PACKAGE_MANIFEST_MAX];
    size_t size;
    struct manifest decoded; /* points into bytes */
};

/*
 * E_BAD_FORMAT: *why (of `why_size` bytes) is a sentence that begins with the line's number, "line 3: ",
 * when it is about one line, and names the key.
 */
enum error manifest_text_pack(const char *text, size_t size, struct manifest_packed *out, char *why,
                              size_t why_size) MUST_CHECK;

#endif
