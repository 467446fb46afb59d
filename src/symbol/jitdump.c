#include "symbol/jitdump.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "symbol/foreign_file.h"

enum {
	JITDUMP_MAGIC = 0x4a695444, /* "JiTD" */
	RECORD_CODE_LOAD = 0,
	RECORD_CODE_MOVE = 1,
	RECORD_CODE_CLOSE = 3,
	RECORD_HEADER_BYTES = 16,
};

void jitdump_done(struct jitdump *jitdump)
{
	ranges_done(&jitdump->ranges);
	free(jitdump->codes);
	if (jitdump->file)
		file_map_close(jitdump->file);
}

static void add_code(struct jitdump *jitdump, uint64_t start, uint64_t size, uint64_t time_ns,
		     struct str name)
{
	uint64_t end;

	if (__builtin_add_overflow(start, size, &end) || jitdump->count >= UINT32_MAX)
		return;
	if (jitdump->count == jitdump->allocated) {
		jitdump->allocated = MAX(jitdump->allocated * 2, (size_t)64);
		jitdump->codes =
			x_reallocarray(jitdump->codes, jitdump->allocated, sizeof(*jitdump->codes));
	}
	ranges_add(&jitdump->ranges, start, end, (uint32_t)jitdump->count);
	jitdump->codes[jitdump->count++] = (struct jit_code){ start, time_ns, name };
}

static void read_load(struct jitdump *jitdump, struct bytes b, uint64_t time_ns)
{
	uint64_t vma, address, size, index;
	uint32_t pid, tid;
	struct str name;

	if (bytes_u32(&b, &pid) && bytes_u32(&b, &tid) && bytes_u64(&b, &vma) &&
	    bytes_u64(&b, &address) && bytes_u64(&b, &size) && bytes_u64(&b, &index) &&
	    bytes_cstr(&b, &name) && name.len)
		add_code(jitdump, address, size, time_ns, name);
}

/* Code that moved keeps its name: that of what was written last at the old place. */
static void read_move(struct jitdump *jitdump, struct bytes b, uint64_t time_ns)
{
	uint64_t vma, from, to, size;
	uint32_t pid, tid;

	if (!bytes_u32(&b, &pid) || !bytes_u32(&b, &tid) || !bytes_u64(&b, &vma) ||
	    !bytes_u64(&b, &from) || !bytes_u64(&b, &to) || !bytes_u64(&b, &size))
		return;
	/* What moves is young: a collector has just found it alive. */
	for (size_t i = jitdump->count, steps = 0; i && steps < 4096; i--, steps++) {
		if (jitdump->codes[i - 1].start == from) {
			add_code(jitdump, to, size, time_ns, jitdump->codes[i - 1].name);
			return;
		}
	}
}

struct error *jitdump_parse(struct bytes bytes, struct jitdump *ret)
{
	uint32_t magic, version, header_bytes, id, record_bytes;
	struct jitdump jitdump = { 0 };
	uint64_t time_ns;
	struct bytes record;

	bytes.start = bytes.pos;
	if (!bytes_u32(&bytes, &magic))
		return error_new(ERROR_INPUT, "an empty jitdump");
	if (magic != JITDUMP_MAGIC) {
		if (__builtin_bswap32(magic) != JITDUMP_MAGIC)
			return error_new(ERROR_INPUT, "not a jitdump");
		bytes.swap = !bytes.swap;
	}
	if (!bytes_u32(&bytes, &version) || !bytes_u32(&bytes, &header_bytes) ||
	    !bytes_seek(&bytes, header_bytes))
		return error_new(ERROR_INPUT, "the header of the jitdump is cut off");
	while (bytes_u32(&bytes, &id) && bytes_u32(&bytes, &record_bytes)) {
		if (record_bytes < RECORD_HEADER_BYTES || !bytes_u64(&bytes, &time_ns) ||
		    !bytes_sub(&bytes, record_bytes - RECORD_HEADER_BYTES, &record)) {
			jitdump.is_cut = true;
			break;
		}
		if (id == RECORD_CODE_LOAD)
			read_load(&jitdump, record, time_ns);
		else if (id == RECORD_CODE_MOVE)
			read_move(&jitdump, record, time_ns);
		else if (id == RECORD_CODE_CLOSE)
			break;
	}
	ranges_sort(&jitdump.ranges);
	*ret = jitdump;
	return NULL;
}

struct error *jitdump_load(const char *path, struct jitdump *ret)
{
	auto_file_map struct file_map *file = NULL;

	TRY(foreign_file_check(path));
	TRY(file_map_open(path, &file));
	TRY(jitdump_parse(bytes_of(file->data, file->size_bytes), ret));
	ret->file = take_ptr(file);
	return NULL;
}

bool jitdump_find(const struct jitdump *jitdump, uint64_t address, uint64_t time_ns,
		  struct str *ret_name, uint64_t *ret_start)
{
	const struct range *last = NULL, *before = NULL, *range;
	size_t cursor = SIZE_MAX;

	while ((range = ranges_next(&jitdump->ranges, address, &cursor))) {
		if (!last || range->value > last->value)
			last = range;
		if (jitdump->codes[range->value].time_ns <= time_ns &&
		    (!before || range->value > before->value))
			before = range;
	}
	if (!last)
		return false;
	if (before)
		last = before;
	*ret_name = jitdump->codes[last->value].name;
	*ret_start = last->start;
	return true;
}
