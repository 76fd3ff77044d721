/*
 * postern start: the long-lived TEE. A supervising process, which outlives the terminal, starts
 * posternd and the supplicant, starts the supplicant again when it dies, and ends with posternd.
 * The file RUN/lock is held by the supervisor: it is what makes a second start impossible.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/hosted/launch.h>
#include <tools/hosted/lock.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>
#include <unistd.h>

struct request {
    const char *group;
    const char *apps[LAUNCH_APPS_MAX - 2];
    size_t num_apps;
    bool development;
    bool foreground;
};

enum { OPTION_DEVELOPMENT = 256 };

static const struct argp_option options[] = {
    {.name = "apps",
     .key = 'a',
     .arg = "FOLDER",
     .doc = "where packages UUID.ta lie; may be repeated; always looked at too: apps in the state "
            "folder, and those that came with Postern"},
    {.name = "group",
     .key = 'g',
     .arg = "NAME",
     .doc = "this group's members may be clients (default: who starts it, and root)"},
    {.name = "development",
     .key = OPTION_DEVELOPMENT,
     .doc = "also run apps in their development form, whose sandbox is looser"},
    {.name = "foreground", .key = 'f', .doc = "stay in the foreground until the TEE ends"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'a':
        if (request->num_apps == LAUNCH_APPS_MAX - 2)
            argp_error(state, "--apps is given too often");
        else
            request->apps[request->num_apps++] = arg;
        return 0;
    case 'g':
        request->group = arg;
        return 0;
    case OPTION_DEVELOPMENT:
        request->development = true;
        return 0;
    case 'f':
        request->foreground = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc =
        "Starts the long-lived hosted TEE and returns once it serves clients. For root it is the "
        "system's (/run/postern), for anybody else the user's own "
        "($XDG_RUNTIME_DIR/postern). It trusts the keys in its trust folder: "
        "/etc/postern/trust.d, or ~/.config/postern/trust.d.",
};

struct folders {
    char *run;
    char *state;
    char *trust;
    char *data;
    char *apps;
    char *system_apps; /* NULL when there are none */
    char *log;
};

static void free_folders(struct folders *folders)
{
    char *const all[] = {folders->run,  folders->state,       folders->trust, folders->data,
                         folders->apps, folders->system_apps, folders->log};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]);
}

static bool find_folders(struct folders *out)
{
    out->run = paths_run_folder();
    out->state = out->run != NULL ? paths_state_folder() : NULL;
    out->trust = out->state != NULL ? paths_trust_folder() : NULL;
    if (out->trust == NULL)
        return false;
    out->data = file_name("%s/data", out->state);
    out->apps = file_name("%s/apps", out->state);
    out->log = file_name("%s/log", out->state);
    char *system_apps = paths_share("apps");
    if (system_apps != NULL && access(system_apps, F_OK) == 0)
        out->system_apps = system_apps;
    else
        free(system_apps);
    return out->data != NULL && out->apps != NULL && out->log != NULL;
}

/* Clients of a system's TEE pass through its run folder; nobody else has business in the others. */
static bool make_folders(const struct folders *folders)
{
    mode_t open = geteuid() == 0 ? 0755 : 0700;
    return file_make_folders(folders->run, open) && file_make_folders(folders->state, 0700) &&
           file_make_folders(folders->data, 0700) && file_make_folders(folders->apps, 0700) &&
           file_make_folders(folders->trust, open);
}

/* The last run's log is kept as log.old, so that neither grows for ever. */
static void turn_log(const struct folders *folders)
{
    FILE_NAME old = file_name("%s.old", folders->log);
    if (old != NULL)
        (void)rename(folders->log, old);
}

/* Waits for children and signals until the TEE has ended. */
static int supervise(const struct launch_config *config, struct launch_tee *tee,
                     const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        if (sigwaitinfo(signals, &info) < 0)
            continue;
        if (info.si_signo == SIGTERM || info.si_signo == SIGINT) {
            launch_stop(tee);
            return 0;
        }
        int status = 0;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (launch_child_ended(config, tee, pid, status) != LAUNCH_DAEMON_ENDED)
                continue;
            bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            if (!good)
                (void)say_error("posternd ended: %s", launch_status_text(status));
            launch_stop(tee);
            return good ? 0 : COMMAND_FAILED;
        }
    }
}

