#include "knowledge/man_page.h"

#include <string.h>

#include "base/strbuf.h"
#include "knowledge/roff.h"

enum {
	MAX_LINE_BYTES = 20000,
	MAX_TAG_BYTES = 240,
	MAX_BODY_BYTES = 700,
	MAX_TEXT_BYTES = 320,
	MAX_NAME_BYTES = 400,
	MAX_SYNOPSIS_BYTES = 600,
	MAX_OPTIONS = 6000,
	MAX_FORMS = 20000,
	MAX_DEPTH = 100,
	MAX_COMMAND_BYTES = 80,
};

enum section { SECTION_OTHER, SECTION_NAME, SECTION_SYNOPSIS };

struct reader {
	struct man_page *page;
	enum section section;
	struct strbuf name_line, synopsis, own_name;
	struct strbuf tag, body; /* of the item under way */
	struct strbuf paragraph; /* outside of items: a tag, if .RS follows */
	struct strbuf line;	 /* scratch */
	bool in_item, wants_tag, body_done;
	bool in_tagged_list; /* .TP and the like: the next paragraph ends the item */
	unsigned depth;	     /* of .RS */
	size_t untold;	     /* options without a text at the end of the table */
	unsigned item_depth; /* where the item began, if by .RS */
	const char *skips;   /* macro that ends what is passed over, or NULL */
	unsigned braces;     /* of a condition that is false */
	bool last_condition; /* for .el */
};

void man_page_done(struct man_page *page)
{
	man_option_vec_done(&page->options);
	man_form_vec_done(&page->forms);
	arena_done(&page->arena);
}

const struct man_form *man_page_form(const struct man_page *page, struct str name)
{
	for (size_t i = 0; i < page->forms.count; i++)
		if (str_is(name, page->forms.items[i].name))
			return &page->forms.items[i];
	return NULL;
}

/* ---- the tag of an item */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-_#?+.:@%!", c));
}

static void form_push(struct man_page *page, struct str prefix, struct str name,
		      enum man_value value, struct str value_name)
{
	auto_strbuf struct strbuf whole = STRBUF_INIT;

	if (page->forms.count >= MAX_FORMS)
		return;
	strbuf_add(&whole, prefix);
	strbuf_add(&whole, name);
	man_form_vec_push(&page->forms,
			  (struct man_form){ arena_copy(&page->arena, strbuf_str(&whole)), value,
					     arena_copy(&page->arena, value_name),
					     (uint32_t)page->options.count });
}

/* What follows the name: "=FILE", "[=WHEN]", " FILE", "<n>". */
static enum man_value value_parse(struct str *text)
{
	enum man_value value = MAN_REQUIRED_VALUE;
	bool is_assigned = text->len && text->ptr[0] == '=';

	if (text->len && text->ptr[0] == '[')
		value = MAN_OPTIONAL_VALUE;
	/* "--inspect=[host:]port": a word of its own after it is never its value */
	if (str_starts_with(*text, STR("=[")) && str_find(*text, STR(":]")) > 0)
		value = MAN_OPTIONAL_VALUE;
	while (text->len && strchr("=[ ", text->ptr[0]))
		*text = (struct str){ text->ptr + 1, text->len - 1 };
	while (text->len && strchr("] ,|;.", text->ptr[text->len - 1]))
		text->len--;
	if (text->len >= 3 && str_ends_with(*text, STR(" or")))
		text->len -= 3;
	if (!text->len)
		return is_assigned ? value : MAN_NO_VALUE;
	return !str_is(*text, "or") && !str_is(*text, "and") ? value : MAN_NO_VALUE;
}

/* "-y (global)", "-c codec (input/output)": what stands in brackets at the end is no value. */
static struct str without_remark(struct str text)
{
	ptrdiff_t open = str_find(text, STR(" ("));

	if (open > 0 && str_ends_with(text, STR(")")))
		text.len = (size_t)open;
	return text;
}

