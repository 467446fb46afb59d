#include "llm/cite.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/units.h"
#include "base/vec.h"
#include "llm/figure.h"

#define GROUP_MAX 16
#define SENTENCE_LINES_MAX 12
#define SENTENCE_BYTES_MAX 4096

void citer_init(struct citer *citer, const struct facts *facts)
{
	*citer = (struct citer){ .facts = facts, .count = facts->facts.count + 1 };
	citer->by_number = x_calloc(citer->count, sizeof(const struct fact *));
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->number_in_answer && fact->number_in_answer < citer->count)
			citer->by_number[fact->number_in_answer] = fact;
	}
}

void citer_done(struct citer *citer)
{
	free(citer->by_number);
	citer->by_number = NULL;
}

void fact_value_format(const struct facts *facts, const struct fact *fact, struct strbuf *out)
{
	const char *unit = facts_str(facts, fact->unit);

	if (fact->type != FACT_NUMBER)
		strbuf_add_text(out, facts_str(facts, fact->text));
	else if (strcmp(unit, "ratio") == 0)
		units_percent(out, fact->number);
	else if (strcmp(unit, "ns") == 0 && fact->number >= 0 && fact->number < 1e19)
		units_duration(out, (uint64_t)fact->number);
	else if (strcmp(unit, "bytes") == 0 && fact->number >= 0 && fact->number < 1e19)
		units_bytes(out, (uint64_t)fact->number);
	else if (fact->number >= 0 && fact->number < 1e15 && floor(fact->number) == fact->number)
		units_count(out, (uint64_t)fact->number);
	else
		strbuf_addf(out, "%.6g", fact->number);
	if (fact->type == FACT_NUMBER && *unit && strcmp(unit, "ratio") != 0 &&
	    strcmp(unit, "ns") != 0 && strcmp(unit, "bytes") != 0)
		strbuf_addf(out, " %s", unit);
}

/* ---- what a sentence is made of */

/* Citations that stand together: [F1, F2], [F1][F2], [F1] and [F2]. */
struct group {
	size_t at, end;
	uint32_t numbers[GROUP_MAX];
	size_t count;
};

VEC_DEFINE(group_vec, struct group)
VEC_DEFINE(figure_vec, struct figure)

struct sentence {
	struct str text;
	struct group_vec groups;
	struct figure_vec figures;
};

static void sentence_done(struct sentence *sentence)
{
	group_vec_done(&sentence->groups);
	figure_vec_done(&sentence->figures);
}

/* "[F12]", "[F1, F2]", "(F3)", "[F12 self=64.57%]": its bytes, 0 where it is none. */
static size_t read_citation(struct str text, struct group *group)
{
	char end = text.len && *text.ptr == '[' ? ']' : ')';
	size_t close = 0;

	if (text.len < 4 || (*text.ptr != '[' && *text.ptr != '(') || text.ptr[1] != 'F' ||
	    !isdigit((unsigned char)text.ptr[2]))
		return 0;
	while (close < text.len && close < 200 && text.ptr[close] != end)
		close++;
	if (close >= text.len || text.ptr[close] != end)
		return 0;
	for (size_t i = 1; i < close; i++) {
		size_t digits = 0;
		uint64_t number;

		if (text.ptr[i] != 'F' || isalnum((unsigned char)text.ptr[i - 1]))
			continue;
		while (isdigit((unsigned char)text.ptr[i + 1 + digits]))
			digits++;
		if (digits && digits < 10 && group->count < GROUP_MAX &&
		    str_to_u64((struct str){ text.ptr + i + 1, digits }, &number))
			group->numbers[group->count++] = (uint32_t)number;
	}
	return close + 1;
}

/* Only what parts two citations of one group. */
static bool is_glue(struct str text)
{
	text = str_trim(text);
	return !text.len || str_is(text, ",") || str_is(text, "and") || str_is(text, ", and") ||
	       str_is(text, "+") || str_is(text, "/") || str_is(text, "&");
}

