#include "host/log_facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "host/log_known.h"

enum {
	TOLD_SERIOUS = 12,
	TOLD_BURSTS = 6,
	TOLD_NEW = 4,
	TOLD_ONCE = 6,
	TOLD_FREQUENT = 8,
	TOLD_VALUES = 3,
	TOLD_SLOTS = 3,
	LEAST_BURST = 20,
	LEAST_LINES = 50, /* of shorter texts nothing is rare or new */
};

enum role { ROLE_NONE, ROLE_SERIOUS, ROLE_BURST, ROLE_NEW, ROLE_ONCE, ROLE_FREQUENT };

static const char *const role_names[] = { "", "serious", "burst", "new", "once", "frequent" };

struct row {
	const struct log_template *template;
	enum role role;
	size_t order; /* within its role */
	bool has_burst;
	struct log_burst burst;
};

struct telling {
	struct parse *parse;
	const struct log_summary *summary;
	struct row *rows;
	size_t count;
	unsigned used; /* slots of time */
	bool is_busy;
};

/* ---- which of them */

static int by_level(const void *left, const void *right)
{
	const struct log_template *a = ((const struct row *)left)->template;
	const struct log_template *b = ((const struct row *)right)->template;
	enum log_level a_level = MIN(a->level, LOG_LEVEL_ERROR);
	enum log_level b_level = MIN(b->level, LOG_LEVEL_ERROR);

	/* known ones first: what they mean is sure */
	if (!a->known != !b->known)
		return a->known ? -1 : 1;
	if (a_level != b_level)
		return a_level > b_level ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->first_line > b->first_line) - (a->first_line < b->first_line);
}

static int by_count(const void *left, const void *right)
{
	const struct log_template *a = ((const struct row *)left)->template;
	const struct log_template *b = ((const struct row *)right)->template;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->first_line > b->first_line) - (a->first_line < b->first_line);
}

static int by_burst(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->has_burst != b->has_burst)
		return a->has_burst ? -1 : 1;
	if (a->burst.count != b->burst.count)
		return a->burst.count > b->burst.count ? -1 : 1;
	return by_count(left, right);
}

static int by_role(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->role != b->role)
		return a->role < b->role ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static size_t take(struct telling *telling, enum role role, size_t most,
		   bool (*fits)(const struct telling *telling, const struct row *row))
{
	size_t taken = 0;

	for (size_t i = 0; i < telling->count && taken < most; i++) {
		struct row *row = &telling->rows[i];

		if (row->role != ROLE_NONE || !fits(telling, row))
			continue;
		row->role = role;
		row->order = taken;
		taken++;
	}
	return taken;
}

static bool is_serious(const struct telling *telling, const struct row *row)
{
	(void)telling;
	return row->template->known || row->template->level >= LOG_LEVEL_WARNING;
}

static bool is_burst(const struct telling *telling, const struct row *row)
{
	(void)telling;
	return row->has_burst;
}

/* Met for the first time in the last tenth. */
static bool is_new(const struct telling *telling, const struct row *row)
{
	uint64_t lines = telling->summary->lines;

	return lines >= LEAST_LINES && row->template->count > 1 &&
	       row->template->first_line > lines - lines / 10;
}

static bool is_once(const struct telling *telling, const struct row *row)
{
	return telling->summary->lines >= LEAST_LINES && row->template->count == 1;
}

static bool is_frequent(const struct telling *telling, const struct row *row)
{
	(void)telling;
	(void)row;
	return true;
}

/* Of its own: more of its lines than of all lines are in that time. */
static bool burst_of(const struct telling *telling, struct row *row)
{
	const struct log_templates *templates = &telling->summary->templates;
	uint64_t all = 0, in_burst = 0;

	if (!log_burst_find(&row->template->rate, telling->used, LEAST_BURST, &row->burst))
		return false;
	for (unsigned i = 0; i < telling->used; i++) {
		all += templates->rate.slots[i];
		if (i >= row->burst.first && i <= row->burst.last)
			in_burst += templates->rate.slots[i];
	}
	return (double)row->burst.count / (double)row->template->count >=
		       1.5 * (double)in_burst / (double)all ||
	       (double)row->template->count >= 0.5 * (double)telling->summary->lines;
}

/* Whether the log goes on all the time: in one with a line now and then everything is a burst. */
static bool is_busy(const struct telling *telling)
{
	unsigned full = 0;

	/* a machine that starts says much, and then nothing */
	if (telling->summary->first.clock == LOG_CLOCK_BOOT &&
	    telling->summary->first.ns < 1000000000)
		return false;
	for (unsigned i = 0; i < telling->used; i++)
		full += telling->summary->templates.rate.slots[i] > 0;
	return full * 3 >= telling->used;
}

