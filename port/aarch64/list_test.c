/*
 * Addresses and lists that the normal world names, at every border.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <port/aarch64/list.h>

#define BASE UINT64_C(0x40000000)
#define SIZE UINT64_C(0x40000000)
#define END (BASE + SIZE)

static const struct ranges memory = {.count = 1, .range = {{BASE, END}}};

static void ranges_hold_what_lies_within(void **state)
{
    (void)state;
    assert_true(ranges_hold(&memory, BASE, SIZE));
    assert_true(ranges_hold(&memory, END - 1, 1));
    assert_false(ranges_hold(&memory, BASE - 1, 2));
    assert_false(ranges_hold(&memory, END - 1, 2));
    assert_false(ranges_hold(&memory, END, 0));
    assert_false(ranges_hold(&memory, END, 1));
    assert_false(ranges_hold(&memory, UINT64_MAX, 1));
    assert_false(ranges_hold(&memory, BASE + 1, UINT64_MAX));
    assert_false(ranges_hold(&memory, UINT64_MAX - 10, 20));
}

static void ranges_are_added_below_the_limit(void **state)
{
    (void)state;
    struct ranges ranges = {0};
    assert_false(ranges_add(&ranges, BASE, SIZE, BASE));
    assert_false(ranges_add(&ranges, BASE, SIZE, END - 1));
    assert_false(ranges_add(&ranges, BASE, UINT64_MAX, END));
    assert_false(ranges_add(&ranges, UINT64_MAX, 2, UINT64_MAX));
    assert_false(ranges_add(&ranges, BASE, 0, END));
    for (unsigned i = 0; i < RANGES_MAX; i++)
        assert_true(ranges_add(&ranges, BASE, SIZE, END));
    assert_false(ranges_add(&ranges, BASE, SIZE, END));
}

static void removed_memory_is_in_no_range(void **state)
{
    (void)state;
    struct ranges ranges = memory;
    ranges_remove(&ranges, BASE + 0x10000, 0x1000);
    assert_true(ranges_hold(&ranges, BASE, 0x10000));
    assert_true(ranges_hold(&ranges, BASE + 0x11000, SIZE - 0x11000));
    assert_false(ranges_hold(&ranges, BASE + 0xffff, 2));
    assert_false(ranges_hold(&ranges, BASE + 0x10fff, 1));
    assert_false(ranges_hold(&ranges, BASE, SIZE));
    ranges_remove(&ranges, 0, BASE + 0x8000);
    assert_false(ranges_hold(&ranges, BASE + 0x7fff, 1));
    assert_true(ranges_hold(&ranges, BASE + 0x8000, 0x8000));
    ranges_remove(&ranges, END - 1, UINT64_MAX);
    assert_false(ranges_hold(&ranges, END - 1, 1));
    assert_true(ranges_hold(&ranges, END - 2, 1));
    ranges_remove(&ranges, 0, 0);
    assert_int_equal(ranges.count, 2);
    ranges_remove(&ranges, 0, UINT64_MAX);
    assert_int_equal(ranges.count, 0);
}

static void list_is_followed_page_by_page(void **state)
{
    (void)state;
    struct list list;
    assert_false(list_begin(&list, &memory, BASE + 8));
    assert_false(list_begin(&list, &memory, END));
    assert_false(list_begin(&list, &memory, 0));
    assert_true(list_begin(&list, &memory, END - PAGE_SIZE));
    for (unsigned i = 0; i < LIST_ENTRIES; i++) {
        assert_int_equal(list.at, END - PAGE_SIZE + 8 * i);
        assert_int_equal(list_take(&list, &memory, BASE), LIST_PAGE);
    }
    assert_int_equal(list.at, END - 8);
    struct list end = list;
    assert_int_equal(list_take(&end, &memory, BASE + 8), LIST_BAD);
    end = list;
    assert_int_equal(list_take(&end, &memory, END), LIST_BAD);
    assert_int_equal(list_take(&list, &memory, BASE), LIST_LINK);
    assert_int_equal(list.at, BASE);
    assert_int_equal(list_take(&list, &memory, BASE - PAGE_SIZE), LIST_BAD);
    assert_int_equal(list_take(&list, &memory, BASE + 1), LIST_BAD);
}

static void pages_are_counted_without_overflow(void **state)
{
    (void)state;
    assert_int_equal(list_pages(0, 1, 8), 1);
    assert_int_equal(list_pages(4095, 1, 8), 1);
    assert_int_equal(list_pages(4095, 2, 8), 2);
    assert_int_equal(list_pages(0, 8 * PAGE_SIZE, 8), 8);
    assert_int_equal(list_pages(1, 8 * PAGE_SIZE, 8), 0);
    assert_int_equal(list_pages(0, 8 * PAGE_SIZE + 1, 8), 0);
    assert_int_equal(list_pages(0, 0, 8), 0);
    assert_int_equal(list_pages(PAGE_SIZE, 1, 8), 0);
    assert_int_equal(list_pages(4095, UINT64_MAX, 8), 0);
    assert_int_equal(list_pages(0, UINT64_MAX, 1 << 16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_what_lies_within),
        cmocka_unit_test(ranges_are_added_below_the_limit),
        cmocka_unit_test(removed_memory_is_in_no_range),
        cmocka_unit_test(list_is_followed_page_by_page),
        cmocka_unit_test(pages_are_counted_without_overflow),
    };
    return cmocka_run_group_tests_name("port-aarch64-list", tests, NULL, NULL);
}
