/*
 * The TrustZone guest's side of a test: the secure kernel that the machine runs, and a supplicant of
 * the test's own. What is here said not to work is what stock Linux cannot do; see postern-teec(7).
 */
#include "tee.h"

#include "tee_side.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUEST_DOOR "/dev/tee0"
#define GUEST_SUPPLICANT_DOOR "/dev/teepriv0"
#define GUEST_SECURE_KIB 16384u

const char *const tee_arch = "aarch64";
const struct tee_scale tee_scale = {
    .processes = 12,
    .sessions = 4,
    .instances = 32,
    .rounds = 10,
    .slack_kib = 64,
    .load_slack_kib = 64,
};

const char *tee_cannot(enum tee_ability ability)
{
    switch (ability) {
    case TEE_RESTART:
        return "the secure kernel starts and ends with the machine";
    case TEE_DOOR:
        return "Linux's driver is between; calls by hand are made in tests/arm64/hostile";
    case TEE_OPEN_CANCEL:
        return "Linux's driver does not know a session before it is open";
    case TEE_DEATH_NOTICE:
        return "Linux tells of a client's death when its call has returned";
    case TEE_SILENCE:
        return "Linux waits for the supplicant without a limit";
    case TEE_FETCH_DEATH:
        return "Linux ends no question, and lets no other supplicant in, before the secure world "
               "has "
               "given back the dead one's memory";
    case TEE_ABSENCE:
        return "Linux waits for a supplicant to come";
    case TEE_BRING_ALONG:
        return "Linux's driver cannot carry a package to the TEE";
    case TEE_LOGIN_APP:
        return "Linux's driver refuses the logins as an application";
    case TEE_PROCESSES:
        return "apps are no Linux processes here: Linux's system calls are refused, not punished";
    case TEE_DIVISION:
        return "on AArch64 the quotient is 0";
    default:
        return NULL;
    }
}

/* --- The log: a ring that is read as a whole; what is new in it is put behind what was seen. ------ */

#define GUEST_LOG_TAIL 1024u /* so many octets tell where we were */

static struct {
    char *text;
    size_t size;
    size_t start; /* what this test begins with */
} guest_log;

/* The last place in the text where these octets stand; NULL: nowhere. */
static const char *guest_find(const char *text, size_t size, const char *tail, size_t length)
{
    const char *found = NULL;
    for (const char *at = memmem(text, size, tail, length); at != NULL;
         at = memmem(at + 1, size - (size_t)(at + 1 - text), tail, length)) {
        found = at;
    }
    return found;
}

static void guest_log_update(const struct tee *tee)
{
    char path[TEE_PATH + 16];
    (void)snprintf(path, sizeof(path), "%s.read", tee->log);
    const char *arguments[] = {"out/bin/postern", "log", "--app", tee->apps, NULL};
    if (tee_run(arguments, path) != 0) {
        tee_bail("postern log fails");
    }
    size_t size;
    char *ring = (char *)tee_file_read(path, &size);
    const char *fresh = ring;
    const size_t length = guest_log.size < GUEST_LOG_TAIL ? guest_log.size : GUEST_LOG_TAIL;
    if (length != 0) {
        const char *seen = guest_find(ring, size, guest_log.text + guest_log.size - length, length);
        fresh = seen != NULL ? seen + length : ring;
    }
    const size_t more = size - (size_t)(fresh - ring);
    char *longer = realloc(guest_log.text, guest_log.size + more + 1);
    if (longer == NULL) {
        tee_bail("no memory");
    }
    guest_log.text = longer;
    memcpy(guest_log.text + guest_log.size, fresh, more);
    guest_log.size += more;
    free(ring);
}

uint8_t *tee_log_read(const struct tee *tee, size_t *size)
{
    guest_log_update(tee);
    *size = guest_log.size - guest_log.start;
    uint8_t *copy = calloc(1, *size + 1);
    if (copy == NULL) {
        tee_bail("no memory");
    }
    memcpy(copy, guest_log.text + guest_log.start, *size);
    return copy;
}

/* --- Starting and stopping. ----------------------------------------------------------------------- */

void tee_start_daemon(struct tee *tee)
{
    tee->daemon = 0;
    unsetenv("POSTERN_TEE");
    if (access(GUEST_DOOR, F_OK) != 0) {
        tee_bail("no " GUEST_DOOR ": %s", strerror(errno));
    }
    guest_log_update(tee);
    guest_log.start = guest_log.size;
}

void tee_start_supplicant(struct tee *tee)
{
    const char *arguments[16] = {"out/bin/postern-supplicant",
                                 "--device",
                                 GUEST_SUPPLICANT_DOOR,
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
    tee_kill_supplicant(tee);
    return 0;
}

void tee_kill_daemon(struct tee *tee)
{
    (void)tee;
    tee_bail("%s", tee_cannot(TEE_RESTART));
}

void tee_door_path(const struct tee *tee, char out[TEE_PATH + 16])
{
    (void)tee;
    (void)snprintf(out, TEE_PATH + 16, GUEST_DOOR);
}

bool tee_lives(const struct tee *tee)
{
    (void)tee;
    TEEC_Context context;
    const TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    TEEC_FinalizeContext(&context);
    return result == TEEC_SUCCESS;
}

/* --- What the TEE holds. -------------------------------------------------------------------------- */

bool tee_memory_is_its_own(void)
{
    return true;
}

struct tee_count tee_count(const struct tee *tee)
{
    char path[TEE_PATH + 16];
    unsigned long left = 0;
    (void)snprintf(path, sizeof(path), "%s.status", tee->log);
    const char *arguments[] = {"out/bin/postern", "status", NULL};
    const int status = tee_run(arguments, path);
    size_t size;
    char *text = (char *)tee_file_read(path, &size);
    const char *line = strstr(text, "free secure memory:");
    if (status != 0 || line == NULL || sscanf(line, "free secure memory: %lu", &left) != 1) {
        tee_bail("postern status: %s", text);
    }
    free(text);
    return (struct tee_count){.memory = GUEST_SECURE_KIB - left};
}

struct tee_count tee_count_settle(const struct tee *tee, const struct tee_count *before,
                                  unsigned slack)
{
    (void)slack;
    const uint64_t end = tee_now_ms() + TEE_PATIENCE_MS;
    struct tee_count now = tee_count(tee);
    while (now.memory > before->memory + tee_scale.slack_kib && tee_now_ms() < end) {
        tee_sleep_ms(200);
        now = tee_count(tee);
    }
    return now;
}

unsigned tee_descendants(pid_t pid, pid_t *pids, unsigned room)
{
    (void)pid;
    (void)pids;
    (void)room;
    return 0;
}

bool tee_process_gone(pid_t pid)
{
    return kill(pid, 0) != 0;
}
