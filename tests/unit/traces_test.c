#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/traces.h"

#include <string.h>

#include "case_stacks.h"
#include "samples/facts_profile.h"
#include "samples/load.h"

struct asked {
	struct profile *profile;
	struct profile_selection selection;
	struct facts facts;
	struct knowledge *knowledge;
};

/* Samples of `stacks`, lines as cases beside rules have them. */
static void ask(struct asked *asked, const char *stacks, const char *pattern)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str rest = str_from(stacks), line;
	struct error *error;

	while (str_next_line(&rest, &line))
		if (!case_stack_write(line, &text))
			strbuf_addf(&text, "%.*s\n", STR_ARG(line));
	error = profile_import_text(strbuf_str(&text), "test", &asked->profile);
	if (!error)
		error = profile_select(asked->profile, &(struct profile_filter){ 0 },
				       &asked->selection);
	if (error)
		fail_msg("%s", error->message);
	asked->knowledge = knowledge_new();
	profile_facts(&asked->selection, &asked->facts);
	knowledge_annotate(asked->knowledge, &asked->facts);
	facts_add_need(&asked->facts, "stack_pattern", pattern,
		       facts_entity(&asked->facts, "trace", "t"));
	assert_int_equal(traces_meet(asked->knowledge, &asked->selection, &asked->facts), 1);
	assert_int_equal(asked->facts.needs.count, 0);
}

static void asked_done(struct asked *asked)
{
	knowledge_free(asked->knowledge);
	facts_done(&asked->facts);
	profile_selection_done(&asked->selection);
	profile_free(asked->profile);
}

static double number(struct asked *asked, const char *fact)
{
	return facts_value(&asked->facts, facts_entity(&asked->facts, "trace", "t"), fact, -1);
}

static const char *text(struct asked *asked, const char *name)
{
	const struct fact *fact =
		facts_find(&asked->facts, facts_entity(&asked->facts, "trace", "t"), name);

	return fact ? facts_str(&asked->facts, fact->text) : "";
}

static void assert_near(double a, double b)
{
	if (a < b - 1e-9 || a > b + 1e-9)
		fail_msg("%g != %g", a, b);
}

static void assert_share(const char *stacks, const char *pattern, double share)
{
	struct asked asked = { 0 };

	ask(&asked, stacks, pattern);
	if (number(&asked, "share") < share - 1e-9 || number(&asked, "share") > share + 1e-9)
		fail_msg("%s: %g, not %g", pattern, number(&asked, "share"), share);
	asked_done(&asked);
}

#define MIX                                                                                        \
	"stack 2: main > parse > malloc in libc.so.6 > _int_malloc in libc.so.6\n"                 \
	"stack 3: main > parse > callback > free in libc.so.6\n"                                   \
	"stack 1: main > malloc in libc.so.6 > brk in libc.so.6 > __x64_sys_brk in kernel\n"       \
	"stack 4: main > parse\n"

static void patterns_look_at_leaves_frames_and_what_stands_further_out(void **state)
{
	(void)state;
	assert_share(MIX, "leaf alloc", 0.5);
	assert_share(MIX, "has alloc", 0.6);
	assert_share(MIX, "has alloc under \"parse\"", 0.5);
	assert_share(MIX, "has \"parse\" under alloc", 0);
	assert_share(MIX, "leaf alloc under \"callback\" under \"parse\"", 0.3);
	assert_share(MIX, "leaf alloc under \"parse\" under \"callback\"", 0);
	assert_share(MIX, "has alloc without \"parse\"", 0.1);
	assert_share(MIX, "leaf in-kernel under alloc", 0.1);
	assert_share(MIX, "leaf in-app", 0.4);
	assert_share(MIX, "leaf \"_int_m*\"|\"free\"", 0.5);
	assert_share(MIX, "has @malloc", 0.6);
	assert_share(MIX, "leaf nothing-such", 0);
	/* a frame does not stand under itself */
	assert_share(MIX, "has \"main\" under \"main\"", 0);
}

static void names_fit_without_parameters_and_template_arguments(void **state)
{
	(void)state;
	assert_share(
		"stack 1: main > void std::vector<int, A<int> >::_M_realloc_insert<int>(int)\n",
		"leaf \"std::vector::_M_realloc_*\"", 1);
	assert_share("stack 1: main > f.part.0\n", "leaf \"f\"", 1);
}

static void who_is_the_nearest_function_of_the_application(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked, MIX, "leaf alloc");
	/* 3 of 5 through callback, 5 of 5 through parse: the nearest one that half go through */
	assert_string_equal(text(&asked, "who"), "callback");
	assert_near(number(&asked, "who_share"), 0.6);
	assert_near(number(&asked, "callers"), 2);
	assert_string_equal(text(&asked, "nearest"), "yes");
	assert_string_equal(text(&asked, "frame"), "free");
	assert_string_equal(text(&asked, "library"), "libc.so.6");
	assert_near(number(&asked, "count"), 5);
	asked_done(&asked);
}

