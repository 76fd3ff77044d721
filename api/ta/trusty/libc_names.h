/*
 * Two meanings of one name: Trusty's close, connect, ... and the C library's.
 *
 * The headers <unistd.h>, <sys/socket.h>, <sys/wait.h>, <sys/ioctl.h>, <sys/uio.h> and <time.h>
 * beside this one come before the C library's on an app's include path. They include the C
 * library's, with its functions of these names declared as libc_close, ..., which link to the C
 * library's functions as ever. Until a source includes <trusty_ipc.h>, the plain name is a macro
 * for that. <trusty_ipc.h> includes this file, which takes the macros away for good, and declares
 * the plain names as Trusty's functions. So the order of the includes does not matter.
 */
#ifndef POSTERN_TRUSTY_LIBC_NAMES_H
#define POSTERN_TRUSTY_LIBC_NAMES_H

#undef close
#undef read
#undef write
#undef accept
#undef connect
#undef wait
#undef ioctl
#undef readv
#undef writev
#undef nanosleep

#endif
