/*
 * The output of mpstat, pidstat, iostat and sar: one family of tables. What they say of an interval
 * is a rate; the first report of iostat, and what mpstat and pidstat print without an interval, is
 * since boot: it is left out where there are others, and its facts are called *_since_boot where
 * there are none. "Average:" lines are taken for the average where they stand.
 */
#include "host/sysstat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

enum { TOLD_TASKS = 60, LONGEST_NAME = 120 };

struct sysstat {
	struct parse *parse;
	struct sheet_reader reader;
	struct sums sums;
	uint32_t restarts;
	bool is_since_boot;
	uint32_t readings;
	double window_s;
};

/* A cell as a number in the fact's unit; false for "-", and for -1 (not permitted to see). */
static bool value_read(struct str cell, const struct sheet_column *column, double *ret)
{
	double number;

	if (cell_number(cell, &number)) {
		*ret = number * column->factor;
		return number >= 0;
	}
	if (cell.len > 1 && cell.ptr[cell.len - 1] == '%') {
		cell.len--;
		if (!cell_number(cell, &number))
			return false;
		*ret = number * column->factor;
		return number >= 0;
	}
	/* --human: the unit stands with the figure */
	if (!cell_size(cell, 1, 1024, &number))
		return false;
	*ret = strncmp(column->unit, "bytes", 5) == 0 ? number : number * column->factor;
	return true;
}

