/*
 * Address ranges that may overlap, each with a number: sorted once, then searched. Used for the
 * units of a file, the functions of a unit and the entries of a perf map.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end; /* [start, end) */
	uint32_t value;
};

struct ranges {
	struct range *items;
	uint64_t *max_ends; /* the largest end up to and including each item */
	size_t count, allocated;
};

void ranges_done(struct ranges *ranges);
/* Empty ranges are dropped. */
void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value);
/* To be called once, after the last add and before the first search. Stable. */
void ranges_sort(struct ranges *ranges);
/*
 * In place of ranges_sort, for ranges that are nested (functions, blocks): cuts them so that none
 * overlap and each address keeps the innermost, which is the one that starts last; of those that
 * start together, the one added last.
 */
void ranges_flatten(struct ranges *ranges);
/*
 * The ranges that hold `address`, the one that starts last first. Start with *cursor = SIZE_MAX;
 * NULL = no further one. Looks at a bounded number of ranges, whatever the overlaps.
 */
const struct range *ranges_next(const struct ranges *ranges, uint64_t address, size_t *cursor);
/* The range that holds `address` and starts last, or NULL. */
const struct range *ranges_find(const struct ranges *ranges, uint64_t address);
