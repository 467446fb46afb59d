#include "dso/image.h"

#include <elf.h>
#include <libdeflate.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "dso/image_contents.h"

enum {
	/* Far above any real file (a kernel with -ffunction-sections has some 60,000). */
	MAX_SECTIONS = 1 << 20,
	MAX_SEGMENTS = 1 << 16,
	PAGE_BYTES = 4096,
};

bool build_id_eq(const struct build_id *a, const struct build_id *b)
{
	const struct build_id *longer = a->size_bytes >= b->size_bytes ? a : b;
	size_t common = MIN(a->size_bytes, b->size_bytes);

	if (!common || memcmp(a->bytes, b->bytes, common) != 0)
		return false;
	for (size_t i = common; i < longer->size_bytes; i++) {
		if (longer->bytes[i])
			return false;
	}
	return true;
}

void build_id_format(const struct build_id *id, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < MIN(id->size_bytes, BUILD_ID_MAX_BYTES); i++) {
		*ret++ = digits[id->bytes[i] >> 4];
		*ret++ = digits[id->bytes[i] & 15];
	}
	*ret = '\0';
}

static bool skip_padding(struct bytes *bytes, uint64_t align)
{
	uint64_t rest = bytes_offset(bytes) % align;

	return !rest || bytes_skip(bytes, align - rest);
}

