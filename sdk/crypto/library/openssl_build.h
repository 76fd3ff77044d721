/*
 * What OpenSSL's own files see before anything else when they are built for the library: the
 * processor's features are told by getauxval() (processor.c), so that none is probed by trying it.
 */
#if !defined(POSTERN_SDK_CRYPTO_LIBRARY_OPENSSL_BUILD_H) && !defined(__ASSEMBLER__)
#define POSTERN_SDK_CRYPTO_LIBRARY_OPENSSL_BUILD_H

#include <sys/auxv.h>
#define OSSL_IMPLEMENT_GETAUXVAL

#endif
