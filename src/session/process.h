/*
 * The tables of processes and threads, by pid and tid as they are at this moment of the recording:
 * a reused pid gives a new process, a reused tid a new thread. Old threads stay, for their samples.
 */
#pragma once

#include "base/intern.h"
#include "base/vec.h"
#include "dso/maps.h"
#include "session/session.h"
#include "session/stitch.h"

struct process {
	int32_t pid;
	bool is_kernel;
	uint32_t live_threads; /* of those that are known */
	struct dso *anonymous; /* its memory without a file; NULL = none seen */
	struct maps maps;
};

struct thread {
	struct session_thread shown;
	struct process *process;
	bool has_exited;
	struct stitches stitches;
};

VEC_DEFINE(process_vec, struct process *)
VEC_DEFINE(thread_vec, struct thread *)

struct pid_slot {
	int32_t id;
	uint32_t index_plus_one; /* 0 = free */
};

/* Open addressing from an id to an index; entries are replaced, never removed. */
struct pid_table {
	struct pid_slot *slots;
	uint32_t mask, count;
};

enum { PROCESSES_KEPT_DEAD = 256 };

struct processes {
	struct process_vec all;	   /* owned */
	struct thread_vec threads; /* owned, by session_thread.index */
	struct pid_table by_pid, by_tid;
	struct interner *texts;			   /* borrowed */
	struct maps_pool *map_pool;		   /* borrowed */
	struct thread *last;			   /* samples come in runs */
	struct process *dead[PROCESSES_KEPT_DEAD]; /* a ring of the newest ones */
	uint32_t dead_next;
};

void processes_init(struct processes *processes, struct interner *texts,
		    struct maps_pool *map_pool);
void processes_done(struct processes *processes);

struct process *processes_find(const struct processes *processes, int32_t pid);
/* Never NULL: made without maps where no record told of it. */
struct process *processes_get(struct processes *processes, int32_t pid);
struct thread *processes_thread(struct processes *processes, int32_t pid, int32_t tid,
				uint64_t time_ns);

void processes_comm(struct processes *processes, int32_t pid, int32_t tid, struct str name,
		    bool is_exec, uint64_t time_ns);
/*
 * A thread of the same process, or a new process with a copy of its parent's maps. `is_synthetic`:
 * the recorder told of a process that ran already; its maps follow, so none are copied.
 */
void processes_fork(struct processes *processes, const struct perf_record *record,
		    bool is_synthetic);
/*
 * With its last thread a process loses its maps; not at once, as the kernel tells of a task's end
 * before (since 6.16) or after it has given its memory back, but when PROCESSES_KEPT_DEAD more
 * have ended.
 */
void processes_exit(struct processes *processes, int32_t pid, int32_t tid);
