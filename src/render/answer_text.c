/* The parts of an answer for people that topn and stacktrace share, and topn itself. */
#include "render/answer_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "render/reading.h"

enum {
	SUMMARY_FINDINGS = 6,
	FEW_ROWS = 12, /* up to here every row is told in full */
	OBSERVED_ROWS = 5,
	MAX_PROGRAMS = 60,
	LISTED_PROGRAMS = 8,
	MAX_HINTS = 2,
	NOISE_SAMPLES = 200, /* from here on the interval of a share is near to normal */
	SHORT_NAME = 60,     /* up to here names are shown in full */
	LONGEST_NAME = 120,
};

static const double large_share = 0.05, small_share = 0.01, program_share = 0.01;
static const double least_ceiling = 1.05;

static void filled(const struct answer_printer *p, unsigned indent, const struct strbuf *text)
{
	term_wrap(p->term->stream, strbuf_str(text), p->term->width, indent);
}

void answer_heading(const struct answer_printer *p, const char *text)
{
	fprintf(p->term->stream, "\n%s%s%s\n", term_style(p->term, TERM_BOLD), text,
		term_style(p->term, TERM_PLAIN));
}

/* A labelled, filled paragraph: "  Problem: ...". */
void answer_paragraph(const struct answer_printer *p, unsigned indent, const char *label,
		      const char *text)
{
	fprintf(p->term->stream, "%*s%s%s%s", (int)indent, "", term_style(p->term, TERM_CYAN),
		label, term_style(p->term, TERM_PLAIN));
	term_wrap(p->term->stream, str_from(text), p->term->width,
		  indent + (unsigned)strlen(label));
}

void answer_cite(struct strbuf *out, const struct fact *fact)
{
	if (fact && fact->number_in_answer)
		strbuf_addf(out, " [F%u]", fact->number_in_answer);
}

void answer_share(struct strbuf *out, const struct fact *fact)
{
	if (!fact)
		return;
	units_percent(out, fact->number);
	answer_cite(out, fact);
}

/* Template arguments of long names are "..", so that names stay readable. */
void answer_name(struct strbuf *out, const char *name)
{
	size_t length = strlen(name), start = out->len, angle = 0;

	for (size_t i = 0; i < length; i++) {
		bool is_operator = i >= 8 && (!strncmp(name + i - 8, "operator", 8) ||
					      (i >= 9 && !strncmp(name + i - 9, "operator", 8)));
		bool is_arrow = i && name[i - 1] == '-';

		if (length <= SHORT_NAME || is_operator || is_arrow) {
			if (!angle)
				strbuf_add_char(out, name[i]);
			continue;
		}
		if (name[i] == '<' && angle++ == 0)
			strbuf_add_text(out, "<..");
		if (name[i] == '>' && angle)
			angle--;
		if (!angle)
			strbuf_add_char(out, name[i]);
	}
	if (out->len - start > LONGEST_NAME) {
		out->len = start + LONGEST_NAME;
		strbuf_add_text(out, "..");
	}
}

void answer_function(const struct answer_printer *p, const struct answer_row *row,
		     struct strbuf *out)
{
	const struct profile *profile = p->answer->selection->profile;
	const char *name = profile_text(profile, profile->frames.items[row->row.frame].name);

	answer_name(out, *name ? name : "(functions without a name)");
}

/* ---- advice */

static bool is_printed(const struct answer_printer *p, uint32_t text)
{
	for (size_t i = 0; i < p->printed->count; i++)
		if (p->printed->items[i] == text)
			return true;
	return false;
}

static void advice_field(const struct answer_printer *p, struct entity advice, const char *aspect,
			 const char *label)
{
	const char *text = facts_note(p->answer->facts, advice, aspect);

	if (text)
		answer_paragraph(p, 6, label, text);
}

