/*
 * Memory parameters against a real app: temporary, registered and allocated memory, whole and in part,
 * in each direction, of each awkward size, with the contents checked on both sides, and with guard
 * octets behind and before what the app may write.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <sys/mman.h>

static const TEEC_UUID probe = PROBE_UUID;
static const size_t sizes[] = {0, 1, 7, 64, 4095, 4096, 4097, 8191, 65536, 65537, 1u << 20};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define GUARD 64u
#define GUARD_OCTET 0xd7

static TEEC_Context context;
static TEEC_Session session;

/* Memory between two guards. */
struct guarded {
    uint8_t *whole;
    uint8_t *at;
    size_t size;
};

static struct guarded guarded_create(size_t size)
{
    struct guarded guarded = {.size = size};
    guarded.whole = malloc(size + 2 * GUARD);
    if (guarded.whole == NULL) {
        tee_bail("no memory");
    }
    memset(guarded.whole, GUARD_OCTET, size + 2 * GUARD);
    guarded.at = guarded.whole + GUARD;
    return guarded;
}

static bool guarded_intact(const struct guarded *guarded)
{
    for (size_t i = 0; i < GUARD; i++) {
        if (guarded->whole[i] != GUARD_OCTET ||
            guarded->whole[GUARD + guarded->size + i] != GUARD_OCTET) {
            return false;
        }
    }
    return true;
}

static uint32_t memory_hash(const uint8_t *octets, size_t size)
{
    uint32_t hash = PROBE_HASH_START;
    for (size_t i = 0; i < size; i++) {
        hash = PROBE_HASH(hash, octets[i]);
    }
    return hash;
}

static bool memory_is_pattern(const uint8_t *octets, size_t size, unsigned parameter)
{
    for (size_t k = 0; k < size; k++) {
        if (octets[k] != PROBE_FILL(parameter, k)) {
            return false;
        }
    }
    return true;
}

static void memory_temporary(void)
{
    struct tap_group group = {0};
    for (size_t s = 0; s < SIZES; s++) {
        const size_t size = sizes[s];
        struct guarded in = guarded_create(size);
        call_fill(in.at, size, (uint32_t)s);
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT,
                                                TEEC_VALUE_OUTPUT, TEEC_NONE);
        operation.params[0].tmpref.buffer = in.at;
        operation.params[0].tmpref.size = size;
        uint32_t origin = 0;
        TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, &origin);
        tap_check(&group, result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP,
                  "input of %zu: %s", size, postern_teec_strerror(result));
        tap_check(&group, operation.params[1].value.a == memory_hash(in.at, size),
                  "input of %zu: contents", size);
        tap_check(&group, operation.params[2].value.a == size, "input of %zu: size", size);
        tap_check(&group, call_filled(in.at, size, (uint32_t)s) && guarded_intact(&in),
                  "input of %zu: the client's copy is untouched", size);
        free(in.whole);

        struct guarded out = guarded_create(size);
        struct guarded both = guarded_create(size);
        call_fill(both.at, size, 99);
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_MEMREF_TEMP_INOUT);
        operation.params[0].tmpref.buffer = out.at;
        operation.params[0].tmpref.size = size;
        operation.params[3].tmpref.buffer = both.at;
        operation.params[3].tmpref.size = size;
        result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, &origin);
        tap_check(&group, result == TEEC_SUCCESS, "output of %zu: %s", size,
                  postern_teec_strerror(result));
        tap_check(&group, memory_is_pattern(out.at, size, 0), "output of %zu: contents", size);
        tap_check(&group, guarded_intact(&out) && guarded_intact(&both), "output of %zu: guards",
                  size);
        for (size_t k = 0; k < size; k++) {
            both.at[k] ^= PROBE_XOR;
        }
        tap_check(&group, call_filled(both.at, size, 99), "in and out of %zu: contents", size);
        tap_check(&group,
                  operation.params[0].tmpref.size == size &&
                      operation.params[3].tmpref.size == size,
                  "output of %zu: sizes", size);
        free(out.whole);
        free(both.whole);
    }
    tap_group_end(&group, "temporary memory in every size and direction");
}

/* A NULL reference with size 0 is legal and reaches the app as NULL, 0. */
static void memory_null(void)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, &origin);
    tap_ok(result == TEEC_SUCCESS && operation.params[2].value.a == 0 &&
               operation.params[2].value.b == 1,
           "NULL with size 0 reaches the app as NULL and 0");
    operation.params[0].tmpref.size = 1;
    origin = 0;
    result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, "NULL with a size");
}

