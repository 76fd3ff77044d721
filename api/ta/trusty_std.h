/* Older sources' one header for everything of Trusty's. */
#ifndef POSTERN_TRUSTY_STD_H
#define POSTERN_TRUSTY_STD_H

#include <trusty_ipc.h>
#include <uapi/err.h>

#endif
