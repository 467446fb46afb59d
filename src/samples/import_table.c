#include "samples/paste.h"

#include "base/memory.h"
#include "samples/import.h"

enum {
	MAX_COLUMNS = 24,
};

enum column {
	COLUMN_OTHER_TEXT,
	COLUMN_OTHER_NUMBER,
	COLUMN_SELF,
	COLUMN_CHILDREN,
	COLUMN_COMM,
	COLUMN_DSO,
	COLUMN_SYMBOL,
	COLUMN_FILE,
};

struct columns {
	enum column kinds[MAX_COLUMNS];
	size_t count;
};

/* The labels of perf report, of the tables of sysgrok's predecessors, and near spellings. */
static enum column column_kind(struct str label)
{
	static const struct {
		const char *label;
		enum column kind;
	} known[] = {
		{ "Children", COLUMN_CHILDREN },   { "Self+Children CPU", COLUMN_CHILDREN },
		{ "Total", COLUMN_CHILDREN },	   { "Total %", COLUMN_CHILDREN },
		{ "Self", COLUMN_SELF },	   { "Self CPU", COLUMN_SELF },
		{ "Self %", COLUMN_SELF },	   { "Overhead", COLUMN_SELF },
		{ "Command", COLUMN_COMM },	   { "Process", COLUMN_COMM },
		{ "Pid:Command", COLUMN_COMM },	   { "Tid", COLUMN_OTHER_TEXT },
		{ "Shared Object", COLUMN_DSO },   { "Process/Library", COLUMN_DSO },
		{ "Library", COLUMN_DSO },	   { "Module", COLUMN_DSO },
		{ "Symbol", COLUMN_SYMBOL },	   { "Function", COLUMN_SYMBOL },
		{ "Name", COLUMN_SYMBOL },	   { "File", COLUMN_FILE },
		{ "Source:Line", COLUMN_FILE },	   { "Samples", COLUMN_OTHER_NUMBER },
		{ "Period", COLUMN_OTHER_NUMBER }, { "Index", COLUMN_OTHER_NUMBER },
		{ "sys", COLUMN_OTHER_NUMBER },	   { "usr", COLUMN_OTHER_NUMBER },
		{ "CPU", COLUMN_OTHER_NUMBER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_is(label, known[i].label))
			return known[i].kind;
	return COLUMN_OTHER_TEXT;
}

static bool has_column(const struct columns *columns, enum column kind)
{
	for (size_t i = 0; i < columns->count; i++)
		if (columns->kinds[i] == kind)
			return true;
	return false;
}

static struct str without_hash(struct str line)
{
	line = str_trim(line);
	while (line.len && line.ptr[0] == '#') {
		line.ptr++;
		line.len--;
	}
	return str_trim(line);
}

static void set_column(struct paste_row *row, enum column kind, struct str text)
{
	double ratio;

	switch (kind) {
	case COLUMN_SELF:
	case COLUMN_CHILDREN:
		if (paste_percent(text, &ratio))
			*(kind == COLUMN_SELF ? &row->self : &row->children) = ratio;
		return;
	case COLUMN_COMM:
		row->comm = text;
		return;
	case COLUMN_DSO:
		row->dso = text;
		return;
	case COLUMN_SYMBOL:
		row->symbol = text;
		return;
	case COLUMN_FILE:
		paste_place(text, &row->file, &row->line);
		return;
	case COLUMN_OTHER_TEXT:
	case COLUMN_OTHER_NUMBER:
		return;
	}
}

/* ---- tables with "|" between the columns: names may hold blanks and commas, but no " | " */

static bool is_pipe_line(struct str line)
{
	return str_find(line, STR(" | ")) > 0 || str_find(line, STR(" |")) > 0;
}

static bool pipe_cell(struct str *line, struct str *ret_cell)
{
	ptrdiff_t at = str_find(*line, STR(" |"));

	if (!line->len)
		return false;
	if (at < 0) {
		*ret_cell = str_trim(*line);
		*line = STR("");
		return true;
	}
	*ret_cell = str_trim((struct str){ line->ptr, (size_t)at });
	*line = (struct str){ line->ptr + at + 2, line->len - (size_t)at - 2 };
	return true;
}

static bool pipe_header(struct str line, struct columns *ret)
{
	struct columns columns = { 0 };
	struct str cell;

	line = without_hash(line);
	while (columns.count < MAX_COLUMNS && pipe_cell(&line, &cell))
		columns.kinds[columns.count++] = column_kind(cell);
	if (!has_column(&columns, COLUMN_SYMBOL) || columns.count < 3)
		return false;
	*ret = columns;
	return true;
}

static bool pipe_row(struct str line, const struct columns *columns, struct paste_row *ret)
{
	struct paste_row row = { .self = -1, .children = -1 };
	struct str cell;

	for (size_t i = 0; i < columns->count && pipe_cell(&line, &cell); i++)
		set_column(&row, columns->kinds[i], cell);
	if ((!row.symbol.len && !row.dso.len) || row.self < 0)
		return false;
	*ret = row;
	return true;
}

/* Without a header: the order of the predecessors' tables. */
static const struct columns default_pipe_columns = { { COLUMN_OTHER_NUMBER, COLUMN_DSO,
						       COLUMN_SYMBOL, COLUMN_FILE, COLUMN_SELF,
						       COLUMN_CHILDREN },
						     6 };

static void pipe_read(struct profile *profile, struct str text)
{
	struct columns columns = default_pipe_columns;
	uint32_t event = paste_percent_event(profile, "CPU");
	struct paste_row row;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (!str_trim(line).len || pipe_header(line, &columns))
			continue;
		if (pipe_row(line, &columns, &row))
			paste_add_row(profile, event, &row);
		else
			import_ignore(profile, line);
	}
	paste_fill_up(profile, event);
}

