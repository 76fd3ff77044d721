#include <kernel/gate/client.h>
#include <lib/uuid.h>
#include <port/kernel.h>

#define SLOT_BITS 14u
#define SLOT_MASK ((1u << SLOT_BITS) - 1u)
#define SLOTS_FIRST 16u

_Static_assert(CLIENT_SESSIONS_MAX <= SLOT_MASK, "a session's id holds its slot");

enum error gp_client_create(struct gp_client **out)
{
    struct gp_client *client = port_alloc(sizeof(*client));
    if (client == NULL)
        return E_NO_MEMORY;
    client->account = account_create(CLIENT_ACCOUNT_BYTES);
    if (client->account == NULL) {
        port_free(client);
        return E_NO_MEMORY;
    }
    list_init(&client->calls);
    list_init(&client->packages);
    for (uint32_t i = 0; i < CLIENT_MEMORY_BUCKETS; i++)
        list_init(&client->memory[i]);
    *out = client;
    return E_OK;
}

static bool grow(struct gp_client *client)
{
    uint32_t wanted = client->num_slots == 0 ? SLOTS_FIRST : client->num_slots * 2;
    struct client_slot *slots = port_alloc(wanted * sizeof(*slots));
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < client->num_slots; i++)
        slots[i] = client->slots[i];
    port_free(client->slots);
    client->slots = slots;
    client->num_slots = wanted;
    return true;
}

enum error client_add_session(struct gp_client *client, struct gp_session *session)
{
    uint32_t at = 0;
    while (at < client->num_slots && client->slots[at].session != NULL)
        at++;
    if (at == CLIENT_SESSIONS_MAX)
        return E_SESSION_MAXIMUM;
    if (at == client->num_slots && !grow(client))
        return E_NO_MEMORY;
    struct client_slot *slot = &client->slots[at];
    slot->generation = (slot->generation + 1) & (UINT32_MAX >> SLOT_BITS);
    slot->session = session;
    session->id = slot->generation << SLOT_BITS | (at + 1);
    return E_OK;
}

static inline struct client_slot *slot_of(struct gp_client *client, uint32_t id)
{
    uint32_t at = id & SLOT_MASK;
    if (at == 0 || at > client->num_slots)
        return NULL;
    struct client_slot *slot = &client->slots[at - 1];
    return slot->session != NULL && slot->session->id == id ? slot : NULL;
}

struct gp_session *client_find_session(struct gp_client *client, uint32_t id)
{
    struct client_slot *slot = slot_of(client, id);
    return slot == NULL ? NULL : slot->session;
}

void client_remove_session(struct gp_client *client, struct gp_session *session)
{
    struct client_slot *slot = slot_of(client, session->id);
    if (slot != NULL)
        slot->session = NULL;
}

static struct list *bucket_of(struct gp_client *client, uint64_t cookie)
{
    /* The upper bits of the product depend on all of the cookie's: in Linux it is a pointer. */
    return &client->memory[cookie * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CLIENT_MEMORY_BITS)];
}

struct client_memory *client_find_memory(struct gp_client *client, uint64_t cookie)
{
    LIST_FOR_EACH (link, bucket_of(client, cookie)) {
        struct client_memory *entry = LIST_OF(link, struct client_memory, link);
        if (entry->cookie == cookie)
            return entry;
    }
    return NULL;
}

enum error gp_shm_register(struct gp_client *client, uint64_t cookie, struct port_mem *mem,
                           uint64_t first)
{
    KERNEL_LOCKED(lock);
    if (cookie == 0 || first > port_mem_size(mem))
        return E_INVALID;
    if (client_find_memory(client, cookie) != NULL)
        return E_EXISTS;
    struct client_memory *entry = port_alloc(sizeof(*entry));
    if (entry == NULL)
        return E_NO_MEMORY;
    enum error error = memory_create(mem, NULL, &entry->memory);
    if (error != E_OK) {
        port_free(entry);
        return error;
    }
    object_open(&entry->memory->object);
    object_put(&entry->memory->object);
    entry->cookie = cookie;
    entry->first = first;
    entry->size = entry->memory->size - first;
    list_append(bucket_of(client, cookie), &entry->link);
    return E_OK;
}

