/*
 * The launcher: the small process that starts apps. It is posternd's own program started anew with
 * LAUNCH_ARGUMENT, so it shares no memory with the daemon and its keys. It closes itself off
 * (sandbox_enter) and what it starts inherits that; it ends when the daemon does, and all apps with
 * it.
 *
 * A start is one clone that shares memory and descriptors with the launcher until the app's image
 * is executed: nothing is copied. The child arms its limits and its filter and executes the image;
 * it lives on the launcher's memory until then, so it calls nothing that changes it but `start`.
 *
 * Forbidden system calls do not return to the app: they are announced here by number (seccomp's
 * user notification), the launcher ends the process and reports which call it was. Where the system
 * has no such announcements the filter ends the process itself and the number is not known.
 */
#include "launch_protocol.h"
#include "launcher.h"
#include "sandbox.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than the daemon has apps: some have ended but were not reaped yet. */
#define SLOTS (2 * LAUNCHER_APPS_MAX)
#define SOCKET_FD 40 /* out of the way of what children get */
#define STACK_SIZE (64u << 10)
#define WRAPPER_WORDS 16

/* clone() by the name that ThreadSanitizer does not intercept: it takes a child that shares memory
 * for a fork. */
int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

#define EVENT_SOCKET UINT64_MAX
#define EVENT_SIGNAL (UINT64_MAX - 1)

struct slot {
    pid_t pid; /* 0: free */
    uint64_t id;
    int listener; /* -1: none */
    int call;     /* the forbidden call that ended it, or -1 */
};

struct start {
    const struct launch_request *request;
    const struct sandbox_filter *filter;
    char *const *environment;
    bool development;
    bool notify;
    volatile int listener;
    volatile int error;
};

static struct slot slots[SLOTS];
static struct sandbox_filter filter;
static char *environment[8] = {NULL};
/* Development: the words of LAUNCH_WRAPPER, a program that runs the app (valgrind). Empty: none. */
static char *wrapper[WRAPPER_WORDS + 2] = {NULL};
static bool development;
static bool notify;
static int events;
static _Alignas(16) char child_stack[STACK_SIZE];

/* In the child, on the launcher's memory. */
SANDBOX_UNWATCHED static int child_run(void *argument)
{
    struct start *start = argument;
    char *const arguments[] = {(char *)(uintptr_t)start->request->name, NULL};
    sigset_t none;
    int got;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (sandbox_limits_apply(start->request->data, start->request->stack,
                             start->development
                                 ? (wrapper[0] != NULL ? SANDBOX_WRAPPED : SANDBOX_DEVELOPMENT)
                                 : SANDBOX_NORMAL) != 0) {
        start->error = errno;
        return 1;
    }
    got = sandbox_filter_apply(start->filter, start->notify);
    if (got < 0) {
        start->error = errno;
        return 1;
    }
    start->listener = start->notify ? got : -1;
    if (wrapper[0] != NULL) {
        execve(wrapper[0], wrapper, start->environment);
        start->error = errno;
        return 1;
    }
    syscall(SYS_execveat, SANDBOX_IMAGE_FD, "", arguments, start->environment, AT_EMPTY_PATH);
    start->error = errno;
    return 1;
}

/* Gives the child's descriptors their numbers. They are the launcher's too until `restore`. */
static int arrange(const int fd[LAUNCH_FDS])
{
    if (dup2(fd[LAUNCH_FD_OUTPUT], STDOUT_FILENO) < 0 ||
        dup2(fd[LAUNCH_FD_OUTPUT], STDERR_FILENO) < 0 ||
        dup2(fd[LAUNCH_FD_LINK], SYS_FD_LINK) < 0 || dup2(fd[LAUNCH_FD_PAGE], SYS_FD_PAGE) < 0 ||
        (wrapper[0] == NULL ? dup3(fd[LAUNCH_FD_IMAGE], SANDBOX_IMAGE_FD, O_CLOEXEC)
                            : dup2(fd[LAUNCH_FD_IMAGE], SANDBOX_IMAGE_FD)) < 0) {
        return errno;
    }
    return 0;
}

static void restore(void)
{
    dup2(STDIN_FILENO, STDOUT_FILENO);
    dup2(STDIN_FILENO, STDERR_FILENO);
    dup2(STDIN_FILENO, SYS_FD_LINK);
    dup2(STDIN_FILENO, SYS_FD_PAGE);
    close(SANDBOX_IMAGE_FD);
}

