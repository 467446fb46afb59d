/*
 * Rows that need more than the stack and frame pointers: realigned frames whose CFA hangs on r10 or
 * r13, signal frames, what hand-written assembler says. Other registers are recovered backwards,
 * from the frame that needs one to the nearest inner frame that saved it.
 */
#include <string.h>

#include "base/macros.h"
#include "unwind/expression.h"
#include "unwind/walk.h"

struct row_context {
	struct walk *walk;
	size_t index; /* of the frame whose registers count */
};

/* DWARF columns of x86-64 in the kernel's numbers (asm/perf_regs.h). */
static const uint8_t x86_64_registers[] = { 0,	3,  2,	1,  4,	5,  6,	7, 16,
					    17, 18, 19, 20, 21, 22, 23, 8 };

static bool recorded_register(const struct unwind_registers *registers, uint64_t column,
			      uint64_t *ret)
{
	unsigned number = (unsigned)column;
	unsigned before;

	if (registers->arch == UNWIND_X86_64) {
		if (column >= ARRAY_SIZE(x86_64_registers))
			return false;
		number = x86_64_registers[column];
	}
	if (number > 32 || !(registers->mask >> number & 1))
		return false;
	before = (unsigned)__builtin_popcountll(registers->mask & ((UINT64_C(1) << number) - 1));
	memcpy(ret, registers->values + (size_t)before * sizeof(*ret), sizeof(*ret));
	return true;
}

static bool read_column(void *context, uint64_t column, uint64_t *ret)
{
	const struct row_context *row = context;

	return walk_register(row->walk, row->index, column, ret);
}

static bool read_memory(void *context, uint64_t address, unsigned size_bytes, uint64_t *ret)
{
	const struct row_context *row = context;
	const struct walk *walk = row->walk;
	uint64_t offset = address - walk->base;

	if (offset >= walk->readable + sizeof(*ret) - size_bytes || walk->readable == 0)
		return false;
	*ret = 0;
	memcpy(ret, walk->data + offset, size_bytes);
	return true;
}

static bool evaluate(struct walk *walk, size_t index, const struct cfi_rule *rule,
		     const uint64_t *cfa, uint64_t *ret)
{
	struct row_context context = { walk, index };
	struct expression_input input = { .read_register = read_column,
					  .read_memory = read_memory,
					  .context = &context,
					  .initial = cfa };

	return expression_evaluate(bytes_of(rule->expression, rule->expression_bytes), &input, ret);
}

/* A column of the caller of frame `index`, from the rule of that frame. */
static bool rule_apply(struct walk *walk, size_t index, uint64_t column,
		       const struct cfi_rule *rule, uint64_t cfa, uint64_t *ret)
{
	uint64_t address;

	switch ((enum cfi_rule_kind)rule->kind) {
	case CFI_UNSPECIFIED:
	case CFI_SAME:
		return walk_register(walk, index, column, ret);
	case CFI_UNDEFINED:
		return false;
	case CFI_OFFSET:
		address = cfa + (uint64_t)rule->offset;
		/* Popped already, as in step_to_cfa. */
		if (address < walk->levels[index].sp)
			return walk_register(walk, index, column, ret);
		return walk_read(walk, address, ret);
	case CFI_VAL_OFFSET:
		*ret = cfa + (uint64_t)rule->offset;
		return true;
	case CFI_REGISTER:
		return walk_register(walk, index, (uint64_t)rule->offset, ret);
	case CFI_EXPRESSION:
		return evaluate(walk, index, rule, &cfa, &address) && walk_read(walk, address, ret);
	case CFI_VAL_EXPRESSION:
		return evaluate(walk, index, rule, &cfa, ret);
	}
	return false;
}

/* The rows of inner frames, one after the other; machine->row is overwritten by each. */
bool walk_register(struct walk *walk, size_t index, uint64_t column, uint64_t *ret)
{
	const struct walk_level *level = &walk->levels[index];

	if (column == walk->columns.sp) {
		*ret = level->sp;
		return true;
	}
	if (column == walk->columns.fp) {
		*ret = level->fp;
		return true;
	}
	if (walk->registers->arch == UNWIND_X86_64 && column == walk->columns.ra) {
		*ret = walk->frames[index].ip;
		return true;
	}
	while (index > 0) {
		const struct unwind_frame *frame = &walk->frames[--index];
		struct cfi_rule rule;
		uint32_t ra_column;

		if (walk->slow_budget == 0)
			return false;
		walk->slow_budget--;
		if (!frame->dso || column >= CFI_COLUMNS ||
		    !rules_row(unwinder_rules(walk->unwinder, frame->dso), frame->address,
			       &ra_column))
			continue;
		rule = unwinder_row(walk->unwinder)->columns[column];
		if (rule.kind != CFI_UNSPECIFIED && rule.kind != CFI_SAME)
			return rule_apply(walk, index, column, &rule, walk->levels[index].cfa, ret);
	}
	return recorded_register(walk->registers, column, ret);
}

struct needed_rules {
	struct cfi_rule cfa, sp, fp, ra;
	uint32_t cfa_column;
};

static enum walk_step unreadable(const struct walk *walk, const struct cfi_rule *rule, uint64_t cfa)
{
	uint64_t address = cfa + (uint64_t)rule->offset;

	if (rule->kind == CFI_OFFSET && address - walk->base >= walk->readable)
		return WALK_BEYOND;
	return WALK_BAD;
}

static bool cfa_of(struct walk *walk, size_t index, const struct needed_rules *needed,
		   uint64_t *ret)
{
	if (needed->cfa.kind == CFI_VAL_EXPRESSION)
		return evaluate(walk, index, &needed->cfa, NULL, ret);
	if (needed->cfa.kind != CFI_REGISTER ||
	    !walk_register(walk, index, needed->cfa_column, ret))
		return false;
	*ret += (uint64_t)needed->cfa.offset;
	return true;
}

enum walk_step walk_step_slowly(struct walk *walk)
{
	size_t index = walk->count - 1;
	const struct unwind_frame *frame = &walk->frames[index];
	const struct cfi_row *row = unwinder_row(walk->unwinder);
	uint64_t cfa, sp, fp, ra;
	struct needed_rules needed;
	uint32_t ra_column;

	if (!rules_row(unwinder_rules(walk->unwinder, frame->dso), frame->address, &ra_column))
		return WALK_BAD;
	needed = (struct needed_rules){ row->cfa, row->columns[walk->columns.sp],
					row->columns[walk->columns.fp], row->columns[ra_column],
					row->cfa_column };
	if (!cfa_of(walk, index, &needed, &cfa))
		return WALK_BAD;
	walk->levels[index].cfa = cfa;
	if (!rule_apply(walk, index, ra_column, &needed.ra, cfa, &ra))
		return unreadable(walk, &needed.ra, cfa);
	sp = cfa;
	if (needed.sp.kind != CFI_UNSPECIFIED && needed.sp.kind != CFI_SAME &&
	    !rule_apply(walk, index, walk->columns.sp, &needed.sp, cfa, &sp))
		return unreadable(walk, &needed.sp, cfa);
	/* An unknown frame pointer hurts only where a later rule wants it. */
	if (!rule_apply(walk, index, walk->columns.fp, &needed.fp, cfa, &fp))
		fp = 0;
	walk->ip = ra;
	walk->sp = sp;
	walk->fp = fp;
	walk->lr_is_known = false;
	return WALK_ON;
}
