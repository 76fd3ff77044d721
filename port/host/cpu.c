/* Processor binding. See cpu.h. */
#include "cpu.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cpu_set_t allowed; /* written by cpu_init only */
static _Thread_local int bound = CPU_ANY;

void cpu_init(void)
{
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        CPU_ZERO(&allowed); /* more processors than this set has: nothing is bound then */
    }
}

void cpu_bind_self(uint32_t cpu)
{
    cpu_set_t one;

    if ((int)cpu == bound) {
        return;
    }
    if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed)) {
        cpu_unbind_self();
        return;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) == 0) {
        bound = (int)cpu;
    }
}

void cpu_unbind_self(void)
{
    if (bound != CPU_ANY && sched_setaffinity(0, sizeof(allowed), &allowed) == 0) {
        bound = CPU_ANY;
    }
}

void cpu_yield_to_wakers(void)
{
    const struct sched_param none = {0};

    (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

void cpu_inherit_nothing(pid_t pid)
{
    const struct sched_param none = {0};

    (void)sched_setscheduler(pid, SCHED_OTHER, &none);
    (void)sched_setaffinity(pid, sizeof(allowed), &allowed);
    if (pid == 0) {
        bound = CPU_ANY;
    }
}

int cpu_self(void)
{
    return bound;
}

void cpu_bind_process(pid_t pid, int cpu)
{
    cpu_set_t one;

    if (pid <= 0) {
        return;
    }
    if (cpu == CPU_ANY) {
        (void)sched_setaffinity(pid, sizeof(allowed), &allowed);
        return;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(pid, sizeof(one), &one);
}

pid_t cpu_pid_of(int pidfd)
{
    char path[64];
    char text[512];
    const char *line;
    ssize_t length;
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    line = strstr(text, "\nPid:");
    return line != NULL ? (pid_t)strtol(line + 5, NULL, 10) : 0;
}
