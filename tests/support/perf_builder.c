#include "perf_builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "base/memory.h"
#include "base/vec.h"

enum {
	HEADER_BYTES = 104,
	FEATURE_BUILD_ID = 2,
	FEATURE_EVENT_DESC = 12,
	RECORD_CALLCHAIN_DEFERRED = 22,
	RECORD_HEADER_ATTR = 64,
	RECORD_EVENT_UPDATE = 78,
	RECORD_HEADER_FEATURE = 80,
	RECORD_COMPRESSED = 81,
	RECORD_COMPRESSED2 = 83,
};

VEC_DEFINE(byte_vec, uint8_t)

struct event {
	struct perf_event_attr attr;
	char *name;
	uint64_t *ids;
	size_t id_count;
};

struct feature {
	unsigned number;
	struct byte_vec content;
};

VEC_DEFINE(event_vec, struct event)
VEC_DEFINE(feature_vec, struct feature)

struct perf_builder {
	unsigned flags;
	bool swap;
	struct event_vec events;
	struct feature_vec features;
	struct byte_vec records, packed, out;
	struct byte_vec *target; /* where records go: `records` or `packed` */
	ZSTD_CStream *stream;
	char *path;
};

struct perf_builder *perf_builder_new(unsigned flags)
{
	struct perf_builder *builder = x_calloc(1, sizeof(*builder));

	builder->flags = flags;
	builder->swap = flags & PERF_BUILDER_SWAP;
	builder->target = &builder->records;
	return builder;
}

void perf_builder_free(struct perf_builder *builder)
{
	for (size_t i = 0; i < builder->events.count; i++) {
		free(builder->events.items[i].name);
		free(builder->events.items[i].ids);
	}
	for (size_t i = 0; i < builder->features.count; i++)
		byte_vec_done(&builder->features.items[i].content);
	event_vec_done(&builder->events);
	feature_vec_done(&builder->features);
	byte_vec_done(&builder->records);
	byte_vec_done(&builder->packed);
	byte_vec_done(&builder->out);
	ZSTD_freeCStream(builder->stream);
	if (builder->path)
		unlink(builder->path);
	free(builder->path);
	free(builder);
}

static void put(struct byte_vec *to, const void *data, size_t size_bytes)
{
	byte_vec_reserve(to, to->count + size_bytes);
	if (size_bytes)
		memcpy(to->items + to->count, data, size_bytes);
	to->count += size_bytes;
}

static void put_u16(const struct perf_builder *builder, struct byte_vec *to, uint16_t value)
{
	value = builder->swap ? __builtin_bswap16(value) : value;
	put(to, &value, sizeof(value));
}

static void put_u32(const struct perf_builder *builder, struct byte_vec *to, uint32_t value)
{
	value = builder->swap ? __builtin_bswap32(value) : value;
	put(to, &value, sizeof(value));
}

static void put_u64(const struct perf_builder *builder, struct byte_vec *to, uint64_t value)
{
	value = builder->swap ? __builtin_bswap64(value) : value;
	put(to, &value, sizeof(value));
}

static void put_padded(struct byte_vec *to, const char *text)
{
	size_t length = strlen(text) + 1;

	put(to, text, length);
	put(to, "\0\0\0\0\0\0\0", (8 - length % 8) % 8);
}

static void put_string(const struct perf_builder *builder, struct byte_vec *to, const char *text)
{
	size_t length = strlen(text) + 1;

	put_u32(builder, to, (uint32_t)((length + 63) & ~(size_t)63));
	put(to, text, length);
	for (; length % 64; length++)
		put(to, "", 1);
}

static uint64_t flags_of(const struct perf_event_attr *attr)
{
	uint64_t flags;

	memcpy(&flags, (const uint8_t *)&attr->read_format + sizeof(attr->read_format),
	       sizeof(flags));
	return flags;
}

