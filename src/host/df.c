/*
 * The output of df: -P, -k, -h, -T, -i, -B, busybox's, in any language. A row is told by its shape
 * (three figures, a share, a path), as headers are translated; the header gives only the unit of a
 * bare figure, whether a column of types stands there, and whether inodes are counted.
 *
 * Entity mount PATH: device, type, size, used, available, reserved (bytes), used_share (of what
 * others than root may use, as df itself has it), inodes, inodes_used, inodes_free,
 * inodes_used_share.
 */
#include <string.h>

#include "base/memory.h"
#include "host/parser.h"

enum { MAX_WORDS = 64, MAX_ROWS = 1 << 14, LOOK_LINES = 60, FIGURES = 3 };

struct df {
	double unit; /* bytes that a bare figure counts */
	bool has_type, is_inodes;
	unsigned rows;
	struct strbuf held; /* a device's name that took a line of its own */
	uint32_t held_line;
};

struct df_row {
	struct str device, type, path;
	double figure[FIGURES], share;
	bool has_figure[FIGURES], has_share, is_rounded;
};

static bool is_dash(struct str word)
{
	return str_is(word, "-");
}

/* "11%", "-"; df never prints more than three digits there. */
static bool share_read(struct str word, struct df_row *row)
{
	uint64_t percent;

	row->has_share = false;
	if (is_dash(word))
		return true;
	if (word.len < 2 || word.ptr[word.len - 1] != '%' ||
	    !str_to_u64((struct str){ word.ptr, word.len - 1 }, &percent) || percent > 999)
		return false;
	row->share = (double)percent / 100;
	row->has_share = true;
	return true;
}

static bool figure_read(const struct df *df, struct str word, unsigned i, struct df_row *row)
{
	double value, number;
	size_t used;

	row->has_figure[i] = false;
	if (is_dash(word))
		return true;
	if (!number_scan(word, &number, &used))
		return false;
	/* a share of inodes may be negative where the file system makes them as it goes */
	if (!size_scan(word, df->is_inodes ? 1 : df->unit, &value))
		return false;
	row->figure[i] = value;
	row->has_figure[i] = true;
	row->is_rounded |= used < word.len;
	return true;
}

static bool row_fits(const struct df *df, const struct str *words, struct df_row *row)
{
	row->is_rounded = !df->is_inodes && df->unit > 1024;
	for (unsigned i = 0; i < FIGURES; i++)
		if (!figure_read(df, words[i], i, row))
			return false;
	return share_read(words[FIGURES], row) && words[FIGURES + 1].len &&
	       *words[FIGURES + 1].ptr == '/';
}

/* Names of devices may hold blanks, and so may paths: the figures are looked for. */
static bool row_read(const struct df *df, struct str line, struct df_row *row)
{
	struct str words[MAX_WORDS], rest = line;
	size_t count = 0, first = df->has_type ? 2 : 1;

	while (count < MAX_WORDS && str_next_word(&rest, &words[count]))
		count++;
	for (size_t at = first; at + FIGURES + 2 <= count; at++) {
		size_t names = at - (df->has_type ? 1 : 0);
		const char *end = words[names - 1].ptr + words[names - 1].len;

		if (!row_fits(df, &words[at], row))
			continue;
		row->device = (struct str){ words[0].ptr, (size_t)(end - words[0].ptr) };
		row->type = df->has_type ? words[at - 1] : STR("");
		row->path.ptr = words[at + FIGURES + 1].ptr;
		row->path.len = (size_t)(line.ptr + line.len - row->path.ptr);
		row->path = str_trim(row->path);
		return true;
	}
	return false;
}

/* "1K-blocks", "1024-blocks", "512-blocks", "1M-Blöcke", "1048576-blocs", "blocs de 1K" */
static double unit_of(struct str header)
{
	struct str word;

	while (str_next_word(&header, &word)) {
		struct str head, tail;
		double unit;

		str_cut(word, '-', &head, &tail);
		if (!head.len || *head.ptr < '0' || *head.ptr > '9')
			continue;
		/* SI prefixes: "1kB-blocks", "1MB-blocks" */
		if (head.len > 2 && head.ptr[head.len - 1] == 'B') {
			static const char units[] = "kMGTPE";
			const char *at = strchr(units, head.ptr[head.len - 2]);

			if (!at && head.ptr[head.len - 2] == 'K')
				at = units;
			unit = at ? 1 : 1024;
			for (const char *u = units; at && u <= at; u++)
				unit *= 1000;
			return unit;
		}
		if (size_scan(head, 1, &unit) && unit >= 1)
			return unit;
	}
	return 1024;
}

static bool is_header(struct str line)
{
	return !str_starts_with(line, STR("/")) && str_find(line, STR("/")) < 0 &&
	       (str_find(line, STR("%")) >= 0 || str_find(line, STR("Capacity")) >= 0 ||
		str_find(line, STR("apacity")) >= 0) &&
	       (line.len < 2 || (line.ptr[0] != ' ' && line.ptr[0] != '\t'));
}

