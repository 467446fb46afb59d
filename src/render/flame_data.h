/* The data of a flame graph as the JSON that data/web/flamegraph.js draws from. */
#pragma once

#include "base/strbuf.h"
#include "render/flame_heading.h"
#include "render/flame_layout.h"

/*
 * One line of JSON that may stand in a CDATA section:
 *
 *	names   one per function: shared (letters it has in common with the name before) and rest
 *		(what follows them), dso and file (indices), kind (a letter each), color (6 hex
 *		digits each)
 *	cells   one per cell, in preorder: name (index), up (levels from the cell before to the
 *		parent), self (weight), count (samples behind self), line; rest holds, as triples,
 *		the cell, weight and samples of children that were left out
 *	legend  rows of label, color, self weight, search text
 *	unit, scale, title, subtitle, notes, inverted
 */
void flame_data_add(struct strbuf *out, const struct flame_layout *layout,
		    const struct flame_heading *heading, const struct profile_event *event,
		    bool inverted);
