#include "render/flame_label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_plain(const char *name, const char *expected)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	flame_label_plain(&out, str_from(name));
	assert_string_equal(strbuf_text(&out), expected);
}

static void assert_fit(const char *name, size_t letters, const char *expected)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	flame_label_fit(&out, str_from(name), letters);
	assert_string_equal(strbuf_text(&out), expected);
}

static void parameters_and_template_arguments_are_dropped(void **)
{
	assert_plain("malloc", "malloc");
	assert_plain("std::sort<int*>(int*, int*)", "std::sort");
	assert_plain("std::map<int, std::pair<int, int> >::find(int const&)", "std::map::find");
	assert_plain("f(void (*)(int))", "f");
}

static void brackets_that_are_names_are_kept(void **)
{
	assert_plain("(anonymous namespace)::worker(int)", "(anonymous namespace)::worker");
	assert_plain("<T as core::fmt::Display>::fmt", "<T as core::fmt::Display>::fmt");
	assert_plain("a::operator()(int) const", "a::operator() const");
	assert_plain("std::operator<< <char>(std::ostream&)", "std::operator<< <char>");
	assert_plain("p::operator->()", "p::operator->");
	assert_plain("[libc.so.6]", "[libc.so.6]");
}

static void names_that_no_rule_understands_are_kept(void **)
{
	assert_plain("f(((", "f(((");
	assert_plain(">>>", ">>>");
	assert_plain("(", "(");
	assert_plain("operator", "operator");
}

static void a_name_that_fits_is_kept_whole(void **)
{
	assert_fit("std::sort<int*>(int*)", 21, "std::sort<int*>(int*)");
}

static void namespaces_are_dropped_before_letters_are(void **)
{
	assert_fit("std::sort<int*>(int*)", 20, "std::sort");
	assert_fit("std::sort<int*>(int*)", 8, "sort");
	assert_fit("std::sort<int*>(int*)", 4, "sort");
	assert_fit("std::sort<int*>(int*)", 3, "so\xe2\x80\xa6");
	assert_fit("_PyEval_EvalFrameDefault", 8, "_PyEval\xe2\x80\xa6");
	assert_fit("a::", 2, "a\xe2\x80\xa6");
}

static void letters_are_characters_not_bytes(void **)
{
	assert_fit("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 4, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	assert_fit("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 3, "\xc3\xa4\xc3\xa4\xe2\x80\xa6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_and_template_arguments_are_dropped),
		cmocka_unit_test(brackets_that_are_names_are_kept),
		cmocka_unit_test(names_that_no_rule_understands_are_kept),
		cmocka_unit_test(a_name_that_fits_is_kept_whole),
		cmocka_unit_test(namespaces_are_dropped_before_letters_are),
		cmocka_unit_test(letters_are_characters_not_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
