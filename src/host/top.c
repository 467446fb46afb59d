/*
 * The output of top. What counts is the mean of its screens from the second on: the first one shows
 * a fraction of a second, in old versions the time since boot. Of processes those are told that
 * use something or are in a state that matters, and all of them summed by command.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/id_table.h"
#include "base/memory.h"
#include "base/vec.h"
#include "host/parser.h"
#include "host/top_frame.h"

enum {
	MAX_PROCESSES = 1 << 16,
	MAX_FRAMES = 100000,
	TOLD_PROCESSES = 40,
	TOLD_COMMANDS = 12,
	LONGEST_COMMAND = 200,
};

static const double told_cpu = 0.02, told_memory = 0.03;

struct process {
	uint64_t pid, ppid;
	struct str user, command; /* in the arena */
	double cpu, cpu_min, cpu_max, memory, resident, first_resident, swapped;
	uint32_t frames, running, blocked, line;
	char state;
	int nice;
	bool is_realtime, has_ppid;
};

VEC_DEFINE(process_vec, struct process)

struct command {
	struct str name;
	double cpu, resident;
	uint32_t processes, line;
	double running; /* on the mean of the screens */
};

VEC_DEFINE(command_vec, struct command)

/* Sums over screens. */
struct sum {
	double sum, min, max, first, last;
	uint32_t count, line;
};

struct top {
	struct parse *parse;
	struct arena arena;
	struct top_frame frame;
	uint32_t frames;
	struct process_vec processes;
	struct id_table by_pid;
	struct sum load[3], cpu[TOP_CPU_KINDS], task[TOP_TASK_KINDS], memory[TOP_MEMORY_KINDS];
	struct sum uptime_s, clock_s, listed_cpu, blocked;
	double frame_cpu, frame_blocked;
	unsigned cpus;
	double busiest_cpu;
	bool has_first; /* the first screen's figures are in the sums, for want of others */
};

static uint64_t pid_hash(const void *rows, uint32_t id)
{
	return hash_mix(0, ((const struct process *)rows)[id].pid);
}

static bool pid_is(const void *rows, uint32_t id, const void *key)
{
	return ((const struct process *)rows)[id].pid == *(const uint64_t *)key;
}

static const struct id_table_rows by_pid = { pid_hash, pid_is };

static void sum_add(struct sum *sum, double value, uint32_t line)
{
	if (!sum->count) {
		sum->first = sum->min = sum->max = value;
		sum->line = line;
	}
	sum->min = MIN(sum->min, value);
	sum->max = MAX(sum->max, value);
	sum->sum += value;
	sum->last = value;
	sum->count++;
}

static double sum_mean(const struct sum *sum)
{
	return sum->count ? sum->sum / sum->count : 0;
}

static void sums_drop(struct top *top)
{
	memset(top->load, 0, sizeof(top->load));
	memset(top->cpu, 0, sizeof(top->cpu));
	memset(top->task, 0, sizeof(top->task));
	top->listed_cpu = top->blocked = (struct sum){ 0 };
	top->busiest_cpu = 0;
	top->processes.count = 0;
	id_table_done(&top->by_pid);
	top->by_pid = (struct id_table){ 0 };
}

/* What the head of the screen said goes into the sums when its rows are over. */
static void frame_end(struct top *top)
{
	struct top_frame *frame = &top->frame;

	if (!top->frames)
		return;
	for (size_t i = 0; i < 3; i++)
		if (frame->load[i].line)
			sum_add(&top->load[i], frame->load[i].value, frame->load[i].line);
	for (size_t i = 0; i < TOP_CPU_KINDS; i++)
		if (frame->cpu[i].line)
			sum_add(&top->cpu[i], frame->cpu[i].value, frame->cpu[i].line);
	for (size_t i = 0; i < TOP_TASK_KINDS; i++)
		if (frame->task[i].line)
			sum_add(&top->task[i], frame->task[i].value, frame->task[i].line);
	for (size_t i = 0; i < TOP_MEMORY_KINDS; i++)
		if (frame->memory[i].line)
			sum_add(&top->memory[i], frame->memory[i].value, frame->memory[i].line);
	if (frame->uptime_s.line)
		sum_add(&top->uptime_s, frame->uptime_s.value, frame->uptime_s.line);
	if (frame->clock_s.line)
		sum_add(&top->clock_s, frame->clock_s.value, frame->clock_s.line);
	if (frame->column_count) {
		sum_add(&top->listed_cpu, top->frame_cpu, top->parse->line);
		sum_add(&top->blocked, top->frame_blocked, top->parse->line);
	}
	top->cpus = MAX(top->cpus, frame->cpus);
	top->busiest_cpu = MAX(top->busiest_cpu, frame->busiest_cpu);
	top->frame_cpu = top->frame_blocked = 0;
}

