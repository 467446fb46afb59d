#include "cmd/host_answer.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/config_folder.h"
#include "host/host.h"
#include "render/host.h"
#include "rules/rules.h"

enum { MAX_AREAS = 16, LEAST_WORD = 4 /* shorter ones are in every text */ };

/* ---- the user's own words move findings up within their severity */

/* Words that people use, and what the ids and titles of findings call it. */
static const struct {
	const char *said, *meant;
} meanings[] = {
	{ "slow", "cpu" },	    { "hang", "stuck" },	{ "hangs", "stuck" },
	{ "freeze", "stuck" },	    { "frozen", "frozen" },	{ "crash", "crash" },
	{ "crashes", "crash" },	    { "ram", "mem_" },		{ "memory", "mem_" },
	{ "leak", "mem_" },	    { "swap", "swap" },		{ "disk", "disk" },
	{ "disk", "io_" },	    { "disk", "fs_" },		{ "storage", "disk" },
	{ "i/o", "io_" },	    { "full", "fs_full" },	{ "space", "fs_full" },
	{ "network", "net_" },	    { "connection", "net_" },	{ "connections", "net_" },
	{ "timeout", "net_" },	    { "timeouts", "net_" },	{ "dns", "dns_" },
	{ "resolve", "dns_" },	    { "load", "cpu_runqueue" }, { "restart", "service_" },
	{ "restarts", "service_" }, { "killed", "oom" },	{ "tls", "cert" },
	{ "certificate", "cert" },  { "login", "login" },	{ "ssh", "login" },
};

static bool holds(const char *text, struct str word)
{
	for (; *text; text++)
		if (strncasecmp(text, word.ptr, word.len) == 0)
			return true;
	return false;
}

static double agreement(const struct facts *facts, const struct finding *finding,
			const char *problem)
{
	const char *texts[] = { facts_str(facts, finding->rule), facts_str(facts, finding->title),
				facts_str(facts, finding->text),
				facts_str(facts, finding->entity.name) };
	struct str rest = str_from(problem), word;
	double found = 0;

	while (str_next_word(&rest, &word)) {
		bool fits = false;

		while (word.len && !isalnum((unsigned char)word.ptr[word.len - 1]))
			word.len--;
		for (size_t i = 0; i < ARRAY_SIZE(texts) && word.len >= LEAST_WORD; i++)
			fits |= holds(texts[i], word);
		for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
			fits |= strlen(meanings[i].said) == word.len &&
				strncasecmp(meanings[i].said, word.ptr, word.len) == 0 &&
				holds(texts[0], str_from(meanings[i].meant));
		found += fits;
	}
	return found;
}

static void rank_by_problem(struct facts *facts, const char *problem)
{
	for (size_t i = 0; i < facts->findings.count; i++) {
		struct finding *finding = &facts->findings.items[i];

		finding->rank += agreement(facts, finding, problem);
	}
	facts_sort_findings(facts);
}

/* ---- the answer */

static struct ruleset_result judge(struct command_context *context, struct facts *facts,
				   const char *problem)
{
	auto_ruleset struct ruleset *rules = ruleset_new();
	auto_free char *folder = config_folder("rules");
	struct ruleset_result result;

	if (folder)
		ruleset_add_folder(rules, folder, context->warnings);
	host_finish(facts);
	result = ruleset_run(rules, facts);
	/* the ids outlive the rules */
	for (size_t i = 0; i < result.unchecked_count; i++)
		result.unchecked[i] = facts_str(facts, facts_text(facts, result.unchecked[i]));
	if (problem)
		rank_by_problem(facts, problem);
	facts_number(facts);
	return result;
}

static size_t areas_fill(const struct facts *facts, struct host_answer_area *ret)
{
	struct host_area areas[MAX_AREAS];
	size_t count = host_areas(facts, areas, MAX_AREAS), kept = 0;

	for (size_t i = 0; i < count; i++)
		if (areas[i].verdict != HOST_SUSPECT)
			ret[kept++] = (struct host_answer_area){ areas[i].name, areas[i].reason,
								 areas[i].run };
	return kept;
}

struct error *host_answer_give(struct command_context *context, struct facts *facts,
			       const struct host_answer_wishes *wishes)
{
	auto_model struct model_session *model = NULL;
	struct error *error = model_open(context, &wishes->model, &model), *unread = NULL;
	const struct answer_prose unasked = model_unasked(context, error);
	auto_ruleset_result struct ruleset_result result = judge(context, facts, wishes->problem);
	struct host_answer_area areas[MAX_AREAS];
	struct host_answer answer = {
		.command = context->command->name,
		.source = wishes->source,
		.facts = facts,
		.areas = areas,
		.area_count = areas_fill(facts, areas),
		.unchecked = result.unchecked,
		.unchecked_count = result.unchecked_count,
		.is_asked = model,
		.prose = &unasked,
		.verbosity = context->verbosity,
	};

	if (!context->json) {
		host_answer_text(&context->out, &answer);
		unread = stdout_flush();
	}
	/* Where nobody can read it, no model is asked. */
	if (unread) {
		error_free(error);
		error = unread;
	} else if (model) {
		error = model_ask(model, facts, "analyzecmd", wishes->problem, &answer.prose);
	}
	if (context->json)
		host_answer_json(context->out.stream, &answer);
	if (!error && context->model->chat)
		error = chat_run(context, model, strcmp(wishes->source, "standard input") == 0);
	return error;
}