static void memory_all_four(void)
{
    struct tap_group group = {0};
    struct guarded part[4];
    for (unsigned i = 0; i < 4; i++) {
        part[i] = guarded_create(5000u + i);
    }
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT);
    for (unsigned i = 0; i < 4; i++) {
        operation.params[i].tmpref.buffer = part[i].at;
        operation.params[i].tmpref.size = part[i].size;
    }
    TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, NULL);
    tap_check(&group, result == TEEC_SUCCESS, "%s", postern_teec_strerror(result));
    for (unsigned i = 0; i < 4; i++) {
        tap_check(&group, memory_is_pattern(part[i].at, part[i].size, i), "contents of %u", i);
        tap_check(&group, guarded_intact(&part[i]), "guards of %u", i);
        free(part[i].whole);
    }
    tap_group_end(&group, "four outputs at once");
}

/* One shared memory (allocated, or registered over `own`), all directions, offsets and sizes. */
static void memory_shared(struct tap_group *group, TEEC_SharedMemory *shared, const char *kind)
{
    static const size_t offsets[] = {0, 1, 63, 4095, 4096, 5000};
    uint8_t *octets = shared->buffer;
    for (size_t o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
        for (size_t s = 0; s < SIZES; s++) {
            const size_t offset = offsets[o];
            const size_t size = sizes[s];
            if (offset + size > shared->size) {
                continue;
            }
            memset(octets, GUARD_OCTET, shared->size);
            call_fill(octets + offset, size, (uint32_t)(o + s));
            TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
            operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_VALUE_OUTPUT,
                                                    TEEC_VALUE_OUTPUT, TEEC_NONE);
            operation.params[0].memref.parent = shared;
            operation.params[0].memref.offset = offset;
            operation.params[0].memref.size = size;
            TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, NULL);
            tap_check(group,
                      result == TEEC_SUCCESS && operation.params[2].value.a == size &&
                          operation.params[1].value.a == memory_hash(octets + offset, size),
                      "%s input %zu at %zu: %s", kind, size, offset, postern_teec_strerror(result));
            operation.paramTypes =
                TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
            result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, NULL);
            for (size_t k = 0; k < size; k++) {
                octets[offset + k] ^= PROBE_XOR;
            }
            tap_check(group,
                      result == TEEC_SUCCESS && operation.params[0].memref.size == size &&
                          call_filled(octets + offset, size, (uint32_t)(o + s)),
                      "%s in and out %zu at %zu: %s", kind, size, offset,
                      postern_teec_strerror(result));
            operation.paramTypes =
                TEEC_PARAM_TYPES(TEEC_NONE, TEEC_NONE, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE);
            operation.params[2].memref.parent = shared;
            operation.params[2].memref.offset = offset;
            operation.params[2].memref.size = size;
            result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, NULL);
            tap_check(group, result == TEEC_SUCCESS && memory_is_pattern(octets + offset, size, 2),
                      "%s output %zu at %zu: %s", kind, size, offset,
                      postern_teec_strerror(result));
            bool guards = true;
            for (size_t k = 0; k < shared->size; k++) {
                guards &= (k >= offset && k < offset + size) || octets[k] == GUARD_OCTET;
            }
            tap_check(group, guards, "%s %zu at %zu: nothing else was written", kind, size, offset);
        }
    }
    /* WHOLE means all of it, whatever the fields say. */
    call_fill(octets, shared->size, 5);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE);
    operation.params[0].memref.parent = shared;
    operation.params[0].memref.offset = 12345;
    operation.params[0].memref.size = 3;
    TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, NULL);
    tap_check(group,
              result == TEEC_SUCCESS && operation.params[2].value.a == shared->size &&
                  operation.params[1].value.a == memory_hash(octets, shared->size),
              "%s whole: %s", kind, postern_teec_strerror(result));
}

static void memory_allocated(void)
{
    struct tap_group group = {0};
    TEEC_SharedMemory shared = {.size = (1u << 20) + 5000, .flags = TEEC_MEM_INOUT};
    TEEC_Result result = TEEC_AllocateSharedMemory(&context, &shared);
    if (tap_check(&group, result == TEEC_SUCCESS, "%s", postern_teec_strerror(result))) {
        memory_shared(&group, &shared, "allocated");
    }
    TEEC_ReleaseSharedMemory(&shared);
    tap_group_end(&group, "allocated memory: sizes, offsets, directions");
}

