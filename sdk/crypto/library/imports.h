/*
 * What the library asks of the app that it works in. The app's runtime hands it over once, before it
 * calls the first export; see abi/library.h for the rest.
 */
#ifndef POSTERN_SDK_CRYPTO_LIBRARY_IMPORTS_H
#define POSTERN_SDK_CRYPTO_LIBRARY_IMPORTS_H

#include <stddef.h>
#include <stdint.h>

/* The functions do as C's of these names. The structure only grows at its end. */
struct library_imports {
    uint64_t size;     /* of this structure */
    uint64_t features; /* what the kernel said of the processor: ID_AA64ISAR0_EL1 */
    void *(*malloc)(size_t size);
    void *(*realloc)(void *memory, size_t size);
    void (*free)(void *memory);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    int (*getentropy)(void *out, size_t size); /* 0, or -1 */
    uint64_t (*clock)(uint32_t clock);         /* SYS_CLOCK_*: nanoseconds */
    void (*abort)(void);
};

/* The header's `start`: called once in an app, before any export. `imports` is copied. */
typedef void (*library_start)(const struct library_imports *imports);

#endif