static struct slot *slot_find(pid_t pid)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].pid == pid) {
            return &slots[i];
        }
    }
    return NULL;
}

static void slot_watch(struct slot *slot)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = (uint64_t)(slot - slots)}};
    int low = slot->listener;

    /* Out of the low numbers, which the next child needs below its own limit. */
    if (low >= 0) {
        slot->listener = fcntl(low, F_DUPFD_CLOEXEC, SOCKET_FD + 1);
        close(low);
    }
    if (slot->listener >= 0 && epoll_ctl(events, EPOLL_CTL_ADD, slot->listener, &event) != 0) {
        close(slot->listener);
        slot->listener = -1;
    }
}

/* Explicitly: closing alone would leave it there as long as a child that is just being started has
 * a copy of the descriptor, and it would announce things of the slot's next app. */
static void slot_unwatch(struct slot *slot)
{
    if (slot->listener >= 0) {
        epoll_ctl(events, EPOLL_CTL_DEL, slot->listener, NULL);
        close(slot->listener);
    }
}

static void start_app(const struct launch_request *request, const struct wire_extra *extra)
{
    struct start start = {.request = request,
                          .filter = &filter,
                          .environment = environment,
                          .development = development,
                          .notify = notify,
                          .listener = -1};
    struct launch_started answer = {.error = EAGAIN};
    struct slot *slot = slot_find(0);
    int pidfd = -1;

    if (slot != NULL) {
        answer.error = arrange(extra->fd);
        if (answer.error == 0) {
            answer.pid = __clone(child_run, child_stack + STACK_SIZE,
                                 CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD,
                                 &start, &pidfd);
            answer.error = answer.pid < 0 ? errno : start.error;
        }
        restore();
    }
    if (answer.error == 0) {
        *slot = (struct slot){
            .pid = answer.pid, .id = request->id, .listener = start.listener, .call = -1};
        slot_watch(slot);
    } else {
        wire_close_fd(start.listener);
    }
    /* Whoever asked may be gone; then the app's end is reported to nobody. */
    (void)wire_send(extra->fd[LAUNCH_FD_LINK], &answer, sizeof(answer), &pidfd, pidfd >= 0);
    wire_close_fd(pidfd);
}

/* False at the end of the connection: the daemon is gone. */
static bool serve_request(void)
{
    struct launch_request request;
    struct wire_extra extra;
    ssize_t got = wire_receive(SOCKET_FD, &request, sizeof(request), LAUNCH_FDS, &extra);

    if (got < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    if (got == (ssize_t)sizeof(request) && extra.num_fds == LAUNCH_FDS && !extra.cut) {
        request.name[sizeof(request.name) - 1] = '\0';
        start_app(&request, &extra);
    }
    wire_close(&extra);
    return got > 0;
}

static void send_blocking(const void *data, size_t size)
{
    while (send(SOCKET_FD, data, size, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static void reap(int signals)
{
    struct signalfd_siginfo ignored;
    siginfo_t info;

    (void)!read(signals, &ignored, sizeof(ignored));
    for (;;) {
        struct slot *slot;
        struct launch_ended ended = {.message = LAUNCH_ENDED};

        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
            return;
        }
        slot = slot_find(info.si_pid);
        if (slot == NULL) {
            continue; /* a start that failed */
        }
        ended.id = slot->id;
        ended.code = info.si_code;
        ended.status = info.si_status;
        ended.call = slot->call;
        slot_unwatch(slot);
        memset(slot, 0, sizeof(*slot));
        send_blocking(&ended, sizeof(ended));
    }
}

static void forbidden_call(struct slot *slot, uint32_t happened)
{
    /* The system may know more fields than this program: it asks for their size. */
    static union {
        struct seccomp_notif notice;
        char room[1024];
    } message;

    if (slot->pid == 0 || slot->listener < 0) {
        return;
    }
    /* Without EPOLLIN nothing waits there, and asking for it would wait. */
    if ((happened & EPOLLIN) != 0) {
        memset(&message, 0, sizeof(message));
        if (ioctl(slot->listener, SECCOMP_IOCTL_NOTIF_RECV, &message.notice) == 0) {
            slot->call = message.notice.data.nr;
        }
        kill(slot->pid, SIGKILL);
    } else if ((happened & EPOLLHUP) != 0) {
        epoll_ctl(events, EPOLL_CTL_DEL, slot->listener, NULL); /* it has ended */
    }
}

/* Sanitizers of the development form are configured by variables; apps get no others. */
static void environment_keep(void)
{
    static const char *const names[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                                        "LD_LIBRARY_PATH"};
    size_t count = 0;

    for (size_t i = 0; development && i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        size_t size = value != NULL ? strlen(names[i]) + strlen(value) + 2 : 0;
        char *entry = size > 0 ? malloc(size) : NULL;

        if (entry != NULL) {
            snprintf(entry, size, "%s=%s", names[i], value);
            environment[count++] = entry;
        }
    }
}

/* The wrapper's words, with the image's name behind them. */
static void wrapper_keep(void)
{
    static char image[] = "/proc/self/fd/1000";
    const char *text = development ? getenv(LAUNCH_WRAPPER) : NULL;
    static char *copy; /* for good: the words point into it */
    char *rest = NULL;
    size_t count = 0;

    _Static_assert(SANDBOX_IMAGE_FD == 1000, "the image's name");
    copy = text != NULL ? strdup(text) : NULL;
    for (char *word = copy != NULL ? strtok_r(copy, " ", &rest) : NULL;
         word != NULL && count < WRAPPER_WORDS; word = strtok_r(NULL, " ", &rest)) {
        wrapper[count++] = word;
    }
    if (count > 0) {
        wrapper[count] = image;
    }
}

static int watch(int fd, uint64_t what)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = what}};

    return epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
}