static void rows_choose(struct telling *telling)
{
	const struct log_templates *templates = &telling->summary->templates;
	size_t once = 0;

	for (size_t i = 0; i < telling->count; i++) {
		struct row *row = &telling->rows[i];

		row->template = templates->all.items[i];
		once += row->template->count == 1;
		row->has_burst = telling->is_busy && burst_of(telling, row);
	}
	if (!telling->count)
		return;
	qsort(telling->rows, telling->count, sizeof(*telling->rows), by_level);
	take(telling, ROLE_SERIOUS, TOLD_SERIOUS, is_serious);
	qsort(telling->rows, telling->count, sizeof(*telling->rows), by_burst);
	take(telling, ROLE_BURST, TOLD_BURSTS, is_burst);
	take(telling, ROLE_NEW, TOLD_NEW, is_new);
	qsort(telling->rows, telling->count, sizeof(*telling->rows), by_level);
	/* where most are there once nothing is rare about it */
	if (once * 2 <= telling->count || once <= TOLD_ONCE)
		take(telling, ROLE_ONCE, TOLD_ONCE, is_once);
	qsort(telling->rows, telling->count, sizeof(*telling->rows), by_count);
	take(telling, ROLE_FREQUENT, TOLD_FREQUENT, is_frequent);
}

/* ---- their facts */

static void time_tell(struct telling *telling, struct entity entity, const char *name,
		      struct log_time time, uint64_t line)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (time.clock == LOG_CLOCK_NONE)
		return;
	log_time_format(time, &text);
	parse_text(telling->parse, entity, name, strbuf_str(&text), (uint32_t)line);
}

static struct log_time slot_time(const struct telling *telling, unsigned slot)
{
	const struct log_span *span = &telling->summary->templates.span;
	struct log_time time = { telling->summary->first.clock,
				 span->start_ns + (int64_t)slot * span->slot_ns };

	time.ns = MAX(time.ns, telling->summary->first.ns);
	time.ns = MIN(time.ns, telling->summary->last.ns);
	return time;
}

/* Slots are wide: a burst begins no earlier than the first line and ends no later than the last. */
static void burst_tell(struct telling *telling, struct entity entity, const struct log_burst *burst,
		       const struct log_template *template)
{
	uint64_t line = template ? template->first_line : 0;
	struct log_time from = slot_time(telling, burst->first);
	struct log_time to = slot_time(telling, burst->last + 1);

	if (template) {
		from.ns = MAX(from.ns, template->first.ns);
		to.ns = MIN(to.ns, template->last.ns);
	}
	parse_number(telling->parse, entity, "burst", (double)burst->count, "lines",
		     (uint32_t)line);
	time_tell(telling, entity, "burst_from", from, line);
	time_tell(telling, entity, "burst_to", to, line);
	if (burst->times > 0)
		parse_number(telling->parse, entity, "burst_times", burst->times, "times",
			     (uint32_t)line);
}

static int by_value_count(const void *left, const void *right)
{
	const struct log_value *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return str_cmp((struct str){ a->text, a->length }, (struct str){ b->text, b->length });
}

/* "user=alice" of "user=<*>"; elsewhere the value alone. */
static void value_write(struct str place, const struct log_value *value, struct strbuf *out)
{
	ptrdiff_t equals = str_find(place, STR("=<"));

	if (equals > 0)
		strbuf_add(out, (struct str){ place.ptr, (size_t)equals + 1 });
	strbuf_add(out, (struct str){ value->text, value->length });
}

/* The values that stand out, with how often; of numbers that vary widely from where to where. */
static bool slot_tell(struct telling *telling, struct entity entity,
		      const struct log_template *template, const struct log_slot *slot)
{
	struct log_value values[LOG_MAX_VALUES];
	size_t told = 0;
	uint32_t line = (uint32_t) template->first_line;
	struct str place = template->words[slot->word].text;

	/* one that never changes stands in the text */
	if (slot->value_count <= 1)
		return false;
	memcpy(values, slot->values, sizeof(values));
	if (slot->value_count)
		qsort(values, slot->value_count, sizeof(*values), by_value_count);
	for (size_t i = 0; i < slot->value_count && told < TOLD_VALUES; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;
		uint32_t sure = values[i].count - values[i].error, row;

		/* one among very many says nothing */
		if (sure < 2 || (uint64_t)sure * 20 < template->count ||
		    (sure < 5 && (uint64_t)sure * 4 < template->count))
			continue;
		strbuf_addf(&name, "word %u: ", slot->word + 1);
		value_write(place, &values[i], &name);
		row = parse_number(telling->parse, entity, strbuf_text(&name), values[i].count,
				   "lines", line);
		if (values[i].error)
			telling->parse->facts->facts.items[row].flags |= FACT_ESTIMATED;
		told++;
	}
	if (slot->mask == LOG_MASK_NUM && slot->low < slot->high && !told) {
		auto_free char *low = x_asprintf("least of word %u", slot->word + 1);
		auto_free char *high = x_asprintf("most of word %u", slot->word + 1);

		parse_number(telling->parse, entity, low, slot->low, "", line);
		parse_number(telling->parse, entity, high, slot->high, "", line);
		return true;
	}
	return told > 0;
}

