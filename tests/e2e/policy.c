/*
 * The manifest's policy, as clients see it: single and multiple instances, single and multiple
 * sessions, keep alive, the limits on sessions and instances, restart; and sessions from app to app.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

static const TEEC_UUID probe = PROBE_UUID;

static struct tee here;
static TEEC_Context context;
static uint32_t policy_next;

/* A probe of its own for each manifest. */
static TEEC_UUID policy_app(const char *manifest)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, ++policy_next);
    tee_sign(&here, TEE_PROBE, &uuid, manifest);
    return uuid;
}

static bool policy_open(TEEC_Session *session, const TEEC_UUID *uuid)
{
    return call_open(&context, session, uuid, NULL) == TEEC_SUCCESS;
}

static void policy_multiple_instances(void)
{
    const TEEC_UUID uuid = policy_app("");
    TEEC_Session a;
    TEEC_Session b;
    uint32_t of_a[4];
    uint32_t of_b[4];
    const bool open = policy_open(&a, &uuid) && policy_open(&b, &uuid);
    const bool asked =
        call_instance(&a, of_a) == TEEC_SUCCESS && call_instance(&b, of_b) == TEEC_SUCCESS;
    tap_ok(open && asked && of_a[0] != of_b[0] && of_a[1] == 1 && of_b[1] == 1,
           "by default each session has an instance of its own");
    TEEC_CloseSession(&a);
    tap_ok(call_probe_right(&b, 1), "closing one leaves the other");
    TEEC_CloseSession(&b);
}

static void policy_single_session(void)
{
    const TEEC_UUID uuid = policy_app("gpd.ta.singleInstance: true");
    TEEC_Session a;
    TEEC_Session b;
    uint32_t origin = 0;
    uint32_t before[4] = {0};
    uint32_t after[4] = {0};
    (void)policy_open(&a, &uuid);
    (void)call_instance(&a, before);
    TEEC_Result result = call_open(&context, &b, &uuid, &origin);
    tap_result(result, origin, TEEC_ERROR_BUSY, TEEC_ORIGIN_TEE,
               "a single instance with a single session is busy");
    TEEC_CloseSession(&b);
    tap_ok(call_probe_right(&a, 2), "its one session goes on");
    TEEC_CloseSession(&a);
    result = call_open(&context, &b, &uuid, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "afterwards it is free");
    (void)call_instance(&b, after);
    tap_ok(before[0] != after[0] && after[2] == 1, "without keep alive it is another instance");
    TEEC_CloseSession(&b);
}

static void policy_multiple_sessions(void)
{
    const TEEC_UUID uuid = policy_app("gpd.ta.singleInstance: true\ngpd.ta.multiSession: true");
    TEEC_Session session[8];
    struct tap_group group = {0};
    uint32_t first[4] = {0};
    uint32_t found[4] = {0};
    for (unsigned i = 0; i < 8; i++) {
        tap_check(&group, policy_open(&session[i], &uuid), "open %u", i);
        tap_check(&group, call_instance(&session[i], i == 0 ? first : found) == TEEC_SUCCESS, "%u",
                  i);
        tap_check(&group, i == 0 || found[0] == first[0], "session %u is of another instance", i);
    }
    tap_check(&group, found[1] == 8, "%u sessions are open", found[1]);
    for (unsigned i = 0; i < 8; i++) {
        tap_check(&group, call_value(&session[i], PROBE_NOTHING, 0, 0, NULL, NULL) == TEEC_SUCCESS,
                  "session %u", i);
        tap_check(&group, call_probe_right(&session[i], i), "session %u", i);
        if (i % 2 == 0) {
            TEEC_CloseSession(&session[i]);
        }
    }
    tap_check(&group,
              call_instance(&session[1], found) == TEEC_SUCCESS && found[0] == first[0] &&
                  found[1] == 4 && found[3] == 4,
              "four are left of the same instance");
    for (unsigned i = 1; i < 8; i += 2) {
        TEEC_CloseSession(&session[i]);
    }
    TEEC_Session again;
    tap_check(&group, policy_open(&again, &uuid), "open again");
    tap_check(&group, call_instance(&again, found) == TEEC_SUCCESS && found[0] != first[0],
              "without keep alive the last close ends it");
    TEEC_CloseSession(&again);
    tap_group_end(&group, "one instance with many sessions");
}

