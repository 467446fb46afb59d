#include <string.h>

#include "base/json_out.h"
#include "render/answer_plan.h"
#include "samples/facts_profile.h"

enum { MAX_FRAMES = 512 };

static const char *str_of(const struct facts *facts, uint32_t id)
{
	return facts_str(facts, id);
}

static void fact_id(struct json_writer *json, const struct fact *fact)
{
	char id[16];

	snprintf(id, sizeof(id), "F%u", fact->number_in_answer);
	json_text(json, id);
}

static void entity_write(struct json_writer *json, const struct facts *facts, struct entity entity)
{
	json_object_begin(json);
	if (*str_of(facts, entity.host))
		json_key_text(json, "host", str_of(facts, entity.host));
	json_key_text(json, "kind", str_of(facts, entity.kind));
	json_key_text(json, "name", str_of(facts, entity.name));
	json_object_end(json);
}

static void flags_write(struct json_writer *json, unsigned flags)
{
	static const char *const names[] = { "partial", "scaled", "estimated", "derived" };

	json_key(json, "flags");
	json_array_begin(json);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (flags >> i & 1)
			json_text(json, names[i]);
	json_array_end(json);
}

static void fact_write(struct json_writer *json, const struct facts *facts, const struct fact *fact)
{
	json_object_begin(json);
	json_key(json, "id");
	fact_id(json, fact);
	json_key(json, "entity");
	entity_write(json, facts, fact->entity);
	json_key_text(json, "name", str_of(facts, fact->name));
	switch (fact->type) {
	case FACT_NUMBER:
		json_key_real(json, "value", fact->number);
		json_key_text(json, "unit", str_of(facts, fact->unit));
		break;
	case FACT_TEXT:
		json_key_text(json, "value", str_of(facts, fact->text));
		break;
	case FACT_ABSENT:
		json_key(json, "value");
		json_null(json);
		json_key_text(json, "absent_because", str_of(facts, fact->text));
		break;
	}
	if (fact->n)
		json_key_uint(json, "n", fact->n);
	if (fact->flags)
		flags_write(json, fact->flags);
	if (fact->from[0]) {
		json_key(json, "from"); /* the first of them */
		json_array_begin(json);
		for (size_t i = 0; i < ARRAY_SIZE(fact->from) && fact->from[i]; i++)
			fact_id(json, &facts->facts.items[fact->from[i] - 1]);
		json_array_end(json);
	}
	json_key_text(json, "source", str_of(facts, fact->source));
	json_object_end(json);
}

/* In the order of their numbers. */
static void facts_write(struct json_writer *json, const struct facts *facts)
{
	size_t count = facts->facts.count;
	auto_free uint32_t *by_number = x_calloc(count + 1, sizeof(*by_number));

	for (uint32_t i = 0; i < count; i++)
		by_number[facts->facts.items[i].number_in_answer] = i;
	json_key(json, "facts");
	json_array_begin(json);
	for (size_t i = 1; i <= count; i++)
		fact_write(json, facts, &facts->facts.items[by_number[i]]);
	json_array_end(json);
}

static void finding_write(struct json_writer *json, const struct facts *facts,
			  const struct finding *finding)
{
	static const char *const severities[] = { "info", "warning", "critical" };

	json_object_begin(json);
	json_key_text(json, "rule", str_of(facts, finding->rule));
	json_key_text(json, "severity", severities[finding->severity]);
	json_key(json, "entity");
	entity_write(json, facts, finding->entity);
	json_key_text(json, "title", str_of(facts, finding->title));
	json_key_text(json, "text", str_of(facts, finding->text));
	json_key_real(json, "rank", finding->rank);
	json_key(json, "evidence");
	json_array_begin(json);
	for (size_t i = 0; i < finding->evidence_count; i++)
		fact_id(json, &facts->facts.items[finding->evidence[i]]);
	json_array_end(json);
	json_key(json, "remedies");
	json_array_begin(json);
	for (size_t i = 0; i < finding->remedy_count; i++)
		json_text(json, str_of(facts, finding->remedies[i]));
	json_array_end(json);
	json_key(json, "explains");
	json_array_begin(json);
	for (size_t i = 0; i < finding->explains_count; i++)
		json_text(json, str_of(facts, facts->findings.items[finding->explains[i]].rule));
	json_array_end(json);
	json_object_end(json);
}

static void findings_write(struct json_writer *json, const struct facts *facts)
{
	json_key(json, "findings");
	json_array_begin(json);
	for (size_t i = 0; i < facts->findings.count; i++)
		finding_write(json, facts, &facts->findings.items[i]);
	json_array_end(json);
}

static void notes_write(struct json_writer *json, const struct facts *facts)
{
	json_key(json, "notes");
	json_array_begin(json);
	for (size_t i = 0; i < facts->notes.count; i++) {
		const struct note *note = &facts->notes.items[i];

		json_object_begin(json);
		json_key(json, "entity");
		entity_write(json, facts, note->entity);
		json_key_text(json, "aspect", str_of(facts, note->aspect));
		json_key_text(json, "text", str_of(facts, note->text));
		json_key_text(json, "source", str_of(facts, note->source));
		json_object_end(json);
	}
	json_array_end(json);
}

static void relations_write(struct json_writer *json, const struct facts *facts)
{
	json_key(json, "relations");
	json_array_begin(json);
	for (size_t i = 0; i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];

		json_object_begin(json);
		json_key(json, "a");
		entity_write(json, facts, relation->a);
		json_key_text(json, "verb", str_of(facts, relation->verb));
		json_key(json, "b");
		entity_write(json, facts, relation->b);
		json_object_end(json);
	}
	json_array_end(json);
}