/* The slots that say most, first words and addresses, then numbers. */
static void slots_tell(struct telling *telling, struct entity entity,
		       const struct log_template *template)
{
	unsigned told = 0;

	for (int numbers = 0; numbers < 2 && template->count > 1; numbers++)
		for (uint32_t i = 0; i < template->slot_count && told < TOLD_SLOTS; i++) {
			const struct log_slot *slot = &template->slots[i];

			if (slot->mask == LOG_MASK_HEX || slot->mask == LOG_MASK_UUID ||
			    (slot->mask == LOG_MASK_NUM) != (numbers == 1))
				continue;
			told += slot_tell(telling, entity, template, slot);
		}
}

/* "shop.log:151": where it stood first. */
static struct entity entity_of(struct telling *telling, const struct log_template *template)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	strbuf_addf(&name, "%s:%" PRIu64, telling->parse->input->source, template->first_line);
	return facts_entity(telling->parse->facts, "message", strbuf_text(&name));
}

static void template_text_tell(struct telling *telling, struct entity entity,
			       const struct log_template *template)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	uint32_t line = (uint32_t) template->first_line;

	log_template_write(template, &text);
	parse_text(telling->parse, entity, "text", strbuf_str(&text), line);
	parse_note(telling->parse, entity, "example", template->example);
	for (uint32_t i = 0; i < MIN(template->below_count, (uint32_t)LOG_BELOW); i++)
		parse_note(telling->parse, entity, "below", template->below[i]);
	if (template->below_last.len)
		parse_note(telling->parse, entity, "below_last", template->below_last);
	if (template->below_count)
		parse_number(telling->parse, entity, "below_lines", template->below_count, "lines",
			     line);
}

/* What came again and again right before, if it is rare elsewhere. */
static void before_tell(struct telling *telling, struct entity entity,
			const struct log_template *template)
{
	const struct log_templates *templates = &telling->summary->templates;
	uint32_t best = 0, best_count = 0;

	for (uint64_t i = 0; i < template->before_lines; i++) {
		uint32_t id = template->before[i], count = 0;
		const struct log_template *other;

		if (!id)
			continue;
		other = templates->all.items[id - 1];
		for (uint64_t k = 0; k < template->before_lines; k++)
			count += template->before[k] == id;
		/* a fifth of them, and four times as dense as in the whole log */
		if (count < 3 || count * 5 < template->before_lines || other == template ||
		    count <= best_count ||
		    (double)count / (double)template->before_lines <
			    4.0 * (double)other->count / (double)templates->lines)
			continue;
		best = id;
		best_count = count;
	}
	if (!best)
		return;
	{
		auto_strbuf struct strbuf text = STRBUF_INIT;

		log_template_write(templates->all.items[best - 1], &text);
		parse_text(telling->parse, entity, "preceded_by", strbuf_str(&text),
			   (uint32_t) template->first_line);
		parse_number(telling->parse, entity, "preceded_times", best_count, "lines",
			     (uint32_t) template->first_line);
		parse_number(telling->parse, entity, "preceding_lines",
			     (double)template->before_lines, "lines",
			     (uint32_t) template->first_line);
	}
}

static void row_tell(struct telling *telling, const struct row *row)
{
	const struct log_template *template = row->template;
	struct parse *parse = telling->parse;
	struct entity entity = entity_of(telling, template);
	uint32_t line = (uint32_t) template->first_line;

	facts_add_relation(parse->facts, entity, "in", parse->entity);
	parse_text(parse, entity, "role", str_from(role_names[row->role]), line);
	if (template->level != LOG_LEVEL_NONE)
		parse_text(parse, entity, "level", str_from(log_level_names[template->level]),
			   line);
	if (template->level != LOG_LEVEL_NONE)
		parse_text(parse, entity, "level_from",
			   template->level_is_said ? STR("field") : STR("words"), line);
	parse_number(parse, entity, "count", (double)template->count, "lines", line);
	parse_number(parse, entity, "first_line", line, "", line);
	template_text_tell(telling, entity, template);
	time_tell(telling, entity, "first", template->first, line);
	if (template->count > 1)
		time_tell(telling, entity, "last", template->last, template->last_line);
	if (template->best_second_count >= LEAST_BURST)
		parse_number(parse, entity, "most_in_a_second", (double)template->best_second_count,
			     "lines", line);
	if (row->has_burst)
		burst_tell(telling, entity, &row->burst, template);
	slots_tell(telling, entity, template);
	if (template->level >= LOG_LEVEL_ERROR)
		before_tell(telling, entity, template);
}

