/*
 * The AArch64 system registers that Postern reads and writes, one pair of functions each, and the
 * names of their bits (Arm Architecture Reference Manual, DDI 0487, chapter D). Shared by the
 * monitor (EL3) and the AArch64 port (S-EL1). Macros without casts and suffixes, so that assembly
 * may include this file, too.
 */
#ifndef POSTERN_LIB_AARCH64_REGISTER_H
#define POSTERN_LIB_AARCH64_REGISTER_H

/* SCR_EL3 */
#define SCR_NS 0x1
#define SCR_IRQ 0x2
#define SCR_FIQ 0x4
#define SCR_RES1 0x30
#define SCR_HCE 0x100
#define SCR_SIF 0x200
#define SCR_RW 0x400
#define SCR_ST 0x800
#define SCR_APK 0x10000
#define SCR_API 0x20000

/* MDCR_EL3 */
#define MDCR_SPD32 0x8000
#define MDCR_SDD 0x10000
#define MDCR_SCCD 0x800000

/* SCTLR_ELx */
#define SCTLR_M 0x1
#define SCTLR_A 0x2
#define SCTLR_C 0x4
#define SCTLR_SA 0x8
#define SCTLR_SA0 0x10
#define SCTLR_I 0x1000
#define SCTLR_UCT 0x8000
#define SCTLR_WXN 0x80000
#define SCTLR_SPAN 0x800000
#define SCTLR_UCI 0x4000000
#define SCTLR_EL3_RES1 0x30c50830
#define SCTLR_EL2_RES1 0x30c50830
#define SCTLR_EL1_RES1 0x30500800 /* without SPAN, nTWE, nTWI: they are ours to choose */

/* SPSR_ELx: the state to return to */
#define SPSR_EL0T 0x0
#define SPSR_EL1H 0x5
#define SPSR_EL2H 0x9
#define SPSR_F 0x40
#define SPSR_I 0x80
#define SPSR_A 0x100
#define SPSR_D 0x200
#define SPSR_DAIF 0x3c0

/* ESR_ELx: why */
#define ESR_EC_SHIFT 26
#define ESR_EC_FP 0x07
#define ESR_EC_SVC64 0x15
#define ESR_EC_SMC32 0x13
#define ESR_EC_SMC64 0x17
#define ESR_EC_INSTRUCTION_LOWER 0x20
#define ESR_EC_INSTRUCTION_SAME 0x21
#define ESR_EC_PC_ALIGNMENT 0x22
#define ESR_EC_DATA_LOWER 0x24
#define ESR_EC_DATA_SAME 0x25
#define ESR_EC_SP_ALIGNMENT 0x26
#define ESR_EC_FP_EXCEPTION 0x2c
#define ESR_EC_BRK 0x3c

/* CPACR_EL1: floating point at EL1 and EL0 */
#define CPACR_FPEN_NONE 0x0
#define CPACR_FPEN_ALL 0x300000

#ifndef __ASSEMBLER__

#include <stdint.h>

#define REGISTER_READ(function, name)                                                              \
    static inline uint64_t function##_read(void)                                                   \
    {                                                                                              \
        uint64_t value;                                                                            \
        __asm__ volatile("mrs %0, " name : "=r"(value));                                           \
        return value;                                                                              \
    }
#define REGISTER_WRITE(function, name)                                                             \
    static inline void function##_write(uint64_t value)                                            \
    {                                                                                              \
        __asm__ volatile("msr " name ", %0" : : "r"(value) : "memory");                            \
    }
#define REGISTER(function, name) REGISTER_READ(function, name) REGISTER_WRITE(function, name)