static void frame_begin(struct top *top)
{
	/* Memory is no rate: its first figures are as good as the others. */
	if (top->frames == 1)
		sums_drop(top);
	top->frames++;
}

static void row_add(struct top *top, const struct top_row *row)
{
	uint32_t *slot = id_table_slot(&top->by_pid, &by_pid, top->processes.items,
				       hash_mix(0, row->pid), &row->pid);
	struct process *process;

	top->frame_cpu += row->cpu;
	top->frame_blocked += row->state == 'D';
	if (!*slot) {
		struct str command = { row->command.ptr,
				       MIN(row->command.len, (size_t)LONGEST_COMMAND) };

		if (top->processes.count >= MAX_PROCESSES)
			return;
		id_table_put(&top->by_pid, slot, (uint32_t)top->processes.count);
		process = process_vec_push(
			&top->processes,
			(struct process){
				.pid = row->pid,
				.user = { arena_copy(&top->arena, row->user), row->user.len },
				.command = { arena_copy(&top->arena, command), command.len },
				.cpu_min = row->cpu,
				.first_resident = row->resident,
				.line = top->parse->line });
	} else {
		process = &top->processes.items[*slot - 1];
	}
	process->ppid = row->ppid;
	process->has_ppid = row->has_ppid;
	process->cpu += row->cpu;
	process->cpu_min = MIN(process->cpu_min, row->cpu);
	process->cpu_max = MAX(process->cpu_max, row->cpu);
	process->memory = row->memory;
	process->resident = row->resident;
	process->swapped = row->swapped;
	process->running += row->state == 'R';
	process->blocked += row->state == 'D';
	process->frames++;
	process->state = row->state;
	process->nice = row->nice;
	process->is_realtime = row->is_realtime;
}

/* ---- facts */

static double counted_frames(const struct top *top)
{
	return top->frames > 1 ? top->frames - 1 : 1;
}

/* top itself shows tenths of a percent. */
static double rounded(double value)
{
	return round(value * 1000) / 1000;
}

static void mean_tell(struct top *top, struct entity entity, const char *name,
		      const struct sum *sum, const char *unit)
{
	uint32_t row;

	if (!sum->count)
		return;
	row = parse_number(top->parse, entity, name, rounded(sum_mean(sum)), unit, sum->line);
	top->parse->facts->facts.items[row].n = sum->count;
	if (top->frames == 1)
		top->parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
}

