/* postern status: what the daemon says of itself, its apps and their instances. */
#include <stdio.h>
#include <stdlib.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/say.h>

static const struct argp_option options[] = {
    {.name = "tee",
     .key = 't',
     .arg = "FOLDER",
     .doc = "ask the TEE in this run folder (default: $POSTERN_TEE, then the long-lived one)"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **folder = state->input;
    if (key != 't')
        return ARGP_ERR_UNKNOWN;
    *folder = arg;
    return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Shows what the hosted TEE is doing: its apps, their instances and sessions.",
};

int command_status(int argc, char **argv)
{
    const char *given = NULL;
    CONTROL control = {.fd = -1};
    struct control_answer answer;
    argp_parse(&argp, argc, argv, 0, NULL, &given);
    FILE_NAME run = control_run_folder(given);
    if (run == NULL || !control_connect(run, &control, NULL) ||
        !control_ask(&control, LINK_CONTROL_STATUS, 0, 0, &answer))
        return COMMAND_FAILED;
    (void)printf("run folder: %s\n", run);
    if (answer.text != NULL)
        (void)fwrite(answer.text, 1, answer.size, stdout);
    free(answer.text);
    return 0;
}
