#include <lib/package.h>
#include <lib/reader.h>
#include <lib/uuid.h>

static enum error refuse(enum error error, const char *text, const char **why)
{
    *why = text;
    return error;
}

enum error package_decode_header(const uint8_t *bytes, size_t size, struct package *out,
                                 const char **why)
{
    *why = "";
    struct reader reader = reader_of(bytes, size);
    struct package_header header;
    reader_copy(&reader, &header, sizeof(header));
    if (!reader_ok(&reader))
        return refuse(E_SHORT, "shorter than a package's header", why);
    if (header.magic != PACKAGE_MAGIC)
        return refuse(E_BAD_FORMAT, "not an app package (wrong magic number)", why);
    if (header.format != PACKAGE_FORMAT)
        return refuse(E_BAD_FORMAT, "a package format that this version does not know", why);
    if (header.algorithm != PACKAGE_ALGORITHM_RSA3072_PSS_SHA256 ||
        header.signature_size != PACKAGE_SIGNATURE_SIZE)
        return refuse(E_BAD_FORMAT, "a signature algorithm that is not accepted", why);
    if (header.total_size > PACKAGE_SIZE_MAX)
        return refuse(E_BAD_FORMAT, "the header names a size above the limit", why);
    if (header.total_size < sizeof(header) + PACKAGE_SIGNATURE_SIZE)
        return refuse(E_BAD_FORMAT, "the header names a size too small for its signature", why);
    if (size < header.total_size)
        return refuse(E_SHORT, "cut short: fewer bytes than its header says", why);
    if (size > header.total_size)
        return refuse(E_EXCESS, "extended: more bytes than its header says", why);
    *out = (struct package){
        .header = header,
        .bytes = bytes,
        .size = size,
        .signed_size = size - PACKAGE_SIGNATURE_SIZE,
        .signature = bytes + (size - PACKAGE_SIGNATURE_SIZE),
    };
    return E_OK;
}

/* Whether [offset, offset + size) lies within [from, end). */
static bool lies_within(uint32_t offset, uint32_t size, size_t from, size_t end)
{
    return offset >= from && offset <= end && size <= end - offset;
}

static enum error decode_images(struct package *package, struct reader *reader, const char **why)
{
    size_t from =
        sizeof(struct package_header) + package->header.num_images * sizeof(struct package_image);
    size_t end = (size_t)package->header.manifest_offset + package->header.manifest_size;
    for (uint32_t i = 0; i < package->header.num_images; i++) {
        struct package_image *image = &package->image[i];
        reader_copy(reader, image, sizeof(*image));
        if (!reader_ok(reader))
            return refuse(E_BAD_FORMAT, "the table of images leaves the file", why);
        if (image->reserved != 0)
            return refuse(E_BAD_FORMAT, "a reserved field of an image is not zero", why);
        if (image->size == 0 || image->offset % PACKAGE_IMAGE_ALIGN != 0)
            return refuse(E_BAD_FORMAT, "an image is empty or not aligned", why);
        if (!lies_within(image->offset, image->size, from, package->signed_size))
            return refuse(E_BAD_FORMAT, "an image lies outside the file", why);
        if (image->offset < end)
            return refuse(E_BAD_FORMAT, "images overlap or are out of order", why);
        end = (size_t)image->offset + image->size;
        for (uint32_t other = 0; other < i; other++)
            if (package->image[other].arch == image->arch)
                return refuse(E_BAD_FORMAT, "two images for one architecture", why);
    }
    package->num_images = package->header.num_images;
    return E_OK;
}

enum error package_decode(struct package *package, const char **why)
{
    *why = "";
    const struct package_header *header = &package->header;
    if (uuid_is_nil(header->uuid))
        return refuse(E_BAD_FORMAT, "the nil UUID is no app's", why);
    if (header->reserved[0] != 0 || header->reserved[1] != 0)
        return refuse(E_BAD_FORMAT, "a reserved field of the header is not zero", why);
    if ((header->flags & ~PACKAGE_FLAGS_KNOWN) != 0)
        return refuse(E_BAD_FORMAT, "a flag that this version does not know", why);
    if (header->num_images == 0 || header->num_images > PACKAGE_IMAGES_MAX)
        return refuse(E_BAD_FORMAT, "no image, or too many", why);
    if (header->manifest_size > PACKAGE_MANIFEST_MAX)
        return refuse(E_BAD_FORMAT, "the manifest is larger than the limit", why);
    size_t table_end =
        sizeof(struct package_header) + header->num_images * sizeof(struct package_image);
    if (!lies_within(header->manifest_offset, header->manifest_size, table_end,
                     package->signed_size))
        return refuse(E_BAD_FORMAT, "the manifest lies outside the file", why);
    struct reader reader = reader_of(package->bytes, package->signed_size);
    if (reader_take(&reader, sizeof(struct package_header)) == NULL)
        return refuse(E_BAD_FORMAT, "no header", why);
    enum error error = decode_images(package, &reader, why);
    if (error != E_OK)
        return error;
    package->manifest = package->bytes + header->manifest_offset;
    package->manifest_size = header->manifest_size;
    return E_OK;
}

const struct package_image *package_image_for(const struct package *package, uint32_t arch)
{
    for (uint32_t i = 0; i < package->num_images; i++)
        if (package->image[i].arch == arch)
            return &package->image[i];
    return NULL;
}
