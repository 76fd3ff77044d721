/*
 * EL3's exception vectors and the switch between the worlds.
 *
 * A call from the normal world to the secure kernel (SMC function ids of owners 50 to 63) and the
 * way back are all in this file and touch no C: that is what a call costs. The rest, PSCI and
 * Arm's own services, goes to smc.c on this processor's stack.
 *
 * What is switched: the normal world's general registers, ELR_EL3, SPSR_EL3, SCR_EL3 and EL1's
 * system registers of both worlds. Floating point is not: the kernel keeps it, lazily. The kernel's
 * general registers are never given back to it, and never shown to the normal world: all 31 are
 * overwritten on the way out.
 */
#include <lib/aarch64/register.h>
#include <monitor/context.h>

.macro system_pair_save base, index, first, second
    mrs x9, \first
    mrs x10, \second
    stp x9, x10, [\base, #(WORLD_SYSTEM + 16 * \index)]
.endm
.macro system_pair_load base, index, first, second
    ldp x9, x10, [\base, #(WORLD_SYSTEM + 16 * \index)]
    msr \first, x9
    msr \second, x10
.endm
.macro system_all do, base
    \do \base, 0, spsr_el1, elr_el1
    \do \base, 1, sctlr_el1, actlr_el1
    \do \base, 2, cpacr_el1, csselr_el1
    \do \base, 3, sp_el1, sp_el0
    \do \base, 4, esr_el1, far_el1
    \do \base, 5, ttbr0_el1, ttbr1_el1
    \do \base, 6, mair_el1, amair_el1
    \do \base, 7, tcr_el1, tpidr_el1
    \do \base, 8, tpidr_el0, tpidrro_el0
    \do \base, 9, par_el1, afsr0_el1
    \do \base, 10, afsr1_el1, contextidr_el1
    \do \base, 11, vbar_el1, cntkctl_el1
.endm
.macro general_save
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    str x30, [sp, #240]
.endm
/* No speculation past the end of the monitor's code. */
.macro exception_return
    eret
    dsb nsh
    isb
.endm

.section .text
.balign 2048
.global vectors
vectors:
.macro vector_fatal number
    .balign 128
    mov x0, #\number
    b vector_fatal_all
.endm
    vector_fatal 0
    vector_fatal 1
    vector_fatal 2
    vector_fatal 3
    vector_fatal 4
    vector_fatal 5
    vector_fatal 6
    vector_fatal 7

    .balign 128 /* synchronous, from AArch64 below */
    msr tpidr_el3, x30
    mrs x30, scr_el3
    tbz x30, #0, from_secure
    mrs x30, tpidr_el3
    general_save
    mrs x9, esr_el3
    lsr x9, x9, #ESR_EC_SHIFT
    cmp x9, #ESR_EC_SMC64
    b.ne to_c
    b from_normal

    vector_fatal 9

    .balign 128 /* FIQ, from AArch64 below: a secure interrupt in the normal world */
    general_save
    mrs x0, elr_el3
    mov x16, #(4 * KERNEL_INTERRUPT)
    b secure_enter

    vector_fatal 11
    vector_fatal 12
    vector_fatal 13
    vector_fatal 14
    vector_fatal 15
    .balign 128

from_normal:
    ubfx w9, w0, #24, #6 /* owner: 50 to 63 belong to the secure kernel */
    cmp w9, #50
    b.lo to_c
    lsr w16, w0, #31 /* fast calls have bit 31 set, and the second branch */
    lsl w16, w16, #2
    /* falls through */

/* Enters the kernel with x0 to x7 as they are, at offset x16 of its vector. */
secure_enter:
    adrp x17, kernel_vector
    ldr x17, [x17, :lo12:kernel_vector]
    cbz x17, to_c /* nobody there: smc.c answers */
    add x17, x17, x16
    mrs x9, elr_el3
    mrs x10, spsr_el3
    stp x9, x10, [sp, #WORLD_ELR]
    system_all system_pair_save, sp
    mov x9, x17
    /* falls through */

/* Enters the kernel at x9 with x0 to x7 as they are; the normal world was saved. */
.global secure_start
secure_start:
    msr elr_el3, x9
    add x8, sp, #CPU_SECURE
    system_all system_pair_load, x8
    mov x9, #(SPSR_EL1H | SPSR_DAIF)
    msr spsr_el3, x9
    ldr x9, [sp, #CPU_SECURE_SCR]
    msr scr_el3, x9
    exception_return

from_secure:
    mrs x9, esr_el3
    lsr x9, x9, #ESR_EC_SHIFT
    cmp x9, #ESR_EC_SMC64
    b.ne from_secure_trap
    mov w9, #(KERNEL_RETURN_CALL & 0xffff)
    movk w9, #(KERNEL_RETURN_CALL >> 16), lsl #16
    cmp w0, w9
    b.ne from_secure_to_c
    add x8, sp, #CPU_SECURE
    system_all system_pair_save, x8
    system_all system_pair_load, sp
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    b normal_resume

/* An instruction of the secure world trapped here, as one does that no EL3 of its age knew how to open.
 * If it is an app's, it does not exist for it: the kernel ends the app, so that nobody sees x9, x10 and
 * x30. */
from_secure_trap:
    mrs x9, spsr_el3
    tst x9, #0xf
    b.ne from_secure_fatal
    mrs x10, elr_el3
    msr spsr_el1, x9
    msr elr_el1, x10
    mov x9, #0x02000000 /* undefined */
    msr esr_el1, x9
    mrs x10, vbar_el1
    add x10, x10, #0x400 /* from a lower level in AArch64 */
    msr elr_el3, x10
    mov x9, #(SPSR_EL1H | SPSR_DAIF)
    msr spsr_el3, x9
    exception_return
from_secure_fatal:
    mov x0, #8
    b vector_fatal_all

from_secure_to_c:
    mov x20, x0
    mov x21, x1
    add x8, sp, #CPU_SECURE
    system_all system_pair_save, x8
    sub x0, sp, #CPU_STACK_SIZE
    mov x1, x20
    mov x2, x21
    bl smc_from_kernel /* returns when the normal world goes on */
.global normal_start
normal_start:
    system_all system_pair_load, sp
    b normal_resume_all

/* The normal world asked for something that C answers, or trapped here. */
to_c:
    mrs x9, elr_el3
    mrs x10, spsr_el3
    stp x9, x10, [sp, #WORLD_ELR]
    sub x0, sp, #CPU_STACK_SIZE
    bl smc_from_normal
    tbnz w0, #31, normal_resume_all
    mov w16, w0 /* the kernel has to be told first: offset into its vector */
    b secure_enter

normal_resume_all:
    ldp x0, x1, [sp, #0]
    ldp x2, x3, [sp, #16]
normal_resume: /* x0 to x3 are set */
    ldp x9, x10, [sp, #WORLD_ELR]
    msr elr_el3, x9
    msr spsr_el3, x10
    ldr x9, [sp, #CPU_NORMAL_SCR]
    msr scr_el3, x9
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x19, [sp, #144]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
    ldr x30, [sp, #240]
    exception_return

vector_fatal_all:
    mrs x1, esr_el3
    mrs x2, elr_el3
    mrs x3, far_el3
    b console_fatal
