#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <tools/package/source.h>
#include <unistd.h>

#define SOURCE_MILLISECONDS 5000 /* addr2line takes some milliseconds */
#define PROGRAM "addr2line"

_Noreturn static void become(int elf, int out, uint64_t address)
{
    char path[32];
    char number[32];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", elf);
    (void)snprintf(number, sizeof(number), "0x%llx", (unsigned long long)address);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 2) < 0 || dup2(out, 1) < 0 ||
        fcntl(elf, F_SETFD, 0) < 0)
        _exit(127);
    (void)execlp(PROGRAM, PROGRAM, "-e", path, number, (char *)NULL);
    _exit(127);
}

/* What a process writes until it ends its output. */
static void read_line(int fd, char *out, size_t size)
{
    size_t length = 0;
    while (length < size - 1) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, SOURCE_MILLISECONDS) <= 0)
            break;
        ssize_t got = read(fd, out + length, size - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    out[length] = '\0';
}

static bool ask(int elf, uint64_t address, char *out, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        become(elf, ends[1], address);
    (void)close(ends[1]);
    if (child > 0) {
        read_line(ends[0], out, size);
        (void)kill(child, SIGKILL); /* unless it has ended */
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    (void)close(ends[0]);
    return child > 0;
}

/* Of "FILE:LINE (discriminator 1)\n"; "??:0" and "FILE:?" mean that it does not know. */
static bool is_known(char *text)
{
    text[strcspn(text, " \n")] = '\0';
    const char *colon = strrchr(text, ':');
    return colon != NULL && text[0] != '?' && colon[1] >= '1' && colon[1] <= '9';
}

static void make_relative(char *text)
{
    char folder[SOURCE_TEXT_MAX];
    size_t length = getcwd(folder, sizeof(folder)) != NULL ? strlen(folder) : 0;
    if (length > 1 && strncmp(text, folder, length) == 0 && text[length] == '/')
        memmove(text, text + length + 1, strlen(text + length + 1) + 1);
}

bool source_find(const uint8_t *elf, size_t elf_size, uint64_t address, char *out, size_t size)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    bool found = fd >= 0 && write(fd, elf, elf_size) == (ssize_t)elf_size &&
                 ask(fd, address, out, size) && is_known(out);
    if (fd >= 0)
        (void)close(fd);
    if (found)
        make_relative(out);
    return found;
}
