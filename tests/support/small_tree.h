/*
 * Profiles and trees written down in a test: a program and functions per stack, as folded text has
 * them, without going through importers, selections or tree_build.
 */
#pragma once

#include "samples/tree.h"

struct small_stack {
	const char *functions; /* "main;f;g", outermost first */
	uint64_t weight, samples;
};

struct small_tree {
	struct profile *profile;
	struct tree tree;
	struct profile_selection selection;
};

/* All stacks are of program "prog"; a function "dso!name" is in that library. */
struct small_tree small_tree_make(const struct small_stack *stacks, size_t count);
void small_tree_done(struct small_tree *tree);
