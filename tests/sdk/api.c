/*
 * The SDK on the real hosted TEE: the app checker looks at every function from the inside; here is
 * what only its client and the TEE's log can tell. Misuses end the app with the right words, an
 * instance is created and destroyed when it should be, and no open is lost in between.
 */
#include <tests/e2e/call.h>
#include <tests/e2e/tap.h>
#include <tests/e2e/tee.h>
#include <tests/sdk/checker/checker.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define API_ELF "out/tests/sdk/obj/checker/checker.elf"
#define API_MANIFEST                                                                               \
    "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\ngpd.ta.dataSize: 1M\n"                \
    "test.colour: deep blue\ntest.binary: aGVsbG8=\n"

static const TEEC_UUID checker = CHECKER_UUID;
static const TEEC_UUID other = CHECKER_OTHER_UUID;
/* Apps of the same code under further names. */
#define API_KEEPS 0x100u
#define API_REFUSES 0x200u
#define API_MANY 0x300u

static struct tee here;

static void api_checks(TEEC_Context *context)
{
    static const char *const names[CHECKER_CHECKS] = {
        [CHECKER_PROPERTIES] = "properties",
        [CHECKER_MEMORY] = "memory",
        [CHECKER_CRYPTO] = "digests and MACs",
        [CHECKER_TIME] = "time",
        [CHECKER_LOG] = "log",
        [CHECKER_SESSIONS] = "sessions from app to app",
    };
    TEEC_Session session;
    uint32_t origin = 0;
    const TEEC_Result opened = call_open(context, &session, &checker, &origin);
    tap_result(opened, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "open");
    for (uint32_t i = 0; i < CHECKER_CHECKS; i++) {
        TEEC_Operation operation = {.started = 1, .paramTypes = TEEC_VALUE_OUTPUT};
        const TEEC_Result result = TEEC_InvokeCommand(&session, i, &operation, &origin);
        tap_ok(result == TEEC_SUCCESS && operation.params[0].value.a == 0 &&
                   operation.params[0].value.b > 0,
               "%s: result 0x%08x, wrong in checker.c line %u, %u checks", names[i],
               (unsigned)result, operation.params[0].value.a, operation.params[0].value.b);
    }
    TEEC_CloseSession(&session);
    static const char *const lines[] = {
        "checker_log:", "error 1", "info 2", "raw", "warning 4", "printed 5", "complained 6",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        tap_ok(tee_log_has(&here, "5a8e2a10-3f0e-4f5b-9d0c-612a5e117001", lines[i]),
               "the log has the app's line: %s", lines[i]);
    tap_ok(tee_log_count(&here, "debug three", NULL) == 0 &&
               tee_log_count(&here, "01 02 03", NULL) == 0,
           "and no debugging lines: this TEE is not for development");
}

static void api_misuses(TEEC_Context *context)
{
#define API_MISUSE(name, text) {#name, text},
    static const struct {
        const char *name;
        const char *text;
    } misuses[] = {CHECKER_MISUSES(API_MISUSE)};
#undef API_MISUSE
    for (uint32_t i = 0; i < CHECKER_MISUSE_COUNT; i++) {
        TEEC_Session session;
        uint32_t origin = 0;
        const size_t before = tee_log_size(&here);
        if (call_open(context, &session, &checker, &origin) != TEEC_SUCCESS) {
            tap_ok(false, "open for the misuse %s", misuses[i].name);
            continue;
        }
        TEEC_Operation operation = {
            .started = 1,
            .paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE)};
        operation.params[1].value.a = i;
        const TEEC_Result result =
            TEEC_InvokeCommand(&session, CHECKER_MISUSE, &operation, &origin);
        tap_ok(result == TEEC_ERROR_TARGET_DEAD && origin == TEEC_ORIGIN_TEE &&
                   tee_log_has_after(&here, before, misuses[i].text, "panic 0xffff"),
               "misuse %s: TARGET_DEAD (was 0x%08x from %u), log: %s", misuses[i].name,
               (unsigned)result, origin, misuses[i].text);
        TEEC_CloseSession(&session);
    }
}

