#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vec.h"
#include "symbol/dwarf_file.h"

VEC_DEFINE(unit_vec, struct dwarf_unit)

/* A length that may announce the 64-bit format; *ret_offset_bytes is 4 or 8. */
static bool read_length(struct bytes *b, uint64_t *ret, uint8_t *ret_offset_bytes)
{
	uint32_t short_length;

	if (!bytes_u32(b, &short_length))
		return false;
	*ret_offset_bytes = short_length == UINT32_MAX ? 8 : 4;
	*ret = short_length;
	return short_length != UINT32_MAX || bytes_u64(b, ret);
}

static bool is_known_address_size(uint8_t bytes)
{
	return bytes == 4 || bytes == 8 || bytes == 2;
}

/* The header behind the length, versions 2 to 5. */
static bool read_header(struct bytes *b, struct dwarf_unit *unit)
{
	struct dwarf_encoding *encoding = &unit->encoding;
	uint16_t version;

	if (!bytes_u16(b, &version) || version < 2 || version > 5)
		return false;
	encoding->version = (uint8_t)version;
	unit->type = DW_UT_compile;
	if (version >= 5) {
		if (!bytes_u8(b, &unit->type) || !bytes_u8(b, &encoding->address_bytes) ||
		    !dwarf_read_number(b, encoding->offset_bytes, &unit->abbrev_offset))
			return false;
		if ((unit->type == DW_UT_skeleton || unit->type == DW_UT_split_compile) &&
		    !bytes_skip(b, 8))
			return false;
		if ((unit->type == DW_UT_type || unit->type == DW_UT_split_type) &&
		    !bytes_skip(b, 8 + encoding->offset_bytes))
			return false;
	} else if (!dwarf_read_number(b, encoding->offset_bytes, &unit->abbrev_offset) ||
		   !bytes_u8(b, &encoding->address_bytes)) {
		return false;
	}
	return is_known_address_size(encoding->address_bytes);
}

/* Units of unknown versions are stepped over; a length past the end ends the list. */
void dwarf_read_units(struct dwarf_file *file)
{
	struct bytes b = file->sections.info;
	struct unit_vec units = { 0 };

	while (bytes_left(&b)) {
		struct dwarf_unit unit = { .offset = bytes_offset(&b) };
		struct bytes body;
		uint64_t length;

		if (!read_length(&b, &length, &unit.encoding.offset_bytes))
			break;
		unit.end = bytes_offset(&b) + MIN(length, (uint64_t)bytes_left(&b));
		body = b;
		body.end = body.start + unit.end;
		if (read_header(&body, &unit)) {
			unit.first_entry = bytes_offset(&body);
			unit_vec_push(&units, unit);
		}
		if (!bytes_skip(&b, length))
			break;
	}
	file->units = units.items;
	file->unit_count = units.count;
}

struct dwarf_unit *dwarf_unit_at(struct dwarf_file *file, uint64_t offset)
{
	size_t low = 0, high = file->unit_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->units[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low && offset < file->units[low - 1].end ? &file->units[low - 1] : NULL;
}

const struct abbrev *dwarf_entry(struct dwarf_file *file, struct dwarf_unit *unit, uint64_t offset,
				 struct bytes *ret)
{
	struct bytes b = file->sections.info;
	uint64_t code;

	if (offset < unit->first_entry || offset >= unit->end)
		return NULL;
	if (!unit->abbrevs)
		unit->abbrevs = abbrev_table_get(file, unit->abbrev_offset, unit->encoding);
	b.end = b.start + unit->end;
	if (!bytes_seek(&b, offset) || !bytes_uleb128(&b, &code))
		return NULL;
	*ret = b;
	return abbrev_find(unit->abbrevs, code);
}

/* Bases first: the other attributes' indexes count from them. */
static void note_base(struct dwarf_unit *unit, unsigned attribute, const struct dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_str_offsets_base:
		unit->str_offsets_base = value->number;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		unit->address_base = value->number;
		break;
	case DW_AT_rnglists_base:
		unit->rnglists_base = value->number;
		break;
	case DW_AT_GNU_ranges_base:
		unit->ranges_base = value->number;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		unit->is_split = true;
		break;
	default:
		break;
	}
}

static void note_root(struct dwarf_unit *unit, unsigned attribute, const struct dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_stmt_list:
		unit->has_lines = true;
		unit->line_offset = value->number;
		break;
	case DW_AT_comp_dir:
		unit->comp_dir = value->text;
		break;
	case DW_AT_producer:
		unit->producer = value->text;
		break;
	case DW_AT_language:
		unit->language = (uint16_t)value->number;
		break;
	default:
		entry_code_note(&unit->code, attribute, value);
		break;
	}
}

