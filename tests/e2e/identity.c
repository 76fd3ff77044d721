/*
 * Who the app thinks its client is: each login method, as root and as another user, computed here a
 * second time from what RFC 4122 and facts about Linux's TEE driver say, never from Postern's code.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;

/* UUID version 5 in Linux's name space for TEE clients. */
static void identity_uuid(const char *name, uint8_t out[16])
{
    static const uint8_t space[16] = {0x58, 0xac, 0x9c, 0xa0, 0x20, 0x86, 0x46, 0x83,
                                      0xa1, 0xb8, 0xec, 0x4b, 0xc0, 0x8e, 0x01, 0xb6};
    uint8_t text[16 + 64];
    uint8_t digest[SHA_DIGEST_LENGTH];
    memcpy(text, space, sizeof(space));
    memcpy(text + 16, name, strlen(name));
    SHA1(text, 16 + strlen(name), digest);
    memcpy(out, digest, 16);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x50);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

/* Opens with a login method and asks the app who we are. */
static TEEC_Result identity_ask(TEEC_Context *context, uint32_t method, const void *data,
                                uint32_t *login, uint8_t uuid[16], uint32_t *origin)
{
    TEEC_Session session;
    memset(&session, 0, sizeof(session));
    TEEC_Result result = TEEC_OpenSession(context, &session, &probe, method, data, NULL, origin);
    if (result != TEEC_SUCCESS) {
        return result;
    }
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[1].tmpref.buffer = uuid;
    operation.params[1].tmpref.size = 16;
    result = TEEC_InvokeCommand(&session, PROBE_IDENTITY, &operation, origin);
    *login = operation.params[0].value.a;
    TEEC_CloseSession(&session);
    return result;
}

/* All methods, for whoever runs this. Answers the number of failures; `applications` gets the UUIDs of
 * the application logins. */
static unsigned identity_all(const char *who, uint8_t applications[4][16])
{
    unsigned failures = 0;
    TEEC_Context context;
    if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS) {
        printf("# %s: no context: %s\n", who, postern_teec_reason());
        return 100;
    }
    uint32_t login = 0;
    uint32_t origin = 0;
    uint8_t uuid[16];
    uint8_t want[16];
    char name[32];
    const uint32_t group = getegid();
    static const uint8_t nil[16];

    TEEC_Result result = identity_ask(&context, TEEC_LOGIN_PUBLIC, NULL, &login, uuid, &origin);
    if (result != TEEC_SUCCESS || login != TEEC_LOGIN_PUBLIC || memcmp(uuid, nil, 16) != 0) {
        printf("# %s: PUBLIC is wrong: %s, login %u\n", who, postern_teec_strerror(result), login);
        failures++;
    }
    (void)snprintf(name, sizeof(name), "uid=%x", (unsigned)geteuid());
    identity_uuid(name, want);
    result = identity_ask(&context, TEEC_LOGIN_USER, NULL, &login, uuid, &origin);
    if (result != TEEC_SUCCESS || login != TEEC_LOGIN_USER || memcmp(uuid, want, 16) != 0) {
        printf("# %s: USER is wrong: %s, login %u\n", who, postern_teec_strerror(result), login);
        failures++;
    }
    (void)snprintf(name, sizeof(name), "gid=%x", group);
    identity_uuid(name, want);
    result = identity_ask(&context, TEEC_LOGIN_GROUP, &group, &login, uuid, &origin);
    if (result != TEEC_SUCCESS || login != TEEC_LOGIN_GROUP || memcmp(uuid, want, 16) != 0) {
        printf("# %s: GROUP is wrong: %s, login %u\n", who, postern_teec_strerror(result), login);
        failures++;
    }
    const uint32_t foreign = 0x7654321;
    const bool all = tee_cannot(TEE_LOGIN_APP) == NULL;
    for (int i = 0; i < (all ? 2 : 1); i++) {
        result = identity_ask(&context, i == 0 ? TEEC_LOGIN_GROUP : TEEC_LOGIN_GROUP_APPLICATION,
                              &foreign, &login, uuid, &origin);
        if (result != TEEC_ERROR_ACCESS_DENIED) {
            printf("# %s: a foreign group: %s\n", who, postern_teec_strerror(result));
            failures++;
        }
    }
    if (!all) {
        TEEC_FinalizeContext(&context);
        return failures;
    }
    static const uint32_t methods[4] = {TEEC_LOGIN_APPLICATION, TEEC_LOGIN_USER_APPLICATION,
                                        TEEC_LOGIN_GROUP_APPLICATION, TEEC_LOGIN_IDENTIFY};
    for (int i = 0; i < 4; i++) {
        result = identity_ask(&context, methods[i],
                              methods[i] == TEEC_LOGIN_GROUP_APPLICATION ? &group : NULL, &login,
                              applications[i], &origin);
        if (result != TEEC_SUCCESS || login != methods[i] ||
            memcmp(applications[i], nil, 16) == 0 || (applications[i][6] >> 4) != 5) {
            printf("# %s: method %u is wrong: %s, login %u\n", who, methods[i],
                   postern_teec_strerror(result), login);
            failures++;
        }
    }
    TEEC_FinalizeContext(&context);
    return failures;
}