static void rows_write(struct json_writer *json, const struct answer *answer,
		       const struct answer_options *options)
{
	auto_answer_plan struct answer_plan plan = answer_plan_make(answer, options);
	const struct profile *profile = answer->selection->profile;

	json_key(json, "functions");
	json_array_begin(json);
	for (size_t i = 0; i < plan.flat.count; i++) {
		const struct answer_row *row = &plan.flat.items[i];
		uint32_t name = profile->frames.items[row->row.frame].name;
		uint32_t topic = answer_row_topic(answer, row);

		json_object_begin(json);
		json_key_text(json, "function", row->named ? profile_text(profile, name) : NULL);
		json_key_text(json, "library", *row->library ? row->library : NULL);
		json_key_real(json, "self", table_share(&plan.functions, row->row.self));
		json_key_bool(json, "explained", row->known);
		json_key_bool(json, "skid", row->is_skid);
		json_key_text(json, "topic", topic ? str_of(answer->facts, topic) : NULL);
		if (row->self) {
			json_key(json, "fact");
			fact_id(json, row->self);
		}
		json_object_end(json);
	}
	json_array_end(json);
}

static void frame_write(struct json_writer *json, const struct profile *profile, uint32_t id)
{
	const struct profile_frame *frame = &profile->frames.items[id];
	const char *name = profile_text(profile, frame->name);
	const char *library = profile_frame_library(profile, id);
	const char *file = profile_text(profile, frame->file);

	json_object_begin(json);
	json_key_text(json, "function", *name ? name : NULL);
	json_key_text(json, "library", *library ? library : NULL);
	json_key_text(json, "file", *file ? file : NULL);
	if (frame->line)
		json_key_uint(json, "line", frame->line);
	if (frame->flags & PROFILE_FRAME_INLINED)
		json_key_bool(json, "inlined", true);
	json_object_end(json);
}

static void stacks_write(struct json_writer *json, const struct answer *answer,
			 const struct answer_options *options)
{
	auto_table struct table stacks = table_stacks(answer->selection, true, options->stacks);
	const struct profile *profile = answer->selection->profile;
	const struct profile_event *event = &profile->events.items[answer->selection->event];
	uint32_t frames[MAX_FRAMES];

	json_key(json, "stacks");
	json_array_begin(json);
	for (size_t i = 0; i < stacks.count; i++) {
		size_t count =
			profile_stack(profile, stacks.rows[i].node, frames, ARRAY_SIZE(frames));

		json_object_begin(json);
		json_key(json, "share");
		if (strcmp(event->unit, "stacks") == 0)
			json_null(json);
		else
			json_real(json, table_share(&stacks, stacks.rows[i].self));
		json_key(json, "frames"); /* innermost first */
		json_array_begin(json);
		while (count)
			frame_write(json, profile, frames[--count]);
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

void prose_write(struct json_writer *json, const struct answer_prose *prose)
{
	json_key(json, "model");
	if (!prose) {
		json_null(json);
		return;
	}
	json_object_begin(json);
	json_key_text(json, "written_by", prose->model);
	json_key_bool(json, "may_be_wrong", true);
	json_key(json, "text");
	json_text_str(json, prose->text);
	json_key(json, "figures");
	json_object_begin(json);
	json_key_uint(json, "verified", prose->right);
	json_key_uint(json, "wrong", prose->wrong);
	json_key_uint(json, "uncited", prose->uncited);
	json_object_end(json);
	json_key_uint(json, "facts_told", prose->facts_told);
	json_key_uint(json, "facts_known", prose->facts_known);
	json_key_text(json, "notice", prose->notice);
	json_key_text(json, "error", prose->error);
	json_key_text(json, "id", *prose->id ? prose->id : NULL);
	json_key_text(json, "url", prose->url);
	json_key_bool(json, "from_cache", prose->from_cache);
	if (prose->has_usage) {
		json_key_uint(json, "prompt_tokens", prose->prompt_tokens);
		json_key_uint(json, "completion_tokens", prose->reply_tokens);
	}
	if (prose->has_cost)
		json_key_real(json, "cost", prose->cost);
	json_object_end(json);
}

void answer_json(FILE *stream, const struct answer *answer, const struct answer_options *options)
{
	struct json_writer json = json_writer_on(stream);
	const struct profile *profile = answer->selection->profile;

	json_object_begin(&json);
	json_key_text(&json, "command", answer->command);
	json_key_text(&json, "source", profile->source);
	json_key_text(&json, "format", profile->format ? profile->format : "perf.data");
	json_key(&json, "model");
	json_null(&json);
	if (profile->damage)
		json_key_text(&json, "damage", profile->damage);
	json_key_uint(&json, "ignored_lines", profile->ignored_lines);
	if (strcmp(answer->command, "stacktrace") == 0)
		stacks_write(&json, answer, options);
	else
		rows_write(&json, answer, options);
	findings_write(&json, answer->facts);
	facts_write(&json, answer->facts);
	relations_write(&json, answer->facts);
	notes_write(&json, answer->facts);
	json_key(&json, "unchecked_rules");
	json_array_begin(&json);
	for (size_t i = 0; i < answer->unchecked_count; i++)
		json_text(&json, answer->unchecked[i]);
	json_array_end(&json);
	prose_write(&json, answer->prose);
	json_object_end(&json);
	json_finish(&json);
}