static void probe_notify(struct launch_ready *ready)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;

    notify = !development && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    if (notify) {
        ready->have |= LAUNCH_HAVE_NOTIFY;
    }
}

static _Noreturn void serve(int signals)
{
    for (;;) {
        struct epoll_event event;

        /* One at a time: what one does may free the slot that the next one is about. */
        if (epoll_wait(events, &event, 1, -1) != 1) {
            continue;
        }
        if (event.data.u64 == EVENT_SIGNAL) {
            reap(signals);
        } else if (event.data.u64 != EVENT_SOCKET) {
            forbidden_call(&slots[event.data.u64], event.events);
        } else if (!serve_request()) {
            _exit(0);
        }
    }
}

int launcher_main(int argc, char **argv)
{
    struct launch_ready ready = {.message = LAUNCH_READY};
    struct rlimit files;
    const char *what = "arrange its descriptors";
    sigset_t wanted;
    int signals;
    int have;

    (void)prctl(PR_SET_NAME, "postern-launch", 0, 0, 0);
    development = argc > 2 && strcmp(argv[2], "development") == 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_SETMASK, &wanted, NULL);
    if (dup3(LAUNCH_SOCKET, SOCKET_FD, O_CLOEXEC) < 0) {
        return 1;
    }
    /* Whatever the daemon was started with: apps must not have it. */
    if (syscall(SYS_close_range, LAUNCH_SOCKET + 1, SOCKET_FD - 1, 0) != 0 ||
        syscall(SYS_close_range, SOCKET_FD + 1, ~0U, 0) != 0) {
        return 1;
    }
    environment_keep();
    wrapper_keep();
    have = sandbox_enter(development, &what);
    if (have < 0) {
        ready.error = errno != 0 ? errno : EPERM;
        snprintf(ready.what, sizeof(ready.what), "%s", what);
        send_blocking(&ready, sizeof(ready));
        return 1;
    }
    ready.have = (uint32_t)have;
    restore();
    probe_notify(&ready);
    signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    events = epoll_create1(EPOLL_CLOEXEC);
    if (signals < 0 || events < 0 || watch(SOCKET_FD, EVENT_SOCKET) != 0 ||
        watch(signals, EVENT_SIGNAL) != 0) {
        return 1;
    }
    if (sandbox_filter_build(&filter,
                             wrapper[0] != NULL ? SANDBOX_WRAPPED
                             : development      ? SANDBOX_DEVELOPMENT
                                                : SANDBOX_NORMAL,
                             notify ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_KILL_PROCESS) != 0) {
        return 1;
    }
    send_blocking(&ready, sizeof(ready));
    serve(signals);
}
