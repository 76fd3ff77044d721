/*
 * Makes the calls that tests/arm64/bench counts the instructions of, each between two marks that
 * tests/arm64/count.c knows: from the client's call to its return. Prints a line `bench: case N NAME`
 * for each case. Every answer is checked; a wrong one ends the run.
 *
 *   bench_client [CASE]    only this case
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>

#include <library.h>
#include <work.h>

/* A row of `ret` instructions, each a function: 2n starts case n, 2n + 1 ends it. */
__asm__(".pushsection .text\n"
        ".balign 64\n"
        ".global bench_marks\n"
        "bench_marks:\n"
        ".rept 128\n"
        "ret\n"
        ".endr\n"
        ".popsection\n");
extern const uint32_t bench_marks[128];

typedef void bench_mark(void);
static inline bench_mark *mark_of(unsigned number)
{
    return (bench_mark *)(uintptr_t)&bench_marks[number];
}

static TEEC_Context context;
static TEEC_Session session;
static TEEC_SharedMemory shared;
static uint8_t *temporary;
static const char *only;

static void fail(const char *what, TEEC_Result result)
{
    printf("bench: failed: %s: %x\n", what, result);
    exit(1);
}

static void must(TEEC_Result result, const char *what)
{
    if (result != TEEC_SUCCESS) {
        fail(what, result);
    }
}

static TEEC_UUID work(unsigned number)
{
    return (TEEC_UUID)WORK_UUID((uint8_t)number);
}

/* What is measured happens between start() and end(). */
struct marks {
    bench_mark *start;
    bench_mark *end;
};

static void empty_marks(struct marks marks, unsigned round)
{
    (void)round;
    marks.start();
    marks.end();
}

static void invoke_empty(struct marks marks, unsigned round)
{
    (void)round;
    marks.start();
    const TEEC_Result result = TEEC_InvokeCommand(&session, WORK_NOTHING, NULL, NULL);
    marks.end();
    must(result, "empty");
}

static void invoke_values(struct marks marks, unsigned round)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_VALUE_INOUT, TEEC_VALUE_INOUT, TEEC_VALUE_INOUT);
    for (unsigned k = 0; k < 4; k++) {
        operation.params[k].value.a = round + k;
    }
    marks.start();
    const TEEC_Result result = TEEC_InvokeCommand(&session, WORK_VALUES, &operation, NULL);
    marks.end();
    must(result, "values");
    if (operation.params[3].value.a != ~(round + 3)) {
        fail("values: wrong answer", TEEC_SUCCESS);
    }
}

static void temporary_of(struct marks marks, unsigned round, size_t size)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = temporary;
    operation.params[0].tmpref.size = size;
    temporary[size - 1] = (uint8_t)round;
    marks.start();
    const TEEC_Result result = TEEC_InvokeCommand(&session, WORK_NOTHING, &operation, NULL);
    marks.end();
    must(result, "temporary");
    if (temporary[size - 1] != (uint8_t)round) {
        fail("temporary: wrong answer", TEEC_SUCCESS);
    }
}

static void invoke_temp_4k(struct marks marks, unsigned round)
{
    temporary_of(marks, round, 4096);
}

static void invoke_temp_1m(struct marks marks, unsigned round)
{
    temporary_of(marks, round, 1 << 20);
}

/* Read through: the app finds what the client wrote last, and memory of the right size. */
static void invoke_shared_read(struct marks marks, unsigned round)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].memref.parent = &shared;
    ((uint64_t *)shared.buffer)[7] = round;
    marks.start();
    const TEEC_Result result = TEEC_InvokeCommand(&session, WORK_READ, &operation, NULL);
    marks.end();
    must(result, "shared");
    if (operation.params[1].value.a != round || operation.params[1].value.b != shared.size) {
        fail("shared: wrong answer", TEEC_SUCCESS);
    }
}

#define ROUNDS 40
#define WARM 5

/* Marks 126 and 127 are nobody's. */
static const unsigned no_marks = 126;

/* One reference and nothing else. That the app reaches the memory in just this way is seen behind the
 * last round. */
static void invoke_shared_untouched(struct marks marks, unsigned round)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].memref.parent = &shared;
    marks.start();
    const TEEC_Result result = TEEC_InvokeCommand(&session, WORK_NOTHING, &operation, NULL);
    marks.end();
    must(result, "shared, untouched");
    if (operation.params[0].memref.size != shared.size) {
        fail("shared, untouched: wrong size", TEEC_SUCCESS);
    }
    if (round == ROUNDS - 1) {
        invoke_shared_read((struct marks){mark_of(no_marks), mark_of(no_marks + 1)}, round);
    }
}

