/*
 * Names for the places of faults. The kernel's log tells an offset in the app's image (in TrustZone it
 * keeps no symbols, and tells no more); the package, where it is at hand, tells the function, and the
 * line of the source where addr2line is installed.
 */
#ifndef POSTERN_TOOLS_PACKAGE_FAULT_H
#define POSTERN_TOOLS_PACKAGE_FAULT_H

#include <lib/package.h>
#include <lib/uuid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <tools/file.h>

/* Package files, and folders that have packages as UUID.ta. */
struct fault_apps {
    const char *const *at;
    size_t count;
    uint32_t arch; /* PACKAGE_ARCH_*: which of their images runs */
};

/* Whose line it is: the app that is named first. False: it names none. */
bool fault_uuid(const char *line, size_t length, uint8_t uuid[UUID_SIZE]);

/* That app's package. The caller frees `bytes`, into which `out` points, also after a failure. */
bool fault_package(const struct fault_apps *apps, const uint8_t uuid[UUID_SIZE],
                   struct file_bytes *bytes, struct package *out);

/* Writes one line of a log (without its newline) and a newline; where it tells of a fault in an app
 * whose package is among `apps`, with the function's name and the line of its source. */
void fault_put_line(FILE *to, const char *line, size_t length, const struct fault_apps *apps);
/* The same for a whole text; carriage returns are left out. */
void fault_put_text(FILE *to, const char *text, size_t size, const struct fault_apps *apps);

#endif
