#include "dso/image_contents.h"

#include <elf.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/memory.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

/* Neither zlib (1032:1) nor real debug sections in zstd exceed the ratio. */
#define MAX_RATIO 1100U
#define MAX_UNCOMPRESSED_BYTES ((uint64_t)4 << 30)

enum coding { CODING_NONE, CODING_ZLIB, CODING_ZSTD, CODING_UNKNOWN };

/* Moves `raw` behind the compression header and says what follows, and its size when unpacked. */
static enum coding read_coding(const struct image *image, const struct image_section *section,
			       struct bytes *raw, uint64_t *ret_size)
{
	uint64_t align;
	uint32_t type;

	if (section->flags & SHF_COMPRESSED) {
		if (!bytes_u32(raw, &type) || (image->is_64 && !bytes_skip(raw, 4)) ||
		    !image_word(image, raw, ret_size) || !image_word(image, raw, &align))
			return CODING_UNKNOWN;
		if (type == ELFCOMPRESS_ZLIB)
			return CODING_ZLIB;
		return type == ELFCOMPRESS_ZSTD ? CODING_ZSTD : CODING_UNKNOWN;
	}
	if (str_starts_with(section->name, STR(".zdebug_"))) {
		uint8_t size_bytes[8];
		char magic[4];

		if (!bytes_copy(raw, magic, sizeof(magic)) || memcmp(magic, "ZLIB", 4) != 0 ||
		    !bytes_copy(raw, size_bytes, sizeof(size_bytes)))
			return CODING_UNKNOWN;
		*ret_size = 0;
		for (size_t i = 0; i < sizeof(size_bytes); i++)
			*ret_size = *ret_size << 8 | size_bytes[i];
		return CODING_ZLIB;
	}
	return CODING_NONE;
}

/*
 * libdeflate takes less than half of zlib's time, which would be most of a report's. The two bytes
 * in front of the deflate stream are stepped over and the checksum behind it is not computed: what
 * a damaged section says is held against its bounds in any case.
 */
static bool inflate_all(struct bytes raw, uint8_t *out, size_t size_bytes)
{
	enum { ZLIB_HEADER_BYTES = 2 };
	struct libdeflate_decompressor *decompressor;
	enum libdeflate_result result;

	if (!bytes_skip(&raw, ZLIB_HEADER_BYTES))
		return false;
	decompressor = libdeflate_alloc_decompressor();
	if (!decompressor)
		return false;
	result = libdeflate_deflate_decompress(decompressor, raw.pos, bytes_left(&raw), out,
					       size_bytes, NULL);
	libdeflate_free_decompressor(decompressor);
	return result == LIBDEFLATE_SUCCESS;
}

static bool uncompress_section(struct image *image, enum coding coding, struct bytes raw,
			       uint64_t size, struct image_contents *contents)
{
	uint64_t most = MIN((uint64_t)bytes_left(&raw) * MAX_RATIO + 64,
			    MAX_UNCOMPRESSED_BYTES - image->uncompressed_bytes);
	bool ok;

	if (coding == CODING_UNKNOWN || size > most)
		return false;
	/* Not x_malloc: that a damaged size cannot be had is no reason to end. */
	contents->data = malloc(size ? (size_t)size : 1);
	if (!contents->data)
		return false;
	contents->size_bytes = (size_t)size;
	image->uncompressed_bytes += size;
	if (coding == CODING_ZLIB)
		ok = inflate_all(raw, contents->data, contents->size_bytes);
	else
		ok = ZSTD_decompress(contents->data, contents->size_bytes, raw.pos,
				     bytes_left(&raw)) == contents->size_bytes;
	return ok;
}

bool image_contents(struct image *image, const struct image_section *section, struct bytes *ret)
{
	struct bytes all = image->all, raw;
	struct image_contents *contents;
	enum coding coding;
	uint64_t size;

	if (!section || section->type == SHT_NOBITS || !bytes_seek(&all, section->offset) ||
	    !bytes_sub(&all, section->size, &raw))
		return false;
	coding = read_coding(image, section, &raw, &size);
	if (coding == CODING_NONE) {
		*ret = raw;
		return true;
	}
	if (!image->contents)
		image->contents = x_calloc(image->section_count, sizeof(*image->contents));
	contents = &image->contents[section - image->sections];
	if (!contents->data && !contents->is_damaged)
		contents->is_damaged = !uncompress_section(image, coding, raw, size, contents);
	if (contents->is_damaged)
		return false;
	*ret = bytes_of(contents->data, contents->size_bytes);
	ret->swap = image->all.swap;
	return true;
}

void image_contents_free(struct image *image)
{
	for (size_t i = 0; image->contents && i < image->section_count; i++)
		free(image->contents[i].data);
	free(image->contents);
}
