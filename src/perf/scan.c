#include "perf/scan.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "perf/attr.h"
#include "perf/features.h"
#include "perf/format.h"

/* Unpacked records waiting for their round; beyond it they are delivered as they are. */
#define UNPACKED_MAX_BYTES (UINT64_C(1) << 30)
enum { EVSELS_MAX = 65536, EVENT_UPDATE_NAME = 2 };

void perf_data_set_damage(struct perf_data *data, uint64_t offset, const char *format, ...)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	va_list args;

	if (data->damage)
		return;
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	data->damage = strbuf_take(&text);
	data->damage_offset = offset;
}

static uint64_t scan_offset(const struct perf_data_impl *impl)
{
	return (uint64_t)(impl->records.pos - impl->map->data);
}

static void add_event(struct perf_data *data, struct bytes body)
{
	struct perf_evsel evsel = { 0 };

	if (data->evsels.count < EVSELS_MAX && perf_attr_read(&body, &evsel.attr) &&
	    perf_ids_read(&body, bytes_left(&body) / 8, &evsel)) {
		perf_evsel_vec_push(&data->evsels, evsel);
		data->impl->layout_is_stale = true;
		return;
	}
	perf_evsel_done(&evsel);
	data->tally.malformed++;
}

static void update_event(struct perf_data *data, struct bytes body)
{
	uint64_t what, id;

	if (!bytes_u64(&body, &what) || !bytes_u64(&body, &id) || what != EVENT_UPDATE_NAME)
		return;
	for (size_t i = 0; i < data->evsels.count; i++) {
		struct perf_evsel *evsel = &data->evsels.items[i];

		for (size_t j = 0; j < evsel->id_count; j++) {
			if (evsel->ids[j] != id)
				continue;
			free(evsel->name);
			evsel->name = x_strndup((const char *)body.pos,
						strnlen((const char *)body.pos, bytes_left(&body)));
			return;
		}
	}
}

static void take_feature(struct perf_data *data, struct bytes body)
{
	uint64_t feature;

	if (bytes_u64(&body, &feature) && feature < PERF_FEATURE_COUNT) {
		body.start = body.pos;
		if (!perf_feature_read(data, (unsigned)feature, body))
			data->tally.malformed++;
	}
}

/* Records about the file itself. */
static void take_file_record(struct perf_data *data, uint32_t type, struct bytes record)
{
	struct bytes body = record;

	bytes_skip(&body, PERF_RECORD_HEADER_BYTES);
	switch (type) {
	case PERF_FILE_HEADER_ATTR:
		if (data->is_pipe)
			add_event(data, body);
		break;
	case PERF_FILE_EVENT_UPDATE:
		update_event(data, body);
		break;
	case PERF_FILE_HEADER_FEATURE:
		take_feature(data, body);
		break;
	case PERF_FILE_BUILD_ID:
		if (!perf_build_id_read(data, &record))
			data->tally.malformed++;
		break;
	case PERF_FILE_FINISHED_ROUND:
		data->impl->round_ended = true;
		break;
	default:
		break;
	}
}

static void refresh_layout(struct perf_data *data)
{
	struct perf_data_impl *impl = data->impl;

	perf_evsels_name(&data->evsels);
	perf_layout_done(&impl->layout);
	perf_layout_init(&impl->layout, &data->evsels, data->swap);
	impl->layout_is_stale = false;
}

/* Puts a kernel record in line; true. False for records that were taken in at once. */
static bool take_record(struct perf_data *data, const uint8_t *record, size_t size_bytes,
			uint64_t place)
{
	struct perf_data_impl *impl = data->impl;
	struct order_entry entry = { 0, place };
	uint32_t type;

	memcpy(&type, record, sizeof(type));
	if (data->swap)
		type = __builtin_bswap32(type);
	if (type >= PERF_FILE_USER_TYPE_START) {
		struct bytes all = bytes_of(record, size_bytes);

		all.swap = data->swap;
		data->tally.records++;
		take_file_record(data, type, all);
		return false;
	}
	if (impl->layout_is_stale)
		refresh_layout(data);
	entry.time_ns = perf_layout_time(&impl->layout, record, size_bytes);
	if (type == PERF_RECORD_SAMPLE && impl->layout.has_time)
		entry.key |= ORDER_SAMPLE;
	if (type == PERF_FILE_CALLCHAIN_DEFERRED)
		deferred_add(&impl->deferred, &impl->layout, record, size_bytes, entry.key);
	if (entry.time_ns > impl->newest_ns)
		impl->newest_ns = entry.time_ns;
	order_vec_push(&impl->pending, entry);
	return true;
}

static bool take_unpacked(void *context, const uint8_t *record, size_t size_bytes, uint64_t place)
{
	return take_record(context, record, size_bytes, place | ORDER_UNPACKED);
}

