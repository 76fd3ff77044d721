#include <dirent.h>
#include <lib/package.h>
#include <lib/uuid.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/arm64/archive.h>
#include <tools/arm64/contents.h>
#include <tools/arm64/program.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/package/arch.h>
#include <tools/say.h>
#include <unistd.h>

#define HOME "root"
#define PROGRAM_SIZE_MAX (256u << 20)

/* --- Apps. ---------------------------------------------------------------------------------------- */

struct app {
    struct file_bytes bytes;
    struct package package;
    const struct package_image *image; /* for aarch64; NULL: none */
};

static void app_free(struct app *app)
{
    file_bytes_free(&app->bytes);
}
#define APP __attribute__((cleanup(app_free))) struct app

static bool app_read(const char *path, struct app *out)
{
    const char *why = NULL;
    if (!file_read(path, PACKAGE_SIZE_MAX, &out->bytes))
        return false;
    if (package_decode_header(out->bytes.bytes, out->bytes.size, &out->package, &why) != E_OK ||
        package_decode(&out->package, &why) != E_OK)
        return say_error("%s: %s", path, why);
    out->image = package_image_for(&out->package, PACKAGE_ARCH_AARCH64);
    return true;
}

static bool app_put(struct archive *archive, const struct app *app)
{
    char uuid[UUID_TEXT_LENGTH + 1];
    uuid_format(app->package.header.uuid, uuid);
    FILE_NAME name = file_name("apps/%s.ta", uuid);
    return name != NULL && archive_add(archive, name, 0644, app->bytes.bytes, app->bytes.size);
}

static bool add_app_file(struct archive *archive, const char *path)
{
    APP app = {.image = NULL};
    if (!app_read(path, &app))
        return false;
    if (app.image == NULL)
        return say_error("%s has no image for aarch64: put `ARCHES := x86_64 aarch64' into its "
                         "Makefile, above the include line, and build it again",
                         path);
    return app_put(archive, &app);
}

static bool is_package_name(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".ta") == 0;
}

/* What a folder holds for another processor only was not asked for by name: it is left out. */
static bool add_app_folder(struct archive *archive, const char *folder, DIR *dir)
{
    const struct dirent *entry;
    bool any = false;
    while ((entry = readdir(dir)) != NULL) {
        if (!is_package_name(entry->d_name))
            continue;
        any = true;
        APP app = {.image = NULL};
        FILE_NAME path = file_name("%s/%s", folder, entry->d_name);
        if (path == NULL || !app_read(path, &app))
            return false;
        if (app.image == NULL)
            say_note("%s has no image for aarch64 and is left out", path);
        else if (!app_put(archive, &app))
            return false;
    }
    if (!any)
        say_note("no packages *.ta in %s", folder);
    return true;
}

static bool add_apps(struct archive *archive, const struct request_list *apps)
{
    for (size_t i = 0; i < apps->count; i++) {
        DIR *dir = opendir(apps->at[i]);
        bool good = dir != NULL ? add_app_folder(archive, apps->at[i], dir)
                                : add_app_file(archive, apps->at[i]);
        if (dir != NULL)
            (void)closedir(dir);
        if (!good)
            return false;
    }
    return true;
}

/* The package of this app among those given: as a file, or as UUID.ta in a folder. */
static bool find_app(const struct request *request, struct app *out)
{
    char uuid[UUID_TEXT_LENGTH + 1];
    uuid_format(request->gdb_app, uuid);
    for (size_t i = 0; i < request->apps.count; i++) {
        struct stat st;
        bool folder = stat(request->apps.at[i], &st) == 0 && S_ISDIR(st.st_mode);
        FILE_NAME path = folder ? file_name("%s/%s.ta", request->apps.at[i], uuid)
                                : file_name("%s", request->apps.at[i]);
        if (path == NULL || (folder && access(path, F_OK) != 0))
            continue;
        APP app = {.image = NULL};
        if (!app_read(path, &app))
            return false;
        if (memcmp(app.package.header.uuid, request->gdb_app, sizeof(request->gdb_app)) != 0)
            continue;
        *out = app;
        app.bytes = (struct file_bytes){.bytes = NULL};
        return true;
    }
    return say_error("no --app is the app %s", uuid);
}

bool contents_symbols(const char *path, const struct request *request)
{
    APP app = {.image = NULL};
    if (!find_app(request, &app))
        return false;
    if (app.image == NULL)
        return say_error("the app that --gdb names has no image for aarch64");
    return file_write(path, 0600, app.bytes.bytes + app.image->offset, app.image->size);
}

