#include "perf/attr.h"

#include <stdlib.h>

#include "base/memory.h"
#include "pmu/event.h"

/* Sizes from a file are between the first published attr and what no kernel will ever reach. */
enum { ATTR_MIN_BYTES = PERF_ATTR_SIZE_VER0, ATTR_MAX_BYTES = 4096 };

static uint64_t reverse_bits_in_bytes(uint64_t word)
{
	word = (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 |
	       (word >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
	word = (word & UINT64_C(0x3333333333333333)) << 2 |
	       (word >> 2 & UINT64_C(0x3333333333333333));
	return (word & UINT64_C(0x5555555555555555)) << 1 |
	       (word >> 1 & UINT64_C(0x5555555555555555));
}

static void swap_attr(struct perf_event_attr *attr)
{
	uint8_t *flags = (uint8_t *)&attr->read_format + sizeof(attr->read_format);
	uint64_t word;

	attr->type = __builtin_bswap32(attr->type);
	attr->size = __builtin_bswap32(attr->size);
	attr->config = __builtin_bswap64(attr->config);
	attr->sample_period = __builtin_bswap64(attr->sample_period);
	attr->sample_type = __builtin_bswap64(attr->sample_type);
	attr->read_format = __builtin_bswap64(attr->read_format);
	/* bit-fields fill bytes from the other side on machines of the other byte order */
	memcpy(&word, flags, sizeof(word));
	word = reverse_bits_in_bytes(word);
	memcpy(flags, &word, sizeof(word));
	attr->wakeup_events = __builtin_bswap32(attr->wakeup_events);
	attr->bp_type = __builtin_bswap32(attr->bp_type);
	attr->config1 = __builtin_bswap64(attr->config1);
	attr->config2 = __builtin_bswap64(attr->config2);
	attr->branch_sample_type = __builtin_bswap64(attr->branch_sample_type);
	attr->sample_regs_user = __builtin_bswap64(attr->sample_regs_user);
	attr->sample_stack_user = __builtin_bswap32(attr->sample_stack_user);
	attr->clockid = (int32_t)__builtin_bswap32((uint32_t)attr->clockid);
	attr->sample_regs_intr = __builtin_bswap64(attr->sample_regs_intr);
	attr->aux_watermark = __builtin_bswap32(attr->aux_watermark);
	attr->sample_max_stack = __builtin_bswap16(attr->sample_max_stack);
	attr->sig_data = __builtin_bswap64(attr->sig_data);
	attr->aux_sample_size = __builtin_bswap32(attr->aux_sample_size);
}

bool perf_attr_read(struct bytes *b, struct perf_event_attr *ret)
{
	struct bytes look = *b, attr;
	uint32_t type, size;

	if (!bytes_u32(&look, &type) || !bytes_u32(&look, &size))
		return false;
	if (size == 0)
		size = ATTR_MIN_BYTES;
	if (size < ATTR_MIN_BYTES || size > ATTR_MAX_BYTES || !bytes_sub(b, size, &attr))
		return false;
	*ret = (struct perf_event_attr){ 0 };
	memcpy(ret, attr.pos, MIN(size, sizeof(*ret)));
	if (b->swap)
		swap_attr(ret);
	ret->size = size;
	return true;
}

bool perf_ids_read(struct bytes *b, uint64_t count, struct perf_evsel *evsel)
{
	if (count > bytes_left(b) / 8)
		return false;
	free(evsel->ids);
	evsel->ids = x_reallocarray(NULL, count, sizeof(*evsel->ids));
	evsel->id_count = count;
	for (size_t i = 0; i < count; i++)
		if (!bytes_u64(b, &evsel->ids[i]))
			return false;
	return true;
}

void perf_evsel_done(struct perf_evsel *evsel)
{
	free(evsel->ids);
	free(evsel->name);
}

void perf_evsels_name(struct perf_evsel_vec *evsels)
{
	for (size_t i = 0; i < evsels->count; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		if (evsels->items[i].name)
			continue;
		pmu_event_name(&evsels->items[i].attr, &name);
		evsels->items[i].name = x_strdup(strbuf_text(&name));
	}
}
