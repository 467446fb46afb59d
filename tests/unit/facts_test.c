#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "facts/facts.h"

static void a_fact_is_found_by_entity_and_name_among_many(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		strbuf_addf(&name, "f%d", i);
		facts_add_number(&facts, facts_symbol(&facts, "libx.so", strbuf_text(&name)),
				 "self", i, "ratio", "t");
	}
	assert_true(facts_value(&facts, facts_symbol(&facts, "libx.so", "f2999"), "self", -1) ==
		    2999);
	assert_null(facts_find(&facts, facts_symbol(&facts, "libx.so", "f3000"), "self"));
	assert_null(facts_find(&facts, facts_symbol(&facts, "libx.so", "f1"), "children"));
}

static void the_same_key_again_replaces_the_value_and_another_window_does_not(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity host = facts_entity(&facts, "host", "");
	struct fact later = { .entity = host,
			      .name = facts_text(&facts, "load"),
			      .number = 9,
			      .start_ns = 5,
			      .end_ns = 6 };

	(void)state;
	assert_int_equal(facts_add_number(&facts, host, "load", 1, "", "a"), 0);
	assert_int_equal(facts_add_number(&facts, host, "load", 2, "", "b"), 0);
	assert_int_equal(facts_add(&facts, later), 1);
	assert_int_equal(facts.facts.count, 2);
	assert_true(facts_value(&facts, host, "load", 0) == 2);
}

static void an_absent_fact_has_its_reason_and_no_value(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity host = facts_entity(&facts, "host", "");

	(void)state;
	facts_add_absent(&facts, host, "steal", "needs /proc/stat", "test");
	assert_true(facts_value(&facts, host, "steal", -1) == -1);
	assert_string_equal(facts_str(&facts, facts_find(&facts, host, "steal")->text),
			    "needs /proc/stat");
}

static void numbers_do_not_depend_on_the_order_of_adding(void **state)
{
	static const char *const names[] = { "b", "a", "c" };

	(void)state;
	for (size_t first = 0; first < 3; first++) {
		auto_facts struct facts facts = FACTS_INIT;

		for (size_t i = 0; i < 3; i++)
			facts_add_number(&facts, facts_symbol(&facts, "x", names[(first + i) % 3]),
					 "self", 0, "ratio", "t");
		facts_add_number(&facts, facts_entity(&facts, "dso", "x"), "self", 0, "ratio", "t");
		facts_number(&facts);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(
				facts_find(&facts, facts_symbol(&facts, "x", names[i]), "self")
					->number_in_answer,
				i == 0	 ? 3
				: i == 1 ? 2
					 : 4);
	}
}

static void evidence_is_numbered_first_and_then_the_heavy(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity small = facts_symbol(&facts, "x", "a_small");
	struct entity big = facts_symbol(&facts, "x", "z_big");
	struct entity profile = facts_entity(&facts, "profile", "all");
	uint32_t light = facts_add_number(&facts, small, "self", 0.01, "ratio", "t");
	uint32_t heavy = facts_add_number(&facts, big, "self", 0.4, "ratio", "t");
	uint32_t place = facts_add_text(&facts, big, "place", "z.c:7", "t");
	uint32_t whole = facts_add_number(&facts, profile, "samples", 100, "samples", "t");
	uint32_t cited = facts_add_number(&facts, small, "children", 0.02, "ratio", "t");
	struct finding finding = { .rule = facts_text(&facts, "r"),
				   .entity = small,
				   .evidence = &cited,
				   .evidence_count = 1 };

	(void)state;
	facts_add_finding(&facts, &finding);
	facts_number(&facts);
	assert_int_equal(facts.facts.items[cited].number_in_answer, 1);
	assert_int_equal(facts.facts.items[whole].number_in_answer, 2);
	assert_int_equal(facts.facts.items[place].number_in_answer, 3);
	assert_int_equal(facts.facts.items[heavy].number_in_answer, 4);
	assert_int_equal(facts.facts.items[light].number_in_answer, 5);
}

static void notes_are_kept_once_and_in_order(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity symbol = facts_symbol(&facts, "libc.so.6", "malloc");
	uint32_t cursor = 0;

	(void)state;
	facts_add_note(&facts, symbol, "change", "first", "k");
	facts_add_note(&facts, symbol, "what", "allocates", "k");
	facts_add_note(&facts, symbol, "change", "second", "k");
	facts_add_note(&facts, symbol, "change", "first", "k");
	assert_int_equal(facts.notes.count, 3);
	assert_string_equal(
		facts_str(&facts, facts_next_note(&facts, symbol, "change", &cursor)->text),
		"first");
	assert_string_equal(
		facts_str(&facts, facts_next_note(&facts, symbol, "change", &cursor)->text),
		"second");
	assert_null(facts_next_note(&facts, symbol, "change", &cursor));
	assert_string_equal(facts_note(&facts, symbol, "what"), "allocates");
	assert_null(facts_note(&facts, symbol, "expect"));
}

static void relations_and_needs_are_added_once(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity a = facts_entity(&facts, "process", "1");
	struct entity b = facts_entity(&facts, "cgroup", "/x");

	(void)state;
	for (int i = 0; i < 3; i++) {
		facts_add_relation(&facts, a, "in", b);
		facts_add_need(&facts, "collector", "df", a);
	}
	assert_int_equal(facts.relations.count, 1);
	assert_int_equal(facts.needs.count, 1);
	assert_true(facts_related(&facts, a, "in", b));
	assert_false(facts_related(&facts, b, "in", a));
	assert_false(facts_related(&facts, a, "opens", b));
}

static void a_colon_in_a_dso_does_not_move_into_the_function(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity symbol = facts_symbol(&facts, "memfd:code", "std::sort(int*, int*)");
	struct str dso, function;

	(void)state;
	assert_true(facts_symbol_split(&facts, symbol, &dso, &function));
	assert_true(str_is(dso, "memfd_code"));
	assert_true(str_is(function, "std::sort(int*, int*)"));
}

static void the_worst_finding_comes_first_and_explanations_follow_it(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity input = facts_entity(&facts, "profile", "x");
	uint32_t symptom = 0;
	struct finding light = { .rule = facts_text(&facts, "a"),
				 .severity = SEVERITY_INFO,
				 .entity = input,
				 .rank = 0.9 };
	struct finding heavy = { .rule = facts_text(&facts, "b"),
				 .severity = SEVERITY_WARNING,
				 .entity = input,
				 .rank = 0.1,
				 .explains = &symptom,
				 .explains_count = 1 };

	(void)state;
	facts_add_finding(&facts, &light);
	facts_add_finding(&facts, &heavy);
	facts_add_finding(&facts, &heavy);
	facts_sort_findings(&facts);
	assert_int_equal(facts.findings.count, 2);
	assert_string_equal(facts_str(&facts, facts.findings.items[0].rule), "b");
	assert_int_equal(facts.findings.items[0].explains[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_is_found_by_entity_and_name_among_many),
		cmocka_unit_test(the_same_key_again_replaces_the_value_and_another_window_does_not),
		cmocka_unit_test(an_absent_fact_has_its_reason_and_no_value),
		cmocka_unit_test(numbers_do_not_depend_on_the_order_of_adding),
		cmocka_unit_test(evidence_is_numbered_first_and_then_the_heavy),
		cmocka_unit_test(notes_are_kept_once_and_in_order),
		cmocka_unit_test(relations_and_needs_are_added_once),
		cmocka_unit_test(a_colon_in_a_dso_does_not_move_into_the_function),
		cmocka_unit_test(the_worst_finding_comes_first_and_explanations_follow_it),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
