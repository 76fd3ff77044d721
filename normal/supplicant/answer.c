/*
 * The supplicant's answers.
 *
 * Packages: a file UUID.ta (lower case) in one of the folders. Its name is made from 16 octets, so
 * nobody can ask for another file; it must be a plain file, no symbolic link, because what the
 * supplicant can read the one who asks may not.
 */
#include "supplicant.h"

#include <abi/message.h>
#include <abi/package.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Octets of a UUID, as they stand in a value parameter's a and b. */
static void uuid_file_name(const struct rpc_param *param, char out[48])
{
    uint8_t octet[16];
    size_t at = 0;

    memcpy(octet, &param->a, 8);
    memcpy(octet + 8, &param->b, 8);
    for (size_t i = 0; i < 16; i++) {
        at += (size_t)snprintf(out + at, 48 - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", octet[i]);
    }
    snprintf(out + at, 48 - at, ".ta");
}

/* Opens the package in the first folder that has it. -1: in none. */
static int open_package(const struct supplicant *supplicant, const char *name, struct stat *info)
{
    for (size_t i = 0; i < supplicant->num_folders; i++) {
        int folder = open(supplicant->folder[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd;

        if (folder < 0) {
            continue; /* it may be made later */
        }
        fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        close(folder);
        if (fd < 0) {
            if (errno != ENOENT) {
                supplicant_say("%s/%s: %s", supplicant->folder[i], name, strerror(errno));
            }
            continue;
        }
        if (fstat(fd, info) == 0 && S_ISREG(info->st_mode)) {
            return fd;
        }
        supplicant_say("%s/%s: not a plain file", supplicant->folder[i], name);
        close(fd);
    }
    return -1;
}

static uint32_t read_all(int fd, uint8_t *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, out + done, size - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return RET_GENERIC; /* shorter than it was a moment ago */
        }
        done += (size_t)got;
    }
    return RET_SUCCESS;
}

/* Without memory, or with too little: how much it takes. */
static uint32_t load_app(const struct supplicant *supplicant, struct rpc_param *param, size_t count)
{
    char name[48];
    struct stat info;
    uint64_t room;
    uint32_t ret = RET_SUCCESS;
    int fd;

    if (count != 2 || param[0].kind != RPC_VALUE || param[1].kind != RPC_MEMORY || !param[1].out) {
        return RET_BAD_PARAMETERS;
    }
    uuid_file_name(&param[0], name);
    fd = open_package(supplicant, name, &info);
    if (fd < 0) {
        return RET_ITEM_NOT_FOUND;
    }
    room = param[1].memory != NULL ? param[1].size : 0;
    param[1].size = (uint64_t)info.st_size;
    if (room != 0 && room < param[1].size) {
        ret = RET_SHORT_BUFFER;
    } else if (room != 0) {
        ret = read_all(fd, param[1].memory, (size_t)param[1].size);
    }
    close(fd);
    return ret;
}

/* Three numbers that change when the file is replaced or written. */
static uint32_t app_stamp(const struct supplicant *supplicant, struct rpc_param *param,
                          size_t count)
{
    char name[48];
    struct stat info;
    int fd;

    if (count != 2 || param[0].kind != RPC_VALUE || param[1].kind != RPC_VALUE || !param[1].out) {
        return RET_BAD_PARAMETERS;
    }
    uuid_file_name(&param[0], name);
    fd = open_package(supplicant, name, &info);
    if (fd < 0) {
        return RET_ITEM_NOT_FOUND;
    }
    close(fd);
    param[1].a = (uint64_t)info.st_ino ^ (uint64_t)info.st_dev << 40;
    param[1].b = (uint64_t)info.st_size;
    param[1].c = (uint64_t)info.st_ctim.tv_sec * 1000000000u + (uint64_t)info.st_ctim.tv_nsec;
    return RET_SUCCESS;
}

/* --- Which app serves a port. ------------------------------------------------------------------- */

#define PORT_NAME_ROOM 72u

struct port_search {
    const char *name;
    size_t length;
    uint8_t uuid[16]; /* the package's own claim */
};

/* Whether one entry of the list, like ` name:ns`, is about the port. */
static bool entry_is_port(const char *entry, size_t length, const struct port_search *search)
{
    size_t from = 0;
    size_t to = 0;

    while (from < length && (entry[from] == ' ' || entry[from] == '\t')) {
        from++;
    }
    for (to = from; to < length && entry[to] != ':' && entry[to] != ' ' && entry[to] != '\t';) {
        to++;
    }
    return to - from == search->length && memcmp(entry + from, search->name, search->length) == 0;
}

static bool list_has_port(const char *list, size_t length, const struct port_search *search)
{
    size_t start = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i == length || list[i] == ',') {
            if (entry_is_port(list + start, i - start, search)) {
                return true;
            }
            start = i + 1;
        }
    }
    return false;
}