static bool pipe_is(struct str text)
{
	struct columns columns = default_pipe_columns;
	struct paste_row row;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&text, &line); i++) {
		if (!is_pipe_line(line))
			continue;
		if (pipe_header(line, &columns)) {
			if (!has_column(&columns, COLUMN_SELF))
				return false;
			continue;
		}
		if (pipe_row(line, &columns, &row))
			return true;
	}
	return false;
}

/* ---- perf report */

/* "# Children      Self  Command  Shared Object  Symbol" */
static bool perf_header(struct str line, struct columns *ret)
{
	struct columns columns = { 0 };
	struct str label;

	if (!line.len || line.ptr[0] != '#')
		return false;
	line = without_hash(line);
	while (columns.count < MAX_COLUMNS && paste_field(&line, &label))
		columns.kinds[columns.count++] = column_kind(label);
	if (!has_column(&columns, COLUMN_SELF) || columns.count < 2)
		return false;
	*ret = columns;
	return true;
}

/* Rows of tables that are not sorted by symbol ("perf report --sort dso"): numbers, then texts. */
static bool perf_plain_row(struct str line, const struct columns *columns, struct paste_row *ret)
{
	struct paste_row row = { .self = -1, .children = -1 };

	line = str_trim(line);
	for (size_t i = 0; i < columns->count; i++) {
		enum column kind = columns->kinds[i];
		bool is_number = kind == COLUMN_SELF || kind == COLUMN_CHILDREN ||
				 kind == COLUMN_OTHER_NUMBER;
		struct str cell;

		if (is_number ? !str_next_word(&line, &cell) : !paste_field(&line, &cell))
			break;
		set_column(&row, kind, cell);
	}
	if (row.self < 0 || (!row.symbol.len && !row.dso.len && !row.comm.len))
		return false;
	*ret = row;
	return true;
}

/* Columns of numbers that the row begins with, by the header; the rest stays in `*line`. */
static bool perf_numbers(struct str *line, const struct columns *columns, struct paste_row *row)
{
	struct str word;

	for (size_t i = 0; i < columns->count; i++) {
		enum column kind = columns->kinds[i];

		if (kind != COLUMN_SELF && kind != COLUMN_CHILDREN && kind != COLUMN_OTHER_NUMBER)
			break;
		if (!str_next_word(line, &word))
			return false;
		set_column(row, kind, word);
	}
	return row->self >= 0;
}

static bool perf_row(struct str line, const struct columns *columns, struct paste_row *ret)
{
	struct paste_row numbers = { .self = -1, .children = -1 };
	struct str rest = str_trim(line);

	if (!columns->count)
		return paste_perf_row(line, ret);
	if (rest.len > 1 && (rest.ptr[0] == '-' || rest.ptr[0] == '+'))
		rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	if (!perf_numbers(&rest, columns, &numbers) || !paste_perf_names(rest, ret))
		return perf_plain_row(line, columns, ret);
	ret->self = numbers.self;
	ret->children = numbers.children;
	/* one text column before the symbol is what the header says it is */
	if (!has_column(columns, COLUMN_DSO) && !ret->comm.len) {
		ret->comm = ret->dso;
		ret->dso = STR("");
	}
	return true;
}

/* "# Samples: 1K of event 'cycles:u'" begins the table of an event. */
static bool perf_event_name(struct str line, struct str *ret)
{
	static const struct str mark = { "of event '", 10 };
	ptrdiff_t at = str_find(line, mark);
	struct str tail;

	/* perf top and the TUI print it without the '#' */
	if ((line.ptr[0] != '#' && !str_starts_with(line, STR("Samples: "))) || at < 0)
		return false;
	at += (ptrdiff_t)mark.len;
	return str_cut((struct str){ line.ptr + at, line.len - (size_t)at }, '\'', ret, &tail);
}

static void perf_comment(struct profile *profile, struct str line, uint32_t *event)
{
	static const struct str lost = { "# Total Lost Samples:", 21 };
	struct str name;
	uint64_t count;

	if (perf_event_name(line, &name)) {
		auto_free char *copy = x_strndup(name.ptr, name.len);

		*event = paste_percent_event(profile, copy);
	} else if (str_starts_with(line, lost) &&
		   str_to_u64(str_trim((struct str){ line.ptr + lost.len, line.len - lost.len }),
			      &count)) {
		profile->lost_samples = count;
	}
}

