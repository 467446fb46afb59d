/*
 * Interned strings: equal texts get the same small id, ids count up from 0 in the order of first
 * use, and id 0 is always the empty string. Not for threads: each worker has its own.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct interner {
	struct arena arena;
	struct str *strings; /* by id; NUL-terminated */
	uint32_t count, allocated;
	uint32_t *slots; /* open addressing: id + 1, 0 = free */
	uint32_t slot_mask;
};

#define INTERNER_INIT                                                                              \
	{                                                                                          \
		0                                                                                  \
	}

void interner_done(struct interner *interner);
uint32_t intern(struct interner *interner, struct str text);
uint32_t intern_text(struct interner *interner, const char *text);
/* The id, or UINT32_MAX where the text was never interned. */
uint32_t intern_find(const struct interner *interner, struct str text);
/* Borrowed until interner_done; NUL-terminated. */
struct str interned(const struct interner *interner, uint32_t id);
const char *interned_text(const struct interner *interner, uint32_t id);
