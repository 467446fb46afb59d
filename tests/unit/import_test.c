#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/folded.h"
#include "samples/load.h"
#include "samples/select.h"

static struct profile *import(const char *text)
{
	struct profile *profile = NULL;

	assert_null(profile_import_text(str_from(text), "test", &profile));
	return profile;
}

/* The folded form of a text; owned by the caller. */
static char *folded_with(const char *text, const struct folded_options *options, const char *event)
{
	auto_profile struct profile *profile = import(text);
	auto_selection struct profile_selection selection = { 0 };
	struct profile_filter filter = { .event = event };
	char *out = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&out, &size);

	assert_null(profile_select(profile, &filter, &selection));
	folded_write(stream, &selection, options);
	fclose(stream);
	return out;
}

static void assert_folds_to(const char *text, const char *expected)
{
	struct folded_options options = { 0 };
	char *out = folded_with(text, &options, NULL);

	assert_string_equal(out, expected);
	free(out);
}

static void folded_text_survives_the_way_through_a_profile(void **state)
{
	(void)state;
	assert_folds_to("sh;main;std::map<int, int>::find 3\n"
			"gcc;[libc.so.6];[unknown];[[vdso]] 4\n"
			"sh;main;std::map<int, int>::find 2\n",
			"gcc;[libc.so.6];[unknown];[[vdso]] 4\n"
			"sh;main;std::map<int, int>::find 5\n");
}

static void decimal_weights_stay_decimal(void **state)
{
	(void)state;
	assert_folds_to("a;b 1\na;c 0.25\na;b 2.5\n", "a;b 3.5\na;c 0.25\n");
}

static void stacks_that_begin_with_a_function_get_no_program(void **state)
{
	auto_profile struct profile *profile = import("main;f 1\n_start;main;g 2\nmain 1\n");

	(void)state;
	assert_int_equal(profile->threads.items[0].comm, 0);
	assert_folds_to("main;f 1\n_start;main;g 2\nmain;h 1\n",
			"_start;main;g 2\nmain;f 1\nmain;h 1\n");
}

static void lines_that_are_no_stack_are_counted(void **state)
{
	auto_profile struct profile *profile =
		import("a;b 1\na;b 1\na;b 1\nnothing here\na;c 2\na;d -3\na;e 4\na;e "
		       "18446744073709551616\n");

	(void)state;
	assert_int_equal(profile->ignored_lines, 3);
	assert_int_equal(profile->samples.count, 5);
	assert_int_equal(profile->events.items[0].weight, 9);
}

static const char script[] = "# cmdline : /usr/bin/perf record -g ls\n"
			     "# hostname : box\n"
			     "Web Content 12/34 [003] 100.000001:    1000 cycles:u: \n"
			     "\t    7f01 add+0x1f (/usr/lib/libm.so.6)\n"
			     "\t      10 inner+0x3 (inlined)\n"
			     "\t      10 outer(int, char)+0x3 (/opt/a b/prog (deleted))\n"
			     "\t      20 [unknown] ([unknown])\n"
			     "\n"
			     "Web Content 12/34 [003] 100.000002:     500 cycles:u: \n"
			     "\tffffffff8100 do_syscall_64+0x5 ([kernel.kallsyms])\n"
			     "\n"
			     "Web Content 12/34 [001] 100.000003:     7 faults: \n"
			     "\t    7f01 add+0x1e (/usr/lib/libm.so.6)\n"
			     "\n";

static void a_perf_script_header_is_read_with_blanks_in_the_program_name(void **state)
{
	auto_profile struct profile *profile = import(script);
	const struct profile_sample *sample = &profile->samples.items[0];
	const struct profile_thread *thread = &profile->threads.items[sample->thread];

	(void)state;
	assert_int_equal(profile->samples.count, 3);
	assert_int_equal(profile->ignored_lines, 0);
	assert_string_equal(profile->hostname, "box");
	assert_string_equal(profile_text(profile, thread->comm), "Web Content");
	assert_int_equal(thread->pid, 12);
	assert_int_equal(thread->tid, 34);
	assert_int_equal(sample->cpu, 3);
	assert_int_equal(sample->weight, 1000);
	assert_true(sample->time_ns == 100000001000);
	assert_string_equal(profile->events.items[0].name, "cycles:u");
	assert_int_equal(profile->samples.items[1].end, PROFILE_END_KERNEL_ONLY);
}