static void cpu_tell(struct top *top, struct entity host)
{
	static const char *const names[TOP_CPU_KINDS] = { "cpu_user",	 "cpu_system", "cpu_nice",
							  "cpu_idle",	 "cpu_iowait", "cpu_irq",
							  "cpu_softirq", "cpu_steal" };
	double busy = 1 - sum_mean(&top->cpu[TOP_IDLE]) - sum_mean(&top->cpu[TOP_IOWAIT]);
	double cpus;
	uint32_t row;

	for (size_t i = 0; i < TOP_CPU_KINDS; i++)
		mean_tell(top, host, names[i], &top->cpu[i], "ratio");
	if (!top->cpu[TOP_IDLE].count) /* a drawn line has only these two */
		busy = sum_mean(&top->cpu[TOP_USER]) + sum_mean(&top->cpu[TOP_SYSTEM]);
	if (top->cpu[TOP_USER].count) {
		row = parse_number(top->parse, host, "cpu_busy", rounded(MAX(busy, 0)), "ratio",
				   top->cpu[TOP_USER].line);

		top->parse->facts->facts.items[row].flags |=
			FACT_DERIVED | (top->frames == 1 ? FACT_ESTIMATED : 0);
	}
	mean_tell(top, host, "listed_cpu", &top->listed_cpu, "CPUs");
	if (top->cpus) {
		parse_number(top->parse, host, "cpus", top->cpus, "CPUs", top->cpu[TOP_USER].line);
		parse_number(top->parse, host, "busiest_cpu", top->busiest_cpu, "ratio",
			     top->cpu[TOP_USER].line);
		return;
	}
	/* What the processes use is what the CPU line calls busy: the number of CPUs follows,
	 * unless processes that came and went between the screens are missing. */
	if (busy < 0.2 || top->frames < 2 || sum_mean(&top->listed_cpu) < 0.5)
		return;
	cpus = sum_mean(&top->listed_cpu) / busy;
	if (cpus < 10 && fabs(cpus - round(cpus)) > 0.12)
		return;
	row = parse_number(top->parse, host, "cpus_estimated", MAX(1, round(cpus)), "CPUs",
			   top->listed_cpu.line);
	top->parse->facts->facts.items[row].flags |= FACT_ESTIMATED | FACT_DERIVED;
}

static void memory_tell(struct top *top, struct entity host)
{
	static const char *const names[TOP_MEMORY_KINDS] = { "memory_total",	 "memory_free",
							     "memory_used",	 "memory_cache",
							     "memory_available", "swap_total",
							     "swap_free",	 "swap_used" };
	const struct sum *swap = &top->memory[TOP_SWAP_USED];
	const struct sum *available = &top->memory[TOP_MEM_AVAILABLE];

	for (size_t i = 0; i < TOP_MEMORY_KINDS; i++)
		if (top->memory[i].count)
			parse_number(top->parse, host, names[i], top->memory[i].last, "bytes",
				     top->memory[i].line);
	if (swap->count > 1)
		parse_number(top->parse, host, "swap_growth", swap->last - swap->first, "bytes",
			     swap->line);
	if (available->count > 1)
		parse_number(top->parse, host, "available_loss", available->first - available->last,
			     "bytes", available->line);
}

static void host_tell(struct top *top)
{
	static const char *const loads[] = { "load_1", "load_5", "load_15" };
	static const char *const tasks[TOP_TASK_KINDS] = { "tasks", "tasks_running",
							   "tasks_sleeping", "tasks_stopped",
							   "tasks_zombie" };
	struct entity host = parse_host(top->parse);
	double window = top->clock_s.last - top->clock_s.first;

	for (size_t i = 0; i < 3; i++)
		if (top->load[i].count)
			parse_number(top->parse, host, loads[i], top->load[i].last, "",
				     top->load[i].line);
	if (top->uptime_s.count)
		parse_number(top->parse, host, "uptime", top->uptime_s.last * 1e9, "ns",
			     top->uptime_s.line);
	for (size_t i = 0; i < TOP_TASK_KINDS; i++)
		mean_tell(top, host, tasks[i], &top->task[i], "tasks");
	mean_tell(top, host, "tasks_blocked", &top->blocked, "tasks");
	parse_number(top->parse, host, "frames", top->frames, "screens", 1);
	if (top->frames > 1 && top->clock_s.count > 1 && window > 0)
		parse_number(top->parse, host, "window", window * 1e9, "ns", top->clock_s.line);
	cpu_tell(top, host);
	memory_tell(top, host);
}

