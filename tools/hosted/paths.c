#include <abi/hostlink.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <tools/file.h>
#include <tools/hosted/paths.h>
#include <tools/say.h>
#include <unistd.h>

/* $variable/postern, or ~/fallback/postern. */
static char *user_folder(const char *variable, const char *fallback)
{
    const char *folder = getenv(variable);
    const char *home = getenv("HOME");
    if (folder != NULL && folder[0] == '/')
        return file_name("%s/%s", folder, LINK_RUN_USER);
    if (fallback == NULL) {
        (void)say_error("%s is not set, so there is no folder for the TEE's sockets: a login "
                        "session sets it; else set it to a folder of yours that nobody else may "
                        "enter (`export %s=/run/user/%u', if that is there). `postern run' needs "
                        "none",
                        variable, variable, (unsigned int)geteuid());
        return NULL;
    }
    if (home != NULL && home[0] == '/')
        return file_name("%s/%s/%s", home, fallback, LINK_RUN_USER);
    (void)say_error("neither %s nor HOME is set", variable);
    return NULL;
}

char *paths_run_folder(void)
{
    return geteuid() == 0 ? file_name("%s", LINK_RUN_SYSTEM) : user_folder("XDG_RUNTIME_DIR", NULL);
}

char *paths_state_folder(void)
{
    return geteuid() == 0 ? file_name("/var/lib/postern")
                          : user_folder("XDG_STATE_HOME", ".local/state");
}

char *paths_trust_folder(void)
{
    if (geteuid() == 0)
        return file_name("/etc/postern/trust.d");
    FILE_NAME config = user_folder("XDG_CONFIG_HOME", ".config");
    return config != NULL ? file_name("%s/trust.d", config) : NULL;
}

/* The folder that this program lies in. */
static char *own_folder(void)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0) {
        (void)say_errno("the own program's place cannot be found");
        return NULL;
    }
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    return file_name("%s", self);
}

char *paths_program(const char *name)
{
    FILE_NAME folder = own_folder();
    if (folder == NULL)
        return NULL;
    char *path = file_name("%s/%s", folder, name);
    if (path == NULL || access(path, X_OK) == 0)
        return path;
    free(path);
    path = file_name("%s/../libexec/postern/%s", folder, name);
    if (path == NULL || access(path, X_OK) == 0)
        return path;
    (void)say_error("the program %s is neither in %s nor in %s/../libexec/postern", name, folder,
                    folder);
    free(path);
    return NULL;
}

char *paths_share(const char *name)
{
    FILE_NAME folder = own_folder();
    if (folder == NULL)
        return NULL;
    char *path = file_name("%s/../share/postern/%s", folder, name);
    if (path == NULL || access(path, F_OK) == 0)
        return path;
    free(path);
    return file_name("%s/../../share/postern/%s", folder, name);
}
