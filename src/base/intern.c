#include "base/intern.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void interner_done(struct interner *interner)
{
	arena_done(&interner->arena);
	free(interner->strings);
	free(interner->slots);
	*interner = (struct interner)INTERNER_INIT;
}

/* Names of C++ have hundreds of bytes: eight at a time, unlike str_hash, which must give the same
 * everywhere; here only equal texts of one run meet. */
static uint64_t text_hash(struct str text)
{
	uint64_t hash = text.len, word;
	const char *pos = text.ptr;
	size_t left;

	for (left = text.len; left >= sizeof(word); left -= sizeof(word), pos += sizeof(word)) {
		memcpy(&word, pos, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 32;
	}
	word = 0;
	if (left)
		memcpy(&word, pos, left);
	hash = (hash ^ word) * 0xd6e8feb86659fd93U;
	return hash ^ hash >> 32;
}

static uint32_t *slot_of(const struct interner *interner, struct str text)
{
	uint32_t i = (uint32_t)text_hash(text) & interner->slot_mask;

	while (interner->slots[i] && !str_eq(interner->strings[interner->slots[i] - 1], text))
		i = (i + 1) & interner->slot_mask;
	return &interner->slots[i];
}

static void grow_slots(struct interner *interner)
{
	uint32_t slot_count = interner->slots ? (interner->slot_mask + 1) * 2 : 256;

	free(interner->slots);
	interner->slots = x_calloc(slot_count, sizeof(*interner->slots));
	interner->slot_mask = slot_count - 1;
	for (uint32_t id = 0; id < interner->count; id++)
		*slot_of(interner, interner->strings[id]) = id + 1;
}

static uint32_t add(struct interner *interner, struct str text, uint32_t *slot)
{
	if (interner->count == interner->allocated) {
		interner->allocated = MAX(interner->allocated * 2, 64U);
		interner->strings = x_reallocarray(interner->strings, interner->allocated,
						   sizeof(*interner->strings));
	}
	interner->strings[interner->count] =
		(struct str){ arena_copy(&interner->arena, text), text.len };
	*slot = ++interner->count;
	if (interner->count * 4 > (interner->slot_mask + 1) * 3)
		grow_slots(interner);
	return interner->count - 1;
}

uint32_t intern(struct interner *interner, struct str text)
{
	uint32_t *slot;

	if (!interner->slots) {
		grow_slots(interner);
		add(interner, STR(""), slot_of(interner, STR("")));
	}
	slot = slot_of(interner, text);
	return *slot ? *slot - 1 : add(interner, text, slot);
}

uint32_t intern_text(struct interner *interner, const char *text)
{
	return intern(interner, str_from(text));
}

uint32_t intern_find(const struct interner *interner, struct str text)
{
	uint32_t id_plus_one = interner->slots ? *slot_of(interner, text) : 0;

	return id_plus_one ? id_plus_one - 1 : UINT32_MAX;
}

struct str interned(const struct interner *interner, uint32_t id)
{
	if (id == 0 && interner->count == 0)
		return STR("");
	assert(id < interner->count);
	return interner->strings[id];
}

const char *interned_text(const struct interner *interner, uint32_t id)
{
	return interned(interner, id).ptr;
}
