/*
 * Any table of functions: rows with a number and a name. Columns are parted by tabs, commas,
 * semicolons, bars (Markdown too), the dashes of a rule below the heading, or two blanks, and are
 * told by the words of the heading; without a heading, lists of "12.3% name", "name 12.3%" and the
 * same with counts are read. profile->columns says what was taken for what.
 */
#include "samples/import.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "samples/paste_table.h"

enum {
	MAX_COLUMNS = 64,
	MAX_LABEL_BYTES = 80,
	MAX_LINE_BYTES = 1 << 16, /* longer ones are no rows */
	MIN_COUNT_ROWS = 3,	  /* of a list of plain numbers, to be taken for one */
};

enum role {
	ROLE_NONE,
	ROLE_NAME,
	ROLE_LIBRARY,
	ROLE_PROGRAM,
	ROLE_FILE,
	ROLE_SELF_SHARE,
	ROLE_TOTAL_SHARE,
	ROLE_SELF,
	ROLE_TOTAL,
	ROLE_CALLS,
	ROLE_COUNT
};

/* ---- headings */

/* In small letters; the first that fits counts. */
static const struct {
	const char *pattern;
	enum role role;
} labels[] = {
	{ "self %*", ROLE_SELF_SHARE },
	{ "self%*", ROLE_SELF_SHARE },
	{ "%self*", ROLE_SELF_SHARE },
	{ "% self*", ROLE_SELF_SHARE },
	{ "self (%)", ROLE_SELF_SHARE },
	{ "self cpu*", ROLE_SELF_SHARE },
	{ "self time %*", ROLE_SELF_SHARE },
	{ "self time (%)", ROLE_SELF_SHARE },
	{ "overhead*", ROLE_SELF_SHARE },
	{ "%", ROLE_SELF_SHARE },
	{ "percent*", ROLE_SELF_SHARE },
	{ "pct*", ROLE_SELF_SHARE },
	{ "flat%", ROLE_SELF_SHARE },
	{ "% time", ROLE_SELF_SHARE },
	{ "%time", ROLE_SELF_SHARE },
	{ "time %", ROLE_SELF_SHARE },
	{ "time%", ROLE_SELF_SHARE },
	{ "cpu %", ROLE_SELF_SHARE },
	{ "cpu%", ROLE_SELF_SHARE },
	{ "%cpu", ROLE_SELF_SHARE },
	{ "share*", ROLE_SELF_SHARE },
	{ "% of *", ROLE_SELF_SHARE },
	{ "exclusive %", ROLE_SELF_SHARE },
	{ "excl %", ROLE_SELF_SHARE },
	{ "excl%", ROLE_SELF_SHARE },
	{ "ratio", ROLE_SELF_SHARE },
	{ "children", ROLE_TOTAL_SHARE },
	{ "total %*", ROLE_TOTAL_SHARE },
	{ "total%", ROLE_TOTAL_SHARE },
	{ "%total", ROLE_TOTAL_SHARE },
	{ "% total", ROLE_TOTAL_SHARE },
	{ "cum%", ROLE_TOTAL_SHARE },
	{ "cum %", ROLE_TOTAL_SHARE },
	{ "inclusive %", ROLE_TOTAL_SHARE },
	{ "incl %", ROLE_TOTAL_SHARE },
	{ "incl%", ROLE_TOTAL_SHARE },
	{ "total (%)", ROLE_TOTAL_SHARE },
	{ "self+children*", ROLE_TOTAL_SHARE },
	{ "function*", ROLE_NAME },
	{ "symbol*", ROLE_NAME },
	{ "name", ROLE_NAME },
	{ "method*", ROLE_NAME },
	{ "frame*", ROLE_NAME },
	{ "routine*", ROLE_NAME },
	{ "func", ROLE_NAME },
	{ "procedure*", ROLE_NAME },
	{ "subroutine*", ROLE_NAME },
	{ "syscall*", ROLE_NAME },
	{ "system call*", ROLE_NAME },
	{ "module*", ROLE_LIBRARY },
	{ "shared obj*", ROLE_LIBRARY },
	{ "shared lib*", ROLE_LIBRARY },
	{ "library*", ROLE_LIBRARY },
	{ "image*", ROLE_LIBRARY },
	{ "binary*", ROLE_LIBRARY },
	{ "dso*", ROLE_LIBRARY },
	{ "object", ROLE_LIBRARY },
	{ "process/library", ROLE_LIBRARY },
	{ "package", ROLE_LIBRARY },
	{ "command*", ROLE_PROGRAM },
	{ "process*", ROLE_PROGRAM },
	{ "comm", ROLE_PROGRAM },
	{ "program*", ROLE_PROGRAM },
	{ "source file*", ROLE_FILE },
	{ "source:line", ROLE_FILE },
	{ "file*", ROLE_FILE },
	{ "calls", ROLE_CALLS },
	{ "ncalls", ROLE_CALLS },
	{ "call count*", ROLE_CALLS },
	{ "# of calls", ROLE_CALLS },
	{ "invocations", ROLE_CALLS },
	{ "cpu time:self*", ROLE_SELF },
	{ "cpu time:total*", ROLE_TOTAL },
	{ "total*", ROLE_TOTAL },
	{ "inclusive*", ROLE_TOTAL },
	{ "incl*", ROLE_TOTAL },
	{ "cum", ROLE_TOTAL },
	{ "cumulative*", ROLE_TOTAL },
	{ "cpu time:*", ROLE_NONE },
	{ "self*", ROLE_SELF },
	{ "flat", ROLE_SELF },
	{ "sample*", ROLE_SELF },
	{ "timer samples", ROLE_SELF },
	{ "ticks*", ROLE_SELF },
	{ "count*", ROLE_SELF },
	{ "hits", ROLE_SELF },
	{ "cpu time*", ROLE_SELF },
	{ "cpu_time*", ROLE_SELF },
	{ "exclusive*", ROLE_SELF },
	{ "excl*", ROLE_SELF },
	{ "time*", ROLE_SELF },
	{ "clockticks*", ROLE_SELF },
	{ "cpu_clk*", ROLE_SELF },
	{ "cpu clocks*", ROLE_SELF },
	{ "cycles*", ROLE_SELF },
	{ "cpu cycles*", ROLE_SELF },
	{ "cpu_cycles*", ROLE_SELF },
	{ "instructions*", ROLE_SELF },
	{ "retired*", ROLE_SELF },
	{ "hardware event count*", ROLE_SELF },
	{ "duration*", ROLE_SELF },
	{ "msec*", ROLE_SELF },
	{ "seconds", ROLE_SELF },
	{ "ir", ROLE_SELF },
	{ "ms", ROLE_SELF },
	{ "weight*", ROLE_SELF },
};