static void policy_keep_alive(void)
{
    const TEEC_UUID uuid = policy_app("gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
                                      "gpd.ta.instanceKeepAlive: true");
    struct tap_group group = {0};
    uint32_t first[4] = {0};
    uint32_t found[4] = {0};
    for (unsigned i = 0; i < 5; i++) {
        /* Another client each time. */
        TEEC_Context own;
        call_context(&own);
        TEEC_Session session;
        tap_check(&group, call_open(&own, &session, &uuid, NULL) == TEEC_SUCCESS, "open %u", i);
        tap_check(&group, call_instance(&session, i == 0 ? first : found) == TEEC_SUCCESS, "%u", i);
        tap_check(&group, i == 0 || (found[0] == first[0] && found[2] == i + 1 && found[3] == i),
                  "round %u: served %u, closed %u", i, found[2], found[3]);
        TEEC_CloseSession(&session);
        TEEC_FinalizeContext(&own);
    }
    tap_group_end(&group, "kept alive, an instance outlives its sessions and its clients");
}

static void policy_maximum_sessions(void)
{
    const TEEC_UUID uuid = policy_app("gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
                                      "postern.maxSessions: 3");
    TEEC_Session session[4];
    bool open = true;
    for (unsigned i = 0; i < 3; i++) {
        open &= policy_open(&session[i], &uuid);
    }
    uint32_t origin = 0;
    const TEEC_Result result = call_open(&context, &session[3], &uuid, &origin);
    tap_ok(open, "as many sessions as the manifest allows");
    tap_result(result, origin, TEEC_ERROR_SESSION_MAXIMUM, TEEC_ORIGIN_TEE, "one more");
    TEEC_CloseSession(&session[1]);
    tap_ok(policy_open(&session[1], &uuid), "after a close there is room again");
    for (unsigned i = 0; i < 3; i++) {
        TEEC_CloseSession(&session[i]);
    }
}

static void policy_maximum_instances(void)
{
    const TEEC_UUID uuid = policy_app("postern.maxInstances: 2");
    TEEC_Session session[3];
    const bool open = policy_open(&session[0], &uuid) && policy_open(&session[1], &uuid);
    uint32_t origin = 0;
    const TEEC_Result result = call_open(&context, &session[2], &uuid, &origin);
    tap_ok(open, "as many instances as the manifest allows");
    tap_result(result, origin, TEEC_ERROR_SESSION_MAXIMUM, TEEC_ORIGIN_TEE, "one more instance");
    TEEC_CloseSession(&session[0]);
    /* Soon: an instance counts until its destroy entry point has returned. */
    const uint64_t end = tee_now_ms() + 60000u;
    bool again = policy_open(&session[0], &uuid);
    while (!again && tee_now_ms() < end) {
        tee_sleep_ms(20);
        again = policy_open(&session[0], &uuid);
    }
    tap_ok(again, "after a close there is room again");
    TEEC_CloseSession(&session[0]);
    TEEC_CloseSession(&session[1]);
}

/* Many instances of one app without a limit of its own, all alive at once. */
static void policy_many_instances(void)
{
    const TEEC_UUID uuid = policy_app("postern.maxInstances: 100\ngpd.ta.dataSize: 64K");
    TEEC_Session session[64];
    const unsigned many = tee_scale.instances;
    struct tap_group group = {0};
    for (unsigned i = 0; i < many; i++) {
        tap_check(&group, policy_open(&session[i], &uuid), "open %u", i);
    }
    for (unsigned i = 0; i < many; i++) {
        tap_check(&group, call_probe_right(&session[i], i), "call %u", i);
    }
    for (unsigned i = 0; i < many; i++) {
        TEEC_CloseSession(&session[i]);
    }
    char line[64];
    (void)snprintf(line, sizeof(line), "%u instances at once", many);
    tap_group_end(&group, line);
}

