/*
 * Which TEE a context means: TEEC_InitializeContext's `name`, and the order in which a default TEE
 * is looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"

#define DEVICES 10

static struct verdict folder_connect(struct context *context, const char *folder)
{
    char path[4096 + sizeof("/" LINK_SOCKET_CLIENTS)];

    if (strlen(folder) > 4096)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "the path is too long");
    (void)snprintf(path, sizeof(path), "%s/" LINK_SOCKET_CLIENTS, folder);
    return hosted_connect(context, path);
}

static struct verdict refuse_path(const char *path)
{
    if (errno == EACCES || errno == EPERM)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_ACCESS_DENIED,
                              "%s: the caller may not use this TEE", path);
    if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP ||
        errno == ENXIO || errno == ENODEV)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "%s names no TEE: %s",
                              path, strerrordesc_np(errno));
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC, "%s: %s", path,
                          strerrordesc_np(errno));
}

static struct verdict device_connect(struct context *context, const char *path)
{
    struct verdict verdict;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return refuse_path(path);
    verdict = device_adopt(context, fd);
    if (verdict.result != TEEC_SUCCESS)
        (void)close(fd);
    return verdict;
}

/* A path that the caller gave. */
static struct verdict path_connect(struct context *context, const char *path)
{
    struct verdict verdict;
    struct stat status;
    char inside[4096 + sizeof("/" LINK_SOCKET_CLIENTS)];

    if (!strchr(path, '/') || strlen(path) > 4096)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "a TEE's name is a path with a / in it, or NULL");
    if (stat(path, &status) != 0)
        return refuse_path(path);
    if (S_ISSOCK(status.st_mode))
        return hosted_connect(context, path);
    if (S_ISDIR(status.st_mode)) {
        (void)snprintf(inside, sizeof(inside), "%s/" LINK_SOCKET_CLIENTS, path);
        if (stat(inside, &status) != 0)
            return refuse_path(path);
        return hosted_connect(context, inside);
    }
    if (S_ISCHR(status.st_mode)) {
        verdict = device_connect(context, path);
        if (verdict.result != TEEC_ERROR_NOT_SUPPORTED)
            return verdict;
    }
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                          "%s is neither a TEE device, a run folder nor a socket", path);
}

/* Whether the search may go on: nothing usable was there. What is there but denied is remembered:
 * it is the better answer when nothing else comes. */
static bool search_on(struct verdict found, struct verdict *best)
{
    if (found.result == TEEC_SUCCESS)
        return false;
    if (found.result == TEEC_ERROR_ACCESS_DENIED)
        *best = found;
    return true;
}

static struct verdict default_connect(struct context *context)
{
    struct verdict best = {TEEC_ERROR_GENERIC, TEEC_ORIGIN_API};
    struct verdict found;
    const char *folder = secure_getenv(LINK_ENVIRONMENT);
    char path[4096];

    if (folder && folder[0]) {
        found = path_connect(context, folder);
        /* The program named no TEE: what is wrong is not its parameter. */
        if (found.result == TEEC_ERROR_BAD_PARAMETERS)
            found = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC,
                                   LINK_ENVIRONMENT "=%s: no TEE runs there", folder);
        return found;
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        (void)snprintf(path, sizeof(path), "/dev/tee%u", i);
        found = device_connect(context, path);
        if (!search_on(found, &best))
            return found;
    }
    folder = secure_getenv("XDG_RUNTIME_DIR");
    /* Root's TEE is the system's: a folder of the user who became root is not asked. */
    if (geteuid() != 0 && folder && folder[0] == '/' &&
        (size_t)snprintf(path, sizeof(path), "%s/" LINK_RUN_USER, folder) < sizeof(path)) {
        found = folder_connect(context, path);
        if (!search_on(found, &best))
            return found;
    }
    found = folder_connect(context, LINK_RUN_SYSTEM);
    if (!search_on(found, &best))
        return found;
    if (best.result == TEEC_ERROR_ACCESS_DENIED)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_ACCESS_DENIED,
                              "there is a TEE, but the caller may not use it");
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_GENERIC,
                          "no TEE: neither " LINK_ENVIRONMENT
                          " nor a TEE device nor a hosted TEE that runs");
}

struct verdict selection_connect(struct context *context, const char *name)
{
    return name ? path_connect(context, name) : default_connect(context);
}
