/*
 * The output of free, in its layouts since procps 2, and of swapon and /proc/swaps. free prints no
 * unit (-b, -k, -m and -g look the same), so that it is worked out from the figures: those in KiB
 * are multiples of a page.
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/sheet.h"

enum { TOTAL, USED, FREE, SHARED, BUFFERS, CACHE, AVAILABLE, VALUES };

struct free_report {
	double value[VALUES], swap[3];
	bool has[VALUES], has_swap, has_units;
	uint32_t line, swap_line;
};

struct free_text {
	struct parse *parse;
	struct cells cells;
	unsigned layout[8]; /* what the columns of "Mem:" are */
	size_t columns;
	struct free_report first, report;
	uint32_t reports;
};

static bool header_read(struct free_text *text)
{
	static const unsigned modern[] = { TOTAL, USED, FREE, SHARED, CACHE, AVAILABLE };
	static const unsigned wide[] = { TOTAL, USED, FREE, SHARED, BUFFERS, CACHE, AVAILABLE };
	const struct cells *cells = &text->cells;
	double number;
	size_t count = cells->count;

	if (count < 6 || count > 7)
		return false;
	for (size_t i = 0; i < count; i++)
		if (cell_size(cells->at[i], 1, 1024, &number))
			return false;
	memcpy(text->layout, wide, sizeof(wide));
	if (count == 6 && !str_is(cells->at[5], "cached"))
		memcpy(text->layout, modern, sizeof(modern));
	text->columns = count;
	return true;
}

static bool row_read(struct free_text *text, struct str line)
{
	struct cells *cells = &text->cells;
	struct free_report *report = &text->report;
	double values[8];
	size_t count = 0;
	bool is_first = text->columns && !report->line, has_units = false;
	ptrdiff_t colon = str_find(line, STR(":"));

	/* the label may hold blanks; "-/+ buffers/cache:" tells what is left with the cache given
	 * back */
	if (!text->columns || colon < 0)
		return false;
	cells_split((struct str){ line.ptr + colon + 1, line.len - (size_t)colon - 1 }, cells);
	for (; count < cells->count && count < 8; count++) {
		struct str cell = cells->at[count];

		has_units |= cell.len && strchr("BKMGTPEi", cell.ptr[cell.len - 1]);
		if (!cell_size(cell, 1, 1024, &values[count]))
			return false;
	}
	if (str_starts_with(line, STR("-/+"))) {
		if (count == 2 && report->line) {
			report->value[AVAILABLE] = values[1];
			report->has[AVAILABLE] = true;
		}
		return count == 2;
	}
	if (count < 3)
		return false;
	report->has_units |= has_units;
	if (is_first) {
		report->line = text->parse->line;
		for (size_t i = 0; i < MIN(count, text->columns); i++) {
			report->value[text->layout[i]] = values[i];
			report->has[text->layout[i]] = true;
		}
	} else if (count == 3 && !str_starts_with(line, STR("Low")) &&
		   !str_starts_with(line, STR("High")) && !str_starts_with(line, STR("Total")) &&
		   !str_starts_with(line, STR("Comm"))) {
		memcpy(report->swap, values, sizeof(report->swap));
		report->has_swap = true;
		report->swap_line = text->parse->line;
	}
	return true;
}

/* Bytes in one of free's units: -k where all are whole pages. */
static double unit_of(const struct free_report *report)
{
	double total = report->value[TOTAL];
	bool are_pages = fmod(total, 4) == 0 && fmod(report->value[FREE], 4) == 0;

	if (report->has_units)
		return 1;
	if (total < 256)
		return 1 << 30;
	if (total < 200000 || !are_pages)
		return 1 << 20;
	return total >= 1e8 && fmod(total, 4096) == 0 && fmod(report->value[FREE], 4096) == 0
		       ? 1
		       : 1024;
}

static void report_end(struct free_text *text)
{
	if (!text->report.line)
		return;
	if (!text->reports++)
		text->first = text->report;
}