static const char *interrupt_fact(struct str key)
{
	static const struct {
		const char *key, *fact;
	} known[] = {
		{ "sum", "interrupts" },
		{ "LOC", "interrupts_timer" },
		{ "RES", "interrupts_reschedule" },
		{ "CAL", "interrupts_call" },
		{ "TLB", "interrupts_tlb" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_is(key, known[i].key))
			return known[i].fact;
	return NULL;
}

static struct str task_key(const struct sheet_table *table, const struct cells *cells,
			   bool *ret_is_thread)
{
	struct str key = cells->at[table->key];

	*ret_is_thread = str_is(table->headings[table->key], "TID");
	if (table->key_end == table->key + 2 && str_is(key, "-")) {
		*ret_is_thread = true;
		return cells->at[table->key + 1];
	}
	return key;
}

static struct sum_row *task_row(struct sysstat *sysstat, uint32_t *process)
{
	struct sheet_table *table = sysstat->reader.table;
	struct cells *cells = &sysstat->reader.cells;
	struct str last = cells->at[table->count - 1], key;
	struct sum_row *row;
	bool is_thread;

	key = task_key(table, cells, &is_thread);
	row = sums_row(&sysstat->sums, is_thread ? "thread" : "process", key,
		       sheet_columns[SHEET_TASK].count);
	if (!row)
		return NULL;
	if (!is_thread)
		*process = (uint32_t)(row - sysstat->sums.rows.items) + 1;
	else if (table->key_end == table->key + 2)
		row->parent = *process;
	if (!row->label.len && table->has_text) {
		if (str_starts_with(last, STR("|__")))
			last = (struct str){ last.ptr + 3, last.len - 3 };
		/* longer than a process's name can be: its arguments (-l) */
		last = program_name(last, last.len > 15);
		last.len = MIN(last.len, (size_t)LONGEST_NAME);
		row->label = (struct str){ arena_copy(&sysstat->sums.arena, last), last.len };
	}
	return row;
}

static void sums_forget(struct sums *sums, const char *kind)
{
	for (size_t i = 0; i < sums->rows.count; i++)
		if (strcmp(sums->rows.items[i].kind, kind) == 0)
			memset(sums->rows.items[i].cells, 0,
			       sums->rows.items[i].cell_count * sizeof(struct sum_cell));
}

static struct sum_row *row_of(struct sysstat *sysstat, uint32_t *process)
{
	struct sheet_table *table = sysstat->reader.table;
	const struct cells *cells = &sysstat->reader.cells;

	switch (table->kind) {
	case SHEET_HOST:
		return sums_row(&sysstat->sums, "host", STR(""), sheet_columns[SHEET_HOST].count);
	case SHEET_TASK:
		return task_row(sysstat, process);
	case SHEET_CPU:
	case SHEET_DISK:
	case SHEET_INTERFACE:
	case SHEET_INTERRUPT:
		return sums_row(&sysstat->sums, sheet_columns[table->kind].entity,
				cells->at[table->key], sheet_columns[table->kind].count);
	case SHEET_OTHER:
		break;
	}
	return NULL;
}

static void row_add(struct sysstat *sysstat, uint32_t *process)
{
	struct sheet_reader *reader = &sysstat->reader;
	struct sheet_table *table = reader->table;
	struct sum_row *row = row_of(sysstat, process);

	for (size_t i = 0; i < table->count && row; i++) {
		const struct sheet_column *column = table->columns[i];
		struct sum_cell *cell;
		double value;

		if (!column || !value_read(reader->cells.at[i], column, &value) ||
		    (column->how == SUM_PRESENT && value <= 0))
			continue;
		cell = &row->cells[table->cells[i]];
		if (reader->is_average)
			sum_set_average(cell, value, sysstat->parse->line);
		else
			sum_add(cell, value, sysstat->parse->line);
	}
}

/* iostat's second report begins: what the first one said is since boot. */
static void drop_boot(struct sysstat *sysstat)
{
	struct sheet_table *table = sysstat->reader.table;

	if (sysstat->reader.time.len || table->is_boot_dropped || table->samples != 2 ||
	    sysstat->reader.is_average || (table->kind != SHEET_DISK && table->kind != SHEET_HOST))
		return;
	sums_forget(&sysstat->sums, sheet_columns[table->kind].entity);
	table->is_boot_dropped = true;
	table->samples = 1;
}

/* ---- facts */

static uint32_t samples_of(const struct sysstat *sysstat, enum sheet_kind kind)
{
	uint32_t samples = 0;

	for (size_t i = 0; i < sysstat->reader.table_count; i++) {
		const struct sheet_table *table = sysstat->reader.tables[i];

		if (table->kind == kind)
			samples = MAX(samples, table->samples);
	}
	return samples;
}

static void tell(const struct sysstat *sysstat, struct entity entity, const char *name,
		 double value, const struct sheet_column *column, const struct sum_cell *cell)
{
	auto_free char *boot = NULL;
	uint32_t row;

	if (sysstat->is_since_boot && column->how != SUM_LAST)
		name = boot = x_asprintf("%s_since_boot", name);
	row = parse_number(sysstat->parse, entity, name, value, column->unit, cell->line);
	sysstat->parse->facts->facts.items[row].n = MAX(cell->count, 1);
}

static void tell_row(const struct sysstat *sysstat, const struct sum_row *row, struct entity entity,
		     enum sheet_kind kind)
{
	const struct sheet_columns *known = &sheet_columns[kind];
	uint32_t samples = samples_of(sysstat, kind);

	for (size_t i = 0; i < known->count; i++) {
		double value;

		if (known->columns[i].fact &&
		    sum_value(&row->cells[i], known->columns[i].how, samples, &value))
			tell(sysstat, entity, known->columns[i].fact, value, &known->columns[i],
			     &row->cells[i]);
	}
}

static const struct sum_cell *cell_of(const struct sum_row *row, enum sheet_kind kind,
				      const char *fact)
{
	static const struct sum_cell none = { 0 };
	const struct sheet_columns *known = &sheet_columns[kind];

	for (size_t i = 0; i < known->count; i++)
		if (known->columns[i].fact && strcmp(known->columns[i].fact, fact) == 0)
			return &row->cells[i];
	return &none;
}

static bool fact_of(const struct sysstat *sysstat, const struct sum_row *row, enum sheet_kind kind,
		    const char *fact, double *ret)
{
	return sum_value(cell_of(row, kind, fact), SUM_MEAN, samples_of(sysstat, kind), ret);
}

static void tell_derived(const struct sysstat *sysstat, struct entity entity, const char *name,
			 double value, const char *unit, uint32_t line)
{
	auto_free char *boot = NULL;
	uint32_t row;

	if (sysstat->is_since_boot)
		name = boot = x_asprintf("%s_since_boot", name);
	row = parse_number(sysstat->parse, entity, name, value, unit, line);
	sysstat->parse->facts->facts.items[row].flags |= FACT_DERIVED;
}

/* What no share of the CPU is missing for: busy is what is neither idle nor waiting. */
static void tell_busy(const struct sysstat *sysstat, const struct sum_row *row,
		      enum sheet_kind kind)
{
	double idle, iowait;

	if (!fact_of(sysstat, row, kind, "cpu_idle", &idle))
		return;
	if (!fact_of(sysstat, row, kind, "cpu_iowait", &iowait))
		iowait = 0;
	tell_derived(sysstat, parse_host(sysstat->parse), "cpu_busy", MAX(1 - idle - iowait, 0),
		     "ratio", cell_of(row, kind, "cpu_idle")->line);
}

/* What the single CPUs say together: the busiest, and sums of what is only told by CPU. */
static void tell_cpus(const struct sysstat *sysstat)
{
	static const char *const summed[] = { "interrupts_timer", "interrupts_reschedule",
					      "interrupts_call", "interrupts_tlb",
					      "softirqs_net_rx" };
	double busiest = 0, idlest = 1, softest = 0, sum[ARRAY_SIZE(summed)] = { 0 };
	uint32_t cpus = 0, line = 0, sum_line[ARRAY_SIZE(summed)] = { 0 };
	struct entity host = parse_host(sysstat->parse);

	for (size_t i = 0; i < sysstat->sums.rows.count; i++) {
		const struct sum_row *row = &sysstat->sums.rows.items[i];
		double idle, iowait = 0, soft, value;

		if (strcmp(row->kind, "cpu") != 0 || str_is(row->key, "all"))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(summed); k++)
			if (fact_of(sysstat, row, SHEET_CPU, summed[k], &value)) {
				sum[k] += value;
				sum_line[k] = cell_of(row, SHEET_CPU, summed[k])->line;
			}
		if (!fact_of(sysstat, row, SHEET_CPU, "cpu_idle", &idle))
			continue;
		fact_of(sysstat, row, SHEET_CPU, "cpu_iowait", &iowait);
		cpus++;
		if (1 - idle - iowait >= busiest) {
			busiest = 1 - idle - iowait;
			line = cell_of(row, SHEET_CPU, "cpu_idle")->line;
		}
		idlest = MIN(idlest, 1 - idle - iowait);
		if (fact_of(sysstat, row, SHEET_CPU, "cpu_softirq", &soft))
			softest = MAX(softest, soft);
	}
	for (size_t k = 0; k < ARRAY_SIZE(summed); k++)
		if (sum_line[k])
			tell_derived(sysstat, host, summed[k], sum[k], "per_s", sum_line[k]);
	if (sysstat->reader.cpus || cpus)
		parse_number(sysstat->parse, host, "cpus",
			     sysstat->reader.cpus ? sysstat->reader.cpus : cpus, "CPUs",
			     sysstat->reader.cpus ? 1 : line);
	if (!cpus)
		return;
	tell_derived(sysstat, host, "cpu_busiest", busiest, "ratio", line);
	tell_derived(sysstat, host, "cpu_idlest", idlest, "ratio", line);
	tell_derived(sysstat, host, "cpu_softirq_most", softest, "ratio", line);
}