static void who_may_be_what_many_callers_have_in_common(void **state)
{
	static const char *const stacks = "stack 2: main > load > one > malloc in libc.so.6\n"
					  "stack 2: main > load > two > malloc in libc.so.6\n"
					  "stack 2: main > load > three > malloc in libc.so.6\n"
					  "stack 9: main > compute\n";
	struct asked asked = { 0 };

	(void)state;
	ask(&asked, stacks, "leaf alloc");
	assert_string_equal(text(&asked, "who"), "load");
	assert_near(number(&asked, "who_share"), 1);
	assert_string_equal(text(&asked, "nearest"), "");
	asked_done(&asked);
}

static void a_caller_of_nearly_everything_is_nobody(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked,
	    "stack 3: main > run > one > malloc in libc.so.6\n"
	    "stack 3: main > run > two > malloc in libc.so.6\n"
	    "stack 3: main > run > three > malloc in libc.so.6\n",
	    "leaf alloc");
	assert_string_equal(text(&asked, "who"), "");
	assert_near(number(&asked, "who_share"), -1);
	asked_done(&asked);
}

static void threads_processes_and_the_beginning_are_counted(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked,
	    "stack 8 of 4 threads: main > f\nstack 8 early of 8 processes: main > f\n"
	    "stack 9: main > g\n",
	    "leaf \"f\"");
	assert_near(number(&asked, "threads"), 4 + 0);
	assert_near(number(&asked, "processes"), 8);
	assert_near(number(&asked, "early"), 9.0 / 16);
	asked_done(&asked);
}

static void recursion_is_counted_once_and_its_depth_told(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked, "stack 1: main > f > f > f > g\nstack 1: main > g\n", "has \"f\"");
	assert_near(number(&asked, "share"), 0.5);
	assert_near(number(&asked, "depth"), 3);
	asked_done(&asked);
}

static void idle_time_is_no_work(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked,
	    "stack 6: do_idle in kernel > pv_native_safe_halt in kernel\nstack 2: main > f\n",
	    "leaf \"f\"");
	assert_near(number(&asked, "share"), 0.25);
	assert_near(number(&asked, "work"), 1);
	asked_done(&asked);
}

static void what_was_called_by_the_kernels_caller_is_told(void **state)
{
	struct asked asked = { 0 };

	(void)state;
	ask(&asked,
	    "stack 1: main > fill > memset in libc.so.6 > asm_exc_page_fault in kernel > "
	    "clear_page_erms in kernel\n",
	    "has \"asm_exc_page_fault\"");
	assert_string_equal(text(&asked, "via"), "memset");
	assert_string_equal(text(&asked, "who"), "fill");
	asked_done(&asked);
}

static void a_table_without_stacks_answers_leaves_alone(void **state)
{
	static const char *const table = "# Overhead  Command  Shared Object      Symbol\n"
					 "    60.00%  p        prog               [.] run\n"
					 "    20.00%  p        libc.so.6          [.] malloc\n";
	struct asked asked = { 0 };
	struct asked other = { 0 };

	(void)state;
	ask(&asked, table, "leaf alloc");
	assert_near(number(&asked, "share"), 0.2);
	assert_string_equal(text(&asked, "who"), "");
	asked_done(&asked);
	ask(&other, table, "has alloc");
	assert_near(number(&other, "share"), -1);
	assert_int_equal(
		facts_find(&other.facts, facts_entity(&other.facts, "trace", "t"), "share")->type,
		FACT_ABSENT);
	asked_done(&other);
}

static void more_questions_than_there_is_room_for_are_refused_one_by_one(void **state)
{
	struct asked asked = { 0 };
	size_t absent = 0;

	(void)state;
	ask(&asked, MIX, "leaf alloc");
	for (int i = 0; i < 400; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;
		auto_strbuf struct strbuf pattern = STRBUF_INIT;

		strbuf_addf(&name, "q%d", i);
		strbuf_addf(&pattern, "has alloc under \"f%d\"", i);
		facts_add_need(&asked.facts, "stack_pattern", strbuf_text(&pattern),
			       facts_entity(&asked.facts, "trace", strbuf_text(&name)));
	}
	assert_int_equal(traces_meet(asked.knowledge, &asked.selection, &asked.facts), 400);
	for (size_t i = 0; i < asked.facts.facts.count; i++)
		absent += asked.facts.facts.items[i].type == FACT_ABSENT;
	assert_in_range(absent, 200, 399);
	asked_done(&asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_look_at_leaves_frames_and_what_stands_further_out),
		cmocka_unit_test(names_fit_without_parameters_and_template_arguments),
		cmocka_unit_test(who_is_the_nearest_function_of_the_application),
		cmocka_unit_test(who_may_be_what_many_callers_have_in_common),
		cmocka_unit_test(a_caller_of_nearly_everything_is_nobody),
		cmocka_unit_test(threads_processes_and_the_beginning_are_counted),
		cmocka_unit_test(recursion_is_counted_once_and_its_depth_told),
		cmocka_unit_test(idle_time_is_no_work),
		cmocka_unit_test(what_was_called_by_the_kernels_caller_is_told),
		cmocka_unit_test(a_table_without_stacks_answers_leaves_alone),
		cmocka_unit_test(more_questions_than_there_is_room_for_are_refused_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
