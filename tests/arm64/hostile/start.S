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
    mrs x2, currentel
    cmp x2, #8
    b.eq 1f
    mov x2, #0x300000
    msr cpacr_el1, x2
    isb
1:  cbnz x1, other
    adrp x1, bss_start
    add x1, x1, :lo12:bss_start
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
2:  str xzr, [x1], #8
    cmp x1, x2
    b.lo 2b
    bl hostile_main
other:
    mov x0, x1
    bl hostile_other
    b .

/* uint64_t smc_call(uint64_t x[8]): x0 to x7 in, x0 to x3 out. Answers how many of the registers that
 * must stay as they are did not. */
.global smc_call
smc_call:
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    mov x30, x0
    movi v0.16b, #0x5a
    movi v17.16b, #0xa5
    movi v31.16b, #0x3c
    mov x29, #0x2929
    mov x28, #0x2828
    mov x19, #0x1919
    mov x18, #0x1818
    mov x17, #0x1717
    mov x9, #0x0909
    mov x8, #0x0808
    ldp x0, x1, [x30, #0]
    ldp x2, x3, [x30, #16]
    ldp x4, x5, [x30, #32]
    ldp x6, x7, [x30, #48]
    smc #0
    ldr x30, [sp, #96]
    stp x0, x1, [x30, #0]
    stp x2, x3, [x30, #16]
    mov x0, #0
.macro same register, value
    mov x1, #\value
    cmp \register, x1
    cinc x0, x0, ne
.endm
    same x29, 0x2929
    same x28, 0x2828
    same x19, 0x1919
    same x18, 0x1818
    same x17, 0x1717
    same x9, 0x0909
    same x8, 0x0808
    ldp x1, x2, [x30, #32]
    cmp x4, x1
    cinc x0, x0, ne
    cmp x5, x2
    cinc x0, x0, ne
    ldp x1, x2, [x30, #48]
    cmp x6, x1
    cinc x0, x0, ne
    cmp x7, x2
    cinc x0, x0, ne
    umov w1, v0.b[15]
    cmp w1, #0x5a
    cinc x0, x0, ne
    umov w1, v17.b[3]
    cmp w1, #0xa5
    cinc x0, x0, ne
    umov w1, v31.b[9]
    cmp w1, #0x3c
    cinc x0, x0, ne
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret
