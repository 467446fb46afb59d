/*
 * The output of systemctl: lists of units (list-units, --failed), of jobs, and status. Entity
 * service UNIT: load, active, sub, and of its status: result, exit, tasks, tasks_limit, memory,
 * memory_limit, restarts. Units that are as they should be are counted, not told. Host: units,
 * units_failed, jobs_waiting.
 */
#include <string.h>

#include "base/memory.h"
#include "host/columns.h"
#include "host/mounts.h"
#include "host/parser.h"

enum { MAX_TOLD = 4096, LOOK_LINES = 6 };

static const char *const joined[] = { "UNIT FILE", NULL };

/* Marks in front: "●", "*", "×", "↻" and "○". */
static struct str unmarked(struct str line)
{
	static const char *const marks[] = { "\xe2\x97\x8f", "\xc3\x97", "\xe2\x86\xbb",
					     "\xe2\x97\x8b", "*",	 "x " };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (str_starts_with(line, str_from(marks[i])))
			return str_trim((struct str){ line.ptr + strlen(marks[i]),
						      line.len - strlen(marks[i]) });
	return str_trim(line);
}

static bool has_columns(const struct columns *columns, const char *a, const char *b)
{
	return columns_find(columns, a) >= 0 && columns_find(columns, b) >= 0;
}

static bool is_list_header(struct str line, struct columns *columns)
{
	return str_find(line, STR("UNIT")) >= 0 && columns_read(columns, line, joined) &&
	       (has_columns(columns, "LOAD", "ACTIVE") || has_columns(columns, "JOB", "TYPE") ||
		has_columns(columns, "UNIT FILE", "STATE") ||
		has_columns(columns, "LISTEN", "ACTIVATES") ||
		has_columns(columns, "NEXT", "ACTIVATES"));
}

static bool is_unit_name(struct str word)
{
	static const char *const kinds[] = { ".service", ".socket", ".target",	 ".mount",
					     ".timer",	 ".path",   ".device",	 ".swap",
					     ".slice",	 ".scope",  ".automount" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_ends_with(word, str_from(kinds[i])) && word.len > strlen(kinds[i]))
			return true;
	return false;
}

/* "UNIT LOAD ACTIVE SUB DESCRIPTION", with --no-legend or --plain too */
static bool unit_row(struct str line, struct str cell[4])
{
	static const char *const loads[] = { "loaded", "not-found", "bad-setting", "error",
					     "masked", "merged",    "stub" };

	line = unmarked(line);
	for (size_t i = 0; i < 4; i++)
		if (!str_next_word(&line, &cell[i]))
			return false;
	if (!is_unit_name(cell[0]))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
		if (str_is(cell[1], loads[i]))
			return true;
	return false;
}

static struct entity service_of(struct parse *parse, struct str unit)
{
	auto_free char *name = x_strndup(unit.ptr, MIN(unit.len, (size_t)256));

	return facts_entity(parse->facts, "service", name);
}

struct systemctl {
	unsigned units, failed, jobs, told;
	struct entity unit; /* of the status that is being read */
	bool has_unit;
	unsigned statuses;
};

static void unit_add(struct parse *parse, struct systemctl *to, const struct str cell[4])
{
	bool is_failed = str_is(cell[2], "failed");
	struct entity unit;

	to->units++;
	to->failed += is_failed;
	if (!is_failed && !str_is(cell[2], "activating") && !str_is(cell[2], "deactivating") &&
	    (str_is(cell[1], "loaded") || str_is(cell[1], "masked") || str_is(cell[2], "inactive")))
		return;
	if (to->told++ >= MAX_TOLD)
		return;
	unit = service_of(parse, cell[0]);
	parse_text(parse, unit, "load", cell[1], parse->line);
	parse_text(parse, unit, "active", cell[2], parse->line);
	parse_text(parse, unit, "sub", cell[3], parse->line);
}

/* ---- status */

/* "● ssh.service - OpenBSD Secure Shell server" */
static bool status_head(struct str line, struct str *unit)
{
	struct str rest = unmarked(line), dash;

	if (!line.len || *line.ptr == ' ' || *line.ptr == '\t')
		return false;
	return str_next_word(&rest, unit) && is_unit_name(*unit) &&
	       (!str_next_word(&rest, &dash) || str_is(dash, "-"));
}

static void size_of(struct parse *parse, struct entity unit, const char *name, struct str text)
{
	struct str word, plain;
	double bytes;

	if (!str_next_word(&text, &word))
		return;
	plain = word;
	if (str_ends_with(plain, STR(")")))
		plain.len--;
	if (cell_bytes(plain, &bytes))
		parse_number(parse, unit, name, bytes, "bytes", parse->line);
}

static struct str after(struct str text, const char *mark)
{
	ptrdiff_t at = str_find(text, str_from(mark));

	if (at < 0)
		return STR("");
	at += (ptrdiff_t)strlen(mark);
	return (struct str){ text.ptr + at, text.len - (size_t)at };
}

