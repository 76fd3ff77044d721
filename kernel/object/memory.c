#include <kernel/object/memory.h>
#include <kernel/sched/lock.h>

enum error memory_create(struct port_mem *mem, struct account *account, struct memory **out)
{
    uint64_t size = port_mem_size(mem);
    uint64_t charge = account != NULL ? size : 0;
    if (account != NULL && !account_charge(account, charge))
        return E_NO_MEMORY;
    struct memory *memory = port_alloc(sizeof(*memory));
    if (memory == NULL) {
        if (account != NULL)
            account_refund(account, charge);
        return E_NO_MEMORY;
    }
    object_init(&memory->object, OBJECT_MEMORY);
    list_init(&memory->mappings);
    memory->mem = mem;
    memory->size = size;
    memory->account = account;
    memory->charged = charge;
    *out = memory;
    return E_OK;
}

void memory_shut(struct object *object)
{
    struct memory *memory = memory_of(object);
    memory->shut = true;
    mapping_memory_shut(memory);
}

void memory_free(struct object *object)
{
    struct memory *memory = memory_of(object);
    port_mem_destroy(memory->mem);
    if (memory->account != NULL)
        account_refund(memory->account, memory->charged);
    port_free(memory);
}
