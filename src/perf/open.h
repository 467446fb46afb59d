/*
 * Opening events on threads or CPUs: per thread and CPU, all of one CPU into one ring (a ring of a
 * thread that moves between CPUs cannot be inherited), and a side-band event of its own with a
 * ring of its own, so that samples never push a mmap record out. What the kernel refuses is
 * given up step by step, each step with its sentence. Source: perf_event_open(2).
 */
#pragma once

#include "base/strbuf.h"
#include "perf/data.h"
#include "perf/ring.h"

enum perf_chain { PERF_CHAIN_NONE, PERF_CHAIN_FP, PERF_CHAIN_DUMP };

struct perf_open_options {
	const char *const *event_names; /* NULL: cycles where there is a PMU, else cpu-clock */
	size_t event_count;
	uint64_t frequency_hz, period; /* period wins when it is not 0 */
	enum perf_chain chain;
	uint32_t dump_bytes; /* PERF_CHAIN_DUMP: 0 = what fits the rings best */
	bool data_maps; /* also maps that are not executable: perf's own unwinder asks for them */
	int clock_id;	/* -1 = the kernel's own */
	size_t ring_pages;   /* 0 = as much as the user may have, within reason */
	bool system_wide;    /* all threads, `tids` is ignored */
	bool no_inherit;     /* new threads and children of the threads are not followed */
	bool enable_on_exec; /* the one thread starts to count when it executes its program */
	const int32_t *tids;
	size_t tid_count;
};

struct perf_event_fd {
	int fd;
	uint32_t evsel, cpu_index;
	int32_t tid;
};

VEC_DEFINE(perf_event_fd_vec, struct perf_event_fd)

struct perf_events {
	struct perf_evsel_vec evsels; /* as asked; the last one is the side-band event */
	struct perf_event_fd_vec fds;
	int *cpus;
	size_t cpu_count;
	struct perf_ring *rings; /* samples of cpu i at i, its side-band at cpu_count + i */
	size_t ring_count;
	uint64_t sample_ring_bytes, side_ring_bytes; /* each */
	bool system_wide, inherit;
	uint32_t side_evsel;
};

/* `notes` gets a line for everything that is not as it was asked for. */
MUST_CHECK struct error *perf_events_open(const struct perf_open_options *options,
					  struct strbuf *notes, struct perf_events **ret);
void perf_events_close(struct perf_events *events);
void cleanup_perf_events(struct perf_events **events);
#define auto_perf_events __attribute__((cleanup(cleanup_perf_events)))

/* One more thread, into the same rings; a thread that is gone is no error. Not enabled. */
MUST_CHECK struct error *perf_events_add_thread(struct perf_events *events, int32_t tid);
/*
 * Opens the sampling events anew with dumps of at most `dump_bytes`, for the threads that live now
 * (not needed system-wide), and closes the old ones. The layout of records changes with the ids:
 * what was made from `evsels` is to be made again.
 */
MUST_CHECK struct error *perf_events_shrink_dumps(struct perf_events *events, uint32_t dump_bytes,
						  const int32_t *tids, size_t tid_count);
void perf_events_enable_side_band(struct perf_events *events);
void perf_events_enable_samples(struct perf_events *events);
void perf_events_disable(struct perf_events *events);
/* Samples that found no room, as the events counted them (PERF_FORMAT_LOST); 0 = not known. */
uint64_t perf_events_lost(const struct perf_events *events);
/* The registers that a dump needs on this machine, in the kernel's numbers. */
uint64_t perf_dump_registers(void);
