/* Disassembly: loops by their jumps, and what the instructions in them do. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "source/code.h"
#include "source/instruction.h"

enum {
	MAX_LOOPS = 4096, /* of a function */
	MAX_DEPTH = 64,
	MAX_NEAR = 64,	       /* atomics of a function that are compared */
	MAX_BODY = 400,	       /* instructions of a loop that are compared with each other */
	LINE_BYTES = 64,       /* of a cache */
	FEW_INSTRUCTIONS = 12, /* below, a function says nothing of how it was compiled */
};

/* From this stride on every load touches a cache line of its own, and soon a page. */
static const int64_t large_stride = 256;

struct step {
	struct instruction i;
	size_t row;    /* of the listing */
	uint32_t line; /* UINT32_MAX = none */
	uint32_t loop; /* row + 1 of the innermost one */
	double cost;
	ptrdiff_t target; /* index of the step that it jumps to, or -1 */
};

VEC_DEFINE(step_vec, struct step)

struct interval {
	size_t start, end; /* steps, both in it */
	uint32_t loop;	   /* row + 1 */
};

VEC_DEFINE(interval_vec, struct interval)

struct body {
	struct code *code;
	uint32_t function;
	struct step_vec steps;
	struct interval_vec intervals;
	size_t first_line, first_loop; /* of this function */
	double *loop_cost;	       /* from first_loop on */
};

/* ---- jumps and loops */

struct place {
	uint64_t address;
	size_t step;
};

