/*
 * Versions: an app is upgraded while sessions of its older instance are open; a floor under versions;
 * a package that a client brings along (ta_path); what survives a restart of the TEE.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <stdlib.h>
#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;

static bool upgrade_version_is(TEEC_Session *session, const char *want)
{
    char name[] = "gpd.ta.version";
    char text[64];
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_VALUE_INPUT, TEEC_NONE);
    operation.params[0].tmpref.buffer = name;
    operation.params[0].tmpref.size = strlen(name);
    operation.params[1].tmpref.buffer = text;
    operation.params[1].tmpref.size = sizeof(text);
    const TEEC_Result result = TEEC_InvokeCommand(session, PROBE_PROPERTY, &operation, NULL);
    if (result != TEEC_SUCCESS) {
        tap_note("property: %s", postern_teec_strerror(result));
        return false;
    }
    const size_t size = operation.params[1].tmpref.size;
    return size == strlen(want) && memcmp(text, want, size) == 0;
}

/* Opens until the new version serves: the TEE may believe for a moment that it has the newest. */
static bool upgrade_open_until(TEEC_Context *context, TEEC_Session *session, const TEEC_UUID *uuid,
                               const char *version)
{
    const uint64_t end = tee_now_ms() + 60000u;
    for (;;) {
        const TEEC_Result result = call_open(context, session, uuid, NULL);
        if (result == TEEC_SUCCESS && upgrade_version_is(session, version)) {
            return true;
        }
        if (result != TEEC_SUCCESS || tee_now_ms() > end) {
            return false;
        }
        TEEC_CloseSession(session);
        tee_sleep_ms(100);
    }
}

static void upgrade_multiple(void)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, 1);
    TEEC_Context context;
    TEEC_Session old;
    TEEC_Session new;
    call_context(&context);
    tee_sign(&here, TEE_PROBE, &uuid, "gpd.ta.version: 1.0.0");
    bool good =
        call_open(&context, &old, &uuid, NULL) == TEEC_SUCCESS && upgrade_version_is(&old, "1.0.0");
    tap_ok(good, "version 1.0.0 is open");
    tee_sign(&here, TEE_PROBE, &uuid, "gpd.ta.version: 1.1.0");
    tap_ok(upgrade_open_until(&context, &new, &uuid, "1.1.0"),
           "an upgrade lies there: new sessions get the new version");
    tap_ok(upgrade_version_is(&old, "1.0.0") && call_probe_right(&old, 1),
           "the session of the older instance goes on");
    tap_ok(call_probe_right(&new, 2), "beside that of the new one");
    TEEC_CloseSession(&old);
    TEEC_CloseSession(&new);
    good = call_open(&context, &new, &uuid, NULL) == TEEC_SUCCESS;
    tap_ok(good && upgrade_version_is(&new, "1.1.0"), "and the new version stays");
    TEEC_CloseSession(&new);
    TEEC_FinalizeContext(&context);
}

/* One instance for all: as long as it has sessions it serves; then the new version takes over. */
static void upgrade_single(void)
{
    static const char *const kinds[] = {
        "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n",
        "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\ngpd.ta.instanceKeepAlive: true\n",
    };
    for (uint32_t i = 0; i < 2; i++) {
        const TEEC_UUID uuid = tee_uuid_plus(probe, 2 + i);
        const char *name = i == 0 ? "single instance" : "kept alive";
        TEEC_Context context;
        TEEC_Session a;
        TEEC_Session b;
        char manifest[256];
        call_context(&context);
        (void)snprintf(manifest, sizeof(manifest), "%sgpd.ta.version: 1.0.0", kinds[i]);
        tee_sign(&here, TEE_PROBE, &uuid, manifest);
        (void)call_open(&context, &a, &uuid, NULL);
        (void)snprintf(manifest, sizeof(manifest), "%sgpd.ta.version: 2.0.0", kinds[i]);
        tee_sign(&here, TEE_PROBE, &uuid, manifest);
        uint32_t origin = 0;
        const TEEC_Result result = call_open(&context, &b, &uuid, &origin);
        tap_ok(result == TEEC_SUCCESS && call_probe_right(&b, 1),
               "%s: open while the older one has sessions: %s", name,
               postern_teec_strerror(result));
        tap_ok(upgrade_version_is(&a, "1.0.0") && call_probe_right(&a, 2),
               "%s: the older session goes on", name);
        TEEC_CloseSession(&a);
        TEEC_CloseSession(&b);
        tap_ok(upgrade_open_until(&context, &a, &uuid, "2.0.0"), "%s: then the new version serves",
               name);
        TEEC_CloseSession(&a);
        TEEC_FinalizeContext(&context);
    }
}

/* Another trust table: FILE of the tests' keys takes the place of `name` in the TEE's trust folder, and
 * the TEE starts anew. The guest's kernel starts with the machine: its table has all of them already, for
 * apps that no other test uses (tests/e2e/build.mk). */