static void memory_registered(void)
{
    struct tap_group group = {0};
    const size_t size = (1u << 20) + 5000;
    struct guarded own = guarded_create(size);
    TEEC_SharedMemory shared = {.buffer = own.at, .size = size, .flags = TEEC_MEM_INOUT};
    TEEC_Result result = TEEC_RegisterSharedMemory(&context, &shared);
    if (tap_check(&group, result == TEEC_SUCCESS, "%s", postern_teec_strerror(result))) {
        memory_shared(&group, &shared, "registered");
    }
    tap_check(&group, guarded_intact(&own), "guards");
    /* The same buffer twice. */
    TEEC_SharedMemory again = {.buffer = own.at, .size = 100, .flags = TEEC_MEM_INPUT};
    result = TEEC_RegisterSharedMemory(&context, &again);
    tap_check(&group, result == TEEC_SUCCESS, "the same buffer twice");
    TEEC_ReleaseSharedMemory(&again);
    TEEC_ReleaseSharedMemory(&shared);
    memset(own.at, 1, size); /* still the caller's */
    free(own.whole);
    tap_group_end(&group, "registered memory: sizes, offsets, directions");

    void *constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TEEC_SharedMemory read_only = {.buffer = constant, .size = 4096, .flags = TEEC_MEM_INPUT};
    result = TEEC_RegisterSharedMemory(&context, &read_only);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE);
    operation.params[0].memref.parent = &read_only;
    TEEC_Result called = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, NULL);
    tap_ok(result == TEEC_SUCCESS && called == TEEC_SUCCESS &&
               operation.params[1].value.a == memory_hash(constant, 4096),
           "read-only memory may be registered as input");
    TEEC_ReleaseSharedMemory(&read_only);
    munmap(constant, 4096);
}

/* Two parameters in one memory, next to each other and the very same. */
static void memory_overlap(void)
{
    TEEC_SharedMemory shared = {.size = 8192, .flags = TEEC_MEM_INOUT};
    TEEC_Result result = TEEC_AllocateSharedMemory(&context, &shared);
    uint8_t *octets = shared.buffer;
    call_fill(octets, 4096, 8);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT,
                                            TEEC_NONE, TEEC_NONE);
    operation.params[0].memref.parent = &shared;
    operation.params[0].memref.size = 4000;
    operation.params[1].memref.parent = &shared;
    operation.params[1].memref.offset = 4000;
    operation.params[1].memref.size = 4100;
    result = result == TEEC_SUCCESS ? TEEC_InvokeCommand(&session, PROBE_COPY, &operation, NULL)
                                    : result;
    tap_ok(result == TEEC_SUCCESS && call_filled(octets + 4000, 4000, 8) &&
               operation.params[1].memref.size == 4000,
           "input and output beside each other in one memory");
    call_fill(octets, 8192, 9);
    operation.params[1].memref.offset = 0;
    operation.params[1].memref.size = 4000;
    result = TEEC_InvokeCommand(&session, PROBE_COPY, &operation, NULL);
    tap_ok(result == TEEC_SUCCESS && call_filled(octets, 8192, 9),
           "input and output at the same place");
    TEEC_ReleaseSharedMemory(&shared);
}

