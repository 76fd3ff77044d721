/*
 * What villain does that is another instruction, or another system call, on each processor. The Makefile
 * takes machine_ARCH.c of the one image that it builds.
 */
#ifndef TESTS_E2E_VILLAIN_MACHINE_H
#define TESTS_E2E_VILLAIN_MACHINE_H

/* An instruction that does not exist, one that apps may not execute, a breakpoint. */
void machine_illegal(void);
void machine_privileged(void);
void machine_trap(void);

/* Linux's system calls: less than 0 when refused. */
long machine_open(const char *path);
long machine_fork(void);
/* getpid by another door than all other calls, which a guard of those might overlook. */
long machine_old_door(void);

#endif
