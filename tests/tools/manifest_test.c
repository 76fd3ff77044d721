/* manifest.txt: what becomes of each kind of line, and that every mistake is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/package/manifest_text.h>

#define ID "gpd.ta.appID: 11111111-2222-4333-8444-555555555555\n"
#define SINGLE "gpd.ta.singleInstance: true\n"

static struct manifest_packed packed;
static char why[512];

static enum error pack(const char *text)
{
    why[0] = '\0';
    return manifest_text_pack(text, strlen(text), &packed, why, sizeof(why));
}

static const char *value_of(const char *key)
{
    static char value[MANIFEST_VALUE_MAX + 1];
    const uint8_t *at = packed.bytes;
    size_t left = packed.size;
    struct manifest_entry entry;
    while (manifest_next(&at, &left, &entry) == E_OK) {
        if (entry.key_length != strlen(key) || memcmp(entry.key, key, entry.key_length) != 0)
            continue;
        memcpy(value, entry.value, entry.value_length);
        value[entry.value_length] = '\0';
        return value;
    }
    return NULL;
}

static void all_that_can_be_said(void **state)
{
    (void)state;
    assert_int_equal(pack("# an app\n"
                          "zz.last: of all\n"
                          "gpd.ta.version = 1.2.3\n" ID SINGLE
                          "gpd.ta.description: text with: a colon = and so on\n"
                          "gpd.ta.multiSession:true\n"
                          "gpd.ta.instanceKeepAlive: true\n"
                          "gpd.ta.dataSize: 64k\n"
                          "gpd.ta.stackSize:   2M \n"
                          "postern.name: name\n"
                          "postern.ports:  a.b:ns ,\tc.d , e:ta:ns\n"
                          "postern.restart: failure\n"
                          "postern.maxSessions: 7\n"
                          "postern.maxInstances: 1\n"
                          "postern.cancelGrace: 0\n"
                          "postern.development: true\n"
                          "own.property:\n"
                          "Own: 1\n"),
                     E_OK);
    const struct manifest *m = &packed.decoded;
    assert_int_equal(m->version, 1u << 20 | 2u << 10 | 3u);
    assert_true(m->single_instance && m->multi_session && m->keep_alive && m->development);
    assert_int_equal(m->heap_size, 65536);
    assert_int_equal(m->stack_size, 2u << 20);
    assert_int_equal(m->num_ports, 3);
    assert_int_equal(m->ports[0].flags, SYS_PORT_ALLOW_NS);
    assert_int_equal(m->ports[1].flags, SYS_PORT_ALLOW_NS | SYS_PORT_ALLOW_TA);
    assert_int_equal(m->restart, MANIFEST_RESTART_FAILURE);
    assert_int_equal(m->max_sessions, 7);
    assert_int_equal(m->cancel_grace_ms, 0);
    assert_string_equal(value_of("gpd.ta.dataSize"), "65536");
    assert_string_equal(value_of("postern.ports"), "a.b:ns,c.d,e:ta:ns");
    assert_string_equal(value_of("own.property"), "");
    assert_string_equal(value_of("gpd.ta.description"), "text with: a colon = and so on");
}

static void the_order_of_lines_does_not_matter(void **state)
{
    (void)state;
    uint8_t bytes[PACKAGE_MANIFEST_MAX];
    assert_int_equal(pack(ID "b: 1\na: 2\nab: 3\n"), E_OK);
    size_t size = packed.size;
    memcpy(bytes, packed.bytes, size);
    assert_int_equal(pack("ab: 3\na: 2\nb: 1\n" ID), E_OK);
    assert_int_equal(packed.size, size);
    assert_memory_equal(packed.bytes, bytes, size);
}

static void every_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        {"", "gpd.ta.appID is missing"},
        {"gpd.ta.version: 1\n", "gpd.ta.appID is missing"},
        {"gpd.ta.appID: 1234\n", "line 1: gpd.ta.appID must be a UUID"},
        {"gpd.ta.appID: 00000000-0000-0000-0000-000000000000\n", "gpd.ta.appID must be a UUID"},
        {ID "nonsense\n", "line 2: the line is not of the form"},
        {ID "x\001: 1\n", "line 2: a control character"},
        {ID ID, "line 2: the key gpd.ta.appID stands in line 1 already"},
        {ID "a: 1\n\nb: 1\na: 2\n", "line 5: the key a stands in line 2 already"},
        {ID "gpd.ta.nothing: 1\n", "line 2: the key gpd.ta.nothing is unknown"},
        {ID "postern.Ports: a\n", "line 2: the key postern.Ports is unknown"},
        {ID "my key: 1\n", "line 2: the key \"my key\" has a blank"},
        {ID "gpd.ta.singleInstance: yes\n", "line 2: gpd.ta.singleInstance must be true or false"},
        {ID "gpd.ta.multiSession: TRUE\n", "gpd.ta.multiSession must be true or false"},
        {ID "gpd.ta.dataSize: 64 k\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: 64g\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: k\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: -1\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: 0\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: 1025M\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.dataSize: 18446744073709551617\n", "gpd.ta.dataSize must be a size"},
        {ID "gpd.ta.stackSize: 4k\n", "gpd.ta.stackSize must be a size from 16k"},
        {ID "gpd.ta.version: 1.2.3.4\n", "line 2: gpd.ta.version must be a version"},
        {ID "gpd.ta.version: one\n", "gpd.ta.version must be a version"},
        {ID "postern.name:\n", "postern.name must be"},
        {ID SINGLE "postern.ports:\n", "postern.ports must be"},
        {ID SINGLE "postern.ports: a,,b\n", "postern.ports must be"},
        {ID SINGLE "postern.ports: a,a\n", "postern.ports must be"},
        {ID SINGLE "postern.ports: a:xx\n", "postern.ports must be"},
        {ID "postern.restart: sometimes\n", "postern.restart must be never, always or failure"},
        {ID "postern.maxSessions: 0\n", "postern.maxSessions must be"},
        {ID "postern.maxInstances: 100000\n", "postern.maxInstances must be"},
        {ID "postern.cancelGrace: -1\n", "postern.cancelGrace must be"},
        {ID "postern.development: 1\n", "postern.development must be true or false"},
        {ID "gpd.ta.instanceKeepAlive: true\n", "gpd.ta.instanceKeepAlive contradicts"},
        {ID "gpd.ta.singleInstance: false\ngpd.ta.multiSession: true\n",
         "gpd.ta.multiSession contradicts"},
        {ID "postern.ports: a\n", "postern.ports needs gpd.ta.singleInstance"},
        {ID "postern.restart: always\n", "postern.restart needs gpd.ta.singleInstance"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(pack(cases[i].text), E_BAD_FORMAT);
        if (strstr(why, cases[i].named) == NULL)
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, why, cases[i].named);
    }
}

/* A text of the ID and then one line made of `key` and `value` repeated. */
static enum error pack_long(size_t key_length, size_t value_length)
{
    char *text = malloc(sizeof(ID) + key_length + value_length + 8);
    size_t used = (size_t)sprintf(text, "%s", ID);
    memset(text + used, 'k', key_length);
    used += key_length;
    text[used++] = ':';
    memset(text + used, 'v', value_length);
    used += value_length;
    text[used++] = '\n';
    enum error error = manifest_text_pack(text, used, &packed, why, sizeof(why));
    free(text);
    return error;
}

