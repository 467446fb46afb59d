#include "source/lex.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"

const char *language_name(enum language language)
{
	switch (language) {
	case LANGUAGE_UNKNOWN:
		return "unknown";
	case LANGUAGE_C:
		return "c";
	case LANGUAGE_CPP:
		return "c++";
	case LANGUAGE_PYTHON:
		return "python";
	case LANGUAGE_JAVA:
		return "java";
	case LANGUAGE_GO:
		return "go";
	case LANGUAGE_RUST:
		return "rust";
	case LANGUAGE_JS:
		return "javascript";
	}
	return "unknown";
}

enum language language_of_file(struct str file)
{
	static const struct {
		const char *end;
		enum language language;
	} ends[] = { { ".c", LANGUAGE_C },	 { ".h", LANGUAGE_UNKNOWN },
		     { ".cc", LANGUAGE_CPP },	 { ".cpp", LANGUAGE_CPP },
		     { ".cxx", LANGUAGE_CPP },	 { ".hpp", LANGUAGE_CPP },
		     { ".hh", LANGUAGE_CPP },	 { ".tcc", LANGUAGE_CPP },
		     { ".py", LANGUAGE_PYTHON }, { ".java", LANGUAGE_JAVA },
		     { ".go", LANGUAGE_GO },	 { ".rs", LANGUAGE_RUST },
		     { ".js", LANGUAGE_JS },	 { ".mjs", LANGUAGE_JS },
		     { ".ts", LANGUAGE_JS },	 { ".tsx", LANGUAGE_JS } };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (str_ends_with(file, str_from(ends[i].end)))
			return ends[i].language;
	return LANGUAGE_UNKNOWN;
}

void language_vote(struct str line, unsigned votes[LANGUAGE_JS + 1])
{
	static const struct {
		const char *text;
		enum language language;
		unsigned weight;
	} signs[] = {
		{ "std::", LANGUAGE_CPP, 3 },
		{ "template<", LANGUAGE_CPP, 3 },
		{ "template <", LANGUAGE_CPP, 3 },
		{ "const auto", LANGUAGE_CPP, 3 },
		{ "for (auto", LANGUAGE_CPP, 3 },
		{ "push_back(", LANGUAGE_CPP, 3 },
		{ "nullptr", LANGUAGE_CPP, 3 },
		{ "dynamic_cast<", LANGUAGE_CPP, 3 },
		{ "cout <<", LANGUAGE_CPP, 3 },
		{ "#include", LANGUAGE_C, 1 },
		{ "->", LANGUAGE_C, 1 },
		{ "size_t ", LANGUAGE_C, 1 },
		{ "int ", LANGUAGE_C, 1 },
		{ "double ", LANGUAGE_C, 1 },
		{ "malloc(", LANGUAGE_C, 2 },
		{ "strlen(", LANGUAGE_C, 2 },
		{ "char *", LANGUAGE_C, 2 },
		{ "unsigned ", LANGUAGE_C, 1 },
		{ "def ", LANGUAGE_PYTHON, 3 },
		{ "elif ", LANGUAGE_PYTHON, 3 },
		{ " in range(", LANGUAGE_PYTHON, 4 },
		{ "self.", LANGUAGE_PYTHON, 2 },
		{ "import numpy", LANGUAGE_PYTHON, 4 },
		{ "@profile", LANGUAGE_PYTHON, 4 },
		{ "System.out", LANGUAGE_JAVA, 4 },
		{ "public ", LANGUAGE_JAVA, 2 },
		{ "import java", LANGUAGE_JAVA, 4 },
		{ "String ", LANGUAGE_JAVA, 2 },
		{ "Integer ", LANGUAGE_JAVA, 2 },
		{ "final ", LANGUAGE_JAVA, 1 },
		{ "func ", LANGUAGE_GO, 3 },
		{ ":= ", LANGUAGE_GO, 3 },
		{ "package ", LANGUAGE_GO, 1 },
		{ "fmt.", LANGUAGE_GO, 2 },
		{ "defer ", LANGUAGE_GO, 3 },
		{ "fn ", LANGUAGE_RUST, 3 },
		{ "let mut ", LANGUAGE_RUST, 4 },
		{ "&mut ", LANGUAGE_RUST, 4 },
		{ ".iter()", LANGUAGE_RUST, 3 },
		{ ".unwrap()", LANGUAGE_RUST, 4 },
		{ "println!", LANGUAGE_RUST, 4 },
		{ "function ", LANGUAGE_JS, 3 },
		{ " => ", LANGUAGE_JS, 2 },
		{ " === ", LANGUAGE_JS, 4 },
		{ "const ", LANGUAGE_JS, 1 },
		{ "let ", LANGUAGE_JS, 1 },
		{ "console.log", LANGUAGE_JS, 4 },
	};
	struct str trimmed = str_trim(line);

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (str_find(line, str_from(signs[i].text)) >= 0)
			votes[signs[i].language] += signs[i].weight;
	if ((str_starts_with(trimmed, STR("for ")) || str_starts_with(trimmed, STR("if ")) ||
	     str_starts_with(trimmed, STR("while "))) &&
	    str_ends_with(trimmed, STR(":")))
		votes[LANGUAGE_PYTHON] += 4;
	if (str_starts_with(trimmed, STR("for (")) && str_ends_with(trimmed, STR(")")))
		votes[LANGUAGE_C] += 2;
}

