/*
 * The answer to "what of this code costs, and what do I change": the hot lines in their place with
 * their shares, loops, findings, and what is known of the functions that are called, for people and
 * as JSON. The same input gives the same bytes.
 */
#pragma once

#include "render/answer.h"
#include "source/code.h"

/* answer.selection is NULL; answer_options.rows: how many hot lines at most. */
struct code_answer {
	struct answer answer;
	const struct code *code;
};

void code_answer_text(const struct term *term, const struct code_answer *answer,
		      const struct answer_options *options);
void code_answer_json(FILE *stream, const struct code_answer *answer,
		      const struct answer_options *options);
