/* What lines of source say that may be a pattern; only what can be told for sure from the text. */
#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "source/code.h"

enum {
	MAX_LINES = 3000, /* that are looked at, the hottest first */
	LOOK_BACK = 400,  /* lines in which a declaration is looked for */
};

static const double least_line = 0.002, least_loop = 0.01;

/* A line as the searches below want it. */
struct place {
	struct code *code;
	uint32_t line;
	enum language language;
	struct str text, clean;	      /* the same length, while text is not longer than clean */
	const struct code_loop *loop; /* NULL = in none */
};

static struct str cut(struct str text, size_t start, size_t end)
{
	end = MIN(end, text.len);
	start = MIN(start, end);
	return str_trim((struct str){ text.ptr + start, end - start });
}

/* The name, field or element that ends before `end`: "a->b[i].c"; offset where it starts. */
static size_t operand_start(struct str text, size_t end)
{
	size_t at = end;

	while (at && text.ptr[at - 1] == ' ')
		at--;
	while (at) {
		char c = text.ptr[at - 1];

		if (lex_is_word(c) || c == '.') {
			at--;
		} else if (c == '>' && at > 1 && text.ptr[at - 2] == '-') {
			at -= 2;
		} else if (c == ':' && at > 1 && text.ptr[at - 2] == ':') {
			at -= 2;
		} else if (c == ']') {
			size_t depth = 0, open = at;

			while (open && !(text.ptr[open - 1] == '[' && depth == 1)) {
				depth += text.ptr[open - 1] == ']';
				depth -= text.ptr[open - 1] == '[' && depth;
				open--;
			}
			if (!open)
				return at;
			at = open - 1;
		} else {
			break;
		}
	}
	while (at && (text.ptr[at - 1] == '*' || text.ptr[at - 1] == '&') &&
	       (at == 1 || strchr(" \t(;{", text.ptr[at - 2])))
		at--;
	return at;
}

/* The operand from `start` on: a name with its fields, elements and arguments, or a number. */
static struct str operand_after(struct str text, size_t start)
{
	size_t at = start;

	while (at < text.len && text.ptr[at] == ' ')
		at++;
	start = at;
	if (at < text.len && text.ptr[at] == '(')
		return cut(text, start, lex_close(text, at) + 1);
	while (at < text.len) {
		char c = text.ptr[at];

		if (lex_is_word(c) || c == '.')
			at++;
		else if (str_starts_with((struct str){ text.ptr + at, text.len - at }, STR("->")) ||
			 str_starts_with((struct str){ text.ptr + at, text.len - at }, STR("::")))
			at += 2;
		else if ((c == '[' || c == '(') && at > start)
			at = lex_close(text, at) + 1;
		else
			break;
	}
	return cut(text, start, at);
}

static bool is_constant(struct str operand)
{
	bool has_lower = false;

	if (!operand.len || isdigit((unsigned char)*operand.ptr) ||
	    str_starts_with(operand, STR("sizeof")))
		return true;
	for (size_t i = 0; i < operand.len; i++)
		has_lower |= islower((unsigned char)operand.ptr[i]) || operand.ptr[i] == '(';
	return !has_lower;
}

/* ---- operators */

static void find_division(const struct place *p)
{
	if (p->language == LANGUAGE_PYTHON || p->language == LANGUAGE_JS ||
	    str_starts_with(str_trim(p->clean), STR("#")))
		return;
	for (size_t i = 1; i + 1 < p->clean.len; i++) {
		char c = p->clean.ptr[i], quote[2] = { c, '\0' };
		struct str divisor;

		if ((c != '/' && c != '%') || p->clean.ptr[i - 1] == '"')
			continue;
		divisor = operand_after(p->clean, i + 1 + (p->clean.ptr[i + 1] == '='));
		if (!divisor.len)
			continue;
		if (is_constant(divisor)) {
			code_add_figure(p->code, p->line, "divisor_constant", 1, "");
			continue;
		}
		code_add_sign(p->code, p->line, "divisor", divisor);
		code_add_sign(p->code, p->line, "divide_operator", str_from(quote));
	}
}

