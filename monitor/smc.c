/*
 * Calls that vector.S does not pass straight to the kernel: Arm's own services, PSCI, ids that
 * belong to nobody; and what the kernel says when it leaves other than from a call.
 */
#include <lib/aarch64/register.h>
#include <monitor/boot.h>

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_VERSION_1_1 0x10001u
#define SMCCC_NOT_SUPPORTED UINT64_MAX

#define SPSR_AARCH32 0x10u
#define SPSR_EL_SHIFT 2u
#define SPSR_SSBS (UINT64_C(1) << 12)
#define SPSR_DIT32 (UINT64_C(1) << 21) /* as AArch32 keeps it */
#define SPSR_PAN (UINT64_C(1) << 22)
#define SPSR_DIT (UINT64_C(1) << 24)
#define SPSR_TCO (UINT64_C(1) << 25)
#define SCTLR_DSSBS (UINT64_C(1) << 44)
#define ESR_UNDEFINED 0x02000000u
#define HCR_TGE (UINT64_C(1) << 27)
#define HCR_RW (UINT64_C(1) << 31)
#define HCR_E2H (UINT64_C(1) << 34)
/* Offsets into a vector table: from the same level with its stack pointer or EL0's, from a lower one
 * in AArch64 or AArch32. */
#define VECTOR_SAME 0x200u
#define VECTOR_SAME_SP0 0x0u
#define VECTOR_LOWER 0x400u
#define VECTOR_LOWER32 0x600u

static uint64_t vector_offset(uint64_t spsr, bool same_level, bool lower32)
{
    if (!same_level) {
        return lower32 ? VECTOR_LOWER32 : VECTOR_LOWER;
    }
    return (spsr & 1) != 0 ? VECTOR_SAME : VECTOR_SAME_SP0;
}

/* The state in which an exception that was taken from `spsr` begins. `pan`: the level is one at which it
 * may close the memory of programs. What this processor does not have of it is ignored. */
static uint64_t state_begin(uint64_t spsr, uint64_t sctlr, bool pan)
{
    uint64_t state = SPSR_DAIF | SPSR_TCO | (spsr & SPSR_PAN);

    if ((spsr & ((spsr & SPSR_AARCH32) != 0 ? SPSR_DIT32 : SPSR_DIT)) != 0) {
        state |= SPSR_DIT;
    }
    if (pan && (sctlr & SCTLR_SPAN) == 0) {
        state |= SPSR_PAN;
    }
    if ((sctlr & SCTLR_DSSBS) != 0) {
        state |= SPSR_SSBS;
    }
    return state;
}

/* The normal world used what this processor has and EL3 keeps closed: for it the instruction does not
 * exist. It goes on in its own vector for undefined instructions, as the processor itself would have
 * it (DDI 0487, AArch64.TakeException). An EL1 in AArch32 has no such vector: EL2 is told. */
static void trap_refuse(struct world *world)
{
    uint64_t spsr = world->spsr;
    bool is32 = (spsr & SPSR_AARCH32) != 0;
    uint64_t level = is32 ? 0 : (spsr >> SPSR_EL_SHIFT) & 3;
    uint64_t hcr = el2_exists() ? hcr_el2_read() : HCR_RW;
    bool host = (hcr & HCR_E2H) != 0 && (hcr & HCR_TGE) != 0;
    bool el1_is32 = (hcr & HCR_RW) == 0 && !host;
    bool to_el2 = level == 2 || (level == 0 && ((hcr & HCR_TGE) != 0 || el1_is32));
    bool lower32 = to_el2 && !host ? el1_is32 : is32;
    uint64_t offset = vector_offset(spsr, level == (to_el2 ? 2u : 1u), lower32);

    if (to_el2) {
        esr_el2_write(ESR_UNDEFINED);
        elr_el2_write(world->elr);
        spsr_el2_write(spsr);
        world->elr = vbar_el2_read() + offset;
        world->spsr = state_begin(spsr, sctlr_el2_read(), host) | SPSR_EL2H;
    } else {
        esr_el1_write(ESR_UNDEFINED);
        elr_el1_write(world->elr);
        spsr_el1_write(spsr);
        world->elr = vbar_el1_read() + offset;
        world->spsr = state_begin(spsr, sctlr_el1_read(), true) | SPSR_EL1H;
    }
}

/* Answers -1 when the normal world goes on (its registers are set), otherwise the offset into the
 * kernel's vector: the kernel is told, and the normal world waits. */
int smc_from_normal(struct monitor_cpu *cpu)
{
    uint64_t *x = cpu->normal.x;
    uint64_t class = esr_el3_read() >> ESR_EC_SHIFT;

    if (class == ESR_EC_SMC32) {
        x[0] = (uint32_t)SMCCC_NOT_SUPPORTED;
        return -1;
    }
    if (class != ESR_EC_SMC64) {
        trap_refuse(&cpu->normal);
        return -1;
    }
    if (psci_owns(x[0])) {
        int offset = psci_call(cpu);
        if (offset < 0 || kernel_vector != 0) {
            return offset;
        }
        /* No kernel: nobody needs to be told. */
        smc_from_kernel(cpu,
                        offset == 4 * KERNEL_CPU_OFF      ? KERNEL_RETURN_OFF
                        : offset == 4 * KERNEL_SYSTEM_OFF ? KERNEL_RETURN_SYSTEM_OFF
                                                          : KERNEL_RETURN_SYSTEM_RESET,
                        0);
        return -1;
    }
    switch ((uint32_t)x[0]) {
    case SMCCC_VERSION:
        x[0] = SMCCC_VERSION_1_1;
        break;
    case SMCCC_ARCH_FEATURES:
        x[0] = (uint32_t)x[1] == SMCCC_VERSION || (uint32_t)x[1] == SMCCC_ARCH_FEATURES
                   ? 0
                   : SMCCC_NOT_SUPPORTED;
        break;
    default:
        x[0] = SMCCC_NOT_SUPPORTED;
        break;
    }
    return -1;
}

/* Returns when the normal world goes on with its saved registers. */
void smc_from_kernel(struct monitor_cpu *cpu, uint64_t what, uint64_t argument)
{
    switch ((uint32_t)what) {
    case KERNEL_RETURN_ENTRY: /* the kernel is ready; an argument of 0 means that it gave up */
        if (kernel_vector == 0) {
            __atomic_store_n(&kernel_vector, argument, __ATOMIC_RELEASE);
        }
        return;
    case KERNEL_RETURN_ON:
    case KERNEL_RETURN_INTERRUPT:
        return;
    case KERNEL_RETURN_OFF:
        __atomic_store_n(&cpu->state, 1, __ATOMIC_RELEASE);
        psci_wait(cpu);
        warm_start();
    case KERNEL_RETURN_SYSTEM_OFF:
        power_off();
    case KERNEL_RETURN_SYSTEM_RESET:
        power_reset();
    default:
        console_fatal(8, what, elr_el3_read(), argument);
    }
}
