#include "record/pump.h"

#include <string.h>

#include "base/memory.h"

void pump_init(struct pump *pump, struct perf_events *events, struct perf_writer *writer)
{
	*pump = (struct pump){ .events = events, .writer = writer };
	perf_layout_init(&pump->layout, &events->evsels, false);
}

void pump_done(struct pump *pump)
{
	perf_layout_done(&pump->layout);
	mapped_files_done(&pump->files);
}

static void collect_file(struct pump *pump, const uint8_t *bytes, size_t size_bytes)
{
	const struct build_id *id;
	struct perf_record record;
	auto_free char *path = NULL;
	bool is_first;

	if (!pump->collects_files ||
	    perf_layout_decode(&pump->layout, bytes, size_bytes, &record) != PERF_DECODE_OK)
		return;
	id = mapped_files_build_id(&pump->files, &record.mmap, &is_first);
	if (!id || !is_first)
		return;
	path = x_strndup(record.mmap.path.ptr, record.mmap.path.len);
	perf_writer_build_id(pump->writer, -1, PERF_RECORD_MISC_USER, path, id->bytes,
			     id->size_bytes);
}

void pump_add(struct pump *pump, const uint8_t *record, size_t size_bytes)
{
	struct perf_event_header header;

	memcpy(&header, record, sizeof(header));
	if (header.type == PERF_RECORD_MMAP2)
		collect_file(pump, record, size_bytes);
	perf_writer_add(pump->writer, record, size_bytes);
}

void pump_count(struct pump *pump, const uint8_t *record, size_t size_bytes)
{
	struct perf_event_header header;
	uint64_t time_ns, count;

	memcpy(&header, record, sizeof(header));
	switch (header.type) {
	case PERF_RECORD_SAMPLE:
		time_ns = perf_layout_time(&pump->layout, record, size_bytes);
		pump->samples++;
		if (!pump->first_sample_ns || time_ns < pump->first_sample_ns)
			pump->first_sample_ns = time_ns;
		if (time_ns > pump->last_sample_ns)
			pump->last_sample_ns = time_ns;
		break;
	case PERF_RECORD_MMAP2:
		collect_file(pump, record, size_bytes);
		break;
	case PERF_RECORD_LOST:
		if (size_bytes >= 24) {
			memcpy(&count, record + 16, sizeof(count));
			pump->lost += count;
		}
		break;
	case PERF_RECORD_THROTTLE:
		pump->throttled++;
		break;
	default:
		break;
	}
}

/* Hops over what a ring holds; returns the end of its last whole record. */
static uint64_t count_ring(struct pump *pump, struct perf_ring *ring)
{
	const uint8_t *record;
	size_t size_bytes;
	uint64_t start = ring->tail, end;

	while (perf_ring_peek(ring, &record, &size_bytes)) {
		pump_count(pump, record, size_bytes);
		perf_ring_skip(ring, size_bytes);
	}
	end = ring->tail;
	ring->tail = start;
	return end;
}

void pump_end_round(struct pump *pump)
{
	static const struct perf_event_header round = { PERF_FILE_FINISHED_ROUND, 0,
							sizeof(round) };

	if (perf_writer_bytes(pump->writer) == pump->round_bytes)
		return;
	perf_writer_add(pump->writer, &round, sizeof(round));
	pump->round_bytes = perf_writer_bytes(pump->writer);
}

void pump_copy(struct pump *pump)
{
	/* side-band first: where the disk is full, samples without maps are worth nothing */
	for (size_t i = pump->events->ring_count; i-- > 0;) {
		struct perf_ring *ring = &pump->events->rings[i];
		const uint8_t *pieces[2];
		size_t bytes[2], count;

		if (!ring->page)
			continue;
		perf_ring_snapshot(ring);
		ring->head = count_ring(pump, ring);
		count = perf_ring_pieces(ring, pieces, bytes);
		for (size_t j = 0; j < count; j++)
			perf_writer_add(pump->writer, pieces[j], bytes[j]);
		ring->tail = ring->head;
		perf_ring_release(ring);
	}
	pump_end_round(pump);
}
