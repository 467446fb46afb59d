#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "samples/paste.h"
#include "samples/select.h"

static struct profile *import(const char *text)
{
	struct profile *profile = NULL;
	auto_error struct error *error = profile_import_text(str_from(text), "test", &profile);

	if (error)
		fail_msg("%s", error->message);
	return profile;
}

/* "outer;inner 64.10" for each sample, in the order of the text; weight in percent or stacks. */
static char *stacks_of(const struct profile *profile)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < profile->samples.count; i++) {
		const struct profile_sample *sample = &profile->samples.items[i];
		const struct profile_event *event = &profile->events.items[sample->event];
		uint32_t frames[64];
		size_t count = profile_stack(profile, sample->node, frames, ARRAY_SIZE(frames));

		for (size_t k = 0; k < count; k++) {
			strbuf_add_text(&out, k ? ";" : "");
			profile_frame_label(profile, frames[k], &out);
		}
		strbuf_addf(&out, " %.2f\n", (double)sample->weight / (double)event->scale);
	}
	return strbuf_take(&out);
}

static void assert_stacks(const char *text, const char *wanted)
{
	auto_profile struct profile *profile = import(text);
	auto_free char *stacks = stacks_of(profile);

	assert_string_equal(stacks, wanted);
}

static const struct profile_frame *frame_called(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->frames.count; i++)
		if (!strcmp(profile_text(profile, profile->frames.items[i].name), name))
			return &profile->frames.items[i];
	fail_msg("no frame '%s'", name);
	return NULL;
}

static void a_table_of_perf_report_keeps_shares_owners_and_children(void **state)
{
	auto_profile struct profile *profile =
		import("# Total Lost Samples: 3\n#\n# Samples: 1K of event 'cycles:u'\n#\n"
		       "# Children      Self  Command  Shared Object      Symbol\n"
		       "# ........  ........  .......  .................  ..............\n#\n"
		       "    90.00%    60.25%  npm i x  prog               [.] run(int, char**)\n"
		       "    20.00%    20.00%  npm i x  [kernel.kallsyms]  [k] clear_page_erms\n\n"
		       "# (Tip: something)\n");
	auto_free char *stacks = stacks_of(profile);
	const struct profile_frame *run = frame_called(profile, "run(int, char**)");

	(void)state;
	assert_string_equal(stacks, "run(int, char**) 60.25\nclear_page_erms 20.00\n 19.75\n");
	assert_string_equal(profile_text(profile, run->dso), "prog");
	assert_string_equal(profile_text(profile, profile->samples.items[0].comm), "npm i x");
	assert_true(frame_called(profile, "clear_page_erms")->flags & PROFILE_FRAME_KERNEL);
	assert_string_equal(profile->events.items[0].name, "cycles:u");
	assert_int_equal(profile->lost_samples, 3);
	assert_int_equal(profile->ignored_lines, 0);
	assert_int_equal(profile->claims.count, 2);
	assert_true(profile->claims.items[0].children == 0.9);
}

static void a_table_without_children_and_command_is_read_by_its_header(void **state)
{
	auto_profile struct profile *profile =
		import("# Overhead  Shared Object  Symbol\n"
		       "# ........  .............  ......\n"
		       "    75.00%  libx.so        [.] f\n"
		       "    25.00%  libx.so        [.] 0x0000abcd\n");
	auto_free char *stacks = stacks_of(profile);

	(void)state;
	assert_string_equal(stacks, "f 75.00\n[libx.so] 25.00\n");
	assert_string_equal(profile_text(profile, profile->samples.items[0].comm), "");
	assert_int_equal(profile->claims.count, 0);
}

static void columns_of_numbers_are_told_by_the_header(void **state)
{
	(void)state;
	assert_stacks("# Overhead       Samples  Command  Shared Object  Symbol\n"
		      "# ........  ............  .......  .............  ......\n"
		      "    75.00%          1179  prog     libx.so        [.] f\n"
		      "    25.00%           300  prog     libx.so        [.] g\n",
		      "f 75.00\ng 25.00\n");
}

static void relative_percentages_of_a_tree_are_made_absolute(void **state)
{
	(void)state;
	assert_stacks("    40.00%  gzip     gzip    [.] zip\n"
		      "            |\n"
		      "            ---zip\n"
		      "               |--25.00%--a\n"
		      "               |--25.00%--b\n"
		      "                --50.00%--c\n",
		      "a;zip 10.00\nb;zip 10.00\nc;zip 20.00\n 60.00\n");
}

static void rows_copied_from_the_screen_need_no_header(void **state)
{
	(void)state;
	assert_stacks("+   64.57%  gzip     gzip      [.] longest_match\n"
		      "    14.44%  gzip     gzip      [.] zip\n",
		      "longest_match 64.57\nzip 14.44\n 20.99\n");
}

static void several_events_are_never_added_together(void **state)
{
	auto_profile struct profile *profile = import("# Samples: 10 of event 'cycles'\n"
						      "    75.00%  a  libx.so  [.] f\n"
						      "# Samples: 10 of event 'instructions'\n"
						      "    50.00%  a  libx.so  [.] f\n");

	(void)state;
	assert_int_equal(profile->events.count, 2);
	assert_string_equal(profile->events.items[1].name, "instructions");
}

