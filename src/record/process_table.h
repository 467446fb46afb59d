/*
 * What ran before the recording began, as records of time 0: names of all threads and executable
 * maps from /proc, the kernel's text and its modules. /proc may be truncated or gone at any moment:
 * what cannot be read is left out.
 */
#pragma once

#include "perf/open.h"

/* Receives one record, header included. */
typedef void record_sink(void *context, const uint8_t *record, size_t size_bytes);

struct process_table {
	const struct perf_event_attr *attr; /* of the event whose sample_id the records carry */
	uint64_t id;
	bool data_maps;
	record_sink *sink;
	void *context;
};

void process_table_kernel(const struct process_table *table);
void process_table_process(const struct process_table *table, int32_t pid);
void process_table_all(const struct process_table *table);

/* The process of a thread, or -1 where it is gone. */
int32_t thread_process(int32_t tid);
/* The pid that a process has in its own namespace; `pid` itself where that cannot be read. */
int32_t process_namespace_pid(int32_t pid);

VEC_DEFINE(tid_vec, int32_t)

/* All threads of a process at this moment, added to `ret`; false when it is gone. */
bool process_threads(int32_t pid, struct tid_vec *ret);
