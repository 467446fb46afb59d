#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/look_facts.h"

enum {
	MAX_TOLD = 2000,	/* processes that have facts; the idle ones have none */
	LARGEST_BY_MEMORY = 32, /* these have, however idle */
	MAX_NAME_BYTES = 64,
};

static const double least_cpu = 0.005; /* of one core: below, a process is idle */

/* One process over the window. */
struct moved {
	const struct look_process *then, *now; /* then: NULL where it is new */
	double cpu, user, system, wait, read_bytes, write_bytes, calls, faults, children, block_io,
		turns;
	bool is_own;
};

VEC_DEFINE(moved_vec, struct moved)

static double growth(uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) : 0;
}

static struct moved process_moved(const struct look_facts *to, const struct look_process *now)
{
	static const struct look_process none = { 0 };
	const struct look_process *then = look_process_find(&to->looks->look[0], now->pid);
	double per_tick = 1 / (double)to->looks->hertz / to->window_s;
	struct moved moved = { .now = now };

	if (then && then->start_ticks == now->start_ticks)
		moved.then = then;
	then = moved.then ? moved.then : &none;
	moved.user = growth(then->user_ticks, now->user_ticks) * per_tick;
	moved.system = growth(then->system_ticks, now->system_ticks) * per_tick;
	moved.children = growth(then->child_ticks, now->child_ticks) * per_tick;
	moved.block_io = growth(then->block_io_ticks, now->block_io_ticks) * per_tick;
	moved.wait = growth(then->wait_ns, now->wait_ns) / 1e9 / to->window_s;
	moved.turns = growth(then->turns, now->turns) / to->window_s;
	moved.read_bytes = growth(then->read_bytes, now->read_bytes) / to->window_s;
	moved.write_bytes = growth(then->write_bytes, now->write_bytes) / to->window_s;
	moved.calls = (growth(then->read_calls, now->read_calls) +
		       growth(then->write_calls, now->write_calls)) /
		      to->window_s;
	moved.faults = growth(then->major_faults, now->major_faults) / to->window_s;
	moved.cpu = moved.user + moved.system;
	moved.is_own = looks_is_own(to->looks, now->pid);
	return moved;
}

static bool is_active(const struct moved *moved)
{
	return moved->cpu >= least_cpu || moved->children >= least_cpu || moved->wait >= 0.01 ||
	       moved->read_bytes > 0 || moved->write_bytes > 0 || moved->calls >= 100 ||
	       strchr("DZTtR", moved->now->state);
}

/* "kworker/0:1 (77)"; control bytes are the printer's matter. */
static struct entity process_entity(const struct look_facts *to, const struct look_process *process)
{
	char name[MAX_NAME_BYTES + 16];

	snprintf(name, sizeof(name), "%.*s (%d)", MAX_NAME_BYTES,
		 interned_text(&to->looks->texts, process->comm), process->pid);
	return look_entity(to, "process", name);
}

static void add_memory(const struct look_facts *to, struct entity entity, const struct moved *moved)
{
	double page = (double)to->looks->page_bytes;

	look_fact(to, entity, "resident", (double)moved->now->rss_pages * page, "bytes");
	if (moved->then)
		look_fact(to, entity, "resident_rate",
			  ((double)moved->now->rss_pages - (double)moved->then->rss_pages) * page /
				  to->window_s,
			  "bytes_per_s");
}

/* It is a matter of threads: the first, which stands for the process, need not be one. */
static void add_realtime(const struct look_facts *to, struct entity entity,
			 const struct look_process *now)
{
	bool is_itself = now->policy == SCHED_FIFO || now->policy == SCHED_RR;
	uint64_t priority;
	double cpu = looks_realtime_threads(to->looks, now->pid, &priority);

	if (!is_itself && !priority)
		return;
	facts_add_text(to->facts, entity, "realtime", "yes", to->source);
	look_fact(to, entity, "realtime_priority", (double)MAX(priority, now->rt_priority), "");
	if (priority)
		look_fact(to, entity, "cpu_realtime", cpu, "CPUs");
}