/* As the other machine lays bit-fields out: from the other end of each byte. */
static uint64_t mirror_bytes(uint64_t flags)
{
	uint64_t mirrored = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		if (flags >> bit & 1)
			mirrored |= UINT64_C(1) << (bit / 8 * 8 + 7 - bit % 8);
	return mirrored;
}

static void put_attr(const struct perf_builder *builder, struct byte_vec *to,
		     const struct perf_event_attr *attr)
{
	size_t start = to->count;
	uint64_t flags = flags_of(attr);

	put_u32(builder, to, attr->type);
	put_u32(builder, to, attr->size);
	put_u64(builder, to, attr->config);
	put_u64(builder, to, attr->sample_period);
	put_u64(builder, to, attr->sample_type);
	put_u64(builder, to, attr->read_format);
	flags = builder->swap ? mirror_bytes(flags) : flags;
	put(to, &flags, sizeof(flags));
	put_u32(builder, to, attr->wakeup_events);
	put_u32(builder, to, attr->bp_type);
	put_u64(builder, to, attr->config1);
	put_u64(builder, to, attr->config2);
	put_u64(builder, to, attr->branch_sample_type);
	put_u64(builder, to, attr->sample_regs_user);
	put_u32(builder, to, attr->sample_stack_user);
	put_u32(builder, to, (uint32_t)attr->clockid);
	put_u64(builder, to, attr->sample_regs_intr);
	while (to->count < start + attr->size)
		put(to, "", 1);
	to->count = start + attr->size;
}

void perf_builder_event(struct perf_builder *builder, const struct perf_event_attr *attr,
			const char *name, const uint64_t *ids, size_t id_count)
{
	struct event event = { .attr = *attr, .id_count = id_count };

	event.attr.size = attr->size ? attr->size : sizeof(*attr);
	event.attr.sample_id_all = 1;
	event.name = x_strdup(name);
	event.ids = x_reallocarray(NULL, id_count, sizeof(*ids));
	if (id_count)
		memcpy(event.ids, ids, id_count * sizeof(*ids));
	event_vec_push(&builder->events, event);
}

static void put_header(const struct perf_builder *builder, struct byte_vec *to, uint32_t type,
		       uint16_t misc, size_t size_bytes)
{
	assert(size_bytes <= UINT16_MAX);
	put_u32(builder, to, type);
	put_u16(builder, to, misc);
	put_u16(builder, to, (uint16_t)size_bytes);
}

void perf_builder_record(struct perf_builder *builder, uint32_t type, uint16_t misc,
			 const void *body, size_t body_bytes)
{
	put_header(builder, builder->target, type, misc, 8 + body_bytes);
	put(builder->target, body, body_bytes);
}

/* sample_id of the first event, as the kernel appends it. */
static void put_tail(const struct perf_builder *builder, struct byte_vec *to, uint32_t pid,
		     uint32_t tid, uint64_t time_ns)
{
	const struct event *event = &builder->events.items[0];
	uint64_t type = event->attr.sample_type, id = event->id_count ? event->ids[0] : 0;

	if (type & PERF_SAMPLE_TID) {
		put_u32(builder, to, pid);
		put_u32(builder, to, tid);
	}
	if (type & PERF_SAMPLE_TIME)
		put_u64(builder, to, time_ns);
	if (type & PERF_SAMPLE_ID)
		put_u64(builder, to, id);
	if (type & PERF_SAMPLE_STREAM_ID)
		put_u64(builder, to, id);
	if (type & PERF_SAMPLE_CPU)
		put_u64(builder, to, 0);
	if (type & PERF_SAMPLE_IDENTIFIER)
		put_u64(builder, to, id);
}

static void add_with_tail(struct perf_builder *builder, uint32_t type, uint16_t misc,
			  struct byte_vec *body, uint32_t pid, uint64_t time_ns)
{
	put_tail(builder, body, pid, pid, time_ns);
	perf_builder_record(builder, type, misc, body->items, body->count);
	byte_vec_done(body);
}

