/*
 * Posted calls, as an app wrote them into its page. Pure.
 */
#ifndef POSTERN_KERNEL_DECODE_POST_H
#define POSTERN_KERNEL_DECODE_POST_H

#include <abi/syscall.h>
#include <lib/error.h>

struct post {
    uint32_t kind; /* SYS_POST_* */
    uint32_t handle;
    uint32_t value;
    uint32_t offset; /* SYS_POST_SEND: `value` bytes of out[] from here are in the posts' part */
};

/* `in` is the kernel's copy. E_INVALID: an unknown kind, or a message outside its part of out[]. */
enum error decode_post(const struct sys_post *in, struct post *out) MUST_CHECK;

#endif
