#include "source/facts_code.h"

#include <string.h>

#include "base/memory.h"

enum {
	MAX_LINES = 60,
	MAX_SIGN_LINES = 300,
	MAX_LOOPS = 40,
	MAX_FUNCTIONS = 40,
	MAX_INSTRUCTIONS = 20,
	HOT_LINES = 10,
	MAX_TEXT = 160,
};

static const double least_line = 0.01, least_loop = 0.005, least_instruction = 0.02,
		    least_skid = 0.005;

struct teller {
	const struct code *code;
	struct facts *facts;
	const char *source;
};

static uint32_t number(const struct teller *t, struct entity entity, const char *name, double value,
		       const char *unit, uint32_t line)
{
	struct facts *facts = t->facts;

	return facts_add(facts, (struct fact){ .entity = entity,
					       .name = facts_text(facts, name),
					       .type = FACT_NUMBER,
					       .number = value,
					       .unit = facts_text(facts, unit),
					       .source = facts_text(facts, t->source),
					       .source_line = line,
					       .n = t->code->listing->samples });
}

static void text(const struct teller *t, struct entity entity, const char *name, struct str value)
{
	auto_free char *kept = NULL;

	value = str_trim(value);
	kept = x_strndup(value.ptr ? value.ptr : "", MIN(value.len, (size_t)MAX_TEXT));
	if (*kept)
		facts_add_text(t->facts, entity, name, kept, t->source);
}

static struct entity line_entity(const struct teller *t, uint32_t line)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	code_line_name(t->code, line, &name);
	return facts_entity(t->facts, "line", strbuf_text(&name));
}

static struct entity loop_entity(const struct teller *t, uint32_t loop)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	code_loop_name(t->code, loop, &name);
	return facts_entity(t->facts, "loop", strbuf_text(&name));
}

/* What is said of a line, of itself or of a call in it. */
static void line_facts(const struct teller *t, struct entity entity, uint32_t row)
{
	const struct code_line *line = &t->code->lines.items[row];
	const struct listing_function *function =
		&t->code->listing->functions.items[line->function];
	const struct code_loop *loop = line->loop ? &t->code->loops.items[line->loop - 1] : NULL;

	text(t, entity, "text", line->text);
	text(t, entity, "function", str_from(listing_text(t->code->listing, function->name)));
	if (!(line->flags & CODE_LINE_IS_INSTRUCTION))
		text(t, entity, "language",
		     str_from(language_name(code_line_language(t->code, line))));
	number(t, entity, "depth", loop ? loop->depth : 0, "", line->number);
	number(t, entity, "has_instructions",
	       (line->flags & (CODE_LINE_HAS_INSTRUCTIONS | CODE_LINE_IS_INSTRUCTION)) != 0, "",
	       line->number);
	if (t->code->is_measured)
		number(t, entity, "self", line->share, "ratio", line->number);
	if (line->skid >= least_skid)
		number(t, entity, "near", MIN(line->share + line->skid, 1), "ratio", line->number);
	if (loop && t->code->is_measured)
		number(t, entity, "loop_self", loop->share, "ratio", line->number);
	if (loop) {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		code_loop_name(t->code, line->loop - 1, &name);
		text(t, entity, "loop", strbuf_str(&name));
		number(t, entity, "innermost", loop->is_innermost, "", line->number);
	}
}

