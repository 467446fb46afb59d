/* What a function does, why it gets hot and what to change: `sysgrok explainfunction memcpy`. */
#include <string.h>

#include "base/memory.h"
#include "cmd/explain.h"
#include "cmd/tool.h"
#include "knowledge/man_file.h"
#include "knowledge/symbol_name.h"

struct explainfunction_options {
	bool suggest; /* called as perf-gpt, nothing is suggested without it; else it changes
			 nothing */
	bool no_optimizations;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 's', "suggest-optimizations", NULL, "say what to change; done anyway, except by perf-gpt",
	  OPTION_FLAG, offsetof(struct explainfunction_options, suggest) },
	{ 0, "suggest-optimisations", NULL, NULL, OPTION_FLAG,
	  offsetof(struct explainfunction_options, suggest) },
	{ 0, "no-optimizations", NULL, "explain only; do not say what to change", OPTION_FLAG,
	  offsetof(struct explainfunction_options, no_optimizations) },
	{ 0, "no-optimisations", NULL, NULL, OPTION_FLAG,
	  offsetof(struct explainfunction_options, no_optimizations) },
	MODEL_OPTIONS(struct explainfunction_options, model),
	OPTIONS_END
};
/* clang-format on */

/* perf-gpt suggests when it is asked to, its successors unless they are asked not to. */
static bool is_explanation_only(const struct explanation *x)
{
	const struct explainfunction_options *given = x->context->options;

	return given->no_optimizations || (x->context->tool->suggests_on_demand && !given->suggest);
}

enum { MAX_MATCHES = 8, MAX_SYNOPSIS_LINES = 4 };

/* A scope's globs as people read them: "libz.so, libz-ng.so"; "kernel" is spelt out. */
static char *scope_title(struct kb_match match)
{
	struct kb_names names = { 0 };
	auto_strbuf struct strbuf title = STRBUF_INIT;

	knowledge_scope_names(match, &names);
	for (size_t i = 0; i < names.count && i < 3; i++) {
		struct str glob = str_from(names.items[i]);

		while (glob.len && strchr("*.-", glob.ptr[glob.len - 1]))
			glob.len--;
		if (str_is(glob, "kernel"))
			glob = STR("the Linux kernel");
		if (str_find(strbuf_str(&title), glob) < 0)
			strbuf_addf(&title, "%s%.*s", title.len ? ", " : "", STR_ARG(glob));
	}
	kb_names_done(&names);
	return strbuf_take(&title);
}

/* What the library is: of its own entry, else of the first of the scope's names that has one. */
static struct kb_match library_of(const struct explanation *x, const char *library,
				  struct kb_match function)
{
	struct kb_names names = { 0 };
	struct kb_match match = { 0 };

	if (*library)
		match = knowledge_library(x->knowledge, str_from(library));
	if (!match.entry && *library)
		match = knowledge_program(x->knowledge, str_from(library));
	if (match.entry || !function.entry)
		return match;
	knowledge_scope_names(function, &names);
	for (size_t i = 0; i < names.count && !match.entry; i++) {
		match = knowledge_library(x->knowledge, str_from(names.items[i]));
		if (!match.entry)
			match = knowledge_program(x->knowledge, str_from(names.items[i]));
	}
	kb_names_done(&names);
	return match;
}

static void tell_library(struct explanation *x, struct kb_match library, const char *title)
{
	struct entity entity = explain_add(x, 1, "library", title, title);

	if (!library.entry) {
		explain_note(x, entity, "unknown", "this library is not in the knowledge base", "");
		return;
	}
	explain_field(x, entity, "what", library, KB_FIELD_WHAT);
	explain_field(x, entity, "use", library, KB_FIELD_USE);
}

static void tell_match(struct explanation *x, const char *library, const char *function,
		       struct kb_match match)
{
	auto_free char *scope = *library ? x_strndup(library, strlen(library)) : scope_title(match);
	auto_free char *title = x_asprintf("%s (%s)", function, scope);
	struct kb_match known = library_of(x, library, match);
	struct entity entity = explain_add(x, 0, "function", title, title);
	bool told = false;

	explain_field(x, entity, "what", match, KB_FIELD_WHAT);
	explain_field(x, entity, "why_hot", match, KB_FIELD_HOT);
	explain_field(x, entity, "family", match, KB_FIELD_FAMILY);
	if (match.certainty == KB_BY_PATTERN)
		explain_note(x, entity, "known_by", "its name's pattern: a family of functions",
			     kb_text(match.index, match.entry->origin));
	if (match.entry->skid)
		explain_note(x, entity, "beware",
			     "samples pile up here that belong to code before it",
			     kb_text(match.index, match.entry->origin));
	for (uint32_t i = 0; i < match.entry->hint_count; i++) {
		const struct kb_hint *hint = &match.index->hints[match.entry->hint_first + i];
		auto_free char *text = x_asprintf("%s: %s", kb_text(match.index, hint->pattern),
						  kb_text(match.index, hint->text));

		explain_note(x, entity, "by_caller", text,
			     kb_text(match.index, match.entry->origin));
	}
	tell_library(x, known, scope);
	if (is_explanation_only(x))
		return;
	explain_changes(x, 1, match);
	told = match.entry->advice_count > 0;
	told |= explain_topic(x, 1, match);
	if (!told && known.entry)
		told = explain_topic(x, 1, known);
	if (!told)
		explain_note(x, entity, "change", "nothing specific is known to change here",
			     kb_text(match.index, match.entry->origin));
}