static void limits_hold(void **state)
{
    (void)state;
    assert_int_equal(pack_long(MANIFEST_KEY_MAX, MANIFEST_VALUE_MAX), E_OK);
    assert_int_equal(pack_long(MANIFEST_KEY_MAX + 1, 1), E_BAD_FORMAT);
    assert_non_null(strstr(why, "longer than 128"));
    assert_int_equal(pack_long(1, MANIFEST_VALUE_MAX + 1), E_BAD_FORMAT);
    assert_non_null(strstr(why, "longer than 1024"));

    static char text[PACKAGE_MANIFEST_MAX * 4];
    size_t used = (size_t)sprintf(text, "%s", ID);
    for (int i = 0; i < 20; i++) {
        used += (size_t)sprintf(text + used, "key%02d: ", i);
        memset(text + used, 'v', 1000);
        used += 1000;
        text[used++] = '\n';
    }
    assert_int_equal(manifest_text_pack(text, used, &packed, why, sizeof(why)), E_BAD_FORMAT);
    assert_non_null(strstr(why, "larger than 16384 bytes when packed"));
    used = (size_t)sprintf(text, "%s", ID);
    for (int i = 0; i < 300; i++)
        used += (size_t)sprintf(text + used, "key%03d: 1\n", i);
    assert_int_equal(manifest_text_pack(text, used, &packed, why, sizeof(why)), E_BAD_FORMAT);
    assert_non_null(strstr(why, "more than 256 keys"));
}

/* A reason is cut to the room that it has. */
static void short_room_for_the_reason(void **state)
{
    (void)state;
    char small[8];
    memset(small, 'x', sizeof(small));
    assert_int_equal(manifest_text_pack("a\n", 2, &packed, small, sizeof(small)), E_BAD_FORMAT);
    assert_int_equal(strnlen(small, sizeof(small)), sizeof(small) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_can_be_said),
        cmocka_unit_test(the_order_of_lines_does_not_matter),
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(short_room_for_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
