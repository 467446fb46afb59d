#include "cmd/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/config_folder.h"
#include "cmd/package.h"
#include "cmd/traces.h"
#include "knowledge/knowledge.h"
#include "rules/rules.h"
#include "samples/facts_profile.h"

enum {
	ROUNDS_OF_NEEDS = 2,
	ECHO_CAP_BYTES = 1 << 26,
	MAX_UNKNOWN = 12,
};

static const double least_unknown = 0.01; /* share from which on callers are asked for */

/* ---- input */

/* Puts what was read from standard input back there, so that it can be read once more. */
static struct error *stdin_again(struct str text)
{
	auto_close int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return error_errno(errno, "memory for standard input");
	while (text.len) {
		ssize_t written = write(fd, text.ptr, text.len);

		if (written < 0)
			return error_errno(errno, "memory for standard input");
		text = (struct str){ text.ptr + written, text.len - (size_t)written };
	}
	if (lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0)
		return error_errno(errno, "standard input");
	return NULL;
}

static void echo_text(FILE *stream, struct str text)
{
	struct str line;

	if (memchr(text.ptr, '\0', text.len)) {
		fprintf(stream, "(binary input, %zu bytes)\n\n", text.len);
		return;
	}
	while (str_next_line(&text, &line)) {
		struct str part;

		/* tabs are no danger here, and code is unreadable with each as \t */
		while (str_cut(line, '\t', &part, &line)) {
			term_write_safe(stream, part);
			fputc('\t', stream);
		}
		term_write_safe(stream, part);
		fputc('\n', stream);
	}
	fputc('\n', stream);
}

void answer_echo(const struct command_context *context, struct str text)
{
	echo_text(context->json ? stderr : context->out.stream, text);
}

/* *path becomes "-" where what was read cannot be read there again. */
static struct error *echo_input(struct command_context *context, const char **path)
{
	struct stat status;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	TRY(profile_input_hint(file_read(*path, ECHO_CAP_BYTES, &text)));
	if (strcmp(*path, "-") == 0 || stat(*path, &status) != 0 || !S_ISREG(status.st_mode)) {
		TRY(stdin_again(strbuf_str(&text)));
		*path = "-";
	}
	answer_echo(context, strbuf_str(&text));
	return NULL;
}

struct error *answer_open(struct command_context *context, const struct profile_options *options,
			  int argc, char **argv, struct profile_input *ret)
{
	const struct profile_needs needs = { .lines = true, .tells_ignored = true };
	struct profile_options from = *options;

	if (options->input && argc)
		return error_new(ERROR_USAGE, "two inputs: '%s' by -i and '%s'", options->input,
				 argv[0]);
	if (argc)
		from.input = argv[0];
	if (!from.input)
		from.input = "-";
	if (strcmp(from.input, "-") == 0 && isatty(STDIN_FILENO))
		fprintf(stderr, "Paste, end with Ctrl-D, or name a file%s.\n",
			access("perf.data", R_OK) == 0 ? " (perf.data is there)" : "");
	if (context->echo_input)
		TRY(echo_input(context, &from.input));
	return profile_input_open(context, &from, &needs, 0, NULL, ret);
}

/* ---- the user's own rules and knowledge */

struct thinker thinker_new(struct command_context *context)
{
	struct thinker thinker = { knowledge_new(), ruleset_new() };
	auto_free char *knowledge = config_folder("knowledge");
	auto_free char *rules = config_folder("rules");

	if (knowledge)
		knowledge_add_folder(thinker.knowledge, knowledge, context->warnings);
	if (rules)
		ruleset_add_folder(thinker.rules, rules, context->warnings);
	return thinker;
}

void thinker_done(struct thinker *thinker)
{
	knowledge_free(thinker->knowledge);
	ruleset_free(thinker->rules);
}

/* ---- the loop */

/* Sums by topic, which are the ceilings of what its changes can win. */
static void topic_add(struct facts *facts, const char *topic, double share, uint32_t row)
{
	struct entity entity = facts_entity(facts, "topic", topic);
	const struct fact *known = facts_find(facts, entity, "self");
	uint32_t first = known ? known->from[0] : row + 1;
	uint32_t second = known ? (known->from[1] ? known->from[1] : row + 1) : 0;

	if (share <= 0)
		return;
	facts_add(facts, (struct fact){ .entity = entity,
					.name = facts_text(facts, "self"),
					.type = FACT_NUMBER,
					.number = (known ? known->number : 0) + share,
					.unit = facts_text(facts, "ratio"),
					.source = facts_text(facts, "sum of its functions"),
					.flags = FACT_DERIVED,
					.from = { first, second } });
}

/* What a library's functions take for other topics than the library's own. */
struct other {
	struct entity dso;
	double share;
};

VEC_DEFINE(other_vec, struct other)

static void other_add(struct other_vec *others, struct entity dso, double share)
{
	for (size_t i = 0; i < others->count; i++)
		if (entity_eq(others->items[i].dso, dso)) {
			others->items[i].share += share;
			return;
		}
	other_vec_push(others, (struct other){ dso, share });
}

static double other_of(const struct other_vec *others, struct entity dso)
{
	for (size_t i = 0; i < others->count; i++)
		if (entity_eq(others->items[i].dso, dso))
			return others->items[i].share;
	return 0;
}

static bool is_called(const struct facts *facts, const struct fact *fact, const char *kind)
{
	return !strcmp(facts_str(facts, fact->entity.kind), kind) &&
	       !strcmp(facts_str(facts, fact->name), "self");
}

