/*
 * postern run --arm64: a program in a TrustZone machine of its own. Makes a private folder with the
 * machine's flash (monitor, kernel, whom it trusts) and the guest's file system (Debian's parts, the
 * apps, the program), starts QEMU, passes the program's streams and its status on, and leaves nothing
 * behind. `postern run` becomes this program when it sees --arm64 (tools/command/run.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <tools/arm64/contents.h>
#include <tools/arm64/debugger.h>
#include <tools/arm64/flash.h>
#include <tools/arm64/machine.h>
#include <tools/arm64/relay.h>
#include <tools/arm64/request.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/launch.h>
#include <tools/hosted/paths.h>
#include <tools/hosted/private.h>
#include <tools/key/key.h>
#include <tools/package/fault.h>
#include <tools/say.h>
#include <unistd.h>

#define LOG_MAX (64u << 20)
#define LOG_SHOWN 3000

/* The files of a run. */
struct run {
    const struct request *request;
    int log;     /* --log, from the start; -1: none */
    char *share; /* what is installed for it */
    struct private_tee folder;
    char *flash;
    char *initrd;
    char *console;
    char *secure_log;
    char *output;
    char *gdb_socket;
    char *symbols;
    char end_word[RELAY_WORD + 1];
    sigset_t old_mask;
};

static bool name_files(struct run *run)
{
    const char *folder = run->folder.run;
    run->flash = file_name("%s/flash.bin", folder);
    run->initrd = file_name("%s/initrd.cpio", folder);
    run->console = file_name("%s/console.log", folder);
    run->secure_log = file_name("%s/secure.log", folder);
    run->output = file_name("%s/qemu.log", folder);
    run->gdb_socket = file_name("%s/gdb", folder);
    run->symbols = file_name("%s/app.elf", folder);
    return run->flash != NULL && run->initrd != NULL && run->console != NULL &&
           run->secure_log != NULL && run->output != NULL && run->gdb_socket != NULL &&
           run->symbols != NULL;
}

static void free_names(struct run *run)
{
    free(run->share);
    free(run->flash);
    free(run->initrd);
    free(run->console);
    free(run->secure_log);
    free(run->output);
    free(run->gdb_socket);
    free(run->symbols);
}

/* What must be on this machine. */
static bool look_around(struct run *run)
{
    run->share = paths_share("arm64");
    FILE_NAME last = run->share != NULL ? file_name("%s/guest.cpio", run->share) : NULL;
    if (last == NULL)
        return false;
    if (access(last, R_OK) != 0)
        return say_error("--arm64: the TrustZone machine is not in this installation: `make arm64' "
                         "in Postern's sources builds it, `make install' then installs it");
    if (!debugger_in_path("qemu-system-aarch64"))
        return say_error("--arm64: qemu-system-aarch64 is not installed (apt-get install "
                         "qemu-system-arm)");
    return run->request->gdb == REQUEST_GDB_NONE || debugger_look();
}

static bool make_word(char word[RELAY_WORD + 1])
{
    uint8_t random[RELAY_WORD / 2];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return say_errno("no random numbers");
    for (size_t i = 0; i < sizeof(random); i++)
        (void)snprintf(word + 2 * i, 3, "%02x", random[i]);
    return true;
}

static bool prepare(struct run *run, int *status)
{
    FILE_NAME built = NULL;
    FILE_NAME base = NULL;
    *status = COMMAND_RUN_FAILED;
    if (!look_around(run) || !make_word(run->end_word) || !private_create(&run->folder) ||
        !name_files(run) ||
        !private_add_trust(&run->folder, run->request->trust.at, run->request->trust.count))
        return false;
    built = file_name("%s/flash.bin", run->share);
    base = file_name("%s/guest.cpio", run->share);
    if (built == NULL || base == NULL || !flash_write(run->flash, built, run->folder.trust) ||
        (run->request->gdb == REQUEST_GDB_APP && !contents_symbols(run->symbols, run->request)))
        return false;
    return contents_write(run->initrd, base, run->request, run->end_word, status);
}

/* --- Words. --------------------------------------------------------------------------------------- */

/* The end of a file of the machine's, for somebody who looks for what went wrong. */
static void show_end(const char *what, const char *path)
{
    FILE_BYTES text = {.bytes = NULL};
    if (access(path, F_OK) != 0 || !file_read(path, LOG_MAX, &text) || text.size == 0)
        return;
    size_t from = text.size > LOG_SHOWN ? text.size - LOG_SHOWN : 0;
    (void)fprintf(stderr, "--- the end of %s:\n", what);
    for (size_t i = from; i < text.size; i++)
        if (text.bytes[i] == '\n' || text.bytes[i] == '\t' ||
            (text.bytes[i] >= ' ' && text.bytes[i] != 0x7f))
            (void)fputc(text.bytes[i], stderr);
    (void)fprintf(stderr, "---\n");
}

static void show_ends(const struct run *run)
{
    show_end("what QEMU says", run->output);
    show_end("the secure world's log", run->secure_log);
    show_end("the guest's console", run->console);
}

