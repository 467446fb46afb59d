/*
 * One figure against the facts that it cites: equal as far as it is written out, or the sum, the
 * difference, the ratio or the product of them; and which function the words around it speak of.
 * The rules for people are in llm/cite.h; who cites what is llm/cite.c's.
 */
#pragma once

#include <stdbool.h>

#include "facts/facts.h"
#include "llm/figure.h"

#define CITED_MAX 16

struct cited {
	const struct fact *facts[CITED_MAX];
	size_t count;
	bool has_unknown; /* a number that no fact has */
};

/* A figure's place among those of its clause. */
struct figure_place {
	size_t index, count;
	size_t first; /* where the first of them stands in the clause */
};

bool cited_equals_one(const struct facts *facts, const struct fact *fact, struct str clause,
		      const struct figure *figure);
/* The sum of all; of two also their difference, ratio, change, share of, and rate. */
bool cited_equals_derived(const struct facts *facts, const struct cited *cited, struct str clause,
			  const struct figure *figure);
/* What is left of the whole, where the clause says so. */
bool cited_equals_rest(const struct facts *facts, const struct cited *cited, struct str clause,
		       const struct figure *figure);
/* The clause names functions that were measured, and none of the cited ones. */
bool cited_is_of_another(const struct facts *facts, const struct cited *cited, struct str clause);
/* The figures of the clause stand in another order than the functions that they belong to. */
bool cited_is_swapped(const struct facts *facts, const struct cited *cited, struct str clause,
		      const struct fact *matched, struct figure_place place);
