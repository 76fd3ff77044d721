/* Trust files: what they may say, every way to say it wrong, and the table that comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lib/trust/lines.h>
#include <lib/trust/trust.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID_A "11111111-2222-4333-8444-555555555555"
#define UUID_B "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"

/* A line `modulus = ...` of a plausible modulus, different for each `tag`. */
static const char *modulus_line(char tag)
{
    static char line[4][1024];
    static unsigned int next;
    char *out = line[next++ % 4];
    char digits[769];
    memset(digits, tag, 768);
    digits[0] = 'c';
    digits[767] = '1';
    digits[768] = '\0';
    (void)snprintf(out, 1024, "modulus = %s\n", digits);
    return out;
}

struct table {
    uint8_t *blob;
    size_t size;
    struct trust_header header;
};

static enum error add(struct trust_builder *builder, const char *text, struct trust_why *why)
{
    memset(why, 0, sizeof(*why));
    return trust_builder_add(builder, "t.trust", text, strlen(text), why);
}

static struct table encode(const struct trust_builder *builder)
{
    struct table table = {.blob = NULL};
    assert_int_equal(trust_builder_encode(builder, &table.blob, &table.size), E_OK);
    assert_true(table.size >= sizeof(table.header));
    memcpy(&table.header, table.blob, sizeof(table.header));
    assert_true(table.header.magic == TRUST_MAGIC);
    return table;
}

static struct trust_key key_at(const struct table *table, size_t offset)
{
    struct trust_key key;
    assert_true(offset + sizeof(key) <= table->size);
    memcpy(&key, table->blob + offset, sizeof(key));
    return key;
}

static struct trust_app app_at(const struct table *table, size_t offset)
{
    struct trust_app app;
    assert_true(offset + sizeof(app) <= table->size);
    memcpy(&app, table->blob + offset, sizeof(app));
    return app;
}

static void empty_text_trusts_nobody(void **state)
{
    (void)state;
    struct trust_why why;
    struct trust_builder *builder = trust_builder_create();
    assert_int_equal(add(builder, "", &why), E_OK);
    assert_int_equal(add(builder, "# nothing\n\n   \n", &why), E_OK);
    struct table table = encode(builder);
    assert_int_equal(table.header.num_keys, 0);
    assert_int_equal(table.size, sizeof(struct trust_header));
    free(table.blob);
    trust_builder_destroy(builder);
}

static void one_key_with_apps_and_floors(void **state)
{
    (void)state;
    char text[4096];
    struct trust_why why;
    struct trust_builder *builder = trust_builder_create();
    (void)snprintf(text, sizeof(text),
                   "# a comment\r\n%sexponent: 65539\napp = " UUID_A "\n\tapp =" UUID_B
                   "\nfloor = " UUID_B "   1.2.3\n",
                   modulus_line('a'));
    assert_int_equal(add(builder, text, &why), E_OK);
    struct table table = encode(builder);
    assert_int_equal(table.header.num_keys, 1);
    struct trust_key key = key_at(&table, sizeof(struct trust_header));
    assert_int_equal(key.exponent, 65539);
    assert_int_equal(key.num_apps, 2);
    assert_int_equal(key.any_app, 0);
    assert_int_equal(key.modulus[0], 0xca);
    assert_int_equal(key.modulus[383], 0xa1);
    size_t at = sizeof(struct trust_header) + sizeof(struct trust_key);
    struct trust_app first = app_at(&table, at);
    struct trust_app second = app_at(&table, at + sizeof(first));
    assert_int_equal(first.uuid[0], 0x11);
    assert_int_equal(first.lowest_version, 0);
    assert_int_equal(second.uuid[15], 0xee);
    assert_int_equal(second.lowest_version, 1u << 20 | 2u << 10 | 3u);
    assert_int_equal(table.size, at + 2 * sizeof(first));
    free(table.blob);
    trust_builder_destroy(builder);
}

static void a_floor_alone_permits_nothing(void **state)
{
    (void)state;
    char text[4096];
    struct trust_why why;
    struct trust_builder *builder = trust_builder_create();
    (void)snprintf(text, sizeof(text), "%sfloor = " UUID_A " 2\n", modulus_line('a'));
    assert_int_equal(add(builder, text, &why), E_OK);
    struct table table = encode(builder);
    struct trust_key key = key_at(&table, sizeof(struct trust_header));
    assert_int_equal(key.num_apps, 0);
    assert_int_equal(key.any_app, 0);
    free(table.blob);
    trust_builder_destroy(builder);
}

