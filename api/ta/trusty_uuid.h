/* The older name of <uapi/trusty_uuid.h>. */
#ifndef POSTERN_TRUSTY_UUID_H
#define POSTERN_TRUSTY_UUID_H

#include <uapi/trusty_uuid.h>

#endif
