#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tools/file.h>
#include <tools/hosted/launch.h>
#include <tools/hosted/paths.h>
#include <tools/printable.h>
#include <tools/say.h>
#include <unistd.h>

#define READY_SECONDS 20
#define STOP_MILLISECONDS 8000
#define SUPPLICANT_DEATHS_MAX 20
#define LOG_SHOWN 4096
#define ARGUMENTS_MAX (2 * LAUNCH_APPS_MAX + 24)
#define READY_FD 3
#define NOTICE_FD 4

const char *launch_status_text(int status)
{
    static char text[96];
    if (WIFSIGNALED(status))
        (void)snprintf(text, sizeof(text), "signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    else
        (void)snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
    return text;
}

/* The arguments of a program to be, NULL at the end. */
struct arguments {
    const char *at[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct arguments *arguments, const char *argument)
{
    if (arguments->count < ARGUMENTS_MAX - 1)
        arguments->at[arguments->count++] = argument;
}

static void add_option(struct arguments *arguments, const char *name, const char *value)
{
    add(arguments, name);
    add(arguments, value);
}

/* In the child, between fork and exec. */
_Noreturn static void become(const struct arguments *arguments, const char *log, int ready,
                             int notices, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out = log != NULL ? open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : 2;
    if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(127);
    /* Out of the way of each other first. */
    ready = fcntl(ready, F_DUPFD_CLOEXEC, NOTICE_FD + 1);
    if (notices != 0)
        notices = fcntl(notices, F_DUPFD_CLOEXEC, NOTICE_FD + 1);
    if (ready < 0 || notices < 0 || dup2(ready, READY_FD) < 0 ||
        (notices != 0 && dup2(notices, NOTICE_FD) < 0))
        _exit(127);
    /* What the caller had open (a make's pipes, say) must not live as long as the TEE. */
    (void)close_range(notices != 0 ? NOTICE_FD + 1 : READY_FD + 1, ~0u, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(127);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execv(arguments->at[0], (char *const *)arguments->at);
    (void)dprintf(2, "%s cannot be started: %s\n", arguments->at[0], strerror(errno));
    _exit(127);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum readiness { READY, ENDED, LATE };

/* Waits for the byte that says ready; the other end closes when the process dies. */
static enum readiness wait_ready(int fd)
{
    int64_t end = now_ms() + READY_SECONDS * 1000;
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();
        int count = poll(&poll_fd, 1, left > 0 ? (int)left : 0);
        char byte;
        if (count > 0)
            return read(fd, &byte, 1) == 1 ? READY : ENDED;
        if (count == 0 || errno != EINTR)
            return LATE;
    }
}

/* Starts one program and waits until it is ready. *pid is 0 after a failure. */
static bool spawn(const struct arguments *arguments, const char *log, int notices, pid_t *pid)
{
    int ready[2];
    *pid = 0;
    if (pipe2(ready, O_CLOEXEC) != 0)
        return say_errno("no pipe");
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become(arguments, log, ready[1], notices, parent);
    (void)close(ready[1]);
    if (child < 0) {
        (void)close(ready[0]);
        return say_errno("no process for %s", arguments->at[0]);
    }
    enum readiness readiness = wait_ready(ready[0]);
    (void)close(ready[0]);
    if (readiness == READY) {
        *pid = child;
        return true;
    }
    int status = 0;
    if (readiness == LATE)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (readiness == LATE)
        return say_error("%s was not ready within %d seconds", arguments->at[0], READY_SECONDS);
    return say_error("%s ended before it was ready: %s", arguments->at[0],
                     launch_status_text(status));
}

static bool spawn_daemon(const struct launch_config *config, pid_t *pid)
{
    FILE_NAME program = paths_program("posternd");
    struct arguments arguments = {.count = 0};
    if (program == NULL)
        return false;
    add(&arguments, program);
    add_option(&arguments, "--run", config->run);
    add_option(&arguments, "--state", config->state);
    add_option(&arguments, "--trust", config->trust);
    add_option(&arguments, "--ready-fd", "3");
    if (config->group != NULL)
        add_option(&arguments, "--group", config->group);
    if (config->development)
        add(&arguments, "--development");
    if (config->notices != 0)
        add_option(&arguments, "--notice-fd", "4");
    return spawn(&arguments, config->log, config->notices, pid);
}

static bool spawn_supplicant(const struct launch_config *config, pid_t *pid)
{
    FILE_NAME program = paths_program("postern-supplicant");
    FILE_NAME socket = file_name("%s/supplicant.sock", config->run);
    struct arguments arguments = {.count = 0};
    if (program == NULL || socket == NULL)
        return false;
    add(&arguments, program);
    add_option(&arguments, "--socket", socket);
    for (size_t i = 0; i < config->num_apps; i++)
        add_option(&arguments, "--apps", config->apps[i]);
    add_option(&arguments, "--data", config->data);
    add_option(&arguments, "--ready-fd", "3");
    return spawn(&arguments, config->log, 0, pid);
}

/* The end of the log, indented: it says why a start failed. */
static void show_log(const char *log)
{
    char text[LOG_SHOWN + 1];
    int fd = log != NULL ? open(log, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > LOG_SHOWN ? size - LOG_SHOWN : 0;
    ssize_t got = pread(fd, text, LOG_SHOWN, from);
    (void)close(fd);
    if (got <= 0)
        return;
    text[got] = '\0';
    char *rest = NULL;
    for (const char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        (void)fputs("  ", stderr);
        printable_lines(stderr, line, strlen(line));
        (void)fputc('\n', stderr);
    }
}

bool launch_start(const struct launch_config *config, struct launch_tee *out)
{
    *out = (struct launch_tee){.daemon = 0};
    if (spawn_daemon(config, &out->daemon) && spawn_supplicant(config, &out->supplicant))
        return true;
    launch_stop(out);
    show_log(config->log);
    return false;
}

enum launch_event launch_child_ended(const struct launch_config *config, struct launch_tee *tee,
                                     pid_t pid, int status)
{
    if (pid == tee->daemon) {
        tee->daemon = 0;
        return LAUNCH_DAEMON_ENDED;
    }
    if (pid != tee->supplicant)
        return LAUNCH_NOT_OURS;
    tee->supplicant = 0;
    if (tee->daemon == 0)
        return LAUNCH_SUPPLICANT_ENDED;
    if (++tee->supplicant_deaths > SUPPLICANT_DEATHS_MAX) {
        (void)say_error("the supplicant ended %u times (%s) and is not started again",
                        tee->supplicant_deaths, launch_status_text(status));
    } else {
        say_note("the supplicant ended (%s) and is started again", launch_status_text(status));
        (void)spawn_supplicant(config, &tee->supplicant);
    }
    return LAUNCH_SUPPLICANT_ENDED;
}

/* Whether the child is gone within the time; it is waited for then. */
static bool gone_within(pid_t pid, int64_t end)
{
    for (;;) {
        pid_t got = waitpid(pid, NULL, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return true;
        if (now_ms() >= end)
            return false;
        (void)nanosleep(&(const struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static void stop_one(pid_t *pid)
{
    if (*pid == 0)
        return;
    (void)kill(*pid, SIGTERM);
    if (!gone_within(*pid, now_ms() + STOP_MILLISECONDS)) {
        (void)kill(*pid, SIGKILL);
        (void)gone_within(*pid, INT64_MAX);
    }
    *pid = 0;
}

/* The daemon first: apps may still need their files to close down. */
void launch_stop(struct launch_tee *tee)
{
    stop_one(&tee->daemon);
    stop_one(&tee->supplicant);
}