static void api_parameters(TEEC_Context *context)
{
    static uint8_t in[100000];
    static uint8_t inout[100000];
    static uint8_t out[100000];
    static const size_t sizes[][3] = {
        {1, 1, 1}, {4096, 4096, 4096}, {4095, 4097, 1}, {0, 0, 0}, {17, 100000, 3}, {100000, 5, 99},
    };
    struct tap_group group = {0};
    TEEC_Session session;
    uint32_t origin = 0;
    tap_check(&group, call_open(context, &session, &checker, &origin) == TEEC_SUCCESS, "open");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        TEEC_Operation operation = {
            .started = 1,
            .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_TEMP_INPUT,
                                           TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_OUTPUT)};
        operation.params[1].tmpref.buffer = in;
        operation.params[1].tmpref.size = sizes[i][0];
        operation.params[2].tmpref.buffer = inout;
        operation.params[2].tmpref.size = sizes[i][1];
        operation.params[3].tmpref.buffer = out;
        operation.params[3].tmpref.size = sizes[i][2];
        memset(inout, 1, sizeof(inout));
        memset(out, 1, sizeof(out));
        const TEEC_Result result =
            TEEC_InvokeCommand(&session, CHECKER_PARAMETERS, &operation, &origin);
        tap_check(&group, result == TEEC_SUCCESS && operation.params[0].value.a == 0,
                  "sizes %zu: result 0x%08x, checker.c line %u", i, (unsigned)result,
                  operation.params[0].value.a);
        for (size_t k = 0; k < sizeof(out); k++) {
            tap_check(&group, inout[k] == (k < sizes[i][1] ? 0x42 : 1), "inout byte %zu", k);
            tap_check(&group, out[k] == (k < sizes[i][2] ? 0x43 : 1), "output byte %zu", k);
        }
    }
    /* The same within memory that is shared, and not at its beginning. */
    TEEC_SharedMemory shared = {.size = 3 * 4096, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    tap_check(&group, TEEC_AllocateSharedMemory(context, &shared) == TEEC_SUCCESS, "shared memory");
    TEEC_Operation operation = {
        .started = 1,
        .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_PARTIAL_INPUT,
                                       TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_PARTIAL_OUTPUT)};
    for (uint32_t i = 1; i < 4; i++) {
        operation.params[i].memref.parent = &shared;
        operation.params[i].memref.offset = 3000 * i + 5;
        operation.params[i].memref.size = 500;
    }
    tap_check(&group,
              TEEC_InvokeCommand(&session, CHECKER_PARAMETERS, &operation, &origin) ==
                      TEEC_SUCCESS &&
                  operation.params[0].value.a == 0,
              "parts of shared memory: checker.c line %u", operation.params[0].value.a);
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_CloseSession(&session);
    tap_group_end(&group, "memory parameters: exact bounds and rights");
}

static bool api_bytes(TEEC_Context *context, const TEEC_UUID *uuid, uint32_t command, void *bytes,
                      size_t size)
{
    TEEC_Session session;
    uint32_t origin = 0;
    if (call_open(context, &session, uuid, &origin) != TEEC_SUCCESS)
        return false;
    TEEC_Operation operation = {
        .started = 1,
        .paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE)};
    operation.params[1].tmpref.buffer = bytes;
    operation.params[1].tmpref.size = size;
    const TEEC_Result result = TEEC_InvokeCommand(&session, command, &operation, &origin);
    TEEC_CloseSession(&session);
    return result == TEEC_SUCCESS;
}

