#include "facts/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

void facts_done(struct facts *facts)
{
	fact_vec_done(&facts->facts);
	relation_vec_done(&facts->relations);
	finding_vec_done(&facts->findings);
	need_vec_done(&facts->needs);
	note_vec_done(&facts->notes);
	free(facts->fact_index.slots);
	free(facts->note_index.slots);
	free(facts->relation_index.slots);
	arena_done(&facts->arena);
	interner_done(&facts->texts);
	*facts = (struct facts)FACTS_INIT;
}

uint32_t facts_text(struct facts *facts, const char *text)
{
	return intern_text(&facts->texts, text ? text : "");
}

const char *facts_str(const struct facts *facts, uint32_t text_id)
{
	return interned_text(&facts->texts, text_id);
}

struct entity facts_entity(struct facts *facts, const char *kind, const char *name)
{
	return (struct entity){ facts_text(facts, ""), facts_text(facts, kind),
				facts_text(facts, name) };
}

struct entity facts_symbol(struct facts *facts, const char *dso, const char *function)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	strbuf_add_text(&name, dso);
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == ':')
			name.ptr[i] = '_';
	strbuf_add_char(&name, ':');
	strbuf_add_text(&name, function);
	return facts_entity(facts, "symbol", strbuf_text(&name));
}

bool facts_symbol_split(const struct facts *facts, struct entity symbol, struct str *ret_dso,
			struct str *ret_function)
{
	return str_cut(interned(&facts->texts, symbol.name), ':', ret_dso, ret_function);
}

bool entity_eq(struct entity a, struct entity b)
{
	return a.host == b.host && a.kind == b.kind && a.name == b.name;
}

static int text_cmp(const struct facts *facts, uint32_t a, uint32_t b)
{
	return a == b ? 0 : str_cmp(interned(&facts->texts, a), interned(&facts->texts, b));
}

int entity_cmp(const struct facts *facts, struct entity a, struct entity b)
{
	int order = text_cmp(facts, a.host, b.host);

	if (!order)
		order = text_cmp(facts, a.kind, b.kind);
	return order ? order : text_cmp(facts, a.name, b.name);
}

static uint32_t key_hash(struct entity entity, uint32_t word)
{
	uint32_t parts[] = { entity.host, entity.kind, entity.name, word };

	return (uint32_t)str_hash((struct str){ (const char *)parts, sizeof(parts) });
}

static uint32_t relation_hash(const struct relation *relation)
{
	return key_hash(relation->a, relation->verb) ^ (key_hash(relation->b, 0) * 31);
}

static void index_insert(struct facts_index *index, uint32_t hash, uint32_t row)
{
	uint32_t i = hash & index->mask;

	while (index->slots[i])
		i = (i + 1) & index->mask;
	index->slots[i] = row + 1;
	index->used++;
}

/* True where the caller must insert all rows again: the slots were thrown away. */
static bool index_make_room(struct facts_index *index)
{
	uint32_t slot_count = index->slots ? index->mask + 1 : 0;

	if ((uint64_t)(index->used + 1) * 4 <= (uint64_t)slot_count * 3)
		return false;
	slot_count = MAX(slot_count * 2, 64U);
	free(index->slots);
	*index = (struct facts_index){ x_calloc(slot_count, sizeof(uint32_t)), slot_count - 1, 0 };
	return true;
}

static bool fact_has_key(const struct fact *a, const struct fact *b)
{
	return entity_eq(a->entity, b->entity) && a->name == b->name &&
	       a->start_ns == b->start_ns && a->end_ns == b->end_ns;
}

