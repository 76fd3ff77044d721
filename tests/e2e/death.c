/*
 * Deaths: of the daemon during calls from many threads, of clients in the middle of calls, of the
 * supplicant, of a child that was forked. Nothing hangs, everybody is told, nothing is left behind.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;

#define THREADS 12

struct caller {
    pthread_t thread;
    TEEC_Context *context;
    TEEC_Session session;
    uint32_t kind;
    TEEC_Result result;
    uint32_t origin;
    bool reached; /* it was in its call before the daemon died */
};

/* Waits in the app, spins in the app, or makes calls without end. */
static void *death_caller(void *argument)
{
    struct caller *caller = argument;
    caller->reached = true;
    switch (caller->kind % 3) {
    case 0:
        caller->result = call_value(&caller->session, PROBE_WAIT, 120000, 0, NULL, &caller->origin);
        break;
    case 1:
        caller->result = call_value(&caller->session, PROBE_WAIT, 120000, PROBE_WAIT_SPIN, NULL,
                                    &caller->origin);
        break;
    default:
        do {
            caller->result =
                call_value(&caller->session, PROBE_NOTHING, 0, 0, NULL, &caller->origin);
        } while (caller->result == TEEC_SUCCESS);
        break;
    }
    return NULL;
}

/* Whether all of these processes end, within a generous time. */
static bool death_orphans_end(const pid_t *pids, unsigned count)
{
    const uint64_t end = tee_now_ms() + 60000u;
    for (unsigned i = 0; i < count;) {
        if (tee_process_gone(pids[i])) {
            i++;
        } else if (tee_now_ms() > end) {
            return false;
        } else {
            tee_sleep_ms(20);
        }
    }
    return count != 0;
}

static void death_of_daemon(void)
{
    struct tap_group group = {0};
    TEEC_Context context[2];
    static struct caller caller[THREADS];
    call_context(&context[0]);
    call_context(&context[1]);
    TEEC_SharedMemory shared = {.size = 8192, .flags = TEEC_MEM_INOUT};
    (void)TEEC_AllocateSharedMemory(&context[0], &shared);
    for (unsigned i = 0; i < THREADS; i++) {
        caller[i] = (struct caller){.context = &context[i % 2], .kind = i};
        tap_check(&group,
                  call_open(caller[i].context, &caller[i].session, &probe, NULL) == TEEC_SUCCESS,
                  "open %u", i);
        pthread_create(&caller[i].thread, NULL, death_caller, &caller[i]);
    }
    tee_sleep_ms(500);
    pid_t orphans[256];
    const unsigned orphan_count = tee_descendants(here.daemon, orphans, 256);
    tee_kill_daemon(&here);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(caller[i].thread, NULL);
        tap_check(&group,
                  caller[i].reached && caller[i].result == TEEC_ERROR_COMMUNICATION &&
                      caller[i].origin == TEEC_ORIGIN_COMMS,
                  "thread %u: %s from %s", i, postern_teec_strerror(caller[i].result),
                  postern_teec_origin_name(caller[i].origin));
    }
    tap_group_end(&group, "the daemon is killed: COMMUNICATION from COMMS on every thread");

    struct tap_group later = {0};
    memset(shared.buffer, 7, shared.size); /* still mapped, whoever is dead */
    for (unsigned i = 0; i < THREADS; i++) {
        uint32_t origin = 0;
        TEEC_Result result = call_value(&caller[i].session, PROBE_NOTHING, 0, 0, NULL, &origin);
        tap_check(&later, result == TEEC_ERROR_COMMUNICATION && origin == TEEC_ORIGIN_COMMS,
                  "a later call: %s from %u", postern_teec_strerror(result), origin);
    }
    for (unsigned i = 0; i < 2; i++) {
        TEEC_Session session;
        uint32_t origin = 0;
        const TEEC_Result result = call_open(&context[i], &session, &probe, &origin);
        tap_check(&later, result == TEEC_ERROR_COMMUNICATION && origin == TEEC_ORIGIN_COMMS,
                  "a later open: %s from %u", postern_teec_strerror(result), origin);
    }
    TEEC_SharedMemory more = {.size = 8192, .flags = TEEC_MEM_INOUT};
    const TEEC_Result allocated = TEEC_AllocateSharedMemory(&context[0], &more);
    tap_check(&later, allocated != TEEC_SUCCESS, "memory from a dead TEE");
    TEEC_Context none;
    const TEEC_Result fresh = TEEC_InitializeContext(NULL, &none);
    tap_check(&later, fresh == TEEC_ERROR_GENERIC, "a new context: %s",
              postern_teec_strerror(fresh));
    for (unsigned i = 0; i < THREADS; i++) {
        TEEC_CloseSession(&caller[i].session);
    }
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_FinalizeContext(&context[0]);
    TEEC_FinalizeContext(&context[1]);
    tap_group_end(&later, "later calls answer the same, and what is open can be closed");

    tap_ok(death_orphans_end(orphans, orphan_count),
           "apps do not outlive their kernel (%u of them)", orphan_count);
    tee_kill_supplicant(&here);
    tee_start(&here);
    TEEC_Context again;
    call_context(&again);
    tap_ok(call_alive(&again, &probe), "a new daemon takes the place of the killed one");
    TEEC_FinalizeContext(&again);
}