static struct entity task_entity(const struct sysstat *sysstat, const struct sum_row *row)
{
	auto_free char *name = x_asprintf("%.*s (%.*s)", STR_ARG(row->label), STR_ARG(row->key));

	return facts_entity(sysstat->parse->facts, row->kind, name);
}

static void tell_task(const struct sysstat *sysstat, const struct sum_row *row)
{
	struct entity entity = task_entity(sysstat, row);
	const struct sum_cell *cpu = cell_of(row, SHEET_TASK, "cpu");
	uint32_t samples = samples_of(sysstat, SHEET_TASK), line = 0;
	double pid;

	tell_row(sysstat, row, entity, SHEET_TASK);
	for (size_t i = 0; i < sheet_columns[SHEET_TASK].count; i++)
		line = MAX(line, row->cells[i].line);
	/* one that is not listed in a sample used nothing in it */
	if (cpu->count && !sysstat->is_since_boot)
		parse_number(sysstat->parse, entity, "cpu_least",
			     cpu->count >= samples ? cpu->least : 0, "CPUs", cpu->line);
	if (row->label.len)
		parse_text(sysstat->parse, entity, "command", row->label, line);
	if (cell_number(row->key, &pid))
		parse_number(sysstat->parse, entity, "pid", pid, "", line);
	if (row->parent)
		facts_add_relation(
			sysstat->parse->facts, entity, "in",
			task_entity(sysstat, &sysstat->sums.rows.items[row->parent - 1]));
}

