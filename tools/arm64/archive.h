/*
 * Writing an initial file system for Linux: a cpio archive in the "newc" form
 * (Documentation/driver-api/early-userspace/buffer-format.rst), appended to one that is there. Linux
 * takes archives that follow each other as one. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_ARM64_ARCHIVE_H
#define POSTERN_TOOLS_ARM64_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct archive {
    FILE *file;
    const char *path;
    unsigned int entries;
};

/* A new file `path` (which lives as long as the archive) that begins with what is in `base`. */
bool archive_create(struct archive *out, const char *path, const char *base);
/* A file of the guest, owned by root; the folders above it come with it. */
bool archive_add(struct archive *archive, const char *name, mode_t mode, const void *bytes,
                 size_t size);
/* A file of this machine under that name; executable there as it is here. */
bool archive_add_file(struct archive *archive, const char *name, const char *path);
/* Ends it. Must be called once after archive_create was good, whatever came of the rest. */
bool archive_finish(struct archive *archive);

#endif
