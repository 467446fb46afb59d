#include "knowledge/command_line.h"

#include <string.h>

#include "base/strbuf.h"

struct reader {
	const struct man_page *page;
	const struct command_style *style;
	struct arena *arena;
	struct argument_vec *ret;
	int argc, next;
	char **argv;
};

static const char *joined(struct reader *r, const char *a, const char *separator, const char *b)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s%s%s", a, separator, b);
	return arena_copy(r->arena, strbuf_str(&text));
}

static struct argument *push(struct reader *r, enum argument_kind kind, const char *word)
{
	return argument_vec_push(r->ret,
				 (struct argument){ .kind = kind, .text = word, .word = word });
}

/* The value of an option whose value is a word of its own: for find's -exec all up to ; or +. */
static void take_value(struct reader *r, struct argument *argument)
{
	bool is_command = strcmp(argument->form->name, "-exec") == 0 ||
			  strcmp(argument->form->name, "-execdir") == 0 ||
			  strcmp(argument->form->name, "-ok") == 0;

	/* "-p, --property=": some pages leave the name of the value out */
	bool is_valued = argument->form->value == MAN_REQUIRED_VALUE ||
			 (r->style->valued && strlen(argument->word) == 2 &&
			  strchr(r->style->valued, argument->word[1]));

	if (!is_valued || r->next >= r->argc)
		return;
	argument->value = r->argv[r->next++];
	while (is_command && r->next < r->argc) {
		const char *word = r->argv[r->next++];

		argument->value = joined(r, argument->value, " ", word);
		if (!strcmp(word, ";") || !strcmp(word, "+"))
			break;
	}
	argument->text = joined(r, argument->text, " ", argument->value);
}

static const struct man_form *form_of(const struct reader *r, struct str name)
{
	return man_page_form(r->page, name);
}

/* ---- long options */

/* The only long option that begins so. */
static const struct man_form *form_by_prefix(const struct reader *r, struct str name)
{
	const struct man_form *found = NULL;

	for (size_t i = 0; i < r->page->forms.count; i++) {
		const struct man_form *form = &r->page->forms.items[i];

		if (!str_starts_with(str_from(form->name), name))
			continue;
		if (found && found->option != form->option)
			return NULL;
		found = found ? found : form;
	}
	return found;
}

static const struct man_form *form_negated(struct reader *r, struct str name)
{
	auto_strbuf struct strbuf plain = STRBUF_INIT;

	if (!str_starts_with(name, STR("--no-")))
		return NULL;
	strbuf_addf(&plain, "--%.*s", (int)name.len - 5, name.ptr + 5);
	return form_of(r, strbuf_str(&plain));
}

/* Where the page says nothing, the style may at least say what takes a word. */
static void unknown_value(struct reader *r, struct argument *argument)
{
	const char *word = argument->word;
	bool has_value = r->style->valued && strlen(word) == 2 && strchr(r->style->valued, word[1]);

	if (!has_value && r->style->takes_value)
		has_value = r->style->takes_value(r->style->context, word);
	if (!has_value || r->next >= r->argc)
		return;
	argument->value = r->argv[r->next++];
	argument->text = joined(r, word, " ", argument->value);
}

static void long_option(struct reader *r, const char *word)
{
	struct str name, value;
	bool has_value = str_cut(str_from(word), '=', &name, &value);
	struct argument *argument = push(r, ARGUMENT_OPTION, word);

	argument->value = has_value ? value.ptr : NULL;
	argument->form = form_of(r, name);
	if (!argument->form) {
		argument->form = form_negated(r, name);
		argument->is_negated = argument->form != NULL;
	}
	if (!argument->form && name.len > 3) {
		argument->form = form_by_prefix(r, name);
		argument->is_abbreviated = argument->form != NULL;
	}
	if (!argument->form) {
		argument->kind = ARGUMENT_UNKNOWN_OPTION;
		if (!has_value)
			unknown_value(r, argument);
	} else if (!has_value && !argument->is_negated) {
		take_value(r, argument);
	}
}

/* ---- short options */

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool whole_option(struct reader *r, const char *word)
{
	static const char *const numbers[] = { "-#", "-NUM", "-num", "-number", "-digit" };
	const struct man_form *form = form_of(r, str_from(word));
	struct argument *argument;
	struct str name, value;
	bool has_value = str_cut(str_from(word), '=', &name, &value) && value.len;

	for (size_t i = 0; !form && is_number(word + 1) && i < ARRAY_SIZE(numbers); i++)
		form = form_of(r, str_from(numbers[i]));
	if (form) {
		argument = push(r, ARGUMENT_OPTION, word);
		argument->form = form;
		take_value(r, argument);
		return true;
	}
	if (!has_value || name.len < 3 || !(form = form_of(r, name)))
		return false;
	argument = push(r, ARGUMENT_OPTION, word);
	argument->form = form;
	argument->value = value.ptr;
	return true;
}

static const struct man_form *letter_form(const struct reader *r, char letter, bool bare)
{
	char name[] = { '-', letter, '\0' };
	const struct man_form *form = bare ? form_of(r, str_from(name + 1)) : NULL;

	if (!form)
		form = form_of(r, str_from(name));
	/* gzip's page has "-#" for all of its levels */
	return form || letter < '0' || letter > '9' ? form : form_of(r, STR("-#"));
}