static enum role role_of(struct str label)
{
	char small[MAX_LABEL_BYTES];

	label = str_trim(label);
	if (!label.len || label.len > sizeof(small))
		return ROLE_NONE;
	for (size_t i = 0; i < label.len; i++)
		small[i] = (char)tolower((unsigned char)label.ptr[i]);
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		if (str_glob(str_from(labels[i].pattern), (struct str){ small, label.len }))
			return labels[i].role;
	return ROLE_NONE;
}

/* ---- cells */

enum separator { BY_TABS, BY_BARS, BY_COMMAS, BY_SEMICOLONS, BY_RULE, BY_BLANKS, SEPARATORS };

struct grid {
	enum separator separator;
	size_t count;
	enum role roles[MAX_COLUMNS];
	size_t starts[MAX_COLUMNS]; /* BY_RULE */
	struct str labels[MAX_COLUMNS];
};

static struct str unquoted(struct str cell)
{
	cell = str_trim(cell);
	if (cell.len >= 2 && cell.ptr[0] == '"' && cell.ptr[cell.len - 1] == '"')
		cell = str_trim((struct str){ cell.ptr + 1, cell.len - 2 });
	return cell;
}

/* Quotes hold separators; a doubled quote stays doubled. */
static bool next_quoted(struct str *line, char separator, struct str *ret)
{
	bool in_quotes = false;
	size_t end = 0;

	if (!line->ptr)
		return false;
	for (; end < line->len; end++) {
		in_quotes ^= line->ptr[end] == '"';
		if (line->ptr[end] == separator && !in_quotes)
			break;
	}
	*ret = unquoted((struct str){ line->ptr, end });
	*line = end < line->len ? (struct str){ line->ptr + end + 1, line->len - end - 1 }
				: (struct str){ NULL, 0 };
	return true;
}

