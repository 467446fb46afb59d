/* The report about several hosts: what is wrong with which, who is unlike the rest, then each. */
#include <string.h>

#include "render/host_log.h"
#include "render/host_parts.h"

enum { NAME_COLUMNS = 16, NAME_COLUMNS_MAX = 32, SHOWN_DIFFERENCES = 3 };

/* Of the worst finding; -1: none. They are sorted. */
static int gravity(const struct host_answer *answer)
{
	return answer->facts->findings.count ? (int)answer->facts->findings.items[0].severity : -1;
}

static bool is_ill(const struct host_answer *answer)
{
	return !answer->unreachable && gravity(answer) >= SEVERITY_WARNING;
}

static bool is_fine(const struct host_answer *answer)
{
	return !answer->unreachable && !is_ill(answer);
}

static size_t count_of(const struct host_answer *answers, size_t count,
		       bool (*fits)(const struct host_answer *answer))
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += fits(&answers[i]);
	return found;
}

static int name_columns(const struct host_answer *answers, size_t count)
{
	unsigned columns = NAME_COLUMNS;

	for (size_t i = 0; i < count; i++)
		columns = MAX(columns, term_text_width(str_from(answers[i].source)));
	return (int)MIN(columns, (unsigned)NAME_COLUMNS_MAX);
}

static void row_print(const struct term *term, const char *label, enum term_style style,
		      const char *host, int columns, struct str text)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;
	int missing;

	term_safe(&name, str_from(host));
	missing = columns - (int)term_text_width(strbuf_str(&name));
	fprintf(term->stream, "  %s%-8s%s  %s%*s  ", term_style(term, style), label,
		term_style(term, TERM_PLAIN), strbuf_text(&name), MAX(missing, 0), "");
	term_wrap(term->stream, text, term->width, (unsigned)columns + 14);
}

static void ill_print(const struct term *term, const struct host_answer *answer, int columns)
{
	const struct facts *facts = answer->facts;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t more = 0;

	for (size_t i = 1; i < facts->findings.count; i++)
		more += facts->findings.items[i].severity >= SEVERITY_WARNING;
	host_foreign(&text, interned(&facts->texts, facts->findings.items[0].title));
	strbuf_addf(&text, " (%s)", facts_str(facts, facts->findings.items[0].rule));
	if (more)
		strbuf_addf(&text, "; and %zu more", more);
	row_print(term, gravity(answer) == SEVERITY_CRITICAL ? "CRITICAL" : "WARNING",
		  gravity(answer) == SEVERITY_CRITICAL ? TERM_RED : TERM_YELLOW, answer->source,
		  columns, strbuf_str(&text));
}

static void fine_print(const struct term *term, const struct host_answer *answers, size_t count)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		if (is_fine(&answers[i]))
			strbuf_addf(&text, "%s%s", text.len ? ", " : "Nothing wrong was found on: ",
				    answers[i].source);
	if (!text.len)
		return;
	fputs("  ", term->stream);
	term_wrap(term->stream, strbuf_str(&text), term->width, 4);
}

/* Worst first; those that are equally bad in the order given. */
static void table_print(const struct term *term, const struct host_answer *answers, size_t count)
{
	int columns = name_columns(answers, count);

	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_WARNING; severity--)
		for (size_t i = 0; i < count; i++)
			if (is_ill(&answers[i]) && gravity(&answers[i]) == severity)
				ill_print(term, &answers[i], columns);
	for (size_t i = 0; i < count; i++)
		if (answers[i].unreachable)
			row_print(term, "NOT READ", TERM_YELLOW, answers[i].source, columns,
				  str_from(answers[i].unreachable));
	fine_print(term, answers, count);
}

static void add_figure(struct strbuf *out, const struct facts *facts, struct fact fact,
		       double number)
{
	fact.number = number;
	host_value(out, facts, &fact);
}

static void differences_print(const struct term *term, const struct host_answer *answers,
			      size_t count)
{
	int columns = name_columns(answers, count);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct host_answer *answer = &answers[i];
		size_t limit = answer->verbosity ? SIZE_MAX : SHOWN_DIFFERENCES;
		auto_strbuf struct strbuf text = STRBUF_INIT;

		for (size_t d = 0; d < answer->difference_count && d < limit; d++) {
			const struct facts *facts = answer->facts;
			struct fact fact = facts->facts.items[answer->differences[d].fact];
			auto_strbuf struct strbuf name = STRBUF_INIT;

			strbuf_add_text(&text, d ? "; " : "");
			if (strcmp(facts_str(facts, fact.entity.kind), "host") != 0) {
				host_foreign(&text, interned(&facts->texts, fact.entity.name));
				strbuf_add_char(&text, ' ');
			}
			strbuf_add(&name, interned(&facts->texts, fact.name));
			for (size_t k = 0; k < name.len; k++)
				if (name.ptr[k] == '_')
					name.ptr[k] = ' ';
			strbuf_addf(&text, "%s ", strbuf_text(&name));
			add_figure(&text, facts, fact, fact.number);
			strbuf_add_text(&text, " (usual: ");
			add_figure(&text, facts, fact, answer->differences[d].usual);
			strbuf_add_char(&text, ')');
		}
		if (!text.len)
			continue;
		if (!any)
			fprintf(term->stream, "\n%sUnlike the rest%s\n",
				term_style(term, TERM_BOLD), term_style(term, TERM_PLAIN));
		any = true;
		row_print(term, "", TERM_PLAIN, answer->source, columns, strbuf_str(&text));
	}
}

static void overview_print(const struct term *term, const struct host_answer *answers, size_t count)
{
	size_t ill = count_of(answers, count, is_ill), fine = count_of(answers, count, is_fine);

	fprintf(term->stream,
		"%s%zu hosts%s: something is wrong with %zu, nothing was found on %zu",
		term_style(term, TERM_BOLD), count, term_style(term, TERM_PLAIN), ill, fine);
	if (ill + fine < count)
		fprintf(term->stream, ", %zu could not be read", count - ill - fine);
	fputs("\n", term->stream);
	table_print(term, answers, count);
	differences_print(term, answers, count);
}

void host_answers_text(const struct term *term, const struct host_answer *answers, size_t count)
{
	if (count > 1)
		overview_print(term, answers, count);
	for (size_t i = 0; i < count; i++) {
		if (count > 1 && answers[i].is_look && !is_ill(&answers[i]) &&
		    !answers[i].verbosity && !answers[i].shows_summaries)
			continue;
		if (count > 1)
			fputs("\n", term->stream);
		host_answer_print(term, &answers[i]);
	}
	fputc('\n', term->stream);
	if (!answers->is_asked)
		fputs("No model was asked: this answer is made of rules; [F..] are its facts, with "
		      "--json in full.\n",
		      term->stream);
}