/* Whether all letters, up to one that takes the rest as its value, are options. */
static bool is_cluster(const struct reader *r, const char *letters, bool bare)
{
	for (; *letters; letters++) {
		const struct man_form *form = letter_form(r, *letters, bare);

		if (!form)
			return false;
		if (form->value && !bare)
			return true;
	}
	return true;
}

static void cluster(struct reader *r, const char *word, const char *letters, bool bare)
{
	for (; *letters; letters++) {
		const char spelling[] = { *letters, '\0' };
		struct argument *argument = push(r, ARGUMENT_OPTION, word);

		argument->form = letter_form(r, *letters, bare);
		argument->text = joined(r, bare ? "" : "-", spelling, "");
		if (!argument->form->value)
			continue;
		if (bare || !letters[1]) {
			take_value(r, argument);
			continue;
		}
		argument->value = letters + 1;
		argument->text = joined(r, argument->text, " ", argument->value);
		return;
	}
}

/* "-Xmx4g" of -Xmx, "-fno-inline" of -finline. */
static bool glued_option(struct reader *r, const char *word)
{
	const struct man_form *best = NULL;
	auto_strbuf struct strbuf positive = STRBUF_INIT;
	struct argument *argument;
	bool is_negated = false;

	if (strlen(word) > 5 && strncmp(word + 2, "no-", 3) == 0) {
		strbuf_addf(&positive, "-%c%s", word[1], word + 5);
		best = form_of(r, strbuf_str(&positive));
		is_negated = best != NULL;
	}
	for (size_t i = 0; !is_negated && i < r->page->forms.count; i++) {
		const struct man_form *form = &r->page->forms.items[i];

		if (form->value && form->name[0] == '-' &&
		    str_starts_with(str_from(word), str_from(form->name)) &&
		    (!best || strlen(form->name) > strlen(best->name)))
			best = form;
	}
	if (!best)
		return false;
	argument = push(r, ARGUMENT_OPTION, word);
	argument->form = best;
	argument->is_negated = is_negated;
	argument->value = is_negated ? NULL : word + strlen(best->name);
	return true;
}

static void short_option(struct reader *r, const char *word)
{
	if (whole_option(r, word))
		return;
	/* ffmpeg's -c:v and -preset are no clusters of letters */
	if (word[2] && r->style->takes_value && r->style->takes_value(r->style->context, word)) {
		unknown_value(r, push(r, ARGUMENT_UNKNOWN_OPTION, word));
		return;
	}
	if (is_cluster(r, word + 1, false))
		cluster(r, word, word + 1, false);
	else if (!glued_option(r, word))
		unknown_value(r, push(r, ARGUMENT_UNKNOWN_OPTION, word));
}

/* ---- operands */

static bool is_assignment(const char *word)
{
	size_t length = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				     "0123456789");

	return length && word[length] == '=';
}

static void operand(struct reader *r, const char *word, bool is_first)
{
	struct argument *argument = push(r, ARGUMENT_OPERAND, word);
	struct str name, value;

	/* "systemctl restart x": where the synopsis has a place for a command */
	if (is_first && strlen(word) > 2 && r->page->synopsis &&
	    (strstr(r->page->synopsis, "COMMAND") || strstr(r->page->synopsis, "command"))) {
		argument->form = form_of(r, str_from(word));
		if (argument->form)
			argument->kind = ARGUMENT_OPTION;
		return;
	}
	if (str_cut(str_from(word), '=', &name, &value)) {
		argument->form = form_of(r, name);
		argument->value = argument->form ? value.ptr : NULL;
		if (argument->form)
			argument->kind = ARGUMENT_OPTION;
	}
}

static bool ends_options(const struct reader *r, const struct argument *argument)
{
	struct str words = str_from(r->style->last_options), word;

	if (argument->kind > ARGUMENT_UNKNOWN_OPTION || !r->style->last_options)
		return false;
	while (str_next_word(&words, &word))
		if (str_starts_with(str_from(argument->text), word) &&
		    (argument->text[word.len] == '\0' || argument->text[word.len] == ' '))
			return true;
	return false;
}

int command_line_read(const struct man_page *page, const struct command_style *style, int argc,
		      char **argv, struct arena *arena, struct argument_vec *ret)
{
	struct reader r = { page, style, arena, ret, argc, 0, argv };
	unsigned operands = 0;
	bool all_operands = false;

	while (r.next < r.argc) {
		const char *word = r.argv[r.next++];
		bool is_option = !all_operands && word[0] == '-' && word[1];

		if (r.next == 1 && style->bundled_first && !is_option &&
		    is_cluster(&r, word, true)) {
			cluster(&r, word, word, true);
		} else if (is_option && !strcmp(word, "--")) {
			push(&r, ARGUMENT_END_OF_OPTIONS, word);
			all_operands = true;
		} else if (is_option && word[1] == '-') {
			long_option(&r, word);
		} else if (is_option) {
			short_option(&r, word);
		} else if (style->has_assignments && is_assignment(word)) {
			push(&r, ARGUMENT_OPERAND, word);
		} else if (style->stops_at_operand && operands++ == style->operands) {
			return r.next - 1;
		} else {
			operand(&r, word, operands == 0);
			operands += !style->stops_at_operand;
		}
		if (ret->count && ends_options(&r, &ret->items[ret->count - 1]))
			return r.next;
	}
	return r.next;
}
