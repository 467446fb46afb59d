#include "render/flame_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "small_tree.h"

static const struct small_stack stacks[] = {
	{ "main;zip;crc", 30, 3 },   { "main;zip", 10, 1 },	  { "main;alloc", 40, 4 },
	{ "main;alloc;brk", 15, 2 }, { "main;alloc;tiny", 1, 1 }, { "start", 4, 1 },
};

static struct flame_layout lay_out(const struct small_tree *small, double min_ratio, size_t largest)
{
	return flame_layout(small->profile, &small->tree,
			    &(struct flame_layout_options){
				    .min_ratio = min_ratio,
				    .largest_count = largest,
			    });
}

static bool has_cell(const struct flame_layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->cell_count; i++) {
		if (str_is(layout->names[layout->cells[i].name].label, name))
			return true;
	}
	return false;
}

static const struct flame_cell *cell_named(const struct flame_layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->cell_count; i++) {
		if (str_is(layout->names[layout->cells[i].name].label, name))
			return &layout->cells[i];
	}
	fail_msg("there is no cell '%s'", name);
	return layout->cells;
}

/* What must hold for any input: children lie inside of their parent, side by side, and add up. */
static void assert_adds_up(const struct flame_layout *layout)
{
	auto_free uint64_t *given = x_calloc(layout->cell_count, sizeof(uint64_t));
	auto_free uint64_t *samples = x_calloc(layout->cell_count, sizeof(uint64_t));

	for (size_t i = 1; i < layout->cell_count; i++) {
		const struct flame_cell *cell = &layout->cells[i];
		const struct flame_cell *parent = &layout->cells[cell->parent];

		assert_true(cell->parent < i);
		assert_int_equal(cell->depth, parent->depth + 1);
		assert_int_equal(cell->start, parent->start + given[cell->parent]);
		given[cell->parent] += cell->total;
		samples[cell->parent] += cell->samples;
	}
	for (size_t i = 0; i < layout->cell_count; i++) {
		const struct flame_cell *cell = &layout->cells[i];

		assert_int_equal(cell->total, cell->self + given[i] + cell->dropped);
		assert_int_equal(cell->samples,
				 cell->self_samples + samples[i] + cell->dropped_samples);
	}
}

static void widths_of_children_add_up_to_their_parent(void **)
{
	struct small_tree small = small_tree_make(stacks, ARRAY_SIZE(stacks));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 0);

	assert_int_equal(layout.cell_count, 9);
	assert_int_equal(layout.cells[0].total, 100);
	assert_int_equal(layout.cells[0].samples, 12);
	assert_int_equal(layout.depth, 4);
	assert_int_equal(layout.dropped_cells, 0);
	assert_adds_up(&layout);
	small_tree_done(&small);
}

static void children_stand_in_the_order_of_their_names(void **)
{
	struct small_tree small = small_tree_make(stacks, ARRAY_SIZE(stacks));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 0);
	static const char *const expected[] = { "all",	"prog", "main", "alloc", "brk",
						"tiny", "zip",	"crc",	"start" };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct str label = layout.names[layout.cells[i].name].label;

		assert_true(str_is(label, expected[i]));
	}
	assert_int_equal(cell_named(&layout, "zip")->start, 56);
	assert_int_equal(cell_named(&layout, "start")->start, 96);
	small_tree_done(&small);
}

static void small_parts_are_dropped_and_counted(void **)
{
	struct small_tree small = small_tree_make(stacks, ARRAY_SIZE(stacks));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0.05, 0);

	assert_int_equal(layout.dropped_cells, 2);
	assert_int_equal(layout.dropped_below, 5);
	assert_false(has_cell(&layout, "tiny"));
	assert_false(has_cell(&layout, "start"));
	assert_int_equal(cell_named(&layout, "alloc")->dropped, 1);
	assert_int_equal(cell_named(&layout, "alloc")->dropped_samples, 1);
	assert_adds_up(&layout);
	small_tree_done(&small);
}

static void the_smallest_go_first_when_there_are_too_many(void **)
{
	struct small_tree small = small_tree_make(stacks, ARRAY_SIZE(stacks));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 5);

	assert_int_equal(layout.cell_count, 5);
	assert_int_equal(layout.dropped_cells, 4);
	assert_true(has_cell(&layout, "zip"));
	assert_false(has_cell(&layout, "crc"));
	assert_adds_up(&layout);
	small_tree_done(&small);
}