static void tell_lines(const struct teller *t)
{
	const struct code *code = t->code;
	auto_free bool *told = x_calloc(code->lines.count + 1, sizeof(*told));
	size_t count = 0;

	for (size_t i = 0; i < code->lines.count && i < MAX_LINES && code->is_measured; i++) {
		uint32_t row = code->by_share[i];

		if (code->lines.items[row].share < least_line)
			break;
		told[row] = true;
		line_facts(t, line_entity(t, row), row);
	}
	for (size_t i = 0; i < code->signs.count; i++) {
		const struct code_sign *sign = &code->signs.items[i];
		struct entity entity;

		if (!told[sign->line] && count++ >= MAX_SIGN_LINES)
			continue;
		entity = line_entity(t, sign->line);
		if (!told[sign->line])
			line_facts(t, entity, sign->line);
		told[sign->line] = true;
		if (sign->has_number)
			number(t, entity, sign->name, sign->number, sign->unit,
			       code->lines.items[sign->line].number);
		if (sign->text)
			text(t, entity, sign->name, str_from(code_text(code, sign->text)));
		else if (!sign->has_number)
			facts_add_text(t->facts, entity, sign->name, "yes", t->source);
	}
	for (uint32_t i = 0; i < code->lines.count; i++)
		if (told[i] && code->lines.items[i].flags & CODE_LINE_EVEN_BRANCHES)
			number(t, line_entity(t, i), "even_branches", 1, "",
			       code->lines.items[i].number);
}

static void tell_loop(const struct teller *t, uint32_t row)
{
	const struct code_loop *loop = &t->code->loops.items[row];
	struct entity entity = loop_entity(t, row);

	if (loop->head)
		text(t, entity, "text", t->code->lines.items[loop->head - 1].text);
	else
		text(t, entity, "text", loop->first_text);
	text(t, entity, "function",
	     str_from(listing_text(t->code->listing,
				   t->code->listing->functions.items[loop->function].name)));
	text(t, entity, "variable", loop->what.variable);
	if (t->code->is_measured)
		number(t, entity, "self", loop->share, "ratio", loop->first_number);
	number(t, entity, "depth", loop->depth, "", loop->first_number);
	number(t, entity, "innermost", loop->is_innermost, "", loop->first_number);
	if (loop->first_number) {
		number(t, entity, "first", loop->first_number, "", loop->first_number);
		number(t, entity, "last", loop->last_number, "", loop->first_number);
	}
	if (!loop->is_from_jumps)
		return;
	number(t, entity, "instructions", loop->instructions, "", loop->first_number);
	number(t, entity, "scalar_fp", loop->scalar_fp, "", loop->first_number);
	number(t, entity, "vector", loop->vector, "", loop->first_number);
	number(t, entity, "calls", loop->calls, "", loop->first_number);
	number(t, entity, "pauses", loop->pauses, "", loop->first_number);
	number(t, entity, "frame_accesses", loop->frame_accesses, "", loop->first_number);
}

static void tell_loops(const struct teller *t)
{
	size_t count = 0;

	for (uint32_t i = 0; i < t->code->loops.count && count < MAX_LOOPS; i++) {
		if (t->code->is_measured && t->code->loops.items[i].share < least_loop)
			continue;
		tell_loop(t, i);
		count++;
	}
}

static void tell_calls(const struct teller *t)
{
	const struct code *code = t->code;

	for (size_t i = 0; i < code->calls.count; i++) {
		const struct code_call *call = &code->calls.items[i];
		const struct code_line *line = &code->lines.items[call->line];
		auto_strbuf struct strbuf name = STRBUF_INIT;
		struct entity entity;

		if (!line->loop ||
		    (code->is_measured && code->loops.items[line->loop - 1].share < least_loop))
			continue;
		code_line_name(code, call->line, &name);
		strbuf_addf(&name, " %s", code_text(code, call->callee));
		entity = facts_entity(t->facts, "call", strbuf_text(&name));
		line_facts(t, entity, call->line);
		strbuf_reset(&name);
		code_line_name(code, call->line, &name);
		text(t, entity, "line", strbuf_str(&name));
		text(t, entity, "callee", str_from(code_text(code, call->callee)));
		text(t, entity, "receiver", str_from(code_text(code, call->receiver)));
		text(t, entity, "arguments", str_from(code_text(code, call->arguments)));
		text(t, entity, "how", str_from(call->how));
		number(t, entity, "in_condition", call->in_condition, "", line->number);
		if (call->has_cost)
			number(t, entity, "cost", call->share, "ratio", line->number);
		/* what is known of the function comes as notes of this entity */
		if (strcmp(call->how, "indirect") != 0)
			facts_add_text(t->facts,
				       facts_symbol(t->facts, "", code_text(code, call->callee)),
				       "called_at", strbuf_text(&name), t->source);
	}
}

