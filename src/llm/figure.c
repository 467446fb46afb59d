#include "llm/figure.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

static const struct {
	const char *name;
	enum figure_unit unit;
	double factor;
} units[] = {
	{ "%", FIGURE_SHARE, 0.01 },
	{ "percentage points", FIGURE_SHARE, 0.01 },
	{ "percentage point", FIGURE_SHARE, 0.01 },
	{ "percent points", FIGURE_SHARE, 0.01 },
	{ "%-points", FIGURE_SHARE, 0.01 },
	{ "pp", FIGURE_SHARE, 0.01 },
	{ "percent", FIGURE_SHARE, 0.01 },
	{ "per cent", FIGURE_SHARE, 0.01 },
	{ "x", FIGURE_TIMES, 1 },
	{ "\xc3\x97", FIGURE_TIMES, 1 },
	{ "times", FIGURE_TIMES, 1 },
	{ "-fold", FIGURE_TIMES, 1 },
	{ "fold", FIGURE_TIMES, 1 },
	{ "nanoseconds", FIGURE_TIME, 1 },
	{ "nanosecond", FIGURE_TIME, 1 },
	{ "ns", FIGURE_TIME, 1 },
	{ "microseconds", FIGURE_TIME, 1e3 },
	{ "microsecond", FIGURE_TIME, 1e3 },
	{ "us", FIGURE_TIME, 1e3 },
	{ "\xc2\xb5s", FIGURE_TIME, 1e3 },
	{ "\xce\xbcs", FIGURE_TIME, 1e3 },
	{ "milliseconds", FIGURE_TIME, 1e6 },
	{ "millisecond", FIGURE_TIME, 1e6 },
	{ "ms", FIGURE_TIME, 1e6 },
	{ "seconds", FIGURE_TIME, 1e9 },
	{ "second", FIGURE_TIME, 1e9 },
	{ "sec", FIGURE_TIME, 1e9 },
	{ "s", FIGURE_TIME, 1e9 },
	{ "minutes", FIGURE_TIME, 60e9 },
	{ "minute", FIGURE_TIME, 60e9 },
	{ "min", FIGURE_TIME, 60e9 },
	{ "mins", FIGURE_TIME, 60e9 },
	{ "hours", FIGURE_TIME, 3600e9 },
	{ "hour", FIGURE_TIME, 3600e9 },
	{ "h", FIGURE_TIME, 3600e9 },
	{ "days", FIGURE_TIME, 86400e9 },
	{ "day", FIGURE_TIME, 86400e9 },
	{ "d", FIGURE_TIME, 86400e9 },
	{ "bytes", FIGURE_BYTES, 1 },
	{ "byte", FIGURE_BYTES, 1 },
	{ "B", FIGURE_BYTES, 1 },
	{ "kibibytes", FIGURE_BYTES, 1024.0 },
	{ "mebibytes", FIGURE_BYTES, 1048576.0 },
	{ "gibibytes", FIGURE_BYTES, 1073741824.0 },
	{ "kilobytes", FIGURE_BYTES, 1e3 },
	{ "megabytes", FIGURE_BYTES, 1e6 },
	{ "gigabytes", FIGURE_BYTES, 1e9 },
	{ "KiB", FIGURE_BYTES, 1024.0 },
	{ "MiB", FIGURE_BYTES, 1048576.0 },
	{ "GiB", FIGURE_BYTES, 1073741824.0 },
	{ "TiB", FIGURE_BYTES, 1099511627776.0 },
	{ "kB", FIGURE_BYTES, 1e3 },
	{ "KB", FIGURE_BYTES, 1e3 },
	{ "MB", FIGURE_BYTES, 1e6 },
	{ "GB", FIGURE_BYTES, 1e9 },
	{ "TB", FIGURE_BYTES, 1e12 },
	{ "samples", FIGURE_COUNT, 1 },
	{ "sample", FIGURE_COUNT, 1 },
	{ "cycles", FIGURE_COUNT, 1 },
	{ "instructions", FIGURE_COUNT, 1 },
	{ "events", FIGURE_COUNT, 1 },
	{ "calls", FIGURE_COUNT, 1 },
	{ "MHz", FIGURE_COUNT, 1e6 },
	{ "GHz", FIGURE_COUNT, 1e9 },
	{ "Hz", FIGURE_COUNT, 1 },
};

