#include "llm/cite_match.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

/* ---- a figure against a value */

static bool near(double value, double wanted, const struct figure *figure)
{
	double slack = figure->step / 2;
	/* A bound is meant as it stands; but the model saw the value with three digits. */
	double rounding = MIN(slack, fabs(wanted) * 0.005);

	switch (figure->sense) {
	case FIGURE_ABOUT:
		slack = MAX(fabs(wanted) * 0.05, figure->step * 0.75);
		break;
	case FIGURE_OVER:
		return value >= wanted - rounding && value <= wanted * 1.25 + figure->step;
	case FIGURE_UNDER:
		return value <= wanted + rounding && value >= wanted * 0.75 - figure->step;
	case FIGURE_EXACT:
		break;
	}
	if (figure->low < figure->value)
		return value >= figure->low - rounding && value <= figure->value + rounding;
	return fabs(value - wanted) <= slack * (1 + 1e-9) + fabs(wanted) * 1e-12;
}

/* The model saw a ratio with two decimals and may have rounded once more. */
static bool equals(double value, const struct figure *figure)
{
	if (near(value, figure->value, figure))
		return true;
	return figure->unit == FIGURE_SHARE &&
	       near(round(value * 10000) / 10000, figure->value, figure);
}

static bool contains_any(struct str text, const char *const words[])
{
	for (size_t at = 0; at < text.len; at++) {
		for (size_t i = 0; words[i]; i++) {
			size_t len = strlen(words[i]);

			if (at + len <= text.len && strncasecmp(text.ptr + at, words[i], len) == 0)
				return true;
		}
	}
	return false;
}

/* "12.5% less" is a change of -12.5%. */
static bool says_less(struct str clause)
{
	static const char *const words[] = { "less",   "lower", "fewer",   "down",  "decreas",
					     "drop",   "fell",	"fall",	   "shr",   "reduc",
					     "faster", "minus", "shorter", "saves", NULL };

	return contains_any(clause, words);
}

static bool says_change(struct str clause)
{
	static const char *const words[] = { "more",   "higher", "increas", "grew",  "grow", "rose",
					     "slower", "longer", "up by",   "extra", NULL };

	return says_less(clause) || contains_any(clause, words);
}

/* ---- a figure against facts */

