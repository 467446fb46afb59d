/*
 * The output of mount, of findmnt (its tree, -l, -D, -o with columns of choice), and /proc/mounts.
 */
#include "host/mounts.h"

#include <string.h>

#include "base/memory.h"
#include "host/columns.h"

enum { MAX_ROWS = 1 << 14, LOOK_LINES = 40 };

bool mount_has_option(struct str options, const char *wanted)
{
	struct str option;

	while (options.len) {
		str_cut(options, ',', &option, &options);
		if (str_is(str_trim(option), wanted))
			return true;
	}
	return false;
}

bool cell_bytes(struct str cell, double *ret)
{
	if (str_ends_with(cell, STR("B")))
		cell.len--;
	if (str_ends_with(cell, STR("i")))
		cell.len--;
	return size_scan(cell, 1, ret);
}

struct entity mount_entity(struct parse *parse, struct str path)
{
	auto_free char *name = x_strndup(path.ptr, path.len);

	return facts_entity(parse->facts, "mount", name);
}

void mount_tell(struct parse *parse, struct str path, struct str type, struct str device,
		struct str options)
{
	struct entity mount = mount_entity(parse, path);

	if (type.len)
		parse_text(parse, mount, "type", type, parse->line);
	if (device.len)
		parse_text(parse, mount, "device", device, parse->line);
	if (str_starts_with(device, STR("/dev/")))
		parse_text(parse, mount, "device_name",
			   (struct str){ device.ptr + 5, device.len - 5 }, parse->line);
	if (mount_has_option(options, "ro") || mount_has_option(options, "read-only"))
		parse_text(parse, mount, "readonly", STR("yes"), parse->line);
	if (mount_has_option(options, "emergency_ro"))
		parse_text(parse, mount, "emergency", STR("yes"), parse->line);
}

/* ---- mount */

struct mount_row {
	struct str device, path, type, options;
};

static ptrdiff_t find_last(struct str text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t at = text.len; at-- > 0;)
		if (at + len <= text.len && memcmp(text.ptr + at, wanted, len) == 0)
			return (ptrdiff_t)at;
	return -1;
}

/* "DEVICE on PATH type TYPE (OPTIONS)"; elsewhere "DEVICE on PATH (TYPE, OPTIONS)". Device and path
 * may hold blanks and brackets, so the ends are looked for. */
static bool mount_row_read(struct str line, struct mount_row *row)
{
	ptrdiff_t bracket, type, on;

	line = str_trim(line);
	/* a label may follow: "(rw) [root]" */
	if (str_ends_with(line, STR("]")) && find_last(line, ") [") > 0)
		line.len = (size_t)find_last(line, ") [") + 1;
	if (!str_ends_with(line, STR(")")))
		return false;
	bracket = find_last(line, " (");
	on = str_find(line, STR(" on /"));
	if (bracket < 0 || on < 0 || on > bracket)
		return false;
	row->options = (struct str){ line.ptr + bracket + 2, line.len - (size_t)bracket - 3 };
	row->device = (struct str){ line.ptr, (size_t)on };
	row->path = (struct str){ line.ptr + on + 4, (size_t)(bracket - on - 4) };
	type = find_last(row->path, " type ");
	row->type = STR("");
	if (type > 0) {
		row->type =
			(struct str){ row->path.ptr + type + 6, row->path.len - (size_t)type - 6 };
		row->path.len = (size_t)type;
	} else {
		struct str rest;

		str_cut(row->options, ',', &row->type, &rest);
	}
	return row->device.len > 0;
}