static void the_same_key_again_adds_up(void **state)
{
    (void)state;
    char text[8192];
    struct trust_why why;
    struct trust_builder *builder = trust_builder_create();
    (void)snprintf(text, sizeof(text), "%sapp = " UUID_A "\nfloor = " UUID_A " 3\n",
                   modulus_line('a'));
    assert_int_equal(add(builder, text, &why), E_OK);
    (void)snprintf(text, sizeof(text), "%sapp = *\nfloor = " UUID_A " 1\nfloor = " UUID_B " 4\n",
                   modulus_line('a'));
    assert_int_equal(add(builder, text, &why), E_OK);
    /* Another exponent is another key. */
    (void)snprintf(text, sizeof(text), "%sexponent = 65539\n%sapp = *\n", modulus_line('a'),
                   modulus_line('b'));
    assert_int_equal(add(builder, text, &why), E_OK);
    struct table table = encode(builder);
    assert_int_equal(table.header.num_keys, 3);
    struct trust_key key = key_at(&table, sizeof(struct trust_header));
    assert_int_equal(key.any_app, 1);
    assert_int_equal(key.num_apps, 2);
    size_t at = sizeof(struct trust_header) + sizeof(struct trust_key);
    assert_int_equal(app_at(&table, at).lowest_version, 3u << 20);
    assert_int_equal(app_at(&table, at + sizeof(struct trust_app)).lowest_version, 4u << 20);
    free(table.blob);
    trust_builder_destroy(builder);
}

/* Each text is refused, by a sentence with the line and this in it. */
static void every_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *after; /* behind a good modulus line; NULL: `whole` is the text */
        const char *whole;
        const char *named;
    } cases[] = {
        {NULL, "app = *\n", "t.trust:1: `app` stands before any `modulus`"},
        {NULL, "\n\nexponent = 65537\n", "t.trust:3: `exponent` stands before"},
        {NULL, "modulus = 1234\n", "t.trust:1: `modulus` has 4 digits and must have 768"},
        {NULL, "modulus\n", "not of the form"},
        {NULL, "= 12\n", "a name is missing"},
        {NULL, "mod\001ulus = 12\n", "control character"},
        {"exponent = 3\n", NULL, "t.trust:2: `exponent` must be"},
        {"exponent = 65538\n", NULL, "`exponent` must be"},
        {"exponent = 4294967297\n", NULL, "`exponent` must be"},
        {"exponent = 99999999999999999999\n", NULL, "`exponent` must be"},
        {"exponent = -65537\n", NULL, "`exponent` must be"},
        {"exponent =\n", NULL, "`exponent` must be"},
        {"exponent = 65537\nexponent = 65537\n", NULL, "t.trust:3: `exponent` is given twice"},
        {"app = **\n", NULL, "`app` must be a UUID or *"},
        {"app = " UUID_A "0\n", NULL, "`app` must be a UUID or *"},
        {"app =\n", NULL, "`app` must be a UUID or *"},
        {"app = 11111111-2222-4333-8444-55555555555g\n", NULL, "`app` must be a UUID or *"},
        {"floor = " UUID_A "\n", NULL, "`floor` must be"},
        {"floor = " UUID_A " 1.2.3.4\n", NULL, "`floor` must be"},
        {"floor = " UUID_A " 4096\n", NULL, "`floor` must be"},
        {"floor = " UUID_A " 1.1024\n", NULL, "`floor` must be"},
        {"floor = " UUID_A "1\n", NULL, "`floor` must be"},
        {"floor = * 1\n", NULL, "`floor` must be"},
        {"apps = *\n", NULL, "t.trust:2: `apps` is not known"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[4096];
        struct trust_why why;
        struct trust_builder *builder = trust_builder_create();
        if (cases[i].whole != NULL)
            (void)snprintf(text, sizeof(text), "%s", cases[i].whole);
        else
            (void)snprintf(text, sizeof(text), "%s%s", modulus_line('a'), cases[i].after);
        assert_int_equal(add(builder, text, &why), E_BAD_FORMAT);
        if (strstr(why.text, cases[i].named) == NULL)
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, why.text, cases[i].named);
        trust_builder_destroy(builder);
    }
}

static void a_modulus_that_is_none_is_refused(void **state)
{
    (void)state;
    struct trust_why why;
    char text[1024];
    struct {
        size_t at;
        char digit;
    } const faults[] = {{0, '7'}, {767, '2'}, {100, 'x'}, {500, ' '}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct trust_builder *builder = trust_builder_create();
        (void)snprintf(text, sizeof(text), "%s", modulus_line('a'));
        text[strlen("modulus = ") + faults[i].at] = faults[i].digit;
        assert_int_equal(add(builder, text, &why), E_BAD_FORMAT);
        trust_builder_destroy(builder);
    }
}

