/*
 * Faults of a hosted app. The kernel cannot see the instruction at which another process faulted;
 * the app itself tells it (SYS_FAULT), with the offset from the load address, so that the log can
 * name the function. An app that lies here only spoils its own log line; one that removes the
 * handlers dies of the signal, and the kernel sees that.
 *
 * The handlers run on a stack of their own, since the app's may be full. Faults are synchronous, so
 * this process has the turn when one happens, and may call the kernel from the handler.
 *
 * An app built with AddressSanitizer keeps the sanitizer's handlers behind ours: what is not a probe
 * is theirs to report, and their abort() at the end comes back to us, with the report's summary in
 * fault_report.
 */
#include <sdk/rt/host/host.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* Linux keeps at least this much below a stack free of other mappings. */
#define FAULT_STACK_REACH (UINT64_C(128) << 20)
#define FAULT_PAGE 4096u
#define FAULT_OFFSET_UNKNOWN UINT64_MAX

char fault_report[FAULT_REPORT_MAX];
static uintptr_t fault_stack_top;
static uint8_t fault_stack[64u << 10] __attribute__((aligned(16)));

/* SIGSYS: the sandbox lets raise() and abort() go so far as to ask for their signal, and no further. */
static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
#define FAULT_SIGNALS (sizeof(fault_signals) / sizeof(fault_signals[0]))
static struct sigaction fault_before[FAULT_SIGNALS];

static uint64_t fault_offset(uint64_t instruction)
{
    const uint64_t place = rt_place((uintptr_t)instruction);
    return place != 0 ? place : FAULT_OFFSET_UNKNOWN;
}

/* A jump to nowhere: who jumped stands on top of the stack. */
static uint64_t fault_offset_of_caller(uint64_t stack)
{
    uint64_t caller = 0;
    if (stack % sizeof(caller) == 0 &&
        rt_probe((const void *)(uintptr_t)stack, sizeof(caller), false))
        memcpy(&caller, (const void *)(uintptr_t)stack, sizeof(caller));
    return fault_offset(caller);
}

static uint64_t fault_kind(int number, uint64_t address, uint64_t instruction)
{
    switch (number) {
    case SIGFPE:
        return SYS_FAULT_ARITHMETIC;
    case SIGABRT:
    case SIGSYS:
        return SYS_FAULT_ABORT;
    case SIGILL:
        return SYS_FAULT_INSTRUCTION;
    default:
        break;
    }
    if (address == instruction)
        return SYS_FAULT_INSTRUCTION;
    if (address < fault_stack_top && address >= fault_stack_top - FAULT_STACK_REACH)
        return SYS_FAULT_STACK;
    return SYS_FAULT_DATA;
}

/* Hands a fault to whoever caught it before us, if anybody did. */
static void fault_pass_on(int number, siginfo_t *info, void *context)
{
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        const struct sigaction *before = &fault_before[i];
        if (fault_signals[i] != number || before->sa_handler == SIG_DFL ||
            before->sa_handler == SIG_IGN)
            continue;
        if ((before->sa_flags & SA_SIGINFO) != 0)
            before->sa_sigaction(number, info, context);
        else
            before->sa_handler(number);
    }
}

static void fault_caught(int number, siginfo_t *info, void *context)
{
    ucontext_t *state = context;
    greg_t *registers = state->uc_mcontext.gregs;
    const uint64_t instruction = (uint64_t)registers[REG_RIP];
    if ((number == SIGSEGV || number == SIGBUS) &&
        (instruction == (uint64_t)(uintptr_t)probe_read ||
         instruction == (uint64_t)(uintptr_t)probe_write)) {
        registers[REG_RIP] = (greg_t)(uintptr_t)probe_failed;
        return;
    }
    fault_pass_on(number, info, context);
    const uint64_t address =
        number == SIGABRT || number == SIGSYS ? 0 : (uint64_t)(uintptr_t)info->si_addr;
    if (fault_report[0] != '\0')
        rt_die(0, fault_report);
    const uint64_t kind = fault_kind(number, address, instruction);
    uint64_t offset = fault_offset(instruction);
    if (offset == FAULT_OFFSET_UNKNOWN && kind == SYS_FAULT_INSTRUCTION)
        offset = fault_offset_of_caller((uint64_t)registers[REG_RSP]);
    sys_call(SYS_FAULT, kind, address, offset, 0, 0, 0);
    _exit(128 + number);
}

/*
 * abort() as apps call it (sdk/ta.mk links with --wrap=abort): tells at once, and tells the caller's
 * place, which a signal handler could not find out.
 */
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap_abort(void)
{
    if (sys_page() != NULL)
        rt_die((uintptr_t)__builtin_return_address(0) - 1, "abort()");
    _exit(128 + SIGABRT);
}

void fault_start(uintptr_t stack_top)
{
    fault_stack_top = stack_top;
    stack_t before;
    if (sigaltstack(NULL, &before) != 0 || (before.ss_flags & SS_DISABLE) != 0) {
        const stack_t stack = {.ss_sp = fault_stack, .ss_size = sizeof(fault_stack)};
        sigaltstack(&stack, NULL);
    }
    struct sigaction action = {.sa_sigaction = fault_caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FAULT_SIGNALS; i++)
        sigaction(fault_signals[i], &action, &fault_before[i]);
}

const struct rt_window rt_window = {.base = SYS_WINDOW_BASE, .size = SYS_WINDOW_SIZE};

bool rt_probe(const void *address, size_t size, bool write)
{
    if (size == 0)
        return true;
    const uintptr_t first = (uintptr_t)address;
    uintptr_t last;
    if (__builtin_add_overflow(first, size - 1, &last))
        return false;
    /* An address that the processor does not have faults differently; it is refused unseen. */
    if (last >= (UINT64_C(1) << 47))
        return false;
    for (uintptr_t at = first;; at = (at | (FAULT_PAGE - 1)) + 1) {
        if (at > last)
            return true;
        const void *byte = (const void *)at;
        if ((write ? probe_write(byte) : probe_read(byte)) == 0)
            return false;
    }
}