static void form_parse(struct man_page *page, struct str text)
{
	struct str negatable = STR("--[no-]"), name, rest;
	bool may_be_negated = str_starts_with(text, negatable);
	enum man_value value;
	size_t end = 0;

	text = without_remark(str_trim(text));
	if (may_be_negated)
		text = (struct str){ text.ptr + negatable.len, text.len - negatable.len };
	while (end < text.len && is_name_char(text.ptr[end]))
		end++;
	name = (struct str){ text.ptr, end };
	while (name.len > 2 && strchr(".:", name.ptr[name.len - 1]))
		name.len--;
	rest = (struct str){ text.ptr + end, text.len - end };
	value = value_parse(&rest);
	if (!value)
		rest.len = 0;
	if (may_be_negated) {
		form_push(page, STR("--"), name, value, rest);
		form_push(page, STR("--no-"), name, MAN_NO_VALUE, STR(""));
	} else if (name.len > 1 || str_is(name, "-")) {
		form_push(page, STR(""), name, value, rest);
	}
}

/* A '-' that begins an option and is no part of a value. */
static bool is_start(struct str tag, size_t i, unsigned depth)
{
	if (tag.ptr[i] != '-' || depth)
		return false;
	return i == 0 || strchr(" ,|/(", tag.ptr[i - 1]);
}

/* "-n, --lines=NUM": the value of the last spelling is that of the others too. */
static void values_share(struct man_page *page, size_t first)
{
	const struct man_form *last;

	if (page->forms.count <= first + 1)
		return;
	last = &page->forms.items[page->forms.count - 1];
	for (size_t i = first; i + 1 < page->forms.count; i++) {
		struct man_form *form = &page->forms.items[i];

		if (form->value || strncmp(form->name, "--", 2) == 0)
			continue;
		form->value = last->value;
		form->value_name = last->value_name;
	}
}

/* "if=FILE", "x": what dd and ps have in place of options. */
static void bare_parse(struct man_page *page, struct str tag)
{
	size_t end = 0;
	struct str value;

	while (end < tag.len && is_name_char(tag.ptr[end]))
		end++;
	if (end < tag.len && tag.ptr[end] == ' ' && end > 2) { /* "restart UNIT..." */
		form_push(page, STR(""), (struct str){ tag.ptr, end }, MAN_NO_VALUE, STR(""));
		return;
	}
	if (end < tag.len && tag.ptr[end] != '=')
		return;
	value = (struct str){ tag.ptr + end, tag.len - end };
	if (end && (value.len || end == 1))
		form_push(page, STR(""), (struct str){ tag.ptr, end },
			  value.len ? MAN_REQUIRED_VALUE : MAN_NO_VALUE,
			  value.len ? (struct str){ value.ptr + 1, value.len - 1 } : value);
}

static void tag_parse(struct man_page *page, struct str tag)
{
	size_t first = page->forms.count, begin = tag.len;
	unsigned depth = 0;

	if (tag.len && tag.ptr[0] != '-' && !str_starts_with(tag, STR("[-"))) {
		bare_parse(page, tag);
		return;
	}
	if (tag.len && tag.ptr[0] == '[')
		tag = (struct str){ tag.ptr + 1, tag.len - 1 };
	begin = tag.len;
	for (size_t i = 0; i < tag.len; i++) {
		if (is_start(tag, i, depth)) {
			if (begin < i)
				form_parse(page, (struct str){ tag.ptr + begin, i - begin });
			begin = i;
		}
		depth += tag.ptr[i] && strchr("[<{", tag.ptr[i]);
		if (depth && tag.ptr[i] && strchr("]>}", tag.ptr[i]))
			depth--;
	}
	if (begin < tag.len)
		form_parse(page, (struct str){ tag.ptr + begin, tag.len - begin });
	values_share(page, first);
}

/* ---- items */

/* Blanks in a row become one. */
static char *text_squeeze(struct arena *arena, struct str text, size_t max)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct str word;
	size_t sentence = 0;

	while (str_next_word(&text, &word)) {
		if (out.len + word.len + 1 > max) {
			if (sentence)
				out.len = sentence;
			else
				strbuf_add_text(&out, " ...");
			break;
		}
		if (out.len)
			strbuf_add_char(&out, ' ');
		strbuf_add(&out, word);
		if (str_ends_with(word, STR(".")) && !str_ends_with(word, STR("e.g.")) &&
		    !str_ends_with(word, STR("i.e.")))
			sentence = out.len;
	}
	return arena_copy(arena, strbuf_str(&out));
}

/* Spellings that stand in items of their own share the text of the last one. */
static void option_push(struct reader *r, const char *tag)
{
	struct man_option_vec *options = &r->page->options;
	const char *text = text_squeeze(&r->page->arena, strbuf_str(&r->body), MAX_TEXT_BYTES);

	man_option_vec_push(options, (struct man_option){ tag, text });
	if (!*text) {
		r->untold++;
		return;
	}
	for (size_t i = 0; i < r->untold; i++)
		options->items[options->count - 2 - i].text = text;
	r->untold = 0;
}

