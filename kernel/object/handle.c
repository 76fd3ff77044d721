#include <kernel/object/handle.h>
#include <kernel/object/set.h>
#include <kernel/sched/lock.h>
#include <kernel/sched/thread.h>
#include <port/port.h>

static void look_at(struct handle *handle)
{
    if (list_empty(&handle->ready_link))
        list_append(&handle->table->ready, &handle->ready_link);
}

static void handle_notified(struct watch *watch)
{
    struct handle *handle = LIST_OF(watch, struct handle, watch);
    struct handle_table *table = handle->table;
    look_at(handle);
    if (table->waiting == HANDLE_WAIT_ANY ||
        (table->waiting == HANDLE_WAIT_ONE && table->waits_for == handle->object))
        thread_wake(table->thread);
}

static void slot_init(struct handle_table *table, struct handle *handle, uint32_t id)
{
    handle->id = id;
    handle->table = table;
    list_init(&handle->watch.link);
    list_init(&handle->members);
    list_init(&handle->ready_link);
}

void handle_table_init(struct handle_table *table, struct thread *thread)
{
    *table = (struct handle_table){.thread = thread};
    list_init(&table->ready);
    list_init(&table->free_sessions);
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        slot_init(table, &table->slots[i], SYS_HANDLE_BASE + i);
}

void handle_table_close_all(struct handle_table *table)
{
    table->waiting = HANDLE_WAIT_NONE;
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        if (table->slots[i].object != NULL)
            handle_close(&table->slots[i]);
    for (uint32_t i = 0; i < table->num_chunks * HANDLE_CHUNK; i++) {
        struct handle *handle = &table->chunks[i / HANDLE_CHUNK][i % HANDLE_CHUNK];
        if (handle->object != NULL)
            handle_close(handle);
    }
}

void handle_table_free_chunks(struct handle_table *table)
{
    for (uint32_t i = 0; i < table->num_chunks; i++)
        port_free(table->chunks[i]);
    table->num_chunks = 0;
    list_init(&table->free_sessions);
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

bool handle_table_waitable(const struct handle_table *table)
{
    for (uint32_t i = 0; i < SYS_HANDLES_MAX; i++)
        if (table->slots[i].object != NULL && (table->slots[i].rights & RIGHT_WAIT) != 0)
            return true;
    return table->num_open > SYS_HANDLES_MAX - handle_table_free(table);
}

bool handle_table_empty(const struct handle_table *table)
{
    return table->num_open == 0;
}

static void fill(struct handle *handle, struct object *object, uint32_t rights)
{
    object_open(object);
    handle->object = object;
    handle->rights = rights;
    handle->cookie = 0;
    handle->table->num_open++;
    object_watch(object, &handle->watch, handle_notified);
    look_at(handle); /* something may hold already */
}

enum error handle_install(struct handle_table *table, struct object *object, uint32_t rights,
                          struct handle **out)
{
    struct handle *handle = free_slot(table);
    if (handle == NULL)
        return E_NO_RESOURCES;
    fill(handle, object, rights);
    *out = handle;
    return E_OK;
}

static enum error add_chunk(struct handle_table *table)
{
    if (table->num_chunks == SYS_SESSIONS_MAX / HANDLE_CHUNK)
        return E_NO_RESOURCES;
    struct handle *chunk = port_alloc(HANDLE_CHUNK * sizeof(*chunk));
    if (chunk == NULL)
        return E_NO_MEMORY;
    uint32_t first = SYS_SESSION_BASE + table->num_chunks * HANDLE_CHUNK;
    for (uint32_t i = 0; i < HANDLE_CHUNK; i++) {
        slot_init(table, &chunk[i], first + i);
        list_append(&table->free_sessions, &chunk[i].ready_link);
    }
    table->chunks[table->num_chunks++] = chunk;
    return E_OK;
}

enum error handle_reserve_sessions(struct handle_table *table, uint32_t count)
{
    uint32_t free_slots = 0;
    for (const struct list *link = table->free_sessions.next;
         link != &table->free_sessions && free_slots < count; link = link->next)
        free_slots++;
    for (; free_slots < count; free_slots += HANDLE_CHUNK) {
        enum error error = add_chunk(table);
        if (error != E_OK)
            return error;
    }
    return E_OK;
}

enum error handle_install_session(struct handle_table *table, struct object *object,
                                  uint32_t rights, struct handle **out)
{
    if (list_empty(&table->free_sessions)) {
        enum error error = add_chunk(table);
        if (error != E_OK)
            return error;
    }
    struct list *link = list_take_first(&table->free_sessions);
    CHECK(link != NULL);
    *out = LIST_OF(link, struct handle, ready_link);
    fill(*out, object, rights);
    return E_OK;
}

static struct handle *slot_of(struct handle_table *table, uint64_t id)
{
    if (id >= SYS_HANDLE_BASE && id - SYS_HANDLE_BASE < SYS_HANDLES_MAX)
        return &table->slots[id - SYS_HANDLE_BASE];
    uint64_t session = id - SYS_SESSION_BASE;
    if (id < SYS_SESSION_BASE || session >= (uint64_t)table->num_chunks * HANDLE_CHUNK)
        return NULL;
    return &table->chunks[session / HANDLE_CHUNK][session % HANDLE_CHUNK];
}

inline enum error handle_find(struct handle_table *table, uint64_t id, struct handle **out)
{
    *out = slot_of(table, id);
    if (*out == NULL)
        return E_BAD_HANDLE;
    return (*out)->object == NULL ? E_NOT_FOUND : E_OK;
}

inline enum error handle_find_kind(struct handle_table *table, uint64_t id, enum object_kind kind,
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
    list_remove(&handle->ready_link);
    handle->object = NULL;
    handle->rights = 0;
    handle->cookie = 0;
    handle->table->num_open--;
    if (handle->id >= SYS_SESSION_BASE)
        list_append(&handle->table->free_sessions, &handle->ready_link);
    object_close(object);
}

inline struct handle *handle_table_ready(struct handle_table *table,
                                         const struct object *sessions_of, uint32_t *events)
{
    LIST_FOR_EACH (link, &table->ready) {
        struct handle *handle = LIST_OF(link, struct handle, ready_link);
        if (sessions_of != NULL && handle->id < SYS_SESSION_BASE && handle->object != sessions_of)
            continue;
        list_remove(link);
        *events = object_events(handle->object);
        if (*events == 0)
            continue;
        list_append(&table->ready, link);
        return handle;
    }
    return NULL;
}

bool handle_is_ready_alone(const struct handle *handle)
{
    LIST_FOR_EACH (link, &handle->table->ready) {
        if (link == &handle->ready_link)
            continue;
        if (object_events(LIST_OF(link, struct handle, ready_link)->object) != 0)
            return false;
        list_remove(link); /* quiet */
    }
    return true;
}

void handle_settle(struct handle *handle)
{
    if (object_events(handle->object) == 0)
        list_remove(&handle->ready_link);
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
