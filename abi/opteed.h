/*
 * How EL3 and the secure kernel talk: the convention of TF-A's OP-TEE dispatcher (services/spd/opteed
 * there), which our monitor speaks, too, so that one kernel image runs under both.
 *
 * The kernel is started at S-EL1 with the MMU off: x0 = 0, x1 = end of its memory (may be 0), x2 =
 * device tree, x3 = 0. It answers with SMC KERNEL_RETURN_ENTRY, x1 = physical address of its vector
 * or 0 when it gives up. EL3 enters the vector with the MMU as the kernel left it, but for
 * KERNEL_CPU_ON: off. Calls arrive with x0 to x7 as the normal world gave them, and end with
 * KERNEL_RETURN_CALL and the normal world's x0 to x3 in x1 to x4. Only numbers here: assembly
 * includes this file.
 */
#ifndef POSTERN_ABI_OPTEED_H
#define POSTERN_ABI_OPTEED_H

/* Entries of the kernel's vector (TF-A's opteed_vectors), four bytes each */
#define KERNEL_YIELDING 0
#define KERNEL_FAST 1
#define KERNEL_CPU_ON 2
#define KERNEL_CPU_OFF 3
#define KERNEL_CPU_RESUME 4
#define KERNEL_CPU_SUSPEND 5
#define KERNEL_INTERRUPT 6
#define KERNEL_SYSTEM_OFF 7
#define KERNEL_SYSTEM_RESET 8

/* What the kernel says when it leaves (TF-A's teesmc_opteed.h) */
#define KERNEL_RETURN_ENTRY 0xbe000000
#define KERNEL_RETURN_ON 0xbe000001
#define KERNEL_RETURN_OFF 0xbe000002
#define KERNEL_RETURN_SUSPENDED 0xbe000003
#define KERNEL_RETURN_RESUMED 0xbe000004
#define KERNEL_RETURN_CALL 0xbe000005
#define KERNEL_RETURN_INTERRUPT 0xbe000006
#define KERNEL_RETURN_SYSTEM_OFF 0xbe000007
#define KERNEL_RETURN_SYSTEM_RESET 0xbe000008

#endif
