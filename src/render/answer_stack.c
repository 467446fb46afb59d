/* One stack after the other, frame by frame, and what can be changed on the way. */
#include <string.h>

#include "base/units.h"
#include "render/answer_text.h"
#include "render/answer_threads.h"
#include "samples/facts_profile.h"

enum { MAX_FRAMES = 512, MAX_TOPICS = 4 };

struct stack_row {
	uint32_t frame;
	struct entity symbol;
	bool named, known, nameless;
};

static struct stack_row frame_row(const struct answer *answer, uint32_t frame)
{
	const struct profile *profile = answer->selection->profile;
	struct stack_row row = { .frame = frame };

	row.nameless = profile_frame_is_nameless(profile, frame);
	row.named = answer_symbol_find(answer, frame, &row.symbol);
	row.known = row.named && facts_note(answer->facts, row.symbol, "what");
	return row;
}

static void place_add(const struct profile *profile, const struct profile_frame *frame,
		      struct strbuf *out)
{
	const char *file = profile_text(profile, frame->file);

	if (!*file)
		return;
	strbuf_addf(out, ", %s", file);
	if (frame->line)
		strbuf_addf(out, ":%u", frame->line);
}

static const char *what_of(const struct answer_printer *p, const struct stack_row *row)
{
	return row->known ? facts_note(p->answer->facts, row->symbol, "what") : NULL;
}

/* `repeated`: the same was said of the frame before. */
static void frame_print(const struct answer_printer *p, const struct stack_row *row, size_t depth,
			bool repeated)
{
	const struct profile *profile = p->answer->selection->profile;
	const struct profile_frame *frame = &profile->frames.items[row->frame];
	const char *library = profile_frame_library(profile, row->frame);
	const char *hot = row->known && depth == 0
				  ? facts_note(p->answer->facts, row->symbol, "why_hot")
				  : NULL;
	auto_strbuf struct strbuf where = STRBUF_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	fprintf(p->term->stream, "  #%-3zu%s", depth, term_style(p->term, TERM_BOLD));
	answer_name(&text, row->named ? profile_text(profile, frame->name) : "(no name)");
	term_write_safe(p->term->stream, strbuf_str(&text));
	strbuf_reset(&text);
	strbuf_addf(&where, " (%s", answer_library_label(library));
	place_add(profile, frame, &where);
	strbuf_add_text(&where, frame->flags & PROFILE_FRAME_INLINED ? ", inlined)" : ")");
	fputs(term_style(p->term, TERM_PLAIN), p->term->stream);
	term_write_safe(p->term->stream, strbuf_str(&where));
	fputc('\n', p->term->stream);
	if (repeated)
		return;
	if (row->known) {
		strbuf_add_text(&text, what_of(p, row));
		if (hot)
			strbuf_addf(&text, ". Hot because: %s", hot);
	} else if (row->named && !row->nameless) {
		if (*profile_text(profile, frame->file))
			return; /* its place says more than that we do not know it */
		strbuf_add_text(&text, "not in the knowledge base");
	} else {
		strbuf_add_text(&text, "not known: this code has no symbols here");
	}
	answer_paragraph(p, 6, "", strbuf_text(&text));
	if (row->known && depth == 0)
		answer_function_notes(p, row->symbol, 6);
}

/* Frames that every stack of that kind has say nothing about this one. */
static bool is_passage(const char *family)
{
	static const char *const families[] = { "syscall", "startup", "irq" };

	for (size_t i = 0; family && i < ARRAY_SIZE(families); i++)
		if (!strcmp(family, families[i]))
			return true;
	return false;
}

struct topic_list {
	uint32_t items[MAX_TOPICS];
	size_t count;
};

static bool has_topic(const struct topic_list *list, uint32_t topic)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == topic)
			return true;
	return false;
}

/* Topics from the innermost frame outwards, each once; those of an interpreter by themselves, as
 * each of its stacks has them. */
static void stack_topics(const struct answer *answer, const uint32_t *frames, size_t count,
			 bool interpreter, struct topic_list *ret)
{
	for (size_t i = count; i-- > 0 && ret->count < MAX_TOPICS;) {
		struct stack_row row = frame_row(answer, frames[i]);
		const char *family;
		uint32_t cursor = 0;
		const struct note *note;

		if (!row.known)
			continue;
		family = facts_note(answer->facts, row.symbol, "family");
		if ((i + 1 < count && is_passage(family)) ||
		    (family && !strcmp(family, "interp")) != interpreter)
			continue;
		note = facts_next_note(answer->facts, row.symbol, "topic", &cursor);
		if (note && !has_topic(ret, note->text))
			ret->items[ret->count++] = note->text;
	}
}

static void stack_title(const struct answer_printer *p, size_t number, size_t all,
			const struct table *table, const struct table_row *row)
{
	auto_strbuf struct strbuf title = STRBUF_INIT;
	const struct profile *profile = p->answer->selection->profile;
	const struct profile_event *event = &profile->events.items[p->answer->selection->event];

	if (all > 1)
		strbuf_addf(&title, "Stack %zu", number + 1);
	else
		strbuf_add_text(&title, "The stack");
	if (strcmp(event->unit, "stacks") == 0 && table->weight > 1) {
		strbuf_add_text(&title, ", innermost frame first: ");
		units_count(&title, row->self);
		strbuf_add_text(&title, " of ");
		units_count(&title, table->weight);
		strbuf_addf(&title, " %s",
			    strcmp(event->name, "stacks") == 0 ? "threads" : event->name);
	} else if (strcmp(event->unit, "stacks") == 0) {
		strbuf_add_text(&title,
				", innermost frame first (its share of the time is not known)");
	} else {
		strbuf_add_text(&title, ", innermost frame first: ");
		units_percent(&title, table_share(table, row->self));
		strbuf_add_text(&title, " of the time, which is the most that can be won here");
	}
	answer_heading(p, strbuf_text(&title));
}

static void stack_print(const struct answer_printer *p, const struct table_row *row)
{
	uint32_t frames[MAX_FRAMES];
	const struct profile *profile = p->answer->selection->profile;
	size_t count = profile_stack(profile, row->node, frames, MAX_FRAMES);
	struct stack_row before = { .frame = UINT32_MAX };
	struct topic_list topics = { 0 };

	for (size_t i = count; i-- > 0;) {
		struct stack_row frame = frame_row(p->answer, frames[i]);

		frame_print(p, &frame, count - 1 - i,
			    before.known && what_of(p, &frame) == what_of(p, &before));
		before = frame;
	}
	stack_topics(p->answer, frames, count, false, &topics);
	stack_topics(p->answer, frames, count, true, &topics);
	for (size_t i = 0; i < topics.count; i++)
		answer_topic(p, topics.items[i], i < 2 ? 3 : 1);
	if (!topics.count)
		answer_paragraph(p, 2, "",
				 "Nothing specific is known that would make this stack cheaper.");
}

void answer_stack_text(const struct term *term, const struct answer *answer,
		       const struct answer_options *options)
{
	auto_table struct table stacks = table_stacks(answer->selection, true, options->stacks);
	struct text_id_vec printed = { 0 };
	struct answer_printer p = { term, answer, options, NULL, &printed };

	answer_head(&p);
	answer_threads_text(&p);
	for (size_t i = 0; i < stacks.count; i++) {
		if (!stacks.rows[i].node)
			continue;
		stack_title(&p, i, stacks.count, &stacks, &stacks.rows[i]);
		stack_print(&p, &stacks.rows[i]);
	}
	answer_findings(&p);
	answer_foot(&p);
	text_id_vec_done(&printed);
}
