#include "perf/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum {
	BUFFER_BYTES = 1 << 20,
	DATA_SIZE_OFFSET = 48, /* of header.data.size */
	STRING_ALIGNMENT = 64,
};

struct section_content {
	unsigned feature;
	uint8_t *bytes;
	size_t size_bytes;
};

VEC_DEFINE(section_vec, struct section_content)

struct perf_writer {
	int fd;
	bool owns_fd, is_pipe;
	char *path;
	const struct perf_evsel_vec *evsels;
	uint8_t *buffer;
	size_t used;
	uint64_t data_offset;
	uint64_t added, written; /* bytes of records: handed over, and in the file */
	uint64_t section_bytes;	 /* of the features behind them, table included */
	uint64_t flushed;	 /* of them, those that the header tells of */
	struct section_vec sections;
	struct strbuf build_ids;
	struct error *error; /* the first one, until it is handed over */
	bool failed;	     /* nothing is written after the first error */
};

static struct str bytes_str(const void *data, size_t size_bytes)
{
	return (struct str){ data, size_bytes };
}

static void add_u32(struct strbuf *out, uint32_t value)
{
	strbuf_add(out, bytes_str(&value, sizeof(value)));
}

static void add_u64(struct strbuf *out, uint64_t value)
{
	strbuf_add(out, bytes_str(&value, sizeof(value)));
}

static void add_header(struct strbuf *out, uint32_t type, uint16_t misc, size_t size_bytes)
{
	struct perf_event_header header = { type, misc, (uint16_t)size_bytes };

	strbuf_add(out, bytes_str(&header, sizeof(header)));
}

void perf_string_add(struct strbuf *out, const char *text)
{
	size_t length = strlen(text) + 1;
	size_t padded = (length + STRING_ALIGNMENT - 1) / STRING_ALIGNMENT * STRING_ALIGNMENT;

	add_u32(out, (uint32_t)padded);
	strbuf_add_text(out, text);
	strbuf_add_repeated(out, '\0', padded - length + 1);
}

/* Everything or an error; a pipe that takes only a part gets the rest afterwards. */
static bool write_all(struct perf_writer *writer, const void *data, size_t size_bytes)
{
	const uint8_t *pos = data;

	while (size_bytes && !writer->failed) {
		ssize_t written = write(writer->fd, pos, size_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			writer->error = error_errno(errno, "writing '%s'", writer->path);
			writer->error->code = ERROR_IO;
			writer->failed = true;
		}
		pos += MAX(written, (ssize_t)0);
		size_bytes -= (size_t)MAX(written, (ssize_t)0);
	}
	return !writer->failed;
}

static void write_at(struct perf_writer *writer, const void *data, size_t size_bytes,
		     uint64_t offset)
{
	if (writer->failed ||
	    pwrite(writer->fd, data, size_bytes, (off_t)offset) == (ssize_t)size_bytes)
		return;
	writer->error = error_errno(errno, "writing the header of '%s'", writer->path);
	writer->failed = true;
}

/* Says in the header how many bytes of records stand in the file. */
static void write_data_size(struct perf_writer *writer)
{
	if (!writer->is_pipe)
		write_at(writer, &writer->written, sizeof(writer->written), DATA_SIZE_OFFSET);
	writer->flushed = writer->written;
}

/*
 * After a failure the file may end anywhere: finds the end of its last whole record, so that what
 * did reach the disk can be read.
 */
