/*
 * Finds the id of a row that is equal to a key: open addressing over ids, while the rows lie where
 * the caller has them. Knows neither rows nor keys: the caller's two functions do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct id_table {
	uint32_t *slots; /* id + 1, 0 = free */
	uint32_t mask, used;
};

/* How the rows of one table are hashed and compared; `rows` is what the caller handed over. */
struct id_table_rows {
	uint64_t (*hash)(const void *rows, uint32_t id);
	bool (*is)(const void *rows, uint32_t id, const void *key);
};

void id_table_done(struct id_table *table);
/* Doubles the table when it is three quarters full. */
void id_table_make_room(struct id_table *table, const struct id_table_rows *how, const void *rows);

/* One step of a hash over words: good low bits. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
	return hash ^ (hash >> 29);
}

/*
 * The slot of the row that is equal to `key`, whose hash this is: its id + 1; or a free slot, which
 * id_table_put fills. Good until the next call. Inline, as stacks go through it frame by frame.
 */
__attribute__((always_inline)) static inline uint32_t *
id_table_slot(struct id_table *table, const struct id_table_rows *how, const void *rows,
	      uint64_t hash, const void *key)
{
	uint32_t at;

	if (!table->slots || (uint64_t)table->used * 4 >= ((uint64_t)table->mask + 1) * 3)
		id_table_make_room(table, how, rows);
	at = (uint32_t)hash & table->mask;
	while (table->slots[at] && !how->is(rows, table->slots[at] - 1, key))
		at = (at + 1) & table->mask;
	return &table->slots[at];
}

/* Puts a row into the free slot that id_table_slot gave; returns its id. */
static inline uint32_t id_table_put(struct id_table *table, uint32_t *slot, uint32_t id)
{
	*slot = id + 1;
	table->used++;
	return id;
}