/* "1.25 M events", "48.3 billion cycles": between a number and what is counted. */
static const struct {
	const char *name;
	double factor;
} multiples[] = {
	{ "k", 1e3 },	    { "K", 1e3 },	  { "M", 1e6 },	      { "G", 1e9 },
	{ "T", 1e12 },	    { "thousand", 1e3 },  { "million", 1e6 }, { "mn", 1e6 },
	{ "billion", 1e9 }, { "bn", 1e9 },	  { "B", 1e9 },	      { "mio", 1e6 },
	{ "mio.", 1e6 },    { "trillion", 1e12 },
};

/* Numbers in words, before "percent", "times", "-fold". */
static const struct {
	const char *name;
	double value;
} numbers[] = {
	{ "one", 1 },	   { "two", 2 },       { "three", 3 },	  { "four", 4 },
	{ "five", 5 },	   { "six", 6 },       { "seven", 7 },	  { "eight", 8 },
	{ "nine", 9 },	   { "ten", 10 },      { "eleven", 11 },  { "twelve", 12 },
	{ "fifteen", 15 }, { "twenty", 20 },   { "thirty", 30 },  { "forty", 40 },
	{ "fifty", 50 },   { "sixty", 60 },    { "seventy", 70 }, { "eighty", 80 },
	{ "ninety", 90 },  { "hundred", 100 },
};

/* "two thirds of", "half the": a share in words. */
static const struct {
	const char *words;
	double value;
} shares[] = {
	{ "2/3", 2 / 3.0 },
	{ "1/3", 1 / 3.0 },
	{ "3/4", 0.75 },
	{ "1/4", 0.25 },
	{ "1/2", 0.5 },
	{ "one half", 0.5 },
	{ "one-half", 0.5 },
	{ "one in three", 1 / 3.0 },
	{ "one in four", 0.25 },
	{ "one in five", 0.2 },
	{ "one in ten", 0.1 },
	{ "nine tenths", 0.9 },
	{ "nine in ten", 0.9 },
	{ "two in three", 2 / 3.0 },
	{ "three quarters", 0.75 },
	{ "three-quarters", 0.75 },
	{ "two thirds", 2 / 3.0 },
	{ "two-thirds", 2 / 3.0 },
	{ "one third", 1 / 3.0 },
	{ "a third", 1 / 3.0 },
	{ "one-third", 1 / 3.0 },
	{ "one quarter", 0.25 },
	{ "a quarter", 0.25 },
	{ "one-quarter", 0.25 },
	{ "two fifths", 0.4 },
	{ "three fifths", 0.6 },
	{ "four fifths", 0.8 },
	{ "a fifth", 0.2 },
	{ "one fifth", 0.2 },
	{ "a tenth", 0.1 },
	{ "one tenth", 0.1 },
	{ "half", 0.5 },
};