static void identity_data(void)
{
    struct tap_group group = {0};
    TEEC_Context context;
    call_context(&context);
    const uint32_t gid = getegid();
    static const struct {
        uint32_t method;
        bool data; /* given */
        bool good;
    } row[] = {
        {TEEC_LOGIN_PUBLIC, true, false},
        {TEEC_LOGIN_USER, true, false},
        {TEEC_LOGIN_APPLICATION, true, false},
        {TEEC_LOGIN_USER_APPLICATION, true, false},
        {TEEC_LOGIN_GROUP, false, false},
        {TEEC_LOGIN_GROUP_APPLICATION, false, false},
        {TEEC_LOGIN_GROUP_APPLICATION, true, true},
        {TEEC_LOGIN_IDENTIFY, false, true},
        {3, false, false},
        {8, false, false},
        {0x80000000, false, false},
        {0xf0000000, false, false},
        {0xffffffff, false, false},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        uint32_t login = 0;
        uint32_t origin = 0;
        uint8_t uuid[16];
        if (row[i].good && row[i].data && tee_cannot(TEE_LOGIN_APP) != NULL) {
            continue; /* identity_refused */
        }
        const TEEC_Result result =
            identity_ask(&context, row[i].method, row[i].data ? &gid : NULL, &login, uuid, &origin);
        if (row[i].good) {
            tap_check(&group, result == TEEC_SUCCESS, "method %x: %s", row[i].method,
                      postern_teec_strerror(result));
        } else {
            tap_check(&group, result == TEEC_ERROR_BAD_PARAMETERS && origin == TEEC_ORIGIN_API,
                      "method %x: %s from %u", row[i].method, postern_teec_strerror(result),
                      origin);
        }
    }
    TEEC_FinalizeContext(&context);
    tap_group_end(&group,
                  "connection data is there just where it must be; unknown methods refused");
}

/* The same as another user, in a child. */
static bool identity_as_nobody(uint8_t applications[4][16])
{
    int answer[2];
    if (pipe(answer) != 0) {
        tee_bail("pipe");
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const gid_t groups[] = {65534};
        if (setgroups(1, groups) != 0 || setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(99);
        }
        uint8_t own[4][16];
        memset(own, 0, sizeof(own));
        const unsigned failures = identity_all("nobody", own);
        fflush(stdout);
        (void)!write(answer[1], own, sizeof(own));
        _exit((int)failures);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    (void)!read(answer[0], applications, 4 * 16);
    close(answer[0]);
    close(answer[1]);
    return status == 0;
}

/* Another program has another identity as an application: a copy of this one under another name. */
static int identity_print(void)
{
    uint8_t own[4][16];
    memset(own, 0, sizeof(own));
    const unsigned failures = identity_all("other program", own);
    return failures == 0 && fwrite(own, 1, sizeof(own), stdout) == sizeof(own) ? 0 : 1;
}

/* Linux's driver refuses the application logins, and the library says so. */
static void identity_refused(void)
{
    static const uint32_t methods[3] = {TEEC_LOGIN_APPLICATION, TEEC_LOGIN_USER_APPLICATION,
                                        TEEC_LOGIN_GROUP_APPLICATION};
    struct tap_group group = {0};
    TEEC_Context context;
    call_context(&context);
    const uint32_t gid = getegid();
    for (unsigned i = 0; i < 3; i++) {
        uint32_t login = 0;
        uint32_t origin = 0;
        uint8_t uuid[16];
        const TEEC_Result result = identity_ask(
            &context, methods[i], methods[i] == TEEC_LOGIN_GROUP_APPLICATION ? &gid : NULL, &login,
            uuid, &origin);
        tap_check(&group, result == TEEC_ERROR_NOT_SUPPORTED && origin == TEEC_ORIGIN_COMMS,
                  "method %u: %s from %u", methods[i], postern_teec_strerror(result), origin);
    }
    TEEC_FinalizeContext(&context);
    tap_group_end(&group, "a login that the driver does not know: NOT_SUPPORTED");
}

/* The application logins of this program, and of a copy of it. */
static void identity_applications(uint8_t mine[4][16])
{
    if (tee_lacks(TEE_LOGIN_APP, "the application logins")) {
        identity_refused();
        return;
    }
    tap_ok(memcmp(mine[0], mine[1], 16) != 0 && memcmp(mine[1], mine[2], 16) != 0 &&
               memcmp(mine[0], mine[2], 16) != 0 && memcmp(mine[0], mine[3], 16) != 0,
           "the application logins differ from each other");
    char copy[TEE_PATH + 16];
    char output[TEE_PATH + 16];
    size_t size;
    uint8_t *program = tee_file_read("/proc/self/exe", &size);
    (void)snprintf(copy, sizeof(copy), "%s/other-program", here.folder);
    (void)snprintf(output, sizeof(output), "%s/other-output", here.folder);
    tee_file_write(copy, program, size);
    free(program);
    (void)chmod(copy, 0755);
    const char *arguments[] = {copy, "print", NULL};
    const int status = tee_run(arguments, output);
    uint8_t *theirs = tee_file_read(output, &size);
    tap_ok(status == 0 && size == 64 && memcmp(mine[0], theirs, 16) != 0 &&
               memcmp(mine[1], theirs + 16, 16) != 0 && memcmp(mine[3], theirs + 48, 16) != 0,
           "another program has other application identities");
    free(theirs);
}

/* In a child: connects, asks for a lane in the same breath, and becomes another program. */
_Noreturn static void identity_become(int connection)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_TEEC};
    const struct link_request lane = {.op = LINK_LANE_OPEN, .tag = 1};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/" LINK_SOCKET_CLIENTS, here.run);
    if (connect(connection, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(connection, &hello, sizeof(hello), MSG_NOSIGNAL) == (ssize_t)sizeof(hello) &&
        send(connection, &lane, sizeof(lane), MSG_NOSIGNAL) == (ssize_t)sizeof(lane)) {
        (void)execl("/bin/sleep", "sleep", "600", (char *)NULL);
    }
    _exit(1);
}