void perf_builder_mmap(struct perf_builder *builder, uint32_t pid, uint64_t start, uint64_t length,
		       uint64_t file_offset, const char *path, uint64_t time_ns)
{
	struct byte_vec body = { 0 };
	uint16_t mode = pid == UINT32_MAX ? PERF_RECORD_MISC_KERNEL : PERF_RECORD_MISC_USER;

	put_u32(builder, &body, pid);
	put_u32(builder, &body, pid);
	put_u64(builder, &body, start);
	put_u64(builder, &body, length);
	put_u64(builder, &body, file_offset);
	put_padded(&body, path);
	add_with_tail(builder, PERF_RECORD_MMAP, mode, &body, pid, time_ns);
}

void perf_builder_mmap2(struct perf_builder *builder, uint32_t pid, uint64_t start, uint64_t length,
			uint64_t file_offset, const char *path, const uint8_t *build_id,
			uint8_t build_id_bytes, uint64_t time_ns)
{
	struct byte_vec body = { 0 };
	uint8_t identity[24] = { build_id_bytes };
	uint16_t misc = PERF_RECORD_MISC_USER;

	put_u32(builder, &body, pid);
	put_u32(builder, &body, pid);
	put_u64(builder, &body, start);
	put_u64(builder, &body, length);
	put_u64(builder, &body, file_offset);
	if (build_id) {
		memcpy(identity + 4, build_id, build_id_bytes);
		misc |= PERF_RECORD_MISC_MMAP_BUILD_ID;
	}
	put(&body, identity, sizeof(identity));
	put_u32(builder, &body, 5);
	put_u32(builder, &body, 2);
	put_padded(&body, path);
	add_with_tail(builder, PERF_RECORD_MMAP2, misc, &body, pid, time_ns);
}

void perf_builder_comm(struct perf_builder *builder, uint32_t pid, uint32_t tid, const char *name,
		       bool is_exec, uint64_t time_ns)
{
	struct byte_vec body = { 0 };

	put_u32(builder, &body, pid);
	put_u32(builder, &body, tid);
	put_padded(&body, name);
	add_with_tail(builder, PERF_RECORD_COMM, is_exec ? PERF_RECORD_MISC_COMM_EXEC : 0, &body,
		      pid, time_ns);
}

static void add_fork(struct perf_builder *builder, uint32_t type, const uint32_t ids[4],
		     uint64_t time_ns)
{
	struct byte_vec body = { 0 };

	for (size_t i = 0; i < 4; i++)
		put_u32(builder, &body, ids[i]);
	put_u64(builder, &body, time_ns);
	add_with_tail(builder, type, 0, &body, ids[0], time_ns);
}

void perf_builder_fork(struct perf_builder *builder, uint32_t pid, uint32_t parent_pid,
		       uint32_t tid, uint32_t parent_tid, uint64_t time_ns)
{
	add_fork(builder, PERF_RECORD_FORK, (uint32_t[]){ pid, parent_pid, tid, parent_tid },
		 time_ns);
}

void perf_builder_exit(struct perf_builder *builder, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	add_fork(builder, PERF_RECORD_EXIT, (uint32_t[]){ pid, pid, tid, tid }, time_ns);
}

void perf_builder_lost(struct perf_builder *builder, uint64_t count, uint64_t time_ns)
{
	struct byte_vec body = { 0 };

	put_u64(builder, &body, 0);
	put_u64(builder, &body, count);
	add_with_tail(builder, PERF_RECORD_LOST, 0, &body, 0, time_ns);
}

void perf_builder_deferred_chain(struct perf_builder *builder, uint32_t pid, uint32_t tid,
				 uint64_t cookie, const uint64_t *chain, size_t chain_count,
				 uint64_t time_ns)
{
	struct byte_vec body = { 0 };

	put_u64(builder, &body, cookie);
	put_u64(builder, &body, chain_count);
	for (size_t i = 0; i < chain_count; i++)
		put_u64(builder, &body, chain[i]);
	put_tail(builder, &body, pid, tid, time_ns);
	perf_builder_record(builder, RECORD_CALLCHAIN_DEFERRED, 0, body.items, body.count);
	byte_vec_done(&body);
}

