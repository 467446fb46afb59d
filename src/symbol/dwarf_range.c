#include "base/memory.h"
#include "symbol/dwarf_file.h"

void entry_code_note(struct entry_code *code, unsigned attribute, const struct dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_low_pc:
		code->has_low_pc = value->class == VALUE_ADDRESS;
		code->low_pc = value->number;
		break;
	case DW_AT_high_pc:
		code->has_high_pc = value->class == VALUE_ADDRESS || value->class == VALUE_CONSTANT;
		code->high_pc_is_offset = value->class == VALUE_CONSTANT;
		code->high_pc = value->number;
		break;
	case DW_AT_ranges:
		/* DWARF 3 and older have data4 and data8 in the place of sec_offset. */
		code->has_ranges_at = value->class == VALUE_LIST_OFFSET ||
				      value->class == VALUE_LIST_INDEX ||
				      value->class == VALUE_CONSTANT;
		code->ranges_at_is_index = value->class == VALUE_LIST_INDEX;
		code->ranges_at = value->number;
		break;
	default:
		break;
	}
}

/*
 * The linker leaves 0 (or 1, or the largest address) where the code was discarded. No code lies at
 * 0: there is the file's header.
 */
static void add_range(struct ranges *ret, uint64_t start, uint64_t end, uint32_t value)
{
	if (start > 1)
		ranges_add(ret, start, end, value);
}

/* In the place of a base address: that of discarded code. */
#define DISCARDED UINT64_MAX

static uint64_t base_or_discarded(uint64_t base)
{
	return base > 1 ? base : DISCARDED;
}

/* .debug_ranges: pairs of addresses relative to a base, ended by 0, 0. */
static void read_old_list(struct dwarf_file *file, const struct dwarf_unit *unit, uint64_t offset,
			  uint32_t value, struct ranges *ret)
{
	unsigned bytes = unit->encoding.address_bytes;
	uint64_t largest = bytes == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * bytes)) - 1;
	struct bytes b = file->sections.ranges;
	uint64_t base = unit->low_pc, start, end;

	if (!bytes_seek(&b, offset))
		return;
	while (budget_take(&file->range_budget, 1) && dwarf_read_number(&b, bytes, &start) &&
	       dwarf_read_number(&b, bytes, &end)) {
		if (!start && !end)
			return;
		if (start == largest)
			base = base_or_discarded(end);
		else if (start != end && base != DISCARDED)
			add_range(ret, base + start, base + end, value);
	}
}

static bool address_of_index(const struct dwarf_file *file, const struct dwarf_unit *unit,
			     struct bytes *b, uint64_t *ret)
{
	static const struct dwarf_attribute_spec spec = { .form = DW_FORM_addrx };
	struct dwarf_value value;

	if (!dwarf_read_form(file, unit, &spec, b, &value))
		return false;
	*ret = value.class == VALUE_ADDRESS ? value.number : 0;
	return true;
}

/* One entry of .debug_rnglists; false at its end. */
static bool read_list_entry(const struct dwarf_file *file, const struct dwarf_unit *unit,
			    struct bytes *b, uint64_t *base, uint64_t *ret_start, uint64_t *ret_end)
{
	unsigned bytes = unit->encoding.address_bytes;
	uint64_t length;
	uint8_t kind;

	*ret_start = *ret_end = 0;
	if (!bytes_u8(b, &kind))
		return false;
	switch (kind) {
	case DW_RLE_base_addressx:
		if (!address_of_index(file, unit, b, base))
			return false;
		*base = base_or_discarded(*base);
		return true;
	case DW_RLE_base_address:
		if (!dwarf_read_number(b, bytes, base))
			return false;
		*base = base_or_discarded(*base);
		return true;
	case DW_RLE_startx_endx:
		return address_of_index(file, unit, b, ret_start) &&
		       address_of_index(file, unit, b, ret_end);
	case DW_RLE_startx_length:
		if (!address_of_index(file, unit, b, ret_start) || !bytes_uleb128(b, &length))
			return false;
		*ret_end = *ret_start + length;
		return true;
	case DW_RLE_offset_pair:
		if (!bytes_uleb128(b, ret_start) || !bytes_uleb128(b, ret_end))
			return false;
		*ret_start = *base == DISCARDED ? 0 : *ret_start + *base;
		*ret_end += *base;
		return true;
	case DW_RLE_start_end:
		return dwarf_read_number(b, bytes, ret_start) &&
		       dwarf_read_number(b, bytes, ret_end);
	case DW_RLE_start_length:
		if (!dwarf_read_number(b, bytes, ret_start) || !bytes_uleb128(b, &length))
			return false;
		*ret_end = *ret_start + length;
		return true;
	case DW_RLE_end_of_list:
	default:
		return false;
	}
}

static void read_new_list(struct dwarf_file *file, const struct dwarf_unit *unit, uint64_t offset,
			  uint32_t value, struct ranges *ret)
{
	struct bytes b = file->sections.rnglists;
	uint64_t base = unit->low_pc, start, end;

	if (!bytes_seek(&b, offset))
		return;
	while (budget_take(&file->range_budget, 1) &&
	       read_list_entry(file, unit, &b, &base, &start, &end))
		add_range(ret, start, end, value);
}

/* DW_FORM_rnglistx: the unit's base points at a table of offsets from that base. */
static bool list_of_index(const struct dwarf_file *file, const struct dwarf_unit *unit,
			  uint64_t index, uint64_t *ret)
{
	struct bytes b = file->sections.rnglists;
	uint64_t offset;

	if (__builtin_mul_overflow(index, (uint64_t)unit->encoding.offset_bytes, &offset) ||
	    !bytes_seek(&b, unit->rnglists_base) || !bytes_skip(&b, offset) ||
	    !dwarf_read_number(&b, unit->encoding.offset_bytes, &offset))
		return false;
	return !__builtin_add_overflow(offset, unit->rnglists_base, ret);
}

void entry_code_ranges(struct dwarf_file *file, const struct dwarf_unit *unit,
		       const struct entry_code *code, uint32_t value, struct ranges *ret)
{
	uint64_t offset = code->ranges_at, end = code->high_pc;

	if (code->has_ranges_at) {
		if (code->ranges_at_is_index && !list_of_index(file, unit, offset, &offset))
			return;
		if (unit->encoding.version >= 5)
			read_new_list(file, unit, offset, value, ret);
		else if (!__builtin_add_overflow(offset, unit->ranges_base, &offset))
			read_old_list(file, unit, offset, value, ret);
		return;
	}
	if (!code->has_low_pc || !code->has_high_pc)
		return;
	if (code->high_pc_is_offset && __builtin_add_overflow(code->low_pc, code->high_pc, &end))
		return;
	add_range(ret, code->low_pc, end, value);
}