static void a_table_with_bars_keeps_names_that_hold_blanks_and_commas(void **state)
{
	auto_profile struct profile *profile = import(
		"# Index | Process/Library | Function | File | Self CPU | Self+Children CPU\n"
		"1 | libx.so | std::map<int, int>::at(int const&) | src/m.h#12 | 3.18% | 4.00%\n"
		"2 | vmlinux | find_vma |  | 1.38% | 1.38%\n");
	const struct profile_frame *at =
		frame_called(profile, "std::map<int, int>::at(int const&)");

	(void)state;
	assert_string_equal(profile_text(profile, at->file), "src/m.h");
	assert_int_equal(at->line, 12);
	assert_true(frame_called(profile, "find_vma")->flags & PROFILE_FRAME_KERNEL);
	assert_true(profile->claims.items[0].children == 0.04);
}

static void a_function_list_of_nine_lines_a_row_may_begin_and_end_short(void **state)
{
	(void)state;
	assert_stacks("gzip: longest_match\ndeflate.c#12\n120\n3.50%\n4.50%\n1 kg\n$2\nlink\n"
		      "2\nvmlinux: find_vma\nvmlinux+0xabc\n60\n1.50%\n1.50%\n",
		      "longest_match 3.50\nfind_vma 1.50\n 95.00\n");
}

static void the_table_of_pprof_is_read(void **state)
{
	(void)state;
	assert_stacks("File: app\nType: cpu\n      flat  flat%   sum%        cum   cum%\n"
		      "     1.20s 40.00% 40.00%      2.00s 66.67%  runtime.mallocgc\n"
		      "     0.60s 20.00% 60.00%      0.60s 20.00%  main.work (inline)\n",
		      "runtime.mallocgc 40.00\nmain.work 20.00\n 40.00\n");
}

static void an_elastic_stack_may_lack_its_first_index(void **state)
{
	(void)state;
	assert_stacks("vmlinux: copy_user\nvmlinux+0xa1fc2d\n3\nvmlinux: read_it\nvmlinux+0x1\n2\n"
		      "app: main\nmain.c#7\n1\napp\napp+0x99\n",
		      "[app];main;read_it;copy_user 1.00\n");
	assert_stacks("1\napp: main\nmain.c#7\n2\napp: work\nmain.c#3\n", "main;work 1.00\n");
}

static void a_stack_with_bars_is_read_leaf_first(void **state)
{
	(void)state;
	assert_stacks("# Index | Process/Library | Function | File\n"
		      "3 | vmlinux | clear_user | Unknown file\n"
		      "2 | libc.so.6 | Unknown function | Unknown file\n"
		      "1 | app | main | src/a.c\n",
		      "main;[libc.so.6];clear_user 1.00\n");
}

static void a_call_tree_of_the_screen_is_weighed_by_its_branches(void **state)
{
	(void)state;
	assert_stacks("-   64.57%  gzip     gzip      [.] longest_match\n"
		      "   - 64.44% longest_match\n"
		      "      - 60.10% zip\n"
		      "           treat_file.part.0\n"
		      "           treat_file.part.0\n"
		      "           main\n"
		      "      + 4.00% other\n"
		      "+   10.00%  gzip     gzip      [.] zip\n",
		      "longest_match 0.13\n"
		      "longest_match 0.34\n"
		      "main;treat_file.part.0;treat_file.part.0;zip;longest_match 60.10\n"
		      "other;longest_match 4.00\n"
		      "zip 10.00\n"
		      " 25.43\n");
}

static void a_call_tree_of_stdio_is_weighed_by_its_branches(void **state)
{
	(void)state;
	assert_stacks("    64.57%  gzip     gzip                 [.] longest_match\n"
		      "            |\n"
		      "            ---longest_match\n"
		      "               zip\n"
		      "               |          \n"
		      "               |--60.10%--treat_file\n"
		      "               |          main\n"
		      "               |\n"
		      "                --4.47%--other\n"
		      "                          main2\n",
		      "main;treat_file;zip;longest_match 60.10\n"
		      "main2;other;zip;longest_match 4.47\n 35.43\n");
}

static void a_call_tree_from_the_outermost_caller_is_turned_round(void **state)
{
	(void)state;
	assert_stacks("    64.00%    64.00%  gzip     gzip    [.] longest_match\n"
		      "            |\n"
		      "            ---_start\n"
		      "               main\n"
		      "               longest_match\n",
		      "_start;main;longest_match 64.00\n 36.00\n");
}

static void a_tree_with_callees_counted_in_gives_no_self_time(void **state)
{
	auto_profile struct profile *profile =
		import("    90.00%    10.00%  gzip     gzip    [.] zip\n"
		       "            |\n"
		       "             --90.00%--zip\n"
		       "                       longest_match\n");
	auto_free char *stacks = stacks_of(profile);

	(void)state;
	assert_string_equal(stacks, "zip 10.00\n 90.00\n");
	assert_true(profile->claims.items[0].children == 0.9);
}

