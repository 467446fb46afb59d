/* Loops from the source: by braces, or by indentation. */
#include <string.h>

#include "base/memory.h"
#include "source/code.h"

enum { MAX_OPEN = 64, VALUE_TAB = 8 };

enum body_state { BODY_WAITS, BODY_BRACED };

struct open_loop {
	uint32_t loop; /* row + 1 */
	enum body_state state;
	size_t braces; /* open ones at the head */
	size_t indent;
};

struct nest {
	struct code *code;
	struct open_loop open[MAX_OPEN];
	size_t depth, braces, parens;
	struct strbuf clean;
};

static size_t indent_of(struct str text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\t')
			columns += VALUE_TAB - columns % VALUE_TAB;
		else if (text.ptr[i] == ' ')
			columns++;
		else
			break;
	}
	return columns;
}

static void open_loop(struct nest *nest, uint32_t line, size_t indent)
{
	struct code *code = nest->code;
	uint32_t parent = nest->depth ? nest->open[nest->depth - 1].loop : 0;
	struct code_loop loop = { .function = code->lines.items[line].function,
				  .parent = parent,
				  .depth = (uint32_t)nest->depth + 1,
				  .is_innermost = true,
				  .head = line + 1 };

	if (nest->depth >= MAX_OPEN)
		return;
	if (parent)
		code->loops.items[parent - 1].is_innermost = false;
	code_loop_vec_push(&code->loops, loop);
	nest->open[nest->depth++] = (struct open_loop){ .loop = (uint32_t)code->loops.count,
							.braces = nest->braces,
							.indent = indent };
}

/* A body of one statement ended; so do the loops whose only statement that was. */
static void end_statement(struct nest *nest)
{
	while (nest->depth && nest->open[nest->depth - 1].state == BODY_WAITS &&
	       nest->open[nest->depth - 1].braces == nest->braces)
		nest->depth--;
}

static void close_brace(struct nest *nest, struct str rest)
{
	nest->braces -= nest->braces > 0;
	if (nest->depth && nest->open[nest->depth - 1].state == BODY_BRACED &&
	    nest->open[nest->depth - 1].braces >= nest->braces) {
		nest->depth--;
		end_statement(nest);
		return;
	}
	/* "for (..) if (..) { } else" goes on */
	rest = str_trim((struct str){ rest.ptr + 1, rest.len - 1 });
	if (!str_starts_with(rest, STR("else")))
		end_statement(nest);
}

static void open_brace(struct nest *nest)
{
	struct open_loop *top = nest->depth ? &nest->open[nest->depth - 1] : NULL;

	if (top && top->state == BODY_WAITS && top->braces == nest->braces && !nest->parens)
		top->state = BODY_BRACED;
	nest->braces++;
}

/* The body of the line, after its loop was opened; `*loop` is what the line belongs to: the deepest
 * that was open. */
static void walk_braces(struct nest *nest, struct str clean, uint32_t *loop)
{
	for (size_t i = 0; i < clean.len; i++) {
		switch (clean.ptr[i]) {
		case '(':
			nest->parens++;
			break;
		case ')':
			nest->parens -= nest->parens > 0;
			break;
		case '{':
			open_brace(nest);
			break;
		case '}':
			close_brace(nest, (struct str){ clean.ptr + i, clean.len - i });
			break;
		case ';':
			if (!nest->parens)
				end_statement(nest);
			break;
		default:
			break;
		}
	}
	if (!*loop && nest->depth)
		*loop = nest->open[nest->depth - 1].loop;
}

static void take_braced_line(struct nest *nest, uint32_t line, struct loop_head head,
			     struct str clean)
{
	struct str rest = clean;
	uint32_t loop;

	/* a brace before the head closes what was before */
	if (head.kind) {
		while (rest.len && (*rest.ptr == '}' || *rest.ptr == ' ' || *rest.ptr == '\t')) {
			if (*rest.ptr == '}')
				close_brace(nest, rest);
			rest = (struct str){ rest.ptr + 1, rest.len - 1 };
		}
		open_loop(nest, line, 0);
		/* Go's head has semicolons without parentheses round them */
		if (code_line_language(nest->code, &nest->code->lines.items[line]) == LANGUAGE_GO)
			while (rest.len && *rest.ptr != '{')
				rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	}
	loop = nest->depth ? nest->open[nest->depth - 1].loop : 0;
	walk_braces(nest, rest, &loop);
	nest->code->lines.items[line].loop = loop;
}

static void take_indented_line(struct nest *nest, uint32_t line, struct loop_head head,
			       struct str text)
{
	size_t indent = indent_of(text);

