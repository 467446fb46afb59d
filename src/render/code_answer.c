#include "render/code_answer.h"

#include <string.h>

#include "base/memory.h"
#include "base/units.h"
#include "render/answer_text.h"

enum {
	AROUND = 2, /* quiet lines that are shown beside a hot one */
	SHOWN_LOOPS = 12,
	SHOWN_FINDINGS = 8,
	SHOWN_REMEDIES = 3,
	SHOWN_CALLS = 6,
	BAR_COLUMNS = 10,
	TAB_COLUMNS = 8,
};

static const double hot_from = 0.01, instruction_from = 0.02, telling_loop = 0.05;

struct printer {
	const struct term *term;
	const struct code_answer *answer;
	const struct answer_options *options;
	struct answer_printer text; /* for the pieces that all answers share */
	bool *shown;		    /* by line */
};

/* ---- facts by the names that code gives */

static struct entity entity_named(const struct facts *facts, const char *kind,
				  const struct strbuf *name)
{
	return answer_entity(facts, kind, intern_find(&facts->texts, strbuf_str(name)));
}

static const struct fact *line_fact(const struct printer *p, uint32_t line, const char *name)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	code_line_name(p->answer->code, line, &text);
	return facts_find(p->answer->answer.facts,
			  entity_named(p->answer->answer.facts, "line", &text), name);
}

static const struct fact *input_fact(const struct printer *p, const char *name)
{
	const struct facts *facts = p->answer->answer.facts;
	uint32_t id = intern_find(&facts->texts, str_from(p->answer->code->listing->name));

	return facts_find(facts, answer_entity(facts, "code", id), name);
}

static void filled(const struct printer *p, unsigned indent, const struct strbuf *text)
{
	term_wrap(p->term->stream, strbuf_str(text), p->term->width, indent);
}

/* ---- the head */

static void plural(struct strbuf *out, uint64_t count, const char *one, const char *many)
{
	units_count(out, count);
	strbuf_addf(out, " %s", count == 1 ? one : many);
}

static void print_input(const struct printer *p)
{
	const struct code *code = p->answer->code;
	const struct listing *listing = code->listing;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t named = 0, sources = 0;

	for (size_t i = 0; i < listing->functions.count; i++)
		named += listing->functions.items[i].name != 0;
	for (size_t i = 0; i < listing->rows.count; i++)
		sources += listing->rows.items[i].kind == LISTING_SOURCE;
	strbuf_addf(&text, "%s: %s, ", listing->name, listing->format);
	if (sources)
		plural(&text, sources, "line of source", "lines of source");
	if (listing->rows.count > sources) {
		strbuf_add_text(&text, sources ? ", " : "");
		plural(&text, listing->rows.count - sources, "instruction", "instructions");
	}
	if (named) {
		strbuf_add_text(&text, " in ");
		plural(&text, named, "function", "functions");
	}
	if (listing->samples) {
		strbuf_add_text(&text, ", ");
		plural(&text, listing->samples, "sample", "samples");
	}
	strbuf_add_char(&text, '.');
	filled(p, 0, &text);
}

static void print_summary(const struct printer *p)
{
	const struct code *code = p->answer->code;
	const struct fact *share = input_fact(p, "hot_share"), *lines = input_fact(p, "hot_lines");
	const struct fact *loops = input_fact(p, "in_loops");
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!code->is_measured) {
		strbuf_add_text(
			&text,
			"Nothing is measured here: there are no costs beside the lines, so "
			"that nobody can say which of them matter. Patterns are told as they "
			"stand. To measure: sysgrok record PROGRAM, then perf annotate "
			"--stdio -i perf.data | sysgrok code.");
		filled(p, 0, &text);
		return;
	}
	if (share && lines && lines->number >= 1) {
		plural(&text, (uint64_t)lines->number, "line makes ", "lines make ");
		answer_share(&text, share);
		strbuf_add_char(&text, ' ');
		listing_whole(code->listing, &text);
		if (loops && code->loops.count) {
			strbuf_add_text(&text, "; loops take ");
			answer_share(&text, loops);
		}
		strbuf_add_char(&text, '.');
	} else {
		strbuf_add_text(&text, "Shares are ");
		listing_whole(code->listing, &text);
		strbuf_add_char(&text, '.');
	}
	filled(p, 0, &text);
}

