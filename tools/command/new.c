/*
 * postern new: a folder with a working app, its client, manifest and Makefile, made from the
 * templates in share/postern/templates. A template is a flat folder of text files in which @NAME@,
 * @UUID@ and @UUID_C@ (the same as a C initialiser) are replaced.
 */
#include <dirent.h>
#include <errno.h>
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>

#define NAME_MAX_LENGTH 32
#define TEMPLATE_FILE_MAX (1u << 20)
#define UUID_C_SIZE 128

struct request {
    const char *folder;
    const char *name;     /* the folder's last part */
    const char *template; /* "gp", "trusty" */
};

static const struct argp_option options[] = {
    {.name = "gp", .key = 'g', .doc = "an app and client for the GlobalPlatform API (default)"},
    {.name = "trusty", .key = 't', .doc = "an app and client for the Trusty API"},
    {0},
};

static bool name_is_good(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[0] >= 'a' && name[0] <= 'z' && name[length] == '\0' && length <= NAME_MAX_LENGTH;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'g':
    case 't':
        if (request->template != NULL)
            argp_error(state, "one template at a time");
        request->template = key == 'g' ? "gp" : "trusty";
        return 0;
    case ARGP_KEY_ARG:
        if (request->folder != NULL)
            argp_error(state, "one NAME at a time");
        request->folder = arg;
        const char *slash = strrchr(arg, '/');
        request->name = slash != NULL ? slash + 1 : arg;
        if (!name_is_good(request->name))
            argp_error(state,
                       "the name \"%s\" must begin with a-z and have only a-z, 0-9, _ and - in it "
                       "(%d at most)",
                       request->name, NAME_MAX_LENGTH);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a NAME is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "NAME",
    .doc = "Makes the folder NAME with a working trusted app under a fresh random UUID, a client "
           "for it, a manifest and a Makefile that needs nothing but the installed SDK.",
};

struct names {
    const char *name;
    char uuid[UUID_TEXT_LENGTH + 1];
    char uuid_c[UUID_C_SIZE];
};

/* A random UUID (RFC 4122, section 4.4). */
static bool make_names(const char *name, struct names *out)
{
    uint8_t u[UUID_SIZE];
    if (getrandom(u, sizeof(u), 0) != (ssize_t)sizeof(u))
        return say_errno("no random bytes for a UUID");
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    out->name = name;
    uuid_format(u, out->uuid);
    (void)snprintf(out->uuid_c, sizeof(out->uuid_c),
                   "{0x%02x%02x%02x%02x, 0x%02x%02x, 0x%02x%02x, {0x%02x, 0x%02x, 0x%02x, 0x%02x, "
                   "0x%02x, 0x%02x, 0x%02x, 0x%02x}}",
                   u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
                   u[13], u[14], u[15]);
    return true;
}

static bool starts_with(const char *text, const char *word, size_t *length)
{
    *length = strlen(word);
    return strncmp(text, word, *length) == 0;
}

/* What stands for the placeholder at `text`, and how long that is; NULL when there is none. */
static const char *find_placeholder(const char *text, const struct names *names, size_t *length)
{
    if (starts_with(text, "@NAME@", length))
        return names->name;
    if (starts_with(text, "@UUID@", length))
        return names->uuid;
    if (starts_with(text, "@UUID_C@", length))
        return names->uuid_c;
    return NULL;
}

static bool copy_file(const char *from, const char *to, const struct names *names)
{
    FILE_BYTES text = {.bytes = NULL};
    if (!file_read(from, TEMPLATE_FILE_MAX, &text))
        return false;
    char *filled = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&filled, &size);
    if (out == NULL)
        return say_error("out of memory");
    for (const char *at = (const char *)text.bytes; *at != '\0';) {
        size_t length = 0;
        const char *value = find_placeholder(at, names, &length);
        if (value != NULL)
            (void)fputs(value, out);
        else
            (void)fputc(*at, out);
        at += value != NULL ? length : 1;
    }
    bool good = fclose(out) == 0 && file_write(to, 0666 & ~file_mask(), filled, size);
    free(filled);
    return good;
}

static bool copy_folder(DIR *dir, const char *from, const char *to, const struct names *names)
{
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        FILE_NAME source = file_name("%s/%s", from, entry->d_name);
        FILE_NAME target = file_name("%s/%s", to, entry->d_name);
        if (source == NULL || target == NULL || !copy_file(source, target, names))
            return false;
    }
    return true;
}

int command_new(int argc, char **argv)
{
    struct request request = {.folder = NULL};
    struct names names = {.name = NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    if (request.template == NULL)
        request.template = "gp";
    FILE_NAME templates = paths_share("templates");
    FILE_NAME from = templates != NULL ? file_name("%s/%s", templates, request.template) : NULL;
    if (from == NULL || !make_names(request.name, &names))
        return COMMAND_FAILED;
    DIR *dir = opendir(from);
    if (dir == NULL) {
        (void)say_errno("the template %s is not installed (%s)", request.template, from);
        return COMMAND_FAILED;
    }
    bool good = mkdir(request.folder, 0777) == 0;
    if (!good)
        (void)say_errno("the folder %s cannot be made", request.folder);
    if (good && !copy_folder(dir, from, request.folder, &names)) {
        good = false;
        (void)file_remove_tree(request.folder);
    }
    (void)closedir(dir);
    if (!good)
        return COMMAND_FAILED;
    (void)printf("made %s with the app %s; next:\n"
                 "  make -C %s\n"
                 "  postern run --app %s/%s.ta -- %s%s/client\n",
                 request.folder, names.uuid, request.folder, request.folder, names.uuid,
                 request.folder[0] == '/' ? "" : "./", request.folder);
    return 0;
}
