/*
 * The C library's <sys/mman.h>, with mmap() and munmap() that know Trusty's memory references: a
 * descriptor that is an IPC handle (1000 and up) names a memory object, of memref_create() or
 * received with a message. MAP_FAILED with errno: EBADF, no such handle; EINVAL, not a memory
 * object, or not whole pages; EACCES, more rights asked for than it gives; ENOMEM. Where the memory
 * appears is the kernel's choice (`addr` is a hint and not followed); `flags` are not looked at:
 * the memory is always shared. Everything else is the C library's.
 */
#ifndef POSTERN_TA_SYS_MMAN_H
#define POSTERN_TA_SYS_MMAN_H

#pragma GCC system_header /* #include_next is an extension */
#pragma redefine_extname mmap postern_trusty_mmap
#pragma redefine_extname munmap postern_trusty_munmap

#include_next <sys/mman.h>

/* Newer Trusty sources' names. */
#define MMAP_FLAG_PROT_READ PROT_READ
#define MMAP_FLAG_PROT_WRITE PROT_WRITE
#define MMAP_FLAG_PROT_EXEC PROT_EXEC

#endif
