/*
 * Memory objects: memory that travels by handle and is mapped, not copied. Each app that uses one
 * has a mapping of it, made at first use and kept, so that the next call with the same memory costs
 * nothing. A mapping goes when its object's last handle goes (the client released its memory), but
 * not while the app serves a call that carries it; then when that call ends.
 */
#ifndef POSTERN_KERNEL_OBJECT_MEMORY_H
#define POSTERN_KERNEL_OBJECT_MEMORY_H

#include <kernel/object/account.h>
#include <kernel/object/object.h>
#include <lib/error.h>

struct instance;

struct memory {
    struct object object;
    struct port_mem *mem; /* owned */
    uint64_t size;
    struct account *account;
    uint64_t charged;
    struct list mappings;
    bool shut;
};

struct mapping {
    struct list memory_link;
    struct list instance_link;
    struct memory *memory; /* a reference */
    struct instance *instance;
    uint64_t address;
    uint64_t size;
    uint32_t prot;  /* SYS_MEM_* */
    uint32_t users; /* calls being served that carry the memory */
    bool own;       /* made by the app itself with SYS_MEM_MAP: goes by SYS_MEM_UNMAP alone */
};

/* Wraps `mem` (taken over on success); one reference, no handle. `account` pays `size` (NULL: the
 * memory is the normal world's). E_NO_MEMORY. */
enum error memory_create(struct port_mem *mem, struct account *account,
                         struct memory **out) MUST_CHECK;

static inline struct memory *memory_of(struct object *object)
{
    return LIST_OF(object, struct memory, object);
}

/* Bound at link time; defined in kernel/app: drops the mappings that nobody uses. */
void mapping_memory_shut(struct memory *memory);

/* For object.c. */
void memory_shut(struct object *object);
void memory_free(struct object *object);

#endif
