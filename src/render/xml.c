#include "render/xml.h"

#include <stdint.h>

#include "base/utf8.h"

#define REPLACEMENT STR("\xef\xbf\xbd")

/* Characters that XML 1.0 cannot hold or that readers should not be fooled by. */
static bool is_refused(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return true;
	if (character == 0x061c || character == 0x200e || character == 0x200f)
		return true;
	if ((character >= 0x202a && character <= 0x202e) ||
	    (character >= 0x2066 && character <= 0x2069))
		return true;
	return (character & 0xfffe) == 0xfffe;
}

/* Takes one character off `text` and adds it; those of ASCII that need escapes never come here. */
static void add_character(struct strbuf *out, struct str *text)
{
	uint32_t character = 0;
	unsigned length = utf8_decode(*text, &character);

	if (length && !is_refused(character))
		strbuf_add(out, (struct str){ text->ptr, length });
	else
		strbuf_add(out, REPLACEMENT);
	text->ptr += MAX(length, 1U);
	text->len -= MAX(length, 1U);
}

/* Adds the run of plain ASCII that `text` begins with, and takes it off. */
static void add_plain_run(struct strbuf *out, struct str *text)
{
	size_t length = 0;

	while (length < text->len) {
		char c = text->ptr[length];

		if (c < ' ' || c == 0x7f || c == '<' || c == '>' || c == '&' || c == '"' ||
		    c == '\\')
			break;
		length++;
	}
	strbuf_add(out, (struct str){ text->ptr, length });
	text->ptr += length;
	text->len -= length;
}

static void add_escaped(struct strbuf *out, struct str text, struct str (*escape)(char c))
{
	for (;;) {
		add_plain_run(out, &text);
		if (!text.len)
			return;

		struct str replaced = escape(text.ptr[0]);

		if (replaced.len) {
			strbuf_add(out, replaced);
			text.ptr++;
			text.len--;
		} else {
			add_character(out, &text);
		}
	}
}

static struct str xml_escape(char c)
{
	switch (c) {
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '&':
		return STR("&amp;");
	case '"':
		return STR("&quot;");
	default:
		return STR("");
	}
}

static struct str json_escape(char c)
{
	switch (c) {
	case '<':
		return STR("\\u003c");
	case '>':
		return STR("\\u003e");
	case '&':
		return STR("\\u0026");
	case '"':
		return STR("\\\"");
	case '\\':
		return STR("\\\\");
	default:
		return STR("");
	}
}

void xml_text(struct strbuf *out, struct str text)
{
	add_escaped(out, text, xml_escape);
}

void xml_json_string(struct strbuf *out, struct str text)
{
	strbuf_add_char(out, '"');
	add_escaped(out, text, json_escape);
	strbuf_add_char(out, '"');
}