static void find_groups(struct sentence *sentence)
{
	struct str text = sentence->text;

	for (size_t at = 0; at < text.len; at++) {
		struct group group = { .at = at };
		struct group *last = sentence->groups.count
					     ? &sentence->groups.items[sentence->groups.count - 1]
					     : NULL;
		size_t bytes = read_citation((struct str){ text.ptr + at, text.len - at }, &group);

		if (!bytes)
			continue;
		group.end = at + bytes;
		if (last && is_glue((struct str){ text.ptr + last->end, at - last->end })) {
			for (size_t i = 0; i < group.count && last->count < GROUP_MAX; i++)
				last->numbers[last->count++] = group.numbers[i];
			last->end = group.end;
		} else {
			group_vec_push(&sentence->groups, group);
		}
		at = group.end - 1;
	}
}

/* Between backticks: code, unless it is the figure alone. */
static bool is_code(struct str text, const struct figure *figure)
{
	size_t ticks = 0, open = 0, close;

	for (size_t i = 0; i < figure->at; i++) {
		if (text.ptr[i] == '`') {
			ticks++;
			open = i;
		}
	}
	if (ticks % 2 == 0)
		return false;
	close = figure->at + figure->length;
	return open + 1 != figure->at || close >= text.len || text.ptr[close] != '`';
}

/* What a note says is known, not measured, and may be repeated. */
static bool is_of_a_note(const struct facts *facts, struct str figure)
{
	for (size_t i = 0; i < facts->notes.count; i++) {
		if (str_find(str_from(facts_str(facts, facts->notes.items[i].text)), figure) >= 0)
			return true;
	}
	return false;
}

static void find_figures(const struct citer *citer, struct sentence *sentence)
{
	struct figure figure;
	size_t from = 0;

	while (figure_find(sentence->text, from, &figure)) {
		from = figure.at + figure.length;
		if (is_code(sentence->text, &figure) ||
		    is_of_a_note(citer->facts,
				 (struct str){ sentence->text.ptr + figure.at, figure.length }))
			continue;
		figure_vec_push(&sentence->figures, figure);
	}
}

/* ---- figures against facts */

