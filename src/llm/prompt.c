#include "llm/prompt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/term.h"
#include "llm/chunk.h"
#include "llm/cite.h"
#include "llm/prompt_files.h"

#define FILE_CAP_BYTES ((size_t)1 << 20)
#define TOKENS_MAX 12000    /* more is seldom read with care, and costs */
#define BYTES_PER_TOKEN 2.5 /* names and figures are denser than prose */
#define RESERVE_TOKENS 60   /* for the frame of the request */
#define SMALL_RATIO 0.005   /* of less nobody asks */
#define WORD_BYTES_MAX 1000
#define WORD_BYTES_SHOWN 100
#define PARAGRAPH_BYTES_MAX 4000

static const struct {
	const char *name;
	const struct str *text;
} built_in[] = {
	{ "system", &embedded_system_md },
	{ "topn", &embedded_topn_md },
	{ "analyzecmd", &embedded_analyzecmd_md },
	{ "debughost", &embedded_debughost_md },
	{ "debughost-plan", &embedded_debughost_plan_md },
	{ "debughost-summary", &embedded_debughost_summary_md },
	{ "explainfunction", &embedded_explainfunction_md },
	{ "explainonly", &embedded_explainonly_md },
	{ "explainprocess", &embedded_explainprocess_md },
	{ "code", &embedded_code_md },
	{ "findfaster", &embedded_findfaster_md },
	{ "stacktrace", &embedded_stacktrace_md },
	{ "part", &embedded_part_md },
};

struct prompt_file prompt_file_parse(struct str text)
{
	struct prompt_file file = { .body = text };
	struct str line, rest = text;

	if (!str_next_line(&rest, &line) || !str_is(str_trim(line), "---"))
		return file;
	while (str_next_line(&rest, &line)) {
		struct str key, value;

		if (str_is(str_trim(line), "---")) {
			file.body = rest;
			return file;
		}
		str_cut(line, ':', &key, &value);
		if (str_is(str_trim(key), "name"))
			file.name = str_trim(value);
		else if (str_is(str_trim(key), "description"))
			file.description = str_trim(value);
	}
	/* It never ended: it was none. */
	return (struct prompt_file){ .body = text };
}

bool prompt_is_built_in(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++) {
		if (strcmp(built_in[i].name, name) == 0)
			return true;
	}
	return false;
}

struct error *prompt_file_load(const char *folder, const char *name, struct strbuf *text)
{
	auto_free char *path = folder ? x_asprintf("%s/%s.md", folder, name) : NULL;
	struct error *error = path ? file_read(path, FILE_CAP_BYTES, text) : NULL;

	if (path && !error)
		return NULL;
	if (error && error->code != ERROR_NO_FILE)
		return error;
	error_free(error);
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++) {
		if (strcmp(built_in[i].name, name) == 0) {
			strbuf_add(text, *built_in[i].text);
			return NULL;
		}
	}
	return error_new(ERROR_NO_FILE, "there is no prompt '%s'", name);
}

struct prompt_budget prompt_budget_of(const struct llm_config *config, double bytes_per_token,
				      size_t other_bytes)
{
	uint64_t spent = config->reply_tokens + RESERVE_TOKENS;
	uint64_t tokens = config->context_tokens > spent ? config->context_tokens - spent : 0;
	size_t bytes;

	if (bytes_per_token <= 0)
		bytes_per_token = BYTES_PER_TOKEN;
	tokens = MIN(tokens, (uint64_t)TOKENS_MAX);
	bytes = (size_t)((double)tokens * bytes_per_token);
	return (struct prompt_budget){ bytes > other_bytes ? bytes - other_bytes : 0 };
}

void prompt_escape(struct strbuf *out, struct str text)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;
	struct str rest;

	term_safe(&safe, text);
	rest = strbuf_str(&safe);
	for (size_t i = 0; i < rest.len; i++) {
		char c = rest.ptr[i], next = i + 1 < rest.len ? rest.ptr[i + 1] : '\0';
		bool cites = (c == '[' || c == '(') && next == 'F' && i + 2 < rest.len &&
			     isdigit((unsigned char)rest.ptr[i + 2]);

		/* A fence, a citation or a place to fill in would be read as ours. */
		if (cites || (c == '{' && next == '{'))
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, c == '`' && next == '`' ? '\'' : c);
		if (cites)
			strbuf_add_char(out, '\\');
	}
}

