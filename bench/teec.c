/*
 * The TEE client API's benchmarks: calls of libpostern_teec to the test app probe, through the real
 * posternd. Every answer is checked; a wrong one ends the run, since nobody wants to know how fast it
 * was.
 */
#include <bench/bench.h>
#include <tests/e2e/call.h>
#include <tests/e2e/probe/probe.h>
#include <tests/e2e/tee.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TEEC_THREADS_MAX 8

static const TEEC_UUID probe = PROBE_UUID;
static TEEC_UUID kept; /* one instance, kept alive */
static struct tee here;
static TEEC_Context context;
static TEEC_Session session;
static TEEC_SharedMemory shared;
static uint8_t *temporary;

static void teec_must(TEEC_Result result, const char *what)
{
    if (result != TEEC_SUCCESS) {
        tee_bail("%s: %s, %s", what, postern_teec_strerror(result), postern_teec_reason());
    }
}

static void teec_empty(void *argument, unsigned count, uint64_t *ns)
{
    TEEC_Session *on = argument;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InvokeCommand(on, PROBE_NOTHING, NULL, NULL);
        ns[i] = bench_now() - start;
        teec_must(result, "empty");
    }
}

static void teec_values(void *argument, unsigned count, uint64_t *ns)
{
    for (unsigned i = 0; i < count; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_VALUE_INOUT,
                                                TEEC_VALUE_INOUT, TEEC_VALUE_INOUT);
        for (unsigned k = 0; k < 4; k++) {
            operation.params[k].value.a = i + k;
        }
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InvokeCommand(argument, PROBE_WORK, &operation, NULL);
        ns[i] = bench_now() - start;
        teec_must(operation.params[3].value.a == ~(i + 3) ? result : TEEC_ERROR_BAD_STATE,
                  "values");
    }
}

/* One reference of this size, in and out, which the app does not look at: what copying costs. */
static void teec_temporary(void *argument, unsigned count, uint64_t *ns)
{
    const size_t size = *(const size_t *)argument;
    for (unsigned i = 0; i < count; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        operation.params[0].tmpref.buffer = temporary;
        operation.params[0].tmpref.size = size;
        temporary[size - 1] = (uint8_t)i;
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_NOTHING, &operation, NULL);
        ns[i] = bench_now() - start;
        teec_must(temporary[size - 1] == (uint8_t)i ? result : TEEC_ERROR_BAD_STATE, "temporary");
    }
}

/* One reference and nothing else; its answer has the size that the app saw. */
static void teec_untouched(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        operation.params[0].memref.parent = &shared;
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_NOTHING, &operation, NULL);
        ns[i] = bench_now() - start;
        teec_must(operation.params[0].memref.size == shared.size ? result : TEEC_ERROR_BAD_STATE,
                  "shared, untouched");
    }
}

static void teec_read(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
        operation.params[0].memref.parent = &shared;
        ((uint64_t *)shared.buffer)[7] = i;
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_READ, &operation, NULL);
        ns[i] = bench_now() - start;
        teec_must(operation.params[1].value.a == i ? result : TEEC_ERROR_BAD_STATE, "shared");
    }
}

static void teec_open_close(void *argument, unsigned count, uint64_t *ns)
{
    for (unsigned i = 0; i < count; i++) {
        TEEC_Session own;
        const uint64_t start = bench_now();
        const TEEC_Result result = call_open(&context, &own, argument, NULL);
        TEEC_CloseSession(&own);
        ns[i] = bench_now() - start;
        teec_must(result, "open");
    }
}

static void teec_context(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        TEEC_Context own;
        const uint64_t start = bench_now();
        const TEEC_Result result = TEEC_InitializeContext(NULL, &own);
        TEEC_FinalizeContext(&own);
        ns[i] = bench_now() - start;
        teec_must(result, "context");
    }
}

/* Threads, each with a session, and so an instance, of its own: how long a call takes when all call at
 * once, counted as the whole time by all calls. */
struct teec_threads {
    unsigned count;
    TEEC_Session session[TEEC_THREADS_MAX];
    pthread_barrier_t start;
};

#define TEEC_THREAD_CALLS 200

struct teec_thread {
    struct teec_threads *all;
    unsigned number;
};

static void *teec_thread(void *argument)
{
    const struct teec_thread *self = argument;
    uint64_t ns[TEEC_THREAD_CALLS];
    pthread_barrier_wait(&self->all->start);
    teec_empty(&self->all->session[self->number], TEEC_THREAD_CALLS, ns);
    return NULL;
}

static void teec_threads(void *argument, unsigned count, uint64_t *ns)
{
    struct teec_threads *all = argument;
    const unsigned threads = all->count;
    if (threads == 0 || threads > TEEC_THREADS_MAX) {
        tee_bail("%u threads", threads);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_t thread[TEEC_THREADS_MAX];
        struct teec_thread self[TEEC_THREADS_MAX];
        pthread_barrier_init(&all->start, NULL, threads + 1);
        for (unsigned k = 0; k < threads; k++) {
            self[k] = (struct teec_thread){.all = all, .number = k};
            if (pthread_create(&thread[k], NULL, teec_thread, &self[k]) != 0) {
                tee_bail("no thread");
            }
        }
        pthread_barrier_wait(&all->start);
        const uint64_t start = bench_now();
        for (unsigned k = 0; k < threads; k++) {
            pthread_join(thread[k], NULL);
        }
        ns[i] = (bench_now() - start) / (TEEC_THREAD_CALLS * threads);
        pthread_barrier_destroy(&all->start);
    }
}

