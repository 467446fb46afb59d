#include "unwind/rules.h"

#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vec.h"
#include "unwind/fde_index.h"

enum {
	MAX_ROWS_PER_FUNCTION = 1 << 16,
	MAX_ROWS = 1 << 24,
	ENTRY_STUB_BYTES = 64, /* _start without unwind information: no libc's is longer */
	SLOT_BYTES = 8,
	PLT_ENTRY_BYTES = 16,
};

struct rule_row {
	uint32_t pc; /* from the function's start */
	struct rule rule;
};

static_assert(sizeof(struct rule_row) == 16, "rows are read at random: keep four to a cache line");

struct rule_function {
	uint64_t start, end;
	uint32_t first_row, row_count;
};

struct plt_range {
	uint64_t start, end;
	bool is_lazy; /* .plt: its entries push an index behind their first instruction */
};

/* .init and .fini: "sub rsp, 8; ...; add rsp, 8; ret", put together by the linker without CFI. */
struct glue_range {
	uint64_t start, end; /* [behind the sub, behind the add) are 8 bytes deeper */
	uint64_t inner_start, inner_end;
};

VEC_DEFINE(rule_row_vec, struct rule_row)
VEC_DEFINE(rule_function_vec, struct rule_function)
VEC_DEFINE(plt_range_vec, struct plt_range)
VEC_DEFINE(glue_range_vec, struct glue_range)

struct rules {
	struct cfi_machine *machine;
	struct fde_index index;
	enum unwind_arch arch;
	bool is_supported;
	uint64_t entry; /* of the ELF file; 0 = none */
	struct plt_range_vec plts;
	struct glue_range_vec glue;
	struct rule_function_vec functions; /* by start; those that were hit */
	struct rule_row_vec rows;
};

struct rule_columns rule_columns_of(enum unwind_arch arch)
{
	switch (arch) {
	case UNWIND_X86_64:
		return (struct rule_columns){ .sp = 7, .fp = 6, .ra = 16 };
	case UNWIND_AARCH64:
		return (struct rule_columns){ .sp = 31, .fp = 29, .ra = 30 };
	case UNWIND_X86_32:
		break;
	}
	return (struct rule_columns){ .sp = 4, .fp = 5, .ra = 8 };
}

static void find_plts(struct rules *rules, const struct image *image)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const struct image_section *section = &image->sections[i];
		struct plt_range range = { .start = section->address };

		if (!str_starts_with(section->name, STR(".plt")) ||
		    !(section->flags & SHF_EXECINSTR) ||
		    __builtin_add_overflow(section->address, section->size, &range.end))
			continue;
		range.is_lazy = str_is(section->name, ".plt");
		plt_range_vec_push(&rules->plts, range);
	}
}

