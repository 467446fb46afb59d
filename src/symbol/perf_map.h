/*
 * /tmp/perf-PID.map: what a JIT compiler wrote about its code, "START SIZE name" a line, in hex.
 * The same address may be used again: the entry that was written later wins.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "symbol/ranges.h"

struct perf_map {
	struct strbuf text;
	struct ranges ranges; /* value: index in `names` */
	struct str *names;    /* views of `text`, in file order */
	size_t count;
	uint64_t ignored_lines;
};

/* Refuses a file that neither root nor the user who asks (nor, for root, its process) owns. */
MUST_CHECK struct error *perf_map_load(const char *path, struct perf_map *ret);
/* The same from text, which is taken over. */
void perf_map_parse(struct strbuf *take_text, struct perf_map *ret);
void perf_map_done(struct perf_map *map);
/* False where no entry covers `address`. */
bool perf_map_find(const struct perf_map *map, uint64_t address, struct str *ret_name,
		   uint64_t *ret_start);