bool build_id_from_notes(struct bytes notes, uint64_t align, struct build_id *ret)
{
	uint32_t name_bytes, desc_bytes, type;
	struct bytes name, desc;

	align = align == 8 ? 8 : 4;
	notes.start = notes.pos;
	while (bytes_u32(&notes, &name_bytes) && bytes_u32(&notes, &desc_bytes) &&
	       bytes_u32(&notes, &type) && bytes_sub(&notes, name_bytes, &name)) {
		if (!skip_padding(&notes, align) || !bytes_sub(&notes, desc_bytes, &desc))
			return false;
		if (type == NT_GNU_BUILD_ID && name_bytes == sizeof(ELF_NOTE_GNU) &&
		    memcmp(name.pos, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && desc_bytes) {
			*ret = (struct build_id){
				.size_bytes = (uint8_t)MIN(desc_bytes, (uint32_t)BUILD_ID_MAX_BYTES)
			};
			memcpy(ret->bytes, desc.pos, ret->size_bytes);
			return true;
		}
		if (!skip_padding(&notes, align))
			return false;
	}
	return false;
}

bool image_word(const struct image *image, struct bytes *bytes, uint64_t *ret)
{
	uint32_t half;

	if (image->is_64)
		return bytes_u64(bytes, ret);
	if (!bytes_u32(bytes, &half))
		return false;
	*ret = half;
	return true;
}

/* Where the tables are, as the file header says. */
struct tables {
	uint64_t segments_at, sections_at;
	uint64_t segment_count, section_count;
	uint16_t segment_bytes, section_bytes;
	uint32_t names_index;
};

static bool read_header(struct image *image, struct tables *ret)
{
	struct bytes b = image->all;
	uint16_t type, segment_count, section_count, names_index;

	if (!bytes_skip(&b, EI_NIDENT) || !bytes_u16(&b, &type) ||
	    !bytes_u16(&b, &image->machine) || !bytes_skip(&b, 4) ||
	    !image_word(image, &b, &image->entry) || !image_word(image, &b, &ret->segments_at) ||
	    !image_word(image, &b, &ret->sections_at) || !bytes_skip(&b, 4 + 2) ||
	    !bytes_u16(&b, &ret->segment_bytes) || !bytes_u16(&b, &segment_count) ||
	    !bytes_u16(&b, &ret->section_bytes) || !bytes_u16(&b, &section_count) ||
	    !bytes_u16(&b, &names_index))
		return false;
	image->is_static_exec = type == ET_EXEC;
	ret->segment_count = segment_count;
	ret->section_count = section_count;
	ret->names_index = names_index;
	return true;
}

static bool read_section(const struct image *image, struct bytes b, uint32_t *ret_name,
			 struct image_section *ret)
{
	uint64_t align;

	return bytes_u32(&b, ret_name) && bytes_u32(&b, &ret->type) &&
	       image_word(image, &b, &ret->flags) && image_word(image, &b, &ret->address) &&
	       image_word(image, &b, &ret->offset) && image_word(image, &b, &ret->size) &&
	       bytes_u32(&b, &ret->link) && bytes_u32(&b, &ret->info) &&
	       image_word(image, &b, &align) && image_word(image, &b, &ret->entry_size);
}

/* The entry `index` of a table in the file, as a cursor at it. */
static bool table_entry(const struct image *image, uint64_t at, uint64_t stride, uint64_t index,
			struct bytes *ret)
{
	uint64_t offset;

	*ret = image->all;
	return !__builtin_mul_overflow(stride, index, &offset) &&
	       !__builtin_add_overflow(offset, at, &offset) && bytes_seek(ret, offset);
}

/* Section 0 holds the counts that do not fit the header (gABI, "extended numbering"). */
static void read_extended_numbers(const struct image *image, struct tables *tables)
{
	struct image_section zero = { 0 };
	struct bytes b;
	uint32_t name;

	if (!tables->sections_at ||
	    !table_entry(image, tables->sections_at, tables->section_bytes, 0, &b) ||
	    !read_section(image, b, &name, &zero))
		return;
	if (tables->section_count == 0)
		tables->section_count = zero.size;
	if (tables->names_index == SHN_XINDEX)
		tables->names_index = zero.link;
	if (tables->segment_count == PN_XNUM)
		tables->segment_count = zero.info;
}

static struct str name_at(struct bytes names, uint32_t offset)
{
	struct str name;

	if (bytes_seek(&names, offset) && bytes_cstr(&names, &name))
		return name;
	return STR("");
}

static void name_sections(struct image *image, const uint32_t *name_offsets, uint32_t names_index)
{
	struct bytes names;

	if (names_index >= image->section_count ||
	    !image_contents(image, &image->sections[names_index], &names))
		return;
	for (size_t i = 0; i < image->section_count; i++)
		image->sections[i].name = name_at(names, name_offsets[i]);
}

static void read_sections(struct image *image, const struct tables *tables)
{
	uint64_t fit = tables->section_bytes
			       ? (uint64_t)bytes_left(&image->all) / tables->section_bytes
			       : 0;
	size_t count = (size_t)MIN(MIN(tables->section_count, fit), (uint64_t)MAX_SECTIONS);
	auto_free uint32_t *name_offsets = NULL;

	if (!tables->sections_at || !count)
		return;
	name_offsets = x_calloc(count, sizeof(*name_offsets));
	image->sections = x_calloc(count, sizeof(*image->sections));
	for (size_t i = 0; i < count; i++) {
		struct image_section *section = &image->sections[i];
		struct bytes b;

		section->name = STR("");
		if (!table_entry(image, tables->sections_at, tables->section_bytes, i, &b) ||
		    !read_section(image, b, &name_offsets[i], section))
			break;
		image->section_count++;
	}
	name_sections(image, name_offsets, tables->names_index);
}

static bool read_segment(const struct image *image, struct bytes b, struct image_segment *ret)
{
	uint64_t physical;

	if (!bytes_u32(&b, &ret->type) || (image->is_64 && !bytes_u32(&b, &ret->flags)) ||
	    !image_word(image, &b, &ret->offset) || !image_word(image, &b, &ret->address) ||
	    !image_word(image, &b, &physical) || !image_word(image, &b, &ret->file_size) ||
	    !image_word(image, &b, &ret->memory_size))
		return false;
	return (image->is_64 || bytes_u32(&b, &ret->flags)) && image_word(image, &b, &ret->align);
}

static void read_segments(struct image *image, const struct tables *tables)
{
	uint64_t fit = tables->segment_bytes
			       ? (uint64_t)bytes_left(&image->all) / tables->segment_bytes
			       : 0;
	size_t count = (size_t)MIN(MIN(tables->segment_count, fit), (uint64_t)MAX_SEGMENTS);

	if (!tables->segments_at || !count)
		return;
	image->segments = x_calloc(count, sizeof(*image->segments));
	for (size_t i = 0; i < count; i++) {
		struct bytes b;

		if (!table_entry(image, tables->segments_at, tables->segment_bytes, i, &b) ||
		    !read_segment(image, b, &image->segments[i]))
			break;
		image->segment_count++;
	}
}

static bool file_range(const struct image *image, uint64_t offset, uint64_t size, struct bytes *ret)
{
	struct bytes b = image->all;

	return bytes_seek(&b, offset) && bytes_sub(&b, size, ret);
}

/* Sections first: in separate debug files the segments' offsets are those of the stripped file. */
static void read_build_id(struct image *image)
{
	struct bytes notes;

	for (size_t i = 0; i < image->section_count; i++) {
		const struct image_section *section = &image->sections[i];

		if (section->type == SHT_NOTE && image_contents(image, section, &notes) &&
		    build_id_from_notes(notes, 4, &image->build_id))
			return;
	}
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];

		if (segment->type == PT_NOTE &&
		    file_range(image, segment->offset, segment->file_size, &notes) &&
		    build_id_from_notes(notes, segment->align, &image->build_id))
			return;
	}
}

static struct error *image_read(struct image *image, const char *name)
{
	static const uint16_t one = 1;
	uint8_t ident[EI_NIDENT];
	struct tables tables = { 0 };
	bool is_little, we_are_little;
	struct bytes b = image->all;

