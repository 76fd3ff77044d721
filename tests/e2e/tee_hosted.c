/* The hosted TEE's side of a test: a private daemon, counted by the system's own accounts. See tee.h. */
#include "tee.h"

#include "tee_side.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const tee_arch = "x86_64";
const struct tee_scale tee_scale = {
    .processes = 64,
    .sessions = 16,
    .instances = 64,
    .rounds = 1,
    .slack_kib = 4096,
    .load_slack_kib = 262144, /* AddressSanitizer keeps as much of what was freed */
};

const char *tee_cannot(enum tee_ability ability)
{
    (void)ability;
    return NULL;
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

void tee_door_path(const struct tee *tee, char out[TEE_PATH + 16])
{
    (void)chmod(tee->run, 0755);
    (void)snprintf(out, TEE_PATH + 16, "%s/tee.sock", tee->run);
}

bool tee_lives(const struct tee *tee)
{
    return kill(tee->daemon, 0) == 0;
}

uint8_t *tee_log_read(const struct tee *tee, size_t *size)
{
    return tee_file_read(tee->log, size);
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

/* The system may leave one out that follows another that ends just then: counted until two counts agree. */
unsigned tee_descendants(pid_t pid, pid_t *pids, unsigned room)
{
    unsigned before = room;
    unsigned count = tee_descend(pid, pids, 0, room);
    for (unsigned i = 0; i < 20 && count != before; i++) {
        tee_sleep_ms(2);
        before = count;
        count = tee_descend(pid, pids, 0, room);
    }
    return count;
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

bool tee_memory_is_its_own(void)
{
    return getenv("POSTERND") == NULL && getenv("POSTERND_WRAP") == NULL;
}

struct tee_count tee_count(const struct tee *tee)
{
    struct tee_count count = {0};
    char path[TEE_PATH];
    count.descriptors = tee_descriptors(tee->daemon);
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)tee->daemon);
    count.threads = tee_entries(path);
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)tee->daemon);
    /* Whatever the daemon maps itself is a memfd; the rest is its C library's or a sanitizer's. */
    FILE *maps = fopen(path, "r");
    char line[TEE_PATH + 128];
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        count.mappings += strstr(line, " /memfd:") != NULL;
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
    const uint64_t end = tee_now_ms() + TEE_PATIENCE_MS;
    for (;;) {
        const struct tee_count now = tee_count(tee);
        const bool settled = now.descriptors <= before->descriptors + slack &&
                             now.mappings <= before->mappings + slack &&
                             now.threads <= before->threads + TEE_POOL_THREADS &&
                             now.processes <= before->processes;
        if (settled || tee_now_ms() > end) {
            return now;
        }
        tee_sleep_ms(50);
    }
}