static void find_glue(struct rules *rules, struct image *image, const char *name)
{
	static const uint8_t landing_pad[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const uint8_t sub[] = { 0x48, 0x83, 0xec, 8 };
	static const uint8_t end[] = { 0x48, 0x83, 0xc4, 8, 0xc3 };
	const struct image_section *section = image_section(image, name);
	struct glue_range range;
	struct bytes b;
	size_t size_bytes;

	if (!section || !image_contents(image, section, &b))
		return;
	size_bytes = bytes_left(&b);
	if (size_bytes > sizeof(landing_pad) &&
	    memcmp(b.pos, landing_pad, sizeof(landing_pad)) == 0)
		b.pos += sizeof(landing_pad);
	if (bytes_left(&b) < sizeof(sub) + sizeof(end) || memcmp(b.pos, sub, sizeof(sub)) != 0 ||
	    memcmp(b.end - sizeof(end), end, sizeof(end)) != 0)
		return;
	range.start = section->address;
	range.end = section->address + size_bytes;
	range.inner_start = section->address + bytes_offset(&b) + sizeof(sub);
	range.inner_end = range.end - 1;
	glue_range_vec_push(&rules->glue, range);
}

struct rules *rules_new(struct dso_table *table, struct dso *dso, struct cfi_machine *machine)
{
	struct rules *rules = x_calloc(1, sizeof(*rules));
	struct image *image = NULL;

	rules->machine = machine;
	if (dso->kind == DSO_FILE || dso->kind == DSO_VDSO)
		image = dso_image(table, dso);
	if (!image || !image->is_64 || image->all.swap)
		return rules;
	rules->arch = image->machine == EM_AARCH64 ? UNWIND_AARCH64 : UNWIND_X86_64;
	rules->is_supported = image->machine == EM_AARCH64 || image->machine == EM_X86_64;
	rules->entry = image->entry;
	find_plts(rules, image);
	if (rules->arch == UNWIND_X86_64) {
		find_glue(rules, image, ".init");
		find_glue(rules, image, ".fini");
	}
	fde_index_init(&rules->index, table, dso);
	return rules;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	fde_index_done(&rules->index);
	plt_range_vec_done(&rules->plts);
	glue_range_vec_done(&rules->glue);
	rule_function_vec_done(&rules->functions);
	rule_row_vec_done(&rules->rows);
	free(rules);
}

/* A register that is unchanged, or saved in a slot that the compact rule can name. */
static bool slot_of(const struct cfi_rule *rule, int16_t *ret)
{
	int64_t slot;

	switch (rule->kind) {
	case CFI_UNSPECIFIED:
	case CFI_SAME:
	case CFI_UNDEFINED:
		*ret = 0;
		return true;
	case CFI_OFFSET:
		slot = rule->offset / SLOT_BYTES;
		if (rule->offset % SLOT_BYTES || slot == 0 || slot < INT16_MIN || slot > INT16_MAX)
			return false;
		*ret = (int16_t)slot;
		return true;
	default:
		return false;
	}
}

/* breg7 8; breg16 0; lit15; and; LIT; ge; lit3; shl; plus: binutils' .plt, LIT being the push. */
static bool is_plt_expression(const struct cfi_rule *cfa, int32_t *ret_threshold)
{
	static const uint8_t head[] = { 0x77, 8, 0x80, 0, 0x3f, 0x1a };
	static const uint8_t tail[] = { 0x2a, 0x33, 0x24, 0x22 };
	const uint8_t *bytes = cfa->expression;

	if (cfa->expression_bytes != sizeof(head) + 1 + sizeof(tail) ||
	    memcmp(bytes, head, sizeof(head)) != 0 ||
	    memcmp(bytes + sizeof(head) + 1, tail, sizeof(tail)) != 0 ||
	    bytes[sizeof(head)] < 0x30 || bytes[sizeof(head)] > 0x3f)
		return false;
	*ret_threshold = bytes[sizeof(head)] - 0x30;
	return true;
}

/* "bregN offset", for register numbers below 32; then `rest` more bytes. */
static bool is_breg(const struct cfi_rule *rule, uint32_t column, size_t rest, int64_t *ret_offset)
{
	struct bytes b = bytes_of(rule->expression, rule->expression_bytes);
	uint8_t opcode;

	return bytes_u8(&b, &opcode) && opcode == 0x70 + column && bytes_sleb128(&b, ret_offset) &&
	       bytes_left(&b) == rest;
}

/* gcc's realigned frames: CFA = *(fp - 8), the caller's fp at *fp. */
static bool is_deref_row(const struct cfi_row *row, struct rule_columns columns, struct rule *ret)
{
	const struct cfi_rule *fp = &row->columns[columns.fp];
	int64_t cfa_offset, fp_offset;

	if (!is_breg(&row->cfa, columns.fp, 1, &cfa_offset) ||
	    row->cfa.expression[row->cfa.expression_bytes - 1] != 0x06 /* deref */ ||
	    cfa_offset < INT32_MIN || cfa_offset > INT32_MAX)
		return false;
	if (fp->kind != CFI_EXPRESSION || !is_breg(fp, columns.fp, 0, &fp_offset) ||
	    fp_offset % SLOT_BYTES || fp_offset / SLOT_BYTES < INT16_MIN ||
	    fp_offset / SLOT_BYTES > INT16_MAX)
		return false;
	ret->cfa_offset = (int32_t)cfa_offset;
	ret->fp_slot = (int16_t)(fp_offset / SLOT_BYTES);
	return true;
}

static bool is_plain_sp(const struct cfi_rule *rule)
{
	return rule->kind == CFI_UNSPECIFIED || rule->kind == CFI_SAME ||
	       (rule->kind == CFI_VAL_OFFSET && rule->offset == 0);
}

static struct rule rule_from_row(enum unwind_arch arch, const struct cfi_fde *fde,
				 const struct cfi_row *row)
{
	struct rule_columns columns = rule_columns_of(arch);
	const struct cfi_rule *ra = &row->columns[fde->ra_column];
	struct rule rule = { .kind = RULE_SLOW };

	if (ra->kind == CFI_UNDEFINED)
		return (struct rule){ .kind = RULE_END };
	if (row->cfa.kind == CFI_UNSPECIFIED ||
	    (arch == UNWIND_X86_64 && ra->kind == CFI_UNSPECIFIED))
		return (struct rule){ .kind = RULE_BAD };
	if (fde->is_signal)
		return (struct rule){ .kind = RULE_SIGNAL };
	if (fde->ra_column != columns.ra || !is_plain_sp(&row->columns[columns.sp]) ||
	    !slot_of(ra, &rule.ra_slot))
		return rule;
	if (arch == UNWIND_X86_64 && rule.ra_slot != -1)
		return rule;
	if (row->cfa.kind == CFI_VAL_EXPRESSION && is_deref_row(row, columns, &rule)) {
		rule.kind = RULE_DEREF;
		return rule;
	}
	if (!slot_of(&row->columns[columns.fp], &rule.fp_slot))
		return rule;
	if (row->cfa.kind == CFI_VAL_EXPRESSION) {
		if (arch == UNWIND_X86_64 && is_plt_expression(&row->cfa, &rule.cfa_offset))
			rule.kind = RULE_PLT;
		return rule;
	}
	if (row->cfa.offset < INT32_MIN || row->cfa.offset > INT32_MAX)
		return rule;
	rule.cfa_offset = (int32_t)row->cfa.offset;
	if (row->cfa_column == columns.sp)
		rule.kind = RULE_SP;
	else if (row->cfa_column == columns.fp)
		rule.kind = RULE_FP;
	return rule;
}

struct expansion {
	struct rules *rules;
	const struct cfi_fde *fde;
	size_t first_row;
};

static bool same_rule(const struct rule *a, const struct rule *b)
{
	return a->kind == b->kind && a->cfa_offset == b->cfa_offset && a->fp_slot == b->fp_slot &&
	       a->ra_slot == b->ra_slot;
}

static bool add_row(void *context, const struct cfi_row *row)
{
	struct expansion *expansion = context;
	struct rule_row_vec *rows = &expansion->rules->rows;
	struct rule_row new = { .pc = (uint32_t)(row->start - expansion->fde->start) };

	if (rows->count - expansion->first_row >= MAX_ROWS_PER_FUNCTION ||
	    rows->count >= MAX_ROWS) {
		new.rule.kind = RULE_BAD; /* from here on */
		rule_row_vec_push(rows, new);
		return false;
	}
	new.rule = rule_from_row(expansion->rules->arch, expansion->fde, row);
	/* Rows that differ only in registers that the walk does not follow. */
	if (rows->count > expansion->first_row &&
	    same_rule(&rows->items[rows->count - 1].rule, &new.rule))
		return true;
	rule_row_vec_push(rows, new);
	return true;
}

/* Index of the first function that starts above `address`. */
static size_t function_search(const struct rules *rules, uint64_t address)
{
	size_t low = 0, high = rules->functions.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rules->functions.items[middle].start > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static struct rule rule_in_function(const struct rules *rules, const struct rule_function *function,
				    uint64_t address)
{
	const struct rule_row *rows = &rules->rows.items[function->first_row];
	uint32_t pc = (uint32_t)(address - function->start);
	size_t low = 0, high = function->row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].pc > pc)
			high = middle;
		else
			low = middle + 1;
	}
	return low ? rows[low - 1].rule : (struct rule){ .kind = RULE_BAD };
}