static void print_caveats(const struct printer *p)
{
	const struct listing *listing = p->answer->code->listing;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (listing->unit == LISTING_RUNS && p->answer->code->is_measured)
		strbuf_add_text(&text,
				"Counts say how often a line ran, not how long it took: a line "
				"that runs often and is cheap stands first here.");
	if (listing->samples && listing->samples < 100)
		strbuf_addf(&text,
			    "%sSo few samples say little: record longer, or at a higher rate "
			    "(-F).",
			    text.len ? " " : "");
	if (listing->other_event_count) {
		strbuf_addf(&text, "%sNot used are the columns and sections of ",
			    text.len ? " " : "");
		for (size_t i = 0; i < listing->other_event_count; i++)
			strbuf_addf(&text, "%s%s", i ? ", " : "",
				    listing_text(listing, listing->other_events[i]));
		strbuf_add_char(&text, '.');
	}
	if (!p->answer->code->is_code)
		strbuf_add_text(&text,
				" It does not look like code of a language that is known here: "
				"give source with costs, as perf annotate --stdio, gcov, pprof "
				"-list or callgrind_annotate print it.");
	if (text.len)
		filled(p, 0, &text);
}

/* ---- lines */

/* Tabs as blanks, so that columns stay. */
static void expand(struct str text, struct strbuf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\t')
			strbuf_add_repeated(out, ' ',
					    TAB_COLUMNS - (out->len - start) % TAB_COLUMNS);
		else
			strbuf_add_char(out, text.ptr[i]);
	}
}

static enum term_style style_of(double share)
{
	return share >= 0.1 ? TERM_RED : share >= hot_from ? TERM_YELLOW : TERM_PLAIN;
}

static void write_margin(const struct printer *p, double share, double most)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	unsigned columns = most > 0 ? (unsigned)(share / most * BAR_COLUMNS + 0.5) : 0;
	FILE *stream = p->term->stream;

	if (share >= 0.00005)
		units_percent(&text, share);
	fprintf(stream, "  %s%8s ", term_style(p->term, style_of(share)), strbuf_text(&text));
	for (unsigned i = 0; i < BAR_COLUMNS; i++)
		fputc(i < columns ? '#' : ' ', stream);
	fputs(term_style(p->term, TERM_PLAIN), stream);
}

/* The code as it fits, then its fact. */
static void write_code(const struct printer *p, struct str text, const struct fact *fact,
		       unsigned used)
{
	auto_strbuf struct strbuf expanded = STRBUF_INIT, safe = STRBUF_INIT, cite = STRBUF_INIT;
	unsigned room = p->term->width > used + 20 ? p->term->width - used : 20;
	struct str shown;

	answer_cite(&cite, fact);
	expand(text, &expanded);
	term_safe(&safe, strbuf_str(&expanded));
	shown = strbuf_str(&safe);
	while (shown.len && shown.ptr[shown.len - 1] == ' ')
		shown.len--;
	if (term_text_width(shown) + cite.len > room)
		shown = term_clip(shown, room - (unsigned)cite.len - 2);
	fprintf(p->term->stream, "%.*s%s%s%s\n", STR_ARG(shown), term_style(p->term, TERM_DIM),
		strbuf_text(&cite), term_style(p->term, TERM_PLAIN));
}

/* "12a5: add $0x1,%ecx", with one blank for many. */
static void add_instruction(struct strbuf *out, struct str text, bool with_address)
{
	struct str word;
	bool is_first = true;

	while (str_next_word(&text, &word)) {
		bool is_address = is_first && word.len > 1 && word.ptr[word.len - 1] == ':';

		if (!is_address || with_address) {
			strbuf_add(out, word);
			strbuf_add_char(out, ' ');
		}
		is_first = false;
	}
}

