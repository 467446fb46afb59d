#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "render/mend.h"
#include "samples/quality.h"
#include "samples/skid.h"

static uint32_t push(struct profile *profile, uint32_t parent, const char *name, const char *dso,
		     uint32_t flags)
{
	struct profile_frame frame = {
		.name = intern_text(&profile->texts, name),
		.dso = intern_text(&profile->texts, dso),
		.dso_path = intern_text(&profile->texts, dso),
		.flags = flags | (*name ? 0 : PROFILE_FRAME_UNNAMED),
	};

	return profile_node(profile, parent, profile_frame(profile, &frame));
}

static void sample(struct profile *profile, uint32_t node, enum profile_end end, uint64_t weight)
{
	profile_add_sample(profile, &(struct profile_sample){
					    .weight = weight,
					    .count = 1,
					    .node = node,
					    .thread = profile_thread(profile, 1, 1, STR("a")),
					    .cpu = UINT32_MAX,
					    .event = (uint16_t)profile_event(profile, "cpu-clock"),
					    .end = (uint8_t)end,
				    });
}

/* 60 complete through main, 30 cut in libx, 10 of a place without a name. */
static struct profile *example(void)
{
	struct profile *profile = profile_new();
	uint32_t at = push(profile, 0, "_start", "prog", 0);

	profile->stacks = PROFILE_STACKS_DUMPS;

	at = push(profile, at, "main", "prog", 0);
	sample(profile, push(profile, at, "work", "prog", 0), PROFILE_END_UNKNOWN, 60);
	at = push(profile, 0, "helper", "libx.so", PROFILE_FRAME_GUESSED);
	sample(profile, push(profile, at, "leaf", "prog", 0), PROFILE_END_CUT, 30);
	sample(profile, push(profile, 0, "", "/lib/liby.so", 0), PROFILE_END_NO_INFO, 10);
	return profile;
}

static bool is_about(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

static void shares_are_weighed_by_period(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_quality struct quality quality = { 0 };

	(void)state;
	quality_find_ends(profile);
	assert_null(profile_select(profile, NULL, &selection));
	quality = quality_measure(&selection);
	assert_true(is_about(quality.complete, 0.6));
	assert_true(is_about(quality.reaches_main, 0.6));
	assert_true(is_about(quality.guessed, 0.3));
	assert_true(is_about(quality.ends[PROFILE_END_CUT], 0.3));
	assert_true(is_about(quality.ends[PROFILE_END_NO_INFO], 0.1));
	/* 60 * 3 + 30 * 2 + 10 frames */
	assert_true(is_about(quality.unnamed_frames, 10.0 / 250));
	assert_true(is_about(quality.frames_per_stack, 2.5));
}

static void the_dso_that_harms_most_comes_first(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_quality struct quality quality = { 0 };

	(void)state;
	quality_find_ends(profile);
	assert_null(profile_select(profile, NULL, &selection));
	quality = quality_measure(&selection);
	assert_int_equal(quality.dso_count, 3);
	assert_string_equal(profile_text(profile, quality.dsos[0].dso), "libx.so");
	assert_int_equal(quality.dsos[0].ended_early, 30);
	assert_int_equal(quality.dsos[0].guessed, 30);
	assert_string_equal(profile_text(profile, quality.dsos[1].dso), "/lib/liby.so");
	assert_int_equal(quality.dsos[1].unnamed, 10);
	assert_string_equal(profile_text(profile, quality.dsos[2].dso), "prog");
	assert_int_equal(quality.dsos[2].ended_early, 0);
}

static char *package_of_test(void *context, const char *path)
{
	assert_null(context);
	return strcmp(path, "/lib/liby.so") == 0 ? x_strdup("liby1") : NULL;
}

static void each_harm_gets_what_mends_it(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_quality struct quality quality = { 0 };
	auto_mends struct mends cut = { 0 }, stripped = { 0 }, whole = { 0 };
	const struct mend_options options = { .package_of = package_of_test, .min_ratio = 0.01 };
	uint32_t name = intern(&profile->texts, STR("/lib/liby.so"));

	(void)state;
	profile_dso(profile, name, name);
	quality_find_ends(profile);
	assert_null(profile_select(profile, NULL, &selection));
	quality = quality_measure(&selection);
	mends_of_dso(&selection, &quality.dsos[0], &options, &cut);
	mends_of_dso(&selection, &quality.dsos[1], &options, &stripped);
	mends_of_dso(&selection, &quality.dsos[2], &options, &whole);
	assert_int_equal(cut.count, 1);
	assert_non_null(strstr(cut.items[0], "--call-graph dwarf,65528"));
	assert_int_equal(stripped.count, 2);
	assert_non_null(strstr(stripped.items[0], "install liby1-dbgsym"));
	assert_non_null(strstr(stripped.items[1], "-fasynchronous-unwind-tables"));
	assert_int_equal(whole.count, 0);
}

static void thread_roots_are_known_by_name(void **state)
{
	(void)state;
	assert_true(quality_is_thread_root(STR("_start")));
	assert_true(quality_is_thread_root(STR("clone3")));
	assert_true(quality_is_thread_root(STR("ret_from_fork_asm")));
	assert_true(quality_is_thread_root(STR("__libc_start_main@@GLIBC_2.34")));
	assert_false(quality_is_thread_root(STR("main")));
	assert_false(quality_is_thread_root(STR("")));
}

static void only_clock_samples_on_unlocks_are_skid(void **state)
{
	auto_profile struct profile *profile = profile_new();
	uint32_t unlock = push(profile, 0, "_raw_spin_unlock_irqrestore", "[kernel.kallsyms]",
			       PROFILE_FRAME_KERNEL);
	uint32_t inlined = push(profile, unlock, "arch_local", "[kernel.kallsyms]",
				PROFILE_FRAME_KERNEL | PROFILE_FRAME_INLINED);
	uint32_t called = push(profile, unlock, "other", "[kernel.kallsyms]", PROFILE_FRAME_KERNEL);
	uint32_t user = push(profile, 0, "_raw_spin_unlock_irqrestore", "prog", 0);
	uint32_t nodes[] = { unlock, inlined, called, user };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		sample(profile, nodes[i], PROFILE_END_COMPLETE, 1);
	sample(profile, unlock, PROFILE_END_COMPLETE, 1);
	profile->samples.items[4].event = (uint16_t)profile_event(profile, "cycles");
	skid_find(profile);
	assert_true(profile->samples.items[0].skid);
	assert_true(profile->samples.items[1].skid);
	assert_false(profile->samples.items[2].skid);
	assert_false(profile->samples.items[3].skid);
	assert_false(profile->samples.items[4].skid);
	assert_true(skid_is_symbol(STR("finish_task_switch.isra.0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_weighed_by_period),
		cmocka_unit_test(the_dso_that_harms_most_comes_first),
		cmocka_unit_test(each_harm_gets_what_mends_it),
		cmocka_unit_test(thread_roots_are_known_by_name),
		cmocka_unit_test(only_clock_samples_on_unlocks_are_skid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