static void the_root_stays_whatever_is_dropped(void **)
{
	struct small_tree small = small_tree_make(stacks, ARRAY_SIZE(stacks));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 2.0, 1);
	struct small_tree empty = small_tree_make(NULL, 0);
	auto_flame_layout struct flame_layout nothing = lay_out(&empty, 0, 0);

	assert_true(layout.cell_count >= 1);
	assert_int_equal(layout.cells[0].total, 100);
	assert_adds_up(&layout);
	assert_int_equal(nothing.cell_count, 1);
	assert_int_equal(nothing.cells[0].total, 0);
	small_tree_done(&small);
	small_tree_done(&empty);
}

static void functions_of_one_name_in_two_libraries_are_two(void **)
{
	static const struct small_stack same[] = { { "liba.so!init", 1, 1 },
						   { "libb.so!init", 2, 1 } };
	struct small_tree small = small_tree_make(same, ARRAY_SIZE(same));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 0);

	assert_int_equal(layout.cell_count, 4);
	assert_int_equal(layout.cells[2].total, 1);
	assert_int_equal(layout.cells[3].total, 2);
	small_tree_done(&small);
}

static void unnamed_places_are_called_after_their_library(void **)
{
	static const struct small_stack unnamed[] = { { "liba.so!", 1, 1 }, { "!", 2, 1 } };
	struct small_tree small = small_tree_make(unnamed, ARRAY_SIZE(unnamed));
	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 0);

	assert_true(has_cell(&layout, "[liba.so]"));
	assert_true(has_cell(&layout, "[unknown]"));
	assert_int_equal(layout.names[cell_named(&layout, "[liba.so]")->name].kind, FLAME_UNNAMED);
	small_tree_done(&small);
}

static void cut_stacks_hang_from_a_cell_that_says_so(void **)
{
	static const struct small_stack two[] = { { "main;f", 3, 3 }, { "f", 2, 2 } };
	struct small_tree small = small_tree_make(two, 2);
	struct profile_sample *samples = small.profile->samples.items;
	uint32_t f = 0;

	for (uint32_t i = 0; i < small.profile->frames.count; i++) {
		const char *name = profile_text(small.profile, small.profile->frames.items[i].name);

		f = str_is(str_from(name), "f") ? i : f;
	}
	samples[0].node = profile_node(small.profile, 0, f);
	samples[1].node = samples[0].node;
	samples[1].end = PROFILE_END_CUT;

	auto_tree struct tree tree =
		tree_build(&small.selection, &(struct tree_options){ .part_cut = true });
	auto_flame_layout struct flame_layout layout = flame_layout(
		small.profile, &tree, &(struct flame_layout_options){ .min_ratio = 0 });

	assert_int_equal(layout.cell_count, 5); /* all, the program, f, [callers cut off], f */
	assert_int_equal(cell_named(&layout, "[callers cut off]")->total, 2);
	assert_int_equal(cell_named(&layout, "[callers cut off]")->depth, 2);
	assert_int_equal(layout.names[cell_named(&layout, "[callers cut off]")->name].kind,
			 FLAME_CUT);
	assert_adds_up(&layout);
	small_tree_done(&small);
}

static void a_stack_of_thousands_of_frames_is_laid_out(void **)
{
	auto_strbuf struct strbuf functions = STRBUF_INIT;
	struct small_stack deep = { .weight = 1, .samples = 1 };
	struct small_tree small;

	for (int i = 0; i < 5000; i++)
		strbuf_add_text(&functions, i ? ";f" : "f");
	deep.functions = strbuf_text(&functions);
	small = small_tree_make(&deep, 1);

	auto_flame_layout struct flame_layout layout = lay_out(&small, 0, 0);

	assert_int_equal(layout.depth, 5001);
	assert_int_equal(layout.name_count, 3);
	assert_adds_up(&layout);
	small_tree_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_of_children_add_up_to_their_parent),
		cmocka_unit_test(children_stand_in_the_order_of_their_names),
		cmocka_unit_test(small_parts_are_dropped_and_counted),
		cmocka_unit_test(the_smallest_go_first_when_there_are_too_many),
		cmocka_unit_test(the_root_stays_whatever_is_dropped),
		cmocka_unit_test(functions_of_one_name_in_two_libraries_are_two),
		cmocka_unit_test(unnamed_places_are_called_after_their_library),
		cmocka_unit_test(cut_stacks_hang_from_a_cell_that_says_so),
		cmocka_unit_test(a_stack_of_thousands_of_frames_is_laid_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
