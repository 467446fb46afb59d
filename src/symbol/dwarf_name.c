#include "base/memory.h"
#include "symbol/demangle.h"
#include "symbol/dwarf_file.h"

enum {
	/* abstract_origin, specification: two or three steps in practice. */
	MAX_STEPS = 16,
};

struct found_name {
	struct str linkage, plain;
	struct dwarf_unit *unit; /* of the entry that has `plain` */
	uint64_t next;		 /* key of the entry to go on with, or UINT64_MAX */
};

static void note(struct found_name *found, bool is_alt, unsigned attribute,
		 const struct dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		if (value->class == VALUE_TEXT)
			found->linkage = value->text;
		break;
	case DW_AT_name:
		if (value->class == VALUE_TEXT && !found->plain.len)
			found->plain = value->text;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		if (value->class == VALUE_REFERENCE)
			found->next = entry_key(is_alt, value->number);
		else if (value->class == VALUE_ALT_REFERENCE)
			found->next = entry_key(true, value->number);
		break;
	default:
		break;
	}
}

/* Reads the names of one entry and where it points; false = damage. */
static bool read_entry(struct dwarf *dwarf, uint64_t key, struct found_name *found)
{
	struct dwarf_file *file = key & 1 ? &dwarf->alt : &dwarf->main;
	struct dwarf_unit *unit = dwarf_unit_at(file, key >> 1);
	const struct abbrev *abbrev;
	struct dwarf_value value;
	struct bytes b;

	found->next = UINT64_MAX;
	if (!unit || !dwarf_read_root(file, unit))
		return false;
	abbrev = dwarf_entry(file, unit, key >> 1, &b);
	if (!abbrev)
		return false;
	for (unsigned i = 0; i < abbrev->attribute_count; i++) {
		const struct dwarf_attribute_spec *spec =
			&unit->abbrevs->attributes[abbrev->first_attribute + i];

		if (!dwarf_read_form(file, unit, spec, &b, &value))
			return false;
		note(found, file->is_alt, spec->name, &value);
	}
	return true;
}

static uint32_t find_name(struct dwarf *dwarf, uint64_t key)
{
	struct found_name found = { .next = key };

	for (unsigned i = 0; i < MAX_STEPS && found.next != UINT64_MAX && !found.linkage.len; i++) {
		if (!read_entry(dwarf, found.next, &found))
			break;
	}
	if (!found.linkage.len)
		return intern(dwarf->options.texts, found.plain);
	if (dwarf->options.demangle && demangle(found.linkage, &dwarf->demangled))
		return intern(dwarf->options.texts, strbuf_str(&dwarf->demangled));
	return intern(dwarf->options.texts, found.linkage);
}

uint32_t dwarf_name(struct dwarf *dwarf, uint64_t key)
{
	uint32_t text;

	if (key == UINT64_MAX)
		return 0;
	if (offset_map_find(&dwarf->names, key, &text))
		return text;
	text = find_name(dwarf, key);
	offset_map_add(&dwarf->names, key, text);
	return text;
}
