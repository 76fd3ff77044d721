/*
 * A client of the app hello that uses the standard's functions only, so that it is compiled against our
 * libteec and against Debian's: each kind of parameter and of memory, errors, and many threads at
 * once.
 *
 *   gp_client PAIRING [THREADS CALLS]     prints TAP, PAIRING in each line
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <unistd.h>

#define CALCULATE 1
#define INCREMENT 2
#define GREET 3

static const TEEC_UUID hello = {
    0x444fbfd3, 0x0c95, 0x479c, {0x8f, 0x40, 0x02, 0xd0, 0x94, 0x6d, 0x2d, 0x8d}};
static const TEEC_UUID nobody = {
    0x444fbfd3, 0x0c95, 0x479c, {0x8f, 0x40, 0x02, 0xd0, 0x94, 0x6d, 0x2d, 0x8e}};

static const char *pairing = "";
static int number, failed;
static TEEC_Context context;

static void ok(bool good, const char *what)
{
    printf("%sok %d - %s: %s\n", good ? "" : "not ", ++number, pairing, what);
    fflush(stdout);
    failed |= !good;
}

static bool calculate(TEEC_Session *session, uint32_t a, uint32_t b)
{
    TEEC_Operation operation;
    memset(&operation, 0, sizeof(operation));
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = a;
    operation.params[0].value.b = b;
    return TEEC_InvokeCommand(session, CALCULATE, &operation, NULL) == TEEC_SUCCESS &&
           operation.params[1].value.a == a + b && operation.params[1].value.b == a * b;
}

static bool greet_temporary(TEEC_Session *session, size_t name_size)
{
    char *name = malloc(name_size);
    char *out = calloc(1, name_size + 100);
    TEEC_Operation operation;
    memset(name, 'n', name_size);
    memset(&operation, 0, sizeof(operation));
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = name;
    operation.params[0].tmpref.size = name_size;
    operation.params[1].tmpref.buffer = out;
    operation.params[1].tmpref.size = name_size + 100;
    bool good = TEEC_InvokeCommand(session, GREET, &operation, NULL) == TEEC_SUCCESS &&
                operation.params[1].tmpref.size == name_size + 8 &&
                memcmp(out, "Hello, n", 8) == 0 && out[name_size + 6] == 'n' &&
                out[name_size + 7] == '!' && out[name_size + 8] == 0;
    free(name);
    free(out);
    return good;
}

/* One piece of memory, a part of it in, another part out. */
static bool greet_shared(TEEC_Session *session, TEEC_SharedMemory *memory, size_t offset)
{
    char *bytes = memory->buffer;
    TEEC_Operation operation;
    memset(bytes, 0, memory->size);
    memcpy(bytes + offset, "Guest", 5);
    memset(&operation, 0, sizeof(operation));
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT,
                                            TEEC_NONE, TEEC_NONE);
    operation.params[0].memref.parent = memory;
    operation.params[0].memref.offset = offset;
    operation.params[0].memref.size = 5;
    operation.params[1].memref.parent = memory;
    operation.params[1].memref.offset = offset + 100;
    operation.params[1].memref.size = 50;
    return TEEC_InvokeCommand(session, GREET, &operation, NULL) == TEEC_SUCCESS &&
           operation.params[1].memref.size == 13 &&
           memcmp(bytes + offset + 100, "Hello, Guest!", 14) == 0;
}

static bool allocated(TEEC_Session *session, size_t size, size_t offset)
{
    TEEC_SharedMemory memory;
    memset(&memory, 0, sizeof(memory));
    memory.size = size;
    memory.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (TEEC_AllocateSharedMemory(&context, &memory) != TEEC_SUCCESS) {
        return false;
    }
    bool good = greet_shared(session, &memory, offset) && greet_shared(session, &memory, 0) &&
                greet_shared(session, &memory, offset);
    TEEC_ReleaseSharedMemory(&memory);
    return good;
}

static bool registered(TEEC_Session *session)
{
    static char room[20000];
    TEEC_SharedMemory memory;
    memset(&memory, 0, sizeof(memory));
    memory.buffer = room + 123; /* not at the start of a page */
    memory.size = 15000;
    memory.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (TEEC_RegisterSharedMemory(&context, &memory) != TEEC_SUCCESS) {
        return false;
    }
    bool good = greet_shared(session, &memory, 0) && greet_shared(session, &memory, 9000);
    TEEC_ReleaseSharedMemory(&memory);
    return good;
}

static unsigned calls_each = 100;

static void *caller(void *unused)
{
    TEEC_Session session;
    uint32_t origin = 0;
    TEEC_Result result;
    /* Each session has an instance of its own: secure memory may run out, and nothing but that. */
    for (unsigned tries = 0;; tries++) {
        result =
            TEEC_OpenSession(&context, &session, &hello, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
        if (result != TEEC_ERROR_OUT_OF_MEMORY || tries == 6000) {
            break;
        }
        usleep(20000);
    }
    (void)unused;
    if (result != TEEC_SUCCESS) {
        printf("# a session cannot be opened: %x, origin %u\n", result, origin);
        return (void *)1;
    }
    bool good = true;
    for (unsigned i = 0; i < calls_each && good; i++) {
        good = calculate(&session, i, i + 3) && (i % 8 != 0 || greet_temporary(&session, 10 + i));
    }
    TEEC_CloseSession(&session);
    return good ? NULL : (void *)1;
}

static bool callers(unsigned threads)
{
    pthread_t thread[64];
    bool good = threads <= 64;
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&thread[i], NULL, caller, NULL);
    }
    for (unsigned i = 0; i < threads; i++) {
        void *result;
        pthread_join(thread[i], &result);
        good = good && result == NULL;
    }
    return good;
}

int main(int argc, char **argv)
{
    TEEC_Session session;
    uint32_t origin = 0;
    unsigned threads = argc > 3 ? (unsigned)atoi(argv[2]) : 4;

    pairing = argc > 1 ? argv[1] : "";
    calls_each = argc > 3 ? (unsigned)atoi(argv[3]) : 50;
    ok(TEEC_InitializeContext(NULL, &context) == TEEC_SUCCESS, "a context");
    TEEC_Result result =
        TEEC_OpenSession(&context, &session, &hello, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    ok(result == TEEC_SUCCESS, "a session: the app is fetched, verified and started");
    if (result != TEEC_SUCCESS) {
        printf("# result %x origin %u\n", result, origin);
        return 1;
    }
    ok(calculate(&session, 12, 345), "values in and out");
    ok(greet_temporary(&session, 10), "temporary references");
    ok(greet_temporary(&session, 200000), "large ones");
    ok(allocated(&session, 4096, 1000), "allocated memory");
    ok(allocated(&session, 1 << 20, (1 << 20) - 500), "a MiB of it");
    ok(registered(&session), "registered memory that starts within a page");
    ok(TEEC_InvokeCommand(&session, 99, NULL, &origin) != TEEC_SUCCESS &&
           origin == TEEC_ORIGIN_TRUSTED_APP,
       "an unknown command is refused by the app");
    TEEC_Session none;
    result = TEEC_OpenSession(&context, &none, &nobody, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    /* OpenHarmony has a code of its own for it (2), which our libteec gives. */
    ok((result == TEEC_ERROR_ITEM_NOT_FOUND || result == 2) && origin == TEEC_ORIGIN_TEE,
       "an app that is not there is not found");
    TEEC_CloseSession(&session);
    char what[64];
    snprintf(what, sizeof(what), "%u threads of %u calls each", threads, calls_each);
    ok(callers(threads), what);
    TEEC_FinalizeContext(&context);
    printf("1..%d\n", number);
    return failed;
}
