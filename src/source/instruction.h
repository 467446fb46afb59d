/*
 * What an instruction does, as far as its text tells: x86-64 in AT&T and Intel syntax, arm64. Only
 * what is sure; an unknown mnemonic is INSTRUCTION_OTHER. Knows nothing of costs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum instruction_flags {
	INSTRUCTION_DIVIDE = 1 << 0,	/* of integers */
	INSTRUCTION_FP_DIVIDE = 1 << 1, /* or a square root */
	INSTRUCTION_CALL = 1 << 2,
	INSTRUCTION_INDIRECT = 1 << 3, /* a call or jump through a register or memory */
	INSTRUCTION_JUMP = 1 << 4,
	INSTRUCTION_CONDITIONAL = 1 << 5,
	INSTRUCTION_LOAD = 1 << 6,
	INSTRUCTION_STORE = 1 << 7,
	INSTRUCTION_ATOMIC = 1 << 8, /* locked, or exclusive on arm64 */
	INSTRUCTION_PAUSE = 1 << 9,
	INSTRUCTION_SCALAR_FP = 1 << 10, /* arithmetic of one float or double */
	INSTRUCTION_VECTOR = 1 << 11,	 /* arithmetic of several values */
	INSTRUCTION_INT_TO_FP = 1 << 12,
	INSTRUCTION_FP_TO_INT = 1 << 13,
	INSTRUCTION_PRECISION = 1 << 14, /* between float and double */
	INSTRUCTION_REPEAT = 1 << 15,	 /* rep movs, rep stos */
	INSTRUCTION_GATHER = 1 << 16,
	INSTRUCTION_RETURN = 1 << 17,
	INSTRUCTION_STACK = 1 << 18, /* its memory operand is a slot of the frame */
	INSTRUCTION_CHEAP = 1 << 19, /* a cycle: its own cost is small */
};

struct instruction {
	bool has_address, has_target;
	uint64_t address, target;
	uint32_t flags;
	struct str text;     /* without the address */
	struct str mnemonic; /* without prefixes */
	struct str operands;
	struct str memory; /* the operand in memory; empty = none */
	struct str callee; /* of calls: the name, without "@plt"; empty = not told */
	bool through_plt;
};

/* `text` as a listing's row has it: from its address or label on, if it has one. */
struct instruction instruction_parse(struct str text);
/* Whether a text of unknown kind is one: for readers that cannot tell by its place. */
bool instruction_is(struct str text);
/* The destination of an instruction: the register or memory that it writes, by its syntax. */
struct str instruction_destination(const struct instruction *instruction);
/* The registers of a memory operand, "%" dropped; returns how many (at most 2). */
unsigned instruction_registers(struct str memory, struct str ret[2]);
/* The constant displacement of a memory operand; false where it is none. */
bool instruction_displacement(struct str memory, int64_t *ret);
/* The same register, whatever its width: rax, eax, ax, al; x3, w3. */
bool instruction_same_register(struct str a, struct str b);
