#include "base/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "base/term.h"

static const struct option no_options[] = { OPTIONS_END };

/* The parser's place in the command line. */
struct parse {
	const struct options_input *input;
	int argc, next; /* argv[next] is looked at next */
	char **argv;
	struct strbuf *notes;
};

/* An option as it was found: whose it is, and how the user spelled it, for messages. */
struct found_option {
	const struct option *option;
	char *target;
	struct str spelling;  /* "--limit" or "-n" */
	const char *attached; /* value glued to it, or NULL */
};

static const struct option *own_options(const struct options_input *input)
{
	return input->own ? input->own : no_options;
}

static const struct option *global_options(const struct options_input *input)
{
	return input->global ? input->global : no_options;
}

static bool is_ours(const struct option *option)
{
	return option->kind != OPTION_IGNORED && option->kind != OPTION_REFUSED;
}

static bool takes_value(const struct option *option)
{
	return option->value && option->value[0] != '[';
}

static bool value_is_optional(const struct option *option)
{
	return option->value && option->value[0] == '[';
}

static const struct option *find_exact(const struct option *options, struct str name)
{
	for (const struct option *o = options; o->kind != OPTION_END; o++) {
		if (o->name && str_is(name, o->name))
			return o;
	}
	return NULL;
}

/* Names that begin with `name`; what we refuse or ignore counts only where nothing of ours does. */
static const struct option *find_prefix(const struct option *options, struct str name,
					bool ours_only, struct strbuf *candidates,
					unsigned *ret_count)
{
	const struct option *found = NULL;

	*ret_count = 0;
	strbuf_reset(candidates);
	for (const struct option *o = options; o->kind != OPTION_END; o++) {
		if (!o->name || (ours_only && !is_ours(o)) ||
		    !str_starts_with(str_from(o->name), name))
			continue;
		/* Two spellings of one option are no doubt about what is meant. */
		if (found && is_ours(o) && found->kind == o->kind && found->offset == o->offset)
			continue;
		strbuf_addf(candidates, "%s--%s", *ret_count ? ", " : "", o->name);
		found = o;
		++*ret_count;
	}
	return found;
}

static struct error *unknown_long(const struct options_input *input, struct str name)
{
	const char *names[256];
	const char *nearest;
	size_t count = 0;
	auto_free char *word = x_strndup(name.ptr, name.len);
	struct error *error = error_new(ERROR_USAGE, "unknown option '--%s'", word);

	for (const struct option *o = own_options(input); o->kind != OPTION_END; o++) {
		if (o->name && is_ours(o) && count < ARRAY_SIZE(names))
			names[count++] = o->name;
	}
	for (const struct option *o = global_options(input); o->kind != OPTION_END; o++) {
		if (o->name && count < ARRAY_SIZE(names))
			names[count++] = o->name;
	}
	nearest = nearest_name(word, names, count);
	return nearest ? error_with_hint(error, "did you mean '--%s'?", nearest) : error;
}

static struct error *find_long(const struct options_input *input, struct str name,
			       struct found_option *ret)
{
	const struct option *tables[] = { own_options(input), global_options(input) };
	char *targets[] = { input->own_target, input->global_target };
	auto_strbuf struct strbuf candidates = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		ret->option = find_exact(tables[i], name);
		ret->target = targets[i];
		if (ret->option)
			return NULL;
	}
	for (size_t i = 0; name.len && i < ARRAY_SIZE(tables) * 2; i++) {
		unsigned count;

		ret->option = find_prefix(tables[i / 2], name, i % 2 == 0, &candidates, &count);
		ret->target = targets[i / 2];
		if (count == 1)
			return NULL;
		if (count)
			return error_with_hint(error_new(ERROR_USAGE,
							 "'--%.*s' could be more than one option",
							 STR_ARG(name)),
					       "spell out one of %s", strbuf_text(&candidates));
	}
	return unknown_long(input, name);
}

static const struct option *find_letter(const struct option *options, char letter)
{
	for (const struct option *o = options; o->kind != OPTION_END; o++) {
		if (o->letter && o->letter == letter)
			return o;
	}
	return NULL;
}

static struct error *bad_value(const struct found_option *found, const char *value,
			       const char *wanted)
{
	return error_new(ERROR_USAGE, "%.*s: '%s' is not %s", STR_ARG(found->spelling), value,
			 wanted);
}

static bool seconds_of(struct str text, double *ret)
{
	static const struct {
		const char *suffix;
		double factor;
	} units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 },
		      { "m", 60 },    { "h", 3600 },  { "", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct str suffix = str_from(units[i].suffix);
		double value;

		if (!str_ends_with(text, suffix))
			continue;
		if (!str_to_double((struct str){ text.ptr, text.len - suffix.len }, &value) ||
		    value < 0)
			return false;
		*ret = value * units[i].factor;
		return true;
	}
	return false;
}

