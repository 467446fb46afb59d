/*
 * Tables of tools whose heading is known: numbers in columns, then a name to the end of the line.
 * What each character of `columns` means is told at read_numbers. Tables that are not here are read
 * by their headings' words, or without any (import_grid.c).
 */
#include "samples/import.h"

#include <string.h>

#include "samples/paste_table.h"

enum { MAX_HEADER_BYTES = 400 };

struct layout {
	const char *format, *event;
	const char *header;  /* its words; "*" is any word */
	const char *columns; /* S s T t c -: see read_numbers; those behind '|' may be absent */
	paste_name_reader *name;
	const char *skip; /* a name that is the sum of the others */
};

static const struct layout layouts[] = {
	{ "pprof", "CPU", "flat flat% sum% cum cum%", "sS-tT", paste_name_pprof, NULL },
	{ "cProfile", "time", "ncalls tottime percall cumtime percall filename:lineno(function)",
	  "cs-t-", paste_name_pstats, NULL },
	{ "strace -c", "time in system calls", "% time seconds usecs/call calls errors syscall",
	  "Ss-c|-", paste_name_plain, "total" },
	{ "ltrace -c", "time in library calls", "% time seconds usecs/call calls function", "Ss-c",
	  paste_name_plain, "total" },
	{ "py-spy top", "CPU", "%Own %Total OwnTime TotalTime Function", "STst", paste_name_place,
	  NULL },
	{ "stackprof", "CPU", "TOTAL (pct) SAMPLES (pct) FRAME", "tTsS", paste_name_place, NULL },
	{ "rbspy", "CPU", "% self % total name", "ST", paste_name_place, NULL },
	{ "opreport", "CPU", "samples % image name symbol name", "sS", paste_name_owned, NULL },
	{ "opreport", "CPU", "samples % app name symbol name", "sS", paste_name_owned, NULL },
	{ "opreport", "CPU", "samples % image name app name symbol name", "sS", paste_name_owned,
	  NULL },
	{ "opreport", "CPU", "samples % linenr info image name symbol name", "sS", paste_name_owned,
	  NULL },
	{ "opreport", "CPU", "samples % symbol name", "sS", paste_name_plain, NULL },
	{ "opreport", "CPU", "vma samples % image name symbol name", "-sS", paste_name_owned,
	  NULL },
	{ "hprof", "CPU", "rank self accum count trace method", "-S-c-", paste_name_plain, NULL },
	{ "async-profiler", "CPU", "ns percent samples top", "sS-", paste_name_plain, NULL },
	{ "async-profiler", "CPU", "percent samples top", "Ss", paste_name_plain, NULL },
	{ "dprofpp", "CPU", "%Time ExclSec CumulS #Calls sec/call Csec/c Name", "Sstc--",
	  paste_name_plain, NULL },
	{ "node --prof-process", "CPU", "ticks total nonlib name", "sS|-", paste_name_v8, NULL },
	{ "callgrind_annotate", "instructions", "Ir file:function", "s|S", paste_name_callgrind,
	  NULL },
};

/* How far the words of `line` are those of the heading; what follows them does not count. */
static bool is_header(struct str line, const char *header)
{
	struct str wanted = str_from(header), word, given;

	if (line.len > MAX_HEADER_BYTES)
		return false;
	while (str_next_word(&wanted, &word))
		if (!str_next_word(&line, &given) || !(str_is(word, "*") || str_eq(word, given)))
			return false;
	return true;
}

static const struct layout *find_layout(struct str line)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (is_header(line, layouts[i].header))
			return &layouts[i];
	return NULL;
}

static bool next_number(struct str *line, struct str *ret)
{
	struct str rest = str_trim(*line);

	/* "( 3.52%)" is one word to the eye */
	if (rest.len > 2 && rest.ptr[0] == '(' && rest.ptr[1] == ' ') {
		ptrdiff_t end = str_find(rest, STR(")"));

		if (end < 0 || end > 20)
			return false;
		*ret = str_trim((struct str){ rest.ptr + 1, (size_t)end - 1 });
		*line = (struct str){ rest.ptr + end + 1, rest.len - (size_t)end - 1 };
		return true;
	}
	return str_next_word(line, ret);
}

/*
 * S, T: share of its own time and with callees; s, t: the same as an amount; c: calls; -: a number
 * that is not used.
 */
static bool read_numbers(struct str *line, const char *columns, struct paste_table_row *ret)
{
	bool is_optional = false;

	for (; *columns; columns++) {
		struct str rest = *line, word;
		enum paste_unit unit;
		double value;

		if (*columns == '|') {
			is_optional = true;
			continue;
		}
		if (!next_number(&rest, &word) || !paste_number(word, &value, &unit)) {
			if (is_optional)
				return true;
			return false;
		}
		*line = rest;
		if (is_optional && unit == PASTE_PLAIN && strchr("ST", *columns))
			return false;
		if (*columns == 'S')
			ret->row.self = value / 100;
		else if (*columns == 'T')
			ret->row.children = value / 100;
		else if (*columns == 's')
			ret->self_value = value;
		else if (*columns == 't')
			ret->total = value;
		else if (*columns == 'c')
			ret->row.calls = (uint64_t)value;
	}
	return true;
}

