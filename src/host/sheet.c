#include "host/sheet.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"

enum { MAX_ROWS = 1 << 14, MAX_KEY_BYTES = 200 };

void cells_split(struct str line, struct cells *ret)
{
	const char *at = line.ptr, *end = line.ptr + line.len;

	ret->count = 0;
	while (true) {
		const char *start;

		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at == end)
			return;
		start = at;
		while (at < end && *at != ' ' && *at != '\t')
			at++;
		if (ret->count == SHEET_CELLS) {
			struct str *last = &ret->at[SHEET_CELLS - 1];

			last->len = (size_t)(end - last->ptr);
			return;
		}
		ret->at[ret->count++] = (struct str){ start, (size_t)(at - start) };
	}
}

struct str cells_rest(const struct cells *cells, size_t from, struct str line)
{
	const char *start;

	if (from >= cells->count)
		return STR("");
	start = cells->at[from].ptr;
	return str_trim((struct str){ start, (size_t)(line.ptr + line.len - start) });
}

bool cell_number(struct str cell, double *ret)
{
	static const double powers[] = { 1,   1e1, 1e2,	 1e3,  1e4,  1e5,  1e6,	 1e7,
					 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool is_negative = cell.len && cell.ptr[0] == '-', has_point = false;
	size_t digits = 0, fraction = 0, used;
	uint64_t value = 0;

	for (size_t at = is_negative; at < cell.len; at++) {
		unsigned digit = (unsigned)(cell.ptr[at] - '0');

		if (digit <= 9) {
			value = value * 10 + digit;
			digits++;
			fraction += has_point;
			if (digits > 15) /* no longer exact: the slow way */
				return number_scan(cell, ret, &used) && used == cell.len;
			continue;
		}
		if ((cell.ptr[at] != '.' && cell.ptr[at] != ',') || has_point || !digits)
			return false;
		has_point = true;
	}
	if (!digits || (has_point && !fraction))
		return false;
	*ret = (double)value / powers[fraction];
	if (is_negative)
		*ret = -*ret;
	return true;
}

bool cell_size(struct str cell, double base, double step, double *ret)
{
	static const char units[] = "BKMGTPE";
	double number, factor = base;
	size_t used;
	const char *unit;

	if (!number_scan(cell, &number, &used) || number < 0)
		return false;
	if (used < cell.len) {
		unit = strchr(units, toupper((unsigned char)cell.ptr[used]));
		if (!unit || !*unit)
			return false;
		factor = 1;
		if (used + 1 < cell.len && cell.ptr[used + 1] == 'i')
			step = 1024;
		for (const char *u = units; u < unit; u++)
			factor *= step;
		used++;
		if (used < cell.len && cell.ptr[used] == 'i')
			used++;
		if (used < cell.len && cell.ptr[used] == 'B')
			used++;
		if (used < cell.len)
			return false;
	}
	*ret = number * factor;
	return true;
}

bool cell_clock(struct str cell, double *ret_s)
{
	double parts[3], seconds;
	struct str rest = cell, part;

	for (size_t i = 0; i < 2; i++)
		if (!str_cut(rest, ':', &part, &rest) || part.len > 2 ||
		    !cell_number(part, &parts[i]))
			return false;
	if (!cell_number(rest, &parts[2]))
		return false;
	seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
	if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0 || seconds > 90000)
		return false;
	*ret_s = seconds;
	return true;
}

struct str program_name(struct str command, bool has_arguments)
{
	struct str rest = command, word = command;

	if (command.len > 2 && command.ptr[0] == '[' && command.ptr[command.len - 1] == ']')
		return (struct str){ command.ptr + 1, command.len - 2 };
	if (has_arguments || str_starts_with(command, STR("/")))
		str_next_word(&rest, &word);
	if (word.len > 1 && word.ptr[word.len - 1] == ':')
		word.len--;
	if (str_starts_with(word, STR("-")) && word.len > 1) { /* a login shell */
		word.ptr++;
		word.len--;
	}
	if (str_starts_with(word, STR("/")))
		for (size_t i = word.len - 1; i-- > 0;)
			if (word.ptr[i] == '/') {
				word.len -= i + 1;
				word.ptr += i + 1;
				break;
			}
	return word;
}

/* ---- values over samples */

struct key {
	const char *kind;
	struct str text;
};

static uint64_t key_hash(const char *kind, struct str text)
{
	return hash_mix(str_hash(str_from(kind)), str_hash(text));
}

static uint64_t row_hash(const void *rows, uint32_t id)
{
	const struct sum_row *row = &((const struct sum_row *)rows)[id];

	return key_hash(row->kind, row->key);
}

static bool row_is(const void *rows, uint32_t id, const void *wanted)
{
	const struct sum_row *row = &((const struct sum_row *)rows)[id];
	const struct key *key = wanted;

	return strcmp(row->kind, key->kind) == 0 && str_eq(row->key, key->text);
}

static const struct id_table_rows by_key = { row_hash, row_is };

void sums_done(struct sums *sums)
{
	id_table_done(&sums->by_key);
	sum_row_vec_done(&sums->rows);
	arena_done(&sums->arena);
}

struct sum_row *sums_row(struct sums *sums, const char *kind, struct str key, size_t cells)
{
	struct key wanted = { kind, { key.ptr, MIN(key.len, (size_t)MAX_KEY_BYTES) } };
	uint32_t *slot = id_table_slot(&sums->by_key, &by_key, sums->rows.items,
				       key_hash(kind, wanted.text), &wanted);

	if (*slot)
		return &sums->rows.items[*slot - 1];
	if (sums->rows.count >= MAX_ROWS)
		return NULL;
	id_table_put(&sums->by_key, slot, (uint32_t)sums->rows.count);
	return sum_row_vec_push(
		&sums->rows,
		(struct sum_row){
			.kind = kind,
			.key = { arena_copy(&sums->arena, wanted.text), wanted.text.len },
			.cell_count = cells,
			.cells = arena_array(&sums->arena, cells, sizeof(struct sum_cell)) });
}

void sum_add(struct sum_cell *cell, double value, uint32_t line)
{
	if (!cell->count) {
		cell->first = cell->least = cell->most = value;
		cell->line = line;
	}
	cell->least = MIN(cell->least, value);
	cell->most = MAX(cell->most, value);
	cell->sum += value;
	cell->last = value;
	cell->line = line;
	cell->count++;
}

void sum_set_average(struct sum_cell *cell, double value, uint32_t line)
{
	cell->average = value;
	cell->line = line;
	cell->has_average = true;
}

bool sum_value(const struct sum_cell *cell, enum sum_how how, uint32_t samples, double *ret)
{
	if (!cell->count && !cell->has_average)
		return false;
	if (how == SUM_LAST && cell->count)
		*ret = cell->last;
	else if (cell->has_average)
		*ret = cell->average;
	else
		*ret = cell->sum / (how == SUM_MEAN ? MAX(samples, cell->count) : cell->count);
	return true;
}
