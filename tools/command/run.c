/*
 * postern run: a program with a TEE of its own. Starts posternd and the supplicant in a private
 * folder, tells the program by $POSTERN_TEE, waits for it, passes signals on to it and its status
 * out, and leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <lib/uuid.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tools/arm64/program.h>
#include <tools/command/arm64.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/hosted/debug.h>
#include <tools/hosted/launch.h>
#include <tools/hosted/notice.h>
#include <tools/hosted/paths.h>
#include <tools/hosted/private.h>
#include <tools/key/key.h>
#include <tools/package/development.h>
#include <tools/say.h>
#include <unistd.h>

#define PATHS_MAX 256
#define NOTICE_LINE_MAX 1024

struct request {
    const char *apps[PATHS_MAX];
    size_t num_apps;
    const char *trust[PATHS_MAX];
    size_t num_trust;
    const char *log;
    bool development;
    bool keep;
    bool debug;
    struct debug_config gdb;
    char **program;
};

enum {
    OPTION_ARM64 = 256,
    OPTION_DEVELOPMENT,
    OPTION_GDB,
    OPTION_GDB_ARG,
    OPTION_KEEP,
    OPTION_TRUST,
    OPTION_LOG
};

static const struct argp_option options[] = {
    {.name = "app",
     .key = 'a',
     .arg = "PATH",
     .doc = "an app package, or a folder of packages named UUID.ta; may be repeated"},
    {.name = "arm64",
     .key = OPTION_ARM64,
     .doc = "run in a TrustZone machine instead of the hosted TEE; `postern run --arm64 --help' "
            "tells more"},
    {.name = "development",
     .key = OPTION_DEVELOPMENT,
     .doc = "also run apps in their development form, whose sandbox is looser"},
    {.name = "trust",
     .key = OPTION_TRUST,
     .arg = "FILE",
     .doc = "trust the keys of this trust file, too; may be repeated"},
    {.name = "gdb",
     .key = OPTION_GDB,
     .arg = "UUID",
     .doc = "stop the next instance of this app before its first instruction and start gdb (or "
            "$POSTERN_GDB) on it; implies --development, and a copy of the app in its development "
            "form, signed with your development key"},
    {.name = "gdb-arg", .key = OPTION_GDB_ARG, .arg = "ARG", .doc = "an argument for gdb"},
    {.name = "log", .key = OPTION_LOG, .arg = "FILE", .doc = "append the TEE's log to this file"},
    {.name = "keep",
     .key = OPTION_KEEP,
     .doc = "do not remove the TEE's folder (log, device key) afterwards"},
    {0},
};

static bool add_path(const char **list, size_t *count, const char *path, const char *option)
{
    if (*count == PATHS_MAX)
        return say_error("%s is given more than %d times", option, PATHS_MAX);
    list[(*count)++] = path;
    return true;
}

static bool set_gdb(struct request *request, const char *uuid)
{
    if (!uuid_parse(uuid, strlen(uuid), request->gdb.uuid))
        return say_error("--gdb %s is not a UUID", uuid);
    request->debug = true;
    request->development = true;
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    bool good = true;
    switch (key) {
    case 'a':
        good = add_path(request->apps, &request->num_apps, arg, "--app");
        break;
    case OPTION_TRUST:
        good = add_path(request->trust, &request->num_trust, arg, "--trust");
        break;
    case OPTION_ARM64:
        arm64_become(state->argc, state->argv, state->next - 1); /* abbreviated */
    case OPTION_DEVELOPMENT:
        request->development = true;
        break;
    case OPTION_GDB:
        good = set_gdb(request, arg);
        break;
    case OPTION_GDB_ARG:
        if (request->gdb.num_arguments == DEBUG_ARGUMENTS_MAX)
            good = say_error("--gdb-arg is given more than %d times", DEBUG_ARGUMENTS_MAX);
        else
            request->gdb.arguments[request->gdb.num_arguments++] = arg;
        break;
    case OPTION_LOG:
        request->log = arg;
        break;
    case OPTION_KEEP:
        request->keep = true;
        break;
    case ARGP_KEY_ARGS:
        request->program = state->argv + state->next;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a PROGRAM is missing");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (!good)
        exit(COMMAND_RUN_FAILED);
    return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[--] PROGRAM [ARGUMENT...]",
    .doc = "Runs PROGRAM with a private hosted TEE that has the given apps (none by default) and "
           "trusts your development key. The TEE and all its files are gone afterwards. The status "
           "is that of PROGRAM, 128 + N when signal N killed it; 125 when the TEE did not start.",
};

