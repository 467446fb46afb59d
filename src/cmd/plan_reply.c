#include "cmd/plan_reply.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json_in.h"
#include "base/macros.h"
#include "host/command_table.h"

enum { REPLY_BYTES = 1 << 16, JSON_TRIES = 16, DEPTH = 6, WHY_BYTES = 300 };

void plan_reply_done(struct plan_reply *reply)
{
	arena_done(&reply->arena);
}

struct reader {
	const char *const *menu;
	size_t menu_count;
	struct plan_reply *ret;
};

static struct str keep(struct reader *reader, struct str text)
{
	return (struct str){ arena_copy(&reader->ret->arena, text), text.len };
}

static bool same_word(struct str text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

/* Quotes, backticks, stars and brackets that stand around a word or a line. */
static struct str bare(struct str text)
{
	text = str_trim(text);
	while (text.len && memchr("`*\"'[(", *text.ptr, 6))
		text = str_trim((struct str){ text.ptr + 1, text.len - 1 });
	while (text.len && memchr("`*\"'])", text.ptr[text.len - 1], 6))
		text = str_trim((struct str){ text.ptr, text.len - 1 });
	return text;
}

static bool pick(struct reader *reader, struct str word)
{
	struct plan_reply *ret = reader->ret;

	word = bare(word);
	for (size_t i = 0; i < reader->menu_count; i++) {
		bool is_new = true;

		if (!same_word(word, reader->menu[i]))
			continue;
		for (size_t k = 0; k < ret->pick_count; k++)
			is_new &= ret->picks[k] != reader->menu[i];
		if (is_new && ret->pick_count < PLAN_PICKS)
			ret->picks[ret->pick_count++] = reader->menu[i];
		return true;
	}
	return false;
}

static void propose(struct reader *reader, struct str line, struct str why)
{
	struct plan_reply *ret = reader->ret;

	if (!str_trim(line).len)
		return;
	for (size_t i = 0; i < ret->proposal_count; i++)
		if (str_eq(ret->proposals[i].line, line))
			return;
	if (ret->proposal_count == PLAN_PROPOSALS) {
		ret->left_out++;
		return;
	}
	why.len = MIN(why.len, (size_t)WHY_BYTES);
	ret->proposals[ret->proposal_count++] =
		(struct plan_proposal){ keep(reader, line), keep(reader, why) };
}

/* Whether words look like a command line rather than like prose. */
static bool is_command(struct str text)
{
	struct str rest = text, program;

	return str_next_word(&rest, &program) && command_row_find(program);
}

/* ---- JSON */

static struct str text_under(const struct json *object, const char *const *keys, size_t count)
{
	struct str text = { "", 0 };

	for (size_t i = 0; i < count; i++)
		if (json_get_text(json_find(object, keys[i]), &text))
			return text;
	return text;
}

static bool read_command_object(struct reader *reader, const struct json *object)
{
	static const char *const lines[] = { "command", "cmd", "line", "Command", "run" };
	static const char *const reasons[] = { "reason", "why", "Reason", "explanation",
					       "purpose" };
	struct str line = text_under(object, lines, ARRAY_SIZE(lines));

	if (!line.len)
		return false;
	if (!pick(reader, line))
		propose(reader, line, text_under(object, reasons, ARRAY_SIZE(reasons)));
	return true;
}

static void read_value(struct reader *reader, const struct json *value, bool is_run, unsigned depth)
{
	struct str text;

	if (depth == DEPTH)
		return;
	if (json_get_text(value, &text)) {
		if (!pick(reader, text) && (is_run || is_command(text)))
			propose(reader, text, (struct str){ "", 0 });
		return;
	}
	if (value->type == JSON_OBJECT && read_command_object(reader, value))
		return;
	for (const struct json *child = value->first; child; child = child->next) {
		bool runs = is_run;

		if (value->type == JSON_OBJECT) {
			bool is_text = json_get_text(child, &text);

			runs = same_word(child->key, "run") || same_word(child->key, "commands") ||
			       same_word(child->key, "propose");
			/* {"LINE": "why"}, as the earlier tools asked for it */
			if (is_text && !runs) {
				if (!pick(reader, child->key) && (is_run || is_command(child->key)))
					propose(reader, child->key, text);
				else
					pick(reader, text);
				continue;
			}
		}
		read_value(reader, child, runs, depth + 1);
	}
}

/* The end of what begins with a bracket, strings told apart; 0 where it does not end. */
static size_t balanced_bytes(struct str text)
{
	size_t depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (in_text) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_text = false;
			continue;
		}
		in_text = c == '"';
		depth += c == '{' || c == '[';
		if ((c == '}' || c == ']') && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool read_json(struct reader *reader, struct str text)
{
	unsigned tries = 0;
	bool found = false;

	for (size_t at = 0; at < text.len && tries < JSON_TRIES; at++) {
		struct str part = { text.ptr + at, text.len - at };
		const struct json *value;
		struct error *error;

		if (text.ptr[at] != '{' && text.ptr[at] != '[')
			continue;
		tries++;
		part.len = balanced_bytes(part);
		if (!part.len)
			continue;
		error = json_parse(part, &reader->ret->arena, &value);
		if (error) {
			error_free(error);
			continue;
		}
		read_value(reader, value, false, 0);
		found |= value->first != NULL;
		at += part.len - 1;
	}
	return found && (reader->ret->pick_count || reader->ret->proposal_count);
}

/* ---- lines */

/* "- ", "* ", "1. ", "2) " */
static struct str without_bullet(struct str line)
{
	size_t digits = 0;

	line = str_trim(line);
	if (line.len > 1 && memchr("-*+", *line.ptr, 3) && line.ptr[1] == ' ')
		return str_trim((struct str){ line.ptr + 1, line.len - 1 });
	while (digits < line.len && isdigit((unsigned char)line.ptr[digits]))
		digits++;
	if (digits && digits + 1 < line.len && memchr(".)", line.ptr[digits], 2) &&
	    line.ptr[digits + 1] == ' ')
		return str_trim((struct str){ line.ptr + digits + 1, line.len - digits - 1 });
	return line;
}

static bool label_cut(struct str line, const char *label, struct str *ret)
{
	size_t length = strlen(label);

	while (line.len && *line.ptr == '*')
		line = (struct str){ line.ptr + 1, line.len - 1 };
	if (line.len <= length || strncasecmp(line.ptr, label, length) != 0)
		return false;
	line = (struct str){ line.ptr + length, line.len - length };
	while (line.len && *line.ptr == '*')
		line = (struct str){ line.ptr + 1, line.len - 1 };
	if (!line.len || *line.ptr != ':')
		return false;
	line = (struct str){ line.ptr + 1, line.len - 1 };
	while (line.len && (*line.ptr == '*' || *line.ptr == ' '))
		line = (struct str){ line.ptr + 1, line.len - 1 };
	*ret = line;
	return true;
}

/* "LINE -- why" */
static void read_run(struct reader *reader, struct str text)
{
	static const char *const marks[] = { " -- ", " # ", " \xe2\x80\x94 ", " \xe2\x80\x93 " };
	struct str line = text, why = { "", 0 };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		ptrdiff_t at = str_find(line, str_from(marks[i]));

		if (at < 0)
			continue;
		why = str_trim((struct str){ line.ptr + at + strlen(marks[i]),
					     line.len - (size_t)at - strlen(marks[i]) });
		line.len = (size_t)at;
	}
	line = str_trim(line);
	if (line.len > 1 && *line.ptr == '`' && line.ptr[line.len - 1] == '`')
		line = (struct str){ line.ptr + 1, line.len - 2 };
	if (same_word(line, "none") || same_word(line, "nothing") || same_word(line, "n/a"))
		return;
	if (!pick(reader, line))
		propose(reader, line, why);
}

static void read_ids(struct reader *reader, struct str text)
{
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++)
		if (i == text.len || memchr(" ,;\t", text.ptr[i], 4)) {
			pick(reader, (struct str){ text.ptr + begin, i - begin });
			begin = i + 1;
		}
}

