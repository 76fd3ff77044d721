/*
 * How an app calls the crypto library: each stub of libcrypto.a puts its function's number into w17 and
 * comes here. The first call has the library mapped and started (library.c); where that fails, every
 * call answers 0, which is OpenSSL's "no", and errno says why.
 */
        .section .text.__postern_library_call, "ax"
        .globl __postern_library_call
        .type __postern_library_call, %function
__postern_library_call:
        adrp x16, __postern_library_table
        ldr x16, [x16, :lo12:__postern_library_table]
        cbz x16, 1f
        ldr x16, [x16, x17, lsl #3]
        br x16
        /* Arguments, x8 (where a structure is answered), the number, and the way back. */
1:      stp x29, x30, [sp, #-96]!
        mov x29, sp
        stp x0, x1, [sp, #16]
        stp x2, x3, [sp, #32]
        stp x4, x5, [sp, #48]
        stp x6, x7, [sp, #64]
        stp x8, x17, [sp, #80]
        bl __postern_library_open
        mov x16, x0
        ldp x8, x17, [sp, #80]
        ldp x6, x7, [sp, #64]
        ldp x4, x5, [sp, #48]
        ldp x2, x3, [sp, #32]
        ldp x0, x1, [sp, #16]
        ldp x29, x30, [sp], #96
        cbz x16, 2f
        ldr x16, [x16, x17, lsl #3]
        br x16
2:      mov x0, #0
        ret
        .size __postern_library_call, . - __postern_library_call

/* struct library_answer library_ask(void) */
        .section .text.library_ask, "ax"
        .globl library_ask
        .hidden library_ask
        .type library_ask, %function
library_ask:
        svc #3
        ret
        .size library_ask, . - library_ask

        .section .note.GNU-stack, "", %progbits
