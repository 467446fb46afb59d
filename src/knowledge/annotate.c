/* Pours what is known about the entities of an answer into its notes. */
#include <string.h>

#include "base/macros.h"
#include "knowledge/knowledge.h"

/* Callers of callers are followed inside one library at most so far. */
#define MAX_CALLER_DEPTH 24
/* How far above a function without a name its origin is looked for. */
#define MAX_UNDER_DEPTH 3

static void note_field(struct facts *facts, struct entity entity, const char *aspect,
		       struct kb_match match, uint32_t text)
{
	const char *source = kb_text(match.index, match.entry->fields[KB_FIELD_SOURCE]);

	if (!*kb_text(match.index, text))
		return;
	if (!*source)
		source = kb_text(match.index, match.entry->origin);
	facts_add_note(facts, entity, aspect, kb_text(match.index, text), source);
}

/* The conditions of a change are notes of an entity that is named by the change's text. */
static void note_advice(struct facts *facts, struct entity entity, struct kb_match match)
{
	const struct kb_entry *entry = match.entry;

	for (uint32_t i = 0; i < entry->advice_count; i++) {
		const struct kb_advice *advice = &match.index->advice[entry->advice_first + i];
		const char *text = kb_text(match.index, advice->fields[KB_ADVICE_TEXT]);
		struct entity advised = facts_entity(facts, "advice", text);

		facts_add_note(facts, entity, "change", text, kb_text(match.index, entry->origin));
		for (unsigned field = KB_ADVICE_WHEN; field < KB_ADVICE_FIELD_COUNT; field++)
			if (advice->fields[field])
				note_field(facts, advised, kb_advice_field_names[field], match,
					   advice->fields[field]);
	}
}

static void note_topic(const struct knowledge *knowledge, struct facts *facts, struct entity entity,
		       struct kb_match match)
{
	const char *name = kb_text(match.index, match.entry->fields[KB_FIELD_TOPIC]);
	struct entity topic = facts_entity(facts, "topic", name);
	struct kb_match found;

	if (!*name)
		return;
	note_field(facts, entity, "topic", match, match.entry->fields[KB_FIELD_TOPIC]);
	if (facts_note(facts, topic, "problem"))
		return;
	found = knowledge_topic(knowledge, str_from(name));
	if (!found.entry)
		return;
	note_field(facts, topic, "problem", found, found.entry->fields[KB_FIELD_PROBLEM]);
	note_advice(facts, topic, found);
}

static bool caller_matches(const struct facts *facts, struct entity caller, struct str pattern)
{
	struct str name = interned(&facts->texts, caller.name), dso, function;

	if (str_glob(pattern, name))
		return true;
	return facts_symbol_split(facts, caller, &dso, &function) && str_glob(pattern, function);
}

/* Direct callers, and theirs as long as they are in the library that `symbol` is in. */
static bool called_by(const struct facts *facts, struct entity symbol, struct str pattern,
		      unsigned depth)
{
	struct str dso, caller_dso, function;

	if (depth == 0 || !facts_symbol_split(facts, symbol, &dso, &function))
		return false;
	for (size_t i = 0; i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];

		if (!entity_eq(relation->b, symbol) || entity_eq(relation->a, symbol) ||
		    strcmp(facts_str(facts, relation->verb), "calls") != 0)
			continue;
		if (caller_matches(facts, relation->a, pattern))
			return true;
		if (facts_symbol_split(facts, relation->a, &caller_dso, &function) &&
		    str_eq(dso, caller_dso) && called_by(facts, relation->a, pattern, depth - 1))
			return true;
	}
	return false;
}

static void note_hints(struct facts *facts, struct entity symbol, struct kb_match match)
{
	for (uint32_t i = 0; i < match.entry->hint_count; i++) {
		const struct kb_hint *hint = &match.index->hints[match.entry->hint_first + i];

		if (called_by(facts, symbol, str_from(kb_text(match.index, hint->pattern)),
			      MAX_CALLER_DEPTH))
			note_field(facts, symbol, "caller_hint", match, hint->text);
	}
}

/* A function whose library is not known may be one of the program that it ran in. */
static struct kb_match find_function(const struct knowledge *knowledge, const struct facts *facts,
				     struct entity symbol, struct str dso, struct str function)
{
	for (size_t i = 0; !dso.len && i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];
		struct kb_match match;

