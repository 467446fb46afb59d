#include "dwarf_builder.h"

#include <elf.h>
#include <stdarg.h>
#include <string.h>

enum {
	FORM_STRING = 0x08,
	FORM_UDATA = 0x0f,
	CONTENT_PATH = 1,
	CONTENT_DIRECTORY = 2,
	OPCODE_BASE = 10,
};

struct dwarf_builder dwarf_builder_start(struct elf_builder *elf, unsigned version,
					 unsigned offset_bytes)
{
	return (struct dwarf_builder){
		.elf = elf,
		.version = version,
		.offset_bytes = offset_bytes,
		.address_bytes = elf->is_64 ? 8 : 4,
	};
}

void dwarf_builder_done(struct dwarf_builder *dwarf)
{
	strbuf_done(&dwarf->info);
	strbuf_done(&dwarf->abbrev);
	strbuf_done(&dwarf->line);
	strbuf_done(&dwarf->ranges);
	strbuf_done(&dwarf->rnglists);
	strbuf_done(&dwarf->aranges);
}

void dwarf_put_abbrev(struct dwarf_builder *dwarf, unsigned code, unsigned tag, int has_children,
		      ...)
{
	va_list args;
	unsigned attribute;

	elf_put_uleb(&dwarf->abbrev, code);
	elf_put_uleb(&dwarf->abbrev, tag);
	strbuf_add_char(&dwarf->abbrev, (char)has_children);
	va_start(args, has_children);
	while ((attribute = va_arg(args, unsigned))) {
		elf_put_uleb(&dwarf->abbrev, attribute);
		elf_put_uleb(&dwarf->abbrev, va_arg(args, unsigned));
	}
	va_end(args);
	strbuf_add_repeated(&dwarf->abbrev, 0, 2);
}

void dwarf_end_abbrevs(struct dwarf_builder *dwarf)
{
	strbuf_add_char(&dwarf->abbrev, 0);
}

static size_t start_length(const struct dwarf_builder *dwarf, struct strbuf *out)
{
	size_t start = out->len;

	if (dwarf->offset_bytes == 8)
		elf_put(dwarf->elf, out, UINT32_MAX, 4);
	elf_put(dwarf->elf, out, 0, dwarf->offset_bytes);
	return start;
}

static void patch(const struct dwarf_builder *dwarf, struct strbuf *out, size_t at, uint64_t value,
		  unsigned bytes)
{
	auto_strbuf struct strbuf number = STRBUF_INIT;

	elf_put(dwarf->elf, &number, value, bytes);
	memcpy(out->ptr + at, number.ptr, bytes);
}

static void end_length(const struct dwarf_builder *dwarf, struct strbuf *out, size_t start)
{
	size_t field = start + (dwarf->offset_bytes == 8 ? 4 : 0);

	patch(dwarf, out, field, out->len - field - dwarf->offset_bytes, dwarf->offset_bytes);
}

void dwarf_start_unit(struct dwarf_builder *dwarf, unsigned type, uint64_t abbrev_offset)
{
	struct strbuf *info = &dwarf->info;

	dwarf->unit_start = start_length(dwarf, info);
	elf_put(dwarf->elf, info, dwarf->version, 2);
	if (dwarf->version >= 5) {
		elf_put(dwarf->elf, info, type, 1);
		elf_put(dwarf->elf, info, dwarf->address_bytes, 1);
		dwarf_put_offset(dwarf, abbrev_offset);
		if (type == 4) /* DW_UT_skeleton: the id of the .dwo */
			elf_put(dwarf->elf, info, 0x1234, 8);
	} else {
		dwarf_put_offset(dwarf, abbrev_offset);
		elf_put(dwarf->elf, info, dwarf->address_bytes, 1);
	}
}

void dwarf_end_unit(struct dwarf_builder *dwarf)
{
	end_length(dwarf, &dwarf->info, dwarf->unit_start);
}

uint64_t dwarf_put_entry(struct dwarf_builder *dwarf, unsigned code)
{
	uint64_t offset = dwarf->info.len;

	elf_put_uleb(&dwarf->info, code);
	return offset;
}

void dwarf_put_address(struct dwarf_builder *dwarf, uint64_t address)
{
	elf_put(dwarf->elf, &dwarf->info, address, dwarf->address_bytes);
}

void dwarf_put_offset(struct dwarf_builder *dwarf, uint64_t offset)
{
	elf_put(dwarf->elf, &dwarf->info, offset, dwarf->offset_bytes);
}

void dwarf_put_number(struct dwarf_builder *dwarf, uint64_t value, unsigned bytes)
{
	elf_put(dwarf->elf, &dwarf->info, value, bytes);
}

void dwarf_put_text(struct dwarf_builder *dwarf, const char *text)
{
	elf_put_text(&dwarf->info, text);
}

void dwarf_patch_reference(struct dwarf_builder *dwarf, size_t at, uint64_t target)
{
	patch(dwarf, &dwarf->info, at, target - dwarf->unit_start, 4);
}

