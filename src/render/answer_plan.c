#include "render/answer_plan.h"

#include <stdlib.h>
#include <string.h>

#include "samples/facts_profile.h"

enum { SPREAD_ROWS = 3 };

static const double spread_share = 0.02;

void answer_plan_done(struct answer_plan *plan)
{
	for (size_t i = 0; i < plan->groups.count; i++) {
		answer_row_vec_done(&plan->groups.items[i].rows);
		answer_row_vec_done(&plan->groups.items[i].spread);
		text_id_vec_done(&plan->groups.items[i].topics);
	}
	answer_group_vec_done(&plan->groups);
	answer_row_vec_done(&plan->flat);
	table_done(&plan->functions);
}

struct entity answer_entity(const struct facts *facts, const char *kind, uint32_t name)
{
	return (struct entity){ 0, intern_find(&facts->texts, str_from(kind)), name };
}

const char *answer_library_label(const char *library)
{
	if (!*library)
		return "library not known";
	if (!strcmp(library, "[kernel.kallsyms]") || !strcmp(library, "vmlinux"))
		return "the Linux kernel";
	return library;
}

const struct fact *answer_topic_share(const struct answer *answer, uint32_t topic)
{
	return facts_find(answer->facts, answer_entity(answer->facts, "topic", topic), "self");
}

static uint32_t topic_of(const struct answer *answer, struct entity entity)
{
	uint32_t cursor = 0;
	const struct note *note = facts_next_note(answer->facts, entity, "topic", &cursor);

	return note ? note->text : 0;
}

static struct entity dso_entity(const struct answer *answer, const char *library)
{
	return answer_entity(answer->facts, "dso",
			     intern_find(&answer->facts->texts, str_from(library)));
}

uint32_t answer_row_topic(const struct answer *answer, const struct answer_row *row)
{
	if (row->is_skid)
		return 0;
	if (row->known)
		return topic_of(answer, row->symbol);
	return topic_of(answer, dso_entity(answer, row->library));
}

bool answer_symbol_find(const struct answer *answer, uint32_t frame, struct entity *ret)
{
	const struct profile *profile = answer->selection->profile;
	const char *name = profile_text(profile, profile->frames.items[frame].name);
	auto_strbuf struct strbuf text = STRBUF_INIT;
	uint32_t id;

	if (!*name)
		return false;
	for (const char *c = profile_frame_library(profile, frame); *c; c++)
		strbuf_add_char(&text, *c == ':' ? '_' : *c);
	strbuf_addf(&text, ":%s", name);
	id = intern_find(&answer->facts->texts, strbuf_str(&text));
	if (id == UINT32_MAX)
		return false;
	*ret = answer_entity(answer->facts, "symbol", id);
	return true;
}

static struct answer_row row_make(const struct answer *answer, const struct table_row *from)
{
	struct answer_row row = {
		.row = *from,
		.library = profile_frame_library(answer->selection->profile, from->frame),
	};

	row.nameless = profile_frame_is_nameless(answer->selection->profile, from->frame);
	row.named = answer_symbol_find(answer, from->frame, &row.symbol);
	if (row.named) {
		row.self = facts_find(answer->facts, row.symbol, "self");
		row.known = facts_note(answer->facts, row.symbol, "what") != NULL;
		/* known to collect foreign samples, or seen to */
		row.is_skid = from->skid * 2 > from->self ||
			      (facts_note(answer->facts, row.symbol, "skid") && !from->samples);
	} else {
		row.self = facts_find(answer->facts, dso_entity(answer, row.library), "unnamed");
	}
	return row;
}

static struct answer_group *group_of(struct answer_plan *plan, const struct answer *answer,
				     const char *library)
{
	struct entity dso = dso_entity(answer, library);

	for (size_t i = 0; i < plan->groups.count; i++)
		if (!strcmp(plan->groups.items[i].library, library))
			return &plan->groups.items[i];
	return answer_group_vec_push(
		&plan->groups,
		(struct answer_group){ .library = library,
				       .dso = dso,
				       .self = facts_find(answer->facts, dso, "self") });
}

