/*
 * perf report with call trees below its rows, as --stdio draws them ("|--64.10%--zip") and as
 * they look when copied out of the TUI ("- 64.10% zip"); both directions (callers below the
 * function, or from the outermost caller down), absolute and relative percentages. Internal to
 * samples.
 */
#pragma once

#include "samples/profile.h"

bool import_tree_is(struct str text);
void import_tree(struct profile *profile, struct str text);
