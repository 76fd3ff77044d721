/*
 * What the app `library` and its client agree on. Each session has an instance of its own.
 */
#ifndef TESTS_ARM64_LIBRARY_H
#define TESTS_ARM64_LIBRARY_H

#define LIBRARY_UUID {0x8f2c1c6e, 0x3f0f, 0x4a55, {0x9c, 0x0b, 0x6a, 0x0d, 0x5a, 0x7b, 0x1e, 0x90}}

/* Parameter 0 is a value, in and out. */
enum library_command {
    LIBRARY_ANSWERS, /* a: 1 to hide the processor's features. Compares with known answers; answers
                        in a which one was wrong, 0: none */
    LIBRARY_WHERE,   /* has the library mapped; answers its address: a, and b << 32 */
    LIBRARY_PROBE,   /* an address: answers in a whether it can be read. Asks for nothing */
    LIBRARY_MARK,    /* leaves a in the library's data; answers in a what was there */
    LIBRARY_HASH,    /* SHA-256 of 4 KiB, a times */
    /* From here on the app dies. */
    LIBRARY_WRITE_CONSTANTS,
    LIBRARY_WRITE_TEXT,
    LIBRARY_WRITE_POINTERS,
    LIBRARY_EXECUTE_DATA,
    LIBRARY_EXECUTE_CONSTANTS,
    LIBRARY_COMMANDS_END,
};

#endif
