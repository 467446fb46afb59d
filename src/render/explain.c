#include "render/explain.h"

#include <string.h>

#include "base/json_out.h"
#include "base/strbuf.h"

/* How a note is introduced to people; aspects that are not listed go by their own name. */
static const struct label {
	const char *aspect, *text;
	bool is_list; /* an array in JSON, however many there are */
} labels[] = {
	{ "what", "", false },
	{ "means", "", false },
	{ "unknown", "", false },
	{ "keep", "", false },
	{ "problem", "Problem: ", false },
	{ "use", "used for: ", false },
	{ "why_hot", "hot because: ", false },
	{ "synopsis", "synopsis: ", true },
	{ "when", "wins when: ", false },
	{ "condition", "when: ", false },
	{ "expect", "expect: ", false },
	{ "cost", "to switch: ", false },
	{ "source", "source: ", false },
	{ "how", "how: ", false },
	{ "by", "by: ", false },
	{ "recommended", "recommended, as ", false },
	{ "near", "near names: ", true },
	{ "manual", "man page: ", true },
	{ "value", "value: ", false },
	{ "by_caller", "called by ", true },
	{ "known_by", "known by: ", false },
};

static const struct label *label_of(const char *aspect)
{
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		if (!strcmp(labels[i].aspect, aspect))
			return &labels[i];
	return NULL;
}

/* ---- for people */

static unsigned indent_of(const struct explain_item *item)
{
	return item->depth ? 2 + 4 * item->depth : 2;
}

static void line_print(const struct term *term, unsigned indent, const char *label,
		       const struct strbuf *text)
{
	fprintf(term->stream, "%*s%s%s%s", (int)indent, "", term_style(term, TERM_CYAN), label,
		term_style(term, TERM_PLAIN));
	term_wrap(term->stream, strbuf_str(text), term->width, indent + (unsigned)strlen(label));
}

/* Notes of one aspect that are lists stand on one line. */
static bool is_told(const struct facts *facts, size_t row)
{
	const struct note *note = &facts->notes.items[row];

	for (size_t i = 0; i < row; i++)
		if (entity_eq(facts->notes.items[i].entity, note->entity) &&
		    facts->notes.items[i].aspect == note->aspect)
			return true;
	return false;
}

static void list_add(const struct facts *facts, const struct note *first, const char *separator,
		     struct strbuf *out)
{
	uint32_t cursor = 0;
	const struct note *note;
	const char *aspect = facts_str(facts, first->aspect);
	bool more = false;

	while ((note = facts_next_note(facts, first->entity, aspect, &cursor))) {
		strbuf_addf(out, "%s%s", more ? separator : "", facts_str(facts, note->text));
		more = true;
	}
}

static void notes_print(const struct term *term, const struct explain_answer *answer,
			const struct explain_item *item)
{
	const struct facts *facts = answer->facts;

	for (size_t i = 0; i < facts->notes.count; i++) {
		const struct note *note = &facts->notes.items[i];
		const char *aspect = facts_str(facts, note->aspect);
		const struct label *label = label_of(aspect);
		auto_strbuf struct strbuf text = STRBUF_INIT;
		auto_strbuf struct strbuf name = STRBUF_INIT;

		if (!entity_eq(note->entity, item->entity) || is_told(facts, i))
			continue;
		if (!label)
			strbuf_addf(&name, "%s: ", aspect);
		list_add(facts, note, label && label->is_list ? "; " : "\n", &text);
		line_print(term, indent_of(item), label ? label->text : strbuf_text(&name), &text);
	}
}

static void facts_print(const struct term *term, const struct explain_answer *answer,
			const struct explain_item *item)
{
	const struct facts *facts = answer->facts;

	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];
		auto_strbuf struct strbuf text = STRBUF_INIT;
		auto_strbuf struct strbuf name = STRBUF_INIT;

		if (fact->type != FACT_TEXT || !entity_eq(fact->entity, item->entity))
			continue;
		strbuf_addf(&name, "%s: ", facts_str(facts, fact->name));
		strbuf_addf(&text, "%s [F%u]", facts_str(facts, fact->text),
			    fact->number_in_answer);
		line_print(term, indent_of(item), strbuf_text(&name), &text);
	}
}

