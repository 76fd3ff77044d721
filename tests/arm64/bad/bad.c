/*
 * An app that dies in every way that the processor knows.
 */
#include "bad.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tee_internal_api.h>

/* Without end, as far as can be; the compiler is not to see that. */
static int deeper(volatile int *from)
{
    volatile int room[1000];
    room[0] = *from + 1;
    return room[0] == 0 ? 0 : deeper(room) + room[999];
}

static TEE_Result compute(TEE_Param *param)
{
    double x = 1.0;
    for (uint32_t i = 1; i <= param->value.a; i++)
        x = x * 1.0000001 + 1.0 / i;
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    param->value.a = (uint32_t)bits;
    param->value.b = (uint32_t)(bits >> 32);
    return TEE_SUCCESS;
}

/* Every register but the stack pointer and the frame's holds the secret, most of the time. */
static void secret_hold(uint64_t rounds)
{
    register uint64_t left __asm__("x0") = rounds + 1;
    register uint64_t word __asm__("x1") = BAD_SECRET_WORD;
    __asm__ volatile("str x0, [sp, #-16]!\n\t"
                     ".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
                     "27,28,30\n\t"
                     "mov x\\n, x1\n\t"
                     ".endr\n\t"
                     ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
                     "26,27,28,29,30,31\n\t"
                     "dup v\\n\\().2d, x1\n\t"
                     ".endr\n"
                     "1: ldr x0, [sp]\n\t"
                     "sub x0, x0, #1\n\t"
                     "str x0, [sp]\n\t"
                     "cbnz x0, 1b\n\t"
                     "add sp, sp, #16"
                     : "+r"(left), "+r"(word)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
                       "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
                       "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
                       "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31", "memory", "cc");
}

static size_t heap_take_all(void)
{
    void **chain = NULL;
    size_t count = 0;
    for (;;) {
        void **piece = malloc(1000);
        if (piece == NULL)
            break;
        memset(piece, 0x55, 1000);
        *piece = chain;
        chain = piece;
        count++;
    }
    while (chain != NULL) {
        void **next = *chain;
        free(chain);
        chain = next;
    }
    return count;
}

/* abi/syscall.h */
#define MEM_CREATE 24u
#define MEM_MAP 25u

static int64_t call_kernel(uint64_t number, uint64_t a, uint64_t size, uint64_t prot, uint64_t at)
{
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x2 __asm__("x2") = size;
    register uint64_t x3 __asm__("x3") = prot;
    register uint64_t x4 __asm__("x4") = at;
    register uint64_t x8 __asm__("x8") = number;
    __asm__ volatile("svc #1" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
    return (int64_t)x0;
}

/* Places of the app's choice: refused, whoever asks. */
static bool places_are_refused(uint8_t *taken)
{
    int64_t handle = call_kernel(MEM_CREATE, 4096, 0, 0, 0);
    uint64_t far = (uintptr_t)taken + 0x40000000;
    return handle > 0 && call_kernel(MEM_MAP, (uint64_t)handle, 4096, 3, far) < 0 &&
           call_kernel(MEM_MAP, (uint64_t)handle, 4096, 3, (uintptr_t)taken) < 0 &&
           mmap(taken, 4096, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, -1, 0) ==
               MAP_FAILED &&
           errno == ENOTSUP && taken[0] == 0x55;
}

static bool probe(const uint8_t *address, size_t size, bool write)
{
    register uint64_t x0 __asm__("x0") = (uintptr_t)address;
    register uint64_t x1 __asm__("x1") = size;
    register uint64_t x2 __asm__("x2") = write;
    __asm__ volatile("svc #2" : "+r"(x0), "+r"(x1) : "r"(x2) : "memory");
    return x0 == 1;
}

static bool maps(void)
{
    const size_t size = 5u << 20;
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    memory[0] = 0x55;
    bool good = probe(memory, size, true) && probe(memory + 1, size - 1, false) &&
                !probe(memory + 1, size, false) && !probe(memory, SIZE_MAX, true) &&
                !probe(memory - 1, 2, false) && places_are_refused(memory);
    return munmap(memory, size) == 0 && good;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    static uint32_t data[4] = {0xd65f03c0}; /* ret */
    static uint8_t pair[32] __attribute__((aligned(16)));
    volatile int start = 0;
    volatile uintptr_t near_zero = 8;
    (void)context;
    (void)types;
    switch (command) {
    case BAD_NOTHING:
        return TEE_SUCCESS;
    case BAD_READ:
        return *(volatile uint32_t *)near_zero;
    case BAD_WRITE:
        *(volatile uint32_t *)(uintptr_t)TA_InvokeCommandEntryPoint = 0;
        return TEE_SUCCESS;
    case BAD_EXECUTE:
        ((void (*)(void))(uintptr_t)data)();
        return TEE_SUCCESS;
    case BAD_INSTRUCTION:
        __asm__ volatile(".word 0");
        return TEE_SUCCESS;
    case BAD_PRIVILEGE:
        __asm__ volatile("msr ttbr0_el1, xzr");
        return TEE_SUCCESS;
    case BAD_KERNEL:
        return *(volatile uint32_t *)0xffffff8040000000;
    case BAD_STACK:
        return (TEE_Result)deeper(&start);
    case BAD_ABORT:
        abort();
    case BAD_SMC:
        __asm__ volatile("smc #0");
        return TEE_SUCCESS;
    case BAD_HVC:
        __asm__ volatile("hvc #0");
        return TEE_SUCCESS;
    case BAD_SLEEP:
        __asm__ volatile("wfi");
        return TEE_SUCCESS;
    case BAD_MASK:
        __asm__ volatile("msr daifset, #2");
        return TEE_SUCCESS;
    case BAD_COUNTER:
        __asm__ volatile("mrs x0, cntvct_el0" : : : "x0");
        return TEE_SUCCESS;
    case BAD_CACHE:
        __asm__ volatile("dc civac, %0" : : "r"(data) : "memory");
        return TEE_SUCCESS;
    case BAD_PC:
        __asm__ volatile("adr x0, .\n\tadd x0, x0, #10\n\tblr x0" : : : "x0", "x30", "memory");
        return TEE_SUCCESS;
    case BAD_ATOMIC:
        __asm__ volatile("ldxr x0, [%0]" : : "r"(&pair[12]) : "x0", "memory");
        return TEE_SUCCESS;
    case BAD_KEY:
        __asm__ volatile(".inst 0x9ac13000" : : : "x0"); /* pacga x0, x0, x1 */
        return TEE_SUCCESS;
    case BAD_LOOP:
        for (;;)
            __asm__ volatile("" : : : "memory");
    case BAD_WAIT:
        TEE_UnmaskCancellation();
        return TEE_Wait(params[0].value.a);
    case BAD_FLOAT:
        return compute(&params[0]);
    case BAD_HEAP: {
        size_t first = heap_take_all();
        return first > 10 && heap_take_all() == first ? TEE_SUCCESS : TEE_ERROR_GENERIC;
    }
    case BAD_MAP:
        return maps() ? TEE_SUCCESS : TEE_ERROR_GENERIC;
    case BAD_SECRET:
        secret_hold(params[0].value.a);
        return TEE_SUCCESS;
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
