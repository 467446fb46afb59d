/*
 * The output of vmstat: its table (also -a, -w, -t), its counters (-s) and its disks (-d). The
 * first line of the table is since boot, apart from memory and the run queue; it is left out where
 * others follow, and else its rates are called *_since_boot. -s and -d are since boot altogether.
 */
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/sheet.h"

enum { MAX_COLUMNS = 32 };

static const struct vmstat_column {
	const char *heading, *fact, *unit;
	double factor;
	enum sum_how how;
} columns[] = {
	{ "r", "tasks_running", "tasks", 1, SUM_MEAN },
	{ "b", "tasks_blocked", "tasks", 1, SUM_MEAN },
	{ "swpd", "swap_used", "bytes", 1024, SUM_LAST },
	{ "free", "memory_free", "bytes", 1024, SUM_LAST },
	{ "buff", "memory_buffers", "bytes", 1024, SUM_LAST },
	{ "cache", "memory_cache", "bytes", 1024, SUM_LAST },
	{ "inact", "memory_inactive", "bytes", 1024, SUM_LAST },
	{ "active", "memory_active", "bytes", 1024, SUM_LAST },
	{ "si", "swap_in", "pages_per_s", 0.25, SUM_MEAN }, /* KiB, of pages of 4 */
	{ "so", "swap_out", "pages_per_s", 0.25, SUM_MEAN },
	{ "bi", "blocks_in", "bytes_per_s", 1024, SUM_MEAN },
	{ "bo", "blocks_out", "bytes_per_s", 1024, SUM_MEAN },
	{ "in", "interrupts", "per_s", 1, SUM_MEAN },
	{ "cs", "context_switches", "per_s", 1, SUM_MEAN },
	{ "us", "cpu_user", "ratio", 0.01, SUM_MEAN },
	{ "sy", "cpu_system", "ratio", 0.01, SUM_MEAN },
	{ "id", "cpu_idle", "ratio", 0.01, SUM_MEAN },
	{ "wa", "cpu_iowait", "ratio", 0.01, SUM_MEAN },
	{ "st", "cpu_steal", "ratio", 0.01, SUM_MEAN },
	{ "gu", "cpu_guest", "ratio", 0.01, SUM_MEAN },
};

enum { R, B, SWPD, IDLE = 16, IOWAIT = 17 };

struct vmstat {
	struct parse *parse;
	uint8_t column[MAX_COLUMNS]; /* + 1; 0 = none of ours */
	size_t count;		     /* columns; 0 = no header was seen */
	struct sum_cell cells[ARRAY_SIZE(columns)];
	struct sum_cell boot[ARRAY_SIZE(columns)]; /* of the first line */
	uint32_t samples;
	double first_s, last_s; /* -t; -1 = none */
};

/* "r b swpd free ..." in any language: only the headings matter. */
static bool header_read(struct vmstat *vmstat, const struct cells *cells)
{
	size_t known = 0;
	uint8_t column[MAX_COLUMNS] = { 0 };

	if (cells->count < 10 || cells->count > MAX_COLUMNS || cells->at[0].len > 2)
		return false;
	for (size_t i = 0; i < cells->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(columns); k++)
			if (str_is(cells->at[i], columns[k].heading)) {
				column[i] = (uint8_t)(k + 1);
				known++;
			}
	if (known < 10)
		return false;
	memcpy(vmstat->column, column, sizeof(column));
	/* -t: the name of a time zone is the last heading, two words in the rows */
	vmstat->count = cells->count - !column[cells->count - 1];
	return true;
}

static bool is_banner(const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		if (str_find(cells->at[i], STR("---")) >= 0)
			return true;
	return false;
}

static bool row_read(struct vmstat *vmstat, const struct cells *cells)
{
	double values[MAX_COLUMNS], seconds;

	if (cells->count < vmstat->count || !vmstat->count)
		return false;
	for (size_t i = 0; i < vmstat->count; i++)
		if (!cell_number(cells->at[i], &values[i]))
			return false;
	if (vmstat->samples++ == 1) {
		memcpy(vmstat->boot, vmstat->cells, sizeof(vmstat->boot));
		memset(vmstat->cells, 0, sizeof(vmstat->cells));
	}
	for (size_t i = 0; i < vmstat->count; i++) {
		size_t k = vmstat->column[i];

		if (k)
			sum_add(&vmstat->cells[k - 1], values[i] * columns[k - 1].factor,
				vmstat->parse->line);
	}
	for (size_t i = vmstat->count; i < cells->count; i++)
		if (cell_clock(cells->at[i], &seconds)) {
			if (vmstat->samples == 1)
				vmstat->first_s = seconds;
			vmstat->last_s = seconds;
		}
	return true;
}

/* ---- -s: "     24684092 K total memory" */

static bool counter_read(struct vmstat *vmstat, const struct cells *cells, struct str line)
{
	static const struct {
		const char *text, *fact, *unit;
		double factor;
	} counters[] = {
		{ "K total memory", "memory_total", "bytes", 1024 },
		{ "K used memory", "memory_used", "bytes", 1024 },
		{ "K free memory", "memory_free", "bytes", 1024 },
		{ "K buffer memory", "memory_buffers", "bytes", 1024 },
		{ "K swap cache", "memory_cache", "bytes", 1024 },
		{ "K total swap", "swap_total", "bytes", 1024 },
		{ "K used swap", "swap_used", "bytes", 1024 },
		{ "K free swap", "swap_free", "bytes", 1024 },
		{ "pages swapped in", "swap_in_total", "pages", 1 },
		{ "pages swapped out", "swap_out_total", "pages", 1 },
		{ "interrupts", "interrupts_total", "", 1 },
		{ "CPU context switches", "context_switches_total", "", 1 },
		{ "forks", "forks_total", "", 1 },
	};
	struct str text;
	double number;

	if (cells->count < 2 || !cell_number(cells->at[0], &number))
		return false;
	text = cells_rest(cells, 1, line);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (str_is(text, counters[i].text)) {
			parse_number(vmstat->parse, parse_host(vmstat->parse), counters[i].fact,
				     number * counters[i].factor, counters[i].unit,
				     vmstat->parse->line);
			return true;
		}
	/* "non-nice user cpu ticks", "K paged in", "boot time": known, and no fact */
	return str_ends_with(text, STR("ticks")) || str_starts_with(text, STR("K ")) ||
	       str_is(text, "boot time") || str_is(text, "pages paged in") ||
	       str_is(text, "pages paged out");
}

