/*
 * A kernel for unit tests of the SDK: the third bottom of sdk/rt, within the test's own process. It
 * answers clock, random numbers, keys, log and manifest by itself; everything else goes to the
 * test's own function. A panic comes back to the test.
 */
#ifndef POSTERN_SDK_RT_TEST_KERNEL_H
#define POSTERN_SDK_RT_TEST_KERNEL_H

#include <sdk/rt/syscall.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

struct test_kernel {
    /* What the test answers; NULL: such a call fails the test. */
    int64_t (*answer)(uint64_t nr, const uint64_t arg[6]);
    const uint8_t *manifest;
    size_t manifest_size;
    int64_t clock_ns;
    char log[1024]; /* the last line */
    uint32_t log_level;
    bool panic_expected;
    jmp_buf panic_return;
    char panic[1024];
    uint32_t panic_code;
};
extern struct test_kernel test_kernel;

/* cmocka set-up of a group: a fresh page. */
int test_kernel_start(void **state);

/* Does the statement, which has to panic with this code and a message that has this text in it. */
#define EXPECT_PANIC(code, text, ...)                                                              \
    do {                                                                                           \
        test_kernel.panic_expected = true;                                                         \
        if (setjmp(test_kernel.panic_return) == 0) {                                               \
            __VA_ARGS__;                                                                           \
            fail_msg("no panic: %s", #__VA_ARGS__);                                                \
        }                                                                                          \
        test_kernel.panic_expected = false;                                                        \
        if (strstr(test_kernel.panic, text) == NULL)                                               \
            fail_msg("panic says: %s", test_kernel.panic);                                         \
        assert_int_equal(test_kernel.panic_code, code);                                            \
    } while (0)

#endif
