#include "unwind/cfi.h"

#include <string.h>

#include "base/macros.h"

enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_TEXTREL = 0x20,
	PE_DATAREL = 0x30,
	PE_ALIGNED = 0x50,
	PE_APPLICATION = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

struct entry {
	struct bytes body; /* behind the id */
	uint64_t id_offset, id, end;
	bool is_dwarf64;
};

struct cie {
	struct bytes program;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_column;
	uint8_t pointer_encoding, lsda_encoding;
	bool is_signal, has_augmentation_data;
};

static bool word_read(const struct cfi_section *section, struct bytes *b, uint64_t *ret)
{
	uint32_t value;

	if (section->is_64)
		return bytes_u64(b, ret);
	if (!bytes_u32(b, &value))
		return false;
	*ret = value;
	return true;
}

static bool format_read(const struct cfi_section *section, struct bytes *b, uint8_t format,
			uint64_t *ret)
{
	uint16_t half;
	uint32_t word;
	int64_t number;

	switch (format) {
	case PE_ABSPTR:
		return word_read(section, b, ret);
	case PE_ULEB128:
		return bytes_uleb128(b, ret);
	case PE_SLEB128:
		if (!bytes_sleb128(b, &number))
			return false;
		*ret = (uint64_t)number;
		return true;
	case PE_UDATA2:
	case PE_SDATA2:
		if (!bytes_u16(b, &half))
			return false;
		*ret = format == PE_SDATA2 ? (uint64_t)(int64_t)(int16_t)half : half;
		return true;
	case PE_UDATA4:
	case PE_SDATA4:
		if (!bytes_u32(b, &word))
			return false;
		*ret = format == PE_SDATA4 ? (uint64_t)(int64_t)(int32_t)word : word;
		return true;
	case PE_UDATA8:
	case PE_SDATA8:
		return bytes_u64(b, ret);
	default:
		return false;
	}
}

static uint64_t address_of(const struct cfi_section *section, const struct bytes *b)
{
	return section->address + (uint64_t)(b->pos - section->data.start);
}

bool cfi_pointer_read(const struct cfi_section *section, struct bytes *b, uint8_t encoding,
		      uint64_t *ret)
{
	uint64_t base, value, word_bytes = section->is_64 ? 8 : 4;

	if (encoding == PE_OMIT || encoding & PE_INDIRECT)
		return false;
	switch (encoding & PE_APPLICATION) {
	case PE_ABSPTR:
		base = 0;
		break;
	case PE_PCREL:
		base = address_of(section, b);
		break;
	case PE_TEXTREL:
		base = section->text_base;
		break;
	case PE_DATAREL:
		base = section->data_base;
		break;
	case PE_ALIGNED:
		if (!bytes_skip(b, -address_of(section, b) & (word_bytes - 1)))
			return false;
		return word_read(section, b, ret);
	default:
		return false;
	}
	if (!format_read(section, b, encoding & PE_FORMAT, &value))
		return false;
	*ret = base + value;
	return true;
}

static bool entry_parse(const struct cfi_section *section, uint64_t offset, struct entry *ret)
{
	struct bytes b = section->data;
	uint32_t length32, id32;
	uint64_t length;

	ret->is_dwarf64 = false;
	if (!bytes_seek(&b, offset) || !bytes_u32(&b, &length32))
		return false;
	length = length32;
	if (length32 == UINT32_MAX) {
		ret->is_dwarf64 = true;
		if (!bytes_u64(&b, &length))
			return false;
	}
	if (!bytes_sub(&b, length, &ret->body))
		return false;
	ret->end = bytes_offset(&b);
	ret->id_offset = ret->end - length;
	/* .eh_frame keeps a 4-byte id in 64-bit entries too. */
	if (ret->is_dwarf64 && section->is_debug_frame)
		return bytes_u64(&ret->body, &ret->id);
	if (!bytes_u32(&ret->body, &id32))
		return false;
	ret->id = id32;
	if (section->is_debug_frame && id32 == UINT32_MAX)
		ret->id = UINT64_MAX;
	return true;
}

static bool is_cie(const struct cfi_section *section, const struct entry *entry)
{
	return entry->id == (section->is_debug_frame ? UINT64_MAX : 0);
}

/* The letters behind 'z'. An unknown one ends the reading: the size says where the program is. */
static bool augmentation_parse(const struct cfi_section *section, struct str letters,
			       struct bytes data, struct cie *cie)
{
	uint64_t ignored;
	uint8_t encoding;

