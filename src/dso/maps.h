/*
 * The address space of one process: sorted, non-overlapping ranges. A new map cuts what it covers.
 * Lookups keep no pointers: `generation` changes with every change, so caches key on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dso/dso.h"

struct map {
	uint64_t start, end; /* [start, end) */
	uint64_t file_offset;
	struct dso *dso; /* borrowed from the dso table */
};

struct maps {
	struct map *items;
	size_t count, allocated;
	uint32_t generation; /* unique over all address spaces */
};

void maps_done(struct maps *maps);
void maps_clear(struct maps *maps);
void maps_insert(struct maps *maps, struct map map);
void maps_copy(struct maps *to, const struct maps *from);
/* The map that covers `address`, or NULL. */
const struct map *maps_find(const struct maps *maps, uint64_t address);
/* The dso address (see dso.h) of a process address inside `map`. */
uint64_t map_dso_address(struct dso_table *table, const struct map *map, uint64_t address);
