/* The crypto library's image: what its header may say, every way to say it wrong, and relocating. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lib/library.h>
#include <stdlib.h>
#include <string.h>

/* One page of everything, but two of text: offsets 0, 0x1000, 0x3000, 0x4000; bitmap at 0x5000. */
static const struct library_header good = {
    .magic = LIBRARY_MAGIC,
    .abi = LIBRARY_ABI,
    .num_exports = 3,
    .constant_pages = 1,
    .text_pages = 2,
    .fixed_pages = 1,
    .data_pages = 1,
    .zero_pages = 2,
    .exports = 0x3008,
    .start = 0x1004,
};
#define GOOD_SIZE (0x5000u + 2 * LIBRARY_BITMAP_PER_PAGE)

static enum error decode(const struct library_header *header, uint64_t size)
{
    struct library_layout layout;
    const char *why = NULL;
    struct library_header *copy = malloc(sizeof(*copy)); /* the sanitizer sees who looks at more */
    assert_non_null(copy);
    *copy = *header;
    enum error error = library_decode((const uint8_t *)copy, size, &layout, &why);
    free(copy);
    assert_non_null(why);
    assert_int_equal(*why == '\0', error == E_OK);
    return error;
}

static void accepts(void **state)
{
    struct library_layout layout;
    const char *why;
    (void)state;
    assert_int_equal(library_decode((const uint8_t *)&good, GOOD_SIZE, &layout, &why), E_OK);
    assert_int_equal(layout.text, 0x1000);
    assert_int_equal(layout.fixed, 0x3000);
    assert_int_equal(layout.data, 0x4000);
    assert_int_equal(layout.bitmap, 0x5000);
    assert_int_equal(layout.size, GOOD_SIZE);
    assert_int_equal(layout.data_address, 0x4000 + LIBRARY_GAP);
    assert_int_equal(layout.zeros_address, 0x5000 + LIBRARY_GAP);
    assert_int_equal(layout.end_address, 0x7000 + LIBRARY_GAP);
}

static void refuses_sizes(void **state)
{
    (void)state;
    assert_int_equal(decode(&good, GOOD_SIZE), E_OK);
    assert_int_equal(decode(&good, GOOD_SIZE - 1), E_BAD_FORMAT);
    assert_int_equal(decode(&good, GOOD_SIZE + 1), E_BAD_FORMAT);
    assert_int_equal(decode(&good, sizeof(good)), E_BAD_FORMAT);
    assert_int_equal(decode(&good, sizeof(good) - 1), E_BAD_FORMAT);
    assert_int_equal(decode(&good, 0), E_BAD_FORMAT);
    assert_int_equal(decode(&good, UINT64_MAX), E_BAD_FORMAT);
}

#define REFUSES(member, value, error)                                                              \
    do {                                                                                           \
        struct library_header header = good;                                                       \
        header.member = (value);                                                                   \
        assert_int_equal(decode(&header, GOOD_SIZE), error);                                       \
    } while (0)

static void refuses_headers(void **state)
{
    (void)state;
    REFUSES(magic, LIBRARY_MAGIC ^ 1, E_BAD_FORMAT);
    REFUSES(abi, LIBRARY_ABI + 1, E_VERSION);
    REFUSES(constant_pages, UINT32_MAX, E_BAD_FORMAT);
    REFUSES(text_pages, UINT32_MAX, E_BAD_FORMAT);
    REFUSES(fixed_pages, UINT32_MAX, E_BAD_FORMAT);
    REFUSES(data_pages, UINT32_MAX, E_BAD_FORMAT);
    REFUSES(zero_pages, UINT32_MAX, E_BAD_FORMAT);
    REFUSES(start, 0x0ffc, E_BAD_FORMAT); /* in the constants */
    REFUSES(start, 0x1002, E_BAD_FORMAT); /* not an instruction's place */
    REFUSES(start, 0x3000, E_BAD_FORMAT); /* behind the text */
    REFUSES(start, 0x2ffc, E_OK);
    REFUSES(exports, 0x2ff8, E_BAD_FORMAT);
    REFUSES(exports, 0x3004, E_BAD_FORMAT);
    REFUSES(exports, 0x4000, E_BAD_FORMAT);
    REFUSES(exports, 0x3fe8, E_OK); /* the last three words */
    REFUSES(exports, 0x3ff0, E_BAD_FORMAT);
    REFUSES(num_exports, 0x1ff, E_OK);
    REFUSES(num_exports, 0x200, E_BAD_FORMAT);
    REFUSES(num_exports, UINT32_MAX, E_BAD_FORMAT);
}

static void refuses_parts_that_fill_the_size(void **state)
{
    (void)state;
    struct library_header header = good;
    /* No constants, and so no header in them. */
    header.constant_pages = 0;
    header.text_pages = 3;
    assert_int_equal(decode(&header, GOOD_SIZE), E_BAD_FORMAT);
    /* As large as it says, and larger than anybody has room for. */
    header = good;
    header.text_pages = 0x4000;
    const uint64_t size = GOOD_SIZE + (uint64_t)(0x4000 - 2) * LIBRARY_PAGE;
    header.exports = 0x4001000;
    assert_int_equal(decode(&header, size), E_BAD_FORMAT);
}

static void relocates(void **state)
{
    struct library_layout layout;
    const char *why;
    uint64_t *words = calloc(1, GOOD_SIZE);
    (void)state;
    assert_non_null(words);
    uint8_t *bytes = (uint8_t *)words;
    memcpy(bytes, &good, sizeof(good));
    assert_int_equal(library_decode(bytes, GOOD_SIZE, &layout, &why), E_OK);
    /* The first and the last word of each part, and one between. */
    static const unsigned marked[] = {0, 511, 512, 700, 1023};
    uint64_t *pointers = words + 0x3000 / 8;
    for (unsigned i = 0; i < 5; i++) {
        pointers[marked[i]] = 0x1000 + i;
        bytes[layout.bitmap + marked[i] / 8] |= (uint8_t)(1u << marked[i] % 8);
    }
    library_relocate(bytes, &layout, 0x60000000);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 1024; i++)
        sum += pointers[i];
    assert_int_equal(sum, 5 * 0x60001000ull + 10);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(pointers[marked[i]], 0x60001000 + i);
    /* Every word, and nothing before the first one. */
    memset(bytes + layout.bitmap, 0xff, GOOD_SIZE - layout.bitmap);
    for (unsigned i = 0; i < 1024; i++)
        pointers[i] = i;
    library_relocate(bytes, &layout, 1);
    for (unsigned i = 0; i < 1024; i++)
        assert_int_equal(pointers[i], i + 1);
    assert_memory_equal(bytes, &good, sizeof(good));
    assert_int_equal(words[0x3000 / 8 - 1], 0);
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),         cmocka_unit_test(refuses_sizes),
        cmocka_unit_test(refuses_headers), cmocka_unit_test(refuses_parts_that_fill_the_size),
        cmocka_unit_test(relocates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
