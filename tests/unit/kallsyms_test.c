#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "symbol/kallsyms.h"

static struct kallsyms parsed(const char *text, uint64_t text_address)
{
	struct strbuf copy = STRBUF_INIT;
	struct kallsyms kallsyms;

	strbuf_add_text(&copy, text);
	kallsyms_parse(&copy, text_address, &kallsyms);
	return kallsyms;
}

static void check(const struct kallsyms *kallsyms, uint64_t address, const char *expected)
{
	const struct symbol *symbol = symtab_find(&kallsyms->symtab, address);
	struct str name = symbol ? symtab_name(&kallsyms->symtab, symbol) : STR("(none)");

	assert_true(str_is(name, expected));
}

static const char sample[] = "ffffffff81000000 T _text\n"
			     "ffffffff81000100 t helper\n"
			     "ffffffff81000100 T helper_global\n"
			     "ffffffff81000200 T schedule\n"
			     "ffffffff81000300 r constant\n"
			     "ffffffff81000400 D data_after\n"
			     "not a line\n"
			     "ffffffffc0001000 t fn_a\t[mod_a]\n"
			     "ffffffffc0009000 t fn_b\t[mod_b]\n"
			     "ffffffffc000a000 t bpf_prog_1\t[bpf]";

static void symbols_reach_to_the_next_one_but_not_out_of_their_module(void **state)
{
	struct kallsyms kallsyms = parsed(sample, 0);

	(void)state;
	assert_false(kallsyms.hidden);
	check(&kallsyms, 0xffffffff810001ff, "helper_global");
	check(&kallsyms, 0xffffffff810003ff, "schedule");
	check(&kallsyms, 0xffffffff81000400, "data_after");
	check(&kallsyms, 0xffffffffc0001800, "fn_a");
	check(&kallsyms, 0xffffffffc0008fff, "(none)");
	check(&kallsyms, 0xffffffffc0009001, "fn_b");
	check(&kallsyms, 0xffffffffc000a010, "bpf_prog_1");
	check(&kallsyms, 0xffffffff80ffffff, "(none)");
	kallsyms_done(&kallsyms);
}

static void a_kernel_that_was_booted_anew_is_moved_and_its_modules_left_out(void **state)
{
	struct kallsyms kallsyms = parsed(sample, 0xffffffff9a000000);

	(void)state;
	check(&kallsyms, 0xffffffff9a000201, "schedule");
	check(&kallsyms, 0xffffffff81000201, "(none)");
	check(&kallsyms, 0xffffffffc0001000, "(none)");
	kallsyms_done(&kallsyms);
}

static void zeros_in_the_place_of_addresses_are_said(void **state)
{
	struct kallsyms kallsyms =
		parsed("0000000000000000 T _text\n0000000000000000 T schedule\n", 0);

	(void)state;
	assert_true(kallsyms.hidden);
	check(&kallsyms, 0, "(none)");
	kallsyms_done(&kallsyms);
}

static void nothing_comes_of_nothing(void **state)
{
	static const char *const texts[] = {
		"",    "\n",	   "\n\n\n", "f", "ffffffff81000000 T", "ffffffff81000000 T ",
		"\tx", "0 T \t[m]"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct kallsyms kallsyms = parsed(texts[i], 0);

		assert_int_equal(kallsyms.symtab.symbols.count, 0);
		kallsyms_done(&kallsyms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_reach_to_the_next_one_but_not_out_of_their_module),
		cmocka_unit_test(a_kernel_that_was_booted_anew_is_moved_and_its_modules_left_out),
		cmocka_unit_test(zeros_in_the_place_of_addresses_are_said),
		cmocka_unit_test(nothing_comes_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
