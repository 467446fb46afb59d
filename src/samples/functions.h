/*
 * Which frames are the same function: those of one dso and name. Unnamed places of a dso are one
 * function, as their addresses alone tell nobody anything. Internal to samples.
 */
#pragma once

#include "samples/profile.h"

struct function_map {
	uint32_t *of_frame; /* function id of each frame of the profile */
	uint32_t count;
};

/* With `split_inlined` the inlined and the real copies of a function are two. */
struct function_map function_map_make(const struct profile *profile, bool split_inlined);
void function_map_done(struct function_map *map);
#define auto_function_map __attribute__((cleanup(function_map_done)))