void answer_advice(const struct answer_printer *p, uint32_t change)
{
	struct entity advice = answer_entity(p->answer->facts, "advice", change);
	const char *source = facts_note(p->answer->facts, advice, "source");

	text_id_vec_push(p->printed, change);
	answer_paragraph(p, 4, "Optimisation: ", facts_str(p->answer->facts, change));
	advice_field(p, advice, "when", "When: ");
	advice_field(p, advice, "expect", "Expected outcome: ");
	advice_field(p, advice, "cost", "Cost: ");
	if (source)
		answer_paragraph(p, 6, "Source: ", source);
}

static void observed_row(const struct answer_printer *p, struct strbuf *out,
			 const struct answer_row *row, bool more)
{
	if (more)
		strbuf_add_text(out, ", ");
	answer_function(p, row, out);
	strbuf_add_char(out, ' ');
	answer_share(out, row->self);
}

/* Rows of the topic, from all libraries, and their sum: the ceiling of what can be won. */
static void observation(const struct answer_printer *p, uint32_t topic)
{
	const struct answer_row_vec *rows = &p->plan->flat;
	const struct fact *share = answer_topic_share(p->answer, topic);
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (answer_row_topic(p->answer, &rows->items[i]) != topic)
			continue;
		if (count++ < OBSERVED_ROWS)
			observed_row(p, &text, &rows->items[i], text.len > 0);
	}
	if (count > OBSERVED_ROWS)
		strbuf_addf(&text, " and %zu more", count - OBSERVED_ROWS);
	if (share) {
		strbuf_add_text(&text, count > 1 ? "; together " : count ? "; in all " : "in all ");
		answer_share(&text, share);
		strbuf_add_text(&text, ": no change here can win more than that");
	}
	answer_paragraph(p, 4, "Observation: ", strbuf_text(&text));
}

static size_t advice_limit(const struct answer_printer *p, double share)
{
	if (p->options->verbosity || share >= large_share)
		return 3;
	return share >= small_share ? 2 : 1;
}

void answer_topic(const struct answer_printer *p, uint32_t topic, size_t limit)
{
	struct entity entity = answer_entity(p->answer->facts, "topic", topic);
	const char *problem = facts_note(p->answer->facts, entity, "problem");
	const struct note *note;
	uint32_t cursor = 0;
	size_t count = 0;

	if (!problem)
		return;
	fputc('\n', p->term->stream);
	answer_paragraph(p, 2, "Problem: ", problem);
	if (p->plan)
		observation(p, topic);
	while (count++ < limit &&
	       (note = facts_next_note(p->answer->facts, entity, "change", &cursor)))
		answer_advice(p, note->text);
}

/* ---- the head of an answer */

static void input_line(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	const struct profile_event *event = &profile->events.items[p->answer->selection->event];
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s: %s", profile->source,
		    profile->format ? profile->format : "perf.data");
	if (p->answer->selection->sample_count) {
		strbuf_add_text(&text, ", ");
		units_count(&text, p->answer->selection->sample_count);
		strbuf_add_text(&text, " samples");
		if (strcmp(event->name, "samples") != 0)
			strbuf_addf(&text, " of %s", event->name);
	}
	if (p->answer->selection->is_filtered)
		strbuf_add_text(&text, ", filtered: shares are of what is left");
	filled(p, 0, &text);
}

/* Half the width of the interval that a share lies in with 95 % confidence. */
static void noise_line(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	double samples = (double)p->answer->selection->sample_count;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	/* counts of folded text may be weights */
	if (samples < NOISE_SAMPLES ||
	    (profile->format && !str_starts_with(str_from(profile->format), STR("perf"))))
		return;
	strbuf_add_text(&text, "A share of 1% is known to within about ");
	units_percent(&text, 1.96 * sqrt(0.01 * 0.99 / samples));
	strbuf_add_text(&text, " of the whole at this number of samples.");
	filled(p, 0, &text);
}

static void coverage_line(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	struct entity input =
		answer_entity(p->answer->facts, "profile",
			      intern_find(&p->answer->facts->texts, str_from(profile->source)));
	const struct fact *not_shown = facts_find(p->answer->facts, input, "not_shown");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (not_shown && not_shown->number >= 0.0005) {
		units_percent(&text, not_shown->number);
		answer_cite(&text, not_shown);
		strbuf_add_text(&text, " of the time is not in these rows.");
		filled(p, 0, &text);
	}
}

