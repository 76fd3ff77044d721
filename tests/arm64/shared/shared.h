/*
 * What the app `shared` and its clients agree on.
 */
#ifndef TESTS_ARM64_SHARED_H
#define TESTS_ARM64_SHARED_H

#define SHARED_UUID {0x5d1f0a52, 0x6c1e, 0x4a0b, {0x9d, 0x51, 0x0f, 0x3a, 0x7c, 0x9b, 0x21, 0xe5}}

enum shared_command {
    SHARED_NOTHING,
    SHARED_COMPUTE, /* value in and out: rounds; the same comes out each time */
    SHARED_WAIT,    /* value in: milliseconds; can be cancelled */
    SHARED_CRASH,
};

#endif
