/* What a command line does, word by word: `sysgrok explainprocess sudo tar -xzf a.tgz`. */
#include <string.h>

#include "base/memory.h"
#include "cmd/explain.h"
#include "knowledge/argument.h"
#include "knowledge/man_file.h"
#include "knowledge/package.h"
#include "knowledge/process_title.h"
#include "knowledge/wrapper.h"

struct explainprocess_options {
	bool no_optimizations;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 0, "no-optimizations", NULL, "explain only; do not say what to change", OPTION_FLAG,
	  offsetof(struct explainprocess_options, no_optimizations) },
	{ 0, "no-optimisations", NULL, NULL, OPTION_FLAG,
	  offsetof(struct explainprocess_options, no_optimizations) },
	MODEL_OPTIONS(struct explainprocess_options, model),
	OPTIONS_END
};
/* clang-format on */

enum { MAX_NESTED = 6, MAX_SYNOPSIS_LINES = 2 };

struct process {
	struct explanation *x;
	struct arena arena;
	const struct explainprocess_options *given;
	const char *name; /* base name of the program */
	char *title;	  /* of its page, or NULL */
	struct man_page page;
	char *general_title; /* of the program itself, where the page is a subcommand's */
	struct man_page general;
	struct command_style style;
	const struct wrapper *wrapper; /* or NULL */
	unsigned nested;
};

static void process_done(struct process *p)
{
	arena_done(&p->arena);
	free(p->title);
	man_page_done(&p->page);
	free(p->general_title);
	man_page_done(&p->general);
}

static bool page_find(struct process *p, const char *name)
{
	auto_strbuf struct strbuf title = STRBUF_INIT;

	if (!man_file_find(name, MAN_PROGRAM_SECTIONS, &p->page, &title))
		return false;
	p->title = strbuf_take(&title);
	return true;
}

static bool takes_value(const void *context, const char *option)
{
	const struct process *p = context;

	return knowledge_takes_value(p->x->knowledge, str_from(p->name), str_from(option));
}

static void style_find(struct process *p, int argc, char **argv)
{
	const char *first = NULL;

	for (int i = 0; i < argc && !first; i++)
		if (argv[i][0] != '-')
			first = argv[i];
	p->wrapper = wrapper_find(str_from(p->name), first);
	if (p->wrapper)
		p->style = p->wrapper->style;
	p->style.takes_value = takes_value;
	p->style.context = p;
}

/* The page of "git commit" is git-commit's: the first operand of a program that has such pages. */
static int subcommand_find(struct process *p, int argc, char **argv)
{
	bool has_subcommands = !p->wrapper || p->wrapper->subcommands;

	for (int i = 0; i < argc && has_subcommands; i++) {
		auto_free char *name = x_asprintf("%s-%s", p->name, argv[i]);
		auto_strbuf struct strbuf title = STRBUF_INIT;
		struct man_page page = { 0 };
		const struct man_form *form;

		if (argv[i][0] == '-') {
			form = man_page_form(&p->page, str_from(argv[i]));
			i += form && form->value == MAN_REQUIRED_VALUE;
			continue;
		}
		if (!man_file_find(name, MAN_PROGRAM_SECTIONS, &page, &title))
			return -1;
		p->general = p->page;
		p->general_title = p->title;
		p->page = page;
		p->title = strbuf_take(&title);
		return i;
	}
	return -1;
}

/* ---- the program */

static void tell_synopsis(struct process *p, struct entity entity)
{
	struct str rest = str_from(p->page.synopsis), line;

	for (int i = 0; p->title && i < MAX_SYNOPSIS_LINES && str_next_line(&rest, &line); i++) {
		auto_free char *text = x_strndup(line.ptr, line.len);

		explain_note(p->x, entity, "synopsis", text, p->title);
	}
}

