#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_out.h"

#include <math.h>
#include <stdlib.h>

struct document {
	char *text;
	size_t size;
	struct json_writer json;
};

static int document_begin(void **state)
{
	static struct document document;

	document.json = json_writer_on(open_memstream(&document.text, &document.size));
	*state = &document;
	return document.json.stream ? 0 : -1;
}

static int document_end(void **state)
{
	struct document *document = *state;

	fclose(document->json.stream);
	free(document->text);
	return 0;
}

static void assert_document(struct document *document, const char *expected)
{
	json_finish(&document->json);
	fflush(document->json.stream);
	assert_string_equal(document->text, expected);
}

static void commas_and_indentation_follow_the_nesting(void **state)
{
	struct document *document = *state;
	struct json_writer *json = &document->json;

	json_object_begin(json);
	json_key_int(json, "a", -1);
	json_key(json, "rows");
	json_array_begin(json);
	json_object_begin(json);
	json_key_text(json, "name", "x");
	json_key_bool(json, "ok", true);
	json_object_end(json);
	json_object_begin(json);
	json_object_end(json);
	json_uint(json, UINT64_MAX);
	json_array_end(json);
	json_key(json, "none");
	json_array_begin(json);
	json_array_end(json);
	json_key_text(json, "null", NULL);
	json_object_end(json);
	assert_document(document, "{\n"
				  "  \"a\": -1,\n"
				  "  \"rows\": [\n"
				  "    {\n"
				  "      \"name\": \"x\",\n"
				  "      \"ok\": true\n"
				  "    },\n"
				  "    {},\n"
				  "    18446744073709551615\n"
				  "  ],\n"
				  "  \"none\": [],\n"
				  "  \"null\": null\n"
				  "}\n");
}

static void text_is_escaped_and_bad_utf8_replaced(void **state)
{
	struct document *document = *state;

	json_text_str(&document->json,
		      STR("q\" b\\ n\n t\t r\r e\x1b z\0 d\x7f \xc3\xa4 \xff \xc3"));
	assert_document(document,
			"\"q\\\" b\\\\ n\\n t\\t r\\r e\\u001b z\\u0000 d\\u007f \xc3\xa4 "
			"\xef\xbf\xbd \xef\xbf\xbd\"\n");
}

static void what_would_move_a_terminal_is_escaped(void **state)
{
	struct document *document = *state;

	/* CSI of C1, an override and a mark of direction, an invisible tag beyond 16 bits. */
	json_text_str(&document->json,
		      STR("a\xc2\x9b b\xe2\x80\xae c\xe2\x80\x8f d\xf3\xa0\x81\x81 e"));
	assert_document(document, "\"a\\u009b b\\u202e c\\u200f d\\udb40\\udc41 e\"\n");
}

static void overlong_and_surrogate_forms_are_not_utf8(void **state)
{
	struct document *document = *state;

	/* An overlong '/', half a surrogate pair, and a character above U+10FFFF. */
	json_text(&document->json, "\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80");
	assert_document(document, "\"\xef\xbf\xbd\xef\xbf\xbd|"
				  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
				  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n");
}

static void numbers_are_short_exact_and_finite(void **state)
{
	struct document *document = *state;
	struct json_writer *json = &document->json;

	json_array_begin(json);
	json_real(json, 0.1);
	json_real(json, 1.0 / 3);
	json_real(json, 1e300);
	json_real(json, 5);
	json_real(json, (double)NAN);
	json_real(json, -(double)INFINITY);
	json_address(json, 0xffffffff81000000);
	json_array_end(json);
	assert_document(document, "[\n  0.1,\n  0.3333333333333333,\n  1e+300,\n  5,\n  null,\n"
				  "  null,\n  \"0xffffffff81000000\"\n]\n");
}

#define DOCUMENT(test) cmocka_unit_test_setup_teardown(test, document_begin, document_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCUMENT(commas_and_indentation_follow_the_nesting),
		DOCUMENT(text_is_escaped_and_bad_utf8_replaced),
		DOCUMENT(what_would_move_a_terminal_is_escaped),
		DOCUMENT(overlong_and_surrogate_forms_are_not_utf8),
		DOCUMENT(numbers_are_short_exact_and_finite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
