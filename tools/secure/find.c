#include <stdlib.h>
#include <tools/file.h>
#include <tools/say.h>
#include <tools/secure/find.h>

static enum tee_found find_secure(const char *device, const char *run, struct report *report)
{
    bool absent = false;
    if (report_open(device, report, &absent))
        return TEE_SECURE;
    if (absent)
        (void)say_error("no TEE runs in %s (`postern start' starts one), and this machine has no "
                        "TEE device",
                        run);
    return TEE_NONE;
}

enum tee_found tee_find(const char *given, char **run, struct control *control,
                        struct report *report)
{
    const char *environment = getenv(LINK_ENVIRONMENT);
    bool named = given != NULL || (environment != NULL && environment[0] != '\0');
    bool absent = false;
    if (report_is_device(given))
        return find_secure(given, "", report);
    FILE_NAME folder = control_run_folder(given);
    if (folder == NULL)
        return TEE_NONE;
    if (!control_connect(folder, control, named ? NULL : &absent))
        return absent ? find_secure(NULL, folder, report) : TEE_NONE;
    if (run != NULL) {
        *run = folder;
        folder = NULL;
    }
    return TEE_HOSTED;
}
