/*
 * posternd: the hosted TEE. The portable kernel as an ordinary process, with the doors of
 * abi/hostlink.h. Stays in the foreground until SIGTERM, SIGINT or `postern stop`.
 */
#include "app.h"
#include "client.h"
#include "control.h"
#include "cpu.h"
#include "door.h"
#include "journal.h"
#include "lane.h"
#include "launcher.h"
#include "options.h"
#include "output.h"
#include "secret.h"
#include "sleep.h"
#include "supplicant_link.h"

#include <abi/package.h>
#include <errno.h>
#include <fcntl.h>
#include <lib/version.h>
#include <port/kernel.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENTS_LIMIT_MS 3000

static struct options options;

/* Memory is the host's, which has pages of its own to take back. */
bool port_memory_low(void)
{
    return false;
}

bool port_development(void)
{
    return options.development;
}

uint32_t port_arch(void)
{
#if defined(__x86_64__)
    return PACKAGE_ARCH_X86_64;
#else
    return PACKAGE_ARCH_AARCH64;
#endif
}

void port_log(uint32_t level, const char *line, size_t length)
{
    journal_foreign(level, NULL, line, length);
}

_Noreturn void port_panic(const char *why)
{
    /* Clients see their lanes end; the launcher sees its socket end, and with it all apps. */
    journal_line(SYS_LOG_ERROR, "the kernel cannot go on: %s", why);
    abort();
}

static bool open_log(void)
{
    int fd = STDERR_FILENO;

    if (options.log != NULL) {
        fd = open(options.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd < 0) {
            fprintf(stderr, "posternd: %s: %s\n", options.log, strerror(errno));
            return false;
        }
    }
    journal_open(fd, options.development);
    return true;
}

/* Every client has several descriptors here. */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static bool begin(void)
{
    if (control_init() != 0 || sleep_init() != 0 || output_init() != 0) {
        journal_line(SYS_LOG_ERROR, "no threads or descriptors to start with: %s", strerror(errno));
        return false;
    }
    if (!secret_load_key(options.state) || !secret_load_trust(options.trust)) {
        return false;
    }
    if (launcher_init(app_ended) != E_OK) {
        return false;
    }
    if (kernel_start() != E_OK) {
        journal_line(SYS_LOG_ERROR, "the kernel did not start");
        return false;
    }
    return true;
}

static void ready(void)
{
    journal_line(SYS_LOG_INFO, "Postern %s serves in %s%s", POSTERN_VERSION_TEXT, options.run,
                 options.development ? " (development: weaker, see posternd(8))" : "");
    if (options.notice_fd >= 0) {
        journal_notices(options.notice_fd);
    }
    if (options.ready_fd >= 0) {
        (void)!write(options.ready_fd, "", 1);
        close(options.ready_fd);
    }
}

int main(int argc, char **argv)
{
    int status = EXIT_FAILURE;

    if (launcher_is_asked(argc, argv)) {
        return launcher_main(argc, argv);
    }
    switch (options_read(argc, argv, &options)) {
    case OPTIONS_DONE:
        return EXIT_SUCCESS;
    case OPTIONS_WRONG:
        return 2;
    case OPTIONS_GO_ON:
        break;
    }
    if (!open_log()) {
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_limits();
    cpu_init();
    lane_init();
    if (!options.development) {
        /* No debugger and no core file of the process that has the device key, and no access to
         * its memory for other processes of the same user. */
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    /* The folder first: a second daemon must find out before it touches anything. */
    if (door_prepare(options.run, options.group) && begin() && door_open()) {
        ready();
        door_serve();
        status = EXIT_SUCCESS;
    }
    door_close();
    client_end_all(CLIENTS_LIMIT_MS);
    supplicant_end();
    launcher_end();
    journal_line(SYS_LOG_INFO, "ended");
    /* Threads of clients that are still being cleaned up end here. */
    fflush(NULL);
    _exit(status);
}
