/*
 * Folded stacks, one line each: "program;outer;inner 12", sorted by bytes. Names are tidied as
 * stackcollapse-perf.pl tidies them (';' to ':', no argument lists, no quotes; unnamed places are
 * "[dso]"), so that both can be compared and every tool that reads its output reads ours.
 */
#pragma once

#include <stdio.h>

#include "samples/select.h"

struct folded_options {
	bool mark_inlined, mark_kernel, mark_jit; /* append _[i] _[k] _[j] */
	bool no_inlines;			  /* drop inlined frames */
	bool by_thread;				  /* "program-pid/tid" in the place of "program" */
	bool full_names;			  /* keep argument lists */
};

void folded_write(FILE *stream, const struct profile_selection *selection,
		  const struct folded_options *options);
