/* The C library's <sys/ioctl.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_SYS_IOCTL_H
#define POSTERN_TA_SYS_IOCTL_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_ioctl ioctl
#define ioctl libc_ioctl

#include_next <sys/ioctl.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef ioctl
#endif

#endif
