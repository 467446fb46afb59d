/* Time or events beside the source: pprof -list, line_profiler, cg_annotate, callgrind_annotate. */
#include <ctype.h>
#include <string.h>

#include "source/reader.h"

static struct str after(struct str text, size_t bytes)
{
	return (struct str){ text.ptr + bytes, text.len - bytes };
}

static bool has_line_with(struct str text, struct str start)
{
	struct str line;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++)
		if (str_starts_with(str_trim(line), start))
			return true;
	return false;
}

/* ---- pprof -list */

static bool is_pprof(struct str text)
{
	return has_line_with(text, STR("ROUTINE ========"));
}

/* "1.20s" "150ms" "12.5us" "." "3MB" "12"; what a word that begins with a figure may end with. */
static bool take_value(struct str word, double *ret, bool *ret_is_time)
{
	static const struct {
		const char *name;
		double factor;
		bool is_time;
	} units[] = { { "s", 1, true },		{ "ms", 1e-3, true },
		      { "us", 1e-6, true },	{ "\xc2\xb5s", 1e-6, true },
		      { "ns", 1e-9, true },	{ "mins", 60, true },
		      { "hrs", 3600, true },	{ "B", 1, false },
		      { "kB", 1 << 10, false }, { "MB", 1 << 20, false },
		      { "GB", 1 << 30, false }, { "", 1, false } };

	if (str_is(word, ".")) {
		*ret = 0;
		return true;
	}
	if (!word.len || !isdigit((unsigned char)*word.ptr))
		return false;
	/* "12k" of reader_number would take the k of kB */
	for (size_t i = 0; i < word.len; i++) {
		struct str number = { word.ptr, i + 1 }, unit = after(word, i + 1);

		if (i + 1 < word.len &&
		    (isdigit((unsigned char)word.ptr[i + 1]) || word.ptr[i + 1] == '.'))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(units); k++)
			if (str_is(unit, units[k].name) && str_to_double(number, ret)) {
				*ret *= units[k].factor;
				*ret_is_time |= units[k].is_time;
				return true;
			}
		return false;
	}
	return false;
}

static void begin_routine(struct listing *listing, struct str line)
{
	struct str word, rest = line, name = STR(""), file = STR("");
	ptrdiff_t in = str_find(line, STR(" in "));

	str_next_word(&rest, &word);
	str_next_word(&rest, &word);
	name = str_trim(rest);
	if (in > 0) {
		file = str_trim(after(line, (size_t)in + 4));
		name = str_trim((struct str){ rest.ptr, (size_t)(line.ptr + in - rest.ptr) });
	}
	listing_begin(listing, name, file, STR(""));
}

static void read_pprof(struct listing *listing, struct str text)
{
	bool is_time = false;
	struct str line;

	listing->format = "pprof -list";
	while (str_next_line(&text, &line)) {
		struct str flat, cum, rest = line;
		double cost, all;
		uint32_t number;

		if (str_starts_with(line, STR("ROUTINE ========"))) {
			begin_routine(listing, line);
			continue;
		}
		if (str_starts_with(line, STR("Total:")) || !str_trim(line).len ||
		    str_find(line, STR("(flat, cum)")) > 0)
			continue;
		if (!str_next_word(&rest, &flat) || !str_next_word(&rest, &cum) ||
		    !take_value(flat, &cost, &is_time) || !take_value(cum, &all, &is_time)) {
			listing_ignore(listing, line);
			continue;
		}
		rest = reader_skip_blanks(rest);
		if (!reader_decimal(&rest, &number) || !rest.len || *rest.ptr != ':') {
			listing_ignore(listing, line);
			continue;
		}
		listing_add(listing, LISTING_SOURCE, after(rest, 1), cost)->number = number;
	}
	listing->unit = is_time ? LISTING_TIME : LISTING_SAMPLES;
}

const struct reader reader_pprof = { is_pprof, read_pprof };

/* ---- line_profiler */

static bool is_line_profiler(struct str text)
{
	return has_line_with(text, STR("Line #      Hits"));
}

/* The columns end where the words of the heading do: Line #, Hits, Time, Per Hit, % Time. */
static void read_line_profiler(struct listing *listing, struct str text)
{
	struct str line, file = STR(""), name = STR("");
	size_t contents = 0;
	double timer = 1e-6;

	listing->format = "line_profiler";
	listing->unit = LISTING_TIME;
	while (str_next_line(&text, &line)) {
		struct str rest = reader_skip_blanks(line), head = line, word;
		ptrdiff_t at = str_find(line, STR("Line Contents"));
		double hits = 0, cost = -1;
		uint32_t number;

		if (str_starts_with(line, STR("Timer unit: "))) {
			head = after(line, 12);
			str_next_word(&head, &word);
			str_to_double(word, &timer);
		} else if (str_starts_with(line, STR("File: "))) {
			file = str_trim(after(line, 6));
		} else if (str_starts_with(line, STR("Function: "))) {
			head = after(line, 10);
			str_next_word(&head, &name);
		} else if (at > 0 && str_starts_with(rest, STR("Line #"))) {
			contents = (size_t)at;
			listing_begin(listing, name, file, STR(""));
		} else if (contents && reader_decimal(&rest, &number)) {
			struct str columns = { rest.ptr, 0 };

			if ((size_t)(rest.ptr - line.ptr) < MIN(contents, line.len))
				columns.len =
					MIN(contents, line.len) - (size_t)(rest.ptr - line.ptr);
			columns = reader_skip_blanks(columns);
			if (reader_number(&columns, &hits)) {
				columns = reader_skip_blanks(columns);
				if (!reader_number(&columns, &cost))
					cost = -1;
			}
			listing_add(listing, LISTING_SOURCE,
				    line.len > contents ? after(line, contents) : STR(""),
				    cost < 0 ? cost : cost * timer)
				->number = number;
		} else if (str_trim(line).len && !str_starts_with(line, STR("=====")) &&
			   !str_starts_with(line, STR("Total time:")) &&
			   !str_starts_with(line, STR("Wrote profile"))) {
			listing_ignore(listing, line);
		}
	}
}