/* "*p += x", "s->sum += x", "count[k]++": what is written again and again. */
static void find_accumulation(const struct place *p)
{
	for (size_t i = 1; i + 1 < p->clean.len; i++) {
		struct str two = { p->clean.ptr + i, 2 };
		struct str target;

		if (!(two.ptr[1] == '=' && strchr("+-*|&^", two.ptr[0])) && !str_is(two, "++") &&
		    !str_is(two, "--"))
			continue;
		target = cut(p->text, operand_start(p->clean, i), i);
		if (!target.len && (str_is(two, "++") || str_is(two, "--")))
			target = operand_after(p->clean, i + 2);
		if (target.len &&
		    (*target.ptr == '*' || memchr(target.ptr, '[', target.len) ||
		     memchr(target.ptr, '>', target.len) || memchr(target.ptr, '.', target.len))) {
			code_add_sign(p->code, p->line, "accumulated", target);
			return;
		}
	}
}

static bool names_a_thread(struct str index)
{
	static const char *const words[] = { "tid", "thread", "worker", "thr", "cpu", "rank" };
	struct str word;
	size_t at = 0;

	while (lex_next_word(index, &at, &word))
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (str_find(word, str_from(words[i])) >= 0)
				return true;
	return false;
}

/* Elements of an array: "counts[tid]++", "a[i * n + j]", "a[i][j]". */
static void find_elements(const struct place *p)
{
	struct str variable = p->loop ? p->loop->what.variable : STR("");
	bool counts =
		p->loop && p->loop->is_innermost && p->loop->what.kind == LOOP_FOR && variable.len;
	auto_free char *name = x_strndup(variable.ptr ? variable.ptr : "", variable.len);

	for (size_t i = 0; i < p->clean.len; i++) {
		size_t close, start, after;
		struct str index, last, element;

		if (p->clean.ptr[i] != '[' || !i || !(lex_is_word(p->clean.ptr[i - 1])))
			continue;
		close = lex_close(p->clean, i);
		index = last = cut(p->clean, i + 1, close);
		while (close + 1 < p->clean.len && p->clean.ptr[close + 1] == '[') {
			size_t open = close + 1;

			close = lex_close(p->clean, open);
			last = cut(p->clean, open + 1, close);
		}
		if (close >= p->clean.len)
			return;
		start = operand_start(p->clean, i);
		after = close + 1;
		element = cut(p->text, start, after);
		if (names_a_thread(index) && last.ptr == index.ptr) {
			struct str rest = operand_after(p->clean, after);

			/* the field of an element is part of what is written */
			if (p->clean.ptr[MIN(after, p->clean.len - 1)] == '.')
				after = (size_t)(rest.ptr + rest.len - p->clean.ptr);
			rest = cut(p->clean, after, p->clean.len);
			if (str_starts_with(rest, STR("++")) || str_starts_with(rest, STR("--")) ||
			    (rest.len > 1 && strchr("+-|&^", *rest.ptr) && rest.ptr[1] == '=') ||
			    (start > 1 && p->clean.ptr[start - 1] == '+' &&
			     p->clean.ptr[start - 2] == '+'))
				code_add_sign(p->code, p->line, "thread_slot",
					      cut(p->text, start, after));
		}
		if (!counts) {
			i = close;
			continue;
		}
		if (last.ptr != index.ptr && lex_find_word(index, name, 0) >= 0 &&
		    lex_find_word(last, name, 0) < 0) {
			code_add_sign(p->code, p->line, "column_walk", element);
			code_add_sign(p->code, p->line, "column_index", variable);
		}
		if (last.ptr == index.ptr) {
			ptrdiff_t at = lex_find_word(index, name, 0);
			size_t end = (size_t)at + variable.len;
			struct str factor = STR("");

			if (at >= 0) {
				struct str rest = cut(index, end, index.len);
				struct str before = cut(index, 0, (size_t)at);

				if (rest.len && *rest.ptr == '*')
					factor = operand_after(rest, 1);
				else if (before.len && before.ptr[before.len - 1] == '*')
					factor = cut(before, operand_start(before, before.len - 1),
						     before.len - 1);
			}
			if (factor.len && !isdigit((unsigned char)*factor.ptr)) {
				code_add_sign(p->code, p->line, "column_walk", element);
				code_add_sign(p->code, p->line, "column_index", variable);
				code_add_sign(p->code, p->line, "column_stride", factor);
			}
		}
	}
}