static void reading_lines(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	auto_strbuf struct strbuf ignored = STRBUF_INIT, columns = STRBUF_INIT;

	reading_ignored_text(profile, &ignored);
	reading_columns_text(profile, &columns);
	if (columns.len)
		filled(p, 0, &columns);
	if (ignored.len)
		filled(p, 0, &ignored);
}

void answer_head(const struct answer_printer *p)
{
	input_line(p);
	reading_lines(p);
	coverage_line(p);
	noise_line(p);
}

void answer_foot(const struct answer_printer *p)
{
	fputc('\n', p->term->stream);
	if (p->options->verbosity && p->answer->unchecked_count) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_add_text(&text, "Could not be checked, as the input does not say enough: ");
		for (size_t i = 0; i < p->answer->unchecked_count; i++)
			strbuf_addf(&text, "%s%s", i ? ", " : "", p->answer->unchecked[i]);
		filled(p, 0, &text);
	}
	if (p->answer->is_asked)
		return;
	fputs("No model was asked: this answer is made of rules and the built-in knowledge base; "
	      "[F..] are\nits facts, with --json in full.\n",
	      p->term->stream);
}

/* ---- findings */

static void finding_evidence(const struct answer_printer *p, const struct finding *finding,
			     struct strbuf *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < finding->evidence_count && shown < 3; i++) {
		const struct fact *fact = &p->answer->facts->facts.items[finding->evidence[i]];

		if (fact->type != FACT_NUMBER)
			continue;
		strbuf_addf(out, "%sF%u", shown ? ", " : " [", fact->number_in_answer);
		shown++;
	}
	if (shown)
		strbuf_add_char(out, ']');
}

/* Remedies from the knowledge base are told below, with the functions that they are for. */
static bool told_by_topic(const struct answer_printer *p, uint32_t remedy)
{
	const struct facts *facts = p->answer->facts;
	uint32_t change = intern_find(&facts->texts, STR("change"));

	for (size_t i = 0; i < facts->notes.count; i++)
		if (facts->notes.items[i].text == remedy && facts->notes.items[i].aspect == change)
			return true;
	return is_printed(p, remedy);
}

/* What could be won at most, where that is worth a word. */
static void finding_ceiling(const struct answer_printer *p, const struct finding *finding,
			    struct strbuf *out)
{
	const struct facts *facts = p->answer->facts;
	auto_strbuf struct strbuf name = STRBUF_INIT;
	const struct fact *ceiling;

	strbuf_addf(&name, "%s.ceiling", facts_str(facts, finding->rule));
	ceiling = facts_find(facts, finding->entity, strbuf_text(&name));
	if (!ceiling || ceiling->number < least_ceiling)
		return;
	strbuf_addf(out, " Without it all would be at most %.2f times as fast", ceiling->number);
	answer_cite(out, ceiling);
	strbuf_add_char(out, '.');
}

static void finding_print(const struct answer_printer *p, const struct finding *finding)
{
	static const enum term_style styles[] = { TERM_PLAIN, TERM_YELLOW, TERM_RED };
	const struct facts *facts = p->answer->facts;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add_text(&text, facts_str(facts, finding->title));
	finding_evidence(p, finding, &text);
	if (*facts_str(facts, finding->text))
		strbuf_addf(&text, ". %s", facts_str(facts, finding->text));
	else
		strbuf_add_char(&text, '.');
	finding_ceiling(p, finding, &text);
	fprintf(p->term->stream, "  %s-%s ", term_style(p->term, styles[finding->severity]),
		term_style(p->term, TERM_PLAIN));
	filled(p, 4, &text);
	for (size_t i = 0, shown = 0; i < finding->remedy_count && shown < 2; i++) {
		if (told_by_topic(p, finding->remedies[i]))
			continue;
		answer_paragraph(p, 4, "Do: ", facts_str(facts, finding->remedies[i]));
		text_id_vec_push(p->printed, finding->remedies[i]);
		shown++;
	}
}

