/*
 * The output of ps with any columns: what a column is its heading says. %CPU is the share over the
 * process's whole life, so it is no fact about now. Where several lists follow each other the last
 * one counts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "base/vec.h"
#include "host/sheet.h"

enum { MAX_TASKS = 1 << 18, TOLD_TASKS = 60, TOLD_COMMANDS = 20, LONGEST_NAME = 120 };

enum ps_column {
	PS_OTHER,
	PS_PID,
	PS_TID,
	PS_PPID,
	PS_USER,
	PS_CPU,
	PS_MEMORY,
	PS_RSS,
	PS_STATE,
	PS_NICE,
	PS_CLASS,
	PS_THREADS,
	PS_WCHAN,
	PS_CGROUP,
	PS_START,
	PS_COMMAND,
	PS_COLUMNS
};

static const struct {
	const char *heading;
	enum ps_column column;
} headings[] = {
	{ "PID", PS_PID },	   { "LWP", PS_TID },	    { "TID", PS_TID },
	{ "SPID", PS_TID },	   { "PPID", PS_PPID },	    { "USER", PS_USER },
	{ "UID", PS_USER },	   { "EUSER", PS_USER },    { "RUSER", PS_USER },
	{ "%CPU", PS_CPU },	   { "%MEM", PS_MEMORY },   { "RSS", PS_RSS },
	{ "RSZ", PS_RSS },	   { "STAT", PS_STATE },    { "S", PS_STATE },
	{ "STATE", PS_STATE },	   { "NI", PS_NICE },	    { "CLS", PS_CLASS },
	{ "POL", PS_CLASS },	   { "SCH", PS_CLASS },	    { "NLWP", PS_THREADS },
	{ "THCNT", PS_THREADS },   { "WCHAN", PS_WCHAN },   { "CGROUP", PS_CGROUP },
	{ "START", PS_START },	   { "STARTED", PS_START }, { "STIME", PS_START },
	{ "COMMAND", PS_COMMAND }, { "CMD", PS_COMMAND },   { "ARGS", PS_COMMAND },
	{ "COMM", PS_COMMAND },
};

struct task {
	uint64_t pid, id, parent; /* id: of the thread; the pid where no threads are listed */
	struct str name, user, wchan, cgroup;
	double cpu, memory, resident, nice;
	uint32_t line, zombies, threads;
	char state;
	bool is_realtime, has_nice;
};

VEC_DEFINE(task_vec, struct task)

struct ps {
	struct parse *parse;
	struct arena arena;
	struct cells cells;
	enum ps_column columns[64];
	size_t count, command; /* command: which column, count = none */
	bool has[PS_COLUMNS];
	bool has_arguments; /* the command is a command line */
	struct task_vec tasks;
	uint32_t lists;
};

static bool header_read(struct ps *ps)
{
	const struct cells *cells = &ps->cells;
	enum ps_column columns[64];
	bool has[PS_COLUMNS] = { 0 };
	size_t command = cells->count;

	if (cells->count < 2 || cells->count > ARRAY_SIZE(columns))
		return false;
	for (size_t i = 0; i < cells->count; i++) {
		columns[i] = PS_OTHER;
		for (size_t k = 0; k < ARRAY_SIZE(headings); k++)
			if (str_is(cells->at[i], headings[k].heading))
				columns[i] = headings[k].column;
		has[columns[i]] = true;
		if (columns[i] == PS_COMMAND)
			command = i;
	}
	if (!has[PS_PID] || (!has[PS_COMMAND] && !has[PS_STATE]))
		return false;
	memcpy(ps->columns, columns, sizeof(columns));
	memcpy(ps->has, has, sizeof(has));
	ps->count = cells->count;
	ps->command = command;
	ps->has_arguments = command == cells->count - 1;
	ps->tasks.count = 0;
	ps->lists++;
	return true;
}

/* "Fri Nov 20 13:31:33 2026" and "Nov 20" are one column. */
static size_t start_words(const struct cells *cells, size_t at)
{
	double number;

	if (at + 4 < cells->count && cells->at[at].len == 3 && cells->at[at + 1].len == 3 &&
	    cell_clock(cells->at[at + 3], &number))
		return 5;
	return at + 1 < cells->count && cells->at[at].len == 3 &&
			       !strchr("0123456789", cells->at[at].ptr[0]) &&
			       cell_number(cells->at[at + 1], &number)
		       ? 2
		       : 1;
}

