#include "base/memory.h"
#include "symbol/dwarf_file.h"

bool dwarf_read_number(struct bytes *b, unsigned bytes, uint64_t *ret)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	switch (bytes) {
	case 1:
		if (!bytes_u8(b, &u8))
			return false;
		*ret = u8;
		return true;
	case 2:
		if (!bytes_u16(b, &u16))
			return false;
		*ret = u16;
		return true;
	case 3: {
		uint8_t three[3];

		if (!bytes_copy(b, three, sizeof(three)))
			return false;
		u32 = (uint32_t)three[0] | (uint32_t)three[1] << 8 | (uint32_t)three[2] << 16;
		*ret = b->swap ? __builtin_bswap32(u32) >> 8 : u32;
		return true;
	}
	case 4:
		if (!bytes_u32(b, &u32))
			return false;
		*ret = u32;
		return true;
	case 8:
		return bytes_u64(b, ret);
	default:
		return false;
	}
}

/* Text at an offset of a string section; empty where there is none. */
static struct str text_at(struct bytes section, uint64_t offset)
{
	struct str text;

	return bytes_seek(&section, offset) && bytes_cstr(&section, &text) ? text : STR("");
}

/* An entry of a table of numbers that starts at `base` of `section`. */
static bool table_number(struct bytes section, uint64_t base, uint64_t index, unsigned bytes,
			 uint64_t *ret)
{
	uint64_t offset;

	return !__builtin_mul_overflow(index, (uint64_t)bytes, &offset) &&
	       !__builtin_add_overflow(offset, base, &offset) && bytes_seek(&section, offset) &&
	       dwarf_read_number(&section, bytes, ret);
}

static struct str indexed_text(const struct dwarf_file *file, const struct dwarf_unit *unit,
			       uint64_t index)
{
	uint64_t offset;

	if (!table_number(file->sections.str_offsets, unit->str_offsets_base, index,
			  unit->encoding.offset_bytes, &offset))
		return STR("");
	return text_at(file->sections.str, offset);
}

static bool indexed_address(const struct dwarf_file *file, const struct dwarf_unit *unit,
			    uint64_t index, uint64_t *ret)
{
	return table_number(file->sections.addr, unit->address_base, index,
			    unit->encoding.address_bytes, ret);
}

static bool read_block(struct bytes *b, unsigned length_bytes)
{
	uint64_t length;

	if (length_bytes ? !dwarf_read_number(b, length_bytes, &length)
			 : !bytes_uleb128(b, &length))
		return false;
	return bytes_skip(b, length);
}

static bool read_constant(struct bytes *b, unsigned bytes, struct dwarf_value *ret)
{
	ret->class = VALUE_CONSTANT;
	return bytes ? dwarf_read_number(b, bytes, &ret->number) : bytes_uleb128(b, &ret->number);
}

static bool read_reference(const struct dwarf_unit *unit, struct bytes *b, unsigned bytes,
			   struct dwarf_value *ret)
{
	uint64_t offset;

	if (bytes ? !dwarf_read_number(b, bytes, &offset) : !bytes_uleb128(b, &offset))
		return false;
	ret->class = VALUE_REFERENCE;
	if (__builtin_add_overflow(offset, unit->offset, &ret->number))
		ret->class = VALUE_OTHER;
	return true;
}

static bool read_text_offset(const struct dwarf_unit *unit, struct bytes *b, struct bytes section,
			     struct dwarf_value *ret)
{
	uint64_t offset;

	if (!dwarf_read_number(b, unit->encoding.offset_bytes, &offset))
		return false;
	ret->class = VALUE_TEXT;
	ret->text = text_at(section, offset);
	return true;
}

static bool read_text_index(const struct dwarf_file *file, const struct dwarf_unit *unit,
			    struct bytes *b, unsigned bytes, struct dwarf_value *ret)
{
	if (!read_constant(b, bytes, ret))
		return false;
	ret->class = VALUE_TEXT;
	ret->text = indexed_text(file, unit, ret->number);
	return true;
}

static bool read_address_index(const struct dwarf_file *file, const struct dwarf_unit *unit,
			       struct bytes *b, unsigned bytes, struct dwarf_value *ret)
{
	if (!read_constant(b, bytes, ret))
		return false;
	ret->class = indexed_address(file, unit, ret->number, &ret->number) ? VALUE_ADDRESS
									    : VALUE_OTHER;
	return true;
}

static bool read_section_offset(const struct dwarf_unit *unit, struct bytes *b,
				enum value_class class, struct dwarf_value *ret)
{
	ret->class = class;
	return dwarf_read_number(b, unit->encoding.offset_bytes, &ret->number);
}

static const struct bytes *alt_strings(const struct dwarf_file *file)
{
	static const struct bytes none = { 0 };

	return file->alt ? &file->alt->sections.str : &none;
}

bool dwarf_read_form(const struct dwarf_file *file, const struct dwarf_unit *unit,
		     const struct dwarf_attribute_spec *spec, struct bytes *b,
		     struct dwarf_value *ret)
{
	struct dwarf_attribute_spec direct = *spec;
	uint64_t form = spec->form;
	int64_t number;