static bool is_explained(const struct facts *facts, size_t row)
{
	for (size_t i = 0; i < facts->findings.count; i++)
		for (size_t k = 0; k < facts->findings.items[i].explains_count; k++)
			if (facts->findings.items[i].explains[k] == row)
				return true;
	return false;
}

void answer_findings(const struct answer_printer *p)
{
	const struct facts *facts = p->answer->facts;
	size_t limit = p->options->verbosity ? facts->findings.count : SUMMARY_FINDINGS;

	if (!facts->findings.count)
		return;
	answer_heading(p, "Findings");
	/* what another finding explains comes after it, and only where there is room */
	for (int explained = 0; explained < 2; explained++)
		for (size_t i = 0; i < facts->findings.count && limit; i++) {
			if (is_explained(facts, i) != (explained == 1))
				continue;
			finding_print(p, &facts->findings.items[i]);
			limit--;
		}
}

/* ---- functions */

/* Whoever's code it is finds it by its place; what it is part of stands above its rows. */
static void unknown_function(const struct answer_printer *p, const struct answer_row *row,
			     struct strbuf *out)
{
	const struct facts *facts = p->answer->facts;
	const struct fact *place = row->named ? facts_find(facts, row->symbol, "place") : NULL;

	if (row->nameless)
		strbuf_addf(out, "its name is not known, as there are no symbols for it%s%s",
			    *row->library ? " in " : "",
			    *row->library ? answer_library_label(row->library) : "");
	else if (place)
		strbuf_addf(out, "its source is %s", facts_str(facts, place->text));
	else
		strbuf_addf(out, "not in the knowledge base%s",
			    *row->library ? "" : "; its library is not known");
}

static void package_line(const struct answer_printer *p, const struct answer_row *row)
{
	const struct profile *profile = p->answer->selection->profile;
	const char *path = profile_text(profile, profile->frames.items[row->row.frame].dso_path);
	auto_free char *package = NULL;

	if (!p->options->package_of || path[0] != '/')
		return;
	package = p->options->package_of(p->options->package_context, path);
	if (package)
		answer_paragraph(p, 10, "package: ", package);
}

static void callers_line(const struct answer_printer *p, const struct answer_row *row)
{
	const struct facts *facts = p->answer->facts;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_strbuf struct strbuf suffix = STRBUF_INIT;
	auto_strbuf struct strbuf library = STRBUF_INIT; /* not told again */
	size_t count = 0;

	if (!row->named)
		return;
	strbuf_addf(&suffix, " -> %s", facts_str(facts, row->symbol.name));
	strbuf_addf(&library, "%s:", row->library);
	for (size_t i = 0; i < facts->facts.count && count < 4; i++) {
		const struct fact *fact = &facts->facts.items[i];
		struct str name = interned(&facts->texts, fact->entity.name);

		if (strcmp(facts_str(facts, fact->entity.kind), "call") != 0 ||
		    !str_ends_with(name, strbuf_str(&suffix)))
			continue;
		name.len -= suffix.len;
		auto_free char *caller = x_strndup(name.ptr, name.len);

		strbuf_add_text(&text, count++ ? ", " : "");
		answer_name(&text, str_starts_with(str_from(caller), strbuf_str(&library))
					   ? caller + library.len
					   : caller);
		strbuf_add_char(&text, ' ');
		answer_share(&text, fact);
	}
	if (count)
		answer_paragraph(p, 10, "called from: ", strbuf_text(&text));
}

