#include "host/log_line.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"
#include "host/log_fields.h"

enum {
	LEARN_LINES = 200,
	STAMP_WORDS = 4, /* "1.2.3.4 - - [20/Nov/2026:..." */
	STAMP_WITHIN = 96,
	LEVEL_WORDS = 8, /* a level stands near the beginning */
};

const char *const log_level_names[LOG_LEVELS] = { "", "info", "warning", "error", "fatal" };

/* ---- levels */

struct level_word {
	const char *word;
	enum log_level said;   /* as a field: "ERROR", "[error]", "error:" */
	enum log_level spoken; /* as a word of the sentence */
};

/* clang-format off */
static const struct level_word level_words[] = {
	{ "abort", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "aborted", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "alert", LOG_LEVEL_FATAL, LOG_LEVEL_NONE },
	{ "cannot", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "corrupt", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "corrupted", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "corruption", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "crashed", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "crit", LOG_LEVEL_FATAL, LOG_LEVEL_NONE },
	{ "critical", LOG_LEVEL_FATAL, LOG_LEVEL_NONE },
	{ "debug", LOG_LEVEL_INFO, LOG_LEVEL_NONE }, { "denied", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "dropped", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "emerg", LOG_LEVEL_FATAL, LOG_LEVEL_NONE }, { "emergency", LOG_LEVEL_FATAL, LOG_LEVEL_NONE },
	{ "err", LOG_LEVEL_ERROR, LOG_LEVEL_NONE }, { "error", LOG_LEVEL_ERROR, LOG_LEVEL_ERROR },
	{ "errors", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "exception", LOG_LEVEL_ERROR, LOG_LEVEL_ERROR },
	{ "exceeded", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "exhausted", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "expired", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "fail", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "failed", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "fails", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "failure", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "fatal", LOG_LEVEL_FATAL, LOG_LEVEL_FATAL },
	{ "info", LOG_LEVEL_INFO, LOG_LEVEL_NONE }, { "information", LOG_LEVEL_INFO, LOG_LEVEL_NONE },
	{ "invalid", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "killed", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "log", LOG_LEVEL_INFO, LOG_LEVEL_NONE }, { "lost", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "notice", LOG_LEVEL_INFO, LOG_LEVEL_NONE },
	{ "oops", LOG_LEVEL_NONE, LOG_LEVEL_FATAL }, { "overflow", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "panic", LOG_LEVEL_FATAL, LOG_LEVEL_FATAL },
	{ "refused", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "rejected", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "retrying", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "segfault", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "severe", LOG_LEVEL_ERROR, LOG_LEVEL_NONE },
	{ "throttled", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "timeout", LOG_LEVEL_NONE, LOG_LEVEL_WARNING }, { "timed", LOG_LEVEL_NONE, LOG_LEVEL_WARNING },
	{ "trace", LOG_LEVEL_INFO, LOG_LEVEL_NONE },
	{ "unable", LOG_LEVEL_NONE, LOG_LEVEL_ERROR }, { "unreachable", LOG_LEVEL_NONE, LOG_LEVEL_ERROR },
	{ "warn", LOG_LEVEL_WARNING, LOG_LEVEL_WARNING },
	{ "warning", LOG_LEVEL_WARNING, LOG_LEVEL_WARNING },
};
/* clang-format on */

enum { SHORTEST_LEVEL = 3, LONGEST_LEVEL = 11 };

/* The words are in order: where those of a letter begin. */
static const struct level_word *level_find(struct str word)
{
	char first;

	if (word.len < SHORTEST_LEVEL || word.len > LONGEST_LEVEL)
		return NULL;
	first = (char)(word.ptr[0] | ' ');
	if (first < 'a' || first > 'w')
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++) {
		const char *known = level_words[i].word;

		if (known[0] < first)
			continue;
		if (known[0] > first)
			break;
		if (strlen(known) == word.len && strncasecmp(known, word.ptr, word.len) == 0)
			return &level_words[i];
	}
	return NULL;
}

static struct str bare(struct str word)
{
	while (word.len && !isalnum((unsigned char)word.ptr[0]))
		word = (struct str){ word.ptr + 1, word.len - 1 };
	while (word.len && !isalnum((unsigned char)word.ptr[word.len - 1]))
		word.len--;
	return word;
}

enum log_level log_level_of(struct str word)
{
	const struct level_word *known = level_find(bare(word));

	return known ? known->said : LOG_LEVEL_NONE;
}

