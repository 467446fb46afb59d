#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "samples/table.h"
#include "samples/tree.h"

enum { MS = 1000000 };

static uint32_t frame(struct profile *profile, const char *name, const char *dso, uint32_t line,
		      uint32_t flags)
{
	struct profile_frame row = {
		.name = intern_text(&profile->texts, name),
		.dso = intern_text(&profile->texts, dso),
		.dso_path = intern_text(&profile->texts, dso),
		.line = line,
		.flags = flags,
	};

	return profile_frame(profile, &row);
}

/* "main;f@7;g!": a function at a line, an inlined one. */
static uint32_t stack(struct profile *profile, const char *text)
{
	struct str rest = str_from(text), part, name, line;
	uint32_t node = 0;

	while (rest.len) {
		char buffer[64];
		uint64_t number = 0;
		uint32_t flags = 0;

		str_cut(rest, ';', &part, &rest);
		if (str_ends_with(part, STR("!"))) {
			part.len--;
			flags = PROFILE_FRAME_INLINED;
		}
		if (str_cut(part, '@', &name, &line))
			assert_true(str_to_u64(line, &number));
		memcpy(buffer, name.ptr, name.len);
		buffer[name.len] = '\0';
		node = profile_node(profile, node,
				    frame(profile, buffer, "a.so", (uint32_t)number, flags));
	}
	return node;
}

static void sample(struct profile *profile, const char *comm, int32_t tid, uint64_t time_ms,
		   const char *frames)
{
	struct profile_sample row = {
		.time_ns = time_ms * MS,
		.weight = 10 * MS,
		.count = 1,
		.node = stack(profile, frames),
		.thread = profile_thread(profile, 100, tid, str_from(comm)),
		.cpu = (uint32_t)tid % 2,
		.event = (uint16_t)profile_event(profile, "cpu-clock"),
	};

	row.comm = profile->threads.items[row.thread].comm;
	profile_add_sample(profile, &row);
}

static struct profile *example(void)
{
	struct profile *profile = profile_new();

	sample(profile, "sh", 1, 1000, "main;f@3;g@9");
	sample(profile, "sh", 1, 1010, "main;f@4;f@4;g@9");
	sample(profile, "sh", 1, 1020, "main;f@4;h@5!");
	sample(profile, "cc", 2, 1100, "main;k@1");
	return profile;
}

static const struct table_row *row_of(const struct profile *profile, const struct table *table,
				      const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		uint32_t id = profile->frames.items[table->rows[i].frame].name;

		if (strcmp(profile_text(profile, id), name) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static void select_all(const struct profile *profile, const struct profile_filter *filter,
		       struct profile_selection *ret)
{
	assert_null(profile_select(profile, filter, ret));
}

static void recursion_counts_once_in_children(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_table struct table table = { 0 };

	(void)state;
	select_all(profile, NULL, &selection);
	table = table_functions(&selection, false);
	assert_int_equal(row_of(profile, &table, "f")->children, 30 * MS);
	assert_int_equal(row_of(profile, &table, "main")->children, 40 * MS);
	assert_int_equal(row_of(profile, &table, "main")->self, 0);
	assert_true(table_share(&table, row_of(profile, &table, "g")->self) == 0.5);
	assert_int_equal(row_of(profile, &table, "g")->samples, 2);
	assert_ptr_equal(row_of(profile, &table, "g"), &table.rows[0]);
}

static void inlined_time_belongs_to_the_physical_function_unless_asked(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_table struct table physical = { 0 }, inlined = { 0 };

	(void)state;
	select_all(profile, NULL, &selection);
	physical = table_functions(&selection, false);
	inlined = table_functions(&selection, true);
	assert_null(row_of(profile, &physical, "h"));
	assert_int_equal(row_of(profile, &physical, "f")->self, 10 * MS);
	assert_int_equal(row_of(profile, &inlined, "h")->self, 10 * MS);
	assert_true(row_of(profile, &inlined, "h")->inlined);
	assert_int_equal(row_of(profile, &inlined, "f")->self, 0);
	assert_int_equal(profile->frames.items[row_of(profile, &physical, "f")->frame].line, 4);
}

static void places_of_one_function_are_one_node_of_the_tree(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	const struct tree_options options = { .root = TREE_ROOT_PROGRAM, .no_inlines = true };
	auto_tree struct tree tree = { 0 };

	(void)state;
	select_all(profile, NULL, &selection);
	tree = tree_build(&selection, &options);
	/* root, sh: main f g f g; cc: main k */
	assert_int_equal(tree.count, 1 + 6 + 3);
	assert_int_equal(tree.nodes[0].total, 40 * MS);
	assert_int_equal(tree.nodes[1].total + tree.nodes[7].total, 40 * MS);
	assert_int_equal(tree.nodes[0].samples, 4);
}

static void hottest_stacks_come_first_with_their_samples(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_table struct table table = { 0 };

	(void)state;
	sample(profile, "cc", 2, 1110, "main;k@2");
	select_all(profile, NULL, &selection);
	table = table_stacks(&selection, true, 2);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.rows[0].self, 20 * MS);
	assert_int_equal(table.rows[0].samples, 2);
	assert_string_equal(profile_text(profile, profile->frames.items[table.rows[0].frame].name),
			    "k");
}

static void every_filter_takes_its_samples(void **state)
{
	static const struct {
		struct profile_filter filter;
		size_t samples;
	} cases[] = {
		{ { .comm = "sh" }, 3 },	{ { .comm = "s*,cc" }, 4 },
		{ { .thread = "2" }, 1 },	{ { .thread = "c?" }, 1 },
		{ { .thread = "busiest" }, 3 }, { { .pid = "100" }, 4 },
		{ { .pid = "99" }, 0 },		{ { .cpu = "0" }, 1 },
		{ { .cpu = "0-3" }, 4 },	{ { .dso = "a.*" }, 4 },
		{ { .dso = "b.so" }, 0 },	{ { .symbol = "g" }, 2 },
		{ { .symbol = "f" }, 1 }, /* what was inlined into it */
		{ { .symbol = "main" }, 0 },	{ { .through = "f" }, 3 },
		{ { .time = "0,0.015" }, 2 },	{ { .time = "0.015," }, 2 },
		{ { .time = "1.01,1.02" }, 2 }, { { .time = "50%,100%" }, 1 },
	};
	auto_profile struct profile *profile = example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_selection struct profile_selection selection = { 0 };

		select_all(profile, &cases[i].filter, &selection);
		assert_int_equal(selection.count, cases[i].samples);
		assert_int_equal(selection.weight, cases[i].samples * 10 * MS);
	}
}