void answer_function_notes(const struct answer_printer *p, struct entity symbol, unsigned indent)
{
	const struct facts *facts = p->answer->facts;
	const struct note *note;
	uint32_t cursor = 0;

	while (cursor < MAX_HINTS &&
	       (note = facts_next_note(facts, symbol, "caller_hint", &cursor)))
		answer_paragraph(p, indent, "here: ", facts_str(facts, note->text));
	cursor = 0;
	while ((note = facts_next_note(facts, symbol, "change", &cursor))) {
		struct entity advice = answer_entity(facts, "advice", note->text);
		const char *when = facts_note(facts, advice, "when");
		auto_strbuf struct strbuf text = STRBUF_INIT;

		if (is_printed(p, note->text))
			continue;
		text_id_vec_push(p->printed, note->text);
		strbuf_add_text(&text, facts_str(facts, note->text));
		if (when)
			strbuf_addf(&text, ", when %s", when);
		answer_paragraph(p, indent, "change: ", strbuf_text(&text));
	}
}

/* A row above that the same is said of, or NULL. */
static const struct answer_row *told_above(const struct answer_printer *p,
					   const struct answer_group *group, size_t number)
{
	const struct facts *facts = p->answer->facts;
	const char *what = facts_note(facts, group->rows.items[number].symbol, "what");

	for (size_t i = 0; i < number; i++)
		if (group->rows.items[i].known &&
		    facts_note(facts, group->rows.items[i].symbol, "what") == what)
			return &group->rows.items[i];
	return NULL;
}

static void known_function(const struct answer_printer *p, const struct answer_group *group,
			   size_t number, struct strbuf *out)
{
	const struct facts *facts = p->answer->facts;
	const struct answer_row *row = &group->rows.items[number];
	const struct answer_row *above = told_above(p, group, number);
	const char *hot = facts_note(facts, row->symbol, "why_hot");

	if (above) {
		strbuf_add_text(out, "as ");
		answer_function(p, above, out);
		strbuf_add_text(out, ", above");
		return;
	}
	strbuf_add_text(out, facts_note(facts, row->symbol, "what"));
	if (hot && (p->plan->rows <= FEW_ROWS || p->options->verbosity ||
		    (row->self && row->self->number >= small_share)))
		strbuf_addf(out, ". Hot because: %s", hot);
	if (facts_note(facts, row->symbol, "elsewhere"))
		strbuf_addf(out, " (%s)", facts_note(facts, row->symbol, "elsewhere"));
}

static void row_head(const struct answer_printer *p, const struct answer_row *row)
{
	auto_strbuf struct strbuf share = STRBUF_INIT;
	auto_strbuf struct strbuf name = STRBUF_INIT;
	auto_strbuf struct strbuf fact = STRBUF_INIT;

	units_percent(&share, row->self ? row->self->number : 0);
	answer_function(p, row, &name);
	answer_cite(&fact, row->self);
	fprintf(p->term->stream, "  %7s  %s", strbuf_text(&share), term_style(p->term, TERM_BOLD));
	term_write_safe(p->term->stream, strbuf_str(&name));
	fprintf(p->term->stream, "%s%s%s\n          ", term_style(p->term, TERM_PLAIN),
		strbuf_text(&fact), row->is_skid ? " (skid)" : "");
}

static void row_print(const struct answer_printer *p, const struct answer_group *group,
		      size_t number)
{
	const struct answer_row *row = &group->rows.items[number];
	auto_strbuf struct strbuf text = STRBUF_INIT;

	row_head(p, row);
	if (row->known)
		known_function(p, group, number, &text);
	else
		unknown_function(p, row, &text);
	filled(p, 10, &text);
	callers_line(p, row);
	if (row->known)
		answer_function_notes(p, row->symbol, 10);
	else
		package_line(p, row);
}

static void spread_print(const struct answer_printer *p, const struct answer_group *group)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add_text(&text, "its time is spread over many functions; the hottest are ");
	for (size_t i = 0; i < group->spread.count; i++)
		observed_row(p, &text, &group->spread.items[i], i > 0);
	answer_paragraph(p, 2, "", strbuf_text(&text));
}

/* What usually burns there, where the rows have no names to tell. */
static void nameless_print(const struct answer_printer *p, const struct answer_group *group)
{
	const char *hot = facts_note(p->answer->facts, group->dso, "why_hot");
	bool nameless = !group->rows.count;

	for (size_t i = 0; i < group->rows.count; i++)
		nameless |= group->rows.items[i].nameless;
	if (hot && nameless)
		answer_paragraph(p, 2, "Its time usually goes here: ", hot);
}

