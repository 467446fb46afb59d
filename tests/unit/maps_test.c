#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dso/maps.h"

#include <stdlib.h>
#include <string.h>

static struct dso first = { .id = 0, .kind = DSO_FILE }, second = { .id = 1, .kind = DSO_FILE };
static struct maps_pool pool;

static void insert(struct maps *maps, uint64_t start, uint64_t end, struct dso *dso)
{
	maps_insert(maps, (struct map){ start, end, start, dso });
}

static void expect(const struct maps *maps, size_t index, uint64_t start, uint64_t end,
		   uint64_t file_offset, const struct dso *dso)
{
	assert_true(index < maps_count(maps));
	assert_int_equal(maps_at(maps, index)->start, start);
	assert_int_equal(maps_at(maps, index)->end, end);
	assert_int_equal(maps_at(maps, index)->file_offset, file_offset);
	assert_ptr_equal(maps_at(maps, index)->dso, dso);
}

static void a_new_map_inside_another_splits_it(void **state)
{
	struct maps maps;

	(void)state;
	maps_init(&maps, &pool);
	insert(&maps, 0x1000, 0x9000, &first);
	insert(&maps, 0x3000, 0x5000, &second);
	assert_int_equal(maps_count(&maps), 3);
	expect(&maps, 0, 0x1000, 0x3000, 0x1000, &first);
	expect(&maps, 1, 0x3000, 0x5000, 0x3000, &second);
	expect(&maps, 2, 0x5000, 0x9000, 0x5000, &first);
	maps_done(&maps);
}

static void a_new_map_swallows_and_cuts_its_neighbours(void **state)
{
	struct maps maps;

	(void)state;
	maps_init(&maps, &pool);
	insert(&maps, 0x1000, 0x3000, &first);
	insert(&maps, 0x4000, 0x5000, &first);
	insert(&maps, 0x6000, 0x8000, &first);
	insert(&maps, 0x2000, 0x7000, &second);
	assert_int_equal(maps_count(&maps), 3);
	expect(&maps, 0, 0x1000, 0x2000, 0x1000, &first);
	expect(&maps, 1, 0x2000, 0x7000, 0x2000, &second);
	expect(&maps, 2, 0x7000, 0x8000, 0x7000, &first);
	assert_null(maps_find(&maps, 0xfff));
	assert_ptr_equal(maps_find(&maps, 0x6fff)->dso, &second);
	assert_ptr_equal(maps_find(&maps, 0x7000)->dso, &first);
	assert_null(maps_find(&maps, 0x8000));
	maps_done(&maps);
}

static void removing_renames_the_maps_only_when_something_went(void **state)
{
	struct maps maps;
	uint32_t generation;

	(void)state;
	maps_init(&maps, &pool);
	insert(&maps, 0x1000, 0x3000, &first);
	generation = maps_generation(&maps);
	maps_remove(&maps, 0x3000, 0x9000);
	assert_int_equal(maps_generation(&maps), generation);
	maps_remove(&maps, 0x2000, 0x9000);
	assert_int_not_equal(maps_generation(&maps), generation);
	assert_int_equal(maps_count(&maps), 1);
	expect(&maps, 0, 0x1000, 0x2000, 0x1000, &first);
	maps_done(&maps);
}

static void a_copy_keeps_its_contents_and_generation_until_one_changes(void **state)
{
	struct maps parent, child;

	(void)state;
	maps_init(&parent, &pool);
	maps_init(&child, &pool);
	insert(&parent, 0x1000, 0x3000, &first);
	insert(&child, 0x5000, 0x6000, &second);
	maps_copy(&child, &parent);
	assert_int_equal(maps_generation(&child), maps_generation(&parent));
	assert_null(maps_find(&child, 0x5000));
	insert(&parent, 0x1000, 0x2000, &second);
	assert_int_not_equal(maps_generation(&child), maps_generation(&parent));
	assert_ptr_equal(maps_find(&child, 0x1000)->dso, &first);
	assert_ptr_equal(maps_find(&parent, 0x1000)->dso, &second);
	maps_done(&parent);
	assert_ptr_equal(maps_find(&child, 0x2fff)->dso, &first);
	maps_clear(&child);
	assert_int_equal(maps_generation(&child), 0);
	assert_null(maps_find(&child, 0x1000));
	maps_done(&child);
}

