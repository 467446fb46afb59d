#include "cmd/host_answer.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/config_folder.h"
#include "host/host.h"
#include "host/outliers.h"
#include "render/host.h"

enum { MAX_AREAS = 32, LEAST_WORD = 4 /* shorter ones are in every text */ };

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

struct ruleset *host_rules_new(struct command_context *context)
{
	struct ruleset *rules = ruleset_new();
	auto_free char *folder = config_folder("rules");

	if (folder)
		ruleset_add_folder(rules, folder, context->warnings);
	return rules;
}

/* What is owned while an answer is given. */
struct judged {
	struct ruleset_result result;
	struct host_answer_area areas[MAX_AREAS];
	struct host_answer_difference differences[OUTLIERS_PER_HOST];
};

static struct ruleset_result judge(const struct ruleset *rules, struct facts *facts,
				   const char *problem)
{
	struct ruleset_result result;

	host_finish(facts);
	result = ruleset_run(rules, facts);
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

static void differences_fill(const struct host_material *materials, size_t count,
			     struct judged *judged, struct host_answer *answers)
{
	auto_free const struct facts **tables = x_calloc(count, sizeof(*tables));
	auto_free struct outlier_vec *outliers = x_calloc(count, sizeof(*outliers));

	for (size_t i = 0; i < count; i++)
		tables[i] = materials[i].unreachable ? NULL : &materials[i].facts;
	outliers_find(tables, count, outliers);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < outliers[i].count; k++)
			judged[i].differences[k] =
				(struct host_answer_difference){ outliers[i].items[k].fact,
								 outliers[i].items[k].usual };
		answers[i].differences = judged[i].differences;
		answers[i].difference_count = outliers[i].count;
		outlier_vec_done(&outliers[i]);
	}
}

/* What an answer is made of. */
struct answering {
	struct command_context *context;
	struct model_session *model; /* or NULL */
	const struct ruleset *rules;
	struct host_material *materials;
	struct judged *judged;
	struct host_answer *answers;
	size_t count;
	const struct host_answer_wishes *wishes;
};

static void answer_fill(const struct answering *a, size_t i)
{
	struct host_material *material = &a->materials[i];
	struct judged *judged = &a->judged[i];

	ruleset_result_done(&judged->result);
	judged->result = judge(a->rules, &material->facts, a->wishes->problem);
	a->answers[i] = (struct host_answer){
		.command = a->context->command->name,
		.host = material->host,
		.source = material->source,
		.unreachable = material->unreachable,
		.facts = &material->facts,
		.areas = judged->areas,
		.area_count =
			material->unreachable ? 0 : areas_fill(&material->facts, judged->areas),
		.unchecked = judged->result.unchecked,
		.unchecked_count = judged->result.unchecked_count,
		.is_look = a->wishes->is_look,
		.shows_summaries = a->wishes->shows_summaries,
		.verbosity = a->context->verbosity,
		.is_asked = a->model,
	};
}

static void answers_fill(const struct answering *a)
{
	for (size_t i = 0; i < a->count; i++)
		answer_fill(a, i);
	differences_fill(a->materials, a->count, a->judged, a->answers);
}

/* The host that a model is asked about: the worst one, the first of equals. */
static size_t worst_of(const struct host_material *materials, size_t count)
{
	size_t worst = 0;

	for (size_t i = 1; i < count; i++) {
		const struct finding_vec *mine = &materials[i].facts.findings;
		const struct finding_vec *his = &materials[worst].facts.findings;

		if (mine->count &&
		    (!his->count || mine->items[0].severity > his->items[0].severity))
			worst = i;
	}
	return worst;
}

/* What the exit status has to tell once the answer is out. */
static struct error *outcome(const struct host_material *materials, size_t count,
			     const struct host_answer_wishes *wishes)
{
	size_t unread = 0, ill = 0;

	for (size_t i = 0; i < count; i++) {
		const struct finding_vec *findings = &materials[i].facts.findings;

		unread += materials[i].unreachable != NULL;
		ill += findings->count && findings->items[0].severity >= SEVERITY_WARNING;
	}
	if (count && unread == count)
		return error_with_hint(
			error_new(ERROR_CHILD, "no host could be read: %s: %s", materials->source,
				  materials->unreachable),
			"ssh must get there without a question (keys, known hosts): 'ssh -v "
			"HOST true' shows where it ends");
	if (ill && wishes->fails_on_findings)
		return error_new(ERROR_FINDINGS, "something is wrong with %zu of %zu host%s", ill,
				 count, count == 1 ? "" : "s");
	return NULL;
}

/* What the model wants to see, and the answer with it: what was found before stays. */
static void look_further(const struct answering *a, size_t worst, struct strbuf *ret_input)
{
	const struct host_answer_wishes *wishes = a->wishes;

	if (!wishes->look_further || !wishes->look_further(wishes->user, a->model, worst,
							   &a->materials[worst].facts, ret_input))
		return;
	answer_fill(a, worst);
	differences_fill(a->materials, a->count, a->judged, a->answers);
	if (a->context->json)
		return;
	fputs("\nThe answer with what was read since:\n\n", a->context->out.stream);
	host_answers_text(&a->context->out, &a->answers[worst], 1);
}

static struct error *ask_model(const struct answering *a, const struct answer_prose **ret_prose)
{
	const struct host_answer_wishes *wishes = a->wishes;
	size_t worst = worst_of(a->materials, a->count);
	auto_strbuf struct strbuf input = STRBUF_INIT;
	struct error *error;

	/* A host has thousands of facts: those that matter are enough. */
	if (wishes->look_further)
		model_keep_short(a->model);
	look_further(a, worst, &input);
	if (wishes->look_further && !input.len)
		strbuf_add_text(&input, "(none)\n");
	model_set_input(a->model, strbuf_str(&input), 0);
	error = model_ask(a->model, &a->materials[worst].facts,
			  wishes->prompt ? wishes->prompt : "analyzecmd", wishes->problem,
			  ret_prose);
	model_set_input(a->model, (struct str){ "", 0 }, 0);
	return error;
}

static struct error *answer_out(const struct answering *a, struct error *model_error)
{
	struct command_context *context = a->context;
	const struct answer_prose unasked = model_unasked(context, model_error), *prose = &unasked;
	struct error *error = model_error, *unread = NULL;

	if (!context->json) {
		host_answers_text(&context->out, a->answers, a->count);
		unread = stdout_flush();
	}
	/* Where nobody can read it, no model is asked. */
	if (unread) {
		error_free(error);
		error = unread;
	} else if (a->model) {
		error = ask_model(a, &prose);
	}
	if (context->json)
		host_answers_json(context->out.stream, a->answers, a->count, prose);
	if (!error && context->model->chat)
		error = chat_run(context, a->model, a->wishes->from_stdin);
	return error;
}

struct error *host_answer_give(struct command_context *context, const struct ruleset *rules,
			       struct host_material *materials, size_t count,
			       const struct host_answer_wishes *wishes)
{
	auto_model struct model_session *model = NULL;
	struct error *error = model_open(context, &wishes->model, &model);
	auto_free struct judged *judged = x_calloc(count, sizeof(*judged));
	auto_free struct host_answer *answers = x_calloc(count, sizeof(*answers));
	const struct answering answering = { context, model,   rules, materials,
					     judged,  answers, count, wishes };

	answers_fill(&answering);
	error = answer_out(&answering, error);
	for (size_t i = 0; i < count; i++)
		ruleset_result_done(&judged[i].result);
	return error ? error : outcome(materials, count, wishes);
}