/* A level as a field stands in capitals, in brackets or before a colon. */
static bool is_field(struct str word, struct str letters)
{
	bool upper = true;

	for (size_t i = 0; i < letters.len; i++)
		upper &= !islower((unsigned char)letters.ptr[i]);
	return upper || word.ptr[0] == '[' || word.ptr[0] == '(' || word.ptr[word.len - 1] == ':';
}

/* "no errors", "0 failed", "errors: 0": nothing is wrong there. */
static bool is_denied(const struct log_word *words, size_t count, size_t at)
{
	struct str before = at ? bare(words[at - 1].text) : STR("");
	struct str after = at + 1 < count ? bare(words[at + 1].text) : STR("");

	return str_is(before, "no") || str_is(before, "No") || str_is(before, "0") ||
	       str_is(before, "without") || str_is(before, "zero") ||
	       (str_is(after, "0") && strchr(":=", words[at].text.ptr[words[at].text.len - 1]));
}

static void level_judge(struct log_line *line, const struct log_word *words, size_t count)
{
	enum log_level spoken = LOG_LEVEL_NONE;

	if (line->level_is_said)
		return;
	for (size_t i = 0; i < count; i++) {
		struct str letters;
		const struct level_word *known;

		if (words[i].mask != LOG_MASK_NONE && words[i].text.len > LONGEST_LEVEL + 4)
			continue;
		letters = bare(words[i].text);
		known = level_find(letters);
		if (!known)
			continue;
		if (i < LEVEL_WORDS && known->said && is_field(words[i].text, letters)) {
			line->level = known->said;
			line->level_is_said = true;
			return;
		}
		if (known->spoken > spoken && !is_denied(words, count, i))
			spoken = known->spoken;
	}
	line->level = spoken;
}

size_t log_words_read(struct log_line *line, struct log_word *ret)
{
	struct str rest = line->text, word;
	size_t count = 0;

	while (str_next_word(&rest, &word)) {
		if (count == LOG_MAX_WORDS - 1) {
			log_word_read(STR("..."), false, &ret[count++]);
			break;
		}
		if (line->is_request && count == 3)
			ret[count] = (struct log_word){ .text = word, .hash = str_hash(word) };
		else
			log_word_read(word, line->is_request && count == 1, &ret[count]);
		count++;
	}
	level_judge(line, ret, count);
	return count;
}

/* ---- the head of a line */

/* "<34>1 ", "<6>": the priority's lower three bits are the severity. */
static void priority_read(struct str *text, struct log_line *line)
{
	static const enum log_level levels[8] = { LOG_LEVEL_FATAL,   LOG_LEVEL_FATAL,
						  LOG_LEVEL_FATAL,   LOG_LEVEL_ERROR,
						  LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
						  LOG_LEVEL_INFO,    LOG_LEVEL_INFO };
	unsigned value = 0;
	size_t at = 1;

	if (text->len < 4 || text->ptr[0] != '<')
		return;
	while (at < text->len && at < 5 && isdigit((unsigned char)text->ptr[at]))
		value = value * 10 + (unsigned)(text->ptr[at++] - '0');
	if (at == 1 || at >= text->len || text->ptr[at] != '>')
		return;
	at++;
	if (at + 2 < text->len && text->ptr[at] == '1' && text->ptr[at + 1] == ' ')
		at += 2;
	*text = (struct str){ text->ptr + at, text->len - at };
	line->level = levels[value & 7];
	line->level_is_said = true;
}

/* "kern  :err   : [ 12.3] text", as dmesg -x writes it. */
static void facility_read(struct str *text, struct log_line *line)
{
	struct str facility, level, rest;

	if (text->len < 10 || !islower((unsigned char)text->ptr[0]) ||
	    !memchr(text->ptr, ':', MIN(text->len, (size_t)8)))
		return;
	str_cut(*text, ':', &facility, &rest);
	if (!str_cut(rest, ':', &level, &rest) || level.len > 7 || facility.len > 8 ||
	    rest.len < 2 || rest.ptr[0] != ' ' || rest.ptr[1] != '[')
		return;
	line->level = log_level_of(str_trim(level));
	line->level_is_said = line->level != LOG_LEVEL_NONE;
	*text = str_trim(rest);
}

/* The stamp at the beginning, or behind the words that stood before it in the lines so far. */
static bool stamp_read(struct log_reader *reader, struct str *text, struct log_line *line,
		       struct str *ret_before)
{
	size_t used = log_time_read(*text, &line->time);
	struct str rest = *text, word;