const struct reader reader_line_profiler = { is_line_profiler, read_line_profiler };

/* ---- cg_annotate, callgrind_annotate */

enum { MAX_COLUMNS = 32 };

static bool is_grind(struct str text)
{
	return has_line_with(text, STR("-- Auto-annotated source")) ||
	       has_line_with(text, STR("-- User-annotated source")) ||
	       (has_line_with(text, STR("Events shown:")) && has_line_with(text, STR("Ir")));
}

/* "12,345 (98.00%)", "0", "."; the share of a figure belongs to it. */
static bool take_column(struct str *text, double *ret)
{
	struct str rest = reader_skip_blanks(*text), blanks;

	if (rest.len && *rest.ptr == '.' &&
	    (rest.len == 1 || isspace((unsigned char)rest.ptr[1]))) {
		*ret = -1;
		*text = after(rest, 1);
		return true;
	}
	if (!rest.len || !isdigit((unsigned char)*rest.ptr) || !reader_number(&rest, ret))
		return false;
	blanks = reader_skip_blanks(rest);
	if (blanks.len && *blanks.ptr == '(') {
		const char *close = memchr(blanks.ptr, ')', MIN(blanks.len, (size_t)12));

		if (close && close[-1] == '%')
			rest = after(blanks, (size_t)(close - blanks.ptr) + 1);
	}
	*text = rest;
	return true;
}

struct grind {
	struct listing *listing;
	unsigned columns;
	bool in_source;
	uint32_t number;
	size_t calls; /* lines of callgrind that tell what was called */
};

static void grind_events(struct grind *g, struct str names)
{
	struct str word, rest = names;

	if (!str_next_word(&rest, &word))
		return;
	g->listing->event = listing_intern(g->listing, word);
	for (g->columns = 1; g->columns < MAX_COLUMNS && str_next_word(&rest, &word);)
		g->columns++;
}

static void grind_line(struct grind *g, struct str line)
{
	struct str rest = line;
	double cost = -1, other;
	struct str code;

	if (str_starts_with(line, STR("-- line "))) {
		rest = after(line, 8);
		if (reader_decimal(&rest, &g->number))
			g->number--;
		return;
	}
	if (!take_column(&rest, &cost))
		return;
	for (unsigned i = 1; i < g->columns; i++)
		if (!take_column(&rest, &other))
			return;
	/* the column is filled with blanks; the code's own indentation is of tabs or lost with them
	 */
	code = rest;
	while (code.len && *code.ptr == ' ')
		code = after(code, 1);
	if (str_starts_with(code, STR("=> "))) {
		g->calls++;
		return;
	}
	g->number++;
	listing_add(g->listing, LISTING_SOURCE, code, cost)->number = g->number;
}

static void read_grind(struct listing *listing, struct str text)
{
	struct grind g = { .listing = listing, .columns = 1 };
	struct str line;

	listing->format = has_line_with(text, STR("Profile data file")) ? "callgrind_annotate"
									: "cg_annotate";
	listing->unit = LISTING_EVENTS;
	while (str_next_line(&text, &line)) {
		struct str trimmed = str_trim(line);

		if (str_starts_with(line, STR("Events shown:"))) {
			grind_events(&g, after(line, 13));
		} else if (str_starts_with(line, STR("-- Auto-annotated source")) ||
			   str_starts_with(line, STR("-- User-annotated source"))) {
			struct str head, file;

			str_cut(line, ':', &head, &file);
			listing_begin(listing, STR(""), str_trim(file), STR(""));
			g.in_source = true;
			g.number = 0;
		} else if (str_starts_with(line, STR("The following files chosen for"))) {
			g.in_source = false;
		} else if (g.in_source && str_find(trimmed, STR("events annotated")) >= 0) {
			g.in_source = false;
		} else if (g.in_source && trimmed.len && *line.ptr != '-') {
			grind_line(&g, line);
		} else if (g.in_source && str_starts_with(line, STR("-- line "))) {
			grind_line(&g, line);
		}
	}
}

const struct reader reader_grind = { is_grind, read_grind };
