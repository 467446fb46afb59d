/*
 * Free text and logs: whatever no other parser takes. Lines are reduced to templates while they are
 * read, in one pass and bounded memory, so that the size of a log does not matter.
 */
#include <string.h>

#include "base/memory.h"
#include "host/log_facts.h"
#include "host/log_known.h"

#define NS_PER_DAY INT64_C(86400000000000)

enum {
	LEARN_BYTES = 1 << 16,
	LONGEST_LINE = 1 << 14, /* of a longer one the rest is passed over */
	MAX_EVENTS = 500,
	BELOW_KNOWN = 256,
	ODD_RUN = 3, /* stamps that jump far are believed when so many agree */
};

struct below {
	uint64_t hash;
	uint32_t row;
};

struct log {
	struct parse *parse;
	struct log_reader reader;
	struct log_summary summary;
	struct arena arena;
	struct strbuf plain;
	uint32_t last_id; /* + 1 of the line before; 0: none */
	enum log_clock clock;
	int64_t last_ns, offset_ns;
	unsigned odd_run;
	struct log_time last_time;
	struct below below[BELOW_KNOWN];
};

/*
 * Makes the time comparable with the ones before: a clock without a year or a date goes on when it
 * begins anew; a lone stamp that is years off is dropped.
 */
static void time_settle(struct log *log, struct log_time *time)
{
	int64_t jump;

	if (time->clock == LOG_CLOCK_NONE) {
		log->summary.untimed++;
		return;
	}
	if (log->clock == LOG_CLOCK_NONE) {
		log->clock = time->clock;
		log->last_ns = time->ns;
	}
	if (time->clock != log->clock) {
		log->summary.odd_times++;
		*time = (struct log_time){ 0 };
		return;
	}
	time->ns += log->offset_ns;
	jump = time->ns - log->last_ns;
	if (time->clock == LOG_CLOCK_NO_YEAR && jump < -180 * NS_PER_DAY) {
		log->offset_ns += 366 * NS_PER_DAY;
		time->ns += 366 * NS_PER_DAY;
	} else if (time->clock == LOG_CLOCK_DAY && jump < -NS_PER_DAY / 2) {
		log->offset_ns += NS_PER_DAY;
		time->ns += NS_PER_DAY;
	} else if ((jump > 400 * NS_PER_DAY || jump < -400 * NS_PER_DAY) &&
		   ++log->odd_run < ODD_RUN) {
		log->summary.odd_times++;
		*time = (struct log_time){ 0 };
		return;
	}
	log->odd_run = 0;
	log->summary.disordered += time->ns < log->last_ns;
	log->summary.longest_gap_ns = MAX(log->summary.longest_gap_ns, time->ns - log->last_ns);
	log->last_ns = time->ns;
	if (log->summary.first.clock == LOG_CLOCK_NONE || time->ns < log->summary.first.ns)
		log->summary.first = *time;
	if (log->summary.last.clock == LOG_CLOCK_NONE || time->ns > log->summary.last.ns)
		log->summary.last = *time;
}

static struct log_event *event_of(struct log *log, const char *fact, const char *kind,
				  struct str name)
{
	struct log_event_vec *events = &log->summary.events;
	struct log_event event = { .fact = fact, .kind = kind };

	for (size_t i = 0; i < events->count; i++)
		if (strcmp(events->items[i].fact, fact) == 0 &&
		    strcmp(events->items[i].kind, kind) == 0 && str_eq(events->items[i].name, name))
			return &events->items[i];
	if (events->count == MAX_EVENTS) {
		log->summary.events_left_out++;
		return NULL;
	}
	event.name = (struct str){ arena_copy(&log->arena, name), name.len };
	return log_event_vec_push(events, event);
}

static void event_count(struct log *log, uint32_t row, const struct log_line *line)
{
	struct str name;
	const char *kind = log_known_entity(row, line->text, &name);
	struct log_event *event;

	/* what stands in front of an exception's text is no program */
	if (!name.len || (line->is_continuation && strcmp(kind, "program") == 0))
		name = strcmp(kind, "host") == 0 ? STR("the host")
						 : host_command_of(log->parse->input->source);
	event = event_of(log, log_known_fact(row), kind, name);
	if (!event)
		return;
	event->row = row;
	if (!event->count++) {
		event->first_line = log->parse->line;
		event->first = line->time;
	}
	event->last_line = log->parse->line;
	if (line->time.clock != LOG_CLOCK_NONE)
		event->last = line->time;
}

