#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "symbol/demangle.h"

static void check(const char *mangled, const char *expected)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	assert_true(demangle(str_from(mangled), &text));
	assert_string_equal(strbuf_text(&text), expected);
}

static void parameters_are_left_out_as_perf_does(void **state)
{
	(void)state;
	check("_ZN3foo3barEiPKc", "foo::bar");
	check("_ZNSt6vectorIiSaIiEE9push_backEOi",
	      "std::vector<int, std::allocator<int> >::push_back");
	check("_Znwm", "operator new");
}

static void rust_hashes_are_dropped_in_both_schemes(void **state)
{
	(void)state;
	check("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad");
	check("_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example");
}

static void plain_names_stay(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	assert_false(demangle(STR("main"), &text));
	assert_false(demangle(STR(""), &text));
	assert_false(demangle(STR("_Z"), &text));
	assert_false(demangle(STR("_ZN3fo"), &text));
	assert_false(demangle(STR("_RNv"), &text));
}

static void add_substitution(struct strbuf *out, unsigned index)
{
	if (index == 0)
		strbuf_add_text(out, "S_");
	else
		strbuf_addf(out, "S%c_",
			    index <= 10 ? '0' + (int)index - 1 : 'A' + (int)index - 11);
}

/* f<a, b<a, a>, b<b<a, a>, b<a, a> >, ...>: each argument is twice as long as the one before. */
static void add_doubling_name(struct strbuf *out, unsigned arguments)
{
	strbuf_add_text(out, "_Z1fI1a1bIS0_S0_E");
	for (unsigned i = 1; i < arguments; i++) {
		add_substitution(out, 2);
		strbuf_add_text(out, "I");
		add_substitution(out, i + 2);
		add_substitution(out, i + 2);
		strbuf_add_text(out, "E");
	}
	strbuf_add_text(out, "Evv");
}

static void a_name_that_stands_for_gigabytes_is_given_up_at_the_cap(void **state)
{
	auto_strbuf struct strbuf mangled = STRBUF_INIT, text = STRBUF_INIT;

	(void)state;
	add_doubling_name(&mangled, 3);
	assert_true(demangle(strbuf_str(&mangled), &text));
	assert_string_equal(strbuf_text(&text), "f<a, b<a, a>, b<b<a, a>, b<a, a> >, "
						"b<b<b<a, a>, b<a, a> >, b<b<a, a>, b<a, a> > > >");
	strbuf_reset(&mangled);
	add_doubling_name(&mangled, 30);
	assert_true(mangled.len < 400);
	assert_false(demangle(strbuf_str(&mangled), &text));
	assert_true(text.len <= DEMANGLED_CAP_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_left_out_as_perf_does),
		cmocka_unit_test(rust_hashes_are_dropped_in_both_schemes),
		cmocka_unit_test(plain_names_stay),
		cmocka_unit_test(a_name_that_stands_for_gigabytes_is_given_up_at_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
