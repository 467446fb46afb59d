#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbol/dwarf_file.h"

enum {
	MAX_FILES = 1 << 20,
	MAX_FORMATS = 64,
};

void line_table_free(struct line_table *lines)
{
	if (!lines)
		return;
	ranges_done(&lines->ranges);
	free(lines->sequences);
	free(lines->rows);
	free(lines->files);
	free(lines);
}

struct line_header {
	struct dwarf_unit encoding; /* only for the sizes that forms need */
	uint8_t min_instruction_bytes, opcode_base, line_range;
	int8_t line_base;
	uint8_t operand_counts[256];
	struct str *directories;
	size_t directory_count, directories_allocated;
};

static void add_directory(struct line_header *header, struct str directory)
{
	if (header->directory_count == header->directories_allocated) {
		header->directories_allocated = MAX(header->directories_allocated * 2, (size_t)16);
		header->directories =
			x_reallocarray(header->directories, header->directories_allocated,
				       sizeof(*header->directories));
	}
	header->directories[header->directory_count++] = directory;
}

static void add_file(struct line_table *lines, const struct line_header *header, struct str name,
		     uint64_t directory)
{
	struct line_file file = { .name = name, .directory = STR("") };

	if (directory < header->directory_count)
		file.directory = header->directories[directory];
	if (lines->file_count == lines->files_allocated) {
		lines->files_allocated = MAX(lines->files_allocated * 2, (size_t)16);
		lines->files =
			x_reallocarray(lines->files, lines->files_allocated, sizeof(*lines->files));
	}
	lines->files[lines->file_count++] = file;
}

/* Versions 2 to 4: texts ended by an empty one. Directory 0 is the unit's, file 0 is none. */
static bool read_old_files(struct bytes *b, struct line_table *lines, struct line_header *header)
{
	struct str text;
	uint64_t directory, ignored;

	add_directory(header, STR(""));
	do {
		if (!bytes_cstr(b, &text))
			return false;
		if (text.len)
			add_directory(header, text);
	} while (text.len && header->directory_count < MAX_FILES);
	add_file(lines, header, STR(""), 0);
	while (lines->file_count < MAX_FILES) {
		if (!bytes_cstr(b, &text))
			return false;
		if (!text.len)
			return true;
		if (!bytes_uleb128(b, &directory) || !bytes_uleb128(b, &ignored) ||
		    !bytes_uleb128(b, &ignored))
			return false;
		add_file(lines, header, text, directory);
	}
	return false;
}

/* Version 5: entries in a format that stands in front of them; `is_file` or else directories. */
static bool read_new_entries(const struct dwarf_file *file, struct bytes *b,
			     struct line_table *lines, struct line_header *header, bool is_file)
{
	struct dwarf_attribute_spec formats[MAX_FORMATS];
	uint8_t format_count;
	uint64_t count;

	if (!bytes_u8(b, &format_count) || format_count > MAX_FORMATS)
		return false;
	for (unsigned i = 0; i < format_count; i++) {
		uint64_t content, form;

		if (!bytes_uleb128(b, &content) || !bytes_uleb128(b, &form))
			return false;
		formats[i] =
			(struct dwarf_attribute_spec){ (uint16_t)MIN(content, (uint64_t)UINT16_MAX),
						       (uint16_t)MIN(form, (uint64_t)UINT16_MAX),
						       0 };
	}
	if (!bytes_uleb128(b, &count) || count > MAX_FILES || (!format_count && count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		struct str path = STR("");
		uint64_t directory = 0;

		for (unsigned j = 0; j < format_count; j++) {
			struct dwarf_value value;

			if (!dwarf_read_form(file, &header->encoding, &formats[j], b, &value))
				return false;
			if (formats[j].name == DW_LNCT_path && value.class == VALUE_TEXT)
				path = value.text;
			else if (formats[j].name == DW_LNCT_directory_index)
				directory = value.number;
		}
		if (is_file)
			add_file(lines, header, path, directory);
		else
			add_directory(header, path);
	}
	return true;
}

/* The header; moves `b` to the program and cuts it at the program's end. */
static bool read_header(const struct dwarf_file *file, const struct dwarf_unit *unit,
			struct bytes *b, struct line_table *lines, struct line_header *header)
{
	uint64_t length, header_length;
	uint32_t short_length;
	uint8_t ignored;
	uint16_t version;
	struct bytes program;

