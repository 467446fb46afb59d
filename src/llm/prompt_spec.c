#include "llm/prompt_spec.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"
#include "base/strbuf.h"

#define NAME_BYTES_MAX 40
#define HEADER_LINES_MAX 50

/* Where the reading is. */
struct reader {
	const char *path;
	struct arena *arena;
	unsigned line;
	bool has_input, has_operands;
};

bool prompt_name_is_valid(struct str name)
{
	if (!name.len || name.len > NAME_BYTES_MAX || *name.ptr == '-')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!islower((unsigned char)c) && !isdigit((unsigned char)c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

static struct error *fault(const struct reader *reader, const char *format, ...) PRINTF(2, 3);

static struct error *fault(const struct reader *reader, const char *format, ...)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	return error_new(ERROR_INPUT, "%s:%u: %s", reader->path, reader->line, strbuf_text(&text));
}

/* "1", "0-1", "1-": least and most. */
static struct error *read_operands(const struct reader *reader, struct str value,
				   struct prompt_spec *ret)
{
	struct str least, most;
	bool is_range = str_cut(value, '-', &least, &most);
	uint64_t from = 0, to = 0;

	if (!str_to_u64(least, &from) || from > 100 ||
	    (is_range && most.len && (!str_to_u64(most, &to) || to > 100 || to < from)))
		return fault(reader,
			     "operands is a number or a range such as 0-1 or 1-, not '%.*s'",
			     STR_ARG(value));
	ret->min_operands = (int)from;
	ret->max_operands = !is_range ? (int)from : most.len ? (int)to : -1;
	return NULL;
}

static struct error *read_input(const struct reader *reader, struct str value,
				struct prompt_spec *ret)
{
	static const char *const kinds[] = { [PROMPT_INPUT_NONE] = "none",
					     [PROMPT_INPUT_TEXT] = "text",
					     [PROMPT_INPUT_PROFILE] = "profile" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (str_is(value, kinds[i])) {
			ret->input = (enum prompt_input_kind)i;
			return NULL;
		}
	}
	return fault(reader, "input is none, text or profile, not '%.*s'", STR_ARG(value));
}

static struct error *read_header(const struct reader *reader, struct str value,
				 struct prompt_spec *ret)
{
	uint64_t lines;

	if (!str_to_u64(value, &lines) || lines > HEADER_LINES_MAX)
		return fault(reader, "header is a number of lines, at most %d, not '%.*s'",
			     HEADER_LINES_MAX, STR_ARG(value));
	ret->header_lines = (unsigned)lines;
	return NULL;
}

static struct error *read_key(struct reader *reader, struct str key, struct str value,
			      struct prompt_spec *ret)
{
	const char *text = arena_copy(reader->arena, value);

	if (str_is(key, "name"))
		return NULL; /* the file's name is the command's */
	if (str_is(key, "description"))
		ret->description = text;
	else if (str_is(key, "usage"))
		ret->usage = text;
	else if (str_is(key, "help"))
		ret->help = text;
	else if (str_is(key, "operands"))
		return read_operands(reader, value, ret);
	else if (str_is(key, "input"))
		return read_input(reader, value, ret);
	else if (str_is(key, "header"))
		return read_header(reader, value, ret);
	else
		return error_with_hint(fault(reader, "there is no key '%.*s'", STR_ARG(key)),
				       "known are description, usage, help, operands, input and "
				       "header");
	return NULL;
}

/* Each place is one that this kind of input fills. */
static struct error *check_places(struct reader *reader, const struct prompt_spec *spec)
{
	static const struct {
		const char *name;
		unsigned kinds; /* of input */
	} places[] = {
		{ "question", 7 },
		{ "input", 1 << PROMPT_INPUT_TEXT },
		{ "findings", 1 << PROMPT_INPUT_PROFILE },
		{ "facts", 1 << PROMPT_INPUT_PROFILE },
		{ "notes", 1 << PROMPT_INPUT_PROFILE },
	};
	struct str rest = spec->body, line;
	unsigned seen = 0;

	for (; str_next_line(&rest, &line); reader->line++) {
		ptrdiff_t open, close;

		while ((open = str_find(line, STR("{{"))) >= 0) {
			struct str name = { line.ptr + open + 2, line.len - (size_t)open - 2 };
			size_t i = 0;

			close = str_find(name, STR("}}"));
			if (close < 0)
				break;
			line.len = name.len - (size_t)close - 2;
			line.ptr = name.ptr + close + 2;
			name.len = (size_t)close;
			while (i < ARRAY_SIZE(places) && !str_is(name, places[i].name))
				i++;
			if (i == ARRAY_SIZE(places))
				return error_with_hint(
					fault(reader, "there is no place {{%.*s}}", STR_ARG(name)),
					"places are {{question}}, {{input}}, {{findings}}, "
					"{{facts}} and {{notes}}");
			if (!(places[i].kinds & 1U << spec->input))
				return fault(reader,
					     "{{%.*s}} needs 'input: %s' in the front matter",
					     STR_ARG(name), i == 1 ? "text" : "profile");
			seen |= 1U << i;
		}
	}
	if (spec->input == PROMPT_INPUT_TEXT && !(seen & 2))
		return fault(reader, "'input: text' needs a place {{input}} in the text");
	return NULL;
}

struct error *prompt_spec_parse(const char *path, struct str text, struct arena *arena,
				struct prompt_spec *ret)
{
	struct reader reader = { .path = path, .arena = arena, .line = 1 };
	struct prompt_spec spec = { .max_operands = -1 };
	struct str rest = text, line, key, value;

	if (!str_next_line(&rest, &line) || !str_is(str_trim(line), "---"))
		return error_with_hint(
			fault(&reader, "a prompt that is a command begins with a line of ---"),
			"man sysgrok-model shows one");
	for (reader.line = 2;; reader.line++) {
		if (!str_next_line(&rest, &line))
			return fault(&reader,
				     "the front matter has no end: a line of --- is missing");
		line = str_trim(line);
		if (str_is(line, "---"))
			break;
		if (!line.len || *line.ptr == '#')
			continue;
		if (!str_cut(line, ':', &key, &value))
			return fault(&reader, "this is no 'key: value'");
		TRY(read_key(&reader, str_trim(key), str_trim(value), &spec));
	}
	if (!spec.description || !*spec.description)
		return fault(&reader, "the front matter has no description");
	reader.line++;
	spec.body = rest;
	if (!str_trim(rest).len)
		return fault(&reader, "there is no text behind the front matter");
	TRY(check_places(&reader, &spec));
	*ret = spec;
	return NULL;
}