static void item_end(struct reader *r)
{
	struct man_page *page = r->page;
	size_t forms = page->forms.count;

	if (r->in_item && r->tag.len && page->options.count < MAX_OPTIONS) {
		const char *tag =
			text_squeeze(&page->arena, strbuf_str(&r->tag), (size_t)MAX_TAG_BYTES);

		tag_parse(page, str_from(tag));
		if (page->forms.count > forms)
			option_push(r, tag);
	}
	strbuf_reset(&r->tag);
	strbuf_reset(&r->body);
	r->in_item = r->wants_tag = r->body_done = r->in_tagged_list = false;
	r->item_depth = 0;
}

static void item_begin(struct reader *r)
{
	item_end(r);
	r->in_item = true;
	strbuf_reset(&r->paragraph);
}

/* Between paragraphs: only the first one of an item is kept. */
static void paragraph_end(struct reader *r)
{
	if (r->in_item && r->body.len)
		r->body_done = true;
	strbuf_reset(&r->paragraph);
}

static void add_capped(struct strbuf *out, struct str text, size_t cap)
{
	if (out->len + text.len + 1 > cap)
		return;
	if (out->len && out->ptr[out->len - 1] != '\n')
		strbuf_add_char(out, ' ');
	strbuf_add(out, text);
}

static void synopsis_break(struct reader *r)
{
	if (r->section == SECTION_SYNOPSIS && r->synopsis.len &&
	    r->synopsis.ptr[r->synopsis.len - 1] != '\n')
		strbuf_add_char(&r->synopsis, '\n');
}

/* Text that a reader of the page would see. */
static void text_take(struct reader *r, struct str text)
{
	text = str_trim(text);
	if (!text.len)
		return;
	if (r->section == SECTION_NAME) {
		add_capped(&r->name_line, text, MAX_NAME_BYTES);
	} else if (r->section == SECTION_SYNOPSIS) {
		add_capped(&r->synopsis, text, MAX_SYNOPSIS_BYTES);
	} else if (r->wants_tag) {
		add_capped(&r->tag, text, MAX_TAG_BYTES);
		r->wants_tag = false;
	} else if (r->in_item) {
		if (!r->body_done)
			add_capped(&r->body, text, MAX_BODY_BYTES);
	} else {
		add_capped(&r->paragraph, text, MAX_TAG_BYTES);
	}
}

/* ---- macros */

static void arguments_text(struct str rest, bool with_blanks, struct strbuf *out)
{
	struct str argument;
	bool more = false;

	while (roff_next_argument(&rest, &argument)) {
		if (more && with_blanks)
			strbuf_add_char(out, ' ');
		roff_text(argument, out);
		more = true;
	}
}

static void section_begin(struct reader *r, struct str rest)
{
	auto_strbuf struct strbuf title = STRBUF_INIT;

	item_end(r);
	paragraph_end(r);
	r->depth = 0;
	r->untold = 0;
	arguments_text(rest, true, &title);
	r->section = SECTION_OTHER;
	if (str_is(strbuf_str(&title), "NAME") || str_is(strbuf_str(&title), "Name"))
		r->section = SECTION_NAME;
	else if (str_is(strbuf_str(&title), "SYNOPSIS") || str_is(strbuf_str(&title), "Synopsis"))
		r->section = SECTION_SYNOPSIS;
}

static void tag_of_arguments(struct reader *r, struct str rest, bool first_only)
{
	struct str argument;

	strbuf_reset(&r->line);
	if (first_only) {
		if (roff_next_argument(&rest, &argument))
			roff_text(argument, &r->line);
	} else {
		mdoc_text(rest, strbuf_text(&r->own_name), &r->line);
	}
	add_capped(&r->tag, str_trim(strbuf_str(&r->line)), MAX_TAG_BYTES);
}

static void indented_paragraph(struct reader *r, struct str rest)
{
	if (!str_trim(rest).len) {
		paragraph_end(r);
		return;
	}
	item_begin(r);
	r->in_tagged_list = true;
	tag_of_arguments(r, rest, true);
}

