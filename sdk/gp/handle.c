/*
 * Handles; see handle.h. A handle is (generation, index, kind); the generation of a slot grows when
 * its handle is freed, so that an old handle does not name the next thing in the same slot.
 */
#include <sdk/gp/handle.h>
#include <sdk/gp/panic.h>

#include <stdlib.h>
#include <tee_internal_api.h>

#define HANDLE_KIND_BITS 4
#define HANDLE_INDEX_BITS 20
#define HANDLE_SLOTS_MAX (1u << HANDLE_INDEX_BITS)
#define HANDLE_NONE UINT32_MAX

struct handle_slot {
    void *thing; /* NULL: free */
    uint32_t kind;
    uint16_t generation; /* never 0, so that no handle is NULL or a property set */
    uint32_t next_free;
};

static struct handle_slot *handle_slots;
static uint32_t handle_count;
static uint32_t handle_free = HANDLE_NONE;

static bool handle_grow(void)
{
    const uint32_t count = handle_count == 0 ? 16 : handle_count * 2;
    if (count > HANDLE_SLOTS_MAX)
        return false;
    struct handle_slot *slots = realloc(handle_slots, count * sizeof(*slots));
    if (slots == NULL)
        return false;
    for (uint32_t i = handle_count; i < count; i++) {
        slots[i] = (struct handle_slot){.generation = 1, .next_free = handle_free};
        handle_free = i;
    }
    handle_slots = slots;
    handle_count = count;
    return true;
}

void *handle_create(enum handle_kind kind, void *thing)
{
    if (handle_free == HANDLE_NONE && !handle_grow())
        return NULL;
    const uint32_t index = handle_free;
    struct handle_slot *slot = &handle_slots[index];
    handle_free = slot->next_free;
    slot->thing = thing;
    slot->kind = kind;
    const uint64_t value =
        ((uint64_t)slot->generation << HANDLE_INDEX_BITS | index) << HANDLE_KIND_BITS | kind;
    return (void *)(uintptr_t)value;
}

static struct handle_slot *handle_slot_of(const void *handle)
{
    const uint64_t value = (uint64_t)(uintptr_t)handle;
    const uint32_t kind = value & ((1u << HANDLE_KIND_BITS) - 1);
    const uint64_t index = value >> HANDLE_KIND_BITS & (HANDLE_SLOTS_MAX - 1);
    const uint64_t generation = value >> (HANDLE_KIND_BITS + HANDLE_INDEX_BITS);
    if (index >= handle_count)
        return NULL;
    struct handle_slot *slot = &handle_slots[index];
    if (slot->thing == NULL || slot->kind != kind || slot->generation != generation)
        return NULL;
    return slot;
}

void *handle_find(enum handle_kind kind, const void *handle)
{
    const struct handle_slot *slot = handle_slot_of(handle);
    return slot != NULL && slot->kind == kind ? slot->thing : NULL;
}

void *handle_get(const char *function, enum handle_kind kind, const void *handle)
{
    static const char *const names[] = {
        [HANDLE_ENUMERATOR] = "property enumerator",
        [HANDLE_OBJECT] = "object",
        [HANDLE_OPERATION] = "operation",
        [HANDLE_SESSION] = "session",
    };
    void *thing = handle_find(kind, handle);
    if (thing == NULL)
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "0x%zx is no handle of an open %s",
                 (size_t)(uintptr_t)handle, names[kind]);
    return thing;
}

void handle_destroy(const void *handle)
{
    struct handle_slot *slot = handle_slot_of(handle);
    if (slot == NULL)
        return;
    slot->thing = NULL;
    slot->generation = slot->generation == UINT16_MAX ? 1 : slot->generation + 1;
    slot->next_free = handle_free;
    handle_free = (uint32_t)(slot - handle_slots);
}
