/*
 * The current call (call.h), and the API functions that ask about it: cancellation (4.10) and access
 * rights (4.11.1).
 */
#include <sdk/gp/call.h>
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <tee_internal_api.h>

struct call_memory {
    uintptr_t first;
    size_t size;
    bool writable;
};

static const TEE_Identity *call_current_client;
static bool call_masked = true;
static struct call_memory call_memory[TEE_NUM_PARAMS];
static uint32_t call_num_memory;

void call_begin(const TEE_Identity *client, uint32_t param_types, const TEE_Param *params)
{
    call_current_client = client;
    call_masked = true;
    uint32_t count = 0;
    for (; param_types != 0; param_types >>= 4, params++) {
        const uint32_t type = TEE_PARAM_TYPE_GET(param_types, 0);
        if (type < TEE_PARAM_TYPE_MEMREF_INPUT)
            continue;
        call_memory[count++] =
            (struct call_memory){.first = (uintptr_t)params->memref.buffer,
                                 .size = params->memref.size,
                                 .writable = type != TEE_PARAM_TYPE_MEMREF_INPUT};
    }
    call_num_memory = count;
}

void call_end(void)
{
    call_begin(NULL, 0, NULL);
}

const TEE_Identity *call_client(void)
{
    return call_current_client;
}

bool call_cancellable(void)
{
    return !call_masked;
}

bool TEE_GetCancellationFlag(void)
{
    return !call_masked && __atomic_load_n(&sys_page()->cancel, __ATOMIC_RELAXED) != 0;
}

bool TEE_UnmaskCancellation(void)
{
    const bool before = call_masked;
    call_masked = false;
    return before;
}

bool TEE_MaskCancellation(void)
{
    const bool before = call_masked;
    call_masked = true;
    return before;
}

/* Whether [first, last] touches what is, or can be, shared with others. */
static bool call_touches_shared(uintptr_t first, uintptr_t last)
{
    if (last >= rt_window.base && first < rt_window.base + rt_window.size)
        return true;
    for (uint32_t i = 0; i < call_num_memory; i++) {
        const struct call_memory *memory = &call_memory[i];
        if (memory->size != 0 && last >= memory->first && first <= memory->first + memory->size - 1)
            return true;
    }
    return false;
}

static bool call_within_parameter(uintptr_t first, uintptr_t last, bool write)
{
    for (uint32_t i = 0; i < call_num_memory; i++) {
        const struct call_memory *memory = &call_memory[i];
        if (memory->size != 0 && first >= memory->first &&
            last <= memory->first + memory->size - 1 && (!write || memory->writable))
            return true;
    }
    return false;
}

TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size)
{
    const uint32_t known =
        TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE | TEE_MEMORY_ACCESS_ANY_OWNER;
    if ((accessFlags & ~known) != 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "accessFlags: 0x%x has unknown bits",
                 (unsigned)accessFlags);
    if (size == 0)
        return TEE_SUCCESS;
    const uintptr_t first = (uintptr_t)buffer;
    uintptr_t last;
    if (__builtin_add_overflow(first, size - 1, &last))
        return TEE_ERROR_ACCESS_DENIED;
    const bool write = (accessFlags & TEE_MEMORY_ACCESS_WRITE) != 0;
    if (call_touches_shared(first, last) && ((accessFlags & TEE_MEMORY_ACCESS_ANY_OWNER) == 0 ||
                                             !call_within_parameter(first, last, write)))
        return TEE_ERROR_ACCESS_DENIED;
    const bool read = (accessFlags & TEE_MEMORY_ACCESS_READ) != 0 || !write;
    if ((read && !rt_probe(buffer, size, false)) || (write && !rt_probe(buffer, size, true)))
        return TEE_ERROR_ACCESS_DENIED;
    return TEE_SUCCESS;
}
