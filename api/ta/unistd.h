/* The C library's <unistd.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_UNISTD_H
#define POSTERN_TA_UNISTD_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_close close
#pragma redefine_extname libc_read read
#pragma redefine_extname libc_write write
#define close libc_close
#define read libc_read
#define write libc_write

#include_next <unistd.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef close
#undef read
#undef write
#endif

#endif
