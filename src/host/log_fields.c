#include "host/log_fields.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"
#include "base/utf8.h"

enum { MAX_FIELDS = 32, MAX_DEPTH = 16, LONGEST_SHOWN = 200, LOOK_FOR_FIELDS = 400 };

struct field {
	struct str key, value;
	bool is_text, is_nested;
};

static bool is_one_of(struct str key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == key.len && strncasecmp(names[i], key.ptr, key.len) == 0)
			return true;
	return false;
}

static bool is_time_key(struct str key)
{
	static const char *const names[] = {
		"time", "ts",	   "timestamp", "@timestamp",	       "date", "datetime", "t",
		"@t",	"asctime", "eventTime", "__REALTIME_TIMESTAMP"
	};

	return is_one_of(key, names, ARRAY_SIZE(names));
}

static bool is_level_key(struct str key)
{
	static const char *const names[] = { "level",	  "lvl",      "severity", "log.level",
					     "levelname", "loglevel", "PRIORITY", "@l" };

	return is_one_of(key, names, ARRAY_SIZE(names));
}

static bool is_message_key(struct str key)
{
	static const char *const names[] = {
		"msg", "message", "event", "text", "log", "@m", "@mt"
	};

	return is_one_of(key, names, ARRAY_SIZE(names));
}

static bool is_error_key(struct str key)
{
	static const char *const names[] = { "err", "error", "exception", "error.message",
					     "cause" };

	return is_one_of(key, names, ARRAY_SIZE(names));
}

static bool is_logger_key(struct str key)
{
	static const char *const names[] = { "logger",	    "component",
					     "module",	    "SYSLOG_IDENTIFIER",
					     "logger_name", "service",
					     "unit" };

	return is_one_of(key, names, ARRAY_SIZE(names));
}

/* ---- JSON: one object's own members; what is nested in them is passed over */

static void blanks_skip(struct str *text)
{
	while (text->len && isspace((unsigned char)*text->ptr))
		*text = (struct str){ text->ptr + 1, text->len - 1 };
}

/* A text with its escapes as they are written; the quotes are not part of it. */
static bool json_quoted(struct str *text, struct str *ret)
{
	size_t at = 1;

	if (!text->len || *text->ptr != '"')
		return false;
	while (at < text->len && text->ptr[at] != '"')
		at += text->ptr[at] == '\\' ? 2 : 1;
	if (at >= text->len)
		return false;
	*ret = (struct str){ text->ptr + 1, at - 1 };
	*text = (struct str){ text->ptr + at + 1, text->len - at - 1 };
	return true;
}

static bool json_value(struct str *text, struct field *ret)
{
	const char *start = text->ptr;
	unsigned depth = 0;
	struct str skipped;

	if (!text->len)
		return false;
	ret->is_text = *text->ptr == '"';
	ret->is_nested = *text->ptr == '{' || *text->ptr == '[';
	if (ret->is_text)
		return json_quoted(text, &ret->value);
	while (text->len) {
		char c = *text->ptr;

		if (!depth && (c == ',' || c == '}'))
			break;
		if (c == '"') {
			if (!json_quoted(text, &skipped))
				return false;
			continue;
		}
		if ((c == '{' || c == '[') && ++depth > MAX_DEPTH)
			return false;
		if ((c == '}' || c == ']') && depth)
			depth--;
		*text = (struct str){ text->ptr + 1, text->len - 1 };
	}
	ret->value = str_trim((struct str){ start, (size_t)(text->ptr - start) });
	return ret->value.len > 0;
}

static size_t json_fields(struct str text, struct field *ret)
{
	size_t count = 0;

	text = str_trim(text);
	if (text.len < 2 || text.ptr[0] != '{' || text.ptr[text.len - 1] != '}')
		return 0;
	text = (struct str){ text.ptr + 1, text.len - 1 };
	while (count < MAX_FIELDS) {
		blanks_skip(&text);
		if (!json_quoted(&text, &ret[count].key))
			return 0;
		blanks_skip(&text);
		if (!text.len || *text.ptr != ':')
			return 0;
		text = (struct str){ text.ptr + 1, text.len - 1 };
		blanks_skip(&text);
		if (!json_value(&text, &ret[count]))
			return 0;
		count++;
		blanks_skip(&text);
		if (text.len && *text.ptr == '}')
			return count;
		if (!text.len || *text.ptr != ',')
			return 0;
		text = (struct str){ text.ptr + 1, text.len - 1 };
	}
	return count;
}

/* ---- logfmt */

