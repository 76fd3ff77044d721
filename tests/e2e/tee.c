/* A TEE for a test: see tee.h. */
#include "tee.h"

#include "tap.h"
#include "tee_side.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Noreturn void tee_bail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("Bail out! ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    exit(EXIT_FAILURE);
}

uint64_t tee_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

void tee_sleep_ms(unsigned milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000u,
                            .tv_nsec = (long)(milliseconds % 1000u) * 1000000L};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

int tee_run(const char *const arguments[], const char *output)
{
    const pid_t child = fork();
    if (child < 0) {
        tee_bail("fork: %s", strerror(errno));
    }
    if (child == 0) {
        if (output != NULL) {
            const int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
                _exit(126);
            }
        }
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

uint8_t *tee_file_read(const char *path, size_t *size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        tee_bail("%s: %s", path, strerror(errno));
    }
    uint8_t *bytes = malloc((size_t)stat.st_size + 1);
    size_t have = 0;
    while (bytes != NULL && have < (size_t)stat.st_size) {
        const ssize_t got = read(fd, bytes + have, (size_t)stat.st_size - have);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    close(fd);
    if (bytes == NULL) {
        tee_bail("no memory");
    }
    bytes[have] = 0;
    *size = have;
    return bytes;
}

void tee_file_write(const char *path, const void *bytes, size_t size)
{
    char fresh[TEE_PATH + 16];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *file = fopen(fresh, "w");
    /* A TEE takes no trust file that others may write. */
    if (file == NULL || fchmod(fileno(file), 0644) != 0 || fwrite(bytes, 1, size, file) != size ||
        fclose(file) != 0 || rename(fresh, path) != 0) {
        tee_bail("%s: %s", path, strerror(errno));
    }
}

static void tee_folder(char out[TEE_PATH], const char *folder, const char *name, bool make)
{
    if (snprintf(out, TEE_PATH, "%s/%s", folder, name) >= TEE_PATH ||
        (make && mkdir(out, 0700) != 0)) {
        tee_bail("cannot make %s/%s: %s", folder, name, strerror(errno));
    }
}

void tee_create(struct tee *tee)
{
    memset(tee, 0, sizeof(*tee));
    /* Trust files that a group may write are refused. */
    (void)umask(022);
    const char *base = getenv("TMPDIR");
    (void)snprintf(tee->folder, sizeof(tee->folder), "%s/postern-test-XXXXXX",
                   base != NULL && strlen(base) < 60 ? base : "/tmp");
    if (mkdtemp(tee->folder) == NULL) {
        tee_bail("mkdtemp: %s", strerror(errno));
    }
    /* Clients of other users shall get through to the sockets, whose own rights count. */
    (void)chmod(tee->folder, 0755);
    tee_folder(tee->run, tee->folder, "run", true);
    tee_folder(tee->state, tee->folder, "state", true);
    tee_folder(tee->trust, tee->folder, "trust", true);
    tee_folder(tee->apps, tee->folder, "apps", true);
    tee_folder(tee->data, tee->folder, "data", true);
    tee_folder(tee->log, tee->folder, "log", false);
    size_t size;
    uint8_t *trust = tee_file_read(TEE_TRUST, &size);
    char path[TEE_PATH + 16];
    (void)snprintf(path, sizeof(path), "%s/test.trust", tee->trust);
    tee_file_write(path, trust, size);
    free(trust);
}

static int tee_remove(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void tee_destroy(struct tee *tee)
{
    (void)tee_stop(tee);
    if (getenv("TEE_KEEP") != NULL) {
        printf("# kept: %s\n", tee->folder);
        return;
    }
    (void)nftw(tee->folder, tee_remove, 16, FTW_DEPTH | FTW_PHYS);
}

pid_t tee_spawn(const char **arguments, const char *log)
{
    int ready[2];
    if (pipe(ready) != 0) {
        tee_bail("pipe: %s", strerror(errno));
    }
    size_t count = 0;
    while (arguments[count] != NULL) {
        count++;
    }
    char number[16];
    (void)snprintf(number, sizeof(number), "%d", ready[1]);
    arguments[count] = number;
    arguments[count + 1] = NULL;
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) {
        tee_bail("fork: %s", strerror(errno));
    }
    if (child == 0) {
        /* A test that dies takes its TEE along. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(127);
        }
        close(ready[0]);
        const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, 2) < 0 || dup2(fd, 1) < 0) {
            _exit(126);
        }
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    close(ready[1]);
    struct pollfd poll_ready = {.fd = ready[0], .events = POLLIN};
    char byte;
    ssize_t got = -1;
    if (poll(&poll_ready, 1, (int)TEE_PATIENCE_MS) == 1) {
        got = read(ready[0], &byte, 1);
    }
    close(ready[0]);
    if (got != 1) {
        tee_bail("%s did not start: see %s", arguments[0], log);
    }
    return child;
}

int tee_reap(pid_t pid)
{
    const uint64_t end = tee_now_ms() + TEE_PATIENCE_MS;
    int status = 0;
    for (;;) {
        const pid_t found = waitpid(pid, &status, tee_now_ms() < end ? WNOHANG : 0);
        if (found == pid || (found < 0 && errno != EINTR)) {
            return status;
        }
        if (tee_now_ms() >= end) {
            (void)kill(pid, SIGKILL);
        }
        tee_sleep_ms(5);
    }
}

void tee_uuid_text(const TEEC_UUID *uuid, char out[37])
{
    const uint8_t *node = uuid->clockSeqAndNode;
    (void)snprintf(out, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", uuid->timeLow,
                   uuid->timeMid, uuid->timeHiAndVersion, node[0], node[1], node[2], node[3],
                   node[4], node[5], node[6], node[7]);
}

TEEC_UUID tee_uuid_plus(TEEC_UUID uuid, uint32_t n)
{
    uuid.timeLow += n;
    return uuid;
}

void tee_package_path(const struct tee *tee, const TEEC_UUID *uuid, char out[TEE_PATH])
{
    char text[37];
    tee_uuid_text(uuid, text);
    if (snprintf(out, TEE_PATH, "%s/%s.ta", tee->apps, text) >= TEE_PATH) {
        tee_bail("path too long");
    }
}

void tee_sign_as(const char *elf, const TEEC_UUID *uuid, const char *manifest, const char *key,
                 const char *package)
{
    char text[37];
    tee_uuid_text(uuid, text);
    char lines[4096];
    const int length = snprintf(lines, sizeof(lines), "gpd.ta.appID: %s\n%s\n", text, manifest);
    char manifest_path[TEE_PATH + 16];
    (void)snprintf(manifest_path, sizeof(manifest_path), "%s.manifest", package);
    tee_file_write(manifest_path, lines, (size_t)length);
    char image[TEE_PATH + 16];
    (void)snprintf(image, sizeof(image), "%s:%s", tee_arch, elf);
    char output[TEE_PATH + 16];
    (void)snprintf(output, sizeof(output), "%s.output", package);
    const char *arguments[] = {"out/bin/postern", "sign",  "--manifest", manifest_path,
                               "--image",         image,   "--key",      key,
                               "--output",        package, NULL};
    if (tee_run(arguments, output) != 0) {
        size_t size;
        tee_bail("postern sign %s: %s", package, (char *)tee_file_read(output, &size));
    }
    (void)unlink(output);
    (void)unlink(manifest_path);
}

void tee_sign(struct tee *tee, const char *elf, const TEEC_UUID *uuid, const char *manifest)
{
    char path[TEE_PATH];
    tee_package_path(tee, uuid, path);
    tee_sign_as(elf, uuid, manifest, TEE_KEY, path);
}

static unsigned tee_log_find(const struct tee *tee, size_t offset, const char *text,
                             const char *also)
{
    size_t size;
    char *bytes = (char *)tee_log_read(tee, &size);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == 0) {
            bytes[i] = '?';
        }
    }
    unsigned found = 0;
    char *rest = NULL;
    char *from = offset < size ? bytes + offset : bytes + size;
    for (char *line = strtok_r(from, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        found += strstr(line, text) != NULL && (also == NULL || strstr(line, also) != NULL);
    }
    free(bytes);
    return found;
}

bool tee_log_has_after(const struct tee *tee, size_t offset, const char *text, const char *also)
{
    const uint64_t end = tee_now_ms() + TEE_PATIENCE_MS;
    while (tee_log_find(tee, offset, text, also) == 0) {
        if (tee_now_ms() > end) {
            return false;
        }
        tee_sleep_ms(20);
    }
    return true;
}

bool tee_log_has(const struct tee *tee, const char *text, const char *also)
{
    return tee_log_has_after(tee, 0, text, also);
}

size_t tee_log_size(const struct tee *tee)
{
    size_t size;
    free(tee_log_read(tee, &size));
    return size;
}

unsigned tee_log_count(const struct tee *tee, const char *text, const char *also)
{
    return tee_log_find(tee, 0, text, also);
}

unsigned tee_log_count_after(const struct tee *tee, size_t offset, const char *text)
{
    return tee_log_find(tee, offset, text, NULL);
}

unsigned tee_entries(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

unsigned tee_descriptors(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    return tee_entries(path);
}

bool tee_lacks(enum tee_ability ability, const char *what)
{
    const char *reason = tee_cannot(ability);
    if (reason != NULL) {
        tap_skip(reason, "%s", what);
    }
    return reason != NULL;
}

void tee_start(struct tee *tee)
{
    tee_start_daemon(tee);
    tee_start_supplicant(tee);
}

void tee_kill_supplicant(struct tee *tee)
{
    if (tee->supplicant != 0) {
        (void)kill(tee->supplicant, SIGKILL);
        (void)tee_reap(tee->supplicant);
        tee->supplicant = 0;
    }
}

void tee_end(struct tee *tee)
{
    const bool lives = tee_lives(tee);
    const int status = tee_stop(tee);
    if (tee_cannot(TEE_RESTART) == NULL) {
        tap_ok(lives && status == 0, "the daemon ends cleanly afterwards");
    } else {
        tap_ok(lives && status == 0, "the TEE lives on afterwards");
    }
    tee_destroy(tee);
}
