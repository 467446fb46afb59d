#include "llm/cite.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/units.h"
#include "base/vec.h"
#include "llm/cite_match.h"
#include "llm/figure.h"

#define GROUP_MAX CITED_MAX
#define SENTENCE_LINES_MAX 12
#define SENTENCE_BYTES_MAX 4096

/* What is counted: a unit that is a word. "/s" is read apart, an "s" at the end may be missing. */
static void noun_add(struct figure_nouns *nouns, struct str unit)
{
	if (str_ends_with(unit, STR("/s")))
		unit.len -= 2;
	if (unit.len && unit.ptr[unit.len - 1] == 's')
		unit.len--;
	if (unit.len < 3 || str_is(unit, "ratio"))
		return;
	for (size_t i = 0; i < nouns->count; i++) {
		if (str_eq(nouns->items[i], unit))
			return;
	}
	nouns->items[nouns->count++] = unit;
}

void citer_init(struct citer *citer, const struct facts *facts)
{
	*citer = (struct citer){ .facts = facts, .count = facts->facts.count + 1 };
	citer->nouns.items = x_calloc(citer->count, sizeof(struct str));
	citer->by_number = x_calloc(citer->count, sizeof(const struct fact *));
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->number_in_answer && fact->number_in_answer < citer->count)
			citer->by_number[fact->number_in_answer] = fact;
		noun_add(&citer->nouns, str_from(facts_str(facts, fact->unit)));
	}
}

