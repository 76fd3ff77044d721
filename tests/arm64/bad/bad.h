/*
 * What the app `bad` and its client agree on: one command for each way to die, and some to live.
 */
#ifndef TESTS_ARM64_BAD_H
#define TESTS_ARM64_BAD_H

#define BAD_UUID {0x5d1f0a52, 0x6c1e, 0x4a0b, {0x9d, 0x51, 0x0f, 0x3a, 0x7c, 0x9b, 0x21, 0xe4}}

enum bad_command {
    BAD_NOTHING,
    BAD_READ,        /* an address that is not there */
    BAD_WRITE,       /* its own code */
    BAD_EXECUTE,     /* its own data */
    BAD_INSTRUCTION, /* one that is none */
    BAD_PRIVILEGE,   /* a system register of EL1 */
    BAD_KERNEL,      /* the kernel's memory */
    BAD_STACK,       /* no end of it */
    BAD_ABORT,
    BAD_SMC,
    BAD_HVC,
    BAD_SLEEP,      /* WFI: the processor is not the app's to stop */
    BAD_MASK,       /* interrupts off */
    BAD_COUNTER,    /* a fine clock */
    BAD_CACHE,      /* maintenance by address */
    BAD_PC,         /* no address for an instruction */
    BAD_ATOMIC,     /* not within sixteen aligned octets */
    BAD_KEY,        /* a code by the keys for pointers, which are the normal world's */
    BAD_DEATHS_END, /* the commands before this one kill the app */
    BAD_LOOP,       /* for ever */
    BAD_WAIT,       /* value in: milliseconds; can be cancelled */
    BAD_FLOAT,      /* value in and out: computes for a while; the same comes out each time */
    BAD_HEAP,       /* takes all memory, gives it back, takes it again */
    BAD_SECRET,     /* value in: rounds to go with a secret in every register */
    BAD_MAP,        /* memory where it may not be; more of it than is looked at in one go */
};

/* What stands in all of them. */
#define BAD_SECRET_WORD 0x5ec2e75ec2e75ec2

#endif