/* Runs in a child: holds sessions and memory, is in the middle of a call, says when. */
static _Noreturn void death_client(int ready, uint32_t command, uint32_t a, uint32_t b,
                                   uint32_t mark)
{
    TEEC_Context context;
    TEEC_Session session;
    call_context(&context);
    TEEC_SharedMemory shared = {.size = 1 << 20, .flags = TEEC_MEM_INOUT};
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_MEMREF_WHOLE);
    operation.params[0].value.a = mark;
    operation.params[3].memref.parent = &shared;
    if (call_open(&context, &session, &probe, NULL) != TEEC_SUCCESS ||
        TEEC_AllocateSharedMemory(&context, &shared) != TEEC_SUCCESS ||
        TEEC_InvokeCommand(&session, PROBE_KEEP, &operation, NULL) != TEEC_SUCCESS ||
        call_value(&session, PROBE_CLOSE, 0, PROBE_CLOSE_LOG, NULL, NULL) != TEEC_SUCCESS) {
        _exit(3);
    }
    (void)!write(ready, "r", 1);
    (void)call_value(&session, command, a, b, NULL, NULL);
    _exit(4);
}

/* How long a call lasts in which the client dies. */
static uint32_t death_wait(void)
{
    return tee_cannot(TEE_DEATH_NOTICE) == NULL ? 120000u : 6000u;
}

