/*
 * Where a device name leads. A device wins over everything else: only a name that does not exist
 * stands for the hosted TEE of this user, so that a program with a device's path built in runs
 * unchanged under `postern run`.
 */
#include <abi/hostlink.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtrusty.h"

static int target_put(struct target *target, enum target_kind kind, const char *folder,
                      const char *name)
{
    int length =
        snprintf(target->path, sizeof(target->path), "%s%s%s", folder, *name ? "/" : "", name);

    target->kind = kind;
    return length < 0 || (size_t)length >= sizeof(target->path) ? -ENAMETOOLONG : 0;
}

/* The socket of the TEE with this run folder, if one is there. */
static int target_try(struct target *target, const char *folder)
{
    struct stat status;
    int result = target_put(target, TARGET_SOCKET, folder, LINK_SOCKET_CLIENTS);

    if (result < 0)
        return result;
    return stat(target->path, &status) == 0 ? 0 : -errno;
}

/* The TEE that the environment names, if it names one; else the one that runs for this user, else
 * the system's. */
static int target_hosted(struct target *target)
{
    const char *named = secure_getenv(LINK_ENVIRONMENT);
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    char folder[sizeof(target->path)];

    if (named && *named)
        return target_try(target, named);
    if (geteuid() != 0 && runtime && *runtime == '/' &&
        (size_t)snprintf(folder, sizeof(folder), "%s/%s", runtime, LINK_RUN_USER) <
            sizeof(folder) &&
        target_try(target, folder) == 0)
        return 0;
    return target_try(target, LINK_RUN_SYSTEM);
}

int target_find(const char *dev_name, struct target *target)
{
    struct stat status;

    if (stat(dev_name, &status) != 0) {
        int error = errno;
        if (error == ENOENT || error == ENOTDIR)
            return target_hosted(target);
        return -error;
    }
    if (S_ISDIR(status.st_mode))
        return target_put(target, TARGET_SOCKET, dev_name, LINK_SOCKET_CLIENTS);
    return target_put(target, S_ISSOCK(status.st_mode) ? TARGET_SOCKET : TARGET_DEVICE, dev_name,
                      "");
}
