#include "base/bytes.h"

bool bytes_uleb128(struct bytes *b, uint64_t *ret)
{
	const uint8_t *p = b->pos;
	uint64_t value = 0;
	unsigned shift = 0;

	while (p < b->end) {
		uint8_t byte = *p++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80)) {
			b->pos = p;
			*ret = value;
			return true;
		}
	}
	return false;
}

bool bytes_sleb128(struct bytes *b, int64_t *ret)
{
	const uint8_t *p = b->pos;
	uint64_t value = 0;
	unsigned shift = 0;

	while (p < b->end) {
		uint8_t byte = *p++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80)) {
			if (shift < 64 && (byte & 0x40))
				value |= ~(uint64_t)0 << shift;
			b->pos = p;
			*ret = (int64_t)value;
			return true;
		}
	}
	return false;
}

bool bytes_cstr(struct bytes *b, struct str *ret)
{
	const uint8_t *nul = b->pos < b->end ? memchr(b->pos, 0, bytes_left(b)) : NULL;

	if (!nul)
		return false;
	*ret = (struct str){ (const char *)b->pos, (size_t)(nul - b->pos) };
	b->pos = nul + 1;
	return true;
}
