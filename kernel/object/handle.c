#include <kernel/object/handle.h>
#include <kernel/object/set.h>
#include <kernel/sched/thread.h>

static void handle_notified(struct watch *watch)
{
    struct handle *handle = LIST_OF(watch, struct handle, watch);
    struct handle_table *table = handle->table;
    if (table->waiting == HANDLE_WAIT_ANY ||
        (table->waiting == HANDLE_WAIT_ONE && table->waits_for == handle->object))
        thread_wake(table->thread);
}

void handle_table_init(struct handle_table *table, struct thread *thread)
{
    *table = (struct handle_table){.thread = thread};
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++) {
        struct handle *handle = &table->slots[i];
        handle->id = SYS_HANDLE_BASE + i;
        handle->table = table;
        list_init(&handle->watch.link);
        list_init(&handle->members);
    }
}

void handle_table_close_all(struct handle_table *table)
{
    table->waiting = HANDLE_WAIT_NONE;
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        if (table->slots[i].object != NULL)
            handle_close(&table->slots[i]);
}

static struct handle *free_slot(struct handle_table *table)
{
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        if (table->slots[i].object == NULL)
            return &table->slots[i];
    return NULL;
}

bool handle_table_full(const struct handle_table *table)
{
    return handle_table_free(table) == 0;
}

uint32_t handle_table_free(const struct handle_table *table)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        count += table->slots[i].object == NULL;
    return count;
}

bool handle_table_empty(const struct handle_table *table)
{
    return handle_table_free(table) == SYS_HANDLES_MAX;
}

enum error handle_install(struct handle_table *table, struct object *object, uint32_t rights,
                          struct handle **out)
{
    struct handle *handle = free_slot(table);
    if (handle == NULL)
        return E_NO_RESOURCES;
    object_open(object);
    handle->object = object;
    handle->rights = rights;
    handle->cookie = 0;
    object_watch(object, &handle->watch, handle_notified);
    *out = handle;
    return E_OK;
}

enum error handle_find(struct handle_table *table, uint64_t id, struct handle **out)
{
    if (id < SYS_HANDLE_BASE || id - SYS_HANDLE_BASE >= SYS_HANDLES_MAX)
        return E_BAD_HANDLE;
    *out = &table->slots[id - SYS_HANDLE_BASE];
    return (*out)->object == NULL ? E_NOT_FOUND : E_OK;
}

enum error handle_find_kind(struct handle_table *table, uint64_t id, enum object_kind kind,
                            uint32_t right, struct handle **out)
{
    enum error error = handle_find(table, id, out);
    if (error != E_OK)
        return error;
    if ((*out)->object->kind != kind)
        return E_INVALID;
    return ((*out)->rights & right) == right ? E_OK : E_ACCESS_DENIED;
}

void handle_close(struct handle *handle)
{
    struct object *object = handle->object;
    set_forget_handle(handle);
    object_unwatch(&handle->watch);
    handle->object = NULL;
    handle->rights = 0;
    handle->cookie = 0;
    object_close(object);
}

struct handle *handle_table_ready(struct handle_table *table, uint32_t *events)
{
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++) {
        struct handle *handle = &table->slots[(table->next + i) % SYS_HANDLES_MAX];
        if (handle->object == NULL)
            continue;
        *events = object_events(handle->object);
        if (*events == 0)
            continue;
        table->next = (table->next + i + 1) % SYS_HANDLES_MAX;
        return handle;
    }
    return NULL;
}

struct thread *handle_holder(const struct object *object)
{
    for (const struct list *link = object->watches.next; link != &object->watches;
         link = link->next) {
        const struct watch *watch = LIST_OF(link, const struct watch, link);
        if (watch->notify == handle_notified)
            return LIST_OF(watch, struct handle, watch)->table->thread;
    }
    return NULL;
}
