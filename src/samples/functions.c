#include "samples/functions.h"

#include <stdlib.h>

#include "base/memory.h"

static bool is_same_function(const struct profile_frame *a, const struct profile_frame *b,
			     uint32_t flags)
{
	return a->name == b->name && a->dso == b->dso && a->dso_path == b->dso_path &&
	       !((a->flags ^ b->flags) & flags);
}

struct function_map function_map_make(const struct profile *profile, bool split_inlined)
{
	uint32_t frames = (uint32_t)profile->frames.count, slots = 64;
	uint32_t flags = PROFILE_FRAME_KERNEL | (split_inlined ? PROFILE_FRAME_INLINED : 0);
	struct function_map map = { .of_frame = x_calloc(frames, sizeof(*map.of_frame)) };
	auto_free uint32_t *table = NULL; /* frame + 1 of a function's first frame */

	while (slots < (uint64_t)frames * 2)
		slots *= 2;
	table = x_calloc(slots, sizeof(*table));
	for (uint32_t i = 0; i < frames; i++) {
		const struct profile_frame *frame = &profile->frames.items[i];
		uint64_t key = ((uint64_t)frame->name << 32 | frame->dso_path) ^
			       (uint64_t)(frame->flags & flags) << 20;
		uint64_t hash = key * 0x9e3779b97f4a7c15U;
		uint32_t at = (uint32_t)(hash >> 32) & (slots - 1);

		while (table[at] &&
		       !is_same_function(&profile->frames.items[table[at] - 1], frame, flags))
			at = (at + 1) & (slots - 1);
		if (table[at]) {
			map.of_frame[i] = map.of_frame[table[at] - 1];
		} else {
			table[at] = i + 1;
			map.of_frame[i] = map.count++;
		}
	}
	return map;
}

void function_map_done(struct function_map *map)
{
	free(map->of_frame);
	*map = (struct function_map){ 0 };
}
