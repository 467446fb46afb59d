#include "unwind/fde_index.h"

#include <elf.h>
#include <stdlib.h>

#include "base/log.h"

enum {
	HEADER_VERSION = 1,
	ENCODING_OMIT = 0xff,
	ENCODING_FORMAT = 0x0f,
};

static bool section_of(struct image *image, const char *name, struct cfi_section *ret)
{
	const struct image_section *section = image_section(image, name);

	if (!section || !image_contents(image, section, &ret->data))
		return false;
	ret->data.swap = image->all.swap;
	ret->address = section->address;
	ret->data_base = section->address;
	ret->is_64 = image->is_64;
	return bytes_left(&ret->data) > 0;
}

/* What the file holds from `address` to the end of its segment. */
static bool segment_rest(const struct image *image, uint64_t address, struct cfi_section *ret)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		struct bytes all = image->all, contents;
		uint64_t inside = address - segment->address;

		if (segment->type != PT_LOAD || address < segment->address ||
		    inside >= segment->file_size)
			continue;
		if (!bytes_seek(&all, segment->offset) || !bytes_skip(&all, inside) ||
		    !bytes_sub(&all, MIN(segment->file_size - inside, bytes_left(&all)), &contents))
			return false;
		*ret = (struct cfi_section){ .data = contents,
					     .address = address,
					     .data_base = address,
					     .is_64 = image->is_64 };
		return bytes_left(&contents) > 0;
	}
	return false;
}

/* Files without section headers still have the segment that the run-time unwinder uses. */
static bool header_find(struct image *image, struct cfi_section *ret)
{
	if (section_of(image, ".eh_frame_hdr", ret))
		return true;
	for (size_t i = 0; i < image->segment_count; i++) {
		if (image->segments[i].type == PT_GNU_EH_FRAME)
			return segment_rest(image, image->segments[i].address, ret);
	}
	return false;
}

static unsigned encoded_bytes(uint8_t encoding)
{
	switch (encoding & ENCODING_FORMAT) {
	case 0x00:
	case 0x04:
	case 0x0c:
		return 8;
	case 0x03:
	case 0x0b:
		return 4;
	case 0x02:
	case 0x0a:
		return 2;
	default:
		return 0;
	}
}

/* The table must have fixed-size entries and lie inside the section, else an index is built. */
static bool header_parse(struct fde_index *index, struct image *image)
{
	struct cfi_section *header = &index->header;
	struct bytes b;
	uint8_t version, eh_frame_encoding, count_encoding;
	uint64_t eh_frame, count;
	unsigned size_bytes;

	if (!header_find(image, header))
		return false;
	b = header->data;
	if (!bytes_u8(&b, &version) || version != HEADER_VERSION ||
	    !bytes_u8(&b, &eh_frame_encoding) || !bytes_u8(&b, &count_encoding) ||
	    !bytes_u8(&b, &index->table_encoding) ||
	    !cfi_pointer_read(header, &b, eh_frame_encoding, &eh_frame))
		return false;
	if (!bytes_left(&index->eh_frame.data) && !segment_rest(image, eh_frame, &index->eh_frame))
		return false;
	index->eh_frame.data_base = header->address;
	size_bytes = encoded_bytes(index->table_encoding);
	if (count_encoding == ENCODING_OMIT || index->table_encoding == ENCODING_OMIT ||
	    !size_bytes || !cfi_pointer_read(header, &b, count_encoding, &count) || !count ||
	    count > bytes_left(&b) / (2 * size_bytes))
		return false;
	header->data.pos = b.pos; /* the table; offsets still count from data.start */
	index->table_count = count;
	return true;
}

static int place_compare(const void *left, const void *right)
{
	const struct fde_place *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static void places_build(const struct cfi_section *section, struct fde_place_vec *places)
{
	uint64_t offset = 0;
	struct cfi_fde fde;

	if (!bytes_left(&section->data))
		return;
	do {
		if (cfi_fde_parse(section, offset, &fde) && fde.start < fde.end)
			fde_place_vec_push(places, (struct fde_place){ fde.start, offset });
	} while (cfi_entry_next(section, &offset));
	if (places->count)
		qsort(places->items, places->count, sizeof(*places->items), place_compare);
	log_debug("unwind", "indexed %zu FDEs", places->count);
}

void fde_index_init(struct fde_index *index, struct dso_table *dsos, struct dso *dso)
{
	struct image *image = dso_image(dsos, dso);

	*index = (struct fde_index){ .dsos = dsos, .dso = dso };
	if (!image)
		return;
	section_of(image, ".eh_frame", &index->eh_frame);
	index->has_table = header_parse(index, image);
	if (!index->has_table)
		places_build(&index->eh_frame, &index->eh_places);
}

void fde_index_done(struct fde_index *index)
{
	fde_place_vec_done(&index->eh_places);
	fde_place_vec_done(&index->debug_places);
}

/* One of the two columns of the header's table. */
static bool table_read(const struct fde_index *index, uint64_t row, unsigned column, uint64_t *ret)
{
	struct bytes b = index->header.data;

	return bytes_skip(&b, (2 * row + column) * encoded_bytes(index->table_encoding)) &&
	       cfi_pointer_read(&index->header, &b, index->table_encoding, ret);
}

static bool find_in_table(const struct fde_index *index, uint64_t address, uint64_t *ret_offset)
{
	uint64_t low = 0, high = index->table_count, value;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (!table_read(index, middle, 0, &value))
			return false;
		if (value > address)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0 || !table_read(index, low - 1, 1, &value) || value < index->eh_frame.address)
		return false;
	*ret_offset = value - index->eh_frame.address;
	return true;
}

static bool find_in_places(const struct fde_place_vec *places, uint64_t address,
			   uint64_t *ret_offset)
{
	size_t low = 0, high = places->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (places->items[middle].start > address)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0)
		return false;
	*ret_offset = places->items[low - 1].offset;
	return true;
}

static bool fde_covers(const struct cfi_section *section, uint64_t offset, uint64_t address,
		       struct cfi_fde *ret)
{
	return cfi_fde_parse(section, offset, ret) && ret->start <= address && address < ret->end;
}

static void debug_frame_load(struct fde_index *index)
{
	struct image *image = dso_image(index->dsos, index->dso);

	index->tried_debug_frame = true;
	if (!image || !section_of(image, ".debug_frame", &index->debug_frame)) {
		image = dso_separate_image(index->dsos, index->dso);
		if (!image || !section_of(image, ".debug_frame", &index->debug_frame)) {
			index->debug_frame = (struct cfi_section){ 0 };
			return;
		}
	}
	index->debug_frame.is_debug_frame = true;
	places_build(&index->debug_frame, &index->debug_places);
}

bool fde_index_find(struct fde_index *index, uint64_t address,
		    const struct cfi_section **ret_section, struct cfi_fde *ret_fde)
{
	uint64_t offset;
	bool found = index->has_table ? find_in_table(index, address, &offset)
				      : find_in_places(&index->eh_places, address, &offset);

	if (found && fde_covers(&index->eh_frame, offset, address, ret_fde)) {
		*ret_section = &index->eh_frame;
		return true;
	}
	if (!index->tried_debug_frame)
		debug_frame_load(index);
	if (!find_in_places(&index->debug_places, address, &offset) ||
	    !fde_covers(&index->debug_frame, offset, address, ret_fde))
		return false;
	*ret_section = &index->debug_frame;
	return true;
}
