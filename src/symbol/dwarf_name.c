#include "base/memory.h"
#include "symbol/demangle.h"
#include "symbol/dwarf_file.h"

enum {
	/* abstract_origin, specification: two or three steps in practice. */
	MAX_STEPS = 16,
	MAX_SCOPES = 64,
};

struct found_name {
	struct str linkage, plain;
	uint64_t plain_key; /* of the entry that has `plain` */
	uint64_t next;	    /* key of the entry to go on with, or UINT64_MAX */
};

static void note(struct found_name *found, uint64_t key, unsigned attribute,
		 const struct dwarf_value *value)
{
	bool is_alt = key & 1;

	switch (attribute) {
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		if (value->class == VALUE_TEXT)
			found->linkage = value->text;
		break;
	case DW_AT_name:
		if (value->class == VALUE_TEXT && !found->plain.len) {
			found->plain = value->text;
			found->plain_key = key;
		}
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
		note(found, key, spec->name, &value);
	}
	return true;
}

static bool is_scope(unsigned tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
	       tag == DW_TAG_interface_type || tag == DW_TAG_enumeration_type ||
	       tag == DW_TAG_module;
}

/* C and assembler have no scopes that a function could be in. */
static bool has_scopes(unsigned language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

struct scope {
	uint64_t entry;
	uint16_t tag;
};

/*
 * The entries around the one at `target`, outermost first: entries do not say what they are in, so
 * the way to it is walked from the unit's root. Returns how many; 0 at damage.
 */
static size_t find_scopes(struct dwarf_file *file, struct dwarf_unit *unit, uint64_t target,
			  struct scope scopes[MAX_SCOPES])
{
	struct bytes b = file->sections.info;
	size_t depth = 0;

	b.end = b.start + unit->end;
	if (!bytes_seek(&b, unit->first_entry))
		return 0;
	while (bytes_offset(&b) < target) {
		uint64_t entry = bytes_offset(&b), code, sibling;
		const struct abbrev *abbrev;

		if (!bytes_uleb128(&b, &code))
			return 0;
		if (!code) {
			if (!depth--)
				return 0;
			continue;
		}
		abbrev = abbrev_find(unit->abbrevs, code);
		if (!abbrev || !dwarf_skip_attributes(unit, unit->abbrevs, abbrev, &b, &sibling) ||
		    !budget_take(&file->entry_budget, bytes_offset(&b) - entry))
			return 0;
		if (!abbrev->has_children)
			continue;
		if (sibling > bytes_offset(&b) && sibling <= target) {
			bytes_seek(&b, sibling);
			continue;
		}
		if (depth == MAX_SCOPES)
			return 0;
		scopes[depth++] = (struct scope){ entry, abbrev->tag };
	}
	return bytes_offset(&b) == target ? depth : 0;
}

/* "space::Class::" in front of a name that has no linkage name. */
static void add_scope_names(struct dwarf *dwarf, uint64_t key, struct strbuf *out)
{
	struct dwarf_file *file = key & 1 ? &dwarf->alt : &dwarf->main;
	struct dwarf_unit *unit = dwarf_unit_at(file, key >> 1);
	struct scope scopes[MAX_SCOPES];
	size_t count;

	if (!unit || !has_scopes(unit->language))
		return;
	count = find_scopes(file, unit, key >> 1, scopes);
	for (size_t i = 0; i < count; i++) {
		struct found_name found = { 0 };

		if (!is_scope(scopes[i].tag) ||
		    !read_entry(dwarf, entry_key(file->is_alt, scopes[i].entry), &found))
			continue;
		if (found.plain.len)
			strbuf_add(out, found.plain);
		else if (scopes[i].tag == DW_TAG_namespace)
			strbuf_add(out, STR("(anonymous namespace)"));
		else
			continue;
		strbuf_add(out, STR("::"));
	}
}

static uint32_t qualified_name(struct dwarf *dwarf, const struct found_name *found)
{
	struct strbuf *name = &dwarf->demangled;

	strbuf_reset(name);
	add_scope_names(dwarf, found->plain_key, name);
	strbuf_add(name, found->plain);
	return intern(dwarf->options.texts, strbuf_str(name));
}

static uint32_t find_name(struct dwarf *dwarf, uint64_t key)
{
	struct found_name found = { .next = key };

	for (unsigned i = 0; i < MAX_STEPS && found.next != UINT64_MAX && !found.linkage.len; i++) {
		if (!read_entry(dwarf, found.next, &found))
			break;
	}
	if (!found.linkage.len)
		return found.plain.len ? qualified_name(dwarf, &found) : 0;
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
