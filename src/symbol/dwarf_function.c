#include <stdlib.h>

#include "base/memory.h"
#include "symbol/dwarf_file.h"

enum {
	MAX_LEVELS = 512,
	MAX_INLINED = 1 << 22,
};

void dwarf_unit_done(struct dwarf_unit *unit)
{
	for (size_t i = 0; i < unit->function_count; i++) {
		free(unit->functions[i].inlined);
		ranges_done(&unit->functions[i].ranges);
	}
	free(unit->functions);
	ranges_done(&unit->function_ranges);
	line_table_free(unit->lines);
}

/* Reads the ranges of a subprogram with code; false = damage. */
static bool add_function(struct dwarf_file *file, struct dwarf_unit *unit,
			 const struct abbrev *abbrev, uint64_t entry, struct bytes *b,
			 uint64_t *ret_sibling)
{
	struct entry_code code = { 0 };
	struct dwarf_value value;
	size_t before = unit->function_ranges.count;

	*ret_sibling = 0;
	for (unsigned i = 0; i < abbrev->attribute_count; i++) {
		const struct dwarf_attribute_spec *spec =
			&unit->abbrevs->attributes[abbrev->first_attribute + i];

		if (!dwarf_read_form(file, unit, spec, b, &value))
			return false;
		if (spec->name == DW_AT_sibling && value.class == VALUE_REFERENCE)
			*ret_sibling = value.number;
		else
			entry_code_note(&code, spec->name, &value);
	}
	entry_code_ranges(file, unit, &code, (uint32_t)unit->function_count,
			  &unit->function_ranges);
	if (unit->function_ranges.count == before)
		return true;
	if (unit->function_count == unit->functions_allocated) {
		unit->functions_allocated = MAX(unit->functions_allocated * 2, (size_t)32);
		unit->functions = x_reallocarray(unit->functions, unit->functions_allocated,
						 sizeof(*unit->functions));
	}
	unit->functions[unit->function_count++] =
		(struct function){ .entry = entry,
				   .start = unit->function_ranges.items[before].start };
	return true;
}

static bool read_code(struct bytes *b, uint64_t *ret)
{
	/* Nearly all codes are below 128. */
	if (b->pos < b->end && *b->pos < 0x80) {
		*ret = *b->pos++;
		return true;
	}
	return bytes_uleb128(b, ret);
}

/*
 * Layer 2. Compilers put functions into units and namespaces; what other entries hold is passed by
 * where DW_AT_sibling allows it, bodies of functions among them. The few that are missed so (GNU
 * C's nested functions) are found by a second scan that passes by nothing.
 */
static void scan_unit(struct dwarf_file *file, struct dwarf_unit *unit, bool fully)
{
	const struct abbrev_table *table = unit->abbrevs;
	struct bytes b = file->sections.info;
	uint64_t code, sibling;

	b.end = b.start + unit->end;
	if (!table || !bytes_seek(&b, unit->first_entry))
		return;
	for (;;) {
		uint64_t entry = bytes_offset(&b);
		const struct abbrev *abbrev;

		if (!read_code(&b, &code))
			break;
		if (!code)
			continue;
		abbrev = abbrev_find(table, code);
		if (!abbrev)
			break;
		if (abbrev->kind == ABBREV_FUNCTION) {
			if (!add_function(file, unit, abbrev, entry, &b, &sibling))
				break;
		} else if (!dwarf_skip_attributes(unit, table, abbrev, &b, &sibling)) {
			break;
		}
		if (!fully && abbrev->has_children && abbrev->kind != ABBREV_SCOPE &&
		    sibling > bytes_offset(&b) && sibling <= unit->end)
			bytes_seek(&b, sibling);
	}
	ranges_flatten(&unit->function_ranges);
}

static void drop_functions(struct dwarf_unit *unit)
{
	for (size_t i = 0; i < unit->function_count; i++) {
		free(unit->functions[i].inlined);
		ranges_done(&unit->functions[i].ranges);
	}
	unit->function_count = 0;
	ranges_done(&unit->function_ranges);
}

struct function *dwarf_find_function(struct dwarf_file *file, struct dwarf_unit *unit,
				     uint64_t address)
{
	const struct range *range;

	if (!dwarf_read_root(file, unit))
		return NULL;
	if (!unit->is_scanned) {
		unit->is_scanned = true;
		scan_unit(file, unit, false);
	}
	range = ranges_find(&unit->function_ranges, address);
	if (!range && !unit->is_scanned_fully) {
		unit->is_scanned_fully = true;
		drop_functions(unit);
		scan_unit(file, unit, true);
		range = ranges_find(&unit->function_ranges, address);
	}
	return range ? &unit->functions[range->value] : NULL;
}

