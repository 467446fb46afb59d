/*
 * Memory with one lifetime: everything is dropped at once by arena_done. For what belongs to one
 * loaded profile, dso or answer. Under ASan and in fuzz builds each object is its own malloc, so
 * that overflows between objects show.
 */
#pragma once

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next, *end;	    /* free part of the newest block */
	size_t total_bytes;
};

#define ARENA_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

void arena_done(struct arena *arena);
#define auto_arena __attribute__((cleanup(arena_done)))

/* Zeroed and aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
/* `count` zeroed objects; aborts on overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size_bytes);
/* Copies with a final NUL. */
char *arena_copy(struct arena *arena, struct str text);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
