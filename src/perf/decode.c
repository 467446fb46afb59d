#include "perf/decode.h"

#include <stdlib.h>

#include "base/memory.h"
#include "perf/format.h"

#define TAIL_BITS                                                                                  \
	(PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID |             \
	 PERF_SAMPLE_CPU | PERF_SAMPLE_IDENTIFIER)

static size_t bits(uint64_t mask)
{
	return (size_t)__builtin_popcountll(mask);
}

/* The slot of `id`, or the free one where it would be. */
static struct perf_id_slot *slot_find(const struct perf_layout *layout, uint64_t id)
{
	uint32_t i = (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & layout->slot_mask;

	while (layout->slots[i].evsel_plus_one && layout->slots[i].id != id)
		i = (i + 1) & layout->slot_mask;
	return &layout->slots[i];
}

static void add_ids(struct perf_layout *layout)
{
	size_t id_count = 0;
	uint32_t slot_count = 16;

	for (size_t i = 0; i < layout->evsel_count; i++)
		id_count += layout->evsels[i].id_count;
	while (slot_count < id_count * 2 + 2 && slot_count < UINT32_C(1) << 31)
		slot_count *= 2;
	layout->slots = x_calloc(slot_count, sizeof(*layout->slots));
	layout->slot_mask = slot_count - 1;
	for (size_t i = 0; i < layout->evsel_count; i++) {
		const struct perf_evsel *evsel = &layout->evsels[i];

		for (size_t j = 0; j < evsel->id_count; j++)
			*slot_find(layout, evsel->ids[j]) =
				(struct perf_id_slot){ evsel->ids[j], (uint32_t)i + 1 };
	}
}

void perf_layout_init(struct perf_layout *layout, const struct perf_evsel_vec *evsels, bool swap)
{
	uint64_t type = evsels->count ? evsels->items[0].attr.sample_type : 0;

	*layout = (struct perf_layout){
		.evsels = evsels->items,
		.evsel_count = evsels->count,
		.swap = swap,
		.sample_id_word = -1,
		.tail_id_word = -1,
	};
	for (size_t i = 0; i < evsels->count; i++)
		layout->has_time |= (evsels->items[i].attr.sample_type & PERF_SAMPLE_TIME) != 0;
	/* All events of a file have the id at the same place: perf refuses to record it otherwise.
	 */
	if (type & PERF_SAMPLE_IDENTIFIER) {
		layout->sample_id_word = 0;
		layout->tail_id_word = 1;
	} else if (type & PERF_SAMPLE_ID) {
		layout->sample_id_word = (int)bits(type & (PERF_SAMPLE_IP | PERF_SAMPLE_TID |
							   PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR));
		layout->tail_id_word =
			1 + (int)bits(type & (PERF_SAMPLE_CPU | PERF_SAMPLE_STREAM_ID));
	}
	if (evsels->count > 1)
		add_ids(layout);
}

void perf_layout_done(struct perf_layout *layout)
{
	free(layout->slots);
	*layout = (struct perf_layout){ 0 };
}

static uint64_t word_at(const struct perf_layout *layout, const uint8_t *pos)
{
	uint64_t value;

	memcpy(&value, pos, sizeof(value));
	return layout->swap ? __builtin_bswap64(value) : value;
}

static uint32_t type_of(const struct perf_layout *layout, const uint8_t *record)
{
	uint32_t type;

	memcpy(&type, record, sizeof(type));
	return layout->swap ? __builtin_bswap32(type) : type;
}

/* The event of a record; the first one where the record does not say or says an unknown one. */
static uint32_t evsel_of(const struct perf_layout *layout, uint32_t type, const uint8_t *record,
			 size_t size_bytes)
{
	size_t offset, word;
	uint32_t found;

	if (layout->evsel_count < 2 || layout->sample_id_word < 0)
		return 0;
	if (type == PERF_RECORD_SAMPLE) {
		offset = PERF_RECORD_HEADER_BYTES + (size_t)layout->sample_id_word * 8;
		if (offset + 8 > size_bytes)
			return 0;
	} else {
		word = (size_t)layout->tail_id_word;
		if (!layout->evsels[0].attr.sample_id_all ||
		    size_bytes < PERF_RECORD_HEADER_BYTES + word * 8)
			return 0;
		offset = size_bytes - word * 8;
	}
	found = slot_find(layout, word_at(layout, record + offset))->evsel_plus_one;
	return found ? found - 1 : 0;
}

/* Bytes of the sample_id behind records that are no samples. */
static size_t tail_bytes(const struct perf_event_attr *attr)
{
	return attr->sample_id_all ? bits(attr->sample_type & TAIL_BITS) * 8 : 0;
}

static uint64_t tail_time(const struct perf_layout *layout, const struct perf_event_attr *attr,
			  const uint8_t *tail)
{
	size_t word = bits(attr->sample_type & PERF_SAMPLE_TID);

	return attr->sample_type & PERF_SAMPLE_TIME ? word_at(layout, tail + word * 8) : 0;
}

bool perf_layout_tid(const struct perf_layout *layout, const uint8_t *record, size_t size_bytes,
		     int32_t *ret)
{
	const struct perf_event_attr *attr;
	uint32_t tid;
	size_t tail;

	if (!layout->evsel_count || size_bytes < PERF_RECORD_HEADER_BYTES)
		return false;
	attr = &layout->evsels[evsel_of(layout, type_of(layout, record), record, size_bytes)].attr;
	tail = tail_bytes(attr);
	if (!(attr->sample_type & PERF_SAMPLE_TID) || !tail ||
	    size_bytes < PERF_RECORD_HEADER_BYTES + tail)
		return false;
	/* pid, then tid */
	memcpy(&tid, record + size_bytes - tail + 4, sizeof(tid));
	*ret = (int32_t)(layout->swap ? __builtin_bswap32(tid) : tid);
	return true;
}

uint64_t perf_layout_time(const struct perf_layout *layout, const uint8_t *record,
			  size_t size_bytes)
{
	const struct perf_event_attr *attr;
	uint32_t type;
	size_t offset, tail;

	if (!layout->has_time || size_bytes < PERF_RECORD_HEADER_BYTES)
		return 0;
	type = type_of(layout, record);
	if (type >= PERF_FILE_USER_TYPE_START)
		return 0;
	attr = &layout->evsels[evsel_of(layout, type, record, size_bytes)].attr;
	if (type != PERF_RECORD_SAMPLE) {
		tail = tail_bytes(attr);
		if (!tail || size_bytes < PERF_RECORD_HEADER_BYTES + tail)
			return 0;
		return tail_time(layout, attr, record + size_bytes - tail);
	}
	if (!(attr->sample_type & PERF_SAMPLE_TIME))
		return 0;
	offset = PERF_RECORD_HEADER_BYTES +
		 bits(attr->sample_type &
		      (PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID)) *
			 8;
	return offset + 8 <= size_bytes ? word_at(layout, record + offset) : 0;
}

/* Leaves in `ret` what stands behind the count and the times: values, each with its id. */
static bool read_values(struct bytes *b, uint64_t format, struct bytes *ret)
{
	uint64_t values = 1 + bits(format & (PERF_FORMAT_ID | PERF_FORMAT_LOST));
	uint64_t times =
		bits(format & (PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING));
	uint64_t count = 1;

	if (format & PERF_FORMAT_GROUP) {
		if (!bytes_u64(b, &count) || count > bytes_left(b) / 8)
			return false;
	}
	return bytes_skip(b, times * 8) && bytes_sub(b, count * values * 8, ret);
}

/* `count` words of 8 * `factor` bytes each. */
static bool words_sub(struct bytes *b, uint64_t count, uint64_t factor, struct bytes *ret)
{
	return count <= bytes_left(b) / (8 * factor) && bytes_sub(b, count * 8 * factor, ret);
}

static bool read_callchain(struct bytes *b, struct perf_sample *ret)
{
	uint64_t count;

	return bytes_u64(b, &count) && words_sub(b, count, 1, &ret->callchain);
}

static bool read_raw(struct bytes *b, struct perf_sample *ret)
{
	uint32_t size;

	return bytes_u32(b, &size) && bytes_sub(b, size, &ret->raw);
}

static bool read_branch_stack(struct bytes *b, uint64_t branch_type, struct perf_sample *ret)
{
	uint64_t count, hw_index;
	struct bytes counters;

	if (!bytes_u64(b, &count))
		return false;
	if ((branch_type & PERF_SAMPLE_BRANCH_HW_INDEX) && !bytes_u64(b, &hw_index))
		return false;
	if (!words_sub(b, count, 3, &ret->branch_stack))
		return false;
	return !(branch_type & PERF_SAMPLE_BRANCH_COUNTERS_BIT) ||
	       words_sub(b, count, 1, &counters);
}

static bool read_registers(struct bytes *b, uint64_t mask, uint64_t *ret_abi, struct bytes *ret)
{
	if (!bytes_u64(b, ret_abi))
		return false;
	return *ret_abi == PERF_SAMPLE_REGS_ABI_NONE || bytes_sub(b, bits(mask) * 8, ret);
}

static bool read_user_stack(struct bytes *b, struct perf_sample *ret)
{
	uint64_t size, dynamic_size;

	if (!bytes_u64(b, &size))
		return false;
	if (size == 0)
		return true;
	if (!bytes_sub(b, size, &ret->user_stack) || !bytes_u64(b, &dynamic_size))
		return false;
	ret->user_stack_asked = size;
	if (dynamic_size < size)
		ret->user_stack.end = ret->user_stack.start + dynamic_size;
	return true;
}

static bool read_aux(struct bytes *b)
{
	uint64_t size;

	return bytes_u64(b, &size) && bytes_skip(b, size);
}

/* The first half: fixed words, in the order of the kernel's perf_output_sample(). */
static bool read_sample_words(struct bytes *b, uint64_t type, struct perf_record *ret)
{
	struct perf_sample *sample = &ret->sample;
	uint32_t pid = 0, tid = 0, reserved;

	if ((type & PERF_SAMPLE_IDENTIFIER) && !bytes_u64(b, &sample->id))
		return false;
	if ((type & PERF_SAMPLE_IP) && !bytes_u64(b, &sample->ip))
		return false;
	if ((type & PERF_SAMPLE_TID) && !(bytes_u32(b, &pid) && bytes_u32(b, &tid)))
		return false;
	if ((type & PERF_SAMPLE_TIME) && !bytes_u64(b, &sample->time_ns))
		return false;
	if ((type & PERF_SAMPLE_ADDR) && !bytes_u64(b, &sample->addr))
		return false;
	if ((type & PERF_SAMPLE_ID) && !bytes_u64(b, &sample->id))
		return false;
	if ((type & PERF_SAMPLE_STREAM_ID) && !bytes_u64(b, &sample->stream_id))
		return false;
	if ((type & PERF_SAMPLE_CPU) && !(bytes_u32(b, &sample->cpu) && bytes_u32(b, &reserved)))
		return false;
	if ((type & PERF_SAMPLE_PERIOD) && !bytes_u64(b, &sample->period))
		return false;
	sample->pid = (int32_t)pid;
	sample->tid = (int32_t)tid;
	ret->time_ns = sample->time_ns;
	return true;
}

/* The second half: what has a size of its own, and what follows it. */
static bool read_sample_rest(struct bytes *b, const struct perf_event_attr *attr,
			     struct perf_sample *ret)
{
	const uint64_t type = attr->sample_type;
	uint64_t ignored, abi;
	struct bytes registers;