static struct teec_threads *teec_threads_create(unsigned count)
{
    struct teec_threads *all = calloc(1, sizeof(*all));
    if (all == NULL) {
        tee_bail("no memory");
    }
    all->count = count;
    for (unsigned k = 0; k < count; k++) {
        teec_must(call_open(&context, &all->session[k], &probe, NULL), "open");
    }
    return all;
}

unsigned bench_teec(struct bench_case *cases)
{
    static const size_t sizes[2] = {4096, 1 << 20};
    static TEEC_UUID unloaded;
    kept = tee_uuid_plus(probe, 1);
    unloaded = tee_uuid_plus(probe, 2);
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "gpd.ta.dataSize: 1M");
    tee_sign(&here, TEE_PROBE, &unloaded, "gpd.ta.dataSize: 1M");
    tee_sign(&here, TEE_PROBE, &kept,
             "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
             "gpd.ta.instanceKeepAlive: true");
    tee_start(&here);
    call_context(&context);
    teec_must(call_open(&context, &session, &probe, NULL), "open");
    shared = (TEEC_SharedMemory){.size = 1 << 20, .flags = TEEC_MEM_INOUT};
    teec_must(TEEC_AllocateSharedMemory(&context, &shared), "shared memory");
    memset(shared.buffer, 0, shared.size);
    temporary = malloc(1 << 20);
    if (temporary == NULL) {
        tee_bail("no memory");
    }
    memset(temporary, 5, 1 << 20);
    const struct bench_case own[] = {
        {"invoke_empty", "invoke without parameters", teec_empty, &session, 1000, false, NULL, 0, 0,
         0},
        {"invoke_values", "invoke with 4 values in and out", teec_values, &session, 500, false,
         NULL, 0, 0, 0},
        {"invoke_temp_4k", "4 KiB temporary, in and out", teec_temporary,
         (void *)(uintptr_t)&sizes[0], 500, false, NULL, 0, 0, 0},
        {"invoke_temp_1m", "1 MiB temporary, in and out", teec_temporary,
         (void *)(uintptr_t)&sizes[1], 20, false, NULL, 0, 0, 0},
        {"invoke_shared_1m_untouched", "1 MiB allocated, not touched", teec_untouched, NULL, 500,
         false, NULL, 0, 0, 0},
        {"invoke_shared_1m_read", "1 MiB allocated, read through", teec_read, NULL, 20, false, NULL,
         0, 0, 0},
        {"open_close_loaded", "open and close of a loaded app", teec_open_close, &kept, 200, false,
         NULL, 0, 0, 0},
        {"open_close_unloaded", "of an unloaded one, verified before", teec_open_close, &unloaded,
         20, false, NULL, 0, 0, 0},
        {"context", "initialise and finalise", teec_context, NULL, 50, false, NULL, 0, 0, 0},
        {"invoke_empty_unpinned", "invoke, client on any core", teec_empty, &session, 500, true,
         NULL, 0, 0, 0},
        {"open_close_loaded_unpinned", "open and close, client on any core", teec_open_close, &kept,
         100, true, NULL, 0, 0, 0},
        {"open_close_unloaded_unpinned", "of an unloaded one, client on any core", teec_open_close,
         &unloaded, 20, true, NULL, 0, 0, 0},
        {"threads_1", "whole time by calls, 1 thread", teec_threads, teec_threads_create(1), 1,
         true, NULL, 0, 0, 0},
        {"threads_2", "2 threads, all cores", teec_threads, teec_threads_create(2), 1, true, NULL,
         0, 0, 0},
        {"threads_4", "4 threads, all cores", teec_threads, teec_threads_create(4), 1, true, NULL,
         0, 0, 0},
        {"threads_8", "8 threads, all cores", teec_threads, teec_threads_create(8), 1, true, NULL,
         0, 0, 0},
    };
    memcpy(cases, own, sizeof(own));
    return sizeof(own) / sizeof(own[0]);
}

/* The proportional set size of a process in KiB: shared pages count by their share. 0: not to be had. */
static double teec_pss(pid_t pid)
{
    char path[64];
    char line[256];
    double kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Pss: %lf", &kib) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

unsigned bench_teec_memory(struct bench_number *numbers)
{
    pid_t pids[256];
    const unsigned before = tee_descendants(here.daemon, pids, 256);
    const double daemon_before = teec_pss(here.daemon);
    enum { MORE = 20 };
    TEEC_Session more[MORE];
    for (unsigned i = 0; i < MORE; i++) {
        teec_must(call_open(&context, &more[i], &probe, NULL), "open");
    }
    const unsigned after = tee_descendants(here.daemon, pids, 256);
    double sum = 0;
    for (unsigned i = 0; i < after; i++) {
        sum += teec_pss(pids[i]);
    }
    const double daemon_after = teec_pss(here.daemon);
    for (unsigned i = 0; i < MORE; i++) {
        TEEC_CloseSession(&more[i]);
    }
    const struct bench_number own[] = {
        {"memory_daemon", "posternd, proportional", "KiB", daemon_before},
        {"memory_daemon_per_instance", "in posternd for each instance more", "KiB",
         (daemon_after - daemon_before) / (after > before ? after - before : 1)},
        {"memory_instance", "an app's process, proportional", "KiB", after > 0 ? sum / after : 0},
    };
    memcpy(numbers, own, sizeof(own));
    return sizeof(own) / sizeof(own[0]);
}

struct tee *bench_tee(void)
{
    return &here;
}

void bench_teec_end(void)
{
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    free(temporary);
}
