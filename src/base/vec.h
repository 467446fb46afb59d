/*
 * Typed growing arrays: VEC_DEFINE(sample_vec, struct sample) gives struct sample_vec { items,
 * count, allocated } and sample_vec_push/_reserve/_done. Initialise with { 0 }.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"

#define VEC_DEFINE(name, type)                                                                     \
	struct name {                                                                              \
		type *items;                                                                       \
		size_t count, allocated;                                                           \
	};                                                                                         \
	__attribute__((unused)) static inline void name##_reserve(struct name *vec, size_t count)  \
	{                                                                                          \
		if (count <= vec->allocated)                                                       \
			return;                                                                    \
		vec->allocated = MAX(MAX(count, vec->allocated * 2), (size_t)8);                   \
		vec->items = x_reallocarray(vec->items, vec->allocated, sizeof(type));             \
	}                                                                                          \
	__attribute__((unused)) static inline type *name##_push(struct name *vec, type item)       \
	{                                                                                          \
		name##_reserve(vec, vec->count + 1);                                               \
		vec->items[vec->count] = item;                                                     \
		return &vec->items[vec->count++];                                                  \
	}                                                                                          \
	__attribute__((unused)) static inline void name##_done(struct name *vec)                   \
	{                                                                                          \
		free(vec->items);                                                                  \
		*vec = (struct name){ 0 };                                                         \
	}
