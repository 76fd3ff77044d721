#include <abi/syscall.h>
#include <lib/elf.h>
#include <stdlib.h>
#include <string.h>
#include <tools/package/arch.h>
#include <tools/package/builder.h>
#include <tools/say.h>

static bool check_images(const struct manifest_packed *manifest, const struct builder_image *images,
                         uint32_t num_images)
{
    for (uint32_t i = 0; i < num_images; i++) {
        struct elf_image elf;
        const char *why = "";
        enum error error = elf_decode(images[i].bytes, images[i].size, images[i].arch,
                                      manifest->decoded.development, &elf, &why);
        if (error != E_OK)
            return say_error("%s cannot be the %s image: %s", images[i].path,
                             arch_name(images[i].arch), why);
        for (uint32_t other = 0; other < i; other++)
            if (images[other].arch == images[i].arch)
                return say_error("%s and %s are both for %s; a package has one image for each "
                                 "architecture",
                                 images[other].path, images[i].path, arch_name(images[i].arch));
    }
    return true;
}

static size_t align_up(size_t offset)
{
    return (offset + PACKAGE_IMAGE_ALIGN - 1) / PACKAGE_IMAGE_ALIGN * PACKAGE_IMAGE_ALIGN;
}

bool builder_lay_out(const struct manifest_packed *manifest, const struct builder_image *images,
                     uint32_t num_images, const uint8_t signer[PACKAGE_SIGNER_SIZE],
                     struct builder_package *out)
{
    struct package_image table[PACKAGE_IMAGES_MAX] = {{.arch = 0}};
    if (!check_images(manifest, images, num_images))
        return false;
    size_t manifest_at = sizeof(struct package_header) + num_images * sizeof(table[0]);
    size_t end = manifest_at + manifest->size;
    for (uint32_t i = 0; i < num_images; i++) {
        if (images[i].size > PACKAGE_SIZE_MAX)
            return say_error("%s is larger than a package may be (%u bytes)", images[i].path,
                             PACKAGE_SIZE_MAX);
        table[i] = (struct package_image){
            .arch = images[i].arch,
            .offset = (uint32_t)align_up(end),
            .size = (uint32_t)images[i].size,
        };
        end = table[i].offset + images[i].size;
    }
    if (end + PACKAGE_SIGNATURE_SIZE > PACKAGE_SIZE_MAX)
        return say_error("the package would be larger than %u bytes", PACKAGE_SIZE_MAX);
    struct package_header header = {
        .magic = PACKAGE_MAGIC,
        .format = PACKAGE_FORMAT,
        .algorithm = PACKAGE_ALGORITHM_RSA3072_PSS_SHA256,
        .total_size = (uint32_t)(end + PACKAGE_SIGNATURE_SIZE),
        .signature_size = PACKAGE_SIGNATURE_SIZE,
        .sdk_abi = SYS_ABI,
        .flags = manifest->decoded.development ? PACKAGE_FLAG_DEVELOPMENT : 0,
        .version = manifest->decoded.version,
        .manifest_offset = (uint32_t)manifest_at,
        .manifest_size = (uint32_t)manifest->size,
        .num_images = num_images,
    };
    memcpy(header.uuid, manifest->decoded.uuid, sizeof(header.uuid));
    memcpy(header.signer, signer, PACKAGE_SIGNER_SIZE);
    uint8_t *bytes = calloc(1, end + PACKAGE_SIGNATURE_SIZE);
    if (bytes == NULL)
        return say_error("out of memory");
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packages are little-endian");
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), table, num_images * sizeof(table[0]));
    memcpy(bytes + manifest_at, manifest->bytes, manifest->size);
    for (uint32_t i = 0; i < num_images; i++)
        memcpy(bytes + table[i].offset, images[i].bytes, images[i].size);
    *out = (struct builder_package){
        .bytes = bytes,
        .size = end + PACKAGE_SIGNATURE_SIZE,
        .signed_size = end,
    };
    return true;
}
