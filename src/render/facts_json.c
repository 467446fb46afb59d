#include "render/facts_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *str_of(const struct facts *facts, uint32_t id)
{
	return facts_str(facts, id);
}

void fact_id_write(struct json_writer *json, const struct fact *fact)
{
	char id[16];

	snprintf(id, sizeof(id), "F%u", fact->number_in_answer);
	json_text(json, id);
}

void entity_write(struct json_writer *json, const struct facts *facts, struct entity entity)
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

void fact_write(struct json_writer *json, const struct facts *facts, const struct fact *fact)
{
	json_object_begin(json);
	json_key(json, "id");
	fact_id_write(json, fact);
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
			fact_id_write(json, &facts->facts.items[fact->from[i] - 1]);
		json_array_end(json);
	}
	json_key_text(json, "source", str_of(facts, fact->source));
	if (fact->source_line)
		json_key_uint(json, "line", fact->source_line);
	json_object_end(json);
}

/* In the order of their numbers. */
static size_t facts_write(struct json_writer *json, const struct facts_view *view)
{
	const struct facts *facts = view->facts;
	size_t count = facts->facts.count, left_out = 0;
	auto_free uint32_t *by_number = x_calloc(count + 1, sizeof(*by_number));

	for (uint32_t i = 0; i < count; i++)
		by_number[facts->facts.items[i].number_in_answer] = i;
	json_key(json, "facts");
	json_array_begin(json);
	for (size_t i = 1; i <= count; i++) {
		if (view->told[by_number[i]])
			fact_write(json, facts, &facts->facts.items[by_number[i]]);
		else
			left_out++;
	}
	json_array_end(json);
	return left_out;
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
		fact_id_write(json, &facts->facts.items[finding->evidence[i]]);
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

static bool is_shown(const struct facts_view *view, struct entity entity)
{
	return view->is_whole || strcmp(str_of(view->facts, entity.kind), "symbol") != 0 ||
	       view->symbols[entity.name];
}

static size_t notes_write(struct json_writer *json, const struct facts_view *view)
{
	const struct facts *facts = view->facts;
	size_t left_out = 0;

	json_key(json, "notes");
	json_array_begin(json);
	for (size_t i = 0; i < facts->notes.count; i++) {
		const struct note *note = &facts->notes.items[i];

		if (!is_shown(view, note->entity)) {
			left_out++;
			continue;
		}
		json_object_begin(json);
		json_key(json, "entity");
		entity_write(json, facts, note->entity);
		json_key_text(json, "aspect", str_of(facts, note->aspect));
		json_key_text(json, "text", str_of(facts, note->text));
		json_key_text(json, "source", str_of(facts, note->source));
		json_object_end(json);
	}
	json_array_end(json);
	return left_out;
}

static size_t relations_write(struct json_writer *json, const struct facts_view *view)
{
	const struct facts *facts = view->facts;
	size_t left_out = 0;

	json_key(json, "relations");
	json_array_begin(json);
	for (size_t i = 0; i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];

		if (!is_shown(view, relation->a) && !is_shown(view, relation->b)) {
			left_out++;
			continue;
		}
		json_object_begin(json);
		json_key(json, "a");
		entity_write(json, facts, relation->a);
		json_key_text(json, "verb", str_of(facts, relation->verb));
		json_key(json, "b");
		entity_write(json, facts, relation->b);
		json_object_end(json);
	}
	json_array_end(json);
	return left_out;
}

/* A fact brings those that it was derived from. */
static void tell(struct facts_view *view, uint32_t row)
{
	const struct fact *fact = &view->facts->facts.items[row];

	if (view->told[row])
		return;
	view->told[row] = true;
	for (size_t i = 0; i < ARRAY_SIZE(fact->from) && fact->from[i]; i++)
		tell(view, fact->from[i] - 1);
}

static void choose(struct facts_view *view)
{
	const struct facts *facts = view->facts;

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];

		for (size_t e = 0; e < finding->evidence_count; e++)
			facts_view_show(view, facts->facts.items[finding->evidence[e]].entity);
	}
	for (uint32_t i = 0; i < facts->facts.count; i++)
		if (is_shown(view, facts->facts.items[i].entity))
			tell(view, i);
}

struct facts_view facts_view_new(const struct facts *facts, bool is_whole)
{
	return (struct facts_view){
		.facts = facts,
		.symbols = x_calloc(facts->texts.count + 1, sizeof(bool)),
		.told = x_calloc(facts->facts.count + 1, sizeof(bool)),
		.is_whole = is_whole,
	};
}

void facts_view_done(struct facts_view *view)
{
	free(view->symbols);
	free(view->told);
}

void facts_view_show(struct facts_view *view, struct entity symbol)
{
	view->symbols[symbol.name] = true;
}

void facts_view_write(struct json_writer *json, struct facts_view *view)
{
	size_t facts, relations, notes;

	choose(view);
	findings_write(json, view->facts);
	facts = facts_write(json, view);
	relations = relations_write(json, view);
	notes = notes_write(json, view);
	json_key(json, "left_out"); /* of functions that are not shown; -v leaves nothing out */
	json_object_begin(json);
	json_key_uint(json, "facts", facts);
	json_key_uint(json, "relations", relations);
	json_key_uint(json, "notes", notes);
	json_object_end(json);
}
