#include "samples/import_clean.h"

#include <string.h>

#include "samples/import.h"

enum { ESCAPE = 0x1b, MAX_ESCAPE_BYTES = 32 };

static struct str tail(struct str text, size_t from)
{
	return (struct str){ text.ptr + from, text.len - from };
}

/* ---- characters */

static void add_character(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_add_char(out, (char)c);
	} else if (c < 0x800) {
		strbuf_add_char(out, (char)(0xc0 | c >> 6));
		strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		strbuf_add_char(out, (char)(0xe0 | c >> 12));
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_add_char(out, (char)(0xf0 | c >> 18));
		strbuf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t unit_at(struct str text, size_t at, bool is_big)
{
	uint32_t first = (uint8_t)text.ptr[at], second = (uint8_t)text.ptr[at + 1];

	return is_big ? first << 8 | second : second << 8 | first;
}

static void from_utf16(struct str text, bool is_big, struct strbuf *out)
{
	for (size_t i = 0; i + 1 < text.len; i += 2) {
		uint32_t c = unit_at(text, i, is_big);

		if (c == 0xfeff)
			continue;
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < text.len) {
			uint32_t low = unit_at(text, i + 2, is_big);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		/* what is left of a pair means nothing */
		add_character(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
}

/* Windows' shells write UTF-16, with a mark or without: then every second byte is zero. */
static bool is_utf16(struct str text, bool *ret_big)
{
	size_t look = MIN(text.len & ~(size_t)1, 64U), zero_even = 0, zero_odd = 0;

	if (text.len < 4)
		return false;
	if (!memcmp(text.ptr, "\xff\xfe", 2) || !memcmp(text.ptr, "\xfe\xff", 2)) {
		*ret_big = text.ptr[0] == '\xfe';
		return true;
	}
	for (size_t i = 0; i < look; i++)
		*(i & 1 ? &zero_odd : &zero_even) += !text.ptr[i];
	*ret_big = zero_even > zero_odd;
	return MAX(zero_even, zero_odd) * 2 > look * 7 / 8 && !MIN(zero_even, zero_odd);
}

/*
 * Bytes of the colour (or "erase to the end of the line") that `text` begins with, 0 where it is
 * another sequence: what is no dressing of a terminal's output stays, and is shown escaped.
 */
static size_t colour_length(struct str text)
{
	size_t i = 2;

	if (text.len < 3 || text.ptr[1] != '[')
		return 0;
	while (i < text.len && i < MAX_ESCAPE_BYTES &&
	       ((text.ptr[i] >= '0' && text.ptr[i] <= '9') || text.ptr[i] == ';'))
		i++;
	return i < text.len && (text.ptr[i] == 'm' || text.ptr[i] == 'K') ? i + 1 : 0;
}

/* What a program colours it sets back; a name that holds an escape alone does not. */
static bool is_coloured(struct str text)
{
	if (!text.len || !memchr(text.ptr, ESCAPE, text.len))
		return false;
	return str_find(text, STR("\x1b[0m")) >= 0 || str_find(text, STR("\x1b[m")) >= 0 ||
	       str_find(text, STR("\x1b[39m")) >= 0;
}

static void without_colours(struct str text, struct strbuf *out)
{
	while (text.len) {
		const char *at = memchr(text.ptr, ESCAPE, text.len);
		size_t plain = at ? (size_t)(at - text.ptr) : text.len;

		strbuf_add(out, (struct str){ text.ptr, plain });
		text = tail(text, plain);
		if (!text.len)
			break;
		plain = colour_length(text);
		if (!plain)
			strbuf_add_char(out, ESCAPE);
		text = tail(text, MAX(plain, 1U));
	}
}

/* ---- lines */

/* Python marks places in a line by "~~~^^": tildes with anything behind them are no fence. */
static bool is_fence(struct str line)
{
	line = str_trim(line);
	return str_starts_with(line, STR("```")) || str_is(line, "~~~") || str_is(line, "~~~~");
}

/* "    12\tthe line" as cat -n and nl write it */
static size_t line_number_length(struct str line, uint64_t *ret_number)
{
	size_t begin = 0, end;

	while (begin < line.len && line.ptr[begin] == ' ')
		begin++;
	for (end = begin; end < line.len && line.ptr[end] >= '0' && line.ptr[end] <= '9';)
		end++;
	if (end == begin || end >= line.len || line.ptr[end] != '\t' ||
	    !str_to_u64((struct str){ line.ptr + begin, end - begin }, ret_number))
		return 0;
	return end + 1;
}

static size_t quote_length(struct str line)
{
	size_t at = 0;

	while (at < line.len && line.ptr[at] == '>') {
		at++;
		at += at < line.len && line.ptr[at] == ' ' && at + 1 < line.len &&
		      line.ptr[at + 1] == '>';
	}
	return at && at < line.len && line.ptr[at] == ' ' ? at + 1 : at;
}

static size_t hash_length(struct str line)
{
	if (str_is(str_trim(line), "#"))
		return line.len;
	return str_starts_with(line, STR("# ")) ? 2 : 0;
}

/* What stands in front of the lines of a text. */
struct dressing {
	bool quotes, numbers, fences, hashes;
};

static struct dressing look_at_lines(struct str text)
{
	unsigned lines = 0, quoted = 0, numbered = 0, fences = 0, hashes = 0;
	uint64_t number, before = 0;
	struct str line;

	while (lines < IMPORT_LOOK_LINES && str_next_line(&text, &line)) {
		if (!str_trim(line).len)
			continue;
		lines++;
		fences += is_fence(line);
		quoted += quote_length(line) > 0;
		hashes += hash_length(line) > 0;
		if (line_number_length(line, &number) && (!before || number == before + 1)) {
			numbered++;
			before = number;
		}
	}
	return (struct dressing){ .quotes = quoted * 10 > lines * 6,
				  .numbers = numbered > 1 && numbered * 10 > lines * 9,
				  .fences = fences > 0,
				  .hashes = lines && hashes == lines };
}

static void undress(struct str text, struct dressing dressing, struct strbuf *out)
{
	struct str line;
	uint64_t number;

	while (str_next_line(&text, &line)) {
		if (dressing.quotes)
			line = tail(line, quote_length(line));
		if (dressing.numbers)
			line = tail(line, line_number_length(line, &number));
		if (dressing.hashes)
			line = tail(line, hash_length(line));
		if (!dressing.fences || !is_fence(line))
			strbuf_add(out, line);
		strbuf_add_char(out, '\n');
	}
}

/* Replaces `text`, which may be `buffer`'s own. */
static struct str moved_to(struct strbuf *buffer, struct strbuf *made)
{
	strbuf_done(buffer);
	*buffer = *made;
	*made = (struct strbuf)STRBUF_INIT;
	return strbuf_str(buffer);
}

bool import_clean(struct str text, struct strbuf *ret)
{
	auto_strbuf struct strbuf made = { .cap = ret->cap };
	struct dressing dressing;
	bool is_changed = false, is_big;

	if (is_utf16(text, &is_big)) {
		from_utf16(text, is_big, &made);
		text = moved_to(ret, &made);
		is_changed = true;
	}
	/* binary formats are as they are */
	if (text.len && memchr(text.ptr, '\0', MIN(text.len, 256U)))
		return is_changed;
	if (str_starts_with(text, STR("\xef\xbb\xbf"))) {
		strbuf_add(&made, tail(text, 3));
		text = moved_to(ret, &made);
		is_changed = true;
	}
	if (is_coloured(text)) {
		without_colours(text, &made);
		text = moved_to(ret, &made);
		is_changed = true;
	}
	dressing = look_at_lines(text);
	dressing.hashes = false;
	if (!dressing.quotes && !dressing.numbers && !dressing.fences)
		return is_changed;
	undress(text, dressing, &made);
	moved_to(ret, &made);
	return true;
}

bool import_unquote_hashes(struct str text, struct strbuf *ret)
{
	if (!look_at_lines(text).hashes)
		return false;
	undress(text, (struct dressing){ .hashes = true }, ret);
	return true;
}
