/*
 * Measures calls from Linux into an app in TrustZone. Under `qemu -icount shift=0` a nanosecond is an
 * instruction, so that what is printed are instructions, from the client's call to its return: one
 * line a measurement, NAME VALUE.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <time.h>

#include <hello.h>

static TEEC_Context context;
static TEEC_Session session;
static const TEEC_UUID uuid = HELLO_UUID;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median of `count` runs, the clock's own cost taken off. */
static void measure(const char *name, unsigned count, void (*call)(void))
{
    uint64_t *took = calloc(count, sizeof(*took));
    uint64_t empty = now();
    empty = now() - empty;
    for (unsigned i = 0; i < 5; i++) {
        call();
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t start = now();
        call();
        took[i] = now() - start - empty;
    }
    qsort(took, count, sizeof(*took), compare);
    printf("bench: %s %llu\n", name, (unsigned long long)took[count / 2]);
    free(took);
}

static void fail(const char *what, TEEC_Result result)
{
    printf("bench: %s failed: %x\n", what, result);
    exit(1);
}

static void empty_invoke(void)
{
    TEEC_Result result = TEEC_InvokeCommand(&session, 99, NULL, NULL);
    if (result == TEEC_SUCCESS) {
        fail("empty invoke", result);
    }
}

static void values(void)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    TEEC_Result result = TEEC_InvokeCommand(&session, HELLO_INCREMENT, &operation, NULL);
    if (result != TEEC_SUCCESS) {
        fail("values", result);
    }
}

static char in[4096], out[8192];
static void temporary(void)
{
    TEEC_Operation operation = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
                                                               TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
                                                               TEEC_NONE)};
    operation.params[0].tmpref.buffer = in;
    operation.params[0].tmpref.size = sizeof(in) - 100;
    operation.params[1].tmpref.buffer = out;
    operation.params[1].tmpref.size = sizeof(in);
    TEEC_Result result = TEEC_InvokeCommand(&session, HELLO_GREET, &operation, NULL);
    if (result != TEEC_SUCCESS) {
        fail("temporary", result);
    }
}

static TEEC_SharedMemory memory;
static void shared(void)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    operation.params[0].memref.parent = &memory;
    operation.params[0].memref.size = memory.size;
    TEEC_Result result = TEEC_InvokeCommand(&session, 99, &operation, NULL);
    if (result == TEEC_SUCCESS) {
        fail("shared", result);
    }
}

static void open_close(void)
{
    TEEC_Session other;
    TEEC_Result result =
        TEEC_OpenSession(&context, &other, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
    if (result != TEEC_SUCCESS) {
        fail("open", result);
    }
    TEEC_CloseSession(&other);
}

int main(void)
{
    if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS) {
        fail("context", 0);
    }
    uint64_t start = now();
    TEEC_Result result =
        TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
    if (result != TEEC_SUCCESS) {
        fail("open", result);
    }
    printf("bench: open_fetched %llu\n", (unsigned long long)(now() - start));
    measure("invoke_empty", 500, empty_invoke);
    measure("invoke_values", 500, values);
    measure("invoke_temporary_4k", 200, temporary);
    memory.size = 1 << 20;
    memory.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (TEEC_AllocateSharedMemory(&context, &memory) != TEEC_SUCCESS) {
        fail("memory", 0);
    }
    measure("invoke_shared_1m_untouched", 200, shared);
    measure("open_close_new_instance", 50, open_close);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return 0;
}
