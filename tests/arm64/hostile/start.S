/*
 * The hostile normal world: starts in the loader's place, on every processor that it turns on.
 */
.section .text.start, "ax"
.global start
start:
    msr daifset, #0xf
    mrs x1, mpidr_el1
    and x1, x1, #0xff
    adrp x2, stacks
    add x2, x2, :lo12:stacks
    add x3, x1, #1
    add x2, x2, x3, lsl #14
    mov sp, x2
    adrp x3, vectors
    add x3, x3, :lo12:vectors
    mrs x2, currentel
    cmp x2, #8
    b.eq 1f
    msr vbar_el1, x3
    mov x2, #0x300000
    msr cpacr_el1, x2
    isb
    b 2f
1:  msr vbar_el2, x3
    isb
2:  cbnz x1, other
    adrp x1, bss_start
    add x1, x1, :lo12:bss_start
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
3:  str xzr, [x1], #8
    cmp x1, x2
    b.lo 3b
    bl hostile_main
other:
    mov x0, x1
    bl hostile_other
    b .

/* An instruction that does not exist is left out, and counted in x16; anything else is the end. */
.balign 2048
vectors:
.macro vector_crash number
    .balign 128
    mov x0, #\number
    b world_crashed
.endm
    vector_crash 0
    vector_crash 1
    vector_crash 2
    vector_crash 3
    .balign 128
    b undefined
    vector_crash 5
    vector_crash 6
    vector_crash 7
    vector_crash 8
    vector_crash 9
    vector_crash 10
    vector_crash 11
    .balign 128
    b from_aarch32
    .balign 128

/* Changes x16, x17 and x18. */
undefined:
    add x16, x16, #1
    adrp x17, trap_watch
    ldrb w18, [x17, :lo12:trap_watch]
    cbz w18, 1f
    /* As trap_seen in psci.c, on a processor that has all of it */
    adrp x17, trap_seen
    add x17, x17, :lo12:trap_seen
    mrs x18, s3_0_c4_c2_3 /* PAN */
    str x18, [x17]
    mrs x18, s3_0_c4_c2_4 /* UAO */
    str x18, [x17, #8]
    mrs x18, daif
    str x18, [x17, #16]
1:  mrs x17, currentel
    cmp x17, #8
    b.eq 2f
    mrs x17, esr_el1
    lsr x17, x17, #26
    cbnz x17, 3f
    mrs x17, elr_el1
    add x17, x17, #4
    msr elr_el1, x17
    eret
2:  mrs x17, esr_el2
    lsr x17, x17, #26
    cbnz x17, 3f
    mrs x17, elr_el2
    add x17, x17, #4
    msr elr_el2, x17
    eret
3:  mov x0, #4
    b world_crashed

/* uint64_t aarch32_try(void), at EL2: an EL1 in AArch32 runs what EL3 traps, and a call of EL2 behind
 * it. Why EL2 was entered. */
.global aarch32_try
aarch32_try:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    msr hcr_el2, xzr
    mov x0, #0x1d3 /* its mode: supervisor, all masked */
    msr spsr_el2, x0
    adr x0, 1f
    msr elr_el2, x0
    isb
    eret
1:  .word 0xee1c0f18 /* mrc p15, 0, r0, c12, c8, 0: ICC_IAR0 */
    .word 0xe1400070 /* hvc #0 */
from_aarch32: /* the stack is what it was */
    mov x0, #0x80000000
    msr hcr_el2, x0
    mrs x0, esr_el2
    isb
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret

/* void registers_smc(struct registers *): all registers from there, an SMC, all registers to there. */
.global registers_smc
registers_smc:
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    mov x30, x0
    ldp x0, x1, [x30, #248]
    msr fpcr, x0
    msr fpsr, x1
    add x0, x30, #272
    ldp q0, q1, [x0, #0]
    ldp q2, q3, [x0, #32]
    ldp q4, q5, [x0, #64]
    ldp q6, q7, [x0, #96]
    ldp q8, q9, [x0, #128]
    ldp q10, q11, [x0, #160]
    ldp q12, q13, [x0, #192]
    ldp q14, q15, [x0, #224]
    ldp q16, q17, [x0, #256]
    ldp q18, q19, [x0, #288]
    ldp q20, q21, [x0, #320]
    ldp q22, q23, [x0, #352]
    ldp q24, q25, [x0, #384]
    ldp q26, q27, [x0, #416]
    ldp q28, q29, [x0, #448]
    ldp q30, q31, [x0, #480]
    ldp x0, x1, [x30, #0]
    ldp x2, x3, [x30, #16]
    ldp x4, x5, [x30, #32]
    ldp x6, x7, [x30, #48]
    ldp x8, x9, [x30, #64]
    ldp x10, x11, [x30, #80]
    ldp x12, x13, [x30, #96]
    ldp x14, x15, [x30, #112]
    ldp x16, x17, [x30, #128]
    ldp x18, x19, [x30, #144]
    ldp x20, x21, [x30, #160]
    ldp x22, x23, [x30, #176]
    ldp x24, x25, [x30, #192]
    ldp x26, x27, [x30, #208]
    ldp x28, x29, [x30, #224]
    ldr x30, [x30, #240]
    smc #0
    str x30, [sp, #104]
    ldr x30, [sp, #96]
    stp x0, x1, [x30, #0]
    stp x2, x3, [x30, #16]
    stp x4, x5, [x30, #32]
    stp x6, x7, [x30, #48]
    stp x8, x9, [x30, #64]
    stp x10, x11, [x30, #80]
    stp x12, x13, [x30, #96]
    stp x14, x15, [x30, #112]
    stp x16, x17, [x30, #128]
    stp x18, x19, [x30, #144]
    stp x20, x21, [x30, #160]
    stp x22, x23, [x30, #176]
    stp x24, x25, [x30, #192]
    stp x26, x27, [x30, #208]
    stp x28, x29, [x30, #224]
    ldr x0, [sp, #104]
    str x0, [x30, #240]
    mrs x0, fpcr
    mrs x1, fpsr
    stp x0, x1, [x30, #248]
    add x0, x30, #272
    stp q0, q1, [x0, #0]
    stp q2, q3, [x0, #32]
    stp q4, q5, [x0, #64]
    stp q6, q7, [x0, #96]
    stp q8, q9, [x0, #128]
    stp q10, q11, [x0, #160]
    stp q12, q13, [x0, #192]
    stp q14, q15, [x0, #224]
    stp q16, q17, [x0, #256]
    stp q18, q19, [x0, #288]
    stp q20, q21, [x0, #320]
    stp q22, q23, [x0, #352]
    stp q24, q25, [x0, #384]
    stp q26, q27, [x0, #416]
    stp q28, q29, [x0, #448]
    stp q30, q31, [x0, #480]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret
