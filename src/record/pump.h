/*
 * From the rings to the file. Copying: records as they are, ring by ring, with a mark after each
 * round by which readers know how far they may sort.
 */
#pragma once

#include "perf/decode.h"
#include "perf/open.h"
#include "perf/writer.h"
#include "record/mapped_files.h"

struct pump {
	struct perf_events *events;
	struct perf_writer *writer;
	struct perf_layout layout;
	bool collects_files; /* build-ids of what is mapped */
	struct mapped_files files;
	uint64_t samples, lost, throttled;
	uint64_t round_bytes; /* written when the last round ended */
	uint64_t first_sample_ns, last_sample_ns;
};

void pump_init(struct pump *pump, struct perf_events *events, struct perf_writer *writer);
void pump_done(struct pump *pump);
/* Everything that is in the rings now. */
void pump_copy(struct pump *pump);
/* Marks the end of a round, if anything was written since the last one. */
void pump_end_round(struct pump *pump);
/* A record that is not from a ring. */
void pump_add(struct pump *pump, const uint8_t *record, size_t size_bytes);
/* Counts a record of a ring: samples, losses, throttling, times. */
void pump_count(struct pump *pump, const uint8_t *record, size_t size_bytes);
