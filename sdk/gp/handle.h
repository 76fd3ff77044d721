/*
 * The handles that the API gives out: numbers that name a thing of the SDK's and its kind. A handle
 * that was freed, or is of another kind, or is just any number, is found out.
 */
#ifndef POSTERN_SDK_GP_HANDLE_H
#define POSTERN_SDK_GP_HANDLE_H

#include <stdbool.h>

enum handle_kind {
    HANDLE_ENUMERATOR = 1,
    HANDLE_OBJECT = 2,
    HANDLE_OPERATION = 3,
    HANDLE_SESSION = 4,
};

/* A new handle of `thing` (not NULL), which stays the caller's. NULL: no memory, or too many. */
void *handle_create(enum handle_kind kind, void *thing);
/* The thing; NULL when this is no such handle. */
void *handle_find(enum handle_kind kind, const void *handle);
/* The thing; panics as `function` when this is no such handle. */
void *handle_get(const char *function, enum handle_kind kind, const void *handle);
/* Frees the handle, which handle_find has just found. */
void handle_destroy(const void *handle);

#endif
