#include <kernel/app/instance.h>

/*
 * Mappings of memory objects in apps. A hosted app changes its address space itself, when it is
 * entered the next time; an app that waits is poked for that, and one that does not come back in time
 * is ended.
 */

#define PAGE 4096u
/* Mappings that one app may make itself: each costs the kernel memory, and time in its lists. */
#define OWN_MAX 1024u

static uint64_t page_up(uint64_t size)
{
    return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static void unmap_from_app(struct instance *instance, uint64_t address, uint64_t size)
{
    if (instance->dying || port_app_unmap(instance->port_app, address, size))
        return;
    thread_poke(&instance->thread);
    if (!timer_armed(&instance->let_go))
        timer_set(&instance->let_go, timer_after(port_clock_ns(), INSTANCE_LET_GO_NS));
}

static void free_mapping(struct mapping *mapping)
{
    struct memory *memory = mapping->memory;
    if (mapping->own)
        mapping->instance->num_own--;
    list_remove(&mapping->memory_link);
    list_remove(&mapping->instance_link);
    port_free(mapping);
    object_put(&memory->object);
}

static void drop(struct mapping *mapping)
{
    unmap_from_app(mapping->instance, mapping->address, mapping->size);
    free_mapping(mapping);
}

static enum error create(struct instance *instance, struct memory *memory, uint64_t offset,
                         uint64_t size, uint32_t prot, uint64_t address, struct mapping **out)
{
    struct mapping *mapping = port_alloc(sizeof(*mapping));
    if (mapping == NULL)
        return E_NO_MEMORY;
    mapping->address = address;
    mapping->size = size;
    mapping->prot = prot;
    enum error error =
        port_app_map(instance->port_app, memory->mem, offset, size, prot, &mapping->address);
    if (error != E_OK) {
        port_free(mapping);
        return error;
    }
    mapping->memory = memory;
    mapping->instance = instance;
    object_get(&memory->object);
    list_append(&memory->mappings, &mapping->memory_link);
    list_append(&instance->mappings, &mapping->instance_link);
    *out = mapping;
    return E_OK;
}

static struct mapping *find_lendable(struct instance *instance, struct memory *memory)
{
    LIST_FOR_EACH (link, &memory->mappings) {
        struct mapping *mapping = LIST_OF(link, struct mapping, memory_link);
        if (mapping->instance == instance && !mapping->own)
            return mapping;
    }
    return NULL;
}

enum error mapping_lend(struct instance *instance, struct memory *memory, uint32_t prot,
                        struct mapping **out)
{
    struct mapping *mapping = find_lendable(instance, memory);
    if (mapping != NULL && (mapping->prot & prot) != prot) {
        /* Once writable, always writable: the same place, so that pointers stay good. */
        uint64_t address = mapping->address;
        enum error error = port_app_map(instance->port_app, memory->mem, 0, mapping->size,
                                        mapping->prot | prot, &address);
        if (error != E_OK)
            return error;
        mapping->prot |= prot;
    }
    if (mapping == NULL) {
        enum error error = create(instance, memory, 0, page_up(memory->size), prot, 0, &mapping);
        if (error != E_OK)
            return error;
    }
    mapping->users++;
    *out = mapping;
    return E_OK;
}

void mapping_return(struct mapping *mapping)
{
    CHECK(mapping->users > 0);
    mapping->users--;
    if (mapping->users == 0 && mapping->memory->shut)
        drop(mapping);
}

void mapping_memory_shut(struct memory *memory)
{
    LIST_FOR_EACH (link, &memory->mappings) {
        struct mapping *mapping = LIST_OF(link, struct mapping, memory_link);
        if (!mapping->own && mapping->users == 0)
            drop(mapping);
    }
}

/* Whether something is mapped there already: an object never takes another one's place. */
static bool overlaps(struct instance *instance, uint64_t address, uint64_t size)
{
    LIST_FOR_EACH (link, &instance->mappings) {
        const struct mapping *other = LIST_OF(link, struct mapping, instance_link);
        if (address - other->address < other->size || other->address - address < size)
            return true;
    }
    return false;
}

enum error mapping_create_own(struct instance *instance, struct memory *memory, uint64_t offset,
                              uint64_t size, uint32_t prot, uint64_t *address)
{
    uint64_t whole = page_up(memory->size);
    if (size == 0 || offset % PAGE != 0 || size % PAGE != 0 || *address % PAGE != 0 ||
        offset > whole || size > whole - offset || prot == 0 ||
        (prot & ~(SYS_MEM_READ | SYS_MEM_WRITE)) != 0)
        return E_INVALID;
    if (*address != 0 && overlaps(instance, *address, size))
        return E_INVALID;
    if (instance->num_own == OWN_MAX)
        return E_NO_MEMORY;
    struct mapping *mapping = NULL;
    enum error error = create(instance, memory, offset, size, prot, *address, &mapping);
    if (error != E_OK)
        return error;
    mapping->own = true;
    instance->num_own++;
    *address = mapping->address;
    return E_OK;
}

enum error mapping_remove_own(struct instance *instance, uint64_t address, uint64_t size)
{
    LIST_FOR_EACH (link, &instance->mappings) {
        struct mapping *mapping = LIST_OF(link, struct mapping, instance_link);
        if (mapping->own && mapping->address == address && mapping->size == size) {
            drop(mapping);
            return E_OK;
        }
    }
    return E_INVALID;
}

void mapping_forget_all(struct instance *instance)
{
    LIST_FOR_EACH (link, &instance->mappings)
        free_mapping(LIST_OF(link, struct mapping, instance_link));
}