	*ret = (struct dwarf_value){ 0 };
	while (form == DW_FORM_indirect) {
		if (!bytes_uleb128(b, &form))
			return false;
		direct.form = (uint16_t)MIN(form, (uint64_t)UINT16_MAX);
	}
	switch (direct.form) {
	case DW_FORM_addr:
		ret->class = VALUE_ADDRESS;
		return dwarf_read_number(b, unit->encoding.address_bytes, &ret->number);
	case DW_FORM_addrx:
	case DW_FORM_GNU_addr_index:
		return read_address_index(file, unit, b, 0, ret);
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
		return read_address_index(file, unit, b, direct.form - DW_FORM_addrx1 + 1U, ret);
	case DW_FORM_data1:
	case DW_FORM_flag:
		return read_constant(b, 1, ret);
	case DW_FORM_data2:
		return read_constant(b, 2, ret);
	case DW_FORM_data4:
		return read_constant(b, 4, ret);
	case DW_FORM_data8:
		return read_constant(b, 8, ret);
	case DW_FORM_udata:
		return read_constant(b, 0, ret);
	case DW_FORM_sdata:
		ret->class = VALUE_CONSTANT;
		if (!bytes_sleb128(b, &number))
			return false;
		ret->number = (uint64_t)number;
		return true;
	case DW_FORM_implicit_const:
		ret->class = VALUE_CONSTANT;
		ret->number = (uint64_t)direct.implicit;
		return true;
	case DW_FORM_flag_present:
		return true;
	case DW_FORM_data16:
		return bytes_skip(b, 16);
	case DW_FORM_ref1:
		return read_reference(unit, b, 1, ret);
	case DW_FORM_ref2:
		return read_reference(unit, b, 2, ret);
	case DW_FORM_ref4:
		return read_reference(unit, b, 4, ret);
	case DW_FORM_ref8:
		return read_reference(unit, b, 8, ret);
	case DW_FORM_ref_udata:
		return read_reference(unit, b, 0, ret);
	case DW_FORM_ref_addr:
		ret->class = VALUE_REFERENCE;
		return dwarf_read_number(b,
					 unit->encoding.version <= 2 ? unit->encoding.address_bytes
								     : unit->encoding.offset_bytes,
					 &ret->number);
	case DW_FORM_GNU_ref_alt:
		return read_section_offset(unit, b, VALUE_ALT_REFERENCE, ret);
	case DW_FORM_ref_sup4:
		ret->class = VALUE_ALT_REFERENCE;
		return dwarf_read_number(b, 4, &ret->number);
	case DW_FORM_ref_sup8:
		ret->class = VALUE_ALT_REFERENCE;
		return dwarf_read_number(b, 8, &ret->number);
	case DW_FORM_ref_sig8:
		return bytes_skip(b, 8);
	case DW_FORM_string:
		ret->class = VALUE_TEXT;
		return bytes_cstr(b, &ret->text);
	case DW_FORM_strp:
		return read_text_offset(unit, b, file->sections.str, ret);
	case DW_FORM_line_strp:
		return read_text_offset(unit, b, file->sections.line_str, ret);
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return read_text_offset(unit, b, *alt_strings(file), ret);
	case DW_FORM_strx:
	case DW_FORM_GNU_str_index:
		return read_text_index(file, unit, b, 0, ret);
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		return read_text_index(file, unit, b, direct.form - DW_FORM_strx1 + 1U, ret);
	case DW_FORM_sec_offset:
		return read_section_offset(unit, b, VALUE_LIST_OFFSET, ret);
	case DW_FORM_rnglistx:
	case DW_FORM_loclistx:
		ret->class = VALUE_LIST_INDEX;
		return bytes_uleb128(b, &ret->number);
	case DW_FORM_block1:
		return read_block(b, 1);
	case DW_FORM_block2:
		return read_block(b, 2);
	case DW_FORM_block4:
		return read_block(b, 4);
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return read_block(b, 0);
	default:
		return false;
	}
}

static bool skip_leb(struct bytes *b)
{
	const uint8_t *p = b->pos;

	while (p < b->end) {
		if (!(*p++ & 0x80)) {
			b->pos = p;
			return true;
		}
	}
	return false;
}

static bool skip_text(struct bytes *b)
{
	struct str text;

	return bytes_cstr(b, &text);
}

/* A form that stands in the entry itself: slow, and never seen in practice. */
static bool skip_indirect(const struct dwarf_unit *unit, struct bytes *b)
{
	static const struct dwarf_attribute_spec spec = { .form = DW_FORM_indirect };
	static const struct dwarf_file no_sections = { 0 };
	struct dwarf_value value;

	return dwarf_read_form(&no_sections, unit, &spec, b, &value);
}

bool dwarf_skip_attributes(const struct dwarf_unit *unit, const struct abbrev_table *table,
			   const struct abbrev *abbrev, struct bytes *b, uint64_t *ret_sibling)
{
	const struct skip_op *op = table->ops + abbrev->first_op;
	const struct skip_op *end = op + abbrev->op_count;
	struct dwarf_value sibling;

	*ret_sibling = 0;
	for (; op < end; op++) {
		bool ok = false;

		switch ((enum skip_kind)op->kind) {
		case SKIP_FIXED:
			ok = bytes_skip(b, op->bytes);
			break;
		case SKIP_LEB:
			ok = skip_leb(b);
			break;
		case SKIP_TEXT:
			ok = skip_text(b);
			break;
		case SKIP_BLOCK:
			ok = read_block(b, op->bytes);
			break;
		case SKIP_INDIRECT:
			ok = skip_indirect(unit, b);
			break;
		case SKIP_SIBLING:
			ok = read_reference(unit, b, op->bytes, &sibling);
			if (ok && sibling.class == VALUE_REFERENCE)
				*ret_sibling = sibling.number;
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}
