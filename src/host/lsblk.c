/*
 * The output of lsblk, with columns of choice: tree or list. Entity disk NAME, as the kernel calls
 * it where KNAME stands there: size, kind, type, label, readonly, rotational, state, mounted_on;
 * relation disk "lies on" disk. FSAVAIL and FSUSE% are facts of the mount.
 */
#include <string.h>

#include "base/memory.h"
#include "host/columns.h"
#include "host/mounts.h"

enum { MAX_ROWS = 1 << 14, MAX_DEPTH = 16 };

struct tree {
	struct entity disk[MAX_DEPTH];
	unsigned count;
};

static bool lsblk_header(struct str line, struct columns *columns)
{
	return str_find(line, STR("NAME")) >= 0 && columns_read(columns, line, NULL) &&
	       columns_find(columns, "NAME") >= 0 &&
	       (columns_find(columns, "MAJ:MIN") >= 0 || columns_find(columns, "FSTYPE") >= 0 ||
		columns_find(columns, "MOUNTPOINT") >= 0 ||
		columns_find(columns, "MOUNTPOINTS") >= 0 || columns_find(columns, "ROTA") >= 0);
}

static unsigned lsblk_looks(struct str text)
{
	struct columns columns;
	struct str line;

	return str_next_line(&text, &line) && lsblk_header(line, &columns) ? 2 : 0;
}

static struct str mounted_on(const struct columns *columns, const struct str *cells)
{
	struct str cell = columns_cell(columns, cells, "MOUNTPOINT");

	return cell.len ? cell : columns_cell(columns, cells, "MOUNTPOINTS");
}

static void mount_share(struct parse *parse, const struct columns *columns, const struct str *cells)
{
	struct str path = mounted_on(columns, cells), percent, rest;
	struct entity mount;
	double number;

	if (!path.len || *path.ptr != '/')
		return;
	mount = mount_entity(parse, path);
	if (cell_bytes(columns_cell(columns, cells, "FSAVAIL"), &number))
		parse_number(parse, mount, "available", number, "bytes", parse->line);
	str_cut(columns_cell(columns, cells, "FSUSE%"), '%', &percent, &rest);
	if (str_to_double(percent, &number))
		parse_number(parse, mount, "used_share", number / 100, "ratio", parse->line);
}

static void disk_tell(struct parse *parse, struct entity disk, const struct columns *columns,
		      const struct str *cells)
{
	static const char *const texts[][2] = { { "TYPE", "kind" },   { "FSTYPE", "type" },
						{ "STATE", "state" }, { "LABEL", "label" },
						{ "MODEL", "model" }, { "SCHED", "scheduler" } };
	static const char *const flags[][2] = { { "RO", "readonly" }, { "ROTA", "rotational" } };
	double bytes;

	if (cell_bytes(columns_cell(columns, cells, "SIZE"), &bytes))
		parse_number(parse, disk, "size", bytes, "bytes", parse->line);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct str cell = columns_cell(columns, cells, texts[i][0]);

		if (cell.len)
			parse_text(parse, disk, texts[i][1], cell, parse->line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (str_is(columns_cell(columns, cells, flags[i][0]), "1"))
			parse_text(parse, disk, flags[i][1], STR("yes"), parse->line);
	if (mounted_on(columns, cells).len)
		parse_text(parse, disk, "mounted_on", mounted_on(columns, cells), parse->line);
	mount_share(parse, columns, cells);
}

/* A row of the tree lies on the last row that stands further left. */
static void row_tell(struct parse *parse, struct tree *tree, const struct columns *columns,
		     const struct str *cells)
{
	struct str drawn = columns_cell(columns, cells, "NAME"), name = tree_name(drawn);
	struct str kernel = columns_cell(columns, cells, "KNAME");
	struct str parent = columns_cell(columns, cells, "PKNAME");
	auto_free char *text =
		x_strndup(kernel.len ? kernel.ptr : name.ptr, kernel.len ? kernel.len : name.len);
	struct entity disk = facts_entity(parse->facts, "disk", text);
	/* "├─" are six bytes, "|-" two, and "│ " and two blanks stand for a level above */
	unsigned depth = 0;

	for (size_t i = 0; i < (size_t)(name.ptr - drawn.ptr); i++)
		depth += ((unsigned char)drawn.ptr[i] & 0xc0) != 0x80;
	/* the row begins with its blanks, which the cell has not */
	depth = (depth + (unsigned)(drawn.ptr - parse->plain.ptr)) / 2;
	if (depth >= MAX_DEPTH || str_starts_with(drawn, name))
		depth = 0;
	disk_tell(parse, disk, columns, cells);
	if (parent.len) {
		auto_free char *above = x_strndup(parent.ptr, parent.len);

		facts_add_relation(parse->facts, disk, "lies on",
				   facts_entity(parse->facts, "disk", above));
	} else if (depth && depth <= tree->count) {
		facts_add_relation(parse->facts, disk, "lies on", tree->disk[depth - 1]);
	}
	tree->disk[depth] = disk;
	tree->count = depth + 1;
}

static void lsblk_parse(struct parse *parse)
{
	struct columns columns = { .count = 0 };
	struct str line, cells[COLUMNS_MAX];
	struct tree tree = { .count = 0 };
	unsigned rows = 0;

	while (parse_next_line(parse, &line)) {
		if (lsblk_header(line, &columns)) {
			tree.count = 0;
			continue;
		}
		columns_cut(&columns, line, cells);
		if (tree_name(columns_cell(&columns, cells, "NAME")).len) {
			if (rows++ < MAX_ROWS)
				row_tell(parse, &tree, &columns, cells);
		} else if (str_trim(line).len && !mounted_on(&columns, cells).len) {
			/* further mount points of a row stand alone on their lines */
			parse_unknown(parse, line);
		}
	}
	strbuf_addf(&parse->format, "lsblk, %u devices", rows);
}

const struct host_parser lsblk_parser = { "lsblk", lsblk_looks, lsblk_parse };