/* Those that are passed on to the program. */
static const int passed_signals[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                     SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

/* All of a run's state. */
struct run {
    const struct request *request;
    struct launch_config config;
    struct private_tee folder;
    struct launch_tee tee;
    struct debug_config gdb;
    struct control control; /* fd -1 unless an app is to be held */
    int notices;            /* what posternd wants to be seen; 0: none */
    pid_t program;
    pid_t debugger;
    unsigned int asked_to_end; /* how often the program was told to */
    sigset_t old_mask;
    int signals; /* a signalfd */
};

static void block_signals(struct run *run)
{
    sigset_t mask;
    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGCHLD);
    for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
        (void)sigaddset(&mask, passed_signals[i]);
    (void)sigprocmask(SIG_BLOCK, &mask, &run->old_mask);
    run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A program that was started with these ignored must not make us lose them. */
static void default_signals(void)
{
    (void)signal(SIGCHLD, SIG_DFL);
}

/* Which machine the program is for, if it is an ELF file that is named with its folder; else NULL. */
static const char *machine_of(const char *program)
{
    uint8_t head[PROGRAM_HEAD];
    int fd = strchr(program, '/') != NULL ? open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return NULL;
    ssize_t got = read(fd, head, sizeof(head));
    (void)close(fd);
    return got > 0 ? program_machine(head, (size_t)got) : NULL;
}

/* Whether the program cannot be run because it is another machine's. The system is asked first: it
 * may have an emulator for such programs. */
static bool say_other_machine(const char *program, int error)
{
    const char *machine = error == ENOEXEC ? machine_of(program) : NULL;
    if (machine == NULL)
        return false;
    bool arm64 = strcmp(machine, "an arm64") == 0;
    (void)say_error("%s is %s program; this machine runs x86-64 programs%s", program, machine,
                    arm64 ? " (`postern run --arm64' runs it)" : "");
    return true;
}

/* In the child. `status` gets errno when there is no program to become. */
_Noreturn static void become_program(const struct run *run, int status)
{
    if (run->request->debug) {
        /* The terminal is gdb's. */
        (void)setpgid(0, 0);
        (void)close(0);
        if (freopen("/dev/null", "r", stdin) == NULL)
            _exit(COMMAND_RUN_FAILED);
    }
    (void)setenv(LINK_ENVIRONMENT, run->folder.run, 1);
    (void)sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
    /* execvp gives what the system does not know to a shell: an ELF file is no script. */
    if (machine_of(run->request->program[0]) != NULL)
        (void)execv(run->request->program[0], run->request->program);
    else
        (void)execvp(run->request->program[0], run->request->program);
    int error = errno;
    (void)!write(status, &error, sizeof(error));
    _exit(error == ENOENT ? COMMAND_RUN_NOT_FOUND : COMMAND_RUN_NOT_EXECUTABLE);
}

/* Starts the program; answers 0, or the status to end with. */
static int start_program(struct run *run)
{
    int status[2];
    int error = 0;
    if (pipe2(status, O_CLOEXEC) != 0) {
        (void)say_errno("no pipe");
        return COMMAND_RUN_FAILED;
    }
    run->program = fork();
    if (run->program == 0)
        become_program(run, status[1]);
    (void)close(status[1]);
    if (run->program < 0) {
        run->program = 0;
        (void)close(status[0]);
        (void)say_errno("no process for %s", run->request->program[0]);
        return COMMAND_RUN_FAILED;
    }
    ssize_t got;
    do
        got = read(status[0], &error, sizeof(error));
    while (got < 0 && errno == EINTR);
    (void)close(status[0]);
    if (got == 0)
        return 0;
    (void)waitpid(run->program, NULL, 0);
    run->program = 0;
    errno = error;
    if (!say_other_machine(run->request->program[0], error))
        (void)say_errno("%s cannot be run", run->request->program[0]);
    return error == ENOENT ? COMMAND_RUN_NOT_FOUND : COMMAND_RUN_NOT_EXECUTABLE;
}

/* A signal from the terminal has reached the program by itself: it is in the same group. One from
 * elsewhere is passed on; told to end for the third time, the program is killed. */
static void pass_signal(struct run *run, const struct signalfd_siginfo *info)
{
    int signal = (int)info->ssi_signo;
    if (info->ssi_code == SI_KERNEL || signal == SIGWINCH)
        return;
    bool ends = signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
    if (ends && ++run->asked_to_end > 2)
        signal = SIGKILL;
    if (run->program != 0)
        (void)kill(run->program, signal);
}

static void debugger_ended(struct run *run, int status)
{
    run->debugger = 0;
    control_close(&run->control); /* the app does not wait for one that came and went unseen */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && run->program != 0)
        (void)kill(run->program, SIGTERM); /* nobody will let the held app go on */
}

