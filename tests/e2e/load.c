/*
 * Many clients: eight threads that share and do not share sessions; then client processes (64 where there is
 * room, with 16 sessions each) that make mixed calls for a minute. Every answer is checked; one wrong answer, one
 * call that is not answered, one process left over is a failure.
 *
 * LOAD_SECONDS changes the minute.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define APPS 4u
#define THREADS 8u
#define SESSIONS_MAX 16u

static struct tee here;

static TEEC_UUID load_app(unsigned i)
{
    static const TEEC_UUID probe = PROBE_UUID;
    return tee_uuid_plus(probe, i % APPS);
}

static uint32_t load_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static bool load_values(TEEC_Session *session, uint32_t seed)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_VALUE_INOUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_INOUT);
    for (uint32_t i = 0; i < 4; i++) {
        operation.params[i].value.a = seed + i;
        operation.params[i].value.b = seed ^ i;
    }
    if (TEEC_InvokeCommand(session, PROBE_WORK, &operation, NULL) != TEEC_SUCCESS) {
        return false;
    }
    bool good = operation.params[2].value.a == PROBE_OUT_A + 2;
    for (uint32_t i = 0; i < 4; i++) {
        good &= i == 2 || (operation.params[i].value.a == ~(seed + i) &&
                           operation.params[i].value.b == (seed ^ i) + seed + i);
    }
    return good;
}

static bool load_shared(TEEC_Session *session, TEEC_SharedMemory *shared, uint32_t seed)
{
    const size_t offset = seed % (shared->size / 2);
    const size_t size = (seed >> 8) % (shared->size / 2);
    uint8_t *at = (uint8_t *)shared->buffer + offset;
    call_fill(at, size, seed);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_NONE, TEEC_MEMREF_PARTIAL_INOUT, TEEC_NONE, TEEC_NONE);
    operation.params[1].memref.parent = shared;
    operation.params[1].memref.offset = offset;
    operation.params[1].memref.size = size;
    if (TEEC_InvokeCommand(session, PROBE_WORK, &operation, NULL) != TEEC_SUCCESS) {
        return false;
    }
    for (size_t k = 0; k < size; k++) {
        at[k] ^= PROBE_XOR;
    }
    return call_filled(at, size, seed);
}

static bool load_error(TEEC_Session *session, uint32_t seed)
{
    uint32_t origin = 0;
    return call_value(session, PROBE_RETURN, 0x10000u + seed % 5000u, 0, NULL, &origin) ==
               (TEEC_Result)(0x10000u + seed % 5000u) &&
           origin == TEEC_ORIGIN_TRUSTED_APP;
}

/* One call of some kind. `kept` is what this session was told to keep. */
static bool load_call(TEEC_Session *session, TEEC_SharedMemory *shared, uint32_t *x,
                      uint32_t kept[2])
{
    const uint32_t seed = load_random(x);
    switch (seed % 6) {
    case 0:
        return load_values(session, load_random(x));
    case 1:
        return load_shared(session, shared, load_random(x));
    case 2:
        return load_error(session, load_random(x));
    case 3: {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        operation.params[0].value.a = load_random(x);
        operation.params[0].value.b = load_random(x);
        const uint32_t next[2] = {operation.params[0].value.a, operation.params[0].value.b};
        const bool good =
            TEEC_InvokeCommand(session, PROBE_KEEP, &operation, NULL) == TEEC_SUCCESS &&
            operation.params[0].value.a == kept[0] && operation.params[0].value.b == kept[1];
        kept[0] = next[0];
        kept[1] = next[1];
        return good;
    }
    default:
        return call_probe_right(session, load_random(x));
    }
}

struct load_thread {
    pthread_t thread;
    unsigned number;
    TEEC_Context *context;
    TEEC_Session *common; /* one session that all threads use */
    unsigned calls;
    unsigned wrong;
};

static void *load_thread(void *argument)
{
    struct load_thread *self = argument;
    uint32_t x = 77u + self->number;
    uint32_t kept[2] = {0, 0};
    const TEEC_UUID uuid = load_app(self->number);
    TEEC_Session own;
    TEEC_SharedMemory shared = {.size = 20000, .flags = TEEC_MEM_INOUT};
    if (call_open(self->context, &own, &uuid, NULL) != TEEC_SUCCESS ||
        TEEC_AllocateSharedMemory(self->context, &shared) != TEEC_SUCCESS) {
        self->wrong = 1000;
        return NULL;
    }
    for (unsigned i = 0; i < 1500 / tee_scale.rounds; i++) {
        self->calls += 2;
        self->wrong += !load_call(&own, &shared, &x, kept);
        self->wrong += !call_probe_right(self->common, load_random(&x));
        if (i % 200 == 199) {
            TEEC_CloseSession(&own);
            kept[0] = kept[1] = 0;
            self->wrong += call_open(self->context, &own, &uuid, NULL) != TEEC_SUCCESS;
        }
    }
    TEEC_CloseSession(&own);
    TEEC_ReleaseSharedMemory(&shared);
    return NULL;
}

static void load_threads(void)
{
    TEEC_Context context;
    TEEC_Session common;
    const TEEC_UUID uuid = load_app(0);
    struct load_thread thread[THREADS];
    struct tap_group group = {0};
    call_context(&context);
    (void)call_open(&context, &common, &uuid, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        thread[i] = (struct load_thread){.number = i, .context = &context, .common = &common};
        pthread_create(&thread[i].thread, NULL, load_thread, &thread[i]);
    }
    unsigned calls = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i].thread, NULL);
        tap_check(&group, thread[i].wrong == 0, "thread %u: %u wrong answers", i, thread[i].wrong);
        calls += thread[i].calls;
    }
    tap_note("%u calls", calls);
    TEEC_CloseSession(&common);
    TEEC_FinalizeContext(&context);
    tap_group_end(&group, "8 threads with sessions of their own and one in common");
}

