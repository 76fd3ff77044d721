/* Properties: the grammar of values, the three sets, enumeration, misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sdk/gp/call.h>
#include <sdk/gp/property.h>
#include <sdk/rt/test/kernel.h>
#include <stdio.h>
#include <string.h>
#include <tee_internal_api.h>

static uint8_t manifest[4096];

static size_t manifest_add(size_t at, const char *key, const char *value)
{
    const uint16_t key_length = (uint16_t)strlen(key);
    const uint16_t value_length = (uint16_t)strlen(value);
    memcpy(manifest + at, &key_length, 2);
    memcpy(manifest + at + 2, &value_length, 2);
    memcpy(manifest + at + 4, key, key_length);
    memcpy(manifest + at + 4 + key_length, value, value_length);
    return at + 4 + key_length + value_length;
}

static int start(void **state)
{
    test_kernel_start(state);
    size_t size = 0;
    size = manifest_add(size, "app.binary", "aGVsbG8=");
    size = manifest_add(size, "app.empty", "");
    size = manifest_add(size, "app.flag", "TRUE");
    size = manifest_add(size, "app.identity", "4026531840:444fbfd3-0c95-479c-8f40-02d0946d2d8d");
    size = manifest_add(size, "app.large", "0xffffffffff");
    size = manifest_add(size, "app.number", "64K");
    size = manifest_add(size, "app.text", "hello");
    size = manifest_add(size, "gpd.ta.appID", "444fbfd3-0c95-479c-8f40-02d0946d2d8d");
    size = manifest_add(size, "gpd.ta.dataSize", "4096");
    size = manifest_add(size, "postern.restart", "never");
    test_kernel.manifest = manifest;
    test_kernel.manifest_size = size;
    sys_page()->start.flags = SYS_START_MULTI_SESSION;
    sys_page()->start.stack_size = 65536;
    sys_page()->start.version = 1 << 20 | 2 << 10 | 3;
    sys_page()->start.kernel_version = 5 << 10 | 6;
    return 0;
}

static bool number(const char *text, uint64_t *out)
{
    return property_read_number(text, strlen(text), out);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"00012", 12},
        {"4294967295", 4294967295},
        {"18446744073709551615", UINT64_MAX},
        {"1k", 1024},
        {"3M", 3 << 20},
        {"2G", UINT64_C(2) << 30},
        {"0x0", 0},
        {"0XabCDef", 0xabcdef},
        {"0xffffffffffffffff", UINT64_MAX},
        {"17179869183G", UINT64_C(17179869183) << 30},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t value = 1;
        if (!number(good[i].text, &value))
            fail_msg("%s", good[i].text);
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1KB",
        "K",
        "0x",
        "x1",
        "1.5",
        "18446744073709551616",
        "0x10000000000000000",
        "17179869184G",
        "0x1K",
        "12a",
        "1e3",
        "KK",
        "1KK",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t value;
        if (number(bad[i], &value))
            fail_msg("%s was taken", bad[i]);
    }
}

static void booleans_and_identities(void **state)
{
    (void)state;
    bool flag = false;
    assert_true(property_read_bool("true", 4, &flag) && flag);
    assert_true(property_read_bool("False", 5, &flag) && !flag);
    assert_false(property_read_bool("1", 1, &flag));
    assert_false(property_read_bool("truex", 5, &flag));
    assert_false(property_read_bool("", 0, &flag));
    TEE_Identity identity;
    const char *text = "7:00112233-4455-6677-8899-aabbccddeeff";
    assert_true(property_read_identity(text, strlen(text), &identity));
    assert_int_equal(identity.login, 7);
    assert_int_equal(identity.uuid.timeLow, 0x00112233);
    assert_int_equal(identity.uuid.timeHiAndVersion, 0x6677);
    assert_int_equal(identity.uuid.clockSeqAndNode[7], 0xff);
    assert_true(property_read_identity("0", 1, &identity));
    assert_int_equal(identity.uuid.timeLow, 0);
    assert_false(property_read_identity("4294967296", 10, &identity));
    assert_false(property_read_identity(":", 1, &identity));
    assert_false(property_read_identity("1:", 2, &identity));
    assert_false(property_read_identity(text, strlen(text) - 1, &identity));
    assert_false(property_read_identity("", 0, &identity));
}

static void base64(void **state)
{
    (void)state;
    /* RFC 4648, section 10 */
    static const char *const vectors[][2] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zg", "f"},
        {"Zm8", "fo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint8_t out[16];
        size_t size = 99;
        assert_true(
            property_read_binary(vectors[i][0], strlen(vectors[i][0]), out, sizeof(out), &size));
        assert_int_equal(size, strlen(vectors[i][1]));
        assert_memory_equal(out, vectors[i][1], size);
        size_t again = 99;
        assert_true(property_read_binary(vectors[i][0], strlen(vectors[i][0]), NULL, 0, &again));
        assert_int_equal(again, size);
    }
    static const char *const bad[] = {
        "Z", "Zm9vY", "Zh==", "Zm9=", "Z===", "====", "=", "Zm 8", "Zm8=Zm8=", "Zm9*"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t out[16];
        size_t size;
        if (property_read_binary(bad[i], strlen(bad[i]), out, sizeof(out), &size))
            fail_msg("%s was taken", bad[i]);
    }
}

