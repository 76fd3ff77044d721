/*
 * The monitor's parts that start processors and talk to devices.
 */
#ifndef POSTERN_MONITOR_BOOT_H
#define POSTERN_MONITOR_BOOT_H

#include <monitor/context.h>

/* From start.S: processor 0 after reset; prepares memory, images and itself for the kernel. */
void boot_first(struct monitor_cpu *cpu);
/* From start.S: another processor after reset; returns once CPU_ON wants it. */
void boot_wait(struct monitor_cpu *cpu);
/* From start.S: a processor that CPU_ON wants; prepares it for the kernel's and Linux's start. */
void boot_processor(struct monitor_cpu *cpu);
/* Makes `cpu` start the normal world at `entry` with x0 = `argument` when it leaves EL3. */
void boot_normal(struct monitor_cpu *cpu, uint64_t entry, uint64_t argument);
bool el2_exists(void);
/* start.S: what boot_wait is followed by, for a processor that turned itself off. */
_Noreturn void warm_start(void);

/* gic.c: the distributor, once; this processor's part. */
void gic_start(void);
void gic_processor_start(void);
/* No interrupt but the wake-up can end a WFI on this processor from here on. */
void gic_processor_quiet(void);
void gic_wake(unsigned number);
/* How many processors the machine has. */
unsigned gic_processors(void);
/* Takes a pending wake-up, if there is one. */
bool gic_woken(void);

/* power.c */
_Noreturn void power_off(void);
_Noreturn void power_reset(void);

/* console.c */
void console_text(const char *text);
_Noreturn void console_fatal(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far);

/* smc.c, psci.c: see there. */
int smc_from_normal(struct monitor_cpu *cpu);
void smc_from_kernel(struct monitor_cpu *cpu, uint64_t what, uint64_t argument);
int psci_call(struct monitor_cpu *cpu);
bool psci_owns(uint64_t function);
void psci_first_is_on(struct monitor_cpu *cpu);
void psci_wait(struct monitor_cpu *cpu);

#endif
