/* What to use instead: `sysgrok findfaster gzip "python json"`. */
#include <string.h>

#include "base/memory.h"
#include "cmd/explain.h"

struct findfaster_options {
	const char *type;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 't', "software-type", "program|library|pylibrary",
	  "look among these only (default: all of them)", OPTION_CHOICE,
	  offsetof(struct findfaster_options, type) },
	MODEL_OPTIONS(struct findfaster_options, model),
	OPTIONS_END
};
/* clang-format on */

static unsigned kinds_of(const char *type)
{
	if (!type)
		return FASTER_ALL_KINDS;
	if (!strcmp(type, "program"))
		return 1U << KB_FASTER_PROGRAM;
	return 1U << (strcmp(type, "library") == 0 ? KB_FASTER_LIBRARY : KB_FASTER_PYLIBRARY);
}

static void tell_match(struct explanation *x, const char *target, struct kb_match match)
{
	const char *kind = faster_kind_name((enum kb_kind)match.entry->kind);
	auto_free char *name = x_asprintf("%s %s", kind, target);
	auto_free char *title = x_asprintf("%s (%s)", target, kind);
	struct entity entity = explain_add(x, 0, "target", name, title);

	explain_field(x, entity, "what", match, KB_FIELD_WHAT);
	explain_field(x, entity, "keep", match, KB_FIELD_KEEP);
	explain_changes(x, 1, match);
	/* nothing else does it faster: then how to get more out of the thing itself */
	if (!match.entry->advice_count && match.entry->kind == KB_FASTER_PROGRAM) {
		struct kb_match program = knowledge_program(x->knowledge, str_from(target));

		if (program.entry)
			explain_topic(x, 1, program);
	}
}

/* No replacement is known, but what the thing is, and how to get more out of it. */
static bool tell_known(struct explanation *x, const char *target, const char *type)
{
	struct kb_match match = { 0 };
	struct entity entity;

	if (type && !strcmp(type, "pylibrary"))
		return false;
	if (!type || !strcmp(type, "program"))
		match = knowledge_program(x->knowledge, str_from(target));
	if (!match.entry && (!type || !strcmp(type, "library")))
		match = knowledge_library(x->knowledge, str_from(target));
	if (!match.entry)
		return false;
	entity = explain_add(x, 0, "target", target, target);
	explain_field(x, entity, "what", match, KB_FIELD_WHAT);
	explain_note(x, entity, "keep", "nothing faster is known here that does the same work",
		     "knowledge base");
	explain_changes(x, 1, match);
	explain_topic(x, 1, match);
	return true;
}

static void tell_unknown(struct explanation *x, const char *target, unsigned kinds)
{
	struct kb_names names = { 0 };
	struct entity entity = explain_add(x, 0, "target", target, target);

	explain_note(x, entity, "unknown",
		     kinds == FASTER_ALL_KINDS
			     ? "not known: no replacement can be named offline"
			     : "not known among this type of software; without -t all types are "
			       "searched",
		     "knowledge base");
	knowledge_faster_names(x->knowledge, kinds, &names);
	explain_near(x, entity, target, &names);
	kb_names_done(&names);
}

static void tell_target(struct explanation *x, const char *target, const char *type)
{
	unsigned kinds = kinds_of(type);
	struct kb_match_vec matches = { 0 };

	knowledge_faster(x->knowledge, str_from(target), kinds, &matches);
	for (size_t i = 0; i < matches.count; i++)
		tell_match(x, target, matches.items[i]);
	if (!matches.count && !tell_known(x, target, type))
		tell_unknown(x, target, kinds);
	kb_match_vec_done(&matches);
}

static struct error *run_findfaster(struct command_context *context, int argc, char **argv)
{
	const struct findfaster_options *given = context->options;
	auto_explanation struct explanation x = explanation_new(context);

	for (int i = 0; i < argc; i++)
		tell_target(&x, argv[i], given->type);
	return explain_give(&x, &given->model, argc, argv);
}

static const struct command_example examples[] = {
	{ "sysgrok findfaster gzip", "what compresses faster" },
	{ "sysgrok findfaster \"python json\" malloc", "several targets, in free words" },
	{ "sysgrok findfaster -t library zlib", "one type of software" },
	{ 0 },
};

const struct command findfaster_command = {
	.name = "findfaster",
	.group = COMMAND_UNDERSTAND,
	.summary = "say what is faster than a program, a library or a Python library",
	.usage = "[-t TYPE] TARGET...",
	.description =
		"Names at most three replacements for each target, those that use the vector "
		"units or all cores first, with the condition under which each wins, what it "
		"costs to switch and where the claim can be checked. One of them is recommended. "
		"Where nothing faster is known it says so.\n\n"
		"A target is free text: a name, a path, or words such as \"python json\". Without "
		"-t programs, C and C++ libraries and Python libraries are searched.\n\n"
		"The answer is made offline from a knowledge base, and a model, where one is "
		"configured, adds prose; files of your own below ~/.config/sysgrok/knowledge add "
		"to the base.",
	.options = options,
	.options_size = sizeof(struct findfaster_options),
	.examples = examples,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_findfaster,
};
