/*
 * Between this process and the guest while the program runs: bytes of the three standard streams,
 * what the guest says of the program (tools/arm64/guest), signals, and the ends of processes.
 */
#ifndef POSTERN_TOOLS_ARM64_RELAY_H
#define POSTERN_TOOLS_ARM64_RELAY_H

#include <signal.h>
#include <tools/arm64/machine.h>

enum relay_end {
    RELAY_STATUS,    /* the program has ended: `status` is its */
    RELAY_NO_TEE,    /* Linux found no secure kernel */
    RELAY_MISSING,   /* libraries that the guest does not have: `text` */
    RELAY_SIGNAL,    /* this process was told to end, by the signal `status` */
    RELAY_NO_READER, /* nobody reads standard output or error any more */
    RELAY_LATE,      /* the guest did not boot in time */
    RELAY_MACHINE, /* the machine ended by itself: `status` as of waitpid; `ready`: after its boot */
};

struct relay {
    struct machine *machine;
    int signals;               /* a signalfd with SIGCHLD and the signals that end this process */
    unsigned int boot_seconds; /* 0: any time */
    bool takes_input;          /* standard input is the program's */
    pid_t debugger;            /* waited for at the end; 0: none */

    bool ready;
    int status;
    char text[512];
    size_t text_size;
};

enum relay_end relay_run(struct relay *relay);

#endif
