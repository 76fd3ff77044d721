/* The run folder and its sockets. See door.h. */
#include "door.h"

#include "client.h"
#include "control.h"
#include "journal.h"
#include "supplicant_link.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <abi/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "posternd.lock"
#define DOORS 3
#define BACKLOG 1024
/* Connections taken at one door before the others, and whoever wants to end the TEE, are looked at. */
#define ACCEPTED_AT_ONCE 16

struct door {
    const char *name;
    void (*accepted)(int socket);
    bool for_group;
    int socket;
};

static struct door doors[DOORS] = {
    {LINK_SOCKET_CLIENTS, client_accept, true, -1},
    {LINK_SOCKET_SUPPLICANT, supplicant_accept, false, -1},
    {LINK_SOCKET_CONTROL, control_accept, false, -1},
};
static int folder = -1;
static int lock = -1;
static int signals = -1;
static gid_t group_id = (gid_t)-1;

static bool find_group(const char *name)
{
    const struct group *found;

    if (name == NULL) {
        return true;
    }
    found = getgrnam(name);
    if (found == NULL) {
        journal_line(SYS_LOG_ERROR, "--group: there is no group %s", name);
        return false;
    }
    group_id = found->gr_gid;
    return true;
}

static bool block_signals(void)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    signals = signalfd(-1, &wanted, SFD_CLOEXEC);
    return signals >= 0;
}

bool door_prepare(const char *run, const char *group)
{
    struct stat info;

    if (!find_group(group) || !block_signals()) {
        return false;
    }
    if (mkdir(run, group != NULL ? 0711 : 0700) != 0 && errno != EEXIST) {
        journal_line(SYS_LOG_ERROR, "run folder %s: %s", run, strerror(errno));
        return false;
    }
    folder = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &info) != 0) {
        journal_line(SYS_LOG_ERROR, "run folder %s: %s", run, strerror(errno));
        return false;
    }
    /* Whoever may rename a socket there could stand between clients and the TEE. */
    if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & 022) != 0) {
        journal_line(SYS_LOG_ERROR, "run folder %s: others than the TEE's own user may write to it",
                     run);
        return false;
    }
    lock = openat(folder, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
        journal_line(SYS_LOG_ERROR, "run folder %s: %s", run,
                     errno == EWOULDBLOCK ? "another TEE runs there" : strerror(errno));
        wire_close_fd(lock);
        lock = -1;
        return false;
    }
    return true;
}

static bool open_one(struct door *door)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool group = door->for_group && group_id != (gid_t)-1;
    int on = 1;

    /* Through the descriptor: a run folder's path may be longer than an address. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, door->name);
    door->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door->socket < 0) {
        return false;
    }
    (void)unlinkat(folder, door->name, 0);
    (void)fchmod(door->socket, 0600); /* the socket file is made with this, less the umask */
    return setsockopt(door->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
           bind(door->socket, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           fchmodat(folder, door->name, 0600, 0) == 0 &&
           (!group ||
            fchownat(folder, door->name, (uid_t)-1, group_id, AT_SYMLINK_NOFOLLOW) == 0) &&
           (!group || fchmodat(folder, door->name, 0660, 0) == 0) &&
           listen(door->socket, BACKLOG) == 0;
}

bool door_open(void)
{
    for (size_t i = 0; i < DOORS; i++) {
        if (!open_one(&doors[i])) {
            journal_line(SYS_LOG_ERROR, "socket %s: %s", doors[i].name, strerror(errno));
            return false;
        }
    }
    return true;
}

static void accept_some(const struct door *door)
{
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        int socket = accept4(door->socket, NULL, NULL, SOCK_CLOEXEC);

        if (socket >= 0) {
            door->accepted(socket);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            struct timespec pause = {.tv_nsec = 50000000};

            nanosleep(&pause, NULL); /* they wait in the queue until others have gone */
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

void door_serve(void)
{
    struct pollfd wanted[DOORS + 2];

    for (size_t i = 0; i < DOORS; i++) {
        wanted[i] = (struct pollfd){.fd = doors[i].socket, .events = POLLIN};
    }
    wanted[DOORS] = (struct pollfd){.fd = signals, .events = POLLIN};
    wanted[DOORS + 1] = (struct pollfd){.fd = control_stop_fd(), .events = POLLIN};
    for (;;) {
        if (poll(wanted, DOORS + 2, -1) <= 0) {
            continue;
        }
        if (wanted[DOORS].revents != 0 || wanted[DOORS + 1].revents != 0) {
            return;
        }
        for (size_t i = 0; i < DOORS; i++) {
            if (wanted[i].revents != 0) {
                accept_some(&doors[i]);
            }
        }
    }
}

void door_close(void)
{
    if (lock < 0) {
        return; /* the folder is another TEE's */
    }
    for (size_t i = 0; i < DOORS; i++) {
        if (doors[i].socket >= 0) {
            (void)unlinkat(folder, doors[i].name, 0);
            close(doors[i].socket);
            doors[i].socket = -1;
        }
    }
}