/* What is so long is no name: base64, mangled templates, minified code. */
static void shorten_words(struct strbuf *out, struct str text)
{
	while (text.len) {
		size_t word = 0, blank;

		while (word < text.len && text.ptr[word] != ' ' && text.ptr[word] != '\n')
			word++;
		blank = word < text.len ? 1 : 0;
		if (word > WORD_BYTES_MAX) {
			struct str shown =
				text_cut((struct str){ text.ptr, word }, WORD_BYTES_SHOWN);

			strbuf_addf(out, "%.*s(%zu bytes are left out)", STR_ARG(shown),
				    word - shown.len);
		} else {
			strbuf_add(out, (struct str){ text.ptr, word });
		}
		strbuf_add(out, (struct str){ text.ptr + word, blank });
		text.ptr += word + blank;
		text.len -= word + blank;
	}
}

static void add_entity(struct strbuf *out, const struct facts *facts, struct entity entity)
{
	if (*facts_str(facts, entity.host)) {
		prompt_escape(out, str_from(facts_str(facts, entity.host)));
		strbuf_add_char(out, ' ');
	}
	prompt_escape(out, str_from(facts_str(facts, entity.kind)));
	strbuf_add_char(out, ' ');
	prompt_escape(out, str_from(facts_str(facts, entity.name)));
}

static void add_fact(struct strbuf *out, const struct facts *facts, const struct fact *fact)
{
	auto_strbuf struct strbuf value = STRBUF_INIT;

	strbuf_addf(out, "[F%u] ", fact->number_in_answer);
	add_entity(out, facts, fact->entity);
	strbuf_add_text(out, ": ");
	prompt_escape(out, str_from(facts_str(facts, fact->name)));
	strbuf_add_text(out, fact->type == FACT_ABSENT ? " was not measured: " : " = ");
	fact_value_format(facts, fact, &value);
	prompt_escape(out, strbuf_str(&value));
	if (fact->n)
		strbuf_addf(out, " (n = %" PRIu64 ")", fact->n);
	if (fact->flags & (FACT_ESTIMATED | FACT_PARTIAL))
		strbuf_add_text(out, fact->flags & FACT_PARTIAL ? " (partial)" : " (estimated)");
	strbuf_add_char(out, '\n');
}

/* A fact's place in the queue. */
struct wanted {
	const struct fact *fact;
	bool is_evidence;
	double weight;
};

static int wanted_cmp(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	if (a->is_evidence != b->is_evidence)
		return a->is_evidence ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->fact->number_in_answer < b->fact->number_in_answer ? -1 : 1;
}

static int number_cmp(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	return a->fact->number_in_answer < b->fact->number_in_answer ? -1 : 1;
}

/*
 * Of a host: what is said of the whole, then of those who do something. It has thousands of facts,
 * most of them the zeroes of those who do nothing.
 */
static double told_weight(const struct facts *facts, const struct fact *fact)
{
	static const char *const doers[] = { "process", "command", "thread", "cgroup" };
	double weight = facts_weight(facts, fact);
	const char *kind = facts_str(facts, fact->entity.kind);
	bool is_zero = fact->type == FACT_NUMBER && fact->number == 0;

	if (weight != 0)
		return weight;
	if (strcmp(kind, "host") == 0)
		return is_zero ? 0.01 : 1.5;
	for (size_t i = 0; i < ARRAY_SIZE(doers); i++)
		if (strcmp(kind, doers[i]) == 0 && is_zero)
			return -0.5;
		else if (strcmp(kind, doers[i]) == 0)
			return MIN(1, facts_value(facts, fact->entity, "cpu", 0) +
					      facts_value(facts, fact->entity, "wait", 0));
	return weight;
}

static struct wanted *queue_of(const struct facts *facts)
{
	struct wanted *queue = x_calloc(facts->facts.count + 1, sizeof(*queue));

	for (size_t i = 0; i < facts->facts.count; i++) {
		queue[i].fact = &facts->facts.items[i];
		queue[i].weight = told_weight(facts, queue[i].fact);
	}
	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];

		for (size_t e = 0; e < finding->evidence_count; e++)
			queue[finding->evidence[e]].is_evidence = true;
	}
	qsort(queue, facts->facts.count, sizeof(*queue), wanted_cmp);
	return queue;
}