uint32_t facts_add(struct facts *facts, struct fact fact)
{
	struct facts_index *index = &facts->fact_index;
	uint32_t hash = key_hash(fact.entity, fact.name);

	/* sums show the rounding of their terms beyond what any measurement says */
	if (fact.flags & FACT_DERIVED && fabs(fact.number) < 1e6)
		fact.number = round(fact.number * 1e9) / 1e9;
	if (index_make_room(index))
		for (uint32_t i = 0; i < facts->facts.count; i++)
			index_insert(
				index,
				key_hash(facts->facts.items[i].entity, facts->facts.items[i].name),
				i);
	for (uint32_t i = hash & index->mask; index->slots[i]; i = (i + 1) & index->mask) {
		struct fact *known = &facts->facts.items[index->slots[i] - 1];

		if (fact_has_key(known, &fact)) {
			*known = fact;
			return index->slots[i] - 1;
		}
	}
	index_insert(index, hash, (uint32_t)facts->facts.count);
	fact_vec_push(&facts->facts, fact);
	return (uint32_t)facts->facts.count - 1;
}

uint32_t facts_add_number(struct facts *facts, struct entity entity, const char *name,
			  double number, const char *unit, const char *source)
{
	return facts_add(facts, (struct fact){ .entity = entity,
					       .name = facts_text(facts, name),
					       .type = FACT_NUMBER,
					       .number = number,
					       .unit = facts_text(facts, unit),
					       .source = facts_text(facts, source) });
}

uint32_t facts_add_text(struct facts *facts, struct entity entity, const char *name,
			const char *text, const char *source)
{
	return facts_add(facts, (struct fact){ .entity = entity,
					       .name = facts_text(facts, name),
					       .type = FACT_TEXT,
					       .text = facts_text(facts, text),
					       .source = facts_text(facts, source) });
}

uint32_t facts_add_absent(struct facts *facts, struct entity entity, const char *name,
			  const char *reason, const char *source)
{
	return facts_add(facts, (struct fact){ .entity = entity,
					       .name = facts_text(facts, name),
					       .type = FACT_ABSENT,
					       .text = facts_text(facts, reason),
					       .source = facts_text(facts, source) });
}

uint32_t facts_add_note(struct facts *facts, struct entity entity, const char *aspect,
			const char *text, const char *source)
{
	struct facts_index *index = &facts->note_index;
	struct note note = { entity, facts_text(facts, aspect), facts_text(facts, text),
			     facts_text(facts, source) };
	uint32_t hash = key_hash(entity, note.aspect);

	if (index_make_room(index))
		for (uint32_t i = 0; i < facts->notes.count; i++)
			index_insert(index,
				     key_hash(facts->notes.items[i].entity,
					      facts->notes.items[i].aspect),
				     i);
	for (uint32_t i = hash & index->mask; index->slots[i]; i = (i + 1) & index->mask) {
		const struct note *known = &facts->notes.items[index->slots[i] - 1];

		if (entity_eq(known->entity, entity) && known->aspect == note.aspect &&
		    known->text == note.text)
			return index->slots[i] - 1;
	}
	index_insert(index, hash, (uint32_t)facts->notes.count);
	note_vec_push(&facts->notes, note);
	return (uint32_t)facts->notes.count - 1;
}

static bool relation_eq(const struct relation *a, const struct relation *b)
{
	return a->verb == b->verb && entity_eq(a->a, b->a) && entity_eq(a->b, b->b);
}

static bool relation_known(const struct facts *facts, const struct relation *relation)
{
	const struct facts_index *index = &facts->relation_index;

	if (!index->slots)
		return false;
	for (uint32_t i = relation_hash(relation) & index->mask; index->slots[i];
	     i = (i + 1) & index->mask)
		if (relation_eq(&facts->relations.items[index->slots[i] - 1], relation))
			return true;
	return false;
}

void facts_add_relation(struct facts *facts, struct entity a, const char *verb, struct entity b)
{
	struct relation relation = { a, b, facts_text(facts, verb) };
	struct facts_index *index = &facts->relation_index;

	if (relation_known(facts, &relation))
		return;
	if (index_make_room(index))
		for (uint32_t i = 0; i < facts->relations.count; i++)
			index_insert(index, relation_hash(&facts->relations.items[i]), i);
	index_insert(index, relation_hash(&relation), (uint32_t)facts->relations.count);
	relation_vec_push(&facts->relations, relation);
}

