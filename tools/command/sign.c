/*
 * postern sign: a package of a manifest, ELF files and a key. In one step; or in two for a key that
 * lives elsewhere: --digest-only writes the package without its signature and what is to be
 * signed, --attach puts the signature in, once it verifies.
 */
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/key/key.h>
#include <tools/package/arch.h>
#include <tools/package/builder.h>
#include <tools/package/check.h>
#include <tools/say.h>

struct request {
    const char *manifest;
    const char *key;
    const char *output;
    const char *attach;
    const char *unsigned_package;
    const char *floor;
    bool digest_only;
    bool development;
    uint32_t num_images;
    struct builder_image images[PACKAGE_IMAGES_MAX];
};

enum { OPTION_DIGEST_ONLY = 256, OPTION_DEVELOPMENT, OPTION_ATTACH, OPTION_UNSIGNED, OPTION_FLOOR };

static const struct argp_option options[] = {
    {.name = "development",
     .key = OPTION_DEVELOPMENT,
     .doc = "make the development form, whatever the manifest says of postern.development"},
    {.name = "manifest", .key = 'm', .arg = "FILE", .doc = "the app's manifest.txt"},
    {.name = "image",
     .key = 'i',
     .arg = "ARCH:FILE",
     .doc = "an ELF file for x86_64 or aarch64; one for each architecture"},
    {.name = "key",
     .key = 'k',
     .arg = "FILE",
     .doc = "the signing key, PEM (default: your development key, made on first use); its public "
            "half is enough with --digest-only and --attach"},
    {.name = "output", .key = 'o', .arg = "FILE", .doc = "the package (default: UUID.ta)"},
    {.name = "floor",
     .key = OPTION_FLOOR,
     .arg = "VERSION",
     .doc = "refuse to sign a version below this one"},
    {.name = "digest-only",
     .key = OPTION_DIGEST_ONLY,
     .doc =
         "do not sign: write FILE.unsigned and its SHA-256, FILE.digest (32 bytes), to be signed "
         "elsewhere"},
    {.name = "attach",
     .key = OPTION_ATTACH,
     .arg = "SIGNATURE",
     .doc = "put a signature made elsewhere (384 bytes, RSA-PSS, SHA-256, salt of 32) into the "
            "package given with --unsigned"},
    {.name = "unsigned",
     .key = OPTION_UNSIGNED,
     .arg = "FILE",
     .doc = "with --attach: what --digest-only wrote"},
    {0},
};

static bool add_image(struct request *request, const char *arg)
{
    const char *colon = strchr(arg, ':');
    if (colon == NULL || colon[1] == '\0')
        return say_error("--image %s is not of the form ARCH:FILE", arg);
    FILE_NAME name = file_name("%.*s", (int)(colon - arg), arg);
    if (name == NULL)
        return false;
    uint32_t arch = arch_number(name);
    if (arch == 0)
        return say_error("--image %s: the architecture %s is unknown (known: %s)", arg, name,
                         arch_names());
    if (request->num_images == PACKAGE_IMAGES_MAX)
        return say_error("a package has at most %u images", PACKAGE_IMAGES_MAX);
    request->images[request->num_images++] =
        (struct builder_image){.arch = arch, .path = colon + 1};
    return true;
}

static bool check_combination(const struct request *request)
{
    if (request->attach != NULL) {
        if (request->manifest != NULL || request->num_images != 0 || request->digest_only)
            return say_error("--attach goes with --unsigned, --key and --output only");
        if (request->unsigned_package == NULL)
            return say_error("--attach needs --unsigned FILE, the package that is to be signed");
        if (request->key == NULL)
            return say_error("--attach needs --key FILE, the key that signed (its public half)");
        return true;
    }
    if (request->unsigned_package != NULL)
        return say_error("--unsigned goes with --attach only");
    if (request->manifest == NULL)
        return say_error("--manifest FILE is missing");
    if (request->num_images == 0)
        return say_error("--image ARCH:FILE is missing");
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'm':
        request->manifest = arg;
        return 0;
    case 'i':
        if (!add_image(request, arg))
            exit(COMMAND_USAGE);
        return 0;
    case 'k':
        request->key = arg;
        return 0;
    case 'o':
        request->output = arg;
        return 0;
    case OPTION_FLOOR:
        request->floor = arg;
        return 0;
    case OPTION_DIGEST_ONLY:
        request->digest_only = true;
        return 0;
    case OPTION_DEVELOPMENT:
        request->development = true;
        return 0;
    case OPTION_ATTACH:
        request->attach = arg;
        return 0;
    case OPTION_UNSIGNED:
        request->unsigned_package = arg;
        return 0;
    case ARGP_KEY_END:
        if (!check_combination(request))
            exit(COMMAND_USAGE);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Makes the app package UUID.ta of a manifest and ELF files and signs it.",
};