/* Whatever comes until the end of the connection. Answers whether descriptors were among it. */
static bool identity_gets_descriptors(int connection)
{
    for (;;) {
        union {
            char bytes[CMSG_SPACE(8 * sizeof(int))];
            struct cmsghdr align;
        } control;
        char bytes[256];
        struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
        struct msghdr message = {.msg_iov = &piece,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        struct pollfd wait = {.fd = connection, .events = POLLIN};
        if (poll(&wait, 1, (int)TEE_PATIENCE_MS) != 1) {
            tee_bail("the daemon neither answers nor hangs up");
        }
        const ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == ECONNRESET) {
            continue; /* it hung up on what it had not read; before that it may have said why */
        }
        if (got <= 0) {
            return false;
        }
        if (CMSG_FIRSTHDR(&message) != NULL) {
            return true;
        }
    }
}

/* A program asks for a lane and becomes another before the daemon looks who it is; who holds its socket
 * must not get a lane under the other's name. */
static void identity_borrowed(void)
{
    int started[2];
    if (tee_lacks(TEE_DOOR, "a program that becomes another one")) {
        return;
    }
    const int connection = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (connection < 0 || pipe2(started, O_CLOEXEC) != 0 || kill(here.daemon, SIGSTOP) != 0) {
        tee_bail("socket, pipe or daemon");
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        identity_become(connection);
    }
    close(started[1]);
    char byte;
    (void)!read(started[0], &byte, 1); /* ends when the child has become the other program */
    close(started[0]);
    (void)kill(here.daemon, SIGCONT);
    tap_ok(!identity_gets_descriptors(connection),
           "no lane for what was asked before the program was looked at");
    close(connection);
    tap_ok(child > 0 && waitpid(child, NULL, WNOHANG) == 0, "by a program that had become another");
    if (child > 0) {
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "print") == 0) {
        return identity_print();
    }
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start(&here);
    char door[TEE_PATH + 16];
    tee_door_path(&here, door);
    uint8_t mine[4][16];
    memset(mine, 0, sizeof(mine));
    tap_ok(identity_all("me", mine) == 0, "PUBLIC, USER and GROUP as Linux computes them");
    identity_data();
    identity_applications(mine);
    identity_borrowed();
    if (geteuid() != 0) {
        tap_skip("needs root", "the same as another user");
    } else {
        (void)chmod(door, 0666);
        uint8_t nobody[4][16];
        memset(nobody, 0, sizeof(nobody));
        tap_ok(identity_as_nobody(nobody), "PUBLIC, USER and GROUP of another user");
        if (!tee_lacks(TEE_LOGIN_APP, "the application identities of another user")) {
            tap_ok(memcmp(mine[1], nobody[1], 16) != 0 && memcmp(mine[3], nobody[3], 16) != 0,
                   "the same program run by another user has another USER_APPLICATION identity");
            tap_ok(memcmp(mine[0], nobody[0], 16) == 0, "but the same APPLICATION identity");
        }
    }
    tee_destroy(&here);
    return tap_end();
}
