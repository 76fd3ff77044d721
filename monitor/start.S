/*
 * Reset at EL3. Every processor arrives here with everything off; the first one (affinity 0) fills
 * the monitor's memory, and goes on in boot.c; the others wait there until CPU_ON. A processor that
 * was off and is turned on again comes through warm_start, as if it had been reset.
 */
#include <lib/aarch64/register.h>
#include <monitor/context.h>

/* x19 = number of this processor, sp = its world "normal", MMU on; changes x0 to x3 */
.macro processor_start
    msr daifset, #0xf
    mrs x19, mpidr_el1
    ubfx x19, x19, #0, #24 /* the lowest level numbers them: those of other groups are too many, too */
    cmp x19, #MACHINE_CPUS
    b.hs halt
    adrp x0, cpus
    add x0, x0, :lo12:cpus
    add x0, x0, x19, lsl #12
    add x0, x0, #CPU_STACK_SIZE
    msr spsel, #1
    mov sp, x0
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el3, x0
    ldr x0, =SCTLR_EL3_RES1
    msr sctlr_el3, x0
    mov x0, #(SCR_RES1 | SCR_RW | SCR_ST | SCR_SIF)
    msr scr_el3, x0
    msr cptr_el3, xzr
    ldr x0, =0xff04 /* attribute 0: device, nGnRE; 1: normal memory, write-back */
    msr mair_el3, x0
    ldr x0, =0x80803520 /* 4 GiB of 4 KiB pages, cached, inner shareable */
    msr tcr_el3, x0
    adrp x0, table_level1
    add x0, x0, :lo12:table_level1
    msr ttbr0_el3, x0
    isb
    tlbi alle3
    dsb nsh
    isb
    ldr x0, =(SCTLR_EL3_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_A | SCTLR_SA | SCTLR_WXN)
    msr sctlr_el3, x0
    isb
.endm

.section .text.reset, "ax"
.global reset
reset:
    processor_start
    cbnz x19, secondary

    ldr x0, =data_start
    ldr x1, =data_end
    ldr x2, =data_load
1:  cmp x0, x1
    b.hs 2f
    ldr x3, [x2], #8
    str x3, [x0], #8
    b 1b
2:  ldr x0, =bss_start
    ldr x1, =bss_end
3:  cmp x0, x1
    b.hs 4f
    str xzr, [x0], #8
    b 3b
4:  sub x0, sp, #CPU_STACK_SIZE
    bl boot_first
    /* The kernel's cold start, as TF-A's dispatcher does it. */
    ldr x9, =MACHINE_KERNEL_BASE
    mov x0, #0
    ldr x1, =(MACHINE_SECURE_RAM + MACHINE_SECURE_RAM_SIZE)
    ldr x2, =MACHINE_DEVICE_TREE
    mov x3, #0
    b secure_start

secondary:
    sub x0, sp, #CPU_STACK_SIZE
    bl boot_wait
    b processor_on

/* A processor that turned itself off: boot_wait returned again. Does not return. */
.section .text
.global warm_start
warm_start:
    processor_start
processor_on:
    sub x0, sp, #CPU_STACK_SIZE
    bl boot_processor
    adrp x9, kernel_vector
    ldr x9, [x9, :lo12:kernel_vector]
    cbz x9, normal_start
    add x9, x9, #(4 * KERNEL_CPU_ON)
    b secure_start

halt:
    wfi
    b halt
