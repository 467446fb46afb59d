#include "unwind/expression.h"

#include "base/macros.h"

/* DWARF 5, table 7.9: those that have a meaning in call frame information. */
enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_ROT = 0x17,
	OP_ABS = 0x19,
	OP_AND = 0x1a,
	OP_DIV = 0x1b,
	OP_MINUS = 0x1c,
	OP_MOD = 0x1d,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct evaluation {
	const struct expression_input *input;
	struct bytes b;
	uint64_t stack[EXPRESSION_MAX_DEPTH];
	unsigned depth;
};

static bool push(struct evaluation *e, uint64_t value)
{
	if (e->depth == EXPRESSION_MAX_DEPTH)
		return false;
	e->stack[e->depth++] = value;
	return true;
}

static bool pop(struct evaluation *e, uint64_t *ret)
{
	if (e->depth == 0)
		return false;
	*ret = e->stack[--e->depth];
	return true;
}

static bool push_constant(struct evaluation *e, uint8_t opcode)
{
	uint64_t value;
	int64_t number;
	uint32_t word;
	uint16_t half;
	uint8_t byte;

	switch (opcode) {
	case OP_CONST1U:
		return bytes_u8(&e->b, &byte) && push(e, byte);
	case OP_CONST1S:
		return bytes_u8(&e->b, &byte) && push(e, (uint64_t)(int64_t)(int8_t)byte);
	case OP_CONST2U:
		return bytes_u16(&e->b, &half) && push(e, half);
	case OP_CONST2S:
		return bytes_u16(&e->b, &half) && push(e, (uint64_t)(int64_t)(int16_t)half);
	case OP_CONST4U:
		return bytes_u32(&e->b, &word) && push(e, word);
	case OP_CONST4S:
		return bytes_u32(&e->b, &word) && push(e, (uint64_t)(int64_t)(int32_t)word);
	case OP_CONSTU:
		return bytes_uleb128(&e->b, &value) && push(e, value);
	case OP_CONSTS:
		return bytes_sleb128(&e->b, &number) && push(e, (uint64_t)number);
	default: /* ADDR, CONST8U, CONST8S */
		return bytes_u64(&e->b, &value) && push(e, value);
	}
}

static bool push_register(struct evaluation *e, uint64_t column)
{
	uint64_t value;
	int64_t offset;

	return bytes_sleb128(&e->b, &offset) &&
	       e->input->read_register(e->input->context, column, &value) &&
	       push(e, value + (uint64_t)offset);
}

static bool dereference(struct evaluation *e, unsigned size_bytes)
{
	uint64_t address, value;

	return (size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8) &&
	       pop(e, &address) &&
	       e->input->read_memory(e->input->context, address, size_bytes, &value) &&
	       push(e, value);
}

static bool shuffle(struct evaluation *e, uint8_t opcode)
{
	uint64_t *top = &e->stack[e->depth], value;
	uint8_t index;

	switch (opcode) {
	case OP_DUP:
		return e->depth >= 1 && push(e, top[-1]);
	case OP_DROP:
		return pop(e, &value);
	case OP_OVER:
		return e->depth >= 2 && push(e, top[-2]);
	case OP_PICK:
		return bytes_u8(&e->b, &index) && index < e->depth &&
		       push(e, e->stack[e->depth - 1 - index]);
	case OP_SWAP:
		if (e->depth < 2)
			return false;
		value = top[-1];
		top[-1] = top[-2];
		top[-2] = value;
		return true;
	default: /* ROT: the top becomes the third */
		if (e->depth < 3)
			return false;
		value = top[-1];
		top[-1] = top[-2];
		top[-2] = top[-3];
		top[-3] = value;
		return true;
	}
}

static bool one_operand(struct evaluation *e, uint8_t opcode)
{
	uint64_t value, addend;

	if (opcode == OP_PLUS_UCONST)
		return bytes_uleb128(&e->b, &addend) && pop(e, &value) && push(e, value + addend);
	if (!pop(e, &value))
		return false;
	if (opcode == OP_NOT)
		return push(e, ~value);
	if (opcode == OP_NEG || (int64_t)value < 0)
		return push(e, -value);
	return push(e, value);
}

