/*
 * A TEE for a test. On this machine it is a private hosted one: the real posternd and supplicant, run by
 * the test itself so that it can kill, restart, count and lie (tee_hosted.c). In the TrustZone
 * machine's guest (tests/arm64/e2e-test) it is the secure kernel that the machine was started with, and
 * only the supplicant is the test's (tee_guest.c). The tests are the same sources; what a side cannot
 * do it says in tee_cannot, in one place, and the test prints that reason for each case it skips.
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
#define TEE_PATIENCE_MS 60000u /* for what comes in the end, or the test has failed anyway */

/* ELF files of the test apps, and the keys that the tests sign with. `other` is trusted by nobody. */
#define TEE_PROBE "out/tests/e2e/obj/probe/probe.elf"
#define TEE_VILLAIN "out/tests/e2e/obj/villain/villain.elf"
#define TEE_KEY "out/tests/e2e/keys/test.key"
#define TEE_TRUST "out/tests/e2e/keys/test.trust"
#define TEE_KEY_OTHER "out/tests/e2e/keys/other.key"
/* The test key again, with a floor of 2.1.0 under the versions of the app whose UUID is the probe's plus
 * TEE_APP_FLOOR; and a key that may sign only the probe's plus TEE_APP_SCOPED. */
#define TEE_TRUST_FLOOR "out/tests/e2e/keys/floor.trust"
#define TEE_APP_FLOOR 0x1000u
#define TEE_KEY_SCOPED "out/tests/e2e/keys/scoped.key"
#define TEE_TRUST_SCOPED "out/tests/e2e/keys/scoped.trust"
#define TEE_APP_SCOPED 0x1001u

struct tee {
    char folder[TEE_PATH];
    char run[TEE_PATH];
    char state[TEE_PATH];
    char trust[TEE_PATH];
    char apps[TEE_PATH];
    char data[TEE_PATH];
    char log[TEE_PATH];
    pid_t daemon;     /* 0 when it does not run, and in the guest */
    pid_t supplicant; /* likewise */
    bool development; /* set before tee_start: posternd --development */
};

/* What not every side can do. */
enum tee_ability {
    TEE_RESTART, /* the TEE can be stopped, killed and started again, with another trust table */
    TEE_DOOR,    /* its client door can be spoken by hand: a socket (link.h) */
    TEE_OPEN_CANCEL,  /* an open can be cancelled, running or queued */
    TEE_DEATH_NOTICE, /* a client killed in a call is noticed at once */
    TEE_SILENCE,      /* a supplicant that does not answer is given up on */
    TEE_FETCH_DEATH,  /* a supplicant can die while the TEE has memory of it */
    TEE_ABSENCE,      /* without a supplicant, what needs one fails at once */
    TEE_BRING_ALONG,  /* TEEC_Context's ta_path */
    TEE_LOGIN_APP,    /* the logins as an application */
    TEE_PROCESSES,    /* apps are Linux processes, which the system watches and ends */
    TEE_DIVISION,     /* division by zero is a fault */
};
/* NULL: it can; else why not. */
const char *tee_cannot(enum tee_ability ability);
/* Whether it cannot; prints the line that says so of the case `what`. */
bool tee_lacks(enum tee_ability ability, const char *what);

/* How much of it there is room for here. */
struct tee_scale {
    unsigned processes;           /* client processes at once */
    unsigned sessions;            /* of each */
    unsigned instances;           /* of one app at once */
    unsigned rounds;              /* what is repeated thousands of times is divided by this */
    unsigned long slack_kib;      /* memory that the TEE may hold more afterwards without a leak */
    unsigned long load_slack_kib; /* the same after many clients at once */
};
extern const struct tee_scale tee_scale;

/* Makes the folders, trusts the test key. Nothing runs yet. */
void tee_create(struct tee *tee);
/* Ends what runs, removes the folder. */
void tee_destroy(struct tee *tee);

/* Starts the daemon and waits until it listens; the environment then names this TEE to libteec. */
void tee_start_daemon(struct tee *tee);
void tee_start_supplicant(struct tee *tee);
/* Both. */
void tee_start(struct tee *tee);
/* SIGTERM; answers the exit status as of waitpid, -1 when none ran. Both end. */
int tee_stop(struct tee *tee);
/* The last case of a test: stops it, sees whether it ended well (where it cannot be stopped: whether it is
 * still there), and destroys it. */
void tee_end(struct tee *tee);
/* The file through which clients come in; the way to it is open to everybody, the file itself not. */
void tee_door_path(const struct tee *tee, char out[TEE_PATH + 16]);
/* Whether the TEE is there. */
bool tee_lives(const struct tee *tee);
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
/* How many lines have the text (and `also`, unless it is NULL) now; the second looks from an offset on. */
unsigned tee_log_count(const struct tee *tee, const char *text, const char *also);
unsigned tee_log_count_after(const struct tee *tee, size_t offset, const char *text);

/* What the TEE holds; in the guest only the memory can be told: secure memory in use. Of the daemon's
 * threads up to this many are a pool for work without a caller: they are made when there is such work,
 * and stay. */
#define TEE_POOL_THREADS 32u
struct tee_count {
    unsigned descriptors;
    unsigned mappings; /* of memfds; what malloc() maps is counted in memory */
    unsigned threads;
    unsigned processes;   /* descendants of the daemon */
    unsigned long memory; /* in KiB */
};
struct tee_count tee_count(const struct tee *tee);
/* Whether the memory that is counted is the TEE's own: a sanitizer needs some for each thread and keeps what
 * was freed. */
bool tee_memory_is_its_own(void);
/* Counts again until the numbers are at most those of `before` plus the slack (of threads plus the pool,
 * of processes without it), or a generous time has passed. Answers the last count. */
struct tee_count tee_count_settle(const struct tee *tee, const struct tee_count *before,
                                  unsigned slack);

/* How many descriptors a process has open. */
unsigned tee_descriptors(pid_t pid);
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