static void events_tell(struct telling *telling)
{
	const struct log_summary *summary = telling->summary;
	struct parse *parse = telling->parse;

	for (size_t i = 0; i < summary->events.count; i++) {
		const struct log_event *event = &summary->events.items[i];
		auto_free char *name = x_strndup(event->name.ptr, event->name.len);
		struct entity entity = facts_entity(parse->facts, event->kind, name);
		auto_free char *first = x_asprintf("%s_first", event->fact);
		auto_free char *last = x_asprintf("%s_last", event->fact);
		auto_free char *age = x_asprintf("%s_age", event->fact);
		/* the same from another log: the two logs may tell of the same events */
		double known = facts_value(parse->facts, entity, event->fact, 0);

		if (known >= (double)event->count)
			continue;
		parse_number(parse, entity, event->fact, (double)event->count, "lines",
			     event->first_line);
		time_tell(telling, entity, first, event->first, event->first_line);
		time_tell(telling, entity, last, event->last, event->last_line);
		if (event->last.clock != LOG_CLOCK_NONE)
			parse_number(parse, entity, age,
				     (double)(summary->last.ns - event->last.ns), "ns",
				     event->last_line);
	}
}

static void input_tell(struct telling *telling)
{
	const struct log_summary *summary = telling->summary;
	struct parse *parse = telling->parse;
	struct entity input = parse->entity;
	struct log_burst burst;
	unsigned first, last;

	parse_number(parse, input, "templates", (double)telling->count, "templates", 0);
	parse_number(parse, input, "errors",
		     (double)(summary->levels[LOG_LEVEL_ERROR] + summary->levels[LOG_LEVEL_FATAL]),
		     "lines", (uint32_t)summary->first_error);
	parse_number(parse, input, "warnings", (double)summary->levels[LOG_LEVEL_WARNING], "lines",
		     0);
	if (summary->requests) {
		parse_number(parse, input, "requests", (double)summary->requests, "requests", 0);
		parse_number(parse, input, "requests_failed", (double)summary->requests_failed,
			     "requests", (uint32_t)summary->first_error);
	}
	if (summary->below)
		parse_number(parse, input, "below_lines", (double)summary->below, "lines", 0);
	if (summary->templates.merged_lines)
		parse_number(parse, input, "merged_lines", (double)summary->templates.merged_lines,
			     "lines", 0);
	if (summary->disordered)
		parse_number(parse, input, "disordered", (double)summary->disordered, "lines", 0);
	if (summary->odd_times)
		parse_number(parse, input, "odd_times", (double)summary->odd_times, "lines", 0);
	if (summary->first.clock == LOG_CLOCK_NONE)
		return;
	if (summary->untimed)
		parse_number(parse, input, "untimed", (double)summary->untimed, "lines", 0);
	time_tell(telling, input, "first", summary->first, 0);
	time_tell(telling, input, "last", summary->last, 0);
	parse_number(parse, input, "span", (double)(summary->last.ns - summary->first.ns), "ns", 0);
	if (summary->first.clock == LOG_CLOCK_BOOT)
		parse_number(parse, input, "kernel_end", (double)summary->last.ns, "ns", 0);
	if (telling->is_busy &&
	    log_burst_find(&summary->templates.rate, telling->used, LEAST_BURST, &burst))
		burst_tell(telling, input, &burst, NULL);
	if (log_gap_find(&summary->templates.rate, telling->used, &first, &last)) {
		time_tell(telling, input, "gap_from", slot_time(telling, first), 0);
		time_tell(telling, input, "gap_to", slot_time(telling, last + 1), 0);
	}
}

void log_facts(struct parse *parse, const struct log_summary *summary)
{
	struct telling telling = { .parse = parse,
				   .summary = summary,
				   .count = summary->templates.all.count };

	telling.rows = x_calloc(telling.count, sizeof(*telling.rows));
	if (summary->last.clock != LOG_CLOCK_NONE && summary->templates.span.slot_ns)
		telling.used = log_span_slot(&summary->templates.span, summary->last.ns) + 1;
	telling.is_busy = is_busy(&telling);
	rows_choose(&telling);
	input_tell(&telling);
	if (telling.count)
		qsort(telling.rows, telling.count, sizeof(*telling.rows), by_role);
	for (size_t i = 0; i < telling.count; i++)
		if (telling.rows[i].role != ROLE_NONE)
			row_tell(&telling, &telling.rows[i]);
	events_tell(&telling);
	free(telling.rows);
}
