/* Lines of sysstat's commands: banner, headers, rows. */
#include <string.h>

#include "base/macros.h"
#include "host/sysstat.h"

enum { MOST_PREFIX_WORDS = 3 };

void sheet_reader_done(struct sheet_reader *reader)
{
	arena_done(&reader->arena);
}

static bool has_digit(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] >= '0' && word.ptr[i] <= '9')
			return true;
	return false;
}

/* A number, or one with a unit as --human prints it. */
static bool is_value(struct str cell)
{
	double number;

	if (!cell.len || !((cell.ptr[0] >= '0' && cell.ptr[0] <= '9') || cell.ptr[0] == '-'))
		return false;
	if (cell_number(cell, &number) || cell_size(cell, 1, 1024, &number))
		return true;
	return cell.ptr[cell.len - 1] == '%' &&
	       cell_number((struct str){ cell.ptr, cell.len - 1 }, &number);
}

/* "Linux 5.8.0-53-generic (ubuntu) 	12/02/2021 	_x86_64_	(2 CPU)" */
static bool banner_read(struct sheet_reader *reader, struct str line)
{
	ptrdiff_t host = str_find(line, STR("(")), cpus = str_find(line, STR(" CPU)"));
	struct str kernel;
	double number;
	size_t used, start;

	if (!str_starts_with(line, STR("Linux ")) || host < 0)
		return false;
	kernel = str_trim((struct str){ line.ptr + 6, (size_t)MAX(host - 6, 0) });
	reader->kernel = (struct str){ arena_copy(&reader->arena, kernel), kernel.len };
	if (cpus < 1)
		return true;
	for (start = (size_t)cpus; start > 0 && has_digit((struct str){ line.ptr + start - 1, 1 });)
		start--;
	if (number_scan((struct str){ line.ptr + start, (size_t)cpus - start }, &number, &used) &&
	    number >= 1 && number <= 1 << 20)
		reader->cpus = (unsigned)number;
	return true;
}

/* Time, date or "Average:" in front of the columns: how many words of it. */
static size_t prefix_words(const struct cells *cells, struct sheet_reader *reader)
{
	struct str first = cells->count ? cells->at[0] : STR("");
	size_t words = 0;

	reader->clock_s = -1;
	reader->time = STR("");
	reader->is_average = false;
	if (str_is(first, "#"))
		return 1;
	if (cell_clock(first, &reader->clock_s)) {
		reader->time = first;
		words = 1;
		/* AM and PM, in whatever language; a column's heading or a number is neither */
		if (cells->count > 1 && cells->at[1].len <= 8 && !has_digit(cells->at[1]) &&
		    (cells->at[1].len == 2 || str_ends_with(cells->at[1], STR("."))) &&
		    strchr("AaPp\xe4\xe5\xc3", cells->at[1].ptr[0])) {
			words = 2;
			reader->time.len =
				(size_t)(cells->at[1].ptr + cells->at[1].len - first.ptr);
			if (strchr("Pp", cells->at[1].ptr[0]) && reader->clock_s < 43200)
				reader->clock_s += 43200;
			else if (strchr("Aa", cells->at[1].ptr[0]) && reader->clock_s >= 43200)
				reader->clock_s -= 43200;
		}
		return words;
	}
	if (first.len > 1 && first.ptr[first.len - 1] == ':' && !str_is(first, "avg-cpu:") &&
	    !str_starts_with(first, STR("Device"))) {
		reader->is_average = true;
		return 1;
	}
	if (cells->count > 1 && str_is(cells->at[1], ":") && !has_digit(first)) { /* "Moyenne :" */
		reader->is_average = true;
		return 2;
	}
	/* a clock without colons: "08时50分55秒" */
	return has_digit(first) && first.len > 8 && !is_value(first) && cells->count > 1 ? 1 : 0;
}