/* ---- -d: "sda 15257 100 841035 8395 50851 5502 1648657 146540 0 44", since boot */

static bool disk_read(struct vmstat *vmstat, const struct cells *cells)
{
	double numbers[10];
	auto_free char *name = NULL;
	struct entity disk;

	if (cells->count != 11)
		return false;
	for (size_t i = 0; i < 10; i++)
		if (!cell_number(cells->at[i + 1], &numbers[i]))
			return false;
	name = x_strndup(cells->at[0].ptr, cells->at[0].len);
	disk = facts_entity(vmstat->parse->facts, "disk", name);
	parse_number(vmstat->parse, disk, "reads_total", numbers[0], "", vmstat->parse->line);
	parse_number(vmstat->parse, disk, "writes_total", numbers[4], "", vmstat->parse->line);
	parse_number(vmstat->parse, disk, "in_flight", numbers[8], "", vmstat->parse->line);
	if (numbers[0] > 0)
		parse_number(vmstat->parse, disk, "read_wait_since_boot",
			     numbers[3] / numbers[0] * 1e6, "ns", vmstat->parse->line);
	if (numbers[4] > 0)
		parse_number(vmstat->parse, disk, "write_wait_since_boot",
			     numbers[7] / numbers[4] * 1e6, "ns", vmstat->parse->line);
	return true;
}

/* ---- facts */

static void tell_columns(const struct vmstat *vmstat, struct entity host)
{
	struct parse *parse = vmstat->parse;

	for (size_t k = 0; k < ARRAY_SIZE(columns); k++) {
		const struct vmstat_column *column = &columns[k];
		bool is_boot = vmstat->samples == 1 && column->how == SUM_MEAN && k > B;
		auto_free char *name =
			x_asprintf("%s%s", column->fact, is_boot ? "_since_boot" : "");
		double value;
		uint32_t row;

		if (!sum_value(&vmstat->cells[k], column->how, 0, &value))
			continue;
		row = parse_number(parse, host, name, value, column->unit, vmstat->cells[k].line);
		parse->facts->facts.items[row].n = vmstat->cells[k].count;
	}
}

static void tell(const struct vmstat *vmstat)
{
	struct parse *parse = vmstat->parse;
	struct entity host = parse_host(parse);
	const struct sum_cell *swapped = &vmstat->cells[SWPD];
	double idle, iowait = 0, window = vmstat->last_s - vmstat->first_s;
	uint32_t row;

	if (!vmstat->samples)
		return;
	tell_columns(vmstat, host);
	parse_number(parse, host, "frames", vmstat->samples, "readings", 1);
	if (vmstat->samples < 2)
		return;
	if (vmstat->last_s >= 0 && window != 0)
		parse_number(parse, host, "window", (window < 0 ? window + 86400 : window) * 1e9,
			     "ns", vmstat->parse->line);
	if (swapped->count)
		parse_number(parse, host, "swap_growth", swapped->last - vmstat->boot[SWPD].first,
			     "bytes", swapped->line);
	sum_value(&vmstat->cells[IOWAIT], SUM_MEAN, 0, &iowait);
	if (!sum_value(&vmstat->cells[IDLE], SUM_MEAN, 0, &idle))
		return;
	row = parse_number(parse, host, "cpu_busy", MAX(1 - idle - iowait, 0), "ratio",
			   vmstat->cells[IDLE].line);
	parse->facts->facts.items[row].flags |= FACT_DERIVED;
}

static void vmstat_parse(struct parse *parse)
{
	struct vmstat vmstat = { .parse = parse, .first_s = -1, .last_s = -1 };
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	const char *form = "";
	struct str line;

	while (parse_next_line(parse, &line)) {
		cells_split(line, cells);
		if (row_read(&vmstat, cells) || !cells->count || is_banner(cells) ||
		    header_read(&vmstat, cells))
			continue;
		if (counter_read(&vmstat, cells, line))
			form = " -s";
		else if (disk_read(&vmstat, cells))
			form = " -d";
		else if (!str_starts_with(line, STR("       total")))
			parse_unknown(parse, line);
	}
	strbuf_addf(&parse->format, "vmstat%s", form);
	if (vmstat.samples)
		strbuf_addf(&parse->format, ", %u reading%s", vmstat.samples,
			    vmstat.samples == 1 ? "" : "s");
	tell(&vmstat);
}

static unsigned vmstat_looks(struct str text)
{
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	struct vmstat vmstat = { 0 };
	struct str line;

	for (int i = 0; i < 40 && str_next_line(&text, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		cells_split(strbuf_str(&plain), cells);
		if (header_read(&vmstat, cells))
			return 2;
		if (cells->count > 1 && str_is(cells->at[0], "disk-") &&
		    str_find(cells->at[1], STR("reads")) >= 0)
			return 2;
		if (str_is(cells_rest(cells, 1, strbuf_str(&plain)), "K total memory"))
			return 2;
	}
	return 0;
}

const struct host_parser vmstat_parser = { "vmstat", vmstat_looks, vmstat_parse };
