#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples/facts_profile.h"

#include <string.h>

#include "samples/load.h"

struct told {
	struct profile *profile;
	struct profile_selection selection;
	struct facts facts;
};

static void tell(struct told *told, const char *text)
{
	auto_error struct error *error =
		profile_import_text(str_from(text), "test", &told->profile);

	if (!error)
		error = profile_select(told->profile, &(struct profile_filter){ 0 },
				       &told->selection);
	if (error)
		fail_msg("%s", error->message);
	profile_facts(&told->selection, &told->facts);
}

static void told_done(struct told *told)
{
	facts_done(&told->facts);
	profile_selection_done(&told->selection);
	profile_free(told->profile);
}

static double value(struct told *told, const char *kind, const char *name, const char *fact)
{
	return facts_value(&told->facts, facts_entity(&told->facts, kind, name), fact, -1);
}

static void assert_near(double a, double b)
{
	if (a < b - 1e-9 || a > b + 1e-9)
		fail_msg("%g != %g", a, b);
}

/* A sample of perf script: the leaf in a library, then other frames. */
#define SAMPLE(comm, library, frames)                                                              \
	comm " 7 [000] 1.0:  1000000 cpu-clock:\n"                                                 \
	     "\t10 leaf+0x1 (/usr/lib/" library ")\n" frames "\n"

static void shares_are_told_of_functions_libraries_and_programs(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, SAMPLE("one", "liba.so", "\t20 caller+0x1 (/bin/one)\n")
			    SAMPLE("one", "liba.so",
				   "\t30 other+0x1 (/bin/one)\n") SAMPLE("two", "libb.so", "")
				    SAMPLE("two", "liba.so", "\t20 caller+0x1 (/bin/one)\n"));
	assert_near(value(&told, "symbol", "liba.so:leaf", "self"), 0.75);
	assert_near(value(&told, "symbol", "one:caller", "children"), 0.5);
	assert_near(value(&told, "symbol", "one:caller", "self"), 0);
	assert_near(value(&told, "dso", "libb.so", "self"), 0.25);
	assert_near(value(&told, "program", "two", "self"), 0.5);
	assert_near(value(&told, "profile", "test", "samples"), 4);
	assert_true(facts_related(&told.facts, facts_symbol(&told.facts, "one", "caller"), "calls",
				  facts_symbol(&told.facts, "liba.so", "leaf")));
	told_done(&told);
}

static void callers_are_told_when_asked_for_and_only_then(void **state)
{
	struct told told = { 0 };
	struct entity leaf;

	(void)state;
	tell(&told, "p 7 [000] 1.0: 3 cycles:\n"
		    "\t10 alloc_slow+0x1 (/usr/lib/libc.so.6)\n"
		    "\t11 malloc+0x1 (/usr/lib/libc.so.6)\n"
		    "\t12 operator new+0x1 (/usr/lib/libstdc++.so.6)\n"
		    "\t20 parse+0x1 (/bin/p)\n\n"
		    "p 7 [000] 2.0: 1 cycles:\n"
		    "\t10 alloc_slow+0x1 (/usr/lib/libc.so.6)\n"
		    "\t21 draw+0x1 (/bin/p)\n\n");
	leaf = facts_symbol(&told.facts, "libc.so.6", "alloc_slow");
	assert_near(value(&told, "call", "p:parse -> libc.so.6:alloc_slow", "share"), -1);
	facts_add_need(&told.facts, "stack_pattern", "callers", leaf);
	facts_add_need(&told.facts, "collector", "df", leaf);
	assert_int_equal(profile_meet_needs(&told.selection, &told.facts), 1);
	assert_int_equal(told.facts.needs.count, 1);
	/* neither libc's own malloc nor the wrapper: who wanted the memory */
	assert_near(value(&told, "call", "p:parse -> libc.so.6:alloc_slow", "share"), 0.75);
	assert_near(value(&told, "call", "p:draw -> libc.so.6:alloc_slow", "share"), 0.25);
	told_done(&told);
}

static void a_pasted_table_tells_what_it_claims_and_what_it_leaves_out(void **state)
{
	struct told told = { 0 };
	const struct fact *samples;

	(void)state;
	tell(&told, "# Children      Self  Command  Shared Object      Symbol\n"
		    "    90.00%    60.00%  p        prog               [.] run\n"
		    "    20.00%    20.00%  p        [kernel.kallsyms]  [k] clear_page_erms\n");
	assert_near(value(&told, "symbol", "prog:run", "self"), 0.6);
	assert_near(value(&told, "symbol", "prog:run", "children"), 0.9);
	assert_near(value(&told, "profile", "test", "not_shown"), 0.2);
	samples = facts_find(&told.facts, facts_entity(&told.facts, "profile", "test"), "samples");
	assert_int_equal(samples->type, FACT_ABSENT);
	told_done(&told);
}

static void functions_of_unknown_libraries_are_related_to_their_programs(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "gzip;main;longest_match 9\nother;main 1\n");
	assert_true(facts_related(&told.facts, facts_symbol(&told.facts, "", "longest_match"), "in",
				  facts_entity(&told.facts, "program", "gzip")));
	assert_false(facts_related(&told.facts, facts_symbol(&told.facts, "", "longest_match"),
				   "in", facts_entity(&told.facts, "program", "other")));
	told_done(&told);
}

static void all_functions_of_the_stacks_shown_have_a_fact(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "p;main;hot 9\np;main;cold 1\n");
	profile_stack_facts(&told.selection, 1, &told.facts);
	assert_near(value(&told, "symbol", ":hot", "in_stack"), 1);
	assert_near(value(&told, "symbol", ":main", "in_stack"), 1);
	assert_near(value(&told, "symbol", ":cold", "in_stack"), -1);
	told_done(&told);
}

static void clock_samples_on_an_unlock_are_told_as_skid(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "p 7 [000] 1.0: 1 cpu-clock:\n"
		    "\tf1 _raw_spin_unlock_irqrestore+0x1 ([kernel.kallsyms])\n\n"
		    "p 7 [000] 2.0: 1 cpu-clock:\n\tf2 vfs_read+0x1 ([kernel.kallsyms])\n\n");
	assert_near(value(&told, "symbol", "[kernel.kallsyms]:_raw_spin_unlock_irqrestore",
			  "skid_share"),
		    0.5);
	assert_near(value(&told, "symbol", "[kernel.kallsyms]:vfs_read", "skid_share"), -1);
	told_done(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_told_of_functions_libraries_and_programs),
		cmocka_unit_test(callers_are_told_when_asked_for_and_only_then),
		cmocka_unit_test(a_pasted_table_tells_what_it_claims_and_what_it_leaves_out),
		cmocka_unit_test(functions_of_unknown_libraries_are_related_to_their_programs),
		cmocka_unit_test(all_functions_of_the_stacks_shown_have_a_fact),
		cmocka_unit_test(clock_samples_on_an_unlock_are_told_as_skid),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