static void free_memory(struct client_memory *entry)
{
    list_remove(&entry->link);
    object_close(&entry->memory->object);
    port_free(entry);
}

enum error gp_shm_release(struct gp_client *client, uint64_t cookie)
{
    KERNEL_LOCKED(lock);
    struct client_memory *entry = client_find_memory(client, cookie);
    if (entry == NULL)
        return E_NOT_FOUND;
    free_memory(entry);
    thread_offer_rest();
    return E_OK;
}

static void free_package(struct client_package *package)
{
    port_free(package->bytes);
    port_free(package);
}

/* It is not offered any more; whoever reads it just now is the last. */
static void drop_package(struct gp_client *client, struct client_package *package)
{
    list_remove(&package->link);
    client->num_packages--;
    package->replaced = true;
    if (package->users == 0)
        free_package(package);
}

struct client_package *client_find_package(struct gp_client *client, const uint8_t uuid[16])
{
    LIST_FOR_EACH (link, &client->packages) {
        struct client_package *package = LIST_OF(link, struct client_package, link);
        if (!uuid_equal(package->uuid, uuid))
            continue;
        package->users++;
        return package;
    }
    return NULL;
}

void client_package_done(struct client_package *package)
{
    package->users--;
    if (package->replaced && package->users == 0)
        free_package(package);
}

enum error gp_client_offer_package(struct gp_client *client, const uint8_t *bytes, size_t size)
{
    struct package_header header;
    if (size < sizeof(header))
        return E_BAD_FORMAT;
    if (size > PACKAGE_SIZE_MAX)
        return E_TOO_BIG;
    struct client_package *package = port_alloc(sizeof(*package));
    uint8_t *copy = port_alloc(size);
    if (package == NULL || copy == NULL) {
        port_free(package);
        port_free(copy);
        return E_NO_MEMORY;
    }
    __builtin_memcpy(copy, bytes, size);
    __builtin_memcpy(&header, copy, sizeof(header));
    __builtin_memcpy(package->uuid, header.uuid, sizeof(package->uuid));
    package->bytes = copy;
    package->size = size;
    KERNEL_LOCKED(lock);
    struct client_package *old = client_find_package(client, package->uuid);
    if (old != NULL) {
        old->users--;
        drop_package(client, old);
    }
    if (client->num_packages == GP_PACKAGES_MAX)
        drop_package(client, LIST_OF(client->packages.next, struct client_package, link));
    list_append(&client->packages, &package->link);
    client->num_packages++;
    return E_OK;
}

void gp_client_gone(struct gp_client *client)
{
    KERNEL_LOCKED(lock);
    client->gone = true;
    LIST_FOR_EACH (link, &client->calls)
        gp_cancel_call(LIST_OF(link, struct gp_call_state, client_link), INSTANCE_LET_GO_NS);
    thread_offer_rest();
}

void gp_client_destroy(struct gp_client *client)
{
    gp_client_gone(client);
    KERNEL_LOCKED(lock);
    while (!list_empty(&client->calls)) {
        struct port_waiter waiter;
        port_waiter_init(&waiter);
        client->last_call_ended = &waiter;
        lock.held = false;
        port_block(&waiter);
        lock.held = true;
    }
    for (uint32_t i = 0; i < client->num_slots; i++)
        if (client->slots[i].session != NULL)
            gp_close_session(client, client->slots[i].session, true, &lock);
    for (uint32_t i = 0; i < CLIENT_MEMORY_BUCKETS; i++)
        LIST_FOR_EACH (link, &client->memory[i])
            free_memory(LIST_OF(link, struct client_memory, link));
    LIST_FOR_EACH (link, &client->packages)
        drop_package(client, LIST_OF(link, struct client_package, link));
    account_release(client->account);
    port_free(client->slots);
    port_free(client);
    thread_offer_rest();
}