static bool is_choice(const char *choices, struct str text)
{
	struct str rest = str_from(choices), choice;
	bool more;

	do {
		more = str_cut(rest, '|', &choice, &rest);
		if (str_eq(choice, text))
			return true;
	} while (more);
	return false;
}

static struct error *store(const struct found_option *found, const char *value)
{
	char *target = found->target ? found->target + found->option->offset : NULL;
	struct str text = str_from(value);

	assert(target || !is_ours(found->option));
	switch (found->option->kind) {
	case OPTION_END:
	case OPTION_IGNORED:
	case OPTION_REFUSED:
		return NULL;
	case OPTION_FLAG:
	case OPTION_NEGATION:
		*(bool *)target = found->option->kind == OPTION_FLAG;
		return NULL;
	case OPTION_COUNT:
		++*(unsigned *)(void *)target;
		return NULL;
	case OPTION_TEXT:
		*(const char **)(void *)target = value ? value : "";
		return NULL;
	case OPTION_CHOICE:
		if (!is_choice(found->option->value, text))
			return error_new(ERROR_USAGE, "%.*s: '%s' is not one of %s",
					 STR_ARG(found->spelling), value, found->option->value);
		*(const char **)(void *)target = value;
		return NULL;
	case OPTION_U64:
		if (!value)
			*(uint64_t *)(void *)target = 1;
		else if (!str_to_u64(text, (uint64_t *)(void *)target))
			return bad_value(found, value, "a whole number");
		return NULL;
	case OPTION_REAL:
		if (value && !str_to_double(text, (double *)(void *)target))
			return bad_value(found, value, "a number");
		return NULL;
	case OPTION_SECONDS:
		if (value && !seconds_of(text, (double *)(void *)target))
			return bad_value(found, value, "a time such as 5, 1.5s, 200ms or 2m");
		return NULL;
	case OPTION_LIST: {
		struct option_list *list = (void *)target;

		list->items = x_reallocarray(list->items, list->count + 1, sizeof(char *));
		list->items[list->count++] = value ? value : "";
		return NULL;
	}
	}
	return NULL;
}

/* Finds the value of a found option, attached or as the next word, and stores it. */
static struct error *apply(struct parse *parse, const struct found_option *found)
{
	const struct option *option = found->option;
	const char *value = found->attached;

	if (option->kind == OPTION_REFUSED)
		return error_with_hint(error_new(ERROR_USAGE, "%.*s is not an option here",
						 STR_ARG(found->spelling)),
				       "%s", option->help ? option->help : "leave it out");
	if (value && !option->value)
		return error_new(ERROR_USAGE, "%.*s takes no value", STR_ARG(found->spelling));
	if (!value && takes_value(option)) {
		if (parse->next >= parse->argc)
			return error_new(ERROR_USAGE, "%.*s needs a value: %s",
					 STR_ARG(found->spelling), option->value);
		value = parse->argv[parse->next++];
	}
	if (option->kind == OPTION_IGNORED && parse->notes)
		strbuf_addf(parse->notes, "%.*s is accepted but does nothing%s%s\n",
			    STR_ARG(found->spelling), option->help ? ": " : "",
			    option->help ? option->help : "");
	return store(found, value);
}

static struct error *parse_long(struct parse *parse, const char *word)
{
	struct found_option found = { 0 };
	struct str name, value;
	bool has_value = str_cut(str_from(word + 2), '=', &name, &value);

	TRY(find_long(parse->input, name, &found));
	found.spelling = (struct str){ word, name.len + 2 };
	found.attached = has_value ? value.ptr : NULL;
	return apply(parse, &found);
}

/* "-ag" are two flags, "-F99" is one option with its value. A global letter whose value may be left
 * out takes one behind '=' only: "-de" are two flags, as in the tools before. */
static struct error *parse_letters(struct parse *parse, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		char spelling[] = { '-', *letter, '\0' };
		struct found_option found = { .spelling = str_from(spelling) };

		bool is_own = true;

		found.option = find_letter(own_options(parse->input), *letter);
		found.target = parse->input->own_target;
		if (!found.option) {
			is_own = false;
			found.option = find_letter(global_options(parse->input), *letter);
			found.target = parse->input->global_target;
		}
		if (!found.option)
			return error_new(ERROR_USAGE, "unknown option '%s'%s%s", spelling,
					 word[2] ? " in " : "", word[2] ? word : "");
		if (letter[1] && (takes_value(found.option) || (value_is_optional(found.option) &&
								(is_own || letter[1] == '=')))) {
			found.attached = letter + 1;
			if (value_is_optional(found.option) && letter[1] == '=')
				found.attached++;
			return apply(parse, &found);
		}
		TRY(apply(parse, &found));
	}
	return NULL;
}