/* The facts that fit, in the order of their numbers; how many. `queue` holds them first. */
static size_t add_facts(const struct facts *facts, struct wanted *queue, size_t bytes,
			struct strbuf *out)
{
	size_t count = 0, used = 0;

	for (; count < facts->facts.count; count++) {
		auto_strbuf struct strbuf line = STRBUF_INIT;

		add_fact(&line, facts, queue[count].fact);
		if (used + line.len > bytes)
			break;
		used += line.len;
	}
	qsort(queue, count, sizeof(*queue), number_cmp);
	for (size_t i = 0; i < count; i++)
		add_fact(out, facts, queue[i].fact);
	if (!facts->facts.count)
		strbuf_add_text(out, "(none: nothing was measured)\n");
	if (count < facts->facts.count)
		strbuf_addf(out, "(%zu smaller facts are left out)\n", facts->facts.count - count);
	return count;
}

static bool is_told(const struct wanted *queue, size_t count, struct entity entity)
{
	for (size_t i = 0; i < count; i++) {
		if (entity_eq(queue[i].fact->entity, entity))
			return true;
	}
	return false;
}

static size_t add_notes(const struct facts *facts, const struct wanted *queue, size_t told,
			size_t bytes, struct strbuf *out)
{
	static const char *const aspects[] = { "what",	 "why_hot", "problem",	   "change",
					       "expect", "by",	    "how",	   "when",
					       "cost",	 "keep",    "recommended", "argument" };
	size_t count = 0, start = out->len;

	for (size_t a = 0; a < ARRAY_SIZE(aspects); a++) {
		for (size_t i = 0; i < facts->notes.count; i++) {
			const struct note *note = &facts->notes.items[i];
			auto_strbuf struct strbuf line = STRBUF_INIT;

			if (strcmp(facts_str(facts, note->aspect), aspects[a]) != 0 ||
			    (facts->facts.count && !is_told(queue, told, note->entity)))
				continue;
			strbuf_add_text(&line, "- ");
			add_entity(&line, facts, note->entity);
			strbuf_addf(&line, ", %s: ", aspects[a]);
			prompt_escape(&line, str_from(facts_str(facts, note->text)));
			strbuf_add_char(&line, '\n');
			if (out->len - start + line.len > bytes)
				return count;
			strbuf_add(out, strbuf_str(&line));
			count++;
		}
	}
	return count;
}

static void add_findings(const struct facts *facts, size_t bytes, struct strbuf *out)
{
	static const char *const severities[] = { "info", "warning", "critical" };

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];
		auto_strbuf struct strbuf line = STRBUF_INIT;

		strbuf_addf(&line, "- (%s) ", severities[finding->severity]);
		/* the title says what was found, the text only what that means */
		if (*facts_str(facts, finding->title)) {
			prompt_escape(&line, str_from(facts_str(facts, finding->title)));
			strbuf_add_text(&line, ". ");
		}
		prompt_escape(&line, str_from(facts_str(facts, finding->text)));
		for (size_t e = 0; e < finding->evidence_count; e++)
			strbuf_addf(&line, "%s F%u", e ? "," : "; from",
				    facts->facts.items[finding->evidence[e]].number_in_answer);
		strbuf_add_char(&line, '\n');
		if (out->len + line.len > bytes) {
			strbuf_addf(out, "(%zu more findings are left out)\n",
				    facts->findings.count - i);
			return;
		}
		strbuf_add(out, strbuf_str(&line));
	}
	if (!facts->findings.count)
		strbuf_add_text(out, "(none)\n");
}

void prompt_put(struct str body, const struct prompt_place *places, size_t count,
		struct strbuf *out)
{
	while (body.len) {
		ptrdiff_t end = str_starts_with(body, STR("{{")) ? str_find(body, STR("}}")) : -1;
		struct str name = { body.ptr + 2, end > 2 ? (size_t)end - 2 : 0 };
		size_t i = 0, used = (size_t)end + 2;

		while (end > 2 && i < count && !str_is(name, places[i].name))
			i++;
		if (end <= 2 || i == count) {
			strbuf_add_char(out, *body.ptr);
			body.ptr++;
			body.len--;
			continue;
		}
		strbuf_add(out, places[i].value);
		if (str_ends_with(places[i].value, STR("\n")) && used < body.len &&
		    body.ptr[used] == '\n')
			used++;
		body.ptr += used;
		body.len -= used;
	}
}

