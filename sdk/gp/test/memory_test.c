/* Memory: allocation within the limit, access rights, comparisons, cancellation, time, misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <postern_ta.h>
#include <sdk/gp/call.h>
#include <sdk/rt/test/kernel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tee_internal_api.h>

#define PAGE 4096u

static const TEE_Identity client;

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void allocation(void **state)
{
    (void)state;
    uint8_t *piece = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
    assert_non_null(piece);
    assert_int_equal((uintptr_t)piece % 16, 0);
    assert_true(all_zero(piece, 100));
    memset(piece, 0xaa, 100);
    piece = TEE_Realloc(piece, 300);
    assert_non_null(piece);
    assert_int_equal(piece[99], 0xaa);
    assert_true(all_zero(piece + 100, 200));
    piece = TEE_Realloc(piece, 50);
    piece = TEE_Realloc(piece, 100);
    assert_int_equal(piece[49], 0xaa);
    assert_true(all_zero(piece + 50, 50)); /* nothing comes back */
    TEE_Free(piece);
    TEE_Free(NULL);
    void *empty = TEE_Malloc(0, 0);
    assert_non_null(empty);
    TEE_Free(empty);
    piece = TEE_Realloc(NULL, 10);
    assert_true(all_zero(piece, 10));
    TEE_Free(piece);
    piece = TEE_Malloc(10, TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE);
    assert_non_null(piece);
    TEE_Free(piece);
}

static void limit(void **state)
{
    (void)state;
    const uint64_t before = sys_page()->start.heap_size;
    sys_page()->start.heap_size = 1000;
    assert_null(TEE_Malloc(1001, 0));
    assert_null(TEE_Malloc(SIZE_MAX, 0));
    assert_null(TEE_Malloc(SIZE_MAX - 15, 0));
    void *a = TEE_Malloc(600, 0);
    assert_non_null(a);
    assert_null(TEE_Malloc(401, 0));
    void *b = TEE_Malloc(400, 0);
    assert_non_null(b);
    assert_null(TEE_Malloc(1, 0));
    assert_null(TEE_Realloc(b, 401));
    TEE_Free(a);
    b = TEE_Realloc(b, 1000);
    assert_non_null(b);
    assert_null(TEE_Realloc(b, SIZE_MAX));
    TEE_Free(b);
    for (int i = 0; i < 1000; i++) { /* nothing is lost in the count */
        a = TEE_Malloc(1000, 0);
        assert_non_null(a);
        TEE_Free(a);
    }
    sys_page()->start.heap_size = before;
}

static void misuse(void **state)
{
    (void)state;
    const TEE_Result bad = TEE_ERROR_BAD_PARAMETERS;
    uint8_t bytes[64] = {0};
    char *piece = TEE_Malloc(64, 0);
    EXPECT_PANIC(bad, "TEE_Malloc: hint", TEE_Malloc(1, 4));
    EXPECT_PANIC(bad, "TEE_Free", TEE_Free(piece + 1));
    EXPECT_PANIC(bad, "TEE_Free", TEE_Free(piece + 16));
    EXPECT_PANIC(bad, "TEE_Free", TEE_Free(bytes));
    EXPECT_PANIC(bad, "TEE_Free", TEE_Free((void *)16));
    EXPECT_PANIC(bad, "TEE_Free", TEE_Free((void *)UINT64_C(0x800000000000)));
    EXPECT_PANIC(bad, "TEE_Realloc", TEE_Realloc((void *)4096, 5));
    TEE_Free(piece);
    EXPECT_PANIC(bad, "freed already", TEE_Free(piece));
    EXPECT_PANIC(bad, "TEE_MemMove: dest: 5 bytes", TEE_MemMove(NULL, bytes, 5));
    EXPECT_PANIC(bad, "TEE_MemMove: src", TEE_MemMove(bytes, NULL, 5));
    EXPECT_PANIC(bad, "TEE_MemMove: dest", TEE_MemMove((void *)(uintptr_t)misuse, bytes, 5));
    EXPECT_PANIC(bad, "TEE_MemMove: src", TEE_MemMove(bytes, bytes, SIZE_MAX));
    EXPECT_PANIC(bad, "TEE_MemFill: buffer", TEE_MemFill((void *)8, 0, 1));
    EXPECT_PANIC(bad, "TEE_MemCompare: buffer2", TEE_MemCompare(bytes, (void *)8, 1));
    TEE_MemMove(NULL, NULL, 0);
    TEE_MemFill(NULL, 0, 0);
    assert_int_equal(TEE_MemCompare(NULL, NULL, 0), 0);
    EXPECT_PANIC(bad, "TEE_CheckMemoryAccessRights: accessFlags",
                 TEE_CheckMemoryAccessRights(8, bytes, 1));
    EXPECT_PANIC(bad, "TEE_GetSystemTime: time", TEE_GetSystemTime(NULL));
    EXPECT_PANIC(bad, "TEE_GetREETime: time", TEE_GetREETime((TEE_Time *)4));
    EXPECT_PANIC(bad, "TEE_GenerateRandom", TEE_GenerateRandom(NULL, 1));
    EXPECT_PANIC(0x1234, "TEE_Panic", TEE_Panic(0x1234));
    EXPECT_PANIC(TEE_ERROR_BAD_STATE, "TEE_ERROR_BAD_STATE", TEE_Panic(TEE_ERROR_BAD_STATE));
    EXPECT_PANIC(bad, "postern_derive_key: key", postern_derive_key("x", 1, NULL, 16));
}

