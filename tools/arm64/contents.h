/*
 * What the guest finds in its file system: the apps, the program with what it needs, and how to start
 * it. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_ARM64_CONTENTS_H
#define POSTERN_TOOLS_ARM64_CONTENTS_H

#include <tools/arm64/request.h>

/* Writes the initial file system `path`: what is in `base`, and what was asked for. `end` is the word
 * that ends the output (tools/arm64/guest). *status is what the process is to end with after false. */
bool contents_write(const char *path, const char *base, const struct request *request,
                    const char *end, int *status);

/* Writes the aarch64 image of the app that --gdb names to `path`. */
bool contents_symbols(const char *path, const struct request *request);

#endif