static void header_read(struct df *df, struct str header)
{
	static const char *const types[] = {
		"Type", "Typ", "Tipo", "Tip", "Тип", "タイプ", "类型"
	};
	struct str rest = header, word;

	df->unit = unit_of(header);
	df->has_type = false;
	df->is_inodes = str_find(header, STR("nodes")) >= 0 ||
			str_find(header, STR("nœuds")) >= 0 || str_find(header, STR("IUse%")) >= 0;
	while (str_next_word(&rest, &word))
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			df->has_type |= str_is(word, types[i]);
}

static void fact_of(struct parse *parse, struct entity mount, const char *name, double value,
		    const char *unit, bool is_rounded)
{
	uint32_t row = parse_number(parse, mount, name, value, unit, parse->line);

	if (is_rounded)
		parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
}

static void row_tell(struct parse *parse, const struct df *df, const struct df_row *row)
{
	static const char *const names[2][FIGURES] = { { "size", "used", "available" },
						       { "inodes", "inodes_used", "inodes_free" } };
	static const char *const shares[] = { "used_share", "inodes_used_share" };
	const char *unit = df->is_inodes ? "" : "bytes";
	auto_free char *path = x_strndup(row->path.ptr, row->path.len);
	struct entity mount = facts_entity(parse->facts, "mount", path);
	double whole = row->figure[1] + row->figure[2], share = row->share;

	parse_text(parse, mount, "device", row->device, parse->line);
	if (row->type.len)
		parse_text(parse, mount, "type", row->type, parse->line);
	for (unsigned i = 0; i < FIGURES; i++)
		if (row->has_figure[i])
			fact_of(parse, mount, names[df->is_inodes][i], row->figure[i], unit,
				row->is_rounded);
	/* df rounds up to whole percents; its own rule, without the rounding */
	if (!row->is_rounded && row->has_figure[1] && row->has_figure[2] && whole > 0)
		share = row->figure[1] / whole;
	else if (!row->has_share)
		return;
	if (!row->has_figure[0] || row->figure[0] > 0)
		fact_of(parse, mount, shares[df->is_inodes], share, "ratio", row->is_rounded);
	if (!df->is_inodes && !row->is_rounded && row->has_figure[0] && whole < row->figure[0])
		fact_of(parse, mount, "reserved", row->figure[0] - whole, "bytes", false);
}

static void line_read(struct parse *parse, struct df *df, struct str line)
{
	struct df_row row = { 0 };

	if (is_header(line)) {
		header_read(df, line);
		strbuf_reset(&df->held);
		return;
	}
	/* a long name stands on a line of its own, its figures indented on the next */
	if (df->held.len) {
		auto_strbuf struct strbuf joined = STRBUF_INIT;

		strbuf_addf(&joined, "%.*s ", STR_ARG(strbuf_str(&df->held)));
		strbuf_add(&joined, line);
		strbuf_reset(&df->held);
		if (line.len && *line.ptr == ' ' && row_read(df, strbuf_str(&joined), &row)) {
			if (df->rows++ < MAX_ROWS)
				row_tell(parse, df, &row);
			return;
		}
		parse_unknown(parse, line);
	}
	if (row_read(df, line, &row)) {
		if (df->rows++ < MAX_ROWS)
			row_tell(parse, df, &row);
	} else if (str_trim(line).len) {
		if (*line.ptr != ' ' && line.len < 4096)
			strbuf_add(&df->held, str_trim(line));
		else
			parse_unknown(parse, line);
	}
}

/* A header with a unit or a share in front of rows of that shape. */
static unsigned df_looks(struct str text)
{
	struct df df = { .unit = 1024 };
	struct df_row row = { 0 };
	unsigned headers = 0, rows = 0;
	struct str line, held = { 0 };

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++) {
		if (is_header(line)) {
			headers++;
			header_read(&df, line);
		} else if (row_read(&df, line, &row)) {
			rows++;
		} else if (held.len && line.len && *line.ptr == ' ') {
			auto_strbuf struct strbuf joined = STRBUF_INIT;

			strbuf_add(&joined, (struct str){ held.ptr, MIN(held.len, (size_t)4096) });
			strbuf_add(&joined, (struct str){ line.ptr, MIN(line.len, (size_t)4096) });
			rows += row_read(&df, strbuf_str(&joined), &row);
		}
		held = line;
	}
	return rows ? (headers ? 2 : 1) : 0;
}

static void df_parse(struct parse *parse)
{
	struct df df = { .unit = 1024 };
	struct str line;

	while (parse_next_line(parse, &line))
		line_read(parse, &df, line);
	if (df.held.len)
		parse_unknown(parse, strbuf_str(&df.held));
	strbuf_done(&df.held);
	strbuf_addf(&parse->format, "df, %u file systems", df.rows);
}

const struct host_parser df_parser = { "df", df_looks, df_parse };
