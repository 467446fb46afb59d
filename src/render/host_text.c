/* The answer about a host for people: what was read, what was found, what is fine, what was not
 * looked at; then the host in figures and its logs. */
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "render/host_log.h"
#include "render/host_parts.h"

enum {
	SHOWN_FINDINGS = 8,
	SHOWN_EVIDENCE = 5,
	SHOWN_REMEDIES = 2,
	SHOWN_PROCESSES = 6,
	NAME_COLUMNS = 24,
};

static void heading(const struct term *term, const char *text)
{
	fprintf(term->stream, "\n%s%s%s\n", term_style(term, TERM_BOLD), text,
		term_style(term, TERM_PLAIN));
}

static void paragraph(const struct term *term, unsigned indent, const char *label, struct str text)
{
	fprintf(term->stream, "%*s%s%s%s", (int)indent, "", term_style(term, TERM_CYAN), label,
		term_style(term, TERM_PLAIN));
	term_wrap(term->stream, text, term->width, indent + (unsigned)strlen(label));
}

/* ---- what was read */

static void add_count(struct strbuf *out, const struct facts *facts, struct entity entity,
		      const char *name, const char *one, const char *many)
{
	const struct fact *fact = facts_find(facts, entity, name);

	if (!fact || fact->number < 1)
		return;
	strbuf_add_text(out, ", ");
	units_count(out, (uint64_t)fact->number);
	strbuf_addf(out, " %s", fact->number > 1 ? many : one);
	if (strcmp(name, "lines") != 0)
		host_cite(out, fact);
}

/* How a command ended, where that tells something. */
static void end_add(struct strbuf *out, const struct facts *facts, struct entity input)
{
	const struct fact *status = facts_find(facts, input, "exit_status");

	if (status && status->number > 0) {
		strbuf_addf(out, "; exit status %.0f", status->number);
		host_cite(out, status);
	}
	if (*host_note_of(facts, input, "stderr")) {
		auto_strbuf struct strbuf said = STRBUF_INIT;

		host_foreign(&said, str_from(host_note_of(facts, input, "stderr")));
		strbuf_addf(out, "; on standard error: \"%.120s\"", strbuf_text(&said));
	}
}

static void input_print(const struct term *term, const struct facts *facts, struct entity input)
{
	const struct fact *content = facts_find(facts, input, "content");
	auto_strbuf struct strbuf name = STRBUF_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	unsigned columns;

	term_safe(&name, interned(&facts->texts, input.name));
	if (content && content->type == FACT_ABSENT) {
		strbuf_addf(&text, "not read: %s", facts_str(facts, content->text));
	} else {
		strbuf_add_text(&text, host_text_of(facts, input, "format"));
		add_count(&text, facts, input, "lines", "line", "lines");
		if (*host_text_of(facts, input, "first"))
			strbuf_addf(&text, ", %s to %s", host_text_of(facts, input, "first"),
				    host_text_of(facts, input, "last"));
		add_count(&text, facts, input, "errors", "error", "errors");
		add_count(&text, facts, input, "warnings", "warning", "warnings");
		add_count(&text, facts, input, "unknown_lines", "line not understood",
			  "lines not understood");
		if (*host_note_of(facts, input, "unknown_example"))
			strbuf_addf(&text, " (the first: \"%.60s\")",
				    host_note_of(facts, input, "unknown_example"));
		if (*host_text_of(facts, input, "cut"))
			strbuf_addf(&text, "; %s", host_text_of(facts, input, "cut"));
		end_add(&text, facts, input);
	}
	columns = MAX(term_text_width(strbuf_str(&name)), (unsigned)NAME_COLUMNS);
	fprintf(term->stream, "  %s%*s  ", strbuf_text(&name),
		(int)(columns - term_text_width(strbuf_str(&name))), "");
	term_wrap(term->stream, strbuf_str(&text), term->width,
		  columns + 4 < term->width / 2 ? columns + 4 : 8);
}