static void tables_have_limits(void **state)
{
    (void)state;
    struct trust_why why;
    char line[1024];
    struct trust_builder *builder = trust_builder_create();
    for (unsigned int i = 0; i < TRUST_KEYS_MAX; i++) {
        char digits[3];
        (void)snprintf(line, sizeof(line), "%s", modulus_line('a'));
        (void)snprintf(digits, sizeof(digits), "%02x", i);
        memcpy(line + 100, digits, 2);
        assert_int_equal(add(builder, line, &why), E_OK);
    }
    assert_int_equal(add(builder, modulus_line('b'), &why), E_NO_RESOURCES);
    trust_builder_destroy(builder);

    builder = trust_builder_create();
    size_t room = 1024 + 64 * (TRUST_APPS_MAX + 1);
    char *text = malloc(room);
    size_t used = (size_t)snprintf(text, room, "%s", modulus_line('a'));
    for (unsigned int i = 0; i < TRUST_APPS_MAX; i++)
        used += (size_t)snprintf(text + used, room - used,
                                 "app = %08x-2222-4333-8444-555555555555\n", i);
    assert_int_equal(add(builder, text, &why), E_OK);
    /* The same again is no more than it was. */
    assert_int_equal(add(builder, text, &why), E_NO_RESOURCES);
    trust_builder_destroy(builder);
    builder = trust_builder_create();
    (void)snprintf(text + used, room - used, "app = ffffffff-2222-4333-8444-555555555555\n");
    assert_int_equal(add(builder, text, &why), E_NO_RESOURCES);
    free(text);
    trust_builder_destroy(builder);
}

/* A folder of the test's own. */
static char folder[] = "/tmp/postern-trust-test-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    int closed = fclose(file);
    assert_int_equal(closed, 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void folders_are_read_with_care(void **state)
{
    (void)state;
    struct trust_why why;
    uint8_t *blob = NULL;
    size_t size = 0;
    char path[256];
    char text[2048];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(text, sizeof(text), "%sapp = *\n", modulus_line('a'));

    assert_int_equal(trust_load(folder, &blob, &size, &why), E_OK);
    assert_int_equal(size, sizeof(struct trust_header));
    free(blob);

    write_file("a.trust", text, 0644);
    write_file("ignored.txt", "rubbish", 0666);
    write_file(".hidden.trust", "rubbish", 0644);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_OK);
    assert_int_equal(size, sizeof(struct trust_header) + sizeof(struct trust_key));
    free(blob);

    write_file("b.trust", text, 0664);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_ACCESS_DENIED);
    assert_non_null(strstr(why.text, "b.trust can be written by others (mode 0664)"));
    write_file("b.trust", "rubbish\n", 0644);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_BAD_FORMAT);
    assert_non_null(strstr(why.text, "b.trust:1:"));

    (void)snprintf(path, sizeof(path), "%s/b.trust", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("a.trust", path), 0);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_ACCESS_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_BAD_FORMAT);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_ACCESS_DENIED);
    assert_int_equal(chmod(folder, 0700), 0);

    (void)snprintf(path, sizeof(path), "%s/a.trust", folder);
    assert_int_equal(trust_load(path, &blob, &size, &why), E_OK);
    free(blob);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(trust_load(folder, &blob, &size, &why), E_ACCESS_DENIED);
        assert_non_null(strstr(why.text, "belongs to user 12345"));
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(trust_load(path, &blob, &size, &why), E_NOT_FOUND);
    (void)snprintf(path, sizeof(path), "%s/ignored.txt", folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/.hidden.trust", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(trust_load(folder, &blob, &size, &why), E_NOT_FOUND);
}

static void lines_are_taken_apart(void **state)
{
    (void)state;
    static const char text[] = "\n# c\n a : b = c \r\nx=\ny = # no comment\nlast=1";
    struct lines lines = lines_of(text, sizeof(text) - 1);
    struct line line;
    const char *why = NULL;
    assert_int_equal(lines_next(&lines, &line, &why), E_OK);
    assert_int_equal(lines.number, 3);
    assert_int_equal(line.name_length, 1);
    assert_int_equal(line.value_length, 5);
    assert_memory_equal(line.value, "b = c", 5);
    assert_int_equal(lines_next(&lines, &line, &why), E_OK);
    assert_int_equal(line.value_length, 0);
    assert_int_equal(lines_next(&lines, &line, &why), E_OK);
    assert_int_equal(line.value_length, strlen("# no comment"));
    assert_int_equal(lines_next(&lines, &line, &why), E_OK);
    assert_int_equal(lines.number, 6);
    assert_int_equal(lines_next(&lines, &line, &why), E_NOT_FOUND);
    assert_int_equal(lines_next(&lines, &line, &why), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_apart),
        cmocka_unit_test(empty_text_trusts_nobody),
        cmocka_unit_test(one_key_with_apps_and_floors),
        cmocka_unit_test(a_floor_alone_permits_nothing),
        cmocka_unit_test(the_same_key_again_adds_up),
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(a_modulus_that_is_none_is_refused),
        cmocka_unit_test(tables_have_limits),
        cmocka_unit_test(folders_are_read_with_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
