/*
 * struct iovec, for Trusty's and the C library's functions alike: this file takes the place of the
 * C library's of the same name, with the same layout. The document's text calls the members `base`
 * and `len`, its server example and all newer sources `iov_base` and `iov_len`; both are the same
 * members here.
 */
#ifndef __iovec_defined
#define __iovec_defined 1
#define __DEFINED_struct_iovec /* musl's name for the same */

#pragma GCC system_header

#include <stddef.h>

/* With the unions below, `{ buffer, length }` would earn a remark about braces that the source at
 * hand cannot help. */
#pragma GCC diagnostic ignored "-Wmissing-braces"

struct iovec {
    union {
        void *base;
        void *iov_base;
    };
    union {
        size_t len;
        size_t iov_len;
    };
};

typedef struct iovec iovec_t;

#endif
