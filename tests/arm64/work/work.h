/*
 * What the app `work` and the client that measures it (tests/arm64/bench_client.c) agree on.
 */
#ifndef TESTS_ARM64_WORK_H
#define TESTS_ARM64_WORK_H

/* The last octet numbers the packages that tests/arm64/bench signs: it gives each its manifest. */
#define WORK_UUID(n)                                                                               \
    {                                                                                              \
        0x8f0e6a31, 0x7c05, 0x4ff2,                                                                \
        {                                                                                          \
            0xa5, 0xa6, 0x2a, 0x70, 0xd1, 0xc3, 0x9e, (n)                                          \
        }                                                                                          \
    }
#define WORK_PLAIN 0   /* an instance for each session */
#define WORK_KEPT 1    /* one instance, which stays */
#define WORK_FETCHED 2 /* and the following ones: each is opened once */
#define WORK_FETCHED_COUNT 20

/* Does nothing and succeeds, whatever the parameters. */
#define WORK_NOTHING 0
/* Four values in and out: `a` comes back inverted, `b` becomes the sum. */
#define WORK_VALUES 1
/* Parameter 0, memory in and out, is read through. Parameter 1, value out: a is the sum of its
 * 64-bit words, cut to 32 bits, b its size. */
#define WORK_READ 2

#endif
