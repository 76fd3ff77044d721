/*
 * Pointers that an app hands to the Trusty API. The kernel never sees them, so this is where a bad
 * one is found: before it is used, and never by faulting. An app has one thread, so what was good
 * stays good during a call.
 */
#ifndef POSTERN_SDK_TRUSTY_MEMORY_H
#define POSTERN_SDK_TRUSTY_MEMORY_H

#include <sdk/rt/runtime.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trusty_ipc.h>

static inline bool trusty_memory_readable(const void *address, size_t size)
{
    return rt_probe(address, size, false);
}

static inline bool trusty_memory_writable(const void *address, size_t size)
{
    return rt_probe(address, size, true);
}

/* Copies a string without its NUL, `room` characters at most, and stores how many there are
 * (`room`: that many or more). False when a byte of it cannot be read. */
bool trusty_memory_copy_string(const char *text, char *to, size_t room, size_t *length);

/* Copies the pieces one after the other, `room` bytes at most, and stores how many were copied.
 * False when the array or a piece (as far as it is copied) cannot be read. */
bool trusty_memory_gather(const iovec_t *iov, size_t num_iov, uint8_t *to, size_t room,
                          size_t *length);

/* How much the pieces hold together, `room` at most. False when the array cannot be read. */
bool trusty_memory_room(const iovec_t *iov, size_t num_iov, size_t room, size_t *length);

/* Copies `length` bytes into the pieces, as far as they go. False when one of those cannot be
 * written; some may have been by then. */
bool trusty_memory_scatter(const iovec_t *iov, size_t num_iov, const uint8_t *from, size_t length);

#endif
