/*
 * What the monitor keeps for each processor, and where assembly finds it. While a lower exception
 * level runs, SP_EL3 points at the processor's `normal` world; the monitor's own C code runs on the
 * stack right below it.
 *
 * General registers are kept for the normal world only. The secure kernel leaves by SMC and is
 * always entered afresh, at a branch of its vector, so it has none to keep: what it left in
 * registers is overwritten before the normal world runs.
 */
#ifndef POSTERN_MONITOR_CONTEXT_H
#define POSTERN_MONITOR_CONTEXT_H

#include <abi/opteed.h>
#include <monitor/machine.h>

#define WORLD_X 0        /* x0 to x30 */
#define WORLD_ELR 248    /* ELR_EL3 */
#define WORLD_SPSR 256   /* SPSR_EL3, then a gap of 8 bytes */
#define WORLD_SYSTEM 272 /* EL1's system registers in the order of vector.S */
#define WORLD_SYSTEM_COUNT 24
#define WORLD_SIZE 464

#define CPU_SECURE WORLD_SIZE /* from `normal`: the secure world */
#define CPU_NORMAL_SCR (2 * WORLD_SIZE)
#define CPU_SECURE_SCR (2 * WORLD_SIZE + 8)
#define CPU_STACK_SIZE 3072
#define CPU_SIZE 4096

/* Indices into world.system that C code sets */
#define SYSTEM_SCTLR 2

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world {
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
    uint64_t reserved;
    uint64_t system[WORLD_SYSTEM_COUNT];
};

struct monitor_cpu {
    _Alignas(16) uint8_t stack[CPU_STACK_SIZE];
    struct world normal;
    struct world secure;
    uint64_t normal_scr;
    uint64_t secure_scr;
    uint64_t state; /* enum psci_state */
    uint64_t entry; /* CPU_ON's entry point and argument */
    uint64_t argument;
    uint64_t room[7];
};

_Static_assert(offsetof(struct world, elr) == WORLD_ELR, "vector.S");
_Static_assert(offsetof(struct world, spsr) == WORLD_SPSR, "vector.S");
_Static_assert(offsetof(struct world, system) == WORLD_SYSTEM, "vector.S");
_Static_assert(sizeof(struct world) == WORLD_SIZE, "vector.S");
_Static_assert(sizeof(struct monitor_cpu) == CPU_SIZE, "vector.S");
_Static_assert(offsetof(struct monitor_cpu, secure) - offsetof(struct monitor_cpu, normal) ==
                   CPU_SECURE,
               "vector.S");
_Static_assert(offsetof(struct monitor_cpu, normal_scr) - offsetof(struct monitor_cpu, normal) ==
                   CPU_NORMAL_SCR,
               "vector.S");

extern struct monitor_cpu cpus[MACHINE_CPUS];

/* Where the kernel's vector is; 0 until the kernel told. */
extern uint64_t kernel_vector;

#endif
#endif
