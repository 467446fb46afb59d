/*
 * One record's bytes to struct perf_record, by the layout that the event's attr gives. Used for
 * files and for live rings. Never allocates while decoding; never reads past the record.
 */
#pragma once

#include "perf/data.h"

struct perf_id_slot {
	uint64_t id;
	uint32_t evsel_plus_one; /* 0 = free */
};

/* What is worked out once from all attrs. Made again whenever an evsel or an id is added. */
struct perf_layout {
	const struct perf_evsel *evsels; /* borrowed */
	size_t evsel_count;
	bool swap;
	bool has_time; /* some event records the time */
	struct perf_id_slot *slots;
	uint32_t slot_mask;
	int sample_id_word; /* where a sample has its id, in words after the header; -1 = nowhere */
	int tail_id_word;   /* where other records have theirs, in words before the end */
};

void perf_layout_init(struct perf_layout *layout, const struct perf_evsel_vec *evsels, bool swap);
void perf_layout_done(struct perf_layout *layout);

/* `record` begins with its header; `size_bytes` is all that may be read. */
enum perf_decode { PERF_DECODE_OK, PERF_DECODE_MALFORMED };

/* Its time only, or 0: what sorting needs. */
uint64_t perf_layout_time(const struct perf_layout *layout, const uint8_t *record,
			  size_t size_bytes);
/* The thread that a record other than a sample is about; false where it does not say. */
bool perf_layout_tid(const struct perf_layout *layout, const uint8_t *record, size_t size_bytes,
		     int32_t *ret);
/* All of it. Pointers in `ret` are into `record`. file_offset is left for the caller. */
enum perf_decode perf_layout_decode(const struct perf_layout *layout, const uint8_t *record,
				    size_t size_bytes, struct perf_record *ret);
