/*
 * Starting processors: what must be so at EL3 before the kernel and the normal world may run.
 */
#include <lib/aarch64/register.h>
#include <monitor/boot.h>

struct monitor_cpu cpus[MACHINE_CPUS] __attribute__((section(".cpus")));
uint64_t kernel_vector;

/* images.S: what the flash holds beside the monitor; monitor.ld aligns it. */
extern const uint64_t image_kernel[], image_kernel_end[];
extern const uint64_t image_payload[], image_payload_end[];

/* Copies whole words: the images are padded to them. */
static void image_copy(uint64_t base, const uint64_t *from, const uint64_t *end)
{
    uint64_t *to = (uint64_t *)base; // NOLINT(performance-no-int-to-ptr)
    while (from < end) {
        *to++ = *from++;
    }
}

/* Which EL3 controls exist depends on the processor: what the normal world may use must not trap
 * to EL3, where nobody would answer. */
static void features_open(struct monitor_cpu *cpu)
{
    uint64_t isar1 = id_aa64isar1_el1_read();
    uint64_t mmfr0 = id_aa64mmfr0_el1_read();
    uint64_t pfr0 = id_aa64pfr0_el1_read();
    uint64_t pfr1 = id_aa64pfr1_el1_read();
    uint64_t scr = SCR_RES1 | SCR_NS | SCR_FIQ | SCR_RW | SCR_HCE;

    /* Pointer authentication, any algorithm */
    if ((isar1 & UINT64_C(0xff000ff0)) != 0 || (id_aa64isar2_el1_read() & 0xff00) != 0) {
        scr |= SCR_APK | SCR_API;
    }
    if (((pfr1 >> 8) & 0xf) >= 2) { /* memory tags */
        scr |= UINT64_C(1) << 26;
    }
    if (((mmfr0 >> 56) & 0xf) >= 1) { /* fine-grained traps */
        scr |= UINT64_C(1) << 27;
    }
    if (((mmfr0 >> 60) & 0xf) >= 2) { /* enhanced counters */
        scr |= UINT64_C(1) << 28;
    }
    if (((pfr0 >> 32) & 0xf) >= 1) { /* scalable vectors */
        cptr_el3_write(cptr_el3_read() | (UINT64_C(1) << 8));
        barrier_isb();
        __asm__ volatile("msr s3_6_c1_c2_0, %0" : : "r"(UINT64_C(15))); /* ZCR_EL3: all lengths */
    }
    if (((id_aa64mmfr1_el1_read() >> 40) & 0xf) >= 1) { /* EL2's extended configuration */
        scr |= UINT64_C(1) << 38;
    }
    cpu->normal_scr = scr;
    /* The keys for pointers are the normal world's, and stay in the processor: PACGA would compute with
     * them, and traps. All other instructions that do are off in SCTLR_EL1. */
    cpu->secure_scr = SCR_RES1 | SCR_RW | SCR_ST | SCR_SIF;
}

bool el2_exists(void)
{
    return ((id_aa64pfr0_el1_read() >> 8) & 0xf) != 0;
}

static void el2_start(void)
{
    scr_el3_write(scr_el3_read() | SCR_NS);
    barrier_isb();
    sctlr_el2_write(SCTLR_EL2_RES1);
    hcr_el2_write(UINT64_C(1) << 31);          /* EL1 is AArch64 */
    cptr_el2_write(0x33ff & ~UINT64_C(0x500)); /* nothing traps; the RES1 bits but TZ and TFP */
    cnthctl_el2_write(3);
    cntvoff_el2_write(0);
    vpidr_el2_write(midr_el1_read());
    vmpidr_el2_write(mpidr_el1_read());
    vttbr_el2_write(0);
    hstr_el2_write(0);
    scr_el3_write(scr_el3_read() & ~(uint64_t)SCR_NS);
    barrier_isb();
}

static void world_clear(struct world *world)
{
    for (unsigned i = 0; i < 31; i++) {
        world->x[i] = 0;
    }
    for (unsigned i = 0; i < WORLD_SYSTEM_COUNT; i++) {
        world->system[i] = 0;
    }
    world->elr = 0;
    world->spsr = 0;
}

void boot_normal(struct monitor_cpu *cpu, uint64_t entry, uint64_t argument)
{
    world_clear(&cpu->normal);
    cpu->normal.system[SYSTEM_SCTLR] = SCTLR_EL1_RES1 | UINT64_C(0x850000); /* SPAN, nTWE, nTWI */
    cpu->normal.elr = entry;
    cpu->normal.x[0] = argument;
    cpu->normal.spsr = (el2_exists() ? SPSR_EL2H : SPSR_EL1H) | SPSR_DAIF;
}

void boot_processor(struct monitor_cpu *cpu)
{
    /* The normal world sets breakpoints, watchpoints and single steps for itself only: none of them
     * may stop the kernel or an app, which would show what they do. Nor does it count their cycles,
     * where the processor can leave them out (PMUv3p5). */
    mdcr_el3_write(MDCR_SPD32 | MDCR_SDD | MDCR_SCCD);
    features_open(cpu);
    if (el2_exists()) {
        el2_start();
    }
    gic_processor_start();
    world_clear(&cpu->secure);
    cpu->secure.system[SYSTEM_SCTLR] = SCTLR_EL1_RES1 | UINT64_C(0x850000);
    boot_normal(cpu, cpu->entry, cpu->argument);
}

void boot_first(struct monitor_cpu *cpu)
{
    gic_start();
    psci_first_is_on(cpu);
    image_copy(MACHINE_KERNEL_BASE, image_kernel, image_kernel_end);
    image_copy(MACHINE_PAYLOAD_BASE, image_payload, image_payload_end);
    /* The payload runs with its caches off at first, and instructions are fetched from both. */
    barrier_dsb();
    __asm__ volatile("ic ialluis\n\tdsb sy\n\tisb" : : : "memory");
    cpu->entry = MACHINE_PAYLOAD_BASE;
    cpu->argument = MACHINE_DEVICE_TREE;
    boot_processor(cpu);
}

void boot_wait(struct monitor_cpu *cpu)
{
    gic_processor_start();
    psci_wait(cpu);
}