static struct str kept(struct ps *ps, struct str text)
{
	text.len = MIN(text.len, (size_t)LONGEST_NAME);
	return (struct str){ arena_copy(&ps->arena, text), text.len };
}

static void cell_read(struct ps *ps, struct task *task, enum ps_column column, struct str cell)
{
	double number = 0;
	bool is_number = cell_number(cell, &number) && number >= 0;

	switch (column) {
	case PS_PID:
		task->pid = is_number ? (uint64_t)number : 0;
		break;
	case PS_TID:
		task->id = is_number ? (uint64_t)number : 0;
		break;
	case PS_PPID:
		task->parent = is_number ? (uint64_t)number : 0;
		break;
	case PS_USER:
		task->user = kept(ps, cell);
		break;
	case PS_CPU:
		task->cpu = is_number ? number / 100 : 0;
		break;
	case PS_MEMORY:
		task->memory = is_number ? number / 100 : 0;
		break;
	case PS_RSS:
		task->resident = is_number ? number * 1024 : 0;
		break;
	case PS_STATE:
		task->state = cell.ptr[0];
		break;
	case PS_NICE:
		task->has_nice = cell_number(cell, &task->nice);
		task->is_realtime |= str_is(cell, "-");
		break;
	case PS_CLASS:
		task->is_realtime |= str_is(cell, "FF") || str_is(cell, "RR");
		break;
	case PS_THREADS:
		task->threads = is_number && number < 1e9 ? (uint32_t)number : 0;
		break;
	case PS_WCHAN:
		task->wchan = kept(ps, cell);
		break;
	case PS_CGROUP:
		task->cgroup = kept(ps, cell);
		break;
	case PS_OTHER:
	case PS_START:
	case PS_COMMAND:
	case PS_COLUMNS:
		break;
	}
}

/* Without the lines of a tree (-H, --forest). */
static struct str untreed(struct str command)
{
	while (command.len && strchr(" |\\_`-", command.ptr[0]) && command.len > 1) {
		command.ptr++;
		command.len--;
	}
	return command;
}

/* Columns in front of the command count from the left, those behind it from the right. */
static bool row_read(struct ps *ps, struct str line)
{
	const struct cells *cells = &ps->cells;
	struct task task = { .line = ps->parse->line };
	size_t at = 0, end = cells->count;
	struct str command;

	for (size_t i = 0; i < ps->count && i < ps->command; i++) {
		if (at >= cells->count)
			return false;
		cell_read(ps, &task, ps->columns[i], cells->at[at]);
		at += ps->columns[i] == PS_START ? start_words(cells, at) : 1;
	}
	for (size_t i = ps->count; i-- > ps->command + 1;) {
		double clock_s;
		bool is_long = ps->columns[i] == PS_START && end >= 5 &&
			       cell_clock(cells->at[end - 2], &clock_s);

		if (end <= (is_long ? 5 : 1))
			return false;
		end -= is_long ? 5 : 1;
		cell_read(ps, &task, ps->columns[i], cells->at[end]);
	}
	if (ps->command < ps->count) {
		if (at >= end)
			return false;
		command = cells->at[at];
		command.len = end < cells->count ? (size_t)(cells->at[end].ptr - command.ptr)
						 : (size_t)(line.ptr + line.len - command.ptr);
		command = str_trim(command);
		if (str_starts_with(command, STR("\\_")) || str_starts_with(command, STR("|")))
			command = untreed(command);
		if (str_ends_with(command, STR(" <defunct>")))
			command.len -= strlen(" <defunct>");
		task.name = kept(ps, program_name(command, ps->has_arguments));
	}
	if (!task.pid || ps->tasks.count >= MAX_TASKS)
		return task.pid != 0;
	if (!ps->has[PS_TID])
		task.id = task.pid;
	task_vec_push(&ps->tasks, task);
	return true;
}

/* ---- facts */