static void put_sample_words(const struct perf_builder *builder, struct byte_vec *body,
			     uint64_t type, const struct built_sample *sample)
{
	if (type & PERF_SAMPLE_IDENTIFIER)
		put_u64(builder, body, sample->id);
	if (type & PERF_SAMPLE_IP)
		put_u64(builder, body, sample->ip);
	if (type & PERF_SAMPLE_TID) {
		put_u32(builder, body, sample->pid);
		put_u32(builder, body, sample->tid);
	}
	if (type & PERF_SAMPLE_TIME)
		put_u64(builder, body, sample->time_ns);
	if (type & PERF_SAMPLE_ADDR)
		put_u64(builder, body, sample->addr);
	if (type & PERF_SAMPLE_ID)
		put_u64(builder, body, sample->id);
	if (type & PERF_SAMPLE_CPU) {
		put_u32(builder, body, sample->cpu);
		put_u32(builder, body, 0);
	}
	if (type & PERF_SAMPLE_PERIOD)
		put_u64(builder, body, sample->period);
}

static void put_dump(const struct perf_builder *builder, struct byte_vec *body,
		     const struct perf_event_attr *attr, const struct built_sample *sample)
{
	if (attr->sample_type & PERF_SAMPLE_REGS_USER) {
		put_u64(builder, body, sample->regs_abi);
		for (int i = 0;
		     sample->regs_abi && i < __builtin_popcountll(attr->sample_regs_user); i++)
			put_u64(builder, body, sample->regs[i]);
	}
	if (attr->sample_type & PERF_SAMPLE_STACK_USER) {
		put_u64(builder, body, sample->stack_bytes);
		put(body, sample->stack, sample->stack_bytes);
		if (sample->stack_bytes)
			put_u64(builder, body, sample->stack_dynamic_bytes);
	}
}

void perf_builder_sample(struct perf_builder *builder, unsigned event,
			 const struct built_sample *sample)
{
	const struct perf_event_attr *attr = &builder->events.items[event].attr;
	struct byte_vec body = { 0 };

	put_sample_words(builder, &body, attr->sample_type, sample);
	if (attr->sample_type & PERF_SAMPLE_CALLCHAIN) {
		put_u64(builder, &body, sample->chain_count);
		for (size_t i = 0; i < sample->chain_count; i++)
			put_u64(builder, &body, sample->chain[i]);
	}
	put_dump(builder, &body, attr, sample);
	perf_builder_record(builder, PERF_RECORD_SAMPLE,
			    sample->misc ? sample->misc : PERF_RECORD_MISC_USER, body.items,
			    body.count);
	byte_vec_done(&body);
}

void perf_builder_round(struct perf_builder *builder)
{
	put_header(builder, builder->target, 68, 0, 8);
}

void perf_builder_pack(struct perf_builder *builder)
{
	if (!builder->stream) {
		builder->stream = ZSTD_createCStream();
		ZSTD_initCStream(builder->stream, 1);
	}
	builder->target = &builder->packed;
}

static void add_packed(struct perf_builder *builder, const uint8_t *data, size_t size_bytes,
		       bool padded)
{
	size_t padding = padded ? (8 - size_bytes % 8) % 8 : 0;

	if (padded) {
		put_header(builder, &builder->records, RECORD_COMPRESSED2, 0,
			   16 + size_bytes + padding);
		put_u64(builder, &builder->records, size_bytes);
	} else {
		put_header(builder, &builder->records, RECORD_COMPRESSED, 0, 8 + size_bytes);
	}
	put(&builder->records, data, size_bytes);
	put(&builder->records, "\0\0\0\0\0\0\0", padding);
}

