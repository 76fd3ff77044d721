/* memref_create(): where newer sources look for it. Maps are made with <sys/mman.h>. */
#ifndef POSTERN_TRUSTY_MEMREF_H
#define POSTERN_TRUSTY_MEMREF_H

#include <sys/mman.h>
#include <trusty_ipc.h>

#endif