static void tell_package(struct process *p, struct entity entity, bool is_described)
{
	auto_package struct package package = { 0 };
	auto_strbuf struct strbuf value = STRBUF_INIT;

	if (!package_of_program(p->name, !is_described || p->x->context->verbosity, &package))
		return;
	if (!is_described)
		explain_note(p->x, entity, "what", strbuf_text(&package.summary),
			     "package description");
	strbuf_addf(&value, "%s %s", strbuf_text(&package.name), strbuf_text(&package.version));
	facts_add_text(&p->x->facts, entity, "package", strbuf_text(&value), "dpkg status");
}

static struct kb_match tell_program(struct process *p, struct entity entity)
{
	struct str name = str_from(p->name);
	struct kb_match match = knowledge_program(p->x->knowledge, name);
	const char *summary = p->title && p->page.summary ? p->page.summary : "";
	bool is_described;

	if (!match.entry)
		match = knowledge_program(p->x->knowledge, program_without_version(name));
	if (match.entry) {
		explain_field(p->x, entity, "what", match, KB_FIELD_WHAT);
		explain_field(p->x, entity, "use", match, KB_FIELD_USE);
		explain_field(p->x, entity, "why_hot", match, KB_FIELD_HOT);
	}
	is_described = match.entry || *summary;
	if (*summary) {
		auto_free char *text = x_asprintf("%s: %s", p->title, summary);

		explain_note(p->x, entity, "manual", text, p->title);
	}
	tell_synopsis(p, entity);
	tell_package(p, entity, is_described);
	if (!facts_note(&p->x->facts, entity, "what") && !*summary)
		explain_note(p->x, entity, "unknown",
			     "this program is not known: neither the knowledge base nor a man page "
			     "or package says what it is",
			     "");
	return match;
}

/* ---- its arguments */

static struct entity argument_add(struct process *p, const char *text)
{
	auto_free char *name = x_asprintf("%s %zu: %s", p->name, p->x->outline.count, text);

	return explain_add(p->x, 1, "argument", name, text);
}

static void tell_known_argument(struct process *p, struct entity entity, const char *argument)
{
	struct kb_match match =
		knowledge_argument(p->x->knowledge, str_from(p->name), str_from(argument));

	/* the page has told what it does already: only what goes beyond that */
	if (!match.entry || (facts_note(&p->x->facts, entity, "means") &&
			     !match.entry->fields[KB_FIELD_HOT] && !match.entry->advice_count))
		return;
	explain_field(p->x, entity, "means", match, KB_FIELD_WHAT);
	explain_field(p->x, entity, "why_hot", match, KB_FIELD_HOT);
	if (!p->given->no_optimizations)
		explain_changes(p->x, 2, match);
}

static void tell_option(struct process *p, const struct argument *argument)
{
	const struct man_option *option = &p->page.options.items[argument->form->option];
	struct entity entity = argument_add(p, argument->text);
	struct explain_item *item = &p->x->outline.items[p->x->outline.count - 1];
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (strcmp(option->tag, item->title) != 0)
		item->mark = facts_str(&p->x->facts, facts_text(&p->x->facts, option->tag));
	if (argument->is_negated)
		strbuf_addf(&text, "the opposite of %s: ", argument->form->name);
	if (argument->is_abbreviated)
		strbuf_addf(&text, "short for %s: ", argument->form->name);
	strbuf_add_text(&text, *option->text ? option->text
					     : "the man page lists it without an explanation");
	explain_note(p->x, entity, "means", strbuf_text(&text), p->title);
	if (argument->value && *argument->form->value_name) {
		auto_free char *value =
			x_asprintf("%s is %s", argument->form->value_name, argument->value);

		explain_note(p->x, entity, "value", value, "command line");
	}
	tell_known_argument(p, entity, argument->text);
}

/* What can be said of any operand, whatever the program. */
static const char *operand_text(const struct process *p, const char *word, bool may_be_value)
{
	if (!strcmp(word, "-"))
		return "an operand: by convention standard input or output";
	if (strstr(word, "://"))
		return "an operand: a URL";
	if (p->style.has_assignments && strchr(word, '='))
		return "sets a variable in the environment of the command";
	if (may_be_value)
		return "an operand, or the value of the unknown option before it";
	if (!p->title)
		return "an operand: what it stands for is not known, as there is no man page of "
		       "this program here";
	if (!*p->page.synopsis)
		return "an operand: the man page has no synopsis that says what it stands for";
	return "an operand: the synopsis says what it stands for";
}