/* What of the budget goes where. */
struct plan {
	struct strbuf findings, question;
	size_t left; /* for facts and notes */
	struct wanted *queue;
};

static void plan_done(struct plan *plan)
{
	strbuf_done(&plan->findings);
	strbuf_done(&plan->question);
	free(plan->queue);
}
#define auto_plan __attribute__((cleanup(plan_done)))

static struct plan plan_of(const struct prompt_input *input)
{
	size_t budget = input->budget.bytes, used;
	struct str question = str_from(input->question);
	struct str told = text_cut(question, budget / 4);
	struct plan plan = { .queue = queue_of(input->facts) };

	add_findings(input->facts, budget / 4, &plan.findings);
	prompt_escape(&plan.question, told);
	if (told.len < question.len)
		strbuf_addf(&plan.question, " (%zu bytes are left out)", question.len - told.len);
	strbuf_add_char(&plan.question, '\n');
	used = plan.findings.len + plan.question.len + input->body.len + input->input.len +
	       input->parts_bytes;
	plan.left = budget > used ? budget - used : 0;
	return plan;
}

void prompt_fill(const struct prompt_input *input, struct strbuf *out, struct prompt_counts *ret)
{
	auto_plan struct plan plan = plan_of(input);
	auto_strbuf struct strbuf facts = STRBUF_INIT, notes = STRBUF_INIT;
	size_t left;

	ret->all_facts = input->facts->facts.count;
	ret->all_notes = input->facts->notes.count;
	ret->facts = add_facts(input->facts, plan.queue, plan.left / 3 * 2, &facts);
	left = plan.left > facts.len ? plan.left - facts.len : 0;
	if (input->parts.len) {
		strbuf_add_text(&facts, "Of facts that are not listed here, summaries that were "
					"made of them part by part:\n");
		strbuf_add(&facts, input->parts);
	}
	ret->notes = add_notes(input->facts, plan.queue, ret->facts, left, &notes);
	if (!ret->notes)
		strbuf_add_text(&notes, "(none)\n");
	prompt_put(input->body,
		   (const struct prompt_place[]){ { "findings", strbuf_str(&plan.findings) },
						  { "facts", strbuf_str(&facts) },
						  { "notes", strbuf_str(&notes) },
						  { "question", strbuf_str(&plan.question) },
						  { "input", input->input } },
		   5, out);
}

/* ---- what does not fit */

void prompt_records_done(struct prompt_records *records)
{
	arena_done(&records->arena);
	str_vec_done(&records->items);
}

/* Of a share of the whole that nobody would ask about. */
static bool is_small(const struct facts *facts, const struct wanted *wanted)
{
	bool is_share = wanted->fact->type == FACT_NUMBER &&
			strcmp(facts_str(facts, wanted->fact->unit), "ratio") == 0;

	return !wanted->is_evidence && wanted->weight < SMALL_RATIO &&
	       (is_share || facts_find(facts, wanted->fact->entity, "self"));
}

/* One that is left out, and its place in the queue. */
struct left_out {
	const struct fact *fact;
	size_t rank, best; /* best: of all facts of its entity */
};

static int entity_ids_cmp(struct entity a, struct entity b)
{
	if (a.host != b.host)
		return a.host < b.host ? -1 : 1;
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	return a.name == b.name ? 0 : a.name < b.name ? -1 : 1;
}

static int by_entity_cmp(const void *left, const void *right)
{
	const struct left_out *a = left, *b = right;
	int order = entity_ids_cmp(a->fact->entity, b->fact->entity);

	return order ? order : a->rank < b->rank ? -1 : 1;
}

static int by_best_cmp(const void *left, const void *right)
{
	const struct left_out *a = left, *b = right;

	if (a->best != b->best)
		return a->best < b->best ? -1 : 1;
	return a->rank < b->rank ? -1 : 1;
}