static void a_filter_that_cannot_be_read_is_a_usage_error(void **state)
{
	static const struct profile_filter filters[] = {
		{ .pid = "me" },   { .cpu = "0-x" },  { .time = "soon" },
		{ .time = "2,1" }, { .event = "no" }, { .time = "," },
	};
	auto_profile struct profile *profile = example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct profile_selection selection = { 0 };
		auto_error struct error *error = profile_select(profile, &filters[i], &selection);

		assert_non_null(error);
		assert_int_equal(error->code, ERROR_USAGE);
		assert_null(selection.samples);
	}
}

static void a_timeline_says_when_a_thread_was_busy(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	double ratios[10], busy;

	(void)state;
	select_all(profile, NULL, &selection);
	assert_true(table_timeline(&selection, 0, ratios, 10, &busy));
	/* The first sample's 10 ms lie before the window of 100 ms. */
	assert_true(busy > 0.199 && busy < 0.201);
	assert_true(ratios[0] > 0.999 && ratios[1] > 0.999 && ratios[2] < 0.001);
	assert_true(table_timeline(&selection, 1, ratios, 10, &busy));
	assert_true(ratios[9] > 0.999 && ratios[8] < 0.001);
}

static void programs_libraries_and_threads_add_up_to_the_whole(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 };
	auto_table struct table programs = { 0 }, libraries = { 0 }, threads = { 0 };

	(void)state;
	select_all(profile, NULL, &selection);
	programs = table_programs(&selection);
	libraries = table_libraries(&selection);
	threads = table_threads(&selection);
	assert_int_equal(programs.count, 2);
	assert_string_equal(profile_text(profile, programs.rows[0].text), "sh");
	assert_int_equal(programs.rows[0].self + programs.rows[1].self, programs.weight);
	assert_int_equal(libraries.count, 1);
	assert_int_equal(libraries.rows[0].self, 40 * MS);
	assert_int_equal(libraries.rows[0].children, 40 * MS);
	assert_int_equal(threads.count, 2);
	assert_int_equal(threads.rows[1].thread, 1);
}

static void what_a_pasted_table_claims_of_callees_is_taken(void **state)
{
	auto_profile struct profile *profile = example();
	auto_selection struct profile_selection selection = { 0 }, filtered = { 0 };
	auto_table struct table table = { 0 }, part = { 0 };
	const struct profile_filter filter = { .comm = "sh" };
	uint32_t outer = frame(profile, "outer", "a.so", 0, 0);

	(void)state;
	profile_claim_vec_push(&profile->claims,
			       (struct profile_claim){ .frame = outer, .children = 0.75 });
	select_all(profile, NULL, &selection);
	table = table_functions(&selection, false);
	assert_int_equal(row_of(profile, &table, "outer")->children, 30 * MS);
	assert_int_equal(row_of(profile, &table, "outer")->self, 0);
	assert_int_equal(row_of(profile, &table, "f")->children, 30 * MS);
	select_all(profile, &filter, &filtered);
	part = table_functions(&filtered, false);
	assert_null(row_of(profile, &part, "outer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recursion_counts_once_in_children),
		cmocka_unit_test(inlined_time_belongs_to_the_physical_function_unless_asked),
		cmocka_unit_test(places_of_one_function_are_one_node_of_the_tree),
		cmocka_unit_test(hottest_stacks_come_first_with_their_samples),
		cmocka_unit_test(every_filter_takes_its_samples),
		cmocka_unit_test(a_filter_that_cannot_be_read_is_a_usage_error),
		cmocka_unit_test(a_timeline_says_when_a_thread_was_busy),
		cmocka_unit_test(programs_libraries_and_threads_add_up_to_the_whole),
		cmocka_unit_test(what_a_pasted_table_claims_of_callees_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
