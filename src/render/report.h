/*
 * The report of a profile: what was recorded, how whole its stacks are and why not, threads,
 * functions, programs, libraries and the hottest stacks. As text for people, or as one JSON
 * document whose shares are ratios 0..1 weighed by period.
 */
#pragma once

#include <stdio.h>

#include "base/term.h"
#include "render/mend.h"
#include "samples/select.h"

struct report_options {
	size_t rows;	  /* of each table of the text; 0 = all */
	size_t stacks;	  /* hottest stacks; 0 = none */
	double min_ratio; /* rows below are left out of the text */
	bool no_children; /* self time only */
	bool no_quality;  /* of stacks that were left out on purpose */
	bool ascii;	  /* no block characters */
	struct mend_options mend;
};

void report_text(const struct term *term, const struct profile_selection *selection,
		 const struct report_options *options);
/* All rows, whatever `rows` and `min_ratio` say. */
void report_json(FILE *stream, const struct profile_selection *selection,
		 const struct report_options *options);
