/* The few words of Trusty's <lk/macros.h> that its apps use. */
#ifndef POSTERN_LK_MACROS_H
#define POSTERN_LK_MACROS_H

#include <stddef.h>

#ifndef countof
#define countof(a) (sizeof(a) / sizeof((a)[0]))
#endif
#ifndef containerof
#define containerof(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
#endif
#ifndef MIN
#define MIN(x, y) ((x) < (y) ? (x) : (y))
#endif
#ifndef MAX
#define MAX(x, y) ((x) > (y) ? (x) : (y))
#endif

#endif
