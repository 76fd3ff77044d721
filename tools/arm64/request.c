#include <argp.h>
#include <errno.h>
#include <lib/uuid.h>
#include <stdlib.h>
#include <string.h>
#include <tools/arm64/request.h>
#include <tools/command/command.h>
#include <tools/say.h>

/* A boot takes about five seconds; machines under load are given much more. */
#define BOOT_SECONDS 180

enum {
    OPTION_SHELL = 256,
    OPTION_GDB,
    OPTION_GDB_ARG,
    OPTION_KEEP,
    OPTION_TRUST,
    OPTION_LOG,
    OPTION_BOOT_SECONDS
};

static const struct argp_option options[] = {
    {.name = "app",
     .key = 'a',
     .arg = "PATH",
     .doc = "an app package, or a folder of packages; may be repeated"},
    {.name = "file",
     .key = 'f',
     .arg = "PATH[=NAME]",
     .doc = "put the file PATH into the guest, as NAME (default: into the program's folder /root); "
            "may be repeated"},
    {.name = "env",
     .key = 'e',
     .arg = "NAME[=VALUE]",
     .doc = "set a variable of PROGRAM's environment, or pass yours on; POSTERN_TRACE is passed on "
            "by itself; may be repeated"},
    {.name = "shell", .key = OPTION_SHELL, .doc = "a shell in the guest instead of PROGRAM"},
    {.name = "gdb",
     .key = OPTION_GDB,
     .arg = "WHAT",
     .doc = "start gdb-multiarch (or $POSTERN_GDB), stopped at the start of the `monitor', of the "
            "`kernel', or of the next instance of the app with this UUID"},
    {.name = "gdb-arg", .key = OPTION_GDB_ARG, .arg = "ARG", .doc = "an argument for gdb"},
    {.name = "trust",
     .key = OPTION_TRUST,
     .arg = "FILE",
     .doc = "trust the keys of this trust file, too; may be repeated"},
    {.name = "log", .key = OPTION_LOG, .arg = "FILE", .doc = "append the TEE's log to this file"},
    {.name = "keep",
     .key = OPTION_KEEP,
     .doc = "do not remove the machine's folder (its logs, its flash) afterwards"},
    {.name = "boot-seconds",
     .key = OPTION_BOOT_SECONDS,
     .arg = "N",
     .doc = "give the guest N seconds to boot (default: 180)"},
    {0},
};

static void add(struct argp_state *state, struct request_list *list, const char *value)
{
    if (list->count == REQUEST_LIST_MAX)
        argp_error(state, "an option is given more than %d times", REQUEST_LIST_MAX);
    list->at[list->count++] = value;
}

static void set_gdb(struct argp_state *state, struct request *request, const char *what)
{
    if (strcmp(what, "monitor") == 0)
        request->gdb = REQUEST_GDB_MONITOR;
    else if (strcmp(what, "kernel") == 0)
        request->gdb = REQUEST_GDB_KERNEL;
    else if (uuid_parse(what, strlen(what), request->gdb_app))
        request->gdb = REQUEST_GDB_APP;
    else
        argp_error(state, "--gdb %s: monitor, kernel, or the UUID of an app", what);
}

static void set_boot_seconds(struct argp_state *state, struct request *request, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number == 0 || number > 86400)
        argp_error(state, "--boot-seconds %s is not a number from 1 to 86400", text);
    request->boot_seconds = (unsigned int)number;
}

static void check(struct argp_state *state, const struct request *request)
{
    if (request->shell && request->program != NULL)
        argp_error(state, "--shell takes no PROGRAM");
    if (request->shell && request->gdb != REQUEST_GDB_NONE)
        argp_error(state, "--shell and --gdb both want the terminal");
    if (!request->shell && request->program == NULL)
        argp_error(state, "a PROGRAM is missing");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'a':
        add(state, &request->apps, arg);
        break;
    case 'f':
        add(state, &request->files, arg);
        break;
    case 'e':
        add(state, &request->env, arg);
        break;
    case OPTION_TRUST:
        add(state, &request->trust, arg);
        break;
    case OPTION_GDB_ARG:
        add(state, &request->gdb_arguments, arg);
        break;
    case OPTION_SHELL:
        request->shell = true;
        break;
    case OPTION_GDB:
        set_gdb(state, request, arg);
        break;
    case OPTION_LOG:
        request->log = arg;
        break;
    case OPTION_KEEP:
        request->keep = true;
        break;
    case OPTION_BOOT_SECONDS:
        set_boot_seconds(state, request, arg);
        break;
    case ARGP_KEY_ARGS:
        request->program = state->argv + state->next;
        break;
    case ARGP_KEY_END:
        check(state, request);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[--] PROGRAM [ARGUMENT...]\n--shell",
    .doc = "Runs the arm64 program PROGRAM in a private TrustZone machine (QEMU) under Debian's "
           "arm64 Linux, with a TEE that has the given apps and trusts your development key. "
           "Machine and files are gone afterwards. PROGRAM is a file of this machine if there is a "
           "/ in it, else a command of the guest. The status is that of PROGRAM, 128 + N when "
           "signal N killed it; 125 when the machine did not come so far.",
};

void request_parse(int argc, char **argv, struct request *out)
{
    *out = (struct request){.boot_seconds = BOOT_SECONDS};
    argp_err_exit_status = COMMAND_RUN_FAILED;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, out);
}