static int by_self(const void *left, const void *right)
{
	const struct answer_group *a = left, *b = right;
	double a_self = a->self ? a->self->number : 0, b_self = b->self ? b->self->number : 0;

	if (a_self != b_self)
		return a_self > b_self ? -1 : 1;
	return strcmp(a->library, b->library);
}

static bool has_topic(const struct answer_plan *plan, uint32_t topic)
{
	for (size_t i = 0; i < plan->groups.count; i++)
		for (size_t k = 0; k < plan->groups.items[i].topics.count; k++)
			if (plan->groups.items[i].topics.items[k] == topic)
				return true;
	return false;
}

static int by_share(const void *left, const void *right, void *context)
{
	const struct answer *answer = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const struct fact *a_share = answer_topic_share(answer, a);
	const struct fact *b_share = answer_topic_share(answer, b);
	double a_number = a_share ? a_share->number : 0, b_number = b_share ? b_share->number : 0;

	if (a_number != b_number)
		return a_number > b_number ? -1 : 1;
	return strcmp(facts_str(answer->facts, a), facts_str(answer->facts, b));
}

static void topics_assign(struct answer_plan *plan, const struct answer *answer)
{
	struct answer copy = *answer;

	for (size_t i = 0; i < plan->groups.count; i++) {
		struct answer_group *group = &plan->groups.items[i];

		for (size_t k = 0; k < group->rows.count; k++) {
			uint32_t topic = answer_row_topic(answer, &group->rows.items[k]);

			if (topic && !has_topic(plan, topic))
				text_id_vec_push(&group->topics, topic);
		}
		if (!group->rows.count && topic_of(answer, group->dso) &&
		    !has_topic(plan, topic_of(answer, group->dso)))
			text_id_vec_push(&group->topics, topic_of(answer, group->dso));
		if (group->topics.count)
			qsort_r(group->topics.items, group->topics.count,
				sizeof(*group->topics.items), by_share, &copy);
	}
}

/* Libraries that take much though none of their functions does. */
static void spread_groups(struct answer_plan *plan, const struct answer *answer)
{
	auto_table struct table libraries = table_libraries(answer->selection);
	const struct profile *profile = answer->selection->profile;

	for (size_t i = 0; i < libraries.count; i++) {
		const char *library = profile_text(profile, libraries.rows[i].text);

		if (table_share(&libraries, libraries.rows[i].self) >= spread_share)
			group_of(plan, answer, library);
	}
	for (size_t i = 0; i < plan->functions.count; i++) {
		const struct table_row *row = &plan->functions.rows[i];
		const char *library = profile_frame_library(profile, row->frame);

		for (size_t k = 0; k < plan->groups.count; k++) {
			struct answer_group *group = &plan->groups.items[k];

			if (!group->rows.count && group->spread.count < SPREAD_ROWS && row->self &&
			    !strcmp(group->library, library))
				answer_row_vec_push(&group->spread, row_make(answer, row));
		}
	}
}

struct answer_plan answer_plan_make(const struct answer *answer,
				    const struct answer_options *options)
{
	struct answer_plan plan = { .functions = table_functions(answer->selection, false) };

	for (size_t i = 0; i < plan.functions.count; i++) {
		const struct table_row *row = &plan.functions.rows[i];
		double share = table_share(&plan.functions, row->self);

		if (!row->self)
			continue;
		if ((options->rows && plan.rows >= options->rows) || share < options->min_ratio) {
			plan.left_out++;
			plan.left_out_share += share;
			continue;
		}
		plan.rows++;
		answer_row_vec_push(&plan.flat, row_make(answer, row));
		answer_row_vec_push(
			&group_of(&plan, answer,
				  profile_frame_library(answer->selection->profile, row->frame))
				 ->rows,
			plan.flat.items[plan.flat.count - 1]);
	}
	spread_groups(&plan, answer);
	if (plan.groups.count)
		qsort(plan.groups.items, plan.groups.count, sizeof(*plan.groups.items), by_self);
	topics_assign(&plan, answer);
	return plan;
}