static const struct {
	const char *word;
	enum figure_sense sense;
} senses[] = {
	{ "no more than", FIGURE_UNDER },
	{ "not more than", FIGURE_UNDER },
	{ "no less than", FIGURE_OVER },
	{ "at most", FIGURE_UNDER },
	{ "about", FIGURE_ABOUT },
	{ "around", FIGURE_ABOUT },
	{ "close to", FIGURE_ABOUT },
	{ "approx.", FIGURE_ABOUT },
	{ "approx", FIGURE_ABOUT },
	{ "ca.", FIGURE_ABOUT },
	{ "just over", FIGURE_ABOUT },
	{ "just under", FIGURE_ABOUT },
	{ "a little over", FIGURE_ABOUT },
	{ "slightly over", FIGURE_ABOUT },
	{ "slightly more than", FIGURE_ABOUT },
	{ "a bit over", FIGURE_ABOUT },
	{ "a bit more than", FIGURE_ABOUT },
	{ "just above", FIGURE_ABOUT },
	{ "just below", FIGURE_ABOUT },
	{ "roughly", FIGURE_ABOUT },
	{ "nearly", FIGURE_ABOUT },
	{ "almost", FIGURE_ABOUT },
	{ "approximately", FIGURE_ABOUT },
	{ "some", FIGURE_ABOUT },
	{ "circa", FIGURE_ABOUT },
	{ "~", FIGURE_ABOUT },
	{ "\xe2\x89\x88", FIGURE_ABOUT },
	{ "over", FIGURE_OVER },
	{ "more than", FIGURE_OVER },
	{ "at least", FIGURE_OVER },
	{ "above", FIGURE_OVER },
	{ ">", FIGURE_OVER },
	{ "under", FIGURE_UNDER },
	{ "\xe2\x89\xa5", FIGURE_OVER },
	{ "\xe2\x89\xa4", FIGURE_UNDER },
	{ "less than", FIGURE_UNDER },
	{ "below", FIGURE_UNDER },
	{ "fewer than", FIGURE_UNDER },
	{ "<", FIGURE_UNDER },
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static struct str rest_of(struct str text, size_t at)
{
	return (struct str){ text.ptr + at, text.len - at };
}

static bool begins_with(struct str text, const char *word, bool any_case)
{
	size_t len = strlen(word);

	if (text.len < len)
		return false;
	return any_case ? strncasecmp(text.ptr, word, len) == 0 : memcmp(text.ptr, word, len) == 0;
}

static bool ends_with_word(struct str text, const char *word)
{
	size_t len = strlen(word), before = text.len - len;

	if (text.len < len || strncasecmp(text.ptr + before, word, len) != 0)
		return false;
	return !before || !isalpha((unsigned char)*word) || !is_word(text.ptr[before - 1]);
}

static enum figure_sense sense_before(struct str before)
{
	while (before.len && memchr(" *(\n-", before.ptr[before.len - 1], 5))
		before.len--;
	if (ends_with_word(before, "a") || ends_with_word(before, "the"))
		before = str_trim((struct str){ before.ptr, before.len - 1 });
	for (size_t i = 0; i < ARRAY_SIZE(senses); i++) {
		if (ends_with_word(before, senses[i].word))
			return senses[i].sense;
	}
	return FIGURE_EXACT;
}

/* What stands between groups of three digits: a comma, an apostrophe, a blank or a narrow one. */
static size_t separator_at(struct str text)
{
	static const char *const separators[] = { ",",		 "'",	     "\xe2\x80\x99",
						  " ",		 "\xc2\xa0", "\xe2\x80\xaf",
						  "\xe2\x80\x89" };

	for (size_t i = 0; i < ARRAY_SIZE(separators); i++) {
		size_t len = strlen(separators[i]);

		if (!begins_with(text, separators[i], false) || text.len < len + 3 ||
		    !isdigit((unsigned char)text.ptr[len]) ||
		    !isdigit((unsigned char)text.ptr[len + 1]) ||
		    !isdigit((unsigned char)text.ptr[len + 2]) ||
		    (text.len > len + 3 && isdigit((unsigned char)text.ptr[len + 3])))
			continue;
		return len;
	}
	return 0;
}

/* "e10" behind a number; its bytes. */
static size_t read_exponent(struct str text, double *value, double *step)
{
	size_t at = 1;
	double factor = 1;
	unsigned exponent = 0;

	if (text.len < 2 || (*text.ptr != 'e' && *text.ptr != 'E'))
		return 0;
	at += text.ptr[at] == '+';
	if (at >= text.len || !isdigit((unsigned char)text.ptr[at]))
		return 0;
	for (; at < text.len && isdigit((unsigned char)text.ptr[at]) && exponent < 30; at++)
		exponent = exponent * 10 + (unsigned)(text.ptr[at] - '0');
	for (; exponent && factor < 1e30; exponent--)
		factor *= 10;
	*value *= factor;
	*step *= factor;
	return at;
}

/* "16,469", "64.57", "1234", "4.8e10": what follows may be anything. */
static size_t read_number(struct str text, double *ret_value, double *ret_step)
{
	double value = 0, step = 1;
	size_t at = 0, group = 0, groups = 0;

	while (at < text.len && at <= 40) {
		size_t separator;

		if (isdigit((unsigned char)text.ptr[at])) {
			value = value * 10 + (text.ptr[at] - '0');
			group++;
			at++;
			continue;
		}
		separator = group && (groups ? group == 3 : group <= 3)
				    ? separator_at(rest_of(text, at))
				    : 0;
		if (!separator)
			break;
		group = 0;
		groups++;
		at += separator;
	}
	if (!at || at > 40)
		return 0;
	if (at + 1 < text.len && text.ptr[at] == '.' && isdigit((unsigned char)text.ptr[at + 1])) {
		for (at++; at < text.len && isdigit((unsigned char)text.ptr[at]); at++) {
			step /= 10;
			value += (text.ptr[at] - '0') * step;
		}
	}
	at += read_exponent(rest_of(text, at), &value, &step);
	*ret_value = value;
	*ret_step = step;
	return at;
}

bool figure_unit_find(struct str name, enum figure_unit *ret_unit, double *ret_factor)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_is(name, units[i].name))
			continue;
		*ret_unit = units[i].unit;
		*ret_factor = units[i].factor;
		return true;
	}
	return false;
}

