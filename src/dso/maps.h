/*
 * The address space of one process: sorted, non-overlapping ranges. A new map cuts what it covers.
 * A copy (fork) shares the table until one of the two changes. Lookups keep no pointers:
 * `generation` names the contents, so caches key on it; equal generations mean equal maps.
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

struct map_table;

/* What address spaces share: names for their contents, and a limit. Initialise with { 0 }. */
struct maps_pool {
	uint32_t generation;  /* the newest one */
	uint64_t size_bytes;  /* of all tables */
	uint64_t limit_bytes; /* 0 = 1 GiB */
	uint64_t refused;     /* changes that were not made, for want of room */
};

struct maps {
	struct map_table *table; /* counted, shared between copies; NULL = empty */
	struct maps_pool *pool;	 /* borrowed; maps that are copied have the same one */
};

void maps_init(struct maps *maps, struct maps_pool *pool);
void maps_done(struct maps *maps);
void maps_clear(struct maps *maps);
/* A map without bytes is ignored. */
void maps_insert(struct maps *maps, struct map map);
/* What lies in [start, end) is gone. */
void maps_remove(struct maps *maps, uint64_t start, uint64_t end);
/* Replaces what `to` (initialised) had; constant time. */
void maps_copy(struct maps *to, const struct maps *from);
size_t maps_count(const struct maps *maps);
/* In the order of addresses; `index` below maps_count. Valid until the next change. */
const struct map *maps_at(const struct maps *maps, size_t index);
/* Unique over all address spaces of one pool; 0 = empty. */
uint32_t maps_generation(const struct maps *maps);
/* The map that covers `address`, or NULL. Valid until the next change. */
const struct map *maps_find(const struct maps *maps, uint64_t address);
/*
 * The dso address (see dso.h) of a process address inside `map`. Where the file cannot be read it
 * is the file offset: good enough to tell places apart, not to name them.
 */
uint64_t map_dso_address(struct dso_table *table, const struct map *map, uint64_t address);
