/*
 * Decoding of app packages (abi/package.h): pure functions from bytes to a checked structure. The
 * kernel and the package tools use the same ones, so that `postern verify` says what the kernel
 * would.
 *
 * The order matters: package_decode_header looks at the fixed part alone (to find the key that the
 * signature must verify with); package_decode at the rest, once the signature was verified.
 */
#ifndef POSTERN_LIB_PACKAGE_H
#define POSTERN_LIB_PACKAGE_H

#include <abi/package.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct package {
    struct package_header header; /* a copy */
    const uint8_t *bytes;         /* the whole file; the caller's */
    size_t size;
    size_t signed_size; /* the first bytes, over which the signature goes */
    const uint8_t *signature;
    const uint8_t *manifest;
    size_t manifest_size;
    uint32_t num_images;
    struct package_image image[PACKAGE_IMAGES_MAX]; /* copies, ranges checked */
};

/*
 * Checks the fixed part of the header and sets header, bytes, size, signed_size and signature.
 * `*why` gets a sentence for a log (never NULL).
 * E_SHORT: fewer bytes than the header says; E_EXCESS: more; E_BAD_FORMAT: not a package, or an
 * algorithm or format that is not accepted.
 */
enum error package_decode_header(const uint8_t *bytes, size_t size, struct package *out,
                                 const char **why) MUST_CHECK;

/*
 * After package_decode_header: the image table and the ranges of manifest and images.
 * E_BAD_FORMAT: ranges leave the file, overlap, are out of order; an architecture stands twice; a
 * reserved field is not zero.
 */
enum error package_decode(struct package *package, const char **why) MUST_CHECK;

/* The image for this architecture; NULL when there is none. */
const struct package_image *package_image_for(const struct package *package, uint32_t arch);

#endif
