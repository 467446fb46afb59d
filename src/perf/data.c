#include "perf/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "perf/attr.h"
#include "perf/features.h"
#include "perf/format.h"
#include "perf/scan.h"
#include "perf/spool.h"

enum { ATTRS_MAX = 65536 };

struct file_section {
	uint64_t offset, size;
};

struct file_header {
	uint64_t size, attr_size;
	struct file_section attrs, data;
	uint64_t features[4];
};

bool perf_data_is_magic(const uint8_t *bytes, size_t size_bytes)
{
	uint64_t magic;

	if (size_bytes < sizeof(magic))
		return false;
	memcpy(&magic, bytes, sizeof(magic));
	return magic == PERF_FILE_MAGIC || magic == __builtin_bswap64(PERF_FILE_MAGIC);
}

static bool read_section(struct bytes *b, struct file_section *ret)
{
	return bytes_u64(b, &ret->offset) && bytes_u64(b, &ret->size);
}

static bool read_header(struct bytes *b, struct file_header *ret)
{
	struct file_section event_types;

	*ret = (struct file_header){ 0 };
	if (!bytes_u64(b, &ret->size))
		return false;
	if (ret->size == PERF_PIPE_HEADER_BYTES)
		return true;
	if (!bytes_u64(b, &ret->attr_size) || !read_section(b, &ret->attrs) ||
	    !read_section(b, &ret->data) || !read_section(b, &event_types))
		return false;
	/* files older than the feature bits end here */
	if (ret->size < PERF_FILE_HEADER_BYTES)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ret->features); i++)
		if (!bytes_u64(b, &ret->features[i]))
			return false;
	return true;
}

/* One attr of the table and, behind it, where its ids are. */
static bool read_event(struct bytes all, struct bytes entry, struct perf_evsel *ret)
{
	struct file_section ids;
	struct bytes id_bytes;

	if (!perf_attr_read(&entry, &ret->attr) || !read_section(&entry, &ids))
		return false;
	return ids.size == 0 ||
	       (bytes_seek(&all, ids.offset) && bytes_sub(&all, ids.size, &id_bytes) &&
		perf_ids_read(&id_bytes, ids.size / 8, ret));
}

static struct error *read_events(struct perf_data *data, const struct file_header *header)
{
	struct bytes all = data->impl->records, table = all, entry;
	uint64_t count = header->attr_size ? header->attrs.size / header->attr_size : 0;

	if (count == 0 || count > ATTRS_MAX || !bytes_seek(&table, header->attrs.offset))
		return error_new(ERROR_INPUT, "'%s': its header names no events", data->path);
	for (uint64_t i = 0; i < count; i++) {
		struct perf_evsel evsel = { 0 };

		if (!bytes_sub(&table, header->attr_size, &entry) ||
		    !read_event(all, entry, &evsel)) {
			perf_evsel_done(&evsel);
			return error_new(
				ERROR_INPUT, "'%s': event %llu of %llu at offset %llu is damaged",
				data->path, (unsigned long long)i + 1, (unsigned long long)count,
				(unsigned long long)(header->attrs.offset + i * header->attr_size));
		}
		perf_evsel_vec_push(&data->evsels, evsel);
	}
	return NULL;
}

/* The table of feature sections lies behind the data. */
static void read_features(struct perf_data *data, const struct file_header *header)
{
	struct bytes all = data->impl->records, table = all, content;

	if (!bytes_seek(&table, header->data.offset) || !bytes_skip(&table, header->data.size))
		return;
	for (unsigned feature = 0; feature < PERF_FEATURE_COUNT; feature++) {
		struct file_section section;

		if (!(header->features[feature / 64] >> (feature % 64) & 1))
			continue;
		if (!read_section(&table, &section))
			return;
		if (!bytes_seek(&all, section.offset) || !bytes_sub(&all, section.size, &content) ||
		    !perf_feature_read(data, feature, content)) {
			data->tally.malformed++;
			log_debug("perf", "feature section %u does not fit", feature);
		}
	}
}

/* True when a feature table stands where the data would begin: really no record at all. */
static bool is_empty_recording(struct bytes all, const struct file_header *header)
{
	struct file_section first;
	uint64_t feature_count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(header->features); i++)
		feature_count += (uint64_t)__builtin_popcountll(header->features[i]);
	return feature_count && bytes_seek(&all, header->data.offset) &&
	       read_section(&all, &first) &&
	       first.offset == header->data.offset + feature_count * sizeof(first);
}

