#include <errno.h>
#include <lib/version.h>
#include <postern/tee_client_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>
#include <unistd.h>

#define CONTROL_SECONDS 20 /* a TEE that does not answer for so long hangs */
#define CONTROL_TEXT_MAX (64u << 20)

void control_close(struct control *control)
{
    if (control->fd >= 0)
        (void)close(control->fd);
    control->fd = -1;
}

/* An open connection to the socket; -1 with errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static ssize_t receive(int fd, void *bytes, size_t size)
{
    ssize_t got;
    do
        got = recv(fd, bytes, size, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool greet(struct control *control, const char *run_folder)
{
    const struct timeval patience = {.tv_sec = CONTROL_SECONDS};
    const struct link_hello hello = {
        .magic = LINK_MAGIC,
        .protocol = LINK_PROTOCOL,
        .kind = LINK_KIND_CONTROL,
        .version = POSTERN_VERSION,
    };
    struct link_welcome welcome;
    struct ucred peer;
    socklen_t length = sizeof(peer);
    (void)setsockopt(control->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (send(control->fd, &hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello) ||
        receive(control->fd, &welcome, sizeof(welcome)) != (ssize_t)sizeof(welcome) ||
        welcome.magic != LINK_MAGIC)
        return say_error("the TEE in %s does not answer in its protocol", run_folder);
    welcome.text[sizeof(welcome.text) - 1] = '\0';
    if (welcome.status != 0)
        return say_error("the TEE in %s refuses: %s: %s", run_folder, welcome.text,
                         postern_teec_strerror(welcome.status));
    if (getsockopt(control->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return say_errno("the TEE's process cannot be found");
    control->daemon = peer.pid;
    control->version = welcome.version;
    return true;
}

bool control_connect(const char *run_folder, struct control *out, bool *absent)
{
    *out = (struct control){.fd = -1};
    if (absent != NULL)
        *absent = false;
    FILE_NAME path = file_name("%s/%s", run_folder, LINK_SOCKET_CONTROL);
    if (path == NULL)
        return false;
    out->fd = connect_to(path);
    if (out->fd < 0 && (errno == ENOENT || errno == ECONNREFUSED)) {
        if (absent == NULL)
            return say_error("no TEE runs in %s (`postern start' starts one)", run_folder);
        *absent = true;
        return false;
    }
    if (out->fd < 0)
        return say_errno("the TEE's socket %s cannot be reached", path);
    if (greet(out, run_folder))
        return true;
    control_close(out);
    return false;
}

char *control_run_folder(const char *given)
{
    const char *environment = getenv(LINK_ENVIRONMENT);
    if (given == NULL && environment != NULL && environment[0] != '\0')
        given = environment;
    if (given != NULL)
        return file_name("%s", given);
    if (geteuid() != 0 && getenv("XDG_RUNTIME_DIR") == NULL)
        return file_name("%s", LINK_RUN_SYSTEM);
    char *own = paths_run_folder();
    if (own == NULL || geteuid() == 0)
        return own;
    FILE_NAME own_socket = file_name("%s/%s", own, LINK_SOCKET_CONTROL);
    FILE_NAME system_socket = file_name("%s/%s", LINK_RUN_SYSTEM, LINK_SOCKET_CONTROL);
    if (own_socket == NULL || system_socket == NULL || access(own_socket, F_OK) == 0 ||
        access(system_socket, F_OK) != 0)
        return own;
    free(own);
    return file_name("%s", LINK_RUN_SYSTEM);
}

bool control_send(const struct control *control, uint32_t op, uint64_t a, uint64_t b)
{
    const struct link_request request = {.op = op, .tag = op, .a = a, .b = b};
    if (send(control->fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request))
        return true;
    return say_errno("the TEE takes no request");
}

/* The text in a memory file that the daemon passed. */
static bool read_text(int fd, uint64_t size, struct control_answer *out)
{
    if (size > CONTROL_TEXT_MAX)
        return say_error("the TEE's answer is larger than sensible");
    out->text = malloc(size + 1);
    if (out->text == NULL)
        return say_error("out of memory");
    while (out->size < size) {
        ssize_t got = pread(fd, out->text + out->size, size - out->size, (off_t)out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        out->size += (size_t)got;
    }
    out->text[out->size] = '\0';
    if (out->size == size)
        return true;
    free(out->text);
    out->text = NULL;
    return say_error("the TEE's answer is cut short");
}

/* One message with at most one descriptor; *fd is -1 when none came. */
static ssize_t receive_with_fd(int socket, struct link_reply *reply, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } room;
    struct iovec iov = {.iov_base = reply, .iov_len = sizeof(*reply)};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = room.bytes,
        .msg_controllen = sizeof(room.bytes),
    };
    ssize_t got;
    *fd = -1;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return got;
    const struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    if (control != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
        control->cmsg_len >= CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(control), sizeof(int));
    return got;
}

bool control_receive(const struct control *control, uint32_t op, struct control_answer *out)
{
    struct link_reply reply;
    int fd = -1;
    *out = (struct control_answer){.text = NULL};
    ssize_t got = receive_with_fd(control->fd, &reply, &fd);
    bool good = got == (ssize_t)sizeof(reply) && reply.tag == op;
    if (got < 0)
        (void)say_errno("the TEE does not answer");
    else if (!good)
        (void)say_error(got == 0 ? "the TEE ended" : "the TEE does not answer in its protocol");
    if (good && reply.status != 0)
        good = say_error("the TEE refuses: %s", postern_teec_strerror(reply.status));
    out->a = reply.a;
    if (good && fd >= 0)
        good = read_text(fd, reply.a, out);
    if (fd >= 0)
        (void)close(fd);
    return good;
}

bool control_ask(const struct control *control, uint32_t op, uint64_t a, uint64_t b,
                 struct control_answer *out)
{
    return control_send(control, op, a, b) && control_receive(control, op, out);
}