/* Expands the rows of `fde` and remembers the function at `index`. */
static const struct rule_function *function_add(struct rules *rules, size_t index,
						const struct cfi_section *section,
						const struct cfi_fde *fde)
{
	struct expansion expansion = { rules, fde, rules->rows.count };
	struct rule_function function = { .start = fde->start,
					  .end = fde->end,
					  .first_row = (uint32_t)rules->rows.count };
	struct rule_row end = { .rule.kind = RULE_BAD };
	struct rule_function *place;

	if (!cfi_rows(section, fde, rules->machine, add_row, &expansion)) {
		/* The rows before the damage stand; nothing is known from there on. */
		end.pc = (uint32_t)(MIN(rules->machine->row.start, fde->end) - fde->start);
		rule_row_vec_push(&rules->rows, end);
	}
	function.row_count = (uint32_t)(rules->rows.count - function.first_row);
	rule_function_vec_push(&rules->functions, function);
	place = &rules->functions.items[index];
	memmove(place + 1, place, (rules->functions.count - 1 - index) * sizeof(*place));
	*place = function;
	return place;
}

static struct rule rule_without_cfi(const struct rules *rules, uint64_t address)
{
	if (rules->entry && address >= rules->entry && address - rules->entry < ENTRY_STUB_BYTES)
		return (struct rule){ .kind = RULE_END };
	for (size_t i = 0; i < rules->plts.count; i++) {
		const struct plt_range *plt = &rules->plts.items[i];

		if (address < plt->start || address >= plt->end)
			continue;
		/* A PLT entry jumps: the caller's return address is where the call left it. */
		if (rules->arch == UNWIND_AARCH64)
			return (struct rule){ .kind = RULE_SP };
		if (!plt->is_lazy)
			return (struct rule){ .kind = RULE_SP,
					      .cfa_offset = SLOT_BYTES,
					      .ra_slot = -1 };
		if (address - plt->start >= PLT_ENTRY_BYTES)
			return (struct rule){ .kind = RULE_PLT, .cfa_offset = 11, .ra_slot = -1 };
		return (struct rule){ .kind = RULE_SP,
				      .cfa_offset = address - plt->start < 6 ? 16 : 24,
				      .ra_slot = -1 };
	}
	for (size_t i = 0; i < rules->glue.count; i++) {
		const struct glue_range *glue = &rules->glue.items[i];

		if (address < glue->start || address >= glue->end)
			continue;
		if (address < glue->inner_start || address >= glue->inner_end)
			return (struct rule){ .kind = RULE_SP,
					      .cfa_offset = SLOT_BYTES,
					      .ra_slot = -1 };
		return (struct rule){ .kind = RULE_SP,
				      .cfa_offset = 2 * SLOT_BYTES,
				      .ra_slot = -1 };
	}
	return (struct rule){ .kind = RULE_NONE };
}