	if ((type & PERF_SAMPLE_READ) && !read_values(b, attr->read_format, &ret->read_values))
		return false;
	if ((type & PERF_SAMPLE_CALLCHAIN) && !read_callchain(b, ret))
		return false;
	if ((type & PERF_SAMPLE_RAW) && !read_raw(b, ret))
		return false;
	if ((type & PERF_SAMPLE_BRANCH_STACK) &&
	    !read_branch_stack(b, attr->branch_sample_type, ret))
		return false;
	if ((type & PERF_SAMPLE_REGS_USER) &&
	    !read_registers(b, attr->sample_regs_user, &ret->user_regs_abi, &ret->user_regs))
		return false;
	ret->user_regs_mask = attr->sample_regs_user;
	if ((type & PERF_SAMPLE_STACK_USER) && !read_user_stack(b, ret))
		return false;
	if ((type & PERF_SAMPLE_WEIGHT_TYPE) && !bytes_u64(b, &ret->weight))
		return false;
	if ((type & PERF_SAMPLE_DATA_SRC) && !bytes_u64(b, &ret->data_src))
		return false;
	if ((type & PERF_SAMPLE_TRANSACTION) && !bytes_u64(b, &ignored))
		return false;
	if ((type & PERF_SAMPLE_REGS_INTR) &&
	    !read_registers(b, attr->sample_regs_intr, &abi, &registers))
		return false;
	if ((type & PERF_SAMPLE_PHYS_ADDR) && !bytes_u64(b, &ret->phys_addr))
		return false;
	if ((type & PERF_SAMPLE_CGROUP) && !bytes_u64(b, &ret->cgroup))
		return false;
	if ((type & PERF_SAMPLE_DATA_PAGE_SIZE) && !bytes_u64(b, &ignored))
		return false;
	if ((type & PERF_SAMPLE_CODE_PAGE_SIZE) && !bytes_u64(b, &ignored))
		return false;
	return !(type & PERF_SAMPLE_AUX) || read_aux(b);
}

static bool read_sample(struct bytes *b, const struct perf_event_attr *attr, uint32_t evsel,
			struct perf_record *ret)
{
	ret->kind = PERF_KIND_SAMPLE;
	ret->sample = (struct perf_sample){
		.evsel = evsel,
		.misc = ret->misc,
		.cpu = UINT32_MAX,
	};
	if (!read_sample_words(b, attr->sample_type, ret) ||
	    !read_sample_rest(b, attr, &ret->sample))
		return false;
	if (attr->sig_data == PERF_OWN_SIGNATURE) {
		ret->sample.stack_end =
			(uint8_t)((ret->misc & PERF_OWN_END_MASK) >> PERF_OWN_END_SHIFT);
		ret->sample.stack_guessed = ret->misc & PERF_OWN_GUESSED;
	}
	/* Without a period in the sample it is the fixed one (or, by frequency, unknown: 1). */
	if (!(attr->sample_type & PERF_SAMPLE_PERIOD))
		ret->sample.period = attr->freq || !attr->sample_period ? 1 : attr->sample_period;
	return true;
}

static bool read_pid_tid(struct bytes *b, int32_t *ret_pid, int32_t *ret_tid)
{
	uint32_t pid, tid;

	if (!bytes_u32(b, &pid) || !bytes_u32(b, &tid))
		return false;
	*ret_pid = (int32_t)pid;
	*ret_tid = (int32_t)tid;
	return true;
}

/* Text up to its NUL, or to the end where none follows. */
static struct str read_text(struct bytes *b)
{
	struct str text;