enum language language_elect(const unsigned votes[LANGUAGE_JS + 1])
{
	enum language best = LANGUAGE_UNKNOWN;

	/* C++ has all the signs of C too */
	if (votes[LANGUAGE_CPP] && votes[LANGUAGE_PYTHON] < votes[LANGUAGE_CPP] &&
	    votes[LANGUAGE_JAVA] < votes[LANGUAGE_CPP] + votes[LANGUAGE_C])
		return LANGUAGE_CPP;
	for (int i = LANGUAGE_C; i <= LANGUAGE_JS; i++)
		if (votes[i] > votes[best] || (votes[i] && best == LANGUAGE_UNKNOWN))
			best = (enum language)i;
	return best;
}

/* ---- lines */

static bool is_comment_start(enum language language, struct str rest)
{
	if (language == LANGUAGE_PYTHON)
		return *rest.ptr == '#';
	return str_starts_with(rest, STR("//"));
}

/* Whether ' opens a text; in Rust it is a lifetime unless it closes soon. */
static bool is_quote(enum language language, struct str rest)
{
	if (*rest.ptr == '"')
		return true;
	if (*rest.ptr == '`')
		return language == LANGUAGE_GO || language == LANGUAGE_JS;
	if (*rest.ptr != '\'')
		return false;
	if (language == LANGUAGE_RUST)
		return rest.len > 2 && (rest.ptr[2] == '\'' || rest.ptr[1] == '\\');
	return true;
}

void lex_clean(struct lexer *lexer, struct str line, struct strbuf *out)
{
	strbuf_reset(out);
	for (size_t i = 0; i < line.len; i++) {
		struct str rest = { line.ptr + i, line.len - i };
		char c = line.ptr[i];

		if (lexer->in_comment) {
			if (str_starts_with(rest, STR("*/"))) {
				lexer->in_comment = false;
				strbuf_add_char(out, ' ');
				i++;
			}
			strbuf_add_char(out, ' ');
		} else if (lexer->in_text) {
			if (c == '\\' && i + 1 < line.len) {
				strbuf_add_char(out, ' ');
				i++;
			} else if (c == lexer->in_text) {
				lexer->in_text = 0;
			}
			strbuf_add_char(out, lexer->in_text ? ' ' : c == '\\' ? ' ' : c);
		} else if (is_comment_start(lexer->language, rest)) {
			strbuf_add_repeated(out, ' ', rest.len);
			return;
		} else if (lexer->language != LANGUAGE_PYTHON && str_starts_with(rest, STR("/*"))) {
			lexer->in_comment = true;
			strbuf_add_text(out, "  ");
			i++;
		} else {
			if (is_quote(lexer->language, rest))
				lexer->in_text = c;
			strbuf_add_char(out, c);
		}
	}
	/* a text goes over the end of the line in few languages only */
	if (lexer->in_text != '`')
		lexer->in_text = 0;
}

bool lex_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool lex_next_word(struct str text, size_t *at, struct str *ret)
{
	size_t i = *at, start;

	for (;;) {
		while (i < text.len && !lex_is_word(text.ptr[i]))
			i++;
		start = i;
		while (i < text.len && lex_is_word(text.ptr[i]))
			i++;
		if (start == i) {
			*at = i;
			return false;
		}
		if (!isdigit((unsigned char)text.ptr[start]))
			break;
	}
	*ret = (struct str){ text.ptr + start, i - start };
	*at = i;
	return true;
}

ptrdiff_t lex_find_word(struct str text, const char *word, size_t from)
{
	size_t len = strlen(word);

	for (size_t i = from; i + len <= text.len; i++) {
		if (memcmp(text.ptr + i, word, len) != 0)
			continue;
		if ((i && lex_is_word(text.ptr[i - 1]) && lex_is_word(*word)) ||
		    (i + len < text.len && lex_is_word(text.ptr[i + len]) &&
		     lex_is_word(word[len - 1])))
			continue;
		return (ptrdiff_t)i;
	}
	return -1;
}

size_t lex_close(struct str text, size_t open)
{
	size_t depth = 0;

	for (size_t i = open; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '(' || c == '[' || c == '{')
			depth++;
		else if ((c == ')' || c == ']' || c == '}') && --depth == 0)
			return i;
	}
	return text.len;
}

/* ---- heads of loops */

/* The word before the first '=' or ':' or " in ": "int i = 0" gives i. */
static struct str variable_of(struct str text)
{
	struct str word = { text.ptr, 0 }, next;
	size_t at = 0;

