/*
 * Inside the DWARF reader only: sections, abbreviations, units and attribute values, shared by its
 * parts (dwarf_abbrev.c, dwarf_form.c, dwarf_unit.c, dwarf_function.c, dwarf_line.c, dwarf_name.c).
 */
#pragma once

#include "base/strbuf.h"
#include "symbol/dwarf.h"
#include "symbol/dwarf_constants.h"
#include "symbol/offset_map.h"
#include "symbol/ranges.h"

struct dwarf_attribute_spec {
	uint16_t name, form;
	int64_t implicit; /* DW_FORM_implicit_const */
};

/* What an entry is to the index. */
enum abbrev_kind {
	ABBREV_OTHER,
	ABBREV_SCOPE,	 /* holds functions: units, namespaces, modules */
	ABBREV_FUNCTION, /* a subprogram with code */
	ABBREV_INLINED,
	ABBREV_BLOCK, /* inside of a function, may hold inlined ones */
};

enum skip_kind {
	SKIP_FIXED, /* `bytes` */
	SKIP_LEB,
	SKIP_TEXT,
	SKIP_BLOCK, /* a length of `bytes` (0: LEB128) and as much as it says */
	SKIP_INDIRECT,
	SKIP_SIBLING, /* a unit reference of `bytes` (0: LEB128) */
};

struct skip_op {
	uint8_t kind;
	uint32_t bytes;
};

struct abbrev {
	uint64_t code;
	uint32_t first_attribute, first_op;
	uint16_t attribute_count, op_count;
	uint16_t tag;
	uint8_t kind;
	bool has_children;
};

/* Sizes of addresses and offsets, which abbreviations leave to the unit. */
struct dwarf_encoding {
	uint8_t version, address_bytes, offset_bytes;
};

struct abbrev_table {
	struct abbrev *items; /* sorted by code */
	size_t count;
	uint32_t *by_code; /* index + 1 of items; NULL where codes are sparse */
	uint64_t code_count;
	struct dwarf_attribute_spec *attributes;
	struct skip_op *ops;
};

struct line_row {
	uint32_t offset; /* from the start of its sequence */
	uint32_t line;
	uint32_t file;
};

struct line_sequence {
	uint64_t start;
	size_t first_row, row_count;
};

struct line_file {
	struct str directory, name;
	uint32_t text; /* id + 1 of the whole path; 0 = not made yet */
};

struct line_table {
	struct ranges ranges; /* of sequences */
	struct line_sequence *sequences;
	size_t sequence_count, sequences_allocated;
	struct line_row *rows;
	size_t row_count, rows_allocated;
	struct line_file *files; /* by the number that rows and DW_AT_call_file have */
	size_t file_count, files_allocated;
};

/* Code ranges of an entry, as its attributes give them. */
struct entry_code {
	uint64_t low_pc, high_pc, ranges_at;
	bool has_low_pc, has_high_pc, high_pc_is_offset, has_ranges_at, ranges_at_is_index;
};

struct inlined {
	uint64_t origin; /* key of the entry that has the name (see dwarf_name) */
	uint32_t parent; /* index + 1 of what it is inlined into; 0 = the function */
	uint32_t call_file, call_line;
};

/* Layer 3. */
struct function {
	uint64_t entry; /* offset of its entry in .debug_info */
	uint64_t start;
	bool is_scanned;
	struct inlined *inlined;
	size_t inlined_count;
	struct ranges ranges; /* of `inlined`; flat */
};

struct dwarf_unit {
	uint64_t offset, first_entry, end; /* in .debug_info */
	uint64_t abbrev_offset;
	struct dwarf_encoding encoding;
	uint8_t type;
	bool has_ranges; /* .debug_aranges has some */
	bool is_root_read, is_scanned, is_scanned_fully, are_lines_read, is_noted;
	struct abbrev_table *abbrevs; /* NULL: not read yet; owned by the file */

	/* of the root entry, once is_root_read */
	struct entry_code code;
	uint64_t low_pc, address_base, str_offsets_base, rnglists_base, ranges_base, line_offset;
	bool has_lines, is_split, is_unoptimised;
	uint16_t language;
	struct str comp_dir, producer;

	/* layer 2 */
	struct function *functions;
	size_t function_count, functions_allocated;
	struct ranges function_ranges; /* flat */
	struct line_table *lines;
};

struct dwarf_sections {
	struct bytes info, abbrev, str, line_str, str_offsets, addr, ranges, rnglists, line,
		aranges;
};

