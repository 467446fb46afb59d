#include "elf_builder.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct elf_builder elf_builder_start(void)
{
	return (struct elf_builder){
		.is_64 = true, .type = ET_DYN, .machine = EM_X86_64, .section_count = 1
	};
}

void elf_builder_done(struct elf_builder *elf)
{
	for (unsigned i = 0; i < elf->section_count; i++) {
		free(elf->sections[i].name);
		strbuf_done(&elf->sections[i].data);
	}
	strbuf_done(&elf->names);
	strbuf_done(&elf->symbols);
}

void elf_put(const struct elf_builder *elf, struct strbuf *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		unsigned shift = 8 * (elf->is_big_endian ? bytes - 1 - i : i);

		strbuf_add_char(out, (char)(value >> shift & 0xff));
	}
}

void elf_put_word(const struct elf_builder *elf, struct strbuf *out, uint64_t value)
{
	elf_put(elf, out, value, elf->is_64 ? 8 : 4);
}

void elf_put_uleb(struct strbuf *out, uint64_t value)
{
	do {
		unsigned byte = value & 0x7f;

		value >>= 7;
		strbuf_add_char(out, (char)(byte | (value ? 0x80 : 0)));
	} while (value);
}

void elf_put_text(struct strbuf *out, const char *text)
{
	strbuf_add(out, (struct str){ text, strlen(text) + 1 });
}

unsigned elf_add_section(struct elf_builder *elf, const char *name, uint32_t type, uint64_t address,
			 const void *data, size_t size)
{
	struct elf_out_section *section = &elf->sections[elf->section_count];

	section->name = x_strdup(name);
	section->type = type;
	section->address = address;
	section->size = size;
	if (type == SHT_PROGBITS && address)
		section->flags = SHF_ALLOC;
	if (strcmp(name, ".text") == 0)
		section->flags |= SHF_EXECINSTR;
	if (data)
		strbuf_add(&section->data, (struct str){ data, size });
	else if (type != SHT_NOBITS)
		strbuf_add_repeated(&section->data, 0, size);
	return elf->section_count++;
}

void elf_add_segment(struct elf_builder *elf, uint32_t type, uint32_t flags, uint64_t address,
		     unsigned section)
{
	elf->segments[elf->segment_count++] = (struct elf_out_segment){
		.type = type,
		.flags = flags,
		.address = address,
		.size = elf->sections[section].size,
		.align = type == PT_LOAD ? 4096 : 4,
		.section = section,
	};
}

void elf_add_symbol(struct elf_builder *elf, const char *name, uint8_t info, uint16_t section,
		    uint64_t value, uint64_t size)
{
	struct strbuf *out = &elf->symbols;

	if (!elf->names.len) {
		strbuf_add_char(&elf->names, 0);
		strbuf_add_repeated(out, 0, elf->is_64 ? 24 : 16);
	}
	elf_put(elf, out, elf->names.len, 4);
	if (!elf->is_64) {
		elf_put(elf, out, value, 4);
		elf_put(elf, out, size, 4);
	}
	elf_put(elf, out, info, 1);
	elf_put(elf, out, 0, 1);
	elf_put(elf, out, section, 2);
	if (elf->is_64) {
		elf_put(elf, out, value, 8);
		elf_put(elf, out, size, 8);
	}
	elf_put_text(&elf->names, name);
}

void elf_finish_symbols(struct elf_builder *elf, bool dynamic)
{
	unsigned table = elf_add_section(elf, dynamic ? ".dynsym" : ".symtab",
					 dynamic ? SHT_DYNSYM : SHT_SYMTAB, 0, elf->symbols.ptr,
					 elf->symbols.len);

	elf->sections[table].entry_size = elf->is_64 ? 24 : 16;
	elf->sections[table].link = elf_add_section(elf, dynamic ? ".dynstr" : ".strtab",
						    SHT_STRTAB, 0, elf->names.ptr, elf->names.len);
	strbuf_reset(&elf->names);
	strbuf_reset(&elf->symbols);
}

unsigned elf_add_build_id(struct elf_builder *elf, const uint8_t *id, unsigned id_bytes)
{
	auto_strbuf struct strbuf note = STRBUF_INIT;

	elf_put(elf, &note, sizeof(ELF_NOTE_GNU), 4);
	elf_put(elf, &note, id_bytes, 4);
	elf_put(elf, &note, NT_GNU_BUILD_ID, 4);
	elf_put_text(&note, ELF_NOTE_GNU);
	strbuf_add(&note, (struct str){ (const char *)id, id_bytes });
	return elf_add_section(elf, ".note.gnu.build-id", SHT_NOTE, 0, note.ptr, note.len);
}