static void app_set(void **state)
{
    (void)state;
    char text[64];
    size_t size = sizeof(text);
    assert_int_equal(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.text", text, &size), 0);
    assert_string_equal(text, "hello");
    assert_int_equal(size, 6);
    uint32_t old_size = 3; /* as sources of 1.1 have it */
    assert_int_equal(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.text", text, &old_size),
                     TEE_ERROR_SHORT_BUFFER);
    assert_string_equal(text, "he");
    assert_int_equal(old_size, 6);
    size = 0;
    assert_int_equal(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.text", NULL, &size),
                     TEE_ERROR_SHORT_BUFFER);
    size = 1;
    assert_int_equal(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.empty", text, &size), 0);
    bool flag = false;
    assert_int_equal(TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "app.flag", &flag), 0);
    assert_true(flag);
    assert_int_equal(TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "gpd.ta.multiSession", &flag),
                     0);
    assert_true(flag);
    assert_int_equal(TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "gpd.ta.singleInstance", &flag),
                     0);
    assert_false(flag);
    assert_int_equal(TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "app.text", &flag),
                     TEE_ERROR_BAD_FORMAT);
    uint32_t value = 0;
    assert_int_equal(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "app.number", &value), 0);
    assert_int_equal(value, 65536);
    assert_int_equal(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "gpd.ta.dataSize", &value), 0);
    assert_int_equal(value, 4096); /* the manifest's, not the default */
    assert_int_equal(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "gpd.ta.stackSize", &value), 0);
    assert_int_equal(value, 65536);
    assert_int_equal(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "app.large", &value),
                     TEE_ERROR_BAD_FORMAT);
    uint64_t wide = 0;
    assert_int_equal(TEE_GetPropertyAsU64(TEE_PROPSET_CURRENT_TA, "app.large", &wide), 0);
    assert_int_equal(wide, 0xffffffffff);
    assert_int_equal(TEE_GetPropertyAsU64(TEE_PROPSET_CURRENT_TA, "app.nothing", &wide),
                     TEE_ERROR_ITEM_NOT_FOUND);
    TEE_UUID uuid;
    assert_int_equal(TEE_GetPropertyAsUUID(TEE_PROPSET_CURRENT_TA, "gpd.ta.appID", &uuid), 0);
    assert_int_equal(uuid.timeLow, 0x444fbfd3);
    TEE_Identity identity;
    assert_int_equal(TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_TA, "app.identity", &identity),
                     0);
    assert_int_equal(identity.login, TEE_LOGIN_TRUSTED_APP);
    uint8_t binary[5];
    size = 4;
    assert_int_equal(
        TEE_GetPropertyAsBinaryBlock(TEE_PROPSET_CURRENT_TA, "app.binary", binary, &size),
        TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(size, 5);
    assert_int_equal(
        TEE_GetPropertyAsBinaryBlock(TEE_PROPSET_CURRENT_TA, "app.binary", binary, &size), 0);
    assert_memory_equal(binary, "hello", 5);
    assert_int_equal(
        TEE_GetPropertyAsBinaryBlock(TEE_PROPSET_CURRENT_TA, "app.flag", binary, &size), 0);
    assert_false(property_is_set("postern.restart"));
    assert_false(property_is_set("postern.ports"));
    assert_true(property_is_set("app.text"));
}

static void client_set(void **state)
{
    (void)state;
    TEE_Identity identity;
    assert_int_equal(
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity),
        TEE_ERROR_ITEM_NOT_FOUND);
    const TEE_Identity client = {.login = TEE_LOGIN_USER, .uuid = {.timeLow = 0xa1b2c3d4}};
    call_begin(&client, 0, NULL);
    assert_int_equal(
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity), 0);
    assert_int_equal(identity.login, TEE_LOGIN_USER);
    assert_memory_equal(&identity.uuid, &client.uuid, sizeof(client.uuid));
    call_end();
    assert_int_equal(
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity),
        TEE_ERROR_ITEM_NOT_FOUND);
}

static void tee_set(void **state)
{
    (void)state;
    char text[64];
    size_t size = sizeof(text);
    assert_int_equal(
        TEE_GetPropertyAsString(TEE_PROPSET_TEE_IMPLEMENTATION, "gpd.tee.description", text, &size),
        0);
    assert_string_equal(text, "Postern 0.5.6");
    uint32_t value = 0;
    assert_int_equal(TEE_GetPropertyAsU32(TEE_PROPSET_TEE_IMPLEMENTATION,
                                          "gpd.tee.internalCore.version", &value),
                     0);
    assert_int_equal(value, TEE_CORE_API_VERSION);
}