static void add_process(const struct look_facts *to, const struct moved *moved)
{
	const struct look_process *now = moved->now;
	const struct look_process *parent = look_process_find(&to->looks->look[1], now->parent);
	struct entity entity = process_entity(to, now);
	const char *cgroup = looks_cgroup_of(to->looks, now->pid);
	const char state[] = { now->state, '\0' };

	look_fact(to, entity, "pid", (double)now->pid, "");
	look_fact(to, entity, "cpu", moved->cpu, "CPUs");
	look_fact(to, entity, "cpu_user", moved->user, "CPUs");
	look_fact(to, entity, "cpu_system", moved->system, "CPUs");
	look_fact(to, entity, "cpu_children", moved->children, "CPUs");
	look_fact(to, entity, "threads", (double)now->threads, "");
	look_fact(to, entity, "nice", (double)now->nice, "");
	add_realtime(to, entity, now);
	look_fact(to, entity, "major_faults", moved->faults, "per_s");
	look_fact(
		to, entity, "age",
		MAX(to->looks->look[1].end_s - (double)now->start_ticks / (double)to->looks->hertz,
		    0) * 1e9,
		"ns");
	look_fact(to, entity, "is_new", moved->then ? 0 : 1, "");
	facts_add_text(to->facts, entity, "state", state, to->source);
	facts_add_text(to->facts, entity, "command", interned_text(&to->looks->texts, now->comm),
		       to->source);
	facts_add_text(to->facts, entity, "cgroup", cgroup, to->source);
	add_memory(to, entity, moved);
	if (now->has_wait) {
		look_fact(to, entity, "wait", moved->wait, "CPUs");
		look_fact(to, entity, "turns", moved->turns, "per_s"); /* got a CPU so often */
		look_fact(to, entity, "cpu_thread", looks_busiest_thread(to->looks, now->pid),
			  "CPUs");
	}
	if (now->has_io) {
		look_fact(to, entity, "read_bytes", moved->read_bytes, "bytes_per_s");
		look_fact(to, entity, "write_bytes", moved->write_bytes, "bytes_per_s");
		look_fact(to, entity, "io_calls", moved->calls, "per_s");
	}
	facts_add_relation(to->facts, entity, "in", look_entity(to, "cgroup", cgroup));
	if (parent)
		facts_add_relation(to->facts, entity, "child of", process_entity(to, parent));
}

/* ---- programs: all processes of one name; parents: what their children are */

struct tally {
	uint32_t key; /* text id of the name, or the pid */
	double processes, running, fresh, zombies, blocked, cpu, wait, memory;
};

VEC_DEFINE(tally_vec, struct tally)

static struct tally *tally_of(struct tally_vec *tallies, uint32_t key)
{
	for (size_t i = tallies->count; i > 0; i--)
		if (tallies->items[i - 1].key == key)
			return &tallies->items[i - 1];
	return tally_vec_push(tallies, (struct tally){ .key = key });
}

static void count_in(struct tally *tally, const struct moved *moved, double page_bytes)
{
	tally->processes++;
	tally->running += moved->now->state == 'R';
	tally->fresh += !moved->then;
	tally->zombies += moved->now->state == 'Z';
	tally->blocked += moved->now->state == 'D';
	tally->cpu += moved->cpu;
	tally->wait += moved->wait;
	tally->memory += (double)moved->now->rss_pages * page_bytes;
}

static void add_tally(const struct look_facts *to, struct entity entity, const struct tally *tally)
{
	look_fact(to, entity, "processes", tally->processes, "");
	look_fact(to, entity, "running", tally->running, "");
	look_fact(to, entity, "processes_new", tally->fresh / to->window_s, "per_s");
	look_fact(to, entity, "zombies", tally->zombies, "");
	look_fact(to, entity, "blocked", tally->blocked, "");
	look_fact(to, entity, "cpu", tally->cpu, "CPUs");
	look_fact(to, entity, "wait", tally->wait, "CPUs");
	look_fact(to, entity, "resident", tally->memory, "bytes");
}

