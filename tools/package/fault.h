/*
 * Names for the places of faults. In TrustZone the kernel keeps no symbols of the apps: its log tells
 * an offset in the app's image, and the package, where it is at hand, tells the function.
 */
#ifndef POSTERN_TOOLS_PACKAGE_FAULT_H
#define POSTERN_TOOLS_PACKAGE_FAULT_H

#include <stddef.h>
#include <stdio.h>

/* Package files, and folders that have packages as UUID.ta. */
struct fault_apps {
    const char *const *at;
    size_t count;
};

/* Writes one line of a log (without its newline) and a newline; where it tells of a fault in an app
 * whose package is among `apps`, with the function's name. */
void fault_put_line(FILE *to, const char *line, size_t length, const struct fault_apps *apps);
/* The same for a whole text; carriage returns are left out. */
void fault_put_text(FILE *to, const char *text, size_t size, const struct fault_apps *apps);

#endif