static size_t pair_fields(struct str text, struct field *ret)
{
	struct str head = { text.ptr, MIN(text.len, (size_t)LOOK_FOR_FIELDS) };
	size_t count = 0;

	if (str_find(head, STR("msg=")) < 0 && str_find(head, STR("message=")) < 0)
		return 0;
	if (str_find(head, STR("level=")) < 0 && str_find(head, STR("lvl=")) < 0 &&
	    str_find(head, STR("time=")) < 0 && str_find(head, STR("ts=")) < 0)
		return 0;
	while (text.len && count < MAX_FIELDS) {
		struct field *field = &ret[count];
		size_t at = 0;

		blanks_skip(&text);
		while (at < text.len &&
		       (isalnum((unsigned char)text.ptr[at]) || strchr("_.-@/", text.ptr[at])))
			at++;
		if (!at || at >= text.len || text.ptr[at] != '=')
			return count >= 2 ? count : 0;
		field->key = (struct str){ text.ptr, at };
		text = (struct str){ text.ptr + at + 1, text.len - at - 1 };
		field->is_text = true;
		field->is_nested = false;
		if (json_quoted(&text, &field->value)) {
			count++;
			continue;
		}
		if (!str_cut(text, ' ', &field->value, &text))
			text.len = 0;
		count++;
	}
	return count >= 2 ? count : 0;
}

/* ---- what they say */

static enum log_level level_read(const struct field *field)
{
	enum log_level level = log_level_of(field->value);
	uint64_t number;

	if (level != LOG_LEVEL_NONE || !str_to_u64(field->value, &number))
		return level;
	/* 10 to 60 as bunyan and pino have it, 0 to 7 as syslog and the journal */
	if (number >= 10)
		return number >= 60   ? LOG_LEVEL_FATAL
		       : number >= 50 ? LOG_LEVEL_ERROR
		       : number >= 40 ? LOG_LEVEL_WARNING
				      : LOG_LEVEL_INFO;
	return number <= 2   ? LOG_LEVEL_FATAL
	       : number == 3 ? LOG_LEVEL_ERROR
	       : number == 4 ? LOG_LEVEL_WARNING
			     : LOG_LEVEL_INFO;
}

/* JSON's escapes as blanks and signs: the text is reduced, not kept. */
static void add_plain(struct str text, struct strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\\' || i + 1 >= text.len) {
			strbuf_add_char(out, text.ptr[i]);
			continue;
		}
		i++;
		strbuf_add_char(out, strchr("ntrbf", text.ptr[i]) ? ' ' : text.ptr[i]);
	}
}

static void add_field(const struct field *field, struct strbuf *out)
{
	strbuf_addf(out, "%s%.*s=", out->len ? " " : "", STR_ARG(field->key));
	if (field->is_nested)
		strbuf_add_text(out, "{..}");
	else
		add_plain((struct str){ field->value.ptr,
					MIN(field->value.len, (size_t)LONGEST_SHOWN) },
			  out);
}

bool log_fields_read(struct str line, struct log_fields *ret, struct strbuf *ret_text)
{
	struct field fields[MAX_FIELDS];
	size_t count = 0, message = MAX_FIELDS, logger = MAX_FIELDS, error = MAX_FIELDS;
	struct log_fields found = { 0 };

	if (line.len < 8)
		return false;
	if (line.ptr[0] == '{')
		count = json_fields(line, fields);
	else if (islower((unsigned char)line.ptr[0]))
		count = pair_fields(line, fields);
	if (!count)
		return false;
	for (size_t i = count; i-- > 0;) {
		if (is_time_key(fields[i].key) && !fields[i].is_nested)
			log_time_read(fields[i].value, &found.time);
		else if (is_level_key(fields[i].key) && !fields[i].is_nested)
			found.level = level_read(&fields[i]);
		else if (is_message_key(fields[i].key) && fields[i].is_text)
			message = i;
		else if (is_logger_key(fields[i].key) && fields[i].is_text)
			logger = i;
		else if (is_error_key(fields[i].key) && fields[i].is_text)
			error = i;
	}
	strbuf_reset(ret_text);
	if (message < count) {
		if (logger < count) {
			add_plain(fields[logger].value, ret_text);
			strbuf_add_text(ret_text, ": ");
		}
		add_plain(fields[message].value, ret_text);
		if (error < count)
			add_field(&fields[error], ret_text);
	}
	for (size_t i = 0; message >= count && i < count; i++)
		if (!is_time_key(fields[i].key) && !is_level_key(fields[i].key))
			add_field(&fields[i], ret_text);
	*ret = found;
	return true;
}
