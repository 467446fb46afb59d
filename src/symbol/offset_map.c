#include "symbol/offset_map.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

struct offset_map_slot {
	uint64_t key;
	uint32_t value;
	bool used;
};

void offset_map_done(struct offset_map *map)
{
	free(map->slots);
	*map = (struct offset_map){ 0 };
}

static struct offset_map_slot *slot_of(const struct offset_map *map, uint64_t key)
{
	uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15U >> 32) & map->mask;

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

bool offset_map_find(const struct offset_map *map, uint64_t key, uint32_t *ret)
{
	const struct offset_map_slot *slot = map->slots ? slot_of(map, key) : NULL;

	if (!slot || !slot->used)
		return false;
	*ret = slot->value;
	return true;
}

static void grow(struct offset_map *map)
{
	uint32_t old_count = map->slots ? map->mask + 1 : 0;
	uint32_t slot_count = old_count ? old_count * 2 : FIRST_SLOTS;
	struct offset_map_slot *old = map->slots;

	map->slots = x_calloc(slot_count, sizeof(*map->slots));
	map->mask = slot_count - 1;
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i].used)
			*slot_of(map, old[i].key) = old[i];
	}
	free(old);
}

void offset_map_add(struct offset_map *map, uint64_t key, uint32_t value)
{
	if (!map->slots || map->count * 4 >= (map->mask + 1) * 3)
		grow(map);
	*slot_of(map, key) = (struct offset_map_slot){ key, value, true };
	map->count++;
}