	header->encoding = *unit;
	if (!bytes_u32(b, &short_length))
		return false;
	length = short_length;
	header->encoding.encoding.offset_bytes = short_length == UINT32_MAX ? 8 : 4;
	if (short_length == UINT32_MAX && !bytes_u64(b, &length))
		return false;
	b->end = b->pos + MIN(length, (uint64_t)bytes_left(b));
	if (!bytes_u16(b, &version) || version < 2 || version > 5)
		return false;
	if (version >= 5 &&
	    (!bytes_u8(b, &header->encoding.encoding.address_bytes) || !bytes_u8(b, &ignored)))
		return false;
	if (!dwarf_read_number(b, header->encoding.encoding.offset_bytes, &header_length))
		return false;
	program = *b;
	if (!bytes_skip(&program, header_length) || !bytes_u8(b, &header->min_instruction_bytes) ||
	    (version >= 4 && !bytes_u8(b, &ignored)) || !bytes_u8(b, &ignored) ||
	    !bytes_copy(b, &header->line_base, 1) || !bytes_u8(b, &header->line_range) ||
	    !bytes_u8(b, &header->opcode_base) || !header->line_range || !header->opcode_base ||
	    !bytes_copy(b, header->operand_counts + 1, header->opcode_base - 1U))
		return false;
	b->end = program.pos;
	if (version >= 5 ? !read_new_entries(file, b, lines, header, false) ||
				   !read_new_entries(file, b, lines, header, true)
			 : !read_old_files(b, lines, header))
		return false;
	*b = program;
	return true;
}

/* The registers of the line machine, and the sequence that is being written. */
struct machine {
	uint64_t address, sequence_start;
	uint32_t file, line;
	size_t first_row; /* of the sequence */
	bool in_sequence;
};

static void start_sequence(struct machine *machine, const struct line_table *lines)
{
	*machine = (struct machine){ .file = 1, .line = 1, .first_row = lines->row_count };
}

/* A row says where the code of a line starts. At one address the last row counts. */
static void add_row(struct line_table *lines, struct machine *machine)
{
	struct line_row *last;
	struct line_row row = { .line = machine->line, .file = machine->file };

	if (!machine->in_sequence) {
		machine->in_sequence = true;
		machine->sequence_start = machine->address;
	}
	/* Addresses only grow inside of a sequence; one that does not is damage, and unused. */
	if (machine->address < machine->sequence_start ||
	    machine->address - machine->sequence_start > UINT32_MAX)
		return;
	row.offset = (uint32_t)(machine->address - machine->sequence_start);
	last = lines->row_count > machine->first_row ? &lines->rows[lines->row_count - 1] : NULL;
	if (last && row.offset < last->offset)
		return;
	if (last && row.offset == last->offset) {
		*last = row;
		return;
	}
	if (last && last->line == row.line && last->file == row.file)
		return;
	if (lines->row_count == lines->rows_allocated) {
		lines->rows_allocated = MAX(lines->rows_allocated * 2, (size_t)256);
		lines->rows =
			x_reallocarray(lines->rows, lines->rows_allocated, sizeof(*lines->rows));
	}
	lines->rows[lines->row_count++] = row;
}

static void end_sequence(struct line_table *lines, struct machine *machine)
{
	/* Discarded code starts at 0 or 1. */
	if (machine->in_sequence && machine->sequence_start > 1 &&
	    machine->address > machine->sequence_start) {
		if (lines->sequence_count == lines->sequences_allocated) {
			lines->sequences_allocated =
				MAX(lines->sequences_allocated * 2, (size_t)16);
			lines->sequences =
				x_reallocarray(lines->sequences, lines->sequences_allocated,
					       sizeof(*lines->sequences));
		}
		ranges_add(&lines->ranges, machine->sequence_start, machine->address,
			   (uint32_t)lines->sequence_count);
		lines->sequences[lines->sequence_count++] =
			(struct line_sequence){ machine->sequence_start, machine->first_row,
						lines->row_count - machine->first_row };
	} else {
		lines->row_count = machine->first_row;
	}
	start_sequence(machine, lines);
}

static bool run_extended(struct line_table *lines, const struct line_header *header,
			 struct machine *machine, struct bytes *b)
{
	struct bytes operands;
	uint64_t length, directory;
	struct str name;
	uint8_t opcode;

	if (!bytes_uleb128(b, &length) || !bytes_sub(b, length, &operands) ||
	    !bytes_u8(&operands, &opcode))
		return false;
	switch (opcode) {
	case DW_LNE_end_sequence:
		end_sequence(lines, machine);
		return true;
	case DW_LNE_set_address:
		return dwarf_read_number(&operands, (unsigned)bytes_left(&operands),
					 &machine->address);
	case DW_LNE_define_file:
		if (bytes_cstr(&operands, &name) && bytes_uleb128(&operands, &directory) &&
		    lines->file_count < MAX_FILES)
			add_file(lines, header, name, directory);
		return true;
	default:
		return true;
	}
}

static bool skip_operands(struct bytes *b, unsigned count)
{
	uint64_t ignored;

	while (count--) {
		if (!bytes_uleb128(b, &ignored))
			return false;
	}
	return true;
}

static bool run_standard(struct line_table *lines, const struct line_header *header,
			 struct machine *machine, unsigned opcode, struct bytes *b)
{
	uint64_t operand;
	int64_t change;
	uint16_t fixed;

