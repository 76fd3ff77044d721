/* Names of the architectures that a package can hold an image for. */
#ifndef POSTERN_TOOLS_PACKAGE_ARCH_H
#define POSTERN_TOOLS_PACKAGE_ARCH_H

#include <stdint.h>

/* "x86_64", "aarch64", or "unknown". */
const char *arch_name(uint32_t arch);
/* PACKAGE_ARCH_*, or 0 when there is none of that name. */
uint32_t arch_number(const char *name);
/* All names, separated by commas, for messages. */
const char *arch_names(void);

#endif
