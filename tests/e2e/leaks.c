/*
 * What is left behind: a thousand crashes, ten thousand opens and closes, hundreds of contexts and
 * memories (fewer where tee_scale says so). The daemon's descriptors, mappings, threads, processes and
 * memory are counted before and after (by the system's own accounts); in the guest, the secure pages
 * that are free.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"
#include "villain/villain.h"

#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static const TEEC_UUID villain = VILLAIN_UUID;
static struct tee here;

/* Nothing grew by more than a slack that does not depend on the number of rounds. */
static void leaks_compare(const struct tee_count *before, const char *name)
{
    const struct tee_count after = tee_count_settle(&here, before, 0);
    tap_ok(after.descriptors <= before->descriptors, "%s: descriptors %u, before %u", name,
           after.descriptors, before->descriptors);
    tap_ok(after.processes <= before->processes, "%s: processes %u, before %u", name,
           after.processes, before->processes);
    /* A leak would be hundreds. */
    tap_ok(after.threads <= before->threads + TEE_POOL_THREADS, "%s: threads %u, before %u", name,
           after.threads, before->threads);
    tap_ok(after.mappings <= before->mappings, "%s: mappings %u, before %u", name, after.mappings,
           before->mappings);
    tap_ok(after.memory <= before->memory + tee_scale.slack_kib,
           "%s: memory %lu KiB, before %lu KiB", name, after.memory, before->memory);
}

static void leaks_crashes(TEEC_Context *context)
{
    static const struct {
        uint32_t command;
        uint32_t a;
    } ways[] = {
        {VILLAIN_FAULT, VILLAIN_FAULT_NULL},
        {VILLAIN_ENDS, VILLAIN_END_EXIT},
        {VILLAIN_PANIC, 1},
        {VILLAIN_STACK, 0},
        {VILLAIN_ENDS, VILLAIN_END_ABORT},
        /* Where apps are Linux processes. */
        {VILLAIN_ENDS, VILLAIN_END_KILL},
        {VILLAIN_LINUX, VILLAIN_LINUX_SOCKET},
    };
    const unsigned num_ways = tee_cannot(TEE_PROCESSES) == NULL ? 7 : 5;
    struct tap_group group = {0};
    struct tee_count before = {0};
    for (unsigned i = 0; i < 1000 / tee_scale.rounds + 20; i++) {
        if (i == 20) { /* caches are warm */
            before = tee_count(&here);
        }
        TEEC_Session session;
        /* With memory mapped into the app, and handles open in it. */
        TEEC_SharedMemory shared = {.size = 8192, .flags = TEEC_MEM_INOUT};
        TEEC_Result result = call_open(context, &session, &villain, NULL);
        tap_check(&group, result == TEEC_SUCCESS, "open %u: %s", i, postern_teec_strerror(result));
        if (i % 4 == 0) {
            (void)TEEC_AllocateSharedMemory(context, &shared);
            TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
            operation.paramTypes =
                TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
            operation.params[0].memref.parent = &shared;
            (void)TEEC_InvokeCommand(&session, VILLAIN_NOTHING, &operation, NULL);
            (void)call_value(&session, VILLAIN_HANDLES, 0, 0, NULL, NULL);
        }
        const unsigned way = i % num_ways;
        uint32_t origin = 0;
        result = call_value(&session, ways[way].command, ways[way].a, 0, NULL, &origin);
        tap_check(&group, result == TEEC_ERROR_TARGET_DEAD && origin == TEEC_ORIGIN_TEE,
                  "crash %u (way %u): %s from %u", i, way, postern_teec_strerror(result), origin);
        TEEC_CloseSession(&session);
        if (i % 4 == 0) {
            TEEC_ReleaseSharedMemory(&shared);
        }
    }
    tap_group_end(&group, "crashes");
    leaks_compare(&before, "after the crashes");
    tap_ok(call_alive(context, &probe), "and other apps are well");
}

static void leaks_opens(TEEC_Context *context, const TEEC_UUID *uuid, unsigned rounds,
                        const char *name)
{
    struct tap_group group = {0};
    struct tee_count before = {0};
    for (unsigned i = 0; i < rounds / tee_scale.rounds + 20; i++) {
        if (i == 20) {
            before = tee_count(&here);
        }
        TEEC_Session session;
        uint32_t origin = 0;
        const TEEC_Result result = call_open(context, &session, uuid, &origin);
        tap_check(&group, result == TEEC_SUCCESS, "open %u: %s from %u", i,
                  postern_teec_strerror(result), origin);
        if (i % 100 == 0) {
            tap_check(&group, call_probe_right(&session, i), "call %u", i);
        }
        TEEC_CloseSession(&session);
    }
    tap_group_end(&group, name);
    leaks_compare(&before, name);
}

static void leaks_contexts(void)
{
    struct tap_group group = {0};
    struct tee_count before = {0};
    for (unsigned i = 0; i < 500 / tee_scale.rounds + 10; i++) {
        if (i == 10) {
            before = tee_count(&here);
        }
        TEEC_Context context;
        TEEC_Session session;
        TEEC_SharedMemory shared = {.size = 65536, .flags = TEEC_MEM_INOUT};
        TEEC_Result result = TEEC_InitializeContext(NULL, &context);
        tap_check(&group, result == TEEC_SUCCESS, "context %u: %s", i,
                  postern_teec_strerror(result));
        (void)TEEC_AllocateSharedMemory(&context, &shared);
        result = call_open(&context, &session, &probe, NULL);
        tap_check(&group, result == TEEC_SUCCESS, "open %u: %s", i, postern_teec_strerror(result));
        /* Sessions and memory are left to the context's end every other time. */
        if (i % 2 == 0) {
            TEEC_CloseSession(&session);
            TEEC_ReleaseSharedMemory(&shared);
        }
        TEEC_FinalizeContext(&context);
    }
    tap_group_end(&group, "contexts");
    leaks_compare(&before, "after the contexts");
}

int main(void)
{
    const TEEC_UUID kept = tee_uuid_plus(probe, 1);
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_sign(&here, TEE_PROBE, &kept,
             "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
             "gpd.ta.instanceKeepAlive: true");
    tee_sign(&here, TEE_VILLAIN, &villain, "");
    tee_start(&here);
    TEEC_Context context;
    call_context(&context);
    (void)call_alive(&context, &probe);
    (void)call_alive(&context, &kept);
    const unsigned own = tee_descriptors(getpid());
    leaks_opens(&context, &kept, 10000, "opens and closes of a loaded app");
    leaks_opens(&context, &probe, 2000, "opens and closes with an instance each");
    leaks_contexts();
    leaks_crashes(&context);
    tap_ok(tee_descriptors(getpid()) <= own + 2, "the client's own descriptors: %u, before %u",
           tee_descriptors(getpid()), own);
    TEEC_FinalizeContext(&context);
    tee_end(&here);
    return tap_end();
}