static double task_weight(const struct sum_row *row)
{
	static const struct {
		const char *fact;
		double weight;
	} facts[] = { { "cpu", 1 },
		      { "wait", 1 },
		      { "read_bytes", 1e-7 },
		      { "write_bytes", 1e-7 },
		      { "memory", 2 },
		      { "major_faults", 1e-2 },
		      { "switches_voluntary", 1e-4 },
		      { "cpu_system", 1 } };
	double weight = 0;

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		double value;

		if (sum_value(cell_of(row, SHEET_TASK, facts[i].fact), SUM_MEAN, 1, &value))
			weight = MAX(weight, value * facts[i].weight);
	}
	return weight;
}

static int by_weight(const void *left, const void *right)
{
	const struct sum_row *a = *(const struct sum_row *const *)left;
	const struct sum_row *b = *(const struct sum_row *const *)right;
	double a_weight = task_weight(a), b_weight = task_weight(b);

	if (a_weight != b_weight)
		return a_weight > b_weight ? -1 : 1;
	return str_cmp(a->key, b->key);
}

/* The busiest thread of each process: whether one thread is all of it. */
static void tell_threads(const struct sysstat *sysstat)
{
	const struct sum_row_vec *rows = &sysstat->sums.rows;
	auto_free double *most = x_calloc(rows->count, sizeof(*most));

	for (size_t i = 0; i < rows->count; i++) {
		double cpu;

		if (rows->items[i].parent &&
		    fact_of(sysstat, &rows->items[i], SHEET_TASK, "cpu", &cpu))
			most[rows->items[i].parent - 1] = MAX(most[rows->items[i].parent - 1], cpu);
	}
	for (size_t i = 0; i < rows->count; i++)
		if (most[i] > 0)
			tell_derived(sysstat, task_entity(sysstat, &rows->items[i]), "cpu_thread",
				     most[i], "CPUs",
				     cell_of(&rows->items[i], SHEET_TASK, "cpu")->line);
}

static int by_label(const void *left, const void *right)
{
	const struct sum_row *a = *(const struct sum_row *const *)left;
	const struct sum_row *b = *(const struct sum_row *const *)right;
	int order = str_cmp(a->label, b->label);

	return order ? order : str_cmp(a->key, b->key);
}

/* Programs that run several times: what their processes take and wait for together. */
static void tell_commands(const struct sysstat *sysstat, const struct sum_row **tasks, size_t count)
{
	qsort(tasks, count, sizeof(*tasks), by_label);
	for (size_t i = 0, next; i < count; i = next) {
		struct str label = tasks[i]->label;
		auto_free char *name = label.len ? x_strndup(label.ptr, label.len) : NULL;
		double cpu = 0, wait = 0, processes = 0, value;
		uint32_t line = cell_of(tasks[i], SHEET_TASK, "cpu")->line;
		struct entity entity;

		for (next = i; next < count && str_eq(tasks[next]->label, tasks[i]->label);
		     next++) {
			processes += strcmp(tasks[next]->kind, "process") == 0;
			if (strcmp(tasks[next]->kind, "process") != 0)
				continue;
			if (fact_of(sysstat, tasks[next], SHEET_TASK, "cpu", &value))
				cpu += value;
			if (fact_of(sysstat, tasks[next], SHEET_TASK, "wait", &value))
				wait += value;
		}
		if (processes < 3 || cpu < 0.02 || !name)
			continue;
		entity = facts_entity(sysstat->parse->facts, "command", name);
		tell_derived(sysstat, entity, "processes", processes, "processes", line);
		tell_derived(sysstat, entity, "cpu", cpu, "CPUs", line);
		tell_derived(sysstat, entity, "wait", wait, "CPUs", line);
	}
}

static void tell_tasks(const struct sysstat *sysstat)
{
	const struct sum_row_vec *rows = &sysstat->sums.rows;
	auto_free const struct sum_row **tasks = x_calloc(rows->count + 1, sizeof(*tasks));
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->items[i].kind, "process") == 0 ||
		    strcmp(rows->items[i].kind, "thread") == 0)
			tasks[count++] = &rows->items[i];
	if (!count)
		return;
	tell_commands(sysstat, tasks, count);
	qsort(tasks, count, sizeof(*tasks), by_weight);
	for (size_t i = 0; i < MIN(count, (size_t)TOLD_TASKS); i++)
		tell_task(sysstat, tasks[i]);
	tell_threads(sysstat);
}