/* Shift counts of a word or more are defined here as what shifting bit by bit would give. */
static uint64_t shift(uint8_t opcode, uint64_t value, uint64_t count)
{
	if (opcode == OP_SHRA)
		return (uint64_t)((int64_t)value >> MIN(count, 63U));
	if (count > 63)
		return 0;
	return opcode == OP_SHL ? value << count : value >> count;
}

static bool two_operands(struct evaluation *e, uint8_t opcode)
{
	uint64_t a, b;

	if (!pop(e, &b) || !pop(e, &a))
		return false;
	switch (opcode) {
	case OP_AND:
		return push(e, a & b);
	case OP_OR:
		return push(e, a | b);
	case OP_XOR:
		return push(e, a ^ b);
	case OP_PLUS:
		return push(e, a + b);
	case OP_MINUS:
		return push(e, a - b);
	case OP_MUL:
		return push(e, a * b);
	case OP_DIV:
		if (b == 0)
			return false;
		/* INT64_MIN / -1 traps. */
		return push(e, b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b));
	case OP_MOD:
		return b != 0 && push(e, a % b);
	case OP_SHL:
	case OP_SHR:
	case OP_SHRA:
		return push(e, shift(opcode, a, b));
	case OP_EQ:
		return push(e, a == b);
	case OP_NE:
		return push(e, a != b);
	case OP_GE:
		return push(e, (int64_t)a >= (int64_t)b);
	case OP_GT:
		return push(e, (int64_t)a > (int64_t)b);
	case OP_LE:
		return push(e, (int64_t)a <= (int64_t)b);
	default:
		return push(e, (int64_t)a < (int64_t)b);
	}
}

static bool branch(struct evaluation *e, uint8_t opcode)
{
	uint64_t condition = 1;
	uint16_t distance;

	if (!bytes_u16(&e->b, &distance) || (opcode == OP_BRA && !pop(e, &condition)))
		return false;
	if (!condition)
		return true;
	/* A negative sum wraps far beyond the end and is refused there. */
	return bytes_seek(&e->b, bytes_offset(&e->b) + (uint64_t)(int64_t)(int16_t)distance);
}

static bool step(struct evaluation *e, uint8_t opcode)
{
	uint64_t column;
	uint8_t size_bytes;

	if (opcode >= OP_LIT0 && opcode <= OP_LIT31)
		return push(e, opcode - (unsigned)OP_LIT0);
	if (opcode >= OP_BREG0 && opcode <= OP_BREG31)
		return push_register(e, opcode - (unsigned)OP_BREG0);
	if (opcode == OP_ADDR || (opcode >= OP_CONST1U && opcode <= OP_CONSTS))
		return push_constant(e, opcode);
	if (opcode >= OP_DUP && opcode <= OP_ROT)
		return shuffle(e, opcode);
	switch (opcode) {
	case OP_NOP:
		return true;
	case OP_DEREF:
		return dereference(e, sizeof(uint64_t));
	case OP_DEREF_SIZE:
		return bytes_u8(&e->b, &size_bytes) && dereference(e, size_bytes);
	case OP_BREGX:
		return bytes_uleb128(&e->b, &column) && push_register(e, column);
	case OP_ABS:
	case OP_NEG:
	case OP_NOT:
	case OP_PLUS_UCONST:
		return one_operand(e, opcode);
	case OP_BRA:
	case OP_SKIP:
		return branch(e, opcode);
	default:
		break;
	}
	return opcode >= OP_AND && opcode <= OP_NE && two_operands(e, opcode);
}

bool expression_evaluate(struct bytes program, const struct expression_input *input, uint64_t *ret)
{
	struct evaluation e;
	unsigned steps = 0;
	uint8_t opcode;

	e.input = input;
	e.b = program;
	e.b.start = program.pos;
	e.depth = 0;
	if (input->initial)
		push(&e, *input->initial);
	while (bytes_u8(&e.b, &opcode)) {
		if (++steps > EXPRESSION_MAX_STEPS || !step(&e, opcode))
			return false;
	}
	return pop(&e, ret);
}
