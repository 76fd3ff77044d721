/* The C library's <sys/uio.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_SYS_UIO_H
#define POSTERN_TA_SYS_UIO_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_readv readv
#pragma redefine_extname libc_writev writev
#define readv libc_readv
#define writev libc_writev

#include <bits/types/struct_iovec.h>
#include_next <sys/uio.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef readv
#undef writev
#endif

#endif
