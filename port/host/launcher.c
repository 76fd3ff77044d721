/*
 * The daemon's side of the launcher. Each launcher has one thread that reads what it reports. Starts
 * are answered on the new app's own link, so the thread that starts an app waits for nobody else.
 */
#include "launcher.h"

#include "cpu.h"
#include "journal.h"
#include "launch_protocol.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_LIMIT_MS 10000
#define RESTART_PAUSE_MS 500

struct launcher {
    bool development;
    pthread_mutex_t guard;
    /* Under guard. */
    int socket; /* -1: not running */
    pid_t spawned;
    pid_t pid;
    int cpu;
    uint32_t have;
    bool ending;
    bool has_thread;
    pthread_t thread;
};

int launcher_start_limit_ms = 20000;

extern char **environ;

static struct launcher launchers[2] = {
    {.development = false, .guard = PTHREAD_MUTEX_INITIALIZER, .socket = -1, .cpu = CPU_ANY},
    {.development = true, .guard = PTHREAD_MUTEX_INITIALIZER, .socket = -1, .cpu = CPU_ANY},
};
static launcher_ended_fn *told;
/* This very program, also when another was put in its place: by descriptor, not by the name
 * /proc/self/exe, which under valgrind is another program's. */
static int program = -1;

bool launcher_is_asked(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], LAUNCH_ARGUMENT) == 0;
}

static int spawn(bool development, int socket, pid_t *pid)
{
    char *arguments[] = {(char *)(uintptr_t)"postern-launcher", (char *)(uintptr_t)LAUNCH_ARGUMENT,
                         (char *)(uintptr_t)(development ? "development" : "normal"), NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char path[64];
    sigset_t none;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0) {
        return error;
    }
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0); /* a terminal's ^C is the daemon's to act on */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&actions, socket, LAUNCH_SOCKET);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
    error = posix_spawn(pid, path, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Takes the first message. The process id comes from the system, in our own numbering. */
static bool await_ready(struct launcher *launcher, int socket)
{
    struct launch_ready ready;
    struct wire_extra extra;
    ssize_t got = -1;
    int rc;

    do {
        rc = wire_wait(socket, -1, READY_LIMIT_MS);
    } while (rc < 0 && errno == EINTR);
    if (rc == 1) {
        got = wire_receive(socket, &ready, sizeof(ready), 0, &extra);
    }
    if (got != (ssize_t)sizeof(ready) || ready.message != LAUNCH_READY) {
        journal_line(SYS_LOG_ERROR, "the launcher did not start");
        return false;
    }
    ready.what[sizeof(ready.what) - 1] = '\0';
    if (ready.error != 0) {
        journal_line(SYS_LOG_ERROR, "the launcher could not %s: %s", ready.what,
                     strerror(ready.error));
        return false;
    }
    launcher->have = ready.have;
    launcher->pid = extra.pid;
    return true;
}

/* Guard held, or before threads. */
static enum error launcher_spawn(struct launcher *launcher)
{
    int on = 1;
    int pair[2];
    int error;

    if (wire_pair(pair) != 0) {
        return E_NO_RESOURCES;
    }
    (void)setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    error = spawn(launcher->development, pair[1], &launcher->spawned);
    close(pair[1]);
    if (error != 0) {
        journal_line(SYS_LOG_ERROR, "the launcher cannot be started: %s", strerror(error));
        close(pair[0]);
        return E_NO_RESOURCES;
    }
    if (!await_ready(launcher, pair[0])) {
        close(pair[0]);
        kill(launcher->spawned, SIGKILL);
        waitpid(launcher->spawned, NULL, 0);
        return E_NO_RESOURCES;
    }
    if (launcher->pid != launcher->spawned) {
        waitpid(launcher->spawned, NULL, 0); /* has ended: the one that goes on is its child */
    }
    cpu_inherit_nothing(launcher->pid);
    launcher->socket = pair[0];
    launcher->cpu = CPU_ANY;
    return E_OK;
}

static void launcher_ended_message(struct launcher *launcher, const struct launch_ended *ended)
{
    char how[64];

    launcher_describe_end(ended->code, ended->status, ended->call, how, sizeof(how));
    told(launcher->development, ended->id, how);
}

/* Reads reports until the launcher's end. */
static void launcher_listen(struct launcher *launcher, int socket)
{
    for (;;) {
        struct launch_ended ended;
        struct wire_extra extra;
        ssize_t got = wire_receive(socket, &ended, sizeof(ended), 0, &extra);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return;
        }
        if (got == (ssize_t)sizeof(ended) && ended.message == LAUNCH_ENDED) {
            launcher_ended_message(launcher, &ended);
        }
    }
}

