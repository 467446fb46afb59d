/* The event descriptions of a file: perf_event_attr of any size and either byte order. */
#pragma once

#include "perf/data.h"

/*
 * Reads one attr at `b` (which says its own size) and moves behind it; false where it does not
 * fit. Fields that the file is too old for are 0, those that we are too old for are dropped.
 */
bool perf_attr_read(struct bytes *b, struct perf_event_attr *ret);
/* `count` ids at `b`. */
bool perf_ids_read(struct bytes *b, uint64_t count, struct perf_evsel *evsel);
void perf_evsel_done(struct perf_evsel *evsel);
/* Gives every event without a name the one that its type and config say. */
void perf_evsels_name(struct perf_evsel_vec *evsels);