static void inlined_frames_take_the_dso_of_what_they_were_inlined_into(void **state)
{
	auto_profile struct profile *profile = import(script);
	uint32_t frames[8];
	const struct profile_frame *inner, *outer;

	(void)state;
	assert_int_equal(profile_stack(profile, profile->samples.items[0].node, frames, 8), 4);
	outer = &profile->frames.items[frames[1]];
	inner = &profile->frames.items[frames[2]];
	assert_string_equal(profile_text(profile, inner->name), "inner");
	assert_string_equal(profile_text(profile, outer->name), "outer(int, char)");
	assert_string_equal(profile_text(profile, outer->dso), "prog");
	assert_string_equal(profile_text(profile, outer->dso_path), "/opt/a b/prog");
	assert_int_equal(inner->dso, outer->dso);
	assert_true(inner->flags & PROFILE_FRAME_INLINED);
	assert_false(outer->flags & PROFILE_FRAME_INLINED);
	assert_true(profile->frames.items[frames[0]].flags & PROFILE_FRAME_UNNAMED);
}

static void two_events_are_never_added_together(void **state)
{
	struct folded_options options = { .mark_inlined = true, .mark_kernel = true };
	char *out = folded_with(script, &options, NULL);

	(void)state;
	assert_string_equal(out, "Web_Content;[unknown];outer;inner_[i];add 1000\n"
				 "Web_Content;do_syscall_64_[k] 500\n");
	free(out);
	out = folded_with(script, &options, "faults");
	assert_string_equal(out, "Web_Content;add 7\n");
	free(out);
}

static void samples_on_one_line_have_their_leaf_only(void **state)
{
	auto_profile struct profile *profile = import(
		"            gzip 22647  1322.862198:    2004008 cpu-clock:ppp:      557021ba9330 "
		"[unknown] (/usr/bin/gzip)\n"
		"             add 22648  1322.864198:    2004008 cpu-clock:ppp:      557021ba9331 "
		"deflate+0x7 (/usr/bin/gzip)\n");

	(void)state;
	assert_int_equal(profile->samples.count, 2);
	assert_int_equal(profile->samples.items[0].end, PROFILE_END_NO_STACK);
	assert_int_equal(profile->threads.items[0].tid, 22647);
	assert_folds_to("  gzip 1      557021ba9330 [unknown] (/usr/bin/gzip)\n"
			"  gzip 1      557021ba9332 inflate (/usr/bin/gzip)\n",
			"gzip;[gzip] 1\ngzip;inflate 1\n");
}

static void headers_may_lack_period_time_and_event(void **state)
{
	(void)state;
	assert_folds_to("node-v011 31912 cpu-clock: \n"
			"            13a80b608e0a RegExp:[&<>\\\"\\'] (/tmp/perf-7539.map)\n\n"
			"java 19983 cycles:\nffffffff8103d0ca native_write_msr_safe "
			"([kernel.kallsyms])\n\n",
			"node-v011;RegExp:[&<>\\\\] 1\n");
	assert_folds_to("gzip 22601 \n\t            49cb deflate (/usr/bin/gzip)\n\n"
			"gzip 22601 \n\t            49cc deflate (/usr/bin/gzip)\n\n",
			"gzip;deflate 2\n");
	assert_folds_to("gzip \n\t            49cb deflate (/usr/bin/gzip)\n\n",
			"gzip;deflate 1\n");
}

static void headers_may_begin_with_ids_or_time_or_be_left_out(void **state)
{
	auto_profile struct profile *profile =
		import("19550  1163.828843:    1001001 cpu-clock:ppp: \n"
		       "\t    10 f (/bin/a)\n\n"
		       "  1163.828844: \n\t    10 f (/bin/a)\n\n"
		       "templates 19552 K      1163.828845:    1001001 cpu-clock:ppp: \n"
		       "\t    10 f (/bin/a)\n\n");

	(void)state;
	assert_int_equal(profile->samples.count, 3);
	assert_int_equal(profile->threads.items[0].tid, 19550);
	assert_int_equal(profile->samples.items[0].weight, 1001001);
	assert_true(profile->samples.items[1].time_ns == 1163828844000);
	assert_string_equal(profile_text(profile, profile->samples.items[2].comm), "templates");
	assert_int_equal(profile->samples.items[2].weight, 1001001);
	assert_folds_to("\t 10 leaf (/bin/a)\n\t 20 main (/bin/a)\n\n"
			"\t 11 leaf (/bin/a)\n\t 20 main (/bin/a)\n",
			"main;leaf 2\n");
	assert_folds_to(" 10 leaf (/bin/a)\n 20 other (/bin/a)\n", "leaf 1\nother 1\n");
}