bool facts_related(const struct facts *facts, struct entity a, const char *verb, struct entity b)
{
	struct relation relation = { a, b, intern_find(&facts->texts, str_from(verb)) };

	return relation_known(facts, &relation);
}

void facts_add_need(struct facts *facts, const char *kind, const char *menu_id,
		    struct entity entity)
{
	struct need need = { facts_text(facts, kind), facts_text(facts, menu_id), entity };

	for (size_t i = 0; i < facts->needs.count; i++) {
		const struct need *known = &facts->needs.items[i];

		if (known->kind == need.kind && known->menu_id == need.menu_id &&
		    entity_eq(known->entity, entity))
			return;
	}
	need_vec_push(&facts->needs, need);
}

static uint32_t *copy_ids(struct facts *facts, const uint32_t *ids, size_t count)
{
	uint32_t *copy = arena_array(&facts->arena, count, sizeof(*ids));

	if (count)
		memcpy(copy, ids, count * sizeof(*ids));
	return copy;
}

uint32_t facts_add_finding(struct facts *facts, const struct finding *finding)
{
	struct finding copy = *finding;

	copy.evidence = copy_ids(facts, finding->evidence, finding->evidence_count);
	copy.remedies = copy_ids(facts, finding->remedies, finding->remedy_count);
	copy.explains = copy_ids(facts, finding->explains, finding->explains_count);
	for (uint32_t i = 0; i < facts->findings.count; i++) {
		struct finding *known = &facts->findings.items[i];

		if (known->rule == copy.rule && entity_eq(known->entity, copy.entity)) {
			*known = copy;
			return i;
		}
	}
	finding_vec_push(&facts->findings, copy);
	return (uint32_t)facts->findings.count - 1;
}

const struct fact *facts_find(const struct facts *facts, struct entity entity, const char *name)
{
	const struct facts_index *index = &facts->fact_index;
	uint32_t name_id = intern_find(&facts->texts, str_from(name));

	if (name_id == UINT32_MAX || !index->slots)
		return NULL;
	for (uint32_t i = key_hash(entity, name_id) & index->mask; index->slots[i];
	     i = (i + 1) & index->mask) {
		const struct fact *fact = &facts->facts.items[index->slots[i] - 1];

		if (entity_eq(fact->entity, entity) && fact->name == name_id)
			return fact;
	}
	return NULL;
}

double facts_value(const struct facts *facts, struct entity entity, const char *name,
		   double otherwise)
{
	const struct fact *fact = facts_find(facts, entity, name);

	return fact && fact->type == FACT_NUMBER ? fact->number : otherwise;
}

const struct note *facts_next_note(const struct facts *facts, struct entity entity,
				   const char *aspect, uint32_t *cursor)
{
	const struct facts_index *index = &facts->note_index;
	uint32_t aspect_id = intern_find(&facts->texts, str_from(aspect));
	uint32_t seen = 0;

	if (aspect_id == UINT32_MAX || !index->slots)
		return NULL;
	for (uint32_t i = key_hash(entity, aspect_id) & index->mask; index->slots[i];
	     i = (i + 1) & index->mask) {
		const struct note *note = &facts->notes.items[index->slots[i] - 1];

		if (!entity_eq(note->entity, entity) || note->aspect != aspect_id)
			continue;
		if (seen++ < *cursor)
			continue;
		(*cursor)++;
		return note;
	}
	return NULL;
}

const char *facts_note(const struct facts *facts, struct entity entity, const char *aspect)
{
	uint32_t cursor = 0;
	const struct note *note = facts_next_note(facts, entity, aspect, &cursor);

	return note ? facts_str(facts, note->text) : NULL;
}

