/*
 * malloc() of an app in TrustZone: from one range that the kernel gave it (gpd.ta.dataSize), page by
 * page as they are touched. Blocks in a row, each with a header that tells its size and that of the
 * block before it; free ones are in a list, neighbours are joined at once, the first that fits is
 * taken. An app has one thread.
 */
#include <sdk/rt/aarch64/aarch64.h>
#include <sdk/rt/runtime.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_ALIGN 16u
#define HEAP_FREE 1u /* lowest bit of a block's size */
#define HEAP_SMALLEST (sizeof(struct block))

struct block {
    size_t before; /* size of the block before this one; 0: this is the first */
    size_t size;   /* of this one, header included; HEAP_FREE */
    /* Only in free blocks: */
    struct block *next;
    struct block *previous;
};
#define HEAP_HEADER offsetof(struct block, next)

static uintptr_t heap_end;
static struct block heap_list = {.next = &heap_list, .previous = &heap_list};

void *memalign(size_t alignment, size_t size);
size_t malloc_usable_size(void *memory);

static size_t block_size(const struct block *block)
{
    return block->size & ~(size_t)HEAP_FREE;
}

static struct block *block_after(struct block *block)
{
    uintptr_t after = (uintptr_t)block + block_size(block);
    return after < heap_end ? (struct block *)after : NULL;
}

static void block_set_size(struct block *block, size_t size, size_t flag)
{
    block->size = size | flag;
    struct block *after = block_after(block);
    if (after != NULL)
        after->before = size;
}

static void list_add(struct block *block)
{
    block->next = heap_list.next;
    block->previous = &heap_list;
    block->next->previous = block;
    heap_list.next = block;
}

static void list_remove(struct block *block)
{
    block->next->previous = block->previous;
    block->previous->next = block->next;
}

void heap_start(uintptr_t base, size_t size)
{
    heap_list.next = heap_list.previous = &heap_list;
    heap_end = base + size;
    if (size < HEAP_SMALLEST)
        return;
    struct block *block = (struct block *)base;
    block->before = 0;
    block->size = size | HEAP_FREE;
    list_add(block);
}

static struct block *block_of(void *memory)
{
    struct block *block = (struct block *)((uintptr_t)memory - HEAP_HEADER);
    if ((block->size & HEAP_FREE) != 0)
        rt_panic(0, "memory was freed twice, or never allocated");
    return block;
}

/* The block gets `size`; what is left over is free. */
static void block_cut(struct block *block, size_t size)
{
    const size_t rest = block_size(block) - size;
    if (rest < HEAP_SMALLEST)
        return;
    block_set_size(block, size, 0);
    struct block *left = block_after(block);
    left->before = size;
    struct block *after =
        (uintptr_t)left + rest < heap_end ? (struct block *)((uintptr_t)left + rest) : NULL;
    if (after != NULL && (after->size & HEAP_FREE) != 0) {
        list_remove(after);
        block_set_size(left, rest + block_size(after), HEAP_FREE);
    } else {
        block_set_size(left, rest, HEAP_FREE);
    }
    list_add(left);
}

/* Bytes that a block for `size` bytes has; 0: no block has that many. */
static size_t block_need(size_t size)
{
    size_t need;
    if (__builtin_add_overflow(size, HEAP_HEADER + HEAP_ALIGN - 1, &need))
        return 0;
    need &= ~(size_t)(HEAP_ALIGN - 1);
    return need < HEAP_SMALLEST ? HEAP_SMALLEST : need;
}

/* Not malloc by name: the compiler makes a call of calloc() of malloc() and memset(). */
static void *heap_take(size_t size)
{
    const size_t need = block_need(size);
    for (struct block *block = heap_list.next; need != 0 && block != &heap_list;
         block = block->next) {
        if (block_size(block) < need)
            continue;
        list_remove(block);
        block->size = block_size(block);
        block_cut(block, need);
        return (char *)block + HEAP_HEADER;
    }
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return heap_take(size);
}

void free(void *memory)
{
    if (memory == NULL)
        return;
    struct block *block = block_of(memory);
    struct block *after = block_after(block);
    size_t size = block->size;
    if (after != NULL && (after->size & HEAP_FREE) != 0) {
        list_remove(after);
        size += block_size(after);
    }
    if (block->before != 0) {
        struct block *before = (struct block *)((uintptr_t)block - block->before);
        if ((before->size & HEAP_FREE) != 0) {
            block_set_size(before, block_size(before) + size, HEAP_FREE);
            return;
        }
    }
    block_set_size(block, size, HEAP_FREE);
    list_add(block);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = heap_take(bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

size_t malloc_usable_size(void *memory)
{
    return memory == NULL ? 0 : block_size(block_of(memory)) - HEAP_HEADER;
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    const size_t has = malloc_usable_size(memory);
    if (size <= has && size >= has / 2)
        return memory;
    void *fresh = malloc(size);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, memory, size < has ? size : has);
    free(memory);
    return fresh;
}

void *memalign(size_t alignment, size_t size)
{
    if (alignment <= HEAP_ALIGN)
        return malloc(size);
    size_t whole;
    if ((alignment & (alignment - 1)) != 0 ||
        __builtin_add_overflow(size, alignment + HEAP_SMALLEST, &whole)) {
        errno = EINVAL;
        return NULL;
    }
    char *memory = malloc(whole);
    if (memory == NULL || (uintptr_t)memory % alignment == 0)
        return memory;
    /* The part before the aligned place becomes a block of its own, and is freed. */
    uintptr_t at = ((uintptr_t)memory + HEAP_SMALLEST + alignment - 1) & ~(alignment - 1);
    struct block *first = block_of(memory);
    struct block *second = (struct block *)(at - HEAP_HEADER);
    const size_t before = (size_t)((uintptr_t)second - (uintptr_t)first);
    const size_t rest = block_size(first) - before;
    second->before = before;
    first->size = before;
    block_set_size(second, rest, 0);
    free(memory);
    return (void *)at;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *out = memory;
    return 0;
}