	while (at < text.len && lex_next_word(text, &at, &next)) {
		if (str_is(next, "in") || str_is(next, "of"))
			return word;
		word = next;
		while (at < text.len && text.ptr[at] == ' ')
			at++;
		if (at < text.len &&
		    (text.ptr[at] == '=' || text.ptr[at] == ',' ||
		     (text.ptr[at] == ':' && !(at + 1 < text.len && text.ptr[at + 1] == ':'))))
			return word;
	}
	return word;
}

/* What changes in the third part of for (..;..;..): ++i, i++, i += 2, p = p->next. */
static struct str counted(struct str step)
{
	struct str word = { step.ptr, 0 };
	size_t at = 0;

	return lex_next_word(step, &at, &word) ? word : (struct str){ step.ptr, 0 };
}

static struct loop_head for_head(struct str inside)
{
	struct loop_head head = { .kind = LOOP_FOR };
	struct str init, rest, step;

	if (str_cut(inside, ';', &init, &rest)) {
		str_cut(rest, ';', &head.condition, &step);
		head.condition = str_trim(head.condition);
		head.variable = counted(step);
		if (!head.variable.len)
			head.variable = variable_of(init);
		return head;
	}
	head.kind = LOOP_EACH;
	head.variable = variable_of(inside);
	for (size_t i = 0; i < inside.len; i++) {
		bool is_colon = inside.ptr[i] == ':' &&
				(i + 1 >= inside.len || inside.ptr[i + 1] != ':') &&
				(!i || inside.ptr[i - 1] != ':');

		if (is_colon)
			head.condition =
				str_trim((struct str){ inside.ptr + i + 1, inside.len - i - 1 });
	}
	if (!head.condition.len) {
		ptrdiff_t in = lex_find_word(inside, "in", 0), of = lex_find_word(inside, "of", 0);
		ptrdiff_t at = in >= 0 ? in : of;

		if (at >= 0)
			head.condition = str_trim(
				(struct str){ inside.ptr + at + 2, inside.len - (size_t)at - 2 });
	}
	return head;
}

static struct str without_end(struct str text)
{
	text = str_trim(text);
	while (text.len && (text.ptr[text.len - 1] == '{' || text.ptr[text.len - 1] == ':'))
		text = str_trim((struct str){ text.ptr, text.len - 1 });
	return text;
}

/* Without parentheses: Go, Rust, Python. */
static struct loop_head bare_head(enum language language, struct str rest)
{
	struct loop_head head = { .kind = LOOP_EACH };
	ptrdiff_t range;

	rest = without_end(rest);
	if (language == LANGUAGE_GO) {
		range = lex_find_word(rest, "range", 0);
		if (range < 0)
			return memchr(rest.ptr, ';', rest.len)
				       ? for_head(rest)
				       : (struct loop_head){ .kind = LOOP_WHILE,
							     .condition = rest };
		head.variable = variable_of((struct str){ rest.ptr, (size_t)range });
		head.condition = str_trim(
			(struct str){ rest.ptr + range + 5, rest.len - (size_t)range - 5 });
		return head;
	}
	return for_head(rest);
}

static struct str behind(struct str text, size_t bytes)
{
	return str_trim((struct str){ text.ptr + bytes, text.len - bytes });
}

struct loop_head lex_loop_head(enum language language, struct str clean)
{
	struct loop_head none = { 0 };
	struct str text = str_trim(clean), rest;
	bool is_bare =
		language == LANGUAGE_PYTHON || language == LANGUAGE_GO || language == LANGUAGE_RUST;

	while (text.len && *text.ptr == '}')
		text = behind(text, 1);
	if (str_starts_with(text, STR("async ")))
		text = behind(text, 6);
	if (lex_find_word(text, "for", 0) == 0) {
		rest = behind(text, 3);
		if (rest.len && *rest.ptr == '(' && !is_bare)
			return for_head(str_trim(
				(struct str){ rest.ptr + 1, lex_close(rest, 0) - (size_t)1 }));
		return is_bare ? bare_head(language, rest) : none;
	}
	if (lex_find_word(text, "while", 0) == 0) {
		struct loop_head head = { .kind = LOOP_WHILE };

		rest = behind(text, 5);
		/* the end of do ... while */
		if (!is_bare && str_ends_with(text, STR(";")) && lex_close(rest, 0) + 2 >= rest.len)
			return none;
		head.condition = is_bare ? without_end(rest) : rest;
		if (!is_bare && rest.len > 1 && *rest.ptr == '(')
			head.condition = str_trim(
				(struct str){ rest.ptr + 1, lex_close(rest, 0) - (size_t)1 });
		return head;
	}
	if (language == LANGUAGE_RUST && lex_find_word(text, "loop", 0) == 0)
		return (struct loop_head){ .kind = LOOP_WHILE };
	if (!is_bare && lex_find_word(text, "do", 0) == 0 &&
	    (text.len == 2 || *behind(text, 2).ptr == '{'))
		return (struct loop_head){ .kind = LOOP_DO };
	return none;
}
