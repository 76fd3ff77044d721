/* The older name of <uapi/err.h>. (The C library's <err.h>, which prints and exits, is of no use
 * in a trusted app.) */
#ifndef POSTERN_ERR_H
#define POSTERN_ERR_H

#include <uapi/err.h>

#endif