	for (size_t i = 0; i < letters.len; i++) {
		switch (letters.ptr[i]) {
		case 'R':
			if (!bytes_u8(&data, &cie->pointer_encoding))
				return false;
			break;
		case 'L':
			if (!bytes_u8(&data, &cie->lsda_encoding))
				return false;
			break;
		case 'P':
			if (!bytes_u8(&data, &encoding))
				return false;
			if (encoding != PE_OMIT &&
			    !cfi_pointer_read(section, &data,
					      (uint8_t)(encoding & ~(unsigned)PE_INDIRECT),
					      &ignored))
				return false;
			break;
		case 'S':
			cie->is_signal = true;
			break;
		case 'B': /* aarch64: return addresses are signed with the B key */
		case 'G': /* aarch64: frames are tagged */
			break;
		default:
			return true;
		}
	}
	return true;
}

static bool cie_header_parse(const struct cfi_section *section, struct bytes *b, struct cie *ret,
			     struct str *ret_augmentation)
{
	uint8_t version, address_bytes = 0, segment_bytes = 0, ra_column;
	uint64_t ignored;

	if (!bytes_u8(b, &version) || version < 1 || version == 2 || version > 4 ||
	    !bytes_cstr(b, ret_augmentation))
		return false;
	if (version == 4 && (!bytes_u8(b, &address_bytes) || !bytes_u8(b, &segment_bytes) ||
			     address_bytes != (section->is_64 ? 8 : 4) || segment_bytes))
		return false;
	/* gcc 2's "eh": a pointer to exception tables. */
	if (str_is(*ret_augmentation, "eh") && !word_read(section, b, &ignored))
		return false;
	if (!bytes_uleb128(b, &ret->code_align) || !bytes_sleb128(b, &ret->data_align))
		return false;
	if (version > 1)
		return bytes_uleb128(b, &ret->ra_column);
	if (!bytes_u8(b, &ra_column))
		return false;
	ret->ra_column = ra_column;
	return true;
}

static bool cie_parse(const struct cfi_section *section, uint64_t offset, struct cie *ret)
{
	struct bytes b, data;
	struct str augmentation;
	struct entry entry;
	uint64_t size_bytes;

	*ret = (struct cie){ .pointer_encoding = PE_ABSPTR, .lsda_encoding = PE_OMIT };
	if (!entry_parse(section, offset, &entry) || !is_cie(section, &entry))
		return false;
	b = entry.body;
	if (!cie_header_parse(section, &b, ret, &augmentation) || ret->ra_column >= CFI_COLUMNS)
		return false;
	if (augmentation.len && augmentation.ptr[0] == 'z') {
		ret->has_augmentation_data = true;
		if (!bytes_uleb128(&b, &size_bytes) || !bytes_sub(&b, size_bytes, &data))
			return false;
		augmentation = (struct str){ augmentation.ptr + 1, augmentation.len - 1 };
		if (!augmentation_parse(section, augmentation, data, ret))
			return false;
	} else if (augmentation.len && !str_is(augmentation, "eh")) {
		return false;
	}
	ret->program = (struct bytes){ b.pos, b.pos, b.end, b.swap };
	return true;
}

bool cfi_fde_parse(const struct cfi_section *section, uint64_t offset, struct cfi_fde *ret)
{
	struct entry entry;
	struct bytes b;
	struct cie cie;
	uint64_t cie_offset, start, length, size_bytes;

	if (!entry_parse(section, offset, &entry) || is_cie(section, &entry))
		return false;
	cie_offset = section->is_debug_frame ? entry.id : entry.id_offset - entry.id;
	if (!cie_parse(section, cie_offset, &cie))
		return false;
	b = entry.body;
	if (!cfi_pointer_read(section, &b, cie.pointer_encoding, &start) ||
	    !format_read(section, &b, cie.pointer_encoding & PE_FORMAT, &length))
		return false;
	if (!section->is_64)
		start = (uint32_t)start;
	if (__builtin_add_overflow(start, length, &ret->end))
		return false;
	if (cie.has_augmentation_data &&
	    (!bytes_uleb128(&b, &size_bytes) || !bytes_skip(&b, size_bytes)))
		return false;
	ret->start = start;
	ret->cie_program = cie.program;
	ret->program = (struct bytes){ b.pos, b.pos, b.end, b.swap };
	ret->code_align = cie.code_align;
	ret->data_align = cie.data_align;
	ret->ra_column = (uint32_t)cie.ra_column;
	ret->pointer_encoding = cie.pointer_encoding;
	ret->is_signal = cie.is_signal;
	return true;
}

bool cfi_entry_next(const struct cfi_section *section, uint64_t *offset)
{
	struct bytes b = section->data;
	uint32_t length32;
	uint64_t length;

	if (!bytes_seek(&b, *offset) || !bytes_u32(&b, &length32))
		return false;
	length = length32;
	if ((length32 == UINT32_MAX && !bytes_u64(&b, &length)) || !bytes_skip(&b, length))
		return false;
	*offset = bytes_offset(&b);
	return bytes_left(&b) > 0;
}