	if (!bytes_cstr(b, &text))
		text = (struct str){ (const char *)b->pos, bytes_left(b) };
	return text;
}

static bool read_mmap(struct bytes *b, struct perf_record *ret)
{
	struct perf_mmap *map = &ret->mmap;

	ret->kind = PERF_KIND_MMAP;
	*map = (struct perf_mmap){ 0 };
	if (!read_pid_tid(b, &map->pid, &map->tid) || !bytes_u64(b, &map->start) ||
	    !bytes_u64(b, &map->length) || !bytes_u64(b, &map->file_offset))
		return false;
	/* 4 = PROT_EXEC, 1 = PROT_READ: MMAP does not say more */
	map->protection = ret->misc & PERF_RECORD_MISC_MMAP_DATA ? 1 : 5;
	map->path = read_text(b);
	return true;
}

/*
 * Linux sets the mark of a build-id on everybody's records while anybody asks for build-ids, over
 * device and inode as before. Where this recording did not ask, what stands there has to look like
 * the build-id that linkers make: 20 bytes, behind zeros where a device number would go on.
 */
static bool has_build_id(struct bytes identity, bool was_asked_for)
{
	uint8_t size = identity.pos[0];
	bool is_padded = !identity.pos[1] && !identity.pos[2] && !identity.pos[3];

	return is_padded && size <= 20 && (was_asked_for || size == 20);
}

static bool asks_for_build_ids(const struct perf_layout *layout)
{
	for (size_t i = 0; i < layout->evsel_count; i++) {
		if (layout->evsels[i].attr.build_id)
			return true;
	}
	return false;
}

static bool read_mmap2(struct bytes *b, const struct perf_layout *layout, struct perf_record *ret)
{
	struct perf_mmap *map = &ret->mmap;
	struct bytes identity;
	uint32_t major, minor;

	ret->kind = PERF_KIND_MMAP;
	*map = (struct perf_mmap){ 0 };
	if (!read_pid_tid(b, &map->pid, &map->tid) || !bytes_u64(b, &map->start) ||
	    !bytes_u64(b, &map->length) || !bytes_u64(b, &map->file_offset) ||
	    !bytes_sub(b, 24, &identity) || !bytes_u32(b, &map->protection) ||
	    !bytes_u32(b, &map->flags))
		return false;
	map->path = read_text(b);
	if (ret->misc & PERF_RECORD_MISC_MMAP_BUILD_ID &&
	    has_build_id(identity, asks_for_build_ids(layout))) {
		map->build_id_bytes = identity.pos[0];
		map->build_id = map->build_id_bytes ? identity.pos + 4 : NULL;
		return true;
	}
	if (!bytes_u32(&identity, &major) || !bytes_u32(&identity, &minor) ||
	    !bytes_u64(&identity, &map->inode) || !bytes_u64(&identity, &map->inode_generation))
		return false;
	map->device = (uint64_t)major << 32 | minor;
	return true;
}

static bool read_comm(struct bytes *b, struct perf_record *ret)
{
	ret->kind = PERF_KIND_COMM;
	ret->comm.is_exec = (ret->misc & PERF_RECORD_MISC_COMM_EXEC) != 0;
	if (!read_pid_tid(b, &ret->comm.pid, &ret->comm.tid))
		return false;
	ret->comm.name = read_text(b);
	return true;
}

static bool read_fork(struct bytes *b, struct perf_record *ret)
{
	uint64_t time_ns = 0;

	ret->kind = ret->type == PERF_RECORD_FORK ? PERF_KIND_FORK : PERF_KIND_EXIT;
	if (!read_pid_tid(b, &ret->fork.pid, &ret->fork.parent_pid) ||
	    !read_pid_tid(b, &ret->fork.tid, &ret->fork.parent_tid) || !bytes_u64(b, &time_ns))
		return false;
	if (!ret->time_ns)
		ret->time_ns = time_ns;
	return true;
}

static bool read_lost(struct bytes *b, struct perf_record *ret)
{
	uint64_t id;

	ret->kind = ret->type == PERF_RECORD_LOST ? PERF_KIND_LOST : PERF_KIND_LOST_SAMPLES;
	if (ret->type == PERF_RECORD_LOST && !bytes_u64(b, &id))
		return false;
	return bytes_u64(b, &ret->lost.count);
}

static bool read_ksymbol(struct bytes *b, struct perf_record *ret)
{
	uint32_t length;
	uint16_t symbol_type, flags;

	ret->kind = PERF_KIND_KSYMBOL;
	if (!bytes_u64(b, &ret->ksymbol.address) || !bytes_u32(b, &length) ||
	    !bytes_u16(b, &symbol_type) || !bytes_u16(b, &flags))
		return false;
	ret->ksymbol.length = length;
	ret->ksymbol.is_unregister = (flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER) != 0;
	ret->ksymbol.name = read_text(b);
	return true;
}

static bool read_other(struct bytes *b, const struct perf_layout *layout, struct perf_record *ret)
{
	switch (ret->type) {
	case PERF_RECORD_MMAP:
		return read_mmap(b, ret);
	case PERF_RECORD_MMAP2:
		return read_mmap2(b, layout, ret);
	case PERF_RECORD_COMM:
		return read_comm(b, ret);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return read_fork(b, ret);
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		return read_lost(b, ret);
	case PERF_RECORD_KSYMBOL:
		return read_ksymbol(b, ret);
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
		ret->kind =
			ret->type == PERF_RECORD_THROTTLE ? PERF_KIND_THROTTLE : PERF_KIND_OTHER;
		return true;
	case PERF_RECORD_SWITCH:
	case PERF_RECORD_SWITCH_CPU_WIDE:
		ret->kind = PERF_KIND_SWITCH;
		return true;
	default:
		ret->kind = PERF_KIND_OTHER;
		return true;
	}
}

enum perf_decode perf_layout_decode(const struct perf_layout *layout, const uint8_t *record,
				    size_t size_bytes, struct perf_record *ret)
{
	struct bytes b = bytes_of(record, size_bytes);
	const struct perf_event_attr *attr;
	uint16_t size;
	uint32_t evsel;
	size_t tail;

	b.swap = layout->swap;
	ret->time_ns = 0;
	if (!layout->evsel_count || !bytes_u32(&b, &ret->type) || !bytes_u16(&b, &ret->misc) ||
	    !bytes_u16(&b, &size))
		return PERF_DECODE_MALFORMED;
	ret->body = b;
	ret->body.start = b.pos;
	if (ret->type >= PERF_FILE_USER_TYPE_START) {
		ret->kind = PERF_KIND_OTHER;
		return PERF_DECODE_OK;
	}
	evsel = evsel_of(layout, ret->type, record, size_bytes);
	attr = &layout->evsels[evsel].attr;
	if (ret->type == PERF_RECORD_SAMPLE)
		return read_sample(&b, attr, evsel, ret) ? PERF_DECODE_OK : PERF_DECODE_MALFORMED;
	tail = tail_bytes(attr);
	if (tail > bytes_left(&b))
		return PERF_DECODE_MALFORMED;
	b.end -= tail;
	if (tail)
		ret->time_ns = tail_time(layout, attr, b.end);
	return read_other(&b, layout, ret) ? PERF_DECODE_OK : PERF_DECODE_MALFORMED;
}
