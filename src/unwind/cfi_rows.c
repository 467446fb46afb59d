/* The machine that turns call frame instructions into rows. */
#include <string.h>

#include "base/macros.h"
#include "unwind/cfi.h"

/* DWARF 5, table 7.29, and what GNU and ARM add. The three primary ones hold an operand. */
enum {
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_ADVANCE_LOC8 = 0x1d,
	CFA_NEGATE_RA_STATE_WITH_PC = 0x2c,
	CFA_NEGATE_RA_STATE = 0x2d, /* SPARC's window_save elsewhere */
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_NEGATIVE_OFFSET_EXTENDED = 0x2f,
	CFA_PRIMARY = 0xc0,
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
};

struct run {
	const struct cfi_section *section;
	const struct cfi_fde *fde;
	struct cfi_machine *machine;
	bool (*on_row)(void *context, const struct cfi_row *row);
	void *context;
	bool in_cie, stopped;
};

/* Vector and floating point columns beyond CFI_COLUMNS are read and dropped. */
static void column_set(struct run *run, uint64_t column, uint8_t kind, int64_t offset)
{
	if (column < CFI_COLUMNS)
		run->machine->row.columns[column] =
			(struct cfi_rule){ .offset = offset, .kind = kind };
}

static bool expression_read(struct bytes *b, uint8_t kind, struct cfi_rule *ret)
{
	struct bytes expression;
	uint64_t size_bytes;

	if (!bytes_uleb128(b, &size_bytes) || size_bytes > UINT16_MAX ||
	    !bytes_sub(b, size_bytes, &expression))
		return false;
	*ret = (struct cfi_rule){ .expression = expression.start,
				  .expression_bytes = (uint32_t)size_bytes,
				  .kind = kind };
	return true;
}

static bool column_expression(struct run *run, struct bytes *b, uint8_t kind)
{
	uint64_t column;
	struct cfi_rule rule;

	if (!bytes_uleb128(b, &column) || !expression_read(b, kind, &rule))
		return false;
	if (column < CFI_COLUMNS)
		run->machine->row.columns[column] = rule;
	return true;
}

/* Rows only go forward; a program that goes back is damaged. */
static bool advance_to(struct run *run, uint64_t pc)
{
	struct cfi_row *row = &run->machine->row;

	if (run->in_cie || pc < row->start)
		return false;
	if (pc == row->start)
		return true;
	row->end = MIN(pc, run->fde->end);
	if (row->start < row->end && !run->on_row(run->context, row)) {
		run->stopped = true; /* the row stays as it was handed out */
		return true;
	}
	row->start = pc;
	return true;
}

static bool advance_by(struct run *run, uint64_t delta)
{
	uint64_t bytes, pc;

	if (__builtin_mul_overflow(delta, run->fde->code_align, &bytes) ||
	    __builtin_add_overflow(run->machine->row.start, bytes, &pc))
		return false;
	return advance_to(run, pc);
}

static bool restore_column(struct run *run, uint64_t column)
{
	if (run->in_cie)
		return false;
	if (column < CFI_COLUMNS)
		run->machine->row.columns[column] = run->machine->initial.columns[column];
	return true;
}

static bool remember_state(struct cfi_machine *machine)
{
	if (machine->remembered_count == CFI_MAX_REMEMBERED)
		return false;
	machine->remembered[machine->remembered_count++] = machine->row;
	return true;
}

static bool restore_state(struct cfi_machine *machine)
{
	uint64_t start = machine->row.start;

	if (machine->remembered_count == 0)
		return false;
	machine->row = machine->remembered[--machine->remembered_count];
	machine->row.start = start;
	return true;
}

static void cfa_set(struct run *run, uint64_t column, int64_t offset)
{
	run->machine->row.cfa = (struct cfi_rule){ .offset = offset, .kind = CFI_REGISTER };
	run->machine->row.cfa_column = column < CFI_COLUMNS ? (uint32_t)column : CFI_COLUMNS;
}

