#include "perf/deferred.h"

#include <stdlib.h>

#include "base/memory.h"
#include "perf/format.h"

enum { SLOTS_FIRST = 256, MARK_WORDS = 2 };

void deferred_done(struct deferred *deferred)
{
	free(deferred->slots);
	free(deferred->words);
	*deferred = (struct deferred){ 0 };
}

static struct deferred_chain *slot_of(const struct deferred *deferred, uint64_t cookie, int32_t tid)
{
	uint64_t hash = (cookie ^ (uint64_t)(uint32_t)tid << 32) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(hash >> 32) & deferred->slot_mask;

	while (deferred->slots[i].is_used &&
	       (deferred->slots[i].cookie != cookie || deferred->slots[i].tid != tid))
		i = (i + 1) & deferred->slot_mask;
	return &deferred->slots[i];
}

static void grow(struct deferred *deferred)
{
	struct deferred larger = *deferred;
	uint32_t slot_count = deferred->slots ? (deferred->slot_mask + 1) * 2 : SLOTS_FIRST;

	larger.slots = x_calloc(slot_count, sizeof(*larger.slots));
	larger.slot_mask = slot_count - 1;
	for (uint32_t i = 0; deferred->slots && i <= deferred->slot_mask; i++)
		if (deferred->slots[i].is_used)
			*slot_of(&larger, deferred->slots[i].cookie, deferred->slots[i].tid) =
				deferred->slots[i];
	free(deferred->slots);
	*deferred = larger;
}

void deferred_add(struct deferred *deferred, const struct perf_layout *layout,
		  const uint8_t *record, size_t size_bytes, uint64_t key)
{
	struct bytes b = bytes_of(record, size_bytes);
	struct deferred_chain chain = { .key = key, .is_used = true };
	struct deferred_chain *slot;

	b.swap = layout->swap;
	if (!bytes_skip(&b, PERF_RECORD_HEADER_BYTES) || !bytes_u64(&b, &chain.cookie) ||
	    !perf_layout_tid(layout, record, size_bytes, &chain.tid))
		return;
	if (!deferred->slots || deferred->count * 4 > deferred->slot_mask * UINT64_C(3))
		grow(deferred);
	slot = slot_of(deferred, chain.cookie, chain.tid);
	deferred->count += !slot->is_used;
	*slot = chain;
}

const struct deferred_chain *deferred_find(const struct deferred *deferred,
					   const struct perf_sample *sample)
{
	struct bytes mark = sample->callchain;
	const struct deferred_chain *slot;
	uint64_t context, cookie;

	if (!deferred->slots || bytes_left(&mark) < MARK_WORDS * 8)
		return NULL;
	mark.pos = mark.end - MARK_WORDS * 8;
	if (!bytes_u64(&mark, &context) || context != PERF_CONTEXT_DEFERRED ||
	    !bytes_u64(&mark, &cookie))
		return NULL;
	slot = slot_of(deferred, cookie, sample->tid);
	return slot->is_used ? slot : NULL;
}

void deferred_join(struct deferred *deferred, struct perf_sample *sample, struct bytes record)
{
	struct bytes kept = sample->callchain;
	uint64_t cookie, count = 0;
	size_t total, written = 0;

	if (!bytes_skip(&record, PERF_RECORD_HEADER_BYTES) || !bytes_u64(&record, &cookie) ||
	    !bytes_u64(&record, &count) || count > bytes_left(&record) / 8)
		return;
	kept.end -= MARK_WORDS * 8;
	total = bytes_left(&kept) / 8 + (size_t)count;
	if (total > deferred->words_allocated) {
		deferred->words = x_reallocarray(deferred->words, total, sizeof(uint64_t));
		deferred->words_allocated = total;
	}
	while (bytes_u64(&kept, &deferred->words[written]))
		written++;
	for (uint64_t i = 0; i < count && bytes_u64(&record, &deferred->words[written]); i++)
		written++;
	sample->callchain = bytes_of(deferred->words, written * 8);
}