static bool check_floor(const struct request *request, const struct manifest_packed *manifest)
{
    uint32_t floor = 0;
    if (request->floor == NULL)
        return true;
    if (!manifest_parse_version(request->floor, strlen(request->floor), &floor))
        return say_error("--floor %s is not a version a.b.c", request->floor);
    if (manifest->decoded.version < floor)
        return say_error("%s: gpd.ta.version is below the floor %s", request->manifest,
                         request->floor);
    return true;
}

/* The manifest's text with postern.development set: its own line on that, if any, becomes a comment, and
 * the others keep their numbers. */
static bool make_development(struct file_bytes *text)
{
    static const char key[] = "postern.development";
    static const char line[] = "\npostern.development: true\n";
    if (memchr(text->bytes, '\0', text->size) != NULL)
        return true; /* is refused anyway */
    char *made = file_name("%s%s", (const char *)text->bytes, line);
    if (made == NULL)
        return false;
    for (char *at = made; at < made + text->size;) {
        char *first = at + strspn(at, " \t");
        if (strncmp(first, key, strlen(key)) == 0)
            *first = '#';
        char *end = memchr(at, '\n', (size_t)(made + text->size - at));
        at = end != NULL ? end + 1 : made + text->size;
    }
    free(text->bytes);
    text->bytes = (uint8_t *)made;
    text->size += strlen(line);
    return true;
}

static bool load_manifest(const struct request *request, struct manifest_packed *out)
{
    FILE_BYTES text = {.bytes = NULL};
    char why[512];
    if (!file_read(request->manifest, MANIFEST_TEXT_MAX, &text) ||
        (request->development && !make_development(&text)))
        return false;
    if (manifest_text_pack((const char *)text.bytes, text.size, out, why, sizeof(why)) != E_OK)
        /* FILE:LINE: as editors and compilers have it */
        return strncmp(why, "line ", 5) == 0 ? say_error("%s:%s", request->manifest, why + 5)
                                             : say_error("%s: %s", request->manifest, why);
    return check_floor(request, out);
}

/* Where the package goes; `behind` is put behind its name. */
static char *output_name(const struct request *request, const uint8_t uuid[UUID_SIZE],
                         const char *behind)
{
    char text[UUID_TEXT_LENGTH + 1];
    if (request->output != NULL)
        return file_name("%s%s", request->output, behind);
    uuid_format(uuid, text);
    return file_name("%s.ta%s", text, behind);
}

static bool write_unsigned(const struct request *request, const struct manifest_packed *manifest,
                           const struct builder_package *package)
{
    uint8_t digest[32];
    FILE_NAME name = output_name(request, manifest->decoded.uuid, ".unsigned");
    FILE_NAME digest_name = output_name(request, manifest->decoded.uuid, ".digest");
    if (name == NULL || digest_name == NULL ||
        !key_digest(package->bytes, package->signed_size, digest) ||
        !file_write(name, 0666 & ~file_mask(), package->bytes, package->signed_size) ||
        !file_write(digest_name, 0666 & ~file_mask(), digest, sizeof(digest)))
        return false;
    (void)printf("unsigned package: %s\ndigest to sign: %s\n", name, digest_name);
    return true;
}

