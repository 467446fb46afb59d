#include "symbol/function_starts.h"

enum {
	VERSION = 1,
	ENCODING_SDATA4 = 0x0b,
	ENCODING_UDATA4 = 0x03,
	ENCODING_PCREL_SDATA4 = 0x1b,
	ENCODING_DATAREL_SDATA4 = 0x3b,
	PAIR_BYTES = 8,
};

struct function_starts function_starts_of(struct image *image)
{
	const struct image_section *section = image_section(image, ".eh_frame_hdr");
	struct function_starts starts = { 0 };
	uint8_t header[4];
	uint32_t frame_pointer, count;
	struct bytes bytes;

	if (!section || !image_contents(image, section, &bytes) ||
	    !bytes_copy(&bytes, header, sizeof(header)) || header[0] != VERSION ||
	    header[1] != ENCODING_PCREL_SDATA4 || header[3] != ENCODING_DATAREL_SDATA4 ||
	    (header[2] != ENCODING_UDATA4 && header[2] != ENCODING_SDATA4) ||
	    !bytes_u32(&bytes, &frame_pointer) || !bytes_u32(&bytes, &count))
		return starts;
	starts.base = section->address;
	starts.count = MIN((uint64_t)count, bytes_left(&bytes) / PAIR_BYTES);
	starts.table = bytes;
	return starts;
}

static uint64_t start_at(const struct function_starts *starts, uint64_t index)
{
	struct bytes at = starts->table;
	uint32_t offset = 0;

	if (bytes_skip(&at, index * PAIR_BYTES))
		bytes_u32(&at, &offset);
	return starts->base + (uint64_t)(int64_t)(int32_t)offset;
}

/* How many starts are at or below `address`. */
static uint64_t starts_below(const struct function_starts *starts, uint64_t address)
{
	uint64_t low = 0, high = starts->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (start_at(starts, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool function_starts_find(const struct function_starts *starts, uint64_t address, uint64_t *ret)
{
	uint64_t below = starts_below(starts, address);

	if (!below)
		return false;
	*ret = start_at(starts, below - 1);
	return true;
}

bool function_starts_next(const struct function_starts *starts, uint64_t address, uint64_t *ret)
{
	uint64_t below = starts_below(starts, address);

	if (below == starts->count)
		return false;
	*ret = start_at(starts, below);
	return true;
}