/* The entities of a kind, each once, in the order in which they were met. */
static bool next_entity(const struct facts *facts, const char *kind, size_t *cursor,
			struct entity *ret)
{
	for (; *cursor < facts->facts.count; (*cursor)++) {
		struct entity entity = facts->facts.items[*cursor].entity;
		bool known = false;

		if (strcmp(facts_str(facts, entity.kind), kind) != 0)
			continue;
		/* its first fact is the one that counts */
		for (size_t i = *cursor; i-- > 0 && !known;)
			known = entity_eq(facts->facts.items[i].entity, entity);
		if (known)
			continue;
		*ret = entity;
		(*cursor)++;
		return true;
	}
	return false;
}

static void inputs_print(const struct term *term, const struct host_answer *answer)
{
	struct entity input;
	size_t cursor = 0, count = 0;

	while (next_entity(answer->facts, "input", &cursor, &input))
		count++;
	fputs(term_style(term, TERM_BOLD), term->stream);
	term_write_safe(term->stream, str_from(answer->source));
	fprintf(term->stream, "%s: %zu %s%s\n", term_style(term, TERM_PLAIN), count,
		answer->host ? "output" : "file", count == 1 ? "" : "s");
	cursor = 0;
	while (next_entity(answer->facts, "input", &cursor, &input))
		input_print(term, answer->facts, input);
}

static void add_part(struct strbuf *out, const struct facts *facts, struct entity host,
		     const char *name, const char *before, const char *behind)
{
	const struct fact *fact = facts_find(facts, host, name);

	if (!fact || fact->type != FACT_NUMBER)
		return;
	strbuf_add_text(out, before);
	host_value(out, facts, fact);
	host_cite(out, fact);
	strbuf_add_text(out, behind);
}

/* What was looked at, in a line: how large it is, how busy, for how long. */
static void look_print(const struct term *term, const struct host_answer *answer)
{
	const struct facts *facts = answer->facts;
	auto_strbuf struct strbuf text = STRBUF_INIT, name = STRBUF_INIT;
	struct entity host;
	size_t cursor = 0;

	term_safe(&name, str_from(answer->source));
	if (answer->unreachable) {
		strbuf_addf(&text, "could not be read: %s", answer->unreachable);
	} else if (!next_entity(facts, "host", &cursor, &host)) {
		strbuf_add_text(&text, "nothing could be read that tells how it does");
	} else {
		add_part(&text, facts, host, "cpu_busy", "busy ", "");
		add_part(&text, facts, host, "cpus", " of ", " CPUs");
		add_part(&text, facts, host, "memory_available", "; available ", "");
		add_part(&text, facts, host, "memory_total", " of ", " of memory");
		add_part(&text, facts, host, "load_1", "; load ", "");
		add_part(&text, facts, host, "window", "; watched for ", "");
	}
	fprintf(term->stream, "%s%s%s: ", term_style(term, TERM_BOLD), strbuf_text(&name),
		term_style(term, TERM_PLAIN));
	term_wrap(term->stream, strbuf_str(&text), term->width,
		  MIN(term_text_width(strbuf_str(&name)) + 2, term->width / 3));
}

/* ---- findings */

static bool is_explained(const struct facts *facts, size_t row)
{
	for (size_t i = 0; i < facts->findings.count; i++)
		for (size_t k = 0; k < facts->findings.items[i].explains_count; k++)
			if (facts->findings.items[i].explains[k] == row)
				return true;
	return false;
}

