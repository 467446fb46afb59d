#include "symbol/perf_map.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "symbol/foreign_file.h"

enum { PERF_MAP_CAP_BYTES = 512 << 20 };

void perf_map_done(struct perf_map *map)
{
	strbuf_done(&map->text);
	ranges_done(&map->ranges);
	free(map->names);
}

static bool parse_line(struct str line, uint64_t *ret_start, uint64_t *ret_end,
		       struct str *ret_name)
{
	struct str start, size;
	uint64_t size_bytes;

	/* The name is all of the rest: it may hold blanks. */
	if (!str_cut(line, ' ', &start, &line) || !str_cut(line, ' ', &size, ret_name) ||
	    !str_to_hex(start, ret_start) || !str_to_hex(size, &size_bytes) || !ret_name->len)
		return false;
	return !__builtin_add_overflow(*ret_start, size_bytes, ret_end);
}

void perf_map_parse(struct strbuf *take_text, struct perf_map *ret)
{
	struct perf_map map = { .text = *take_text };
	struct str text = strbuf_str(&map.text), line, name;
	size_t allocated = 0;

	*take_text = (struct strbuf)STRBUF_INIT;
	while (map.count < UINT32_MAX && str_next_line(&text, &line)) {
		uint64_t start, end;

		if (!parse_line(line, &start, &end, &name)) {
			map.ignored_lines++;
			continue;
		}
		if (map.count == allocated) {
			allocated = MAX(allocated * 2, (size_t)64);
			map.names = x_reallocarray(map.names, allocated, sizeof(*map.names));
		}
		ranges_add(&map.ranges, start, end, (uint32_t)map.count);
		map.names[map.count++] = name;
	}
	ranges_sort(&map.ranges);
	*ret = map;
}

struct error *perf_map_load(const char *path, struct perf_map *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	TRY(foreign_file_check(path));
	TRY(file_read(path, PERF_MAP_CAP_BYTES, &text));
	perf_map_parse(&text, ret);
	return NULL;
}

bool perf_map_find(const struct perf_map *map, uint64_t address, struct str *ret_name,
		   uint64_t *ret_start)
{
	const struct range *best = NULL, *range;
	size_t cursor = SIZE_MAX;

	while ((range = ranges_next(&map->ranges, address, &cursor))) {
		if (!best || range->value > best->value)
			best = range;
	}
	if (!best)
		return false;
	*ret_name = map->names[best->value];
	*ret_start = best->start;
	return true;
}
