#include "base/id_table.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

void id_table_done(struct id_table *table)
{
	free(table->slots);
	*table = (struct id_table){ 0 };
}

void id_table_make_room(struct id_table *table, const struct id_table_rows *how, const void *rows)
{
	uint32_t old_count = table->slots ? table->mask + 1 : 0;
	uint32_t *old = table->slots;

	if ((uint64_t)table->used * 4 < (uint64_t)old_count * 3)
		return;
	table->mask = old_count ? old_count * 2 - 1 : FIRST_SLOTS - 1;
	table->slots = x_calloc((size_t)table->mask + 1, sizeof(*table->slots));
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t at;

		if (!old[i])
			continue;
		at = (uint32_t)how->hash(rows, old[i] - 1) & table->mask;
		while (table->slots[at])
			at = (at + 1) & table->mask;
		table->slots[at] = old[i];
	}
	free(old);
}