static struct error *open_regular(struct perf_data *data, struct file_header *header)
{
	struct perf_data_impl *impl = data->impl;
	struct bytes all = impl->records, records = all;

	TRY(read_events(data, header));
	if (header->data.size == 0 && !is_empty_recording(all, header)) {
		perf_data_set_damage(data, header->data.offset,
				     "its recorder was killed before it wrote how much there is");
		memset(header->features, 0, sizeof(header->features));
		header->data.size =
			bytes_seek(&records, header->data.offset) ? bytes_left(&records) : 0;
	}
	read_features(data, header);
	if (!bytes_seek(&records, header->data.offset))
		records.pos = records.end;
	if (!bytes_sub(&records, header->data.size, &impl->records)) {
		perf_data_set_damage(data, (uint64_t)(all.end - all.start),
				     "it is shorter than its header says");
		impl->records = records;
		impl->records.start = impl->records.pos;
	}
	perf_evsels_name(&data->evsels);
	perf_layout_init(&impl->layout, &data->evsels, data->swap);
	return NULL;
}

static struct error *open_pipe(struct perf_data *data)
{
	struct perf_data_impl *impl = data->impl;

	data->is_pipe = true;
	bytes_skip(&impl->records, PERF_PIPE_HEADER_BYTES);
	perf_scan_preamble(data);
	if (!data->evsels.count)
		return error_new(ERROR_INPUT, "'%s': it names no events%s%s", data->path,
				 data->damage ? ": " : "", data->damage ? data->damage : "");
	return NULL;
}

static struct error *open_mapped(struct perf_data *data)
{
	struct perf_data_impl *impl = data->impl;
	struct file_header header;
	struct bytes b;
	uint64_t magic = 0;

	impl->records = bytes_of(impl->map->data, impl->map->size_bytes);
	b = impl->records;
	bytes_u64(&b, &magic);
	if (magic != PERF_FILE_MAGIC && magic != __builtin_bswap64(PERF_FILE_MAGIC))
		return error_new(ERROR_INPUT, "'%s' is not a perf.data file", data->path);
	data->swap = magic != PERF_FILE_MAGIC;
	b.swap = impl->records.swap = data->swap;
	if (!read_header(&b, &header))
		return error_new(ERROR_INPUT, "'%s': its header is cut off at offset %zu",
				 data->path, bytes_offset(&b));
	return header.size == PERF_PIPE_HEADER_BYTES ? open_pipe(data)
						     : open_regular(data, &header);
}

static struct error *map_input(const char *path, struct file_map **ret)
{
	bool is_standard_input = strcmp(path, "-") == 0;
	auto_close int own_fd = is_standard_input ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	auto_close int spooled_fd = -1;
	int fd = is_standard_input ? STDIN_FILENO : own_fd;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return error_errno(errno, "opening '%s'", path);
	if (S_ISDIR(status.st_mode))
		return error_with_hint(error_new(ERROR_INPUT, "'%s' is a directory", path),
				       "record without --threads: that makes one file");
	if (!S_ISREG(status.st_mode)) {
		TRY(spool_fd(fd, path, &spooled_fd));
		fd = spooled_fd;
	}
	return file_map_fd(fd, path, ret);
}

struct error *perf_data_open(const char *path, struct perf_data **ret)
{
	auto_perf_data struct perf_data *data = x_calloc(1, sizeof(*data));

	data->path = x_strdup(path);
	data->machine.clock_id = -1;
	data->impl = x_calloc(1, sizeof(*data->impl));
	TRY(map_input(path, &data->impl->map));
	TRY(open_mapped(data));
	*ret = take_ptr(data);
	return NULL;
}

static void impl_free(struct perf_data_impl *impl)
{
	if (!impl)
		return;
	perf_layout_done(&impl->layout);
	unpack_free(impl->unpack);
	order_vec_done(&impl->pending);
	deferred_done(&impl->deferred);
	file_map_close(impl->map);
	free(impl);
}