static enum sheet_kind kind_of(struct str heading, uint32_t *ret_end)
{
	static const struct {
		const char *heading;
		enum sheet_kind kind;
	} keys[] = {
		{ "CPU", SHEET_CPU },		{ "DEV", SHEET_DISK },
		{ "Device", SHEET_DISK },	{ "Device:", SHEET_DISK },
		{ "IFACE", SHEET_INTERFACE },	{ "PID", SHEET_TASK },
		{ "TGID", SHEET_TASK },		{ "TID", SHEET_TASK },
		{ "INTR", SHEET_INTERRUPT },	{ "NODE", SHEET_OTHER },
		{ "TTY", SHEET_OTHER },		{ "BUS", SHEET_OTHER },
		{ "FILESYSTEM", SHEET_OTHER },	{ "FAN", SHEET_OTHER },
		{ "DEVICE", SHEET_OTHER },	{ "TEMP", SHEET_OTHER },
		{ "Filesystem:", SHEET_OTHER }, { "Filesystem", SHEET_OTHER },
		{ "FCHOST", SHEET_OTHER },	{ "MHz", SHEET_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_is(heading, keys[i].heading)) {
			*ret_end = 1;
			return keys[i].kind;
		}
	*ret_end = 0;
	return SHEET_HOST;
}

/* The row's key may stand anywhere: pidstat has UID in front, iostat -h the device at the end. */
static void table_find_key(struct sheet_table *table)
{
	static const enum sheet_kind first_wins[] = { SHEET_TASK,      SHEET_DISK,  SHEET_INTERFACE,
						      SHEET_INTERRUPT, SHEET_OTHER, SHEET_CPU };

	for (size_t k = 0; k < ARRAY_SIZE(first_wins); k++)
		for (uint32_t i = 0; i < table->count; i++) {
			uint32_t end;

			if (kind_of(table->headings[i], &end) != first_wins[k] || !end)
				continue;
			table->kind = first_wins[k];
			table->key = i;
			table->key_end = i + 1;
			if (str_is(table->headings[i], "TGID") && i + 1 < table->count)
				table->key_end = i + 2; /* and TID */
			return;
		}
}

static void table_find_columns(struct sheet_table *table)
{
	const struct sheet_columns *known = &sheet_columns[table->kind];

	for (size_t i = 0; i < table->count; i++)
		for (uint32_t k = 0; k < known->count; k++) {
			const struct sheet_column *column = &known->columns[k];
			bool fits = str_is(table->headings[i], column->heading);
			bool has_other = !column->with;

			for (size_t j = 0; j < table->count && fits && !has_other; j++)
				has_other = str_is(table->headings[j], column->with);
			if (!fits || !has_other || !column->fact)
				continue;
			table->columns[i] = column;
			/* several headings, one fact, one cell */
			for (table->cells[i] = 0;
			     strcmp(known->columns[table->cells[i]].fact
					    ? known->columns[table->cells[i]].fact
					    : "",
				    column->fact) != 0;)
				table->cells[i]++;
			break;
		}
}

static bool is_table(const struct sheet_table *table, const struct str *headings, size_t count)
{
	if (table->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!str_eq(table->headings[i], headings[i]))
			return false;
	return true;
}

static struct sheet_table *table_new(struct sheet_reader *reader, const struct str *headings,
				     size_t count)
{
	struct sheet_table *table = arena_new(&reader->arena, struct sheet_table);
	struct str last = headings[count - 1];

	table->headings = arena_array(&reader->arena, count, sizeof(struct str));
	table->columns = arena_array(&reader->arena, count, sizeof(*table->columns));
	table->cells = arena_array(&reader->arena, count, sizeof(*table->cells));
	table->count = count;
	table->header_s = table->last_s = -1;
	for (size_t i = 0; i < count; i++)
		table->headings[i] =
			(struct str){ arena_copy(&reader->arena, headings[i]), headings[i].len };
	table_find_key(table);
	table_find_columns(table);
	table->has_text = str_is(last, "Command") || str_is(last, "FILESYSTEM") ||
			  str_is(last, "MOUNTPOINT") || str_is(last, "Device");
	reader->tables[reader->table_count++] = table;
	return table;
}

static bool is_report_header(const struct cells *cells)
{
	return str_is(cells->at[0], "avg-cpu:") || str_starts_with(cells->at[0], STR("Device")) ||
	       str_is(cells->at[cells->count - 1], "Device");
}

static enum sheet_line header_read(struct sheet_reader *reader, const struct cells *cells,
				   size_t prefix)
{
	const struct str *headings = cells->at + prefix;
	size_t count = cells->count - prefix;
	struct sheet_table *table = NULL;

	if (prefix >= cells->count)
		return SHEET_UNKNOWN;
	if (str_is(headings[0], "avg-cpu:")) {
		headings++;
		count--;
	}
	if (!count)
		return SHEET_UNKNOWN;
	for (size_t i = 0; i < reader->table_count && !table; i++)
		if (is_table(reader->tables[i], headings, count))
			table = reader->tables[i];
	if (!table && reader->table_count == ARRAY_SIZE(reader->tables))
		return SHEET_UNKNOWN;
	if (!table)
		table = table_new(reader, headings, count);
	if (!table->samples && !reader->is_average)
		table->header_s = reader->clock_s;
	if (!prefix) /* iostat: each report has its header */
		table->samples++;
	reader->table = table;
	return SHEET_HEADER;
}

/* pidstat -h of a host with a 12-hour clock: the time takes one word more than its heading. */
static size_t time_column_words(const struct sheet_reader *reader, const struct cells *cells)
{
	double number;

	return str_is(reader->table->headings[0], "Time") && cells->count > 1 &&
			       !cell_number(cells->at[0], &number) && !has_digit(cells->at[1])
		       ? 1
		       : 0;
}

static void sample_begins(struct sheet_reader *reader)
{
	struct sheet_table *table = reader->table;
	struct str time = reader->time;
	double seconds;

	if (str_is(table->headings[0], "Time"))
		time = reader->cells.at[0];
	if (reader->is_average || !time.len || str_eq(time, table->last_time))
		return;
	if (reader->clock_s >= 0 || cell_number(time, &seconds)) {
		if (reader->clock_s >= 0)
			seconds = reader->clock_s;
		table->is_since_boot |= !table->samples && seconds == table->header_s;
		if (!table->samples && table->header_s < 0)
			table->header_s = seconds;
		table->last_s = seconds;
	}
	table->last_time = (struct str){ arena_copy(&reader->arena, time), time.len };
	table->samples++;
}

static enum sheet_line row_read(struct sheet_reader *reader, size_t prefix, struct str line)
{
	struct sheet_table *table = reader->table;
	struct cells *cells = &reader->cells;
	size_t extra;