REGISTER_READ(mpidr_el1, "mpidr_el1")
REGISTER_READ(midr_el1, "midr_el1")
REGISTER_READ(id_aa64pfr0_el1, "id_aa64pfr0_el1")
REGISTER_READ(id_aa64pfr1_el1, "id_aa64pfr1_el1")
REGISTER_READ(id_aa64isar0_el1, "id_aa64isar0_el1")
REGISTER_READ(id_aa64isar1_el1, "id_aa64isar1_el1")
REGISTER_READ(id_aa64isar2_el1, "s3_0_c0_c6_2")
REGISTER_READ(id_aa64mmfr0_el1, "id_aa64mmfr0_el1")
REGISTER_READ(id_aa64mmfr1_el1, "id_aa64mmfr1_el1")
REGISTER_READ(ctr_el0, "ctr_el0")
REGISTER_READ(cntpct_el0, "cntpct_el0")
REGISTER_READ(cntfrq_el0, "cntfrq_el0")
REGISTER(cntps_ctl_el1, "cntps_ctl_el1")
REGISTER(cntps_cval_el1, "cntps_cval_el1")
REGISTER(scr_el3, "scr_el3")
REGISTER(cptr_el3, "cptr_el3")
REGISTER(mdcr_el3, "mdcr_el3")
REGISTER_READ(esr_el3, "esr_el3")
REGISTER_READ(elr_el3, "elr_el3")
REGISTER_READ(far_el3, "far_el3")
REGISTER(sctlr_el2, "sctlr_el2")
REGISTER(hcr_el2, "hcr_el2")
REGISTER(cptr_el2, "cptr_el2")
REGISTER(mdcr_el2, "mdcr_el2")
REGISTER(cnthctl_el2, "cnthctl_el2")
REGISTER(cntvoff_el2, "cntvoff_el2")
REGISTER(vpidr_el2, "vpidr_el2")
REGISTER(vmpidr_el2, "vmpidr_el2")
REGISTER(vttbr_el2, "vttbr_el2")
REGISTER(hstr_el2, "hstr_el2")
REGISTER_WRITE(esr_el2, "esr_el2")
REGISTER_WRITE(elr_el2, "elr_el2")
REGISTER_WRITE(spsr_el2, "spsr_el2")
REGISTER_READ(vbar_el2, "vbar_el2")
REGISTER(sctlr_el1, "sctlr_el1")
REGISTER(cpacr_el1, "cpacr_el1")
REGISTER(ttbr0_el1, "ttbr0_el1")
REGISTER(ttbr1_el1, "ttbr1_el1")
REGISTER(tcr_el1, "tcr_el1")
REGISTER(mair_el1, "mair_el1")
REGISTER(vbar_el1, "vbar_el1")
REGISTER(tpidr_el1, "tpidr_el1")
REGISTER(tpidr_el0, "tpidr_el0")
REGISTER(esr_el1, "esr_el1")
REGISTER_WRITE(elr_el1, "elr_el1")
REGISTER_WRITE(spsr_el1, "spsr_el1")
REGISTER_READ(far_el1, "far_el1")
REGISTER_READ(daif, "daif")
/* The GICv3's CPU interface, by encoding: assemblers know the names only for some targets. */
REGISTER(icc_sre_el3, "s3_6_c12_c12_5")
REGISTER(icc_sre_el2, "s3_4_c12_c9_5")
REGISTER(icc_sre_el1, "s3_0_c12_c12_5")
REGISTER(icc_pmr_el1, "s3_0_c4_c6_0")
REGISTER(icc_igrpen0_el1, "s3_0_c12_c12_6")
REGISTER(icc_igrpen1_el1, "s3_0_c12_c12_7")
REGISTER(icc_igrpen1_el3, "s3_6_c12_c12_7")
REGISTER(icc_ctlr_el3, "s3_6_c12_c12_4")
REGISTER(icc_ctlr_el1, "s3_0_c12_c12_4")
REGISTER_READ(icc_iar0_el1, "s3_0_c12_c8_0")
REGISTER_WRITE(icc_eoir0_el1, "s3_0_c12_c8_1")
REGISTER_READ(icc_iar1_el1, "s3_0_c12_c12_0")
REGISTER_WRITE(icc_eoir1_el1, "s3_0_c12_c12_1")
REGISTER_WRITE(icc_sgi0r_el1, "s3_0_c12_c11_7")

static inline void barrier_isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}
static inline void barrier_dsb(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}
static inline void processor_wfi(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

#endif
#endif
