#include <kernel/object/set.h>
#include <kernel/sched/lock.h>

/*
 * Nested sets form a graph without rings, but with as many paths as apps care to build. Each walk
 * has a number, and a set that was visited in this walk is not entered again.
 */
static uint64_t walk;

enum error set_create(struct set **out)
{
    struct set *set = port_alloc(sizeof(*set));
    if (set == NULL)
        return E_NO_MEMORY;
    object_init(&set->object, OBJECT_SET);
    list_init(&set->members);
    *out = set;
    return E_OK;
}

static uint32_t member_events(struct set_member *member);

static uint32_t events_in_walk(struct set *set)
{
    if (set->visited == walk)
        return set->visit_events;
    set->visited = walk;
    set->visit_events = 0;
    LIST_FOR_EACH (link, &set->members)
        if (member_events(LIST_OF(link, struct set_member, set_link)) != 0)
            set->visit_events = SYS_EVENT_READY;
    set->notified = set->visit_events != 0;
    return set->visit_events;
}

static uint32_t member_events(struct set_member *member)
{
    struct object *object = member->handle->object;
    uint32_t events =
        object->kind == OBJECT_SET ? events_in_walk(set_of(object)) : object_events(object);
    return events & member->mask;
}

uint32_t set_events(struct object *object)
{
    walk++;
    return events_in_walk(set_of(object));
}

struct set_member *set_ready(struct set *set, uint32_t *events)
{
    walk++;
    LIST_FOR_EACH (link, &set->members) {
        struct set_member *member = LIST_OF(link, struct set_member, set_link);
        *events = member_events(member);
        if (*events == 0)
            continue;
        list_remove(link);
        list_append(&set->members, link);
        return member;
    }
    set->notified = false;
    return NULL;
}

bool set_is_ready_alone(struct set *set, const struct set_member *member)
{
    walk++;
    LIST_FOR_EACH (link, &set->members) {
        struct set_member *other = LIST_OF(link, struct set_member, set_link);
        if (other != member && member_events(other) != 0)
            return false;
    }
    return true;
}

static void member_notified(struct watch *watch)
{
    struct set *set = LIST_OF(watch, struct set_member, watch)->set;
    if (set->notified)
        return;
    set->notified = true;
    object_notify(&set->object);
}

/* Whether `wanted` is `set` or can be reached from it. In the current walk. */
static bool reaches(struct set *set, const struct set *wanted)
{
    if (set == wanted)
        return true;
    if (set->visited == walk)
        return false;
    set->visited = walk;
    LIST_FOR_EACH (link, &set->members) {
        struct object *object = LIST_OF(link, struct set_member, set_link)->handle->object;
        if (object->kind == OBJECT_SET && reaches(set_of(object), wanted))
            return true;
    }
    return false;
}

static struct set_member *find_member(struct set *set, const struct handle *handle)
{
    LIST_FOR_EACH (link, &set->members) {
        struct set_member *member = LIST_OF(link, struct set_member, set_link);
        if (member->handle == handle)
            return member;
    }
    return NULL;
}

enum error set_add(struct set *set, struct handle *handle, uint32_t mask, uint64_t cookie)
{
    walk++;
    if (handle->object->kind == OBJECT_SET && reaches(set_of(handle->object), set))
        return E_INVALID;
    if (find_member(set, handle) != NULL)
        return E_EXISTS;
    if (handle->table->num_members == SET_MEMBERS_MAX)
        return E_NO_RESOURCES;
    struct set_member *member = port_alloc(sizeof(*member));
    if (member == NULL)
        return E_NO_MEMORY;
    member->set = set;
    member->handle = handle;
    member->mask = mask;
    member->cookie = cookie;
    list_append(&set->members, &member->set_link);
    list_append(&handle->members, &member->handle_link);
    handle->table->num_members++;
    object_watch(handle->object, &member->watch, member_notified);
    set->notified = false;
    member_notified(&member->watch);
    return E_OK;
}

enum error set_modify(struct set *set, struct handle *handle, uint32_t mask, uint64_t cookie)
{
    struct set_member *member = find_member(set, handle);
    if (member == NULL)
        return E_NOT_FOUND;
    member->mask = mask;
    member->cookie = cookie;
    set->notified = false;
    member_notified(&member->watch);
    return E_OK;
}

static void free_member(struct set_member *member)
{
    list_remove(&member->set_link);
    list_remove(&member->handle_link);
    member->handle->table->num_members--;
    object_unwatch(&member->watch);
    port_free(member);
}

enum error set_remove(struct set *set, struct handle *handle)
{
    struct set_member *member = find_member(set, handle);
    if (member == NULL)
        return E_NOT_FOUND;
    free_member(member);
    return E_OK;
}

bool set_is_empty(const struct set *set)
{
    return list_empty(&set->members);
}

void set_forget_handle(struct handle *handle)
{
    LIST_FOR_EACH (link, &handle->members)
        free_member(LIST_OF(link, struct set_member, handle_link));
}

void set_shut(struct object *object)
{
    struct set *set = set_of(object);
    LIST_FOR_EACH (link, &set->members)
        free_member(LIST_OF(link, struct set_member, set_link));
}

void set_free(struct object *object)
{
    port_free(set_of(object));
}
