/*
 * Files of /proc as people paste them: loadavg, meminfo, stat, vmstat and pressure, one or several
 * in a text, with the labels of "grep . FILES", "head FILES" and "cat" before them or without. A
 * line's form says what it is. Counters since boot are facts only where two readings stand in one
 * text, as their growth.
 */
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/look_facts.h"
#include "host/sheet.h"

enum { CPU_TIMES = 8, MAX_KEY = 80 };

struct proc_text {
	struct parse *parse; /* NULL: only looking */
	struct cells cells;
	char resource[16]; /* of the pressure lines that follow */
	double ticks[2][CPU_TIMES];
	uint32_t readings, cpus, cpu_line; /* readings: "cpu " lines */
	struct sums sums;		   /* of what stands in "NAME NUMBER" lines */
	uint32_t known;			   /* lines that were certainly such files' */
};

static void tell(struct proc_text *proc, const char *name, double value, const char *unit)
{
	if (proc->parse)
		parse_number(proc->parse, parse_host(proc->parse), name, value, unit,
			     proc->parse->line);
}

/* "0.52 0.58 0.59 3/1034 12345" */
static bool loadavg_read(struct proc_text *proc)
{
	static const char *const names[] = { "load_1", "load_5", "load_15" };
	const struct cells *cells = &proc->cells;
	double loads[3], running, tasks, last;
	struct str head, tail;

	if (cells->count != 5 || !str_cut(cells->at[3], '/', &head, &tail) ||
	    !cell_number(head, &running) || !cell_number(tail, &tasks) ||
	    !cell_number(cells->at[4], &last))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!cell_number(cells->at[i], &loads[i]))
			return false;
	for (size_t i = 0; i < 3; i++)
		tell(proc, names[i], loads[i], "");
	tell(proc, "tasks_running", MAX(running - 1, 0), "tasks"); /* without the reader */
	tell(proc, "tasks_total", tasks, "tasks");
	return true;
}

/* "some avg10=0.12 avg60=0.10 avg300=0.05 total=123456": the share of the last ten seconds. */
static bool pressure_read(struct proc_text *proc)
{
	const struct cells *cells = &proc->cells;
	bool is_full = str_is(cells->at[0], "full");
	auto_free char *name = NULL;
	double percent;
	struct str value;

	if (cells->count != 5 || (!is_full && !str_is(cells->at[0], "some")) ||
	    !str_starts_with(cells->at[1], STR("avg10=")))
		return false;
	value = (struct str){ cells->at[1].ptr + 6, cells->at[1].len - 6 };
	if (!cell_number(value, &percent))
		return false;
	if (!proc->resource[0] || (is_full && strcmp(proc->resource, "cpu") == 0))
		return true;
	name = x_asprintf("pressure_%s%s", proc->resource, is_full ? "_full" : "");
	tell(proc, name, percent / 100, "ratio");
	return true;
}

/* "cpu  1 2 3 4 5 6 7 8 0 0" */
static bool cpu_read(struct proc_text *proc)
{
	const struct cells *cells = &proc->cells;
	double ticks[CPU_TIMES] = { 0 };

	if (cells->count < 5 || !str_starts_with(cells->at[0], STR("cpu")))
		return false;
	for (size_t i = 0; i < MIN(cells->count - 1, (size_t)CPU_TIMES); i++)
		if (!cell_number(cells->at[i + 1], &ticks[i]))
			return false;
	if (cells->at[0].len > 3) {
		proc->cpus += proc->readings < 2;
		return true;
	}
	memcpy(proc->ticks[MIN(proc->readings, 1)], ticks, sizeof(ticks));
	proc->readings++;
	proc->cpu_line = proc->parse ? proc->parse->line : 0;
	return true;
}

/* "MemTotal:  1024 kB", "pswpin 17", "procs_blocked 3" */
static bool number_read(struct proc_text *proc)
{
	static const char *const files[] = { "meminfo", "vmstat", "stat" };
	const struct cells *cells = &proc->cells;
	struct str word = cells->at[0];
	bool is_kb = cells->count == 3 && str_is(cells->at[2], "kB");
	double number;

	if ((cells->count != 2 && !is_kb) || !cell_number(cells->at[1], &number) ||
	    word.len >= MAX_KEY)
		return false;
	if (word.ptr[word.len - 1] == ':')
		word.len--;
	if (str_is(word, "procs_running"))
		tell(proc, "tasks_running", MAX(number - 1, 0), "tasks");
	else if (str_is(word, "procs_blocked"))
		tell(proc, "tasks_blocked", number, "tasks");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char key[MAX_KEY + 16];
		const char *name, *unit;
		struct sum_row *row;
		bool is_now;

		snprintf(key, sizeof(key), "%s %.*s", files[i], STR_ARG(word));
		if (!look_fact_of_key(str_from(key), &name, &unit, &is_now))
			continue;
		proc->known++;
		if (is_now)
			tell(proc, name, number * (is_kb ? 1024 : 1), unit);
		else if (proc->parse && (row = sums_row(&proc->sums, "count", str_from(name), 1)))
			sum_add(row->cells, number, proc->parse->line);
		return true;
	}
	return true;
}