static int by_address(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void find_targets(struct body *body)
{
	size_t count = 0;
	auto_free struct place *places = x_calloc(body->steps.count + 1, sizeof(*places));

	for (size_t i = 0; i < body->steps.count; i++)
		if (body->steps.items[i].i.has_address)
			places[count++] = (struct place){ body->steps.items[i].i.address, i };
	qsort(places, count, sizeof(*places), by_address);
	for (size_t i = 0; i < body->steps.count; i++) {
		struct step *step = &body->steps.items[i];
		struct place wanted = { step->i.target, 0 }, *found = NULL;

		step->target = -1;
		if (step->i.has_target && step->i.flags & INSTRUCTION_JUMP)
			found = bsearch(&wanted, places, count, sizeof(*places), by_address);
		if (found)
			step->target = (ptrdiff_t)found->step;
	}
}

static int by_extent(const void *left, const void *right)
{
	const struct interval *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end > b->end ? -1 : a->end < b->end;
}

/* A jump back closes a loop; several to the same place are one. */
static void find_intervals(struct body *body)
{
	struct interval_vec *intervals = &body->intervals;
	size_t kept = 0;

	for (size_t i = 0; i < body->steps.count && intervals->count < MAX_LOOPS; i++) {
		ptrdiff_t target = body->steps.items[i].target;

		if (target >= 0 && (size_t)target <= i)
			interval_vec_push(intervals, (struct interval){ (size_t)target, i, 0 });
	}
	if (intervals->count)
		qsort(intervals->items, intervals->count, sizeof(*intervals->items), by_extent);
	for (size_t i = 0; i < intervals->count; i++)
		if (!kept || intervals->items[kept - 1].start != intervals->items[i].start)
			intervals->items[kept++] = intervals->items[i];
	intervals->count = kept;
}

static void make_loop(struct body *body, struct interval *interval, uint32_t parent)
{
	struct code_loop_vec *loops = &body->code->loops;
	struct code_loop loop = { .function = body->function,
				  .parent = parent,
				  .depth = 1,
				  .is_innermost = true,
				  .is_from_jumps = true };

	if (parent) {
		loop.depth = loops->items[parent - 1].depth + 1;
		loops->items[parent - 1].is_innermost = false;
	}
	code_loop_vec_push(loops, loop);
	interval->loop = (uint32_t)loops->count;
}

static void give_costs_to_loops(struct body *body)
{
	struct code_loop_vec *loops = &body->code->loops;
	size_t first = body->first_loop;

	body->loop_cost = x_calloc(loops->count - first + 1, sizeof(*body->loop_cost));
	for (size_t i = 0; i < body->steps.count; i++)
		if (body->steps.items[i].loop)
			body->loop_cost[body->steps.items[i].loop - 1 - first] +=
				body->steps.items[i].cost;
	/* parents stand before their children */
	for (size_t i = loops->count; i > first; i--) {
		struct code_loop *loop = &loops->items[i - 1];
		double cost = body->loop_cost[i - 1 - first];

		if (loop->parent)
			body->loop_cost[loop->parent - 1 - first] += cost;
		loop->share = code_share(body->code, body->function, cost);
	}
}

/* One sweep: the loops that are open at a step are a stack. */
static void find_loops(struct body *body)
{
	auto_free struct interval **open = x_calloc(body->intervals.count + 1, sizeof(*open));
	size_t depth = 0, next = 0;

	for (size_t i = 0; i < body->steps.count; i++) {
		while (depth && open[depth - 1]->end < i)
			depth--;
		while (next < body->intervals.count && body->intervals.items[next].start == i) {
			struct interval *interval = &body->intervals.items[next++];

			if (depth >= MAX_DEPTH)
				continue;
			make_loop(body, interval, depth ? open[depth - 1]->loop : 0);
			open[depth++] = interval;
		}
		body->steps.items[i].loop = depth ? open[depth - 1]->loop : 0;
	}
	give_costs_to_loops(body);
}

static void count_in_loops(struct body *body)
{
	for (size_t i = 0; i < body->steps.count; i++) {
		const struct step *step = &body->steps.items[i];
		struct code_loop *loop;

		if (!step->loop)
			continue;
		loop = &body->code->loops.items[step->loop - 1];
		loop->instructions++;
		loop->scalar_fp += (step->i.flags & INSTRUCTION_SCALAR_FP) != 0;
		loop->vector += (step->i.flags & INSTRUCTION_VECTOR) != 0;
		loop->calls += (step->i.flags & INSTRUCTION_CALL) != 0;
		loop->pauses += (step->i.flags & INSTRUCTION_PAUSE) != 0;
		loop->atomics += (step->i.flags & INSTRUCTION_ATOMIC) != 0;
		loop->frame_accesses += (step->i.flags & INSTRUCTION_STACK) != 0;
	}
}

/* A line belongs to the loop of its dearest instruction, the innermost of equals. */
static void give_loops_to_lines(struct body *body)
{
	struct code *code = body->code;
	size_t count = code->lines.count - body->first_line;
	auto_free double *best = x_calloc(count + 1, sizeof(*best));

	for (size_t i = 0; i < count; i++)
		best[i] = -1;
	for (size_t i = 0; i < body->steps.count; i++) {
		const struct step *step = &body->steps.items[i];
		struct code_line *line;
		uint32_t depth = 0, known = 0;

		if (step->line == UINT32_MAX)
			continue;
		line = &code->lines.items[step->line];
		if (step->loop)
			depth = code->loops.items[step->loop - 1].depth;
		if (line->loop)
			known = code->loops.items[line->loop - 1].depth;
		if (step->cost > best[step->line - body->first_line] ||
		    (step->cost >= best[step->line - body->first_line] && depth > known)) {
			best[step->line - body->first_line] = step->cost;
			line->loop = step->loop;
		}
	}
}

/* ---- what instructions do */

/* The cost of an instruction and of the next one, where the cost of slow ones lands. */
static double cost_with_skid(const struct body *body, size_t i)
{
	double cost = body->steps.items[i].cost;

	if (i + 1 < body->steps.count)
		cost += body->steps.items[i + 1].cost;
	return code_share(body->code, body->function, cost);
}

static bool ends_program(struct str callee)
{
	static const char *const names[] = { "__stack_chk_fail",  "abort",  "__assert_fail",
					     "_Unwind_Resume",	  "__cxa_", "panic",
					     "runtime.morestack", "throw",  "fail" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_find(callee, str_from(names[i])) >= 0)
			return true;
	return false;
}

static void note_call(struct body *body, size_t i)
{
	const struct step *step = &body->steps.items[i];
	const struct instruction *in = &step->i;
	struct code *code = body->code;
	bool indirect = in->flags & INSTRUCTION_INDIRECT;
	struct str callee = indirect ? in->operands : in->callee;

	if (!callee.len || ends_program(callee) || code->calls.count >= 500)
		return;
	code_call_vec_push(&code->calls, (struct code_call){ .line = step->line,
							     .callee = intern(&code->texts, callee),
							     .how = indirect	      ? "indirect"
								    : in->through_plt ? "plt"
										      : "direct",
							     .has_cost = code->is_measured,
							     .share = cost_with_skid(body, i) });
}

/* A jump out of the hot path to where a bounds check fails. */
static bool leads_to_bounds_panic(const struct body *body, const struct step *step)
{
	if (step->target < 0 || !(step->i.flags & INSTRUCTION_CONDITIONAL))
		return false;
	for (size_t i = (size_t)step->target; i < body->steps.count && i < (size_t)step->target + 8;
	     i++) {
		struct str callee = body->steps.items[i].i.callee;

		if (str_find(callee, STR("panic_bounds_check")) >= 0 ||
		    str_find(callee, STR("runtime.panicIndex")) >= 0 ||
		    str_find(callee, STR("slice_index_len_fail")) >= 0)
			return true;
		if (body->steps.items[i].i.flags & (INSTRUCTION_JUMP | INSTRUCTION_RETURN))
			return false;
	}
	return false;
}

/* Data decides which way it goes: a comparison with memory, or of what was just loaded. */
static bool is_data_branch(const struct body *body, size_t i)
{
	const struct step *step = &body->steps.items[i];

	if (!(step->i.flags & INSTRUCTION_CONDITIONAL) || step->target < 0 ||
	    (size_t)step->target <= i || body->steps.items[step->target].loop != step->loop)
		return false;
	for (size_t k = i; k && k + 3 > i && k > 0; k--) {
		const struct step *before = &body->steps.items[k - 1];

		if (before->loop != step->loop || before->i.flags & INSTRUCTION_JUMP)
			return false;
		if (before->i.flags & INSTRUCTION_LOAD && !(before->i.flags & INSTRUCTION_STACK))
			return true;
	}
	return false;
}

static double cost_of_branch(const struct body *body, size_t i)
{
	const struct step *step = &body->steps.items[i];
	double cost = step->cost;

	if (i + 1 < body->steps.count)
		cost += body->steps.items[i + 1].cost;
	if (step->target > 0 && (size_t)step->target != i + 1)
		cost += body->steps.items[step->target].cost;
	return code_share(body->code, body->function, cost);
}

/* What a line caused that is counted elsewhere: the instruction behind its slow one. */
static void note_skid(struct body *body, size_t i)
{
	const uint32_t slow = INSTRUCTION_DIVIDE | INSTRUCTION_FP_DIVIDE | INSTRUCTION_LOAD |
			      INSTRUCTION_STORE | INSTRUCTION_ATOMIC | INSTRUCTION_REPEAT;
	const struct step *step = &body->steps.items[i], *next = step + 1;

	if (i + 1 >= body->steps.count || !(step->i.flags & slow) || next->line == step->line ||
	    step->i.flags & INSTRUCTION_STACK)
		return;
	body->code->lines.items[step->line].skid +=
		code_share(body->code, body->function, next->cost);
}

static void note_step(struct body *body, size_t i)
{
	static const struct {
		uint32_t flag;
		const char *text, *figure;
	} slow[] = {
		{ INSTRUCTION_DIVIDE, "divide_instruction", "divide_share" },
		{ INSTRUCTION_FP_DIVIDE, "fp_divide_instruction", "fp_divide_share" },
		{ INSTRUCTION_ATOMIC, "atomic", "atomic_share" },
		{ INSTRUCTION_INT_TO_FP, "int_to_fp", "conversion_share" },
		{ INSTRUCTION_PRECISION, "precision_change", "precision_share" },
		{ INSTRUCTION_REPEAT, "repeat", "repeat_share" },
		{ INSTRUCTION_GATHER, "gather", "gather_share" },
	};
	const struct step *step = &body->steps.items[i];
	struct code *code = body->code;

	if (step->i.flags & INSTRUCTION_CALL && !(step->i.flags & INSTRUCTION_JUMP))
		note_call(body, i);
	for (size_t k = 0; k < ARRAY_SIZE(slow); k++) {
		if (!(step->i.flags & slow[k].flag))
			continue;
		code_add_sign(code, step->line, slow[k].text, step->i.text);
		code_add_figure(code, step->line, slow[k].figure, cost_with_skid(body, i), "ratio");
	}
	note_skid(body, i);
	if (!step->loop)
		return;
	if (leads_to_bounds_panic(body, step))
		code_add_figure(code, step->line, "bounds_check_share", cost_with_skid(body, i),
				"ratio");
	if (is_data_branch(body, i)) {
		code_add_sign(code, step->line, "data_branch", step->i.text);
		code_add_figure(code, step->line, "branch_share", cost_of_branch(body, i), "ratio");
	}
}

/* Whether an instruction of the loop writes the register; *ret is the last that does. */
static bool is_written(const struct body *body, const struct interval *in, struct str name,
		       const struct step **ret)
{
	bool found = false;

	for (size_t i = in->start; i <= in->end; i++) {
		const struct instruction *other = &body->steps.items[i].i;
		struct str destination = instruction_destination(other);
		ptrdiff_t end = other->memory.len ? other->memory.ptr + other->memory.len -
							    other->operands.ptr
						  : 0;

		/* arm64 moves the base with "[x1], #8" and "[x1, #8]!" */
		if (other->memory.len && *other->memory.ptr == '[' &&
		    (other->memory.ptr[other->memory.len - 1] == '!' ||
		     (end > 0 && (size_t)end < other->operands.len &&
		      other->flags & (INSTRUCTION_LOAD | INSTRUCTION_STORE))))
			return true;
		if (!destination.len ||
		    (other->memory.len && destination.ptr == other->memory.ptr) ||
		    !instruction_same_register(destination, name))
			continue;
		*ret = &body->steps.items[i];
		found = true;
	}
	return found;
}

/* "$0x1000,%rdx", "rdx,0x1000", "x1, x1, #0x1000": the constant that is added. */
static bool added_constant(const struct instruction *i, int64_t *ret)
{
	struct str rest = i->operands;
	uint64_t value;
	ptrdiff_t at;

	if (!str_starts_with(i->mnemonic, STR("add")) && !str_starts_with(i->mnemonic, STR("sub")))
		return false;
	for (at = 0; (size_t)at + 1 < rest.len; at++)
		if (rest.ptr[at] == '0' && rest.ptr[at + 1] == 'x')
			break;
	if ((size_t)at + 2 >= rest.len)
		return false;
	rest = (struct str){ rest.ptr + at + 2, rest.len - (size_t)at - 2 };
	for (at = 0; (size_t)at < rest.len && lex_is_word(rest.ptr[at]); at++)
		;
	rest.len = (size_t)at;
	if (!str_to_hex(rest, &value))
		return false;
	*ret = (int64_t)value < 0 ? -(int64_t)value : (int64_t)value;
	return true;
}

static void note_stride(struct body *body, const struct interval *in, size_t i)
{
	const struct step *step = &body->steps.items[i], *writer = NULL;
	struct str registers[2];
	unsigned count = instruction_registers(step->i.memory, registers);
	int64_t stride;

	if (count != 1 || !(step->i.flags & INSTRUCTION_LOAD) ||
	    step->i.flags & (INSTRUCTION_STACK | INSTRUCTION_CALL) ||
	    !is_written(body, in, registers[0], &writer) || !writer)
		return;
	if (added_constant(&writer->i, &stride)) {
		if (stride >= large_stride && stride < (int64_t)1 << 40) {
			code_add_figure(body->code, step->line, "stride", (double)stride, "bytes");
			code_add_figure(body->code, step->line, "stride_share",
					cost_with_skid(body, i), "ratio");
		}
		return;
	}
	/* a step that is worked out at run time: a row's or a structure's size */
	if (str_is(writer->i.mnemonic, "add") && !writer->i.memory.len) {
		code_add_sign(body->code, step->line, "stride_register", writer->i.text);
		code_add_figure(body->code, step->line, "stride_share", cost_with_skid(body, i),
				"ratio");
	}
}

/* A store whose address is the same each time round: the value could have stayed in a register. */
static void note_invariant_store(struct body *body, const struct interval *in, size_t i)
{
	const struct step *step = &body->steps.items[i], *writer = NULL;
	struct str registers[2];
	unsigned count = instruction_registers(step->i.memory, registers);

	if (!(step->i.flags & INSTRUCTION_STORE) || !count ||
	    step->i.flags & (INSTRUCTION_STACK | INSTRUCTION_ATOMIC | INSTRUCTION_REPEAT))
		return;
	for (unsigned k = 0; k < count; k++)
		if (is_written(body, in, registers[k], &writer))
			return;
	code_add_sign(body->code, step->line, "same_store", step->i.text);
	code_add_figure(body->code, step->line, "same_store_share", cost_with_skid(body, i),
			"ratio");
}

static void note_innermost(struct body *body)
{
	for (size_t k = 0; k < body->intervals.count; k++) {
		const struct interval *in = &body->intervals.items[k];
		const struct code_loop *loop;

		if (!in->loop)
			continue;
		loop = &body->code->loops.items[in->loop - 1];
		if (!loop->is_innermost || in->end - in->start > MAX_BODY ||
		    (body->code->is_measured && loop->share <= 0))
			continue;
		for (size_t i = in->start; i <= in->end; i++) {
			if (body->steps.items[i].line == UINT32_MAX)
				continue;
			note_stride(body, in, i);
			if (!loop->calls && !loop->pauses && !loop->atomics)
				note_invariant_store(body, in, i);
		}
	}
}

/* Base register and displacement of a memory operand, through the one lea that made its base. */
static bool resolve(const struct body *body, const struct instruction *i, struct str *ret_base,
		    int64_t *ret_displacement)
{
	const struct instruction *maker = NULL;
	struct str registers[2];
	int64_t more;
	size_t writers = 0;

	if (instruction_registers(i->memory, registers) != 1 || str_is(registers[0], "rip") ||
	    !instruction_displacement(i->memory, ret_displacement))
		return false;
	*ret_base = registers[0];
	for (size_t k = 0; k < body->steps.count; k++) {
		const struct instruction *other = &body->steps.items[k].i;
		struct str destination = instruction_destination(other);

		if (!destination.len ||
		    (other->memory.len && destination.ptr == other->memory.ptr) ||
		    !instruction_same_register(destination, registers[0]))
			continue;
		writers++;
		maker = other;
	}
	if (writers == 1 && str_starts_with(maker->mnemonic, STR("lea")) &&
	    instruction_registers(maker->memory, registers) == 1 &&
	    instruction_displacement(maker->memory, &more)) {
		*ret_base = registers[0];
		*ret_displacement += more;
	}
	return true;
}

struct target {
	struct str base, text;
	int64_t at;
};

/* Atomics on neighbours in one cache line. */
static void note_near_atomics(struct body *body)
{
	struct target seen[MAX_NEAR];
	size_t count = 0;

	for (size_t i = 0; i < body->steps.count && count < MAX_NEAR; i++) {
		const struct step *step = &body->steps.items[i];
		struct target mine = { .text = step->i.text };

		if (!(step->i.flags & INSTRUCTION_ATOMIC) || !step->i.memory.len ||
		    step->line == UINT32_MAX || !resolve(body, &step->i, &mine.base, &mine.at))
			continue;
		for (size_t k = 0; k < count; k++)
			if (str_eq(mine.base, seen[k].base) && mine.at != seen[k].at &&
			    llabs(mine.at - seen[k].at) < LINE_BYTES)
				code_add_sign(body->code, step->line, "near_atomic", seen[k].text);
		seen[count++] = mine;
	}
}

static void note_hot(struct body *body)
{
	const uint32_t slow = INSTRUCTION_DIVIDE | INSTRUCTION_FP_DIVIDE | INSTRUCTION_LOAD |
			      INSTRUCTION_ATOMIC | INSTRUCTION_REPEAT;

	for (size_t i = 0; i < body->steps.count; i++) {
		const struct step *step = &body->steps.items[i];
		const struct step *before = i ? &body->steps.items[i - 1] : NULL;
		struct code_hot hot = { step->line, step->row, 0,
					code_share(body->code, body->function, step->cost) };

		if (hot.share < 0.005 || step->line == UINT32_MAX)
			continue;
		if (before && before->i.flags & slow && !(before->i.flags & INSTRUCTION_JUMP) &&
		    step->i.flags & (INSTRUCTION_CHEAP | INSTRUCTION_JUMP))
			hot.after = before->row + 1;
		code_hot_vec_push(&body->code->hot, hot);
	}
}

/* gcc -O0 reads each variable from the frame and writes it back. */
static void note_unoptimised(struct body *body)
{
	size_t frame = 0, all = body->steps.count;
	bool has_frame = false;

	for (size_t i = 0; i < all; i++) {
		const struct instruction *in = &body->steps.items[i].i;
		struct str registers[2];

		has_frame |= i < 6 && (str_find(in->text, STR("%rsp,%rbp")) >= 0 ||
				       str_find(in->text, STR("rbp,rsp")) >= 0);
		if (in->flags & INSTRUCTION_STACK && instruction_registers(in->memory, registers) &&
		    (str_is(registers[0], "rbp") || str_is(registers[0], "x29")))
			frame++;
	}
	if (!has_frame || all < FEW_INSTRUCTIONS || frame * 10 < all * 4)
		return;
	body->code->unoptimised +=
		code_share(body->code, body->function,
			   body->code->listing->functions.items[body->function].cost);
	body->code->unoptimised_function = body->function + 1;
}

static void collect(struct body *body, const uint32_t *line_of_row)
{
	const struct listing *listing = body->code->listing;
	const struct listing_function *f = &listing->functions.items[body->function];

	for (size_t i = 0; i < f->row_count; i++) {
		const struct listing_row *row = &listing->rows.items[f->first_row + i];

		struct instruction in;

		if (row->kind != LISTING_INSTRUCTION)
			continue;
		in = instruction_parse(listing_row_text(row));
		/* raw bytes of the instruction before that did not fit beside it */
		if (!in.mnemonic.len)
			continue;
		step_vec_push(&body->steps, (struct step){ .i = in,
							   .row = f->first_row + i,
							   .line = line_of_row[i],
							   .cost = row->cost > 0 ? row->cost : 0 });
	}
}

void code_read_instructions(struct code *code, uint32_t function, size_t first_line,
			    const uint32_t *line_of_row)
{
	struct body body = { .code = code,
			     .function = function,
			     .first_line = first_line,
			     .first_loop = code->loops.count };

	collect(&body, line_of_row);
	find_targets(&body);
	find_intervals(&body);
	find_loops(&body);
	count_in_loops(&body);
	give_loops_to_lines(&body);
	for (size_t i = 0; i < body.steps.count; i++)
		if (body.steps.items[i].line != UINT32_MAX)
			note_step(&body, i);
	note_innermost(&body);
	note_near_atomics(&body);
	note_hot(&body);
	note_unoptimised(&body);
	step_vec_done(&body.steps);
	interval_vec_done(&body.intervals);
	free(body.loop_cost);
}