/* A paragraph that .RS follows: an option, or a command where the page is about commands. */
static bool is_tag(const struct reader *r)
{
	if (!r->paragraph.len || r->section != SECTION_OTHER)
		return false;
	return r->paragraph.ptr[0] == '-' || (r->paragraph.len < MAX_COMMAND_BYTES &&
					      strstr(strbuf_text(&r->synopsis), "COMMAND") != NULL);
}

static void indent_begin(struct reader *r)
{
	r->depth += r->depth < MAX_DEPTH;
	if (r->in_item || !is_tag(r))
		return;
	auto_strbuf struct strbuf tag = STRBUF_INIT;

	strbuf_add(&tag, strbuf_str(&r->paragraph));
	item_begin(r);
	strbuf_add(&r->tag, strbuf_str(&tag));
	r->item_depth = r->depth;
}

static void indent_end(struct reader *r)
{
	if (r->in_item && r->item_depth == r->depth)
		item_end(r);
	r->depth -= r->depth > 0;
}

static bool is_one_of(struct str word, const char *words)
{
	struct str rest = str_from(words), candidate;

	while (str_next_word(&rest, &candidate))
		if (str_eq(word, candidate))
			return true;
	return false;
}

/* Macros of structure; false where it is none. */
static bool structure(struct reader *r, struct str macro, struct str rest)
{
	if (is_one_of(macro, "SH Sh")) {
		section_begin(r, rest);
	} else if (is_one_of(macro, "SS Ss El")) {
		item_end(r);
		paragraph_end(r);
	} else if (is_one_of(macro, "TP HP")) {
		item_begin(r);
		r->wants_tag = r->in_tagged_list = true;
	} else if (str_is(macro, "TQ")) {
		if (r->in_item && r->tag.len)
			strbuf_add_char(&r->tag, ',');
		r->wants_tag = r->in_item;
	} else if (str_is(macro, "IP")) {
		indented_paragraph(r, rest);
	} else if (str_is(macro, "It")) {
		item_begin(r);
		tag_of_arguments(r, rest, false);
	} else if (is_one_of(macro, "PP P LP")) {
		if (r->in_tagged_list)
			item_end(r);
		paragraph_end(r);
		synopsis_break(r);
	} else if (is_one_of(macro, "Pp sp")) {
		paragraph_end(r);
		synopsis_break(r);
	} else if (is_one_of(macro, "br SY YS")) {
		synopsis_break(r);
	} else if (str_is(macro, "RS")) {
		indent_begin(r);
	} else if (str_is(macro, "RE")) {
		indent_end(r);
	} else {
		return false;
	}
	return true;
}

static void name_macro(struct reader *r, struct str rest)
{
	struct str after = rest, word;

	if (!r->own_name.len && roff_next_argument(&after, &word))
		roff_text(word, &r->own_name);
	synopsis_break(r);
	strbuf_reset(&r->line);
	strbuf_add_text(&r->line, "");
	if (str_trim(rest).len && r->section == SECTION_NAME)
		mdoc_text(rest, "", &r->line);
	else if (str_trim(rest).len)
		mdoc_text(rest, strbuf_text(&r->own_name), &r->line);
	else
		strbuf_add(&r->line, strbuf_str(&r->own_name));
	text_take(r, strbuf_str(&r->line));
}

static void line_take(struct reader *r, struct str line, unsigned depth);

/* .if, .ie and .el: what a terminal with groff would see, as far as that is plain. */
static void condition(struct reader *r, struct str macro, struct str rest, unsigned depth)
{
	bool holds = !r->last_condition;

	rest = str_trim(rest);
	if (!str_is(macro, "el")) {
		struct str test;

		str_cut(rest, ' ', &test, &rest);
		holds = str_is(test, "n") || str_is(test, "\\n(.g") || str_is(test, "!t");
		r->last_condition = holds;
	}
	rest = str_trim(rest);
	if (holds) {
		if (str_starts_with(rest, STR("\\{")))
			rest = (struct str){ rest.ptr + 2, rest.len - 2 };
		if (str_trim(rest).len && !str_is(rest, "\\") && depth < 4)
			line_take(r, rest, depth + 1);
	} else if (str_find(rest, STR("\\{")) >= 0 && str_find(rest, STR("\\}")) < 0) {
		r->braces = 1;
	}
}

