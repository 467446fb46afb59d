#include "render/host_log.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"

enum { COUNT_COLUMNS = 9, MAX_TEXT_COLUMNS = 240, VALUES_COLUMNS = 300 };

void host_cite(struct strbuf *out, const struct fact *fact)
{
	if (fact && fact->number_in_answer)
		strbuf_addf(out, " [F%u]", fact->number_in_answer);
}

void host_value(struct strbuf *out, const struct facts *facts, const struct fact *fact)
{
	const char *unit = facts_str(facts, fact->unit);

	if (fact->type != FACT_NUMBER) {
		term_safe(out, str_from(facts_str(facts, fact->text)));
		return;
	}
	if (!strcmp(unit, "ratio")) {
		units_percent(out, fact->number);
		return;
	}
	if (fact->number < 0 || fact->number >= 1e18) {
		strbuf_addf(out, "%.6g%s%s", fact->number, *unit ? " " : "", unit);
		return;
	}
	if (!strcmp(unit, "ns")) {
		units_duration(out, (uint64_t)fact->number);
		return;
	}
	if (!strcmp(unit, "bytes")) {
		units_bytes(out, (uint64_t)fact->number);
		return;
	}
	if (!strcmp(unit, "CPUs"))
		strbuf_addf(out, "%.2f", fact->number);
	else if (floor(fact->number) == fact->number)
		units_count(out, (uint64_t)fact->number);
	else
		strbuf_addf(out, "%.4g", fact->number);
	if (*unit)
		strbuf_addf(out, " %s", unit);
}

const char *host_note_of(const struct facts *facts, struct entity entity, const char *aspect)
{
	const char *note = facts_note(facts, entity, aspect);

	return note ? note : "";
}

const char *host_text_of(const struct facts *facts, struct entity entity, const char *name)
{
	const struct fact *fact = facts_find(facts, entity, name);

	return fact && fact->type == FACT_TEXT ? facts_str(facts, fact->text) : "";
}

static uint64_t count_of(const struct facts *facts, struct entity entity, const char *name)
{
	double value = facts_value(facts, entity, name, 0);

	return value > 0 && value < 1e18 ? (uint64_t)value : 0;
}

/* ---- messages */

struct section {
	const char *role, *title;
	size_t shown; /* without -v */
};

static const struct section sections[] = {
	{ "serious", "Errors and warnings", 7 }, { "burst", "Bursts", 3 },
	{ "new", "New near the end", 3 },	 { "once", "Once only", 4 },
	{ "frequent", "Most frequent", 4 },
};

static bool is_message_of(const struct facts *facts, const struct relation *relation,
			  struct entity input, const char *role)
{
	return entity_eq(relation->b, input) && !strcmp(facts_str(facts, relation->verb), "in") &&
	       (!role || !strcmp(host_text_of(facts, relation->a, "role"), role));
}

bool host_log_has_messages(const struct host_answer *answer, struct entity input)
{
	const struct relation_vec *relations = &answer->facts->relations;

	for (size_t i = 0; i < relations->count; i++)
		if (is_message_of(answer->facts, &relations->items[i], input, NULL))
			return true;
	return false;
}

/* An indented, filled line that is not the main one. */
static void detail(const struct term *term, const char *label, const struct strbuf *text)
{
	unsigned indent = COUNT_COLUMNS + 4;

	fprintf(term->stream, "%*s%s%s%s", (int)indent, "", term_style(term, TERM_DIM), label,
		term_style(term, TERM_PLAIN));
	term_wrap(term->stream, strbuf_str(text), term->width, indent + (unsigned)strlen(label));
}

void host_foreign(struct strbuf *out, struct str text)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;

	term_safe(&safe, text);
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.ptr[i] == '[' && i + 2 < safe.len && safe.ptr[i + 1] == 'F' &&
		    isdigit((unsigned char)safe.ptr[i + 2]))
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, safe.ptr[i]);
	}
}

/* Cut to what a reader takes in. */
static void add_clipped(struct strbuf *out, const char *text, unsigned columns)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;
	struct str clipped;

	host_foreign(&safe, str_from(text));
	clipped = term_clip(strbuf_str(&safe), columns);
	strbuf_add(out, clipped);
	if (clipped.len < safe.len)
		strbuf_add_text(out, "...");
}

