#include "base/json_in.h"

#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"

#define DEPTH_MAX 64

struct reader {
	struct str whole, rest;
	struct arena *arena;
	unsigned depth;
};

static struct error *bad(const struct reader *reader, const char *what)
{
	return error_new(ERROR_INPUT, "JSON, byte %zu: %s", reader->whole.len - reader->rest.len,
			 what);
}

static void advance(struct reader *reader, size_t count)
{
	reader->rest.ptr += count;
	reader->rest.len -= count;
}

static char peek(const struct reader *reader)
{
	return reader->rest.len ? *reader->rest.ptr : '\0';
}

static void skip_blanks(struct reader *reader)
{
	while (reader->rest.len && memchr(" \t\r\n", *reader->rest.ptr, 4))
		advance(reader, 1);
}

static bool take_char(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (peek(reader) != c || !reader->rest.len)
		return false;
	advance(reader, 1);
	return true;
}

static void add_character(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		strbuf_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			strbuf_add_char(out, (char)(0xe0 | c >> 12));
		} else {
			strbuf_add_char(out, (char)(0xf0 | c >> 18));
			strbuf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* "\uXXXX" at the front; moves only when it is one. */
static bool take_unit(struct reader *reader, uint32_t *ret)
{
	uint64_t value;

	if (reader->rest.len < 6 || memcmp(reader->rest.ptr, "\\u", 2) != 0)
		return false;
	/* str_to_hex would take "0x1". */
	for (size_t i = 2; i < 6; i++) {
		if (!memchr("0123456789abcdefABCDEF", reader->rest.ptr[i], 22))
			return false;
	}
	if (!str_to_hex((struct str){ reader->rest.ptr + 2, 4 }, &value))
		return false;
	advance(reader, 6);
	*ret = (uint32_t)value;
	return true;
}

static bool take_escape(struct reader *reader, struct strbuf *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	uint32_t unit, low;
	const char *found;

	if (take_unit(reader, &unit)) {
		struct reader after = *reader;

		if (unit >> 10 == 0x36 && take_unit(&after, &low) && low >> 10 == 0x37) {
			reader->rest = after.rest;
			unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
		}
		add_character(out, unit);
		return true;
	}
	if (reader->rest.len < 2 || !reader->rest.ptr[1])
		return false;
	found = strchr(names, reader->rest.ptr[1]);
	if (!found)
		return false;
	strbuf_add_char(out, values[found - names]);
	advance(reader, 2);
	return true;
}

static struct error *take_text(struct reader *reader, struct str *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	uint32_t character;

	if (!take_char(reader, '"'))
		return bad(reader, "a text is missing");
	while (peek(reader) != '"' || !reader->rest.len) {
		unsigned bytes = utf8_decode(reader->rest, &character);

		if (!reader->rest.len)
			return bad(reader, "a text has no end");
		if ((unsigned char)peek(reader) < ' ')
			return bad(reader, "a control byte in a text");
		if (peek(reader) == '\\') {
			if (!take_escape(reader, &text))
				return bad(reader, "an unknown escape");
			continue;
		}
		if (bytes)
			strbuf_add(&text, (struct str){ reader->rest.ptr, bytes });
		else
			add_character(&text, 0xfffd);
		advance(reader, bytes ? bytes : 1);
	}
	advance(reader, 1);
	*ret = (struct str){ arena_copy(reader->arena, strbuf_str(&text)), text.len };
	return NULL;
}

static size_t digits_at(const struct reader *reader, size_t at)
{
	size_t count = 0;

	while (at + count < reader->rest.len && reader->rest.ptr[at + count] >= '0' &&
	       reader->rest.ptr[at + count] <= '9')
		count++;
	return count;
}

static struct error *take_number(struct reader *reader, struct json *ret)
{
	const struct str rest = reader->rest;
	size_t at = peek(reader) == '-' ? 1 : 0, digits = digits_at(reader, at);

	if (!digits || (digits > 1 && rest.ptr[at] == '0'))
		return bad(reader, "no value");
	at += digits;
	if (at < rest.len && rest.ptr[at] == '.') {
		digits = digits_at(reader, at + 1);
		if (!digits)
			return bad(reader, "a number ends with its point");
		at += 1 + digits;
	}
	if (at < rest.len && (rest.ptr[at] == 'e' || rest.ptr[at] == 'E')) {
		size_t sign = at + 1 < rest.len && memchr("+-", rest.ptr[at + 1], 2) ? 1 : 0;

		digits = digits_at(reader, at + 1 + sign);
		if (!digits)
			return bad(reader, "a number ends with its exponent");
		at += 1 + sign + digits;
	}
	ret->type = JSON_NUMBER;
	ret->text = (struct str){ arena_copy(reader->arena, (struct str){ rest.ptr, at }), at };
	if (!str_to_double(ret->text, &ret->number))
		return bad(reader, "a number out of range");
	advance(reader, at);
	return NULL;
}

static bool take_word(struct reader *reader, const char *word)
{
	if (!str_starts_with(reader->rest, str_from(word)))
		return false;
	advance(reader, strlen(word));
	return true;
}

static struct error *take_value(struct reader *reader, struct json *ret);

static struct error *take_children(struct reader *reader, struct json *ret, char end)
{
	const struct json **last = &ret->first;

	advance(reader, 1);
	if (++reader->depth > DEPTH_MAX)
		return bad(reader, "too deep");
	if (take_char(reader, end)) {
		reader->depth--;
		return NULL;
	}
	do {
		struct json *child = arena_new(reader->arena, struct json);

		if (end == '}') {
			TRY(take_text(reader, &child->key));
			if (!take_char(reader, ':'))
				return bad(reader, "':' is missing");
		}
		TRY(take_value(reader, child));
		*last = child;
		last = &child->next;
	} while (take_char(reader, ','));
	if (!take_char(reader, end))
		return bad(reader, end == '}' ? "'}' is missing" : "']' is missing");
	reader->depth--;
	return NULL;
}

static struct error *take_value(struct reader *reader, struct json *ret)
{
	skip_blanks(reader);
	switch (peek(reader)) {
	case '{':
		ret->type = JSON_OBJECT;
		return take_children(reader, ret, '}');
	case '[':
		ret->type = JSON_ARRAY;
		return take_children(reader, ret, ']');
	case '"':
		ret->type = JSON_TEXT;
		return take_text(reader, &ret->text);
	default:
		break;
	}
	if (take_word(reader, "null"))
		return NULL;
	ret->truth = take_word(reader, "true");
	if (ret->truth || take_word(reader, "false")) {
		ret->type = JSON_BOOL;
		return NULL;
	}
	return take_number(reader, ret);
}

struct error *json_parse(struct str text, struct arena *arena, const struct json **ret)
{
	struct reader reader = { text, text, arena, 0 };
	struct json *value = arena_new(arena, struct json);

	TRY(take_value(&reader, value));
	skip_blanks(&reader);
	if (reader.rest.len)
		return bad(&reader, "more follows the value");
	*ret = value;
	return NULL;
}

const struct json *json_find(const struct json *object, const char *key)
{
	const struct json *child;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (child = object->first; child; child = child->next) {
		if (str_is(child->key, key))
			return child;
	}
	return NULL;
}

bool json_get_text(const struct json *value, struct str *ret)
{
	if (!value || value->type != JSON_TEXT)
		return false;
	*ret = value->text;
	return true;
}

bool json_get_number(const struct json *value, double *ret)
{
	if (!value || value->type != JSON_NUMBER)
		return false;
	*ret = value->number;
	return true;
}
