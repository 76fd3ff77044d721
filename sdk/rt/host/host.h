/*
 * Inside the hosted runtime: what its three parts (start, turn, fault) need of each other.
 */
#ifndef POSTERN_SDK_RT_HOST_HOST_H
#define POSTERN_SDK_RT_HOST_HOST_H

#include <abi/syscall.h>
#include <stdint.h>

/* turn.c: takes over the page and waits until the kernel gives this process its first turn. */
void turn_start(struct sys_page *page);

/* fault.c: what a sanitizer found, which is why the app ends; "": nothing. */
#define FAULT_REPORT_MAX 256u
extern char fault_report[FAULT_REPORT_MAX];

/* fault.c: catches faults from here on. `stack_top` is an address near the stack's beginning. */
void fault_start(uintptr_t stack_top);

/* probe.S: read, or write without changing, one byte. Answer 1, or 0 when that faults: the fault
 * handler moves on to probe_failed when the instruction at probe_read or probe_write faults. */
int probe_read(const void *address);
int probe_write(const void *address);
extern const char probe_failed[];

#endif
