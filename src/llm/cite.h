/*
 * Whether the figures that a model writes are those of the facts that it cites. A figure is a
 * number with a unit or a share ("64.57%", "1.5 KiB", "16.5k samples", "2 min 5 s", "3-5%", "3x",
 * "twice as", "two thirds of"). It is right when it equals a cited fact as far as it is written
 * out, in whatever unit of the same kind; or the sum of the facts that are cited together, or of
 * two of them the difference, the ratio, the change, the share of the other, or the rate; of a
 * share how many times as fast it is without it; or, after "about", comes within five percent or
 * three quarters of the last place. A bound ("over 60%") must hold and be near. It is wrong when it
 * is none of these, or when the sentence speaks of another function; it is uncited when no [F12]
 * goes with it.
 *
 * Exempt: numbers without a unit (ordinals, versions, line numbers, options), code (fences, and
 * spans between backticks that are more than a figure), and what notes say: the figure with the
 * word before or behind it.
 *
 * A citation belongs to the figures before it in its sentence, up to the citation before; where a
 * sentence begins with a citation and ends with a figure, to the figures behind it. "(F12)" and a
 * bare F12 are citations too.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "facts/facts.h"
#include "llm/figure.h"

struct cite_counts {
	unsigned right, wrong, uncited;
};

struct citer {
	const struct facts *facts;
	const struct fact **by_number; /* [F12] is by_number[12]; owned */
	size_t count;
	struct figure_nouns nouns; /* what the facts count */
	bool in_code;		   /* between fences, of this kind: */
	char fence;
	size_t fence_length;
	struct cite_counts counts;
};

/* The facts must be numbered (facts_number) and stay. */
void citer_init(struct citer *citer, const struct facts *facts);
void citer_done(struct citer *citer);
#define auto_citer __attribute__((cleanup(citer_done)))

/*
 * Whole lines of an answer, in order: appends them to `out` with "{wrong: F12 is 64.57%}" or
 * "{uncited}" behind the figures that are so.
 */
void citer_check(struct citer *citer, struct str lines, struct strbuf *out);
/* Whether the sentence that the text ends with may go on in the next line: its citation may stand
 * there. */
bool citer_wants_more(const struct citer *citer, struct str lines);

/* A fact's value as it is written to people and to models: "64.57%", "1.50 s", "16,469 samples". */
void fact_value_format(const struct facts *facts, const struct fact *fact, struct strbuf *out);
