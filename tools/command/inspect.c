/*
 * postern inspect: everything that a package says of itself. Nothing of it is verified; what a
 * hostile package holds is shown in a form that cannot harm the terminal (printable.h).
 */
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/package/arch.h>
#include <tools/package/check.h>
#include <tools/printable.h>
#include <tools/say.h>

struct request {
    const char *file;
    bool json;
};

static const struct argp_option options[] = {
    {.name = "json", .key = 'j', .doc = "as one JSON object"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'j':
        request->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (request->file != NULL)
            argp_error(state, "one package at a time");
        request->file = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a package FILE.ta is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE.ta",
    .doc = "Shows what an app package says of itself: identity, version, signer, limits, what it "
           "asks for, images. Verifies no signature; `postern verify' does.",
};

/*
 * Both forms are written by the same walk over the package: each fact is named once. An item is a
 * line `name: value`, or a member of a JSON object; `depth` is for indentation.
 */
struct out {
    bool json;
    bool first; /* no item yet in this object */
};

static void begin_item(struct out *out, const char *name, size_t length)
{
    if (out->json) {
        (void)fputs(out->first ? "\n  " : ",\n  ", stdout);
        printable_json(stdout, name, length);
        (void)fputs(": ", stdout);
    } else {
        printable_text(stdout, name, length);
        (void)fputs(": ", stdout);
    }
    out->first = false;
}

static void end_item(const struct out *out)
{
    if (!out->json)
        (void)fputc('\n', stdout);
}

static void put_text(struct out *out, const char *name, const char *text, size_t length)
{
    begin_item(out, name, strlen(name));
    if (out->json)
        printable_json(stdout, text, length);
    else
        printable_text(stdout, text, length);
    end_item(out);
}

static void put_number(struct out *out, const char *name, uint64_t number, const char *unit)
{
    begin_item(out, name, strlen(name));
    (void)printf("%llu%s", (unsigned long long)number, out->json ? "" : unit);
    end_item(out);
}

static void put_bool(struct out *out, const char *name, bool value)
{
    begin_item(out, name, strlen(name));
    (void)fputs(out->json ? (value ? "true" : "false") : (value ? "yes" : "no"), stdout);
    end_item(out);
}

static void put_header(struct out *out, const struct package_header *header)
{
    char uuid[UUID_TEXT_LENGTH + 1];
    char signer[2 * PACKAGE_SIGNER_SIZE + 1];
    char version[32];
    uuid_format(header->uuid, uuid);
    for (size_t i = 0; i < PACKAGE_SIGNER_SIZE; i++)
        (void)snprintf(signer + 2 * i, 3, "%02x", header->signer[i]);
    int length = snprintf(version, sizeof(version), "%u.%u.%u", header->version >> 20,
                          header->version >> 10 & 1023, header->version & 1023);
    put_text(out, "uuid", uuid, UUID_TEXT_LENGTH);
    put_text(out, "version", version, (size_t)length);
    put_text(out, "signer", signer, strlen(signer));
    put_text(out, "algorithm", "RSA-3072 PSS, SHA-256", strlen("RSA-3072 PSS, SHA-256"));
    put_number(out, "size", header->total_size, " bytes");
    put_number(out, "app ABI", header->sdk_abi, "");
    put_bool(out, "development", (header->flags & PACKAGE_FLAG_DEVELOPMENT) != 0);
    if ((header->flags & PACKAGE_FLAG_DEVELOPMENT) != 0 && !out->json)
        (void)puts("  asks for the looser sandbox (debuggers, sanitizers, shared libraries); runs "
                   "only in a TEE started with --development");
}

static void put_ports(struct out *out, const struct manifest *manifest)
{
    char name[SYS_PATH_MAX + 16];
    for (uint32_t i = 0; i < manifest->num_ports; i++) {
        const struct manifest_port *port = &manifest->ports[i];
        const char *who = port->flags == SYS_PORT_ALLOW_NS   ? ":ns"
                          : port->flags == SYS_PORT_ALLOW_TA ? ":ta"
                                                             : ":ns:ta";
        int length = snprintf(name, sizeof(name), "%.*s%s", (int)port->length, port->name, who);
        if (!out->json) {
            put_text(out, "port", name, (size_t)length);
            continue;
        }
        if (i == 0)
            begin_item(out, "ports", strlen("ports"));
        (void)fputs(i == 0 ? "[" : ", ", stdout);
        printable_json(stdout, name, (size_t)length);
        if (i + 1 == manifest->num_ports)
            (void)fputc(']', stdout);
    }
}

static void put_manifest(struct out *out, const struct manifest *manifest)
{
    static const char *const restart[] = {
        [MANIFEST_RESTART_NEVER] = "never",
        [MANIFEST_RESTART_ALWAYS] = "always",
        [MANIFEST_RESTART_FAILURE] = "failure",
    };
    if (manifest->name != NULL)
        put_text(out, "name", manifest->name, manifest->name_length);
    put_bool(out, "single instance", manifest->single_instance);
    put_bool(out, "multiple sessions", manifest->multi_session);
    put_bool(out, "kept alive", manifest->keep_alive);
    put_number(out, "heap", manifest->heap_size, " bytes");
    put_number(out, "stack", manifest->stack_size, " bytes");
    put_number(out, "sessions at most", manifest->max_sessions, "");
    put_number(out, "instances at most", manifest->max_instances, "");
    put_number(out, "cancel grace", manifest->cancel_grace_ms, " ms");
    put_text(out, "restart", restart[manifest->restart], strlen(restart[manifest->restart]));
    put_ports(out, manifest);
}

/* The manifest's own entries: descriptions and the app's properties. */
static void put_entries(struct out *out, const struct package *package)
{
    const uint8_t *at = package->manifest;
    size_t left = package->manifest_size;
    struct manifest_entry entry;
    struct out inner = {.json = out->json, .first = true};
    if (out->json)
        begin_item(out, "manifest", strlen("manifest"));
    (void)puts(out->json ? "{" : "manifest:");
    while (manifest_next(&at, &left, &entry) == E_OK) {
        if (!out->json)
            (void)fputs("  ", stdout);
        begin_item(&inner, entry.key, entry.key_length);
        if (out->json)
            printable_json(stdout, entry.value, entry.value_length);
        else
            printable_text(stdout, entry.value, entry.value_length);
        end_item(&inner);
    }
    if (out->json)
        (void)fputs("\n  }", stdout);
}

static void put_images(struct out *out, const struct check_package *package)
{
    if (out->json)
        begin_item(out, "images", strlen("images"));
    for (uint32_t i = 0; i < package->package.num_images; i++) {
        const struct package_image *image = &package->package.image[i];
        const struct elf_image *elf = &package->elf[i];
        const char *dynamic = elf->has_interpreter ? ", dynamically linked" : "";
        if (out->json)
            (void)printf("%s\n    {\"arch\": \"%s\", \"offset\": %u, \"size\": %u, \"span\": %llu, "
                         "\"dynamic\": %s}",
                         i == 0 ? "[" : ",", arch_name(image->arch), image->offset, image->size,
                         (unsigned long long)elf->span, elf->has_interpreter ? "true" : "false");
        else
            (void)printf("image: %s, %u bytes, %llu KiB of address space%s\n",
                         arch_name(image->arch), image->size, (unsigned long long)elf->span / 1024,
                         dynamic);
    }
    if (out->json)
        (void)fputs("\n  ]", stdout);
}

int command_inspect(int argc, char **argv)
{
    struct request request = {.file = NULL};
    FILE_BYTES bytes = {.bytes = NULL};
    struct check_package package;
    const char *why = NULL;
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    if (!file_read(request.file, PACKAGE_SIZE_MAX, &bytes))
        return COMMAND_FAILED;
    if (check_open(bytes.bytes, bytes.size, &package, &why) != E_OK) {
        (void)say_error("%s: %s", request.file, why);
        return COMMAND_FAILED;
    }
    enum error error = check_content(&package, &why);
    struct out out = {.json = request.json, .first = true};
    if (out.json)
        (void)fputc('{', stdout);
    put_header(&out, &package.package.header);
    if (error == E_OK) {
        put_manifest(&out, &package.manifest);
        put_images(&out, &package);
        put_entries(&out, &package.package);
    }
    if (out.json)
        (void)puts("\n}");
    if (error == E_OK)
        return 0;
    (void)say_error("%s: %s", request.file, why);
    return COMMAND_FAILED;
}