static bool near(double value, double wanted, const struct figure *figure)
{
	double slack = figure->step / 2;

	switch (figure->sense) {
	case FIGURE_ABOUT:
		slack = MAX(slack, MAX(fabs(wanted) * 0.05, figure->step));
		break;
	case FIGURE_OVER:
		return value >= wanted - slack && value <= wanted * 1.25 + figure->step;
	case FIGURE_UNDER:
		return value <= wanted + slack && value >= wanted * 0.75 - figure->step;
	case FIGURE_EXACT:
		break;
	}
	if (figure->low < figure->value)
		return value >= figure->low - slack && value <= figure->value + slack;
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

static bool same_noun(struct str a, struct str b)
{
	while (a.len && a.ptr[a.len - 1] == 's')
		a.len--;
	while (b.len && b.ptr[b.len - 1] == 's')
		b.len--;
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Whether a fact's unit can be written as the figure's. */
static bool fits(const struct facts *facts, const struct fact *fact, const struct figure *figure)
{
	const char *unit = facts_str(facts, fact->unit);

	if (fact->type != FACT_NUMBER)
		return false;
	switch (figure->unit) {
	case FIGURE_SHARE:
		return strcmp(unit, "ratio") == 0 || strcmp(unit, "%") == 0;
	case FIGURE_TIMES:
		return strcmp(unit, "ratio") == 0 || strcmp(unit, "x") == 0;
	case FIGURE_TIME:
		return strcmp(unit, "ns") == 0;
	case FIGURE_BYTES:
		return strcmp(unit, "bytes") == 0;
	case FIGURE_COUNT:
		return same_noun(str_from(unit), figure->noun);
	}
	return false;
}

static bool equals_one(const struct facts *facts, const struct fact *fact,
		       const struct figure *figure)
{
	if (figure->unit == FIGURE_COUNT && same_noun(STR("samples"), figure->noun) && fact->n &&
	    equals((double)fact->n, figure))
		return true;
	return fits(facts, fact, figure) && equals(fact->number, figure);
}

struct cited {
	const struct fact *facts[GROUP_MAX];
	size_t count;
	bool has_unknown; /* a number that no fact has */
};

static struct cited facts_of(const struct citer *citer, const struct group *group)
{
	struct cited cited = { 0 };

	for (size_t i = 0; i < group->count; i++) {
		uint32_t number = group->numbers[i];

		if (number < citer->count && citer->by_number[number])
			cited.facts[cited.count++] = citer->by_number[number];
		else
			cited.has_unknown = true;
	}
	return cited;
}

/* The sum of all; of two also their difference and their ratio. */
static bool equals_derived(const struct facts *facts, const struct cited *cited,
			   const struct figure *figure)
{
	double sum = 0, a, b;

	for (size_t i = 0; i < cited->count; i++) {
		if (cited->facts[i]->type != FACT_NUMBER ||
		    cited->facts[i]->unit != cited->facts[0]->unit)
			return false;
		sum += cited->facts[i]->number;
	}
	if (cited->count < 2)
		return false;
	if (fits(facts, cited->facts[0], figure) && equals(sum, figure))
		return true;
	if (cited->count != 2)
		return false;
	a = cited->facts[0]->number;
	b = cited->facts[1]->number;
	if (fits(facts, cited->facts[0], figure) && equals(fabs(a - b), figure))
		return true;
	if (figure->unit != FIGURE_TIMES && figure->unit != FIGURE_SHARE)
		return false;
	return (b != 0 && equals(a / b, figure)) || (a != 0 && equals(b / a, figure));
}

static bool contains(struct str text, const char *word)
{
	for (size_t at = 0; at + strlen(word) <= text.len; at++) {
		if (strncasecmp(text.ptr + at, word, strlen(word)) == 0)
			return true;
	}
	return false;
}

/* "the remaining 35.43% [F12]" */
static bool equals_rest(const struct facts *facts, const struct cited *cited, struct str clause,
			const struct figure *figure)
{
	double sum = 0;

	if (!contains(clause, "rest") && !contains(clause, "remain") &&
	    !contains(clause, "other") && !contains(clause, "else"))
		return false;
	for (size_t i = 0; i < cited->count; i++) {
		if (!fits(facts, cited->facts[i], figure) || figure->unit != FIGURE_SHARE)
			return false;
		sum += cited->facts[i]->number;
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

/* The clause names functions that were measured, and none of the cited ones. */
static bool is_of_another(const struct citer *citer, const struct cited *cited, struct str clause)
{
	const struct facts *facts = citer->facts;
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

/* A figure's place among those of its clause. */
struct place {
	size_t index, count;
	size_t first; /* where the first of them stands in the clause */
};

/* "a and b take 10% and 20% [F1, F2]": in the order of their names, where all come first. */
static bool is_swapped(const struct facts *facts, const struct cited *cited, struct str clause,
		       const struct fact *matched, struct place place)
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

/* ---- the verdict */

enum verdict { FIGURE_RIGHT, FIGURE_WRONG, FIGURE_UNCITED };

static enum verdict judge(const struct citer *citer, const struct group *group, struct str clause,
			  const struct figure *figure, struct place place)
{
	struct cited cited;

	if (!group)
		return FIGURE_UNCITED;
	cited = facts_of(citer, group);
	if (cited.has_unknown || !cited.count || is_of_another(citer, &cited, clause))
		return FIGURE_WRONG;
	for (size_t i = 0; i < cited.count; i++) {
		if (equals_one(citer->facts, cited.facts[i], figure) &&
		    !is_swapped(citer->facts, &cited, clause, cited.facts[i], place))
			return FIGURE_RIGHT;
	}
	if (equals_derived(citer->facts, &cited, figure) ||
	    equals_rest(citer->facts, &cited, clause, figure))
		return FIGURE_RIGHT;
	return FIGURE_WRONG;
}

static void mark(struct citer *citer, enum verdict verdict, const struct group *group,
		 struct strbuf *out)
{
	struct cited cited;

	switch (verdict) {
	case FIGURE_RIGHT:
		citer->counts.right++;
		return;
	case FIGURE_UNCITED:
		citer->counts.uncited++;
		strbuf_add_text(out, " {uncited}");
		return;
	case FIGURE_WRONG:
		break;
	}
	citer->counts.wrong++;
	cited = facts_of(citer, group);
	strbuf_add_text(out, " {wrong");
	for (size_t i = 0; i < MIN(cited.count, (size_t)3); i++) {
		strbuf_addf(out, "%s F%u is ", i ? "," : ":", cited.facts[i]->number_in_answer);
		fact_value_format(citer->facts, cited.facts[i], out);
	}
	if (cited.has_unknown)
		strbuf_add_text(out, cited.count ? "; not all are facts" : ": no such fact");
	strbuf_add_char(out, '}');
}

/* The citation that goes with the figure, and the part of the sentence that both stand in. */
static const struct group *group_of(const struct sentence *sentence, size_t index,
				    struct str *ret_clause)
{
	const struct figure_vec *figures = &sentence->figures;
	const struct group_vec *groups = &sentence->groups;
	const struct figure *figure = &figures->items[index];
	const struct group *before = NULL, *after = NULL;
	bool leads = groups->count && groups->items[0].at < figures->items[0].at &&
		     groups->items[groups->count - 1].at < figures->items[figures->count - 1].at;
	size_t start = 0, end = sentence->text.len;

	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		if (group->at <= figure->at)
			before = group;
		else if (!after)
			after = group;
	}
	/* Within its brackets: [F12 self=64.57%]. */
	if (before && figure->at < before->end) {
		*ret_clause = (struct str){ 0 };
		return before;
	}
	if (leads || (!after && before && index == 0)) {
		/* What it is said of may stand before the citation: "malloc [F12] takes 64%". */
		for (size_t i = 0; before && i < groups->count && &groups->items[i] < before; i++)
			start = groups->items[i].end;
		end = after ? after->at : end;
		for (size_t i = 0; after && i < figures->count; i++) {
			const struct figure *last = &figures->items[i];

			if (last->at < after->at)
				end = last->at + last->length;
		}
		if (before && start)
			start = figures->items[index ? index - 1 : 0].at;
		*ret_clause = (struct str){ sentence->text.ptr + start, end - start };
		return before;
	}
	if (before)
		start = before->end;
	if (after)
		end = after->at;
	*ret_clause = (struct str){ sentence->text.ptr + start, end - start };
	return after;
}

static struct place place_of(const struct sentence *sentence, size_t index, struct str clause)
{
	struct place place = { 0 };

	for (size_t i = 0; i < sentence->figures.count; i++) {
		const char *at = sentence->text.ptr + sentence->figures.items[i].at;

		if (at < clause.ptr || at >= clause.ptr + clause.len)
			continue;
		if (!place.count)
			place.first = (size_t)(at - clause.ptr);
		place.index += i < index;
		place.count++;
	}
	return place;
}

/* "a's 60% [F1] is 3x b's 20% [F2]", "... 60% [F1] and ... 20% [F2] make 80%": of all that the
 * sentence cites. */
static bool follows_from_all(const struct citer *citer, const struct sentence *sentence,
			     const struct figure *figure)
{
	struct group all = { 0 };
	struct cited cited;

	for (size_t i = 0; i < sentence->groups.count; i++) {
		const struct group *group = &sentence->groups.items[i];

		for (size_t n = 0; n < group->count && all.count < GROUP_MAX; n++)
			all.numbers[all.count++] = group->numbers[n];
	}
	cited = facts_of(citer, &all);
	return sentence->groups.count > 1 && !cited.has_unknown &&
	       equals_derived(citer->facts, &cited, figure);
}

static void check_sentence(struct citer *citer, struct str text, struct strbuf *out)
{
	struct sentence sentence = { .text = text };
	size_t written = 0;

	find_groups(&sentence);
	find_figures(citer, &sentence);
	for (size_t i = 0; i < sentence.figures.count; i++) {
		const struct figure *figure = &sentence.figures.items[i];
		size_t end = figure->at + figure->length;
		struct str clause;
		const struct group *group = group_of(&sentence, i, &clause);
		enum verdict verdict =
			judge(citer, group, clause, figure, place_of(&sentence, i, clause));

		if (verdict != FIGURE_RIGHT && follows_from_all(citer, &sentence, figure))
			verdict = FIGURE_RIGHT;

		/* Not between a figure and what closes its emphasis, nor within a citation. */
		while (end < text.len && memchr("*`", text.ptr[end], 2))
			end++;
		if (group && figure->at > group->at && figure->at < group->end)
			end = group->end;
		end = MAX(end, written);
		strbuf_add(out, (struct str){ text.ptr + written, end - written });
		written = end;
		mark(citer, verdict, group, out);
	}
	strbuf_add(out, (struct str){ text.ptr + written, text.len - written });
	sentence_done(&sentence);
}

/* Citations behind the full stop: "64.57%. [F12]". Not those that begin the next sentence. */
static size_t citations_behind(struct str text, size_t at)
{
	size_t end = at;

	for (;;) {
		struct group group = { 0 };
		size_t bytes =
			read_citation((struct str){ text.ptr + end, text.len - end }, &group);

		if (!bytes)
			break;
		end += bytes;
		while (end < text.len && text.ptr[end] == ' ')
			end++;
	}
	if (end < text.len && (islower((unsigned char)text.ptr[end]) || text.ptr[end] == ':'))
		return at;
	return end;
}

/* "e.g.", "vs.", "etc.": the full stop at `stop` ends no sentence. */
static bool is_abbreviation(struct str text, size_t stop)
{
	static const char *const words[] = { "vs", "etc", "approx", "incl", "resp", "cf", "ca" };
	size_t start = stop;
	struct str word;

	while (start && (isalpha((unsigned char)text.ptr[start - 1]) || text.ptr[start - 1] == '.'))
		start--;
	word = (struct str){ text.ptr + start, stop - start };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_is(word, words[i]))
			return true;
	}
	return word.len == 1 || (word.len && memchr(word.ptr, '.', word.len));
}

/* Behind ". " and "; ", and at the end of a row of a list or table. */
static size_t sentence_end(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t next = i + 1;

		if (text.ptr[i] == '\n' && (next >= text.len || strchr("\n-*|#>", text.ptr[next]) ||
					    isdigit((unsigned char)text.ptr[next])))
			return next;
		if (!memchr(".!?;", text.ptr[i], 4) || next >= text.len || text.ptr[next] != ' ')
			continue;
		while (next < text.len && text.ptr[next] == ' ')
			next++;
		if (text.ptr[i] == ';')
			return next;
		/* A function's name may begin a sentence. */
		if (next < text.len && islower((unsigned char)text.ptr[next]) &&
		    is_abbreviation(text, i))
			continue;
		return citations_behind(text, next);
	}
	return text.len;
}

static bool is_fence(struct str line)
{
	line = str_trim(line);
	return str_starts_with(line, STR("```")) || str_starts_with(line, STR("~~~"));
}

static void check_prose(struct citer *citer, struct str text, struct strbuf *out)
{
	while (text.len) {
		/* One without an end is no prose, and the work grows with its square. */
		size_t end = MIN(sentence_end(text), (size_t)SENTENCE_BYTES_MAX);

		check_sentence(citer, (struct str){ text.ptr, end }, out);
		text.ptr += end;
		text.len -= end;
	}
}

void citer_check(struct citer *citer, struct str lines, struct strbuf *out)
{
	struct str prose = { lines.ptr, 0 };

	while (lines.len) {
		const char *newline = memchr(lines.ptr, '\n', lines.len);
		size_t count = newline ? (size_t)(newline - lines.ptr) + 1 : lines.len;
		bool fence = is_fence((struct str){ lines.ptr, count });

		if (fence || citer->in_code) {
			check_prose(citer, prose, out);
			strbuf_add(out, (struct str){ lines.ptr, count });
			prose = (struct str){ lines.ptr + count, 0 };
			citer->in_code = fence ? !citer->in_code : citer->in_code;
		} else {
			prose.len += count;
		}
		lines.ptr += count;
		lines.len -= count;
	}
	check_prose(citer, prose, out);
}

bool citer_wants_more(const struct citer *citer, struct str lines)
{
	size_t count = 0;
	struct str text = str_trim(lines);
	struct figure figure;

	for (size_t i = 0; i < lines.len; i++)
		count += lines.ptr[i] == '\n';
	if (citer->in_code || !text.len || count >= SENTENCE_LINES_MAX || is_fence(text) ||
	    !figure_find(text, 0, &figure))
		return false;
	return !memchr(".!?:;|]", text.ptr[text.len - 1], 7);
}
