#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/look_reader.h"

enum {
	MAX_FIELDS = 64,
	MAX_DEPTH = 64, /* of the tree of processes above one of ours */
};

static struct look_process *process_row(struct look *look, int pid)
{
	size_t low = 0, high = look->processes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->processes.items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < look->processes.count && look->processes.items[low].pid == pid
		       ? &look->processes.items[low]
		       : NULL;
}

const struct look_process *look_process_find(const struct look *look, int pid)
{
	struct look unchanged = *look;

	return process_row(&unchanged, pid);
}

static int thread_cmp(const void *left, const void *right)
{
	const struct look_thread *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int process_cmp(const void *left, const void *right)
{
	const struct look_process *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* The shell's glob sorts as text ("10" before "9"); who was read twice stands once. */
static void sort_processes(struct look *look)
{
	struct look_process *rows = look->processes.items;
	size_t kept = 0;

	if (look->processes.count)
		qsort(rows, look->processes.count, sizeof(*rows), process_cmp);
	for (size_t i = 0; i < look->processes.count; i++)
		if (!kept || rows[kept - 1].pid != rows[i].pid)
			rows[kept++] = rows[i];
	look->processes.count = kept;
}

/* The row of a process whose stat was read before, as the script has it. */
static struct look_process *sorted_row(struct look_reader *reader, int pid)
{
	if (reader->is_unsorted) {
		sort_processes(reader->look);
		reader->is_unsorted = false;
	}
	return process_row(reader->look, pid);
}

static int64_t signed_of(struct str word)
{
	uint64_t value;

	if (word.len && *word.ptr == '-')
		return str_to_u64((struct str){ word.ptr + 1, word.len - 1 }, &value)
			       ? -(int64_t)MIN(value, (uint64_t)INT64_MAX)
			       : 0;
	return str_to_u64(word, &value) ? (int64_t)MIN(value, (uint64_t)INT64_MAX) : 0;
}

/* "7 (a (b) c) S 1 ...": the name is all up to the last ')' */
static bool read_process_stat(struct look_reader *reader, int pid, struct str line)
{
	struct look_process process = { .pid = pid };
	int64_t field[MAX_FIELDS] = { 0 };
	const char *open = memchr(line.ptr, '(', line.len);
	size_t close = line.len, count = 3;
	struct str word;

	while (close && line.ptr[close - 1] != ')')
		close--;
	if (!open || close < (size_t)(open - line.ptr) + 2)
		return false;
	process.comm =
		intern(&reader->looks->texts,
		       (struct str){ open + 1, (size_t)(line.ptr + close - 1 - (open + 1)) });
	line = (struct str){ line.ptr + close, line.len - close };
	if (!str_next_word(&line, &word))
		return false;
	process.state = *word.ptr;
	while (count + 1 < ARRAY_SIZE(field) && str_next_word(&line, &word))
		field[++count] = signed_of(word); /* numbered from 1 on, as proc(5) has them */
	if (count < 24)
		return false;
	process.parent = (int)field[4];
	process.flags = (uint64_t)field[9];
	process.minor_faults = (uint64_t)field[10];
	process.major_faults = (uint64_t)field[12];
	process.user_ticks = (uint64_t)field[14];
	process.system_ticks = (uint64_t)field[15];
	process.child_ticks = (uint64_t)field[16] + (uint64_t)field[17];
	process.priority = field[18];
	process.nice = field[19];
	process.threads = field[20];
	process.start_ticks = (uint64_t)field[22];
	process.rss_pages = (uint64_t)MAX(field[24], 0);
	process.rt_priority = (uint64_t)field[40];
	process.policy = (uint64_t)field[41];
	process.block_io_ticks = (uint64_t)field[42];
	if (reader->look->processes.count < LOOK_MAX_ROWS)
		look_process_vec_push(&reader->look->processes, process);
	reader->is_unsorted = true;
	return true;
}

static bool read_process_io(struct look_reader *reader, int pid, struct str line)
{
	struct look_process *process = sorted_row(reader, pid);
	struct str name, rest;
	uint64_t value;

	if (!str_cut(line, ':', &name, &rest) || !str_to_u64(str_trim(rest), &value))
		return false;
	if (!process)
		return true; /* it came after the list was read */
	process->has_io = true;
	if (str_is(name, "read_bytes"))
		process->read_bytes = value;
	else if (str_is(name, "write_bytes"))
		process->write_bytes = value;
	else if (str_is(name, "syscr"))
		process->read_calls = value;
	else if (str_is(name, "syscw"))
		process->write_calls = value;
	return true;
}

/* Of a process, or of one of its threads: then both are kept, the sum with the process. */
static bool read_schedstat(struct look_reader *reader, int pid, int thread, struct str line)
{
	struct look_process *process = sorted_row(reader, pid);
	uint64_t run, wait, turns = 0;

	if (!look_next_u64(&line, &run) || !look_next_u64(&line, &wait))
		return false;
	look_next_u64(&line, &turns);
	if (!process)
		return true;
	process->has_wait = true;
	process->run_ns += run;
	process->wait_ns += wait;
	process->turns += turns;
	if (reader->look->threads.count < LOOK_MAX_ROWS)
		look_thread_vec_push(&reader->look->threads,
				     (struct look_thread){ pid, thread, run, wait, 0 });
	return true;
}

/* "78 (name) S ...", the 40th column: its real-time priority. Stands behind all readings. */
static bool read_priority(struct look_reader *reader, int pid, int thread, struct str line)
{
	struct look_thread_vec *threads = &reader->looks->realtime;
	size_t close = line.len;
	struct str word;
	uint64_t priority;

	while (close && line.ptr[close - 1] != ')')
		close--;
	line = (struct str){ line.ptr + close, line.len - close };
	for (int column = 3; column < 40; column++)
		if (!str_next_word(&line, &word))
			return false;
	if (!look_next_u64(&line, &priority))
		return false;
	if (threads->count < LOOK_MAX_ROWS)
		look_thread_vec_push(threads, (struct look_thread){ pid, thread, 0, 0, priority });
	return true;
}

static bool read_thread(struct look_reader *reader, int pid, struct str path, struct str line)
{
	struct str number, file;
	uint64_t thread;

	if (!str_cut(path, '/', &number, &file) || !str_to_u64(number, &thread) ||
	    thread > INT32_MAX)
		return false;
	if (str_is(file, "stat"))
		return read_priority(reader, pid, (int)thread, line);
	return str_is(file, "schedstat") && read_schedstat(reader, pid, (int)thread, line);
}

/* "4:memory:/a/b" (v1), "0::/a/b" (v2). The memory controller's, which is what limits hang on. */
static bool read_membership(struct look_reader *reader, int pid, struct str line)
{
	struct looks *looks = reader->looks;
	struct str number, controllers, path;

	if (!str_cut(line, ':', &number, &controllers) ||
	    !str_cut(controllers, ':', &controllers, &path))
		return false;
	if (looks->member_count && looks->members[looks->member_count - 1].pid == pid &&
	    str_find(controllers, STR("memory")) < 0)
		return true;
	if (looks->member_count && looks->members[looks->member_count - 1].pid == pid)
		looks->member_count--;
	if (looks->member_count == looks->member_allocated) {
		if (looks->member_count >= LOOK_MAX_ROWS)
			return true;
		looks->member_allocated = MAX(looks->member_allocated * 2, (size_t)256);
		looks->members = x_reallocarray(looks->members, looks->member_allocated,
						sizeof(*looks->members));
	}
	looks->members[looks->member_count++] =
		(struct look_membership){ pid, intern(&looks->texts, path) };
	return true;
}

bool look_read_process(struct look_reader *reader, struct str path, struct str line)
{
	struct str number, file;
	uint64_t pid;

	if (!str_cut(path, '/', &number, &file) || !str_to_u64(number, &pid) || pid > INT32_MAX)
		return false;
	if (str_is(file, "stat"))
		return read_process_stat(reader, (int)pid, line);
	if (str_is(file, "io"))
		return read_process_io(reader, (int)pid, line);
	if (str_is(file, "schedstat"))
		return read_schedstat(reader, (int)pid, (int)pid, line);
	if (str_starts_with(file, STR("task/")))
		return read_thread(reader, (int)pid, (struct str){ file.ptr + 5, file.len - 5 },
				   line);
	if (str_is(file, "cgroup"))
		return read_membership(reader, (int)pid, line);
	return false;
}

void look_end_processes(struct look_reader *reader)
{
	if (reader->look && reader->is_unsorted)
		sort_processes(reader->look);
	reader->is_unsorted = false;
	if (reader->look && reader->look->threads.count)
		qsort(reader->look->threads.items, reader->look->threads.count,
		      sizeof(struct look_thread), thread_cmp);
}

static size_t look_thread_first(const struct look_thread_vec *threads, int pid)
{
	size_t low = 0, high = threads->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (threads->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double looks_busiest_thread(const struct looks *looks, int pid)
{
	const struct look_thread *now = looks->look[1].threads.items;
	const struct look_thread *then = looks->look[0].threads.items;
	size_t now_count = looks->look[1].threads.count, then_count = looks->look[0].threads.count;
	double most = 0;

	for (size_t i = look_thread_first(&looks->look[1].threads, pid),
		    k = look_thread_first(&looks->look[0].threads, pid);
	     i < now_count && now[i].pid == pid; i++) {
		while (k < then_count && then[k].pid == pid && then[k].id < now[i].id)
			k++;
		if (k < then_count && then[k].pid == pid && then[k].id == now[i].id &&
		    now[i].run_ns > then[k].run_ns)
			most = MAX(most, (double)(now[i].run_ns - then[k].run_ns));
	}
	return looks_window_s(looks) > 0 ? most / 1e9 / looks_window_s(looks) : 0;
}

/* Nanoseconds on a CPU between the readings. */
static uint64_t thread_growth(const struct looks *looks, int pid, int id)
{
	uint64_t run_ns[LOOKS] = { 0 };

	for (size_t i = 0; i < LOOKS; i++) {
		const struct look_thread_vec *all = &looks->look[i].threads;

		for (size_t k = look_thread_first(all, pid);
		     k < all->count && all->items[k].pid == pid; k++)
			if (all->items[k].id == id)
				run_ns[i] = all->items[k].run_ns;
	}
	return run_ns[1] > run_ns[0] ? run_ns[1] - run_ns[0] : 0;
}

double looks_realtime_threads(const struct looks *looks, int pid, uint64_t *ret_priority)
{
	uint64_t sum_ns = 0;

	*ret_priority = 0;
	for (size_t i = 0; i < looks->realtime.count; i++) {
		const struct look_thread *thread = &looks->realtime.items[i];

		if (thread->pid != pid)
			continue;
		sum_ns += thread_growth(looks, pid, thread->id);
		*ret_priority = MAX(*ret_priority, thread->rt_priority);
	}
	return looks_window_s(looks) > 0 ? (double)sum_ns / 1e9 / looks_window_s(looks) : 0;
}

bool looks_is_own(const struct looks *looks, int pid)
{
	for (int depth = 0; depth < MAX_DEPTH && pid > 1 && looks->own_pid; depth++) {
		const struct look_process *process = NULL;

		if (pid == looks->own_pid)
			return true;
		for (unsigned i = looks->count; i > 0 && !process; i--)
			process = look_process_find(&looks->look[i - 1], pid);
		if (!process)
			return false;
		pid = process->parent;
	}
	return false;
}

const char *looks_cgroup_of(const struct looks *looks, int pid)
{
	for (size_t i = 0; i < looks->member_count; i++)
		if (looks->members[i].pid == pid)
			return interned_text(&looks->texts, looks->members[i].path);
	return "/";
}
