/*
 * TEE Internal Core API 1.3, 4.11: memory. Each piece of TEE_Malloc has a header before it, so that
 * its size is known, the sum of all can be held to gpd.ta.dataSize, and a pointer that is none is
 * found out when it is freed. What the C library's malloc gives out is not counted here; the system's
 * limit on the process's data bounds both.
 */
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

/* OP-TEE's older name for TEE_MALLOC_NO_FILL. */
#define MEMORY_NO_FILL_OLD 0x80000000u

#define MEMORY_MARK UINT64_C(0x9e3779b97f4a7c15)

struct memory_header {
    uint64_t size;
    uint64_t mark; /* depends on place, size and the instance's seed: not to be met by chance */
};
_Static_assert(sizeof(struct memory_header) == 16, "keeps the alignment");

static uint64_t memory_used; /* bytes given out, without headers */
static const void *memory_instance_data;

static uint64_t memory_mark(const struct memory_header *header, uint64_t size)
{
    return ((uint64_t)(uintptr_t)header ^ size) * MEMORY_MARK ^ sys_page()->start.seed;
}

/* A freed piece's header is looked at here when an app frees twice: a sanitizer need not know. */
__attribute__((no_sanitize_address)) static struct memory_header *
memory_header_of(const char *function, void *buffer)
{
    struct memory_header *header = (struct memory_header *)((uintptr_t)buffer - sizeof(*header));
    if ((uintptr_t)buffer % sizeof(*header) != 0 || !rt_probe(header, sizeof(*header), true) ||
        header->mark != memory_mark(header, header->size))
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS,
                 "0x%zx is no memory of TEE_Malloc, or was freed already",
                 (size_t)(uintptr_t)buffer);
    return header;
}

static bool memory_fits(uint64_t more)
{
    const uint64_t limit = sys_page()->start.heap_size;
    return memory_used <= limit && more <= limit - memory_used;
}

static void *memory_mark_piece(struct memory_header *header, size_t size)
{
    header->size = size;
    header->mark = memory_mark(header, size);
    memory_used += size;
    return header + 1;
}

void *TEE_Malloc(size_t size, uint32_t hint)
{
    const uint32_t known = TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE | MEMORY_NO_FILL_OLD;
    if ((hint & ~known) != 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "hint: 0x%x has unknown bits", (unsigned)hint);
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct memory_header), &whole) || !memory_fits(size))
        return NULL;
    const bool fill = (hint & (TEE_MALLOC_NO_FILL | MEMORY_NO_FILL_OLD)) == 0;
    struct memory_header *header = fill ? calloc(1, whole) : malloc(whole);
    return header != NULL ? memory_mark_piece(header, size) : NULL;
}

void *TEE_Realloc(void *buffer, size_t newSize)
{
    if (buffer == NULL)
        return TEE_Malloc(newSize, TEE_MALLOC_FILL_ZERO);
    struct memory_header *header = memory_header_of(__func__, buffer);
    const size_t old_size = header->size;
    /* Moved by hand, so that nothing of the old contents stays behind. */
    if (newSize > old_size && !memory_fits(newSize - old_size))
        return NULL;
    memory_used -= old_size;
    void *moved = TEE_Malloc(newSize, TEE_MALLOC_FILL_ZERO);
    memory_used += old_size;
    if (moved == NULL)
        return NULL;
    memcpy(moved, buffer, old_size < newSize ? old_size : newSize);
    TEE_Free(buffer);
    return moved;
}

void TEE_Free(void *buffer)
{
    if (buffer == NULL)
        return;
    struct memory_header *header = memory_header_of(__func__, buffer);
    const size_t size = header->size;
    memory_used -= size;
    explicit_bzero(header, sizeof(*header) + size);
    free(header);
}

void TEE_MemMove(void *dest, const void *src, size_t size)
{
    gp_check_in(__func__, "src", src, size);
    gp_check_out(__func__, "dest", dest, size);
    if (size != 0)
        memmove(dest, src, size);
}

int32_t TEE_MemCompare(const void *buffer1, const void *buffer2, size_t size)
{
    gp_check_in(__func__, "buffer1", buffer1, size);
    gp_check_in(__func__, "buffer2", buffer2, size);
    const volatile uint8_t *a = buffer1;
    const volatile uint8_t *b = buffer2;
    /* From the end, so that the first difference is the one that stays. Nothing branches. */
    int32_t result = 0;
    for (size_t i = size; i-- > 0;) {
        const int32_t difference = (int32_t)a[i] - (int32_t)b[i];
        /* All bits set when the difference is 0, none else. */
        const uint32_t zero = (((uint32_t)difference - 1u) & ~(uint32_t)difference) >> 31;
        const int32_t equal = -(int32_t)zero;
        result = (result & equal) | difference;
    }
    return result;
}

void TEE_MemFill(void *buffer, uint32_t x, size_t size)
{
    gp_check_out(__func__, "buffer", buffer, size);
    if (size == 0)
        return;
    memset(buffer, (uint8_t)x, size);
    __asm__ volatile("" : : "r"(buffer) : "memory");
}

void TEE_SetInstanceData(const void *instanceData)
{
    memory_instance_data = instanceData;
}

void *TEE_GetInstanceData(void)
{
    return (void *)(uintptr_t)memory_instance_data;
}