/* The heap that the manifest gives. */
static void policy_heap(void)
{
    const TEEC_UUID uuid = policy_app("gpd.ta.dataSize: 4M");
    TEEC_Session session;
    (void)policy_open(&session, &uuid);
    TEEC_Result result = call_value(&session, PROBE_ALLOCATE, 3u << 20, 0, NULL, NULL);
    tap_ok(result == TEEC_SUCCESS, "3 MiB of a heap of 4 MiB can be had");
    result = call_value(&session, PROBE_ALLOCATE, 64u << 20, 0, NULL, NULL);
    tap_ok(result == TEEC_ERROR_OUT_OF_MEMORY, "64 MiB cannot: %s", postern_teec_strerror(result));
    result = call_value(&session, PROBE_ALLOCATE, 3u << 20, 0, NULL, NULL);
    tap_ok(result == TEEC_SUCCESS, "and the app goes on");
    TEEC_CloseSession(&session);
}

static TEEC_Result policy_property(TEEC_Session *session, uint32_t set, const char *name,
                                   char *text, size_t size)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_VALUE_INPUT, TEEC_NONE);
    operation.params[0].tmpref.buffer = (void *)(uintptr_t)name;
    operation.params[0].tmpref.size = strlen(name);
    operation.params[1].tmpref.buffer = text;
    operation.params[1].tmpref.size = size - 1;
    operation.params[2].value.a = set;
    const TEEC_Result result = TEEC_InvokeCommand(session, PROBE_PROPERTY, &operation, NULL);
    text[result == TEEC_SUCCESS ? operation.params[1].tmpref.size : 0] = 0;
    return result;
}

static void policy_properties(void)
{
    const TEEC_UUID uuid =
        policy_app("gpd.ta.version: 1.2.3\ngpd.ta.description: a probe\ngpd.ta.multiSession: true\n"
                   "gpd.ta.singleInstance: true\ncolour: blue\nnumber: 42");
    char own[37];
    tee_uuid_text(&uuid, own);
    const struct {
        uint32_t set;
        const char *name;
        const char *want;
    } row[] = {
        {0, "gpd.ta.appID", own},
        {0, "gpd.ta.version", "1.2.3"},
        {0, "gpd.ta.description", "a probe"},
        {0, "gpd.ta.singleInstance", "true"},
        {0, "gpd.ta.multiSession", "true"},
        {0, "gpd.ta.instanceKeepAlive", "false"},
        {0, "colour", "blue"},
        {0, "number", "42"},
        {0, "nothing.of.the.kind", NULL},
        {2, "gpd.tee.apiversion", ""},
    };
    struct tap_group group = {0};
    TEEC_Session session;
    (void)policy_open(&session, &uuid);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[256];
        const TEEC_Result result =
            policy_property(&session, row[i].set, row[i].name, text, sizeof(text));
        if (row[i].want == NULL) {
            tap_check(&group, result == TEEC_ERROR_ITEM_NOT_FOUND, "%s: %s", row[i].name,
                      postern_teec_strerror(result));
        } else {
            tap_check(&group,
                      result == TEEC_SUCCESS &&
                          (*row[i].want == 0 || strcmp(text, row[i].want) == 0),
                      "%s: %s \"%s\"", row[i].name, postern_teec_strerror(result), text);
        }
    }
    TEEC_CloseSession(&session);
    tap_group_end(&group, "the app sees its manifest as properties");
}

static void policy_octets(const TEEC_UUID *uuid, uint8_t out[16])
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(uuid->timeLow >> (24 - 8 * i));
    }
    out[4] = (uint8_t)(uuid->timeMid >> 8);
    out[5] = (uint8_t)uuid->timeMid;
    out[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
    out[7] = (uint8_t)uuid->timeHiAndVersion;
    memcpy(out + 8, uuid->clockSeqAndNode, 8);
}