static void tell_free(struct free_text *text)
{
	static const char *const names[VALUES] = { "memory_total",    "memory_used",
						   "memory_free",     "memory_shared",
						   "memory_buffers",  "memory_cache",
						   "memory_available" };
	static const char *const swap[] = { "swap_total", "swap_used", "swap_free" };
	const struct free_report *last = &text->report, *first = &text->first;
	struct parse *parse = text->parse;
	struct entity host = parse_host(parse);
	double unit = unit_of(last);

	if (!last->line)
		return;
	for (size_t i = 0; i < VALUES; i++)
		if (last->has[i]) {
			uint32_t row = parse_number(parse, host, names[i], last->value[i] * unit,
						    "bytes", last->line);

			if (!last->has_units)
				parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
		}
	for (size_t i = 0; i < 3 && last->has_swap; i++)
		parse_number(parse, host, swap[i], last->swap[i] * unit, "bytes", last->swap_line);
	if (text->reports < 2)
		return;
	parse_number(parse, host, "available_loss",
		     (first->value[AVAILABLE] - last->value[AVAILABLE]) * unit, "bytes",
		     last->line);
	parse_number(parse, host, "swap_growth", (last->swap[1] - first->swap[1]) * unit, "bytes",
		     last->swap_line);
}

static void free_parse(struct parse *parse)
{
	auto_free struct free_text *text = x_calloc(1, sizeof(*text));
	struct str line;

	text->parse = parse;
	while (parse_next_line(parse, &line)) {
		cells_split(line, &text->cells);
		if (!text->cells.count)
			continue;
		if (header_read(text)) {
			report_end(text);
			text->report = (struct free_report){ 0 };
		} else if (!row_read(text, line)) {
			parse_unknown(parse, line);
		}
	}
	report_end(text);
	strbuf_add_text(&parse->format, "free");
	if (text->reports > 1)
		strbuf_addf(&parse->format, ", %u readings", text->reports);
	tell_free(text);
}

static unsigned free_looks(struct str input)
{
	auto_free struct free_text *text = x_calloc(1, sizeof(*text));
	struct parse parse = { .line = 1 };
	struct str line;

	text->parse = &parse;
	for (int i = 0; i < 6 && str_next_line(&input, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		cells_split(strbuf_str(&plain), &text->cells);
		if (text->cells.count && !text->columns) {
			if (!header_read(text) && i)
				return 0;
			continue;
		}
		if (row_read(text, strbuf_str(&plain)))
			return str_starts_with(strbuf_str(&plain), STR("Mem:")) ? 2 : 1;
	}
	return 0;
}

const struct host_parser free_parser = { "free", free_looks, free_parse };

/* ---- swapon, /proc/swaps */

struct swaps {
	size_t size, used; /* which column */
	bool is_header;
};

static struct swaps swaps_header(const struct cells *cells)
{
	struct swaps swaps = { 0 };
	bool has_name = cells->count > 2 &&
			(str_is(cells->at[0], "NAME") || str_is(cells->at[0], "Filename"));

	for (size_t i = 0; i < cells->count && has_name; i++) {
		if (str_is(cells->at[i], "SIZE") || str_is(cells->at[i], "Size"))
			swaps.size = i;
		if (str_is(cells->at[i], "USED") || str_is(cells->at[i], "Used"))
			swaps.used = i;
	}
	swaps.is_header = swaps.size && swaps.used;
	return swaps;
}

static void swapon_parse(struct parse *parse)
{
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	struct entity host = parse_host(parse);
	struct swaps swaps = { 0 };
	double total = 0, all_used = 0;
	uint32_t last_line = 0;
	struct str line;

	while (parse_next_line(parse, &line)) {
		struct swaps header;
		double size, used;

		cells_split(line, cells);
		if (!cells->count)
			continue;
		header = swaps_header(cells);
		if (header.is_header) {
			swaps = header;
			total = all_used = 0;
		} else if (swaps.is_header && cells->count > MAX(swaps.size, swaps.used) &&
			   cell_size(cells->at[swaps.size], 1024, 1024, &size) &&
			   cell_size(cells->at[swaps.used], 1024, 1024, &used)) {
			total += size;
			all_used += used;
			last_line = parse->line;
		} else {
			parse_unknown(parse, line);
		}
	}
	strbuf_add_text(&parse->format, "swapon");
	parse_number(parse, host, "swap_total", total, "bytes", last_line);
	parse_number(parse, host, "swap_used", all_used, "bytes", last_line);
	parse_number(parse, host, "swap_free", total - all_used, "bytes", last_line);
}

static unsigned swapon_looks(struct str text)
{
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	struct str line;

	if (!str_next_line(&text, &line))
		return 0;
	cells_split((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, cells);
	return swaps_header(cells).is_header ? 2 : 0;
}

const struct host_parser swapon_parser = { "swapon", swapon_looks, swapon_parse };