/* Sizes that the app answers. */
static void memory_short(void)
{
    struct tap_group group = {0};
    static const struct {
        uint32_t room;
        uint32_t claim;
        uint32_t answer;
        TEEC_Result want;
    } row[] = {
        {100, 100, TEEC_SUCCESS, TEEC_SUCCESS},
        {100, 40, TEEC_SUCCESS, TEEC_SUCCESS},
        {100, 0, TEEC_SUCCESS, TEEC_SUCCESS},
        {100, 101, TEEC_ERROR_SHORT_BUFFER, TEEC_ERROR_SHORT_BUFFER},
        {100, 0x7fffffff, TEEC_ERROR_SHORT_BUFFER, TEEC_ERROR_SHORT_BUFFER},
        {100, 0xffffffff, TEEC_ERROR_SHORT_BUFFER, TEEC_ERROR_SHORT_BUFFER},
        {100, 101, TEEC_SUCCESS, TEEC_ERROR_SHORT_BUFFER},
        {0, 1, TEEC_SUCCESS, TEEC_ERROR_SHORT_BUFFER},
        {0, 5000, TEEC_ERROR_SHORT_BUFFER, TEEC_ERROR_SHORT_BUFFER},
        {4096, 4097, TEEC_SUCCESS, TEEC_ERROR_SHORT_BUFFER},
        {100, 20, TEEC_ERROR_BAD_STATE, TEEC_ERROR_BAD_STATE},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct guarded out = guarded_create(row[i].room);
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
        operation.params[0].value.a = row[i].claim;
        operation.params[0].value.b = row[i].answer;
        operation.params[1].tmpref.buffer = row[i].room == 0 ? NULL : out.at;
        operation.params[1].tmpref.size = row[i].room;
        uint32_t origin = 0;
        const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_CLAIM, &operation, &origin);
        tap_check(&group, result == row[i].want, "room %u, claimed %u: %s", row[i].room,
                  row[i].claim, postern_teec_strerror(result));
        tap_check(&group, operation.params[1].tmpref.size == row[i].claim,
                  "room %u, claimed %u: told %zu", row[i].room, row[i].claim,
                  operation.params[1].tmpref.size);
        tap_check(&group, guarded_intact(&out), "room %u, claimed %u: guards", row[i].room,
                  row[i].claim);
        free(out.whole);
    }
    /* The same on shared memory: the octets behind the reference are the client's own. */
    TEEC_SharedMemory shared = {.size = 4096, .flags = TEEC_MEM_OUTPUT};
    TEEC_Result result = TEEC_AllocateSharedMemory(&context, &shared);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = 101;
    operation.params[1].memref.parent = &shared;
    operation.params[1].memref.offset = 10;
    operation.params[1].memref.size = 100;
    tap_check(&group, result == TEEC_SUCCESS, "allocate");
    result = TEEC_InvokeCommand(&session, PROBE_CLAIM, &operation, NULL);
    tap_check(&group, result == TEEC_ERROR_SHORT_BUFFER && operation.params[1].memref.size == 101,
              "partial output, larger size claimed");
    TEEC_ReleaseSharedMemory(&shared);
    tap_group_end(&group, "sizes that the app answers come back, octets beyond do not");
}

/* What an output parameter holds before the app writes must not come from another client. */
static void memory_leftovers(void)
{
    struct tap_group group = {0};
    static uint8_t secret[65536];
    memset(secret, 0xa7, sizeof(secret));
    TEEC_Context other;
    call_context(&other);
    TEEC_Session theirs;
    tap_check(&group, call_open(&other, &theirs, &probe, NULL) == TEEC_SUCCESS, "open");
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = secret;
    operation.params[0].tmpref.size = sizeof(secret);
    tap_check(&group, TEEC_InvokeCommand(&theirs, PROBE_NOTHING, &operation, NULL) == TEEC_SUCCESS,
              "secret sent");
    TEEC_CloseSession(&theirs);
    TEEC_FinalizeContext(&other);

    static uint8_t out[65536];
    TEEC_Session mine;
    tap_check(&group, call_open(&context, &mine, &probe, NULL) == TEEC_SUCCESS, "open");
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = out;
    operation.params[0].tmpref.size = sizeof(out);
    tap_check(&group, TEEC_InvokeCommand(&mine, PROBE_NOTHING, &operation, NULL) == TEEC_SUCCESS,
              "nothing written");
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(out); i++) {
        found += out[i] == 0xa7;
    }
    tap_check(&group, found == 0, "%u octets of another client's came back", found);
    TEEC_CloseSession(&mine);
    tap_group_end(&group, "an output that the app leaves alone holds nothing of another client");
}

