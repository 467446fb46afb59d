#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_PER_OBJECT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_PER_OBJECT 1
#endif
#endif
#ifndef ONE_MALLOC_PER_OBJECT
#define ONE_MALLOC_PER_OBJECT 0
#endif

struct arena_block {
	struct arena_block *older;
	alignas(max_align_t) char data[];
};

enum {
	FIRST_BLOCK_BYTES = 4096,
	LARGEST_BLOCK_BYTES = 1 << 20,
};

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
	*arena = (struct arena)ARENA_INIT;
}

static void add_block(struct arena *arena, size_t data_bytes)
{
	struct arena_block *block = x_calloc(1, sizeof(*block) + data_bytes);

	block->older = arena->blocks;
	arena->blocks = block;
	arena->next = block->data;
	arena->end = block->data + data_bytes;
	arena->total_bytes += data_bytes;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	const size_t align = alignof(max_align_t);
	size_t rounded;
	char *object;

	if (__builtin_add_overflow(size_bytes, align - 1, &rounded))
		return x_reallocarray(NULL, SIZE_MAX, 2);
	rounded &= ~(align - 1);
	if (ONE_MALLOC_PER_OBJECT) {
		add_block(arena, size_bytes);
		return arena->next;
	}
	if ((size_t)(arena->end - arena->next) < rounded || !arena->next) {
		size_t grown = MAX((size_t)FIRST_BLOCK_BYTES, arena->total_bytes);

		add_block(arena, MAX(rounded, MIN(grown, (size_t)LARGEST_BLOCK_BYTES)));
	}
	object = arena->next;
	arena->next += rounded;
	return object;
}

void *arena_array(struct arena *arena, size_t count, size_t size_bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, size_bytes, &total))
		return x_reallocarray(NULL, count, size_bytes);
	return arena_alloc(arena, total);
}

char *arena_copy(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return copy;
}