static void tell_operand(struct process *p, const struct argument *argument, bool may_be_value)
{
	struct entity entity = argument_add(p, argument->text);

	tell_known_argument(p, entity, argument->text);
	if (!facts_note(&p->x->facts, entity, "means"))
		explain_note(p->x, entity, "means", operand_text(p, argument->text, may_be_value),
			     "");
}

static void tell_unknown(struct process *p, const struct argument *argument)
{
	struct entity entity = argument_add(p, argument->text);

	tell_known_argument(p, entity, argument->text);
	if (facts_note(&p->x->facts, entity, "means"))
		return;
	explain_note(p->x, entity, "unknown",
		     p->title ? "not known: the man page does not list it"
			      : "not known: there is no man page of this program here",
		     p->title ? p->title : "");
}

static void tell_argument(struct process *p, const struct argument_vec *arguments, size_t at)
{
	const struct argument *argument = &arguments->items[at];
	bool after_unknown = at && arguments->items[at - 1].kind == ARGUMENT_UNKNOWN_OPTION &&
			     !arguments->items[at - 1].value;

	switch (argument->kind) {
	case ARGUMENT_OPTION:
		tell_option(p, argument);
		break;
	case ARGUMENT_UNKNOWN_OPTION:
		tell_unknown(p, argument);
		break;
	case ARGUMENT_OPERAND:
		tell_operand(p, argument, after_unknown);
		break;
	case ARGUMENT_END_OF_OPTIONS:
		explain_note(
			p->x, argument_add(p, "--"), "means",
			"ends the options: what follows are operands, whatever they begin with",
			"");
		break;
	}
}

static void tell_subcommand(struct process *p, const char *name)
{
	struct entity entity = argument_add(p, name);

	explain_note(p->x, entity, "means", p->page.summary, p->title);
	tell_known_argument(p, entity, name);
}

/* "without -j" of "without -j* --jobs* with all" */
static char *absent_title(struct kb_match match)
{
	const struct kb_index *index = match.index;
	uint32_t entry = (uint32_t)(match.entry - index->entries);
	const struct kb_name *tables[] = { index->names, index->patterns };
	const uint32_t counts[] = { index->name_count, index->pattern_count };

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (uint32_t i = 0; i < counts[t]; i++) {
			struct str text = str_from(kb_text(index, tables[t][i].text)), word;

			if (tables[t][i].entry != entry || !str_next_word(&text, &word) ||
			    !str_next_word(&text, &word))
				continue;
			while (word.len && strchr("*=", word.ptr[word.len - 1]))
				word.len--;
			return x_asprintf("without %.*s", STR_ARG(word));
		}
	return x_strndup("without", 7);
}

/* ---- what else it is */

/* "docker build": the program with its first operand, or NULL. */
static char *subcommand_name(const struct process *p, const struct argument_vec *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->items[i].word[0] != '-')
			return x_asprintf("%s %s", p->name, arguments->items[i].word);
	return NULL;
}

/* Something faster, in a line; findfaster says more. */
static void tell_faster(struct process *p, const struct argument_vec *arguments)
{
	struct kb_match_vec matches = { 0 };
	auto_free char *subcommand = subcommand_name(p, arguments);

	if (subcommand)
		knowledge_faster(p->x->knowledge, str_from(subcommand), 1U << KB_FASTER_PROGRAM,
				 &matches);
	if (!matches.count)
		knowledge_faster(p->x->knowledge, str_from(p->name), 1U << KB_FASTER_PROGRAM,
				 &matches);
	for (size_t i = 0; i < matches.count; i++) {
		struct kb_match match = matches.items[i];

		for (uint32_t k = 0; k < match.entry->advice_count; k++) {
			const struct kb_advice *advice =
				&match.index->advice[match.entry->advice_first + k];
			struct entity entity;

			if (!advice->fields[KB_ADVICE_RECOMMENDED])
				continue;
			entity = explain_add(p->x, 1, "faster", p->name, "Something faster");
			auto_free char *text = x_asprintf(
				"%s, when %s ('sysgrok findfaster %s' says more)",
				kb_text(match.index, advice->fields[KB_ADVICE_TEXT]),
				kb_text(match.index, advice->fields[KB_ADVICE_WHEN]), p->name);

			explain_note(p->x, entity, "what", text,
				     kb_text(match.index, match.entry->origin));
			explain_note(p->x, entity, "source",
				     kb_text(match.index, advice->fields[KB_ADVICE_SOURCE]),
				     kb_text(match.index, match.entry->origin));
		}
	}
	kb_match_vec_done(&matches);
}