struct error *options_parse(const struct options_input *input, int argc, char **argv,
			    struct strbuf *notes, int *ret_operands)
{
	struct parse parse = { input, argc, 0, argv, notes };
	int operands = 0;
	bool all_operands = false;

	while (parse.next < argc) {
		char *word = argv[parse.next++];

		if (all_operands || word[0] != '-' || !word[1]) {
			argv[operands++] = word;
			all_operands |= input->stop_at_operand;
		} else if (strcmp(word, "--") == 0) {
			all_operands = true;
			if (input->ret_dashes)
				*input->ret_dashes = true;
		} else if (word[1] == '-') {
			TRY(parse_long(&parse, word));
		} else {
			TRY(parse_letters(&parse, word));
		}
	}
	if (operands < argc)
		argv[operands] = NULL;
	*ret_operands = operands;
	return NULL;
}

bool option_is_shown(const struct option *option)
{
	return option->help && is_ours(option);
}

#define HELP_COLUMN 28

static void add_synopsis(struct strbuf *out, const struct option *option)
{
	if (option->letter)
		strbuf_addf(out, "-%c%s", option->letter, option->name ? ", " : "");
	else
		strbuf_add_text(out, "    ");
	if (option->name)
		strbuf_addf(out, "--%s", option->name);
	if (option->value)
		strbuf_addf(out, "%s%s", value_is_optional(option) ? "" : " ", option->value);
}

static void add_filled(struct strbuf *out, struct str text, unsigned width, unsigned indent)
{
	unsigned column = indent;
	struct str word;
	bool first = true;

	while (str_next_word(&text, &word)) {
		unsigned columns = term_text_width(word);

		if (!first && column + 1 + columns > width) {
			strbuf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			strbuf_add_char(out, ' ');
			column++;
		}
		strbuf_add(out, word);
		column += columns;
		first = false;
	}
	strbuf_add_char(out, '\n');
}

void options_help(const struct option *options, unsigned width, struct strbuf *out)
{
	for (const struct option *o = options; o->kind != OPTION_END; o++) {
		auto_strbuf struct strbuf synopsis = STRBUF_INIT;

		if (!option_is_shown(o))
			continue;
		add_synopsis(&synopsis, o);
		strbuf_addf(out, "  %-*s", HELP_COLUMN - 2, strbuf_text(&synopsis));
		/* At least two blanks before the words, else they begin on a line of their own. */
		if (synopsis.len + 4 > HELP_COLUMN)
			strbuf_addf(out, "\n%*s", HELP_COLUMN, "");
		add_filled(out, str_from(o->help), width, HELP_COLUMN);
	}
}

void option_list_done(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ 0 };
}

#define NEAREST_MAX_LENGTH 63

/* Edit distance where swapping two neighbours costs one (optimal string alignment). */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned rows[3][NEAREST_MAX_LENGTH + 1];

	if (a_len > NEAREST_MAX_LENGTH || b_len > NEAREST_MAX_LENGTH)
		return NEAREST_MAX_LENGTH;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned cost = above[j - 1] + (a[i - 1] != b[j - 1]);

			cost = MIN(cost, MIN(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost = MIN(cost, second[j - 2] + 1);
			row[j] = cost;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *nearest_name(const char *word, const char *const *names, size_t count)
{
	size_t length = strlen(word);
	unsigned best_distance = (unsigned)MAX(length / 3, (size_t)1) + 1;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned distance = edit_distance(word, names[i]);

		/* The beginning of a name is as near as one slip of the finger. */
		if (length >= 3 && strncmp(word, names[i], length) == 0)
			distance = 1;
		if (distance < best_distance) {
			best_distance = distance;
			best = names[i];
		}
	}
	return best;
}

size_t nearest_names(const char *word, const char *const *names, size_t count, const char **ret,
		     size_t max)
{
	size_t length = strlen(word), found = 0;
	unsigned limit = (unsigned)MAX(length / 3, (size_t)1);

	for (unsigned wanted = 0; wanted <= limit && found < max; wanted++)
		for (size_t i = 0; i < count && found < max; i++) {
			size_t name_length = strlen(names[i]);
			bool known = false;
			unsigned distance = limit + 1;

			if (length >= 3 && strncmp(word, names[i], length) == 0)
				distance = 1;
			else if (name_length <= length + limit && length <= name_length + limit)
				distance = edit_distance(word, names[i]);
			for (size_t k = 0; k < found && !known; k++)
				known = strcmp(ret[k], names[i]) == 0;
			if (distance == wanted && !known)
				ret[found++] = names[i];
		}
	return found;
}