static void evidence_add(struct strbuf *out, const struct facts *facts,
			 const struct finding *finding, size_t limit)
{
	size_t shown = 0;

	for (size_t i = 0; i < finding->evidence_count && shown < limit; i++) {
		const struct fact *fact = &facts->facts.items[finding->evidence[i]];
		struct str name = interned(&facts->texts, fact->name), head, tail;
		auto_strbuf struct strbuf plain = STRBUF_INIT;

		strbuf_addf(out, "%s", shown++ ? "; " : "");
		/* an entity of its own is named */
		if (!entity_eq(fact->entity, finding->entity) &&
		    strcmp(facts_str(facts, fact->entity.kind), "host") != 0) {
			term_safe(out, interned(&facts->texts, fact->entity.name));
			strbuf_add_char(out, ' ');
		}
		str_cut(name, '.', &head, &tail);
		strbuf_add(&plain, tail.len ? tail : name); /* of a rule's own figure: its name */
		for (size_t k = 0; k < plain.len; k++)
			if (plain.ptr[k] == '_')
				plain.ptr[k] = ' ';
		strbuf_add(out, strbuf_str(&plain));
		strbuf_add_char(out, ' ');
		host_value(out, facts, fact);
		host_cite(out, fact);
		if (fact->source_line)
			strbuf_addf(out, " %s:%u", facts_str(facts, fact->source),
				    fact->source_line);
	}
}

static void explains_add(struct strbuf *out, const struct facts *facts,
			 const struct finding *finding)
{
	for (size_t i = 0; i < finding->explains_count; i++) {
		const struct finding *symptom = &facts->findings.items[finding->explains[i]];

		strbuf_addf(out, "%s%s", i ? "; " : "", facts_str(facts, symptom->title));
	}
}

static void finding_print(const struct term *term, const struct host_answer *answer, size_t row)
{
	static const char *const severities[] = { "info", "WARNING", "CRITICAL" };
	static const enum term_style styles[] = { TERM_DIM, TERM_YELLOW, TERM_RED };
	const struct facts *facts = answer->facts;
	const struct finding *finding = &facts->findings.items[row];
	auto_strbuf struct strbuf title = STRBUF_INIT;
	auto_strbuf struct strbuf evidence = STRBUF_INIT;
	auto_strbuf struct strbuf explains = STRBUF_INIT;
	size_t remedies = answer->verbosity ? finding->remedy_count : SHOWN_REMEDIES;

	host_foreign(&title, interned(&facts->texts, finding->title));
	strbuf_addf(&title, " (%s)", facts_str(facts, finding->rule));
	fprintf(term->stream, "  %s%-8s%s  ", term_style(term, styles[finding->severity]),
		severities[finding->severity], term_style(term, TERM_PLAIN));
	term_wrap(term->stream, strbuf_str(&title), term->width, 12);
	if (*facts_str(facts, finding->text))
		paragraph(term, 12, "", interned(&facts->texts, finding->text));
	evidence_add(&evidence, facts, finding, answer->verbosity ? SIZE_MAX : SHOWN_EVIDENCE);
	if (evidence.len)
		paragraph(term, 12, "seen: ", strbuf_str(&evidence));
	explains_add(&explains, facts, finding);
	if (explains.len)
		paragraph(term, 12, "explains: ", strbuf_str(&explains));
	for (size_t i = 0; i < finding->remedy_count && i < remedies; i++)
		paragraph(term, 12, "do: ", interned(&facts->texts, finding->remedies[i]));
}

/* Errors in all logs together. */
static uint64_t log_errors(const struct facts *facts)
{
	struct entity input;
	size_t cursor = 0;
	double sum = 0;

	while (next_entity(facts, "input", &cursor, &input))
		sum += facts_value(facts, input, "errors", 0);
	return sum < 1e15 ? (uint64_t)sum : 0;
}

static void verdict_print(const struct term *term, const struct host_answer *answer)
{
	uint64_t errors = log_errors(answer->facts);
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t fine = 0;

	for (size_t i = 0; i < answer->area_count; i++)
		if (!answer->areas[i].run)
			strbuf_addf(&text, "%s%s", fine++ ? ", " : "Nothing wrong was found with: ",
				    answer->areas[i].name);
	if (fine)
		strbuf_add_text(&text, ".");
	else
		strbuf_add_text(&text, "Nothing is known to be wrong; there is not enough evidence "
				       "to say that the host is healthy.");
	if (errors) {
		strbuf_add_text(&text, " The logs hold ");
		units_count(&text, errors);
		strbuf_addf(&text, " error%s whose cause no rule knows: they stand below.",
			    errors == 1 ? "" : "s");
	}
	paragraph(term, 2, "", strbuf_str(&text));
}

