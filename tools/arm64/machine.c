#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tools/arm64/machine.h>
#include <tools/say.h>
#include <unistd.h>

#define FIRST_FD 3 /* where QEMU finds the channels */

static const char channel_fds[] = "3,4,5,6";
_Static_assert(FIRST_FD == 3 && MACHINE_CHANNELS == 4, "channel_fds");

void machine_close(struct machine *machine, enum machine_channel channel)
{
    if (machine->channel[channel] >= 0)
        (void)close(machine->channel[channel]);
    machine->channel[channel] = -1;
}

/* In the child: the far ends of the channels become descriptors 3 to 6, all others are closed. */
static bool place_channels(const int far[MACHINE_CHANNELS])
{
    int high[MACHINE_CHANNELS];
    for (int i = 0; i < MACHINE_CHANNELS; i++) {
        high[i] = fcntl(far[i], F_DUPFD_CLOEXEC, FIRST_FD + MACHINE_CHANNELS);
        if (high[i] < 0)
            return false;
    }
    for (int i = 0; i < MACHINE_CHANNELS; i++)
        if (dup2(high[i], FIRST_FD + i) < 0)
            return false;
    return close_range(FIRST_FD + MACHINE_CHANNELS, ~0u, 0) == 0;
}

/* Not the terminal's: a session of its own, and what it says goes to a file. */
static bool detach(const char *output)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(output, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    (void)setsid();
    return null >= 0 && out >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0;
}

_Noreturn static void become_machine(const struct machine_config *config,
                                     const int far[MACHINE_CHANNELS], pid_t parent)
{
    const char *console = config->console != NULL ? config->console : "terminal";
    const char *arguments[] = {
        config->script,
        "--flash",
        config->flash,
        "--kernel",
        config->kernel,
        "--initrd",
        config->initrd,
        "--channels",
        channel_fds,
        "--secure-log",
        config->secure_log,
        "--console",
        console,
        config->gdb_socket != NULL ? "--gdb-socket" : NULL,
        config->gdb_socket,
        NULL,
    };
    sigset_t none;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
        (config->console != NULL && !detach(config->output)) || !place_channels(far))
        _exit(127);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execv(config->script, (char *const *)arguments);
    (void)dprintf(2, "%s cannot be started: %s\n", config->script, strerror(errno));
    _exit(127);
}

bool machine_start(const struct machine_config *config, struct machine *out)
{
    int far[MACHINE_CHANNELS] = {-1, -1, -1, -1};
    bool good = true;
    pid_t parent = getpid();
    *out = (struct machine){.channel = {-1, -1, -1, -1}};
    for (int i = 0; i < MACHINE_CHANNELS && good; i++) {
        int pair[2] = {-1, -1};
        good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;
        out->channel[i] = pair[0];
        far[i] = pair[1];
    }
    if (good) {
        out->pid = fork();
        if (out->pid == 0)
            become_machine(config, far, parent);
        good = out->pid > 0;
    }
    if (!good) {
        out->pid = 0;
        (void)say_errno("no process for the machine");
    }
    for (int i = 0; i < MACHINE_CHANNELS; i++)
        if (far[i] >= 0)
            (void)close(far[i]);
    return good;
}

void machine_stop(struct machine *machine)
{
    if (machine->pid != 0) {
        (void)kill(machine->pid, SIGKILL);
        while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        machine->pid = 0;
    }
    for (int i = 0; i < MACHINE_CHANNELS; i++)
        machine_close(machine, (enum machine_channel)i);
}