static void process_tell(struct top *top, const struct process *process)
{
	struct parse *parse = top->parse;
	bool is_thread = top->frame.is_threads;
	auto_free char *name =
		x_asprintf("%.*s (%" PRIu64 ")", STR_ARG(process->command), process->pid);
	struct entity entity = facts_entity(parse->facts, is_thread ? "thread" : "process", name);
	double frames = counted_frames(top);
	bool always = process->frames >= frames;
	uint32_t row = parse_number(parse, entity, "cpu", rounded(process->cpu / frames), "CPUs",
				    process->line);

	if (top->frames == 1)
		parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
	parse->facts->facts.items[row].n = process->frames;
	parse_number(parse, entity, "cpu_least", always ? process->cpu_min : 0, "CPUs",
		     process->line);
	parse_number(parse, entity, "memory", process->memory, "ratio", process->line);
	if (process->resident >= 0)
		parse_number(parse, entity, "resident", process->resident, "bytes", process->line);
	if (process->frames > 1 && process->resident >= 0 && process->first_resident >= 0)
		parse_number(parse, entity, "resident_growth",
			     process->resident - process->first_resident, "bytes", process->line);
	if (process->state)
		parse_text(parse, entity, "state", (struct str){ &process->state, 1 },
			   process->line);
	if (process->blocked)
		parse_number(parse, entity, "blocked", rounded(process->blocked / frames), "ratio",
			     process->line);
	parse_number(parse, entity, "nice", process->nice, "", process->line);
	if (process->is_realtime)
		parse_text(parse, entity, "realtime", STR("yes"), process->line);
	if (process->user.len)
		parse_text(parse, entity, "user", process->user, process->line);
	if (process->has_ppid)
		parse_number(parse, entity, "ppid", (double)process->ppid, "", process->line);
	parse_text(parse, entity, "command", process->command, process->line);
	parse_number(parse, entity, "pid", (double)process->pid, "", process->line);
}

static bool is_kernel_reclaim(const struct process *process)
{
	return str_starts_with(process->command, STR("kswapd"));
}