/* Looks through the entries of a packed manifest (abi/package.h). */
static bool manifest_has_port(const uint8_t *at, size_t left, const struct port_search *search)
{
    static const char key[] = "postern.ports";

    while (left >= 4) {
        size_t key_length = at[0] | (size_t)at[1] << 8;
        size_t value_length = at[2] | (size_t)at[3] << 8;

        at += 4;
        left -= 4;
        if (key_length > left || value_length > left - key_length) {
            return false;
        }
        if (key_length == sizeof(key) - 1 && memcmp(at, key, key_length) == 0 &&
            list_has_port((const char *)at + key_length, value_length, search)) {
            return true;
        }
        at += key_length + value_length;
        left -= key_length + value_length;
    }
    return false;
}

static bool read_at(int fd, void *out, size_t size, size_t offset)
{
    return pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool package_has_port(int fd, struct port_search *search)
{
    struct package_header header;
    uint8_t manifest[PACKAGE_MANIFEST_MAX];

    if (!read_at(fd, &header, sizeof(header), 0) || header.magic != PACKAGE_MAGIC ||
        header.manifest_size > sizeof(manifest) ||
        !read_at(fd, manifest, header.manifest_size, header.manifest_offset)) {
        return false;
    }
    memcpy(search->uuid, header.uuid, sizeof(search->uuid));
    return manifest_has_port(manifest, header.manifest_size, search);
}

static bool folder_has_port(const char *path, struct port_search *search)
{
    DIR *folder = opendir(path);
    bool found = false;
    const struct dirent *entry;

    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        int fd;

        if (dot == NULL || strcmp(dot, ".ta") != 0) {
            continue;
        }
        fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            found = package_has_port(fd, search);
            close(fd);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return found;
}

static uint32_t app_of_port(const struct supplicant *supplicant, struct rpc_param *param,
                            size_t count)
{
    char name[PORT_NAME_ROOM + 1] = "";
    struct port_search search = {.name = name};

    if (count != 4 || param[3].kind != RPC_VALUE || !param[3].out) {
        return RET_BAD_PARAMETERS;
    }
    for (size_t i = 0; i < 3; i++) {
        if (param[i].kind != RPC_VALUE) {
            return RET_BAD_PARAMETERS;
        }
        memcpy(name + 24 * i, &param[i].a, 8);
        memcpy(name + 24 * i + 8, &param[i].b, 8);
        memcpy(name + 24 * i + 16, &param[i].c, 8);
    }
    search.length = strlen(name);
    for (size_t i = 0; i < supplicant->num_folders; i++) {
        if (folder_has_port(supplicant->folder[i], &search)) {
            memcpy(&param[3].a, search.uuid, 8);
            memcpy(&param[3].b, search.uuid + 8, 8);
            return RET_SUCCESS;
        }
    }
    return RET_ITEM_NOT_FOUND;
}

static uint32_t get_time(struct rpc_param *param, size_t count)
{
    struct timespec now;

    if (count != 1 || param[0].kind != RPC_VALUE || !param[0].out) {
        return RET_BAD_PARAMETERS;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    param[0].a = (uint64_t)now.tv_sec;
    param[0].b = (uint64_t)now.tv_nsec;
    return RET_SUCCESS;
}

uint32_t supplicant_answer(const struct supplicant *supplicant, uint32_t question,
                           struct rpc_param *param, size_t num_params)
{
    switch (question) {
    case MSG_RPC_LOAD_APP:
        return load_app(supplicant, param, num_params);
    case MSG_RPC_GET_TIME:
        return get_time(param, num_params);
    case MSG_RPC_APP_STAMP:
        return app_stamp(supplicant, param, num_params);
    case MSG_RPC_APP_OF_PORT:
        return app_of_port(supplicant, param, num_params);
    default:
        return RET_NOT_SUPPORTED;
    }
}
