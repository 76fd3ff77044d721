/*
 * Packages that `postern sign` would refuse to make: taken apart, changed, put together and signed
 * with a trusted key by OpenSSL, which shares no code with what checks them.
 */
#ifndef TESTS_E2E_FORGE_H
#define TESTS_E2E_FORGE_H

#include <abi/package.h>
#include <stddef.h>
#include <stdint.h>

/* A package in its parts. Whoever has one frees it with forge_free. */
struct forge {
    struct package_header header;
    struct package_image image[PACKAGE_IMAGES_MAX]; /* one, until the test changes it */
    uint8_t *manifest;
    size_t manifest_size;
    uint8_t *elf;
    size_t elf_size;
};

/* Takes a good package with one image apart. The test ends when it is none. */
struct forge forge_read(const char *path);
void forge_free(struct forge *forge);

/* Puts header, image table (header.num_images entries, at most four), manifest, ELF file and signature
 * together. With `layout`, offsets and sizes are computed first, for one image; else they are used
 * as they stand. The signature is always right. */
void forge_write(const struct forge *forge, const char *key, const char *path, int layout);

/* The manifest anew: pairs of key and value, NULL-terminated, in the order given. */
void forge_manifest(struct forge *forge, const char *const *pairs);

#endif