/* Names may hold bars, so that a blank must stand before one. */
static bool next_barred(struct str *line, struct str *ret)
{
	ptrdiff_t at = -1;

	if (!line->ptr)
		return false;
	for (size_t i = 1; i < line->len && at < 0; i++)
		if (line->ptr[i] == '|' && (line->ptr[i - 1] == ' ' || line->ptr[i - 1] == '\t') &&
		    (i + 1 == line->len || line->ptr[i + 1] == ' ' || line->ptr[i + 1] == '\t'))
			at = (ptrdiff_t)i - 1;
	if (at < 0) {
		*ret = str_trim(*line);
		*line = (struct str){ NULL, 0 };
		return ret->len > 0;
	}
	*ret = str_trim((struct str){ line->ptr, (size_t)at });
	*line = (struct str){ line->ptr + at + 2, line->len - (size_t)at - 2 };
	return true;
}

static size_t split(struct str line, const struct grid *grid, struct str cells[MAX_COLUMNS])
{
	static const char characters[SEPARATORS] = { '\t', '|', ',', ';', ' ', ' ' };
	size_t count = 0;

	if (line.len > MAX_LINE_BYTES)
		return 0;
	if (grid->separator == BY_RULE) {
		for (; count < grid->count && grid->starts[count] < line.len; count++) {
			size_t from = grid->starts[count];
			size_t to = count + 1 < grid->count ? grid->starts[count + 1] : line.len;

			cells[count] =
				str_trim((struct str){ line.ptr + from, MIN(to, line.len) - from });
		}
		return count;
	}
	if (grid->separator == BY_BARS) {
		line = str_trim(line);
		if (line.len && line.ptr[0] == '|')
			line = (struct str){ line.ptr + 1, line.len - 1 };
		while (count < MAX_COLUMNS && next_barred(&line, &cells[count]))
			count++;
	} else if (grid->separator == BY_BLANKS) {
		while (count < MAX_COLUMNS && paste_field(&line, &cells[count]))
			count++;
	} else {
		while (count < MAX_COLUMNS &&
		       next_quoted(&line, characters[grid->separator], &cells[count]))
			count++;
	}
	return count;
}

static bool has_role(const struct grid *grid, enum role role)
{
	for (size_t i = 0; i < grid->count; i++)
		if (grid->roles[i] == role)
			return true;
	return false;
}

/* Only the first column of a role counts; what follows are parts of it, or other events. */
static void set_roles(struct grid *grid)
{
	bool seen[ROLE_COUNT] = { false };

	for (size_t i = 0; i < grid->count; i++) {
		grid->roles[i] = role_of(grid->labels[i]);
		if (seen[grid->roles[i]])
			grid->roles[i] = ROLE_NONE;
		seen[grid->roles[i]] = true;
	}
}

static bool is_table(const struct grid *grid)
{
	bool has_number = has_role(grid, ROLE_SELF) || has_role(grid, ROLE_SELF_SHARE) ||
			  has_role(grid, ROLE_TOTAL) || has_role(grid, ROLE_TOTAL_SHARE);
	bool has_owner = has_role(grid, ROLE_NAME) || has_role(grid, ROLE_LIBRARY) ||
			 has_role(grid, ROLE_PROGRAM);

	return has_number && has_owner && grid->count >= 2;
}

