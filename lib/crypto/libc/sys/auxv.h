/*
 * How mbedTLS asks for the processor's SHA-256 instructions, as it would ask Linux: answered from the
 * identification register, which the secure kernel's exception level may read.
 */
#ifndef POSTERN_LIB_CRYPTO_LIBC_SYS_AUXV_H
#define POSTERN_LIB_CRYPTO_LIBC_SYS_AUXV_H

#define AT_HWCAP 16
#define HWCAP_SHA2 (1 << 6)

static inline unsigned long getauxval(unsigned long type)
{
    unsigned long features;
    (void)type;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(features));
    return (features >> 12 & 0xf) != 0 ? HWCAP_SHA2 : 0;
}

#endif