void perf_builder_pack_end(struct perf_builder *builder, size_t piece_bytes, bool padded)
{
	size_t capacity = ZSTD_compressBound(builder->packed.count) + 1024;
	uint8_t *data = x_malloc(capacity);
	ZSTD_outBuffer output = { data, capacity, 0 };
	ZSTD_inBuffer input = { builder->packed.items, builder->packed.count, 0 };

	ZSTD_compressStream(builder->stream, &output, &input);
	ZSTD_flushStream(builder->stream, &output);
	for (size_t done = 0; done < output.pos; done += piece_bytes)
		add_packed(builder, data + done, MIN(piece_bytes, output.pos - done), padded);
	free(data);
	builder->packed.count = 0;
	builder->target = &builder->records;
}

void perf_builder_feature(struct perf_builder *builder, unsigned feature, const void *content,
			  size_t content_bytes)
{
	struct feature added = { .number = feature };

	put(&added.content, content, content_bytes);
	feature_vec_push(&builder->features, added);
}

void perf_builder_feature_text(struct perf_builder *builder, unsigned feature, const char *text)
{
	struct byte_vec content = { 0 };

	put_string(builder, &content, text);
	perf_builder_feature(builder, feature, content.items, content.count);
	byte_vec_done(&content);
}

void perf_builder_build_id(struct perf_builder *builder, const char *path, const uint8_t *build_id,
			   uint8_t build_id_bytes)
{
	struct byte_vec content = { 0 };
	uint8_t bytes[24] = { 0 };
	size_t path_bytes = (strlen(path) + 8) & ~(size_t)7;

	memcpy(bytes, build_id, build_id_bytes);
	bytes[20] = build_id_bytes;
	put_header(builder, &content, 0, PERF_RECORD_MISC_USER | 1 << 15, 8 + 4 + 24 + path_bytes);
	put_u32(builder, &content, UINT32_MAX);
	put(&content, bytes, sizeof(bytes));
	put_padded(&content, path);
	perf_builder_feature(builder, FEATURE_BUILD_ID, content.items, content.count);
	byte_vec_done(&content);
}

static void add_event_desc(struct perf_builder *builder)
{
	struct byte_vec content = { 0 };

	put_u32(builder, &content, (uint32_t)builder->events.count);
	put_u32(builder, &content, builder->events.items[0].attr.size);
	for (size_t i = 0; i < builder->events.count; i++) {
		const struct event *event = &builder->events.items[i];

		put_attr(builder, &content, &event->attr);
		put_u32(builder, &content, (uint32_t)event->id_count);
		put_string(builder, &content, event->name);
		for (size_t j = 0; j < event->id_count; j++)
			put_u64(builder, &content, event->ids[j]);
	}
	perf_builder_feature(builder, FEATURE_EVENT_DESC, content.items, content.count);
	byte_vec_done(&content);
}

static void finish_pipe(struct perf_builder *builder)
{
	struct byte_vec *out = &builder->out;

	put_u64(builder, out, UINT64_C(0x32454c4946524550));
	put_u64(builder, out, 16);
	for (size_t i = 0; i < builder->events.count; i++) {
		const struct event *event = &builder->events.items[i];

		put_header(builder, out, RECORD_HEADER_ATTR, 0,
			   8 + event->attr.size + event->id_count * 8);
		put_attr(builder, out, &event->attr);
		for (size_t j = 0; j < event->id_count; j++)
			put_u64(builder, out, event->ids[j]);
	}
	for (size_t i = 0; i < builder->features.count; i++) {
		const struct feature *feature = &builder->features.items[i];

		put_header(builder, out, RECORD_HEADER_FEATURE, 0, 16 + feature->content.count);
		put_u64(builder, out, feature->number);
		put(out, feature->content.items, feature->content.count);
	}
	put(out, builder->records.items, builder->records.count);
}

static int compare_features(const void *a, const void *b)
{
	const struct feature *first = a, *second = b;

	return (int)first->number - (int)second->number;
}