static bool same_noun(struct str a, struct str b)
{
	while (a.len && a.ptr[a.len - 1] == 's')
		a.len--;
	while (b.len && b.ptr[b.len - 1] == 's')
		b.len--;
	return a.len && a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* A fact's number in the base of what it measures. */
struct measure {
	enum figure_unit unit;
	double value;
	bool per_second;
	struct str noun;
};

static bool measure_of(const struct facts *facts, const struct fact *fact, struct measure *ret)
{
	struct str unit = str_from(facts_str(facts, fact->unit));
	double factor = 1;

	*ret = (struct measure){ .value = fact->number, .unit = FIGURE_COUNT };
	if (fact->type != FACT_NUMBER || !unit.len)
		return false;
	if (str_ends_with(unit, STR("/s"))) {
		ret->per_second = true;
		unit.len -= 2;
	}
	ret->noun = unit;
	if (str_is(unit, "ratio"))
		ret->unit = FIGURE_SHARE;
	else if (figure_unit_find(unit, &ret->unit, &factor))
		ret->value *= factor;
	return true;
}

/* The fact's number as the figure would have to be; false where its unit cannot be written so. */
static bool value_as(const struct facts *facts, const struct fact *fact,
		     const struct figure *figure, double *ret)
{
	struct measure measure;

	if (!measure_of(facts, fact, &measure) || measure.per_second != figure->per_second)
		return false;
	*ret = measure.value;
	if (figure->unit == FIGURE_COUNT && measure.unit == FIGURE_COUNT)
		return same_noun(measure.noun, figure->noun) ||
		       /* "Hz", "MHz" */
		       (str_ends_with(measure.noun, STR("Hz")) &&
			str_ends_with(figure->noun, STR("Hz")));
	if (figure->unit == FIGURE_TIMES && measure.unit == FIGURE_SHARE)
		return str_is(measure.noun, "ratio");
	return measure.unit == figure->unit;
}

static bool equals_signed(double value, struct str clause, const struct figure *figure)
{
	return equals(value, figure) || (value < 0 && says_less(clause) && equals(-value, figure));
}

bool cited_equals_one(const struct facts *facts, const struct fact *fact, struct str clause,
		      const struct figure *figure)
{
	double value;

	if (figure->unit == FIGURE_COUNT && same_noun(STR("samples"), figure->noun) && fact->n &&
	    !figure->per_second && equals((double)fact->n, figure))
		return true;
	if (!value_as(facts, fact, figure, &value))
		return false;
	/* Amdahl: without what takes two thirds it is 3x as fast. */
	if (figure->unit == FIGURE_TIMES && value > 0 && value < 1 &&
	    equals(1 / (1 - value), figure))
		return true;
	return equals_signed(value, clause, figure);
}

/* Of two facts in the same unit: how many times one is the other, or how much it changed. */
static bool equals_ratio(double a, double b, struct str clause, const struct figure *figure)
{
	double change;

	if ((figure->unit != FIGURE_TIMES && figure->unit != FIGURE_SHARE) || figure->per_second)
		return false;
	if ((b != 0 && equals(a / b, figure)) || (a != 0 && equals(b / a, figure)))
		return true;
	if (figure->unit != FIGURE_SHARE || !says_change(clause))
		return false;
	change = fabs(a - b);
	return (b != 0 && equals(change / b, figure)) || (a != 0 && equals(change / a, figure));
}

/* "10,634 of the samples [F6, F2]": a share of something; and how many in a second. */
static bool equals_product(const struct measure *a, const struct measure *b,
			   const struct figure *figure)
{
	bool same_unit = b->unit == figure->unit &&
			 (b->unit != FIGURE_COUNT || same_noun(b->noun, figure->noun));

	if (a->unit == FIGURE_SHARE && same_unit && b->per_second == figure->per_second &&
	    equals(a->value * b->value, figure))
		return true;
	return a->unit == FIGURE_TIME && a->value > 0 && same_unit && figure->per_second &&
	       !b->per_second && equals(b->value / (a->value / 1e9), figure);
}

static bool equals_of_two(const struct facts *facts, const struct cited *cited, struct str clause,
			  const struct figure *figure)
{
	struct figure magnitude = *figure;
	double as_a, as_b;
	struct measure a, b;

	if (!measure_of(facts, cited->facts[0], &a) || !measure_of(facts, cited->facts[1], &b))
		return false;
	magnitude.value = fabs(figure->value);
	magnitude.low = figure->value < 0 ? magnitude.value : figure->low;
	if (value_as(facts, cited->facts[0], figure, &as_a) &&
	    value_as(facts, cited->facts[1], figure, &as_b) &&
	    equals(fabs(as_a - as_b), &magnitude))
		return true;
	if (equals_product(&a, &b, figure) || equals_product(&b, &a, figure))
		return true;
	return a.unit == b.unit && a.per_second == b.per_second &&
	       (a.unit != FIGURE_COUNT || same_noun(a.noun, b.noun)) &&
	       equals_ratio(a.value, b.value, clause, &magnitude);
}

bool cited_equals_derived(const struct facts *facts, const struct cited *cited, struct str clause,
			  const struct figure *figure)
{
	double sum = 0, value = 0;
	bool is_sum = cited->count >= 2;

	for (size_t i = 0; is_sum && i < cited->count; i++) {
		is_sum = value_as(facts, cited->facts[i], figure, &value);
		sum += value;
	}
	if (is_sum && figure->unit != FIGURE_TIMES && equals(sum, figure))
		return true;
	return cited->count == 2 && equals_of_two(facts, cited, clause, figure);
}

/* "the remaining 35.43% [F12]" */
bool cited_equals_rest(const struct facts *facts, const struct cited *cited, struct str clause,
		       const struct figure *figure)
{
	static const char *const words[] = { "rest", "remain", "other", "else", NULL };
	double sum = 0, value;

	if (figure->unit != FIGURE_SHARE || !contains_any(clause, words))
		return false;
	for (size_t i = 0; i < cited->count; i++) {
		if (!value_as(facts, cited->facts[i], figure, &value))
			return false;
		sum += value;
	}
	return cited->count && equals(1 - sum, figure);
}

/* ---- which function a clause speaks of */

/* The function's name without arguments and without what compilers add. */
static struct str short_name(struct str function)
{
	size_t len = 0;

	while (len < function.len && function.ptr[len] != '(' && function.ptr[len] != '<' &&
	       !(len && function.ptr[len] == '.'))
		len++;
	return (struct str){ function.ptr, len };
}

static ptrdiff_t find_word(struct str text, struct str word)
{
	for (size_t at = 0; word.len && at + word.len <= text.len; at++) {
		size_t end = at + word.len;

		if (memcmp(text.ptr + at, word.ptr, word.len) != 0)
			continue;
		if ((at && (isalnum((unsigned char)text.ptr[at - 1]) || text.ptr[at - 1] == '_')) ||
		    (end < text.len &&
		     (isalnum((unsigned char)text.ptr[end]) || text.ptr[end] == '_')))
			continue;
		return (ptrdiff_t)at;
	}
	return -1;
}

static bool function_of(const struct facts *facts, const struct fact *fact, struct str *ret)
{
	struct str library, function;

	if (strcmp(facts_str(facts, fact->entity.kind), "symbol") != 0 ||
	    !facts_symbol_split(facts, fact->entity, &library, &function))
		return false;
	*ret = short_name(function);
	/* "f" and "do" are words of prose too. */
	return ret->len >= 3;
}

bool cited_is_of_another(const struct facts *facts, const struct cited *cited, struct str clause)
{
	bool names_other = false;
	struct str name;

	for (size_t i = 0; i < cited->count; i++) {
		/* A fact of a library or of the whole may be said of anything within. */
		if (!function_of(facts, cited->facts[i], &name) || find_word(clause, name) >= 0)
			return false;
	}
	for (size_t i = 0; i < facts->facts.count && !names_other; i++) {
		names_other = function_of(facts, &facts->facts.items[i], &name) &&
			      find_word(clause, name) >= 0;
	}
	return names_other;
}

/* "a and b take 10% and 20% [F1, F2]": in the order of their names, where all come first. */
bool cited_is_swapped(const struct facts *facts, const struct cited *cited, struct str clause,
		      const struct fact *matched, struct figure_place place)
{
	size_t rank = 0;
	ptrdiff_t mine;
	struct str name;

	if (cited->count != place.count || place.count < 2 || !function_of(facts, matched, &name))
		return false;
	mine = find_word(clause, name);
	for (size_t i = 0; i < cited->count; i++) {
		ptrdiff_t at;

		if (!function_of(facts, cited->facts[i], &name))
			return false;
		at = find_word(clause, name);
		if (at < 0 || (size_t)at > place.first)
			return false;
		rank += at < mine;
	}
	return rank != place.index;
}
