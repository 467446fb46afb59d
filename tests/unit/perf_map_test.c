#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "symbol/perf_map.h"

static struct perf_map parsed(const char *text)
{
	struct strbuf copy = STRBUF_INIT;
	struct perf_map map;

	strbuf_add_text(&copy, text);
	perf_map_parse(&copy, &map);
	return map;
}

static void check(const struct perf_map *map, uint64_t address, const char *expected,
		  uint64_t expected_start)
{
	uint64_t start = 0;
	struct str name;

	assert_true(perf_map_find(map, address, &name, &start));
	assert_true(str_is(name, expected));
	assert_int_equal(start, expected_start);
}

static void names_keep_their_blanks(void **state)
{
	struct perf_map map =
		parsed("7f0000001000 40 JS:*add /a b.js:1:2\r\n0x7f0000001040 10 py::f\n");

	(void)state;
	check(&map, 0x7f0000001000, "JS:*add /a b.js:1:2", 0x7f0000001000);
	check(&map, 0x7f000000104f, "py::f", 0x7f0000001040);
	assert_int_equal(map.ignored_lines, 0);
	perf_map_done(&map);
}

static void the_later_entry_wins_where_code_was_written_over(void **state)
{
	struct perf_map map = parsed("1000 100 old\n1080 10 newer\n0ff0 20 newest\n");
	struct str name;
	uint64_t start;

	(void)state;
	check(&map, 0x1010, "old", 0x1000);
	check(&map, 0x100f, "newest", 0x0ff0);
	check(&map, 0x1085, "newer", 0x1080);
	check(&map, 0x1090, "old", 0x1000);
	assert_false(perf_map_find(&map, 0x1100, &name, &start));
	perf_map_done(&map);
}

static void lines_that_say_nothing_are_counted(void **state)
{
	struct perf_map map = parsed("\nxyz 10 a\n1000 zz b\n1000\n1000 10\n1000 10 \n"
				     "ffffffffffffffff 10 wraps\n2000 0 empty\n3000 10 good");
	struct str name;
	uint64_t start;

	(void)state;
	assert_int_equal(map.ignored_lines, 7);
	assert_false(perf_map_find(&map, 0x2000, &name, &start));
	check(&map, 0x3000, "good", 0x3000);
	perf_map_done(&map);
}

static void a_link_is_not_followed(void **state)
{
	char directory[] = "perf-map-test-XXXXXX";
	auto_free char *link = NULL, *target = NULL;
	auto_error struct error *error = NULL;
	struct perf_map map;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	link = x_asprintf("%s/link", directory);
	target = x_asprintf("%s/target", directory);
	file = fopen(target, "w");
	assert_non_null(file);
	fputs("1000 10 name\n", file);
	fclose(file);
	assert_int_equal(symlink("target", link), 0);
	error = perf_map_load(link, &map);
	assert_non_null(error);
	error_free(take_ptr(error));
	error = perf_map_load(target, &map);
	assert_null(error);
	check(&map, 0x1001, "name", 0x1000);
	perf_map_done(&map);
	unlink(link);
	unlink(target);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_keep_their_blanks),
		cmocka_unit_test(the_later_entry_wins_where_code_was_written_over),
		cmocka_unit_test(lines_that_say_nothing_are_counted),
		cmocka_unit_test(a_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