/* From here on nothing is said to the terminal any more. */
static bool leave_terminal(const char *log)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool good = null >= 0 && out >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 &&
                dup2(out, 2) >= 0 && chdir("/") == 0;
    return good ? true : say_errno("the terminal cannot be left");
}

/* The service manager that started us, if one did (sd_notify(3)), may go on now. */
static void notify_manager(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, strlen(path));
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, "READY=1", strlen("READY=1"), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 length);
    (void)close(fd);
}

/* `ready` is where a byte tells the foreground process that all is well; -1 in the foreground. */
static int run_supervisor(const struct launch_config *config, int lock, int ready)
{
    sigset_t signals;
    struct launch_tee tee;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    lock_sign(lock);
    if (!launch_start(config, &tee))
        return COMMAND_FAILED;
    if (ready >= 0) {
        if (!leave_terminal(config->log) || write(ready, "", 1) != 1) {
            launch_stop(&tee);
            return COMMAND_FAILED;
        }
        (void)close(ready);
    } else {
        notify_manager();
    }
    return supervise(config, &tee, &signals);
}

/* Starts the supervisor in the background and waits for what becomes of it. */
static int run_background(const struct launch_config *config, int lock)
{
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        (void)say_errno("no pipe");
        return COMMAND_FAILED;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ready[0]);
        (void)setsid();
        _exit(run_supervisor(config, lock, ready[1]));
    }
    (void)close(ready[1]);
    ssize_t got = 0;
    if (child < 0)
        (void)say_errno("no process");
    else
        do
            got = read(ready[0], &byte, 1);
        while (got < 0 && errno == EINTR);
    (void)close(ready[0]);
    if (got != 1)
        return COMMAND_FAILED;
    (void)printf("the TEE runs in %s (supervised by process %ld)\n", config->run, (long)child);
    return 0;
}

static bool nobody_there(const char *run, int *lock)
{
    pid_t holder = 0;
    bool absent = false;
    if (!lock_take(run, lock, &holder))
        return holder != 0 ? say_error("a TEE runs in %s already (process %ld)", run, (long)holder)
                           : false;
    CONTROL control = {.fd = -1};
    if (control_connect(run, &control, &absent))
        return say_error("a TEE runs in %s already (process %ld)", run, (long)control.daemon);
    return absent;
}

static int start(const struct request *request, const struct folders *folders)
{
    struct launch_config config = {
        .run = folders->run,
        .state = folders->state,
        .trust = folders->trust,
        .data = folders->data,
        .log = folders->log,
        .group = request->group,
        .development = request->development,
    };
    int lock = -1;
    for (size_t i = 0; i < request->num_apps; i++)
        config.apps[config.num_apps++] = request->apps[i];
    config.apps[config.num_apps++] = folders->apps;
    if (folders->system_apps != NULL)
        config.apps[config.num_apps++] = folders->system_apps;
    if (!make_folders(folders) || !nobody_there(folders->run, &lock))
        return COMMAND_FAILED;
    if (request->foreground)
        config.log = NULL;
    else
        turn_log(folders);
    return request->foreground ? run_supervisor(&config, lock, -1) : run_background(&config, lock);
}

int command_start(int argc, char **argv)
{
    struct request request = {.group = NULL};
    struct folders folders = {.run = NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    for (size_t i = 0; i < request.num_apps; i++) {
        char *path = realpath(request.apps[i], NULL);
        if (path == NULL) {
            (void)say_errno("--apps %s", request.apps[i]);
            return COMMAND_FAILED;
        }
        request.apps[i] = path; /* kept until the end */
    }
    int status = find_folders(&folders) ? start(&request, &folders) : COMMAND_FAILED;
    free_folders(&folders);
    return status;
}
