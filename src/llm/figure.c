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
	{ "percent", FIGURE_SHARE, 0.01 },
	{ "per cent", FIGURE_SHARE, 0.01 },
	{ "x", FIGURE_TIMES, 1 },
	{ "\xc3\x97", FIGURE_TIMES, 1 },
	{ "times", FIGURE_TIMES, 1 },
	{ "-fold", FIGURE_TIMES, 1 },
	{ "fold", FIGURE_TIMES, 1 },
	{ "nanoseconds", FIGURE_TIME, 1 },
	{ "ns", FIGURE_TIME, 1 },
	{ "microseconds", FIGURE_TIME, 1e3 },
	{ "us", FIGURE_TIME, 1e3 },
	{ "\xc2\xb5s", FIGURE_TIME, 1e3 },
	{ "\xce\xbcs", FIGURE_TIME, 1e3 },
	{ "milliseconds", FIGURE_TIME, 1e6 },
	{ "ms", FIGURE_TIME, 1e6 },
	{ "seconds", FIGURE_TIME, 1e9 },
	{ "second", FIGURE_TIME, 1e9 },
	{ "sec", FIGURE_TIME, 1e9 },
	{ "s", FIGURE_TIME, 1e9 },
	{ "minutes", FIGURE_TIME, 60e9 },
	{ "minute", FIGURE_TIME, 60e9 },
	{ "min", FIGURE_TIME, 60e9 },
	{ "hours", FIGURE_TIME, 3600e9 },
	{ "bytes", FIGURE_BYTES, 1 },
	{ "byte", FIGURE_BYTES, 1 },
	{ "B", FIGURE_BYTES, 1 },
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

/* "two thirds of", "half the": a share in words. */
static const struct {
	const char *words;
	double value;
} shares[] = {
	{ "three quarters", 0.75 }, { "three-quarters", 0.75 }, { "two thirds", 2 / 3.0 },
	{ "two-thirds", 2 / 3.0 },  { "one third", 1 / 3.0 },	{ "a third", 1 / 3.0 },
	{ "one-third", 1 / 3.0 },   { "one quarter", 0.25 },	{ "a quarter", 0.25 },
	{ "one-quarter", 0.25 },    { "two fifths", 0.4 },	{ "three fifths", 0.6 },
	{ "four fifths", 0.8 },	    { "a fifth", 0.2 },		{ "one fifth", 0.2 },
	{ "a tenth", 0.1 },	    { "one tenth", 0.1 },	{ "half", 0.5 },
};

static const struct {
	const char *word;
	enum figure_sense sense;
} senses[] = {
	{ "about", FIGURE_ABOUT },	{ "around", FIGURE_ABOUT },
	{ "roughly", FIGURE_ABOUT },	{ "nearly", FIGURE_ABOUT },
	{ "almost", FIGURE_ABOUT },	{ "approximately", FIGURE_ABOUT },
	{ "some", FIGURE_ABOUT },	{ "circa", FIGURE_ABOUT },
	{ "~", FIGURE_ABOUT },		{ "\xe2\x89\x88", FIGURE_ABOUT },
	{ "over", FIGURE_OVER },	{ "more than", FIGURE_OVER },
	{ "at least", FIGURE_OVER },	{ "above", FIGURE_OVER },
	{ ">", FIGURE_OVER },		{ "under", FIGURE_UNDER },
	{ "less than", FIGURE_UNDER },	{ "below", FIGURE_UNDER },
	{ "fewer than", FIGURE_UNDER }, { "<", FIGURE_UNDER },
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
	while (before.len && memchr(" *(\n", before.ptr[before.len - 1], 4))
		before.len--;
	if (ends_with_word(before, "a") || ends_with_word(before, "the"))
		before = str_trim((struct str){ before.ptr, before.len - 1 });
	for (size_t i = 0; i < ARRAY_SIZE(senses); i++) {
		if (ends_with_word(before, senses[i].word))
			return senses[i].sense;
	}
	return FIGURE_EXACT;
}

/* "16,469", "64.57", "1234": what follows may be anything. */
static size_t read_number(struct str text, double *ret_value, double *ret_step)
{
	double value = 0, step = 1;
	size_t at = 0, group = 0;

	while (at < text.len) {
		char c = text.ptr[at];

		if (isdigit((unsigned char)c)) {
			value = value * 10 + (c - '0');
			group++;
		} else if (c == ',' && group && group <= 3 && at + 3 < text.len &&
			   isdigit((unsigned char)text.ptr[at + 1]) &&
			   isdigit((unsigned char)text.ptr[at + 2]) &&
			   isdigit((unsigned char)text.ptr[at + 3])) {
			group = 0;
		} else {
			break;
		}
		at++;
	}
	if (!at || at > 24)
		return 0;
	if (at + 1 < text.len && text.ptr[at] == '.' && isdigit((unsigned char)text.ptr[at + 1])) {
		for (at++; at < text.len && isdigit((unsigned char)text.ptr[at]); at++) {
			step /= 10;
			value += (text.ptr[at] - '0') * step;
		}
	}
	*ret_value = value;
	*ret_step = step;
	return at;
}

