#include <errno.h>
#include <lib/uuid.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/arm64/debugger.h>
#include <tools/file.h>
#include <tools/say.h>
#include <unistd.h>

#define SOCKET_WAITS 1500 /* of 20 ms each */

static const char *debugger_name(void)
{
    const char *name = getenv("POSTERN_GDB");
    return name != NULL && name[0] != '\0' ? name : "gdb-multiarch";
}

bool debugger_in_path(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return access(name, X_OK) == 0;
    for (const char *at = path != NULL ? path : ""; *at != '\0';) {
        size_t length = strcspn(at, ":");
        FILE_NAME file = file_name("%.*s/%s", (int)length, at, name);
        if (file == NULL || access(file, X_OK) == 0)
            return file != NULL;
        at += length + (at[length] == ':');
    }
    return false;
}

bool debugger_look(void)
{
    const char *name = debugger_name();
    if (debugger_in_path(name))
        return true;
    return say_error("--gdb: %s is not installed (apt-get install gdb-multiarch)", name);
}

/* QEMU makes it before the machine's first instruction. */
static bool wait_for_socket(const char *path)
{
    for (int i = 0; i < SOCKET_WAITS; i++) {
        if (access(path, F_OK) == 0)
            return true;
        (void)poll(NULL, 0, 20);
    }
    return say_error("the machine does not wait for gdb");
}

_Noreturn static void become_debugger(const struct debugger_config *config, const char *script,
                                      const char *command)
{
    const char *arguments[REQUEST_LIST_MAX + 12] = {debugger_name(), "-q",  "-x",
                                                    script,          "-ex", command};
    size_t count = 6;
    sigset_t none;
    for (size_t i = 0; i < config->request->gdb_arguments.count; i++)
        arguments[count++] = config->request->gdb_arguments.at[i];
    arguments[count] = NULL;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(arguments[0], (char *const *)arguments);
    (void)say_errno("%s cannot be started", arguments[0]);
    _exit(127);
}

bool debugger_start(const struct debugger_config *config, pid_t *out)
{
    static const char *const words[] = {
        [REQUEST_GDB_MONITOR] = "monitor",
        [REQUEST_GDB_KERNEL] = "kernel",
        [REQUEST_GDB_APP] = "app",
    };
    char uuid[UUID_TEXT_LENGTH + 1] = "";
    if (config->symbols != NULL)
        uuid_format(config->request->gdb_app, uuid);
    FILE_NAME script = file_name("%s/gdb.py", config->folder);
    FILE_NAME command =
        file_name("postern-machine %s %s %s %s", config->socket, words[config->request->gdb], uuid,
                  config->symbols != NULL ? config->symbols : "");
    if (script == NULL || command == NULL || !wait_for_socket(config->socket))
        return false;
    *out = fork();
    if (*out == 0)
        become_debugger(config, script, command);
    return *out > 0 ? true : say_errno("no process for gdb");
}