/* "DEVICE PATH TYPE OPTIONS 0 0" */
static bool proc_row_read(struct str line, struct mount_row *row)
{
	struct str end[3];

	return str_next_word(&line, &row->device) && str_next_word(&line, &row->path) &&
	       *row->path.ptr == '/' && str_next_word(&line, &row->type) &&
	       str_next_word(&line, &row->options) &&
	       (mount_has_option(row->options, "rw") || mount_has_option(row->options, "ro")) &&
	       str_next_word(&line, &end[0]) && str_is(end[0], "0") &&
	       str_next_word(&line, &end[1]) && str_is(end[1], "0") &&
	       !str_next_word(&line, &end[2]);
}

static unsigned mount_looks(struct str text)
{
	unsigned rows = 0, lines = 0;
	struct mount_row row;
	struct str line;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		lines++;
		rows += mount_row_read(line, &row) || proc_row_read(line, &row);
	}
	return rows * 2 > lines ? 2 : rows > 0 && rows * 4 > lines;
}

static void mount_parse(struct parse *parse)
{
	unsigned rows = 0;
	struct str line;

	while (parse_next_line(parse, &line)) {
		struct mount_row row;

		if (mount_row_read(line, &row) || proc_row_read(line, &row)) {
			if (rows++ < MAX_ROWS)
				mount_tell(parse, row.path, row.type, row.device, row.options);
		} else if (str_trim(line).len) {
			parse_unknown(parse, line);
		}
	}
	strbuf_addf(&parse->format, "mount, %u mounts", rows);
}

const struct host_parser mount_parser = { "mount", mount_looks, mount_parse };

/* ---- findmnt */

static bool findmnt_header(struct str line, struct columns *columns)
{
	return str_find(line, STR("TARGET")) >= 0 && columns_read(columns, line, NULL) &&
	       columns_find(columns, "TARGET") >= 0 &&
	       (columns_find(columns, "SOURCE") >= 0 || columns_find(columns, "OPTIONS") >= 0);
}

static unsigned findmnt_looks(struct str text)
{
	struct columns columns;
	struct str line;

	return str_next_line(&text, &line) && findmnt_header(line, &columns) ? 2 : 0;
}

static void size_tell(struct parse *parse, struct entity mount, const char *name, struct str cell)
{
	double bytes;
	uint32_t row;

	if (!cell_bytes(cell, &bytes))
		return;
	row = parse_number(parse, mount, name, bytes, "bytes", parse->line);
	parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
}

static void findmnt_row(struct parse *parse, const struct columns *columns, const struct str *cells)
{
	struct str path = tree_name(columns_cell(columns, cells, "TARGET"));
	struct str share = columns_cell(columns, cells, "USE%"), percent, rest;
	struct entity mount = mount_entity(parse, path);
	double number;

	mount_tell(parse, path, columns_cell(columns, cells, "FSTYPE"),
		   columns_cell(columns, cells, "SOURCE"), columns_cell(columns, cells, "OPTIONS"));
	size_tell(parse, mount, "size", columns_cell(columns, cells, "SIZE"));
	size_tell(parse, mount, "used", columns_cell(columns, cells, "USED"));
	size_tell(parse, mount, "available", columns_cell(columns, cells, "AVAIL"));
	str_cut(share, '%', &percent, &rest);
	if (str_to_double(percent, &number))
		parse_number(parse, mount, "used_share", number / 100, "ratio", parse->line);
}

static void findmnt_parse(struct parse *parse)
{
	struct columns columns = { .count = 0 };
	struct str line, cells[COLUMNS_MAX];
	unsigned rows = 0;

	while (parse_next_line(parse, &line)) {
		if (findmnt_header(line, &columns))
			continue;
		columns_cut(&columns, line, cells);
		if (!columns.count || !tree_name(columns_cell(&columns, cells, "TARGET")).len) {
			if (str_trim(line).len)
				parse_unknown(parse, line);
		} else if (rows++ < MAX_ROWS) {
			findmnt_row(parse, &columns, cells);
		}
	}
	strbuf_addf(&parse->format, "findmnt, %u mounts", rows);
}

const struct host_parser findmnt_parser = { "findmnt", findmnt_looks, findmnt_parse };