static struct str without_hash(struct str line)
{
	size_t at = 0;

	while (at < line.len && line.ptr[at] == '#')
		at++;
	return at && at < line.len && line.ptr[at] == ' '
		       ? (struct str){ line.ptr + at, line.len - at }
		       : line;
}

/* "------------  -----  ---" below a heading: where its columns begin */
static size_t rule_starts(struct str line, size_t starts[MAX_COLUMNS])
{
	size_t count = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != '-' && line.ptr[i] != '=' && line.ptr[i] != ' ')
			return 0;
		if (line.ptr[i] != ' ' && (i == 0 || line.ptr[i - 1] == ' ') && count < MAX_COLUMNS)
			starts[count++] = i;
	}
	return count;
}

/* Cheap, as each line is asked: a row has a number, a heading has none. */
static bool has_number(struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		bool begins = !i || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t' ||
			      line.ptr[i - 1] == ',' || line.ptr[i - 1] == ';' ||
			      line.ptr[i - 1] == '"';

		if (begins && isdigit((unsigned char)line.ptr[i]))
			return true;
	}
	return false;
}

static bool read_header(struct str line, struct str below, struct grid *ret)
{
	struct grid grid = { 0 };

	if (line.len > MAX_LINE_BYTES || has_number(line) || !str_trim(line).len)
		return false;
	grid.count = rule_starts(below, grid.starts);
	for (int by = grid.count > 1 ? BY_RULE : BY_TABS; by < SEPARATORS; by++) {
		if (by == BY_RULE && grid.count < 2)
			continue;
		grid.separator = (enum separator)by;
		grid.count = split(without_hash(line), &grid, grid.labels);
		set_roles(&grid);
		if (is_table(&grid)) {
			*ret = grid;
			return true;
		}
		grid.count = 0;
	}
	return false;
}

/* ---- rows */

static const struct paste_table_row no_row = { .row = { .self = -1, .children = -1 },
					       .self_value = -1,
					       .total = -1 };

static void set_cell(struct paste_table_row *row, enum role role, struct str cell)
{
	enum paste_unit unit;
	double value;

	switch (role) {
	case ROLE_NAME:
		row->row.symbol = cell;
		return;
	case ROLE_LIBRARY:
		row->row.dso = cell;
		return;
	case ROLE_PROGRAM:
		row->row.comm = cell;
		return;
	case ROLE_FILE:
		paste_place(cell, &row->row.file, &row->row.line);
		return;
	case ROLE_NONE:
	case ROLE_COUNT:
		return;
	case ROLE_SELF_SHARE:
	case ROLE_TOTAL_SHARE:
	case ROLE_SELF:
	case ROLE_TOTAL:
	case ROLE_CALLS:
		break;
	}
	if (!paste_number(cell, &value, &unit))
		return;
	if (role == ROLE_CALLS)
		row->row.calls = (uint64_t)value;
	else if (unit == PASTE_PERCENT || role == ROLE_SELF_SHARE || role == ROLE_TOTAL_SHARE)
		*(role == ROLE_SELF || role == ROLE_SELF_SHARE ? &row->row.self
							       : &row->row.children) = value / 100;
	else
		*(role == ROLE_SELF ? &row->self_value : &row->total) = value;
}

static bool is_row(const struct paste_table_row *row)
{
	return (row->row.symbol.len || row->row.dso.len || row->row.comm.len) &&
	       (row->row.self >= 0 || row->self_value >= 0 || row->row.children >= 0 ||
		row->total >= 0);
}

static bool is_name_last(const struct grid *grid)
{
	return grid->count && grid->roles[grid->count - 1] == ROLE_NAME;
}