/*
 * A signal trampoline ends in its system call: while the kernel works on that, the instruction
 * pointer lies one behind what the FDE covers.
 */
static bool is_behind_trampoline(struct rules *rules, uint64_t address)
{
	const struct cfi_section *section;
	struct cfi_fde fde;

	return fde_index_find(&rules->index, address - 1, &section, &fde) && fde.is_signal;
}

struct rule rules_find(struct rules *rules, uint64_t address)
{
	const struct cfi_section *section;
	const struct rule_function *function;
	struct cfi_fde fde;
	size_t index;

	if (!rules->is_supported)
		return (struct rule){ .kind = RULE_NONE };
	index = function_search(rules, address);
	if (index > 0 && address < rules->functions.items[index - 1].end)
		return rule_in_function(rules, &rules->functions.items[index - 1], address);
	if (!fde_index_find(&rules->index, address, &section, &fde)) {
		if (is_behind_trampoline(rules, address))
			return (struct rule){ .kind = RULE_SIGNAL };
		return rule_without_cfi(rules, address);
	}
	/* Overlapping FDEs are damage: only the first one that starts there is expanded. */
	if (fde.end - fde.start > UINT32_MAX ||
	    (index > 0 && rules->functions.items[index - 1].start == fde.start))
		return (struct rule){ .kind = RULE_BAD };
	index = function_search(rules, fde.start);
	function = function_add(rules, index, section, &fde);
	return rule_in_function(rules, function, address);
}

bool rules_row(struct rules *rules, uint64_t address, uint32_t *ret_ra_column)
{
	const struct cfi_section *section;
	struct cfi_fde fde;

	if (!rules->is_supported)
		return false;
	if (!fde_index_find(&rules->index, address, &section, &fde)) {
		address--;
		if (!fde_index_find(&rules->index, address, &section, &fde) || !fde.is_signal)
			return false;
	}
	if (!cfi_row_at(section, &fde, rules->machine, address))
		return false;
	*ret_ra_column = fde.ra_column;
	return true;
}
