/* The C library's <sys/socket.h>, with the names that Trusty's API has, too, kept apart: see
 * <trusty/libc_names.h>. */
#ifndef POSTERN_TA_SYS_SOCKET_H
#define POSTERN_TA_SYS_SOCKET_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname libc_accept accept
#pragma redefine_extname libc_connect connect
#define accept libc_accept
#define connect libc_connect

#include <bits/types/struct_iovec.h>
#include_next <sys/socket.h>

#ifdef POSTERN_TRUSTY_LIBC_NAMES_H
#undef accept
#undef connect
#endif

#endif