static size_t blanks_at(struct str text)
{
	size_t blanks = 0;

	/* "**64.57** %" and "3-fold" too. */
	while (blanks < text.len && blanks < 4 && memchr(" *\n", text.ptr[blanks], 3))
		blanks++;
	if (begins_with(rest_of(text, blanks), "\xc2\xa0", false))
		blanks += 2;
	else if (begins_with(rest_of(text, blanks), "\xe2\x80\xaf", false) ||
		 begins_with(rest_of(text, blanks), "\xe2\x80\x89", false))
		blanks += 3;
	return blanks;
}

/* "MiB/s", "events per second": the bytes of what follows the unit. */
static size_t read_per_second(struct str text)
{
	static const char *const words[] = { "/s",	    "/sec",	 "/second",
					     " per second", " a second", " each second" };
	size_t best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if (len > best && begins_with(text, words[i], true) &&
		    (len == text.len || !is_word(text.ptr[len])))
			best = len;
	}
	return best;
}

/* The unit's bytes at the start of the text; the longest that is a word. */
static size_t match_unit(struct str text, bool is_apart, struct figure *figure, double *ret_factor)
{
	size_t best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name);

		if (len <= best || !begins_with(text, units[i].name, len > 3))
			continue;
		if (isalpha((unsigned char)units[i].name[len - 1]) && len < text.len &&
		    is_word(text.ptr[len]))
			continue;
		/* "2 x 3" and "the 1990s" are none. */
		if (units[i].unit == FIGURE_TIMES && len == 1 && is_apart)
			continue;
		best = len;
		figure->unit = units[i].unit;
		figure->noun = (struct str){ text.ptr, len };
		*ret_factor = units[i].factor;
	}
	return best;
}

/* What the facts count: "faults". */
static size_t match_noun(struct str text, const struct figure_nouns *nouns, struct figure *figure,
			 double *ret_factor)
{
	for (size_t i = 0; nouns && i < nouns->count; i++) {
		size_t len = nouns->items[i].len;

		if (text.len < len || strncasecmp(text.ptr, nouns->items[i].ptr, len) != 0)
			continue;
		if (len < text.len && text.ptr[len] == 's')
			len++;
		if (len < text.len && is_word(text.ptr[len]))
			continue;
		figure->unit = FIGURE_COUNT;
		figure->noun = (struct str){ text.ptr, len };
		figure->of_facts = true;
		*ret_factor = 1;
		return len;
	}
	return 0;
}

static size_t read_plain_unit(struct str text, const struct figure_nouns *nouns,
			      struct figure *figure, double *ret_factor)
{
	size_t blanks = blanks_at(text);
	size_t unit = match_unit(rest_of(text, blanks), blanks, figure, ret_factor);
	size_t more;

	if (!unit && blanks)
		unit = match_noun(rest_of(text, blanks), nouns, figure, ret_factor);
	if (!unit)
		return 0;
	more = read_per_second(rest_of(text, blanks + unit));
	figure->per_second = more;
	return blanks + unit + more;
}

/* The bytes of the unit with the blanks before it, 0 where there is none. */
static size_t read_unit(struct str text, const struct figure_nouns *nouns, struct figure *figure,
			double *ret_factor)
{
	size_t plain = read_plain_unit(text, nouns, figure, ret_factor);
	size_t blanks = blanks_at(text);

	for (size_t i = 0; !plain && i < ARRAY_SIZE(multiples); i++) {
		size_t len = strlen(multiples[i].name), unit;
		struct str rest = rest_of(text, blanks);

		if (!begins_with(rest, multiples[i].name, false) ||
		    (len < rest.len && is_word(rest.ptr[len])))
			continue;
		unit = read_plain_unit(rest_of(rest, len), nouns, figure, ret_factor);
		if (!unit || figure->unit != FIGURE_COUNT)
			continue;
		*ret_factor *= multiples[i].factor;
		plain = blanks + len + unit;
	}
	return plain;
}

static bool ends_with_bytes(struct str text, size_t at, const char *bytes)
{
	size_t len = strlen(bytes);

	return at >= len && memcmp(text.ptr + at - len, bytes, len) == 0;
}

/* A minus before the number: its bytes. "-19" may be an option, "-19.5%" is none. */
static size_t minus_before(struct str text, size_t at)
{
	size_t bytes = ends_with_bytes(text, at, "\xe2\x88\x92") ? 3
		       : ends_with_bytes(text, at, "-")		 ? 1
								 : 0;

	if (!bytes || at == bytes)
		return bytes;
	return memchr(" (*|:[\n", text.ptr[at - bytes - 1], 7) ? bytes : 0;
}

