#include "llm/prompt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/term.h"
#include "llm/cite.h"
#include "llm/prompt_files.h"

#define FILE_CAP_BYTES ((size_t)1 << 20)
#define TOKENS_MAX 12000    /* more is seldom read with care, and costs */
#define BYTES_PER_TOKEN 3.0 /* names and figures are denser than prose */
#define RESERVE_TOKENS 300  /* for the system message and the frame of the request */

static const struct {
	const char *name;
	const struct str *text;
} built_in[] = {
	{ "system", &embedded_system_md },
	{ "topn", &embedded_topn_md },
	{ "explainfunction", &embedded_explainfunction_md },
	{ "explainonly", &embedded_explainonly_md },
	{ "explainprocess", &embedded_explainprocess_md },
	{ "findfaster", &embedded_findfaster_md },
	{ "stacktrace", &embedded_stacktrace_md },
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

struct prompt_budget prompt_budget_of(const struct llm_config *config, double bytes_per_token)
{
	uint64_t spent = config->reply_tokens + RESERVE_TOKENS;
	uint64_t tokens = config->context_tokens > spent ? config->context_tokens - spent : 0;

	if (bytes_per_token <= 0)
		bytes_per_token = BYTES_PER_TOKEN;
	tokens = MIN(tokens, (uint64_t)TOKENS_MAX);
	return (struct prompt_budget){ (size_t)((double)tokens * bytes_per_token) };
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

static struct wanted *queue_of(const struct facts *facts)
{
	struct wanted *queue = x_calloc(facts->facts.count + 1, sizeof(*queue));

	for (size_t i = 0; i < facts->facts.count; i++) {
		queue[i].fact = &facts->facts.items[i];
		queue[i].weight = facts_weight(facts, queue[i].fact);
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

static void add_findings(const struct facts *facts, struct strbuf *out)
{
	static const char *const severities[] = { "info", "warning", "critical" };

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];

		strbuf_addf(out, "- (%s) ", severities[finding->severity]);
		prompt_escape(out, str_from(facts_str(facts, finding->text)));
		for (size_t e = 0; e < finding->evidence_count; e++)
			strbuf_addf(out, "%s F%u", e ? "," : "; from",
				    facts->facts.items[finding->evidence[e]].number_in_answer);
		strbuf_add_char(out, '\n');
	}
	if (!facts->findings.count)
		strbuf_add_text(out, "(none)\n");
}

enum { PLACES = 4 };

static void put_in(struct strbuf *out, struct str body, const struct strbuf parts[PLACES])
{
	static const char *const places[PLACES] = { "{{findings}}\n", "{{facts}}\n", "{{notes}}\n",
						    "{{question}}\n" };

	while (body.len) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(places); i++) {
			if (str_starts_with(body, str_from(places[i])))
				break;
		}
		if (i == ARRAY_SIZE(places)) {
			strbuf_add_char(out, *body.ptr);
			body.ptr++;
			body.len--;
			continue;
		}
		strbuf_add(out, strbuf_str(&parts[i]));
		body.ptr += strlen(places[i]);
		body.len -= strlen(places[i]);
	}
}

void prompt_fill(const struct facts *facts, const char *question, struct str body,
		 struct prompt_budget budget, struct strbuf *out, struct prompt_counts *ret)
{
	struct strbuf parts[PLACES] = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	auto_free struct wanted *queue = queue_of(facts);
	size_t used, left;

	add_findings(facts, &parts[0]);
	prompt_escape(&parts[3], str_from(question));
	strbuf_add_char(&parts[3], '\n');
	used = parts[0].len + parts[3].len + body.len;
	left = budget.bytes > used ? budget.bytes - used : 0;
	ret->all_facts = facts->facts.count;
	ret->all_notes = facts->notes.count;
	ret->facts = add_facts(facts, queue, left / 3 * 2, &parts[1]);
	left = left > parts[1].len ? left - parts[1].len : 0;
	ret->notes = add_notes(facts, queue, ret->facts, left, &parts[2]);
	if (!ret->notes)
		strbuf_add_text(&parts[2], "(none)\n");
	put_in(out, body, parts);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		strbuf_done(&parts[i]);
}
