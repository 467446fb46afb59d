/*
 * What cProfile writes with -o, and pstats reads: a dictionary in Python's marshal format (version
 * 2 to 4), from (file, line, function) to (primitive calls, calls, own time, time with callees,
 * callers), where callers is a dictionary of the same kind. Which callers a function's own time
 * belongs to is known, so that its samples get stacks of two frames.
 */
#include "samples/import.h"

#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "samples/paste_table.h"

enum {
	MAX_BYTES = 1 << 24, /* values take some fifty times as much as their bytes */
	MAX_NESTING = 16,
	REF_FLAG = 0x80,
	ROW_VALUES = 5, /* of a function */
	KEY_VALUES = 3,
};

enum kind { NOTHING, NUMBER, TEXT, TUPLE, DICT };

struct value {
	enum kind kind;
	double number;
	struct str text;
	struct value **items; /* of a dictionary key and value in turn */
	size_t count;
};

VEC_DEFINE(value_vec, struct value *)

struct reader {
	struct arena arena;
	struct str left;
	struct value_vec refs;
	unsigned nesting;
	bool is_damaged;
};

static uint64_t take(struct reader *reader, size_t bytes)
{
	uint64_t value = 0;

	if (reader->left.len < bytes) {
		reader->is_damaged = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)(uint8_t)reader->left.ptr[i] << (8 * i);
	reader->left = (struct str){ reader->left.ptr + bytes, reader->left.len - bytes };
	return value;
}

static struct str take_text(struct reader *reader, size_t bytes)
{
	struct str text = { reader->left.ptr, bytes };

	if (reader->left.len < bytes) {
		reader->is_damaged = true;
		return STR("");
	}
	reader->left = (struct str){ reader->left.ptr + bytes, reader->left.len - bytes };
	return text;
}

static struct value *read_value(struct reader *reader);

static void read_items(struct reader *reader, struct value *value, size_t count)
{
	/* each takes a byte at least */
	if (count > reader->left.len) {
		reader->is_damaged = true;
		return;
	}
	value->items = arena_alloc(&reader->arena, MAX(count, (size_t)1) * sizeof(*value->items));
	for (; value->count < count && !reader->is_damaged; value->count++)
		value->items[value->count] = read_value(reader);
}

static void read_dict(struct reader *reader, struct value *value)
{
	struct value_vec items = { 0 };

	while (!reader->is_damaged && reader->left.len) {
		if (reader->left.ptr[0] == '0') {
			take(reader, 1);
			break;
		}
		value_vec_push(&items, read_value(reader));
	}
	value->items =
		arena_alloc(&reader->arena, MAX(items.count, (size_t)1) * sizeof(*value->items));
	if (items.count)
		memcpy(value->items, items.items, items.count * sizeof(*value->items));
	value->count = items.count & ~(size_t)1;
	value_vec_done(&items);
}

/* Digits of 15 bits; a sign is the count's. */
static double read_long(struct reader *reader)
{
	int32_t count = (int32_t)take(reader, 4);
	double value = 0, unit = 1;

	for (int64_t i = 0; i < (count < 0 ? -(int64_t)count : count) && !reader->is_damaged; i++) {
		value += unit * (double)take(reader, 2);
		unit *= 32768;
	}
	return count < 0 ? -value : value;
}

static void fill(struct reader *reader, char code, struct value *value)
{
	uint64_t bits;

	switch (code) {
	case 'i':
		value->kind = NUMBER;
		value->number = (double)(int32_t)take(reader, 4);
		return;
	case 'l':
		value->kind = NUMBER;
		value->number = read_long(reader);
		return;
	case 'g':
		value->kind = NUMBER;
		bits = take(reader, 8);
		memcpy(&value->number, &bits, sizeof(value->number));
		return;
	case 'z':
	case 'Z':
		value->kind = TEXT;
		value->text = take_text(reader, take(reader, 1));
		return;
	case 's':
	case 't':
	case 'u':
	case 'a':
	case 'A':
		value->kind = TEXT;
		value->text = take_text(reader, take(reader, 4));
		return;
	case ')':
		value->kind = TUPLE;
		read_items(reader, value, take(reader, 1));
		return;
	case '(':
	case '[':
		value->kind = TUPLE;
		read_items(reader, value, take(reader, 4));
		return;
	case '{':
		value->kind = DICT;
		read_dict(reader, value);
		return;
	case 'N':
	case 'T':
	case 'F':
		return;
	default:
		reader->is_damaged = true;
		return;
	}
}

static struct value *read_value(struct reader *reader)
{
	struct value *value = arena_alloc(&reader->arena, sizeof(*value));
	uint8_t code = (uint8_t)take(reader, 1);

