/*
 * A bounds-checked cursor over foreign bytes. Each reader returns false past the end and moves
 * nothing; `start` lets the caller name the offset of the damage. Values are in the byte order
 * that `swap` says (true: the other one than this machine's).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct bytes {
	const uint8_t *start, *pos, *end;
	bool swap;
};

static inline struct bytes bytes_of(const void *data, size_t size_bytes)
{
	const uint8_t *start = data;

	return (struct bytes){ start, start, start + size_bytes, false };
}

static inline size_t bytes_left(const struct bytes *b)
{
	return (size_t)(b->end - b->pos);
}

static inline size_t bytes_offset(const struct bytes *b)
{
	return (size_t)(b->pos - b->start);
}

static inline bool bytes_skip(struct bytes *b, uint64_t count)
{
	if (count > bytes_left(b))
		return false;
	b->pos += count;
	return true;
}

static inline bool bytes_seek(struct bytes *b, uint64_t offset)
{
	if (offset > (uint64_t)(b->end - b->start))
		return false;
	b->pos = b->start + offset;
	return true;
}

static inline bool bytes_copy(struct bytes *b, void *ret, size_t size_bytes)
{
	if (size_bytes > bytes_left(b))
		return false;
	memcpy(ret, b->pos, size_bytes);
	b->pos += size_bytes;
	return true;
}

/* The next `size_bytes` as a cursor of their own. */
static inline bool bytes_sub(struct bytes *b, uint64_t size_bytes, struct bytes *ret)
{
	if (size_bytes > bytes_left(b))
		return false;
	*ret = (struct bytes){ b->pos, b->pos, b->pos + size_bytes, b->swap };
	b->pos += size_bytes;
	return true;
}

static inline bool bytes_u8(struct bytes *b, uint8_t *ret)
{
	return bytes_copy(b, ret, sizeof(*ret));
}

static inline bool bytes_u16(struct bytes *b, uint16_t *ret)
{
	if (!bytes_copy(b, ret, sizeof(*ret)))
		return false;
	if (b->swap)
		*ret = __builtin_bswap16(*ret);
	return true;
}

static inline bool bytes_u32(struct bytes *b, uint32_t *ret)
{
	if (!bytes_copy(b, ret, sizeof(*ret)))
		return false;
	if (b->swap)
		*ret = __builtin_bswap32(*ret);
	return true;
}

static inline bool bytes_u64(struct bytes *b, uint64_t *ret)
{
	if (!bytes_copy(b, ret, sizeof(*ret)))
		return false;
	if (b->swap)
		*ret = __builtin_bswap64(*ret);
	return true;
}

/* DWARF LEB128; bits above 64 must be sign or zero extension and are dropped. */
bool bytes_uleb128(struct bytes *b, uint64_t *ret);
bool bytes_sleb128(struct bytes *b, int64_t *ret);
/* Text up to a NUL (which is consumed); false where no NUL follows. */
bool bytes_cstr(struct bytes *b, struct str *ret);
