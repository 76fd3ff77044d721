/*
 * The running machine: QEMU, started by the script `machine`, and the channels to the guest. It ends
 * with this process, however that ends. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_ARM64_MACHINE_H
#define POSTERN_TOOLS_ARM64_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

struct machine_config {
    const char *script; /* files that exist */
    const char *flash;
    const char *kernel;
    const char *initrd;
    const char *secure_log; /* files that QEMU makes */
    const char *console;    /* NULL: Linux's serial port is this process's terminal */
    const char *output;     /* what QEMU itself says */
    const char *gdb_socket; /* not NULL: the machine waits for gdb there */
};

/* In the order of the guest's ports, from 1. */
enum machine_channel {
    MACHINE_INPUT,
    MACHINE_OUTPUT,
    MACHINE_ERRORS,
    MACHINE_CONTROL,
    MACHINE_CHANNELS
};

struct machine {
    pid_t pid;                     /* QEMU's; 0: does not run */
    int channel[MACHINE_CHANNELS]; /* sockets; -1: closed */
};

bool machine_start(const struct machine_config *config, struct machine *out);
/* Ends QEMU if it still runs, and closes the channels. */
void machine_stop(struct machine *machine);
void machine_close(struct machine *machine, enum machine_channel channel);

#endif
