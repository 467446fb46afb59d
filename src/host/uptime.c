/*
 * The output of uptime and w: load averages and how long the machine is up. They are the head of
 * top's screen too, so that its reader is used. Load counts tasks that wait for disks, and lags:
 * rules take it for history.
 */
#include "host/parser.h"
#include "host/sheet.h"
#include "host/top_frame.h"

#include "base/macros.h"
#include "base/memory.h"

/* The last three words are the loads, whatever the language says in front of them. */
static bool loads_read(const struct cells *cells, double ret[3])
{
	if (cells->count < 6)
		return false;
	for (size_t i = 0; i < 3; i++) {
		struct str cell = cells->at[cells->count - 3 + i];

		if (cell.len && cell.ptr[cell.len - 1] == ',')
			cell.len--;
		if (!cell_number(cell, &ret[i]) || ret[i] < 0)
			return false;
	}
	return true;
}

static bool title_read(struct cells *cells, struct str line, double loads[3])
{
	double clock_s;

	cells_split(line, cells);
	return cells->count > 5 && cell_clock(cells->at[0], &clock_s) && loads_read(cells, loads);
}

static void tell(struct parse *parse, struct str line, const double loads[3])
{
	static const char *const names[] = { "load_1", "load_5", "load_15" };
	auto_strbuf struct strbuf title = STRBUF_INIT;
	struct entity host = parse_host(parse);
	struct top_frame frame = { 0 };
	struct top_row row;

	for (size_t i = 0; i < 3; i++)
		parse_number(parse, host, names[i], loads[i], "", parse->line);
	strbuf_add_text(&title, "top - ");
	strbuf_add(&title, str_trim(line));
	top_line_read(&frame, strbuf_str(&title), parse->line, &row);
	if (frame.uptime_s.line)
		parse_number(parse, host, "uptime", frame.uptime_s.value * 1e9, "ns", parse->line);
}

static void uptime_parse(struct parse *parse)
{
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	struct entity host = parse_host(parse);
	bool has_users = false;
	uint32_t users = 0;
	double loads[3];
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (title_read(cells, line, loads)) {
			tell(parse, line, loads);
			users = 0;
		} else if (cells->count > 2 && str_is(cells->at[0], "USER")) {
			has_users = true;
		} else if (has_users && cells->count > 2) {
			users++;
		} else if (cells->count) {
			parse_unknown(parse, line);
		}
	}
	if (has_users)
		parse_number(parse, host, "users", users, "", 0);
	strbuf_add_text(&parse->format, has_users ? "w" : "uptime");
}

static unsigned uptime_looks(struct str text)
{
	auto_free struct cells *cells = x_calloc(1, sizeof(*cells));
	double loads[3];
	struct str line;

	for (int i = 0; i < 5 && str_next_line(&text, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		if (!title_read(cells, strbuf_str(&plain), loads))
			continue;
		return str_find(strbuf_str(&plain), STR(" up ")) >= 0 ? 2 : 1;
	}
	return 0;
}

const struct host_parser uptime_parser = { "uptime", uptime_looks, uptime_parse };
const struct host_parser w_parser = { "w", uptime_looks, uptime_parse };
