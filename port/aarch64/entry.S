/*
 * The kernel's ways in: its cold start, the start of another processor, EL3's calls (TF-A's opteed
 * vector), and exceptions at EL1 and from apps.
 *
 * Section .identity is one page, mapped at its physical address as well: EL3 knows these addresses
 * and enters them with the MMU on and off. The words at its end are relocated at the cold start.
 */
#include <lib/aarch64/register.h>
#include <abi/opteed.h>
#include <port/aarch64/layout.h>

.section .identity, "ax"
.global image_start
image_start:
    b cold_start
.balign 8
    .quad image_end - . /* the tool puts the crypto library there: 8 bytes before the image's end */

.balign 64
.global vector_table
vector_table: /* the order is opteed's */
    b enter_yielding
    b enter_fast
    b processor_start
    b enter_off
    b enter_resume
    b enter_suspend
    b enter_interrupt
    b enter_system_off
    b enter_system_reset

/* EL3 gave this processor its registers back as they were when it left: MMU on, sp its own stack. */
.macro enter name, target
\name:
    ldr x16, =\target
    br x16
.endm
    enter enter_yielding, smc_yielding
    enter enter_fast, smc_fast
    enter enter_off, smc_processor_off
    enter enter_resume, smc_processor_resume
    enter enter_suspend, smc_processor_suspend
    enter enter_interrupt, smc_interrupt
    enter enter_system_off, smc_system_off
    enter enter_system_reset, smc_system_reset

/* x2 = device tree */
cold_start:
    msr daifset, #0xf
    mov x21, x2
    ldr w0, sctlr_off
    msr sctlr_el1, x0
    isb
    msr cpacr_el1, xzr
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, bss_end
    add x1, x1, :lo12:bss_end
1:  stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b
    adrp x22, boot_stack_end
    add x22, x22, :lo12:boot_stack_end
    mov sp, x22
    adrp x20, image_start /* physical, page-aligned */
    mov x0, x20
    bl boot_tables /* answers the image's address to be */
    mov x23, x0

    /* The image was linked for address 0. */
    adrp x0, relocations_start
    add x0, x0, :lo12:relocations_start
    adrp x1, relocations_end
    add x1, x1, :lo12:relocations_end
2:  cmp x0, x1
    b.hs 3f
    ldp x2, x3, [x0], #16 /* where; type */
    ldr x4, [x0], #8      /* what */
    cmp w3, #0x403        /* R_AARCH64_RELATIVE */
    b.ne 2b
    add x4, x4, x23
    str x4, [x20, x2]
    b 2b
3:  bl mmu_on
    sub x24, x23, x20
    add x22, x22, x24
    mov sp, x22
    mov x0, x21
    mov x1, x20
    mov x2, x23
    ldr x16, =boot_main
    br x16

/* CPU_ON, MMU off. One processor at a time is on the boot stack. */
processor_start:
    msr daifset, #0xf
    ldr w0, sctlr_off
    msr sctlr_el1, x0
    isb
    msr cpacr_el1, xzr
    bl mmu_on
    ldr x0, =boot_lock
4:  ldaxr w1, [x0]
    cbnz w1, 4b
    mov w1, #1
    stxr w2, w1, [x0]
    cbnz w2, 4b
    ldr x1, =boot_stack_end
    mov sp, x1
    ldr x16, =boot_processor /* answers this processor's own stack; 0: it cannot be served */
    blr x16
    ldr x1, =boot_lock
    stlr wzr, [x1]
    cbz x0, 5f
    mov sp, x0
    ldr x16, =boot_processor_ready
    br x16
5:  wfi
    b 5b

/* With the MMU off: turns it on; the code goes on at its physical address. */
mmu_on:
    adrp x0, boot_registers
    add x0, x0, :lo12:boot_registers
    ldp x1, x2, [x0]
    ldp x3, x4, [x0, #16]
    msr ttbr0_el1, x1
    msr ttbr1_el1, x2
    msr tcr_el1, x3
    msr mair_el1, x4
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x1, [x0, #32]
    msr sctlr_el1, x1
    isb
    ret
.balign 8
sctlr_off:
    .word SCTLR_EL1_RES1 | SCTLR_I
.ltorg
.balign PAGE_SIZE

/* --- Exceptions. ---------------------------------------------------------------------------------- */

.section .text
/* What a C function may change, and what the next exception changes. */
.macro kernel_frame_save
    sub sp, sp, #192
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x30, [sp, #144]
    mrs x0, elr_el1
    mrs x1, spsr_el1
    stp x0, x1, [sp, #160]
.endm
kernel_frame_return:
    ldp x0, x1, [sp, #160]
    msr elr_el1, x0
    msr spsr_el1, x1
    ldp x0, x1, [sp, #0]
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x30, [sp, #144]
    add sp, sp, #192
    eret
    dsb nsh
    isb

/* GICv2: the kernel's own interrupts are FIQs, Linux's IRQs; GICv3: the other way round. */
kernel_irq:
    kernel_frame_save
    bl interrupt_irq
    b kernel_frame_return
kernel_fiq:
    kernel_frame_save
    bl interrupt_fiq
    b kernel_frame_return
kernel_sync:
    kernel_frame_save
    mov x0, x1
    mrs x1, esr_el1
    mrs x2, far_el1
    mrs x3, elr_el1
    bl exception_kernel
    b kernel_frame_return

/* From an app. The stack is that of user_run's caller; the frame's address is its first word. */
.macro user_save kind
    stp x0, x1, [sp, #104]
    ldr x0, [sp]
    mov x1, #\kind
    b user_exit
.endm

.section .text.vectors, "ax" /* where kernel.ld needs no room to align them */
.balign 2048
.global exception_vectors
exception_vectors:
.macro vector_fatal number
    .balign 128
    mov x0, #\number
    b exception_fatal_vector
.endm
    vector_fatal 0
    vector_fatal 1
    vector_fatal 2
    vector_fatal 3
    .balign 128
    /* Stacks lie in the upper halves of 32 KiB (but the boot stack, in the image: bit 31 is 0):
     * below one, the kernel is lost. */
    msr tpidrro_el0, x0
    sub x0, sp, #192
    tbz x0, #31, 1f
    tbz x0, #14, stack_overflow
1:  mrs x0, tpidrro_el0
    msr tpidrro_el0, xzr
    b kernel_sync
    .balign 128
    b kernel_irq
    .balign 128
    b kernel_fiq
    vector_fatal 7
    .balign 128
    user_save USER_SYNC
    .balign 128
    user_save USER_IRQ
    .balign 128
    user_save USER_FIQ
    .balign 128
    user_save USER_SERROR
    vector_fatal 12
    vector_fatal 13
    vector_fatal 14
    vector_fatal 15
    .balign 128

stack_overflow:
    mov x0, #16
exception_fatal_vector:
    adrp x1, boot_stack_end
    add x1, x1, :lo12:boot_stack_end
    mov x5, sp
    mov sp, x1
    mrs x1, esr_el1
    mrs x2, far_el1
    mrs x3, elr_el1
    mov x4, x5
    b exception_fatal

/* Of the cold start, of other processors' starts, and of the kernel's own end. */
.section .bss
.balign 16
    .skip 0x2000
.global boot_stack_end
boot_stack_end:
