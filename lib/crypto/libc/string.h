/*
 * What mbedTLS needs of the C library, for builds without one: declarations only. Whoever links
 * lib/crypto brings these functions along (a C library, or port/aarch64's).
 */
#ifndef POSTERN_LIB_CRYPTO_LIBC_STRING_H
#define POSTERN_LIB_CRYPTO_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int octet, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
void explicit_bzero(void *memory, size_t size); /* mbedTLS calls it where there is glibc */

#endif
