/* Who a client is. See identity.h. */
#include "identity.h"

#include "result.h"
#include "sha1.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* 58ac9ca0-2086-4683-a1b8-ec4bc08e01b6 */
static const uint8_t space[16] = {0x58, 0xac, 0x9c, 0xa0, 0x20, 0x86, 0x46, 0x83,
                                  0xa1, 0xb8, 0xec, 0x4b, 0xc0, 0x8e, 0x01, 0xb6};

static int ask_groups(int socket, struct identity *out)
{
    socklen_t size = 0;

    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || size == 0) {
        return 0; /* none */
    }
    if (errno != ERANGE) {
        return -1;
    }
    out->groups = malloc(size);
    if (out->groups == NULL ||
        getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, out->groups, &size) != 0) {
        return -1;
    }
    out->num_groups = size / sizeof(gid_t);
    return 0;
}

/* NULL when the system does not tell. */
static char *ask_program(pid_t pid)
{
    char link[64];
    char path[PATH_MAX];
    char text[PATH_MAX + 64];
    struct stat running;
    struct stat there;
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/%d/exe", pid);
    length = readlink(link, path, sizeof(path) - 1);
    if (length <= 0 || stat(link, &running) != 0) {
        return NULL;
    }
    path[length] = '\0';
    if (path[0] == '/' && stat(path, &there) == 0 && there.st_dev == running.st_dev &&
        there.st_ino == running.st_ino) {
        snprintf(text, sizeof(text), "app=%x:%s", running.st_uid, path);
    } else {
        snprintf(text, sizeof(text), "app=%x.%x:%llx", major(running.st_dev), minor(running.st_dev),
                 (unsigned long long)running.st_ino);
    }
    return strdup(text);
}

int identity_of(int socket, struct identity *out)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    memset(out, 0, sizeof(*out));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return -1;
    }
    out->pid = peer.pid;
    out->uid = peer.uid;
    out->gid = peer.gid;
    if (ask_groups(socket, out) != 0) {
        identity_clear(out);
        return -1;
    }
    if (peer.pid > 0) {
        out->program = ask_program(peer.pid);
    }
    return 0;
}

void identity_clear(struct identity *identity)
{
    free(identity->groups);
    free(identity->program);
    memset(identity, 0, sizeof(*identity));
}

static bool in_group(const struct identity *identity, uint64_t group)
{
    bool found = group == identity->gid;

    for (size_t i = 0; i < identity->num_groups && !found; i++) {
        found = group == identity->groups[i];
    }
    return found;
}

uint32_t identity_uuid(const struct identity *identity, uint32_t method, uint64_t group,
                       uint8_t out[16])
{
    char text[PATH_MAX + 96] = "";
    bool program = false;
    int length = 0;

    memset(out, 0, 16);
    switch (method) {
    case MSG_LOGIN_PUBLIC:
        return RESULT_SUCCESS;
    case MSG_LOGIN_APPLICATION:
        program = true;
        break;
    case MSG_LOGIN_USER_APPLICATION:
    case MSG_LOGIN_IDENTIFY:
        program = true;
        length = snprintf(text, sizeof(text), "uid=%x ", identity->uid);
        break;
    case MSG_LOGIN_USER:
        length = snprintf(text, sizeof(text), "uid=%x", identity->uid);
        break;
    case MSG_LOGIN_GROUP_APPLICATION:
    case MSG_LOGIN_GROUP:
        if (!in_group(identity, group)) {
            return RESULT_ACCESS_DENIED;
        }
        program = method == MSG_LOGIN_GROUP_APPLICATION;
        length = snprintf(text, sizeof(text), "gid=%x%s", (gid_t)group, program ? " " : "");
        break;
    default:
        return RESULT_BAD_PARAMETERS;
    }
    if (program) {
        if (identity->program == NULL) {
            return RESULT_ACCESS_DENIED;
        }
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s", identity->program);
    }
    sha1_uuid(space, text, (size_t)length, out);
    return RESULT_SUCCESS;
}

uint32_t identity_put(const struct identity *identity, struct msg_arg *arg)
{
    const uint64_t meta = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    struct msg_param *who = &arg->params[1];
    uint8_t uuid[16];
    uint32_t result;

    if (arg->head.num_params < 2 || arg->head.num_params > MSG_PARAMS_MAX ||
        arg->params[0].attr != meta || who->attr != meta) {
        return RESULT_BAD_FORMAT;
    }
    if (who->u.value.c > UINT32_MAX) {
        return RESULT_BAD_PARAMETERS;
    }
    result = identity_uuid(identity, (uint32_t)who->u.value.c, who->u.value.a, uuid);
    if (result == RESULT_SUCCESS) {
        memcpy(who->u.octets, uuid, sizeof(uuid));
    }
    return result;
}
