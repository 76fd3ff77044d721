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

/* Answers -1 when the normal world goes on (its registers are set), otherwise the offset into the
 * kernel's vector: the kernel is told, and the normal world waits. */
int smc_from_normal(struct monitor_cpu *cpu)
{
    uint64_t *x = cpu->normal.x;
    uint64_t esr = esr_el3_read();

    if (esr >> ESR_EC_SHIFT != ESR_EC_SMC64) {
        /* A trap to EL3 that was not opened on purpose, or an SMC of AArch32. */
        console_fatal(8, esr, elr_el3_read(), far_el3_read());
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