		if (!entity_eq(relation->a, symbol) ||
		    strcmp(facts_str(facts, relation->verb), "in") != 0)
			continue;
		match = knowledge_function(knowledge, interned(&facts->texts, relation->b.name),
					   function);
		if (match.entry && !match.elsewhere)
			return match;
	}
	return knowledge_function(knowledge, dso, function);
}

/* Words that stand for a function without a name: what its code shows, and who is around it. */
static bool is_mark(struct str text)
{
	static const char *const kinds[] = { "code:", "calls:", "below:", "above:", "under:" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_starts_with(text, str_from(kinds[i])))
			return true;
	return false;
}

/* Entries for one library tell more of a mark than those for all programs. */
static bool find_mark(const struct knowledge *knowledge, struct str dso, struct str mark,
		      bool everywhere, struct kb_match *ret)
{
	struct kb_match match = knowledge_function(knowledge, dso, mark);

	if (!match.entry || match.elsewhere ||
	    (kb_match_belief(match) == KB_EVERYWHERE) != everywhere ||
	    (match.certainty == KB_BY_PATTERN &&
	     !is_mark(str_from(kb_text(match.index, match.pattern)))))
		return false;
	*ret = match;
	return true;
}

static bool find_own_mark(const struct knowledge *knowledge, const struct facts *facts,
			  struct entity symbol, struct str dso, const char *prefix, bool everywhere,
			  struct strbuf *ret_mark, struct kb_match *ret)
{
	const struct fact *code = facts_find(facts, symbol, "code");
	struct str marks, mark;

	if (!code)
		return false;
	marks = interned(&facts->texts, code->text);
	while (str_next_word(&marks, &mark)) {
		strbuf_reset(ret_mark);
		strbuf_addf(ret_mark, "%s%.*s", prefix, STR_ARG(mark));
		if (find_mark(knowledge, dso, strbuf_str(ret_mark), everywhere, ret))
			return true;
	}
	return false;
}

/* By the callers' ("below:NAME") or the callees' ("above:NAME") names, or their marks. */
static bool find_neighbour_mark(const struct knowledge *knowledge, const struct facts *facts,
				struct entity symbol, struct str dso, bool below,
				struct strbuf *ret_mark, struct kb_match *ret)
{
	const char *prefix = below ? "below:" : "above:";

	for (size_t i = 0; i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];
		struct entity other = below ? relation->a : relation->b;
		struct str other_dso, name;

		if (!entity_eq(below ? relation->b : relation->a, symbol) ||
		    entity_eq(other, symbol) ||
		    strcmp(facts_str(facts, relation->verb), "calls") != 0 ||
		    !facts_symbol_split(facts, other, &other_dso, &name))
			continue;
		if (name.len && name.ptr[0] == '[') {
			if (find_own_mark(knowledge, facts, other, dso, prefix, false, ret_mark,
					  ret))
				return true;
			continue;
		}
		strbuf_reset(ret_mark);
		strbuf_addf(ret_mark, "%s%.*s", prefix, STR_ARG(name));
		if (find_mark(knowledge, dso, strbuf_str(ret_mark), false, ret))
			return true;
	}
	return false;
}

/* "under:": what is above the callers, in the same library, up to `depth` calls higher. */
static bool find_under(const struct knowledge *knowledge, const struct facts *facts,
		       struct entity symbol, struct str dso, unsigned depth,
		       struct strbuf *ret_mark, struct kb_match *ret)
{
	for (size_t i = 0; depth && i < facts->relations.count; i++) {
		const struct relation *relation = &facts->relations.items[i];
		struct str other_dso, name;

		if (!entity_eq(relation->b, symbol) || entity_eq(relation->a, symbol) ||
		    strcmp(facts_str(facts, relation->verb), "calls") != 0 ||
		    !facts_symbol_split(facts, relation->a, &other_dso, &name) ||
		    !str_eq(dso, other_dso))
			continue;
		strbuf_reset(ret_mark);
		strbuf_addf(ret_mark, "under:%.*s", STR_ARG(name));
		if (find_mark(knowledge, dso, strbuf_str(ret_mark), false, ret) ||
		    find_own_mark(knowledge, facts, relation->a, dso, "under:", false, ret_mark,
				  ret) ||
		    find_under(knowledge, facts, relation->a, dso, depth - 1, ret_mark, ret))
			return true;
	}
	return false;
}

