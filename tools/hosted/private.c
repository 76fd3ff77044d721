#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lib/package.h>
#include <lib/trust/trust.h>
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/file.h>
#include <tools/hosted/lock.h>
#include <tools/hosted/private.h>
#include <tools/key/key.h>
#include <tools/say.h>
#include <unistd.h>

#define PREFIX "postern-run-"

/* Where run folders are made: socket names have little room, so never below a deep folder. */
static const char *base_folder(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    if (runtime != NULL && runtime[0] == '/' && strlen(runtime) < 64 && stat(runtime, &st) == 0 &&
        S_ISDIR(st.st_mode) && st.st_uid == geteuid() && access(runtime, W_OK) == 0)
        return runtime;
    return "/tmp";
}

/* Whether the folder is a leftover of ours: nobody holds its lock. One without a lock is just being
 * made. */
static bool is_leftover(const char *path)
{
    struct stat st;
    FILE_NAME lock = file_name("%s/lock", path);
    return lock != NULL && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           access(lock, F_OK) == 0 && lock_holder(path) == 0;
}

static void remove_leftovers(const char *base)
{
    DIR *dir = opendir(base);
    const struct dirent *entry;
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        FILE_NAME path = file_name("%s/%s", base, entry->d_name);
        if (path != NULL && is_leftover(path))
            (void)file_remove_tree(path);
    }
    (void)closedir(dir);
}

/* The lock must be held before it can be seen: taken in a folder of its own name, then moved. */
static bool take_lock(struct private_tee *tee)
{
    pid_t holder = 0;
    FILE_NAME early = file_name("%s/early", tee->run);
    FILE_NAME from = file_name("%s/early/lock", tee->run);
    FILE_NAME to = file_name("%s/lock", tee->run);
    if (early == NULL || from == NULL || to == NULL || !file_make_folders(early, 0700) ||
        !lock_take(early, &tee->lock, &holder))
        return false;
    lock_sign(tee->lock);
    if (rename(from, to) != 0 || rmdir(early) != 0)
        return say_errno("the lock of %s", tee->run);
    return true;
}

bool private_create(struct private_tee *out)
{
    const char *base = base_folder();
    *out = (struct private_tee){.lock = -1};
    remove_leftovers(base);
    out->run = file_name("%s/%sXXXXXX", base, PREFIX);
    if (out->run == NULL)
        return false;
    if (mkdtemp(out->run) == NULL) {
        (void)say_errno("no folder can be made in %s", base);
        free(out->run);
        out->run = NULL;
        return false;
    }
    out->state = file_name("%s/state", out->run);
    out->trust = file_name("%s/trust", out->run);
    out->data = file_name("%s/data", out->run);
    out->apps = file_name("%s/apps", out->run);
    out->log = file_name("%s/log", out->run);
    return out->state != NULL && out->trust != NULL && out->data != NULL && out->apps != NULL &&
           out->log != NULL && take_lock(out) && file_make_folders(out->state, 0700) &&
           file_make_folders(out->trust, 0700) && file_make_folders(out->data, 0700) &&
           file_make_folders(out->apps, 0700);
}

void private_destroy(struct private_tee *tee, bool keep)
{
    if (tee->run != NULL && keep)
        say_note("the TEE's files are kept in %s", tee->run);
    else if (tee->run != NULL)
        (void)file_remove_tree(tee->run);
    if (tee->lock >= 0)
        (void)close(tee->lock);
    free(tee->run);
    free(tee->state);
    free(tee->trust);
    free(tee->data);
    free(tee->apps);
    free(tee->log);
}

static bool read_uuid(const char *path, const struct file_bytes *bytes, char out[37])
{
    struct package package;
    const char *why = NULL;
    if (package_decode_header(bytes->bytes, bytes->size, &package, &why) != E_OK)
        return say_error("%s: %s", path, why);
    uuid_format(package.header.uuid, out);
    return true;
}

/* Whether a good package has no image for the hosted TEE. What else is wrong with one the TEE says. */
static bool lacks_image(const struct file_bytes *bytes)
{
    struct package package;
    const char *why = NULL;
    return package_decode_header(bytes->bytes, bytes->size, &package, &why) == E_OK &&
           package_decode(&package, &why) == E_OK &&
           package_image_for(&package, PACKAGE_ARCH_X86_64) == NULL;
}