static void upgrade_trust(const char *file, const char *name)
{
    if (tee_cannot(TEE_RESTART) != NULL) {
        return;
    }
    char path[TEE_PATH + 32];
    size_t size;
    (void)snprintf(path, sizeof(path), "%s/%s", here.trust, name);
    uint8_t *bytes = tee_file_read(file, &size);
    (void)tee_stop(&here);
    tee_file_write(path, bytes, size);
    tee_start(&here);
    free(bytes);
}

static void upgrade_floor(void)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, TEE_APP_FLOOR);
    char text[37];
    tee_uuid_text(&uuid, text);
    upgrade_trust(TEE_TRUST_FLOOR, "test.trust");
    TEEC_Context context;
    TEEC_Session session;
    call_context(&context);
    static const struct {
        const char *version;
        bool good;
    } row[] = {{"2.0.999", false}, {"2.1.0", true},  {"1.9.9", false},
               {"3.0.0", true},    {"0.0.0", false}, {"2.1.1", true}};
    struct tap_group group = {0};
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char manifest[64];
        uint32_t origin = 0;
        (void)snprintf(manifest, sizeof(manifest), "gpd.ta.version: %s", row[i].version);
        tee_sign(&here, TEE_PROBE, &uuid, manifest);
        const size_t log = tee_log_size(&here);
        const TEEC_Result result = call_open(&context, &session, &uuid, &origin);
        if (row[i].good) {
            tap_check(&group,
                      result == TEEC_SUCCESS && upgrade_version_is(&session, row[i].version),
                      "version %s: %s", row[i].version, postern_teec_strerror(result));
        } else {
            tap_check(&group, result == TEEC_ERROR_SECURITY && origin == TEEC_ORIGIN_TEE,
                      "version %s: %s from %u", row[i].version, postern_teec_strerror(result),
                      origin);
            tap_check(&group, tee_log_has_after(&here, log, text, "version"),
                      "version %s: nothing in the log", row[i].version);
        }
        TEEC_CloseSession(&session);
    }
    tap_group_end(&group, "versions below the floor are refused: SECURITY");
    TEEC_FinalizeContext(&context);
    upgrade_trust(TEE_TRUST, "test.trust");
}

/* A key that may sign one app only. */
static void upgrade_scope(void)
{
    const TEEC_UUID mine = tee_uuid_plus(probe, TEE_APP_SCOPED);
    const TEEC_UUID other = tee_uuid_plus(probe, TEE_APP_SCOPED + 1);
    char package[TEE_PATH];
    upgrade_trust(TEE_TRUST_SCOPED, "scoped.trust");
    tee_package_path(&here, &mine, package);
    tee_sign_as(TEE_PROBE, &mine, "", TEE_KEY_SCOPED, package);
    tee_package_path(&here, &other, package);
    tee_sign_as(TEE_PROBE, &other, "", TEE_KEY_SCOPED, package);
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    call_context(&context);
    TEEC_Result result = call_open(&context, &session, &mine, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
               "the app that a key may sign");
    TEEC_CloseSession(&session);
    result = call_open(&context, &session, &other, &origin);
    tap_result(result, origin, TEEC_ERROR_SECURITY, TEEC_ORIGIN_TEE, "an app that it may not");
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
}

static void upgrade_ta_path(void)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, 8);
    char path[TEE_PATH + 32];
    (void)snprintf(path, sizeof(path), "%s/brought-along.ta", here.folder);
    tee_sign_as(TEE_PROBE, &uuid, "", TEE_KEY, path);
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    call_context(&context);
    TEEC_Result result = call_open(&context, &session, &uuid, &origin);
    tap_result(result, origin, TEEC_ERROR_SERVICE_NOT_EXIST, TEEC_ORIGIN_TEE,
               "an app that the supplicant does not have");
    context.ta_path = (uint8_t *)path;
    result = call_open(&context, &session, &uuid, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "the client brings it along");
    tap_ok(call_probe_right(&session, 7), "and it serves");
    TEEC_CloseSession(&session);
    /* It is checked all the same. */
    const TEEC_UUID bad = tee_uuid_plus(probe, 9);
    char bad_path[TEE_PATH + 32];
    (void)snprintf(bad_path, sizeof(bad_path), "%s/bad.ta", here.folder);
    tee_sign_as(TEE_PROBE, &bad, "", TEE_KEY_OTHER, bad_path);
    context.ta_path = (uint8_t *)bad_path;
    result = call_open(&context, &session, &bad, &origin);
    tap_result(result, origin, TEEC_ERROR_SECURITY, TEEC_ORIGIN_TEE, "a bad one is refused");
    TEEC_CloseSession(&session);
    char none[] = "/nonexistent/path.ta";
    context.ta_path = (uint8_t *)none;
    result = call_open(&context, &session, &bad, &origin);
    tap_ok(result != TEEC_SUCCESS, "a path that is none: %s from %s", postern_teec_strerror(result),
           postern_teec_origin_name(origin));
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
}

int main(void)
{
    tee_create(&here);
    tee_start(&here);
    upgrade_multiple();
    upgrade_single();
    upgrade_floor();
    upgrade_scope();
    if (!tee_lacks(TEE_BRING_ALONG, "a package that the client brings along")) {
        upgrade_ta_path();
    }
    tee_destroy(&here);
    return tap_end();
}