	*ret_before = (struct str){ text->ptr, 0 };
	if (used) {
		*text = (struct str){ text->ptr + used, text->len - used };
		return true;
	}
	for (unsigned i = 0; i < reader->stamp_words && str_next_word(&rest, &word); i++) {
		struct str from;

		if ((size_t)(rest.ptr - text->ptr) > STAMP_WITHIN)
			return false;
		from = (struct str){ rest.ptr + (rest.len && *rest.ptr == ' '),
				     rest.len - (rest.len && *rest.ptr == ' ') };
		used = log_time_read(from, &line->time);
		if (!used || line->time.clock == LOG_CLOCK_DAY ||
		    line->time.clock == LOG_CLOCK_BOOT)
			continue;
		ret_before->len = (size_t)(from.ptr - text->ptr);
		*text = (struct str){ from.ptr + used, from.len - used };
		return true;
	}
	line->time = (struct log_time){ 0 };
	return false;
}

static bool is_host_name(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!isalnum((unsigned char)word.ptr[i]) && !strchr("._-", word.ptr[i]))
			return false;
	return word.len > 0;
}

/* "host tag[pid]: text" behind a stamp of syslog: the host is that of every line. */
static void syslog_host_drop(struct log_reader *reader, struct str *text,
			     const struct log_line *line, bool is_iso)
{
	struct str rest = *text, host, tag;
	ptrdiff_t kernel;

	if (line->time.clock != LOG_CLOCK_NO_YEAR && !is_iso)
		return;
	if (!str_next_word(&rest, &host) || !is_host_name(host) || log_level_of(host))
		return;
	*text = str_trim(rest);
	if (!str_next_word(&rest, &tag) || tag.ptr[tag.len - 1] != ':') {
		*text = (struct str){ host.ptr, (size_t)(text->ptr + text->len - host.ptr) };
		return;
	}
	reader->syslog++;
	/* the kernel's own stamp inside */
	kernel = str_starts_with(tag, STR("kernel")) && rest.len > 2 && rest.ptr[1] == '['
			 ? str_find(rest, STR("] "))
			 : -1;
	if (kernel > 0 && kernel < 20)
		*text = (struct str){ rest.ptr + kernel + 2, rest.len - (size_t)kernel - 2 };
}

/* ---- requests of web servers */

/* `"GET /path HTTP/1.1" 200 612 ...`: which request, how it ended, from where. */
static bool request_read(struct log_reader *reader, struct str before, struct str text,
			 struct log_line *line)
{
	struct str rest = text, request, status, client, method, path, protocol;
	uint64_t code;

	while (rest.len && rest.ptr[0] == ' ')
		rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	if (!rest.len || rest.ptr[0] != '"' || !before.len)
		return false;
	rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	if (!str_cut(rest, '"', &request, &rest) || !str_next_word(&rest, &status) ||
	    status.len != 3 || !str_to_u64(status, &code) || code < 100 || code > 599)
		return false;
	str_next_word(&before, &client);
	if (!str_next_word(&request, &method) || !str_next_word(&request, &path)) {
		method = STR("(no");
		path = STR("request)");
	}
	if (!str_next_word(&request, &protocol))
		protocol = STR("-");
	strbuf_reset(&reader->text);
	strbuf_addf(&reader->text, "%.*s %.*s %.*s %.*s from %.*s", STR_ARG(method), STR_ARG(path),
		    STR_ARG(protocol), STR_ARG(status), STR_ARG(client));
	line->text = strbuf_str(&reader->text);
	line->is_request = true;
	line->level_is_said = true;
	line->level = code >= 500   ? LOG_LEVEL_ERROR
		      : code >= 400 ? LOG_LEVEL_WARNING
				    : LOG_LEVEL_INFO;
	reader->requests++;
	return true;
}

/* ---- lines that belong to the one before */