static void put_file_header(const struct elf_builder *elf, struct strbuf *out, uint64_t sections_at)
{
	const char ident[EI_NIDENT] = { ELFMAG0,
					ELFMAG1,
					ELFMAG2,
					ELFMAG3,
					elf->is_64 ? ELFCLASS64 : ELFCLASS32,
					elf->is_big_endian ? ELFDATA2MSB : ELFDATA2LSB,
					EV_CURRENT };

	strbuf_add(out, (struct str){ ident, sizeof(ident) });
	elf_put(elf, out, elf->type, 2);
	elf_put(elf, out, elf->machine, 2);
	elf_put(elf, out, EV_CURRENT, 4);
	elf_put_word(elf, out, 0x1000);
	elf_put_word(elf, out, elf->segment_count ? (elf->is_64 ? 64 : 52) : 0);
	elf_put_word(elf, out, sections_at);
	elf_put(elf, out, 0, 4);
	elf_put(elf, out, elf->is_64 ? 64 : 52, 2);
	elf_put(elf, out, elf->is_64 ? 56 : 32, 2);
	elf_put(elf, out, elf->extended_numbers ? PN_XNUM : elf->segment_count, 2);
	elf_put(elf, out, elf->is_64 ? 64 : 40, 2);
	elf_put(elf, out, elf->extended_numbers ? 0 : elf->section_count, 2);
	elf_put(elf, out, elf->extended_numbers ? SHN_XINDEX : elf->section_count - 1, 2);
}

static void put_segments(const struct elf_builder *elf, struct strbuf *out)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_out_segment *segment = &elf->segments[i];
		uint64_t offset = elf->sections[segment->section].offset - segment->before;

		elf_put(elf, out, segment->type, 4);
		if (elf->is_64)
			elf_put(elf, out, segment->flags, 4);
		elf_put_word(elf, out, offset);
		elf_put_word(elf, out, segment->address);
		elf_put_word(elf, out, segment->address);
		elf_put_word(elf, out, segment->size);
		elf_put_word(elf, out, segment->size);
		if (!elf->is_64)
			elf_put(elf, out, segment->flags, 4);
		elf_put_word(elf, out, segment->align);
	}
}

static void put_section(const struct elf_builder *elf, struct strbuf *out, unsigned index,
			uint32_t name)
{
	const struct elf_out_section *section = &elf->sections[index];
	bool extended = index == 0 && elf->extended_numbers;

	elf_put(elf, out, name, 4);
	elf_put(elf, out, section->type, 4);
	elf_put_word(elf, out, section->flags);
	elf_put_word(elf, out, section->address);
	elf_put_word(elf, out, section->offset);
	elf_put_word(elf, out, extended ? elf->section_count : section->size);
	elf_put(elf, out, extended ? elf->section_count - 1 : section->link, 4);
	elf_put(elf, out, extended ? elf->segment_count : section->info, 4);
	elf_put_word(elf, out, 8);
	elf_put_word(elf, out, section->entry_size);
}

void elf_builder_finish(struct elf_builder *elf, struct strbuf *ret)
{
	auto_strbuf struct strbuf names = STRBUF_INIT, body = STRBUF_INIT;
	uint64_t header_bytes =
		(elf->is_64 ? 64U : 52U) + (uint64_t)elf->segment_count * (elf->is_64 ? 56 : 32);
	unsigned names_index = elf_add_section(elf, ".shstrtab", SHT_STRTAB, 0, NULL, 0);
	uint32_t name_offsets[ARRAY_SIZE(elf->sections)] = { 0 };

	strbuf_add_char(&names, 0);
	for (unsigned i = 1; i < elf->section_count; i++) {
		name_offsets[i] = (uint32_t)names.len;
		elf_put_text(&names, elf->sections[i].name);
	}
	strbuf_add(&elf->sections[names_index].data, strbuf_str(&names));
	elf->sections[names_index].size = names.len;
	for (unsigned i = 1; i < elf->section_count; i++) {
		struct elf_out_section *section = &elf->sections[i];

		strbuf_add_repeated(&body, 0, -(header_bytes + body.len) % 8);
		section->offset = header_bytes + body.len;
		strbuf_add(&body, strbuf_str(&section->data));
	}
	put_file_header(elf, ret, header_bytes + body.len);
	put_segments(elf, ret);
	strbuf_add(ret, strbuf_str(&body));
	put_section(elf, ret, 0, 0);
	for (unsigned i = 1; i < elf->section_count; i++)
		put_section(elf, ret, i, name_offsets[i]);
}
