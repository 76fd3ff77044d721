/*
 * Where things are in the secure kernel's address space, and how much there is of them. Shared with
 * assembly and the linker script.
 *
 * TTBR1 (addresses from 0xffffff80_00000000, 39 bits) is the kernel's, TTBR0 an app's; between
 * calls TTBR0 holds one identity-mapped page with the entry points that EL3 knows by physical
 * address, since EL3 enters them with the MMU on (calls) and off (a processor's start).
 *
 *   NORMAL_BASE + address   the normal world's memory, by physical address, never executable
 *   IMAGE_WINDOW            the kernel's image, at a random page of 1 GiB
 *   SECURE_WINDOW           free secure memory (the page pool), at a random 2 MiB boundary
 *   DEVICE_BASE             devices, one page after the other
 *   STACK_BASE              the stacks, each with a guard below it
 *   SHARE_BASE              normal-world pages that have to be contiguous for a while (RPC memory)
 */
#ifndef POSTERN_PORT_AARCH64_LAYOUT_H
#define POSTERN_PORT_AARCH64_LAYOUT_H

#define PAGE_SIZE 0x1000
#define PAGE_SHIFT 12

#define NORMAL_BASE 0xffffff8000000000
#define NORMAL_LIMIT 0x4000000000 /* physical addresses below this one can be reached */
#define IMAGE_WINDOW 0xffffffc000000000
#define SECURE_WINDOW 0xffffffc040000000
#define DEVICE_BASE 0xffffffc080000000
#define STACK_BASE 0xffffffc0c0000000
#define SHARE_BASE 0xffffffc100000000
#define SHARE_SLOTS 32
#define SHARE_SLOT_SIZE 0x1000000 /* 16 MiB: the most for one RPC */

/* Room behind the image for the trust table, and in front of it two numbers: its length, and that of
 * the crypto library, which lies behind the image's end. */
#define TRUST_SIZE 0x4000
#define TRUST_LENGTH 0 /* index */
#define TRUST_LIBRARY 1
#define TRUST_TABLE 16 /* offset */

#define CPUS_MAX 64
#define CPU_STACK_SIZE 0x2000

/* Call slots. The last ones are kept for work that others wait for: closing, and the very last one for
 * the bottom half, because a close may have to wait, too. */
#define THREADS 24
#define THREADS_RESERVED 4
#define THREADS_BOTTOM_HALF 1
#define STACK_STRIDE_SHIFT 15 /* 32 KiB from one to the next, the lower part unmapped */
#define STACK_SIZE 0x4000

/* An app's address space (TTBR0, 39 bits): what is random moves within its GiB. */
#define APP_IMAGE_WINDOW 0x0040000000
#define APP_LIBRARY_WINDOW 0x0060000000 /* the crypto library: the same place in every app */
#define APP_STACK_WINDOW 0x0080000000
#define APP_PAGE_WINDOW 0x00c0000000
#define APP_HEAP_WINDOW 0x0100000000
#define APP_SHARE_WINDOW 0x1000000000 /* memory objects, up to APP_END */
#define APP_END 0x4000000000

#define APPS_MAX 250 /* address space numbers: 8 bits, 0 is the identity page's */

/* struct cpu */
#define CPU_THREAD 0
#define CPU_STACK_TOP 8
#define CPU_FP_OWNER 16

/* struct thread */
#define THREAD_SP 0
#define THREAD_STATE 8
#define THREAD_STATE_SUSPENDED 2
#define THREAD_STATE_FREE 0

/* struct app_frame: registers of an app */
#define FRAME_SP 248
#define FRAME_PC 256
#define FRAME_STATE 264
#define FRAME_TLS 272
#define FRAME_SIZE 288

/* What user_run answers */
#define USER_SYNC 0
#define USER_IRQ 1
#define USER_FIQ 2
#define USER_SERROR 3

#endif
