#include "symbol/dwarf.h"

#include <stdlib.h>

#include "base/memory.h"
#include "symbol/demangle.h"
#include "symbol/dwarf_file.h"

enum {
	/* How many units may claim the same address before we stop asking them. */
	MAX_UNITS_ASKED = 8,
	PATH_CAP_BYTES = 16 << 10,
};

static void read_section(struct image *image, const char *name, struct bytes *ret)
{
	if (!image_contents_of(image, name, ret)) {
		*ret = (struct bytes){ 0 };
		return;
	}
	ret->start = ret->pos;
}

/*
 * Real files cause work in proportion to their size: each table is read once, each range once or
 * twice, each function's entries once. The budgets stop what a damaged one may ask for beyond.
 */
static void open_file(struct dwarf_file *file, struct image *image,
		      const struct dwarf_options *options)
{
	struct dwarf_sections *sections = &file->sections;

	read_section(image, ".debug_info", &sections->info);
	read_section(image, ".debug_abbrev", &sections->abbrev);
	read_section(image, ".debug_str", &sections->str);
	read_section(image, ".debug_line_str", &sections->line_str);
	read_section(image, ".debug_str_offsets", &sections->str_offsets);
	read_section(image, ".debug_addr", &sections->addr);
	read_section(image, ".debug_ranges", &sections->ranges);
	read_section(image, ".debug_rnglists", &sections->rnglists);
	/* Often compressed, and not for nothing. */
	if (options->lines)
		read_section(image, ".debug_line", &sections->line);
	read_section(image, ".debug_aranges", &sections->aranges);
	file->abbrev_budget = 8 * (uint64_t)bytes_left(&sections->abbrev) + (1 << 20);
	file->range_budget =
		4 * (uint64_t)(bytes_left(&sections->ranges) + bytes_left(&sections->rnglists)) +
		(1 << 20);
	file->entry_budget = 8 * (uint64_t)bytes_left(&sections->info) + (1 << 20);
	dwarf_read_units(file);
}

struct dwarf *dwarf_new(struct image *image, struct image *alt, const struct dwarf_options *options)
{
	struct dwarf *dwarf = x_calloc(1, sizeof(*dwarf));

	dwarf->options = *options;
	dwarf->demangled.cap = DEMANGLED_CAP_BYTES;
	dwarf->path.cap = PATH_CAP_BYTES;
	dwarf->alt.is_alt = true;
	if (alt) {
		open_file(&dwarf->alt, alt, options);
		dwarf->main.alt = &dwarf->alt;
	}
	open_file(&dwarf->main, image, options);
	dwarf_index_units(dwarf);
	return dwarf;
}

static void close_file(struct dwarf_file *file)
{
	for (size_t i = 0; i < file->unit_count; i++)
		dwarf_unit_done(&file->units[i]);
	free(file->units);
	for (size_t i = 0; i < file->table_count; i++)
		abbrev_table_free(file->tables[i]);
	free(file->tables);
	offset_map_done(&file->table_by_offset);
}

void dwarf_free(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	close_file(&dwarf->main);
	close_file(&dwarf->alt);
	ranges_done(&dwarf->unit_ranges);
	offset_map_done(&dwarf->names);
	strbuf_done(&dwarf->demangled);
	strbuf_done(&dwarf->path);
	free(dwarf);
}

static void note_facts(struct dwarf *dwarf, struct dwarf_unit *unit)
{
	if (unit->is_noted)
		return;
	unit->is_noted = true;
	dwarf->facts.unoptimised |= unit->is_unoptimised;
	dwarf->facts.split_missing |= unit->is_split;
	if (unit->producer.len)
		dwarf->facts.producer = intern(dwarf->options.texts, unit->producer);
}

struct dwarf_unit_facts dwarf_facts(const struct dwarf *dwarf)
{
	return dwarf->facts;
}

/* The unit whose function or, failing that, whose range holds `address`; NULL = none. */
static struct dwarf_unit *find_unit(struct dwarf *dwarf, uint64_t address,
				    struct function **ret_function)
{
	struct dwarf_unit *first = NULL;
	const struct range *range;
	size_t cursor = SIZE_MAX;

	*ret_function = NULL;
	for (unsigned i = 0;
	     i < MAX_UNITS_ASKED && (range = ranges_next(&dwarf->unit_ranges, address, &cursor));
	     i++) {
		struct dwarf_unit *unit = &dwarf->main.units[range->value];

		*ret_function = dwarf_find_function(&dwarf->main, unit, address);
		if (*ret_function)
			return unit;
		if (!first)
			first = unit;
	}
	return first;
}

/* Fills the frames of `function` at `address`, names only for what is shown. */
static size_t fill_frames(struct dwarf *dwarf, struct dwarf_unit *unit, struct function *function,
			  uint64_t address, struct dwarf_frame *frames)
{
	const struct range *range = NULL;
	uint32_t at = 0;
	size_t count = 0;

	if (dwarf->options.inlines) {
		dwarf_scan_function(&dwarf->main, unit, function);
		range = ranges_find(&function->ranges, address);
		at = range ? range->value + 1 : 0;
	}
	while (at && count < DWARF_MAX_FRAMES - 1) {
		const struct inlined *inlined = &function->inlined[at - 1];

		frames[count++].name = dwarf_name(dwarf, inlined->origin);
		frames[count] = (struct dwarf_frame){
			.file = dwarf_file_text(dwarf, unit, inlined->call_file),
			.line = inlined->call_line,
		};
		at = inlined->parent;
	}
	frames[count++].name = dwarf_name(dwarf, entry_key(false, function->entry));
	return count;
}

size_t dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_frame *frames,
		  uint64_t *ret_start)
{
	struct function *function;
	struct dwarf_unit *unit = find_unit(dwarf, address, &function);
	uint32_t file, line;

	frames[0] = (struct dwarf_frame){ 0 };
	*ret_start = 0;
	if (!unit)
		return 0;
	note_facts(dwarf, unit);
	if (dwarf->options.lines) {
		dwarf_read_lines(&dwarf->main, unit);
		if (line_table_find(unit->lines, address, &file, &line))
			frames[0] =
				(struct dwarf_frame){ .file = dwarf_file_text(dwarf, unit, file),
						      .line = line };
	}
	if (!function)
		return 0;
	*ret_start = function->start;
	return fill_frames(dwarf, unit, function, address, frames);
}
