#include "session/process.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"

enum {
	FIRST_SLOTS = 256,
	PID_SWAPPER = 0,
	PID_KTHREADD = 2,
};

static struct pid_slot *slot_of(const struct pid_table *table, int32_t id)
{
	uint32_t slot = ((uint32_t)id * UINT32_C(0x9e3779b1)) >> 7 & table->mask;

	while (table->slots[slot].index_plus_one && table->slots[slot].id != id)
		slot = (slot + 1) & table->mask;
	return &table->slots[slot];
}

static void pid_table_grow(struct pid_table *table)
{
	struct pid_table old = *table;

	table->mask = old.slots ? old.mask * 2 + 1 : FIRST_SLOTS - 1;
	table->slots = x_calloc((size_t)table->mask + 1, sizeof(*table->slots));
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i].index_plus_one)
			*slot_of(table, old.slots[i].id) = old.slots[i];
	}
	free(old.slots);
}

static void pid_table_set(struct pid_table *table, int32_t id, size_t index)
{
	struct pid_slot *slot;

	if (!table->slots || (uint64_t)table->count * 4 >= ((uint64_t)table->mask + 1) * 3)
		pid_table_grow(table);
	slot = slot_of(table, id);
	if (!slot->index_plus_one)
		table->count++;
	*slot = (struct pid_slot){ id, (uint32_t)index + 1 };
}

/* SIZE_MAX = none. */
static size_t pid_table_find(const struct pid_table *table, int32_t id)
{
	const struct pid_slot *slot;

	if (!table->slots)
		return SIZE_MAX;
	slot = slot_of(table, id);
	return slot->index_plus_one ? slot->index_plus_one - 1 : SIZE_MAX;
}

void processes_init(struct processes *processes, struct interner *texts, struct maps_pool *map_pool)
{
	*processes = (struct processes){ .texts = texts, .map_pool = map_pool };
}

void processes_done(struct processes *processes)
{
	for (size_t i = 0; i < processes->all.count; i++) {
		maps_done(&processes->all.items[i]->maps);
		free(processes->all.items[i]);
	}
	for (size_t i = 0; i < processes->threads.count; i++) {
		stitches_done(&processes->threads.items[i]->stitches);
		free(processes->threads.items[i]);
	}
	process_vec_done(&processes->all);
	thread_vec_done(&processes->threads);
	free(processes->by_pid.slots);
	free(processes->by_tid.slots);
}

struct process *processes_find(const struct processes *processes, int32_t pid)
{
	size_t index = pid_table_find(&processes->by_pid, pid);

	return index == SIZE_MAX ? NULL : processes->all.items[index];
}

static struct process *process_add(struct processes *processes, int32_t pid)
{
	struct process *process = x_calloc(1, sizeof(*process)),
		       *old = processes_find(processes, pid);

	if (old)
		maps_clear(&old->maps);
	process->pid = pid;
	process->is_kernel = pid == PID_SWAPPER || pid == PID_KTHREADD;
	maps_init(&process->maps, processes->map_pool);
	pid_table_set(&processes->by_pid, pid, processes->all.count);
	process_vec_push(&processes->all, process);
	return process;
}

struct process *processes_get(struct processes *processes, int32_t pid)
{
	struct process *process = processes_find(processes, pid);

	return process ? process : process_add(processes, pid);
}

static uint32_t default_comm(struct processes *processes, int32_t tid)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (tid == PID_SWAPPER)
		return intern(processes->texts, STR("swapper"));
	/* As perf shows a thread of which no record told the name. */
	strbuf_addf(&text, ":%d", tid);
	return intern(processes->texts, strbuf_str(&text));
}

static struct thread *thread_find(const struct processes *processes, int32_t tid)
{
	size_t index = pid_table_find(&processes->by_tid, tid);

	return index == SIZE_MAX ? NULL : processes->threads.items[index];
}

static void bury(struct processes *processes, struct process *process)
{
	struct process **place = &processes->dead[processes->dead_next++ % PROCESSES_KEPT_DEAD];

	if (*place && (*place)->live_threads == 0)
		maps_clear(&(*place)->maps);
	*place = process;
}

static void thread_exit(struct processes *processes, struct thread *thread)
{
	if (thread->has_exited)
		return;
	thread->has_exited = true;
	stitches_done(&thread->stitches);
	if (--thread->process->live_threads == 0)
		bury(processes, thread->process);
}

static struct thread *thread_add(struct processes *processes, struct process *process, int32_t tid,
				 uint32_t comm, uint64_t time_ns)
{
	struct thread *thread = x_calloc(1, sizeof(*thread)), *old = thread_find(processes, tid);

	process->live_threads++;
	if (old)
		thread_exit(processes, old);
	thread->process = process;
	thread->shown = (struct session_thread){ .pid = process->pid,
						 .tid = tid,
						 .comm = comm,
						 .start_ns = time_ns,
						 .index = (uint32_t)processes->threads.count,
						 .is_kernel = process->is_kernel };
	pid_table_set(&processes->by_tid, tid, processes->threads.count);
	thread_vec_push(&processes->threads, thread);
	processes->last = NULL;
	return thread;
}

struct thread *processes_thread(struct processes *processes, int32_t pid, int32_t tid,
				uint64_t time_ns)
{
	struct thread *thread = processes->last, *leader;
	struct process *process;
	uint32_t comm;

	if (thread && thread->shown.tid == tid && thread->shown.pid == pid)
		return thread;
	thread = thread_find(processes, tid);
	if (!thread || thread->shown.pid != pid) {
		process = processes_get(processes, pid);
		leader = thread_find(processes, pid);
		comm = leader && leader->shown.pid == pid ? leader->shown.comm
							  : default_comm(processes, tid);
		thread = thread_add(processes, process, tid, comm, time_ns);
	}
	processes->last = thread;
	return thread;
}

void processes_comm(struct processes *processes, int32_t pid, int32_t tid, struct str name,
		    bool is_exec, uint64_t time_ns)
{
	struct thread *thread = processes_thread(processes, pid, tid, time_ns);

	thread->shown.comm = intern(processes->texts, name);
	if (is_exec) {
		maps_clear(&thread->process->maps);
		stitches_done(&thread->stitches);
		thread->process->is_kernel = thread->shown.is_kernel = false;
	}
}

void processes_fork(struct processes *processes, const struct perf_record *record,
		    bool is_synthetic)
{
	int32_t pid = record->fork.pid, parent_pid = record->fork.parent_pid;
	struct thread *parent = thread_find(processes, record->fork.parent_tid);
	struct process *process, *parent_process;
	uint32_t comm;

	/* Synthetic records tell of threads whose name has been told before. */
	if (is_synthetic && parent && thread_find(processes, record->fork.tid))
		parent = thread_find(processes, record->fork.tid);
	comm = parent ? parent->shown.comm : default_comm(processes, record->fork.tid);
	if (pid == parent_pid) {
		thread_add(processes, processes_get(processes, pid), record->fork.tid, comm,
			   record->time_ns);
		return;
	}
	/* A pid that is forked again belongs to somebody new. */
	process = process_add(processes, pid);
	parent_process = processes_get(processes, parent_pid);
	if (parent_pid == PID_KTHREADD)
		process->is_kernel = true;
	if (!is_synthetic)
		maps_copy(&process->maps, &parent_process->maps);
	thread_add(processes, process, record->fork.tid, comm, record->time_ns);
}

void processes_exit(struct processes *processes, int32_t pid, int32_t tid)
{
	struct thread *thread = thread_find(processes, tid);

	if (thread && thread->shown.pid == pid)
		thread_exit(processes, thread);
}
