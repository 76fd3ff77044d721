/*
 * Which contexts, sessions and shared memories are alive.
 *
 * Callers' structures hold a handle, a number; only the registry turns it into a pointer, so that a
 * structure that was closed, copied or never filled in is recognised and never followed. A handle
 * is never used twice, and the first one is random.
 *
 * An entry has one owner and any number of pins. registry_take ends it: later pins fail, and
 * whoever drops the last reference (the taker or a pin) destroys the object. Pinning takes no lock.
 */
#ifndef POSTERN_LIBTEEC_REGISTRY_H
#define POSTERN_LIBTEEC_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

enum registry_kind {
    REGISTRY_CONTEXT,
    REGISTRY_SESSION,
    REGISTRY_MEMORY,
    REGISTRY_KINDS,
};

/* Adds an object, owned by the registry's user. Answers its handle, or 0: too many, or no memory. */
uint64_t registry_add(enum registry_kind kind, void *object);

/* The object, which stays until registry_unpin; NULL when there is none or it was taken. */
void *registry_pin(enum registry_kind kind, uint64_t handle);

/* One more pin on what is pinned or owned already, also after it was taken. */
void registry_pin_again(enum registry_kind kind, uint64_t handle);

/* Drops a pin (or the taker's reference). True: it was the last, and the caller destroys the
 * object, which nobody can reach any more. */
bool registry_unpin(enum registry_kind kind, uint64_t handle) __attribute__((warn_unused_result));

/* Drops one of two references that the caller has. */
void registry_unpin_one_of_two(enum registry_kind kind, uint64_t handle);

/* Ends the entry: the owner's reference becomes the caller's. NULL when another was first. */
void *registry_take(enum registry_kind kind, uint64_t handle);

/* Whether the caller's reference, of a taken entry, is the only one. */
bool registry_alone(enum registry_kind kind, uint64_t handle);
/* Waits until it is. */
void registry_wait_alone(enum registry_kind kind, uint64_t handle);

/* Walks through the living: pins the first entry at or after *index and sets *handle, and *index to
 * the one behind it. NULL at the end. Entries added meanwhile may be missed. */
void *registry_walk(enum registry_kind kind, uint32_t *index, uint64_t *handle);

/* For process.c: around fork(). */
void registry_lock(void);
void registry_unlock(void);
void registry_lock_reset(void);

#endif