/* --- The program and other files. ---------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool add_files(struct archive *archive, const struct request_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        FILE_NAME path = file_name("%s", files->at[i]);
        if (path == NULL)
            return false;
        char *equals = strchr(path, '=');
        if (equals != NULL)
            *equals = '\0';
        const char *name = equals != NULL ? equals + 1 : last_part(path);
        FILE_NAME place = name[0] == '/' ? file_name("%s", name) : file_name(HOME "/%s", name);
        if (place == NULL || !archive_add_file(archive, place, path))
            return false;
    }
    return true;
}

/* Whether the file can run there; *dynamic when the guest's loader loads it. */
static bool check_program(const char *path, const struct file_bytes *bytes, bool *dynamic)
{
    char detail[PROGRAM_DETAIL];
    enum program_kind kind = program_look(bytes->bytes, bytes->size, detail);
    *dynamic = kind == PROGRAM_DYNAMIC;
    switch (kind) {
    case PROGRAM_STATIC:
    case PROGRAM_DYNAMIC:
    case PROGRAM_SCRIPT:
        return true;
    case PROGRAM_OTHER_MACHINE:
        return say_error("%s is %s program; the machine runs arm64 programs (build it with "
                         "aarch64-linux-gnu-gcc)",
                         path, detail);
    case PROGRAM_OTHER_LOADER:
        return say_error("%s wants to be loaded by %s, which the guest does not have: link it "
                         "against Debian's C library, or with -static",
                         path, detail);
    default:
        return say_error("%s is neither an arm64 program nor a script", path);
    }
}

static bool add_program(struct archive *archive, const char *path, bool *dynamic, int *status)
{
    FILE_BYTES bytes = {.bytes = NULL};
    if (access(path, F_OK) != 0) {
        *status = COMMAND_RUN_NOT_FOUND;
        return say_errno("%s cannot be run", path);
    }
    *status = COMMAND_RUN_NOT_EXECUTABLE;
    if (access(path, X_OK) != 0)
        return say_errno("%s cannot be run", path);
    if (!file_read(path, PROGRAM_SIZE_MAX, &bytes) || !check_program(path, &bytes, dynamic))
        return false;
    *status = COMMAND_RUN_FAILED;
    FILE_NAME place = file_name(HOME "/%s", last_part(path));
    return place != NULL && archive_add(archive, place, 0755, bytes.bytes, bytes.size);
}

/* --- How to start it: a few lines of shell. ------------------------------------------------------ */

static void put_quoted(FILE *to, const char *text)
{
    (void)fputc('\'', to);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            (void)fputs("'\\''", to);
        else
            (void)fputc(*text, to);
    (void)fputc('\'', to);
}

static bool is_variable_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return length > 0;
}

/* NAME=VALUE, or NAME for what it is here (nothing, when it is not set). */
static bool put_variable(FILE *to, const char *variable)
{
    const char *equals = strchr(variable, '=');
    size_t length = equals != NULL ? (size_t)(equals - variable) : strlen(variable);
    const char *value = equals != NULL ? equals + 1 : getenv(variable);
    if (!is_variable_name(variable, length))
        return say_error("--env %s: not the name of a variable", variable);
    if (value == NULL)
        return true;
    (void)fprintf(to, "export %.*s=", (int)length, variable);
    put_quoted(to, value);
    (void)fputc('\n', to);
    return true;
}

static bool put_start(FILE *to, const struct request *request, const char *end, bool dynamic)
{
    if (!put_variable(to, "POSTERN_TRACE") || (request->shell && !put_variable(to, "TERM")))
        return false;
    for (size_t i = 0; i < request->env.count; i++)
        if (!put_variable(to, request->env.at[i]))
            return false;
    (void)fprintf(to, "end=%s\ndynamic=%s\n", end, dynamic ? "yes" : "no");
    (void)fputs("set --", to);
    for (char **argument = request->program; argument != NULL && *argument != NULL; argument++) {
        (void)fputc(' ', to);
        /* A file of this machine lies in the guest's home folder, where it is started. */
        bool file = argument == request->program && strchr(*argument, '/') != NULL;
        FILE_NAME word =
            file ? file_name("./%s", last_part(*argument)) : file_name("%s", *argument);
        if (word == NULL)
            return false;
        put_quoted(to, word);
    }
    (void)fputc('\n', to);
    return true;
}

static bool add_start(struct archive *archive, const struct request *request, const char *end,
                      bool dynamic)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return say_error("out of memory");
    bool good = put_start(to, request, end, dynamic);
    if (fclose(to) != 0)
        good = say_error("out of memory");
    good = good && archive_add(archive, "postern/start", 0644, text, size);
    free(text);
    return good;
}

bool contents_write(const char *path, const char *base, const struct request *request,
                    const char *end, int *status)
{
    struct archive archive;
    bool dynamic = false;
    *status = COMMAND_RUN_FAILED;
    if (!archive_create(&archive, path, base))
        return false;
    bool good = add_apps(&archive, &request->apps) && add_files(&archive, &request->files);
    if (good && request->program != NULL && strchr(request->program[0], '/') != NULL)
        good = add_program(&archive, request->program[0], &dynamic, status);
    good = good && add_start(&archive, request, end, dynamic);
    return archive_finish(&archive) && good;
}