static void empty_and_backward_maps_are_ignored(void **state)
{
	struct maps maps;

	(void)state;
	maps_init(&maps, &pool);
	insert(&maps, 0x1000, 0x1000, &first);
	insert(&maps, 0x2000, 0x1000, &first);
	assert_int_equal(maps_count(&maps), 0);
	maps_done(&maps);
}

static void mapping_the_same_again_changes_nothing(void **state)
{
	struct maps maps;
	uint32_t generation;

	(void)state;
	maps_init(&maps, &pool);
	insert(&maps, 0x1000, 0x3000, &first);
	generation = maps_generation(&maps);
	insert(&maps, 0x1000, 0x3000, &first);
	assert_int_equal(maps_generation(&maps), generation);
	insert(&maps, 0x1000, 0x3000, &second);
	assert_int_not_equal(maps_generation(&maps), generation);
	maps_done(&maps);
}

static void a_full_pool_refuses_changes_and_keeps_what_was(void **state)
{
	struct maps_pool small = { .limit_bytes = 2000 };
	struct maps parent, child;

	(void)state;
	maps_init(&parent, &small);
	maps_init(&child, &small);
	for (uint64_t i = 0; i < 100; i++)
		insert(&parent, i << 12, (i << 12) + 0x800, &first);
	assert_true(small.refused > 0);
	assert_true(small.size_bytes <= 2000);
	assert_true(maps_count(&parent) > 8);
	assert_non_null(maps_find(&parent, 0));
	maps_copy(&child, &parent);
	insert(&child, 0x1000000, 0x1001000, &second);
	assert_int_equal(maps_count(&child), maps_count(&parent));
	maps_done(&parent);
	maps_done(&child);
	assert_int_equal(small.size_bytes, 0);
}

/* Against a table of who owns each page. */
static void many_random_maps_give_what_a_page_table_gives(void **state)
{
	enum { PAGES = 256, ROUNDS = 20000 };
	struct dso *owner[PAGES] = { NULL };
	struct maps maps;
	uint32_t random = 1;

	(void)state;
	maps_init(&maps, &pool);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start, end;
		struct dso *dso = round % 5 == 0 ? NULL : round % 2 ? &first : &second;

		random = random * 1664525 + 1013904223;
		start = random >> 24;
		random = random * 1664525 + 1013904223;
		end = MIN(start + (random >> 28), (uint64_t)PAGES);
		if (dso)
			insert(&maps, start << 12, end << 12, dso);
		else
			maps_remove(&maps, start << 12, end << 12);
		for (uint64_t page = start; page < end; page++)
			owner[page] = dso;
		if (round % 64)
			continue;
		for (uint64_t page = 0; page < PAGES; page++) {
			const struct map *map = maps_find(&maps, (page << 12) + 5);

			assert_ptr_equal(map ? map->dso : NULL, owner[page]);
			if (map)
				assert_int_equal(map->file_offset, map->start);
		}
	}
	maps_done(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_map_inside_another_splits_it),
		cmocka_unit_test(a_new_map_swallows_and_cuts_its_neighbours),
		cmocka_unit_test(removing_renames_the_maps_only_when_something_went),
		cmocka_unit_test(a_copy_keeps_its_contents_and_generation_until_one_changes),
		cmocka_unit_test(mapping_the_same_again_changes_nothing),
		cmocka_unit_test(a_full_pool_refuses_changes_and_keeps_what_was),
		cmocka_unit_test(empty_and_backward_maps_are_ignored),
		cmocka_unit_test(many_random_maps_give_what_a_page_table_gives),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
