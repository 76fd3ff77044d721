/*
 * The first instruction of an app in TrustZone, and its ways down. What the registers hold then stands
 * in abi/syscall.h. The image was not relocated yet.
 */
        .text
        .globl _start
        .type _start, %function
_start:
        mov x29, #0
        mov x30, #0
        b start_app
        .size _start, . - _start

/* int64_t sys_call(nr, a0, a1, a2, a3, a4, a5) */
        .globl sys_call
        .type sys_call, %function
sys_call:
        mov x8, x0
        mov x0, x1
        mov x1, x2
        mov x2, x3
        mov x3, x4
        mov x4, x5
        mov x5, x6
        svc #1
        ret
        .size sys_call, . - sys_call

/* int64_t start_probe(address, size, write) */
        .globl start_probe
        .hidden start_probe
        .type start_probe, %function
start_probe:
        svc #2
        ret
        .size start_probe, . - start_probe

        .section .note.GNU-stack, "", %progbits
