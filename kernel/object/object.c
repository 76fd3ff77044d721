#include <kernel/object/channel.h>
#include <kernel/object/memory.h>
#include <kernel/object/object.h>
#include <kernel/object/port.h>
#include <kernel/object/set.h>
#include <kernel/sched/lock.h>

/*
 * Objects whose last handle went, to be shut one after the other by the outermost object_close:
 * shutting one may close the handles in its queue, and those in theirs, to any depth that apps care
 * to build, and the kernel's stack is small.
 */
static struct list dying;
static bool shutting;

void object_start_all(void)
{
    list_init(&dying);
    shutting = false;
}

void object_init(struct object *object, enum object_kind kind)
{
    object->kind = kind;
    refcount_init(&object->references);
    object->handles = 0;
    list_init(&object->watches);
    list_init(&object->dying_link);
}

void object_get(struct object *object)
{
    refcount_get(&object->references);
}

void object_put(struct object *object)
{
    if (!refcount_put(&object->references))
        return;
    CHECK(object->handles == 0 && list_empty(&object->watches));
    switch (object->kind) {
    case OBJECT_PORT:
        port_object_free(object);
        break;
    case OBJECT_CHANNEL:
        channel_free(object);
        break;
    case OBJECT_SET:
        set_free(object);
        break;
    case OBJECT_MEMORY:
        memory_free(object);
        break;
    }
}

void object_open(struct object *object)
{
    object_get(object);
    object->handles++;
}

static void shut(struct object *object)
{
    switch (object->kind) {
    case OBJECT_PORT:
        port_object_shut(object);
        break;
    case OBJECT_CHANNEL:
        channel_shut(object);
        break;
    case OBJECT_SET:
        set_shut(object);
        break;
    case OBJECT_MEMORY:
        memory_shut(object);
        break;
    }
}

void object_close(struct object *object)
{
    CHECK(object->handles > 0);
    if (--object->handles > 0) {
        object_put(object);
        return;
    }
    /* The handle's reference goes once the object was shut. */
    list_append(&dying, &object->dying_link);
    if (shutting)
        return;
    shutting = true;
    for (struct list *link = list_take_first(&dying); link != NULL;
         link = list_take_first(&dying)) {
        struct object *next = LIST_OF(link, struct object, dying_link);
        shut(next);
        object_put(next);
    }
    shutting = false;
}

void object_watch(struct object *object, struct watch *watch, void (*notify)(struct watch *))
{
    watch->notify = notify;
    list_append(&object->watches, &watch->link);
}

void object_unwatch(struct watch *watch)
{
    list_remove(&watch->link);
}

inline void object_notify(struct object *object)
{
    LIST_FOR_EACH (link, &object->watches) {
        struct watch *watch = LIST_OF(link, struct watch, link);
        watch->notify(watch);
    }
}

inline uint32_t object_events(struct object *object)
{
    switch (object->kind) {
    case OBJECT_PORT:
        return port_object_events(object);
    case OBJECT_CHANNEL:
        return channel_events(object);
    case OBJECT_SET:
        return set_events(object);
    case OBJECT_MEMORY:
        return 0;
    }
    return 0;
}

void object_delivered(struct object *object, uint32_t events)
{
    if (object->kind == OBJECT_CHANNEL)
        channel_delivered(object, events);
}
