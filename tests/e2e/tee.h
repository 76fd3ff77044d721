/*
 * A private hosted TEE for a test: the real posternd and supplicant, run by the test itself so that
 * it can kill, restart, count and lie.
 *
 * A tee has a folder of its own below the system's folder for temporary files, with the run, state,
 * trust, app and data folders and the log in it; tee_destroy removes it. Functions that cannot do
 * their work end the whole test with a "Bail out!" line: without a TEE nothing can be said.
 *
 * The tests are run from the root of the tree and find what they need below out/.
 */
#ifndef TESTS_E2E_TEE_H
#define TESTS_E2E_TEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <tee_client_api.h>

#define TEE_PATH 256

/* ELF files of the test apps, and the keys that the tests sign with. `other` is trusted by nobody. */
#define TEE_PROBE "out/tests/e2e/obj/probe/probe.elf"
#define TEE_VILLAIN "out/tests/e2e/obj/villain/villain.elf"
#define TEE_KEY "out/tests/e2e/keys/test.key"
#define TEE_TRUST "out/tests/e2e/keys/test.trust"
#define TEE_KEY_OTHER "out/tests/e2e/keys/other.key"

struct tee {
    char folder[TEE_PATH];
    char run[TEE_PATH];
    char state[TEE_PATH];
    char trust[TEE_PATH];
    char apps[TEE_PATH];
    char data[TEE_PATH];
    char log[TEE_PATH];
    pid_t daemon;     /* 0 when it does not run */
    pid_t supplicant; /* likewise */
    bool development; /* set before tee_start: posternd --development */
};

/* Makes the folders, trusts the test key. Nothing runs yet. */
void tee_create(struct tee *tee);
/* Ends what runs, removes the folder. */
void tee_destroy(struct tee *tee);

/* Starts the daemon and waits until it listens; the environment then names this TEE to libteec. */
void tee_start_daemon(struct tee *tee);
void tee_start_supplicant(struct tee *tee);
/* Both. */
void tee_start(struct tee *tee);
/* SIGTERM; answers the exit status as of waitpid. Both end. */
int tee_stop(struct tee *tee);
/* SIGKILL and reaped. */
void tee_kill_daemon(struct tee *tee);
void tee_kill_supplicant(struct tee *tee);

/* Signs an ELF file with this manifest (more lines after gpd.ta.appID, may be "") into the TEE's app
 * folder as UUID.ta. tee_sign_as takes a key and a path for the package. */
void tee_sign(struct tee *tee, const char *elf, const TEEC_UUID *uuid, const char *manifest);
void tee_sign_as(const char *elf, const TEEC_UUID *uuid, const char *manifest, const char *key,
                 const char *package);
/* The path of an app's package in the TEE's app folder. */
void tee_package_path(const struct tee *tee, const TEEC_UUID *uuid, char out[TEE_PATH]);

/* Whether the log has a line with both texts (`also` may be NULL), now or within a generous time. */
bool tee_log_has(const struct tee *tee, const char *text, const char *also);
/* The same from the given offset on; tee_log_size is the offset of what comes next. */
bool tee_log_has_after(const struct tee *tee, size_t offset, const char *text, const char *also);
size_t tee_log_size(const struct tee *tee);
/* How many lines have the text now. */
unsigned tee_log_count(const struct tee *tee, const char *text);

/* What the daemon holds. Of its threads up to this many are a pool for work without a caller: they are
 * made when there is such work, and stay. */
#define TEE_POOL_THREADS 32u
struct tee_count {
    unsigned descriptors;
    unsigned mappings;
    unsigned threads;
    unsigned processes;   /* descendants of the daemon */
    unsigned long memory; /* resident, in KiB */
};
struct tee_count tee_count(const struct tee *tee);
/* Counts again until the numbers are at most those of `before` plus the slack, or a generous time
 * has passed. Answers the last count. */
struct tee_count tee_count_settle(const struct tee *tee, const struct tee_count *before,
                                  unsigned slack);

/* Processes below this one, by the system's own lists of children: at most `room`. */
unsigned tee_descendants(pid_t pid, pid_t *pids, unsigned room);
/* Whether there is no such process any more, or only what remains to be reaped. */
bool tee_process_gone(pid_t pid);

/* The text of a UUID. */
void tee_uuid_text(const TEEC_UUID *uuid, char out[37]);
/* A UUID like this one whose first number is raised by n. */
TEEC_UUID tee_uuid_plus(TEEC_UUID uuid, uint32_t n);

/* Ends the test. */
__attribute__((format(printf, 1, 2))) _Noreturn void tee_bail(const char *format, ...);
/* Runs a program without a shell; NULL-terminated. Its output goes to `output` when that is not
 * NULL. Answers the status as of waitpid. */
int tee_run(const char *const arguments[], const char *output);
/* Whole files. */
uint8_t *tee_file_read(const char *path, size_t *size);
void tee_file_write(const char *path, const void *bytes, size_t size);

/* Milliseconds since some moment. Only to wait by, never to judge by. */
uint64_t tee_now_ms(void);
void tee_sleep_ms(unsigned milliseconds);

#endif
