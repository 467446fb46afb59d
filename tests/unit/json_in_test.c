#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_in.h"

#include <string.h>

static struct arena arena;

static int drop_arena(void **)
{
	arena_done(&arena);
	return 0;
}

static const struct json *parsed(const char *text)
{
	const struct json *value = NULL;
	auto_error struct error *error = json_parse(str_from(text), &arena, &value);

	if (error)
		print_message("%s\n", error->message);
	assert_null(error);
	return value;
}

static void refuses(const char *text, const char *why)
{
	const struct json *value = NULL;
	auto_error struct error *error = json_parse(str_from(text), &arena, &value);

	assert_non_null(error);
	assert_non_null(strstr(error->message, why));
}

static void values_are_found_by_their_keys(void **)
{
	const struct json *value =
		parsed(" {\"a\": {\"b\": [1, -2.5e1, true, null]}, \"c\": \"x\"} ");
	const struct json *list = json_find(json_find(value, "a"), "b");
	double number;
	struct str text;

	assert_int_equal(list->type, JSON_ARRAY);
	assert_true(json_get_number(list->first, &number));
	assert_true(number == 1.0);
	assert_true(json_get_number(list->first->next, &number));
	assert_true(number == -25.0);
	assert_true(list->first->next->next->truth);
	assert_int_equal(list->first->next->next->next->type, JSON_NULL);
	assert_null(list->first->next->next->next->next);
	assert_true(json_get_text(json_find(value, "c"), &text));
	assert_true(str_is(text, "x"));
	assert_null(json_find(value, "d"));
	assert_null(json_find(json_find(value, "d"), "e"));
	assert_false(json_get_text(list, &text));
}

static void escapes_become_characters(void **)
{
	struct str text;

	assert_true(json_get_text(
		parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83e\\udd80\""),
		&text));
	assert_string_equal(text.ptr, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80");
	/* A NUL is a byte like others. */
	assert_true(json_get_text(parsed("\"a\\u0000b\""), &text));
	assert_int_equal(text.len, 3);
}

static void halves_of_surrogates_stay_as_three_bytes(void **)
{
	struct str text;

	assert_true(json_get_text(parsed("\"a\\ud83e\""), &text));
	assert_string_equal(text.ptr, "a\xed\xa0\xbe");
	assert_true(json_get_text(parsed("\"\\udd80b\""), &text));
	assert_string_equal(text.ptr, "\xed\xb6\x80"
				      "b");
	assert_true(json_get_text(parsed("\"\\ud83e\\u0041\""), &text));
	assert_string_equal(text.ptr, "\xed\xa0\xbe"
				      "A");
}

static void invalid_utf8_becomes_its_replacement(void **)
{
	struct str text;

	assert_true(json_get_text(parsed("\"a\xff"
					 "b\""),
				  &text));
	assert_string_equal(text.ptr, "a\xef\xbf\xbd"
				      "b");
}

static void what_is_no_json_is_refused_with_its_place(void **)
{
	refuses("", "byte 0");
	refuses("{\"a\" 1}", "':' is missing");
	refuses("{\"a\":1", "'}' is missing");
	refuses("[1,]", "no value");
	refuses("[1 2]", "']' is missing");
	refuses("01", "no value");
	refuses("1.", "point");
	refuses("1e", "exponent");
	refuses("1e400", "out of range");
	refuses("NaN", "no value");
	refuses("\"a", "no end");
	refuses("\"a\n\"", "control byte");
	refuses("\"\\x41\"", "unknown escape");
	refuses("\"\\u12g4\"", "unknown escape");
	refuses("{} x", "byte 3");
	refuses("<html>", "no value");
}

static void nesting_has_an_end(void **)
{
	char deep[200];

	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[199] = '\0';
	refuses(deep, "too deep");
	deep[150] = 0;
	assert_int_equal(parsed(deep + 50)->type, JSON_ARRAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(values_are_found_by_their_keys, drop_arena),
		cmocka_unit_test_teardown(escapes_become_characters, drop_arena),
		cmocka_unit_test_teardown(halves_of_surrogates_stay_as_three_bytes, drop_arena),
		cmocka_unit_test_teardown(invalid_utf8_becomes_its_replacement, drop_arena),
		cmocka_unit_test_teardown(what_is_no_json_is_refused_with_its_place, drop_arena),
		cmocka_unit_test_teardown(nesting_has_an_end, drop_arena),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