static void when_print(const struct term *term, const struct facts *facts, struct entity message)
{
	const char *first = host_text_of(facts, message, "first");
	const char *last = host_text_of(facts, message, "last");
	uint64_t second = count_of(facts, message, "most_in_a_second");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (*first) {
		strbuf_add_text(&text, first);
		if (*last && strcmp(first, last) != 0)
			strbuf_addf(&text, " to %s", last);
		strbuf_add_text(&text, ", ");
	}
	strbuf_addf(&text, "%sline %" PRIu64,
		    count_of(facts, message, "count") > 1 ? "first in " : "",
		    count_of(facts, message, "first_line"));
	if (second) {
		strbuf_add_text(&text, ", at most ");
		units_count(&text, second);
		strbuf_add_text(&text, " in a second");
		host_cite(&text, facts_find(facts, message, "most_in_a_second"));
	}
	detail(term, "", &text);
}

static void burst_add(struct strbuf *text, const struct facts *facts, struct entity entity)
{
	const struct fact *burst = facts_find(facts, entity, "burst");
	const struct fact *times = facts_find(facts, entity, "burst_times");

	host_value(text, facts, burst);
	host_cite(text, burst);
	strbuf_addf(text, " from %s to %s", host_text_of(facts, entity, "burst_from"),
		    host_text_of(facts, entity, "burst_to"));
	if (times) {
		strbuf_add_text(text, ", ");
		if (times->number < 100)
			strbuf_addf(text, "%.2g", times->number);
		else
			units_count(text, (uint64_t)MIN(times->number, 1e15));
		strbuf_add_text(text, " times as dense as in the rest");
		host_cite(text, times);
	}
}

static void burst_print(const struct term *term, const struct facts *facts, struct entity message)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!facts_find(facts, message, "burst"))
		return;
	burst_add(&text, facts, message);
	detail(term, "burst: ", &text);
}

/* Facts called "word N: VALUE", in their order; those of one word stand together. */
static void values_print(const struct term *term, const struct facts *facts, struct entity message)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str before = STR("");

	for (size_t i = 0; i < facts->facts.count && text.len < VALUES_COLUMNS; i++) {
		const struct fact *fact = &facts->facts.items[i];
		struct str name = interned(&facts->texts, fact->name), word, value;

		if (!entity_eq(fact->entity, message) || !str_starts_with(name, STR("word ")) ||
		    !str_cut(name, ':', &word, &value))
			continue;
		if (text.len)
			strbuf_add_text(&text, str_eq(word, before) ? ", " : "; ");
		host_foreign(&text, str_trim(value));
		strbuf_addf(&text, " (%.0fx)", fact->number);
		before = word;
	}
	if (text.len)
		detail(term, "with ", &text);
}

static void below_print(const struct term *term, const struct facts *facts, struct entity message)
{
	uint64_t lines = count_of(facts, message, "below_lines");
	const char *last = host_note_of(facts, message, "below_last");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!lines)
		return;
	add_clipped(&text, host_note_of(facts, message, "below"), 160);
	if (lines > 1 && *last) {
		strbuf_addf(&text, "\n... %" PRIu64 " more, at last: ", lines - 2);
		add_clipped(&text, last, 160);
	} else if (lines > 1) {
		strbuf_addf(&text, "\n... %" PRIu64 " more", lines - 1);
	}
	detail(term, "below it: ", &text);
}

static void before_print(const struct term *term, const struct facts *facts, struct entity message)
{
	const struct fact *times = facts_find(facts, message, "preceded_times");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!times)
		return;
	strbuf_addf(&text, "%.0f of the %.0f lines before the first one", times->number,
		    facts_value(facts, message, "preceding_lines", 0));
	host_cite(&text, times);
	strbuf_add_text(&text, ": ");
	add_clipped(&text, host_text_of(facts, message, "preceded_by"), 120);
	detail(term, "before it: ", &text);
}