	if (!table)
		return SHEET_UNKNOWN;
	if (str_is(table->headings[0], "Time"))
		prefix = time_column_words(reader, cells);
	else if (!table->has_text && cells->count >= table->count)
		prefix = cells->count - table->count;
	if (cells->count < prefix + table->count || prefix > MOST_PREFIX_WORDS)
		return SHEET_UNKNOWN;
	extra = cells->count - prefix;
	memmove(cells->at, cells->at + prefix, extra * sizeof(cells->at[0]));
	cells->count = table->count;
	if (table->has_text)
		cells->at[table->count - 1] = (struct str){
			cells->at[table->count - 1].ptr,
			(size_t)(line.ptr + line.len - cells->at[table->count - 1].ptr)
		};
	cells->at[table->count - 1] = str_trim(cells->at[table->count - 1]);
	sample_begins(reader);
	return SHEET_ROW;
}

/* "11/20/26 13:31:31", "2026-11-20T13:31:31+0000": iostat -t. */
static bool is_time_alone(struct sheet_reader *reader, const struct cells *cells, size_t prefix)
{
	if (prefix == cells->count && has_digit(cells->at[0]))
		return true;
	return (cells->count == 2 || cells->count == 3) && has_digit(cells->at[0]) &&
	       cell_clock(cells->at[1], &reader->clock_s);
}

enum sheet_line sheet_read(struct sheet_reader *reader, struct str line)
{
	struct cells *cells = &reader->cells;
	size_t prefix;

	line = str_trim(line);
	cells_split(line, cells);
	if (!cells->count)
		return SHEET_BLANK;
	if (banner_read(reader, line))
		return SHEET_BANNER;
	prefix = prefix_words(cells, reader);
	if (str_find(line, STR("RESTART")) >= 0 && prefix)
		return SHEET_RESTART;
	for (size_t i = prefix; i < cells->count; i++)
		if (is_value(cells->at[i]))
			return row_read(reader, prefix, line);
	if (is_time_alone(reader, cells, prefix))
		return SHEET_TIME;
	return prefix || is_report_header(cells) ? header_read(reader, cells, prefix)
						 : SHEET_UNKNOWN;
}