void perf_data_free(struct perf_data *data)
{
	if (!data)
		return;
	for (size_t i = 0; i < data->evsels.count; i++)
		perf_evsel_done(&data->evsels.items[i]);
	perf_evsel_vec_done(&data->evsels);
	for (size_t i = 0; i < data->build_ids.count; i++)
		free(data->build_ids.items[i].path);
	perf_build_id_vec_done(&data->build_ids);
	perf_machine_done(&data->machine);
	impl_free(data->impl);
	free(data->damage);
	free(data->path);
	free(data);
}

void cleanup_perf_data(struct perf_data **data)
{
	perf_data_free(*data);
}

static void count_record(struct perf_data *data, const struct perf_record *record)
{
	struct perf_tally *tally = &data->tally;

	tally->records++;
	switch (record->kind) {
	case PERF_KIND_SAMPLE:
		tally->samples++;
		data->evsels.items[record->sample.evsel].sample_count++;
		return;
	case PERF_KIND_MMAP:
		tally->mmaps++;
		return;
	case PERF_KIND_FORK:
		tally->forks++;
		return;
	case PERF_KIND_LOST:
		tally->lost_records += record->lost.count;
		return;
	case PERF_KIND_LOST_SAMPLES:
		tally->lost_samples += record->lost.count;
		return;
	case PERF_KIND_THROTTLE:
		tally->throttled++;
		return;
	case PERF_KIND_OTHER:
		tally->unknown += record->type > PERF_FILE_CALLCHAIN_DEFERRED;
		return;
	case PERF_KIND_COMM:
	case PERF_KIND_EXIT:
	case PERF_KIND_KSYMBOL:
	case PERF_KIND_SWITCH:
		return;
	}
}

/* The bytes of the entry's record: its own size was checked when it was scanned. */
static struct bytes record_at(struct perf_data_impl *impl, uint64_t key, bool swap)
{
	uint64_t place = key & ORDER_PLACE;
	struct bytes all =
		key & ORDER_UNPACKED
			? unpack_at(impl->unpack, place)
			: bytes_of(impl->map->data + place,
				   (size_t)(impl->records.end - impl->map->data - place));
	uint16_t size;

	if (bytes_left(&all) < PERF_RECORD_HEADER_BYTES)
		return all;
	memcpy(&size, all.pos + 6, sizeof(size));
	if (swap)
		size = __builtin_bswap16(size);
	/* a file that someone truncates meanwhile reads as zeros */
	all.end = all.pos + MIN((size_t)size, bytes_left(&all));
	return all;
}

/* The user's part of a chain may stand in a record of its own, later in the file. */
static void complete_chain(struct perf_data *data, struct perf_sample *sample)
{
	struct perf_data_impl *impl = data->impl;
	const struct deferred_chain *rest = deferred_find(&impl->deferred, sample);
	struct bytes record;

	if (!rest)
		return;
	record = record_at(impl, rest->key, data->swap);
	record.swap = data->swap;
	deferred_join(&impl->deferred, sample, record);
}

enum perf_next perf_data_next(struct perf_data *data, struct perf_record *ret)
{
	struct perf_data_impl *impl = data->impl;

	if (impl->delivered_place)
		unpack_drop(impl->unpack, impl->delivered_place - 1);
	impl->delivered_place = 0;
	while (impl->next < impl->ready || perf_scan_more(data)) {
		uint64_t key = impl->pending.items[impl->next++].key;
		struct bytes record = record_at(impl, key, data->swap);

		ret->file_offset = key & ORDER_PLACE;
		if (perf_layout_decode(&impl->layout, record.pos, bytes_left(&record), ret) ==
		    PERF_DECODE_OK) {
			if (key & ORDER_UNPACKED)
				impl->delivered_place = (key & ORDER_PLACE) + 1;
			count_record(data, ret);
			if (ret->kind == PERF_KIND_SAMPLE && impl->deferred.slots)
				complete_chain(data, &ret->sample);
			return PERF_NEXT_RECORD;
		}
		data->tally.malformed++;
		perf_data_set_damage(data, ret->file_offset,
				     "a record's content contradicts its size");
		if (key & ORDER_UNPACKED)
			unpack_drop(impl->unpack, key & ORDER_PLACE);
	}
	if (impl->map->truncated)
		perf_data_set_damage(data, impl->map->size_bytes,
				     "somebody shortened it while it was read");
	return PERF_NEXT_END;
}
