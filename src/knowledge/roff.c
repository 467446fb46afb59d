#include "knowledge/roff.h"

#include <string.h>

#include "base/macros.h"

/* ---- escapes */

static bool take(struct str *text, char *ret)
{
	if (!text->len)
		return false;
	*ret = text->ptr[0];
	*text = (struct str){ text->ptr + 1, text->len - 1 };
	return true;
}

/* The name behind \f, \* and the like: x, (xx or [xxx]. */
static struct str take_name(struct str *text)
{
	struct str name = { text->ptr, 0 };
	char c;

	if (!take(text, &c))
		return name;
	if (c == '(') {
		name = (struct str){ text->ptr, MIN(text->len, (size_t)2) };
		*text = (struct str){ text->ptr + name.len, text->len - name.len };
	} else if (c == '[') {
		struct str rest;

		if (!str_cut(*text, ']', &name, &rest))
			rest = (struct str){ name.ptr + name.len, 0 };
		*text = rest;
	} else {
		name.len = 1;
	}
	return name;
}

static void skip_delimited(struct str *text)
{
	char quote, c;

	if (take(text, &quote))
		while (take(text, &c) && c != quote)
			;
}

static void skip_size(struct str *text)
{
	if (text->len && (text->ptr[0] == '+' || text->ptr[0] == '-'))
		*text = (struct str){ text->ptr + 1, text->len - 1 };
	if (text->len && strchr("([", text->ptr[0])) {
		take_name(text);
		return;
	}
	for (int i = 0; i < 2 && text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9'; i++)
		*text = (struct str){ text->ptr + 1, text->len - 1 };
}

static void add_glyph(struct str name, struct strbuf *out)
{
	static const struct {
		const char *name, *text;
	} glyphs[] = {
		{ "aq", "'" }, { "dq", "\"" },	{ "lq", "\"" },	   { "rq", "\"" },    { "oq", "'" },
		{ "cq", "'" }, { "em", "-" },	{ "en", "-" },	   { "hy", "-" },     { "mi", "-" },
		{ "bu", "*" }, { "ti", "~" },	{ "ha", "^" },	   { "rs", "\\" },    { "ga", "`" },
		{ "or", "|" }, { "ba", "|" },	{ "at", "@" },	   { "sh", "#" },     { "Do", "$" },
		{ "lB", "[" }, { "rB", "]" },	{ "lC", "{" },	   { "rC", "}" },     { "la", "<" },
		{ "ra", ">" }, { "<=", "<=" },	{ ">=", ">=" },	   { "->", "->" },    { "**", "*" },
		{ "mu", "x" }, { "co", "(C)" }, { "rg", "(R)" },   { "sl", "/" },     { "fm", "'" },
		{ "pl", "+" }, { "eq", "=" },	{ "u201C", "\"" }, { "u201D", "\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(glyphs); i++)
		if (str_is(name, glyphs[i].name)) {
			strbuf_add_text(out, glyphs[i].text);
			return;
		}
}

static void add_string(struct str name, struct strbuf *out)
{
	static const struct {
		const char *name, *text;
	} strings[] = {
		{ "Aq", "'" },	 { "lq", "\"" }, { "rq", "\"" },  { "L\"", "\"" },
		{ "R\"", "\"" }, { "--", "--" }, { "C+", "C++" }, { "PI", "pi" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (str_is(name, strings[i].name))
			strbuf_add_text(out, strings[i].text);
}

/* Behind a backslash; false ends the line (a comment). */
static bool escape(struct str *text, struct strbuf *out)
{
	char c;

	if (!take(text, &c))
		return false;
	switch (c) {
	case '"':
	case '#':
		return false;
	case '-':
	case '\'':
	case '`':
	case '.':
		strbuf_add_char(out, c);
		break;
	case 'e':
	case '\\':
		strbuf_add_char(out, '\\');
		break;
	case ' ':
	case '~':
	case '0':
	case 't':
		strbuf_add_char(out, ' ');
		break;
	case '(':
	case '[':
		*text = (struct str){ text->ptr - 1, text->len + 1 };
		add_glyph(take_name(text), out);
		break;
	case '*':
		add_string(take_name(text), out);
		break;
	case 'f':
	case 'F':
	case 'm':
	case 'M':
	case 'n':
	case 'g':
	case 'k':
	case 'Y':
	case 'V':
		take_name(text);
		break;
	case 's':
		skip_size(text);
		break;
	case 'h':
	case 'v':
	case 'w':
	case 'o':
	case 'N':
	case 'X':
	case 'D':
	case 'l':
	case 'L':
	case 'b':
	case 'x':
	case 'Z':
	case 'A':
	case 'B':
	case 'C':
	case 'R':
		skip_delimited(text);
		break;
	default: /* zero-width marks: \& \| \^ \/ \, \: \% \c \p \{ \} ... */
		break;
	}
	return true;
}

void roff_text(struct str text, struct strbuf *out)
{
	char c;

	while (take(&text, &c)) {
		if (c != '\\')
			strbuf_add_char(out, c == '\t' ? ' ' : c);
		else if (!escape(&text, out))
			return;
	}
}

bool roff_next_argument(struct str *line, struct str *ret)
{
	size_t i = 0;

	while (line->len && line->ptr[0] == ' ')
		*line = (struct str){ line->ptr + 1, line->len - 1 };
	if (!line->len)
		return false;
	if (line->ptr[0] == '"') {
		*line = (struct str){ line->ptr + 1, line->len - 1 };
		/* "" inside quotes is a quote: kept as it is, quotes are dropped by the reader */
		while (i < line->len &&
		       (line->ptr[i] != '"' || (i + 1 < line->len && line->ptr[i + 1] == '"')))
			i += line->ptr[i] == '"' ? 2 : 1;
		i = MIN(i, line->len);
		*ret = (struct str){ line->ptr, i };
		i = MIN(i + 1, line->len);
		*line = (struct str){ line->ptr + i, line->len - i };
		return true;
	}
	while (i < line->len && line->ptr[i] != ' ')
		i += line->ptr[i] == '\\' && i + 1 < line->len ? 2 : 1;
	*ret = (struct str){ line->ptr, i };
	*line = (struct str){ line->ptr + i, line->len - i };
	return true;
}

/* ---- mdoc */

enum word_kind {
	WORD_TEXT,
	WORD_PLAIN, /* a macro that only changes the font */
	WORD_FLAG,
	WORD_NO_SPACE,
	WORD_PREFIX,
	WORD_OPEN,  /* to the end of the line, or to its closing macro */
	WORD_BEGIN, /* to a closing macro on this line or a later one */
	WORD_END,
	WORD_REFERENCE,
	WORD_CALL,
	WORD_NAME,
	WORD_ARGUMENT,
};

struct mdoc_macro {
	const char *name;
	enum word_kind kind;
	const char *open, *close;
};

/* clang-format off */
static const struct mdoc_macro mdoc_macros[] = {
	{ "Fl", WORD_FLAG, "", "" }, { "Ar", WORD_ARGUMENT, "", "" }, { "Ns", WORD_NO_SPACE, "", "" },
	{ "Pf", WORD_PREFIX, "", "" }, { "Nm", WORD_NAME, "", "" }, { "Xr", WORD_REFERENCE, "", "" },
	{ "Fn", WORD_CALL, "", "" },
	{ "Op", WORD_OPEN, "[", "]" }, { "Pq", WORD_OPEN, "(", ")" }, { "Dq", WORD_OPEN, "\"", "\"" },
	{ "Qq", WORD_OPEN, "\"", "\"" }, { "Sq", WORD_OPEN, "'", "'" }, { "Ql", WORD_OPEN, "'", "'" },
	{ "Aq", WORD_OPEN, "<", ">" }, { "Bq", WORD_OPEN, "[", "]" }, { "Brq", WORD_OPEN, "{", "}" },
	{ "Oo", WORD_BEGIN, "[", "" }, { "Oc", WORD_END, "]", "" }, { "Po", WORD_BEGIN, "(", "" },
	{ "Pc", WORD_END, ")", "" }, { "Do", WORD_BEGIN, "\"", "" }, { "Dc", WORD_END, "\"", "" },
	{ "So", WORD_BEGIN, "'", "" }, { "Sc", WORD_END, "'", "" }, { "Qo", WORD_BEGIN, "\"", "" },
	{ "Qc", WORD_END, "\"", "" }, { "Ao", WORD_BEGIN, "<", "" }, { "Ac", WORD_END, ">", "" },
	{ "Bo", WORD_BEGIN, "[", "" }, { "Bc", WORD_END, "]", "" }, { "Bro", WORD_BEGIN, "{", "" },
	{ "Brc", WORD_END, "}", "" },
	{ "No", WORD_PLAIN, "", "" }, { "Sy", WORD_PLAIN, "", "" }, { "Em", WORD_PLAIN, "", "" },
	{ "Li", WORD_PLAIN, "", "" }, { "Cm", WORD_PLAIN, "", "" }, { "Ic", WORD_PLAIN, "", "" },
	{ "Pa", WORD_PLAIN, "", "" }, { "Ev", WORD_PLAIN, "", "" }, { "Va", WORD_PLAIN, "", "" },
	{ "Vt", WORD_PLAIN, "", "" }, { "Dv", WORD_PLAIN, "", "" }, { "Er", WORD_PLAIN, "", "" },
	{ "Fa", WORD_PLAIN, "", "" }, { "Ft", WORD_PLAIN, "", "" }, { "An", WORD_PLAIN, "", "" },
	{ "Ad", WORD_PLAIN, "", "" }, { "Ms", WORD_PLAIN, "", "" }, { "Tn", WORD_PLAIN, "", "" },
	{ "Cd", WORD_PLAIN, "", "" }, { "Lk", WORD_PLAIN, "", "" }, { "In", WORD_OPEN, "<", ">" },
	{ "Fd", WORD_PLAIN, "", "" }, { "St", WORD_PLAIN, "", "" }, { "Ux", WORD_PLAIN, "", "" },
};
/* clang-format on */

static const struct mdoc_macro *mdoc_macro(struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(mdoc_macros); i++)
		if (str_is(word, mdoc_macros[i].name))
			return &mdoc_macros[i];
	return NULL;
}

bool mdoc_is_inline(struct str macro)
{
	return mdoc_macro(macro) != NULL;
}

static bool is_closing(struct str word)
{
	return word.len == 1 && strchr(".,;:)]?!", word.ptr[0]);
}

static bool is_opening(struct str word)
{
	return word.len == 1 && strchr("([", word.ptr[0]);
}

struct mdoc_line {
	struct strbuf *out;
	bool glue;	       /* no blank before the next word */
	bool flag;	       /* words are flags until the next macro */
	const char *closes[8]; /* of enclosures to the end of the line */
	size_t open;
};

static void word_add(struct mdoc_line *line, struct str word, const char *lead)
{
	bool begins = !line->out->len || line->glue || is_closing(word);

	if (!begins && line->out->ptr[line->out->len - 1] != ' ')
		strbuf_add_char(line->out, ' ');
	strbuf_add_text(line->out, lead);
	roff_text(word, line->out);
	line->glue = is_opening(word);
}

static void enclosure_begin(struct mdoc_line *line, const struct mdoc_macro *macro)
{
	word_add(line, STR(""), macro->open);
	line->glue = true;
	if (macro->kind == WORD_OPEN && line->open < ARRAY_SIZE(line->closes))
		line->closes[line->open++] = macro->close;
}

static void macro_begin(struct mdoc_line *line, const struct mdoc_macro *macro, struct str *rest,
			const char *name)
{
	struct str word, after = *rest;

	line->flag = macro->kind == WORD_FLAG;
	switch (macro->kind) {
	case WORD_OPEN:
	case WORD_BEGIN:
		enclosure_begin(line, macro);
		break;
	case WORD_END:
		line->glue = true;
		word_add(line, STR(""), macro->open);
		break;
	case WORD_NO_SPACE:
		line->glue = true;
		break;
	case WORD_PREFIX:
		if (roff_next_argument(rest, &word)) {
			word_add(line, word, "");
			line->glue = true;
		}
		break;
	case WORD_REFERENCE:
		if (roff_next_argument(rest, &word))
			word_add(line, word, "");
		if (roff_next_argument(rest, &word))
			strbuf_addf(line->out, "(%.*s)", STR_ARG(word));
		break;
	case WORD_CALL:
		if (roff_next_argument(rest, &word)) {
			word_add(line, word, "");
			strbuf_add_text(line->out, "()");
		}
		break;
	case WORD_NAME:
		if (!roff_next_argument(&after, &word) || mdoc_macro(word) || is_closing(word))
			word_add(line, str_from(name), "");
		break;
	case WORD_ARGUMENT:
		if (!roff_next_argument(&after, &word) || mdoc_macro(word))
			word_add(line, STR("file ..."), "");
		break;
	case WORD_FLAG:
		if (!roff_next_argument(&after, &word) || (mdoc_macro(word) && !str_is(word, "Ns")))
			word_add(line, STR("-"), "");
		break;
	case WORD_TEXT:
	case WORD_PLAIN:
		break;
	}
}

void mdoc_text(struct str text, const char *name, struct strbuf *out)
{
	struct mdoc_line line = { .out = out };
	struct str word;

	while (roff_next_argument(&text, &word)) {
		const struct mdoc_macro *macro = mdoc_macro(word);

		/* the last full stop stands behind what the line encloses */
		if (!text.len && is_closing(word))
			while (line.open)
				strbuf_add_text(out, line.closes[--line.open]);
		if (macro)
			macro_begin(&line, macro, &text, name);
		else
			word_add(&line, word,
				 line.flag && word.len && !is_closing(word) && word.ptr[0] != '|'
					 ? "-"
					 : "");
	}
	while (line.open)
		strbuf_add_text(out, line.closes[--line.open]);
}
