/*
 * Whole files in and out. What is written appears whole or not at all: a temporary file in the same
 * folder, then rename or link. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_FILE_H
#define POSTERN_TOOLS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file_bytes {
    uint8_t *bytes; /* one NUL stands behind them */
    size_t size;
};

/* Reads at most `max` bytes; more is an error. The caller frees with file_bytes_free. */
bool file_read(const char *path, size_t max, struct file_bytes *out);
void file_bytes_free(struct file_bytes *bytes);
#define FILE_BYTES __attribute__((cleanup(file_bytes_free))) struct file_bytes

/* Writes the file, replacing one that is there. */
bool file_write(const char *path, mode_t mode, const void *bytes, size_t size);
/* Writes the file unless there is one of that name: then *exists (if not NULL) is set and false
 * answered, said only when `exists` is NULL. */
bool file_write_new(const char *path, mode_t mode, const void *bytes, size_t size, bool *exists);

/* Opens a log, made if need be, to append to it. */
bool file_open_log(const char *path, int *fd);

/* The file mode creation mask, which temporary files do not follow by themselves. */
mode_t file_mask(void);

/* Makes a folder and those above it that are missing, with this mode. */
bool file_make_folders(const char *path, mode_t mode);
/* Removes a folder and all in it, not following links; what is missing is no error. */
bool file_remove_tree(const char *path);

/* A string made with printf; NULL, said, when there is no memory. The caller frees it. */
__attribute__((format(printf, 1, 2))) char *file_name(const char *format, ...);
void file_name_free(char **name);
#define FILE_NAME __attribute__((cleanup(file_name_free))) char *

#endif
