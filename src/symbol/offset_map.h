/* From 64-bit keys to 32-bit numbers: open addressing, no removal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct offset_map {
	struct offset_map_slot *slots;
	uint32_t mask, count;
};

void offset_map_done(struct offset_map *map);
bool offset_map_find(const struct offset_map *map, uint64_t key, uint32_t *ret);
/* `key` must not be in the map yet. */
void offset_map_add(struct offset_map *map, uint64_t key, uint32_t value);
