/*
 * The part of C's <string.h> that compilers, libfdt and mbedTLS call in the freestanding AArch64
 * programs (the secure kernel, the test machine's loader). Implemented in lib/aarch64/string.c.
 */
#ifndef POSTERN_LIB_AARCH64_LIBC_STRING_H
#define POSTERN_LIB_AARCH64_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *memory, int byte, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t size);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);

#endif