	if (!str_trim(text).len)
		return;
	while (nest->depth && indent <= nest->open[nest->depth - 1].indent)
		nest->depth--;
	if (head.kind)
		open_loop(nest, line, indent);
	if (nest->depth)
		nest->code->lines.items[line].loop = nest->open[nest->depth - 1].loop;
}

/* A head that goes over several lines is joined up to the bracket that closes it. */
static struct loop_head head_of(const struct code *code, enum language language, size_t line,
				struct str clean, struct strbuf *joined)
{
	struct loop_head head = lex_loop_head(language, clean);
	struct lexer lexer = { .language = language };
	auto_strbuf struct strbuf more = STRBUF_INIT;
	ptrdiff_t open = str_find(clean, STR("("));

	if (!head.kind || open < 0 || lex_close(clean, (size_t)open) < clean.len)
		return head;
	strbuf_reset(joined);
	strbuf_add(joined, clean);
	for (size_t i = line + 1; i < code->lines.count && i < line + 5; i++) {
		lex_clean(&lexer, code->lines.items[i].text, &more);
		strbuf_add_char(joined, ' ');
		strbuf_add(joined, strbuf_str(&more));
		if (lex_close(strbuf_str(joined), (size_t)open) < joined->len)
			break;
	}
	return lex_loop_head(language, strbuf_str(joined));
}

void code_find_source_loops(struct code *code, size_t first_line)
{
	struct nest nest = { .code = code };
	struct lexer lexer = { 0 };
	auto_strbuf struct strbuf joined = STRBUF_INIT;

	for (size_t i = first_line; i < code->lines.count; i++) {
		struct code_line *line = &code->lines.items[i];
		struct loop_head head;
		struct str clean;

		lexer.language = code_line_language(code, line);
		lex_clean(&lexer, line->text, &nest.clean);
		clean = strbuf_str(&nest.clean);
		head = head_of(code, lexer.language, i, clean, &joined);
		if (lexer.language == LANGUAGE_PYTHON)
			take_indented_line(&nest, (uint32_t)i, head, line->text);
		else
			take_braced_line(&nest, (uint32_t)i, head, clean);
	}
	strbuf_done(&nest.clean);
	for (size_t i = first_line; i < code->lines.count; i++) {
		const struct code_line *line = &code->lines.items[i];

		for (uint32_t loop = line->loop; loop; loop = code->loops.items[loop - 1].parent)
			code->loops.items[loop - 1].share +=
				code_share(code, line->function, line->cost);
	}
}

static void keep_head(struct code *code, struct code_loop *loop, struct loop_head head)
{
	loop->what = (struct loop_head){
		.kind = head.kind,
		.variable = { arena_copy(&code->arena, head.variable), head.variable.len },
		.condition = { arena_copy(&code->arena, head.condition), head.condition.len },
	};
}

static void extend(struct code_loop *loop, const struct code_line *line)
{
	if (!line->number || line->scope)
		return;
	if (!loop->first_number || line->number < loop->first_number)
		loop->first_number = line->number;
	if (line->number > loop->last_number)
		loop->last_number = line->number;
}

/* Which line of each loop begins it, and what that says. */
void code_find_heads(struct code *code, size_t first_loop, size_t first_line)
{
	auto_strbuf struct strbuf clean = STRBUF_INIT, joined = STRBUF_INIT;

	for (size_t i = first_line; i < code->lines.count; i++) {
		struct code_line *line = &code->lines.items[i];
		struct code_loop *loop;
		enum language language = code_line_language(code, line);
		struct lexer lexer = { .language = language };
		struct loop_head head;

		if (!line->loop || line->loop <= first_loop)
			continue;
		loop = &code->loops.items[line->loop - 1];
		if (!loop->first_line)
			loop->first_line = (uint32_t)i + 1;
		for (uint32_t up = line->loop; up; up = code->loops.items[up - 1].parent)
			extend(&code->loops.items[up - 1], line);
		if (line->flags & CODE_LINE_IS_INSTRUCTION)
			continue;
		if (!loop->first_text.len)
			loop->first_text = line->text;
		if (loop->what.kind || (!loop->is_from_jumps && loop->head != i + 1))
			continue;
		lex_clean(&lexer, line->text, &clean);
		head = head_of(code, language, i, strbuf_str(&clean), &joined);
		if (!head.kind)
			continue;
		loop->head = (uint32_t)i + 1;
		line->flags |= CODE_LINE_HEAD;
		keep_head(code, loop, head);
	}
}
