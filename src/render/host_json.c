#include "render/host.h"

#include <string.h>

#include "base/json_out.h"
#include "render/facts_json.h"

static const char *str_of(const struct facts *facts, uint32_t id)
{
	return facts_str(facts, id);
}

static void value_write(struct json_writer *json, const struct facts *facts,
			const struct fact *fact)
{
	json_key(json, "value");
	switch (fact->type) {
	case FACT_NUMBER:
		json_real(json, fact->number);
		break;
	case FACT_TEXT:
		json_text(json, str_of(facts, fact->text));
		break;
	case FACT_ABSENT:
		json_null(json);
		break;
	}
	json_key_text(json, "unit", fact->type == FACT_NUMBER ? str_of(facts, fact->unit) : NULL);
}

/* "top.txt:3" */
static void source_write(struct json_writer *json, const struct facts *facts,
			 const struct fact *fact)
{
	auto_strbuf struct strbuf source = STRBUF_INIT;

	strbuf_add_text(&source, str_of(facts, fact->source));
	if (fact->source_line)
		strbuf_addf(&source, ":%u", fact->source_line);
	json_key_text(json, "source", strbuf_text(&source));
}

static void evidence_write(struct json_writer *json, const struct facts *facts,
			   const struct finding *finding)
{
	json_key(json, "evidence");
	json_array_begin(json);
	for (size_t i = 0; i < finding->evidence_count; i++) {
		const struct fact *fact = &facts->facts.items[finding->evidence[i]];

		json_object_begin(json);
		json_key(json, "id");
		fact_id_write(json, fact);
		json_key(json, "entity");
		entity_write(json, facts, fact->entity);
		json_key_text(json, "fact", str_of(facts, fact->name));
		value_write(json, facts, fact);
		source_write(json, facts, fact);
		json_object_end(json);
	}
	json_array_end(json);
}

static void finding_write(struct json_writer *json, const struct facts *facts,
			  const struct finding *finding)
{
	static const char *const severities[] = { "info", "warning", "critical" };

	json_object_begin(json);
	json_key_text(json, "id", str_of(facts, finding->rule));
	json_key_text(json, "severity", severities[finding->severity]);
	json_key_text(json, "title", str_of(facts, finding->title));
	json_key_text(json, "text", str_of(facts, finding->text));
	json_key(json, "entity");
	entity_write(json, facts, finding->entity);
	evidence_write(json, facts, finding);
	json_key(json, "explains");
	json_array_begin(json);
	for (size_t i = 0; i < finding->explains_count; i++)
		json_text(json, str_of(facts, facts->findings.items[finding->explains[i]].rule));
	json_array_end(json);
	json_key(json, "remedies");
	json_array_begin(json);
	for (size_t i = 0; i < finding->remedy_count; i++)
		json_text(json, str_of(facts, finding->remedies[i]));
	json_array_end(json);
	json_object_end(json);
}

static void areas_write(struct json_writer *json, const struct host_answer *answer)
{
	json_key(json, "exonerated");
	json_array_begin(json);
	for (size_t i = 0; i < answer->area_count; i++) {
		if (answer->areas[i].run)
			continue;
		json_object_begin(json);
		json_key_text(json, "area", answer->areas[i].name);
		json_key_text(json, "reason", answer->areas[i].reason);
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "not_checked");
	json_array_begin(json);
	if (answer->unreachable) {
		json_object_begin(json);
		json_key_text(json, "area", "everything");
		json_key_text(json, "reason", answer->unreachable);
		json_key_text(json, "run", NULL);
		json_object_end(json);
	}
	for (size_t i = 0; i < answer->area_count; i++) {
		if (!answer->areas[i].run)
			continue;
		json_object_begin(json);
		json_key_text(json, "area", answer->areas[i].name);
		json_key_text(json, "reason", answer->areas[i].reason);
		json_key_text(json, "run", answer->areas[i].run);
		json_object_end(json);
	}
	json_array_end(json);
}

/* All facts of the entity as one object: {"count": 12, "first": "..."}. */
static void fields_write(struct json_writer *json, const struct facts *facts, struct entity entity)
{
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (!entity_eq(fact->entity, entity))
			continue;
		json_key(json, str_of(facts, fact->name));
		if (fact->type == FACT_NUMBER)
			json_real(json, fact->number);
		else
			json_text(json, str_of(facts, fact->text));
	}
}