/* "p = p->next" walks a list: each step waits for the one before. */
static void find_chase(const struct place *p)
{
	ptrdiff_t arrow = -1;

	for (size_t i = 0; i + 2 < p->clean.len; i++) {
		struct str left, right;

		if (p->clean.ptr[i] != '=' || p->clean.ptr[i + 1] == '=' || !i ||
		    strchr("=!<>+-*/|&^%", p->clean.ptr[i - 1]))
			continue;
		left = cut(p->clean, operand_start(p->clean, i), i);
		right = operand_after(p->clean, i + 1);
		arrow = str_find(right, STR("->"));
		if (arrow < 0 && (p->language == LANGUAGE_JAVA || p->language == LANGUAGE_GO))
			arrow = str_find(right, STR("."));
		if (left.len && arrow > 0 &&
		    str_eq(left, (struct str){ right.ptr, (size_t)arrow }) &&
		    !memchr(right.ptr, '(', right.len))
			code_add_sign(p->code, p->line, "pointer_chase", right);
	}
}

/* ---- declarations that are seen before the line */

/* Whether a line before says `what` and the name; it is the nearest that says the name so. */
static bool is_declared(const struct place *p, struct str name, const char *const *starts,
			const char *not_with)
{
	const struct code_line *mine = &p->code->lines.items[p->line];
	auto_free char *word = x_strndup(name.ptr, name.len);

	for (uint32_t i = p->line; i > 0 && i + LOOK_BACK > p->line; i--) {
		const struct code_line *line = &p->code->lines.items[i - 1];
		ptrdiff_t at;

		if (line->function != mine->function)
			return false;
		at = lex_find_word(line->text, word, 0);
		if (at < 0)
			continue;
		for (size_t k = 0; starts[k]; k++) {
			struct str sign = str_from(starts[k]);
			struct str rest = cut(line->text, (size_t)at + name.len, line->text.len);
			struct str before = cut(line->text, 0, (size_t)at);

			if (*starts[k] == '=' ? str_starts_with(rest, sign)
					      : str_starts_with(before, sign))
				return !not_with || str_find(line->text, str_from(not_with)) < 0;
		}
	}
	return false;
}

static bool is_mentioned(const struct place *p, struct str name, const char *method)
{
	const struct code_line *mine = &p->code->lines.items[p->line];
	auto_free char *wanted = x_asprintf("%.*s%s", STR_ARG(name), method);
	uint32_t last = (uint32_t)MIN(p->code->lines.count, (size_t)p->line + LOOK_BACK);

	for (uint32_t i = p->line > LOOK_BACK ? p->line - LOOK_BACK : 0; i < last; i++)
		if (p->code->lines.items[i].function == mine->function &&
		    str_find(p->code->lines.items[i].text, str_from(wanted)) >= 0)
			return true;
	return false;
}

static void find_growth(const struct place *p)
{
	static const char *const vector[] = { "std::vector<", "vector<", NULL };
	static const char *const slice[] = { "var ", "= []", "", NULL };
	static const char *const methods[] = { ".push_back(", ".emplace_back(" };

	for (size_t i = 0; p->language == LANGUAGE_CPP && i < ARRAY_SIZE(methods); i++) {
		ptrdiff_t at = str_find(p->clean, str_from(methods[i]));
		struct str name;

		if (at <= 0)
			continue;
		name = cut(p->clean, operand_start(p->clean, (size_t)at), (size_t)at);
		if (is_declared(p, name, vector, NULL) && !is_mentioned(p, name, ".reserve(") &&
		    !is_mentioned(p, name, ".resize("))
			code_add_sign(p->code, p->line, "push_back", name);
	}
	if (p->language == LANGUAGE_GO) {
		ptrdiff_t at = str_find(p->clean, STR("= append("));
		struct str name;

		if (at <= 0)
			return;
		name = cut(p->clean, operand_start(p->clean, (size_t)at), (size_t)at);
		if (is_declared(p, name, slice, "make("))
			code_add_sign(p->code, p->line, "append", name);
	}
}

