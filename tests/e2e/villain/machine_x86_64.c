/* machine.h for x86-64. */
#include "machine.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

void machine_illegal(void)
{
    __asm__ volatile("ud2");
}

void machine_privileged(void)
{
    __asm__ volatile("cli");
}

void machine_trap(void)
{
    __asm__ volatile("int3");
}

long machine_open(const char *path)
{
    return syscall(SYS_open, path, O_RDONLY);
}

long machine_fork(void)
{
    return syscall(SYS_fork);
}

/* The door of 32-bit programs. */
long machine_old_door(void)
{
    uint32_t number = 20;
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    return (int32_t)number;
}