static void add_programs(const struct look_facts *to, const struct moved_vec *all)
{
	struct tally_vec programs = { 0 };

	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].is_own)
			count_in(tally_of(&programs, all->items[i].now->comm), &all->items[i],
				 (double)to->looks->page_bytes);
	for (size_t i = 0; i < programs.count; i++) {
		const struct tally *tally = &programs.items[i];

		if (tally->processes > 1 || tally->cpu >= least_cpu)
			add_tally(to,
				  look_entity(to, "command",
					      interned_text(&to->looks->texts, tally->key)),
				  tally);
	}
	tally_vec_done(&programs);
}

static int by_parent(const void *left, const void *right)
{
	const struct moved *a = left, *b = right;

	return (a->now->parent > b->now->parent) - (a->now->parent < b->now->parent);
}

/* Zombies and new processes are their parent's doing. */
static void add_parents(const struct look_facts *to, struct moved_vec *all)
{
	if (all->count)
		qsort(all->items, all->count, sizeof(*all->items), by_parent);
	for (size_t i = 0; i < all->count;) {
		const struct look_process *parent =
			look_process_find(&to->looks->look[1], all->items[i].now->parent);
		struct tally tally = { 0 };
		int pid = all->items[i].now->parent;

		for (; i < all->count && all->items[i].now->parent == pid; i++)
			if (!all->items[i].is_own)
				count_in(&tally, &all->items[i], 0);
		if (!parent || looks_is_own(to->looks, pid) ||
		    (tally.zombies <= 0 && tally.fresh <= 0))
			continue;
		look_fact(to, process_entity(to, parent), "zombies", tally.zombies, "");
		look_fact(to, process_entity(to, parent), "children_new",
			  tally.fresh / to->window_s, "per_s");
	}
}

/* ---- all */

static int by_memory(const void *left, const void *right)
{
	const struct moved *a = left, *b = right;

	if (a->now->rss_pages != b->now->rss_pages)
		return a->now->rss_pages > b->now->rss_pages ? -1 : 1;
	return (a->now->pid > b->now->pid) - (a->now->pid < b->now->pid);
}

static void add_sums(const struct look_facts *to, const struct moved_vec *all)
{
	static const struct {
		const char *states, *name;
	} kinds[] = { { "R", "tasks_running" },
		      { "D", "tasks_blocked" },
		      { "Z", "tasks_zombie" },
		      { "Tt", "tasks_stopped" } };
	struct entity host = look_entity(to, "host", "the host");
	double seen = 0, own = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		double count = 0;

		for (size_t i = 0; i < all->count; i++)
			count += !all->items[i].is_own &&
				 strchr(kinds[k].states, all->items[i].now->state);
		look_fact(to, host, kinds[k].name, count, "");
	}
	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].now->pid == to->looks->own_pid)
			own += all->items[i].cpu + all->items[i].children;
		else if (!all->items[i].is_own)
			seen += all->items[i].cpu;
	}
	look_fact(to, host, "cpu_seen", seen, "CPUs"); /* by processes that lived to the end */
	look_fact(to, host, "cpu_own", own, "CPUs");
	look_fact(to, host, "processes", (double)all->count, "");
}

void look_processes_to_facts(const struct look_facts *to)
{
	const struct look_process_vec *now = &to->looks->look[1].processes;
	struct moved_vec all = { 0 };
	size_t told = 0;

	for (size_t i = 0; i < now->count; i++)
		moved_vec_push(&all, process_moved(to, &now->items[i]));
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_memory);
	for (size_t i = 0; i < all.count && told < MAX_TOLD; i++) {
		if (all.items[i].is_own || (i >= LARGEST_BY_MEMORY && !is_active(&all.items[i])))
			continue;
		add_process(to, &all.items[i]);
		told++;
	}
	add_sums(to, &all);
	add_programs(to, &all);
	add_parents(to, &all);
	moved_vec_done(&all);
}