/* Rows as indices, so that what already points at rows stays right. */
static int by_key(const void *left, const void *right, void *context)
{
	const struct facts *facts = context;
	const struct fact *a = &facts->facts.items[*(const uint32_t *)left];
	const struct fact *b = &facts->facts.items[*(const uint32_t *)right];
	int order = entity_cmp(facts, a->entity, b->entity);

	if (!order)
		order = text_cmp(facts, a->name, b->name);
	if (!order)
		order = (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
	return order ? order : (a->end_ns > b->end_ns) - (a->end_ns < b->end_ns);
}

double facts_weight(const struct facts *facts, const struct fact *fact)
{
	/* the answer to a rule's question matters where the rule fired: there it is cited */
	if (strcmp(facts_str(facts, fact->entity.kind), "trace") == 0)
		return -1;
	if (strcmp(facts_str(facts, fact->entity.kind), "profile") == 0 ||
	    fact->type == FACT_ABSENT)
		return 2;
	if (fact->type == FACT_NUMBER && strcmp(facts_str(facts, fact->unit), "ratio") == 0)
		return fact->number;
	return facts_value(facts, fact->entity, "self", 0);
}

struct numbered {
	uint32_t row, cited; /* place in the evidence of the findings; UINT32_MAX = in none */
	double weight;
};

static int by_importance(const void *left, const void *right, void *context)
{
	const struct numbered *a = left, *b = right;

	if (a->cited != b->cited)
		return a->cited < b->cited ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return by_key(&a->row, &b->row, context);
}

static void mark_cited(const struct facts *facts, struct numbered *items)
{
	uint32_t place = 0;

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];

		for (size_t e = 0; e < finding->evidence_count; e++) {
			struct numbered *item = &items[finding->evidence[e]];

			if (item->cited == UINT32_MAX)
				item->cited = place++;
		}
	}
}

void facts_number(struct facts *facts)
{
	size_t count = facts->facts.count;
	auto_free struct numbered *items = x_calloc(count, sizeof(*items));

	for (uint32_t i = 0; i < count; i++)
		items[i] = (struct numbered){ i, UINT32_MAX,
					      facts_weight(facts, &facts->facts.items[i]) };
	mark_cited(facts, items);
	qsort_r(items, count, sizeof(*items), by_importance, facts);
	for (uint32_t i = 0; i < count; i++)
		facts->facts.items[items[i].row].number_in_answer = i + 1;
}

static bool is_listed(const struct finding *finding, uint32_t row)
{
	for (size_t i = 0; i < finding->explains_count; i++)
		if (finding->explains[i] == row)
			return true;
	return false;
}

/* Whether another finding that is at least as severe explains it, and is not explained by it. */
static bool is_explained(const struct facts *facts, uint32_t row)
{
	const struct finding *symptom = &facts->findings.items[row];

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct finding *cause = &facts->findings.items[i];

		if (cause->severity >= symptom->severity && is_listed(cause, row) &&
		    !is_listed(symptom, (uint32_t)i))
			return true;
	}
	return false;
}

static int by_weight(const void *left, const void *right, void *context)
{
	const struct facts *facts = context;
	const struct finding *a = &facts->findings.items[*(const uint32_t *)left];
	const struct finding *b = &facts->findings.items[*(const uint32_t *)right];
	bool a_is_explained = is_explained(facts, *(const uint32_t *)left);
	bool b_is_explained = is_explained(facts, *(const uint32_t *)right);
	int order;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a_is_explained != b_is_explained)
		return a_is_explained ? 1 : -1;
	order = (a->rank < b->rank) - (a->rank > b->rank);
	if (!order)
		order = text_cmp(facts, a->rule, b->rule);
	return order ? order : entity_cmp(facts, a->entity, b->entity);
}

void facts_sort_findings(struct facts *facts)
{
	size_t count = facts->findings.count;
	auto_free uint32_t *order = x_calloc(count, sizeof(*order));
	auto_free uint32_t *new_row = x_calloc(count, sizeof(*new_row));
	auto_free struct finding *sorted = x_calloc(count, sizeof(*sorted));

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), by_weight, facts);
	for (uint32_t i = 0; i < count; i++) {
		sorted[i] = facts->findings.items[order[i]];
		new_row[order[i]] = i;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sorted[i].explains_count; k++)
			if (sorted[i].explains[k] < count)
				sorted[i].explains[k] = new_row[sorted[i].explains[k]];
	if (count)
		memcpy(facts->findings.items, sorted, count * sizeof(*sorted));
}
