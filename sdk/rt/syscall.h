/*
 * The system call, as all of the SDK uses it, and the page that an app shares with the kernel. What
 * the calls mean stands in abi/syscall.h. Each way down to a kernel implements this file:
 * sdk/rt/host (a futex and a shared page), sdk/rt/test (a scripted kernel for unit tests).
 *
 * Rules for those who call:
 * - An app has one thread; nothing here locks.
 * - Put what the call reads into sys_page()->out (messages, paths), ->objects (handles); then call;
 *   then read ->in, ->event, ->msg, ->recv, ->objects. Any later call, also one that a library
 *   function makes (a log line, random numbers, memory), overwrites all of these: copy what you want
 *   to keep, and fill out[] last.
 * - The answer is 0 or more, or a SYS_ERR_* of abi/error.h.
 */
#ifndef POSTERN_SDK_RT_SYSCALL_H
#define POSTERN_SDK_RT_SYSCALL_H

#include <abi/error.h>
#include <abi/syscall.h>
#include <stdint.h>

/* Makes the call `nr` (enum sys_nr); arguments that it does not have are 0. SYS_EXIT without
 * SYS_EXIT_IF_IDLE, SYS_PANIC and SYS_FAULT do not return. */
int64_t sys_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5);

/* The shared page. Never NULL from the app's first own instruction on. */
struct sys_page *sys_page(void);

#endif
