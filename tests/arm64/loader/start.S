/*
 * The test machine's boot loader: the first program of the normal world, at EL2 or EL1, MMU off.
 * Position is MACHINE_PAYLOAD_BASE (monitor/machine.h), as under TF-A.
 */
.section .text.start, "ax"
.global start
start:
    adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    mov sp, x1
    mov x19, #0x40000000 /* QEMU puts the tree at the start of RAM; TF-A does not pass it on */
    adrp x1, bss_start
    add x1, x1, :lo12:bss_start
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
1:  cmp x1, x2
    b.hs 2f
    str xzr, [x1], #8
    b 1b
2:  /* Debian's libfdt was compiled with vector instructions. Without EL2 this register is the one. */
    mrs x1, currentel
    cmp x1, #8
    b.eq 3f
    mov x1, #0x300000
    msr cpacr_el1, x1
    isb
3:  mov x0, x19
    bl loader_main /* the kernel's address */
    mov x4, x0
    mov x0, x19
    mov x1, xzr
    mov x2, xzr
    mov x3, xzr
    ic iallu
    dsb sy
    isb
    br x4
