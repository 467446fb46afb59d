#include "render/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_xml(struct str text, const char *expected)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	xml_text(&out, text);
	assert_string_equal(strbuf_text(&out), expected);
}

static void assert_json(struct str text, const char *expected)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	xml_json_string(&out, text);
	assert_string_equal(strbuf_text(&out), expected);
}

static void markup_characters_become_entities(void **)
{
	assert_xml(STR("std::map<int, \"a\" & 'b'>"),
		   "std::map&lt;int, &quot;a&quot; &amp; 'b'&gt;");
	assert_xml(STR("C:\\dir"), "C:\\dir");
	assert_xml(STR(""), "");
}

static void a_name_that_is_markup_stays_text(void **)
{
	assert_xml(STR("</title><script>alert(1)</script>"),
		   "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_json(STR("]]></script>"), "\"]]\\u003e\\u003c/script\\u003e\"");
}

static void what_xml_cannot_hold_becomes_the_replacement_character(void **)
{
	assert_xml(STR("a\x01z\x1b[31m\x7f"), "a\xef\xbf\xbdz\xef\xbf\xbd[31m\xef\xbf\xbd");
	assert_xml(((struct str){ "a\0b", 3 }), "a\xef\xbf\xbd"
						"b");
	assert_xml(STR("\xef\xbf\xbe"), "\xef\xbf\xbd"); /* U+FFFE */
	assert_xml(STR("\xe2\x80\xae"), "\xef\xbf\xbd"); /* right to left override */
	assert_json(STR("\n\t"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void invalid_utf8_becomes_the_replacement_character(void **)
{
	assert_xml(STR("\xff"
		       "a"),
		   "\xef\xbf\xbd"
		   "a");
	assert_xml(STR("a\xc3"), "a\xef\xbf\xbd");
	assert_xml(STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
	assert_json(STR("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void valid_utf8_is_kept(void **)
{
	assert_xml(STR("gr\xc3\xb6\xc3\x9f"
		       "e \xf0\x9f\x94\xa5"),
		   "gr\xc3\xb6\xc3\x9f"
		   "e \xf0\x9f\x94\xa5");
}

static void json_escapes_quotes_and_backslashes(void **)
{
	assert_json(STR("operator\"\"_s\\<&>"), "\"operator\\\"\\\"_s\\\\\\u003c\\u0026\\u003e\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_characters_become_entities),
		cmocka_unit_test(a_name_that_is_markup_stays_text),
		cmocka_unit_test(what_xml_cannot_hold_becomes_the_replacement_character),
		cmocka_unit_test(invalid_utf8_becomes_the_replacement_character),
		cmocka_unit_test(valid_utf8_is_kept),
		cmocka_unit_test(json_escapes_quotes_and_backslashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
