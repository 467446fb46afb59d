#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct str str_from(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_from(text));
}

int str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts_with(struct str text, struct str prefix)
{
	return text.len >= prefix.len && str_eq((struct str){ text.ptr, prefix.len }, prefix);
}

bool str_ends_with(struct str text, struct str suffix)
{
	return text.len >= suffix.len &&
	       str_eq((struct str){ text.ptr + text.len - suffix.len, suffix.len }, suffix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str text)
{
	while (text.len && is_blank(text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

bool str_cut(struct str text, char separator, struct str *ret_head, struct str *ret_tail)
{
	const char *at = text.len ? memchr(text.ptr, separator, text.len) : NULL;
	size_t head_len = at ? (size_t)(at - text.ptr) : text.len;

	*ret_head = (struct str){ text.ptr, head_len };
	*ret_tail = at ? (struct str){ at + 1, text.len - head_len - 1 } : (struct str){ "", 0 };
	return at != NULL;
}

bool str_next_line(struct str *text, struct str *ret_line)
{
	struct str line;

	if (!text->len)
		return false;
	str_cut(*text, '\n', &line, text);
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	*ret_line = line;
	return true;
}

bool str_next_word(struct str *text, struct str *ret_word)
{
	struct str rest = *text;
	size_t len = 0;

	while (rest.len && is_blank(rest.ptr[0])) {
		rest.ptr++;
		rest.len--;
	}
	while (len < rest.len && !is_blank(rest.ptr[len]))
		len++;
	if (!len) {
		*text = rest;
		return false;
	}
	*text = (struct str){ rest.ptr + len, rest.len - len };
	*ret_word = (struct str){ rest.ptr, len };
	return true;
}

ptrdiff_t str_find(struct str text, struct str needle)
{
	const char *at;

	if (!needle.len)
		return 0;
	at = text.len ? memmem(text.ptr, text.len, needle.ptr, needle.len) : NULL;
	return at ? at - text.ptr : -1;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool to_unsigned(struct str text, unsigned base, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)digit_value(text.ptr[i]);

		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool str_to_u64(struct str text, uint64_t *ret_value)
{
	return to_unsigned(text, 10, ret_value);
}

bool str_to_hex(struct str text, uint64_t *ret_value)
{
	if (str_starts_with(text, STR("0x")) || str_starts_with(text, STR("0X")))
		text = (struct str){ text.ptr + 2, text.len - 2 };
	return to_unsigned(text, 16, ret_value);
}

bool str_to_double(struct str text, double *ret_value)
{
	char copy[64];
	char *end;
	double value;

	if (!text.len || text.len >= sizeof(copy))
		return false;
	/* strtod takes blanks, nan, inf and hexadecimal too. */
	for (size_t i = 0; i < text.len; i++) {
		if (!text.ptr[i] || !strchr("0123456789+-.eE", text.ptr[i]))
			return false;
	}
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	errno = 0;
	value = strtod(copy, &end);
	if (end != copy + text.len || errno == ERANGE)
		return false;
	*ret_value = value;
	return true;
}

bool str_glob(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern.len &&
			   (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

uint64_t str_hash(struct str text)
{
	/* FNV-1a over the bytes, then a finalizer so that the low bits are good table indexes. */
	uint64_t hash = 0xcbf29ce484222325U;

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.ptr[i]) * 0x100000001b3U;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93U;
	return hash ^ (hash >> 32);
}