static void *launcher_thread(void *argument)
{
    struct launcher *launcher = argument;
    bool ending = false;

    cpu_inherit_nothing(0);
    while (!ending) {
        struct timespec pause = {.tv_nsec = RESTART_PAUSE_MS * 1000000L};
        int socket;

        pthread_mutex_lock(&launcher->guard);
        socket = launcher->socket;
        pthread_mutex_unlock(&launcher->guard);
        if (socket >= 0) {
            launcher_listen(launcher, socket);
        }
        pthread_mutex_lock(&launcher->guard);
        ending = launcher->ending;
        if (launcher->socket >= 0) {
            close(launcher->socket);
            launcher->socket = -1;
            kill(launcher->pid, SIGKILL);
            waitpid(launcher->pid, NULL, 0);
        }
        pthread_mutex_unlock(&launcher->guard);
        told(launcher->development, 0, ending ? "the TEE ends" : "the launcher ended");
        if (ending) {
            break;
        }
        journal_line(SYS_LOG_ERROR, "the launcher ended; its apps are gone; starting another");
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&launcher->guard);
        ending = launcher->ending;
        if (!ending) {
            (void)launcher_spawn(launcher);
        }
        pthread_mutex_unlock(&launcher->guard);
    }
    return NULL;
}

static enum error launcher_begin(struct launcher *launcher)
{
    enum error error = E_OK;

    pthread_mutex_lock(&launcher->guard);
    if (!launcher->has_thread && !launcher->ending) {
        error = launcher_spawn(launcher);
        if (error == E_OK) {
            launcher->has_thread =
                pthread_create(&launcher->thread, NULL, launcher_thread, launcher) == 0;
            if (!launcher->has_thread) {
                close(launcher->socket);
                launcher->socket = -1;
                error = E_NO_RESOURCES;
            }
        }
    }
    pthread_mutex_unlock(&launcher->guard);
    return error;
}

