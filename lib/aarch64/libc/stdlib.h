/*
 * What libfdt includes of C's <stdlib.h>: one function, of which it uses little.
 */
#ifndef POSTERN_LIB_AARCH64_LIBC_STDLIB_H
#define POSTERN_LIB_AARCH64_LIBC_STDLIB_H

#include <stddef.h>

/* Digits only, base 10 or 16; `end` may be NULL. */
unsigned long strtoul(const char *text, char **end, int base);

#endif