static bool has_grave(const struct facts *facts)
{
	for (size_t i = 0; i < facts->findings.count; i++)
		if (facts->findings.items[i].severity >= SEVERITY_WARNING)
			return true;
	return false;
}

static void findings_print(const struct term *term, const struct host_answer *answer)
{
	const struct facts *facts = answer->facts;
	size_t limit = answer->verbosity ? SIZE_MAX : SHOWN_FINDINGS, shown = 0;

	heading(term, "Findings");
	if (!has_grave(facts))
		verdict_print(term, answer);
	/* symptoms are told with their cause; in full only with -v */
	for (int explained = 0; explained <= (answer->verbosity > 0); explained++)
		for (size_t i = 0; i < facts->findings.count; i++) {
			if (is_explained(facts, i) != (explained == 1))
				continue;
			if (shown++ < limit)
				finding_print(term, answer, i);
		}
	if (shown > limit)
		fprintf(term->stream, "  and %zu more (-v shows them)\n", shown - limit);
}

static void areas_print(const struct term *term, const struct host_answer *answer)
{
	auto_strbuf struct strbuf fine = STRBUF_INIT, open = STRBUF_INIT;
	bool is_short = answer->is_look && !answer->verbosity;

	for (size_t i = 0; i < answer->area_count; i++) {
		const struct host_answer_area *area = &answer->areas[i];

		if (area->run)
			strbuf_addf(&open, "%s%s: %s; run: %s", open.len ? "\n" : "", area->name,
				    area->reason, area->run);
		else if (is_short)
			strbuf_addf(&fine, "%s%s", fine.len ? ", " : "", area->name);
		else
			strbuf_addf(&fine, "%s%s: %s", fine.len ? "\n" : "", area->name,
				    area->reason);
	}
	/* a verdict without findings has named them */
	if (fine.len && !(is_short && !has_grave(answer->facts))) {
		heading(term, "Not the reason");
		paragraph(term, 2, "", strbuf_str(&fine));
	}
	if (open.len) {
		heading(term, answer->is_look ? "Not checked" : "Not looked at");
		paragraph(term, 2, "", strbuf_str(&open));
	}
}

/* ---- the host in figures */

static void add_value(struct strbuf *out, const struct facts *facts, struct entity host,
		      const char *name, const char *label)
{
	const struct fact *fact = facts_find(facts, host, name);

	if (!fact || fact->type != FACT_NUMBER)
		return;
	strbuf_addf(out, "%s%s", out->len ? ", " : "", label);
	if (strcmp(facts_str(facts, fact->unit), "tasks"))
		host_value(out, facts, fact);
	else
		strbuf_addf(out, "%.4g", fact->number); /* its line says of what */
	host_cite(out, fact);
}

static void cpu_print(const struct term *term, const struct facts *facts, struct entity host)
{
	static const char *const kinds[][2] = {
		{ "cpu_user", "user " },       { "cpu_system", "system " },
		{ "cpu_nice", "nice " },       { "cpu_idle", "idle " },
		{ "cpu_iowait", "iowait " },   { "cpu_irq", "interrupts " },
		{ "cpu_softirq", "softirq " }, { "cpu_steal", "steal " },
	};
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (facts_value(facts, host, kinds[i][0], 0) >= 0.0005)
			add_value(&text, facts, host, kinds[i][0], kinds[i][1]);
	if (text.len)
		paragraph(term, 2, "CPU     ", strbuf_str(&text));
}

