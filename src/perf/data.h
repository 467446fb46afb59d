/*
 * Reading perf.data: files and pipes, both byte orders, compressed records. Every size is checked;
 * damage ends the reading at its offset, and what was read before stands (`damage` says so).
 * Sources: tools/perf/Documentation/perf.data-file-format.txt, perf_event_open(2).
 */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/intern.h"
#include "base/vec.h"

struct perf_evsel {
	struct perf_event_attr attr; /* in this machine's byte order, absent fields 0 */
	uint64_t *ids;
	size_t id_count;
	char *name; /* EVENT_DESC, or made from type and config: "cpu-clock", "cycles:u" */
	uint64_t sample_count; /* filled while reading */
};

/* One sample; pointers are into the record (unaligned: read them by perf_sample_* below). */
struct perf_sample {
	uint32_t evsel; /* index in perf_data.evsels */
	uint16_t misc;	/* header.misc: PERF_RECORD_MISC_CPUMODE_MASK ... */
	uint64_t ip, time_ns, addr, id, stream_id, period, weight, data_src, phys_addr, cgroup;
	int32_t pid, tid;
	uint32_t cpu;		/* UINT32_MAX = not recorded */
	struct bytes callchain; /* u64 each, outer last, with PERF_CONTEXT_* marks; empty = none */
	struct bytes raw, branch_stack;
	/* PERF_SAMPLE_READ: per member {value, id (FORMAT_ID), lost (FORMAT_LOST)}, u64 each */
	struct bytes read_values;
	uint64_t user_regs_abi, user_regs_mask;
	struct bytes user_regs;	   /* u64 each, in the order of the mask's bits */
	struct bytes user_stack;   /* only the valid (dynamic) size */
	uint64_t user_stack_asked; /* bytes that the dump could have held */
	/* Unwound while it was recorded, by us: 1 + enum unwind_end; 0 = not said. */
	uint8_t stack_end;
	bool stack_guessed; /* some of its frames were found by frame pointer only */
};

struct perf_mmap {
	int32_t pid, tid;
	uint64_t start, length, file_offset;
	uint32_t protection, flags; /* 0 for MMAP without _DATA: executable */
	struct str path;
	const uint8_t *build_id; /* NULL = not in the record */
	uint8_t build_id_bytes;
	uint64_t inode, inode_generation, device; /* 0: not said; numbers of inodes are reused */
};

enum perf_record_kind {
	PERF_KIND_SAMPLE,
	PERF_KIND_MMAP,
	PERF_KIND_COMM,
	PERF_KIND_FORK,
	PERF_KIND_EXIT,
	PERF_KIND_LOST, /* records lost in the ring */
	PERF_KIND_LOST_SAMPLES,
	PERF_KIND_THROTTLE,
	PERF_KIND_KSYMBOL,
	PERF_KIND_SWITCH,
	PERF_KIND_OTHER,
};

struct perf_record {
	enum perf_record_kind kind;
	uint32_t type; /* PERF_RECORD_* */
	uint16_t misc;
	uint64_t time_ns;     /* 0 = none (synthesised: first) */
	uint64_t file_offset; /* for error messages */
	struct bytes body;    /* all of the record behind its header */
	union {
		struct perf_sample sample;
		struct perf_mmap mmap;
		struct {
			int32_t pid, tid;
			struct str name;
			bool is_exec;
		} comm;
		struct {
			int32_t pid, parent_pid, tid, parent_tid;
		} fork; /* FORK and EXIT */
		struct {
			uint64_t count;
		} lost; /* LOST, LOST_SAMPLES */
		struct {
			uint64_t address, length;
			struct str name;
			bool is_unregister;
		} ksymbol;
	};
};

/* What the feature sections say about the machine that recorded; NULL or 0 where absent. */
struct perf_machine {
	char *hostname, *os_release, *arch, *cpu_desc, *perf_version, *cmdline;
	uint32_t cpus_online, cpus_available;
	uint64_t total_memory_bytes;
	uint64_t first_sample_ns, last_sample_ns; /* SAMPLE_TIME */
	int clock_id;				  /* -1 = not said */
	uint64_t clock_resolution_ns;		  /* CLOCKID */
	/* CLOCK_DATA: the same moment on the wall clock and on clock_id; 0, 0 = not said */
	uint64_t wall_clock_ns, clock_at_wall_ns;
};

struct perf_build_id {
	char *path;
	int32_t pid;
	uint16_t misc; /* cpu mode: kernel or user */
	uint8_t bytes[20];
	uint8_t size_bytes;
};

VEC_DEFINE(perf_evsel_vec, struct perf_evsel)
VEC_DEFINE(perf_build_id_vec, struct perf_build_id)

/* Counters that the report prints. */
struct perf_tally {
	uint64_t records, samples, lost_records, lost_samples, throttled, mmaps, forks, unknown;
	uint64_t malformed; /* records that contradict their own size: skipped */
};

struct perf_data {
	char *path;
	bool is_pipe, swap;
	struct perf_evsel_vec evsels;
	struct perf_build_id_vec build_ids;
	struct perf_machine machine;
	struct perf_tally tally;
	char *damage; /* NULL, or what was wrong at which offset; what came before is good */
	uint64_t damage_offset;
	struct bytes own_section; /* feature bit 255: names kept by our recorder; empty = none */
	struct perf_data_impl *impl;
};

/* "-" reads a pipe from standard input. Fails only where nothing can be read at all. */
MUST_CHECK struct error *perf_data_open(const char *path, struct perf_data **ret);
void perf_data_free(struct perf_data *data);
void cleanup_perf_data(struct perf_data **data);
#define auto_perf_data __attribute__((cleanup(cleanup_perf_data)))

enum perf_next { PERF_NEXT_RECORD, PERF_NEXT_END };

/*
 * The records in time order (time 0 first; side-band before samples at equal time). Pointers stay
 * good until the next call for compressed input, until perf_data_free otherwise. At the
 * end, `damage` tells whether it was the real one.
 */
enum perf_next perf_data_next(struct perf_data *data, struct perf_record *ret);
/* True when the first bytes are those of a perf.data file of either kind. */
bool perf_data_is_magic(const uint8_t *bytes, size_t size_bytes);
