/*
 * What all kernel objects share. Apps reach objects through handles only; a gate's end of a channel
 * is reached by the gate's own pointer, which counts as a handle.
 *
 * Two counts: `handles` is how many ways lead to the object (handle table entries, messages that
 * carry it, a gate); when the last goes the object shuts: a port's name is free, a channel hangs
 * up. `references` keep the memory alive (a shut port may still be named by a pending connection).
 * Every handle holds a reference. The lock is held in all of these.
 */
#ifndef POSTERN_KERNEL_OBJECT_OBJECT_H
#define POSTERN_KERNEL_OBJECT_OBJECT_H

#include <lib/list.h>
#include <lib/refcount.h>
#include <stdint.h>

enum object_kind {
    OBJECT_PORT,
    OBJECT_CHANNEL,
    OBJECT_SET,
    OBJECT_MEMORY,
};

struct object {
    enum object_kind kind;
    struct refcount references;
    uint32_t handles;
    struct list watches; /* who is told when the object's events may have changed */
    struct list dying_link;
};

/* Somebody who is told. Lives in its user's memory. */
struct watch {
    struct list link;
    void (*notify)(struct watch *watch);
};

void object_start_all(void); /* once, at the kernel's start */
/* One reference, no handle yet. */
void object_init(struct object *object, enum object_kind kind);
void object_get(struct object *object);
void object_put(struct object *object);   /* frees with the last one */
void object_open(struct object *object);  /* one more handle */
void object_close(struct object *object); /* one handle less; shuts with the last one */

void object_watch(struct object *object, struct watch *watch, void (*notify)(struct watch *));
void object_unwatch(struct watch *watch); /* harmless when it watches nothing */
void object_notify(struct object *object);

/* The events that hold now (SYS_EVENT_*). */
uint32_t object_events(struct object *object);
/* Events of `events` that come only once were delivered. */
void object_delivered(struct object *object, uint32_t events);

#endif