static void death_of_client(const char *name, uint32_t command, uint32_t a, uint32_t b,
                            uint32_t mark, bool closes)
{
    const struct tee_count before = tee_count(&here);
    const size_t log = tee_log_size(&here);
    int ready[2];
    if (pipe(ready) != 0) {
        tee_bail("pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        death_client(ready[1], command, a, b, mark);
    }
    close(ready[1]);
    char byte = 0;
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    tee_sleep_ms(200);
    (void)kill(child, SIGKILL);
    int status = 0;
    (void)waitpid(child, &status, 0);
    char line[64];
    (void)snprintf(line, sizeof(line), "probe: closed %u", mark);
    tap_ok(byte == 'r' && (WIFSIGNALED(status) || command == PROBE_NOTHING),
           "%s: it was in its call", name);
    if (closes) {
        tap_ok(tee_log_has_after(&here, log, line, NULL), "%s: its session's close entry point ran",
               name);
    }
    const struct tee_count after = tee_count_settle(&here, &before, 0);
    tap_ok(
        after.processes <= before.processes && after.descriptors <= before.descriptors &&
            after.mappings <= before.mappings &&
            after.threads <= before.threads + TEE_POOL_THREADS &&
            (!tee_memory_is_its_own() || after.memory <= before.memory + tee_scale.slack_kib),
        "%s: nothing is left (processes %u to %u, descriptors %u to %u, mappings %u to %u, threads "
        "%u to %u, %lu to %lu KiB)",
        name, before.processes, after.processes, before.descriptors, after.descriptors,
        before.mappings, after.mappings, before.threads, after.threads, before.memory,
        after.memory);
}

/* An app that does not come back from its close entry point is ended. */
static void death_of_client_of_stubborn_app(void)
{
    TEEC_Context context;
    TEEC_Session session;
    const struct tee_count before = tee_count(&here);
    const pid_t child = fork();
    if (child == 0) {
        call_context(&context);
        if (call_open(&context, &session, &probe, NULL) != TEEC_SUCCESS ||
            call_value(&session, PROBE_CLOSE, 0, PROBE_CLOSE_FOREVER, NULL, NULL) != TEEC_SUCCESS) {
            _exit(3);
        }
        (void)kill(getpid(), SIGKILL);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    const struct tee_count after = tee_count_settle(&here, &before, 0);
    tap_ok(WIFSIGNALED(status) && after.processes <= before.processes,
           "an app that refuses to let go of a dead client is ended (processes %u to %u)",
           before.processes, after.processes);
}

struct death_opening {
    pthread_t thread;
    TEEC_Context *context;
    const TEEC_UUID *uuid;
    TEEC_Session session;
    TEEC_Result result;
    uint32_t origin;
    volatile bool done;
};

static void *death_open_thread(void *argument)
{
    struct death_opening *opening = argument;
    opening->result =
        call_open(opening->context, &opening->session, opening->uuid, &opening->origin);
    opening->done = true;
    return NULL;
}

static void death_of_supplicant(void)
{
    TEEC_Context context;
    TEEC_Session open;
    TEEC_Session session;
    const TEEC_UUID unloaded = tee_uuid_plus(probe, 1);
    call_context(&context);
    (void)call_open(&context, &open, &probe, NULL);
    tee_kill_supplicant(&here);
    tap_ok(call_probe_right(&open, 3), "without a supplicant open sessions go on");
    uint32_t origin = 0;
    struct death_opening opening = {.context = &context, .uuid = &unloaded};
    if (tee_lacks(TEE_ABSENCE, "an app that nobody can fetch: COMMUNICATION")) {
        pthread_create(&opening.thread, NULL, death_open_thread, &opening);
        tee_sleep_ms(500);
        tap_ok(!opening.done && call_probe_right(&open, 5),
               "an open waits for a supplicant; open sessions go on");
    } else {
        const TEEC_Result result = call_open(&context, &session, &unloaded, &origin);
        tap_ok(result == TEEC_ERROR_COMMUNICATION && origin != TEEC_ORIGIN_TRUSTED_APP,
               "an app that nobody can fetch: %s from %s", postern_teec_strerror(result),
               postern_teec_origin_name(origin));
        TEEC_CloseSession(&session);
    }
    tee_start_supplicant(&here);
    if (tee_cannot(TEE_ABSENCE) != NULL) {
        pthread_join(opening.thread, NULL);
        tap_result(opening.result, opening.origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
                   "the open that waited is served by the next supplicant");
        TEEC_CloseSession(&opening.session);
    }
    const TEEC_Result result = call_open(&context, &session, &unloaded, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
               "with a new supplicant it can be opened");
    TEEC_CloseSession(&session);
    TEEC_CloseSession(&open);
    TEEC_FinalizeContext(&context);
}

/* A child does not share its parent's sessions. */
static void death_of_fork(void)
{
    TEEC_Context context;
    TEEC_Session session;
    call_context(&context);
    (void)call_open(&context, &session, &probe, NULL);
    const pid_t child = fork();
    if (child == 0) {
        uint32_t origin = 0;
        const TEEC_Result result = call_value(&session, PROBE_NOTHING, 0, 0, NULL, &origin);
        if (result != TEEC_ERROR_COMMUNICATION || origin != TEEC_ORIGIN_COMMS) {
            _exit(1);
        }
        TEEC_CloseSession(&session);
        TEEC_FinalizeContext(&context);
        TEEC_Context own;
        if (TEEC_InitializeContext(NULL, &own) != TEEC_SUCCESS || !call_alive(&own, &probe)) {
            _exit(2);
        }
        TEEC_FinalizeContext(&own);
        _exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    tap_ok(status == 0,
           "a forked child cannot use its parent's session, and has its own (status %x)",
           (unsigned)status);
    tap_ok(call_probe_right(&session, 4), "what the child closed is open in the parent");
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
}

int main(void)
{
    tee_create(&here);
    const TEEC_UUID other = tee_uuid_plus(probe, 1);
    tee_sign(&here, TEE_PROBE, &probe, "postern.cancelGrace: 5000");
    tee_sign(&here, TEE_PROBE, &other, "");
    tee_start(&here);
    TEEC_Context warm;
    call_context(&warm);
    (void)call_alive(&warm, &probe);
    TEEC_FinalizeContext(&warm);
    const uint32_t wait = death_wait();
    (void)tee_lacks(TEE_DEATH_NOTICE, "the app is told at once that its client was killed");
    death_of_client("a client killed while the app waits", PROBE_WAIT, wait, 0, 1001, true);
    death_of_client("a client killed while the app polls", PROBE_WAIT, wait, PROBE_WAIT_POLL, 1002,
                    true);
    death_of_client("a client killed while the app ignores it", PROBE_WAIT, wait, PROBE_WAIT_SPIN,
                    1003, false);
    death_of_client("a client killed after a call", PROBE_NOTHING, 0, 0, 1004, true);
    death_of_client_of_stubborn_app();
    death_of_fork();
    death_of_supplicant();
    if (!tee_lacks(TEE_RESTART, "the daemon is killed in the middle of calls")) {
        death_of_daemon();
    }
    tee_end(&here);
    return tap_end();
}