void citer_done(struct citer *citer)
{
	free(citer->nouns.items);
	citer->nouns = (struct figure_nouns){ 0 };
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
static size_t read_bracketed(struct str text, struct group *group)
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

/* "F12" by itself: in a cell of a table, or "(see F12)". */
static size_t read_bare(struct str text, size_t at, struct group *group)
{
	size_t digits = 0;
	uint64_t number;

	if (text.ptr[at] != 'F' || (at && (isalnum((unsigned char)text.ptr[at - 1]) ||
					   memchr("_-.`/", text.ptr[at - 1], 5))))
		return 0;
	while (at + 1 + digits < text.len && isdigit((unsigned char)text.ptr[at + 1 + digits]))
		digits++;
	if (!digits || digits > 6 ||
	    (at + 1 + digits < text.len && (isalpha((unsigned char)text.ptr[at + 1 + digits]) ||
					    memchr("_-`", text.ptr[at + 1 + digits], 3))) ||
	    !str_to_u64((struct str){ text.ptr + at + 1, digits }, &number))
		return 0;
	group->numbers[group->count++] = (uint32_t)number;
	return 1 + digits;
}

static size_t read_citation(struct str text, size_t at, struct group *group)
{
	size_t bytes = read_bracketed((struct str){ text.ptr + at, text.len - at }, group);

	return bytes ? bytes : read_bare(text, at, group);
}

/* Only what parts two citations of one group. */
static bool is_glue(struct str text)
{
	static const char *const glues[] = { ",",     "and",	    ", and",	   "+",	  "/",
					     "&",     "-",	    "vs",	   "vs.", "plus",
					     "minus", "divided by", "\xe2\x88\x92" };

	text = str_trim(text);
	for (size_t i = 0; i < ARRAY_SIZE(glues); i++) {
		if (str_is(text, glues[i]))
			return true;
	}
	return !text.len;
}

static void find_groups(struct sentence *sentence)
{
	struct str text = sentence->text;

	for (size_t at = 0; at < text.len; at++) {
		struct group group = { .at = at };
		struct group *last = sentence->groups.count
					     ? &sentence->groups.items[sentence->groups.count - 1]
					     : NULL;
		size_t bytes = read_citation(text, at, &group);

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

static size_t ticks_at(struct str text, size_t at)
{
	size_t count = 0;

	while (at + count < text.len && text.ptr[at + count] == '`')
		count++;
	return count;
}

/* Where the next run of so many backticks begins; the text's end where there is none. */
static size_t find_ticks(struct str text, size_t from, size_t count)
{
	for (size_t at = from; at < text.len;) {
		size_t ticks = ticks_at(text, at);

		if (ticks == count)
			return at;
		at += MAX(ticks, (size_t)1);
	}
	return text.len;
}

/* Between backticks: code, unless it is the figure alone. Those without a partner are none. */
static bool is_code(struct str text, const struct figure *figure)
{
	size_t at = 0;

	while (at < figure->at) {
		size_t ticks = ticks_at(text, at), open = at + ticks, close;

		if (!ticks) {
			at++;
			continue;
		}
		close = find_ticks(text, open, ticks);
		if (close < text.len && close > figure->at && open <= figure->at)
			return open != figure->at || close != figure->at + figure->length;
		at = close < text.len ? close + ticks : open;
	}
	return false;
}

/* The word that ends (or begins) a text, without blanks and marks around it. */
static struct str word_at_end(struct str text)
{
	size_t end = text.len, start;

	while (end && !isalnum((unsigned char)text.ptr[end - 1]) && text.ptr[end - 1] != ']')
		end--;
	start = end;
	while (start && isalnum((unsigned char)text.ptr[start - 1]))
		start--;
	return (struct str){ text.ptr + start, end - start };
}

static struct str word_at_start(struct str text)
{
	size_t start = 0, end;

	while (start < text.len && (text.ptr[start] == ' ' || text.ptr[start] == '\n'))
		start++;
	end = start;
	while (end < text.len && isalnum((unsigned char)text.ptr[end]))
		end++;
	return (struct str){ text.ptr + start, end - start };
}

static bool same_word(struct str a, struct str b)
{
	return a.len && a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* The figure stands in the note, and so does the word before or behind it. */
static bool is_in_note(struct str note, struct str text, const struct figure *figure)
{
	struct str wanted = { text.ptr + figure->at, figure->length };
	size_t behind = figure->at + figure->length;
	struct str before_text = word_at_end((struct str){ text.ptr, figure->at });
	struct str behind_text =
		word_at_start((struct str){ text.ptr + behind, text.len - behind });

	for (size_t at = 0; at + wanted.len <= note.len; at++) {
		size_t end = at + wanted.len;

		if (memcmp(note.ptr + at, wanted.ptr, wanted.len) != 0 ||
		    (at && (isalnum((unsigned char)note.ptr[at - 1]) ||
			    memchr(".,", note.ptr[at - 1], 2))))
			continue;
		if (same_word(word_at_end((struct str){ note.ptr, at }), before_text) ||
		    same_word(word_at_start((struct str){ note.ptr + end, note.len - end }),
			      behind_text))
			return true;
	}
	return false;
}

/* What a note says is known, not measured, and may be repeated. */
static bool is_of_a_note(const struct facts *facts, struct str text, const struct figure *figure)
{
	for (size_t i = 0; i < facts->notes.count; i++) {
		if (is_in_note(str_from(facts_str(facts, facts->notes.items[i].text)), text,
			       figure))
			return true;
	}
	return false;
}

static void find_figures(const struct citer *citer, struct sentence *sentence)
{
	struct figure figure;
	size_t from = 0;

	while (figure_find(sentence->text, &citer->nouns, from, &figure)) {
		from = figure.at + figure.length;
		if (is_code(sentence->text, &figure) ||
		    is_of_a_note(citer->facts, sentence->text, &figure))
			continue;
		figure_vec_push(&sentence->figures, figure);
	}
}

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

/* ---- the verdict */

enum verdict { FIGURE_RIGHT, FIGURE_WRONG, FIGURE_UNCITED };

static enum verdict judge(const struct citer *citer, const struct group *group, struct str clause,
			  const struct figure *figure, struct figure_place place)
{
	const struct facts *facts = citer->facts;
	struct cited cited;

	if (!group)
		return FIGURE_UNCITED;
	cited = facts_of(citer, group);
	if (cited.has_unknown || !cited.count || cited_is_of_another(facts, &cited, clause))
		return FIGURE_WRONG;
	for (size_t i = 0; i < cited.count; i++) {
		if (cited_equals_one(facts, cited.facts[i], clause, figure) &&
		    !cited_is_swapped(facts, &cited, clause, cited.facts[i], place))
			return FIGURE_RIGHT;
	}
	if (cited_equals_derived(facts, &cited, clause, figure) ||
	    cited_equals_rest(facts, &cited, clause, figure))
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

/* " (about ": an open bracket right behind a citation, with few words in it. */
static bool is_aside(struct str text)
{
	return text.len < 24 && str_starts_with(text, STR(" (")) &&
	       !memchr(text.ptr, ')', text.len);
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
	/* Within its brackets: [F12 self=64.57%]; the same in other words: "125 s [F12] (2 min)".
	 */
	if (before &&
	    (figure->at < before->end || is_aside((struct str){ sentence->text.ptr + before->end,
								figure->at - before->end }))) {
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

static struct figure_place place_of(const struct sentence *sentence, size_t index,
				    struct str clause)
{
	struct figure_place place = { 0 };

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
	       cited_equals_derived(citer->facts, &cited, sentence->text, figure);
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

		/* "4 threads" may be advice. */
		if (verdict == FIGURE_UNCITED && figure->of_facts)
			continue;
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
			read_bracketed((struct str){ text.ptr + end, text.len - end }, &group);

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
	/* "[F1]: 64%" in a line, "[F2]: 10%" in the next. */
	bool is_listed = str_starts_with(text, STR("[F"));

	for (size_t i = 0; i < text.len; i++) {
		size_t next = i + 1;

		if (text.ptr[i] == '\n' &&
		    (next >= text.len || strchr("\n-*+|#>", text.ptr[next]) ||
		     isdigit((unsigned char)text.ptr[next])))
			return next;
		if (text.ptr[i] == '\n' && is_listed && text.ptr[next] == '[')
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

/* Whether the line opens or closes code. What stands behind an opening "```" holds no backtick, and
 * nothing stands behind a closing one. */
static bool is_fence(const struct citer *citer, struct str line)
{
	size_t length = 0;

	line = str_trim(line);
	while (length < line.len && line.ptr[length] == *line.ptr && memchr("`~", *line.ptr, 2))
		length++;
	if (length < 3)
		return false;
	if (citer->in_code)
		return length == line.len && *line.ptr == citer->fence &&
		       length >= citer->fence_length;
	return *line.ptr == '~' || !memchr(line.ptr + length, '`', line.len - length);
}

static void pass_fence(struct citer *citer, struct str line)
{
	line = str_trim(line);
	citer->in_code = !citer->in_code;
	citer->fence = *line.ptr;
	citer->fence_length = 0;
	while (citer->fence_length < line.len && line.ptr[citer->fence_length] == citer->fence)
		citer->fence_length++;
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
		bool fence = is_fence(citer, (struct str){ lines.ptr, count });

		if (fence || citer->in_code) {
			check_prose(citer, prose, out);
			strbuf_add(out, (struct str){ lines.ptr, count });
			prose = (struct str){ lines.ptr + count, 0 };
			if (fence)
				pass_fence(citer, (struct str){ lines.ptr, count });
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
	if (citer->in_code || !text.len || count >= SENTENCE_LINES_MAX || is_fence(citer, text) ||
	    !figure_find(text, &citer->nouns, 0, &figure))
		return false;
	return !memchr(".!?:;|]", text.ptr[text.len - 1], 7);
}
