/* The C library's <time.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_TIME_H
#define POSTERN_TA_TIME_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_nanosleep nanosleep
#define nanosleep libc_nanosleep

#include_next <time.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef nanosleep
#endif

#endif
