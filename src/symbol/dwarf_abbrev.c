#include <stdlib.h>

#include "base/memory.h"
#include "base/vec.h"
#include "symbol/dwarf_file.h"

enum {
	/* Real entries have some thirty attributes. */
	MAX_ATTRIBUTES = 512,
	MAX_DENSE_CODES = 1 << 20,
};

VEC_DEFINE(abbrev_vec, struct abbrev)
VEC_DEFINE(spec_vec, struct dwarf_attribute_spec)
VEC_DEFINE(op_vec, struct skip_op)

void abbrev_table_free(struct abbrev_table *table)
{
	if (!table)
		return;
	free(table->items);
	free(table->by_code);
	free(table->attributes);
	free(table->ops);
	free(table);
}

static void add_op(struct op_vec *ops, size_t first, enum skip_kind kind, uint32_t bytes)
{
	struct skip_op *last = ops->count > first ? &ops->items[ops->count - 1] : NULL;

	if (kind == SKIP_FIXED && !bytes)
		return;
	if (kind == SKIP_FIXED && last && last->kind == SKIP_FIXED)
		last->bytes += bytes;
	else
		op_vec_push(ops, (struct skip_op){ (uint8_t)kind, bytes });
}

/* The size of forms whose values all have one; -1 for the others. */
static int fixed_bytes(unsigned form, struct dwarf_encoding encoding)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return encoding.address_bytes;
	case DW_FORM_ref_addr:
		return encoding.version <= 2 ? encoding.address_bytes : encoding.offset_bytes;
	case DW_FORM_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return encoding.offset_bytes;
	default:
		return -1;
	}
}

/* False for forms that nobody knows: what follows them cannot be found. */
static bool add_form(struct op_vec *ops, size_t first, unsigned form,
		     struct dwarf_encoding encoding)
{
	int bytes = fixed_bytes(form, encoding);

	if (bytes >= 0) {
		add_op(ops, first, SKIP_FIXED, (uint32_t)bytes);
		return true;
	}
	switch (form) {
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		add_op(ops, first, SKIP_LEB, 0);
		return true;
	case DW_FORM_string:
		add_op(ops, first, SKIP_TEXT, 0);
		return true;
	case DW_FORM_block1:
		add_op(ops, first, SKIP_BLOCK, 1);
		return true;
	case DW_FORM_block2:
		add_op(ops, first, SKIP_BLOCK, 2);
		return true;
	case DW_FORM_block4:
		add_op(ops, first, SKIP_BLOCK, 4);
		return true;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		add_op(ops, first, SKIP_BLOCK, 0);
		return true;
	case DW_FORM_indirect:
		add_op(ops, first, SKIP_INDIRECT, 0);
		return true;
	default:
		return false;
	}
}

static bool add_sibling(struct op_vec *ops, size_t first, unsigned form)
{
	switch (form) {
	case DW_FORM_ref1:
		add_op(ops, first, SKIP_SIBLING, 1);
		return true;
	case DW_FORM_ref2:
		add_op(ops, first, SKIP_SIBLING, 2);
		return true;
	case DW_FORM_ref4:
		add_op(ops, first, SKIP_SIBLING, 4);
		return true;
	case DW_FORM_ref8:
		add_op(ops, first, SKIP_SIBLING, 8);
		return true;
	case DW_FORM_ref_udata:
		add_op(ops, first, SKIP_SIBLING, 0);
		return true;
	default:
		return false;
	}
}

static enum abbrev_kind kind_of(unsigned tag, bool has_code)
{
	switch (tag) {
	case DW_TAG_compile_unit:
	case DW_TAG_partial_unit:
	case DW_TAG_skeleton_unit:
	case DW_TAG_namespace:
	case DW_TAG_module:
		return ABBREV_SCOPE;
	case DW_TAG_subprogram:
		return has_code ? ABBREV_FUNCTION : ABBREV_OTHER;
	case DW_TAG_inlined_subroutine:
		return ABBREV_INLINED;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return ABBREV_BLOCK;
	default:
		return ABBREV_OTHER;
	}
}

struct parser {
	struct dwarf_encoding encoding;
	struct abbrev_vec items;
	struct spec_vec specs;
	struct op_vec ops;
};

static bool read_spec(struct bytes *b, struct dwarf_attribute_spec *ret, bool *ret_end)
{
	uint64_t name, form;
	int64_t implicit = 0;

	if (!bytes_uleb128(b, &name) || !bytes_uleb128(b, &form))
		return false;
	if (form == DW_FORM_implicit_const && !bytes_sleb128(b, &implicit))
		return false;
	*ret_end = !name && !form;
	/* Larger numbers than any standard's are names nobody asks for; as forms they are unknown.
	 */
	*ret = (struct dwarf_attribute_spec){ (uint16_t)MIN(name, (uint64_t)UINT16_MAX),
					      (uint16_t)MIN(form, (uint64_t)UINT16_MAX), implicit };
	return true;
}

