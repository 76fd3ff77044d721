/*
 * mbedTLS's configuration: the SHA-256 block function and the arithmetic of large numbers, nothing
 * else. No heap (whoever asks for memory is told that there is none: crypto_no_memory), no files, no
 * time, no output. Every file of lib/crypto and the few of mbedTLS's own see it through
 * MBEDTLS_CONFIG_FILE.
 */
#ifndef POSTERN_LIB_CRYPTO_MBEDTLS_CONFIG_H
#define POSTERN_LIB_CRYPTO_MBEDTLS_CONFIG_H

#include <stddef.h>

#define MBEDTLS_SHA256_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_HAVE_ASM

/* The processor's own SHA-256 instructions, where the build has them (-march=armv8-a+crypto) and the
 * processor, too: libc/sys/auxv.h asks it. */
#if defined(__aarch64__) && defined(__ARM_FEATURE_CRYPTO)
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#define MBEDTLS_SHA256_SMALLER /* what the others run */
#endif

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO crypto_no_memory
#define MBEDTLS_PLATFORM_FREE_MACRO crypto_no_free

static inline void *crypto_no_memory(size_t count, size_t size)
{
    (void)count;
    (void)size;
    return NULL;
}

static inline void crypto_no_free(void *memory)
{
    (void)memory;
}

#endif