static int64_t factored(const struct run *run, uint64_t value)
{
	return (int64_t)(value * (uint64_t)run->fde->data_align);
}

static bool step_advance(struct run *run, struct bytes *b, uint8_t opcode)
{
	uint64_t delta;
	uint32_t delta32;
	uint16_t delta16;
	uint8_t delta8;

	switch (opcode) {
	case CFA_SET_LOC:
		return cfi_pointer_read(run->section, b, run->fde->pointer_encoding, &delta) &&
		       advance_to(run, delta);
	case CFA_ADVANCE_LOC1:
		return bytes_u8(b, &delta8) && advance_by(run, delta8);
	case CFA_ADVANCE_LOC2:
		return bytes_u16(b, &delta16) && advance_by(run, delta16);
	case CFA_ADVANCE_LOC4:
		return bytes_u32(b, &delta32) && advance_by(run, delta32);
	default:
		return bytes_u64(b, &delta) && advance_by(run, delta);
	}
}

static bool step_cfa(struct run *run, struct bytes *b, uint8_t opcode)
{
	struct cfi_row *row = &run->machine->row;
	uint64_t column = row->cfa_column, offset;
	int64_t signed_offset;

	if (opcode == CFA_DEF_CFA_EXPRESSION)
		return expression_read(b, CFI_VAL_EXPRESSION, &row->cfa);
	if ((opcode == CFA_DEF_CFA || opcode == CFA_DEF_CFA_SF || opcode == CFA_DEF_CFA_REGISTER) &&
	    !bytes_uleb128(b, &column))
		return false;
	if (opcode == CFA_DEF_CFA_REGISTER) {
		cfa_set(run, column, row->cfa.kind == CFI_REGISTER ? row->cfa.offset : 0);
		return true;
	}
	if (opcode == CFA_DEF_CFA || opcode == CFA_DEF_CFA_OFFSET) {
		if (!bytes_uleb128(b, &offset))
			return false;
		cfa_set(run, column, (int64_t)offset);
		return true;
	}
	if (!bytes_sleb128(b, &signed_offset))
		return false;
	cfa_set(run, column, factored(run, (uint64_t)signed_offset));
	return true;
}

/* A column and a second number. */
static bool step_column(struct run *run, struct bytes *b, uint8_t opcode)
{
	uint64_t column, number;
	int64_t signed_number;

	if (!bytes_uleb128(b, &column))
		return false;
	if (opcode == CFA_OFFSET_EXTENDED_SF || opcode == CFA_VAL_OFFSET_SF) {
		if (!bytes_sleb128(b, &signed_number))
			return false;
		column_set(run, column, opcode == CFA_VAL_OFFSET_SF ? CFI_VAL_OFFSET : CFI_OFFSET,
			   factored(run, (uint64_t)signed_number));
		return true;
	}
	if (!bytes_uleb128(b, &number))
		return false;
	if (opcode == CFA_REGISTER)
		column_set(run, column, CFI_REGISTER, (int64_t)MIN(number, INT32_MAX));
	else if (opcode == CFA_VAL_OFFSET)
		column_set(run, column, CFI_VAL_OFFSET, factored(run, number));
	else if (opcode == CFA_NEGATIVE_OFFSET_EXTENDED)
		column_set(run, column, CFI_OFFSET, factored(run, -number));
	else
		column_set(run, column, CFI_OFFSET, factored(run, number));
	return true;
}