/* The DWARF of one ELF file: the one asked about, or what dwz moved out of several. */
struct dwarf_file {
	struct dwarf_sections sections;
	struct dwarf_file *alt;
	bool is_alt;
	struct dwarf_unit *units; /* by offset */
	size_t unit_count;
	struct abbrev_table **tables;
	size_t table_count, tables_allocated;
	struct offset_map table_by_offset;
	/* Work that a damaged file may still cause, counted down; see budget_take. */
	uint64_t abbrev_budget, range_budget, entry_budget;
};

struct dwarf {
	struct dwarf_options options;
	struct dwarf_file main, alt;
	struct ranges unit_ranges;     /* layer 1 */
	struct offset_map names;       /* entry key to text id */
	struct strbuf demangled, path; /* scratch */
	struct dwarf_unit_facts facts;
};

static inline bool budget_take(uint64_t *budget, uint64_t amount)
{
	if (amount > *budget)
		return false;
	*budget -= amount;
	return true;
}

/* abbreviations */
struct abbrev_table *abbrev_table_get(struct dwarf_file *file, uint64_t offset,
				      struct dwarf_encoding encoding);
void abbrev_table_free(struct abbrev_table *table);
const struct abbrev *abbrev_find(const struct abbrev_table *table, uint64_t code);

/* values */
enum value_class {
	VALUE_OTHER,
	VALUE_CONSTANT,
	VALUE_ADDRESS,
	VALUE_REFERENCE,     /* .number: offset in this file's .debug_info */
	VALUE_ALT_REFERENCE, /* in the alt file's */
	VALUE_TEXT,
	VALUE_LIST_OFFSET, /* sec_offset: of a range list, a line program, ... */
	VALUE_LIST_INDEX,
};

struct dwarf_value {
	enum value_class class;
	uint64_t number;
	struct str text;
};

bool dwarf_read_form(const struct dwarf_file *file, const struct dwarf_unit *unit,
		     const struct dwarf_attribute_spec *spec, struct bytes *b,
		     struct dwarf_value *ret);
/* `bytes` many (1 to 8), in the file's order. */
bool dwarf_read_number(struct bytes *b, unsigned bytes, uint64_t *ret);
/* Moves over an entry's attributes; *ret_sibling is 0 where it has none. */
bool dwarf_skip_attributes(const struct dwarf_unit *unit, const struct abbrev_table *table,
			   const struct abbrev *abbrev, struct bytes *b, uint64_t *ret_sibling);

void entry_code_note(struct entry_code *code, unsigned attribute, const struct dwarf_value *value);
/* Adds them to `ret` with that value; ranges of discarded code (at 0) are left out. */
void entry_code_ranges(struct dwarf_file *file, const struct dwarf_unit *unit,
		       const struct entry_code *code, uint32_t value, struct ranges *ret);

/* units */
void dwarf_read_units(struct dwarf_file *file);
struct dwarf_unit *dwarf_unit_at(struct dwarf_file *file, uint64_t offset);
/* Reads what the root entry says, once; false where it cannot be read. */
bool dwarf_read_root(struct dwarf_file *file, struct dwarf_unit *unit);
/* Layer 1. */
void dwarf_index_units(struct dwarf *dwarf);

/* entries: a cursor at an entry of the unit, and its abbreviation; NULL = the end or damage */
const struct abbrev *dwarf_entry(struct dwarf_file *file, struct dwarf_unit *unit, uint64_t offset,
				 struct bytes *ret);

/* functions: layers 2 and 3 */
struct function *dwarf_find_function(struct dwarf_file *file, struct dwarf_unit *unit,
				     uint64_t address);
void dwarf_scan_function(struct dwarf_file *file, struct dwarf_unit *unit,
			 struct function *function);
void dwarf_unit_done(struct dwarf_unit *unit);

/* lines */
void dwarf_read_lines(struct dwarf_file *file, struct dwarf_unit *unit);
void line_table_free(struct line_table *lines);
bool line_table_find(const struct line_table *lines, uint64_t address, uint32_t *ret_file,
		     uint32_t *ret_line);
/* The text id of a source file of the unit. */
uint32_t dwarf_file_text(struct dwarf *dwarf, struct dwarf_unit *unit, uint32_t file);

/* names: `key` is an entry's offset * 2, + 1 in the alt file */
uint32_t dwarf_name(struct dwarf *dwarf, uint64_t key);

static inline uint64_t entry_key(bool is_alt, uint64_t offset)
{
	return offset << 1 | is_alt;
}
