#include "host/columns.h"

#include <string.h>

#include "base/macros.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A word of a line, and where it stands in characters. */
struct word {
	struct str text;
	unsigned start, end;
};

/* `*at` and `*place` go on behind the word. */
static bool next_word(struct str line, size_t *at, unsigned *place, struct word *ret)
{
	size_t begin;

	while (*at < line.len && is_blank(line.ptr[*at])) {
		++*at;
		++*place;
	}
	if (*at >= line.len)
		return false;
	begin = *at;
	ret->start = *place;
	while (*at < line.len && !is_blank(line.ptr[*at])) {
		*place += ((unsigned char)line.ptr[*at] & 0xc0) != 0x80;
		++*at;
	}
	ret->end = *place;
	ret->text = (struct str){ line.ptr + begin, *at - begin };
	return true;
}

static bool is_joined(struct str text, const char *const *joined)
{
	for (; joined && *joined; joined++)
		if (str_is(text, *joined))
			return true;
	return false;
}

bool columns_read(struct columns *columns, struct str header, const char *const *joined)
{
	size_t at = 0;
	unsigned place = 0;
	struct word word;

	columns->count = 0;
	if (header.len >= sizeof(columns->text))
		return false;
	memcpy(columns->text, header.ptr, header.len);
	header.ptr = columns->text;
	while (next_word(header, &at, &place, &word)) {
		struct column *last = columns->count ? &columns->items[columns->count - 1] : NULL;

		if (last) {
			struct str both = { last->name.ptr, (size_t)(word.text.ptr + word.text.len -
								     last->name.ptr) };

			if (is_joined(both, joined)) {
				last->name = both;
				last->end = word.end;
				continue;
			}
		}
		if (columns->count == COLUMNS_MAX)
			return false;
		columns->items[columns->count++] =
			(struct column){ word.text, word.start, word.end };
	}
	return columns->count > 0;
}

int columns_find(const struct columns *columns, const char *name)
{
	for (unsigned i = 0; i < columns->count; i++)
		if (str_is(columns->items[i].name, name))
			return (int)i;
	return -1;
}

/* The column that the word stands in; `from` is the one that was filled last. */
static unsigned column_of(const struct columns *columns, const struct word *word, unsigned from,
			  const struct str *cells, bool is_near)
{
	unsigned free = cells[from].len ? from + 1 : from;

	/* Values stand under some part of their header, whichever side they are aligned to. */
	for (unsigned i = from; i < columns->count; i++)
		if (word->start < columns->items[i].end && word->end > columns->items[i].start &&
		    (i >= free || i + 1 == columns->count))
			return i;
	if (is_near && cells[from].len)
		return from;
	/* Between two headers: it belongs to the left one, which text is aligned to. */
	for (unsigned i = columns->count; i-- > free;)
		if (columns->items[i].start <= word->start)
			return i;
	return from;
}

void columns_cut(const struct columns *columns, struct str line, struct str cells[COLUMNS_MAX])
{
	size_t at = 0;
	unsigned place = 0, current = 0, last_end = 0;
	struct word word;

	for (unsigned i = 0; i < columns->count; i++)
		cells[i] = (struct str){ line.ptr, 0 };
	while (columns->count && next_word(line, &at, &place, &word)) {
		unsigned to = column_of(columns, &word, current, cells,
					last_end && word.start - last_end == 1);

		if (to + 1 == columns->count && !cells[to].len) {
			cells[to] = str_trim((struct str){
				word.text.ptr, line.len - (size_t)(word.text.ptr - line.ptr) });
			return;
		}
		if (cells[to].len)
			cells[to].len = (size_t)(word.text.ptr + word.text.len - cells[to].ptr);
		else
			cells[to] = word.text;
		current = to;
		last_end = word.end;
	}
}

struct str columns_cell(const struct columns *columns, const struct str cells[COLUMNS_MAX],
			const char *name)
{
	int at = columns_find(columns, name);

	return at < 0 ? STR("") : cells[at];
}

struct str tree_name(struct str text)
{
	while (text.len) {
		size_t skip = 0;

		if (strchr(" |`-", *text.ptr))
			skip = 1;
		else if (text.len >= 3 && text.ptr[0] == '\xe2' && (text.ptr[1] == '\x94'))
			skip = 3;
		if (!skip)
			return text;
		text.ptr += skip;
		text.len -= skip;
	}
	return text;
}