/* How people read a mark. */
static void mark_format(struct str mark, struct strbuf *out)
{
	static const struct {
		const char *mark, *text;
	} texts[] = { { "under:", "further below " },
		      { "below:", "below " },
		      { "above:", "above " },
		      { "code:", "marks of " },
		      { "calls:", "calls " } };

	strbuf_add_text(out, "told by its code, as it has no name here: ");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct str word = str_from(texts[i].mark);

		if (!str_starts_with(mark, word))
			continue;
		strbuf_add_text(out, texts[i].text);
		mark = (struct str){ mark.ptr + word.len, mark.len - word.len };
	}
	strbuf_addf(out, "%.*s", STR_ARG(mark));
}

static struct kb_match find_by_code(const struct knowledge *knowledge, struct facts *facts,
				    struct entity symbol, struct str dso, struct str function)
{
	auto_strbuf struct strbuf mark = STRBUF_INIT, text = STRBUF_INIT;
	struct kb_match match = { 0 };

	if (!str_starts_with(function, STR("[")) ||
	    (!find_own_mark(knowledge, facts, symbol, dso, "", false, &mark, &match) &&
	     !find_neighbour_mark(knowledge, facts, symbol, dso, true, &mark, &match) &&
	     !find_neighbour_mark(knowledge, facts, symbol, dso, false, &mark, &match) &&
	     !find_under(knowledge, facts, symbol, dso, MAX_UNDER_DEPTH, &mark, &match) &&
	     !find_own_mark(knowledge, facts, symbol, dso, "", true, &mark, &match)))
		return match;
	mark_format(strbuf_str(&mark), &text);
	facts_add_note(facts, symbol, "elsewhere", strbuf_text(&text),
		       kb_text(match.index, match.entry->origin));
	return match;
}

static void note_function(const struct knowledge *knowledge, struct facts *facts,
			  struct entity symbol)
{
	struct str dso, function;
	struct kb_match match;
	const char *origin;

	if (!facts_symbol_split(facts, symbol, &dso, &function))
		return;
	match = find_by_code(knowledge, facts, symbol, dso, function);
	if (!match.entry)
		match = find_function(knowledge, facts, symbol, dso, function);
	if (!match.entry)
		return;
	origin = kb_text(match.index, match.entry->origin);
	note_field(facts, symbol, "what", match, match.entry->fields[KB_FIELD_WHAT]);
	note_field(facts, symbol, "why_hot", match, match.entry->fields[KB_FIELD_HOT]);
	note_field(facts, symbol, "family", match, match.entry->fields[KB_FIELD_FAMILY]);
	if (match.entry->skid)
		facts_add_note(facts, symbol, "skid", "yes", origin);
	if (kb_match_is_catch_all(match))
		facts_add_note(facts, symbol, "catch_all", "yes", origin);
	if (match.elsewhere)
		facts_add_note(facts, symbol, "elsewhere",
			       dso.len ? "told by its name: linked into this program"
				       : "told by its name, as its library is not known",
			       origin);
	note_advice(facts, symbol, match);
	note_hints(facts, symbol, match);
	note_topic(knowledge, facts, symbol, match);
}

static void note_named(const struct knowledge *knowledge, struct facts *facts, struct entity entity,
		       struct kb_match match)
{
	if (!match.entry)
		return;
	note_field(facts, entity, "what", match, match.entry->fields[KB_FIELD_WHAT]);
	note_field(facts, entity, "why_hot", match, match.entry->fields[KB_FIELD_HOT]);
	note_field(facts, entity, "use", match, match.entry->fields[KB_FIELD_USE]);
	note_advice(facts, entity, match);
	note_topic(knowledge, facts, entity, match);
}

static void note_entity(const struct knowledge *knowledge, struct facts *facts,
			struct entity entity)
{
	const char *kind = facts_str(facts, entity.kind);
	struct str name = interned(&facts->texts, entity.name);

	if (!strcmp(kind, "symbol")) {
		note_function(knowledge, facts, entity);
	} else if (!strcmp(kind, "dso")) {
		struct kb_match match = knowledge_library(knowledge, name);

		note_named(knowledge, facts, entity,
			   match.entry ? match : knowledge_program(knowledge, name));
	} else if (!strcmp(kind, "program")) {
		note_named(knowledge, facts, entity, knowledge_program(knowledge, name));
	}
}

void knowledge_annotate(const struct knowledge *knowledge, struct facts *facts)
{
	struct entity last = { 0 };

	/* facts of one entity usually stand together; notes are added once in any case */
	for (size_t i = 0; i < facts->facts.count; i++) {
		struct entity entity = facts->facts.items[i].entity;

		if (i && entity_eq(entity, last))
			continue;
		note_entity(knowledge, facts, entity);
		last = entity;
	}
}
