#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/arm64.h>
#include <tools/command/command.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>
#include <unistd.h>

/* Options of either kind of run whose value is the next word: that is no option, and not the
 * program. */
static bool has_value_behind(const char *option)
{
    static const char *const names[] = {
        "-a",    "--app",     "-f",      "--file",        "-e", "--env", "--log",
        "--gdb", "--gdb-arg", "--trust", "--boot-seconds"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(option, names[i]) == 0)
            return true;
    return false;
}

int arm64_find(int argc, char **argv)
{
    for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--arm64") == 0)
            return i;
        if (has_value_behind(argv[i]))
            i++;
    }
    return 0;
}

_Noreturn void arm64_become(int argc, char **argv, int at)
{
    char *program = paths_program("postern-run-arm64");
    char **arguments = calloc((size_t)argc + 1, sizeof(*arguments));
    if (program == NULL) {
        (void)say_error("--arm64: the TrustZone machine is not built in this installation");
        exit(COMMAND_RUN_FAILED);
    }
    if (arguments == NULL) {
        (void)say_error("out of memory");
        exit(COMMAND_RUN_FAILED);
    }
    size_t count = 0;
    arguments[count++] = program;
    for (int i = 1; i < argc; i++)
        if (i != at)
            arguments[count++] = argv[i];
    (void)execv(program, arguments);
    (void)say_errno("%s cannot be started", program);
    exit(COMMAND_RUN_FAILED);
}
