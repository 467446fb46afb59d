#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/lookup.h"

#include <stdlib.h>
#include <string.h>

static const char text[] = "faster program gzip \"gnu zip\"\n"
			   "\twhat: gzip of the test\n"
			   "\tchange: zstd\n"
			   "\t\twhen: always\n"
			   "\t\tcost: nothing\n"
			   "\t\tsource: https://example.org/\n"
			   "\t\trecommended: it is the only one\n"
			   "arguments tool\n"
			   "argument -9 --best\n"
			   "\twhat: compresses best\n"
			   "argument -j*\n"
			   "\twhat: so many threads\n"
			   "in libtool.so*\n"
			   "function tool_run\n"
			   "\twhat: runs\n";

static struct knowledge *knowledge_of_test(void)
{
	struct knowledge *knowledge = knowledge_new();
	auto_error struct error *error = knowledge_add_text(knowledge, "test.kb", str_from(text));

	if (error)
		fail_msg("%s", error->message);
	return knowledge;
}

/* "what" of the first entry found, its kind and how many there are in *ret_count. */
static const char *faster(const struct knowledge *knowledge, const char *target, unsigned kinds,
			  size_t *ret_count)
{
	struct kb_match_vec matches = { 0 };
	const char *what = "";

	knowledge_faster(knowledge, str_from(target), kinds, &matches);
	*ret_count = matches.count;
	if (matches.count)
		what = kb_text(matches.items[0].index,
			       matches.items[0].entry->fields[KB_FIELD_WHAT]);
	kb_match_vec_done(&matches);
	return what;
}

static void assert_faster(const char *target, unsigned kinds, size_t wanted, const char *part)
{
	auto_knowledge struct knowledge *knowledge = knowledge_of_test();
	size_t count;
	const char *what = faster(knowledge, target, kinds, &count);

	if (count != wanted || !strstr(what, part))
		fail_msg("'%s': %zu found, '%s'", target, count, what);
}

static void targets_are_found_as_people_type_them(void **state)
{
	const unsigned all = FASTER_ALL_KINDS;

	(void)state;
	assert_faster("/usr/bin/GZIP", 1U << KB_FASTER_PROGRAM, 1, "of the test");
	assert_faster("gnu  zip", all, 1, "of the test");
	assert_faster("gzip program", all, 1, "of the test");
	assert_faster("python json", all, 1, "standard library's JSON");
	assert_faster("json", all, 2, "JSON");
	assert_faster("libz.so.1.3.1", all, 1, "zlib");
	assert_faster("libjpeg62-dev", all, 1, "JPEG");
	assert_faster("python3-yaml", all, 1, "PyYAML");
	assert_faster("docker image build", all, 1, "layer");
	assert_faster("json", 1U << KB_FASTER_PROGRAM, 0, "");
	assert_faster("qqqqq", all, 0, "");
	assert_faster("", all, 0, "");
	assert_faster("python", 1U << KB_FASTER_PROGRAM, 1, "CPython");
	assert_faster("lib", all, 0, "");
}

static void ones_own_entry_hides_the_built_in_one_of_its_kind_only(void **state)
{
	(void)state;
	assert_faster("gzip", FASTER_ALL_KINDS, 2, "of the test");
}

static void an_argument_is_found_for_its_program_only(void **state)
{
	auto_knowledge struct knowledge *knowledge = knowledge_of_test();

	(void)state;
	assert_int_equal(knowledge_argument(knowledge, STR("/opt/tool"), STR("--best")).certainty,
			 KB_BY_NAME);
	assert_int_equal(knowledge_argument(knowledge, STR("tool"), STR("-j8")).certainty,
			 KB_BY_PATTERN);
	assert_null(knowledge_argument(knowledge, STR("tool"), STR("-8")).entry);
	assert_null(knowledge_argument(knowledge, STR("other"), STR("-9")).entry);
	assert_null(knowledge_argument(knowledge, STR("libtool.so"), STR("tool_run")).entry);
}

static void a_function_is_found_without_its_library_and_arguments_are_no_functions(void **state)
{
	auto_knowledge struct knowledge *knowledge = knowledge_of_test();
	struct kb_match_vec matches = { 0 };
	struct kb_names names = { 0 };

	(void)state;
	knowledge_function_everywhere(knowledge, STR("tool_run.constprop.0"), &matches);
	assert_int_equal(matches.count, 1);
	knowledge_scope_names(matches.items[0], &names);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "libtool.so*");
	knowledge_function_everywhere(knowledge, STR("-9"), &matches);
	assert_int_equal(matches.count, 1);
	names.count = 0;
	knowledge_function_names(knowledge, STR("/lib/libtool.so.3"), &names);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "tool_run");
	kb_match_vec_done(&matches);
	kb_names_done(&names);
}

static void assert_mistake(const char *source_text, const char *wanted)
{
	auto_knowledge struct knowledge *knowledge = knowledge_new();
	auto_error struct error *error =
		knowledge_add_text(knowledge, "x.kb", str_from(source_text));

	assert_non_null(error);
	if (!strstr(error->message, wanted))
		fail_msg("'%s'", error->message);
}

static void a_replacement_without_condition_cost_or_source_is_refused(void **state)
{
#define ENTRY "faster program x\n\twhat: x\n"
#define CHANGE "\tchange: y\n\t\twhen: a\n\t\tcost: b\n\t\tsource: https://c\n"
	(void)state;
	assert_mistake(ENTRY "\tchange: y\n\t\twhen: a\n", "'y' has no 'cost'");
	assert_mistake(ENTRY CHANGE, "one replacement is recommended, not 0");
	assert_mistake(ENTRY CHANGE "\t\trecommended: d\n" CHANGE "\t\trecommended: d\n",
		       "one replacement is recommended, not 2");
	assert_mistake(ENTRY CHANGE CHANGE CHANGE CHANGE, "more than 3");
	assert_mistake(ENTRY, "'keep' says why");
	assert_mistake("faster program X\n\twhat: x\n\tkeep: y\n", "small letters");
	assert_mistake("faster firmware x\n", "expected in, function");
	assert_mistake("faster program x x\n\twhat: x\n\tkeep: y\n", "is replaced already");
}

static void at_least_eighty_targets_of_all_kinds_are_known(void **state)
{
	auto_knowledge struct knowledge *knowledge = knowledge_new();
	const enum kb_kind kinds[] = { KB_FASTER_PROGRAM, KB_FASTER_LIBRARY, KB_FASTER_PYLIBRARY };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct kb_names names = { 0 };

		knowledge_faster_names(knowledge, 1U << kinds[i], &names);
		assert_true(names.count >= 80);
		kb_names_done(&names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_found_as_people_type_them),
		cmocka_unit_test(ones_own_entry_hides_the_built_in_one_of_its_kind_only),
		cmocka_unit_test(an_argument_is_found_for_its_program_only),
		cmocka_unit_test(
			a_function_is_found_without_its_library_and_arguments_are_no_functions),
		cmocka_unit_test(a_replacement_without_condition_cost_or_source_is_refused),
		cmocka_unit_test(at_least_eighty_targets_of_all_kinds_are_known),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
