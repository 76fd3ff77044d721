/*
 * postern log: the daemon's log, out of its memory. --follow asks again and again and shows what is
 * new: lines behind the place where the end of what was shown before is found.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/say.h>

#define FOLLOW_NANOSECONDS 200000000
#define TAIL_MAX 4096 /* so many bytes tell where we were */

struct request {
    const char *tee;
    uint64_t lines; /* 0: all */
    bool follow;
};

static const struct argp_option options[] = {
    {.name = "tee",
     .key = 't',
     .arg = "FOLDER",
     .doc = "ask the TEE in this run folder (default: $POSTERN_TEE, then the long-lived one)"},
    {.name = "lines", .key = 'n', .arg = "N", .doc = "only the last N lines"},
    {.name = "follow", .key = 'f', .doc = "go on showing new lines until the TEE ends"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    char *end = NULL;
    switch (key) {
    case 't':
        request->tee = arg;
        return 0;
    case 'n':
        errno = 0;
        request->lines = strtoull(arg, &end, 10);
        if (errno != 0 || end == arg || *end != '\0' || arg[0] == '-' || request->lines == 0)
            argp_error(state, "--lines %s is not a number above 0", arg);
        return 0;
    case 'f':
        request->follow = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Shows the log of the hosted TEE: its own lines and what apps print.",
};

/* What was shown last, to find the place again. */
struct tail {
    char text[TAIL_MAX];
    size_t size;
};

static void remember(struct tail *tail, const struct control_answer *answer)
{
    if (answer->size == 0)
        return;
    tail->size = answer->size < TAIL_MAX ? answer->size : TAIL_MAX;
    memcpy(tail->text, answer->text + answer->size - tail->size, tail->size);
}

/* Where new text begins: behind the last occurrence of the tail; at 0 when all of it is new. */
static size_t find_new(const struct tail *tail, const struct control_answer *answer)
{
    if (tail->size == 0 || answer->size < tail->size)
        return 0;
    for (size_t at = answer->size - tail->size + 1; at-- > 0;)
        if (memcmp(answer->text + at, tail->text, tail->size) == 0)
            return at + tail->size;
    return 0;
}

static bool show(const struct control *control, uint64_t lines, struct tail *tail)
{
    struct control_answer answer;
    if (!control_ask(control, LINK_CONTROL_LOG, lines, 0, &answer))
        return false;
    if (answer.text != NULL) {
        size_t from = find_new(tail, &answer);
        (void)fwrite(answer.text + from, 1, answer.size - from, stdout);
        remember(tail, &answer);
    }
    free(answer.text);
    if (fflush(stdout) != 0)
        return say_errno("the log cannot be shown");
    return true;
}

int command_log(int argc, char **argv)
{
    struct request request = {.tee = NULL};
    struct tail tail = {.size = 0};
    CONTROL control = {.fd = -1};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    FILE_NAME run = control_run_folder(request.tee);
    if (run == NULL || !control_connect(run, &control, NULL) ||
        !show(&control, request.lines, &tail))
        return COMMAND_FAILED;
    while (request.follow) {
        (void)nanosleep(&(const struct timespec){.tv_nsec = FOLLOW_NANOSECONDS}, NULL);
        if (!show(&control, 0, &tail))
            return COMMAND_FAILED;
    }
    return 0;
}