/* The manual page, beside or in place of the knowledge base. */
static bool tell_page(struct explanation *x, const char *function, bool is_known)
{
	auto_man_page struct man_page page = { 0 };
	auto_strbuf struct strbuf title = STRBUF_INIT;
	struct str rest, line;
	struct entity entity;

	if (!man_file_find(function, MAN_FUNCTION_SECTIONS, &page, &title))
		return false;
	entity = explain_add(x, 0, "manual", strbuf_text(&title), strbuf_text(&title));
	explain_note(x, entity, "what", page.summary, strbuf_text(&title));
	rest = str_from(page.synopsis);
	for (int i = 0; i < MAX_SYNOPSIS_LINES && str_next_line(&rest, &line); i++) {
		auto_free char *text = x_strndup(line.ptr, line.len);

		if (str_starts_with(line, STR("Feature Test Macro")))
			break;
		explain_note(x, entity, "synopsis", text, strbuf_text(&title));
	}
	if (!is_known)
		explain_note(x, entity, "unknown",
			     "the knowledge base has no entry: why it is hot and what to change is "
			     "not known offline",
			     "");
	return true;
}

static void names_of_pages(struct arena *arena, struct kb_names *names)
{
	static const char *const sections[] = { "2", "3" };
	struct man_names pages = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		man_file_names(arena, sections[i], &pages);
	for (size_t i = 0; i < pages.count; i++)
		kb_names_push(names, pages.items[i]);
	man_names_done(&pages);
}

static void tell_unknown(struct explanation *x, const char *library, const char *function)
{
	auto_arena struct arena arena = ARENA_INIT;
	struct kb_names names = { 0 };
	struct entity entity = explain_add(x, 0, "function", function, function);
	struct kb_match known = library_of(x, library, (struct kb_match){ 0 });

	explain_note(x, entity, "unknown",
		     "this function is not known: neither the knowledge base nor a man page of "
		     "sections 2, 3 and 9 has it",
		     "");
	knowledge_function_names(x->knowledge, str_from(library), &names);
	if (!*library)
		names_of_pages(&arena, &names);
	explain_near(x, entity, function, &names);
	kb_names_done(&names);
	if (!*library)
		return;
	tell_library(x, known, library);
	if (known.entry && !is_explanation_only(x))
		explain_topic(x, 1, known);
}

static struct error *run_explainfunction(struct command_context *context, int argc, char **argv)
{
	const struct explainfunction_options *given = context->options;
	auto_explanation struct explanation x = explanation_new(context);
	const char *library = argc > 1 ? argv[0] : "", *function = argv[argc - 1];
	struct kb_match_vec matches = { 0 };
	bool has_page;

	if (is_explanation_only(&x))
		x.prompt = "explainonly";
	if (argc > 1) {
		struct kb_match match =
			knowledge_function(x.knowledge, str_from(library), str_from(function));

		if (match.entry)
			kb_match_vec_push(&matches, match);
	} else {
		knowledge_function_everywhere(x.knowledge, str_from(function), &matches);
	}
	for (size_t i = 0; i < matches.count && i < MAX_MATCHES; i++)
		tell_match(&x, library, function, matches.items[i]);
	has_page = tell_page(&x, function, matches.count > 0);
	if (!matches.count && !has_page)
		tell_unknown(&x, library, function);
	kb_match_vec_done(&matches);
	return explain_give(&x, &given->model, argc, argv);
}

static const struct command_example examples[] = {
	{ "sysgrok explainfunction _int_malloc", "in whichever library it is" },
	{ "sysgrok explainfunction libz.so.1 longest_match", "of one library" },
	{ "sysgrok explainfunction kernel clear_page_erms", "of the kernel" },
	{ 0 },
};

const struct command explainfunction_command = {
	.name = "explainfunction",
	.group = COMMAND_UNDERSTAND,
	.summary = "explain a function, why it gets hot and what to change",
	.usage = "[-s] [--no-optimizations] [LIBRARY] FUNCTION",
	.description =
		"Says what the library and the function are for, why the function takes time when "
		"it does, and what to change. Without LIBRARY all libraries are searched. The "
		"kernel is the library 'kernel'. A name that is not known lists those that are "
		"near to it.\n\n"
		"Names are taken as profiles show them: with .constprop.0, @plt, _avx2, C++ "
		"parameters or Rust's hashes.\n\n"
		"The answer is made offline, from a knowledge base and from the installed man "
		"pages (of MANPATH); a model, where one is configured, adds prose.",
	.options = options,
	.options_size = sizeof(struct explainfunction_options),
	.examples = examples,
	.min_operands = 1,
	.max_operands = 2,
	.run = run_explainfunction,
};