static int by_pid(const void *left, const void *right)
{
	const struct task *a = left, *b = right;

	return a->pid != b->pid ? (a->pid > b->pid ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static struct task *task_find(struct ps *ps, uint64_t pid)
{
	const struct task key = { .pid = pid };
	size_t low = 0, high = ps->tasks.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_pid(&ps->tasks.items[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ps->tasks.count && ps->tasks.items[low].pid == pid ? &ps->tasks.items[low]
									: NULL;
}

static bool is_stopped(char state)
{
	return state == 'T' || state == 't';
}

static double weight(const struct task *task)
{
	double odd = task->zombies || is_stopped(task->state) || task->state == 'D' ? 10 : 0;

	return odd + task->is_realtime + task->memory * 2 + task->cpu +
	       task->resident / (1024.0 * 1024 * 1024 * 1024);
}

static int by_weight(const void *left, const void *right)
{
	const struct task *a = left, *b = right;

	if (weight(a) != weight(b))
		return weight(a) > weight(b) ? -1 : 1;
	return by_pid(left, right);
}

static struct entity task_entity(const struct ps *ps, const struct task *task)
{
	bool is_thread = ps->has[PS_TID] && task->id != task->pid;
	auto_free char *name = x_asprintf("%.*s (%llu)", STR_ARG(task->name),
					  (unsigned long long)(is_thread ? task->id : task->pid));

	return facts_entity(ps->parse->facts, is_thread ? "thread" : "process", name);
}

static void tell_task(const struct ps *ps, const struct task *task)
{
	struct parse *parse = ps->parse;
	struct entity entity = task_entity(ps, task);
	uint32_t line = task->line;

	parse_number(parse, entity, "pid", (double)task->pid, "", line);
	if (task->name.len)
		parse_text(parse, entity, "command", task->name, line);
	if (task->user.len)
		parse_text(parse, entity, "user", task->user, line);
	if (ps->has[PS_PPID])
		parse_number(parse, entity, "ppid", (double)task->parent, "", line);
	if (ps->has[PS_CPU])
		parse_number(parse, entity, "cpu_lifetime", task->cpu, "CPUs", line);
	if (ps->has[PS_MEMORY])
		parse_number(parse, entity, "memory", task->memory, "ratio", line);
	if (ps->has[PS_RSS])
		parse_number(parse, entity, "resident", task->resident, "bytes", line);
	if (task->state)
		parse_text(parse, entity, "state", (struct str){ &task->state, 1 }, line);
	if (task->has_nice)
		parse_number(parse, entity, "nice", task->nice, "", line);
	if (task->is_realtime)
		parse_text(parse, entity, "realtime", STR("yes"), line);
	if (task->threads)
		parse_number(parse, entity, "threads", task->threads, "", line);
	if (task->wchan.len && !str_is(task->wchan, "-"))
		parse_text(parse, entity, "wchan", task->wchan, line);
	if (task->cgroup.len)
		parse_text(parse, entity, "cgroup", task->cgroup, line);
	if (task->zombies)
		parse_number(parse, entity, "zombies", task->zombies, "", line);
}

/* ps itself runs while it looks. */
static bool is_own(const struct task *task)
{
	return str_is(task->name, "ps");
}

static void tell_states(struct ps *ps)
{
	static const struct {
		const char *states, *name;
	} kinds[] = { { "R", "tasks_running" },
		      { "D", "tasks_blocked" },
		      { "Z", "tasks_zombie" },
		      { "Tt", "tasks_stopped" } };
	struct entity host = parse_host(ps->parse);

	parse_number(ps->parse, host, "tasks", (double)ps->tasks.count, "tasks", 1);
	for (size_t k = 0; k < ARRAY_SIZE(kinds) && ps->has[PS_STATE]; k++) {
		uint32_t count = 0, line = 1;

		for (size_t i = 0; i < ps->tasks.count; i++)
			if (ps->tasks.items[i].state && !is_own(&ps->tasks.items[i]) &&
			    strchr(kinds[k].states, ps->tasks.items[i].state)) {
				count++;
				line = ps->tasks.items[i].line;
			}
		parse_number(ps->parse, host, kinds[k].name, count, "tasks", line);
	}
}

static int by_name(const void *left, const void *right)
{
	const struct task *a = left, *b = right;
	int order = str_cmp(a->name, b->name);

	return order ? order : by_pid(left, right);
}

/* Programs of which there are several, the most numerous first come last: only those above 3. */
static void tell_commands(struct ps *ps)
{
	size_t told = 0;

	qsort(ps->tasks.items, ps->tasks.count, sizeof(struct task), by_name);
	for (size_t i = 0, next; i < ps->tasks.count && told < TOLD_COMMANDS * 10; i = next) {
		const struct task *first = &ps->tasks.items[i];
		auto_free char *name =
			first->name.len ? x_strndup(first->name.ptr, first->name.len) : NULL;
		uint32_t running = 0, blocked = 0, zombies = 0;
		double resident = 0;
		struct entity entity;

		for (next = i;
		     next < ps->tasks.count && str_eq(ps->tasks.items[next].name, first->name);
		     next++) {
			running += ps->tasks.items[next].state == 'R';
			blocked += ps->tasks.items[next].state == 'D';
			zombies += ps->tasks.items[next].state == 'Z';
			resident += ps->tasks.items[next].resident;
		}
		if (!name || (next - i < 4 && running + blocked + zombies == 0))
			continue;
		told++;
		entity = facts_entity(ps->parse->facts, "command", name);
		parse_number(ps->parse, entity, "processes", (double)(next - i), "processes",
			     first->line);
		if (ps->has[PS_RSS])
			parse_number(ps->parse, entity, "resident", resident, "bytes", first->line);
		if (!ps->has[PS_STATE])
			continue;
		parse_number(ps->parse, entity, "running", running, "tasks", first->line);
		parse_number(ps->parse, entity, "blocked", blocked, "tasks", first->line);
		parse_number(ps->parse, entity, "zombies", zombies, "tasks", first->line);
	}
}

static void tell(struct ps *ps)
{
	if (!ps->tasks.count)
		return;
	tell_states(ps);
	tell_commands(ps);
	qsort(ps->tasks.items, ps->tasks.count, sizeof(struct task), by_pid);
	for (size_t i = 0; i < ps->tasks.count && ps->has[PS_PPID]; i++) {
		struct task *parent = ps->tasks.items[i].state == 'Z'
					      ? task_find(ps, ps->tasks.items[i].parent)
					      : NULL;

		if (parent)
			parent->zombies++;
	}
	qsort(ps->tasks.items, ps->tasks.count, sizeof(struct task), by_weight);
	for (size_t i = 0; i < MIN(ps->tasks.count, (size_t)TOLD_TASKS); i++)
		tell_task(ps, &ps->tasks.items[i]);
}

static void ps_parse(struct parse *parse)
{
	auto_free struct ps *ps = x_calloc(1, sizeof(*ps));
	struct str line;

	ps->parse = parse;
	while (parse_next_line(parse, &line)) {
		cells_split(line, &ps->cells);
		if (ps->cells.count && !header_read(ps) && (!ps->count || !row_read(ps, line)))
			parse_unknown(parse, line);
	}
	strbuf_addf(&parse->format, "ps%s", ps->has[PS_TID] ? " (threads)" : "");
	tell(ps);
	task_vec_done(&ps->tasks);
	arena_done(&ps->arena);
}

static unsigned ps_looks(struct str text)
{
	auto_free struct ps *ps = x_calloc(1, sizeof(*ps));
	struct str line;

	for (int i = 0; i < 3 && str_next_line(&text, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		escapes_drop((struct str){ line.ptr, MIN(line.len, (size_t)4096) }, &plain);
		cells_split(strbuf_str(&plain), &ps->cells);
		if (!header_read(ps))
			continue;
		/* top's rows and lsof's have such headings too */
		return str_find(strbuf_str(&plain), STR("TIME+")) < 0 &&
				       str_find(strbuf_str(&plain), STR(" FD ")) < 0 &&
				       str_find(strbuf_str(&plain), STR(" SHR ")) < 0
			       ? 2
			       : 0;
	}
	return 0;
}

const struct host_parser ps_parser = { "ps", ps_looks, ps_parse };
