/* postern verify: whether a package is whole, and whether somebody who is trusted signed it. */
#include <lib/trust/trust.h>
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/paths.h>
#include <tools/key/key.h>
#include <tools/package/check.h>
#include <tools/say.h>
#include <unistd.h>

#define SOURCES_MAX 32

struct request {
    const char *trust[SOURCES_MAX];
    size_t num_trust;
    char **files;
    size_t num_files;
    bool quiet;
};

/* One trust folder or file, read. */
struct source {
    char *path;
    uint8_t *table;
    size_t size;
};

struct sources {
    struct source at[SOURCES_MAX];
    size_t count;
};

static const struct argp_option options[] = {
    {.name = "trust",
     .key = 't',
     .arg = "PATH",
     .doc = "a trust folder or a trust file; may be repeated (default: your development key and "
            "the trust folder of the long-lived TEE)"},
    {.name = "quiet", .key = 'q', .doc = "print nothing when all is good"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 't':
        if (request->num_trust == SOURCES_MAX - 2)
            argp_error(state, "--trust is given too often");
        else
            request->trust[request->num_trust++] = arg;
        return 0;
    case 'q':
        request->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        request->files = state->argv + state->next;
        request->num_files = (size_t)(state->argc - state->next);
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
    .args_doc = "FILE.ta...",
    .doc = "Checks app packages as a TEE would: complete and undamaged, signed by a key that is "
           "trusted for this app and version, for a known architecture, without contradictions. "
           "Says what is wrong, and fails then.",
};

/* Takes `path` over. A source that may be missing is left out then. */
static bool add_source(struct sources *sources, char *path, bool may_be_missing)
{
    struct trust_why why;
    if (path == NULL)
        return false;
    struct source *source = &sources->at[sources->count];
    source->path = path;
    if (may_be_missing && access(path, F_OK) != 0) {
        free(path);
        return true;
    }
    enum error error = trust_load(path, &source->table, &source->size, &why);
    if (error != E_OK) {
        free(path);
        return say_error("%s", why.text);
    }
    sources->count++;
    return true;
}

static bool load_sources(const struct request *request, struct sources *out)
{
    for (size_t i = 0; i < request->num_trust; i++)
        if (!add_source(out, file_name("%s", request->trust[i]), false))
            return false;
    if (request->num_trust != 0)
        return true;
    char *key = NULL;
    char *trust = NULL;
    if (!key_development_files(&key, &trust))
        return false;
    free(key);
    if (!add_source(out, trust, true) || !add_source(out, paths_trust_folder(), true))
        return false;
    if (out->count == 0)
        return say_error("there are no trust files to check against; name some with --trust");
    return true;
}

static void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->at[i].path);
        free(sources->at[i].table);
    }
    sources->count = 0;
}

/* The first source that knows the key, with the best answer that any gives; NULL when none does. */
static const struct source *ask_sources(const struct sources *sources,
                                        const struct check_package *package,
                                        struct check_trust *out)
{
    const struct source *best = NULL;
    for (size_t i = 0; i < sources->count; i++) {
        struct check_trust answer;
        check_trust(package, sources->at[i].table, sources->at[i].size, &answer);
        if (!answer.key_known)
            continue;
        if (best == NULL || (answer.app_allowed && answer.version_allowed)) {
            best = &sources->at[i];
            *out = answer;
        }
        if (out->app_allowed && out->version_allowed)
            break;
    }
    return best;
}

static void format_signer(const struct check_package *package, char out[65])
{
    for (size_t i = 0; i < PACKAGE_SIGNER_SIZE; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", package->package.header.signer[i]);
}

static bool check_one(const struct sources *sources, const char *file, bool quiet)
{
    FILE_BYTES bytes = {.bytes = NULL};
    struct check_package package;
    struct check_trust trust = {.key_known = false};
    const char *why = NULL;
    char signer[65];
    char uuid[UUID_TEXT_LENGTH + 1];
    if (!file_read(file, PACKAGE_SIZE_MAX, &bytes))
        return false;
    if (check_open(bytes.bytes, bytes.size, &package, &why) != E_OK)
        return say_error("%s: %s", file, why);
    format_signer(&package, signer);
    uuid_format(package.package.header.uuid, uuid);
    const struct source *source = ask_sources(sources, &package, &trust);
    if (source == NULL)
        return say_error("%s: signed by a key that is not trusted here (%s)", file, signer);
    if (check_signature(&package, &trust.key, &why) != E_OK ||
        check_content(&package, &why) != E_OK)
        return say_error("%s: %s", file, why);
    if (!trust.app_allowed)
        return say_error("%s: the key is known to %s, but may not sign the app %s", file,
                         source->path, uuid);
    uint32_t version = package.manifest.version;
    if (!trust.version_allowed)
        return say_error("%s: version %u.%u.%u is below the floor %u.%u.%u that %s sets", file,
                         version >> 20, version >> 10 & 1023, version & 1023, trust.floor >> 20,
                         trust.floor >> 10 & 1023, trust.floor & 1023, source->path);
    if (!quiet)
        (void)printf("%s: good: app %s, version %u.%u.%u%s, signed by %s, trusted by %s\n", file,
                     uuid, version >> 20, version >> 10 & 1023, version & 1023,
                     package.manifest.development ? ", DEVELOPMENT form (looser sandbox)" : "",
                     signer, source->path);
    return true;
}

int command_verify(int argc, char **argv)
{
    struct request request = {.num_trust = 0};
    struct sources sources = {.count = 0};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    bool good = load_sources(&request, &sources);
    if (!good)
        sources_free(&sources);
    for (size_t i = 0; sources.count != 0 && i < request.num_files; i++)
        good &= check_one(&sources, request.files[i], request.quiet);
    sources_free(&sources);
    return good ? 0 : COMMAND_FAILED;
}
