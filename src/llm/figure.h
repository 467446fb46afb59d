/* Figures in prose: a number and its unit. What facts say of them is src/llm/cite.c's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum figure_unit {
	FIGURE_SHARE, /* a ratio: "64.57%" is 0.6457 */
	FIGURE_TIMES, /* "3x", "2.5 times" */
	FIGURE_TIME,  /* ns */
	FIGURE_BYTES,
	FIGURE_COUNT, /* of what `noun` says */
};

/* How exactly the text means it. */
enum figure_sense { FIGURE_EXACT, FIGURE_ABOUT, FIGURE_OVER, FIGURE_UNDER };

struct figure {
	size_t at, length; /* in the text: the number with its unit */
	double value;	   /* in the unit's base: ratio, ns, bytes; a minus is taken along */
	double low;	   /* of a range "10-20%": its other end; else = value */
	double step;	   /* one in the last place that is written */
	enum figure_unit unit;
	enum figure_sense sense;
	bool per_second;
	bool of_facts;	 /* its noun is one of the facts', and not a figure elsewhere */
	struct str noun; /* FIGURE_COUNT: "samples" */
};

/* What is counted beside the words that every text knows. */
struct figure_nouns {
	struct str *items;
	size_t count;
};

/*
 * The next figure at `from` or behind it; false where there is none. "2 min 5 s", "3-5%" and
 * "1.25 M events" are one each. `nouns` may be NULL.
 */
bool figure_find(struct str text, const struct figure_nouns *nouns, size_t from,
		 struct figure *ret);
/* A unit by its name: what it measures, and how much of the base it is. */
bool figure_unit_find(struct str name, enum figure_unit *ret_unit, double *ret_factor);