static void api_secrets(TEEC_Context *context)
{
    uint8_t keys[64];
    uint8_t again[64];
    uint8_t others[64];
    static uint8_t random[2][20000];
    tap_ok(api_bytes(context, &checker, CHECKER_KEYS, keys, 64) &&
               api_bytes(context, &checker, CHECKER_KEYS, again, 64) &&
               memcmp(keys, again, 64) == 0,
           "derived keys are the same in every instance");
    tap_ok(memcmp(keys, keys + 32, 32) != 0, "and differ by their label");
    tap_ok(api_bytes(context, &other, CHECKER_KEYS, others, 64) && memcmp(keys, others, 32) != 0 &&
               memcmp(keys + 32, others + 32, 32) != 0,
           "and by the app");
    tap_ok(api_bytes(context, &checker, CHECKER_RANDOM, random[0], 20000) &&
               api_bytes(context, &checker, CHECKER_RANDOM, random[1], 20000),
           "random numbers");
    unsigned seen[256] = {0};
    unsigned same = 0;
    for (size_t i = 0; i < 20000; i++) {
        seen[random[0][i]]++;
        same += random[0][i] == random[1][i];
    }
    bool even = true;
    for (size_t i = 0; i < 256; i++)
        even = even && seen[i] > 30 && seen[i] < 150; /* 78 expected, deviation 9 */
    tap_ok(even && same < 200, "they are spread evenly, and not the same twice (%u equal)", same);
}

struct api_cancelled {
    TEEC_Session *session;
    TEEC_Operation operation;
    uint32_t command;
    TEEC_Result result;
    uint32_t origin;
    volatile bool begun;
};

static void *api_waiter(void *argument)
{
    struct api_cancelled *call = argument;
    call->begun = true;
    call->result =
        TEEC_InvokeCommand(call->session, call->command, &call->operation, &call->origin);
    return NULL;
}

static void api_cancellation(TEEC_Context *context)
{
    static const uint32_t commands[] = {CHECKER_WAIT, CHECKER_WAIT_OTHER};
    for (size_t i = 0; i < 2; i++) {
        TEEC_Session session;
        uint32_t origin = 0;
        pthread_t thread;
        if (call_open(context, &session, &checker, &origin) != TEEC_SUCCESS) {
            tap_ok(false, "open");
            return;
        }
        struct api_cancelled call = {.session = NULL};
        /* A call that is cancelled before it is in the app is answered by somebody else, and made
         * again with more time to get there. */
        for (unsigned ms = 200; call.origin != TEEC_ORIGIN_TRUSTED_APP && ms < TEE_PATIENCE_MS;
             ms *= 2) {
            call = (struct api_cancelled){
                .session = &session, .operation = {.started = 1}, .command = commands[i]};
            pthread_create(&thread, NULL, api_waiter, &call);
            while (!call.begun)
                tee_sleep_ms(5);
            tee_sleep_ms(ms);
            TEEC_RequestCancellation(&call.operation);
            pthread_join(thread, NULL);
        }
        tap_ok(call.result == TEEC_ERROR_CANCEL && call.origin == TEEC_ORIGIN_TRUSTED_APP,
               "a wait is cancelled%s: 0x%08x from %u",
               i == 0 ? "" : ", through one app in another", (unsigned)call.result, call.origin);
        TEEC_CloseSession(&session);
    }
}