enum error launcher_init(launcher_ended_fn *ended)
{
    told = ended;
    if (program < 0) {
        program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    }
    if (program < 0) {
        journal_line(SYS_LOG_ERROR, "this program cannot be found: %s", strerror(errno));
        return E_NO_RESOURCES;
    }
    /* The launcher goes on as its own child; this makes it ours. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    return launcher_begin(&launchers[0]);
}

void launcher_end(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct launcher *launcher = &launchers[i];
        bool has_thread;

        pthread_mutex_lock(&launcher->guard);
        launcher->ending = true;
        has_thread = launcher->has_thread;
        launcher->has_thread = false;
        if (launcher->socket >= 0) {
            shutdown(launcher->socket, SHUT_RDWR);
        }
        pthread_mutex_unlock(&launcher->guard);
        if (has_thread) {
            pthread_join(launcher->thread, NULL);
        }
        launcher->ending = false;
    }
}

/* *pid: who was asked. */
static enum error launcher_ask(struct launcher *launcher, const struct launch_request *request,
                               const int fd[LAUNCH_FDS], pid_t *pid)
{
    enum error error = E_NO_RESOURCES;
    int cpu = cpu_self();

    pthread_mutex_lock(&launcher->guard);
    *pid = launcher->pid;
    if (launcher->socket >= 0) {
        if (cpu != CPU_ANY && cpu != launcher->cpu) {
            cpu_bind_process(launcher->pid, cpu);
            launcher->cpu = cpu;
        }
        /* Waits for room: the launcher takes requests as fast as it starts apps. */
        for (int tries = 0; error != E_OK && tries < 1000; tries++) {
            struct timespec pause = {.tv_nsec = 1000000};

            if (wire_send(launcher->socket, request, sizeof(*request), fd, LAUNCH_FDS) == 0) {
                error = E_OK;
            } else if (errno == EAGAIN) {
                nanosleep(&pause, NULL);
            } else {
                break;
            }
        }
    }
    pthread_mutex_unlock(&launcher->guard);
    return error;
}

/* It does not do what it is there for: its thread finds it dead, and starts another. */
static void launcher_give_up(struct launcher *launcher, pid_t pid)
{
    pthread_mutex_lock(&launcher->guard);
    if (launcher->socket >= 0 && launcher->pid == pid) {
        kill(pid, SIGKILL);
    }
    pthread_mutex_unlock(&launcher->guard);
}

/* *silent: nothing came in time. */
static enum error launcher_answer(int link, int *pidfd, bool *silent)
{
    struct launch_started started;
    struct wire_extra extra = {.num_fds = 0};
    ssize_t got = -1;
    int rc;

    do {
        rc = wire_wait(link, -1, launcher_start_limit_ms);
    } while (rc < 0 && errno == EINTR);
    *silent = rc == 0;
    if (rc == 1) {
        got = wire_receive(link, &started, sizeof(started), 1, &extra);
    }
    if (got != (ssize_t)sizeof(started)) {
        journal_line(SYS_LOG_ERROR, "the launcher did not answer");
    } else if (started.error != 0) {
        journal_line(SYS_LOG_ERROR, "an app cannot be started: %s", strerror(started.error));
    } else if (extra.num_fds == 1) {
        *pidfd = extra.fd[0];
        return E_OK;
    }
    wire_close(&extra);
    return E_NO_RESOURCES;
}

enum error launcher_start(const struct launcher_app *app, int *link, int *pidfd)
{
    struct launcher *launcher = &launchers[app->development];
    struct launch_request request = {.id = app->id, .data = app->data, .stack = app->stack};
    int fd[LAUNCH_FDS] = {[LAUNCH_FD_IMAGE] = app->image,
                          [LAUNCH_FD_PAGE] = app->page,
                          [LAUNCH_FD_OUTPUT] = app->output};
    enum error error = launcher_begin(launcher);
    bool silent = false;
    pid_t pid = 0;
    int pair[2];

    if (error != E_OK) {
        return error;
    }
    if (wire_pair(pair) != 0) {
        return E_NO_RESOURCES;
    }
    fd[LAUNCH_FD_LINK] = pair[1];
    snprintf(request.name, sizeof(request.name), "%s", app->name);
    error = launcher_ask(launcher, &request, fd, &pid);
    close(pair[1]);
    if (error == E_OK) {
        error = launcher_answer(pair[0], pidfd, &silent);
    }
    if (silent) {
        launcher_give_up(launcher, pid);
    }
    if (error != E_OK) {
        close(pair[0]);
        return error;
    }
    *link = pair[0];
    return E_OK;
}

uint32_t launcher_have(void)
{
    uint32_t have;

    pthread_mutex_lock(&launchers[0].guard);
    have = launchers[0].have;
    pthread_mutex_unlock(&launchers[0].guard);
    return have;
}

int launcher_pid(void)
{
    int pid;

    pthread_mutex_lock(&launchers[0].guard);
    pid = launchers[0].socket >= 0 ? launchers[0].pid : 0;
    pthread_mutex_unlock(&launchers[0].guard);
    return pid;
}