static void processes_print(const struct term *term, const struct facts *facts, const char *kind,
			    const char *label)
{
	struct entity process;
	size_t cursor = 0, shown = 0;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	/* they were told in the order of their weight */
	while (shown < SHOWN_PROCESSES && next_entity(facts, kind, &cursor, &process)) {
		const struct fact *cpu = facts_find(facts, process, "cpu");
		const struct fact *resident = facts_find(facts, process, "resident");

		if (!cpu || (cpu->number < 0.01 && facts_value(facts, process, "memory", 0) < 0.1))
			continue;
		strbuf_add_text(&text, shown++ ? ", " : "");
		term_safe(&text, interned(&facts->texts, process.name));
		strbuf_add_char(&text, ' ');
		host_value(&text, facts, cpu);
		host_cite(&text, cpu);
		if (resident && facts_value(facts, process, "memory", 0) >= 0.1) {
			strbuf_add_text(&text, " and ");
			host_value(&text, facts, resident);
			host_cite(&text, resident);
		}
	}
	if (text.len)
		paragraph(term, 2, label, strbuf_str(&text));
}

static bool has_figures(const struct facts *facts, struct entity host)
{
	static const char *const names[] = { "load_1", "cpu_user", "tasks", "memory_total" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (facts_find(facts, host, names[i]))
			return true;
	return false;
}

static void host_print(const struct term *term, const struct facts *facts)
{
	struct entity host;
	size_t cursor = 0;
	auto_strbuf struct strbuf tasks = STRBUF_INIT, memory = STRBUF_INIT, load = STRBUF_INIT;

	do {
		if (!next_entity(facts, "host", &cursor, &host))
			return;
	} while (!has_figures(facts, host));
	heading(term, facts_find(facts, host, "frames") ? "The host, as top shows it"
							: "The host, in figures");
	add_value(&load, facts, host, "load_1", "");
	add_value(&load, facts, host, "load_5", "");
	add_value(&load, facts, host, "load_15", "");
	if (load.len) {
		strbuf_add_text(&load, " over 1, 5 and 15 minutes: history, and waiting tasks too");
		paragraph(term, 2, "load    ", strbuf_str(&load));
	}
	cpu_print(term, facts, host);
	add_value(&tasks, facts, host, "tasks", "");
	add_value(&tasks, facts, host, "tasks_running", "running ");
	add_value(&tasks, facts, host, "tasks_blocked", "blocked ");
	add_value(&tasks, facts, host, "tasks_zombie", "zombies ");
	if (tasks.len)
		paragraph(term, 2, "tasks   ", strbuf_str(&tasks));
	add_value(&memory, facts, host, "memory_available", "available ");
	add_value(&memory, facts, host, "memory_total", "of ");
	if (facts_value(facts, host, "swap_total", 0) > 0)
		add_value(&memory, facts, host, "swap_used", "swap used ");
	if (memory.len)
		paragraph(term, 2, "memory  ", strbuf_str(&memory));
	processes_print(term, facts, "process", "busiest ");
	processes_print(term, facts, "thread", "busiest ");
	processes_print(term, facts, "command", "by name ");
}

/* ---- one host */

static void unchecked_print(const struct term *term, const struct host_answer *answer)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!answer->verbosity || !answer->unchecked_count)
		return;
	strbuf_add_text(&text, "Rules that could not be checked, as no fact says enough: ");
	for (size_t i = 0; i < answer->unchecked_count; i++)
		strbuf_addf(&text, "%s%s", i ? ", " : "", answer->unchecked[i]);
	fputc('\n', term->stream);
	term_wrap(term->stream, strbuf_str(&text), term->width, 0);
}

static void summaries_print(const struct term *term, const struct host_answer *answer)
{
	struct entity input;
	size_t cursor = 0;

	host_print(term, answer->facts);
	while (next_entity(answer->facts, "input", &cursor, &input))
		if (host_log_has_messages(answer, input))
			host_log_print(term, answer, input);
}

void host_answer_print(const struct term *term, const struct host_answer *answer)
{
	bool tells_all = !answer->is_look || answer->shows_summaries;

	if (answer->is_look)
		look_print(term, answer);
	if (answer->unreachable)
		return;
	if (tells_all)
		inputs_print(term, answer);
	findings_print(term, answer);
	areas_print(term, answer);
	if (tells_all)
		summaries_print(term, answer);
	unchecked_print(term, answer);
}