static void group_print(const struct answer_printer *p, const struct answer_group *group)
{
	const struct facts *facts = p->answer->facts;
	auto_strbuf struct strbuf title = STRBUF_INIT;
	const char *what = facts_note(facts, group->dso, "what");

	strbuf_addf(&title, "%s  ", answer_library_label(group->library));
	answer_share(&title, group->self);
	auto_strbuf struct strbuf safe = STRBUF_INIT;

	term_safe(&safe, strbuf_str(&title));
	answer_heading(p, strbuf_text(&safe));
	if (what)
		answer_paragraph(p, 2, "", what);
	for (size_t i = 0; i < group->rows.count; i++)
		row_print(p, group, i);
	if (!group->rows.count)
		spread_print(p, group);
	nameless_print(p, group);
	for (size_t i = 0; i < group->topics.count; i++) {
		const struct fact *share = answer_topic_share(p->answer, group->topics.items[i]);

		answer_topic(p, group->topics.items[i], advice_limit(p, share ? share->number : 0));
	}
}

static bool is_listed_program(const struct answer_printer *p, const struct fact *fact)
{
	return !strcmp(facts_str(p->answer->facts, fact->entity.kind), "program") &&
	       !strcmp(facts_str(p->answer->facts, fact->name), "self") &&
	       fact->number >= program_share;
}

static int by_number(const void *left, const void *right)
{
	const struct fact *a = *(const struct fact *const *)left;
	const struct fact *b = *(const struct fact *const *)right;

	if (a->number != b->number)
		return a->number > b->number ? -1 : 1;
	return a->number_in_answer < b->number_in_answer ? -1 : 1;
}

/* Of a machine's profile: which programs are at work, and what they are. */
static void programs_print(const struct answer_printer *p)
{
	const struct facts *facts = p->answer->facts;
	const struct fact *programs[MAX_PROGRAMS];
	size_t count = 0;

	for (size_t i = 0; i < facts->facts.count && count < MAX_PROGRAMS; i++)
		if (is_listed_program(p, &facts->facts.items[i]))
			programs[count++] = &facts->facts.items[i];
	if (count < 2)
		return;
	qsort(programs, count, sizeof(programs[0]), by_number);
	answer_heading(p, "Programs");
	for (size_t i = 0; i < MIN(count, (size_t)LISTED_PROGRAMS); i++) {
		const char *what = facts_note(facts, programs[i]->entity, "what");
		auto_strbuf struct strbuf share = STRBUF_INIT;
		auto_strbuf struct strbuf text = STRBUF_INIT;

		units_percent(&share, programs[i]->number);
		strbuf_add_text(&text, facts_str(facts, programs[i]->entity.name));
		answer_cite(&text, programs[i]);
		if (what)
			strbuf_addf(&text, ": %s", what);
		fprintf(p->term->stream, "  %7s  ", strbuf_text(&share));
		filled(p, 11, &text);
	}
}

void answer_topn_text(const struct term *term, const struct answer *answer,
		      const struct answer_options *options)
{
	auto_answer_plan struct answer_plan plan = answer_plan_make(answer, options);
	struct text_id_vec printed = { 0 };
	struct answer_printer p = { term, answer, options, &plan, &printed };

	answer_head(&p);
	answer_findings(&p);
	programs_print(&p);
	for (size_t i = 0; i < plan.groups.count; i++)
		group_print(&p, &plan.groups.items[i]);
	if (plan.left_out) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "%zu functions with ", plan.left_out);
		units_percent(&text, plan.left_out_share);
		strbuf_add_text(&text,
				" of the time together are not shown (--limit, --percent-limit).");
		fputc('\n', term->stream);
		filled(&p, 0, &text);
	}
	answer_foot(&p);
	text_id_vec_done(&printed);
}
