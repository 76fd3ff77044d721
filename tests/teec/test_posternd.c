/*
 * The library against the real hosted TEE and the test app `probe` (tests/e2e/probe), under the
 * sanitizers: what the tests of tests/e2e do once, here in many threads, at any moment, and with the
 * library built to find its own mistakes. Run by posternd.sh, which names the app's package.
 *
 *   test_posternd PACKAGE    the TEE has no apps: the package is handed over by ta_path
 */
#include <errno.h>
#include <postern/tee_client_api.h>
#include <postern/tee_client_error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include <tests/e2e/probe/probe.h>

#define WORKERS 6

static const TEEC_UUID probe = PROBE_UUID;
static TEEC_Context context;
static TEEC_Session common;
static atomic_uint wrong;

static void open_session(TEEC_Session *s)
{
    uint32_t origin = 0;
    TEEC_Result result =
        TEEC_OpenSession(&context, s, &probe, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);

    if (result != TEEC_SUCCESS) {
        printf("# open: %s from %s: %s\n", postern_teec_strerror(result),
               postern_teec_origin_name(origin), postern_teec_reason());
        atomic_fetch_add(&wrong, 1);
    }
}

/* --- Every kind of parameter. ------------------------------------------------------------------- */

static void expect(int good)
{
    if (!good)
        atomic_fetch_add(&wrong, 1);
}

static int changed(const uint8_t *bytes, size_t size, uint8_t was)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (uint8_t)(was ^ PROBE_XOR))
            return 0;
    }
    return 1;
}

static int filled(const uint8_t *bytes, size_t size, unsigned parameter)
{
    for (size_t k = 0; k < size; k++) {
        if (bytes[k] != PROBE_FILL(parameter, k))
            return 0;
    }
    return 1;
}

/* One call with a temporary, a registered and an allocated reference, of this many bytes each. */
static void work(TEEC_Session *s, size_t size)
{
    uint8_t *temporary = malloc(size + 16), *mine = malloc(size + 16);
    TEEC_SharedMemory allocated = {.size = size + 16, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory registered = {.size = size + 16, .flags = TEEC_MEM_INOUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin;
    uint8_t *shared;

    registered.buffer = mine;
    expect(TEEC_AllocateSharedMemory(&context, &allocated) == TEEC_SUCCESS);
    expect(TEEC_RegisterSharedMemory(&context, &registered) == TEEC_SUCCESS);
    shared = allocated.buffer;
    memset(temporary, 0x11, size + 16);
    memset(mine, 0x22, size + 16);
    memset(shared, 0x33, size + 16);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_PARTIAL_INOUT,
                                     TEEC_MEMREF_PARTIAL_INOUT, TEEC_VALUE_INOUT);
    op.params[0].tmpref = (TEEC_TempMemoryReference){temporary, size};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&registered, size, 8};
    op.params[2].memref = (TEEC_RegisteredMemoryReference){&allocated, size, 8};
    op.params[3].value = (TEEC_Value){5, 6};
    expect(TEEC_InvokeCommand(s, PROBE_WORK, &op, &origin) == TEEC_SUCCESS &&
           origin == TEEC_ORIGIN_TRUSTED_APP);
    expect(filled(temporary, size, 0) && temporary[size] == 0x11);
    expect(changed(mine + 8, size, 0x22) && mine[7] == 0x22 && mine[8 + size] == 0x22);
    expect(changed(shared + 8, size, 0x33) && shared[7] == 0x33 && shared[8 + size] == 0x33);
    expect(op.params[3].value.a == ~5u && op.params[3].value.b == 11);
    expect(op.params[0].tmpref.size == size && op.params[1].memref.size == size);
    TEEC_ReleaseSharedMemory(&allocated);
    TEEC_ReleaseSharedMemory(&registered);
    free(temporary);
    free(mine);
}

static void *worker(void *argument)
{
    static const size_t sizes[] = {0, 1, 100, 4080, 4096, 5000, 70000, 1 << 20};
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (unsigned round = 0; round < 12; round++) {
        TEEC_Session s;

        open_session(&s);
        for (unsigned i = 0; i < 3; i++) {
            work(&s, sizes[(seed + round + i) % 8]);
            work(&common, sizes[(seed + round) % 7]);
        }
        TEEC_CloseSession(&s);
    }
    return NULL;
}

static void test_work(void)
{
    pthread_t threads[WORKERS];

    for (size_t size = 0; size < 300; size += 13)
        work(&common, size);
    check_is(atomic_exchange(&wrong, 0), 0, "every kind of parameter, small sizes");
    for (uintptr_t i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, (void *)i);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    check_is(atomic_exchange(&wrong, 0), 0, "many threads, own sessions and a common one");
    check_is(common.ops_cnt, 0, "none of whose commands is counted as running");
}