/* Columns that one blank parts: as many words as there are columns before the name. */
static bool read_by_words(struct str line, const struct grid *grid, struct paste_table_row *ret)
{
	struct paste_table_row row = no_row;
	struct str word;

	for (size_t i = 0; i + 1 < grid->count; i++) {
		if (!str_next_word(&line, &word))
			return false;
		set_cell(&row, grid->roles[i], word);
	}
	set_cell(&row, ROLE_NAME, str_trim(line));
	*ret = row;
	return is_row(&row);
}

static bool read_row(struct str line, const struct grid *grid, struct paste_table_row *ret)
{
	struct paste_table_row row = no_row;
	struct str cells[MAX_COLUMNS];
	size_t count = split(line, grid, cells);

	if (grid->separator == BY_BLANKS && count != grid->count)
		return is_name_last(grid) && read_by_words(line, grid, ret);
	for (size_t i = 0; i < MIN(count, grid->count); i++)
		set_cell(&row, grid->roles[i], cells[i]);
	*ret = row;
	return is_row(&row);
}

/* ---- lists without a heading */

enum shape { NUMBER_FIRST, SHARE_FIRST, NUMBER_LAST, SHARE_LAST, SHAPES };

static bool has_letter(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (isalpha((unsigned char)name.ptr[i]) || name.ptr[i] == '_' ||
		    (unsigned char)name.ptr[i] >= 0x80)
			return true;
	return false;
}

/* "- ", "* ", "3. " and "| " in front of items */
static struct str without_bullet(struct str line)
{
	struct str rest = line = str_trim(line), word;
	uint64_t number;

	if (!str_next_word(&rest, &word))
		return line;
	if (str_is(word, "-") || str_is(word, "*") || str_is(word, "|") || str_is(word, "+") ||
	    (word.len > 1 && (word.ptr[word.len - 1] == '.' || word.ptr[word.len - 1] == ')') &&
	     str_to_u64((struct str){ word.ptr, word.len - 1 }, &number)))
		return str_trim(rest);
	return line;
}

static struct str without_marks(struct str name)
{
	name = str_trim(name);
	if (str_ends_with(name, STR(" -")))
		name.len -= 2;
	while (name.len && (name.ptr[name.len - 1] == ':' || name.ptr[name.len - 1] == '|' ||
			    name.ptr[name.len - 1] == ',' || name.ptr[name.len - 1] == '='))
		name = str_trim((struct str){ name.ptr, name.len - 1 });
	while (name.len && (name.ptr[0] == '|' || name.ptr[0] == ':' || name.ptr[0] == ','))
		name = str_trim((struct str){ name.ptr + 1, name.len - 1 });
	return unquoted(name);
}

/* The last word of `*text`, which is shortened by it. */
static bool last_word(struct str *text, struct str *ret)
{
	struct str rest = str_trim(*text);
	size_t at = rest.len;

	while (at && rest.ptr[at - 1] != ' ' && rest.ptr[at - 1] != '\t' &&
	       rest.ptr[at - 1] != ';' &&
	       !(rest.ptr[at - 1] == ',' && at > 1 && !isdigit((unsigned char)rest.ptr[at - 2])))
		at--;
	*ret = (struct str){ rest.ptr + at, rest.len - at };
	*text = (struct str){ rest.ptr, at };
	return ret->len > 0;
}

/* The number of an item, whose '%' may stand apart from it. */
static bool item_number(struct str word, bool is_last, struct str *rest, double *ret_value,
			enum paste_unit *ret_unit)
{
	struct str before = *rest, sign;

	if (is_last && str_is(word, "%")) {
		if (!last_word(rest, &word) || !paste_number(word, ret_value, ret_unit))
			return false;
		*ret_unit = PASTE_PERCENT;
		return true;
	}
	if (!paste_number(word, ret_value, ret_unit))
		return false;
	if (!is_last && str_next_word(&before, &sign) && str_is(sign, "%")) {
		*rest = before;
		*ret_unit = PASTE_PERCENT;
	}
	return true;
}