static void source_lines_and_side_band_records_are_not_samples(void **state)
{
	auto_profile struct profile *profile =
		import("a 1 [000] 1.000000: PERF_RECORD_MMAP2 1/1: [0x1(0x2)] r-xp /bin/a\n"
		       "a 1 [000] 1.000001:      10 cycles: \n"
		       "\t    10 f+0x1 (/bin/a)\n"
		       "  a.c:123\n"
		       "\t    20 [unknown] (/bin/a)\n"
		       "  a[20]\n\n"
		       "Failed to open something\n");
	uint32_t frames[4];

	(void)state;
	assert_int_equal(profile->samples.count, 1);
	assert_int_equal(profile_stack(profile, profile->samples.items[0].node, frames, 4), 2);
	assert_int_equal(profile->frames.items[frames[1]].line, 123);
	assert_string_equal(profile_text(profile, profile->frames.items[frames[1]].file), "a.c");
	assert_int_equal(profile->ignored_lines, 1);
}

static void what_a_jit_inlined_becomes_frames_of_its_own(void **state)
{
	struct folded_options options = { .mark_inlined = true };
	char *out = folded_with("java 1 1.000001: cycles: \n"
				"\t 10 La/B;.f(I)V->Lc/D;.g (/tmp/perf-1.map)\n"
				"\t 11 X::operator-> (/bin/x)\n\n",
				&options, NULL);

	(void)state;
	assert_string_equal(out, "java;X::operator->;a/B:.f;c/D:.g_[i] 1\n");
	free(out);
}

static void the_text_of_our_report_is_read_back(void **state)
{
	auto_profile struct profile *profile =
		import("x (perf.data): 5 samples of cpu-clock\n\n"
		       "Functions by their own time\n"
		       "    self children   samples  function\n"
		       "  60.00%   80.00%     1,158  std::map<..>::find (skid)  a b.so map.h:7\n"
		       "  20.00%   20.00%         9  [no name]                  libx.so\n"
		       "  20.00%  in 3 more functions\n\n"
		       "Programs\n  60.00%  1  a\n");
	const struct profile_frame *frame;

	(void)state;
	assert_string_equal(profile->format, "sysgrok report");
	assert_int_equal(profile->claims.count, 2);
	frame = &profile->frames.items[profile->claims.items[0].frame];
	assert_string_equal(profile_text(profile, frame->name), "std::map<..>::find");
	assert_string_equal(profile_text(profile, frame->dso), "a b.so");
	assert_string_equal(profile_text(profile, frame->file), "map.h");
	assert_int_equal(frame->line, 7);
	frame = &profile->frames.items[profile->claims.items[1].frame];
	assert_true(frame->flags & PROFILE_FRAME_UNNAMED);
	/* 60 %, 20 %, and what is left of the whole. */
	assert_int_equal(profile->samples.count, 3);
	assert_int_equal(profile->samples.items[0].weight * 5, profile->events.items[0].weight * 3);
}

static void other_text_is_refused_with_a_hint(void **state)
{
	static const char *const texts[] = {
		"",
		"hello world\nthis is text\n",
		"Linux version 6.1\n12 34 56\na b c\n",
		"{ \"json\": [ 1, 2, 3 ] }\n",
	};
	struct profile *profile = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_error struct error *error =
			profile_import_text(str_from(texts[i]), "x", &profile);

		assert_non_null(error);
		assert_int_equal(error->code, ERROR_INPUT);
	}
	assert_null(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_text_survives_the_way_through_a_profile),
		cmocka_unit_test(decimal_weights_stay_decimal),
		cmocka_unit_test(stacks_that_begin_with_a_function_get_no_program),
		cmocka_unit_test(lines_that_are_no_stack_are_counted),
		cmocka_unit_test(a_perf_script_header_is_read_with_blanks_in_the_program_name),
		cmocka_unit_test(inlined_frames_take_the_dso_of_what_they_were_inlined_into),
		cmocka_unit_test(two_events_are_never_added_together),
		cmocka_unit_test(samples_on_one_line_have_their_leaf_only),
		cmocka_unit_test(headers_may_lack_period_time_and_event),
		cmocka_unit_test(headers_may_begin_with_ids_or_time_or_be_left_out),
		cmocka_unit_test(source_lines_and_side_band_records_are_not_samples),
		cmocka_unit_test(what_a_jit_inlined_becomes_frames_of_its_own),
		cmocka_unit_test(the_text_of_our_report_is_read_back),
		cmocka_unit_test(other_text_is_refused_with_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
