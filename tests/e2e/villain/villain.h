/*
 * What the hostile test app `villain` and the end-to-end tests agree on. Included by both sides.
 *
 * villain does to its kernel, its clients and itself whatever a program can try. Every command that
 * it survives succeeds unless said otherwise.
 */
#ifndef TESTS_E2E_VILLAIN_H
#define TESTS_E2E_VILLAIN_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define VILLAIN_UUID {0x3d24136c, 0xc435, 0x4e4e, {0xa1, 0x2a, 0x55, 0xa3, 0x15, 0x87, 0x1e, 0x93}}

/* The manifest's property of this name, a number, says what the create entry point does. */
#define VILLAIN_CREATE_PROPERTY "villain.create"
/* The same for the destroy entry point. */
#define VILLAIN_DESTROY_PROPERTY "villain.destroy"
/* Open: with a value in at parameter 0, `a` is what the open entry point does, `b` what this session's
 * close entry point will do. */
enum villain_deed {
    VILLAIN_BEHAVE = 0,
    VILLAIN_DIE = 1,    /* a fault */
    VILLAIN_LOOP = 2,   /* for ever */
    VILLAIN_REFUSE = 3, /* create and open only: TEE_ERROR_ACCESS_CONFLICT */
    VILLAIN_EXIT = 4,   /* exit(0) */
};

/* Parameter 0, value in: a is the command's choice, b a further number. */
enum villain_command {
    VILLAIN_NOTHING = 0,
    VILLAIN_FAULT = 1,   /* a: enum villain_fault */
    VILLAIN_LOOPS = 2,   /* a: 0 for ever with cancellation masked, 1 unmasked */
    VILLAIN_ENDS = 3,    /* a: enum villain_end, b the status */
    VILLAIN_MEMORY = 4,  /* a: 0 malloc, 1 TEE_Malloc, 2 mmap, until none is left. OUT_OF_MEMORY */
    VILLAIN_STACK = 5,   /* overflows its stack */
    VILLAIN_CLOSE = 6,   /* closes the descriptors a to b */
    VILLAIN_PAGE = 7,    /* fills all of the page shared with the kernel with a & 0xff; b: 1 and
                            unmaps it; 2 random octets; 3 all but the turn word */
    VILLAIN_CALLS = 8,   /* a system calls with random numbers, b the seed */
    VILLAIN_LOG = 9,     /* a lines, b: 0 by system call, 1 by stderr, 2 one line without an end */
    VILLAIN_PANIC = 10,  /* TEE_Panic(a) */
    VILLAIN_LINUX = 11,  /* a: enum villain_linux, a Linux system call that no app may make;
                            SECURITY when Linux did it */
    VILLAIN_MISUSE = 12, /* a: enum villain_misuse, a programming error towards the internal API */
    VILLAIN_REPLY =
        13, /* sends a octets of b & 0xff on each handle that it may have, then returns */
    VILLAIN_HANDLES =
        14,              /* fills its handle table; parameter 1, value out: a how many it got, b the
                             error at its end, negated */
    VILLAIN_CREATE = 15, /* asks for memory objects of absurd sizes; 0 when all were refused */
    VILLAIN_NUMBER =
        16,             /* the system call number a; parameter 1, value out: a the error, negated */
    VILLAIN_TURN = 17,  /* gives the turn word values that nobody expects, b times */
    VILLAIN_MAP = 18,   /* asks the kernel to map at addresses a villain would like */
    VILLAIN_SIZES = 19, /* sets the sizes of all output memory to SIZE_MAX, and succeeds */
    VILLAIN_SLOW = 20,  /* waits a milliseconds */
};

enum villain_fault {
    VILLAIN_FAULT_READ = 0,
    VILLAIN_FAULT_WRITE = 1, /* to its own constants */
    VILLAIN_FAULT_JUMP = 2,  /* into its data */
    VILLAIN_FAULT_NULL = 3,
    VILLAIN_FAULT_CALL = 4, /* to address 0 */
    VILLAIN_FAULT_DIVIDE = 5,
    VILLAIN_FAULT_ILLEGAL = 6, /* an instruction that does not exist */
    VILLAIN_FAULT_PRIVILEGED = 7,
    VILLAIN_FAULT_ADDRESS = 8, /* not canonical */
    VILLAIN_FAULT_TRAP = 9,    /* a breakpoint without a debugger */
    VILLAIN_FAULTS = 10,
};

enum villain_end {
    VILLAIN_END_EXIT = 0,
    VILLAIN_END_QUICK = 1, /* _exit */
    VILLAIN_END_ABORT = 2,
    VILLAIN_END_KILL = 3,   /* SIGKILL to itself */
    VILLAIN_END_SYSTEM = 4, /* the kernel's own exit call */
    VILLAIN_ENDS_COUNT = 5,
};

enum villain_linux {
    VILLAIN_LINUX_OPEN = 0,
    VILLAIN_LINUX_SOCKET = 1,
    VILLAIN_LINUX_FORK = 2,
    VILLAIN_LINUX_EXEC = 3,
    VILLAIN_LINUX_KILL = 4, /* everybody it may */
    VILLAIN_LINUX_PTRACE = 5,
    VILLAIN_LINUX_PROTECT = 6, /* makes its data executable */
    VILLAIN_LINUX_MAP = 7,     /* maps new executable memory */
    VILLAIN_LINUX_PRCTL = 8,
    VILLAIN_LINUX_UNSHARE = 9,
    VILLAIN_LINUX_MEMFD = 10,
    VILLAIN_LINUX_OLD = 11, /* a 32-bit system call: int 0x80 */
    VILLAIN_LINUX_COUNT = 12,
};

enum villain_misuse {
    VILLAIN_MISUSE_NULL = 0,    /* NULL where a property's name should be */
    VILLAIN_MISUSE_POINTER = 1, /* an unmapped address to put random octets */
    VILLAIN_MISUSE_STATE = 2,   /* an operation used in the wrong state */
    VILLAIN_MISUSE_HANDLE = 3,  /* a handle that is none */
    VILLAIN_MISUSE_FREE = 4,    /* the same memory twice */
    VILLAIN_MISUSE_COUNT = 5,
};

#endif
