#include "dso/maps.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/*
 * Free room lies at both ends and an insertion moves the shorter side: mmap hands out addresses
 * downwards, so that most new maps land near the front, behind the few of the program itself.
 */
struct map_table {
	uint32_t references;
	uint32_t generation;
	size_t first, count, allocated;
	struct map items[];
};

/* Left piece, new map, right piece. */
enum { MAX_PIECES = 3, FIRST_ALLOCATION = 16 };

/* A file may tell of more forks than memory could hold copies for. */
#define DEFAULT_LIMIT_BYTES (UINT64_C(1) << 30)

static uint64_t table_bytes(size_t allocated)
{
	return sizeof(struct map_table) + (uint64_t)allocated * sizeof(struct map);
}

static void table_release(struct maps *maps)
{
	struct map_table *table = maps->table;

	maps->table = NULL;
	if (!table || --table->references > 0)
		return;
	maps->pool->size_bytes -= table_bytes(table->allocated);
	free(table);
}

/* A table of our own with room for MAX_PIECES more at either end; NULL = the pool is full. */
static struct map_table *table_for_change(struct maps *maps)
{
	struct map_table *old = maps->table, *table;
	struct maps_pool *pool = maps->pool;
	uint64_t limit = pool->limit_bytes ? pool->limit_bytes : DEFAULT_LIMIT_BYTES;
	size_t count = old ? old->count : 0, allocated;

	if (old && old->references == 1 && old->first >= MAX_PIECES &&
	    old->allocated - old->first - count >= MAX_PIECES)
		return old;
	allocated = MAX(2 * count + 2 * MAX_PIECES, (size_t)FIRST_ALLOCATION);
	if (table_bytes(allocated) > limit || pool->size_bytes > limit - table_bytes(allocated)) {
		pool->refused++;
		return NULL;
	}
	pool->size_bytes += table_bytes(allocated);
	table = x_malloc(table_bytes(allocated));
	*table = (struct map_table){ .references = 1,
				     .first = (allocated - count) / 2,
				     .count = count,
				     .allocated = allocated };
	if (count)
		memcpy(&table->items[table->first], &old->items[old->first],
		       count * sizeof(struct map));
	table_release(maps);
	maps->table = table;
	return table;
}

/* Index (from `first`) of the first map that ends above `address`. */
static size_t table_search(const struct map_table *table, uint64_t address)
{
	const struct map *items = &table->items[table->first];
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Makes the `old_count` maps at `index` give way to `pieces`. */
static void table_splice(struct map_table *table, size_t index, size_t old_count,
			 const struct map *pieces, size_t piece_count)
{
	struct map *items = &table->items[table->first];
	size_t behind = table->count - index - old_count;

	if (index < behind) {
		struct map *front = items + old_count - piece_count;

		memmove(front, items, index * sizeof(*items));
		table->first = (size_t)(front - table->items);
	} else {
		memmove(items + index + piece_count, items + index + old_count,
			behind * sizeof(*items));
	}
	table->count = table->count - old_count + piece_count;
	if (piece_count)
		memcpy(&table->items[table->first + index], pieces, piece_count * sizeof(*pieces));
}

static struct map map_from(struct map map, uint64_t start)
{
	map.file_offset += start - map.start;
	map.start = start;
	return map;
}

static void replace_range(struct maps *maps, uint64_t start, uint64_t end, const struct map *map)
{
	struct map_table *table = table_for_change(maps);
	struct map pieces[MAX_PIECES];
	size_t piece_count = 0, index, last;
	const struct map *items;

	if (!table)
		return;
	items = &table->items[table->first];
	index = last = table_search(table, start);
	while (last < table->count && items[last].start < end)
		last++;
	if (index < last && items[index].start < start) {
		pieces[piece_count] = items[index];
		pieces[piece_count++].end = start;
	}
	if (map)
		pieces[piece_count++] = *map;
	if (index < last && items[last - 1].end > end)
		pieces[piece_count++] = map_from(items[last - 1], end);
	table_splice(table, index, last - index, pieces, piece_count);
	table->generation = ++maps->pool->generation;
}

void maps_init(struct maps *maps, struct maps_pool *pool)
{
	*maps = (struct maps){ .pool = pool };
}

void maps_done(struct maps *maps)
{
	table_release(maps);
}

void maps_clear(struct maps *maps)
{
	table_release(maps);
}

void maps_insert(struct maps *maps, struct map map)
{
	const struct map *old = maps_find(maps, map.start);

	if (map.start >= map.end)
		return;
	/* Code generators toggle protections of one page all day long: nothing has changed. */
	if (old && old->start == map.start && old->end == map.end &&
	    old->file_offset == map.file_offset && old->dso == map.dso)
		return;
	replace_range(maps, map.start, map.end, &map);
}

void maps_remove(struct maps *maps, uint64_t start, uint64_t end)
{
	size_t index;

	if (start >= end || !maps->table)
		return;
	/* Most of what is taken away was never executable: do not rename the table for it. */
	index = table_search(maps->table, start);
	if (index < maps->table->count &&
	    maps->table->items[maps->table->first + index].start < end)
		replace_range(maps, start, end, NULL);
}

void maps_copy(struct maps *to, const struct maps *from)
{
	if (from->table)
		from->table->references++;
	table_release(to);
	to->table = from->table;
}

size_t maps_count(const struct maps *maps)
{
	return maps->table ? maps->table->count : 0;
}

const struct map *maps_at(const struct maps *maps, size_t index)
{
	return &maps->table->items[maps->table->first + index];
}

uint32_t maps_generation(const struct maps *maps)
{
	return maps->table ? maps->table->generation : 0;
}

const struct map *maps_find(const struct maps *maps, uint64_t address)
{
	const struct map *map;
	size_t index;

	if (!maps->table)
		return NULL;
	index = table_search(maps->table, address);
	if (index == maps->table->count)
		return NULL;
	map = maps_at(maps, index);
	return map->start <= address ? map : NULL;
}

uint64_t map_dso_address(struct dso_table *table, const struct map *map, uint64_t address)
{
	const struct image *image;
	uint64_t offset, dso_address;

	switch (map->dso->kind) {
	case DSO_KERNEL:
	case DSO_MODULE:
	case DSO_BPF:
	case DSO_JIT:
	case DSO_UNMAPPED:
		return address;
	case DSO_FILE:
	case DSO_VDSO:
		break;
	}
	offset = address - map->start + map->file_offset;
	image = dso_image(table, map->dso);
	if (image && image_offset_to_address(image, offset, &dso_address))
		return dso_address;
	return offset;
}