/* The head of an exception may be what is known for sure: equal texts are judged once. */
static void below_judge(struct log *log, const struct log_line *line)
{
	uint64_t hash;
	struct below *known;

	if (!line->text.len || line->text.ptr[0] == ' ' || line->text.ptr[0] == '\t')
		return;
	hash = str_hash(line->text);
	known = &log->below[hash % BELOW_KNOWN];
	if (known->hash != hash)
		*known = (struct below){ hash, log_known_find(line->text) };
	if (known->row)
		event_count(log, known->row, line);
}

static void line_take(struct log *log, struct str raw)
{
	struct log_word words[LOG_MAX_WORDS];
	struct log_line line;
	size_t count;
	uint32_t id;

	raw.len = MIN(raw.len, (size_t)LONGEST_LINE);
	if (raw.len && memchr(raw.ptr, '\x1b', raw.len)) {
		strbuf_reset(&log->plain);
		escapes_drop(raw, &log->plain);
		raw = strbuf_str(&log->plain);
	}
	log_line_read(&log->reader, raw, &line);
	if (line.is_continuation && log->last_id) {
		line.time = log->last_time;
		log_templates_below(&log->summary.templates, log->last_id - 1, line.text);
		log->summary.below++;
		below_judge(log, &line);
		return;
	}
	count = log_words_read(&line, words);
	if (!count) {
		log->summary.blank++;
		return;
	}
	time_settle(log, &line.time);
	log->summary.levels[line.level]++;
	log->summary.requests += line.is_request;
	log->summary.requests_failed += line.is_request && line.level >= LOG_LEVEL_ERROR;
	if (line.level >= LOG_LEVEL_ERROR && !log->summary.first_error)
		log->summary.first_error = log->parse->line;
	id = log_templates_add(&log->summary.templates, &line, words, count, log->parse->line);
	log->last_id = id + 1;
	log->last_time = line.time;
	if (log->summary.templates.all.items[id]->known)
		event_count(log, log->summary.templates.all.items[id]->known, &line);
}

static bool is_mostly(uint64_t part, uint64_t whole)
{
	return part * 2 > whole;
}

static void format_tell(struct log *log)
{
	const struct log_summary *summary = &log->summary;
	uint64_t told = summary->lines - summary->below - summary->blank;
	const char *what = "text";

	if (is_mostly(log->reader.requests, told))
		what = "requests of a web server";
	else if (is_mostly(log->reader.structured, told))
		what = "log of JSON or key=value lines";
	else if (is_mostly(log->reader.kernel, told))
		what = "kernel log";
	else if (is_mostly(log->reader.syslog, told))
		what = "system log";
	else if (is_mostly(told - MIN(told, summary->untimed), told))
		what = "log";
	strbuf_add_text(&log->parse->format, what);
}

/* Commands whose output is to get a parser: until then it is text like any other. */
static bool is_awaited(const char *command)
{
	static const char *const names[] = {
		"uptime", "vmstat", "mpstat",  "pidstat", "iostat",    "free",	    "sar",
		"ps",	  "ss",	    "netstat", "nstat",	  "ip",	       "ethtool",   "df",
		"lsof",	  "mount",  "findmnt", "lsblk",	  "systemctl", "conntrack", "mdstat"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], command) == 0)
			return true;
	return false;
}

static void log_parse(struct parse *parse)
{
	struct log log = { .parse = parse };
	struct str head = { parse->rest.ptr, MIN(parse->rest.len, (size_t)LEARN_BYTES) }, raw;

	log_templates_init(&log.summary.templates);
	log_reader_init(&log.reader, head);
	while (parse->line < UINT32_MAX && str_next_line(&parse->rest, &raw)) {
		parse->line++;
		line_take(&log, raw);
	}
	log.summary.lines = parse->line;
	format_tell(&log);
	if (is_awaited(parse->input->command))
		strbuf_addf(&parse->format, " (there is no parser of %s yet)",
			    parse->input->command);
	log_facts(parse, &log.summary);
	log_templates_done(&log.summary.templates);
	log_event_vec_done(&log.summary.events);
	log_reader_done(&log.reader);
	strbuf_done(&log.plain);
	arena_done(&log.arena);
}

static unsigned log_looks(struct str text)
{
	return text.len > 0;
}

const struct host_parser log_parser = { "log", log_looks, log_parse };
