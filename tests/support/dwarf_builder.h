/*
 * Writes DWARF sections for tests, entry by entry: the test says tags, attributes, forms and
 * values; what it writes is not checked in any way. Strings stand in the entries (DW_FORM_string).
 */
#pragma once

#include "elf_builder.h"

struct dwarf_builder {
	struct elf_builder *elf;
	unsigned version, offset_bytes, address_bytes;
	struct strbuf info, abbrev, line, ranges, rnglists, aranges;
	size_t unit_start; /* of the open unit's length field */
};

struct dwarf_builder dwarf_builder_start(struct elf_builder *elf, unsigned version,
					 unsigned offset_bytes);
void dwarf_builder_done(struct dwarf_builder *dwarf);
#define auto_dwarf_builder __attribute__((cleanup(dwarf_builder_done)))

/* Pairs of attribute and form, ended by 0. (int for bool: what comes before "..." is not promoted.)
 */
void dwarf_put_abbrev(struct dwarf_builder *dwarf, unsigned code, unsigned tag, int has_children,
		      ...);
void dwarf_end_abbrevs(struct dwarf_builder *dwarf);
void dwarf_start_unit(struct dwarf_builder *dwarf, unsigned type, uint64_t abbrev_offset);
void dwarf_end_unit(struct dwarf_builder *dwarf);
/* The code of an abbreviation; returns the entry's offset in .debug_info. 0 ends the children. */
uint64_t dwarf_put_entry(struct dwarf_builder *dwarf, unsigned code);
void dwarf_put_address(struct dwarf_builder *dwarf, uint64_t address);
void dwarf_put_offset(struct dwarf_builder *dwarf, uint64_t offset);
void dwarf_put_number(struct dwarf_builder *dwarf, uint64_t value, unsigned bytes);
void dwarf_put_text(struct dwarf_builder *dwarf, const char *text);
/* Overwrites a reference of 4 bytes that was put at `at`, with the distance from the unit. */
void dwarf_patch_reference(struct dwarf_builder *dwarf, size_t at, uint64_t target);

/* One line of code: its address, file (1 is the first) and line. */
struct line_entry {
	uint64_t address;
	unsigned file, line;
};

/* A line program of one sequence, with "a.cc" and "sub/b.h" as files 1 and 2. Returns its offset
 * in .debug_line. */
uint64_t dwarf_put_lines(struct dwarf_builder *dwarf, const struct line_entry *rows, size_t count,
			 uint64_t end);
/* One set of .debug_aranges with one range. */
void dwarf_put_arange(struct dwarf_builder *dwarf, uint64_t unit, uint64_t start, uint64_t size);
/* Adds the sections to the ELF file. */
void dwarf_add_sections(struct dwarf_builder *dwarf);