	if (code == 'r') {
		uint64_t ref = take(reader, 4);

		if (ref < reader->refs.count)
			return reader->refs.items[ref];
		reader->is_damaged = true;
		return value;
	}
	if (code & REF_FLAG)
		value_vec_push(&reader->refs, value);
	if (++reader->nesting > MAX_NESTING)
		reader->is_damaged = true;
	if (!reader->is_damaged)
		fill(reader, (char)(code & ~REF_FLAG), value);
	reader->nesting--;
	return value;
}

/* ---- the profile */

static bool is_key(const struct value *value)
{
	return value->kind == TUPLE && value->count == KEY_VALUES &&
	       value->items[0]->kind == TEXT && value->items[1]->kind == NUMBER &&
	       value->items[2]->kind == TEXT;
}

static bool is_row(const struct value *value)
{
	return value->kind == TUPLE && value->count >= ROW_VALUES - 1 &&
	       value->items[2]->kind == NUMBER && value->items[3]->kind == NUMBER;
}

static uint64_t count_of(const struct value *value)
{
	return value->kind == NUMBER && value->number > 0 && value->number < 1e18
		       ? (uint64_t)value->number
		       : 0;
}

static double time_of(const struct value *row, size_t at)
{
	double time = row->items[at]->number;

	return time > 0 && time < 1e12 ? time : 0;
}

/* Built-in functions stand in the file "~" and in "<...>". */
static struct paste_row row_of(const struct value *key)
{
	struct paste_row row = { .dso = STR("Python"), .symbol = key->items[2]->text };
	uint64_t line = count_of(key->items[1]);

	if (!str_is(key->items[0]->text, "~")) {
		row.file = key->items[0]->text;
		row.line = line <= UINT32_MAX ? (uint32_t)line : 0;
	} else if (row.symbol.len > 2 && row.symbol.ptr[0] == '<') {
		row.symbol = paste_name_builtin(row.symbol);
	}
	return row;
}

/* Adds samples below each caller; returns the time that they got. */
static double add_callers(struct profile *profile, uint32_t event, const struct value *key,
			  const struct value *row, double whole)
{
	const struct value *callers = row->count >= ROW_VALUES ? row->items[4] : NULL;
	double own = time_of(row, 2), told = 0;

	if (!callers || callers->kind != DICT)
		return 0;
	for (size_t i = 0; i < callers->count; i += 2) {
		const struct value *caller = callers->items[i], *part = callers->items[i + 1];
		struct paste_row outer, inner = row_of(key);
		uint32_t node;

		if (!is_key(caller) || !is_row(part) || caller == key ||
		    told + time_of(part, 2) > own * 1.000001)
			continue;
		outer = row_of(caller);
		node = profile_node(profile, 0, paste_frame(profile, &outer));
		node = profile_node(profile, node, paste_frame(profile, &inner));
		paste_sample(profile, event, node, STR(""), time_of(part, 2) / whole);
		told += time_of(part, 2);
	}
	return told;
}

static void add_functions(struct profile *profile, const struct value *stats)
{
	uint32_t event = paste_percent_event(profile, "time");
	double whole = 0;

	for (size_t i = 0; i < stats->count; i += 2)
		if (is_key(stats->items[i]) && is_row(stats->items[i + 1]))
			whole += time_of(stats->items[i + 1], 2);
	for (size_t i = 0; i < stats->count && whole > 0; i += 2) {
		const struct value *key = stats->items[i], *row = stats->items[i + 1];
		struct paste_row own;

		if (!is_key(key) || !is_row(row))
			continue;
		own = row_of(key);
		own.self = (time_of(row, 2) - add_callers(profile, event, key, row, whole)) / whole;
		own.children = MIN(time_of(row, 3) / whole, 1);
		own.calls = count_of(row->items[1]);
		paste_add_row(profile, event, &own);
	}
	paste_fill_up(profile, event);
}

static bool starts_stats(struct str text)
{
	/* a dictionary, whose first key is a tuple of three */
	return text.len > 8 && ((uint8_t)text.ptr[0] & ~REF_FLAG) == '{' &&
	       ((uint8_t)text.ptr[1] & ~REF_FLAG) == ')' && text.ptr[2] == KEY_VALUES &&
	       memchr(text.ptr, '\0', MIN(text.len, (size_t)256));
}

static enum import_look look(struct str head)
{
	return starts_stats(head) ? LOOK_SURE : LOOK_NO;
}

static void read_pstats(struct profile *profile, struct str text)
{
	struct reader reader = { .left = text };
	const struct value *stats;

	if (text.len > MAX_BYTES) {
		profile->damage = x_strdup("more than 16 MB of pstats are not read");
		return;
	}
	stats = read_value(&reader);
	if (reader.is_damaged)
		profile->damage = x_strdup("it is cut or not written by cProfile");
	if (stats->kind == DICT)
		add_functions(profile, stats);
	value_vec_done(&reader.refs);
	arena_done(&reader.arena);
}

const struct importer import_pstats_reader = { "cProfile", look, read_pstats };