static void settle_size(struct perf_writer *writer)
{
	struct perf_event_header header;
	struct stat status;
	uint64_t end = writer->flushed, available;

	if (writer->is_pipe || fstat(writer->fd, &status) != 0 ||
	    (uint64_t)status.st_size < writer->data_offset)
		return;
	available = (uint64_t)status.st_size - writer->data_offset;
	while (available - end >= sizeof(header) &&
	       pread(writer->fd, &header, sizeof(header), (off_t)(writer->data_offset + end)) ==
		       (ssize_t)sizeof(header) &&
	       header.size >= sizeof(header) && header.size <= available - end)
		end += header.size;
	/* nothing more can be done where this fails too: the size stays that of the last flush */
	if (pwrite(writer->fd, &end, sizeof(end), DATA_SIZE_OFFSET) == (ssize_t)sizeof(end) &&
	    ftruncate(writer->fd, (off_t)(writer->data_offset + end)) == 0)
		writer->written = end;
}

static void empty_buffer(struct perf_writer *writer)
{
	if (!writer->used)
		return;
	if (write_all(writer, writer->buffer, writer->used))
		writer->written += writer->used;
	writer->used = 0;
}

static void begin_file(struct perf_writer *writer)
{
	const struct perf_evsel_vec *evsels = writer->evsels;
	auto_strbuf struct strbuf out = STRBUF_INIT;
	uint64_t stride = sizeof(struct perf_event_attr) + 16, ids_bytes = 0;
	uint64_t ids_offset = PERF_FILE_HEADER_BYTES, attrs_offset;

	for (size_t i = 0; i < evsels->count; i++)
		ids_bytes += evsels->items[i].id_count * 8;
	attrs_offset = ids_offset + ids_bytes;
	writer->data_offset = attrs_offset + stride * evsels->count;
	add_u64(&out, PERF_FILE_MAGIC);
	add_u64(&out, PERF_FILE_HEADER_BYTES);
	add_u64(&out, stride);
	add_u64(&out, attrs_offset);
	add_u64(&out, stride * evsels->count);
	add_u64(&out, writer->data_offset);
	strbuf_add_repeated(&out, '\0', PERF_FILE_HEADER_BYTES - out.len);
	for (size_t i = 0; i < evsels->count; i++)
		strbuf_add(&out, bytes_str(evsels->items[i].ids, evsels->items[i].id_count * 8));
	for (size_t i = 0; i < evsels->count; i++) {
		strbuf_add(&out, bytes_str(&evsels->items[i].attr, sizeof(struct perf_event_attr)));
		add_u64(&out, ids_offset);
		add_u64(&out, evsels->items[i].id_count * 8);
		ids_offset += evsels->items[i].id_count * 8;
	}
	write_all(writer, out.ptr, out.len);
}

static void begin_pipe(struct perf_writer *writer)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	add_u64(&out, PERF_FILE_MAGIC);
	add_u64(&out, PERF_PIPE_HEADER_BYTES);
	for (size_t i = 0; i < writer->evsels->count; i++) {
		const struct perf_evsel *evsel = &writer->evsels->items[i];
		/* a record has 64 KB: more ids than that are of threads that nobody can tell apart
		 */
		size_t id_count = MIN(evsel->id_count, (size_t)8000);

		add_header(&out, PERF_FILE_HEADER_ATTR, 0, 8 + sizeof(evsel->attr) + id_count * 8);
		strbuf_add(&out, bytes_str(&evsel->attr, sizeof(evsel->attr)));
		strbuf_add(&out, bytes_str(evsel->ids, id_count * 8));
	}
	write_all(writer, out.ptr, out.len);
}

/* Names of the events, for readers that do not make them from type and config. */
static void add_event_desc(struct perf_writer *writer)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	add_u32(&out, (uint32_t)writer->evsels->count);
	add_u32(&out, sizeof(struct perf_event_attr));
	for (size_t i = 0; i < writer->evsels->count; i++) {
		const struct perf_evsel *evsel = &writer->evsels->items[i];

		strbuf_add(&out, bytes_str(&evsel->attr, sizeof(evsel->attr)));
		add_u32(&out, (uint32_t)evsel->id_count);
		perf_string_add(&out, evsel->name);
		strbuf_add(&out, bytes_str(evsel->ids, evsel->id_count * 8));
	}
	perf_writer_feature(writer, PERF_FEATURE_EVENT_DESC, out.ptr, out.len);
}