/* {result, origin} of what the app saw in the other app, and the other app's first value. */
static TEEC_Result policy_chain(TEEC_Session *session, const TEEC_UUID *to, uint32_t command,
                                uint32_t value, uint32_t seen[2], uint32_t out[2])
{
    uint8_t octets[16];
    policy_octets(to, octets);
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_INPUT,
                                            TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT);
    operation.params[0].tmpref.buffer = octets;
    operation.params[0].tmpref.size = sizeof(octets);
    operation.params[1].value.a = command;
    operation.params[1].value.b = value;
    const TEEC_Result result = TEEC_InvokeCommand(session, PROBE_CHAIN, &operation, NULL);
    seen[0] = operation.params[2].value.a;
    seen[1] = operation.params[2].value.b;
    out[0] = operation.params[3].value.a;
    out[1] = operation.params[3].value.b;
    return result;
}

static void policy_app_to_app(void)
{
    const TEEC_UUID from = policy_app("");
    const TEEC_UUID to = policy_app("");
    const TEEC_UUID single = policy_app("gpd.ta.singleInstance: true");
    const TEEC_UUID none = tee_uuid_plus(probe, 0x01000000);
    TEEC_Session session;
    uint32_t seen[2] = {0};
    uint32_t out[2] = {0};
    (void)policy_open(&session, &from);
    TEEC_Result result = policy_chain(&session, &to, PROBE_WORK, 1234, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_SUCCESS &&
               seen[1] == TEEC_ORIGIN_TRUSTED_APP && out[0] == ~1234u,
           "an app opens a session with another app and invokes (0x%x from %u)", seen[0], seen[1]);
    result = policy_chain(&session, &to, PROBE_RETURN, TEEC_ERROR_ACCESS_CONFLICT, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_ERROR_ACCESS_CONFLICT &&
               seen[1] == TEEC_ORIGIN_TRUSTED_APP,
           "and gets its errors (0x%x from %u)", seen[0], seen[1]);
    result = policy_chain(&session, &none, PROBE_NOTHING, 0, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_ERROR_ITEM_NOT_FOUND &&
               seen[1] == TEEC_ORIGIN_TEE,
           "an app that is not there: ITEM_NOT_FOUND (0x%x from %u)", seen[0], seen[1]);
    TEEC_Session busy;
    (void)policy_open(&busy, &single);
    result = policy_chain(&session, &single, PROBE_NOTHING, 0, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_ERROR_BUSY && seen[1] == TEEC_ORIGIN_TEE,
           "an app that is busy (0x%x from %u)", seen[0], seen[1]);
    TEEC_CloseSession(&busy);
    result = policy_chain(&session, &single, PROBE_NOTHING, 0, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_SUCCESS, "and is free again (0x%x from %u)",
           seen[0], seen[1]);
    /* Its own kind: another instance of itself. */
    result = policy_chain(&session, &from, PROBE_WORK, 9, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_SUCCESS && out[0] == ~9u,
           "an app calls another instance of itself (0x%x from %u)", seen[0], seen[1]);
    TEEC_CloseSession(&session);
    /* A single instance that calls itself cannot be served: it must be told, not hang. */
    (void)policy_open(&session, &single);
    result = policy_chain(&session, &single, PROBE_NOTHING, 0, seen, out);
    tap_ok(result == TEEC_SUCCESS && seen[0] == TEEC_ERROR_BUSY,
           "a single instance that calls itself is told that it is busy (0x%x from %u)", seen[0],
           seen[1]);
    TEEC_CloseSession(&session);
}

int main(void)
{
    tee_create(&here);
    tee_start(&here);
    call_context(&context);
    policy_multiple_instances();
    policy_single_session();
    policy_multiple_sessions();
    policy_keep_alive();
    policy_maximum_sessions();
    policy_maximum_instances();
    policy_many_instances();
    policy_heap();
    policy_properties();
    policy_app_to_app();
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    return tap_end();
}