static bool write_signed(const struct request *request, const struct key *key,
                         const struct manifest_packed *manifest, struct builder_package *package)
{
    FILE_NAME name = output_name(request, manifest->decoded.uuid, "");
    return name != NULL &&
           key_sign(key, package->bytes, package->signed_size,
                    package->bytes + package->signed_size) &&
           file_write(name, 0666 & ~file_mask(), package->bytes, package->size);
}

/* All but the images, which the caller loaded. */
static bool sign_loaded(const struct request *request)
{
    struct manifest_packed manifest;
    KEY key = NULL;
    struct key_public public;
    uint8_t signer[PACKAGE_SIGNER_SIZE];
    struct builder_package package = {.bytes = NULL};
    if (!load_manifest(request, &manifest))
        return false;
    if (request->key != NULL ? !key_load(request->key, &key) : !key_load_development(&key))
        return false;
    if (!request->digest_only && !key_is_private(key))
        return say_error("%s is a public key; to sign elsewhere use --digest-only", request->key);
    key_public(key, &public);
    if (!key_signer(&public, signer) ||
        !builder_lay_out(&manifest, request->images, request->num_images, signer, &package))
        return false;
    bool good = request->digest_only ? write_unsigned(request, &manifest, &package)
                                     : write_signed(request, key, &manifest, &package);
    free(package.bytes);
    return good;
}

static bool sign(struct request *request)
{
    struct file_bytes files[PACKAGE_IMAGES_MAX] = {{.bytes = NULL}};
    bool good = true;
    for (uint32_t i = 0; good && i < request->num_images; i++) {
        good = file_read(request->images[i].path, PACKAGE_SIZE_MAX, &files[i]);
        request->images[i].bytes = files[i].bytes;
        request->images[i].size = files[i].size;
    }
    good = good && sign_loaded(request);
    for (uint32_t i = 0; i < request->num_images; i++)
        file_bytes_free(&files[i]);
    return good;
}

/* Appends the signature to the unsigned package's bytes. */
static bool join(const struct request *request, struct file_bytes *package)
{
    FILE_BYTES signature = {.bytes = NULL};
    if (!file_read(request->unsigned_package, PACKAGE_SIZE_MAX - PACKAGE_SIGNATURE_SIZE, package) ||
        !file_read(request->attach, 65536, &signature))
        return false;
    if (signature.size != PACKAGE_SIGNATURE_SIZE)
        return say_error("%s holds %zu bytes; a signature has %u", request->attach, signature.size,
                         PACKAGE_SIGNATURE_SIZE);
    uint8_t *bytes = realloc(package->bytes, package->size + PACKAGE_SIGNATURE_SIZE);
    if (bytes == NULL)
        return say_error("out of memory");
    memcpy(bytes + package->size, signature.bytes, PACKAGE_SIGNATURE_SIZE);
    package->bytes = bytes;
    package->size += PACKAGE_SIGNATURE_SIZE;
    return true;
}

static bool attach(const struct request *request)
{
    KEY key = NULL;
    struct key_public public;
    FILE_BYTES bytes = {.bytes = NULL};
    struct check_package package;
    const char *why = NULL;
    if (!key_load(request->key, &key) || !join(request, &bytes))
        return false;
    key_public(key, &public);
    enum error error = check_open(bytes.bytes, bytes.size, &package, &why);
    if (error != E_OK)
        return say_error("%s is not an unsigned package: %s", request->unsigned_package, why);
    error = check_signature(&package, &public, &why);
    if (error != E_OK)
        return say_error("the signature %s does not fit %s and %s: %s", request->attach,
                         request->unsigned_package, request->key, why);
    error = check_content(&package, &why);
    if (error != E_OK)
        return say_error("%s: %s", request->unsigned_package, why);
    FILE_NAME name = output_name(request, package.manifest.uuid, "");
    return name != NULL && file_write(name, 0666 & ~file_mask(), bytes.bytes, bytes.size);
}

int command_sign(int argc, char **argv)
{
    struct request request = {.manifest = NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    bool good = request.attach != NULL ? attach(&request) : sign(&request);
    return good ? 0 : COMMAND_FAILED;
}
