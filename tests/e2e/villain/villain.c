/*
 * villain: an app that misbehaves on request (villain.h). Whatever it does, only its own instance may
 * end, and its clients and the log must be told.
 *
 * What it asks of Linux it asks by number: the SDK has functions of its own under names such as close
 * and mmap, which are Trusty's.
 */
#include "villain.h"
#include "machine.h"

#include <abi/syscall.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <tee_internal_api.h>
#include <unistd.h>

/* The runtime's own doors to the kernel (sdk/rt/syscall.h), under the names that the archive hides
 * them behind. An honest app has no use for them. */
int64_t sys_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5) __asm__("postern.sys_call");
struct sys_page *sys_page(void) __asm__("postern.sys_page");

struct villain_session {
    uint32_t at_close;
};

/* What the compiler must not see through. */
static volatile uintptr_t villain_zero;
static const char villain_constant[64] = "constant";
static unsigned char villain_data[64] = {0xc3};

static uint32_t villain_seed = 1;

static uint32_t villain_random(void)
{
    villain_seed ^= villain_seed << 13;
    villain_seed ^= villain_seed >> 17;
    villain_seed ^= villain_seed << 5;
    return villain_seed;
}

static _Noreturn void villain_loop(void)
{
    for (;;) {
        __asm__ volatile("");
    }
}

/* Named in the log: the tests look for it. Kept out of line for that. */
__attribute__((noinline)) void villain_fault_read(void);
__attribute__((noinline)) void villain_fault_read(void)
{
    (void)*(volatile uint32_t *)(0x40 + villain_zero);
}

/* Out of line, so that the log can name it. */
__attribute__((noinline)) static TEE_Result villain_fault(uint32_t kind)
{
    switch (kind) {
    case VILLAIN_FAULT_READ:
        villain_fault_read();
        break;
    case VILLAIN_FAULT_WRITE:
        *(volatile char *)((uintptr_t)villain_constant + villain_zero) = 1;
        break;
    case VILLAIN_FAULT_JUMP:
        ((void (*)(void))((uintptr_t)villain_data + villain_zero))();
        break;
    case VILLAIN_FAULT_NULL:
        *(volatile uint32_t *)villain_zero = 1;
        break;
    case VILLAIN_FAULT_CALL:
        ((void (*)(void))villain_zero)();
        break;
    case VILLAIN_FAULT_DIVIDE: {
        volatile uint32_t one = 1;
        one = one / (uint32_t)villain_zero;
        break;
    }
    case VILLAIN_FAULT_ILLEGAL:
        machine_illegal();
        break;
    case VILLAIN_FAULT_PRIVILEGED:
        machine_privileged();
        break;
    case VILLAIN_FAULT_ADDRESS:
        (void)*(volatile uint32_t *)(UINT64_C(0x8000123400000000) + villain_zero);
        break;
    case VILLAIN_FAULT_TRAP:
        machine_trap();
        break;
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return TEE_SUCCESS;
}

static void villain_do(uint32_t deed)
{
    if (deed == VILLAIN_DIE) {
        villain_fault_read();
    } else if (deed == VILLAIN_LOOP) {
        villain_loop();
    } else if (deed == VILLAIN_EXIT) {
        exit(0);
    }
}

static uint32_t villain_property(const char *name)
{
    uint32_t value = 0;
    if (TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, name, &value) != TEE_SUCCESS) {
        return VILLAIN_BEHAVE;
    }
    return value;
}

TEE_Result TA_CreateEntryPoint(void)
{
    const uint32_t deed = villain_property(VILLAIN_CREATE_PROPERTY);
    villain_do(deed);
    return deed == VILLAIN_REFUSE ? TEE_ERROR_ACCESS_CONFLICT : TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    villain_do(villain_property(VILLAIN_DESTROY_PROPERTY));
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    struct villain_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    if (TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT) {
        villain_do(params[0].value.a);
        if (params[0].value.a == VILLAIN_REFUSE) {
            TEE_Free(session);
            return TEE_ERROR_ACCESS_CONFLICT;
        }
        session->at_close = params[0].value.b;
    }
    *context = session;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    struct villain_session *session = context;
    villain_do(session->at_close);
    TEE_Free(session);
}