/* What a client process reports, in memory shared with the test. */
struct load_report {
    volatile uint64_t calls;
    volatile uint64_t wrong;
    volatile uint32_t opened;
    volatile uint32_t trouble; /* the result of what could not be done at all */
};

static void load_process(unsigned number, struct load_report *report, uint64_t end)
{
    TEEC_Context context;
    const unsigned sessions = tee_scale.sessions != 0 ? tee_scale.sessions : 1;
    TEEC_Session session[SESSIONS_MAX];
    uint32_t kept[SESSIONS_MAX][2];
    uint32_t x = 1000u + number;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    TEEC_SharedMemory shared = {.size = 16384, .flags = TEEC_MEM_INOUT};
    if (result == TEEC_SUCCESS) {
        result = TEEC_AllocateSharedMemory(&context, &shared);
    }
    memset(kept, 0, sizeof(kept));
    for (unsigned i = 0; i < sessions && result == TEEC_SUCCESS; i++) {
        const TEEC_UUID uuid = load_app(number + i);
        result = call_open(&context, &session[i], &uuid, NULL);
        report->opened += result == TEEC_SUCCESS;
    }
    report->trouble = result;
    /* At least once: on a busy machine the opens alone may take the whole time. */
    for (bool once = true; result == TEEC_SUCCESS && (once || tee_now_ms() < end); once = false) {
        for (int burst = 0; burst < 20; burst++) {
            const unsigned i = load_random(&x) % sessions;
            report->wrong += !load_call(&session[i], &shared, &x, kept[i]);
            report->calls++;
        }
        if (load_random(&x) % 50 == 0) {
            const unsigned i = load_random(&x) % sessions;
            const TEEC_UUID uuid = load_app(number + i);
            TEEC_CloseSession(&session[i]);
            kept[i][0] = kept[i][1] = 0;
            result = call_open(&context, &session[i], &uuid, NULL);
            report->trouble = result;
        }
    }
    if (result == TEEC_SUCCESS && number % 2 == 0) {
        for (unsigned i = 0; i < sessions; i++) {
            TEEC_CloseSession(&session[i]);
        }
    }
    TEEC_FinalizeContext(&context);
}

static void load_processes(void)
{
    const char *text = getenv("LOAD_SECONDS");
    const unsigned processes = tee_scale.processes;
    const unsigned seconds = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 60u;
    struct load_report *report = mmap(NULL, processes * sizeof(*report), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct tee_count before = tee_count(&here);
    const uint64_t end = tee_now_ms() + 1000u * seconds;
    struct tap_group group = {0};
    pid_t child[64];
    for (unsigned i = 0; i < processes; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            load_process(i, &report[i], end);
            _exit(0);
        }
    }
    uint64_t calls = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < processes; i++) {
        int status = -1;
        (void)waitpid(child[i], &status, 0);
        tap_check(&group, status == 0, "process %u ended with status 0x%x", i, (unsigned)status);
        tap_check(&group, report[i].trouble == 0 && report[i].opened == tee_scale.sessions,
                  "process %u: %u sessions, %s", i, report[i].opened,
                  postern_teec_strerror(report[i].trouble));
        tap_check(&group, report[i].wrong == 0, "process %u: %llu wrong answers", i,
                  (unsigned long long)report[i].wrong);
        tap_check(&group, report[i].calls != 0, "process %u made no call", i);
        calls += report[i].calls;
        least = report[i].calls < least ? report[i].calls : least;
    }
    tap_note("%llu calls in %u seconds, at least %llu of each client", (unsigned long long)calls,
             seconds, (unsigned long long)least);
    char line[80];
    (void)snprintf(line, sizeof(line), "%u client processes with %u sessions each make mixed calls",
                   processes, tee_scale.sessions);
    tap_group_end(&group, line);
    tap_ok(tee_lives(&here), "the TEE is there");
    const struct tee_count after = tee_count_settle(&here, &before, 2);
    tap_ok(
        after.processes <= before.processes && after.descriptors <= before.descriptors + 2 &&
            after.threads <= before.threads + TEE_POOL_THREADS &&
            after.memory <= before.memory + tee_scale.load_slack_kib,
        "nothing is left: processes %u to %u, descriptors %u to %u, threads %u to %u, %lu to %lu "
        "KiB",
        before.processes, after.processes, before.descriptors, after.descriptors, before.threads,
        after.threads, before.memory, after.memory);
    munmap(report, processes * sizeof(*report));
}

int main(void)
{
    tee_create(&here);
    for (unsigned i = 0; i < APPS; i++) {
        const TEEC_UUID uuid = load_app(i);
        /* Half of the apps have one instance for all, half an instance for each session. */
        tee_sign(&here, TEE_PROBE, &uuid,
                 i % 2 == 0
                     ? "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
                       "gpd.ta.dataSize: 2M\npostern.maxSessions: 2000"
                     : "gpd.ta.dataSize: 64K\ngpd.ta.stackSize: 32K\npostern.maxInstances: 1024");
    }
    tee_start(&here);
    TEEC_Context context;
    call_context(&context);
    for (unsigned i = 0; i < APPS; i++) {
        const TEEC_UUID uuid = load_app(i);
        (void)call_alive(&context, &uuid);
    }
    TEEC_FinalizeContext(&context);
    load_threads();
    load_processes();
    tee_end(&here);
    return tap_end();
}
