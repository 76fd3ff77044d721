/*
 * Puts a trust table, and the crypto library for apps, behind the secure kernel's image for AArch64:
 *
 *   postern-image KERNEL TRUST OUTPUT [LIBRARY]
 *
 * TRUST is a trust file or a folder of them (lib/trust/trust.h), or `-`: the whole room for a table, with
 * a mark in it, for whoever puts it there later (tools/arm64/flash.h). LIBRARY what postern-library made;
 * without one, apps that use cryptography are told that there is none. The kernel needs no rebuild for
 * either. Behind its image come, in eight bytes each, little-endian, the table's length and the
 * library's, and then the table (abi/package.h). The library stands where the kernel's memory ends,
 * which is 8 bytes more than the number at offset 8 of the kernel says; what lies between is zeros,
 * and becomes the kernel's own. OUTPUT is what EL3 starts: our monitor's flash takes it, TF-A as BL32.
 */
#include <lib/error.h>
#include <lib/library.h>
#include <lib/trust/trust.h>
#include <tools/arm64/flash.h>
#include <tools/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The room that port/aarch64/layout.h leaves for the numbers and the table. */
#define IMAGE_TRUST_SIZE 0x4000u
#define IMAGE_TRUST_TABLE 16u
#define IMAGE_END_OFFSET 8u
#define IMAGE_SIZE_MAX (64u << 20)

static int image_fail(const char *what, const char *why)
{
    fprintf(stderr, "postern-image: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static void number_put(uint8_t *to, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> (8 * i));
}

/* Where the kernel's memory ends, from its beginning; 0: this is no kernel. */
static size_t kernel_end(const struct file_bytes *kernel)
{
    uint64_t end = 0;
    if (kernel->size < IMAGE_END_OFFSET + 8)
        return 0;
    for (unsigned i = 0; i < 8; i++)
        end |= (uint64_t)kernel->bytes[IMAGE_END_OFFSET + i] << (8 * i);
    end += IMAGE_END_OFFSET;
    return end % LIBRARY_PAGE == 0 && end >= kernel->size + IMAGE_TRUST_SIZE &&
                   end <= IMAGE_SIZE_MAX
               ? (size_t)end
               : 0;
}

/* What comes behind the kernel's image. */
struct image_parts {
    const uint8_t *trust;
    size_t trust_size;
    bool trust_later; /* `trust` is a mark */
    const uint8_t *library;
    size_t library_size; /* 0: none */
};

static int image_write(const char *path, const struct file_bytes *kernel,
                       const struct image_parts *parts)
{
    const size_t end = kernel_end(kernel);
    if (end == 0)
        return image_fail(path, "what is given as the kernel is something else");
    const size_t trust = kernel->size + IMAGE_TRUST_TABLE;
    size_t size = trust + parts->trust_size;
    if (parts->trust_later)
        size = kernel->size + IMAGE_TRUST_SIZE;
    if (parts->library_size != 0)
        size = end + parts->library_size;
    uint8_t *image = calloc(1, size);
    if (image == NULL)
        return image_fail(path, "no memory");
    memcpy(image, kernel->bytes, kernel->size);
    number_put(image + kernel->size, parts->trust_later ? 0 : parts->trust_size);
    number_put(image + kernel->size + 8, parts->library_size);
    memcpy(image + trust, parts->trust, parts->trust_size);
    if (parts->library_size != 0)
        memcpy(image + end, parts->library, parts->library_size);
    const bool done = file_write(path, 0644, image, size);
    free(image);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The caller frees `trust`. */
static bool trust_read(const char *path, uint8_t **trust, struct image_parts *parts)
{
    struct trust_why why = {"out of memory"};
    parts->trust_later = strcmp(path, "-") == 0;
    if (parts->trust_later) {
        *trust = (uint8_t *)strdup(FLASH_MARK);
        parts->trust_size = strlen(FLASH_MARK);
    } else if (trust_load(path, trust, &parts->trust_size, &why) != E_OK) {
        *trust = NULL;
    }
    parts->trust = *trust;
    if (*trust == NULL)
        (void)image_fail(path, why.text);
    else if (parts->trust_size > IMAGE_TRUST_SIZE - IMAGE_TRUST_TABLE)
        (void)image_fail(path, "more keys and apps than the image has room for");
    else
        return true;
    return false;
}

int main(int argc, char **argv)
{
    const char *why = "";
    uint8_t *trust = NULL;
    struct image_parts parts = {0};
    struct library_layout layout;
    FILE_BYTES kernel = {0};
    FILE_BYTES library = {0};

    if (argc != 4 && argc != 5) {
        fputs("usage: postern-image KERNEL TRUST OUTPUT [LIBRARY]\n", stderr);
        return 2;
    }
    if (!file_read(argv[1], IMAGE_SIZE_MAX, &kernel) ||
        (argc == 5 && !file_read(argv[4], IMAGE_SIZE_MAX, &library)))
        return EXIT_FAILURE;
    if (argc == 5 && library_decode(library.bytes, library.size, &layout, &why) != E_OK)
        return image_fail(argv[4], why);
    int status = EXIT_FAILURE;
    parts.library = library.bytes;
    parts.library_size = library.size;
    if (trust_read(argv[2], &trust, &parts))
        status = image_write(argv[3], &kernel, &parts);
    free(trust);
    return status;
}