static bool is_trace_line(struct str raw)
{
	struct str text = str_trim(raw);
	static const char *const begins[] = { "at ",	    "File \"",		 "... ",
					      "Caused by:", "Traceback (",	 "Suppressed:",
					      "goroutine ", "During handling of" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (str_starts_with(text, str_from(begins[i])))
			return raw.ptr[0] == ' ' || raw.ptr[0] == '\t' || i > 2;
	return false;
}

/* Registers, code bytes and traces that the kernel writes below an oops. */
static bool is_kernel_dump(struct str text)
{
	static const char *const begins[] = {
		"Code: ",	  "RIP: ", "RSP: ", "RAX: ",	   "RDX: ",
		"RBP: ",	  "R10: ", "R13: ", "FS: ",	   "CS: ",
		"CR2: ",	  "DR0: ", "DR3: ", "Call Trace:", "Modules linked in:",
		"---[ end trace", "PKRU: "
	};

	if (text.len && text.ptr[0] == ' ')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (str_starts_with(text, str_from(begins[i])))
			return true;
	return false;
}

/* ---- a line */

static void fields_take(struct log_reader *reader, struct log_line *line,
			const struct log_fields *fields)
{
	line->time = fields->time;
	line->level = fields->level;
	line->level_is_said = fields->level != LOG_LEVEL_NONE;
	line->text = strbuf_str(&reader->text);
	reader->structured++;
}

void log_line_read(struct log_reader *reader, struct str raw, struct log_line *ret)
{
	struct log_line line = { 0 };
	struct log_fields fields = { 0 };
	struct str text = raw, before;
	bool stamped, is_iso;

	if (log_fields_read(raw, &fields, &reader->text)) {
		fields_take(reader, &line, &fields);
		*ret = line;
		return;
	}
	priority_read(&text, &line);
	facility_read(&text, &line);
	is_iso = text.len > 10 && text.ptr[10] == 'T';
	stamped = stamp_read(reader, &text, &line, &before);
	if (stamped && request_read(reader, before, text, &line)) {
		*ret = line;
		return;
	}
	if (stamped && before.len) {
		/* what stood before the stamp is part of it */
		strbuf_reset(&reader->text);
		strbuf_add(&reader->text, str_trim(before));
		while (text.len && strchr(":,] ", *text.ptr))
			text = (struct str){ text.ptr + 1, text.len - 1 };
		strbuf_add_char(&reader->text, ' ');
		strbuf_add(&reader->text, text);
		text = strbuf_str(&reader->text);
	}
	if (!stamped)
		line.is_continuation = reader->is_timed || is_trace_line(raw);
	if (line.time.clock == LOG_CLOCK_BOOT) {
		reader->kernel++;
		if (text.len && text.ptr[0] == ' ')
			text = (struct str){ text.ptr + 1, text.len - 1 };
		/* "[    T123] ": the thread that says it */
		if (text.len > 3 && text.ptr[0] == '[' && str_find(text, STR("] ")) > 0 &&
		    (text.ptr[1] == ' ' || text.ptr[1] == 'T' || text.ptr[1] == 'C')) {
			size_t end = (size_t)str_find(text, STR("] ")) + 2;

			if (end < 14)
				text = (struct str){ text.ptr + end, text.len - end };
		}
		line.is_continuation = is_kernel_dump(text);
	}
	if (stamped && !before.len)
		syslog_host_drop(reader, &text, &line, is_iso);
	line.text = line.is_continuation && !stamped ? raw : str_trim(text);
	if (stamped && line.text.len > 1 && line.text.ptr[0] == ':')
		line.text = str_trim((struct str){ line.text.ptr + 1, line.text.len - 1 });
	*ret = line;
}

void log_reader_init(struct log_reader *reader, struct str head)
{
	unsigned lines = 0, at[STAMP_WORDS] = { 0 }, timed = 0;
	struct str raw;

	*reader = (struct log_reader){ .stamp_words = STAMP_WORDS - 1 };
	while (lines < LEARN_LINES && str_next_line(&head, &raw)) {
		struct log_line line = { 0 };
		struct log_fields fields = { 0 };
		struct str text = raw, before, word;
		unsigned words = 0;

		if (!str_trim(raw).len)
			continue;
		lines++;
		if (log_fields_read(raw, &fields, &reader->text)) {
			timed += fields.time.clock != LOG_CLOCK_NONE;
			continue;
		}
		priority_read(&text, &line);
		facility_read(&text, &line);
		if (!stamp_read(reader, &text, &line, &before))
			continue;
		while (str_next_word(&before, &word))
			words++;
		at[MIN(words, (unsigned)STAMP_WORDS - 1)]++;
		timed++;
	}
	reader->stamp_words = 0;
	for (unsigned i = 1; i < STAMP_WORDS; i++)
		if (at[i] * 4 > lines)
			reader->stamp_words = i;
	/* stack traces may be most of the lines */
	reader->is_timed = timed >= 2 && timed * 8 >= lines;
}

void log_reader_done(struct log_reader *reader)
{
	strbuf_done(&reader->text);
}
