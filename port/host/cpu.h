/*
 * Which processor a thread or an app process runs on. Waking somebody on another processor costs
 * many times what it costs on the same one, so a call takes its lane's thread and its app's process
 * along to the caller's processor. When an app computes for a while both are set free again.
 *
 * Rules: best effort, never an error; only processors that the daemon itself may use.
 */
#ifndef POSTERN_PORT_HOST_CPU_H
#define POSTERN_PORT_HOST_CPU_H

#include <stdint.h>
#include <sys/types.h>

#define CPU_ANY (-1)

/* Once, before threads: remembers where the daemon may run. */
void cpu_init(void);
/* Binds the calling thread to a processor, or to none in particular (CPU_ANY, also for numbers that
 * the daemon may not use). Cheap when nothing changes. */
void cpu_bind_self(uint32_t cpu);
void cpu_unbind_self(void);
/* From now on, when somebody wakes the calling thread, he goes on until he waits: what he has to say
 * next comes along. */
void cpu_yield_to_wakers(void);
/* Takes all that from a process or, for 0, from the calling thread, which inherited it from whoever
 * made it. */
void cpu_inherit_nothing(pid_t pid);
/* Where the calling thread is bound to, or CPU_ANY. */
int cpu_self(void);
/* Binds a process, given by its id in the daemon's name space, to a processor or to CPU_ANY. */
void cpu_bind_process(pid_t pid, int cpu);
/* The process id behind a pidfd, or 0. */
pid_t cpu_pid_of(int pidfd);

#endif
