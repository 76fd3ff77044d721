/* postern status: what the daemon, or the secure kernel of this machine, says of itself, its apps and
 * their instances. */
#include <stdio.h>
#include <stdlib.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/say.h>
#include <tools/secure/find.h>
#include <tools/secure/report.h>

#define STATUS_MAX 0x4000

static const struct argp_option options[] = {
    {.name = "tee",
     .key = 't',
     .arg = "FOLDER",
     .doc =
         "ask the TEE in this run folder, or behind this device (default: $POSTERN_TEE, then the "
         "long-lived one, then /dev/tee0)"},
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
    .doc =
        "Shows what the hosted TEE, or the secure world of this machine (for root), is doing: its "
        "apps, their instances and sessions.",
};

static int status_hosted(const char *run, const struct control *control)
{
    struct control_answer answer;
    if (!control_ask(control, LINK_CONTROL_STATUS, 0, 0, &answer))
        return COMMAND_FAILED;
    (void)printf("run folder: %s\n", run);
    if (answer.text != NULL)
        (void)fwrite(answer.text, 1, answer.size, stdout);
    free(answer.text);
    return 0;
}

static int status_secure(struct report *report)
{
    char text[STATUS_MAX];
    size_t size = 0;
    if (!report_status(report, text, sizeof(text), &size))
        return COMMAND_FAILED;
    (void)printf("device: %s\n", report->device);
    (void)fwrite(text, 1, size, stdout);
    return 0;
}

int command_status(int argc, char **argv)
{
    const char *given = NULL;
    FILE_NAME run = NULL;
    CONTROL control = {.fd = -1};
    REPORT report = {.open = false};
    argp_parse(&argp, argc, argv, 0, NULL, &given);
    switch (tee_find(given, &run, &control, &report)) {
    case TEE_HOSTED:
        return status_hosted(run, &control);
    case TEE_SECURE:
        return status_secure(&report);
    default:
        return COMMAND_FAILED;
    }
}
