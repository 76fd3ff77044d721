#include <kernel/app/verify.h>
#include <kernel/decode/trust.h>
#include <kernel/sched/log.h>
#include <lib/crypto/crypto.h>
#include <lib/elf.h>
#include <lib/uuid.h>

static void copy(void *to, const void *from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    for (size_t i = 0; i < size; i++)
        out[i] = in[i];
}

static enum error refuse(const uint8_t *uuid, enum error error, const char *why)
{
    log_client_line(SYS_LOG_ERROR, "app %U: package refused: %s (%e)", uuid, why, error);
    return error;
}

/* The name of a key: see PACKAGE_SIGNER_SIZE in abi/package.h. */
static void name_key(const struct trust_entry *key, uint8_t out[PACKAGE_SIGNER_SIZE])
{
    struct crypto_sha256 sha;
    uint8_t exponent[4] = {(uint8_t)(key->exponent >> 24), (uint8_t)(key->exponent >> 16),
                           (uint8_t)(key->exponent >> 8), (uint8_t)key->exponent};
    crypto_sha256_start(&sha);
    crypto_sha256_add(&sha, key->modulus, PACKAGE_MODULUS_SIZE);
    crypto_sha256_add(&sha, exponent, sizeof(exponent));
    crypto_sha256_end(&sha, out);
}

static bool find_key(const uint8_t signer[PACKAGE_SIGNER_SIZE], struct trust_entry *out)
{
    size_t size = 0;
    size_t at = 0;
    const uint8_t *table = port_trust(&size);
    while (decode_trust_next(table, size, &at, out) == E_OK) {
        uint8_t name[PACKAGE_SIGNER_SIZE];
        name_key(out, name);
        if (crypto_equal(name, signer, sizeof(name)))
            return true;
    }
    return false;
}

/* The header's fixed part, the key, and the signature over everything. */
static enum error check_signature(const uint8_t *uuid, const struct app_package *bytes,
                                  struct package *package)
{
    const char *why = NULL;
    enum error error = package_decode_header(bytes->bytes, bytes->size, package, &why);
    if (error != E_OK)
        return refuse(uuid, error, why);
    struct trust_entry key;
    uint32_t floor = 0;
    if (!find_key(package->header.signer, &key))
        return refuse(uuid, E_SECURITY, "signed with a key that is not trusted");
    uint8_t digest[CRYPTO_SHA256_SIZE];
    crypto_sha256(package->bytes, package->signed_size, digest);
    error = crypto_rsa_pss_verify(key.modulus, key.exponent, digest, package->signature);
    if (error != E_OK)
        return refuse(uuid, E_SECURITY, "the signature does not verify");
    if (!uuid_equal(package->header.uuid, uuid))
        return refuse(uuid, E_BAD_FORMAT, "the package is that of another app");
    if (!trust_allows(&key, uuid, &floor))
        return refuse(uuid, E_SECURITY, "its key is not trusted for this app");
    if (package->header.version < floor)
        return refuse(uuid, E_SECURITY, "its version is below the floor");
    return E_OK;
}

static enum error check_contents(struct app *app, struct package *package)
{
    const char *why = NULL;
    const struct package_header *header = &package->header;
    enum error error = package_decode(package, &why);
    if (error != E_OK)
        return refuse(app->uuid, error, why);
    if (header->sdk_abi != SYS_ABI)
        return refuse(app->uuid, E_VERSION, "built with an SDK of another ABI number");
    app->manifest_bytes = port_alloc(package->manifest_size);
    if (app->manifest_bytes == NULL && package->manifest_size > 0)
        return E_NO_MEMORY;
    copy(app->manifest_bytes, package->manifest, package->manifest_size);
    app->manifest_size = package->manifest_size;
    struct manifest_entry key = {0};
    error = manifest_decode(app->manifest_bytes, app->manifest_size, &app->manifest, &why, &key);
    if (error != E_OK) {
        log_client_line(SYS_LOG_ERROR, "app %U: package refused: manifest: %.*s%s%s (%e)",
                        app->uuid, (int)key.key_length, key.key_length != 0 ? key.key : "",
                        key.key_length != 0 ? ": " : "", why, error);
        return error;
    }
    bool development = (header->flags & PACKAGE_FLAG_DEVELOPMENT) != 0;
    if (!uuid_equal(app->manifest.uuid, header->uuid) || app->manifest.version != header->version ||
        app->manifest.development != development)
        return refuse(app->uuid, E_BAD_FORMAT,
                      "manifest and header contradict each other (UUID, version or development)");
    if (development && !port_development())
        return refuse(app->uuid, E_SECURITY,
                      "a development form, and this TEE was not started for development");
    app->development = development;
    return E_OK;
}

static enum error make_image(struct app *app, const struct package *package)
{
    const struct package_image *found = package_image_for(package, port_arch());
    if (found == NULL)
        return refuse(app->uuid, E_ARCHITECTURE, "no image for this architecture");
    const char *why = NULL;
    struct elf_image elf;
    const uint8_t *bytes = package->bytes + found->offset;
    enum error error = elf_decode(bytes, found->size, port_arch(), app->development, &elf, &why);
    if (error != E_OK)
        return refuse(app->uuid, error, why);
    return port_image_create(app->uuid, bytes, found->size, app->development, &app->image);
}

enum error verify_package(const uint8_t uuid[16], const struct app_package *bytes, struct app **out)
{
    struct package package;
    enum error error = check_signature(uuid, bytes, &package);
    if (error != E_OK)
        return error;
    struct app *app = port_alloc(sizeof(*app));
    if (app == NULL)
        return E_NO_MEMORY;
    list_init(&app->link);
    list_init(&app->instances);
    copy(app->uuid, uuid, sizeof(app->uuid));
    copy(app->signer, package.header.signer, sizeof(app->signer));
    app->version = package.header.version;
    error = check_contents(app, &package);
    if (error == E_OK)
        error = make_image(app, &package);
    if (error != E_OK) {
        verify_free(app);
        return error;
    }
    *out = app;
    return E_OK;
}

void verify_free(struct app *app)
{
    if (app->image != NULL)
        port_image_destroy(app->image);
    port_free(app->manifest_bytes);
    port_free(app);
}
