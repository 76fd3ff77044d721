#include <kernel/syscall/call.h>

/* Calls about memory objects. */

enum error call_mem_create(struct call *call)
{
    struct instance *instance = call->instance;
    struct port_mem *mem = NULL;
    struct memory *memory = NULL;
    struct handle *handle = NULL;
    uint64_t size = call->arg[0];
    if (size == 0)
        return E_INVALID;
    if (handle_table_full(&instance->handles))
        return E_NO_RESOURCES;
    if (size > instance->account->limit - instance->account->used)
        return E_NO_MEMORY;
    kernel_unlock(call->lock);
    enum error error = port_mem_create(size, &mem);
    kernel_relock(call->lock);
    if (error != E_OK)
        return error;
    error = memory_create(mem, instance->account, &memory);
    if (error != E_OK) {
        port_mem_destroy(mem);
        return error;
    }
    error = handle_install(&instance->handles, &memory->object, RIGHTS_MEMORY, &handle);
    object_put(&memory->object);
    if (error == E_OK)
        call->result = handle->id;
    return error;
}

enum error call_mem_map(struct call *call)
{
    struct handle *handle = NULL;
    uint64_t address = call->arg[4];
    uint32_t prot = call->arg[3] > UINT32_MAX ? 0 : (uint32_t)call->arg[3];
    uint32_t right = ((prot & SYS_MEM_READ) != 0 ? RIGHT_MAP_READ : 0) |
                     ((prot & SYS_MEM_WRITE) != 0 ? RIGHT_MAP_WRITE : 0);
    enum error error =
        handle_find_kind(&call->instance->handles, call->arg[0], OBJECT_MEMORY, right, &handle);
    if (error != E_OK)
        return error;
    error = mapping_create_own(call->instance, memory_of(handle->object), call->arg[1],
                               call->arg[2], prot, &address);
    call->result = (int64_t)address;
    return error;
}

enum error call_mem_unmap(struct call *call)
{
    return mapping_remove_own(call->instance, call->arg[0], call->arg[1]);
}