/* "==> /proc/pressure/io <==" and "/proc/pressure/io:some ..." */
static struct str label_read(struct proc_text *proc, struct str line)
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	ptrdiff_t at = str_find(line, STR("pressure/"));
	struct str rest = line, label;

	for (size_t i = 0; i < ARRAY_SIZE(resources) && at >= 0; i++)
		if (str_starts_with((struct str){ line.ptr + at + 9, line.len - (size_t)at - 9 },
				    str_from(resources[i])))
			snprintf(proc->resource, sizeof(proc->resource), "%s", resources[i]);
	if (str_starts_with(line, STR("/proc/")) && str_cut(line, ':', &label, &rest))
		return rest;
	return str_starts_with(line, STR("==>")) ? STR("") : line;
}

static bool line_read(struct proc_text *proc, struct str line)
{
	line = label_read(proc, line);
	cells_split(line, &proc->cells);
	if (!proc->cells.count)
		return true;
	if (loadavg_read(proc) || pressure_read(proc) || cpu_read(proc)) {
		proc->known++;
		return true;
	}
	if (number_read(proc))
		return true;
	return str_is(proc->cells.at[0], "intr") || str_is(proc->cells.at[0], "softirq");
}

static void tell_cpus(struct proc_text *proc)
{
	static const char *const names[] = { "cpu_user",   "cpu_nice", "cpu_system",  "cpu_idle",
					     "cpu_iowait", "cpu_irq",  "cpu_softirq", "cpu_steal" };
	const char *suffix = proc->readings > 1 ? "" : "_since_boot";
	struct entity host = parse_host(proc->parse);
	double share[CPU_TIMES], sum = 0;

	for (size_t i = 0; i < CPU_TIMES; i++) {
		share[i] = proc->readings > 1 ? MAX(proc->ticks[1][i] - proc->ticks[0][i], 0)
					      : proc->ticks[0][i];
		sum += share[i];
	}
	if (proc->cpus)
		parse_number(proc->parse, host, "cpus", proc->cpus, "CPUs", proc->cpu_line);
	for (size_t i = 0; i < CPU_TIMES && sum > 0; i++) {
		auto_free char *name = x_asprintf("%s%s", names[i], suffix);

		parse_number(proc->parse, host, name, share[i] / sum, "ratio", proc->cpu_line);
	}
	if (proc->readings > 1 && sum > 0)
		parse_number(proc->parse, host, "cpu_busy", 1 - (share[3] + share[4]) / sum,
			     "ratio", proc->cpu_line);
	if (proc->readings)
		parse_number(proc->parse, host, "frames", proc->readings, "readings",
			     proc->cpu_line);
}

static void proc_parse(struct parse *parse)
{
	auto_free struct proc_text *proc = x_calloc(1, sizeof(*proc));
	struct str line;

	proc->parse = parse;
	label_read(proc, str_from(parse->input->source));
	while (parse_next_line(parse, &line))
		if (!line_read(proc, line))
			parse_unknown(parse, line);
	strbuf_add_text(&parse->format, "/proc");
	tell_cpus(proc);
	for (size_t i = 0; i < proc->sums.rows.count; i++) {
		const struct sum_row *row = &proc->sums.rows.items[i];
		const struct sum_cell *cell = row->cells;
		bool has_growth = cell->count > 1 && cell->last >= cell->first;
		auto_free char *name =
			x_asprintf("%s_%s", row->key.ptr, has_growth ? "growth" : "total");

		parse_number(parse, parse_host(parse), name,
			     has_growth ? cell->last - cell->first : cell->last, "", cell->line);
	}
	sums_done(&proc->sums);
}

static unsigned proc_looks(struct str text)
{
	auto_free struct proc_text *proc = x_calloc(1, sizeof(*proc));
	uint32_t lines = 0;
	struct str line;

	for (; lines < 40 && str_next_line(&text, &line); lines++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		if (!line_read(proc, strbuf_str(&plain)))
			return 0;
	}
	sums_done(&proc->sums);
	return proc->known ? (proc->known >= 2 || lines == 1 ? 2 : 1) : 0;
}

const struct host_parser proc_parser = { "proc", proc_looks, proc_parse };
