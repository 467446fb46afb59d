#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbol/ranges.h"

static uint32_t value_at(const struct ranges *ranges, uint64_t address)
{
	const struct range *range = ranges_find(ranges, address);

	return range ? range->value : UINT32_MAX;
}

static void overlapping_ranges_are_found_from_the_last_start_on(void **state)
{
	struct ranges ranges = { 0 };
	size_t cursor = SIZE_MAX;

	(void)state;
	ranges_add(&ranges, 50, 60, 3);
	ranges_add(&ranges, 0, 100, 1);
	ranges_add(&ranges, 20, 30, 2);
	ranges_add(&ranges, 7, 7, 9);
	ranges_sort(&ranges);
	assert_int_equal(ranges.count, 3);
	assert_int_equal(ranges_next(&ranges, 25, &cursor)->value, 2);
	assert_int_equal(ranges_next(&ranges, 25, &cursor)->value, 1);
	assert_null(ranges_next(&ranges, 25, &cursor));
	assert_int_equal(value_at(&ranges, 99), 1);
	assert_int_equal(value_at(&ranges, 100), UINT32_MAX);
	ranges_done(&ranges);
}

static void flat_ranges_keep_the_innermost(void **state)
{
	struct ranges ranges = { 0 };
	static const uint32_t expected[] = { 1, 1, 2, 3, 3, 2, 4, 4, 1, 5, 5, 5 };

	(void)state;
	ranges_add(&ranges, 0, 9, 1);
	ranges_add(&ranges, 2, 8, 2);
	ranges_add(&ranges, 3, 5, 3);
	/* Not nested, as damaged DWARF may have them: the one that starts last has its range. */
	ranges_add(&ranges, 6, 8, 4);
	ranges_add(&ranges, 9, 12, 5);
	ranges_flatten(&ranges);
	for (uint64_t address = 0; address < 12; address++)
		assert_int_equal(value_at(&ranges, address), expected[address]);
	assert_int_equal(value_at(&ranges, 12), UINT32_MAX);
	for (size_t i = 1; i < ranges.count; i++)
		assert_true(ranges.items[i - 1].end <= ranges.items[i].start);
	ranges_done(&ranges);
}

static void of_flat_ranges_with_one_start_the_last_added_is_the_innermost(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	ranges_add(&ranges, 10, 20, 1);
	ranges_add(&ranges, 10, 15, 2);
	ranges_add(&ranges, 10, UINT64_MAX, 0);
	ranges_flatten(&ranges);
	assert_int_equal(value_at(&ranges, 12), 0);
	assert_int_equal(value_at(&ranges, UINT64_MAX - 1), 0);
	ranges_done(&ranges);
}

static void many_unsorted_ranges_are_sorted(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t scattered = i * 7919 % 1000;

		ranges_add(&ranges, scattered * 10, scattered * 10 + 5, scattered);
	}
	ranges_sort(&ranges);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(value_at(&ranges, i * 10 + 4), i);
		assert_int_equal(value_at(&ranges, i * 10 + 5), UINT32_MAX);
	}
	ranges_done(&ranges);
}

static void no_ranges_hold_nothing(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	ranges_flatten(&ranges);
	assert_null(ranges_find(&ranges, 0));
	ranges_done(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlapping_ranges_are_found_from_the_last_start_on),
		cmocka_unit_test(flat_ranges_keep_the_innermost),
		cmocka_unit_test(of_flat_ranges_with_one_start_the_last_added_is_the_innermost),
		cmocka_unit_test(many_unsorted_ranges_are_sorted),
		cmocka_unit_test(no_ranges_hold_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