	if (!bytes_copy(&b, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return error_new(ERROR_INPUT, "'%s' is not an ELF file", name);
	if ((ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
	    (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
		return error_new(ERROR_INPUT, "'%s' is an ELF file of unknown class", name);
	memcpy(&we_are_little, &one, 1);
	is_little = ident[EI_DATA] == ELFDATA2LSB;
	image->all.swap = is_little != we_are_little;
	image->is_64 = ident[EI_CLASS] == ELFCLASS64;
	if (!read_header(image, &tables))
		return error_new(ERROR_INPUT, "the ELF header of '%s' is cut off", name);
	read_extended_numbers(image, &tables);
	read_sections(image, &tables);
	read_segments(image, &tables);
	read_build_id(image);
	return NULL;
}

struct error *image_open_bytes(const void *data, size_t size_bytes, const char *name,
			       struct image **ret)
{
	auto_image struct image *image = x_calloc(1, sizeof(*image));

	image->all = bytes_of(data, size_bytes);
	TRY(image_read(image, name));
	*ret = take_ptr(image);
	return NULL;
}

struct error *image_open(const char *path, struct image **ret)
{
	auto_image struct image *image = x_calloc(1, sizeof(*image));

	TRY(file_map_open(path, &image->map));
	image->all = bytes_of(image->map->data, image->map->size_bytes);
	TRY(image_read(image, path));
	*ret = take_ptr(image);
	return NULL;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	image_contents_free(image);
	free(image->sections);
	free(image->segments);
	if (image->map)
		file_map_close(image->map);
	free(image);
}

void cleanup_image(struct image **image)
{
	image_free(*image);
}

const struct image_section *image_section(const struct image *image, const char *name)
{
	const struct image_section *old_style = NULL;
	struct str wanted = str_from(name);
	bool is_debug = str_starts_with(wanted, STR(".debug_"));

	for (size_t i = 0; i < image->section_count; i++) {
		const struct image_section *section = &image->sections[i];

		if (str_eq(section->name, wanted))
			return section;
		if (is_debug && section->name.len == wanted.len + 1 &&
		    str_starts_with(section->name, STR(".z")) &&
		    memcmp(section->name.ptr + 2, wanted.ptr + 1, wanted.len - 1) == 0)
			old_style = section;
	}
	return old_style;
}

bool image_contents_of(struct image *image, const char *name, struct bytes *ret)
{
	return image_contents(image, image_section(image, name), ret);
}

/*
 * Exact ranges of executable segments come first, then of the others; then executable ones rounded
 * out to pages, as the kernel maps them.
 */
static const struct image_segment *find_segment(const struct image *image, uint64_t value,
						bool by_offset)
{
	const struct image_segment *other = NULL, *rounded = NULL;

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		uint64_t start = by_offset ? segment->offset : segment->address;
		uint64_t before = start % PAGE_BYTES;
		bool is_code = segment->flags & PF_X;

		if (segment->type != PT_LOAD)
			continue;
		if (value >= start && value - start < segment->file_size) {
			if (is_code)
				return segment;
			if (!other)
				other = segment;
		} else if (is_code && !rounded && value >= start - before &&
			   value - (start - before) <
				   (before + segment->file_size + PAGE_BYTES - 1) / PAGE_BYTES *
					   PAGE_BYTES) {
			rounded = segment;
		}
	}
	return other ? other : rounded;
}

bool image_offset_to_address(const struct image *image, uint64_t offset, uint64_t *ret_address)
{
	const struct image_segment *segment = find_segment(image, offset, true);

	if (!segment)
		return false;
	*ret_address = offset - segment->offset + segment->address;
	return true;
}

bool image_address_to_offset(const struct image *image, uint64_t address, uint64_t *ret_offset)
{
	const struct image_segment *segment = find_segment(image, address, false);

	if (!segment)
		return false;
	*ret_offset = address - segment->address + segment->offset;
	return true;
}

bool image_debuglink(struct image *image, struct str *ret_name, uint32_t *ret_crc)
{
	struct bytes b;

	return image_contents_of(image, ".gnu_debuglink", &b) && bytes_cstr(&b, ret_name) &&
	       skip_padding(&b, 4) && bytes_u32(&b, ret_crc);
}

bool image_debugaltlink(struct image *image, struct str *ret_name, struct build_id *ret_id)
{
	struct bytes b;

	*ret_id = (struct build_id){ 0 };
	if (!image_contents_of(image, ".gnu_debugaltlink", &b) || !bytes_cstr(&b, ret_name))
		return false;
	ret_id->size_bytes = (uint8_t)MIN(bytes_left(&b), (size_t)BUILD_ID_MAX_BYTES);
	return bytes_copy(&b, ret_id->bytes, ret_id->size_bytes);
}

uint32_t image_crc(const struct image *image)
{
	size_t size_bytes = (size_t)(image->all.end - image->all.start);

	return libdeflate_crc32(0, image->all.start, size_bytes);
}