static void prose_after_a_tree_is_counted_and_left_out(void **state)
{
	auto_profile struct profile *profile =
		import("-   64.57%  gzip     gzip      [.] longest_match\n"
		       "   - 64.57% longest_match\n        main\n"
		       "Based on the stack trace, it is slow\n"
		       "  and this is indented.\n");
	auto_free char *stacks = stacks_of(profile);

	(void)state;
	assert_string_equal(stacks, "main;longest_match 64.57\n 35.43\n");
	assert_int_equal(profile->ignored_lines, 2);
}

static void backtraces_of_gdb_are_read_thread_by_thread(void **state)
{
	(void)state;
	assert_stacks("Thread 2 (Thread 0x7f (LWP 3)):\n"
		      "#0  0x00007ffff7e2c in __poll (fds=0x1, n=2) at poll.c:29\n"
		      "#1  loop (x=1) at main.c:7\n\n"
		      "Thread 1 (LWP 2):\n"
		      "#0  0x00007ffff7e2c in malloc () from /lib/libc.so.6\n"
		      "#1  0x0000555555 in main () at main.c:12\n",
		      "loop;__poll 1.00\nmain;malloc 1.00\n");
	assert_stacks("PID 7 - process\nTID 7:\n#0  0x00007f0a poll - /usr/lib/libc.so.6\n"
		      "#1  0x00005555 main - /usr/bin/app\n",
		      "main;poll 1.00\n");
}

static void kernel_stacks_leave_out_the_frames_marked_as_guesses(void **state)
{
	(void)state;
	assert_stacks("[<0>] ep_poll+0x1d2/0x3f0\n[<0>] do_epoll_wait+0xaf/0xd0\n",
		      "do_epoll_wait;ep_poll 1.00\n");
	assert_stacks("[  12.5] Call Trace:\n[  12.5]  <TASK>\n"
		      "[  12.5]  dump_stack+0x1/0x2\n[  12.5]  ? guess+0x1/0x2\n"
		      "[  12.5]  ext4_read+0x1/0x2 [ext4]\n",
		      "ext4_read;dump_stack 1.00\n");
}

static void an_empty_table_of_perf_says_what_to_run_instead(void **state)
{
	struct profile *profile = NULL;
	auto_error struct error *error = profile_import_text(
		STR("# To display the perf.data header info, please use --header/--header-only "
		    "options.\n#\n"),
		"test", &profile);

	(void)state;
	assert_non_null(error);
	assert_non_null(strstr(error_hint(error), "--max-stack=0"));
}

static void damaged_pastes_are_survived(void **state)
{
	static const char *const texts[] = {
		"64.57%",
		"64.57% [.]",
		"-",
		"--",
		"|--",
		"   --64.10%--",
		" | | | ",
		"#0",
		"#0 \n#1 ",
		"+0x/0x",
		"a+0x1\n",
		": \nx+0x1\n",
		"%%%",
		"1\n1\n1\n",
		"    99999999999%  a  b  [.] c\n",
		"flat flat% sum%\n1 2% 3% 4 5%\n",
		"1 | a | b | c | 9% | x\n",
		"#18446744073709551615  f (x)\n#1  g (y)\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct profile *profile = NULL;
		auto_error struct error *error =
			profile_import_text(str_from(texts[i]), "test", &profile);

		assert_true((error != NULL) == (profile == NULL));
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_perf_report_keeps_shares_owners_and_children),
		cmocka_unit_test(a_table_without_children_and_command_is_read_by_its_header),
		cmocka_unit_test(columns_of_numbers_are_told_by_the_header),
		cmocka_unit_test(relative_percentages_of_a_tree_are_made_absolute),
		cmocka_unit_test(rows_copied_from_the_screen_need_no_header),
		cmocka_unit_test(several_events_are_never_added_together),
		cmocka_unit_test(a_table_with_bars_keeps_names_that_hold_blanks_and_commas),
		cmocka_unit_test(a_function_list_of_nine_lines_a_row_may_begin_and_end_short),
		cmocka_unit_test(the_table_of_pprof_is_read),
		cmocka_unit_test(an_elastic_stack_may_lack_its_first_index),
		cmocka_unit_test(a_stack_with_bars_is_read_leaf_first),
		cmocka_unit_test(a_call_tree_of_the_screen_is_weighed_by_its_branches),
		cmocka_unit_test(a_call_tree_of_stdio_is_weighed_by_its_branches),
		cmocka_unit_test(a_call_tree_from_the_outermost_caller_is_turned_round),
		cmocka_unit_test(a_tree_with_callees_counted_in_gives_no_self_time),
		cmocka_unit_test(prose_after_a_tree_is_counted_and_left_out),
		cmocka_unit_test(backtraces_of_gdb_are_read_thread_by_thread),
		cmocka_unit_test(kernel_stacks_leave_out_the_frames_marked_as_guesses),
		cmocka_unit_test(an_empty_table_of_perf_says_what_to_run_instead),
		cmocka_unit_test(damaged_pastes_are_survived),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