static int sign(int32_t x)
{
    return x < 0 ? -1 : x > 0 ? 1 : 0;
}

static void comparison(void **state)
{
    (void)state;
    uint8_t a[8];
    uint8_t b[8];
    srand(1);
    for (int round = 0; round < 200000; round++) {
        for (size_t i = 0; i < sizeof(a); i++) {
            a[i] = (uint8_t)rand();
            b[i] = rand() % 4 != 0 ? a[i] : (uint8_t)rand();
        }
        assert_int_equal(sign(TEE_MemCompare(a, b, sizeof(a))), sign(memcmp(a, b, sizeof(a))));
    }
    TEE_MemFill(a, 0x1ff, 3);
    assert_int_equal(a[2], 0xff);
    memcpy(a, "abcdefgh", 8);
    TEE_MemMove(a + 1, a, 7);
    assert_memory_equal(a, "aabcdefg", 8);
}

static TEE_Result rights(uint32_t flags, const void *buffer, size_t size)
{
    return TEE_CheckMemoryAccessRights(flags, (void *)(uintptr_t)buffer, size);
}

static void own_memory(void **state)
{
    (void)state;
    const uint32_t rw = TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE;
    const TEE_Result denied = TEE_ERROR_ACCESS_DENIED;
    static const char constant[] = "constant";
    uint8_t *pages =
        mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_READ), 0);
    assert_int_equal(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE), 0);
    assert_int_equal(rights(rw, pages, PAGE), 0);
    assert_int_equal(rights(rw, pages, PAGE + 1), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, pages, 2 * PAGE), 0);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, pages, 2 * PAGE + 1), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_WRITE, pages + PAGE, 1), denied);
    assert_int_equal(rights(0, pages + 2 * PAGE, 1), denied);
    assert_int_equal(rights(rw, pages + 2 * PAGE, 0), 0);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, constant, sizeof(constant)), 0);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_WRITE, constant, sizeof(constant)), denied);
    assert_int_equal(rights(rw, &pages, sizeof(pages)), 0);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, NULL, 1), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, pages, SIZE_MAX), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, (void *)UINTPTR_MAX, 1), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, (void *)UINTPTR_MAX, 2), denied);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, (void *)UINT64_C(0xffff800000000000), 1),
                     denied);
    assert_int_equal(pages[0], 0); /* looking changes nothing */
    munmap(pages, 3 * PAGE);
    assert_int_equal(rights(TEE_MEMORY_ACCESS_READ, pages, 1), denied);
}

static void parameter_memory(void **state)
{
    (void)state;
    const uint32_t r = TEE_MEMORY_ACCESS_READ;
    const uint32_t w = TEE_MEMORY_ACCESS_WRITE;
    const uint32_t any = TEE_MEMORY_ACCESS_ANY_OWNER;
    const TEE_Result denied = TEE_ERROR_ACCESS_DENIED;
    uint8_t *window = mmap((void *)(uintptr_t)SYS_WINDOW_BASE, 2 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_int_equal((uintptr_t)window, SYS_WINDOW_BASE);
    TEE_Param params[4] = {
        {.memref = {.buffer = window + 100, .size = 50}},
        {.memref = {.buffer = window + PAGE, .size = PAGE}},
    };
    call_begin(&client,
               TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_INOUT,
                               TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_MEMREF_OUTPUT),
               params);
    assert_int_equal(rights(r | any, window + 100, 50), 0);
    assert_int_equal(rights(r, window + 100, 50), denied);
    assert_int_equal(rights(r | any, window + 99, 1), denied);
    assert_int_equal(rights(r | any, window + 100, 51), denied);
    assert_int_equal(rights(r | any, window + 150, 1), denied);
    assert_int_equal(rights(r | any, window + 150, 0), 0);
    assert_int_equal(rights(w | any, window + 100, 50), denied); /* an input */
    assert_int_equal(rights(r | w | any, window + PAGE, PAGE), 0);
    assert_int_equal(rights(r | w, window + PAGE, PAGE), denied);
    assert_int_equal(rights(r | any, window + PAGE - 1, 2), denied);
    assert_int_equal(rights(r | any, window + PAGE, PAGE + 1), denied);
    /* The parameters are those of the call's beginning. */
    params[0].memref.size = 5000;
    assert_int_equal(rights(r | any, window + 100, 51), denied);
    call_end();
    assert_int_equal(rights(r | any, window + 100, 50), denied);
    munmap(window, 2 * PAGE);
}

