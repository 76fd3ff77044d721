/* trusty_gettime() and trusty_nanosleep(): where newer sources look for them. */
#ifndef POSTERN_TRUSTY_TIME_H
#define POSTERN_TRUSTY_TIME_H

#include <trusty_ipc.h>

#endif