static void print_instructions(const struct printer *p, uint32_t line)
{
	const struct code *code = p->answer->code;
	const struct listing_row_vec *rows = &code->listing->rows;
	size_t limit = p->options->verbosity ? 12 : 2;

	for (size_t i = 0; i < code->hot.count && limit; i++) {
		const struct code_hot *hot = &code->hot.items[i];
		auto_strbuf struct strbuf text = STRBUF_INIT, share = STRBUF_INIT;

		if (hot->line != line || hot->share < instruction_from)
			continue;
		units_percent(&share, hot->share);
		strbuf_addf(&text, "%8s  ", strbuf_text(&share));
		add_instruction(&text, listing_row_text(&rows->items[hot->row]), true);
		if (hot->after) {
			strbuf_add_text(&text, " <- after ");
			add_instruction(&text, listing_row_text(&rows->items[hot->after - 1]),
					false);
		}
		fprintf(p->term->stream, "  %19s       | %s", "", term_style(p->term, TERM_DIM));
		write_code(p, strbuf_str(&text), NULL, 32);
		fputs(term_style(p->term, TERM_PLAIN), p->term->stream);
		limit--;
	}
}

static void print_line(const struct printer *p, uint32_t row, double most)
{
	const struct code *code = p->answer->code;
	const struct code_line *line = &code->lines.items[row];
	char number[16] = "";

	if (line->number)
		snprintf(number, sizeof(number), "%u", line->number);
	write_margin(p, line->share, most);
	fprintf(p->term->stream, " %5s | ", number);
	if (line->text.len) {
		write_code(p, line->text, line_fact(p, row, "self"), 30);
	} else {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		code_line_name(code, row, &name);
		write_code(p, strbuf_str(&name), line_fact(p, row, "self"), 30);
	}
	if (!(line->flags & CODE_LINE_IS_INSTRUCTION))
		print_instructions(p, row);
}

/* Which lines of all are shown: the hottest, and what stands beside them in the same function. */
static void choose_lines(struct printer *p)
{
	const struct code *code = p->answer->code;
	size_t limit = p->options->rows ? p->options->rows : SIZE_MAX;

	p->shown = x_calloc(code->lines.count + 1, sizeof(*p->shown));
	if (!code->is_measured)
		return;
	for (size_t i = 0; i < code->lines.count && i < limit; i++) {
		uint32_t row = code->by_share[i];
		const struct code_line *line = &code->lines.items[row];

		if (line->share < hot_from)
			break;
		p->shown[row] = true;
		for (uint32_t k = row > AROUND ? row - AROUND : 0;
		     k < code->lines.count && k <= row + AROUND; k++)
			if (code->lines.items[k].function == line->function &&
			    code->lines.items[k].scope == line->scope &&
			    code->lines.items[k].file == line->file &&
			    (line->number < code->lines.items[k].number + 2 * AROUND &&
			     code->lines.items[k].number < line->number + 2 * AROUND) &&
			    code->lines.items[k].text.len)
				p->shown[k] = true;
	}
}

static void print_function(const struct printer *p, uint32_t function)
{
	const struct listing *listing = p->answer->code->listing;
	const struct listing_function *f = &listing->functions.items[function];
	const char *name = listing_text(listing, f->name);
	const char *object = listing_text(listing, f->object);
	const char *file = listing_text(listing, f->file);
	const struct facts *facts = p->answer->answer.facts;
	const struct fact *self = facts_find(
		facts, answer_entity(facts, "function", intern_find(&facts->texts, str_from(name))),
		"self");
	auto_strbuf struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;

	answer_name(&text, *name ? name : *file ? file : "");
	if (*name && (*file || *object))
		strbuf_addf(&text, " (%s)", *file ? file : object);
	if (self) {
		strbuf_add_text(&text, "  ");
		answer_share(&text, self);
	}
	if (!text.len)
		return;
	term_safe(&safe, strbuf_str(&text));
	fprintf(p->term->stream, "%s%s%s\n", term_style(p->term, TERM_CYAN), strbuf_text(&safe),
		term_style(p->term, TERM_PLAIN));
}