/* True for the names that the supplicant looks for: UUID.ta. */
static bool is_package_name(const char *name)
{
    uint8_t uuid[UUID_SIZE];
    size_t length = strlen(name);
    return length == UUID_TEXT_LENGTH + 3 && strcmp(name + UUID_TEXT_LENGTH, ".ta") == 0 &&
           uuid_parse(name, UUID_TEXT_LENGTH, uuid);
}

/* Notes about what cannot be had from the folder: its packages are read when they are used. */
static void look_into_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool any = false;
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (!is_package_name(entry->d_name))
            continue;
        any = true;
        FILE_BYTES bytes = {.bytes = NULL};
        FILE_NAME path = file_name("%s/%s", folder, entry->d_name);
        if (path != NULL && access(path, R_OK) == 0 && file_read(path, PACKAGE_SIZE_MAX, &bytes) &&
            lacks_image(&bytes))
            say_note("%s has no image for x86_64 and cannot run here", path);
    }
    (void)closedir(dir);
    if (!any)
        say_note("no packages UUID.ta in %s", folder);
}

bool private_add_app(struct private_tee *tee, struct launch_config *config, const char *path)
{
    struct stat st;
    FILE_BYTES bytes = {.bytes = NULL};
    char uuid[UUID_TEXT_LENGTH + 1];
    if (stat(path, &st) != 0)
        return say_errno("the app %s", path);
    if (S_ISDIR(st.st_mode)) {
        if (config->num_apps == LAUNCH_APPS_MAX)
            return say_error("more than %d folders of apps", LAUNCH_APPS_MAX);
        look_into_folder(path);
        char *folder = realpath(path, NULL);
        if (folder == NULL)
            return say_errno("the app folder %s", path);
        config->apps[config->num_apps++] = folder; /* lives as long as the program */
        return true;
    }
    if (!file_read(path, PACKAGE_SIZE_MAX, &bytes) || !read_uuid(path, &bytes, uuid))
        return false;
    if (lacks_image(&bytes))
        return say_error("%s has no image for x86_64: put `ARCHES := x86_64 aarch64' into its "
                         "Makefile, above the include line, and build it again",
                         path);
    FILE_NAME copy = file_name("%s/%s.ta", tee->apps, uuid);
    if (copy == NULL)
        return false;
    if (access(copy, F_OK) == 0)
        return say_error("%s: another --app has the same UUID %s", path, uuid);
    return file_write(copy, 0600, bytes.bytes, bytes.size);
}

/* Found here a mistake is named with the user's own file, and not with the copy. */
static bool check_trust_text(const char *path, const struct file_bytes *text)
{
    struct trust_why why = {.text = "out of memory"};
    struct trust_builder *builder = trust_builder_create();
    bool good = builder != NULL && trust_builder_add(builder, path, (const char *)text->bytes,
                                                     text->size, &why) == E_OK;
    trust_builder_destroy(builder);
    return good ? true : say_error("%s", why.text);
}

static bool add_trust_file(const struct private_tee *tee, const char *path)
{
    FILE_BYTES text = {.bytes = NULL};
    if (!file_read(path, TRUST_FILE_MAX, &text) || !check_trust_text(path, &text))
        return false;
    for (unsigned int i = 0; i < TRUST_KEYS_MAX; i++) {
        bool exists = false;
        FILE_NAME copy = file_name("%s/%02u%s", tee->trust, i, TRUST_SUFFIX);
        if (copy == NULL)
            return false;
        if (file_write_new(copy, 0600, text.bytes, text.size, &exists))
            return true;
        if (!exists)
            return false;
    }
    return say_error("more than %u trust files", TRUST_KEYS_MAX);
}

bool private_add_trust(struct private_tee *tee, const char *const *files, size_t num_files)
{
    KEY key = NULL;
    FILE_NAME key_name = NULL;
    FILE_NAME trust_name = NULL;
    if (!key_load_development(&key) || !key_development_files(&key_name, &trust_name) ||
        !add_trust_file(tee, trust_name))
        return false;
    say_note("this private TEE trusts the development key %s", key_name);
    for (size_t i = 0; i < num_files; i++)
        if (!add_trust_file(tee, files[i]))
            return false;
    return true;
}

char *private_find_app(const struct launch_config *config, const uint8_t uuid[16])
{
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(uuid, text);
    for (size_t i = 0; i < config->num_apps; i++) {
        char *path = file_name("%s/%s.ta", config->apps[i], text);
        if (path == NULL || access(path, R_OK) == 0)
            return path;
        free(path);
    }
    (void)say_error("no --app is the app %s", text);
    return NULL;
}
