/* The C library's <sys/wait.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_SYS_WAIT_H
#define POSTERN_TA_SYS_WAIT_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_wait wait
#define wait libc_wait

#include_next <sys/wait.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef wait
#endif

#endif