/* A number and a name; which number of several counts: the share, else the first of them. */
static bool read_item(struct str line, enum shape *ret_shape, struct paste_table_row *ret)
{
	struct paste_table_row row = no_row;
	struct str rest = without_bullet(line), before = rest, word;
	bool is_last = false;
	enum paste_unit unit;
	double value;

	if (line.len > MAX_LINE_BYTES)
		return false;
	if (rest.len && rest.ptr[rest.len - 1] == '|')
		rest.len--;
	for (unsigned i = 0; i < 8; i++) {
		before = rest;
		if (!(is_last ? last_word(&rest, &word) : str_next_word(&rest, &word)) ||
		    !item_number(word, is_last, &rest, &value, &unit)) {
			if (i || is_last)
				break;
			rest = before;
			is_last = true;
			continue;
		}
		if (unit == PASTE_PERCENT && row.row.self < 0)
			row.row.self = value / 100;
		else if (row.self_value < 0)
			row.self_value = value;
		before = rest;
	}
	row.row.symbol = without_marks(before);
	if ((row.row.self < 0 && row.self_value < 0) || !has_letter(row.row.symbol) ||
	    row.row.self > 1.0001)
		return false;
	*ret_shape = row.row.self >= 0 ? (is_last ? SHARE_LAST : SHARE_FIRST)
				       : (is_last ? NUMBER_LAST : NUMBER_FIRST);
	*ret = row;
	return true;
}

static enum import_look look_at_list(struct str head, enum shape *ret_shape)
{
	unsigned counts[SHAPES] = { 0 }, lines = 0;
	struct paste_table_row row;
	enum shape shape, best = 0;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		if (!str_trim(line).len)
			continue;
		lines++;
		if (read_item(line, &shape, &row))
			counts[shape]++;
	}
	for (unsigned i = 1; i < SHAPES; i++)
		best = counts[i] > counts[best] ? (enum shape)i : best;
	*ret_shape = best;
	if (best == SHARE_FIRST || best == SHARE_LAST)
		return counts[best] * 2 >= lines ? LOOK_WEAK : LOOK_NO;
	return counts[best] >= MIN_COUNT_ROWS && counts[best] * 5 >= lines * 4 ? LOOK_WEAK
									       : LOOK_NO;
}

/* ---- reading */

struct reader {
	struct paste_table table;
	struct grid grid;
	bool has_grid;
	bool with_names; /* only tables of functions: the text holds one */
	char event[MAX_LABEL_BYTES + 1];
	bool is_skipped; /* a table of processes or modules, whose functions stand elsewhere */
};

static void tell_columns(struct profile *profile, const struct grid *grid)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_NAME] = "function",
		[ROLE_LIBRARY] = "library",
		[ROLE_PROGRAM] = "program",
		[ROLE_FILE] = "file",
		[ROLE_SELF_SHARE] = "share of itself",
		[ROLE_TOTAL_SHARE] = "share with callees",
		[ROLE_SELF] = "its own",
		[ROLE_TOTAL] = "with callees",
		[ROLE_CALLS] = "calls",
	};
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < grid->count; i++)
		if (names[grid->roles[i]])
			strbuf_addf(&text, "%s%s: '%.*s'", text.len ? ", " : "",
				    names[grid->roles[i]], STR_ARG(grid->labels[i]));
	profile->columns = intern(&profile->texts, strbuf_str(&text));
}

/* What the shares are of, by the label of the column. */
static void name_event(struct reader *reader)
{
	reader->event[0] = '\0';
	reader->table.event = NULL;
	for (size_t i = 0; i < reader->grid.count; i++) {
		struct str label = reader->grid.labels[i];

		if (reader->grid.roles[i] != ROLE_SELF ||
		    has_role(&reader->grid, ROLE_SELF_SHARE) || label.len >= sizeof(reader->event))
			continue;
		memcpy(reader->event, label.ptr, label.len);
		reader->event[label.len] = '\0';
		reader->table.event = reader->event;
	}
}