/* Whose lines follow: those of another function that was inlined, or of the function itself. */
static void print_scope(const struct printer *p, uint32_t scope)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	strbuf_add_text(&name, scope ? "inlined: " : "itself:");
	answer_name(&name, listing_text(p->answer->code->listing, scope));
	fprintf(p->term->stream, "  %19s       | ", "");
	write_code(p, strbuf_str(&name), NULL, 30);
}

static void print_lines(const struct printer *p)
{
	const struct code *code = p->answer->code;
	double most = code->lines.count ? code->lines.items[code->by_share[0]].share : 0;
	uint32_t function = UINT32_MAX, scope = 0, last = 0;

	if (!code->is_measured || most < hot_from)
		return;
	answer_heading(&p->text, "Hot lines");
	for (uint32_t i = 0; i < code->lines.count; i++) {
		const struct code_line *line = &code->lines.items[i];

		if (!p->shown[i])
			continue;
		if (line->function != function) {
			print_function(p, line->function);
			if (line->scope)
				print_scope(p, line->scope);
		} else if (line->scope != scope) {
			print_scope(p, line->scope);
		} else if (last + 1 != i) {
			fprintf(p->term->stream, "  %19s   ... |\n", "");
		}
		function = line->function;
		scope = line->scope;
		last = i;
		print_line(p, i, most);
	}
	for (size_t i = 0; i < code->hot.count; i++)
		if (code->hot.items[i].after && code->hot.items[i].share >= instruction_from) {
			auto_strbuf struct strbuf text = STRBUF_INIT;

			strbuf_add_text(&text,
					"Samples land on the instruction behind the one that was "
					"slow (skid): where \"<- after\" stands, the cost is "
					"that one's.");
			filled(p, 0, &text);
			break;
		}
}

/* ---- loops */

static void print_loops(const struct printer *p)
{
	const struct code *code = p->answer->code;
	const struct facts *facts = p->answer->answer.facts;
	size_t count = 0, limit = p->options->verbosity ? SIZE_MAX : SHOWN_LOOPS;

	for (uint32_t i = 0; i < code->loops.count && code->is_measured; i++) {
		const struct code_loop *loop = &code->loops.items[i];
		auto_strbuf struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;
		const struct fact *self;

		/* where the source is not known, loops round others say little */
		if (loop->share < hot_from || count >= limit ||
		    (!loop->head && !loop->is_innermost && !p->options->verbosity))
			continue;
		if (!count++)
			answer_heading(&p->text, "Loops");
		code_loop_name(code, i, &name);
		self = facts_find(facts, entity_named(facts, "loop", &name), "self");
		units_percent(&text, loop->share);
		fprintf(p->term->stream, "  %8s  %*s", strbuf_text(&text),
			2 * (int)(MIN(loop->depth, 8u) - 1), "");
		strbuf_reset(&text);
		strbuf_add(&text, strbuf_str(&name));
		if (loop->last_number > loop->first_number)
			strbuf_addf(&text, " to %u", loop->last_number);
		answer_cite(&text, self);
		strbuf_add_text(&text, "  ");
		if (loop->head)
			strbuf_add(&text, str_trim(code->lines.items[loop->head - 1].text));
		if (loop->instructions)
			strbuf_addf(&text, "%s(%u instructions%s)", loop->head ? "  " : "",
				    loop->instructions,
				    loop->is_innermost ? "" : " outside the inner loop");
		filled(p, 12 + 2 * MIN(loop->depth, 8u), &text);
	}
}

/* ---- findings */

