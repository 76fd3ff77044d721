/*
 * Inside the TrustZone runtime: what its parts need of each other.
 */
#ifndef POSTERN_SDK_RT_AARCH64_AARCH64_H
#define POSTERN_SDK_RT_AARCH64_AARCH64_H

#include <stddef.h>
#include <stdint.h>

/* heap.c: malloc() and the others give from this range. */
void heap_start(uintptr_t base, size_t size);

/* output.c: a line that has no newline yet goes to the log, too. */
void output_flush(void);

#endif
