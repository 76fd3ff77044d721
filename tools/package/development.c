#include <stdlib.h>
#include <string.h>
#include <tools/package/check.h>
#include <tools/package/development.h>
#include <tools/say.h>

#define KEY_NAME "postern.development"
#define KEY_LENGTH (sizeof(KEY_NAME) - 1)

static bool append(struct manifest_packed *to, const struct manifest_entry *entry)
{
    size_t size = 4 + entry->key_length + entry->value_length;
    uint8_t *at = to->bytes + to->size;
    if (size > sizeof(to->bytes) - to->size)
        return say_error("the manifest has no room for %s", KEY_NAME);
    at[0] = (uint8_t)entry->key_length;
    at[1] = (uint8_t)(entry->key_length >> 8);
    at[2] = (uint8_t)entry->value_length;
    at[3] = (uint8_t)(entry->value_length >> 8);
    memcpy(at + 4, entry->key, entry->key_length);
    memcpy(at + 4 + entry->key_length, entry->value, entry->value_length);
    to->size += size;
    return true;
}

/* Below 0, 0, above 0: as manifests are sorted. */
static int compare_to_key(const struct manifest_entry *entry)
{
    size_t shorter = entry->key_length < KEY_LENGTH ? entry->key_length : KEY_LENGTH;
    int order = memcmp(entry->key, KEY_NAME, shorter);
    return order != 0 ? order : (int)entry->key_length - (int)KEY_LENGTH;
}

static bool rewrite_manifest(const struct package *package, struct manifest_packed *out)
{
    static const struct manifest_entry wish = {KEY_NAME, KEY_LENGTH, "true", 4};
    const uint8_t *at = package->manifest;
    size_t left = package->manifest_size;
    struct manifest_entry entry;
    const char *why = NULL;
    bool added = false;
    out->size = 0;
    while (manifest_next(&at, &left, &entry) == E_OK) {
        int order = compare_to_key(&entry);
        if (order >= 0 && !added) {
            added = true;
            if (!append(out, &wish))
                return false;
        }
        if (order != 0 && !append(out, &entry))
            return false;
    }
    if (!added && !append(out, &wish))
        return false;
    if (manifest_decode(out->bytes, out->size, &out->decoded, &why, NULL) == E_OK)
        return true;
    return say_error("the manifest with %s: %s", KEY_NAME, why);
}

bool development_form(const char *name, const uint8_t *bytes, size_t size, const struct key *key,
                      struct builder_package *out)
{
    struct check_package package;
    struct manifest_packed manifest;
    struct builder_image images[PACKAGE_IMAGES_MAX];
    struct key_public public;
    uint8_t signer[PACKAGE_SIGNER_SIZE];
    const char *why = NULL;
    if (check_open(bytes, size, &package, &why) != E_OK || check_content(&package, &why) != E_OK)
        return say_error("%s: %s", name, why);
    for (uint32_t i = 0; i < package.package.num_images; i++) {
        const struct package_image *image = &package.package.image[i];
        images[i] = (struct builder_image){
            .arch = image->arch,
            .path = name,
            .bytes = bytes + image->offset,
            .size = image->size,
        };
    }
    key_public(key, &public);
    if (!rewrite_manifest(&package.package, &manifest) || !key_signer(&public, signer) ||
        !builder_lay_out(&manifest, images, package.package.num_images, signer, out))
        return false;
    if (key_sign(key, out->bytes, out->signed_size, out->bytes + out->signed_size))
        return true;
    free(out->bytes);
    return false;
}
