/* postern stop: ends the long-lived TEE and waits until it is gone. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/hosted/lock.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>
#include <unistd.h>

#define STOP_SECONDS 20

static const struct argp argp = {
    .doc = "Stops the long-lived hosted TEE: sessions are closed, apps ended. Returns once all is "
           "gone.",
};

/* Waits until the process is gone; a pidfd cannot be confused with a later process. */
static bool wait_for(int pidfd)
{
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    int count;
    do
        count = poll(&poll_fd, 1, STOP_SECONDS * 1000);
    while (count < 0 && errno == EINTR);
    return count > 0;
}

/* A TEE without a supervisor of ours: started by systemd, or by hand. */
static bool stop_daemon(const char *run)
{
    CONTROL control = {.fd = -1};
    struct control_answer answer;
    if (!control_connect(run, &control, NULL))
        return false;
    int pidfd = pidfd_open(control.daemon, 0);
    if (pidfd < 0)
        return say_errno("the TEE's process %ld", (long)control.daemon);
    bool good = control_ask(&control, LINK_CONTROL_STOP, 0, 0, &answer);
    if (good && !wait_for(pidfd))
        good = say_error("process %ld does not end within %d seconds", (long)control.daemon,
                         STOP_SECONDS);
    (void)close(pidfd);
    return good;
}

static bool stop_supervised(const char *run, pid_t supervisor)
{
    if (supervisor > 1 && kill(supervisor, SIGTERM) != 0)
        return say_errno("the TEE's supervisor, process %ld", (long)supervisor);
    if (lock_wait(run, STOP_SECONDS))
        return true;
    return say_error("the TEE in %s (process %ld) does not end within %d seconds", run,
                     (long)supervisor, STOP_SECONDS);
}

int command_stop(int argc, char **argv)
{
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    FILE_NAME run = paths_run_folder();
    if (run == NULL)
        return COMMAND_FAILED;
    pid_t supervisor = lock_holder(run);
    bool good = supervisor != 0 ? stop_supervised(run, supervisor) : stop_daemon(run);
    if (good)
        (void)printf("the TEE in %s has ended\n", run);
    return good ? 0 : COMMAND_FAILED;
}