static void title_print(const struct term *term, const struct explain_item *item)
{
	unsigned indent = item->depth ? 4 * item->depth - 2 : 0;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add_text(&text, item->title);
	if (item->mark)
		strbuf_addf(&text, "  (%s)", item->mark);
	fprintf(term->stream, "%s%*s%s", item->depth ? "" : "\n", (int)indent, "",
		term_style(term, TERM_BOLD));
	term_wrap(term->stream, strbuf_str(&text), term->width, indent);
	fputs(term_style(term, TERM_PLAIN), term->stream);
}

void explain_text(const struct term *term, const struct explain_answer *answer)
{
	for (size_t i = 0; i < answer->outline.count; i++) {
		const struct explain_item *item = &answer->outline.items[i];

		title_print(term, item);
		notes_print(term, answer, item);
		facts_print(term, answer, item);
	}
	if (answer->is_asked)
		return;
	fputs("\nNo model was asked: this answer is made of the built-in knowledge base, man pages "
	      "and package\ndescriptions.\n",
	      term->stream);
}

/* ---- JSON */

static void aspect_write(struct json_writer *json, const struct facts *facts,
			 const struct note *first, const char *aspect)
{
	const struct label *label = label_of(aspect);
	uint32_t cursor = 0;
	const struct note *note;

	json_key(json, aspect);
	if (!label || !label->is_list) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		list_add(facts, first, "\n", &text);
		json_text_str(json, strbuf_str(&text));
		return;
	}
	json_array_begin(json);
	while ((note = facts_next_note(facts, first->entity, aspect, &cursor)))
		json_text(json, facts_str(facts, note->text));
	json_array_end(json);
}

/* Where the notes of the item come from, each source once. */
static void sources_write(struct json_writer *json, const struct facts *facts, struct entity entity)
{
	json_key(json, "from");
	json_array_begin(json);
	for (size_t i = 0; i < facts->notes.count; i++) {
		const struct note *note = &facts->notes.items[i];
		bool known = !*facts_str(facts, note->source);

		if (!entity_eq(note->entity, entity))
			continue;
		for (size_t k = 0; k < i && !known; k++)
			known = entity_eq(facts->notes.items[k].entity, entity) &&
				facts->notes.items[k].source == note->source;
		if (!known)
			json_text(json, facts_str(facts, note->source));
	}
	json_array_end(json);
}

static void facts_write(struct json_writer *json, const struct explain_answer *answer,
			struct entity entity)
{
	const struct facts *facts = answer->facts;

	json_key(json, "facts");
	json_array_begin(json);
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];
		char id[16];

		if (fact->type != FACT_TEXT || !entity_eq(fact->entity, entity))
			continue;
		snprintf(id, sizeof(id), "F%u", fact->number_in_answer);
		json_object_begin(json);
		json_key_text(json, "id", id);
		json_key_text(json, "name", facts_str(facts, fact->name));
		json_key_text(json, "value", facts_str(facts, fact->text));
		json_key_text(json, "source", facts_str(facts, fact->source));
		json_object_end(json);
	}
	json_array_end(json);
}

/* The item and, as its parts, those below it; returns the number of the next one. */
static size_t item_write(struct json_writer *json, const struct explain_answer *answer, size_t at)
{
	const struct explain_item *item = &answer->outline.items[at];
	const struct facts *facts = answer->facts;

	json_object_begin(json);
	json_key_text(json, "kind", facts_str(facts, item->entity.kind));
	json_key_text(json, "name", item->title);
	if (item->mark)
		json_key_text(json, "mark", item->mark);
	for (size_t i = 0; i < facts->notes.count; i++)
		if (entity_eq(facts->notes.items[i].entity, item->entity) && !is_told(facts, i))
			aspect_write(json, facts, &facts->notes.items[i],
				     facts_str(facts, facts->notes.items[i].aspect));
	sources_write(json, facts, item->entity);
	facts_write(json, answer, item->entity);
	json_key(json, "parts");
	json_array_begin(json);
	at++;
	while (at < answer->outline.count && answer->outline.items[at].depth > item->depth)
		at = item_write(json, answer, at);
	json_array_end(json);
	json_object_end(json);
	return at;
}

void explain_json(FILE *stream, const struct explain_answer *answer)
{
	struct json_writer json = json_writer_on(stream);

	json_object_begin(&json);
	json_key_text(&json, "command", answer->command);
	json_key_text(&json, "input", answer->input);
	prose_write(&json, answer->prose);
	json_key(&json, "answers");
	json_array_begin(&json);
	for (size_t i = 0; i < answer->outline.count;)
		i = item_write(&json, answer, i);
	json_array_end(&json);
	json_object_end(&json);
	json_finish(&json);
}