static TEEC_Result open_one(TEEC_Session *own, const TEEC_UUID *uuid)
{
    return TEEC_OpenSession(&context, own, uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
}

static void open_loaded(struct marks marks, unsigned round)
{
    const TEEC_UUID uuid = work(WORK_KEPT);
    TEEC_Session own;
    (void)round;
    marks.start();
    const TEEC_Result result = open_one(&own, &uuid);
    marks.end();
    must(result, "open");
    TEEC_CloseSession(&own);
}

static void close_loaded(struct marks marks, unsigned round)
{
    const TEEC_UUID uuid = work(WORK_KEPT);
    TEEC_Session own;
    (void)round;
    must(open_one(&own, &uuid), "open");
    marks.start();
    TEEC_CloseSession(&own);
    marks.end();
}

static void open_close(struct marks marks, unsigned number)
{
    const TEEC_UUID uuid = work(number);
    TEEC_Session own;
    marks.start();
    const TEEC_Result result = open_one(&own, &uuid);
    TEEC_CloseSession(&own);
    marks.end();
    must(result, "open");
}

static void open_close_loaded(struct marks marks, unsigned round)
{
    (void)round;
    open_close(marks, WORK_KEPT);
}

static void open_close_unloaded(struct marks marks, unsigned round)
{
    (void)round;
    open_close(marks, WORK_PLAIN);
}

/* Each round opens an app that nobody opened before. */
static void open_close_fetched(struct marks marks, unsigned round)
{
    open_close(marks, WORK_FETCHED + round);
}

static void context_both(struct marks marks, unsigned round)
{
    TEEC_Context own;
    (void)round;
    marks.start();
    const TEEC_Result result = TEEC_InitializeContext(NULL, &own);
    TEEC_FinalizeContext(&own);
    marks.end();
    must(result, "context");
}

/* --- The crypto library, in an app of its own (tests/arm64/library). ------------------------------ */

static void hash_4k(TEEC_Session *own)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = 1;
    must(TEEC_InvokeCommand(own, LIBRARY_HASH, &operation, NULL), "hash");
}

static void open_library(TEEC_Session *own)
{
    const TEEC_UUID uuid = LIBRARY_UUID;
    must(open_one(own, &uuid), "open the app that hashes");
}

/* The same session for all rounds. */
static void sha256_4k(struct marks marks, unsigned round)
{
    static TEEC_Session own;
    static bool opened;
    (void)round;
    if (!opened) {
        open_library(&own);
        hash_4k(&own); /* the library's own start */
    }
    opened = true;
    marks.start();
    hash_4k(&own);
    marks.end();
}

/* A fresh instance each time, in which the library starts. */
static void sha256_4k_first(struct marks marks, unsigned round)
{
    TEEC_Session own;
    (void)round;
    open_library(&own);
    marks.start();
    hash_4k(&own);
    marks.end();
    TEEC_CloseSession(&own);
}

static const struct bench_case {
    const char *name;
    void (*run)(struct marks marks, unsigned round);
    unsigned rounds;
    unsigned warm; /* rounds before that are not marked */
} cases[] = {
    {"marks", empty_marks, ROUNDS, WARM},
    {"open_close_fetched", open_close_fetched, WORK_FETCHED_COUNT, 0},
    {"open_close_unloaded", open_close_unloaded, 20, 1},
    {"open_close_loaded", open_close_loaded, ROUNDS, WARM},
    {"open_loaded", open_loaded, ROUNDS, WARM},
    {"close_loaded", close_loaded, ROUNDS, WARM},
    {"context", context_both, ROUNDS, WARM},
    {"invoke_empty", invoke_empty, ROUNDS, WARM},
    {"invoke_values", invoke_values, ROUNDS, WARM},
    {"invoke_temp_4k", invoke_temp_4k, ROUNDS, WARM},
    {"invoke_temp_1m", invoke_temp_1m, 10, 1},
    {"invoke_shared_1m_untouched", invoke_shared_untouched, ROUNDS, WARM},
    {"invoke_shared_1m_read", invoke_shared_read, 10, 1},
    {"sha256_4k", sha256_4k, ROUNDS, WARM},
    {"sha256_4k_first", sha256_4k_first, 10, 1},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void run(unsigned number)
{
    const struct bench_case *one = &cases[number];
    if (only != NULL && strcmp(only, one->name) != 0 && number != 0) {
        return;
    }
    printf("bench: case %u %s\n", number, one->name);
    (void)fflush(stdout);
    for (unsigned i = 0; i < one->warm; i++) {
        one->run((struct marks){mark_of(no_marks), mark_of(no_marks + 1)}, i);
    }
    for (unsigned i = 0; i < one->rounds; i++) {
        one->run((struct marks){mark_of(2 * number), mark_of(2 * number + 1)}, i);
    }
}

int main(int argc, char **argv)
{
    const TEEC_UUID plain = work(WORK_PLAIN);
    const TEEC_UUID kept = work(WORK_KEPT);
    TEEC_Session stays;

    only = argc > 1 && argv[1][0] != 0 ? argv[1] : NULL;
    must(TEEC_InitializeContext(NULL, &context), "context");
    must(open_one(&session, &plain), "open");
    must(open_one(&stays, &kept), "open the one that stays");
    shared = (TEEC_SharedMemory){.size = 1 << 20, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    must(TEEC_AllocateSharedMemory(&context, &shared), "shared memory");
    temporary = malloc(1 << 20);
    if (temporary == NULL) {
        fail("memory", TEEC_ERROR_OUT_OF_MEMORY);
    }
    memset(shared.buffer, 0, shared.size);
    memset(temporary, 5, 1 << 20);
    for (unsigned i = 0; i < CASES; i++) {
        run(i);
    }
    free(temporary);
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_CloseSession(&stays);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    printf("bench: end\n");
    return 0;
}