static bool is_drawn(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!(line.ptr[i] == '-' || line.ptr[i] == '=' || line.ptr[i] == '|' ||
		      line.ptr[i] == '+' || line.ptr[i] == ':' || line.ptr[i] == ' ' ||
		      line.ptr[i] == '#' || line.ptr[i] == '.' || line.ptr[i] == ',' ||
		      line.ptr[i] == '\t'))
			return false;
	return true;
}

static bool is_sum(struct str name)
{
	static const char *const sums[] = { "total", "Total", "TOTAL", "sum", "Sum", "all" };

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		if (str_is(name, sums[i]))
			return true;
	return false;
}

static void read_line(struct reader *reader, struct str line, struct str below)
{
	struct paste_table_row row;
	struct grid grid;

	if (is_drawn(line))
		return;
	if (read_header(line, below, &grid)) {
		reader->is_skipped = reader->with_names && !has_role(&grid, ROLE_NAME);
		if (reader->is_skipped)
			return;
		paste_table_finish(&reader->table);
		reader->grid = grid;
		reader->has_grid = true;
		name_event(reader);
		tell_columns(reader->table.profile, &grid);
	} else if (reader->is_skipped) {
		return;
	} else if (reader->has_grid && read_row(line, &reader->grid, &row)) {
		row.row.symbol = paste_name(row.row.symbol);
		if (!is_sum(row.row.symbol))
			paste_table_add(&reader->table, &row);
	} else {
		import_ignore(reader->table.profile, line);
	}
}

static void read_list(struct reader *reader, struct str text, enum shape wanted)
{
	static const char *const told[SHAPES] = {
		"number first, then the function",
		"share first, then the function",
		"function first, then the number",
		"function first, then the share",
	};
	struct paste_table_row row;
	enum shape shape;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (is_drawn(line))
			continue;
		if (read_item(line, &shape, &row) && (shape & 1) == (wanted & 1) &&
		    !is_sum(row.row.symbol))
			paste_table_add(&reader->table, &row);
		else
			import_ignore(reader->table.profile, line);
	}
	reader->table.profile->columns =
		intern(&reader->table.profile->texts, str_from(told[wanted]));
}

/* The first heading; with `with_names` the first that has a column of functions. */
static bool find_header(struct str text, bool with_names, struct str *ret_rows)
{
	struct str line, below;
	struct grid grid;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&text, &line); i++) {
		struct str after = text;

		if (!str_next_line(&after, &below))
			below = STR("");
		if (read_header(line, below, &grid) &&
		    (!with_names || has_role(&grid, ROLE_NAME))) {
			*ret_rows = text;
			return true;
		}
	}
	return false;
}

static void read_grid(struct profile *profile, struct str text)
{
	struct reader reader = { .table.profile = profile };
	struct str line, below, rows;
	enum shape shape;

	reader.with_names = find_header(text, true, &rows);
	if (reader.with_names || find_header(text, false, &rows)) {
		while (str_next_line(&text, &line)) {
			rows = text;
			if (!str_next_line(&rows, &below))
				below = STR("");
			read_line(&reader, line, below);
		}
	} else {
		look_at_list(text, &shape);
		read_list(&reader, text, shape);
	}
	paste_table_finish(&reader.table);
}

static enum import_look look(struct str head)
{
	unsigned rows = 0, lines = 0;
	struct paste_table_row row;
	struct str line, text = head, below;
	struct grid grid = { 0 };
	enum shape shape;

	if (!find_header(head, true, &text) && !find_header(head, false, &text))
		return look_at_list(head, &shape);
	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		struct str after = head;
		struct grid found;

		if (!str_next_line(&after, &below))
			below = STR("");
		if (read_header(line, below, &found)) {
			grid = found;
		} else if (grid.count && !is_drawn(line)) {
			lines++;
			rows += read_row(line, &grid, &row);
		}
	}
	return rows && rows * 4 >= lines ? LOOK_LIKELY : rows ? LOOK_WEAK : LOOK_NO;
}

const struct importer import_grid_reader = { "table of functions", look, read_grid };