static const char *evidence_name(const char *name)
{
	static const struct {
		const char *fact, *words;
	} names[] = {
		{ "self", "of the line" },
		{ "near", "of the line and right behind it" },
		{ "loop_self", "of its loop" },
		{ "cost", "at the call and behind it" },
		{ "divide_share", "at the division" },
		{ "fp_divide_share", "at the division" },
		{ "atomic_share", "at the atomic operation" },
		{ "stride_share", "at the load" },
		{ "same_store_share", "at the store" },
		{ "branch_share", "at the branch and where it leads" },
		{ "bounds_check_share", "at the checks" },
		{ "conversion_share", "at the conversion" },
		{ "precision_share", "at the conversion" },
		{ "unoptimised", "of the whole" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].fact, name))
			return names[i].words;
	return "here";
}

static void add_evidence(const struct printer *p, const struct finding *finding, struct strbuf *out)
{
	const struct facts *facts = p->answer->answer.facts;
	size_t shown = 0;
	double last = 0;

	for (size_t i = 0; i < finding->evidence_count && shown < 3; i++) {
		const struct fact *fact = &facts->facts.items[finding->evidence[i]];

		if (fact->type != FACT_NUMBER ||
		    strcmp(facts_str(facts, fact->unit), "ratio") != 0 ||
		    (shown && fact->number <= last && fact->number >= last))
			continue;
		last = fact->number;
		strbuf_add_text(out, shown++ ? ", " : " (");
		units_percent(out, fact->number);
		strbuf_addf(out, " %s", evidence_name(facts_str(facts, fact->name)));
		answer_cite(out, fact);
	}
	if (shown)
		strbuf_add_char(out, ')');
}

/* The line that a finding is about, quoted. */
static void print_quote(const struct printer *p, const struct finding *finding)
{
	const struct facts *facts = p->answer->answer.facts;
	const struct fact *text = facts_find(facts, finding->entity, "text");

	if (!text || text->type != FACT_TEXT)
		return;
	fputs("      ", p->term->stream);
	write_code(p, str_trim(str_from(facts_str(facts, text->text))), NULL, 6);
}

static void print_finding(const struct printer *p, const struct finding *finding)
{
	static const enum term_style styles[] = { TERM_PLAIN, TERM_YELLOW, TERM_RED };
	const struct facts *facts = p->answer->answer.facts;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add_text(&text, facts_str(facts, finding->title));
	add_evidence(p, finding, &text);
	fprintf(p->term->stream, "  %s-%s ", term_style(p->term, styles[finding->severity]),
		term_style(p->term, TERM_PLAIN));
	filled(p, 4, &text);
	print_quote(p, finding);
	if (*facts_str(facts, finding->text))
		answer_paragraph(&p->text, 4, "Why: ", facts_str(facts, finding->text));
	for (size_t i = 0; i < finding->remedy_count && i < SHOWN_REMEDIES; i++)
		answer_paragraph(&p->text, 4,
				 i ? "or: " : "Do: ", facts_str(facts, finding->remedies[i]));
}

/* The same advice for several lines is told once: later findings of a rule are listed below it. */
static bool is_told(const struct facts *facts, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (facts->findings.items[i].rule == facts->findings.items[row].rule)
			return true;
	return false;
}

static void print_also(const struct printer *p, size_t row)
{
	const struct facts *facts = p->answer->answer.facts;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = row + 1; i < facts->findings.count; i++) {
		const struct finding *finding = &facts->findings.items[i];
		const struct fact *code = facts_find(facts, finding->entity, "text");

		if (finding->rule != facts->findings.items[row].rule)
			continue;
		if (count++ < 5) {
			strbuf_addf(&text, "%s%s", count > 1 ? "\n" : "",
				    facts_str(facts, finding->entity.name));
			if (code && code->type == FACT_TEXT)
				strbuf_addf(&text, ": %s", facts_str(facts, code->text));
			add_evidence(p, finding, &text);
		}
	}
	if (count > 5)
		strbuf_addf(&text, "\nand %zu more", count - 5);
	if (count)
		answer_paragraph(&p->text, 4, "Likewise: ", strbuf_text(&text));
}