static void macro_take(struct reader *r, struct str macro, struct str rest, unsigned depth)
{
	if (structure(r, macro, rest))
		return;
	strbuf_reset(&r->line);
	if (is_one_of(macro, "if ie el")) {
		condition(r, macro, rest, depth);
	} else if (is_one_of(macro, "de de1 am ig")) {
		r->skips = "..";
	} else if (is_one_of(macro, "TS EQ")) {
		r->skips = str_is(macro, "TS") ? ".TE" : ".EN";
	} else if (str_is(macro, "so")) {
		if (!r->page->redirect)
			r->page->redirect = arena_copy(&r->page->arena, str_trim(rest));
	} else if (is_one_of(macro, "B I SM SB Nd")) {
		if (str_is(macro, "Nd"))
			strbuf_add_text(&r->line, "- ");
		arguments_text(rest, true, &r->line);
		text_take(r, strbuf_str(&r->line));
	} else if (is_one_of(macro, "BR RB IR RI BI IB MR")) {
		arguments_text(rest, false, &r->line);
		text_take(r, strbuf_str(&r->line));
	} else if (str_is(macro, "OP")) {
		strbuf_add_char(&r->line, '[');
		arguments_text(rest, true, &r->line);
		strbuf_add_char(&r->line, ']');
		text_take(r, strbuf_str(&r->line));
	} else if (str_is(macro, "Nm")) {
		name_macro(r, rest);
	} else if (mdoc_is_inline(macro)) {
		auto_strbuf struct strbuf whole = STRBUF_INIT;

		strbuf_addf(&whole, "%.*s %.*s", STR_ARG(macro), STR_ARG(rest));
		mdoc_text(strbuf_str(&whole), strbuf_text(&r->own_name), &r->line);
		text_take(r, strbuf_str(&r->line));
	}
}

/* What is passed over: macro definitions, tables, conditions that are false. */
static bool is_skipped(struct reader *r, struct str line)
{
	if (r->skips) {
		if (str_starts_with(line, str_from(r->skips)))
			r->skips = NULL;
		return true;
	}
	if (!r->braces)
		return false;
	for (size_t i = 0; i + 1 < line.len; i++)
		if (line.ptr[i] == '\\' && line.ptr[i + 1] == '{')
			r->braces++;
		else if (line.ptr[i] == '\\' && line.ptr[i + 1] == '}' && r->braces)
			r->braces--;
	return true;
}

static void line_take(struct reader *r, struct str line, unsigned depth)
{
	struct str macro, rest;
	size_t end = 0;

	if (!line.len || (line.ptr[0] != '.' && line.ptr[0] != '\'')) {
		if (!str_trim(line).len)
			paragraph_end(r);
		strbuf_reset(&r->line);
		roff_text(line, &r->line);
		text_take(r, strbuf_str(&r->line));
		return;
	}
	line = str_trim((struct str){ line.ptr + 1, line.len - 1 });
	while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t')
		end++;
	macro = (struct str){ line.ptr, end };
	rest = (struct str){ line.ptr + end, line.len - end };
	macro_take(r, macro, rest, depth);
}

/* Behind the dash of "gzip, gunzip - compress files". */
static struct str summary_of(struct str line)
{
	static const char *const dashes[] = { " - ", " -- ", " \xe2\x80\x93 ", " \xe2\x80\x94 " };

	for (size_t i = 0; i < ARRAY_SIZE(dashes); i++) {
		ptrdiff_t at = str_find(line, str_from(dashes[i]));
		size_t length = strlen(dashes[i]);

		if (at >= 0)
			return str_trim((struct str){ line.ptr + at + length,
						      line.len - (size_t)at - length });
	}
	return STR("");
}

void man_page_parse(struct str source, struct man_page *ret)
{
	struct reader r = { .page = ret };
	struct str line;

	*ret = (struct man_page){ 0 };
	source.len = MIN(source.len, MAN_PAGE_CAP_BYTES);
	while (str_next_line(&source, &line)) {
		line.len = MIN(line.len, (size_t)MAX_LINE_BYTES);
		if (!is_skipped(&r, line))
			line_take(&r, line, 0);
	}
	item_end(&r);
	ret->summary =
		text_squeeze(&ret->arena, summary_of(strbuf_str(&r.name_line)), MAX_NAME_BYTES);
	ret->synopsis = arena_copy(&ret->arena, str_trim(strbuf_str(&r.synopsis)));
	strbuf_done(&r.name_line);
	strbuf_done(&r.synopsis);
	strbuf_done(&r.own_name);
	strbuf_done(&r.tag);
	strbuf_done(&r.body);
	strbuf_done(&r.paragraph);
	strbuf_done(&r.line);
}
