/*
 * User call chains that the kernel took later than their samples (PERF_RECORD_CALLCHAIN_DEFERRED,
 * Linux 6.19): a sample's chain ends in a mark and a cookie, and one record per return to user
 * space brings the rest for all samples with that cookie. They are joined before anybody sees them.
 */
#pragma once

#include "perf/data.h"
#include "perf/decode.h"

struct deferred_chain {
	uint64_t cookie;
	uint64_t key; /* of the record, as in struct order_entry */
	int32_t tid;
	bool is_used;
};

struct deferred {
	struct deferred_chain *slots; /* open addressing; NULL: no such record was met */
	size_t count;
	uint32_t slot_mask;
	uint64_t *words; /* the last joined chain */
	size_t words_allocated;
};

void deferred_done(struct deferred *deferred);
/* Remembers where a CALLCHAIN_DEFERRED record is; one that is too short is left out. */
void deferred_add(struct deferred *deferred, const struct perf_layout *layout,
		  const uint8_t *record, size_t size_bytes, uint64_t key);
/* The record that completes the sample, or NULL. */
const struct deferred_chain *deferred_find(const struct deferred *deferred,
					   const struct perf_sample *sample);
/* Puts the record's chain in the place of the mark; good until the next call. */
void deferred_join(struct deferred *deferred, struct perf_sample *sample, struct bytes record);
