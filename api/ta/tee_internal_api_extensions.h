/*
 * The name under which OP-TEE's apps include what goes beyond GlobalPlatform. Here it brings the
 * trace macros, printf and Postern's own functions; of OP-TEE's extensions nothing else exists.
 */
#ifndef POSTERN_TEE_INTERNAL_API_EXTENSIONS_H
#define POSTERN_TEE_INTERNAL_API_EXTENSIONS_H

#include <stdio.h>

#include <postern_ta.h>
#include <tee_internal_api.h>
#include <trace.h>

/* OP-TEE's spelling of attributes. Defined after the C library's headers above; include further ones
 * of Linux's own before this header, since some have members of such a name. */
#ifndef __unused
#define __unused __attribute__((unused))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif

#endif