/* The bytes of the unit with the blanks before it, 0 where there is none. */
static size_t read_unit(struct str text, struct figure *figure, double *ret_factor)
{
	size_t blanks = 0, best = 0;

	/* "**64.57** %" and "3-fold" too. */
	while (blanks < text.len && blanks < 4 && memchr(" *\n", text.ptr[blanks], 3))
		blanks++;
	if (begins_with(rest_of(text, blanks), "\xc2\xa0", false) ||
	    begins_with(rest_of(text, blanks), "\xe2\x80\xaf", false))
		blanks += (unsigned char)text.ptr[blanks] == 0xc2 ? 2 : 3;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name), end = blanks + len;

		if (len <= best || !begins_with(rest_of(text, blanks), units[i].name, len > 3))
			continue;
		if (isalpha((unsigned char)units[i].name[len - 1]) && end < text.len &&
		    is_word(text.ptr[end]))
			continue;
		/* "2 x 3" and "the 1990s" are none. */
		if (units[i].unit == FIGURE_TIMES && len == 1 && blanks)
			continue;
		best = len;
		figure->unit = units[i].unit;
		figure->noun = (struct str){ text.ptr + blanks, len };
		*ret_factor = units[i].factor;
	}
	return best ? blanks + best : 0;
}

/* What comes before a number that is part of a name, a version, an option or a citation. */
static bool may_begin(struct str text, size_t at)
{
	char before = at ? text.ptr[at - 1] : ' ';

	if (is_word(before) || memchr("./#$@\\[", before, 7))
		/* The en dash, in UTF-8, of a range. */
		return (unsigned char)before >= 0x80 && at >= 3 &&
		       (memcmp(text.ptr + at - 3, "\xe2\x80\x93", 3) == 0 ||
			memcmp(text.ptr + at - 3, "\xe2\x89\x88", 3) == 0);
	/* "-19" is an option, "10-20%" a range. */
	return before != '-' || (at > 1 && isdigit((unsigned char)text.ptr[at - 2]));
}

/* "A-B%", "A to B%", "A% to B%", "between A% and B%": the bytes up to B, 0 where it is no range. */
static size_t range_joint(struct str text)
{
	static const char *const joints[] = { "-", "\xe2\x80\x93", " to ", " and ", " - " };
	size_t unit = begins_with(text, "%", false) ? 1 : 0;

	for (size_t i = 0; i < ARRAY_SIZE(joints); i++) {
		size_t len = unit + strlen(joints[i]);

		if (begins_with(rest_of(text, unit), joints[i], true) && len < text.len &&
		    isdigit((unsigned char)text.ptr[len]))
			return len;
	}
	return 0;
}

static bool read_range(struct str text, size_t at, size_t number, struct figure *figure)
{
	struct str rest = rest_of(text, at + number);
	size_t joint = range_joint(rest), second, unit;
	bool is_and = joint && begins_with(rest_of(rest, joint > 5 ? joint - 5 : 0), " and ", true);
	struct str before = str_trim((struct str){ text.ptr, at });
	double high, step, factor;

	/* "64% and 10%" are two figures, unless "between" says otherwise. */
	if (!joint || (is_and && !ends_with_word(before, "between")))
		return false;
	second = read_number(rest_of(rest, joint), &high, &step);
	unit = second ? read_unit(rest_of(rest, joint + second), figure, &factor) : 0;
	if (!unit || high < figure->value)
		return false;
	figure->low = figure->value * factor;
	figure->value = high * factor;
	figure->step = step * factor;
	figure->length = number + joint + second + unit;
	return true;
}

static bool read_figure(struct str text, size_t at, struct figure *figure)
{
	double value = 0, step = 0, factor = 1;
	size_t number = read_number(rest_of(text, at), &value, &step), unit;
	const char *next = text.ptr + at + number;

	if (!number)
		return false;
	figure->at = at;
	figure->value = value;
	figure->sense = sense_before((struct str){ text.ptr, at });
	if (read_range(text, at, number, figure))
		return true;
	/* 1.2.3 is a version. */
	if (at + number + 1 < text.len && *next == '.' && isdigit((unsigned char)next[1]))
		return false;
	unit = read_unit(rest_of(text, at + number), figure, &factor);
	if (!unit)
		return false;
	/* "the 1990s" */
	if (figure->unit == FIGURE_TIME && unit == 1 && number == 4)
		return false;
	figure->length = number + unit;
	figure->value = figure->low = value * factor;
	figure->step = step * factor;
	return true;
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
		    !begins_with(after, " its ", true))
			return false;
		*figure = (struct figure){ .at = at,
					   .length = len,
					   .value = shares[i].value,
					   .low = shares[i].value,
					   .step = 0.08,
					   .unit = FIGURE_SHARE,
					   .sense = FIGURE_EXACT };
		/* A tenth is meant more narrowly than a half. */
		figure->step = MIN(figure->step, shares[i].value * 0.24);
		return true;
	}
	return false;
}

bool figure_find(struct str text, size_t from, struct figure *ret)
{
	for (size_t at = from; at < text.len; at++) {
		struct figure figure = { 0 };
		bool is_digit = isdigit((unsigned char)text.ptr[at]);

		if (is_digit && may_begin(text, at) && read_figure(text, at, &figure)) {
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
		if ((!at || !is_word(text.ptr[at - 1])) && read_share(text, at, &figure)) {
			*ret = figure;
			return true;
		}
	}
	return false;
}