static void put_files(const struct dwarf_builder *dwarf, struct strbuf *out)
{
	if (dwarf->version < 5) {
		elf_put_text(out, "sub");
		strbuf_add_char(out, 0);
		elf_put_text(out, "a.cc");
		strbuf_add_repeated(out, 0, 3);
		elf_put_text(out, "b.h");
		strbuf_add_char(out, 1);
		strbuf_add_repeated(out, 0, 2);
		strbuf_add_char(out, 0);
		return;
	}
	strbuf_add_char(out, 1);
	elf_put_uleb(out, CONTENT_PATH);
	elf_put_uleb(out, FORM_STRING);
	elf_put_uleb(out, 2);
	elf_put_text(out, "/src");
	elf_put_text(out, "sub");
	strbuf_add_char(out, 2);
	elf_put_uleb(out, CONTENT_PATH);
	elf_put_uleb(out, FORM_STRING);
	elf_put_uleb(out, CONTENT_DIRECTORY);
	elf_put_uleb(out, FORM_UDATA);
	elf_put_uleb(out, 3);
	for (unsigned i = 0; i < 3; i++) {
		elf_put_text(out, i == 2 ? "b.h" : "a.cc");
		elf_put_uleb(out, i == 2);
	}
}

static void set_address(const struct dwarf_builder *dwarf, struct strbuf *out, uint64_t address)
{
	strbuf_add_char(out, 0);
	elf_put_uleb(out, 1 + dwarf->address_bytes);
	strbuf_add_char(out, 2);
	elf_put(dwarf->elf, out, address, dwarf->address_bytes);
}

static void put_program(const struct dwarf_builder *dwarf, struct strbuf *out,
			const struct line_entry *rows, size_t count, uint64_t end)
{
	unsigned line = 1;

	set_address(dwarf, out, count ? rows[0].address : 0);
	for (size_t i = 0; i < count; i++) {
		if (i) {
			strbuf_add_char(out, 2); /* advance_pc */
			elf_put_uleb(out, rows[i].address - rows[i - 1].address);
		}
		strbuf_add_char(out, 4); /* set_file */
		elf_put_uleb(out, rows[i].file);
		if (rows[i].line == line + 1) {
			/* A special opcode: line + 1, address + 0, and a row. */
			strbuf_add_char(out, OPCODE_BASE + 1 + 5);
		} else {
			int change = (int)rows[i].line - (int)line;

			strbuf_add_char(out, 3); /* advance_line, as two SLEB128 bytes */
			strbuf_add_char(out, (char)((change & 0x7f) | 0x80));
			strbuf_add_char(out, (char)(change >> 7 & 0x7f));
			strbuf_add_char(out, 1); /* copy */
		}
		line = rows[i].line;
	}
	strbuf_add_char(out, 2);
	elf_put_uleb(out, count ? end - rows[count - 1].address : 0);
	strbuf_add(out, (struct str){ "\0\1\1", 3 });
}

uint64_t dwarf_put_lines(struct dwarf_builder *dwarf, const struct line_entry *rows, size_t count,
			 uint64_t end)
{
	static const char operand_counts[OPCODE_BASE - 1] = { 0, 1, 1, 1, 1, 0, 0, 0, 1 };
	struct strbuf *out = &dwarf->line;
	size_t start = start_length(dwarf, out), header;

	elf_put(dwarf->elf, out, dwarf->version, 2);
	if (dwarf->version >= 5) {
		elf_put(dwarf->elf, out, dwarf->address_bytes, 1);
		elf_put(dwarf->elf, out, 0, 1);
	}
	header = out->len;
	elf_put(dwarf->elf, out, 0, dwarf->offset_bytes);
	strbuf_add_char(out, 1); /* bytes of an instruction */
	if (dwarf->version >= 4)
		strbuf_add_char(out, 1);
	strbuf_add_char(out, 1);
	strbuf_add_char(out, -5); /* line base */
	strbuf_add_char(out, 14); /* line range */
	strbuf_add_char(out, OPCODE_BASE);
	strbuf_add(out, (struct str){ operand_counts, sizeof(operand_counts) });
	put_files(dwarf, out);
	patch(dwarf, out, header, out->len - header - dwarf->offset_bytes, dwarf->offset_bytes);
	put_program(dwarf, out, rows, count, end);
	end_length(dwarf, out, start);
	return start;
}

void dwarf_put_arange(struct dwarf_builder *dwarf, uint64_t unit, uint64_t start, uint64_t size)
{
	struct strbuf *out = &dwarf->aranges;
	size_t begin = start_length(dwarf, out);

	elf_put(dwarf->elf, out, 2, 2);
	elf_put(dwarf->elf, out, unit, dwarf->offset_bytes);
	elf_put(dwarf->elf, out, dwarf->address_bytes, 1);
	elf_put(dwarf->elf, out, 0, 1);
	strbuf_add_repeated(out, 0, -(out->len - begin) % (2 * dwarf->address_bytes));
	elf_put(dwarf->elf, out, start, dwarf->address_bytes);
	elf_put(dwarf->elf, out, size, dwarf->address_bytes);
	strbuf_add_repeated(out, 0, 2UL * dwarf->address_bytes);
	end_length(dwarf, out, begin);
}

static void add_section(struct dwarf_builder *dwarf, const char *name, const struct strbuf *data)
{
	if (data->len)
		elf_add_section(dwarf->elf, name, SHT_PROGBITS, 0, data->ptr, data->len);
}

void dwarf_add_sections(struct dwarf_builder *dwarf)
{
	add_section(dwarf, ".debug_info", &dwarf->info);
	add_section(dwarf, ".debug_abbrev", &dwarf->abbrev);
	add_section(dwarf, ".debug_line", &dwarf->line);
	add_section(dwarf, ".debug_ranges", &dwarf->ranges);
	add_section(dwarf, ".debug_rnglists", &dwarf->rnglists);
	add_section(dwarf, ".debug_aranges", &dwarf->aranges);
}
