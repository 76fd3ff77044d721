#include <lib/error.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/hosted/notice.h>
#include <tools/say.h>

/* How the kernel words them: kernel/app, kernel/gate/gp.c, port_panic. */
static const char *const marks[] = {
    ": ended: ", ": package refused: ", ": session refused: ", ": call refused: ", ": cannot be ",
};
#define KEY_TEXT_MAX (16 + 2 * PACKAGE_SIGNER_SIZE)
#define NO_KEY "signed with a key that is not trusted"

/* What an error means for whoever opens a session; else its own words do. */
struct meaning {
    const char *name;
    const char *words;
};
static const struct meaning meanings[] = {
    {"E_NOT_FOUND", "no --app has this UUID"},
    {"E_BUSY", "its only instance has a session already, and gpd.ta.multiSession is false"},
    {"E_SESSION_MAXIMUM", "it has as many sessions or instances as its manifest allows"},
    {"E_NOT_SUPPORTED", "it serves no GlobalPlatform sessions"},
};

static bool is_notice(const char *line, size_t length)
{
    if (memmem(line, length, "PANIC: ", strlen("PANIC: ")) == line)
        return true;
    if (length < 4 || memcmp(line, "app ", 4) != 0)
        return false;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (memmem(line, length, marks[i], strlen(marks[i])) != NULL)
            return true;
    return false;
}

#define ERROR_WORDS(name, text) {#name, text},
static const struct meaning errors[] = {ERROR_LIST(ERROR_WORDS)};

/* What the error means whose name ends the line; "" if none does. */
static const char *meaning_of(const char *line)
{
    const char *name = strrchr(line, ' ');
    bool opening = strstr(line, ": session refused: ") != NULL;
    if (name == NULL)
        return "";
    for (size_t i = 0; opening && i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strcmp(name + 1, meanings[i].name) == 0)
            return meanings[i].words;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(name + 1, errors[i].name) == 0)
            return errors[i].words;
    return "";
}

/* "; key sha256:..." of the app's package, if the line is about its key. */
static void write_key(const char *line, const struct fault_apps *apps, char out[KEY_TEXT_MAX])
{
    uint8_t uuid[UUID_SIZE];
    FILE_BYTES bytes = {.bytes = NULL};
    struct package package;
    out[0] = '\0';
    if (strstr(line, NO_KEY) == NULL || !fault_uuid(line, strlen(line), uuid) ||
        !fault_package(apps, uuid, &bytes, &package))
        return;
    size_t length = (size_t)snprintf(out, KEY_TEXT_MAX, "; key sha256:");
    for (size_t i = 0; i < PACKAGE_SIGNER_SIZE; i++, length += 2)
        (void)snprintf(out + length, 3, "%02x", package.header.signer[i]);
}

void notice_take(const char *line, size_t length, const struct fault_apps *apps)
{
    char *text = NULL;
    size_t size = 0;
    char key[KEY_TEXT_MAX];
    FILE *to = is_notice(line, length) ? open_memstream(&text, &size) : NULL;
    if (to == NULL)
        return;
    fault_put_line(to, line, length, apps);
    if (fclose(to) == 0) {
        text[strcspn(text, "\n")] = '\0';
        const char *meaning = meaning_of(text);
        write_key(text, apps, key);
        say_note("%s%s%s%s%s", text, meaning[0] != '\0' ? " (" : "", meaning,
                 meaning[0] != '\0' ? ")" : "", key);
    }
    free(text);
}