/* "s += ..." where what is added, or how s was declared, shows that it is a string. */
static void find_concat(const struct place *p)
{
	static const char *const strings[] = { "String ", "= \"", "= ''", ":= \"", NULL };
	ptrdiff_t at = str_find(p->clean, STR("+="));
	struct str name, value;
	bool is_literal;

	if (at <= 0 || !(p->language == LANGUAGE_PYTHON || p->language == LANGUAGE_JAVA ||
			 p->language == LANGUAGE_GO))
		return;
	name = cut(p->clean, operand_start(p->clean, (size_t)at), (size_t)at);
	value = cut(p->clean, (size_t)at + 2, p->clean.len);
	is_literal =
		value.len &&
		(*value.ptr == '"' || *value.ptr == '\'' || str_starts_with(value, STR("str(")) ||
		 str_starts_with(value, STR("f\"")) || str_starts_with(value, STR("f'")) ||
		 (p->language != LANGUAGE_PYTHON && memchr(value.ptr, '"', value.len)));
	if (name.len && (is_literal || is_declared(p, name, strings, NULL)))
		code_add_sign(p->code, p->line, "concat", name);
}

static void find_python(const struct place *p)
{
	static const char *const lists[] = { "= [", "= list(", "= sorted(", NULL };
	ptrdiff_t at = lex_find_word(p->clean, "in", 0);
	struct str list;

	if (p->language != LANGUAGE_PYTHON || at <= 0 || lex_find_word(p->clean, "for", 0) >= 0)
		return;
	list = operand_after(p->clean, (size_t)at + 2);
	if (list.len && !memchr(list.ptr, '(', list.len) && is_declared(p, list, lists, NULL))
		code_add_sign(p->code, p->line, "list_membership", list);
}

static void find_boxed(const struct place *p)
{
	static const char *const boxes[] = { "Integer", "Long", "Double", "Float", "Short", NULL };
	ptrdiff_t at = str_find(p->clean, STR("+="));
	struct str name;

	if (p->language != LANGUAGE_JAVA)
		return;
	if (at < 0)
		at = str_find(p->clean, STR("++"));
	if (at <= 0)
		return;
	name = cut(p->clean, operand_start(p->clean, (size_t)at), (size_t)at);
	if (name.len && is_declared(p, name, boxes, NULL))
		code_add_sign(p->code, p->line, "boxed", name);
}

/* ---- C++ */

static void find_copied_element(const struct place *p)
{
	static const char *const types[] = { "std::string ",	   "std::vector<",
					     "std::map<",	   "std::unordered_map<",
					     "std::set<",	   "std::shared_ptr<",
					     "std::function<",	   "std::pair<",
					     "const std::string ", "const std::vector<" };
	ptrdiff_t open = str_find(p->clean, STR("for ("));
	struct str inside, variable;

	if (p->language != LANGUAGE_CPP || !p->loop || p->loop->what.kind != LOOP_EACH || open < 0)
		return;
	variable = p->loop->what.variable;
	auto_free char *word = x_strndup(variable.ptr, variable.len);

	inside = cut(p->clean, (size_t)open + 5, p->clean.len);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		ptrdiff_t name;

		if (!str_starts_with(inside, str_from(types[i])))
			continue;
		name = lex_find_word(inside, word, 0);
		if (name > 0 && !memchr(inside.ptr, '&', (size_t)name))
			code_add_sign(p->code, p->line, "copied_element",
				      cut(inside, 0, (size_t)name + variable.len));
	}
}

