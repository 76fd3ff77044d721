/*
 * Puts a package together (abi/package.h), up to its signature. The order of the bytes: header,
 * table of images, manifest, images, signature; the same input gives the same bytes.
 */
#ifndef POSTERN_TOOLS_PACKAGE_BUILDER_H
#define POSTERN_TOOLS_PACKAGE_BUILDER_H

#include <abi/package.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tools/package/manifest_text.h>

struct builder_image {
    uint32_t arch;    /* PACKAGE_ARCH_* */
    const char *path; /* for messages */
    const uint8_t *bytes;
    size_t size;
};

struct builder_package {
    uint8_t *bytes;     /* with room for the signature at the end, zeros; the caller's to free() */
    size_t size;        /* all of it */
    size_t signed_size; /* what the signature goes over */
};

/*
 * Checks each image (lib/elf.h, as the kernel will; static unless the manifest asks for the
 * development form) and lays all out. False, said, when an image is refused, two are for the same
 * architecture, or the whole is too large.
 */
bool builder_lay_out(const struct manifest_packed *manifest, const struct builder_image *images,
                     uint32_t num_images, const uint8_t signer[PACKAGE_SIGNER_SIZE],
                     struct builder_package *out);

#endif