/* All children that have ended. True when the program is among them; *status is its. */
static bool collect_children(struct run *run, int *status)
{
    bool done = false;
    int one = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
        if (pid == run->program) {
            run->program = 0;
            *status = one;
            done = true;
        } else if (pid == run->debugger) {
            debugger_ended(run, one);
        } else if (launch_child_ended(&run->config, &run->tee, pid, one) == LAUNCH_DAEMON_ENDED) {
            say_note("the TEE ended while the program runs: %s", launch_status_text(one));
        }
    }
    return done;
}

static bool handle_signals(struct run *run, int *status)
{
    struct signalfd_siginfo info;
    bool done = false;
    while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            done |= collect_children(run, status);
        else
            pass_signal(run, &info);
    }
    return done;
}

/* A socket's two ends: of this process, and of posternd. Without it, all is in the log. */
static void open_notices(struct run *run)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    run->notices = ends[0];
    run->config.notices = ends[1];
}

/* All that is there now. posternd waits for the byte, so that its client goes on after this. */
static void take_notices(const struct run *run)
{
    char line[NOTICE_LINE_MAX];
    ssize_t got;
    const struct fault_apps apps = {
        .at = run->config.apps, .count = run->config.num_apps, .arch = PACKAGE_ARCH_X86_64};
    while (run->notices != 0 && (got = recv(run->notices, line, sizeof(line), MSG_DONTWAIT)) > 0) {
        notice_take(line, (size_t)got, &apps);
        (void)send(run->notices, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/* Waits for the program, and meanwhile for the app that is to be held. Answers its wait status. */
static int wait_for_program(struct run *run)
{
    int status = 0;
    for (;;) {
        struct pollfd fds[3] = {
            {.fd = run->signals, .events = POLLIN},
            /* -1 is not looked at */
            {.fd = run->debugger == 0 ? run->control.fd : -1, .events = POLLIN},
            {.fd = run->notices != 0 && run->tee.daemon != 0 ? run->notices : -1, .events = POLLIN},
        };
        if (poll(fds, 3, -1) < 0)
            continue;
        take_notices(run);
        if (fds[1].revents != 0) {
            if (!debug_attach(&run->gdb, &run->control, &run->debugger)) {
                control_close(&run->control);
                if (run->program != 0)
                    (void)kill(run->program, SIGTERM);
            }
        }
        if (fds[0].revents != 0 && handle_signals(run, &status))
            return status;
    }
}

/* gdb may outlive the program: it is the user's to end. */
static void wait_for_debugger(const struct run *run)
{
    if (run->debugger != 0)
        while (waitpid(run->debugger, NULL, 0) < 0 && errno == EINTR)
            continue;
}

static int run_program(struct run *run)
{
    if (run->request->debug && (!control_connect(run->folder.run, &run->control, NULL) ||
                                !debug_hold(&run->gdb, &run->control)))
        return COMMAND_RUN_FAILED;
    int failed = start_program(run);
    if (failed != 0)
        return failed;
    int status = wait_for_program(run);
    wait_for_debugger(run);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A debugger needs the app's development form: made here when the package has another, in place of
 * the package, which lies where the supplicant looks first. */
static bool make_debuggable(struct run *run)
{
    FILE_NAME package = private_find_app(&run->config, run->gdb.uuid);
    FILE_BYTES bytes = {.bytes = NULL};
    KEY key = NULL;
    struct builder_package form = {.bytes = NULL};
    char uuid[UUID_TEXT_LENGTH + 1];
    if (package == NULL || !file_read(package, PACKAGE_SIZE_MAX, &bytes) ||
        !key_load_development(&key) ||
        !development_form(package, bytes.bytes, bytes.size, key, &form))
        return false;
    uuid_format(run->gdb.uuid, uuid);
    FILE_NAME place = file_name("%s/%s.ta", run->folder.apps, uuid);
    bool good = place != NULL && file_write(place, 0600, form.bytes, form.size) &&
                debug_extract_symbols(&run->gdb, place, run->folder.run);
    free(form.bytes);
    return good;
}

/* Everything that the TEE will look at, in its folder. */
static bool prepare(struct run *run)
{
    const struct request *request = run->request;
    struct launch_config *config = &run->config;
    if (!private_create(&run->folder) ||
        !private_add_trust(&run->folder, run->request->trust, run->request->num_trust))
        return false;
    *config = (struct launch_config){
        .run = run->folder.run,
        .state = run->folder.state,
        .trust = run->folder.trust,
        .data = run->folder.data,
        .apps = {run->folder.apps},
        .num_apps = 1,
        .development = request->development,
        .log = request->log != NULL ? request->log : run->folder.log,
    };
    for (size_t i = 0; i < request->num_apps; i++)
        if (!private_add_app(&run->folder, config, request->apps[i]))
            return false;
    if (!request->debug)
        return true;
    run->gdb = request->gdb;
    return make_debuggable(run);
}

int command_run(int argc, char **argv)
{
    struct request request = {.num_apps = 0};
    struct run run = {.request = &request, .control = {.fd = -1}, .folder = {.lock = -1}};
    int status = COMMAND_RUN_FAILED;
    int arm64 = arm64_find(argc, argv);
    int log = -1; /* held open: its reader, if it is a pipe, must not see an end now */
    if (arm64 != 0)
        arm64_become(argc, argv, arm64);
    argp_err_exit_status = COMMAND_RUN_FAILED;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &request);
    if (request.log != NULL && !file_open_log(request.log, &log))
        return COMMAND_RUN_FAILED;
    default_signals();
    block_signals(&run);
    bool prepared = prepare(&run);
    open_notices(&run);
    bool started = prepared && launch_start(&run.config, &run.tee);
    if (run.config.notices != 0)
        (void)close(run.config.notices);
    if (started) {
        status = run_program(&run);
        control_close(&run.control);
        if (run.notices != 0)
            (void)shutdown(run.notices, SHUT_WR); /* nobody is to wait for an answer any more */
        launch_stop(&run.tee);
        take_notices(&run);
    }
    if (run.notices != 0)
        (void)close(run.notices);
    private_destroy(&run.folder, request.keep);
    free(run.gdb.symbols);
    if (log >= 0)
        (void)close(log);
    return status;
}