/* "if (m.count(k)) ... m[k]": the same key looked up twice. */
static void find_double_lookup(const struct place *p)
{
	static const char *const asks[] = { ".count(", ".contains(", ".find(", ".contains_key(",
					    ".containsKey(" };

	if (lex_find_word(p->clean, "if", 0) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		ptrdiff_t at = str_find(p->clean, str_from(asks[i]));
		size_t open, close;
		struct str map, key;

		if (at <= 0)
			continue;
		open = (size_t)at + strlen(asks[i]) - 1;
		close = lex_close(p->clean, open);
		map = cut(p->clean, operand_start(p->clean, (size_t)at), (size_t)at);
		key = cut(p->clean, open + 1, close);
		if (*key.ptr == '&')
			key = cut(key, 1, key.len);
		for (uint32_t k = p->line; k < p->line + 3 && k < p->code->lines.count; k++) {
			struct str text = p->code->lines.items[k].text;
			auto_free char *element =
				x_asprintf("%.*s[%.*s]", STR_ARG(map), STR_ARG(key));
			auto_free char *get =
				x_asprintf("%.*s.get(%.*s", STR_ARG(map), STR_ARG(key));
			auto_free char *at_key =
				x_asprintf("%.*s.at(%.*s)", STR_ARG(map), STR_ARG(key));
			const char *found = str_find(text, str_from(element)) >= 0  ? element
					    : str_find(text, str_from(at_key)) >= 0 ? at_key
					    : str_find(text, str_from(get)) >= 0    ? get
										    : NULL;

			if (!found)
				continue;
			code_add_sign(p->code, p->line, "first_lookup",
				      cut(p->text, operand_start(p->clean, (size_t)at), close + 1));
			code_add_sign(p->code, p->line, "second_lookup", str_from(found));
			return;
		}
	}
}

static void find_words(const struct place *p)
{
	static const struct {
		enum language language; /* LANGUAGE_UNKNOWN: any */
		const char *text, *sign;
	} words[] = {
		{ LANGUAGE_CPP, "std::endl", "endl" },
		{ LANGUAGE_CPP, "dynamic_cast<", "dynamic_cast" },
		{ LANGUAGE_CPP, "std::regex ", "regex_built" },
		{ LANGUAGE_GO, "defer ", "defer" },
		{ LANGUAGE_JS, "[...", "spread" },
		{ LANGUAGE_JS, "{...", "spread" },
		{ LANGUAGE_JS, "{ ...", "spread" },
		{ LANGUAGE_JS, "await ", "await" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		ptrdiff_t at = str_find(p->clean, str_from(words[i].text));

		if (at >= 0 && words[i].language == p->language)
			code_add_sign(p->code, p->line, words[i].sign,
				      operand_after(p->clean, (size_t)at + strlen(words[i].text)));
	}
}

static void find_condition(const struct place *p)
{
	ptrdiff_t at = lex_find_word(p->clean, "if", 0);
	size_t open;

	if (at < 0)
		return;
	for (open = (size_t)at; open < p->clean.len && p->clean.ptr[open] != '('; open++)
		;
	if (open < p->clean.len)
		code_add_sign(p->code, p->line, "condition",
			      cut(p->text, open + 1, lex_close(p->clean, open)));
}

/* ---- all of them */

static void find_in_line(struct code *code, uint32_t number)
{
	const struct code_line *line = &code->lines.items[number];
	struct lexer lexer = { .language = code_line_language(code, line) };
	auto_strbuf struct strbuf clean = STRBUF_INIT;
	struct place p = {
		.code = code, .line = number, .language = lexer.language, .text = line->text
	};

	lex_clean(&lexer, line->text, &clean);
	p.clean = strbuf_str(&clean);
	p.text.len = MIN(p.text.len, p.clean.len);
	if (!str_trim(p.clean).len)
		return;
	if (line->loop)
		p.loop = &code->loops.items[line->loop - 1];
	find_division(&p);
	find_accumulation(&p);
	find_elements(&p);
	find_condition(&p);
	find_double_lookup(&p);
	if (p.loop) {
		find_chase(&p);
		find_growth(&p);
		find_concat(&p);
		find_python(&p);
		find_boxed(&p);
		find_copied_element(&p);
		find_words(&p);
	}
	code_find_calls(code, number, p.clean, p.text);
}

static bool is_worth_it(const struct code *code, const struct code_line *line)
{
	if (line->flags & CODE_LINE_IS_INSTRUCTION || !line->text.len || line->text.len > 2000)
		return false;
	if (!code->is_measured || line->share >= least_line)
		return true;
	return line->loop && code->loops.items[line->loop - 1].share >= least_loop;
}

void code_find_signs(struct code *code)
{
	size_t looked = 0;

	for (size_t i = 0; i < code->lines.count && looked < MAX_LINES; i++) {
		if (!is_worth_it(code, &code->lines.items[code->by_share[i]]))
			continue;
		find_in_line(code, code->by_share[i]);
		looked++;
	}
}