static bool read_root_attributes(struct dwarf_file *file, struct dwarf_unit *unit,
				 void (*note)(struct dwarf_unit *unit, unsigned attribute,
					      const struct dwarf_value *value))
{
	const struct abbrev *abbrev;
	struct dwarf_value value;
	struct bytes b;

	abbrev = dwarf_entry(file, unit, unit->first_entry, &b);
	if (!abbrev)
		return false;
	for (unsigned i = 0; i < abbrev->attribute_count; i++) {
		const struct dwarf_attribute_spec *spec =
			&unit->abbrevs->attributes[abbrev->first_attribute + i];

		if (!dwarf_read_form(file, unit, spec, &b, &value))
			return false;
		note(unit, spec->name, &value);
	}
	return true;
}

/*
 * gcc writes its switches into the producer; -O stands there unless it is the default, none, and
 * the last one counts. Other compilers do not say.
 */
static bool is_unoptimised(struct str producer)
{
	struct str rest;
	char level = '0';

	if (!str_starts_with(producer, STR("GNU C")) && !str_starts_with(producer, STR("GNU F")))
		return false;
	/* Without any switch they were not recorded. */
	if (str_find(producer, STR(" -")) < 0)
		return false;
	rest = producer;
	for (;;) {
		ptrdiff_t at = str_find(rest, STR(" -O"));

		if (at < 0)
			return level == '0';
		rest.ptr += at + 3;
		rest.len -= (size_t)at + 3;
		level = rest.len ? rest.ptr[0] : '1';
	}
}

bool dwarf_read_root(struct dwarf_file *file, struct dwarf_unit *unit)
{
	if (unit->is_root_read)
		return unit->abbrevs != NULL;
	unit->is_root_read = true;
	/* What an absent base means: right behind the table's header. */
	if (unit->encoding.version >= 5) {
		unit->str_offsets_base = unit->encoding.offset_bytes == 8 ? 16 : 8;
		unit->address_base = unit->str_offsets_base;
	}
	if (!read_root_attributes(file, unit, note_base) ||
	    !read_root_attributes(file, unit, note_root))
		return false;
	unit->low_pc = unit->code.has_low_pc ? unit->code.low_pc : 0;
	unit->is_unoptimised = is_unoptimised(unit->producer);
	return true;
}

/* One set of .debug_aranges; false where the next one cannot be found. */
static bool read_arange_set(struct dwarf *dwarf, struct bytes *b)
{
	struct dwarf_file *file = &dwarf->main;
	uint64_t length, unit_offset, start, size;
	uint8_t offset_bytes, address_bytes, segment_bytes;
	struct dwarf_unit *unit;
	uint16_t version;
	struct bytes set;

	if (!read_length(b, &length, &offset_bytes))
		return false;
	/* Tuples are aligned from the start of the set. */
	set = (struct bytes){ b->pos - (offset_bytes == 8 ? 12 : 4), b->pos, b->pos, b->swap };
	if (!bytes_skip(b, length))
		return false;
	set.end = b->pos;
	if (!bytes_u16(&set, &version) || version != 2 ||
	    !dwarf_read_number(&set, offset_bytes, &unit_offset) ||
	    !bytes_u8(&set, &address_bytes) || !is_known_address_size(address_bytes) ||
	    !bytes_u8(&set, &segment_bytes) || segment_bytes)
		return true;
	unit = dwarf_unit_at(file, unit_offset);
	if (!unit || unit->offset != unit_offset ||
	    !bytes_skip(&set, -bytes_offset(&set) % (2U * address_bytes)))
		return true;
	while (dwarf_read_number(&set, address_bytes, &start) &&
	       dwarf_read_number(&set, address_bytes, &size)) {
		uint64_t end;

		if (!start && !size)
			break;
		if (start <= 1 || __builtin_add_overflow(start, size, &end))
			continue;
		ranges_add(&dwarf->unit_ranges, start, end, (uint32_t)(unit - file->units));
		unit->has_ranges = true;
	}
	return true;
}

void dwarf_index_units(struct dwarf *dwarf)
{
	struct dwarf_file *file = &dwarf->main;
	struct bytes aranges = file->sections.aranges;

	while (bytes_left(&aranges)) {
		if (!read_arange_set(dwarf, &aranges))
			break;
	}
	for (size_t i = 0; i < file->unit_count; i++) {
		struct dwarf_unit *unit = &file->units[i];

		if (unit->has_ranges || unit->type == DW_UT_partial || unit->type == DW_UT_type ||
		    !dwarf_read_root(file, unit))
			continue;
		entry_code_ranges(file, unit, &unit->code, (uint32_t)i, &dwarf->unit_ranges);
	}
	ranges_sort(&dwarf->unit_ranges);
}
