/*
 * The kernel of the SDK's unit tests; see kernel.h.
 */
#include <sdk/rt/test/kernel.h>

#include <sdk/rt/host/host.h>
#include <sdk/rt/runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_kernel test_kernel;
static struct sys_page test_page;

struct sys_page *sys_page(void)
{
    return &test_page;
}

/* cmocka catches faults itself, anew for each test: ours go before it (linked with --wrap). */
bool __wrap_rt_probe(const void *address, size_t size, bool write);
bool __real_rt_probe(const void *address, size_t size, bool write);
bool __wrap_rt_probe(const void *address, size_t size, bool write)
{
    fault_start((uintptr_t)__builtin_frame_address(0));
    return __real_rt_probe(address, size, write);
}

uint32_t rt_time_protection_level(void)
{
    return 100;
}

static void test_log(const uint64_t arg[6])
{
    snprintf(test_kernel.log, sizeof(test_kernel.log), "%.*s", (int)arg[1], test_page.out);
    test_kernel.log_level = (uint32_t)arg[0];
}

static _Noreturn void test_panic(const uint64_t arg[6])
{
    snprintf(test_kernel.panic, sizeof(test_kernel.panic), "%.*s", (int)arg[1], test_page.out);
    test_kernel.panic_code = (uint32_t)arg[0];
    if (!test_kernel.panic_expected) {
        fprintf(stderr, "unexpected panic: %s\n", test_kernel.panic);
        abort();
    }
    longjmp(test_kernel.panic_return, 1);
}

static int64_t test_manifest(uint64_t offset)
{
    if (offset >= test_kernel.manifest_size)
        return 0;
    size_t size = test_kernel.manifest_size - offset;
    size = size < 16 ? size : 16; /* small pieces, so that putting them together is tested */
    memcpy(test_page.in, test_kernel.manifest + offset, size);
    return (int64_t)size;
}

static int64_t test_fill(uint64_t first, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        test_page.in[i] = (uint8_t)(first + i);
    return (int64_t)length;
}

int64_t sys_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5)
{
    const uint64_t arg[6] = {a0, a1, a2, a3, a4, a5};
    switch (nr) {
    case SYS_PANIC:
        test_panic(arg);
    case SYS_LOG:
        test_log(arg);
        return 0;
    case SYS_MANIFEST:
        return test_manifest(a0);
    case SYS_CLOCK:
        return test_kernel.clock_ns;
    case SYS_RANDOM:
        return test_fill(1, a0);
    case SYS_DERIVE_KEY:
        return test_fill(a0 != 0 ? test_page.out[0] : 0, a1);
    default:
        break;
    }
    if (test_kernel.answer != NULL)
        return test_kernel.answer(nr, arg);
    fprintf(stderr, "unexpected system call %llu\n", (unsigned long long)nr);
    abort();
}

int test_kernel_start(void **state)
{
    (void)state;
    memset(&test_kernel, 0, sizeof(test_kernel));
    memset(&test_page, 0, sizeof(test_page));
    test_page.start.abi = SYS_ABI;
    test_page.start.heap_size = 1 << 20;
    test_page.start.seed = 0x1234567890abcdef;
    return 0;
}