static void cancellation(void **state)
{
    (void)state;
    call_begin(&client, 0, NULL);
    sys_page()->cancel = 1;
    assert_false(TEE_GetCancellationFlag());
    assert_false(call_cancellable());
    assert_true(TEE_UnmaskCancellation());
    assert_false(TEE_UnmaskCancellation());
    assert_true(TEE_GetCancellationFlag());
    assert_true(call_cancellable());
    assert_false(TEE_MaskCancellation());
    assert_true(TEE_MaskCancellation());
    assert_false(TEE_GetCancellationFlag());
    TEE_UnmaskCancellation();
    sys_page()->cancel = 0;
    assert_false(TEE_GetCancellationFlag());
    call_begin(&client, 0, NULL); /* each call starts masked */
    assert_true(TEE_UnmaskCancellation());
    call_end();
}

static uint64_t slept_ns;
static uint64_t slept_flags;
static int64_t sleep_answer;

static int64_t sleep_kernel(uint64_t nr, const uint64_t arg[6])
{
    assert_int_equal(nr, SYS_SLEEP);
    slept_ns = arg[0];
    slept_flags = arg[1];
    return sleep_answer;
}

static void time(void **state)
{
    (void)state;
    TEE_Time now;
    test_kernel.clock_ns = INT64_C(12345678901234567);
    TEE_GetSystemTime(&now);
    assert_int_equal(now.seconds, 12345678);
    assert_int_equal(now.millis, 901);
    test_kernel.clock_ns = -1;
    TEE_GetREETime(&now);
    assert_int_equal(now.seconds, 0);
    EXPECT_PANIC(TEE_ERROR_GENERIC, "TEE_GetSystemTime", TEE_GetSystemTime(&now));
    test_kernel.answer = sleep_kernel;
    call_begin(&client, 0, NULL);
    sleep_answer = 0;
    assert_int_equal(TEE_Wait(5), 0);
    assert_int_equal(slept_ns, 5000000);
    assert_int_equal(slept_flags, 0);
    TEE_UnmaskCancellation();
    sleep_answer = SYS_ERR_CANCELLED;
    assert_int_equal(TEE_Wait(TEE_TIMEOUT_INFINITE), TEE_ERROR_CANCEL);
    assert_int_equal(slept_ns, SYS_TIMEOUT_INFINITE);
    assert_int_equal(slept_flags, SYS_WAIT_CANCELLABLE);
    sleep_answer = 0;
    TEE_Wait(TEE_TIMEOUT_INFINITE - 1);
    assert_int_equal(slept_ns, UINT64_C(4294967294000000));
    call_end();
    test_kernel.answer = NULL;
}

static void keys_and_random(void **state)
{
    (void)state;
    uint8_t key[64] = {0};
    assert_int_equal(postern_derive_key("k", 1, key, 64), 0);
    assert_int_equal(key[1], 'k' + 1);
    assert_int_equal(postern_derive_key(NULL, 0, key, 1), 0);
    assert_int_equal(postern_derive_key("k", 1, key, 0), TEE_ERROR_BAD_PARAMETERS);
    static uint8_t large[20000];
    assert_int_equal(postern_derive_key("k", 1, large, 65), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(postern_derive_key(large, 256, key, 64), 0);
    assert_int_equal(postern_derive_key(large, 257, key, 64), TEE_ERROR_BAD_PARAMETERS);
    assert_true(all_zero(sys_page()->in, 64)); /* no key is left behind */
    TEE_GenerateRandom(large, sizeof(large));
    assert_int_equal(large[8191], (uint8_t)8192);
    assert_int_equal(large[8192], 1);
    assert_int_equal(large[19999], (uint8_t)(20000 - 16384));
    assert_true(all_zero(sys_page()->in, SYS_BUFFER_SIZE));
    TEE_SetInstanceData(key);
    assert_ptr_equal(TEE_GetInstanceData(), key);
    assert_string_equal(postern_result_name(0xffff0007), "TEE_ERROR_BAD_STATE");
    assert_string_equal(postern_result_name(0x12345), "unknown");
    postern_log(POSTERN_LOG_WARN, "%s %d\n", "line", 5);
    assert_string_equal(test_kernel.log, "line 5");
    assert_int_equal(test_kernel.log_level, SYS_LOG_WARN);
    postern_log_bytes(POSTERN_LOG_INFO, "\x01\xff", 2);
    assert_string_equal(test_kernel.log, "0000: 01 ff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation),      cmocka_unit_test(limit),
        cmocka_unit_test(misuse),          cmocka_unit_test(comparison),
        cmocka_unit_test(own_memory),      cmocka_unit_test(parameter_memory),
        cmocka_unit_test(cancellation),    cmocka_unit_test(time),
        cmocka_unit_test(keys_and_random),
    };
    return cmocka_run_group_tests_name("sdk memory", tests, test_kernel_start, NULL);
}