static void symbol_derive(struct facts *facts, uint32_t row, struct other_vec *others)
{
	struct fact fact = facts->facts.items[row];

	const char *topic = facts_note(facts, fact.entity, "topic"), *dso_topic;
	double skid = facts_value(facts, fact.entity, "skid_share", 0);
	struct str library, function;
	struct entity dso;

	if (!facts_symbol_split(facts, fact.entity, &library, &function))
		return;
	auto_free char *name = x_strndup(library.ptr, library.len);

	dso = facts_entity(facts, "dso", name);
	dso_topic = facts_note(facts, dso, "topic");
	/* what belongs elsewhere is no part of what can be won */
	if (!fact.n && facts_note(facts, fact.entity, "skid"))
		skid = fact.number;
	if (!topic || (dso_topic && !strcmp(topic, dso_topic)))
		return;
	topic_add(facts, topic, MAX(fact.number - skid, 0), row);
	if (dso_topic)
		other_add(others, dso, fact.number);
}

/* The topic of a library is that of all its functions that have no other, known or not. */
static void topics_derive(struct facts *facts)
{
	size_t count = facts->facts.count;
	struct other_vec others = { 0 };

	for (uint32_t i = 0; i < count; i++)
		if (is_called(facts, &facts->facts.items[i], "symbol"))
			symbol_derive(facts, i, &others);
	for (uint32_t i = 0; i < count; i++) {
		struct fact fact = facts->facts.items[i];
		const char *topic = facts_note(facts, fact.entity, "topic");

		if (topic && is_called(facts, &fact, "dso"))
			topic_add(facts, topic,
				  MAX(fact.number - other_of(&others, fact.entity), 0), i);
	}
	other_vec_done(&others);
}

/* Of functions that nothing is known about, at least their callers are told. */
static void ask_about_unknown(struct facts *facts)
{
	size_t count = facts->facts.count, asked = 0;

	for (size_t i = 0; i < count && asked < MAX_UNKNOWN; i++) {
		struct fact fact = facts->facts.items[i];

		if (!is_called(facts, &fact, "symbol") || fact.number < least_unknown ||
		    facts_note(facts, fact.entity, "what"))
			continue;
		facts_add_need(facts, "stack_pattern", "callers", fact.entity);
		asked++;
	}
}

struct ruleset_result answer_judge(const struct thinker *thinker, struct facts *facts)
{
	struct ruleset_result result;

	knowledge_annotate(thinker->knowledge, facts);
	result = ruleset_run(thinker->rules, facts);
	facts_number(facts);
	return result;
}

static size_t needs_meet(const struct thinker *thinker, const struct profile_selection *selection,
			 struct facts *facts)
{
	return profile_meet_needs(selection, facts) +
	       traces_meet(thinker->knowledge, selection, facts);
}

static struct ruleset_result think(const struct thinker *thinker,
				   const struct profile_selection *selection, size_t stacks,
				   struct facts *facts)
{
	struct ruleset_result result;

	profile_facts(selection, facts);
	if (stacks)
		profile_stack_facts(selection, stacks, facts);
	knowledge_annotate(thinker->knowledge, facts);
	ask_about_unknown(facts);
	result = ruleset_run(thinker->rules, facts);
	for (int round = 0; round < ROUNDS_OF_NEEDS && facts->needs.count; round++) {
		if (!needs_meet(thinker, selection, facts))
			break;
		knowledge_annotate(thinker->knowledge, facts);
		ruleset_result_done(&result);
		result = ruleset_run(thinker->rules, facts);
	}
	topics_derive(facts);
	facts_number(facts);
	return result;
}

/* Whether the profile was recorded on this machine, so that its packages may be asked about. */
static bool is_of_this_machine(const struct profile *profile)
{
	char name[256] = "";

	return profile->hostname && gethostname(name, sizeof(name) - 1) == 0 &&
	       strcmp(name, profile->hostname) == 0;
}

static bool is_from_stdin(const struct profile_input *input)
{
	const char *source = input->profile->source;

	return source && (strcmp(source, "-") == 0 || strcmp(source, "standard input") == 0);
}

struct error *answer_give(struct command_context *context, const struct profile_input *input,
			  const struct answer_command *given, const struct answer_options *options,
			  answer_render_text *render)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_model struct model_session *model = NULL;
	/* Whatever is wrong with a model, the answer is given first. */
	struct error *error = model_open(context, &given->model, &model), *unread = NULL;
	const struct answer_prose unasked = model_unasked(context, error);
	struct thinker thinker = thinker_new(context);
	auto_ruleset_result struct ruleset_result result =
		think(&thinker, &input->selection, options->stacks, &facts);
	auto_packages struct packages packages = { 0 };
	struct answer_options chosen = *options;
	struct answer answer = {
		.command = context->command->name,
		.selection = &input->selection,
		.facts = &facts,
		.unchecked = result.unchecked,
		.unchecked_count = result.unchecked_count,
	};

	answer.is_asked = model;
	answer.prose = &unasked;
	chosen.verbosity = context->verbosity;
	if (is_of_this_machine(input->profile)) {
		chosen.package_of = package_of_file;
		chosen.package_context = &packages;
	}
	if (!context->json) {
		render(&context->out, &answer, &chosen);
		unread = stdout_flush();
	}
	/* Where nobody can read it, no model is asked. */
	if (unread) {
		error_free(error);
		error = unread;
	} else if (model) {
		error = model_ask(model, &facts, context->command->name, NULL, &answer.prose);
	}
	if (context->json)
		answer_json(context->out.stream, &answer, &chosen);
	if (!error && context->model->chat)
		error = chat_run(context, model, is_from_stdin(input));
	thinker_done(&thinker);
	return error;
}