/* What comes before a number that is part of a name, a version, an option or a citation. */
static bool may_begin(struct str text, size_t at)
{
	static const char *const signs[] = { "\xe2\x80\x93", "\xe2\x89\x88", "\xe2\x88\x92",
					     "\xe2\x89\xa5", "\xe2\x89\xa4", "\xe2\x80\x94" };
	char before = at ? text.ptr[at - 1] : ' ';

	if ((unsigned char)before >= 0x80) {
		for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
			if (ends_with_bytes(text, at, signs[i]))
				return true;
		}
	}
	if (is_word(before) || memchr("./#$@\\[", before, 7))
		return false;
	return before != '-' || minus_before(text, at) ||
	       (at > 1 && isdigit((unsigned char)text.ptr[at - 2]));
}

/* "A-B%", "A to B%", "A% to B%", "between A% and B%": the bytes up to B, 0 where it is no range. */
static size_t range_joint(struct str text, bool is_between)
{
	static const char *const joints[] = { "-",    "\xe2\x80\x93", " \xe2\x80\x93 ",
					      " to ", " - ",	      " and " };
	struct figure unused;
	double factor;
	size_t unit = read_plain_unit(text, NULL, &unused, &factor);

	for (size_t i = 0; i < ARRAY_SIZE(joints); i++) {
		size_t len = unit + strlen(joints[i]);

		/* "64% and 10%" are two figures, unless "between" says otherwise. */
		if (i + 1 == ARRAY_SIZE(joints) && !is_between)
			break;
		if (begins_with(rest_of(text, unit), joints[i], true) && len < text.len &&
		    isdigit((unsigned char)text.ptr[len]))
			return len;
	}
	return 0;
}

static bool read_range(struct str text, const struct figure_nouns *nouns, size_t at, size_t number,
		       struct figure *figure)
{
	struct str rest = rest_of(text, at + number);
	struct str before = str_trim((struct str){ text.ptr, at });
	size_t joint = range_joint(rest, ends_with_word(before, "between")), second, unit, own;
	double high, step, factor, own_factor = 1;
	struct figure first = { 0 };

	if (!joint)
		return false;
	second = read_number(rest_of(rest, joint), &high, &step);
	unit = second ? read_unit(rest_of(rest, joint + second), nouns, figure, &factor) : 0;
	own = read_plain_unit(rest, NULL, &first, &own_factor);
	/* "from 64% to 2 s" is no range. */
	if (!unit || (own && first.unit != figure->unit))
		return false;
	own_factor = own ? own_factor : factor;
	if (high * factor < figure->value * own_factor)
		return false;
	figure->low = figure->value * own_factor;
	figure->value = high * factor;
	figure->step = step * factor;
	figure->length = number + joint + second + unit;
	return true;
}

/* "2 min 5 s", "1 hour and 3 minutes": what follows a time in a smaller unit belongs to it. */
static void read_rest_of_time(struct str text, struct figure *figure, double factor)
{
	for (;;) {
		struct str rest = rest_of(text, figure->at + figure->length);
		size_t gap = begins_with(rest, " and ", true) ? 5
			     : begins_with(rest, ", ", false) ? 2
			     : begins_with(rest, " ", false)  ? 1
							      : 0;
		struct figure next = { 0 };
		double value, step, smaller;
		size_t number = read_number(rest_of(rest, gap), &value, &step), unit;

		if (!number)
			return;
		unit = read_plain_unit(rest_of(rest, gap + number), NULL, &next, &smaller);
		if (!unit || next.unit != FIGURE_TIME || next.per_second || smaller >= factor ||
		    value * smaller >= factor)
			return;
		figure->value += value * smaller;
		figure->low = figure->value;
		figure->step = step * smaller;
		figure->length += gap + number + unit;
		factor = smaller;
	}
}

/* What has no unit of its own: 1.2.3 is a version, "the 1990s" are a decade. */
static bool is_no_figure(struct str text, size_t at, size_t number, const struct figure *figure,
			 size_t unit)
{
	const char *next = text.ptr + at + number;

	if (at + number + 1 < text.len && *next == '.' && isdigit((unsigned char)next[1]))
		return true;
	return !unit || (figure->unit == FIGURE_TIME && unit == 1 && number == 4 && *next == 's');
}

