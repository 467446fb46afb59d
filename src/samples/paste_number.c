#include "samples/paste.h"

#include <string.h>

enum { MAX_NUMBER_BYTES = 40 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Groups of three behind the first comma: "1,234,567" */
static bool has_groups(struct str number, char separator)
{
	size_t digits = 0, groups = 0;

	for (size_t i = 0; i < number.len; i++) {
		char c = number.ptr[i];

		if (is_digit(c)) {
			digits++;
		} else if (c == separator) {
			if (groups ? digits != 3 : !digits || digits > 3)
				return false;
			groups++;
			digits = 0;
		} else {
			break;
		}
	}
	return groups && digits == 3;
}

/* "12.5", "12,5", "1,234.5", "1.234,5"; a comma is a decimal one where no groups explain it. */
static bool read_digits(struct str text, bool is_share, double *ret)
{
	char plain[MAX_NUMBER_BYTES + 1];
	bool is_grouped = !is_share && has_groups(text, ',');
	bool is_european = !is_grouped && memchr(text.ptr, ',', text.len) &&
			   memchr(text.ptr, '.', text.len) && has_groups(text, '.');
	size_t len = 0, points = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if ((is_grouped && c == ',') || (is_european && c == '.'))
			continue;
		points += c == ',' || c == '.';
		plain[len++] = c == ',' ? '.' : c;
	}
	return points <= 1 && str_to_double((struct str){ plain, len }, ret);
}

struct suffix {
	const char *text;
	enum paste_unit unit;
	double factor;
};

static const struct suffix suffixes[] = {
	{ "%", PASTE_PERCENT, 1 },
	{ "ns", PASTE_SECONDS, 1e-9 },
	{ "us", PASTE_SECONDS, 1e-6 },
	{ "\xc2\xb5s", PASTE_SECONDS, 1e-6 },
	{ "\xce\xbcs", PASTE_SECONDS, 1e-6 },
	{ "ms", PASTE_SECONDS, 1e-3 },
	{ "s", PASTE_SECONDS, 1 },
	{ "sec", PASTE_SECONDS, 1 },
	{ "mins", PASTE_SECONDS, 60 },
	{ "min", PASTE_SECONDS, 60 },
	{ "hrs", PASTE_SECONDS, 3600 },
	{ "B", PASTE_BYTES, 1 },
	{ "kB", PASTE_BYTES, 1024 },
	{ "KB", PASTE_BYTES, 1024 },
	{ "KiB", PASTE_BYTES, 1024 },
	{ "MB", PASTE_BYTES, 1048576 },
	{ "MiB", PASTE_BYTES, 1048576 },
	{ "GB", PASTE_BYTES, 1073741824 },
	{ "GiB", PASTE_BYTES, 1073741824 },
	{ "TB", PASTE_BYTES, 1099511627776.0 },
	{ "k", PASTE_PLAIN, 1e3 },
	{ "K", PASTE_PLAIN, 1e3 },
	{ "M", PASTE_PLAIN, 1e6 },
	{ "G", PASTE_PLAIN, 1e9 },
};

bool paste_number(struct str word, double *ret_value, enum paste_unit *ret_unit)
{
	const struct suffix *suffix = NULL;
	struct str unit, number, after;
	size_t digits = 0;
	double value;

	if (word.len > 2 && word.ptr[0] == '(' && word.ptr[word.len - 1] == ')')
		word = str_trim((struct str){ word.ptr + 1, word.len - 2 });
	if (str_cut(word, '/', &number, &after) && after.len && is_digit(after.ptr[0]))
		word = number;
	if (!word.len || word.len > MAX_NUMBER_BYTES ||
	    !(is_digit(word.ptr[0]) || word.ptr[0] == '.'))
		return false;
	while (digits < word.len &&
	       (is_digit(word.ptr[digits]) || word.ptr[digits] == '.' || word.ptr[digits] == ','))
		digits++;
	unit = str_trim((struct str){ word.ptr + digits, word.len - digits });
	number = (struct str){ word.ptr, digits };
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && unit.len && !suffix; i++)
		if (str_is(unit, suffixes[i].text))
			suffix = &suffixes[i];
	/* "1.5e-05" */
	if (unit.len > 1 && unit.len < 6 && (unit.ptr[0] == 'e' || unit.ptr[0] == 'E') && !suffix) {
		if (!str_to_double(word, &value))
			return false;
	} else if ((unit.len && !suffix) ||
		   !read_digits(number, suffix && suffix->unit == PASTE_PERCENT, &value)) {
		return false;
	}
	*ret_value = value * (suffix ? suffix->factor : 1);
	*ret_unit = suffix ? suffix->unit : PASTE_PLAIN;
	return *ret_value >= 0 && *ret_value < 1e18;
}