/* What the process ends with. */
static int explain(const struct run *run, const struct relay *relay, enum relay_end end)
{
    const char *program = run->request->program != NULL ? run->request->program[0] : "the shell";
    switch (end) {
    case RELAY_STATUS:
        return relay->status;
    case RELAY_SIGNAL:
        return 128 + relay->status;
    case RELAY_NO_READER:
        return 128 + SIGPIPE;
    case RELAY_MISSING:
        (void)say_error("%s needs libraries that the guest does not have: %s; add each with --file "
                        "PATH=/lib/NAME, or link with -static",
                        program, relay->text);
        return COMMAND_RUN_NOT_FOUND;
    case RELAY_NO_COMMAND:
        (void)say_error("the guest has no command %s (--file puts one there; ./%s is a file of "
                        "this machine)",
                        program, program);
        return COMMAND_RUN_NOT_FOUND;
    case RELAY_NO_TEE:
        (void)say_error("Linux found no secure kernel in the machine");
        break;
    case RELAY_LATE:
        (void)say_error("the guest did not boot within %u seconds (--boot-seconds)",
                        run->request->boot_seconds);
        break;
    case RELAY_DEBUGGER:
        (void)say_error("gdb ended before the guest had booted: %s",
                        launch_status_text(relay->status));
        return COMMAND_RUN_FAILED;
    case RELAY_MACHINE:
        (void)say_error(relay->ready ? "the machine ended while %s ran: %s"
                                     : "the guest did not boot, so %s did not run: %s",
                        program, launch_status_text(relay->status));
        break;
    }
    show_ends(run);
    return COMMAND_RUN_FAILED;
}

/* --- The run. ------------------------------------------------------------------------------------- */

static int block_signals(struct run *run)
{
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    sigset_t mask;
    (void)sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaddset(&mask, signals[i]);
    (void)sigprocmask(SIG_BLOCK, &mask, &run->old_mask);
    (void)signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTTIN, SIG_IGN); /* in the background there is no input */
    return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run_machine(struct run *run, int signals)
{
    const struct request *request = run->request;
    FILE_NAME script = file_name("%s/machine", run->share);
    FILE_NAME kernel = file_name("%s/linux", run->share);
    struct machine machine;
    struct machine_config config = {
        .script = script,
        .flash = run->flash,
        .kernel = kernel,
        .initrd = run->initrd,
        .secure_log = run->secure_log,
        .console = request->shell ? NULL : run->console,
        .output = run->output,
        .gdb_socket = request->gdb != REQUEST_GDB_NONE ? run->gdb_socket : NULL,
    };
    struct debugger_config gdb = {
        .folder = run->share,
        .socket = run->gdb_socket,
        .symbols = request->gdb == REQUEST_GDB_APP ? run->symbols : NULL,
        .request = request,
    };
    const struct fault_apps apps = {
        .at = request->apps.at, .count = request->apps.count, .arch = PACKAGE_ARCH_AARCH64};
    struct secure_log log = {.apps = &apps, .says = !request->shell};
    struct relay relay = {
        .machine = &machine,
        .log = &log,
        .signals = signals,
        .boot_seconds = request->boot_seconds,
        .end_word = request->shell ? NULL : run->end_word,
        .takes_input = !request->shell && request->gdb == REQUEST_GDB_NONE,
    };
    int status = COMMAND_RUN_FAILED;
    if (script == NULL || kernel == NULL || !secure_log_open(&log, run->secure_log, run->log))
        return status;
    if (machine_start(&config, &machine)) {
        if (request->gdb == REQUEST_GDB_NONE || debugger_start(&gdb, &relay.debugger)) {
            enum relay_end end = relay_run(&relay);
            status = explain(run, &relay, end);
        }
        machine_stop(&machine);
    }
    return secure_log_close(&log) ? status : COMMAND_RUN_FAILED;
}

int main(int argc, char **argv)
{
    static char name[] = "postern run --arm64"; /* as usage errors and --help have it */
    struct request request;
    struct run run = {.request = &request, .log = -1, .folder = {.lock = -1}};
    struct termios terminal;
    int status = COMMAND_RUN_FAILED;
    argv[0] = name;
    say_begin_with("postern run");
    request_parse(argc, argv, &request);
    if (request.shell && !isatty(0)) {
        (void)say_error("--shell wants a terminal; commands from a pipe or a file: `postern run "
                        "--arm64 ... -- sh'");
        return status;
    }
    if (request.log != NULL && !file_open_log(request.log, &run.log))
        return status;
    int signals = block_signals(&run);
    bool has_terminal = request.shell && tcgetattr(0, &terminal) == 0;
    if (signals < 0)
        (void)say_errno("no signalfd");
    else if (prepare(&run, &status))
        status = run_machine(&run, signals);
    if (has_terminal) /* QEMU was ended, and could not */
        (void)tcsetattr(0, TCSADRAIN, &terminal);
    private_destroy(&run.folder, request.keep);
    free_names(&run);
    return status;
}