static void unpack_record(struct perf_data *data, uint32_t type, struct bytes body)
{
	struct perf_data_impl *impl = data->impl;
	uint64_t offset = (uint64_t)(body.start - impl->map->data), size;

	bytes_skip(&body, PERF_RECORD_HEADER_BYTES);
	if (type == PERF_FILE_COMPRESSED2) {
		struct bytes packed;

		if (!bytes_u64(&body, &size) || !bytes_sub(&body, size, &packed)) {
			perf_data_set_damage(data, offset,
					     "a compressed record contradicts its size");
			impl->at_end = true;
			return;
		}
		body = packed;
	}
	if (!impl->unpack)
		impl->unpack = unpack_new();
	switch (unpack_feed(impl->unpack, body, data->swap, take_unpacked, data)) {
	case UNPACK_OK:
		return;
	case UNPACK_DAMAGED:
		perf_data_set_damage(data, offset, "compressed records do not unpack");
		break;
	case UNPACK_TOO_LARGE:
		perf_data_set_damage(data, offset,
				     "compressed records unpack to an unbelievable size");
		break;
	}
	impl->at_end = true;
}

/* Bytes behind a record that its header does not count. */
static uint64_t trailing_bytes(uint32_t type, struct bytes record)
{
	uint32_t tracing_bytes;
	uint64_t aux_bytes;

	bytes_skip(&record, PERF_RECORD_HEADER_BYTES);
	if (type == PERF_FILE_TRACING_DATA && bytes_u32(&record, &tracing_bytes))
		return ((uint64_t)tracing_bytes + 7) & ~UINT64_C(7);
	if (type == PERF_FILE_AUXTRACE && bytes_u64(&record, &aux_bytes))
		return aux_bytes;
	return 0;
}

/* The next record's type and bytes without moving; false, and damage noted, where none fits. */
static bool peek_record(struct perf_data *data, uint32_t *ret_type, struct bytes *ret)
{
	struct perf_data_impl *impl = data->impl;
	struct bytes look = impl->records;
	uint16_t misc, size;

	if (!bytes_left(&look)) {
		impl->at_end = true;
		return false;
	}
	if (!bytes_u32(&look, ret_type) || !bytes_u16(&look, &misc) || !bytes_u16(&look, &size)) {
		perf_data_set_damage(data, scan_offset(impl), "it ends within a record's header");
	} else if (size < PERF_RECORD_HEADER_BYTES) {
		perf_data_set_damage(data, scan_offset(impl), "a record says it has %u bytes",
				     size);
	} else {
		look = impl->records;
		if (bytes_sub(&look, size, ret))
			return true;
		perf_data_set_damage(data, scan_offset(impl), "it ends within a record");
	}
	impl->at_end = true;
	return false;
}

static void scan_record(struct perf_data *data, uint32_t type, struct bytes record)
{
	struct perf_data_impl *impl = data->impl;
	uint64_t offset = scan_offset(impl), trailing = trailing_bytes(type, record);

	impl->records.pos = record.end;
	if (type == PERF_FILE_COMPRESSED || type == PERF_FILE_COMPRESSED2) {
		data->tally.records++;
		unpack_record(data, type, record);
		return;
	}
	take_record(data, record.pos, bytes_left(&record), offset);
	if (trailing && !bytes_skip(&impl->records, trailing)) {
		perf_data_set_damage(data, offset, "it ends within the data of a record");
		impl->at_end = true;
	}
}

void perf_scan_preamble(struct perf_data *data)
{
	struct bytes record;
	uint32_t type;

	while (peek_record(data, &type, &record) && type >= PERF_FILE_USER_TYPE_START &&
	       type != PERF_FILE_FINISHED_ROUND && type != PERF_FILE_COMPRESSED &&
	       type != PERF_FILE_COMPRESSED2 && !data->impl->at_end)
		scan_record(data, type, record);
	refresh_layout(data);
}

/* Keeps [ready, count) only. */
static void forget_delivered(struct perf_data_impl *impl)
{
	impl->pending.count -= impl->ready;
	memmove(impl->pending.items, impl->pending.items + impl->ready,
		impl->pending.count * sizeof(*impl->pending.items));
	impl->next = impl->ready = 0;
}

static void end_batch(struct perf_data_impl *impl, uint64_t limit_ns)
{
	if (impl->layout.has_time)
		order_sort(&impl->pending);
	impl->ready = impl->at_end || !impl->layout.has_time
			      ? impl->pending.count
			      : order_until(&impl->pending, limit_ns);
}

bool perf_scan_more(struct perf_data *data)
{
	struct perf_data_impl *impl = data->impl;
	struct bytes record;
	uint32_t type;

	if (impl->pending.items)
		forget_delivered(impl);
	while (!impl->at_end && impl->ready == 0) {
		impl->round_ended = false;
		if (peek_record(data, &type, &record))
			scan_record(data, type, record);
		if (!impl->unpack || impl->at_end)
			continue;
		/* a record is never older than the end of the round before the last one */
		if (impl->round_ended) {
			end_batch(impl, impl->round_limit_ns);
			impl->round_limit_ns = impl->newest_ns;
		} else if (unpack_held_bytes(impl->unpack) > UNPACKED_MAX_BYTES) {
			end_batch(impl, impl->newest_ns);
		}
	}
	if (impl->at_end && impl->ready == 0) {
		if (impl->unpack && unpack_unfinished_bytes(impl->unpack))
			perf_data_set_damage(data, scan_offset(impl),
					     "the compressed stream ends within a record");
		end_batch(impl, UINT64_MAX);
	}
	return impl->ready > 0;
}
