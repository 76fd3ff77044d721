/*
 * Handle sets: one object to wait on for many handles of the same app. A member has its own event
 * mask and cookie. Sets nest, but never in a ring; a set within a set shows READY while something
 * holds in it.
 */
#ifndef POSTERN_KERNEL_OBJECT_SET_H
#define POSTERN_KERNEL_OBJECT_SET_H

#include <kernel/object/handle.h>

/* Of all sets of an app: each costs the kernel memory, and time. No less than all of its handles but the
 * sessions can have. */
#define SET_MEMBERS_MAX 4096u

struct set {
    struct object object;
    struct list members;   /* the next to be looked at first */
    bool notified;         /* its watchers were told since it was last found quiet */
    uint64_t visited;      /* the last walk through nested sets that came here ... */
    uint32_t visit_events; /* ... and what it found */
};

struct set_member {
    struct list set_link;
    struct list handle_link;
    struct set *set;
    struct handle *handle;
    uint32_t mask;
    uint64_t cookie;
    struct watch watch;
};

enum error set_create(struct set **out) MUST_CHECK; /* one reference, no handle; E_NO_MEMORY */
/* E_EXISTS; E_INVALID: would make a ring; E_NO_RESOURCES: SET_MEMBERS_MAX; E_NO_MEMORY. */
enum error set_add(struct set *set, struct handle *handle, uint32_t mask,
                   uint64_t cookie) MUST_CHECK;
/* E_NOT_FOUND. */
enum error set_modify(struct set *set, struct handle *handle, uint32_t mask,
                      uint64_t cookie) MUST_CHECK;
enum error set_remove(struct set *set, struct handle *handle) MUST_CHECK; /* E_NOT_FOUND */
/* A member on which something holds, fairly; NULL: none. */
struct set_member *set_ready(struct set *set, uint32_t *events);
/* Whether nothing holds on any other member than this one, on which something does. */
bool set_is_ready_alone(struct set *set, const struct set_member *member);
bool set_is_empty(const struct set *set);
/* The handle is being closed: takes it out of every set. */
void set_forget_handle(struct handle *handle);

static inline struct set *set_of(struct object *object)
{
    return LIST_OF(object, struct set, object);
}

/* For object.c. */
void set_shut(struct object *object);
void set_free(struct object *object);
uint32_t set_events(struct object *object);

#endif
