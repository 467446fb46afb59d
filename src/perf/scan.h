/*
 * Hopping over a file's records: what is about the file is taken in at once, what happened in time
 * is put in order. A file that is not compressed is ordered as a whole; a compressed one round by
 * round, so that only the last rounds are in memory.
 */
#pragma once

#include "base/file.h"
#include "perf/data.h"
#include "perf/decode.h"
#include "perf/deferred.h"
#include "perf/order.h"
#include "perf/unpack.h"

struct perf_data_impl {
	struct file_map *map;
	struct bytes records; /* the data section: `pos` is where the scan stands */
	struct perf_layout layout;
	bool layout_is_stale; /* events were added: make the layout again */
	bool at_end;	      /* nothing more to scan */
	struct deferred deferred;
	struct unpack *unpack;	  /* NULL: no compressed record was met */
	struct order_vec pending; /* [next, ready): in order and deliverable */
	size_t next, ready;
	uint64_t newest_ns;	 /* of all records scanned */
	uint64_t round_limit_ns; /* `newest_ns` when the last round ended */
	bool round_ended;
	uint64_t delivered_place; /* unpacked place + 1 that the caller holds; 0 = none */
};

/* Pipe mode: takes in what comes before the first record of an event (attrs, features, names). */
void perf_scan_preamble(struct perf_data *data);
/* Scans until [next, ready) is not empty; false at the end. */
bool perf_scan_more(struct perf_data *data);
/* Notes the first damage only: what comes after it is not to be trusted anyway. */
void perf_data_set_damage(struct perf_data *data, uint64_t offset, const char *format, ...)
	PRINTF(3, 4);
