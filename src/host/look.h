/*
 * What data/host/look.sh printed: two readings of /proc and cgroup files with some seconds between
 * them, as tables. Everything is a number by its key, or a row of a table (CPU, process, disk,
 * cgroup); rates are differences over the time between the readings, by the host's own clock
 * (/proc/uptime). Asks no machine: clock ticks and page size come with the text. Knows no facts.
 * Formats: proc(5), Documentation/admin-guide/{cgroup-v1,cgroup-v2,iostats}.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/str.h"
#include "base/vec.h"

enum { LOOKS = 2 };

enum look_cpu_time {
	LOOK_USER,
	LOOK_NICE,
	LOOK_SYSTEM,
	LOOK_IDLE,
	LOOK_IOWAIT,
	LOOK_IRQ,
	LOOK_SOFTIRQ,
	LOOK_STEAL,
	LOOK_CPU_TIMES
};

struct look_cpu {
	uint64_t ticks[LOOK_CPU_TIMES];
};

struct look_process {
	int pid, parent;
	uint32_t comm; /* text id */
	char state;
	uint64_t flags, minor_faults, major_faults;
	uint64_t user_ticks, system_ticks, child_ticks; /* child: of those that were reaped */
	int64_t priority, nice, threads;
	uint64_t start_ticks; /* with the pid: which process it is */
	uint64_t rss_pages, rt_priority, policy, block_io_ticks;
	bool has_io, has_wait;
	uint64_t read_bytes, write_bytes, read_calls, write_calls; /* has_io */
	/* has_wait: /proc/PID/schedstat, the sum of all threads where they were read */
	uint64_t run_ns, wait_ns, turns; /* turns: how often one got a CPU */
};

struct look_thread {
	int pid, id;
	uint64_t run_ns, wait_ns;
	uint64_t rt_priority; /* only in looks.realtime */
};

struct look_disk {
	uint32_t name;
	uint64_t reads, read_sectors, read_ms;
	uint64_t writes, write_sectors, write_ms;
	uint64_t in_flight, busy_ms, queue_ms, flushes, flush_ms;
};

struct look_number {
	uint64_t value;
	bool is_known;
};

VEC_DEFINE(look_cpu_vec, struct look_cpu)
VEC_DEFINE(look_process_vec, struct look_process)
VEC_DEFINE(look_thread_vec, struct look_thread)
VEC_DEFINE(look_disk_vec, struct look_disk)
VEC_DEFINE(look_number_vec, struct look_number)

struct look {
	double begin_s, end_s; /* since boot: when the reading began and ended */
	struct look_cpu all;
	struct look_cpu_vec cpus;
	struct look_process_vec processes; /* by pid */
	struct look_thread_vec threads;	   /* by process, then by id */
	struct look_disk_vec disks;
	struct look_number_vec numbers; /* by key id */
};

struct look_cgroup {
	uint32_t path; /* text id: "/system.slice/x.service" */
};

VEC_DEFINE(look_cgroup_vec, struct look_cgroup)

struct looks {
	struct interner texts; /* keys, names */
	struct look look[LOOKS];
	unsigned count; /* readings that are whole enough: 0, 1 or 2 */
	int own_pid;	/* of the shell that read; 0 = not said */
	uint64_t hertz, page_bytes;
	struct look_cgroup_vec cgroups;
	struct look_thread_vec realtime; /* threads that had a real-time priority at the end */
	/* Cgroup of a process of the last reading: pairs (pid, path id), by pid. */
	struct look_membership {
		int pid;
		uint32_t path;
	} * members;
	size_t member_count, member_allocated;
	uint64_t unknown_lines;
	bool is_cut; /* the text ends before its end mark */
};

void looks_done(struct looks *looks);
#define auto_looks __attribute__((cleanup(looks_done)))

/* Never fails: `count` says how much there is. */
void looks_read(struct str text, struct looks *ret);

/* The number under a key ("vmstat pswpin", "snmp Tcp RetransSegs", "cgroup PATH memory.current").
 */
bool look_number(const struct looks *looks, unsigned which, const char *key, uint64_t *ret);
/* By how much it grew between the readings; false where one lacks it or it fell (a reset). */
bool looks_growth(const struct looks *looks, const char *key, uint64_t *ret);
/* Seconds between the readings; 0 where there are not two. */
double looks_window_s(const struct looks *looks);
/* The row of that process in a reading, or NULL. */
const struct look_process *look_process_find(const struct look *look, int pid);
/* CPUs that the busiest thread of the process took in the window; 0 where threads were not read. */
double looks_busiest_thread(const struct looks *looks, int pid);
/* CPUs that its threads of real-time priority took; `ret_priority`: the highest of them, 0 = none.
 */
double looks_realtime_threads(const struct looks *looks, int pid, uint64_t *ret_priority);
/* Whether the process belongs to the reading itself: its shell, or one below it. */
bool looks_is_own(const struct looks *looks, int pid);
/* "/" where none is known. */
const char *looks_cgroup_of(const struct looks *looks, int pid);
