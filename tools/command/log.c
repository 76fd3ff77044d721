/*
 * postern log: the hosted TEE's log, out of its memory, or the secure kernel's of this machine. --follow
 * asks again and again and shows what is new: of the daemon, lines behind the place where the end of
 * what was shown before is found; of the kernel, what follows the last position.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/hosted/control.h>
#include <tools/package/fault.h>
#include <tools/printable.h>
#include <tools/say.h>
#include <tools/secure/find.h>
#include <tools/secure/report.h>

#define FOLLOW_NANOSECONDS 200000000
#define TAIL_MAX 4096 /* so many bytes tell where we were */
#define APPS_MAX 64
#define PIECE_SIZE 4096

struct request {
    const char *tee;
    const char *apps[APPS_MAX];
    size_t num_apps;
    uint64_t lines; /* 0: all */
    bool follow;
};

static const struct argp_option options[] = {
    {.name = "tee",
     .key = 't',
     .arg = "FOLDER",
     .doc =
         "ask the TEE in this run folder, or behind this device (default: $POSTERN_TEE, then the "
         "long-lived one, then /dev/tee0)"},
    {.name = "app",
     .key = 'a',
     .arg = "PATH",
     .doc = "TrustZone: an app package, or a folder of packages, to name the places of faults by "
            "(default: $POSTERN_APPS); may be repeated"},
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
    case 'a':
        if (request->num_apps == APPS_MAX)
            argp_error(state, "--app is given more than %d times", APPS_MAX);
        request->apps[request->num_apps++] = arg;
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
    .doc = "Shows the log of the hosted TEE, or of the secure world of this machine (for root): "
           "its own "
           "lines and what apps print.",
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
        printable_lines(stdout, answer.text + from, answer.size - from);
        remember(tail, &answer);
    }
    free(answer.text);
    if (fflush(stdout) != 0)
        return say_errno("the log cannot be shown");
    return true;
}

static int log_hosted(const struct request *request, const struct control *control)
{
    struct tail tail = {.size = 0};
    if (!show(control, request->lines, &tail))
        return COMMAND_FAILED;
    while (request->follow) {
        (void)nanosleep(&(const struct timespec){.tv_nsec = FOLLOW_NANOSECONDS}, NULL);
        if (!show(control, 0, &tail))
            return COMMAND_FAILED;
    }
    return 0;
}

/* --- The secure kernel of this machine. ---------------------------------------------------------- */

/* All there is from *position on; *position becomes the end. */
static bool read_pieces(struct report *report, uint64_t *position, FILE *to, bool *lost)
{
    char piece[PIECE_SIZE];
    size_t got = sizeof(piece);
    while (got == sizeof(piece)) {
        uint64_t at = *position;
        if (!report_log(report, &at, piece, sizeof(piece), &got))
            return false;
        *lost |= at != *position;
        *position = at + got;
        (void)fwrite(piece, 1, got, to);
    }
    return true;
}

/* The same as a text that the caller frees. What is there no more is said. */
static bool read_log(struct report *report, uint64_t *position, char **text, size_t *size)
{
    bool lost = false;
    FILE *to = open_memstream(text, size);
    if (to == NULL)
        return say_error("out of memory");
    bool good = read_pieces(report, position, to, &lost);
    if (fclose(to) != 0)
        return say_error("out of memory");
    if (good && lost)
        say_note("older lines are not kept");
    return good;
}

/* The last `lines` lines; 0: all. A line whose beginning is lost is left out. */
static void show_lines(const struct request *request, const char *text, size_t size, bool cut)
{
    const struct fault_apps apps = {
        .at = request->apps, .count = request->num_apps, .arch = PACKAGE_ARCH_AARCH64};
    size_t from = 0;
    uint64_t lines = request->lines;
    const char *newline = cut ? memchr(text, '\n', size) : NULL;
    if (newline != NULL)
        from = (size_t)(newline + 1 - text);
    for (size_t at = size; lines > 0 && at > from; at--)
        if (text[at - 1] == '\n' && at != size && --lines == 0)
            from = at;
    fault_put_text(stdout, text + from, size - from, &apps);
}

static int log_secure(struct request *request, struct report *report)
{
    const char *environment = getenv("POSTERN_APPS");
    uint64_t position = 0;
    if (request->num_apps == 0 && environment != NULL && environment[0] != '\0')
        request->apps[request->num_apps++] = environment;
    do {
        char *text = NULL;
        size_t size = 0;
        uint64_t before = position;
        if (!read_log(report, &position, &text, &size)) {
            free(text);
            return COMMAND_FAILED;
        }
        show_lines(request, text, size, position - before != size);
        free(text);
        request->lines = 0;
        if (fflush(stdout) != 0) {
            (void)say_errno("the log cannot be shown");
            return COMMAND_FAILED;
        }
        if (request->follow)
            (void)nanosleep(&(const struct timespec){.tv_nsec = FOLLOW_NANOSECONDS}, NULL);
    } while (request->follow);
    return 0;
}

int command_log(int argc, char **argv)
{
    struct request request = {.tee = NULL};
    CONTROL control = {.fd = -1};
    REPORT report = {.open = false};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    switch (tee_find(request.tee, NULL, &control, &report)) {
    case TEE_HOSTED:
        return log_hosted(&request, &control);
    case TEE_SECURE:
        return log_secure(&request, &report);
    default:
        return COMMAND_FAILED;
    }
}