/* Those first that matter most. */
static int by_weight(const void *left, const void *right)
{
	const struct process *a = left, *b = right;
	bool a_odd = strchr("DZT", a->state) || is_kernel_reclaim(a) || a->is_realtime;
	bool b_odd = strchr("DZT", b->state) || is_kernel_reclaim(b) || b->is_realtime;
	double a_weight = MAX(a->cpu, a->memory * 2 + (a_odd ? 0.05 : 0));
	double b_weight = MAX(b->cpu, b->memory * 2 + (b_odd ? 0.05 : 0));

	if (a_weight != b_weight)
		return a_weight > b_weight ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static bool is_told(const struct top *top, const struct process *process)
{
	return process->cpu / counted_frames(top) >= told_cpu || process->memory >= told_memory ||
	       process->blocked || process->state == 'Z' || process->state == 'T' ||
	       process->is_realtime || is_kernel_reclaim(process);
}

static int by_command(const void *left, const void *right)
{
	const struct process *a = left, *b = right;
	int order = str_cmp(a->command, b->command);

	return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_cpu(const void *left, const void *right)
{
	const struct command *a = left, *b = right;

	if (a->cpu != b->cpu)
		return a->cpu > b->cpu ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* "kworker/0:1-events" and "worker-17" are many of one kind; cc1 is a name. */
static struct str command_name(struct str command)
{
	struct str rest = command, word = STR("");
	size_t digits;

	str_next_word(&rest, &word);
	if (str_starts_with(word, STR("kworker")))
		return STR("kworker");
	do {
		digits = 0;
		while (digits < word.len && strchr("0123456789", word.ptr[word.len - 1 - digits]))
			digits++;
		if (!digits || digits + 1 >= word.len ||
		    !strchr(":/-_.#", word.ptr[word.len - 1 - digits]))
			break;
		word.len -= digits + 1;
	} while (true);
	return word.len ? word : command;
}

static void commands_tell(struct top *top)
{
	struct command_vec commands = { 0 };
	double frames = counted_frames(top);

	if (top->processes.count)
		qsort(top->processes.items, top->processes.count, sizeof(struct process),
		      by_command);
	for (size_t i = 0; i < top->processes.count; i++) {
		const struct process *process = &top->processes.items[i];
		struct command *last = commands.count ? &commands.items[commands.count - 1] : NULL;
		struct str name = command_name(process->command);

		if (!last || !str_eq(last->name, name))
			last = command_vec_push(
				&commands, (struct command){ .name = name, .line = process->line });
		last->cpu += process->cpu / frames;
		last->resident += MAX(process->resident, 0);
		last->running += process->running / frames;
		last->processes++;
	}
	if (commands.count)
		qsort(commands.items, commands.count, sizeof(struct command), by_cpu);
	for (size_t i = 0; i < commands.count && i < TOLD_COMMANDS; i++) {
		const struct command *command = &commands.items[i];
		auto_free char *name = x_strndup(command->name.ptr, command->name.len);
		struct entity entity = facts_entity(top->parse->facts, "command", name);

		if (command->cpu < told_cpu && i >= 3)
			break;
		parse_number(top->parse, entity, "cpu", rounded(command->cpu), "CPUs",
			     command->line);
		parse_number(top->parse, entity, "processes", command->processes, "processes",
			     command->line);
		parse_number(top->parse, entity, "running", rounded(command->running), "tasks",
			     command->line);
	}
	command_vec_done(&commands);
}

/* Zombies by their parents, where the screen shows those. */
static void zombies_tell(struct top *top)
{
	const struct process *items = top->processes.items;
	auto_free uint32_t *children = x_calloc(top->processes.count, sizeof(*children));

	for (size_t i = 0; i < top->processes.count; i++) {
		uint32_t parent;

		if (items[i].state != 'Z' || !items[i].has_ppid)
			continue;
		parent = *id_table_slot(&top->by_pid, &by_pid, items, hash_mix(0, items[i].ppid),
					&items[i].ppid);
		if (parent)
			children[parent - 1]++;
	}
	for (size_t i = 0; i < top->processes.count; i++) {
		auto_free char *name = NULL;

		if (!children[i])
			continue;
		name = x_asprintf("%.*s (%" PRIu64 ")", STR_ARG(items[i].command), items[i].pid);
		parse_number(top->parse, facts_entity(top->parse->facts, "process", name),
			     "zombies", children[i], "processes", items[i].line);
	}
}

static void processes_tell(struct top *top)
{
	size_t told = 0;

	zombies_tell(top);
	commands_tell(top);
	if (top->processes.count)
		qsort(top->processes.items, top->processes.count, sizeof(struct process),
		      by_weight);
	for (size_t i = 0; i < top->processes.count && told < TOLD_PROCESSES; i++) {
		if (!is_told(top, &top->processes.items[i]))
			continue;
		process_tell(top, &top->processes.items[i]);
		told++;
	}
}

static unsigned top_looks(struct str text)
{
	struct top_frame frame = { 0 };
	bool has_title = false;
	struct str line;

	for (int i = 0; i < 40 && str_next_line(&text, &line); i++) {
		auto_strbuf struct strbuf plain = STRBUF_INIT;
		struct top_row row;
		enum top_line is;

		escapes_drop(line, &plain);
		is = top_line_read(&frame, strbuf_str(&plain), 1, &row);
		has_title |= is == TOP_LINE_NEW;
		if (is == TOP_LINE_HEADER && (has_title || frame.cpu[TOP_USER].line))
			return 2;
		/* rows alone, as people paste them: only if its name says top */
		if (is == TOP_LINE_HEADER)
			return 1;
	}
	return has_title ? 2 : 0;
}

static void top_parse(struct parse *parse)
{
	struct top top = { .parse = parse };
	struct str line;

	while (parse_next_line(parse, &line) && top.frames < MAX_FRAMES) {
		struct top_row row;

		if (top_line_is_first(line))
			frame_end(&top);
		switch (top_line_read(&top.frame, line, parse->line, &row)) {
		case TOP_LINE_NEW:
			frame_begin(&top);
			break;
		case TOP_LINE_ROW:
			if (!top.frames) /* rows without a head */
				top.frames = 1;
			row_add(&top, &row);
			break;
		case TOP_LINE_UNKNOWN:
			parse_unknown(parse, line);
			break;
		case TOP_LINE_HEAD:
		case TOP_LINE_HEADER:
		case TOP_LINE_BLANK:
			break;
		}
	}
	frame_end(&top);
	strbuf_addf(&parse->format, "top%s%s, %u screen%s",
		    top.frame.is_busybox ? " of busybox" : "",
		    top.frame.is_threads ? " -H (threads)" : "", top.frames,
		    top.frames == 1 ? "" : "s");
	host_tell(&top);
	processes_tell(&top);
	process_vec_done(&top.processes);
	id_table_done(&top.by_pid);
	arena_done(&top.arena);
}

const struct host_parser top_parser = { "top", top_looks, top_parse };