/* Every property of a set is met once, under the name and value that finding it gives. */
static unsigned enumerate(TEE_PropSetHandle set)
{
    TEE_PropSetHandle enumerator;
    assert_int_equal(TEE_AllocatePropertyEnumerator(&enumerator), 0);
    TEE_StartPropertyEnumerator(enumerator, set);
    unsigned count = 0;
    TEE_Result result = TEE_SUCCESS;
    while (result == TEE_SUCCESS) {
        char name[64];
        char by_name[64];
        char by_enumerator[64];
        size_t name_size = sizeof(name);
        size_t a = sizeof(by_name);
        size_t b = sizeof(by_enumerator);
        if (TEE_GetPropertyName(enumerator, name, &name_size) != TEE_SUCCESS)
            break;
        assert_int_equal(name_size, strlen(name) + 1);
        assert_int_equal(TEE_GetPropertyAsString(set, name, by_name, &a), 0);
        assert_int_equal(TEE_GetPropertyAsString(enumerator, NULL, by_enumerator, &b), 0);
        assert_string_equal(by_name, by_enumerator);
        count++;
        result = TEE_GetNextProperty(enumerator);
    }
    char rest[8];
    size_t rest_size = sizeof(rest);
    assert_int_equal(TEE_GetPropertyName(enumerator, rest, &rest_size), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_GetNextProperty(enumerator), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_FreePropertyEnumerator(enumerator);
    return count;
}

static void enumeration(void **state)
{
    (void)state;
    assert_int_equal(enumerate(TEE_PROPSET_CURRENT_TA), 10 + 7);
    assert_int_equal(enumerate(TEE_PROPSET_TEE_IMPLEMENTATION), 8);
    assert_int_equal(enumerate(TEE_PROPSET_CURRENT_CLIENT), 0);
    TEE_PropSetHandle enumerator;
    assert_int_equal(TEE_AllocatePropertyEnumerator(&enumerator), 0);
    assert_int_equal(TEE_GetNextProperty(enumerator), TEE_ERROR_ITEM_NOT_FOUND);
    bool flag;
    assert_int_equal(TEE_GetPropertyAsBool(enumerator, NULL, &flag), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_StartPropertyEnumerator(enumerator, TEE_PROPSET_CURRENT_TA);
    char name[64];
    uint32_t small = 4;
    assert_int_equal(TEE_GetPropertyName(enumerator, name, &small), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(strlen(name), 3);
    TEE_ResetPropertyEnumerator(enumerator);
    assert_int_equal(TEE_GetPropertyName(enumerator, name, &small), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_FreePropertyEnumerator(enumerator);
}

static void misuse(void **state)
{
    (void)state;
    bool flag;
    size_t size = 8;
    char text[8];
    TEE_PropSetHandle enumerator;
    const TEE_Result bad = TEE_ERROR_BAD_PARAMETERS;
    EXPECT_PANIC(bad, "TEE_GetPropertyAsBool: value",
                 TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "app.flag", NULL));
    EXPECT_PANIC(bad, "TEE_GetPropertyAsBool: name",
                 TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, NULL, &flag));
    EXPECT_PANIC(bad, "TEE_GetPropertyAsBool: name",
                 TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, (const char *)16, &flag));
    EXPECT_PANIC(bad, "no handle",
                 TEE_GetPropertyAsBool((TEE_PropSetHandle)0xfffffff0, "app.flag", &flag));
    EXPECT_PANIC(bad, "no handle", TEE_GetPropertyAsBool(TEE_HANDLE_NULL, "app.flag", &flag));
    EXPECT_PANIC(bad, "TEE_GetPropertyAsString: valueBuffer: 8 bytes",
                 TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.text", NULL, &size));
    EXPECT_PANIC(bad, "valueBufferLen",
                 TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "app.text", text, (size_t *)NULL));
    EXPECT_PANIC(bad, "TEE_FreePropertyEnumerator", TEE_FreePropertyEnumerator(NULL));
    EXPECT_PANIC(bad, "TEE_AllocatePropertyEnumerator", TEE_AllocatePropertyEnumerator(NULL));
    assert_int_equal(TEE_AllocatePropertyEnumerator(&enumerator), 0);
    EXPECT_PANIC(bad, "no property set",
                 TEE_StartPropertyEnumerator(enumerator, (TEE_PropSetHandle)5));
    TEE_FreePropertyEnumerator(enumerator);
    EXPECT_PANIC(bad, "no handle", TEE_FreePropertyEnumerator(enumerator));
    EXPECT_PANIC(bad, "no handle", TEE_GetNextProperty(enumerator));
    EXPECT_PANIC(bad, "no handle", TEE_StartPropertyEnumerator(enumerator, TEE_PROPSET_CURRENT_TA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),     cmocka_unit_test(booleans_and_identities),
        cmocka_unit_test(base64),      cmocka_unit_test(app_set),
        cmocka_unit_test(client_set),  cmocka_unit_test(tee_set),
        cmocka_unit_test(enumeration), cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests_name("sdk property", tests, start, NULL);
}
