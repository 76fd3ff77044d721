#include <abi/syscall.h>
#include <lib/uuid.h>
#include <string.h>
#include <tools/package/check.h>
#include <tools/package/signature.h>

static enum error refuse(enum error error, const char *text, const char **why)
{
    *why = text;
    return error;
}

enum error check_open(const uint8_t *bytes, size_t size, struct check_package *out,
                      const char **why)
{
    memset(out, 0, sizeof(*out));
    return package_decode_header(bytes, size, &out->package, why);
}

enum error check_signature(const struct check_package *package, const struct key_public *key,
                           const char **why)
{
    uint8_t signer[PACKAGE_SIGNER_SIZE];
    if (!key_signer(key, signer) ||
        memcmp(signer, package->package.header.signer, sizeof(signer)) != 0)
        return refuse(E_SECURITY, "the package names another key as its signer", why);
    if (!signature_verifies(key, package->package.bytes, package->package.signed_size,
                            package->package.signature))
        return refuse(E_SECURITY,
                      "the signature does not verify: the file was changed, or signed "
                      "with another key",
                      why);
    return E_OK;
}

static enum error check_agreement(const struct check_package *package, const char **why)
{
    const struct package_header *header = &package->package.header;
    const struct manifest *manifest = &package->manifest;
    if (!uuid_equal(header->uuid, manifest->uuid))
        return refuse(E_BAD_FORMAT, "header and manifest name different UUIDs", why);
    if (header->version != manifest->version)
        return refuse(E_BAD_FORMAT, "header and manifest name different versions", why);
    if (((header->flags & PACKAGE_FLAG_DEVELOPMENT) != 0) != manifest->development)
        return refuse(E_BAD_FORMAT, "header and manifest disagree about the development form", why);
    if (header->sdk_abi != SYS_ABI)
        return refuse(E_VERSION, "the app was built with an SDK of another app ABI number", why);
    return E_OK;
}

enum error check_content(struct check_package *package, const char **why)
{
    enum error error = package_decode(&package->package, why);
    if (error != E_OK)
        return error;
    error = manifest_decode(package->package.manifest, package->package.manifest_size,
                            &package->manifest, why, NULL);
    if (error != E_OK)
        return error;
    error = check_agreement(package, why);
    for (uint32_t i = 0; error == E_OK && i < package->package.num_images; i++) {
        const struct package_image *image = &package->package.image[i];
        if (image->arch != PACKAGE_ARCH_X86_64 && image->arch != PACKAGE_ARCH_AARCH64)
            continue; /* for a processor that a later version knows */
        error = elf_decode(package->package.bytes + image->offset, image->size, image->arch,
                           package->manifest.development, &package->elf[i], why);
    }
    return error;
}

/* The signer's entry of a table that the caller's own trust_load made: its lengths are right. */
static const struct trust_key *find_key(const uint8_t *table, size_t size, const uint8_t *signer)
{
    struct trust_header header;
    memcpy(&header, table, sizeof(header));
    size_t at = sizeof(header);
    for (uint32_t i = 0; i < header.num_keys && size - at >= sizeof(struct trust_key); i++) {
        const struct trust_key *key = (const struct trust_key *)(const void *)(table + at);
        struct key_public public = {.exponent = key->exponent};
        uint8_t name[PACKAGE_SIGNER_SIZE];
        memcpy(public.modulus, key->modulus, sizeof(public.modulus));
        if (key_signer(&public, name) && memcmp(name, signer, sizeof(name)) == 0)
            return key;
        at += sizeof(*key) + key->num_apps * sizeof(struct trust_app);
    }
    return NULL;
}

void check_trust(const struct check_package *package, const uint8_t *table, size_t size,
                 struct check_trust *out)
{
    const struct package_header *header = &package->package.header;
    *out = (struct check_trust){.key_known = false};
    const struct trust_key *key = find_key(table, size, header->signer);
    if (key == NULL)
        return;
    out->key_known = true;
    out->key.exponent = key->exponent;
    memcpy(out->key.modulus, key->modulus, sizeof(out->key.modulus));
    out->app_allowed = key->any_app != 0;
    const struct trust_app *apps = (const struct trust_app *)(const void *)(key + 1);
    for (uint32_t i = 0; i < key->num_apps; i++) {
        if (!uuid_equal(apps[i].uuid, header->uuid))
            continue;
        out->app_allowed = true;
        out->floor = apps[i].lowest_version;
    }
    out->version_allowed = header->version >= out->floor;
}
