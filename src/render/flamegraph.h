/*
 * A flame graph as one SVG file that needs nothing else: a picture of all that is wide enough to be
 * seen, with a tooltip on each frame, and for browsers with scripts the whole data, which
 * data/web/flamegraph.js turns into a page with zoom, search and details. The same selection gives
 * the same bytes.
 */
#pragma once

#include "base/strbuf.h"
#include "samples/tree.h"

struct flamegraph_options {
	const char *title; /* NULL: made from the profile */
	unsigned width;	   /* of the picture without scripts, in pixels; 0: 1200 */
	double min_ratio;  /* leave out what is a smaller part of the whole; 0: nothing */
	bool inverted;	   /* the root above (icicle) */
};

/* `tree` is of the selection; its first level are programs or threads. Appends to `out`. */
void flamegraph_render(const struct profile_selection *selection, const struct tree *tree,
		       const struct flamegraph_options *options, struct strbuf *out);
