#include "base/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define INDENT_COLUMNS 2

struct json_writer json_writer_on(FILE *stream)
{
	return (struct json_writer){ .stream = stream };
}

static void new_line(struct json_writer *json)
{
	fprintf(json->stream, "\n%*s", (int)(json->depth * INDENT_COLUMNS), "");
}

/* What stands between the previous value and the next key or value. */
static void separate(struct json_writer *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->need_comma)
		fputc(',', json->stream);
	if (json->depth)
		new_line(json);
}

static void begin(struct json_writer *json, char bracket)
{
	separate(json);
	fputc(bracket, json->stream);
	json->depth++;
	json->need_comma = false;
}

static void end(struct json_writer *json, char bracket)
{
	assert(json->depth > 0 && !json->after_key);
	json->depth--;
	if (json->need_comma)
		new_line(json);
	fputc(bracket, json->stream);
	json->need_comma = true;
}

void json_object_begin(struct json_writer *json)
{
	begin(json, '{');
}

void json_object_end(struct json_writer *json)
{
	end(json, '}');
}

void json_array_begin(struct json_writer *json)
{
	begin(json, '[');
}

void json_array_end(struct json_writer *json)
{
	end(json, ']');
}

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	default:
		return NULL;
	}
}

/* Beside what JSON asks for: what must not reach a terminal raw, where people look at JSON too. */
static bool is_escaped(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) ||
	       utf8_is_deceptive(character);
}

static void write_escaped(FILE *stream, uint32_t character)
{
	if (character >= 0x10000)
		fprintf(stream, "\\u%04x\\u%04x", 0xd7c0 + (character >> 10),
			0xdc00 | (character & 0x3ff));
	else
		fprintf(stream, "\\u%04x", character);
}

static void write_string(FILE *stream, struct str text)
{
	fputc('"', stream);
	while (text.len) {
		const char *escape = short_escape(text.ptr[0]);
		uint32_t character = 0;
		unsigned length = utf8_decode(text, &character);

		if (escape)
			fputs(escape, stream);
		else if (!length)
			fputs("\xef\xbf\xbd", stream); /* U+FFFD */
		else if (is_escaped(character))
			write_escaped(stream, character);
		else
			fwrite(text.ptr, 1, length, stream);
		text.ptr += length ? length : 1;
		text.len -= length ? length : 1;
	}
	fputc('"', stream);
}

void json_key(struct json_writer *json, const char *key)
{
	assert(json->depth > 0 && !json->after_key);
	separate(json);
	write_string(json->stream, str_from(key));
	fputs(": ", json->stream);
	json->after_key = true;
}

static void scalar(struct json_writer *json, const char *text)
{
	separate(json);
	fputs(text, json->stream);
	json->need_comma = true;
}

void json_text_str(struct json_writer *json, struct str text)
{
	separate(json);
	write_string(json->stream, text);
	json->need_comma = true;
}

void json_text(struct json_writer *json, const char *text)
{
	if (text)
		json_text_str(json, str_from(text));
	else
		json_null(json);
}

void json_int(struct json_writer *json, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	scalar(json, text);
}

void json_uint(struct json_writer *json, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	scalar(json, text);
}

void json_real(struct json_writer *json, double value)
{
	char text[32];

	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (fabs(strtod(text, NULL) - value) <= 0)
			break;
	}
	scalar(json, text);
}

void json_bool(struct json_writer *json, bool value)
{
	scalar(json, value ? "true" : "false");
}

void json_null(struct json_writer *json)
{
	scalar(json, "null");
}

void json_address(struct json_writer *json, uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "\"0x%" PRIx64 "\"", address);
	scalar(json, text);
}

void json_key_text(struct json_writer *json, const char *key, const char *text)
{
	json_key(json, key);
	json_text(json, text);
}

void json_key_int(struct json_writer *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

void json_key_uint(struct json_writer *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

void json_key_real(struct json_writer *json, const char *key, double value)
{
	json_key(json, key);
	json_real(json, value);
}

void json_key_bool(struct json_writer *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

void json_finish(struct json_writer *json)
{
	assert(json->depth == 0);
	fputc('\n', json->stream);
}
