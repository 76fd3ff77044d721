#include <errno.h>
#include <lib/package.h>
#include <lib/uuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <tools/file.h>
#include <tools/hosted/debug.h>
#include <tools/package/arch.h>
#include <tools/say.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCH PACKAGE_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH PACKAGE_ARCH_AARCH64
#endif

bool debug_extract_symbols(struct debug_config *config, const char *package, const char *folder)
{
    FILE_BYTES bytes = {.bytes = NULL};
    struct package decoded;
    const char *why = NULL;
    char uuid[UUID_TEXT_LENGTH + 1];
    if (!file_read(package, PACKAGE_SIZE_MAX, &bytes))
        return false;
    if (package_decode_header(bytes.bytes, bytes.size, &decoded, &why) != E_OK ||
        package_decode(&decoded, &why) != E_OK)
        return say_error("%s: %s", package, why);
    const struct package_image *image = package_image_for(&decoded, OWN_ARCH);
    if (image == NULL)
        return say_error("%s has no image for %s", package, arch_name(OWN_ARCH));
    uuid_format(config->uuid, uuid);
    config->symbols = file_name("%s/%s.elf", folder, uuid);
    return config->symbols != NULL &&
           file_write(config->symbols, 0600, bytes.bytes + image->offset, image->size);
}

static uint64_t octets(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

bool debug_hold(const struct debug_config *config, const struct control *control)
{
    const struct timeval forever = {.tv_sec = 0};
    struct control_answer answer;
    if (!control_ask(control, LINK_CONTROL_HOLD, octets(config->uuid), octets(config->uuid + 8),
                     &answer))
        return false;
    free(answer.text);
    (void)setsockopt(control->fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
    return control_send(control, LINK_CONTROL_HELD, 0, 0);
}

/* In the child. */
_Noreturn static void become_gdb(const struct debug_config *config, const char *pid)
{
    const char *arguments[DEBUG_ARGUMENTS_MAX + 8];
    const char *name = getenv("POSTERN_GDB");
    size_t count = 0;
    sigset_t none;
    arguments[count++] = name != NULL && name[0] != '\0' ? name : "gdb";
    arguments[count++] = "-q";
    /* Attaching to a program that is gone from the file system, from another mount namespace. */
    arguments[count++] = "-iex";
    arguments[count++] = "set sysroot /";
    for (size_t i = 0; i < config->num_arguments; i++)
        arguments[count++] = config->arguments[i];
    arguments[count++] = config->symbols;
    arguments[count++] = pid;
    arguments[count] = NULL;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(arguments[0], (char *const *)arguments);
    (void)say_errno("%s cannot be started", arguments[0]);
    _exit(127);
}

bool debug_attach(const struct debug_config *config, const struct control *control, pid_t *gdb)
{
    struct control_answer answer;
    char pid[32];
    if (!control_receive(control, LINK_CONTROL_HELD, &answer))
        return false;
    free(answer.text);
    (void)snprintf(pid, sizeof(pid), "%llu", (unsigned long long)answer.a);
    *gdb = fork();
    if (*gdb == 0)
        become_gdb(config, pid);
    return *gdb > 0 ? true : say_errno("no process for gdb");
}
