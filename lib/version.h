/* Postern's version, in the one form that crosses boundaries: major << 20 | minor << 10 | patch. */
#ifndef POSTERN_LIB_VERSION_H
#define POSTERN_LIB_VERSION_H

#define POSTERN_VERSION_MAJOR 0u
#define POSTERN_VERSION_MINOR 1u
#define POSTERN_VERSION_PATCH 0u
#define POSTERN_VERSION_TEXT "0.1.0"
#define POSTERN_VERSION                                                                            \
    (POSTERN_VERSION_MAJOR << 20 | POSTERN_VERSION_MINOR << 10 | POSTERN_VERSION_PATCH)

#endif