/* Lines as they stand, with what stood below them. */
static void notes_write(struct json_writer *json, const struct facts *facts, struct entity entity)
{
	const struct note *note;
	uint32_t cursor = 0;

	json_key_text(json, "example", facts_note(facts, entity, "example"));
	json_key(json, "below");
	json_array_begin(json);
	while ((note = facts_next_note(facts, entity, "below", &cursor)))
		json_text(json, str_of(facts, note->text));
	json_array_end(json);
}

static void messages_write(struct json_writer *json, const struct facts *facts, struct entity input)
{
	json_key(json, "messages");
	json_array_begin(json);
	for (size_t i = 0; i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];

		if (!entity_eq(relation->b, input) ||
		    strcmp(str_of(facts, relation->verb), "in") != 0)
			continue;
		json_object_begin(json);
		fields_write(json, facts, relation->a);
		notes_write(json, facts, relation->a);
		json_object_end(json);
	}
	json_array_end(json);
}

static void inputs_write(struct json_writer *json, const struct facts *facts)
{
	struct entity last = { 0 };

	json_key(json, "inputs");
	json_array_begin(json);
	for (size_t i = 0; i < facts->facts.count; i++) {
		struct entity entity = facts->facts.items[i].entity;
		bool known = entity_eq(entity, last);

		if (known || strcmp(str_of(facts, entity.kind), "input") != 0)
			continue;
		for (size_t k = 0; k < i && !known; k++)
			known = entity_eq(facts->facts.items[k].entity, entity);
		last = entity;
		if (known)
			continue;
		json_object_begin(json);
		json_key_text(json, "name", str_of(facts, entity.name));
		fields_write(json, facts, entity);
		json_key_text(json, "unknown_example",
			      facts_note(facts, entity, "unknown_example"));
		messages_write(json, facts, entity);
		json_object_end(json);
	}
	json_array_end(json);
}

/* true, false, or null where there is not enough evidence for either. */
static void healthy_write(struct json_writer *json, const struct host_answer *answer)
{
	bool any_fine = false;

	json_key(json, "healthy");
	for (size_t i = 0; i < answer->facts->findings.count; i++)
		if (answer->facts->findings.items[i].severity >= SEVERITY_WARNING) {
			json_bool(json, false);
			return;
		}
	for (size_t i = 0; i < answer->area_count; i++)
		any_fine |= !answer->areas[i].run;
	if (any_fine)
		json_bool(json, true);
	else
		json_null(json);
}

static void differences_write(struct json_writer *json, const struct host_answer *answer)
{
	json_key(json, "differs");
	json_array_begin(json);
	for (size_t i = 0; i < answer->difference_count; i++) {
		const struct host_answer_difference *difference = &answer->differences[i];
		const struct fact *fact = &answer->facts->facts.items[difference->fact];

		json_object_begin(json);
		json_key(json, "id");
		fact_id_write(json, fact);
		json_key(json, "entity");
		entity_write(json, answer->facts, fact->entity);
		json_key_text(json, "fact", str_of(answer->facts, fact->name));
		value_write(json, answer->facts, fact);
		json_key_real(json, "usual", difference->usual);
		json_object_end(json);
	}
	json_array_end(json);
}

static void host_write(struct json_writer *json, const struct host_answer *answer)
{
	const struct facts *facts = answer->facts;

	json_object_begin(json);
	json_key_text(json, "host", answer->host);
	json_key_text(json, "source", answer->source);
	json_key_text(json, "unreachable", answer->unreachable);
	healthy_write(json, answer);
	json_key(json, "findings");
	json_array_begin(json);
	for (size_t i = 0; i < facts->findings.count; i++)
		finding_write(json, facts, &facts->findings.items[i]);
	json_array_end(json);
	areas_write(json, answer);
	differences_write(json, answer);
	json_key(json, "unchecked_rules");
	json_array_begin(json);
	for (size_t i = 0; i < answer->unchecked_count; i++)
		json_text(json, answer->unchecked[i]);
	json_array_end(json);
	inputs_write(json, facts);
	json_key(json, "facts");
	json_array_begin(json);
	for (size_t i = 0; i < facts->facts.count; i++)
		fact_write(json, facts, &facts->facts.items[i]);
	json_array_end(json);
	json_object_end(json);
}

void host_answers_json(FILE *stream, const struct host_answer *answers, size_t count,
		       const struct answer_prose *prose)
{
	struct json_writer json = json_writer_on(stream);

	json_object_begin(&json);
	json_key_text(&json, "command", answers->command);
	json_key(&json, "hosts");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		host_write(&json, &answers[i]);
	json_array_end(&json);
	prose_write(&json, prose);
	json_object_end(&json);
	json_finish(&json);
}