static void print_findings(const struct printer *p)
{
	const struct facts *facts = p->answer->answer.facts;
	size_t limit = p->options->verbosity ? SIZE_MAX : SHOWN_FINDINGS, left = 0;

	if (!facts->findings.count) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		fputc('\n', p->term->stream);
		strbuf_add_text(&text,
				"No pattern that is known to cost time was found in these lines.");
		if (p->answer->code->is_measured)
			strbuf_add_text(&text,
					" What can be gained there is known to whoever knows what "
					"the code is for: less work, or the work done once.");
		filled(p, 0, &text);
		return;
	}
	answer_heading(&p->text, "Findings");
	for (size_t i = 0; i < facts->findings.count; i++) {
		if (is_told(facts, i))
			continue;
		if (!limit) {
			left++;
			continue;
		}
		print_finding(p, &facts->findings.items[i]);
		print_also(p, i);
		limit--;
	}
	if (left)
		fprintf(p->term->stream, "  %zu more kinds of finding with -v.\n", left);
}

/* ---- functions that hot lines call */

static bool is_worth_telling(const struct code *code, const struct code_call *call)
{
	const struct code_line *line = &code->lines.items[call->line];

	if (!code->is_measured)
		return true;
	return line->loop && code->loops.items[line->loop - 1].share >= telling_loop &&
	       (line->share >= hot_from || call->share >= hot_from);
}

static void print_calls(const struct printer *p)
{
	const struct code *code = p->answer->code;
	const struct facts *facts = p->answer->answer.facts;
	size_t count = 0;

	for (size_t i = 0; i < code->calls.count && count < SHOWN_CALLS; i++) {
		const struct code_call *call = &code->calls.items[i];
		const char *callee = code_text(code, call->callee), *what;
		auto_strbuf struct strbuf name = STRBUF_INIT;
		struct entity symbol;
		bool is_first = true;

		if (!is_worth_telling(code, call))
			continue;
		for (size_t k = 0; k < i && is_first; k++)
			is_first = code->calls.items[k].callee != call->callee;
		strbuf_addf(&name, ":%s", callee);
		symbol = entity_named(facts, "symbol", &name);
		what = facts_note(facts, symbol, "what");
		if (!what || !is_first)
			continue;
		if (!count++)
			answer_heading(&p->text, "Called in these loops");
		strbuf_reset(&name);
		strbuf_addf(&name, "%s: ", callee);
		answer_paragraph(&p->text, 2, strbuf_text(&name), what);
	}
}

/* ---- the foot */

static void print_ignored(const struct printer *p)
{
	const struct listing *listing = p->answer->code->listing;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!listing->ignored_lines)
		return;
	fputc('\n', p->term->stream);
	plural(&text, listing->ignored_lines, "line was not understood",
	       "lines were not understood");
	strbuf_add_text(&text, listing->ignored_lines > LISTING_KEPT_LINES ? "; the first:" : ":");
	filled(p, 0, &text);
	for (size_t i = 0; i < MIN(listing->ignored_lines, (uint64_t)LISTING_KEPT_LINES); i++) {
		fprintf(p->term->stream,
			"  line %u: ", listing_input_line(listing, listing->ignored[i]));
		write_code(p, listing->ignored[i], NULL, 16);
	}
}

void code_answer_text(const struct term *term, const struct code_answer *answer,
		      const struct answer_options *options)
{
	struct text_id_vec printed = { 0 };
	struct printer p = { .term = term,
			     .answer = answer,
			     .options = options,
			     .text = { term, &answer->answer, options, NULL, &printed } };

	choose_lines(&p);
	print_input(&p);
	print_summary(&p);
	print_caveats(&p);
	print_lines(&p);
	print_loops(&p);
	print_findings(&p);
	print_calls(&p);
	print_ignored(&p);
	answer_foot(&p.text);
	text_id_vec_done(&printed);
	free(p.shown);
}
