#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "base/vec.h"

#include <string.h>

static void a_view_needs_no_final_nul(void **state)
{
	struct str view = { "abcdef", 3 };

	(void)state;
	assert_true(str_is(view, "abc"));
	assert_true(str_eq(view, STR("abc")));
	assert_false(str_eq(view, STR("abcd")));
	assert_true(str_eq(str_from(NULL), STR("")));
	assert_true(str_starts_with(view, STR("ab")) && str_ends_with(view, STR("bc")));
	assert_false(str_starts_with(view, STR("abcd")) || str_ends_with(view, STR("xabc")));
	assert_true(str_cmp(STR("ab"), STR("abc")) < 0 && str_cmp(STR("b"), STR("abc")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR(""), str_from(NULL)), 0);
}

static void text_is_cut_at_the_first_separator(void **state)
{
	struct str head, tail;

	(void)state;
	assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
	assert_true(str_is(head, "a") && str_is(tail, "b=c"));
	assert_true(str_cut(STR("a="), '=', &head, &tail));
	assert_true(str_is(head, "a") && str_is(tail, ""));
	assert_false(str_cut(STR("abc"), '=', &head, &tail));
	assert_true(str_is(head, "abc") && str_is(tail, ""));
	assert_false(str_cut(STR(""), '=', &head, &tail));
}

static void lines_end_with_or_without_cr_and_the_last_needs_no_end(void **state)
{
	struct str text = STR("one\r\n\ntwo"), line;

	(void)state;
	assert_true(str_next_line(&text, &line) && str_is(line, "one"));
	assert_true(str_next_line(&text, &line) && str_is(line, ""));
	assert_true(str_next_line(&text, &line) && str_is(line, "two"));
	assert_false(str_next_line(&text, &line));
}

static void words_are_parted_by_any_run_of_blanks(void **state)
{
	struct str text = STR(" \tone  two\t"), word;

	(void)state;
	assert_true(str_next_word(&text, &word) && str_is(word, "one"));
	assert_true(str_next_word(&text, &word) && str_is(word, "two"));
	assert_false(str_next_word(&text, &word));
	assert_true(str_is(str_trim(STR(" \t a b \r\n")), "a b"));
	assert_true(str_is(str_trim(STR(" \n")), ""));
	assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
	assert_int_equal(str_find(STR("abc"), STR("x")), -1);
	assert_int_equal(str_find(STR(""), STR("")), 0);
}

static void a_number_is_the_whole_view_or_none(void **state)
{
	static const char *const bad[] = { "",	 " 1",	"1 ",  "-1",
					   "+1", "1.0", "0x1", "18446744073709551616" };
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(str_to_u64(str_from(bad[i]), &value));
	assert_int_equal(value, 7);
	assert_true(str_to_u64(STR("18446744073709551615"), &value) && value == UINT64_MAX);
	assert_true(str_to_hex(STR("0xfFff"), &value) && value == 0xffff);
	assert_true(str_to_hex(STR("ffffffffffffffff"), &value) && value == UINT64_MAX);
	assert_false(str_to_hex(STR("0x"), &value) || str_to_hex(STR("10000000000000000"), &value));
}

static void a_real_number_is_finite_and_decimal(void **state)
{
	static const char *const bad[] = { "",	   " 1",   "1 ",    "nan", "inf",
					   "-inf", "0x10", "1e999", "1e",  "." };
	double value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(str_to_double(str_from(bad[i]), &value));
	assert_true(value > 6.9 && value < 7.1);
	assert_true(str_to_double(STR("-2.5e1"), &value) && value < -24.9 && value > -25.1);
	assert_true(str_to_double((struct str){ "1.5garbage", 3 }, &value) && value < 1.6);
}

static void a_glob_with_many_stars_ends(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	strbuf_add_repeated(&text, 'a', 20000);
	assert_false(str_glob(STR("*a*a*a*a*a*a*a*a*b"), strbuf_str(&text)));
	assert_true(str_glob(STR("*a*a*a*a*a*a*a*a*"), strbuf_str(&text)));
	assert_true(str_glob(STR("a?c"), STR("abc")));
	assert_false(str_glob(STR("a?c"), STR("ac")));
	assert_true(str_glob(STR(""), STR("")) && str_glob(STR("**"), STR("")));
	assert_false(str_glob(STR(""), STR("a")));
}

static void leb128_is_read_to_its_end_and_not_past_the_view(void **state)
{
	static const uint8_t data[] = { 0xe5, 0x8e, 0x26, 0x7f, 0x80, 0x80 };
	struct bytes b = bytes_of(data, sizeof(data));
	uint64_t value;
	int64_t sign;

	(void)state;
	assert_true(bytes_uleb128(&b, &value) && value == 624485);
	assert_true(bytes_sleb128(&b, &sign) && sign == -1);
	assert_false(bytes_uleb128(&b, &value) || bytes_sleb128(&b, &sign));
	assert_int_equal(bytes_offset(&b), 4);
}

static void leb128_longer_than_64_bits_drops_what_is_above(void **state)
{
	uint8_t data[100];
	struct bytes b = bytes_of(data, sizeof(data));
	uint64_t value;
	int64_t sign;

	(void)state;
	memset(data, 0xff, sizeof(data));
	data[49] = data[99] = 0x7f;
	assert_true(bytes_uleb128(&b, &value) && value == UINT64_MAX);
	assert_true(bytes_sleb128(&b, &sign) && sign == -1);
	assert_int_equal(bytes_left(&b), 0);
}

static void a_string_of_a_file_ends_within_it(void **state)
{
	struct bytes b = bytes_of("ab\0cd", 5);
	struct str text;

	(void)state;
	assert_true(bytes_cstr(&b, &text) && str_is(text, "ab"));
	assert_false(bytes_cstr(&b, &text));
	assert_int_equal(bytes_offset(&b), 3);
}

static void an_arena_gives_zeroed_aligned_objects_of_any_size(void **state)
{
	struct arena arena = ARENA_INIT;
	char *last = NULL;

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		char *object = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)object % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(object[i], 0);
		memset(object, 0xff, size);
		last = object;
	}
	assert_non_null(last);
	assert_non_null(arena_array(&arena, 1 << 20, 3));
	assert_string_equal(arena_copy(&arena, (struct str){ "abcd", 2 }), "ab");
	arena_done(&arena);
	assert_null(arena.blocks);
}

VEC_DEFINE(number_vec, int)

static void a_vector_keeps_what_was_pushed(void **state)
{
	struct number_vec numbers = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(*number_vec_push(&numbers, i), i);
	number_vec_reserve(&numbers, 5000);
	assert_in_range(numbers.allocated, 5000, 100000);
	assert_int_equal(numbers.count, 1000);
	assert_int_equal(numbers.items[999], 999);
	number_vec_done(&numbers);
	assert_null(numbers.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_needs_no_final_nul),
		cmocka_unit_test(text_is_cut_at_the_first_separator),
		cmocka_unit_test(lines_end_with_or_without_cr_and_the_last_needs_no_end),
		cmocka_unit_test(words_are_parted_by_any_run_of_blanks),
		cmocka_unit_test(a_number_is_the_whole_view_or_none),
		cmocka_unit_test(a_real_number_is_finite_and_decimal),
		cmocka_unit_test(a_glob_with_many_stars_ends),
		cmocka_unit_test(leb128_is_read_to_its_end_and_not_past_the_view),
		cmocka_unit_test(leb128_longer_than_64_bits_drops_what_is_above),
		cmocka_unit_test(a_string_of_a_file_ends_within_it),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_objects_of_any_size),
		cmocka_unit_test(a_vector_keeps_what_was_pushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