/* What perf top and the TUI print around their rows. */
static bool perf_chatter(struct str line)
{
	static const char *const leads[] = { "PerfTop:",	  "Samples:", "Overhead",
					     "Children",	  "-----",    "Press ",
					     "For a higher level" };

	line = str_trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return str_starts_with(line, STR("Tip: ")) ||
	       str_starts_with(line, STR("no symbols found"));
}

static void perf_read(struct profile *profile, struct str text)
{
	struct columns columns = { 0 };
	uint32_t event = UINT32_MAX;
	struct paste_row row;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (!str_trim(line).len || perf_header(line, &columns))
			continue;
		if (line.ptr[0] == '#' || str_starts_with(line, STR("Samples: "))) {
			perf_comment(profile, line, &event);
		} else if (perf_row(line, &columns, &row)) {
			if (event == UINT32_MAX)
				event = paste_percent_event(profile, "CPU");
			paste_add_row(profile, event, &row);
		} else if (!perf_chatter(line)) {
			import_ignore(profile, line);
		}
	}
	for (uint32_t i = 0; i < profile->events.count; i++)
		paste_fill_up(profile, i);
}

static bool perf_is(struct str text)
{
	struct columns columns = { 0 };
	struct paste_row row;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&text, &line); i++)
		if (perf_header(line, &columns) || paste_perf_row(line, &row) ||
		    str_starts_with(line, STR("# To display the perf.data header info")))
			return true;
	return false;
}

/* ---- Elastic's list of functions */

/* "process: function"; a name without ": " is a process or a function of nobody knows whom. */
static void elastic_owner(struct str line, struct paste_row *row)
{
	ptrdiff_t at = str_find(line, STR(": "));

	if (at < 0) {
		row->dso = str_trim(line);
		return;
	}
	row->dso = str_trim((struct str){ line.ptr, (size_t)at });
	row->symbol = str_trim((struct str){ line.ptr + at + 2, line.len - (size_t)at - 2 });
}

/*
 * The lines of a row: index, name, place, samples, self %, total %, CO2, cost, a link's label. The
 * index may be missing in the first row, the place where none is known, the end in the last row.
 * Returns how many lines it took, 0 = this is no row.
 */
static size_t elastic_row(const struct str *lines, size_t count, struct paste_row *ret)
{
	struct paste_row row = { .self = -1, .children = -1 };
	uint64_t number;
	size_t name = count && str_to_u64(lines[0], &number), percent = name + 1, end;

	while (percent + 1 < count && percent < name + 4 &&
	       !paste_percent(lines[percent], &row.self))
		percent++;
	if (percent + 1 >= count || row.self < 0 ||
	    !paste_percent(lines[percent + 1], &row.children))
		return 0;
	elastic_owner(lines[name], &row);
	if (percent > name + 1 && !str_to_u64(lines[name + 1], &number))
		paste_place(lines[name + 1], &row.file, &row.line);
	row.is_kernel = str_is(row.dso, "vmlinux");
	*ret = row;
	for (end = percent + 2; end < count && end < percent + 5; end++)
		if (str_to_u64(lines[end], &number))
			break;
	return end;
}

VEC_DEFINE(line_vec, struct str)

static struct line_vec text_lines(struct str text, size_t limit)
{
	struct line_vec lines = { 0 };
	struct str line;

	while (lines.count < limit && str_next_line(&text, &line))
		if (str_trim(line).len)
			line_vec_push(&lines, str_trim(line));
	return lines;
}

static bool elastic_is(struct str text)
{
	struct line_vec lines = text_lines(text, 40);
	struct paste_row row;
	bool found = false;

	for (size_t i = 0; i < lines.count && !found; i++)
		found = elastic_row(lines.items + i, lines.count - i, &row) > 0;
	line_vec_done(&lines);
	return found;
}

static void elastic_read(struct profile *profile, struct str text)
{
	struct line_vec lines = text_lines(text, SIZE_MAX);
	uint32_t event = paste_percent_event(profile, "CPU");
	struct paste_row row;

	for (size_t i = 0, used; i < lines.count; i += used) {
		used = elastic_row(lines.items + i, lines.count - i, &row);
		if (used) {
			paste_add_row(profile, event, &row);
		} else {
			import_ignore(profile, lines.items[i]);
			used = 1;
		}
	}
	line_vec_done(&lines);
	paste_fill_up(profile, event);
}

static enum import_look pipe_look(struct str head)
{
	return pipe_is(head) ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_pipe_table_reader = { "table with | between the columns", pipe_look,
						   pipe_read };

static enum import_look perf_look(struct str head)
{
	return perf_is(head) ? LOOK_SURE : LOOK_NO;
}

const struct importer import_perf_table_reader = { "perf report", perf_look, perf_read };

static enum import_look elastic_look(struct str head)
{
	return elastic_is(head) ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_elastic_table_reader = { "Elastic list of functions", elastic_look,
						      elastic_read };