static void tell_interrupts(const struct sysstat *sysstat, const struct sum_row *row)
{
	const char *fact = interrupt_fact(row->key);
	double value;

	if (fact &&
	    sum_value(&row->cells[0], SUM_MEAN, samples_of(sysstat, SHEET_INTERRUPT), &value))
		tell_derived(sysstat, parse_host(sysstat->parse), fact, value, "per_s",
			     row->cells[0].line);
}

static void tell_memory(const struct sysstat *sysstat, const struct sum_row *row)
{
	double used, free, share;
	struct entity host = parse_host(sysstat->parse);
	const struct sum_cell *swap = cell_of(row, SHEET_HOST, "swap_used");

	if (sum_value(cell_of(row, SHEET_HOST, "memory_used"), SUM_LAST, 1, &used) &&
	    sum_value(cell_of(row, SHEET_HOST, "memory_used_share"), SUM_LAST, 1, &share) &&
	    share >= 0.1) {
		uint32_t fact =
			parse_number(sysstat->parse, host, "memory_total", used / share, "bytes",
				     cell_of(row, SHEET_HOST, "memory_used")->line);

		sysstat->parse->facts->facts.items[fact].flags |= FACT_DERIVED | FACT_ESTIMATED;
	}
	if (!sum_value(swap, SUM_LAST, 1, &used) ||
	    !sum_value(cell_of(row, SHEET_HOST, "swap_free"), SUM_LAST, 1, &free))
		return;
	parse_number(sysstat->parse, host, "swap_total", used + free, "bytes", swap->line);
	if (swap->count > 1)
		parse_number(sysstat->parse, host, "swap_growth", swap->last - swap->first, "bytes",
			     swap->line);
}

static void tell_rows(const struct sysstat *sysstat)
{
	struct facts *facts = sysstat->parse->facts;
	struct entity host = parse_host(sysstat->parse);

	for (size_t i = 0; i < sysstat->sums.rows.count; i++) {
		const struct sum_row *row = &sysstat->sums.rows.items[i];

		if (strcmp(row->kind, "host") == 0) {
			tell_row(sysstat, row, host, SHEET_HOST);
			tell_busy(sysstat, row, SHEET_HOST);
			tell_memory(sysstat, row);
		} else if (strcmp(row->kind, "cpu") == 0 && str_is(row->key, "all")) {
			tell_row(sysstat, row, host, SHEET_CPU);
			tell_busy(sysstat, row, SHEET_CPU);
		} else if (strcmp(row->kind, "disk") == 0) {
			tell_row(sysstat, row, facts_entity(facts, "disk", row->key.ptr),
				 SHEET_DISK);
		} else if (strcmp(row->kind, "interface") == 0) {
			tell_row(sysstat, row, facts_entity(facts, "interface", row->key.ptr),
				 SHEET_INTERFACE);
		} else if (strcmp(row->kind, "interrupt") == 0) {
			tell_interrupts(sysstat, row);
		}
	}
}

/* How many readings there are, over what time, and whether they are since boot. */
static void measure_time(struct sysstat *sysstat, const char *name)
{
	bool is_iostat = strcmp(name, "iostat") == 0, has_average = false;
	bool is_boot = false;

	for (size_t i = 0; i < sysstat->sums.rows.count && !has_average; i++)
		for (size_t k = 0; k < sysstat->sums.rows.items[i].cell_count && !has_average; k++)
			has_average = sysstat->sums.rows.items[i].cells[k].has_average;
	for (size_t i = 0; i < sysstat->reader.table_count; i++) {
		const struct sheet_table *table = sysstat->reader.tables[i];
		double window = table->last_s - table->header_s;

		sysstat->readings = MAX(sysstat->readings, table->samples + table->is_boot_dropped);
		is_boot |= table->is_since_boot && table->samples == 1;
		if (table->header_s < 0 || table->last_s < 0)
			continue;
		if (window < 0)
			window += 86400;
		sysstat->window_s = MAX(sysstat->window_s, window);
	}
	sysstat->is_since_boot = !has_average && (is_boot || (is_iostat && sysstat->readings == 1));
	if (!is_iostat && !sysstat->is_since_boot)
		sysstat->readings++; /* an interval lies between two of them */
}

