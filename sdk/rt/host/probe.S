/*
 * Tries whether a byte can be read or written. The first instruction of each function is the one
 * that may fault; fault.c knows it by its address and continues at probe_failed. The locked OR with
 * nothing needs write access and changes nothing, also while others write the same byte.
 */
#if !defined(__x86_64__)
#error "this hosted runtime is for x86-64"
#endif
        .text
        .globl probe_read, probe_write, probe_failed
        .hidden probe_read, probe_write, probe_failed
        .type probe_read, @function
        .type probe_write, @function

probe_read:
        movb    (%rdi), %al
        movl    $1, %eax
        ret
        .size probe_read, . - probe_read

probe_write:
        lock orb $0, (%rdi)
        movl    $1, %eax
        ret
        .size probe_write, . - probe_write

probe_failed:
        xorl    %eax, %eax
        ret

        .section .note.GNU-stack, "", @progbits
