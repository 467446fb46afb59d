#include "source/instruction.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"

struct opcode {
	const char *name; /* with '*' a prefix */
	uint32_t flags;
};

/* clang-format off */
static const struct opcode opcodes[] = {
	/* x86 */
	{ "div", INSTRUCTION_DIVIDE }, { "idiv", INSTRUCTION_DIVIDE },
	{ "divb", INSTRUCTION_DIVIDE }, { "divw", INSTRUCTION_DIVIDE },
	{ "divl", INSTRUCTION_DIVIDE }, { "divq", INSTRUCTION_DIVIDE },
	{ "idivb", INSTRUCTION_DIVIDE }, { "idivw", INSTRUCTION_DIVIDE },
	{ "idivl", INSTRUCTION_DIVIDE }, { "idivq", INSTRUCTION_DIVIDE },
	{ "divss", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "divsd", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "divps", INSTRUCTION_FP_DIVIDE | INSTRUCTION_VECTOR },
	{ "divpd", INSTRUCTION_FP_DIVIDE | INSTRUCTION_VECTOR },
	{ "sqrtss", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "sqrtsd", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "sqrtps", INSTRUCTION_FP_DIVIDE | INSTRUCTION_VECTOR },
	{ "sqrtpd", INSTRUCTION_FP_DIVIDE | INSTRUCTION_VECTOR },
	{ "call", INSTRUCTION_CALL }, { "callq", INSTRUCTION_CALL },
	{ "jmp", INSTRUCTION_JUMP }, { "jmpq", INSTRUCTION_JUMP },
	{ "ret", INSTRUCTION_RETURN }, { "retq", INSTRUCTION_RETURN },
	{ "repz ret", INSTRUCTION_RETURN },
	{ "pause", INSTRUCTION_PAUSE }, { "tpause", INSTRUCTION_PAUSE },
	{ "cvtsi2s*", INSTRUCTION_INT_TO_FP }, { "cvtusi2s*", INSTRUCTION_INT_TO_FP },
	{ "cvtts*2si*", INSTRUCTION_FP_TO_INT }, { "cvts?2si*", INSTRUCTION_FP_TO_INT },
	{ "cvtss2sd", INSTRUCTION_PRECISION }, { "cvtsd2ss", INSTRUCTION_PRECISION },
	{ "cvtps2pd", INSTRUCTION_PRECISION }, { "cvtpd2ps", INSTRUCTION_PRECISION },
	{ "addss", INSTRUCTION_SCALAR_FP },
	{ "addsd", INSTRUCTION_SCALAR_FP }, { "subss", INSTRUCTION_SCALAR_FP },
	{ "subsd", INSTRUCTION_SCALAR_FP }, { "mulss", INSTRUCTION_SCALAR_FP },
	{ "mulsd", INSTRUCTION_SCALAR_FP }, { "maxss", INSTRUCTION_SCALAR_FP },
	{ "maxsd", INSTRUCTION_SCALAR_FP }, { "minss", INSTRUCTION_SCALAR_FP },
	{ "minsd", INSTRUCTION_SCALAR_FP }, { "fmadd*sd", INSTRUCTION_SCALAR_FP },
	{ "fmadd*ss", INSTRUCTION_SCALAR_FP }, { "fmsub*sd", INSTRUCTION_SCALAR_FP },
	{ "fmsub*ss", INSTRUCTION_SCALAR_FP }, { "fnmadd*sd", INSTRUCTION_SCALAR_FP },
	{ "fnmadd*ss", INSTRUCTION_SCALAR_FP },
	{ "addps", INSTRUCTION_VECTOR }, { "addpd", INSTRUCTION_VECTOR },
	{ "subps", INSTRUCTION_VECTOR }, { "subpd", INSTRUCTION_VECTOR },
	{ "mulps", INSTRUCTION_VECTOR }, { "mulpd", INSTRUCTION_VECTOR },
	{ "maxps", INSTRUCTION_VECTOR }, { "maxpd", INSTRUCTION_VECTOR },
	{ "minps", INSTRUCTION_VECTOR }, { "minpd", INSTRUCTION_VECTOR },
	{ "fmadd*p?", INSTRUCTION_VECTOR }, { "fmsub*p?", INSTRUCTION_VECTOR },
	{ "fnmadd*p?", INSTRUCTION_VECTOR }, { "padd?", INSTRUCTION_VECTOR },
	{ "psub?", INSTRUCTION_VECTOR }, { "pmul*", INSTRUCTION_VECTOR },
	{ "pmadd*", INSTRUCTION_VECTOR }, { "pcmp*", INSTRUCTION_VECTOR },
	{ "psadbw", INSTRUCTION_VECTOR }, { "pmax*", INSTRUCTION_VECTOR },
	{ "pmin*", INSTRUCTION_VECTOR },
	{ "gather*", INSTRUCTION_GATHER }, { "pgather*", INSTRUCTION_GATHER },
	{ "mov*", INSTRUCTION_CHEAP }, { "add", INSTRUCTION_CHEAP },
	{ "addl", INSTRUCTION_CHEAP }, { "addq", INSTRUCTION_CHEAP },
	{ "sub", INSTRUCTION_CHEAP }, { "subl", INSTRUCTION_CHEAP },
	{ "subq", INSTRUCTION_CHEAP }, { "cmp*", INSTRUCTION_CHEAP },
	{ "test*", INSTRUCTION_CHEAP }, { "lea*", INSTRUCTION_CHEAP },
	{ "inc*", INSTRUCTION_CHEAP }, { "dec*", INSTRUCTION_CHEAP },
	{ "and", INSTRUCTION_CHEAP }, { "andl", INSTRUCTION_CHEAP },
	{ "or", INSTRUCTION_CHEAP }, { "xor", INSTRUCTION_CHEAP },
	{ "shl", INSTRUCTION_CHEAP }, { "shr", INSTRUCTION_CHEAP },
	{ "sar", INSTRUCTION_CHEAP }, { "nop*", INSTRUCTION_CHEAP },
	{ "neg", INSTRUCTION_CHEAP }, { "not", INSTRUCTION_CHEAP },
	{ "pxor", INSTRUCTION_CHEAP }, { "xorps", INSTRUCTION_CHEAP },
	{ "set*", INSTRUCTION_CHEAP }, { "cmov*", INSTRUCTION_CHEAP },
	{ "rol", INSTRUCTION_CHEAP }, { "ror", INSTRUCTION_CHEAP },
	{ "push", INSTRUCTION_CHEAP }, { "pop", INSTRUCTION_CHEAP },
	{ "leave", INSTRUCTION_CHEAP }, { "endbr64", INSTRUCTION_CHEAP },
	{ "cltq", INSTRUCTION_CHEAP }, { "cltd", INSTRUCTION_CHEAP },
	{ "cqto", INSTRUCTION_CHEAP }, { "cdqe", INSTRUCTION_CHEAP },
	{ "cdq", INSTRUCTION_CHEAP }, { "imul", 0 }, { "mul", 0 }, { "xchg", 0 },
	/* arm64 */
	{ "sdiv", INSTRUCTION_DIVIDE }, { "udiv", INSTRUCTION_DIVIDE },
	{ "fdiv", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "fsqrt", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
	{ "bl", INSTRUCTION_CALL }, { "blr", INSTRUCTION_CALL | INSTRUCTION_INDIRECT },
	{ "br", INSTRUCTION_JUMP | INSTRUCTION_INDIRECT }, { "b", INSTRUCTION_JUMP },
	{ "b.*", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
	{ "cbz", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
	{ "cbnz", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
	{ "tbz", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
	{ "tbnz", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
	{ "yield", INSTRUCTION_PAUSE }, { "wfe", INSTRUCTION_PAUSE },
	{ "scvtf", INSTRUCTION_INT_TO_FP }, { "ucvtf", INSTRUCTION_INT_TO_FP },
	{ "fcvtz?", INSTRUCTION_FP_TO_INT }, { "fcvt", INSTRUCTION_PRECISION },
	{ "fadd", INSTRUCTION_SCALAR_FP }, { "fsub", INSTRUCTION_SCALAR_FP },
	{ "fmul", INSTRUCTION_SCALAR_FP }, { "fmadd", INSTRUCTION_SCALAR_FP },
	{ "fmsub", INSTRUCTION_SCALAR_FP }, { "fmla", INSTRUCTION_SCALAR_FP },
	{ "ldr*", INSTRUCTION_LOAD }, { "ldp*", INSTRUCTION_LOAD }, { "ldur*", INSTRUCTION_LOAD },
	{ "str*", INSTRUCTION_STORE }, { "stp*", INSTRUCTION_STORE }, { "stur*", INSTRUCTION_STORE },
	{ "ldxr*", INSTRUCTION_ATOMIC | INSTRUCTION_LOAD },
	{ "ldaxr*", INSTRUCTION_ATOMIC | INSTRUCTION_LOAD },
	{ "stxr*", INSTRUCTION_ATOMIC | INSTRUCTION_STORE },
	{ "stlxr*", INSTRUCTION_ATOMIC | INSTRUCTION_STORE },
	{ "ldadd*", INSTRUCTION_ATOMIC }, { "ldset*", INSTRUCTION_ATOMIC },
	{ "ldclr*", INSTRUCTION_ATOMIC }, { "swpal*", INSTRUCTION_ATOMIC },
	{ "casal*", INSTRUCTION_ATOMIC }, { "casa*", INSTRUCTION_ATOMIC },
	{ "adds", INSTRUCTION_CHEAP }, { "subs", INSTRUCTION_CHEAP },
	{ "adrp", INSTRUCTION_CHEAP }, { "lsl", INSTRUCTION_CHEAP }, { "lsr", INSTRUCTION_CHEAP },
	{ "asr", INSTRUCTION_CHEAP }, { "csel", INSTRUCTION_CHEAP }, { "orr", INSTRUCTION_CHEAP },
	{ "eor", INSTRUCTION_CHEAP }, { "madd", 0 }, { "msub", 0 },
};
/* clang-format on */

static bool is_x86_conditional(struct str mnemonic)
{
	static const char *const conditions[] = { "a",	 "ae",	 "b",	"be", "c",   "e",  "g",
						  "ge",	 "l",	 "le",	"na", "nae", "nb", "ne",
						  "nbe", "nc",	 "ng",	"nl", "no",  "np", "ns",
						  "nz",	 "o",	 "p",	"pe", "po",  "s",  "z",
						  "cxz", "ecxz", "rcxz" };
	struct str rest = { mnemonic.ptr + 1, mnemonic.len - 1 };

	if (mnemonic.len < 2 || *mnemonic.ptr != 'j')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
		if (str_is(rest, conditions[i]))
			return true;
	return false;
}

static const struct opcode *find_opcode(struct str mnemonic)
{
	for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++)
		if (*opcodes[i].name == *mnemonic.ptr &&
		    str_glob(str_from(opcodes[i].name), mnemonic))
			return &opcodes[i];
	/* AVX's names are SSE's with a v */
	if (mnemonic.len > 3 && *mnemonic.ptr == 'v') {
		struct str plain = { mnemonic.ptr + 1, mnemonic.len - 1 };

		for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++)
			if (*opcodes[i].name == *plain.ptr &&
			    str_glob(str_from(opcodes[i].name), plain))
				return &opcodes[i];
	}
	return NULL;
}

static bool is_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isxdigit((unsigned char)text.ptr[i]))
			return false;
	return text.len > 0;
}

/* "  1288:  44 89 c0   mov ...": address and raw bytes off. */
static struct str take_address(struct instruction *i, struct str text)
{
	struct str word, rest = text = str_trim(text);
	uint64_t address;

	if (str_next_word(&rest, &word) && word.len > 1 && word.ptr[word.len - 1] == ':' &&
	    str_to_hex((struct str){ word.ptr, word.len - 1 }, &address)) {
		i->has_address = true;
		i->address = address;
		text = str_trim(rest);
	}
	for (;;) {
		rest = text;
		if (!str_next_word(&rest, &word) || (!rest.len && !i->has_address) ||
		    !is_hex(word) || (word.len != 2 && word.len != 8))
			return text;
		text = str_trim(rest);
	}
}

static struct str take_prefixes(struct instruction *i, struct str text)
{
	struct str word, rest = text;

	while (str_next_word(&rest, &word)) {
		if (str_is(word, "lock"))
			i->flags |= INSTRUCTION_ATOMIC;
		else if (str_is(word, "rep") || str_is(word, "repz") || str_is(word, "repnz"))
			i->flags |= str_is(word, "rep") ? INSTRUCTION_REPEAT : 0;
		else if (!str_is(word, "bnd") && !str_is(word, "notrack") &&
			 !str_is(word, "data16") && !str_is(word, "{evex}") &&
			 !str_is(word, "cs") && !str_is(word, "ds"))
			break;
		text = str_trim(rest);
	}
	return text;
}

/* The operand that holds a bracket: "0x8(%rax,%rcx,4)", "DWORD PTR [rax+8]", "[x0, #8]". */
static struct str find_memory(struct str operands)
{
	size_t start = 0, depth = 0;
	bool has_bracket = false;

	for (size_t i = 0; i <= operands.len; i++) {
		char c = i < operands.len ? operands.ptr[i] : ',';

		if (c == '#' && !depth)
			c = ',';
		if (c == '(' || c == '[') {
			depth++;
			has_bracket = true;
		} else if ((c == ')' || c == ']') && depth) {
			depth--;
		} else if (c == ',' && !depth) {
			if (has_bracket)
				return str_trim((struct str){ operands.ptr + start, i - start });
			start = i + 1;
		}
	}
	return (struct str){ operands.ptr, 0 };
}

static struct str last_operand(struct str operands)
{
	size_t start = 0, depth = 0;

	for (size_t i = 0; i < operands.len; i++) {
		char c = operands.ptr[i];

		depth += c == '(' || c == '[';
		depth -= (c == ')' || c == ']') && depth;
		if (c == ',' && !depth)
			start = i + 1;
	}
	return str_trim((struct str){ operands.ptr + start, operands.len - start });
}

static struct str first_operand(struct str operands)
{
	size_t depth = 0;

	for (size_t i = 0; i < operands.len; i++) {
		char c = operands.ptr[i];

		depth += c == '(' || c == '[';
		depth -= (c == ')' || c == ']') && depth;
		if (c == ',' && !depth)
			return str_trim((struct str){ operands.ptr, i });
	}
	return operands;
}

static bool is_att(const struct instruction *i)
{
	return i->operands.len && (memchr(i->operands.ptr, '%', i->operands.len) ||
				   memchr(i->operands.ptr, '$', i->operands.len));
}

/* Operands without the name of the place that objdump adds, and without its comments. */
static struct str without_names(struct str operands)
{
	static const char *const ends[] = { " <", " # ", " // " };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ptrdiff_t at = str_find(operands, str_from(ends[i]));

		if (at > 0)
			operands.len = (size_t)at;
	}
	return str_trim(operands);
}

/* "12b0 <modsum+0x40>", "1040 <strlen@plt>", "40" on perf's screen, "strlen@plt" there. */
static void take_target(struct instruction *i)
{
	struct str target = last_operand(without_names(i->operands)), name = target;
	ptrdiff_t open = str_find(i->operands, STR(" <")), plus;

	if (target.len && (*target.ptr == '*' || *target.ptr == '%' || i->memory.len)) {
		i->flags |= INSTRUCTION_INDIRECT;
		return;
	}
	i->has_target = str_to_hex(target, &i->target);
	/* Intel: call rax */
	if (!i->has_target && i->flags & INSTRUCTION_CALL && open < 0 && target.len <= 3 &&
	    target.len && isalpha((unsigned char)*target.ptr))
		i->flags |= INSTRUCTION_INDIRECT;
	if (i->has_target)
		name.len = 0;
	if (i->has_target && open >= 0 && i->operands.ptr[i->operands.len - 1] == '>')
		name = (struct str){ i->operands.ptr + open + 2,
				     i->operands.len - (size_t)open - 3 };
	if (!(i->flags & INSTRUCTION_CALL) || i->flags & INSTRUCTION_INDIRECT)
		return;
	plus = str_find(name, STR("+0x"));
	if (plus > 0)
		name.len = (size_t)plus;
	if (str_ends_with(name, STR("@plt"))) {
		i->through_plt = true;
		name.len -= 4;
	}
	plus = str_find(name, STR("@@"));
	if (plus > 0)
		name.len = (size_t)plus;
	i->callee = name;
}

static bool is_lea(struct str mnemonic)
{
	return str_starts_with(mnemonic, STR("lea")) || str_starts_with(mnemonic, STR("nop"));
}

static bool reads_only(struct str mnemonic)
{
	return str_starts_with(mnemonic, STR("cmp")) || str_starts_with(mnemonic, STR("test")) ||
	       str_starts_with(mnemonic, STR("push")) || str_starts_with(mnemonic, STR("bt")) ||
	       str_starts_with(mnemonic, STR("ucomis")) || str_starts_with(mnemonic, STR("comis"));
}

static void classify_memory(struct instruction *i)
{
	struct str registers[2];
	unsigned count;
	bool is_destination;

	if (!i->memory.len || is_lea(i->mnemonic))
		return;
	count = instruction_registers(i->memory, registers);
	for (unsigned k = 0; k < count && k < 1; k++)
		if (str_is(registers[k], "rsp") || str_is(registers[k], "rbp") ||
		    str_is(registers[k], "esp") || str_is(registers[k], "ebp") ||
		    str_is(registers[k], "sp") || str_is(registers[k], "x29"))
			i->flags |= INSTRUCTION_STACK;
	if (i->flags & (INSTRUCTION_LOAD | INSTRUCTION_STORE | INSTRUCTION_CALL | INSTRUCTION_JUMP))
		return; /* arm64's mnemonics say it */
	is_destination = is_att(i) ? last_operand(i->operands).ptr == i->memory.ptr
				   : first_operand(i->operands).ptr == i->memory.ptr;
	if (!is_destination || reads_only(i->mnemonic)) {
		i->flags |= INSTRUCTION_LOAD;
		return;
	}
	i->flags |= INSTRUCTION_STORE;
	if (!str_starts_with(i->mnemonic, STR("mov")) &&
	    !str_starts_with(i->mnemonic, STR("vmov")) && !str_starts_with(i->mnemonic, STR("set")))
		i->flags |= INSTRUCTION_LOAD;
}

struct instruction instruction_parse(struct str text)
{
	struct instruction i = { 0 };
	const struct opcode *opcode;
	struct str rest;

	rest = i.text = take_address(&i, text);
	rest = take_prefixes(&i, rest);
	if (!str_next_word(&rest, &i.mnemonic))
		return i;
	i.operands = str_trim(rest);
	i.memory = find_memory(without_names(i.operands));
	opcode = find_opcode(i.mnemonic);
	if (opcode)
		i.flags |= opcode->flags;
	if (is_x86_conditional(i.mnemonic))
		i.flags |= INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL;
	/* arm64 writes vectors as v0.4s */
	if (i.flags & INSTRUCTION_SCALAR_FP && i.operands.len && *i.operands.ptr == 'v' &&
	    memchr(i.operands.ptr, '.', i.operands.len))
		i.flags = (i.flags & ~(uint32_t)INSTRUCTION_SCALAR_FP) | INSTRUCTION_VECTOR;
	if (i.flags & (INSTRUCTION_CALL | INSTRUCTION_JUMP))
		take_target(&i);
	classify_memory(&i);
	if (str_is(i.mnemonic, "xchg") && i.memory.len)
		i.flags |= INSTRUCTION_ATOMIC;
	if (i.flags & INSTRUCTION_REPEAT && !str_starts_with(i.mnemonic, STR("movs")) &&
	    !str_starts_with(i.mnemonic, STR("stos")))
		i.flags &= ~(uint32_t)INSTRUCTION_REPEAT;
	if (i.flags & (INSTRUCTION_LOAD | INSTRUCTION_ATOMIC | INSTRUCTION_REPEAT))
		i.flags &= ~(uint32_t)INSTRUCTION_CHEAP;
	return i;
}

bool instruction_is(struct str text)
{
	struct instruction i = instruction_parse(text);
	char last;

	if (!i.mnemonic.len)
		return false;
	last = text.ptr[text.len - 1];
	if (last == ';' || last == '{' || last == '}' ||
	    !(find_opcode(i.mnemonic) || is_x86_conditional(i.mnemonic) ||
	      i.flags & (INSTRUCTION_ATOMIC | INSTRUCTION_REPEAT)))
		return false;
	return !memchr(i.operands.ptr, ';', i.operands.len) &&
	       !memchr(i.operands.ptr, '=', i.operands.len);
}

struct str instruction_destination(const struct instruction *i)
{
	if (i->flags & (INSTRUCTION_CALL | INSTRUCTION_JUMP) || reads_only(i->mnemonic))
		return (struct str){ i->operands.ptr, 0 };
	if (is_att(i)) {
		struct str operands = i->operands;
		ptrdiff_t comment = str_find(operands, STR("#"));

		if (comment > 0)
			operands = str_trim((struct str){ operands.ptr, (size_t)comment });
		return last_operand(operands);
	}
	return first_operand(i->operands);
}

unsigned instruction_registers(struct str memory, struct str ret[2])
{
	unsigned count = 0;
	size_t i = 0;

	while (i < memory.len && memory.ptr[i] != '(' && memory.ptr[i] != '[')
		i++;
	while (i < memory.len && count < 2) {
		size_t start;

		if (!isalpha((unsigned char)memory.ptr[i])) {
			/* 0x8 is no register */
			if (isdigit((unsigned char)memory.ptr[i]))
				while (i + 1 < memory.len &&
				       isalnum((unsigned char)memory.ptr[i + 1]))
					i++;
			i++;
			continue;
		}
		start = i;
		while (i < memory.len && isalnum((unsigned char)memory.ptr[i]))
			i++;
		ret[count++] = (struct str){ memory.ptr + start, i - start };
	}
	return count;
}

bool instruction_displacement(struct str memory, int64_t *ret)
{
	ptrdiff_t open = str_find(memory, STR("("));
	bool is_negative = false;
	struct str number = memory;
	uint64_t value;

	if (open >= 0) {
		number.len = (size_t)open;
	} else {
		ptrdiff_t plus = str_find(memory, STR("+0x")), minus = str_find(memory, STR("-0x"));
		ptrdiff_t at = plus > 0 ? plus : minus;

		is_negative = plus <= 0 && minus > 0;
		number = at > 0 ? (struct str){ memory.ptr + at + 1, memory.len - (size_t)at - 1 }
				: (struct str){ memory.ptr, 0 };
		if (number.len && number.ptr[number.len - 1] == ']')
			number.len--;
	}
	if (!number.len) {
		*ret = 0;
		return true;
	}
	if (*number.ptr == '-') {
		is_negative = true;
		number = (struct str){ number.ptr + 1, number.len - 1 };
	}
	if (!str_starts_with(number, STR("0x")) || !str_to_hex(number, &value) || value > INT64_MAX)
		return false;
	*ret = is_negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* The part of a register's name that its widths share. */
static struct str stem(struct str name)
{
	if (name.len && *name.ptr == '%')
		name = (struct str){ name.ptr + 1, name.len - 1 };
	if (name.len > 1 && isdigit((unsigned char)name.ptr[1])) {
		/* r10d, r10b; x3 and w3 */
		size_t end = name.len;

		while (end > 2 && !isdigit((unsigned char)name.ptr[end - 1]))
			end--;
		return (struct str){ name.ptr + 1, end - 1 };
	}
	if (name.len == 3 && (*name.ptr == 'r' || *name.ptr == 'e'))
		name = (struct str){ name.ptr + 1, 2 };
	if (name.len == 3 && name.ptr[2] == 'l')
		name.len = 2;
	if (name.len == 2 && (name.ptr[1] == 'l' || name.ptr[1] == 'x') && name.ptr[0] >= 'a' &&
	    name.ptr[0] <= 'd')
		name.len = 1;
	return name;
}

bool instruction_same_register(struct str a, struct str b)
{
	return str_eq(stem(a), stem(b));
}
