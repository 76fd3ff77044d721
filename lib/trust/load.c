/*
 * Trust files from the file system. Who may write them decides whom the TEE trusts: so folder and
 * files must belong to the effective user or to root, be writable by nobody else, and what is
 * checked is what is read (the open file, not its name).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lib/trust/trust.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static enum error
refuse(struct trust_why *why, enum error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
    return error;
}

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static void free_text(char **text)
{
    free(*text);
}

static void free_builder(struct trust_builder **builder)
{
    trust_builder_destroy(*builder);
}

static enum error check_owner(const char *name, const struct stat *st, struct trust_why *why)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return refuse(why, E_ACCESS_DENIED,
                      "%s belongs to user %u and must belong to this user or to root", name,
                      (unsigned int)st->st_uid);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse(why, E_ACCESS_DENIED,
                      "%s can be written by others (mode %04o); chmod go-w makes it acceptable",
                      name, (unsigned int)(st->st_mode & 07777));
    return E_OK;
}

/* The whole file, at most TRUST_FILE_MAX bytes; *text is the caller's. */
static enum error read_text(int fd, const char *name, char **text, size_t *size,
                            struct trust_why *why)
{
    char *bytes = malloc(TRUST_FILE_MAX + 1);
    if (bytes == NULL)
        return refuse(why, E_NO_MEMORY, "out of memory");
    size_t used = 0;
    while (used <= TRUST_FILE_MAX) {
        ssize_t got = read(fd, bytes + used, TRUST_FILE_MAX + 1 - used);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return refuse(why, E_IO, "%s cannot be read: %s", name, strerror(errno));
        }
        used += (size_t)got;
    }
    if (used > TRUST_FILE_MAX) {
        free(bytes);
        return refuse(why, E_TOO_BIG, "%s is larger than %u bytes", name, TRUST_FILE_MAX);
    }
    *text = bytes;
    *size = used;
    return E_OK;
}

static enum error open_error(const char *name, struct trust_why *why)
{
    if (errno == ENOENT)
        return refuse(why, E_NOT_FOUND, "%s does not exist", name);
    if (errno == ELOOP)
        return refuse(why, E_ACCESS_DENIED, "%s is a symbolic link, which is not followed", name);
    return refuse(why, E_IO, "%s cannot be opened: %s", name, strerror(errno));
}

/* Checks and reads one trust file; `name` is for messages. */
static enum error add_file(struct trust_builder *builder, int folder, const char *file,
                           const char *name, struct trust_why *why)
{
    __attribute__((cleanup(close_fd))) int fd =
        openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return open_error(name, why);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return refuse(why, E_IO, "%s cannot be examined: %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(why, E_BAD_FORMAT, "%s is not an ordinary file", name);
    enum error error = check_owner(name, &st, why);
    if (error != E_OK)
        return error;
    __attribute__((cleanup(free_text))) char *text = NULL;
    size_t size = 0;
    error = read_text(fd, name, &text, &size, why);
    return error == E_OK ? trust_builder_add(builder, name, text, size, why) : error;
}

static int is_trust_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    size_t suffix = strlen(TRUST_SUFFIX);
    return length > suffix && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + length - suffix, TRUST_SUFFIX) == 0;
}

static enum error add_folder(struct trust_builder *builder, int folder, const char *path,
                             struct trust_why *why)
{
    struct dirent **entries = NULL;
    int count = scandirat(folder, ".", &entries, is_trust_file, alphasort);
    if (count < 0)
        return refuse(why, E_IO, "%s cannot be read: %s", path, strerror(errno));
    enum error error = E_OK;
    for (int i = 0; i < count; i++) {
        char *name = NULL;
        if (error == E_OK && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
            error = refuse(why, E_NO_MEMORY, "out of memory");
        else if (error == E_OK)
            error = add_file(builder, folder, entries[i]->d_name, name, why);
        free(name);
        free(entries[i]);
    }
    free(entries);
    return error;
}

enum error trust_load(const char *path, uint8_t **blob, size_t *size, struct trust_why *why)
{
    __attribute__((cleanup(free_builder))) struct trust_builder *builder = trust_builder_create();
    if (builder == NULL)
        return refuse(why, E_NO_MEMORY, "out of memory");
    __attribute__((cleanup(close_fd))) int folder =
        open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NONBLOCK);
    enum error error;
    if (folder < 0 && errno == ENOTDIR) {
        error = add_file(builder, AT_FDCWD, path, path, why);
    } else if (folder < 0) {
        return open_error(path, why);
    } else {
        struct stat st;
        if (fstat(folder, &st) != 0)
            return refuse(why, E_IO, "%s cannot be examined: %s", path, strerror(errno));
        error = check_owner(path, &st, why);
        if (error == E_OK)
            error = add_folder(builder, folder, path, why);
    }
    if (error != E_OK)
        return error;
    if (trust_builder_encode(builder, blob, size) != E_OK)
        return refuse(why, E_NO_MEMORY, "out of memory");
    return E_OK;
}