static void message_print(const struct term *term, const struct host_answer *answer,
			  struct entity message, bool is_short)
{
	static const char *const grave[] = { "error", "fatal", "warning" };
	const struct facts *facts = answer->facts;
	const struct fact *count = facts_find(facts, message, "count");
	const char *level = host_text_of(facts, message, "level");
	enum term_style style = TERM_PLAIN;
	auto_strbuf struct strbuf times = STRBUF_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(grave); i++)
		if (!strcmp(level, grave[i]))
			style = i == 2 ? TERM_YELLOW : TERM_RED;
	units_count(&times, count ? (uint64_t)count->number : 0);
	/* what was there once is shown as it was */
	add_clipped(&text,
		    count && count->number < 2 ? host_note_of(facts, message, "example")
					       : host_text_of(facts, message, "text"),
		    MAX_TEXT_COLUMNS);
	host_cite(&text, count);
	fprintf(term->stream, "  %s%*sx%s  ", term_style(term, style), COUNT_COLUMNS - 1,
		strbuf_text(&times), term_style(term, TERM_PLAIN));
	term_wrap(term->stream, strbuf_str(&text), term->width, COUNT_COLUMNS + 4);
	if (is_short)
		return;
	when_print(term, facts, message);
	burst_print(term, facts, message);
	values_print(term, facts, message);
	below_print(term, facts, message);
	before_print(term, facts, message);
}

static void section_print(const struct term *term, const struct host_answer *answer,
			  struct entity input, const struct section *section)
{
	const struct relation_vec *relations = &answer->facts->relations;
	size_t shown = 0, all = 0;
	size_t limit = answer->verbosity ? SIZE_MAX : section->shown;

	for (size_t i = 0; i < relations->count; i++) {
		if (!is_message_of(answer->facts, &relations->items[i], input, section->role))
			continue;
		if (!all++)
			fprintf(term->stream, "  %s%s%s\n", term_style(term, TERM_CYAN),
				section->title, term_style(term, TERM_PLAIN));
		if (shown >= limit)
			continue;
		message_print(term, answer, relations->items[i].a,
			      !strcmp(section->role, "once") && !answer->verbosity);
		shown++;
	}
	if (shown < all)
		fprintf(term->stream, "  %*s  and %zu more (-v shows them)\n", COUNT_COLUMNS, "",
			all - shown);
}

/* ---- the log as a whole */

static void summary_print(const struct term *term, const struct facts *facts, struct entity input)
{
	const struct fact *templates = facts_find(facts, input, "templates");
	const struct fact *merged = facts_find(facts, input, "merged_lines");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add_text(&text, "its lines are ");
	if (templates)
		host_value(&text, facts, templates);
	host_cite(&text, templates);
	if (facts_find(facts, input, "below_lines")) {
		strbuf_add_text(&text, "; ");
		units_count(&text, count_of(facts, input, "below_lines"));
		strbuf_add_text(&text, " lines belong to the one above them");
	}
	if (merged) {
		strbuf_add_text(&text, "; there are more templates than are kept: ");
		host_value(&text, facts, merged);
		strbuf_add_text(&text, " were put to the nearest one");
		host_cite(&text, merged);
	}
	if (facts_find(facts, input, "disordered")) {
		strbuf_add_text(&text, "; ");
		units_count(&text, count_of(facts, input, "disordered"));
		strbuf_addf(&text, " %s older than the one before",
			    count_of(facts, input, "disordered") == 1 ? "line is" : "lines are");
	}
	fputs("  ", term->stream);
	term_wrap(term->stream, strbuf_str(&text), term->width, 2);
}

static void shape_print(const struct term *term, const struct facts *facts, struct entity input)
{
	const char *from = host_text_of(facts, input, "gap_from");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (facts_find(facts, input, "burst")) {
		strbuf_add_text(&text, "most lines: ");
		burst_add(&text, facts, input);
		strbuf_add_char(&text, '\n');
	}
	if (*from)
		strbuf_addf(&text, "silence: no line from %s to %s\n", from,
			    host_text_of(facts, input, "gap_to"));
	if (!text.len)
		return;
	fputs("  ", term->stream);
	term_wrap(term->stream, str_trim(strbuf_str(&text)), term->width, 2);
}

void host_log_print(const struct term *term, const struct host_answer *answer, struct entity input)
{
	fprintf(term->stream, "\n%s", term_style(term, TERM_BOLD));
	term_write_safe(term->stream, str_from(facts_str(answer->facts, input.name)));
	fprintf(term->stream, "%s\n", term_style(term, TERM_PLAIN));
	summary_print(term, answer->facts, input);
	shape_print(term, answer->facts, input);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		section_print(term, answer, input, &sections[i]);
}