static struct error *open_output(struct perf_writer *writer)
{
	struct stat status;
	bool is_standard_output = strcmp(writer->path, "-") == 0;

	if (is_standard_output) {
		if (isatty(STDOUT_FILENO))
			return error_with_hint(
				error_new(ERROR_USAGE, "a recording is not written to a terminal"),
				"name a file with -o, or send standard output somewhere");
		writer->fd = STDOUT_FILENO;
		writer->is_pipe = true;
		return NULL;
	}
	writer->owns_fd = true;
	if (stat(writer->path, &status) == 0 && !S_ISREG(status.st_mode)) {
		writer->fd = open(writer->path, O_WRONLY | O_CLOEXEC);
		writer->is_pipe = true;
		return writer->fd < 0 ? error_errno(errno, "opening '%s'", writer->path) : NULL;
	}
	return file_create_keeping_old(writer->path, &writer->fd);
}

struct error *perf_writer_open(const char *path, const struct perf_evsel_vec *evsels,
			       struct perf_writer **ret)
{
	auto_perf_writer struct perf_writer *writer = x_calloc(1, sizeof(*writer));

	writer->fd = -1;
	writer->path = x_strdup(path);
	writer->evsels = evsels;
	writer->buffer = x_malloc(BUFFER_BYTES);
	TRY(open_output(writer));
	if (writer->is_pipe)
		begin_pipe(writer);
	else
		begin_file(writer);
	add_event_desc(writer);
	TRY(take_ptr(writer->error));
	*ret = take_ptr(writer);
	return NULL;
}

void perf_writer_free(struct perf_writer *writer)
{
	if (!writer)
		return;
	if (writer->owns_fd && writer->fd >= 0)
		close(writer->fd);
	for (size_t i = 0; i < writer->sections.count; i++)
		free(writer->sections.items[i].bytes);
	section_vec_done(&writer->sections);
	strbuf_done(&writer->build_ids);
	error_free(writer->error);
	free(writer->buffer);
	free(writer->path);
	free(writer);
}

void cleanup_perf_writer(struct perf_writer **writer)
{
	perf_writer_free(*writer);
}

uint8_t *perf_writer_reserve(struct perf_writer *writer, size_t size_bytes)
{
	uint8_t *room;

	if (writer->used + size_bytes > BUFFER_BYTES)
		empty_buffer(writer);
	room = writer->buffer + writer->used;
	writer->used += size_bytes;
	writer->added += size_bytes;
	return room;
}

void perf_writer_add(struct perf_writer *writer, const void *records, size_t size_bytes)
{
	if (size_bytes <= BUFFER_BYTES / 4) {
		memcpy(perf_writer_reserve(writer, size_bytes), records, size_bytes);
		return;
	}
	empty_buffer(writer);
	writer->added += size_bytes;
	if (write_all(writer, records, size_bytes))
		writer->written += size_bytes;
}

struct error *perf_writer_flush(struct perf_writer *writer)
{
	empty_buffer(writer);
	if (writer->error)
		settle_size(writer);
	else
		write_data_size(writer);
	return take_ptr(writer->error);
}

void perf_writer_feature(struct perf_writer *writer, enum perf_feature feature, const void *content,
			 size_t content_bytes)
{
	auto_strbuf struct strbuf record = STRBUF_INIT;
	struct section_content section = { (unsigned)feature, NULL, content_bytes };

	if (!writer->is_pipe) {
		section.bytes = x_malloc(content_bytes);
		memcpy(section.bytes, content, content_bytes);
		section_vec_push(&writer->sections, section);
		return;
	}
	/* a feature is one record in a pipe: what is larger has no place there */
	if (content_bytes + 16 > PERF_RECORD_MAX_BYTES)
		return;
	add_header(&record, PERF_FILE_HEADER_FEATURE, 0, 16 + content_bytes);
	add_u64(&record, (uint64_t)feature);
	strbuf_add(&record, bytes_str(content, content_bytes));
	perf_writer_add(writer, record.ptr, record.len);
}

