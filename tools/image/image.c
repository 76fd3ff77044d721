/*
 * Puts a trust table behind the secure kernel's image for AArch64:
 *
 *   postern-image KERNEL TRUST OUTPUT
 *
 * TRUST is a trust file or a folder of them (lib/trust/trust.h). The kernel needs no rebuild for it:
 * its image ends where the table begins, which is its length in eight bytes, little-endian, and then
 * the bytes of abi/package.h. OUTPUT is what EL3 starts: our monitor's flash takes it, TF-A as BL32.
 */
#include <lib/error.h>
#include <lib/trust/trust.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The room that port/aarch64/layout.h leaves, less the length. */
#define IMAGE_TRUST_MAX (0x4000u - 8u)

static int image_fail(const char *what, const char *why)
{
    fprintf(stderr, "postern-image: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static int image_copy(FILE *to, const char *path)
{
    FILE *from = fopen(path, "rb");
    char buffer[65536];
    size_t got = sizeof(buffer);

    if (from == NULL) {
        return image_fail(path, strerror(errno));
    }
    while (got == sizeof(buffer)) {
        got = fread(buffer, 1, sizeof(buffer), from);
        if (fwrite(buffer, 1, got, to) != got) {
            break;
        }
    }
    int failed = ferror(from) || ferror(to);
    fclose(from);
    return failed ? image_fail(path, "cannot be copied") : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct trust_why why = {""};
    uint8_t *table;
    size_t size;
    uint8_t length[8];

    if (argc != 4) {
        return image_fail("usage", "postern-image KERNEL TRUST OUTPUT");
    }
    enum error error = trust_load(argv[2], &table, &size, &why);
    if (error != E_OK) {
        return image_fail(error_name(error), why.text);
    }
    if (size > IMAGE_TRUST_MAX) {
        return image_fail(argv[2], "more keys and apps than the image has room for");
    }
    for (unsigned i = 0; i < sizeof(length); i++) {
        length[i] = (uint8_t)((uint64_t)size >> (8 * i));
    }
    FILE *out = fopen(argv[3], "wb");
    if (out == NULL) {
        return image_fail(argv[3], strerror(errno));
    }
    if (image_copy(out, argv[1]) != EXIT_SUCCESS) {
        return EXIT_FAILURE;
    }
    if (fwrite(length, 1, sizeof(length), out) != sizeof(length) ||
        fwrite(table, 1, size, out) != size || fclose(out) != 0) {
        return image_fail(argv[3], "cannot be written");
    }
    free(table);
    return EXIT_SUCCESS;
}