static bool read_row(struct str line, const struct layout *layout, struct paste_table_row *ret)
{
	*ret = (struct paste_table_row){ .row = { .self = -1, .children = -1 },
					 .self_value = -1,
					 .total = -1 };
	line = str_trim(line);
	if (!read_numbers(&line, layout->columns, ret) || !str_trim(line).len)
		return false;
	layout->name(line, &ret->row);
	ret->row.symbol = paste_name(ret->row.symbol);
	return true;
}

static bool is_drawn(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!strchr("-=_+*. \t", line.ptr[i]))
			return false;
	return true;
}

/* "Fri Nov 20 12:10:10 2026    p.pstats" */
static bool is_date(struct str line)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	struct str word;

	if (!str_next_word(&line, &word))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(days); i++)
		if (str_is(word, days[i]))
			return str_find(line, STR(":")) > 0;
	return false;
}

/* What these tools print around their tables. */
static bool is_chatter(struct str line)
{
	static const char *const leads[] = {
		"File:",
		"Type:",
		"Time:",
		"Duration:",
		"Showing",
		"Dropped",
		"Ordered by",
		"Random listing",
		"List reduced",
		"Main binary",
		"Build ID",
		"Entering",
		"(pprof)",
		"Mode:",
		"Samples:",
		"GC:",
		"CPU: ",
		"Counted",
		"CPU SAMPLES",
		"Profiling through",
		"Total",
		"Collecting",
		"GIL:",
		"Threads",
		"Profile",
		"Collector",
		"Events recorded",
		"Events shown",
		"Event sort",
		"Thresholds",
		"Include dirs",
		"User annotated",
		"Auto-annotation",
		"I1 cache",
		"D1 cache",
		"LL cache",
		"Timerange",
		"Trigger",
		"Profiled target",
		"Statistical profiling",
		"strace:",
		"[",
		"ticks",
		"---",
	};

	line = str_trim(line);
	/* callgrind names its events above each of its tables */
	if (is_drawn(line) || str_is(line, "Ir") || str_starts_with(line, STR("Ir ")))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return is_date(line) || str_find(line, STR(" function calls")) > 0 ||
	       str_find(line, STR(" shown")) > 0;
}

struct reader {
	struct paste_table table;
	const struct layout *layout;
	bool skip_section;
};

/*
 * "4000 function calls (3900 primitive calls) in 1.234 seconds", "Total: 30 samples",
 * "1,234,567 (100.0%)  PROGRAM TOTALS": the whole that shares are of.
 */
static bool read_whole(struct reader *reader, struct str line)
{
	ptrdiff_t in = str_find(line, STR(" in "));
	enum paste_unit unit;
	struct str word;
	double value;

	line = str_trim(line);
	if (str_find(line, STR("PROGRAM TOTALS")) > 0) {
		in = 0;
	} else if (in > 0 && str_find(line, STR(" function calls")) > 0) {
		in = str_find(line, STR(" in ")) + 4;
	} else {
		return false;
	}
	line = (struct str){ line.ptr + in, line.len - (size_t)in };
	if (str_next_word(&line, &word) && paste_number(word, &value, &unit))
		reader->table.whole = value;
	return true;
}

/* gperftools' pprof --text has no heading but this, and pprof's columns */
static bool is_gperftools(struct str line)
{
	struct str word;
	uint64_t samples;

	return str_next_word(&line, &word) && str_is(word, "Total:") &&
	       str_next_word(&line, &word) && str_to_u64(word, &samples) &&
	       str_next_word(&line, &word) && str_is(word, "samples");
}

/*
 * Sections of node --prof-process: its summary counts what the others list, and its tree begins
 * where the tables end.
 */
static bool is_section(struct str line)
{
	line = str_trim(line);
	return line.ptr[0] == '[' || str_starts_with(line, STR("-- Auto-annotated source"));
}

static void read_section(struct reader *reader, struct str line)
{
	reader->skip_section = str_find(line, STR("[Summary]")) >= 0 ||
			       str_find(line, STR("[Bottom up")) >= 0 ||
			       str_find(line, STR("[C++ entry")) >= 0 ||
			       str_find(line, STR("-- Auto-annotated")) >= 0;
}

static void begin_layout(struct reader *reader, const struct layout *layout)
{
	/* one profile may hold several tables of a tool: node's sections are parts of one */
	if (reader->layout && reader->layout != layout)
		paste_table_finish(&reader->table);
	reader->layout = layout;
	reader->table.event = layout->event;
	reader->table.profile->format = layout->format;
}

static void read_line(struct reader *reader, struct str line)
{
	const struct layout *layout = find_layout(line);
	struct paste_table_row row;

	if (!str_trim(line).len)
		return;
	if (!layout && is_gperftools(str_trim(line)))
		layout = &layouts[0];
	if (layout) {
		begin_layout(reader, layout);
	} else if (is_section(line)) {
		read_section(reader, line);
	} else if (read_whole(reader, line)) {
		return;
	} else if (reader->skip_section) {
		return;
	} else if (reader->layout && read_row(line, reader->layout, &row)) {
		if (!reader->layout->skip || !str_is(row.row.symbol, reader->layout->skip))
			paste_table_add(&reader->table, &row);
	} else if (!is_chatter(line)) {
		import_ignore(reader->table.profile, line);
	}
}

static void read_columns(struct profile *profile, struct str text)
{
	struct reader reader = { .table.profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	paste_table_finish(&reader.table);
}

static enum import_look look(struct str head)
{
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++)
		if (find_layout(line) || is_gperftools(str_trim(line)))
			return LOOK_SURE;
	return LOOK_NO;
}

const struct importer import_columns_reader = { "table", look, read_columns };