static void api_life(TEEC_Context *context)
{
    TEEC_Session session[2];
    uint32_t origin = 0;
    size_t before = tee_log_size(&here);
    tap_ok(call_open(context, &session[0], &checker, &origin) == TEEC_SUCCESS &&
               call_open(context, &session[1], &checker, &origin) == TEEC_SUCCESS,
           "two sessions");
    TEEC_CloseSession(&session[0]);
    tap_ok(tee_log_has_after(&here, before, "created 1", NULL), "the instance was created once");
    tap_ok(tee_log_count(&here, "created 2", NULL) == 0, "and not again");
    const size_t middle = tee_log_size(&here);
    TEEC_CloseSession(&session[1]);
    tap_ok(tee_log_has_after(&here, middle, "destroyed", NULL),
           "and is destroyed with its last session");
    before = tee_log_size(&here);
    const TEEC_UUID keeps = tee_uuid_plus(checker, API_KEEPS);
    char name[37];
    tee_uuid_text(&keeps, name);
    for (int i = 0; i < 5; i++) {
        if (call_open(context, &session[0], &keeps, &origin) == TEEC_SUCCESS)
            TEEC_CloseSession(&session[0]);
    }
    tee_sleep_ms(200);
    tap_ok(tee_log_has_after(&here, before, "created 1", NULL) &&
               tee_log_count(&here, "destroyed", name) == 0,
           "instanceKeepAlive: five opens, one instance, not destroyed");
    const TEEC_UUID refuses = tee_uuid_plus(checker, API_REFUSES);
    for (int i = 0; i < 3; i++) {
        const TEEC_Result result = call_open(context, &session[0], &refuses, &origin);
        tap_result(result, origin, 0xABCD, TEEC_ORIGIN_TRUSTED_APP, "TA_CreateEntryPoint refuses");
    }
}

#define API_THREADS 4
#define API_ROUNDS 150

struct api_opener {
    pthread_t thread;
    TEEC_UUID uuid;
    unsigned good;
    TEEC_Result bad;
    uint32_t bad_origin;
};

static void *api_open_close(void *argument)
{
    struct api_opener *opener = argument;
    TEEC_Context context;
    call_context(&context);
    for (unsigned i = 0; i < API_ROUNDS; i++) {
        TEEC_Session session;
        uint32_t origin = 0;
        TEEC_Result result = call_open(&context, &session, &opener->uuid, &origin);
        if (result == TEEC_SUCCESS) {
            result = TEEC_InvokeCommand(&session, CHECKER_OTHER_REFUSE, NULL, &origin);
            TEEC_CloseSession(&session);
        }
        if (result == 0x1234) {
            opener->good++;
        } else {
            opener->bad = result;
            opener->bad_origin = origin;
        }
    }
    TEEC_FinalizeContext(&context);
    return NULL;
}

/* Instances end with their last session all the time while others open: no open may be lost. */
static void api_race(TEEC_UUID uuid, const char *what)
{
    struct api_opener opener[API_THREADS];
    for (size_t i = 0; i < API_THREADS; i++) {
        opener[i] = (struct api_opener){.uuid = uuid};
        pthread_create(&opener[i].thread, NULL, api_open_close, &opener[i]);
    }
    for (size_t i = 0; i < API_THREADS; i++)
        pthread_join(opener[i].thread, NULL);
    for (size_t i = 0; i < API_THREADS; i++)
        tap_ok(opener[i].good == API_ROUNDS,
               "%s: thread %zu, %u of %u opens were served (else 0x%08x from %u)", what, i,
               opener[i].good, API_ROUNDS, (unsigned)opener[i].bad, opener[i].bad_origin);
}

int main(void)
{
    TEEC_Context context;
    tee_create(&here);
    const TEEC_UUID keeps = tee_uuid_plus(checker, API_KEEPS);
    const TEEC_UUID refuses = tee_uuid_plus(checker, API_REFUSES);
    const TEEC_UUID many = tee_uuid_plus(checker, API_MANY);
    tee_sign(&here, API_ELF, &checker, API_MANIFEST);
    tee_sign(&here, API_ELF, &other, API_MANIFEST);
    tee_sign(&here, API_ELF, &keeps, API_MANIFEST "gpd.ta.instanceKeepAlive: true\n");
    tee_sign(&here, API_ELF, &refuses, API_MANIFEST "test.refuse: true\n");
    tee_sign(&here, API_ELF, &many, "gpd.ta.dataSize: 1M\n");
    tee_start(&here);
    call_context(&context);
    api_checks(&context);
    api_misuses(&context);
    api_parameters(&context);
    api_secrets(&context);
    api_cancellation(&context);
    api_life(&context);
    api_race(checker, "one instance");
    api_race(many, "an instance for each session");
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    return tap_end();
}