static void process_tell(struct explanation *x, const struct explainprocess_options *given,
			 int argc, char **argv, unsigned nested);

/* The words of a shell's command up to the first operator, quotes taken off; the text moves on to
 * what follows it. */
static int shell_words(char **rest, char **ret, int max)
{
	int count = 0;
	char *text = *rest + strspn(*rest, " \t;|&<>\n()"), *out = text;

	while (*text && count < max) {
		char quote = '\0';

		while (*text == ' ' || *text == '\t')
			text++;
		if (!*text || strchr(";|&<>\n()", *text))
			break;
		ret[count++] = out;
		for (; *text && (quote || !strchr(" \t;|&<>\n()", *text)); text++) {
			if (quote ? *text == quote : *text == '"' || *text == '\'')
				quote = quote ? '\0' : *text;
			else if (*text == '\\' && text[1] && quote != '\'')
				*out++ = *++text;
			else
				*out++ = *text;
		}
		bool ends = !*text || !strchr(" \t", *text);

		text += *text != '\0';
		*out++ = '\0';
		if (ends)
			break;
	}
	*rest = text;
	return count;
}

static bool word_is_any(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* How many words are the shell's own grammar; all of them for "for x in ..." and "done". */
static int shell_keywords(char **words)
{
	static const char *const before[] = { "if",    "then", "else", "elif", "while",
					      "until", "do",   "!",    "{",    "time" };
	static const char *const whole[] = { "for", "case", "select", "function", "done",
					     "fi",  "esac", "}",      "[[" };
	int count = 0;

	while (words[count] && word_is_any(words[count], before, ARRAY_SIZE(before)))
		count++;
	if (words[count] && word_is_any(words[count], whole, ARRAY_SIZE(whole)))
		while (words[count])
			count++;
	return count;
}

static void shell_command_tell(struct explanation *x, const struct explainprocess_options *given,
			       const char *command, unsigned nested)
{
	auto_free char *text = x_strndup(command, strlen(command));
	char *words[256], *rest = text;
	int skipped;

	for (int commands = 0; commands < MAX_NESTED; commands++) {
		int count = shell_words(&rest, words, ARRAY_SIZE(words) - 1);

		if (!count)
			return;
		words[count] = NULL;
		skipped = shell_keywords(words);
		if (skipped < count)
			process_tell(x, given, count - skipped, words + skipped, nested);
	}
}

/* A program of its own that happens to be interpreted: /usr/bin/meson. */
static bool script_is_known(const struct process *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_man_page struct man_page page = { 0 };
	auto_strbuf struct strbuf title = STRBUF_INIT;

	if (!slash || strchr(slash, '.'))
		return false;
	return knowledge_program(p->x->knowledge, str_from(slash + 1)).entry ||
	       man_file_find(slash + 1, MAN_PROGRAM_SECTIONS, &page, &title);
}

/* A module that is a program as well: its arguments are explained as that program's. */
static void module_tell(struct process *p, char *module, int argc, char **argv)
{
	char **words = arena_alloc(&p->arena, ((size_t)argc + 2) * sizeof(*words));

	words[0] = module;
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	words[argc + 1] = NULL;
	process_tell(p->x, p->given, argc + 1, words, p->nested + 1);
}

/* A script, or a class of a server that is known: "org.elasticsearch.bootstrap.Elasticsearch". */
static void tell_interpreted(struct process *p, const char *name)
{
	struct entity entity = argument_add(p, name);
	struct kb_match match = knowledge_program(p->x->knowledge, str_from(name));

	explain_note(p->x, entity, "means", "the script, class or program that is interpreted", "");
	if (!match.entry)
		return;
	explain_field(p->x, entity, "what", match, KB_FIELD_WHAT);
	explain_field(p->x, entity, "why_hot", match, KB_FIELD_HOT);
	if (!p->given->no_optimizations)
		explain_changes(p->x, 2, match);
}

static void tell_script(struct process *p, const struct argument *last, int argc, char **argv)
{
	bool is_module = last && str_starts_with(str_from(last->text), STR("-m"));
	int first = 0;

	if (last && str_starts_with(str_from(last->text), STR("-c")) &&
	    wrapper_is_shell(str_from(p->name))) {
		if (last->value || argc)
			shell_command_tell(p->x, p->given, last->value ? last->value : argv[0],
					   p->nested + 1);
		return;
	}
	if (is_module && last->value) {
		struct kb_match_vec matches = { 0 };
		auto_free char *module = x_strndup(last->value, strcspn(last->value, "."));
		struct entity entity = argument_add(p, last->value);

		explain_note(p->x, entity, "means", "the Python module that is run as a program",
			     "");
		if (knowledge_program(p->x->knowledge, str_from(module)).entry) {
			module_tell(p, module, argc, argv);
			return;
		}
		knowledge_faster(p->x->knowledge, str_from(module), 1U << KB_FASTER_PYLIBRARY,
				 &matches);
		if (matches.count)
			explain_field(p->x, entity, "what", matches.items[0], KB_FIELD_WHAT);
		kb_match_vec_done(&matches);
	}
	if (argc && !last && script_is_known(p, argv[0])) {
		process_tell(p->x, p->given, argc, argv, p->nested + 1);
		return;
	}
	if (argc && (!last || !last->value)) {
		tell_interpreted(p, argv[0]);
		first = 1;
	}
	for (int i = first; i < argc; i++)
		explain_note(p->x, argument_add(p, argv[i]), "means",
			     "an argument of the interpreted program, which only its own "
			     "documentation explains",
			     "");
}

static bool ends_options(const struct process *p, const struct argument *argument)
{
	struct str words = str_from(p->style.last_options), word;
	struct str name = { argument->text, strcspn(argument->text, " ") };

	if (argument->kind > ARGUMENT_UNKNOWN_OPTION || !p->style.last_options)
		return false;
	while (str_next_word(&words, &word))
		if (str_eq(word, name))
			return true;
	return false;
}

static void tell_rest(struct process *p, const struct argument_vec *arguments, int argc,
		      char **argv)
{
	const struct argument *last =
		arguments->count ? &arguments->items[arguments->count - 1] : NULL;

	if (!p->wrapper || p->wrapper->rest == WRAPPER_NONE || p->nested >= MAX_NESTED)
		return;
	if (p->wrapper->rest == WRAPPER_COMMAND) {
		while (argc && !strcmp(argv[0], "--")) {
			argc--;
			argv++;
		}
		if (argc == 1 && strchr(argv[0], ' '))
			shell_command_tell(p->x, p->given, argv[0], p->nested + 1);
		else if (argc)
			process_tell(p->x, p->given, argc, argv, p->nested + 1);
		return;
	}
	tell_script(p, last && ends_options(p, last) ? last : NULL, argc, argv);
}

static void swap_pages(struct process *p)
{
	struct man_page page = p->page;
	char *title = p->title;

	p->page = p->general;
	p->title = p->general_title;
	p->general = page;
	p->general_title = title;
}

/* Before its subcommand a program's own page counts. Returns how many words were its own. */
static int arguments_tell(struct process *p, int subcommand, int argc, char **argv,
			  struct argument_vec *ret)
{
	int first = 0;
	size_t told;

	if (subcommand >= 0) {
		const struct argument name = { .kind = ARGUMENT_OPERAND,
					       .text = argv[subcommand],
					       .word = argv[subcommand] };

		swap_pages(p);
		command_line_read(&p->page, &p->style, subcommand, argv, &p->arena, ret);
		for (size_t i = 0; i < ret->count; i++)
			tell_argument(p, ret, i);
		swap_pages(p);
		tell_subcommand(p, argv[subcommand]);
		argument_vec_push(ret, name);
		first = subcommand + 1;
	} else if (p->wrapper && p->wrapper->subcommands) {
		p->style.operands++;
	}
	told = ret->count;
	first += command_line_read(&p->page, &p->style, argc - first, argv + first, &p->arena, ret);
	for (size_t i = told; i < ret->count; i++)
		tell_argument(p, ret, i);
	return first;
}

/* What is worth a word because it is not there: "make" without -j. */
static void tell_absent(struct process *p, const struct argument_vec *arguments)
{
	struct kb_match_vec matches = { 0 };

	knowledge_absent_arguments(p->x->knowledge, str_from(p->name), arguments, &matches);
	for (size_t i = 0; i < matches.count; i++) {
		struct kb_match match = matches.items[i];
		auto_free char *title = absent_title(match);
		auto_free char *name = x_asprintf("%s %s", p->name, title);
		struct entity entity = explain_add(p->x, 1, "argument", name, title);

		explain_field(p->x, entity, "means", match, KB_FIELD_WHAT);
		explain_field(p->x, entity, "why_hot", match, KB_FIELD_HOT);
		explain_changes(p->x, 2, match);
	}
	kb_match_vec_done(&matches);
}

/* A name that the process gave itself, or that ps gives to what has no command line. */
static void title_tell(struct explanation *x, const struct explainprocess_options *given,
		       enum process_title_kind kind, const struct process_title *title,
		       const char *typed)
{
	static const char *const kinds[] = {
		[PROCESS_TITLE] = "a title that the process gave itself, in place of its "
				  "command line",
		[PROCESS_KERNEL_THREAD] = "brackets: it has no command line, as kernel threads "
					  "have none",
		[PROCESS_DEFUNCT] = "<defunct>: it has ended and uses neither CPU nor memory; its "
				    "parent has not waited for it yet",
	};
	const char *name = strbuf_text(&title->name), *state = strbuf_text(&title->state);
	struct entity entity = explain_add(x, 0, "program", name, typed);
	struct kb_match match = knowledge_program(x->knowledge, strbuf_str(&title->name));

	if (match.entry) {
		explain_field(x, entity, "what", match, KB_FIELD_WHAT);
		explain_field(x, entity, "use", match, KB_FIELD_USE);
		explain_field(x, entity, "why_hot", match, KB_FIELD_HOT);
	}
	explain_note(x, entity, match.entry ? "title" : "what", kinds[kind], "");
	if (!match.entry)
		explain_note(x, entity, "unknown", "this name is not known", "knowledge base");
	if (*state) {
		auto_free char *wanted = x_asprintf("title %s", state);
		auto_free char *part = x_asprintf("%s: %s", name, state);
		struct kb_match known = knowledge_argument(x->knowledge, strbuf_str(&title->name),
							   str_from(wanted));

		entity = explain_add(x, 1, "argument", part, state);
		if (!known.entry) {
			explain_note(x, entity, "unknown", "this part of the title is not known",
				     "knowledge base");
		} else {
			explain_field(x, entity, "means", known, KB_FIELD_WHAT);
			explain_field(x, entity, "why_hot", known, KB_FIELD_HOT);
		}
		if (known.entry && !given->no_optimizations)
			explain_changes(x, 2, known);
	}
	if (!given->no_optimizations && match.entry && kind != PROCESS_DEFUNCT) {
		explain_changes(x, 1, match);
		explain_topic(x, 1, match);
	}
}

static void process_tell(struct explanation *x, const struct explainprocess_options *given,
			 int argc, char **argv, unsigned nested)
{
	const char *slash = strrchr(argv[0], '/');
	struct argument_vec arguments = { 0 };
	struct process p = { .x = x,
			     .given = given,
			     .name = slash && slash[1] ? slash + 1 : argv[0],
			     .nested = nested };
	struct str plain;
	auto_free char *plain_name = NULL;
	struct entity entity;
	struct kb_match match;
	int own, subcommand;

	/* a login shell's name begins with a dash */
	if (p.name[0] == '-' && p.name[1])
		p.name++;
	plain = program_without_version(str_from(p.name));
	plain_name = x_strndup(plain.ptr, plain.len);
	entity = explain_add(x, 0, "program", p.name, argv[0]);
	if (!page_find(&p, p.name) && plain.len)
		page_find(&p, plain_name);
	style_find(&p, argc - 1, argv + 1);
	subcommand = subcommand_find(&p, argc - 1, argv + 1);
	match = tell_program(&p, entity);
	own = arguments_tell(&p, subcommand, argc - 1, argv + 1, &arguments);
	if (!given->no_optimizations) {
		tell_absent(&p, &arguments);
		if (match.entry) {
			explain_changes(x, 1, match);
			explain_topic(x, 1, match);
		}
		tell_faster(&p, &arguments);
	}
	tell_rest(&p, &arguments, argc - 1 - own, argv + 1 + own);
	argument_vec_done(&arguments);
	process_done(&p);
}

/* One word with blanks is a whole command line that was quoted. */
static void command_tell(struct explanation *x, const struct explainprocess_options *given,
			 int argc, char **argv)
{
	auto_process_title struct process_title title = { 0 };
	enum process_title_kind kind = process_title_parse(argc, argv, &title);

	if (kind != PROCESS_COMMAND_LINE) {
		auto_strbuf struct strbuf typed = STRBUF_INIT;

		for (int i = 0; i < argc; i++)
			strbuf_addf(&typed, "%s%s", i ? " " : "", argv[i]);
		title_tell(x, given, kind, &title, strbuf_text(&typed));
	} else if (argc == 1 && strpbrk(argv[0], " \t\n")) {
		shell_command_tell(x, given, argv[0], 0);
	} else {
		process_tell(x, given, argc, argv, 0);
	}
}

static struct error *run_explainprocess(struct command_context *context, int argc, char **argv)
{
	const struct explainprocess_options *given = context->options;
	auto_explanation struct explanation x = explanation_new(context);

	if (given->no_optimizations)
		x.prompt = "explainonly";
	command_tell(&x, given, argc, argv);
	return explain_give(&x, &given->model, argc, argv);
}

static const struct command_example examples[] = {
	{ "sysgrok explainprocess gzip -9 access.log", "what it does, and what it may cost" },
	{ "sysgrok explainprocess sudo nice -n 5 tar -xzf a.tgz", "wrappers are seen through" },
	{ "sysgrok explainprocess $(tr '\\0' ' ' </proc/PID/cmdline)", "a process that runs" },
	{ 0 },
};

const struct command explainprocess_command = {
	.name = "explainprocess",
	.group = COMMAND_UNDERSTAND,
	.summary = "explain a command line, argument by argument",
	.usage = "[--no-optimizations] PROCESS [ARGUMENT]...",
	.description =
		"Says what the program is, what each of its arguments does, and, where it is "
		"known, what that costs and what to change. From PROCESS on nothing is "
		"sysgrok's own.\n\n"
		"Programs that run others (sudo, env, nice, timeout, xargs, sh -c, docker run, "
		"...) are "
		"seen through, and titles of processes and kernel threads (\"postgres: "
		"walwriter\", "
		"\"[kswapd0]\") are known. Arguments that are not known are said to be unknown, "
		"and "
		"what is missing is named (make without -j).\n\n"
		"The answer is made offline, from a knowledge base and from what is installed: "
		"man pages (of MANPATH) and package descriptions; a model, where one is "
		"configured, adds prose. Nothing is run.",
	.options = options,
	.options_size = sizeof(struct explainprocess_options),
	.examples = examples,
	.stop_at_operand = true,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_explainprocess,
};
