/*
 * postern: the command for everything that a user or developer does with the TEE. This file finds
 * the sub-command; each of them is a file of its own in command/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/say.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", command_run, "run a program with a private TEE"},
    {"new", command_new, "make a folder with a working app, client and Makefile"},
    {"keygen", command_keygen, "make a signing key"},
    {"sign", command_sign, "make an app package of a manifest and ELF files"},
    {"verify", command_verify, "check an app package, and whether a TEE would accept it"},
    {"inspect", command_inspect, "show what an app package says"},
    {"start", command_start, "start the long-lived TEE"},
    {"stop", command_stop, "stop it"},
    {"status", command_status, "show what the TEE is doing"},
    {"log", command_log, "show the TEE's log"},
    {"version", command_version, "show version and protocol numbers"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *to)
{
    (void)fprintf(to, "Usage: postern COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fprintf(to,
                  "\n`postern COMMAND --help' tells more; so do the manual pages postern(1) and "
                  "postern-COMMAND(1).\n");
}

/* Output that could not be written (a full disk, say) is a failure, too. */
static int finish(int status)
{
    if (fflush(stdout) != 0 && status == 0) {
        (void)say_errno("the output cannot be written");
        return COMMAND_FAILED;
    }
    return status;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = COMMAND_USAGE;
    if (argc < 2) {
        print_help(stderr);
        return COMMAND_USAGE;
    }
    const char *wanted = argv[1];
    if (strcmp(wanted, "--help") == 0 || strcmp(wanted, "-h") == 0 || strcmp(wanted, "help") == 0) {
        print_help(stdout);
        return finish(0);
    }
    if (strcmp(wanted, "--version") == 0 || strcmp(wanted, "-V") == 0)
        wanted = "version";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, wanted) != 0)
            continue;
        FILE_NAME name = file_name("postern %s", wanted);
        if (name == NULL)
            return COMMAND_FAILED;
        say_begin_with(name);
        argv[1] = name;
        int status = finish(commands[i].run(argc - 1, argv + 1));
        say_begin_with("postern");
        return status;
    }
    (void)say_error("there is no command `%s'; `postern --help' lists them", wanted);
    return COMMAND_USAGE;
}