static bool step_extended(struct run *run, struct bytes *b, uint8_t opcode)
{
	uint64_t column;

	switch (opcode) {
	case CFA_NOP:
		return true;
	case CFA_SET_LOC:
	case CFA_ADVANCE_LOC1:
	case CFA_ADVANCE_LOC2:
	case CFA_ADVANCE_LOC4:
	case CFA_ADVANCE_LOC8:
		return step_advance(run, b, opcode);
	case CFA_DEF_CFA:
	case CFA_DEF_CFA_REGISTER:
	case CFA_DEF_CFA_OFFSET:
	case CFA_DEF_CFA_EXPRESSION:
	case CFA_DEF_CFA_SF:
	case CFA_DEF_CFA_OFFSET_SF:
		return step_cfa(run, b, opcode);
	case CFA_OFFSET_EXTENDED:
	case CFA_REGISTER:
	case CFA_OFFSET_EXTENDED_SF:
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF:
	case CFA_NEGATIVE_OFFSET_EXTENDED:
		return step_column(run, b, opcode);
	case CFA_RESTORE_EXTENDED:
		return bytes_uleb128(b, &column) && restore_column(run, column);
	case CFA_UNDEFINED:
	case CFA_SAME_VALUE:
		if (!bytes_uleb128(b, &column))
			return false;
		column_set(run, column, opcode == CFA_UNDEFINED ? CFI_UNDEFINED : CFI_SAME, 0);
		return true;
	case CFA_REMEMBER_STATE:
		return remember_state(run->machine);
	case CFA_RESTORE_STATE:
		return restore_state(run->machine);
	case CFA_EXPRESSION:
		return column_expression(run, b, CFI_EXPRESSION);
	case CFA_VAL_EXPRESSION:
		return column_expression(run, b, CFI_VAL_EXPRESSION);
	case CFA_NEGATE_RA_STATE:
	case CFA_NEGATE_RA_STATE_WITH_PC:
		run->machine->row.ra_is_signed = !run->machine->row.ra_is_signed;
		return true;
	case CFA_GNU_ARGS_SIZE:
		return bytes_uleb128(b, &column);
	default:
		return false;
	}
}

static bool program_run(struct run *run, struct bytes b)
{
	uint64_t offset;
	uint8_t opcode;

	while (bytes_left(&b) && !run->stopped) {
		if (++run->machine->steps > CFI_MAX_STEPS || !bytes_u8(&b, &opcode))
			return false;
		switch (opcode & CFA_PRIMARY) {
		case CFA_ADVANCE_LOC:
			if (!advance_by(run, opcode & ~CFA_PRIMARY))
				return false;
			break;
		case CFA_OFFSET:
			if (!bytes_uleb128(&b, &offset))
				return false;
			column_set(run, opcode & ~(unsigned)CFA_PRIMARY, CFI_OFFSET,
				   factored(run, offset));
			break;
		case CFA_RESTORE:
			if (!restore_column(run, opcode & ~(unsigned)CFA_PRIMARY))
				return false;
			break;
		default:
			if (!step_extended(run, &b, opcode))
				return false;
		}
	}
	return true;
}

bool cfi_rows(const struct cfi_section *section, const struct cfi_fde *fde,
	      struct cfi_machine *machine, bool (*on_row)(void *context, const struct cfi_row *row),
	      void *context)
{
	struct run run = { section, fde, machine, on_row, context, true, false };

	memset(&machine->row, 0, sizeof(machine->row));
	machine->row.start = fde->start;
	machine->row.end = fde->end;
	machine->remembered_count = 0;
	machine->steps = 0;
	if (!program_run(&run, fde->cie_program))
		return false;
	machine->initial = machine->row;
	run.in_cie = false;
	if (!program_run(&run, fde->program))
		return false;
	return run.stopped || advance_to(&run, MAX(fde->end, machine->row.start));
}

struct search {
	uint64_t pc;
	bool found;
};

static bool search_row(void *context, const struct cfi_row *row)
{
	struct search *search = context;

	search->found = row->start <= search->pc && search->pc < row->end;
	return !search->found;
}

bool cfi_row_at(const struct cfi_section *section, const struct cfi_fde *fde,
		struct cfi_machine *machine, uint64_t pc)
{
	struct search search = { pc, false };

	if (!cfi_rows(section, fde, machine, search_row, &search) && !search.found)
		return false;
	return search.found;
}