static void test_short_buffer(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t in[200], out[100];
    uint32_t origin;

    memset(in, 1, sizeof(in));
    memset(out, 2, sizeof(out));
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref = (TEEC_TempMemoryReference){in, sizeof(in)};
    op.params[1].tmpref = (TEEC_TempMemoryReference){out, 50};
    check_is(TEEC_InvokeCommand(&common, PROBE_COPY, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "a buffer too short");
    check(origin == TEEC_ORIGIN_TRUSTED_APP && op.params[1].tmpref.size == 200 && out[0] == 2,
          "the size that is needed, and no data");
    op.params[1].tmpref = (TEEC_TempMemoryReference){NULL, 0};
    check_is(TEEC_InvokeCommand(&common, PROBE_COPY, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "asked for with NULL");
    check_is(op.params[1].tmpref.size, 200, "the same");
    op.params[0].tmpref.size = 0; /* a buffer of size 0 is legal, too */
    op.params[1].tmpref = (TEEC_TempMemoryReference){out, 0};
    check_is(TEEC_InvokeCommand(&common, PROBE_COPY, &op, &origin), TEEC_SUCCESS,
             "buffers of size 0");
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    op.params[0].value = (TEEC_Value){60, 0};
    op.params[1].tmpref = (TEEC_TempMemoryReference){out, 50};
    check_is(TEEC_InvokeCommand(&common, PROBE_CLAIM, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "success with more than there is room for");
    check_is(op.params[1].tmpref.size, 60, "is SHORT_BUFFER");
}

/* --- Cancellation. ---------------------------------------------------------------------------- */

struct waiting {
    TEEC_Session *session;
    TEEC_Operation op;
    uint32_t result, origin;
    pthread_t thread;
};

static void *waiting_main(void *argument)
{
    struct waiting *w = argument;

    w->result = TEEC_InvokeCommand(w->session, PROBE_WAIT, &w->op, &w->origin);
    return NULL;
}

static void waiting_start(struct waiting *w, TEEC_Session *s, uint32_t milliseconds)
{
    memset(w, 0, sizeof(*w));
    w->session = s;
    w->op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    w->op.params[0].value.a = milliseconds;
    pthread_create(&w->thread, NULL, waiting_main, w);
}

/* However a call and its cancellation meet, the cancellation is not lost: a call that was not told
 * would succeed after its two seconds. */
static void test_cancel_races(void)
{
    unsigned cancelled = 0, lost = 0;

    for (unsigned i = 0; i < 400 && lost < 3; i++) {
        struct timespec pause = {.tv_nsec = (long)(i % 100) * 4000};
        struct waiting w;

        waiting_start(&w, &common, 60000);
        nanosleep(&pause, NULL);
        TEEC_RequestCancellation(&w.op);
        pthread_join(w.thread, NULL);
        cancelled += w.result == TEEC_ERROR_CANCEL;
        lost += w.result == TEEC_SUCCESS;
    }
    check(cancelled == 400, "four hundred calls cancelled at any moment (%u lost)", lost);
}

/* More calls than the TEE has lanes for one client, all cancelled while some run, some are queued
 * there and some wait here. */
static void test_cancel_many(void)
{
    enum { CALLS = 80 };
    static struct waiting w[CALLS];
    unsigned cancelled = 0;

    for (unsigned i = 0; i < CALLS; i++)
        waiting_start(&w[i], &common, 60000);
    usleep(100000);
    for (unsigned i = 0; i < CALLS; i++)
        TEEC_RequestCancellation(&w[i].op);
    for (unsigned i = 0; i < CALLS; i++) {
        pthread_join(w[i].thread, NULL);
        cancelled += w[i].result == TEEC_ERROR_CANCEL;
    }
    check_is(cancelled, CALLS, "eighty calls on one session, all cancelled before their end");
}

static void *opening_main(void *argument)
{
    struct waiting *w = argument;

    w->result = TEEC_OpenSession(&context, w->session, &probe, 0, NULL, &w->op, &w->origin);
    return NULL;
}

static void test_cancel_open(void)
{
    struct waiting w = {0};
    TEEC_Session s;

    w.session = &s;
    w.op.paramTypes = TEEC_VALUE_INPUT;
    w.op.params[0].value.b = 60000;
    pthread_create(&w.thread, NULL, opening_main, &w);
    usleep(50000);
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    check(w.result != TEEC_SUCCESS, "a running open is cancelled before its end (%s)",
          postern_teec_strerror(w.result));
    TEEC_CloseSession(&s);
}

/* --- Ends. ----------------------------------------------------------------------------------------- */

static void test_finalize_while_running(void)
{
    struct waiting w[4];
    TEEC_Session s[4];
    TEEC_Context own;
    TEEC_SharedMemory m = {.size = 5000, .flags = TEEC_MEM_INOUT};

    check_is(TEEC_InitializeContext(NULL, &own), TEEC_SUCCESS, "a second context");
    check_is(TEEC_AllocateSharedMemory(&own, &m), TEEC_SUCCESS, "with memory");
    for (unsigned i = 0; i < 4; i++)
        check_is(TEEC_OpenSession(&own, &s[i], &probe, 0, NULL, NULL, NULL), TEEC_SUCCESS,
                 "and a session");
    for (unsigned i = 0; i < 4; i++)
        waiting_start(&w[i], &s[i], 60000);
    usleep(50000);
    TEEC_FinalizeContext(&own);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(w[i].thread, NULL);
        check(w[i].result != TEEC_SUCCESS, "finalise ends what runs: %s",
              postern_teec_strerror(w[i].result));
    }
    for (unsigned i = 0; i < 4; i++)
        TEEC_CloseSession(&s[i]);
    TEEC_ReleaseSharedMemory(&m);
}

static int child_main(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_Context own;
    TEEC_Session s;
    uint32_t origin = 0;

    if (TEEC_InvokeCommand(&common, PROBE_NOTHING, NULL, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_COMMS)
        return 1;
    TEEC_CloseSession(&common);
    TEEC_FinalizeContext(&context);
    if (TEEC_InitializeContext(NULL, &own) != TEEC_SUCCESS ||
        TEEC_OpenSession(&own, &s, &probe, 0, NULL, NULL, NULL) != TEEC_SUCCESS)
        return 2;
    op.paramTypes = TEEC_VALUE_INOUT;
    if (TEEC_InvokeCommand(&s, PROBE_WORK, &op, NULL) != TEEC_SUCCESS ||
        op.params[0].value.a != UINT32_MAX)
        return 3;
    TEEC_CloseSession(&s);
    TEEC_FinalizeContext(&own);
    return 0;
}

static void test_fork(void)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(child_main());
    waitpid(child, &status, 0);
    check_is(status, 0, "a forked child is refused its parent's session, and opens its own");
    check_is(TEEC_InvokeCommand(&common, PROBE_NOTHING, NULL, NULL), TEEC_SUCCESS,
             "the parent's is open as before");
}

static void test_memory_limits(void)
{
    TEEC_SharedMemory m[64];
    unsigned n = 0;
    TEEC_Result result = TEEC_SUCCESS;

    for (; n < 64; n++) {
        m[n] = (TEEC_SharedMemory){.size = (size_t)64 << 20, .flags = TEEC_MEM_INOUT};
        result = TEEC_AllocateSharedMemory(&context, &m[n]);
        if (result != TEEC_SUCCESS)
            break;
    }
    check(n == 64 || result == TEEC_ERROR_OUT_OF_MEMORY, "%u times 64 MiB, then %s", n,
          postern_teec_strerror(result));
    for (unsigned i = 0; i < n; i++)
        TEEC_ReleaseSharedMemory(&m[i]);
    m[0] = (TEEC_SharedMemory){.size = 100, .flags = TEEC_MEM_INOUT};
    check_is(TEEC_AllocateSharedMemory(&context, &m[0]), TEEC_SUCCESS, "released, there is some");
    TEEC_ReleaseSharedMemory(&m[0]);
    m[0].size = SIZE_MAX;
    m[0].flags = TEEC_MEM_INPUT;
    check_is(TEEC_AllocateSharedMemory(&context, &m[0]), TEEC_ERROR_OUT_OF_MEMORY, "all there is");
}

int main(int argc, char **argv)
{
    uint32_t origin = 0;
    TEEC_Session s;

    alarm(900);
    if (argc != 2)
        return 2;
    check_is(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS, "initialise");
    check_is(TEEC_OpenSession(&context, &s, &probe, 0, NULL, NULL, &origin),
             TEEC_ERROR_SERVICE_NOT_EXIST, "an app that is not there");
    check_is(origin, TEEC_ORIGIN_TEE, "says the TEE");
    context.ta_path = (uint8_t *)argv[1];
    open_session(&common);
    check_is(atomic_exchange(&wrong, 0), 0, "with ta_path it can be opened");
    context.ta_path = NULL;
    test_work();
    test_short_buffer();
    test_cancel_races();
    test_cancel_many();
    test_cancel_open();
    context.ta_path = (uint8_t *)argv[1];
    test_finalize_while_running();
    test_fork();
    test_memory_limits();
    TEEC_CloseSession(&common);
    TEEC_FinalizeContext(&context);
    return tap_done();
}