/* One abbreviation; *ret_end at the end of the table. */
static bool read_abbrev(struct parser *parser, struct bytes *b, bool *ret_end)
{
	struct abbrev abbrev = { .first_attribute = (uint32_t)parser->specs.count,
				 .first_op = (uint32_t)parser->ops.count };
	bool has_code = false, specs_end = false;
	uint64_t tag;
	uint8_t has_children;

	if (!bytes_uleb128(b, &abbrev.code))
		return false;
	*ret_end = abbrev.code == 0;
	if (*ret_end)
		return true;
	if (!bytes_uleb128(b, &tag) || !bytes_u8(b, &has_children))
		return false;
	while (!specs_end) {
		struct dwarf_attribute_spec spec;

		if (!read_spec(b, &spec, &specs_end))
			return false;
		if (specs_end)
			break;
		if (++abbrev.attribute_count > MAX_ATTRIBUTES)
			return false;
		has_code |= spec.name == DW_AT_low_pc || spec.name == DW_AT_ranges;
		spec_vec_push(&parser->specs, spec);
		if (spec.name == DW_AT_sibling &&
		    add_sibling(&parser->ops, abbrev.first_op, spec.form))
			continue;
		if (!add_form(&parser->ops, abbrev.first_op, spec.form, parser->encoding))
			return false;
	}
	abbrev.op_count = (uint16_t)(parser->ops.count - abbrev.first_op);
	abbrev.tag = (uint16_t)MIN(tag, (uint64_t)UINT16_MAX);
	abbrev.has_children = has_children;
	abbrev.kind = (uint8_t)kind_of(abbrev.tag, has_code);
	abbrev_vec_push(&parser->items, abbrev);
	return true;
}

static int compare_codes(const void *a, const void *b)
{
	const struct abbrev *x = a, *y = b;

	return x->code < y->code ? -1 : x->code > y->code;
}

/* Codes count up from 1 in practice; then they are indexes. */
static void index_codes(struct abbrev_table *table)
{
	uint64_t highest;

	for (size_t i = 1; i < table->count; i++) {
		if (table->items[i].code <= table->items[i - 1].code) {
			qsort(table->items, table->count, sizeof(*table->items), compare_codes);
			break;
		}
	}
	highest = table->count ? table->items[table->count - 1].code : 0;
	if (highest >= MAX_DENSE_CODES || highest > 16 * (uint64_t)table->count + 4096)
		return;
	table->code_count = highest + 1;
	table->by_code = x_calloc((size_t)table->code_count, sizeof(*table->by_code));
	for (size_t i = 0; i < table->count; i++)
		table->by_code[table->items[i].code] = (uint32_t)i + 1;
}

/* A damaged table ends at the damage; entries that use what is behind it end their unit. */
static struct abbrev_table *parse_table(struct dwarf_file *file, uint64_t offset,
					struct dwarf_encoding encoding)
{
	struct abbrev_table *table = x_calloc(1, sizeof(*table));
	struct parser parser = { .encoding = encoding };
	struct bytes b = file->sections.abbrev;
	bool end = false;

	if (bytes_seek(&b, offset)) {
		const uint8_t *before = b.pos;

		while (!end && parser.specs.count < UINT32_MAX / 2 &&
		       read_abbrev(&parser, &b, &end)) {
			if (!budget_take(&file->abbrev_budget, (uint64_t)(b.pos - before)))
				break;
			before = b.pos;
		}
	}
	table->items = parser.items.items;
	table->count = parser.items.count;
	table->attributes = parser.specs.items;
	table->ops = parser.ops.items;
	index_codes(table);
	return table;
}

struct abbrev_table *abbrev_table_get(struct dwarf_file *file, uint64_t offset,
				      struct dwarf_encoding encoding)
{
	/* Units that share a table nearly always share their encoding, but need not. */
	uint64_t key = offset * 64 + (uint64_t)(encoding.version <= 2) * 32 +
		       (uint64_t)(encoding.offset_bytes == 8) * 16 + encoding.address_bytes;
	struct abbrev_table *table;
	uint32_t index;

	if (offset > (uint64_t)(file->sections.abbrev.end - file->sections.abbrev.start))
		offset = key = UINT64_MAX;
	if (offset_map_find(&file->table_by_offset, key, &index))
		return file->tables[index];
	table = parse_table(file, offset, encoding);
	if (file->table_count == file->tables_allocated) {
		file->tables_allocated = MAX(file->tables_allocated * 2, (size_t)16);
		file->tables = x_reallocarray(file->tables, file->tables_allocated,
					      sizeof(struct abbrev_table *));
	}
	offset_map_add(&file->table_by_offset, key, (uint32_t)file->table_count);
	file->tables[file->table_count++] = table;
	return table;
}

const struct abbrev *abbrev_find(const struct abbrev_table *table, uint64_t code)
{
	struct abbrev wanted = { .code = code };
	uint32_t index;

	if (table->by_code) {
		index = code < table->code_count ? table->by_code[code] : 0;
		return index ? &table->items[index - 1] : NULL;
	}
	return table->count
		       ? bsearch(&wanted, table->items, table->count, sizeof(wanted), compare_codes)
		       : NULL;
}