static void memory_large(void)
{
    struct tap_group group = {0};
    TEEC_SharedMemory shared = {.size = 64u << 20, .flags = TEEC_MEM_INOUT};
    TEEC_Result result = TEEC_AllocateSharedMemory(&context, &shared);
    if (tap_check(&group, result == TEEC_SUCCESS, "64 MiB: %s", postern_teec_strerror(result))) {
        call_fill(shared.buffer, shared.size, 3);
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        operation.params[0].memref.parent = &shared;
        result = TEEC_InvokeCommand(&session, PROBE_WORK, &operation, NULL);
        uint8_t *octets = shared.buffer;
        for (size_t k = 0; k < shared.size; k++) {
            octets[k] ^= PROBE_XOR;
        }
        tap_check(&group, result == TEEC_SUCCESS && call_filled(octets, shared.size, 3),
                  "64 MiB in place: %s", postern_teec_strerror(result));
    }
    TEEC_ReleaseSharedMemory(&shared);
    for (size_t huge = SIZE_MAX; huge > (size_t)1 << 46; huge >>= 1) {
        TEEC_SharedMemory absurd = {.size = huge, .flags = TEEC_MEM_INOUT};
        result = TEEC_AllocateSharedMemory(&context, &absurd);
        tap_check(&group, result == TEEC_ERROR_OUT_OF_MEMORY, "%zu bytes: %s", huge,
                  postern_teec_strerror(result));
    }
    TEEC_SharedMemory none = {.size = 0, .flags = TEEC_MEM_INOUT};
    tap_check(&group, TEEC_AllocateSharedMemory(&context, &none) == TEEC_SUCCESS, "size 0");
    TEEC_ReleaseSharedMemory(&none);
    tap_group_end(&group, "very large, absurd and empty allocations");
}

/* Released memory must leave the app; the same session goes on with other memory in its place. */
static void memory_churn(void)
{
    struct tap_group group = {0};
    for (unsigned round = 0; round < 300; round++) {
        TEEC_SharedMemory shared = {.size = 4096u * (1 + round % 7), .flags = TEEC_MEM_INOUT};
        TEEC_Result result = TEEC_AllocateSharedMemory(&context, &shared);
        if (!tap_check(&group, result == TEEC_SUCCESS, "round %u: %s", round,
                       postern_teec_strerror(result))) {
            break;
        }
        call_fill(shared.buffer, shared.size, round);
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE);
        operation.params[0].memref.parent = &shared;
        result = TEEC_InvokeCommand(&session, PROBE_SUM, &operation, NULL);
        tap_check(&group,
                  result == TEEC_SUCCESS &&
                      operation.params[1].value.a == memory_hash(shared.buffer, shared.size),
                  "round %u: %s", round, postern_teec_strerror(result));
        TEEC_ReleaseSharedMemory(&shared);
    }
    tap_group_end(&group, "300 memories one after the other in one session");
}

static void memory_rights(void)
{
    TEEC_SharedMemory input = {.size = 4096, .flags = TEEC_MEM_INPUT};
    TEEC_SharedMemory output = {.size = 4096, .flags = TEEC_MEM_INOUT};
    bool ready = TEEC_AllocateSharedMemory(&context, &input) == TEEC_SUCCESS &&
                 TEEC_AllocateSharedMemory(&context, &output) == TEEC_SUCCESS;
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_NONE);
    operation.params[1].memref.parent = &input;
    TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_RIGHTS, &operation, NULL);
    tap_ok(ready && result == TEEC_SUCCESS && operation.params[0].value.a == 1 &&
               operation.params[0].value.b == 0,
           "TEE_CheckMemoryAccessRights: an input may be read and not written");
    tap_ok(operation.params[2].value.a == 0 && operation.params[2].value.b == 0,
           "TEE_CheckMemoryAccessRights: an unmapped page, the program's constants");
    operation.params[1].memref.parent = &output;
    result = TEEC_InvokeCommand(&session, PROBE_RIGHTS, &operation, NULL);
    tap_ok(result == TEEC_SUCCESS && operation.params[0].value.a == 1 &&
               operation.params[0].value.b == 1,
           "TEE_CheckMemoryAccessRights: in and out may be both");
    TEEC_ReleaseSharedMemory(&input);
    TEEC_ReleaseSharedMemory(&output);
}

int main(void)
{
    struct tee here;
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start(&here);
    call_context(&context);
    uint32_t origin = 0;
    const TEEC_Result result = call_open(&context, &session, &probe, &origin);
    if (tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "open")) {
        memory_temporary();
        memory_null();
        memory_all_four();
        memory_allocated();
        memory_registered();
        memory_overlap();
        memory_short();
        memory_leftovers();
        memory_large();
        memory_churn();
        memory_rights();
        tap_ok(call_probe_right(&session, 4711), "the session is as good as before");
    }
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    return tap_end();
}