static void sysstat_parse(struct parse *parse, const char *name)
{
	struct sysstat sysstat = { .parse = parse };
	struct entity host = parse_host(parse);
	uint32_t process = 0;
	struct str line;

	while (parse_next_line(parse, &line))
		switch (sheet_read(&sysstat.reader, line)) {
		case SHEET_ROW:
			row_add(&sysstat, &process);
			break;
		case SHEET_HEADER:
			drop_boot(&sysstat);
			break;
		case SHEET_RESTART:
			sysstat.restarts++;
			break;
		case SHEET_UNKNOWN:
			parse_unknown(parse, line);
			break;
		case SHEET_BANNER:
		case SHEET_BLANK:
		case SHEET_TIME:
			break;
		}
	measure_time(&sysstat, name);
	strbuf_addf(&parse->format, "%s, %u reading%s", name, sysstat.readings,
		    sysstat.readings == 1 ? "" : "s");
	parse_number(parse, host, "frames", sysstat.readings, "readings", 1);
	if (sysstat.window_s > 0 && !sysstat.is_since_boot)
		parse_number(parse, host, "window", sysstat.window_s * 1e9, "ns", 1);
	if (sysstat.restarts)
		parse_number(parse, host, "restarts", sysstat.restarts, "", 1);
	if (sysstat.reader.kernel.len)
		parse_text(parse, host, "kernel", sysstat.reader.kernel, 1);
	tell_rows(&sysstat);
	tell_cpus(&sysstat);
	tell_tasks(&sysstat);
	sums_done(&sysstat.sums);
	sheet_reader_done(&sysstat.reader);
}

/* ---- which of them it is */

static const char *table_command(const struct sheet_table *table)
{
	uint32_t irq = 0, steal = 0;

	for (uint32_t i = 0; i < table->count; i++) {
		if (str_is(table->headings[i], "%irq"))
			irq = i + 1;
		if (str_is(table->headings[i], "%steal") || str_is(table->headings[i], "%idle"))
			steal = steal ? steal : i + 1;
	}
	switch (table->kind) {
	case SHEET_TASK:
		return "pidstat";
	case SHEET_DISK:
		return str_is(table->headings[table->key], "DEV") ? "sar" : "iostat";
	case SHEET_CPU:
		return (irq && irq < steal) || str_is(table->headings[1 % table->count], "intr/s")
			       ? "mpstat"
			       : "sar";
	case SHEET_HOST:
		return str_is(table->headings[0], "%user") ? "iostat" : "sar";
	case SHEET_INTERFACE:
	case SHEET_INTERRUPT:
		return "sar";
	case SHEET_OTHER:
		break;
	}
	return str_is(table->headings[0], "NODE") ? "mpstat" : "";
}

static bool is_known_table(const struct sheet_table *table)
{
	size_t known = 0;

	for (size_t i = 0; i < table->count; i++)
		known += table->columns[i] != NULL;
	return table->kind == SHEET_HOST ? known >= 2 : known >= 1;
}

static unsigned sysstat_looks(struct str text, const char *name)
{
	struct sheet_reader *reader = x_calloc(1, sizeof(*reader));
	bool has_banner = false, is_ours = false, is_decided = false;
	struct str line;

	for (int i = 0; i < 60 && !is_decided && str_next_line(&text, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;
		enum sheet_line is;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		is = sheet_read(reader, strbuf_str(&plain));
		has_banner |= is == SHEET_BANNER;
		if (is != SHEET_HEADER || !is_known_table(reader->table))
			continue;
		is_decided = true;
		is_ours = strcmp(table_command(reader->table), name) == 0;
	}
	sheet_reader_done(reader);
	free(reader);
	return is_ours ? (has_banner ? 2 : 1) : 0;
}

#define SYSSTAT(name)                                                                              \
	static unsigned name##_looks(struct str text)                                              \
	{                                                                                          \
		return sysstat_looks(text, #name);                                                 \
	}                                                                                          \
	static void name##_parse(struct parse *parse)                                              \
	{                                                                                          \
		sysstat_parse(parse, #name);                                                       \
	}                                                                                          \
	const struct host_parser name##_parser = { #name, name##_looks, name##_parse }

SYSSTAT(mpstat);
SYSSTAT(pidstat);
SYSSTAT(iostat);
SYSSTAT(sar);
