/* A private hosted TEE for a test: see tee.h. */
#include "tee.h"

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

#define TEE_PATIENCE_MS 60000u /* for what comes in the end, or the test has failed anyway */

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
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0 ||
        rename(fresh, path) != 0) {
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
    tee_kill_supplicant(tee);
    if (tee->daemon != 0) {
        (void)tee_stop(tee);
    }
    if (getenv("TEE_KEEP") != NULL) {
        printf("# kept: %s\n", tee->folder);
        return;
    }
    (void)nftw(tee->folder, tee_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Starts a program that gets a descriptor's number as its last argument, to which it writes one byte
 * when it is ready. */
static pid_t tee_spawn(const char **arguments, const char *log)
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

void tee_start_daemon(struct tee *tee)
{
    const char *arguments[32];
    size_t n = 0;
    /* POSTERND_WRAP: a program with options to run the daemon under, valgrind for example. */
    char wrap[256];
    (void)snprintf(wrap, sizeof(wrap), "%s",
                   getenv("POSTERND_WRAP") ? getenv("POSTERND_WRAP") : "");
    char *rest = NULL;
    for (char *word = strtok_r(wrap, " ", &rest); word != NULL && n < 12;
         word = strtok_r(NULL, " ", &rest)) {
        arguments[n++] = word;
    }
    /* Another build of the daemon: tests/daemon. */
    const char *daemon = getenv("POSTERND") != NULL ? getenv("POSTERND") : "out/bin/posternd";
    const char *own[] = {daemon,    "--run",    tee->run, "--state", tee->state,
                         "--trust", tee->trust, "--log",  tee->log};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        arguments[n++] = own[i];
    }
    if (tee->development) {
        arguments[n++] = "--development";
    }
    arguments[n++] = "--ready-fd";
    arguments[n] = NULL;
    tee->daemon = tee_spawn(arguments, tee->log);
    setenv("POSTERN_TEE", tee->run, 1);
}

void tee_start_supplicant(struct tee *tee)
{
    char socket[TEE_PATH + 32];
    (void)snprintf(socket, sizeof(socket), "%s/supplicant.sock", tee->run);
    const char *arguments[16] = {"out/bin/postern-supplicant",
                                 "--socket",
                                 socket,
                                 "--apps",
                                 tee->apps,
                                 "--data",
                                 tee->data,
                                 "--ready-fd",
                                 NULL};
    char log[TEE_PATH + 16];
    (void)snprintf(log, sizeof(log), "%s.supplicant", tee->log);
    tee->supplicant = tee_spawn(arguments, log);
}

void tee_start(struct tee *tee)
{
    tee_start_daemon(tee);
    tee_start_supplicant(tee);
}

/* Reaps; after a generous time kills first. */
static int tee_reap(pid_t pid)
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

int tee_stop(struct tee *tee)
{
    int status = -1;
    if (tee->daemon != 0) {
        (void)kill(tee->daemon, SIGTERM);
        status = tee_reap(tee->daemon);
        tee->daemon = 0;
    }
    tee_kill_supplicant(tee);
    return status;
}

void tee_kill_daemon(struct tee *tee)
{
    if (tee->daemon != 0) {
        (void)kill(tee->daemon, SIGKILL);
        (void)tee_reap(tee->daemon);
        tee->daemon = 0;
    }
}

void tee_kill_supplicant(struct tee *tee)
{
    if (tee->supplicant != 0) {
        (void)kill(tee->supplicant, SIGKILL);
        (void)tee_reap(tee->supplicant);
        tee->supplicant = 0;
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
    (void)snprintf(image, sizeof(image), "x86_64:%s", elf);
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
    char *bytes = (char *)tee_file_read(tee->log, &size);
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
    const uint64_t end = tee_now_ms() + 10000u;
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
    struct stat found;
    return stat(tee->log, &found) == 0 ? (size_t)found.st_size : 0;
}

unsigned tee_log_count(const struct tee *tee, const char *text)
{
    return tee_log_find(tee, 0, text, NULL);
}

static unsigned tee_entries(const char *path)
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

static unsigned tee_descend(pid_t pid, pid_t *pids, unsigned have, unsigned room)
{
    char path[TEE_PATH];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return have;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char children[TEE_PATH * 2];
        (void)snprintf(children, sizeof(children), "%s/%s/children", path, entry->d_name);
        FILE *file = fopen(children, "r");
        int child;
        while (file != NULL && have < room && fscanf(file, "%d", &child) == 1) {
            pids[have++] = child;
            have = tee_descend(child, pids, have, room);
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    closedir(folder);
    return have;
}

unsigned tee_descendants(pid_t pid, pid_t *pids, unsigned room)
{
    return tee_descend(pid, pids, 0, room);
}

bool tee_process_gone(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    char state = 'Z';
    if (file != NULL) {
        /* A zombie holds nothing but its number; who reaps it is not the TEE's affair any more. */
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            state = 'Z';
        }
        (void)fclose(file);
    }
    return file == NULL || state == 'Z' || state == 'X';
}

struct tee_count tee_count(const struct tee *tee)
{
    struct tee_count count = {0};
    char path[TEE_PATH];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)tee->daemon);
    count.descriptors = tee_entries(path);
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)tee->daemon);
    count.threads = tee_entries(path);
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)tee->daemon);
    FILE *maps = fopen(path, "r");
    int octet;
    while (maps != NULL && (octet = getc(maps)) != EOF) {
        count.mappings += octet == '\n';
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)tee->daemon);
    FILE *statm = fopen(path, "r");
    unsigned long total;
    if (statm != NULL && fscanf(statm, "%lu %lu", &total, &count.memory) == 2) {
        count.memory *= (unsigned long)sysconf(_SC_PAGESIZE) / 1024u;
    }
    if (statm != NULL) {
        (void)fclose(statm);
    }
    pid_t pids[4096];
    count.processes = tee_descendants(tee->daemon, pids, 4096);
    return count;
}

struct tee_count tee_count_settle(const struct tee *tee, const struct tee_count *before,
                                  unsigned slack)
{
    const uint64_t end = tee_now_ms() + 20000u;
    for (;;) {
        const struct tee_count now = tee_count(tee);
        const bool settled = now.descriptors <= before->descriptors + slack &&
                             now.mappings <= before->mappings + slack &&
                             now.threads <= before->threads + slack &&
                             now.processes <= before->processes;
        if (settled || tee_now_ms() > end) {
            return now;
        }
        tee_sleep_ms(50);
    }
}
