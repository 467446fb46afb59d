/* Calls that a line of source makes, with what they are given. */
#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "source/code.h"

enum { MAX_CALLS = 800 };

static bool is_keyword(struct str word)
{
	static const char *const words[] = {
		"if",	 "for",	     "while",	"switch",   "return",	     "sizeof",
		"catch", "defined",  "elif",	"in",	    "and",	     "or",
		"not",	 "assert",   "else",	"match",    "func",	     "fn",
		"def",	 "lambda",   "int",	"double",   "float",	     "char",
		"long",	 "unsigned", "alignof", "decltype", "static_assert", "static_cast",
		"make"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_is(word, words[i]))
			return true;
	return false;
}

/* The call to a name by disassembly, which has its cost, where there is one for the line. */
static struct code_call *known_call(struct code *code, uint32_t line, struct str callee)
{
	for (size_t i = 0; i < code->calls.count; i++) {
		struct code_call *call = &code->calls.items[i];
		struct str name = str_from(code_text(code, call->callee));

		if (call->line == line &&
		    (str_eq(name, callee) ||
		     (name.len > callee.len && str_starts_with(name, callee) &&
		      !lex_is_word(name.ptr[callee.len]))))
			return call;
	}
	return NULL;
}

static bool is_in_head(const struct code *code, uint32_t line, struct str call)
{
	const struct code_line *l = &code->lines.items[line];
	const struct code_loop *loop = l->loop ? &code->loops.items[l->loop - 1] : NULL;

	if (!(l->flags & CODE_LINE_HEAD) || !loop || loop->what.kind == LOOP_EACH)
		return false;
	return str_find(loop->what.condition, call) >= 0;
}

/* What stands before the name: "a.b" of "a.b.c(", "std" of "std::sort(". */
static struct str receiver_of(struct str text, size_t start)
{
	size_t end = start, at;

	if (end && text.ptr[end - 1] == '.')
		end--;
	else if (end > 1 && text.ptr[end - 1] == '>' && text.ptr[end - 2] == '-')
		end -= 2;
	else if (end > 1 && text.ptr[end - 1] == ':' && text.ptr[end - 2] == ':')
		end -= 2;
	else
		return (struct str){ text.ptr, 0 };
	for (at = end;
	     at && (lex_is_word(text.ptr[at - 1]) || text.ptr[at - 1] == '.' ||
		    text.ptr[at - 1] == ':' || text.ptr[at - 1] == '>' || text.ptr[at - 1] == '-');
	     at--)
		;
	return (struct str){ text.ptr + at, end - at };
}

static void add_call(struct code *code, uint32_t line, struct str callee, struct str receiver,
		     struct str arguments)
{
	struct code_call *call = known_call(code, line, callee);
	auto_free char *whole = x_asprintf("%.*s(", STR_ARG(callee));

	if (!call) {
		if (code->calls.count >= MAX_CALLS)
			return;
		call = code_call_vec_push(&code->calls,
					  (struct code_call){ .line = line, .how = "source" });
	}
	call->callee = intern(&code->texts, callee);
	call->receiver = intern(&code->texts, receiver);
	call->arguments = intern(&code->texts, arguments);
	call->in_condition = is_in_head(code, line, str_from(whole));
}

/* "pow(x, 3)": whole exponents, and one half. */
static void find_exponent(struct code *code, uint32_t line, struct str arguments)
{
	struct str base, exponent;
	double value;

	if (!str_cut(arguments, ',', &base, &exponent))
		return;
	exponent = str_trim(exponent);
	if (exponent.len && exponent.ptr[exponent.len - 1] == 'f')
		exponent.len--;
	if (exponent.len && exponent.ptr[exponent.len - 1] == '.')
		exponent.len--;
	if (str_to_double(exponent, &value)) {
		code_add_figure(code, line, "exponent", value, "");
		code_add_sign(code, line, "power_base", base);
	}
}

void code_find_calls(struct code *code, uint32_t line, struct str clean, struct str text)
{
	size_t at = 0;
	struct str word;

	if (!code->lines.items[line].loop || str_starts_with(str_trim(clean), STR("#")))
		return;
	while (lex_next_word(clean, &at, &word)) {
		size_t start = (size_t)(word.ptr - clean.ptr), open = at, close;
		struct str arguments;

		/* Rust's macros, C++'s template arguments */
		if (open < clean.len && clean.ptr[open] == '!')
			open++;
		if (open + 2 < clean.len && clean.ptr[open] == ':' && clean.ptr[open + 1] == ':' &&
		    clean.ptr[open + 2] == '<') {
			const char *end = memchr(clean.ptr + open, '(', clean.len - open);

			open = end ? (size_t)(end - clean.ptr) : open;
		}
		if (str_is(word, "new") &&
		    (code_line_language(code, &code->lines.items[line]) == LANGUAGE_CPP)) {
			add_call(code, line, word, STR(""),
				 str_trim((struct str){ text.ptr + at, text.len - at }));
			continue;
		}
		if (open >= clean.len || clean.ptr[open] != '(' || is_keyword(word))
			continue;
		close = lex_close(clean, open);
		arguments = str_trim((struct str){
			text.ptr + open + 1, MIN(close, text.len) - MIN(open + 1, text.len) });
		if (open + 1 > text.len)
			arguments = (struct str){ text.ptr, 0 };
		if (str_is(word, "pow") || str_is(word, "powf"))
			find_exponent(code, line, arguments);
		add_call(code, line, word, receiver_of(clean, start), arguments);
	}
}