	switch (opcode) {
	case DW_LNS_copy:
		add_row(lines, machine);
		return true;
	case DW_LNS_advance_pc:
		if (!bytes_uleb128(b, &operand))
			return false;
		machine->address += operand * header->min_instruction_bytes;
		return true;
	case DW_LNS_advance_line:
		if (!bytes_sleb128(b, &change))
			return false;
		machine->line += (uint32_t)change;
		return true;
	case DW_LNS_set_file:
		if (!bytes_uleb128(b, &operand))
			return false;
		machine->file = (uint32_t)MIN(operand, (uint64_t)UINT32_MAX);
		return true;
	case DW_LNS_const_add_pc:
		machine->address += (uint64_t)((255U - header->opcode_base) / header->line_range) *
				    header->min_instruction_bytes;
		return true;
	case DW_LNS_fixed_advance_pc:
		if (!bytes_u16(b, &fixed))
			return false;
		machine->address += fixed;
		return true;
	default:
		return skip_operands(b, header->operand_counts[opcode]);
	}
}

static void run_program(struct line_table *lines, const struct line_header *header, struct bytes b)
{
	struct machine machine;
	uint8_t opcode;

	start_sequence(&machine, lines);
	while (bytes_u8(&b, &opcode)) {
		if (opcode >= header->opcode_base) {
			unsigned special = (unsigned)opcode - header->opcode_base;

			machine.address += (uint64_t)(special / header->line_range) *
					   header->min_instruction_bytes;
			machine.line +=
				(uint32_t)(header->line_base + (int)(special % header->line_range));
			add_row(lines, &machine);
		} else if (opcode == 0 ? !run_extended(lines, header, &machine, &b)
				       : !run_standard(lines, header, &machine, opcode, &b)) {
			break;
		}
	}
	/* A sequence that does not end has no range. */
	lines->row_count = machine.first_row;
}

void dwarf_read_lines(struct dwarf_file *file, struct dwarf_unit *unit)
{
	struct line_header *header;
	struct bytes b = file->sections.line;

	if (unit->are_lines_read || !dwarf_read_root(file, unit))
		return;
	unit->are_lines_read = true;
	if (!unit->has_lines || !bytes_seek(&b, unit->line_offset))
		return;
	unit->lines = x_calloc(1, sizeof(*unit->lines));
	header = x_calloc(1, sizeof(*header));
	if (read_header(file, unit, &b, unit->lines, header))
		run_program(unit->lines, header, b);
	ranges_sort(&unit->lines->ranges);
	free(header->directories);
	free(header);
}

bool line_table_find(const struct line_table *lines, uint64_t address, uint32_t *ret_file,
		     uint32_t *ret_line)
{
	const struct range *range = lines ? ranges_find(&lines->ranges, address) : NULL;
	const struct line_sequence *sequence;
	const struct line_row *rows;
	size_t low = 0, high;

	if (!range)
		return false;
	sequence = &lines->sequences[range->value];
	rows = lines->rows + sequence->first_row;
	high = sequence->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].offset <= address - sequence->start)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*ret_file = rows[low - 1].file;
	*ret_line = rows[low - 1].line;
	return true;
}

static void add_directory_text(struct strbuf *path, struct str directory)
{
	if (!directory.len)
		return;
	strbuf_add(path, directory);
	if (directory.ptr[directory.len - 1] != '/')
		strbuf_add_char(path, '/');
}

uint32_t dwarf_file_text(struct dwarf *dwarf, struct dwarf_unit *unit, uint32_t file)
{
	struct strbuf *path = &dwarf->path;
	struct line_file *entry;

	if (!unit->lines || file >= unit->lines->file_count)
		return 0;
	entry = &unit->lines->files[file];
	if (entry->text)
		return entry->text - 1;
	strbuf_reset(path);
	if (!str_starts_with(entry->name, STR("/"))) {
		if (!str_starts_with(entry->directory, STR("/")))
			add_directory_text(path, unit->comp_dir);
		add_directory_text(path, entry->directory);
	}
	if (entry->name.len)
		strbuf_add(path, entry->name);
	else
		strbuf_reset(path);
	entry->text = intern(dwarf->options.texts, strbuf_str(path)) + 1;
	return entry->text - 1;
}