static struct left_out *left_out_of(const struct facts *facts, const struct wanted *queue,
				    size_t told, bool all, size_t *ret_count)
{
	struct left_out *items = x_calloc(facts->facts.count + 1, sizeof(*items));
	size_t count = 0;

	for (size_t i = told; i < facts->facts.count; i++) {
		if (all || !is_small(facts, &queue[i]))
			items[count++] = (struct left_out){ queue[i].fact, i, i };
	}
	qsort(items, count, sizeof(*items), by_entity_cmp);
	for (size_t i = 1; i < count; i++) {
		if (entity_eq(items[i].fact->entity, items[i - 1].fact->entity))
			items[i].best = items[i - 1].best;
	}
	qsort(items, count, sizeof(*items), by_best_cmp);
	*ret_count = count;
	return items;
}

static void add_what(struct strbuf *out, const struct facts *facts, struct entity entity)
{
	const char *what = facts_note(facts, entity, "what");

	if (!what)
		return;
	strbuf_add_text(out, "- what it is: ");
	prompt_escape(out, str_from(what));
	strbuf_add_char(out, '\n');
}

void prompt_rest(const struct prompt_input *input, bool all, struct prompt_records *ret)
{
	const struct facts *facts = input->facts;
	auto_plan struct plan plan = plan_of(input);
	auto_strbuf struct strbuf unused = STRBUF_INIT;
	size_t told = add_facts(facts, plan.queue, plan.left / 3 * 2, &unused), count;
	auto_free struct left_out *items = NULL;

	*ret = (struct prompt_records){ 0 };
	items = left_out_of(facts, plan.queue, told, all, &count);
	for (size_t i = 0; i < count;) {
		struct entity entity = items[i].fact->entity;
		auto_strbuf struct strbuf lines = STRBUF_INIT, record = STRBUF_INIT;

		for (; i < count && entity_eq(items[i].fact->entity, entity); i++)
			add_fact(&lines, facts, items[i].fact);
		add_what(&lines, facts, entity);
		shorten_words(&record, strbuf_str(&lines));
		str_vec_push(
			&ret->items,
			(struct str){ arena_copy(&ret->arena, strbuf_str(&record)), record.len });
	}
	ret->facts = count;
}

/* ---- foreign text as it is */

/* Tabs as blanks: escaped, they would be the most of a listing. */
static void add_input_line(struct strbuf *out, struct str line)
{
	struct str head, tail = line;
	auto_strbuf struct strbuf escaped = STRBUF_INIT;

	while (str_cut(tail, '\t', &head, &tail)) {
		prompt_escape(&escaped, head);
		strbuf_add_text(&escaped, "    ");
	}
	prompt_escape(&escaped, head);
	if (str_is(str_trim(line), "END DATA") || str_is(str_trim(line), "BEGIN DATA"))
		strbuf_add_char(out, '\\');
	shorten_words(out, strbuf_str(&escaped));
	strbuf_add_char(out, '\n');
}

void prompt_add_input(struct strbuf *out, struct str text)
{
	bool in_key = false;
	struct str line;

	while (str_next_line(&text, &line)) {
		bool is_key = str_find(line, STR("PRIVATE KEY-----")) >= 0;

		if (is_key && str_find(line, STR("-----BEGIN ")) >= 0) {
			in_key = true;
			strbuf_add_text(out, "(a private key is left out)\n");
		} else if (in_key) {
			in_key = !(is_key && str_find(line, STR("-----END ")) >= 0);
		} else {
			add_input_line(out, line);
		}
	}
}

static void push_paragraph(struct prompt_records *ret, struct str text)
{
	struct str rest = text, line;

	if (!text.len)
		return;
	if (text.len <= PARAGRAPH_BYTES_MAX) {
		str_vec_push(&ret->items, text);
		return;
	}
	while (str_next_line(&rest, &line))
		str_vec_push(&ret->items, (struct str){ line.ptr, (size_t)(rest.ptr - line.ptr) });
}

void prompt_input_records(struct str text, struct prompt_records *ret)
{
	struct str paragraph = { text.ptr, 0 }, rest = text, line;

	*ret = (struct prompt_records){ 0 };
	while (str_next_line(&rest, &line)) {
		paragraph.len = (size_t)(rest.ptr - paragraph.ptr);
		if (str_trim(line).len)
			continue;
		push_paragraph(ret, paragraph);
		paragraph = (struct str){ rest.ptr, 0 };
	}
	push_paragraph(ret, paragraph);
}
