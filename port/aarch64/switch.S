/*
 * Changing what a processor runs: a thread and the normal world, the kernel and an app.
 */
#include <lib/aarch64/register.h>
#include <abi/opteed.h>
#include <port/aarch64/layout.h>

.section .text

.macro callee_save
    sub sp, sp, #112
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp x29, x30, [sp, #96]
.endm
.macro callee_load
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp, #96]
    add sp, sp, #112
.endm

/* The address space between calls: no app's (outside port_app_enter it always is). Changes x16. */
.macro identity_space
    adrp x16, table_identity
    ldr x16, [x16, :lo12:table_identity]
    msr ttbr0_el1, x16
    isb
.endm

/* void thread_switch_out(thread, stack_top, a0, a1, a2). It may be in the middle of an app. Only when
 * the thread's stack was left may another processor go on with it. */
.global thread_switch_out
thread_switch_out:
    callee_save
    identity_space
    mov x9, sp
    str x9, [x0, #THREAD_SP]
    mov sp, x1
    mrs x10, tpidr_el1
    str xzr, [x10, #CPU_THREAD]
    add x11, x0, #THREAD_STATE
    mov w12, #THREAD_STATE_SUSPENDED
    mov x1, x2
    mov x2, x3
    mov x3, x4
    ldr w4, [x0, #(THREAD_STATE + 4)] /* the number: Linux hands back a3 */
    stlr w12, [x11]
    b leave_call

.global thread_switch_end
thread_switch_end:
    mov sp, x1
    mrs x10, tpidr_el1
    str xzr, [x10, #CPU_THREAD]
    add x11, x0, #THREAD_STATE
    mov x1, x2
    mov x2, #0
    mov x3, #0
    mov x4, #0
    stlr wzr, [x11]
leave_call:
    mov w0, #(KERNEL_RETURN_CALL & 0xffff)
    movk w0, #(KERNEL_RETURN_CALL >> 16), lsl #16
    smc #0
    b . /* EL3 does not come back here */

.global smc_leave
smc_leave:
    /* x0 to x4 are EL3's; the stack is left as the next entry wants it. */
    mrs x10, tpidr_el1
    ldr x9, [x10, #CPU_STACK_TOP]
    mov sp, x9
    smc #0
    b .

.global thread_switch_in
thread_switch_in:
    mov sp, x0
    callee_load
    ret

.global thread_switch_begin
thread_switch_begin:
    mov sp, x1
    mov x29, #0
    mov x30, #0
    b thread_main

/* uint32_t user_run(frame) */
.global user_run
user_run:
    sub sp, sp, #128
    stp x0, xzr, [sp]
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x29, [sp, #96]
    str x30, [sp, #120]
    ldp x1, x2, [x0, #FRAME_SP]
    ldp x3, x4, [x0, #FRAME_STATE]
    msr sp_el0, x1
    msr elr_el1, x2
    msr spsr_el1, x3
    msr tpidr_el0, x4
    ldp x2, x3, [x0, #16]
    ldp x4, x5, [x0, #32]
    ldp x6, x7, [x0, #48]
    ldp x8, x9, [x0, #64]
    ldp x10, x11, [x0, #80]
    ldp x12, x13, [x0, #96]
    ldp x14, x15, [x0, #112]
    ldp x16, x17, [x0, #128]
    ldp x18, x19, [x0, #144]
    ldp x20, x21, [x0, #160]
    ldp x22, x23, [x0, #176]
    ldp x24, x25, [x0, #192]
    ldp x26, x27, [x0, #208]
    ldp x28, x29, [x0, #224]
    ldr x30, [x0, #240]
    ldp x0, x1, [x0]
    eret
    dsb nsh
    isb

/* From entry.S: x0 = frame, x1 = USER_*, the app's own x0 and x1 at sp + 104. */
.global user_exit
user_exit:
    stp x2, x3, [x0, #16]
    ldp x2, x3, [sp, #104]
    stp x2, x3, [x0]
    stp x4, x5, [x0, #32]
    stp x6, x7, [x0, #48]
    stp x8, x9, [x0, #64]
    stp x10, x11, [x0, #80]
    stp x12, x13, [x0, #96]
    stp x14, x15, [x0, #112]
    stp x16, x17, [x0, #128]
    stp x18, x19, [x0, #144]
    stp x20, x21, [x0, #160]
    stp x22, x23, [x0, #176]
    stp x24, x25, [x0, #192]
    stp x26, x27, [x0, #208]
    stp x28, x29, [x0, #224]
    str x30, [x0, #240]
    mrs x2, sp_el0
    mrs x3, elr_el1
    stp x2, x3, [x0, #FRAME_SP]
    mrs x2, spsr_el1
    mrs x3, tpidr_el0
    stp x2, x3, [x0, #FRAME_STATE]
    mov x0, x1
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldr x29, [sp, #96]
    ldr x30, [sp, #120]
    add sp, sp, #128
    ret

.global fp_save
.arch_extension fp
.arch_extension simd
fp_save:
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
    mrs x1, fpcr
    mrs x2, fpsr
    add x0, x0, #512
    stp x1, x2, [x0]
    ret

.global fp_load
fp_load:
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
    add x0, x0, #512
    ldp x1, x2, [x0]
    msr fpcr, x1
    msr fpsr, x2
    ret