static void tell_instructions(const struct teller *t)
{
	const struct code *code = t->code;

	for (size_t i = 0; i < code->hot.count && i < MAX_INSTRUCTIONS; i++) {
		const struct code_hot *hot = &code->hot.items[i];
		const struct listing_row *row = &code->listing->rows.items[hot->row];
		auto_strbuf struct strbuf line = STRBUF_INIT;
		auto_strbuf struct strbuf name = STRBUF_INIT;
		struct entity entity;

		if (hot->share < least_instruction)
			break;
		code_line_name(code, hot->line, &line);
		strbuf_addf(&name, "%s, %.*s", strbuf_text(&line), (int)MIN(row->len, 60u),
			    row->ptr);
		entity = facts_entity(t->facts, "instruction", strbuf_text(&name));
		number(t, entity, "self", hot->share, "ratio", row->number);
		text(t, entity, "line", strbuf_str(&line));
		text(t, entity, "text", listing_row_text(row));
		if (hot->after)
			text(t, entity, "after",
			     listing_row_text(&code->listing->rows.items[hot->after - 1]));
	}
}

static void tell_functions(const struct teller *t)
{
	const struct listing *listing = t->code->listing;
	size_t count = 0;

	for (uint32_t i = 0; i < listing->functions.count && count < MAX_FUNCTIONS; i++) {
		const struct listing_function *function = &listing->functions.items[i];
		const char *name = listing_text(listing, function->name);
		struct entity entity;

		if (!*name || function->cost <= 0 || listing->is_whole_of_each)
			continue;
		entity = facts_entity(t->facts, "function", name);
		number(t, entity, "self", function->cost / listing->total, "ratio", 0);
		text(t, entity, "object", str_from(listing_text(listing, function->object)));
		count++;
	}
}

static void tell_input(const struct teller *t)
{
	const struct code *code = t->code;
	const struct listing *listing = code->listing;
	struct entity entity = facts_entity(t->facts, "code", t->source);
	const char *event = listing_text(listing, listing->event);
	double hot = 0;
	size_t lines = 0;

	text(t, entity, "format", str_from(listing->format));
	text(t, entity, "event", str_from(event));
	text(t, entity, "language", str_from(language_name(code->language)));
	number(t, entity, "measured", code->is_measured, "", 0);
	number(t, entity, "is_time",
	       listing->unit != LISTING_RUNS && listing->unit != LISTING_EVENTS, "", 0);
	number(t, entity, "is_misses", strstr(event, "branch-misses") != NULL, "", 0);
	if (listing->samples)
		number(t, entity, "samples", (double)listing->samples, "samples", 0);
	if (!code->is_measured)
		return;
	for (size_t i = 0; i < code->lines.count && lines < HOT_LINES; i++) {
		double share = code->lines.items[code->by_share[i]].share;

		if (share < least_line)
			break;
		hot += share;
		lines++;
	}
	if (!listing->is_whole_of_each || listing->functions.count < 2) {
		number(t, entity, "hot_share", MIN(hot, 1), "ratio", 0);
		number(t, entity, "hot_lines", (double)lines, "lines", 0);
		number(t, entity, "in_loops", MIN(code->in_loops, 1), "ratio", 0);
		if (code->unoptimised_function) {
			number(t, entity, "unoptimised", code->unoptimised, "ratio", 0);
			text(t, entity, "unoptimised_function",
			     str_from(listing_text(
				     listing,
				     listing->functions.items[code->unoptimised_function - 1]
					     .name)));
		}
	}
}

void code_facts(const struct code *code, struct facts *facts)
{
	struct teller t = { code, facts, code->listing->name };

	tell_input(&t);
	tell_functions(&t);
	tell_lines(&t);
	tell_loops(&t);
	tell_calls(&t);
	tell_instructions(&t);
}