static void read_line(struct reader *reader, struct str line, bool in_fence)
{
	struct str text = without_bullet(line), rest, word;
	size_t end = 0;

	if (label_cut(text, "read", &rest)) {
		read_ids(reader, rest);
		return;
	}
	if (label_cut(text, "run", &rest)) {
		read_run(reader, rest);
		return;
	}
	/* An entry of the menu at the beginning of a line; prose holds the same words elsewhere. */
	while (end < text.len && !memchr(" :,\t", text.ptr[end], 4))
		end++;
	word = (struct str){ text.ptr, end };
	if (text.ptr + text.len == word.ptr + word.len || text.ptr[end] == ':' ||
	    text.ptr[end] == ',') {
		if (pick(reader, word)) {
			if (end < text.len && text.ptr[end] == ',')
				read_ids(reader, text);
			return;
		}
	}
	if (in_fence || (text.len > 2 && *text.ptr == '`'))
		if (is_command(bare(text)))
			read_run(reader, text);
}

void plan_reply_parse(struct str text, const char *const *menu, size_t menu_count,
		      struct plan_reply *ret)
{
	struct reader reader = { menu, menu_count, ret };
	struct str rest, line;
	bool in_fence = false;

	*ret = (struct plan_reply){ 0 };
	text.len = MIN(text.len, (size_t)REPLY_BYTES);
	if (read_json(&reader, text))
		return;
	rest = text;
	while (str_next_line(&rest, &line)) {
		if (str_starts_with(str_trim(line), STR("```"))) {
			in_fence = !in_fence;
			continue;
		}
		if (str_trim(line).len)
			read_line(&reader, line, in_fence);
	}
}