static void put_file_header(struct perf_builder *builder, uint64_t attrs_offset,
			    uint64_t data_offset)
{
	struct byte_vec *out = &builder->out;
	bool unfinished = builder->flags & PERF_BUILDER_UNFINISHED;
	uint64_t stride = builder->events.items[0].attr.size + 16, bitmap[4] = { 0 };

	for (size_t i = 0; !unfinished && i < builder->features.count; i++) {
		unsigned number = builder->features.items[i].number;

		bitmap[number / 64] |= UINT64_C(1) << number % 64;
	}
	put_u64(builder, out, UINT64_C(0x32454c4946524550));
	put_u64(builder, out, HEADER_BYTES);
	put_u64(builder, out, stride);
	put_u64(builder, out, attrs_offset);
	put_u64(builder, out, stride * builder->events.count);
	put_u64(builder, out, data_offset);
	put_u64(builder, out, unfinished ? 0 : builder->records.count);
	put_u64(builder, out, 0);
	put_u64(builder, out, 0);
	for (size_t i = 0; i < 4; i++)
		put_u64(builder, out, bitmap[i]);
}

static void put_features(struct perf_builder *builder)
{
	struct byte_vec *out = &builder->out;
	uint64_t offset = out->count + builder->features.count * 16;

	qsort(builder->features.items, builder->features.count, sizeof(struct feature),
	      compare_features);
	for (size_t i = 0; i < builder->features.count; i++) {
		put_u64(builder, out, offset);
		put_u64(builder, out, builder->features.items[i].content.count);
		offset += builder->features.items[i].content.count;
	}
	for (size_t i = 0; i < builder->features.count; i++)
		put(out, builder->features.items[i].content.items,
		    builder->features.items[i].content.count);
}

static void finish_file(struct perf_builder *builder)
{
	struct byte_vec *out = &builder->out;
	uint64_t ids_bytes = 0, attrs_offset, ids_offset = HEADER_BYTES;

	for (size_t i = 0; i < builder->events.count; i++)
		ids_bytes += builder->events.items[i].id_count * 8;
	attrs_offset = HEADER_BYTES + ids_bytes;
	put_file_header(builder, attrs_offset,
			attrs_offset +
				builder->events.count * (builder->events.items[0].attr.size + 16));
	for (size_t i = 0; i < builder->events.count; i++)
		for (size_t j = 0; j < builder->events.items[i].id_count; j++)
			put_u64(builder, out, builder->events.items[i].ids[j]);
	for (size_t i = 0; i < builder->events.count; i++) {
		put_attr(builder, out, &builder->events.items[i].attr);
		put_u64(builder, out, ids_offset);
		put_u64(builder, out, builder->events.items[i].id_count * 8);
		ids_offset += builder->events.items[i].id_count * 8;
	}
	put(out, builder->records.items, builder->records.count);
	if (!(builder->flags & PERF_BUILDER_UNFINISHED))
		put_features(builder);
}

const uint8_t *perf_builder_finish(struct perf_builder *builder, size_t *ret_bytes)
{
	if (!builder->out.count) {
		add_event_desc(builder);
		if (builder->flags & PERF_BUILDER_PIPE)
			finish_pipe(builder);
		else
			finish_file(builder);
	}
	*ret_bytes = builder->out.count;
	return builder->out.items;
}

const char *perf_builder_file(struct perf_builder *builder)
{
	const char *directory = getenv("TMPDIR");
	size_t size_bytes;
	const uint8_t *data = perf_builder_finish(builder, &size_bytes);
	int fd;

	if (builder->path)
		return builder->path;
	builder->path = x_asprintf("%s/perf-builder-XXXXXX", directory ? directory : "/tmp");
	fd = mkstemp(builder->path);
	if (fd < 0 || write(fd, data, size_bytes) != (ssize_t)size_bytes)
		abort();
	close(fd);
	return builder->path;
}