/* What is open while the entries inside of a function are walked. */
struct level {
	uint32_t inlined; /* index + 1 of the innermost one; 0 = the function itself */
	bool is_ignored;  /* holds nothing of ours */
};

struct walk {
	struct dwarf_file *file;
	struct dwarf_unit *unit;
	struct function *function;
	size_t allocated;
	struct level levels[MAX_LEVELS];
	unsigned depth; /* levels open */
};

static bool read_inlined(struct walk *walk, const struct abbrev *abbrev, uint32_t parent,
			 struct bytes *b)
{
	const struct dwarf_attribute_spec *specs =
		walk->unit->abbrevs->attributes + abbrev->first_attribute;
	struct inlined inlined = { .parent = parent, .origin = UINT64_MAX };
	struct function *function = walk->function;
	struct entry_code code = { 0 };
	struct dwarf_value value;

	for (unsigned i = 0; i < abbrev->attribute_count; i++) {
		if (!dwarf_read_form(walk->file, walk->unit, &specs[i], b, &value))
			return false;
		switch (specs[i].name) {
		case DW_AT_abstract_origin:
			if (value.class == VALUE_REFERENCE || value.class == VALUE_ALT_REFERENCE)
				inlined.origin =
					entry_key(value.class == VALUE_ALT_REFERENCE, value.number);
			break;
		case DW_AT_call_file:
			inlined.call_file = (uint32_t)value.number;
			break;
		case DW_AT_call_line:
			inlined.call_line = (uint32_t)value.number;
			break;
		default:
			entry_code_note(&code, specs[i].name, &value);
			break;
		}
	}
	if (function->inlined_count == walk->allocated) {
		if (walk->allocated >= MAX_INLINED)
			return false;
		walk->allocated = MAX(walk->allocated * 2, (size_t)8);
		function->inlined = x_reallocarray(function->inlined, walk->allocated,
						   sizeof(*function->inlined));
	}
	entry_code_ranges(walk->file, walk->unit, &code, (uint32_t)function->inlined_count,
			  &function->ranges);
	function->inlined[function->inlined_count++] = inlined;
	return true;
}

/* One entry inside of the function; false at damage. */
static bool walk_entry(struct walk *walk, const struct abbrev *abbrev, struct bytes *b)
{
	struct level here = walk->levels[walk->depth - 1];
	uint64_t sibling = 0;

	if (abbrev->kind == ABBREV_INLINED && !here.is_ignored) {
		if (!read_inlined(walk, abbrev, here.inlined, b))
			return false;
		here.inlined = (uint32_t)walk->function->inlined_count;
	} else {
		if (!dwarf_skip_attributes(walk->unit, walk->unit->abbrevs, abbrev, b, &sibling))
			return false;
		here.is_ignored |= abbrev->kind != ABBREV_BLOCK;
	}
	if (!abbrev->has_children)
		return true;
	if (here.is_ignored && sibling > bytes_offset(b) && sibling <= walk->unit->end)
		return bytes_seek(b, sibling);
	if (walk->depth == MAX_LEVELS)
		return false;
	walk->levels[walk->depth++] = here;
	return true;
}

void dwarf_scan_function(struct dwarf_file *file, struct dwarf_unit *unit,
			 struct function *function)
{
	struct walk walk = { .file = file, .unit = unit, .function = function, .depth = 1 };
	const struct abbrev *abbrev;
	uint64_t code, sibling;
	struct bytes b;

	if (function->is_scanned)
		return;
	function->is_scanned = true;
	abbrev = dwarf_entry(file, unit, function->entry, &b);
	if (!abbrev || !abbrev->has_children ||
	    !dwarf_skip_attributes(unit, unit->abbrevs, abbrev, &b, &sibling))
		return;
	while (walk.depth) {
		uint64_t before = bytes_offset(&b);

		if (!read_code(&b, &code))
			break;
		if (!code) {
			walk.depth--;
			continue;
		}
		abbrev = abbrev_find(unit->abbrevs, code);
		if (!abbrev || !walk_entry(&walk, abbrev, &b) ||
		    !budget_take(&file->entry_budget, bytes_offset(&b) - before))
			break;
	}
	ranges_flatten(&function->ranges);
}
