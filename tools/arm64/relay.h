/*
 * Between this process and the guest while the program runs: bytes of the three standard streams,
 * what the guest says of the program (tools/arm64/guest), signals, and the ends of processes.
 */
#ifndef POSTERN_TOOLS_ARM64_RELAY_H
#define POSTERN_TOOLS_ARM64_RELAY_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <tools/arm64/machine.h>
#include <tools/arm64/secure_log.h>

/* A word of digits that ends both output streams, behind a NUL: made for one run, so that it is no
 * output of the program's. */
#define RELAY_WORD 40

/* One of the program's output streams. What could be the beginning of its end is held back. */
struct relay_stream {
    enum machine_channel channel;
    int to;
    char held[RELAY_WORD + 1];
    size_t num_held;
    bool ended;
};

enum relay_end {
    RELAY_STATUS,     /* the program has ended, and all its output is passed on: `status` is its */
    RELAY_NO_TEE,     /* Linux found no secure kernel */
    RELAY_MISSING,    /* libraries that the guest does not have: `text` */
    RELAY_NO_COMMAND, /* the guest has no command of the program's name */
    RELAY_SIGNAL,     /* this process was told to end, by the signal `status` */
    RELAY_NO_READER,  /* nobody reads standard output or error any more */
    RELAY_LATE,       /* the guest did not boot in time */
    RELAY_DEBUGGER, /* the debugger failed before the guest had booted: its status as of waitpid */
    RELAY_MACHINE, /* the machine ended by itself: `status` as of waitpid; `ready`: after its boot */
};

struct relay {
    struct machine *machine;
    int signals;               /* a signalfd with SIGCHLD and the signals that end this process */
    unsigned int boot_seconds; /* counted from here, or from the end of the debugger */
    bool takes_input;          /* standard input is the program's */
    struct secure_log *log;    /* looked at before the program's output is passed on */
    const char *end_word;      /* NULL: the program has no streams of ours */
    pid_t debugger;            /* waited for at the end; 0: none */

    int64_t deadline;
    bool ready;
    bool has_status;
    int status;
    struct relay_stream output;
    struct relay_stream errors;
    char text[512];
    size_t text_size;
};

enum relay_end relay_run(struct relay *relay);

#endif