/* "failed (Result: exit-code) since Mon 2024-01-01 10:00:00 UTC; 3min ago" */
static void active_tell(struct parse *parse, struct entity unit, struct str value)
{
	struct str result = after(value, "(Result: "), sub = after(value, "("), word, rest;

	if (str_next_word(&value, &word))
		parse_text(parse, unit, "active", word, parse->line);
	if (result.len && str_cut(result, ')', &word, &rest))
		parse_text(parse, unit, "result", word, parse->line);
	else if (sub.len && str_cut(sub, ')', &word, &rest))
		parse_text(parse, unit, "sub", word, parse->line);
}

static void status_field(struct parse *parse, struct entity unit, struct str key, struct str value)
{
	struct str word, limit, rest = value;
	uint64_t number;

	if (str_is(key, "Active")) {
		active_tell(parse, unit, value);
	} else if (str_is(key, "Loaded")) {
		if (str_next_word(&rest, &word))
			parse_text(parse, unit, "load", word, parse->line);
	} else if (str_is(key, "Main PID") || str_is(key, "Process")) {
		if (str_cut(after(value, "status="), ')', &word, &rest) &&
		    !str_is(word, "0/SUCCESS"))
			parse_text(parse, unit, "exit", word, parse->line);
	} else if (str_is(key, "Tasks")) {
		limit = after(value, "(limit: ");
		if (str_next_word(&rest, &word) && str_to_u64(word, &number))
			parse_number(parse, unit, "tasks", (double)number, "tasks", parse->line);
		str_cut(limit, ')', &word, &rest);
		if (str_to_u64(word, &number))
			parse_number(parse, unit, "tasks_limit", (double)number, "tasks",
				     parse->line);
	} else if (str_is(key, "Memory")) {
		limit = after(value, "max: ").len ? after(value, "max: ") : after(value, "limit: ");
		size_of(parse, unit, "memory", value);
		size_of(parse, unit, "memory_limit", limit);
	}
}

static void status_line(struct parse *parse, struct systemctl *to, struct str line)
{
	struct str key, value;

	/* the tree of its processes and its last log lines are left alone */
	if (str_cut(line, ':', &key, &value) && key.len && (*key.ptr == ' ' || *key.ptr == '\t'))
		status_field(parse, to->unit, str_trim(key), str_trim(value));
}

static bool is_legend(struct str line)
{
	return str_starts_with(line, STR("LOAD ")) || str_starts_with(line, STR("ACTIVE ")) ||
	       str_starts_with(line, STR("SUB ")) || str_starts_with(line, STR("JOB ")) ||
	       str_find(line, STR(" listed.")) > 0 || str_find(line, STR(" listed,")) > 0 ||
	       str_starts_with(line, STR("To show all")) ||
	       str_starts_with(line, STR("Pass --all")) ||
	       str_find(line, STR("loaded units listed")) > 0 ||
	       str_starts_with(line, STR("Legend:")) || str_find(line, STR("\xe2\x86\x92")) >= 0;
}

static unsigned systemctl_looks(struct str text)
{
	struct columns columns;
	struct str line, rest = text, cell[4];
	bool has_head = false;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&rest, &line); i++) {
		if (is_list_header(line, &columns))
			return 2;
		if (unit_row(line, cell))
			return 2;
		if (status_head(line, &cell[0]))
			has_head = true;
		else if (has_head && (str_starts_with(str_trim(line), STR("Loaded: ")) ||
				      str_starts_with(str_trim(line), STR("Active: "))))
			return 2;
	}
	return 0;
}

static void systemctl_line(struct parse *parse, struct systemctl *to, struct columns *columns,
			   struct str line)
{
	struct str cell[4], unit, cells[COLUMNS_MAX];
	uint64_t job;

	if (is_list_header(line, columns) || !str_trim(line).len || is_legend(str_trim(line)))
		return;
	if (unit_row(line, cell)) {
		unit_add(parse, to, cell);
		return;
	}
	if (columns->count) {
		columns_cut(columns, line, cells);
		if (str_to_u64(columns_cell(columns, cells, "JOB"), &job))
			to->jobs += str_is(columns_cell(columns, cells, "STATE"), "waiting");
		else if (columns_find(columns, "JOB") == 0)
			parse_unknown(parse, line);
		return;
	}
	if (status_head(line, &unit)) {
		to->unit = service_of(parse, unit);
		to->has_unit = true;
		to->statuses++;
	} else if (to->has_unit) {
		status_line(parse, to, line);
	} else {
		parse_unknown(parse, line);
	}
}

static void systemctl_parse(struct parse *parse)
{
	struct systemctl to = { .units = 0 };
	struct columns columns = { .count = 0 };
	struct entity host = parse_host(parse);
	struct str line;

	while (parse_next_line(parse, &line))
		systemctl_line(parse, &to, &columns, line);
	if (to.units) {
		parse_number(parse, host, "units", to.units, "units", 0);
		parse_number(parse, host, "units_failed", to.failed, "units", 0);
	}
	if (columns_find(&columns, "JOB") >= 0)
		parse_number(parse, host, "jobs_waiting", to.jobs, "jobs", 0);
	if (to.statuses)
		strbuf_addf(&parse->format, "systemctl status, %u units", to.statuses);
	else
		strbuf_addf(&parse->format, "systemctl, %u units", to.units);
}

const struct host_parser systemctl_parser = { "systemctl", systemctl_looks, systemctl_parse };
