/*
 * PSCI 1.1 (Arm DEN 0022): processors on and off, the machine off and reset. Idle states beyond
 * standby are not offered. The kernel is told where opteed tells it: on, off, system off, reset.
 */
#include <lib/aarch64/register.h>
#include <monitor/boot.h>

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND32 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON32 0x84000003u
#define PSCI_AFFINITY_INFO32 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_CPU_SUSPEND64 0xc4000001u
#define PSCI_CPU_ON64 0xc4000003u
#define PSCI_AFFINITY_INFO64 0xc4000004u
#define SMCCC_VERSION 0x80000000u

#define PSCI_VERSION_1_1 0x10001u
#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)
#define PSCI_TRUSTED_OS_ANYWHERE 2 /* no migration needed */

/* As AFFINITY_INFO numbers them. */
enum psci_state {
    STATE_ON = 0,
    STATE_OFF = 1,
    STATE_PENDING = 2,
};

bool psci_owns(uint64_t function)
{
    return (function & 0xbfffffe0) == PSCI_VERSION;
}

void psci_first_is_on(struct monitor_cpu *cpu)
{
    for (unsigned i = 0; i < MACHINE_CPUS; i++) {
        __atomic_store_n(&cpus[i].state, STATE_OFF, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&cpu->state, STATE_ON, __ATOMIC_RELEASE);
}

/* Nothing in memory says anything before the wake-up has come: after a reset it holds what the
 * last run left. */
void psci_wait(struct monitor_cpu *cpu)
{
    gic_processor_quiet();
    for (;;) {
        if (gic_woken() && __atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) == STATE_PENDING) {
            __atomic_store_n(&cpu->state, STATE_ON, __ATOMIC_RELEASE);
            return;
        }
        processor_wfi();
    }
}

/* The processor with this affinity, NULL when there is none; this machine has one level of it. */
static struct monitor_cpu *cpu_find(uint64_t affinity)
{
    if (affinity >= MACHINE_CPUS || affinity >= gic_processors()) {
        return NULL;
    }
    return &cpus[affinity];
}

/* Whether Linux's instructions may start there: not in memory that is the secure world's. */
static bool entry_is_valid(uint64_t entry)
{
    return entry >= MACHINE_RAM_BASE && (entry & 3) == 0;
}

static int64_t cpu_on(uint64_t affinity, uint64_t entry, uint64_t argument)
{
    struct monitor_cpu *cpu = cpu_find(affinity);
    uint64_t expected = STATE_OFF;

    if (cpu == NULL) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (!entry_is_valid(entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    if (__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) == STATE_ON) {
        return PSCI_ALREADY_ON;
    }
    /* PENDING only after the arguments are there, and the arguments by one caller only. */
    if (!__atomic_compare_exchange_n(&cpu->state, &expected, STATE_PENDING, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return expected == STATE_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
    }
    cpu->entry = entry;
    cpu->argument = argument;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    gic_wake((unsigned)affinity);
    return PSCI_SUCCESS;
}

static int64_t affinity_info(uint64_t affinity, uint64_t level)
{
    struct monitor_cpu *cpu = cpu_find(affinity);
    if (cpu == NULL || level != 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    return (int64_t)__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE);
}

static int64_t features(uint32_t function)
{
    switch (function) {
    case PSCI_VERSION:
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON32:
    case PSCI_CPU_ON64:
    case PSCI_AFFINITY_INFO32:
    case PSCI_AFFINITY_INFO64:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
    case PSCI_CPU_SUSPEND32:
    case PSCI_CPU_SUSPEND64:
    case SMCCC_VERSION:
        return PSCI_SUCCESS; /* CPU_SUSPEND: original state format, no OS-initiated mode */
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

/* Only standby (bit 16 of the state is 0): sleeps until Linux has something to do. */
static int64_t cpu_suspend(uint64_t state)
{
    if ((state & ~UINT64_C(0xffff)) != 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    processor_wfi();
    return PSCI_SUCCESS;
}

/* Answers -1 when the normal world goes on (its x0 is set), otherwise what to tell the kernel. */
int psci_call(struct monitor_cpu *cpu)
{
    uint64_t *x = cpu->normal.x;
    uint64_t mask = (x[0] & 0x40000000) != 0 ? UINT64_MAX : UINT32_MAX;
    uint64_t a = x[1] & mask;
    uint64_t b = x[2] & mask;
    uint64_t c = x[3] & mask;

    switch ((uint32_t)x[0]) {
    case PSCI_VERSION:
        x[0] = PSCI_VERSION_1_1;
        break;
    case PSCI_CPU_SUSPEND32:
    case PSCI_CPU_SUSPEND64:
        x[0] = (uint64_t)cpu_suspend((uint32_t)a);
        break;
    case PSCI_CPU_OFF:
        return 4 * KERNEL_CPU_OFF;
    case PSCI_CPU_ON32:
    case PSCI_CPU_ON64:
        x[0] = (uint64_t)cpu_on(a, b, c);
        break;
    case PSCI_AFFINITY_INFO32:
    case PSCI_AFFINITY_INFO64:
        x[0] = (uint64_t)affinity_info(a, b);
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        x[0] = PSCI_TRUSTED_OS_ANYWHERE;
        break;
    case PSCI_SYSTEM_OFF:
        return 4 * KERNEL_SYSTEM_OFF;
    case PSCI_SYSTEM_RESET:
        return 4 * KERNEL_SYSTEM_RESET;
    case PSCI_FEATURES:
        x[0] = (uint64_t)features((uint32_t)a);
        break;
    default:
        x[0] = (uint64_t)PSCI_NOT_SUPPORTED;
        break;
    }
    return -1;
}