static TEE_Result villain_end(uint32_t how, uint32_t status)
{
    switch (how) {
    case VILLAIN_END_EXIT:
        exit((int)status);
    case VILLAIN_END_QUICK:
        syscall(SYS_exit_group, status);
        return TEE_SUCCESS;
    case VILLAIN_END_ABORT:
        abort();
    case VILLAIN_END_KILL:
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        return TEE_SUCCESS;
    case VILLAIN_END_SYSTEM:
        (void)sys_call(SYS_EXIT, status, 0, 0, 0, 0, 0);
        return TEE_SUCCESS;
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
}

static TEE_Result villain_memory(uint32_t how)
{
    for (;;) {
        const size_t size = 65536;
        unsigned char *piece;
        if (how == 0) {
            piece = malloc(size);
        } else if (how == 1) {
            piece = TEE_Malloc(size, TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE);
        } else {
            const long mapped = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            piece = mapped == -1 ? NULL : (unsigned char *)mapped;
        }
        if (piece == NULL) {
            return TEE_ERROR_OUT_OF_MEMORY;
        }
        memset(piece, 0xa5, size);
    }
}

__attribute__((noinline)) static uint32_t villain_deeper(uint32_t depth)
{
    volatile unsigned char frame[512];
    frame[depth % sizeof(frame)] = (unsigned char)depth;
    if (depth == villain_zero) {
        return 0; /* after 2^32 of them */
    }
    return villain_deeper(depth + 1) + frame[(depth + 1) % sizeof(frame)];
}

static void villain_page(uint32_t octet, uint32_t how)
{
    struct sys_page *page = sys_page();
    unsigned char *bytes = (unsigned char *)page;
    if (how == 1) {
        syscall(SYS_munmap, page, (sizeof(*page) + 4095u) & ~(size_t)4095u);
        return;
    }
    const size_t from = how == 3 ? sizeof(page->turn) : 0;
    for (size_t i = from; i < sizeof(*page); i++) {
        bytes[i] = how == 2 ? (unsigned char)villain_random() : (unsigned char)octet;
    }
}

/* System calls with numbers and arguments of every kind, except those that end the app on purpose or
 * wait for ever. */
static void villain_calls(uint32_t count)
{
    static const uint64_t favourite[] = {
        0,    1,    2,    999,  1000,       1001,      1002,       1063,
        1064, 4096, 8192, 8193, UINT32_MAX, INT64_MAX, UINT64_MAX,
    };
    const uint32_t favourites = sizeof(favourite) / sizeof(favourite[0]);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t arg[6];
        for (int k = 0; k < 6; k++) {
            const uint32_t choice = villain_random();
            arg[k] = choice % 3 == 0 ? favourite[villain_random() % favourites]
                     : choice % 3 == 1
                         ? 1000u + villain_random() % 64u
                         : ((uint64_t)villain_random() << 32 | villain_random()) >> (choice % 64);
        }
        uint64_t nr = villain_random() % 40u;
        struct sys_page *page = sys_page();
        for (size_t k = 0; k < 64; k++) {
            page->out[k] = (uint8_t)villain_random();
        }
        for (size_t k = 0; k < SYS_MSG_OBJECTS_MAX; k++) {
            page->objects[k] = 1000u + villain_random() % 70u;
        }
        switch (nr) {
        case SYS_EXIT:
        case SYS_PANIC:
        case SYS_FAULT:
        case SYS_MEM_UNMAP: /* would unmap what the test itself reads */
            continue;
        case SYS_WAIT:
        case SYS_SLEEP:
            arg[1] = villain_random() % 1000u;
            arg[0] = nr == SYS_SLEEP ? arg[1] : arg[0];
            break;
        case SYS_WAIT_ANY:
            arg[0] = villain_random() % 1000u;
            break;
        case SYS_RECEIVE:
            arg[2] = villain_random() % 1000u;
            break;
        case SYS_CONNECT:
            arg[2] = villain_random() % 1000u;
            break;
        case SYS_CLOSE:
            /* Its own sessions' handles are among the low ones: closing them is its own end. */
            arg[0] |= 1032u;
            break;
        default:
            break;
        }
        (void)sys_call(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
    }
}

static void villain_log(uint32_t lines, uint32_t how)
{
    static const char text[] = "villain: all work and no play makes the log a dull file";
    for (uint32_t i = 0; i < lines; i++) {
        if (how == 0) {
            memcpy(sys_page()->out, text, sizeof(text) - 1);
            (void)sys_call(SYS_LOG, SYS_LOG_INFO, sizeof(text) - 1, 0, 0, 0, 0);
        } else if (how == 1) {
            fprintf(stderr, "%s %u\n", text, i);
        } else {
            syscall(SYS_write, 2, text, sizeof(text) - 1);
        }
    }
}

/* Answers TEE_ERROR_SECURITY when Linux did what it was asked for. */
static TEE_Result villain_linux(uint32_t what)
{
    long answer = -1;
    static char shell[] = "/bin/sh";
    static char *arguments[] = {shell, NULL};
    switch (what) {
    case VILLAIN_LINUX_OPEN:
        answer = machine_open("/etc/passwd");
        break;
    case VILLAIN_LINUX_SOCKET:
        answer = syscall(SYS_socket, 2, 1, 0);
        break;
    case VILLAIN_LINUX_FORK:
        answer = machine_fork();
        break;
    case VILLAIN_LINUX_EXEC:
        answer = syscall(SYS_execve, shell, arguments, NULL);
        break;
    case VILLAIN_LINUX_KILL:
        answer = syscall(SYS_kill, -1, SIGKILL);
        break;
    case VILLAIN_LINUX_PTRACE:
        answer = syscall(SYS_ptrace, 16, 1, 0, 0);
        break;
    case VILLAIN_LINUX_PROTECT:
        answer = syscall(SYS_mprotect, (uintptr_t)villain_data & ~(uintptr_t)4095u, 4096,
                         PROT_READ | PROT_EXEC);
        break;
    case VILLAIN_LINUX_MAP:
        answer = syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        break;
    case VILLAIN_LINUX_PRCTL:
        answer = syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
        break;
    case VILLAIN_LINUX_UNSHARE:
        answer = syscall(SYS_unshare, 0x10000000);
        break;
    case VILLAIN_LINUX_MEMFD:
        answer = syscall(SYS_memfd_create, "x", 0);
        break;
    case VILLAIN_LINUX_OLD:
        answer = machine_old_door();
        break;
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return answer < 0 ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

static TEE_Result villain_misuse(uint32_t what)
{
    switch (what) {
    case VILLAIN_MISUSE_NULL: {
        bool value;
        /* The attributes of the header may know better: hide the NULL. */
        (void)TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "gpd.ta.singleInstance",
                                    (bool *)villain_zero);
        (void)value;
        break;
    }
    case VILLAIN_MISUSE_POINTER:
        TEE_GenerateRandom((void *)(UINT64_C(0x700000) + villain_zero), 32);
        break;
    case VILLAIN_MISUSE_STATE: {
        TEE_OperationHandle mac = TEE_HANDLE_NULL;
        if (TEE_AllocateOperation(&mac, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 256) == TEE_SUCCESS) {
            uint8_t octet = 0;
            TEE_MACUpdate(mac, &octet, 1); /* without a key and without TEE_MACInit */
        }
        break;
    }
    case VILLAIN_MISUSE_HANDLE:
        TEE_DigestUpdate((TEE_OperationHandle)(uintptr_t)(0x1234 + villain_zero), "x", 1);
        break;
    case VILLAIN_MISUSE_FREE: {
        void *memory = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
        void *volatile again = memory;
        TEE_Free(memory);
        TEE_Free(again);
        break;
    }
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return TEE_SUCCESS;
}

static void villain_reply(uint32_t length, uint32_t octet)
{
    for (uint64_t handle = SYS_HANDLE_BASE; handle < SYS_HANDLE_BASE + 2 * SYS_HANDLES_MAX;
         handle++) {
        memset(sys_page()->out, (int)(octet & 0xff), SYS_BUFFER_SIZE);
        (void)sys_call(SYS_SEND, handle, length, 0, 0, 0, 0);
    }
}

static void villain_handles(TEE_Param params[4])
{
    uint32_t count = 0;
    int64_t handle;
    while ((handle = sys_call(SYS_HSET_CREATE, 0, 0, 0, 0, 0, 0)) >= 0 && count < 100000) {
        count++;
    }
    params[1].value.a = count;
    params[1].value.b = (uint32_t)-handle;
}

static TEE_Result villain_create(void)
{
    static const uint64_t size[] = {
        UINT64_MAX,        (uint64_t)INT64_MAX, UINT64_C(1) << 62, UINT64_C(1) << 52,
        UINT64_C(1) << 44, UINT64_MAX - 4095,   UINT64_MAX - 4096,
    };
    TEE_Result result = TEE_SUCCESS;
    for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
        if (sys_call(SYS_MEM_CREATE, size[i], 0, 0, 0, 0, 0) >= 0) {
            result = TEE_ERROR_BAD_STATE;
        }
    }
    return result;
}

static void villain_turn(uint32_t times)
{
    static const uint32_t values[] = {0, 1, 2, 3, 0x80000000u, UINT32_MAX};
    volatile uint32_t *turn = &sys_page()->turn;
    for (uint32_t i = 0; i < times; i++) {
        *turn = values[i % (sizeof(values) / sizeof(values[0]))];
        for (int k = 0; k < 100; k++) {
            __asm__ volatile("");
        }
    }
    *turn = SYS_TURN_APP;
}

static void villain_map(void)
{
    static const uint64_t address[] = {
        0,
        4096,
        0x400000,
        SYS_WINDOW_BASE - 4096,
        SYS_WINDOW_BASE + SYS_WINDOW_SIZE - 4096,
        UINT64_C(0x7ffffffff000),
        UINT64_C(0xffffffff80000000),
        UINT64_MAX - 4095,
        SYS_WINDOW_BASE + 1,
    };
    int64_t memory = sys_call(SYS_MEM_CREATE, 8192, 0, 0, 0, 0, 0);
    for (size_t i = 0; i < sizeof(address) / sizeof(address[0]); i++) {
        (void)sys_call(SYS_MEM_MAP, (uint64_t)memory, 0, 8192, SYS_MEM_READ | SYS_MEM_WRITE,
                       address[i], 0);
        (void)sys_call(SYS_MEM_MAP, (uint64_t)memory, 4096, 8192, 7, address[i], 0);
        (void)sys_call(SYS_MEM_MAP, (uint64_t)memory, UINT64_MAX - 4095, 8192, 3, 0, 0);
        (void)sys_call(SYS_MEM_UNMAP, address[i], 4096, 0, 0, 0, 0);
        (void)sys_call(SYS_MEM_UNMAP, address[i], UINT64_MAX, 0, 0, 0, 0);
    }
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    const uint32_t a = params[0].value.a;
    const uint32_t b = params[0].value.b;
    switch (command) {
    case VILLAIN_NOTHING:
        return TEE_SUCCESS;
    case VILLAIN_FAULT:
        return villain_fault(a);
    case VILLAIN_LOOPS:
        if (a != 0) {
            TEE_UnmaskCancellation();
        }
        villain_loop();
    case VILLAIN_ENDS:
        return villain_end(a, b);
    case VILLAIN_MEMORY:
        return villain_memory(a);
    case VILLAIN_STACK:
        return villain_deeper(1);
    case VILLAIN_CLOSE:
        for (uint32_t fd = a; fd <= b; fd++) {
            syscall(SYS_close, fd);
        }
        return TEE_SUCCESS;
    case VILLAIN_PAGE:
        villain_page(a, b);
        return TEE_SUCCESS;
    case VILLAIN_CALLS:
        villain_seed = b | 1u;
        villain_calls(a);
        return TEE_SUCCESS;
    case VILLAIN_LOG:
        villain_log(a, b);
        return TEE_SUCCESS;
    case VILLAIN_PANIC:
        TEE_Panic(a);
        return TEE_SUCCESS;
    case VILLAIN_LINUX:
        return villain_linux(a);
    case VILLAIN_MISUSE:
        return villain_misuse(a);
    case VILLAIN_REPLY:
        villain_reply(a, b);
        return TEE_SUCCESS;
    case VILLAIN_HANDLES:
        villain_handles(params);
        return TEE_SUCCESS;
    case VILLAIN_CREATE:
        return villain_create();
    case VILLAIN_NUMBER:
        params[1].value.a = (uint32_t)-sys_call(a, 0, 0, 0, 0, 0, 0);
        return TEE_SUCCESS;
    case VILLAIN_TURN:
        villain_turn(b);
        return TEE_SUCCESS;
    case VILLAIN_MAP:
        villain_map();
        return TEE_SUCCESS;
    case VILLAIN_SIZES:
        for (uint32_t i = 0; i < 4; i++) {
            const uint32_t type = TEE_PARAM_TYPE_GET(types, i);
            if (type == TEE_PARAM_TYPE_MEMREF_OUTPUT || type == TEE_PARAM_TYPE_MEMREF_INOUT) {
                params[i].memref.size = SIZE_MAX;
            }
        }
        return TEE_SUCCESS;
    case VILLAIN_SLOW:
        return TEE_Wait(a);
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}