void perf_writer_feature_text(struct perf_writer *writer, enum perf_feature feature,
			      const char *text)
{
	auto_strbuf struct strbuf content = STRBUF_INIT;

	perf_string_add(&content, text);
	perf_writer_feature(writer, feature, content.ptr, content.len);
}

void perf_writer_build_id(struct perf_writer *writer, int32_t pid, uint16_t misc, const char *path,
			  const uint8_t *build_id, uint8_t build_id_bytes)
{
	auto_strbuf struct strbuf record = STRBUF_INIT;
	size_t path_bytes = (strlen(path) + 8) / 8 * 8;
	uint8_t bytes[24] = { 0 };

	if (build_id_bytes > 20 || path_bytes > 4096)
		return;
	memcpy(bytes, build_id, build_id_bytes);
	bytes[20] = build_id_bytes;
	add_header(&record, writer->is_pipe ? PERF_FILE_BUILD_ID : 0,
		   misc | (uint16_t)PERF_MISC_BUILD_ID_SIZE, 8 + 4 + sizeof(bytes) + path_bytes);
	add_u32(&record, (uint32_t)pid);
	strbuf_add(&record, bytes_str(bytes, sizeof(bytes)));
	strbuf_add_text(&record, path);
	strbuf_add_repeated(&record, '\0', path_bytes - strlen(path));
	if (writer->is_pipe)
		perf_writer_add(writer, record.ptr, record.len);
	else
		strbuf_add(&writer->build_ids, strbuf_str(&record));
}

static int compare_sections(const void *a, const void *b)
{
	const struct section_content *first = a, *second = b;

	return (int)first->feature - (int)second->feature;
}

/* The table and the sections behind the data; then the header that tells of them. */
static void write_sections(struct perf_writer *writer)
{
	struct section_vec *sections = &writer->sections;
	auto_strbuf struct strbuf out = STRBUF_INIT;
	uint64_t bitmap[4] = { 0 };
	uint64_t offset = writer->data_offset + writer->written + sections->count * 16;

	qsort(sections->items, sections->count, sizeof(*sections->items), compare_sections);
	for (size_t i = 0; i < sections->count; i++) {
		const struct section_content *section = &sections->items[i];

		bitmap[section->feature / 64] |= UINT64_C(1) << section->feature % 64;
		add_u64(&out, offset);
		add_u64(&out, section->size_bytes);
		offset += section->size_bytes;
	}
	for (size_t i = 0; i < sections->count; i++)
		strbuf_add(&out,
			   bytes_str(sections->items[i].bytes, sections->items[i].size_bytes));
	if (!write_all(writer, out.ptr, out.len))
		return;
	writer->section_bytes = out.len;
	write_at(writer, bitmap, sizeof(bitmap), PERF_FILE_HEADER_BYTES - sizeof(bitmap));
}

struct error *perf_writer_finish(struct perf_writer *writer)
{
	TRY(perf_writer_flush(writer));
	if (writer->is_pipe)
		return NULL;
	if (writer->build_ids.len)
		perf_writer_feature(writer, PERF_FEATURE_BUILD_ID, writer->build_ids.ptr,
				    writer->build_ids.len);
	write_sections(writer);
	return take_ptr(writer->error);
}

bool perf_writer_is_pipe(const struct perf_writer *writer)
{
	return writer->is_pipe;
}

uint64_t perf_writer_bytes(const struct perf_writer *writer)
{
	return writer->failed ? writer->written : writer->added;
}

uint64_t perf_writer_file_bytes(const struct perf_writer *writer)
{
	return writer->data_offset + perf_writer_bytes(writer) + writer->section_bytes;
}