static bool read_figure(struct str text, const struct figure_nouns *nouns, size_t at,
			struct figure *figure)
{
	double value = 0, step = 0, factor = 1;
	size_t number = read_number(rest_of(text, at), &value, &step), unit, minus;

	if (!number)
		return false;
	figure->at = at;
	figure->value = value;
	figure->sense = sense_before((struct str){ text.ptr, at });
	if (read_range(text, nouns, at, number, figure))
		return true;
	unit = read_unit(rest_of(text, at + number), nouns, figure, &factor);
	if (is_no_figure(text, at, number, figure, unit))
		return false;
	minus = minus_before(text, at);
	if (minus)
		value = -value;
	figure->at -= minus;
	figure->length = number + unit + minus;
	figure->value = figure->low = value * factor;
	figure->step = step * factor;
	if (figure->unit == FIGURE_TIME && !figure->per_second && !minus)
		read_rest_of_time(text, figure, factor);
	return true;
}

/* "twice as", "threefold", "ten percent", "three times". */
static bool read_words(struct str text, size_t at, struct figure *figure)
{
	static const struct {
		const char *words;
		double value;
	} multiples_in_words[] = {
		{ "twice as ", 2 },   { "twice the ", 2 }, { "twice that ", 2 },
		{ "double the ", 2 }, { "thrice ", 3 },	   { "triple the ", 3 }
	};
	struct str rest = rest_of(text, at);
	double factor = 1;

	*figure = (struct figure){ .at = at, .sense = sense_before((struct str){ text.ptr, at }) };
	for (size_t i = 0; i < ARRAY_SIZE(multiples_in_words); i++) {
		if (!begins_with(rest, multiples_in_words[i].words, true))
			continue;
		figure->length = strcspn(multiples_in_words[i].words, " ");
		figure->unit = FIGURE_TIMES;
		figure->value = figure->low = multiples_in_words[i].value;
		/* Said in words it is meant broadly. */
		figure->step = 0.4;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		size_t len = strlen(numbers[i].name), unit;

		if (!begins_with(rest, numbers[i].name, true))
			continue;
		unit = read_plain_unit(rest_of(rest, len), NULL, figure, &factor);
		if (!unit || (figure->unit != FIGURE_SHARE && figure->unit != FIGURE_TIMES) ||
		    (figure->unit == FIGURE_TIMES && numbers[i].value < 2))
			continue;
		figure->length = len + unit;
		figure->value = figure->low = numbers[i].value * factor;
		figure->step = factor;
		return true;
	}
	return false;
}

static bool read_share(struct str text, size_t at, struct figure *figure)
{
	struct str rest = rest_of(text, at);

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		size_t len = strlen(shares[i].words);
		struct str after;

		if (!begins_with(rest, shares[i].words, true))
			continue;
		after = rest_of(rest, len);
		if (!begins_with(after, " of", true) && !begins_with(after, " the ", true) &&
		    !begins_with(after, " its ", true) && !begins_with(after, " as ", true) &&
		    !begins_with(after, " samples", true))
			continue;
		*figure = (struct figure){ .at = at,
					   .length = len,
					   .value = shares[i].value,
					   .low = shares[i].value,
					   .step = 0.08,
					   .unit = FIGURE_SHARE,
					   .sense = sense_before((struct str){ text.ptr, at }) };
		/* A tenth is meant more narrowly than a half. */
		figure->step = MIN(figure->step, shares[i].value * 0.24);
		return true;
	}
	return false;
}

bool figure_find(struct str text, const struct figure_nouns *nouns, size_t from, struct figure *ret)
{
	for (size_t at = from; at < text.len; at++) {
		struct figure figure = { 0 };
		bool is_digit = isdigit((unsigned char)text.ptr[at]);
		bool begins = !at || !is_word(text.ptr[at - 1]);

		if (begins && read_share(text, at, &figure)) {
			*ret = figure;
			return true;
		}
		if (is_digit && may_begin(text, at) && read_figure(text, nouns, at, &figure)) {
			*ret = figure;
			return true;
		}
		if (is_digit) {
			/* A number is looked at once. */
			while (at + 1 < text.len && (isdigit((unsigned char)text.ptr[at + 1]) ||
						     text.ptr[at + 1] == '.'))
				at++;
			continue;
		}
		if (begins && isalpha((unsigned char)text.ptr[at]) &&
		    read_words(text, at, &figure)) {
			*ret = figure;
			return true;
		}
	}
	return false;
}
